//! Texts that people type: how they are compared, and what a single line may hold. And the language to answer in.

use engine::quote::Language;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::error::Field;

/// Without case, accents and doubled spaces: `Crème  Brûlée` and `creme brulee` are one name.
///
/// Folded here and not by the store, because `lower('Å')` is another letter on each store.
pub fn fold(text: &str) -> String {
    let plain: String = text.nfkd().filter(|c| !is_combining_mark(*c)).collect();
    let lower = plain.to_lowercase();
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The language of a tag: `sv` of `sv-SE`. None where nothing is written in it.
pub fn language(tag: &str) -> Option<Language> {
    match tag.split(['-', '_']).next().unwrap_or_default() {
        "en" => Some(Language::En),
        "sv" => Some(Language::Sv),
        "es" => Some(Language::Es),
        _ => None,
    }
}

/// As [`language`]; English where nothing is written in it.
pub fn language_or_english(tag: &str) -> Language {
    language(tag).unwrap_or(Language::En)
}

/// What every text with this beginning sorts before, in a column of `collate "C"`.
pub fn prefix_end(prefix: &str) -> String {
    format!("{prefix}\u{10FFFF}")
}

/// Notes in `wrong` a text that is empty, longer than `longest` characters, or more than one line.
pub fn check_line(text: &str, longest: usize, pointer: &str, wrong: &mut Vec<Field>) {
    let length = text.trim().chars().count();
    if length == 0 || length > longest {
        wrong.push(Field::new(
            pointer,
            "invalid_length",
            format!("Send 1 to {longest} characters."),
        ));
    } else if text.chars().any(char::is_control) {
        wrong.push(Field::new(
            pointer,
            "invalid",
            "Send one line, without control characters.",
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_person_reads_alike_fold_alike() {
        for (text, folded) in [
            ("Crème  Brûlée ", "creme brulee"),
            ("ÅSA", "asa"),
            ("A\u{30a}sa", "asa"),
            ("ﬁsh", "fish"),
            ("Smørrebrød", "smørrebrød"),
            ("", ""),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
        assert!(prefix_end("be").as_str() > "beer" && prefix_end("be").as_str() < "bf");
    }

    #[test]
    fn a_region_is_told_in_its_language() {
        for (tag, spoken) in [
            ("sv", Some(Language::Sv)),
            ("sv-FI", Some(Language::Sv)),
            ("es_MX", Some(Language::Es)),
            ("en-GB", Some(Language::En)),
            ("de", None),
            ("", None),
        ] {
            assert_eq!(language(tag), spoken, "{tag}");
        }
        assert_eq!(language_or_english("pt-BR"), Language::En);
    }

    #[test]
    fn a_line_is_one_line() {
        for (text, code) in [
            ("Beer", None),
            ("  ", Some("invalid_length")),
            ("123456", Some("invalid_length")),
            ("a\nb", Some("invalid")),
        ] {
            let mut wrong = Vec::new();
            check_line(text, 5, "/name", &mut wrong);
            assert_eq!(
                wrong.first().map(|field| field.code.as_str()),
                code,
                "{text:?}"
            );
        }
    }
}
