//! What serde says, as sentences for whoever sent the body.
//!
//! serde's errors are text only, so this reads their fixed beginnings; a text that it does not know is one
//! that a type of ours wrote, and is passed on.

/// What to answer for one error of serde.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub code: &'static str,
    /// The field that is not there, below the place where serde stopped.
    pub missing: Option<String>,
    pub sentence: String,
}

/// A sentence of a type of ours is kept to this many characters, since it may repeat what was sent.
const SENTENCE_MAX: usize = 200;

pub(super) fn say(error: &str) -> Said {
    let said = |code, sentence| Said {
        code,
        missing: None,
        sentence,
    };
    let expected = error
        .rsplit_once(", expected ")
        .map_or("", |(_, expected)| expected);
    let (kind, _) = error
        .split_once('`')
        .unwrap_or((error.split(':').next().unwrap_or(""), ""));
    match kind.trim_end() {
        "missing field" => {
            let name = quoted(error).to_owned();
            let sentence = format!("Send `{name}`: it is needed.");
            Said {
                code: "missing",
                missing: Some(name),
                sentence,
            }
        }
        "unknown field" => said("unknown_field", unknown_field(error)),
        "unknown variant" => said(
            "invalid",
            format!("Send {}.", expected.trim_start_matches("one of ")),
        ),
        "duplicate field" => said("invalid", "Send it only once.".into()),
        _ if error.starts_with("invalid type") => {
            said("wrong_type", format!("Send {}.", wanted(expected)))
        }
        _ if error.starts_with("invalid value") || error.starts_with("invalid length") => {
            said("invalid", format!("Send {}.", wanted(expected)))
        }
        _ => said_otherwise(error),
    }
}

fn said_otherwise(error: &str) -> Said {
    let said = |code, sentence: &str| Said {
        code,
        missing: None,
        sentence: sentence.into(),
    };
    match error {
        "invalid digit found in string"
        | "cannot parse integer from empty string"
        | "number too large to fit in target type"
        | "number too small to fit in target type" => {
            said("wrong_type", "Send a whole number in range.")
        }
        "unsupported value" => said("invalid", "Send it only once."),
        _ if error.contains("did not match any variant") => said(
            "invalid",
            "Send one of the shapes that the API description gives.",
        ),
        // The parser of dates says where its grammar stopped, which helps nobody who is not its author.
        _ if error.starts_with("failed to parse") => said(
            "invalid",
            "Send a date like 2026-06-12, or an instant like 2026-06-12T10:00:00Z.",
        ),
        _ => said("invalid", &sentence(error)),
    }
}

/// What a type of ours wrote, as a sentence that says what to send.
fn sentence(text: &str) -> String {
    let end = text
        .char_indices()
        .nth(SENTENCE_MAX)
        .map_or(text.len(), |(end, _)| end);
    let text = text[..end].trim_end_matches('.');
    let text = text
        .strip_prefix("expected ")
        .map_or_else(|| text.to_owned(), |wanted| format!("send {wanted}"));
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

fn unknown_field(error: &str) -> String {
    let name = super::json::cut(quoted(error));
    match error.rsplit_once(", expected ") {
        Some((_, known)) => format!(
            "Remove `{name}`: there is no such field here. Known: {}.",
            known.trim_start_matches("one of ")
        ),
        None => format!("Remove `{name}`: there is no such field here."),
    }
}

fn quoted(error: &str) -> &str {
    let rest = error.split_once('`').map_or("", |(_, rest)| rest);
    // The name may itself hold a backtick; what follows it is known.
    rest.rsplit_once("`, expected ")
        .or_else(|| rest.rsplit_once("`, there are no fields"))
        .or_else(|| rest.rsplit_once('`'))
        .map_or(rest, |(name, _)| name)
}

/// The type that serde expected, in words.
fn wanted(expected: &str) -> &str {
    match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" | "i128" | "u128" => "a whole number in range",
        "f32" | "f64" => "a number",
        "a string" | "str" | "string" | "a borrowed string" => "text in quotes",
        "a character" => "one character in quotes",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        "unit" | "null" => "null",
        _ if expected.starts_with("struct ") => "an object",
        _ if expected.starts_with("enum ") || expected == "string or map" => {
            "one of the documented values"
        }
        _ if expected.starts_with("tuple struct ") || expected.starts_with("a tuple") => {
            "a list of the documented length"
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serde_is_put_into_words() {
        for (error, code, sentence) in [
            (
                "missing field `name`",
                "missing",
                "Send `name`: it is needed.",
            ),
            (
                "unknown field `a`, expected `b` or `c`",
                "unknown_field",
                "Remove `a`: there is no such field here. Known: `b` or `c`.",
            ),
            (
                "unknown field `a`, there are no fields",
                "unknown_field",
                "Remove `a`: there is no such field here.",
            ),
            (
                "unknown variant `X`, expected one of `A`, `B`",
                "invalid",
                "Send `A`, `B`.",
            ),
            (
                "invalid type: string \"x\", expected i64",
                "wrong_type",
                "Send a whole number in range.",
            ),
            (
                "invalid type: string \", expected u8\", expected struct Foo",
                "wrong_type",
                "Send an object.",
            ),
            (
                "invalid value: integer `-1`, expected u32",
                "invalid",
                "Send a whole number from 0 to 4294967295.",
            ),
            (
                "failed to parse four digit integer as year: invalid digit",
                "invalid",
                "Send a date like 2026-06-12, or an instant like 2026-06-12T10:00:00Z.",
            ),
            (
                "expected an id that starts with `cus_`",
                "invalid",
                "Send an id that starts with `cus_`.",
            ),
            (
                "write a time of day as 22:00",
                "invalid",
                "Write a time of day as 22:00.",
            ),
            (
                "Send an id that starts with cus_.",
                "invalid",
                "Send an id that starts with cus_.",
            ),
        ] {
            let said = say(error);
            assert_eq!(
                (said.code, said.sentence.as_str()),
                (code, sentence),
                "{error}"
            );
        }
    }
}
