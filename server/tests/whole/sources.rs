//! The repository's own files as the rules of the house look at them: code, comments and strings apart.

use std::fs;
use std::path::{Path, PathBuf};

/// One file, and where each kind of text in it begins.
pub struct Source {
    /// From the root of the repository, with `/`.
    pub path: String,
    pub text: String,
    /// The text with comments and the insides of strings blanked; lines stay where they are.
    pub code: String,
    /// Line and text of each string literal.
    pub strings: Vec<(usize, String)>,
    /// Line and text of each comment.
    pub comments: Vec<(usize, String)>,
}

pub fn root() -> PathBuf {
    let server = Path::new(env!("CARGO_MANIFEST_DIR"));
    server.parent().expect("the server has a parent").to_owned()
}

/// Every file below `folder` with this ending, by path.
pub fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let (root, mut found) = (root(), Vec::new());
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).map(|entries| entries.flatten().collect::<Vec<_>>());
        for entry in entries.unwrap_or_default() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_ours = !matches!(
                name.as_str(),
                "target" | ".git" | "node_modules" | "dist" | "data"
            );
            if path.is_dir() && is_ours {
                folders.push(path);
            } else if name.ends_with(ending)
                && let Ok(text) = fs::read_to_string(&path)
            {
                let path = path.strip_prefix(&root).expect("below the root");
                found.push((path.to_string_lossy().replace('\\', "/"), text));
            }
        }
    }
    found.sort();
    found
}

pub fn rust(folder: &str) -> Vec<Source> {
    let files = files(folder, ".rs").into_iter();
    files.map(|(path, text)| parse(path, text)).collect()
}

impl Source {
    /// The room that the file belongs to: `discounts` for `server/src/discounts/store.rs`.
    pub fn room(&self) -> Option<&str> {
        let (room, _) = self.path.strip_prefix("server/src/")?.split_once('/')?;
        (room != "hall" && room != "cli" && room != "providers").then_some(room)
    }

    pub fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        self.path.contains("/tests/") || name == "tests.rs" || name == "testing.rs"
    }

    /// The code above a `#[cfg(test)]` module, which stands at the end of its file.
    pub fn shipped(&self) -> &str {
        let end = self.code.find("#[cfg(test)]\nmod tests {");
        &self.code[..end.unwrap_or(self.code.len())]
    }

    /// The strings of what is shipped.
    pub fn shipped_strings(&self) -> impl Iterator<Item = &(usize, String)> {
        let last = self.shipped().lines().count();
        self.strings.iter().filter(move |(line, _)| *line <= last)
    }

    /// `path:line` of each line of the code that holds `word`.
    pub fn lines_with(&self, word: &str) -> Vec<String> {
        let lines = self.shipped().lines().zip(1..);
        let found = lines.filter(|(line, _)| line.contains(word));
        found.map(|(_, at)| format!("{}:{at}", self.path)).collect()
    }
}

/// Reads a file letter by letter: enough of Rust's grammar to tell code, comments and strings apart.
fn parse(path: String, text: String) -> Source {
    let bytes = text.as_bytes();
    let (mut code, mut strings, mut comments) = (String::new(), Vec::new(), Vec::new());
    let (mut at, mut line) = (0, 1);
    let blank = |code: &mut String, part: &str| {
        for letter in part.chars() {
            code.push(if letter == '\n' { '\n' } else { ' ' });
        }
    };
    while at < bytes.len() {
        let rest = &text[at..];
        let taken = if rest.starts_with("//") {
            let length = rest.find('\n').unwrap_or(rest.len());
            comments.push((line, rest[..length].to_owned()));
            blank(&mut code, &rest[..length]);
            length
        } else if let Some((open, close)) = quotes(rest, code.chars().last()) {
            let inner = inner_length(&rest[open.len()..], &close);
            let whole = (open.len() + inner + close.len()).min(rest.len());
            strings.push((
                line,
                rest[open.len()..open.len() + inner].replace("\\\n", "\n"),
            ));
            code.push('"');
            blank(&mut code, &rest[1..whole.max(2) - 1]);
            code.push('"');
            whole
        } else if let Some(length) = letter_literal(rest) {
            code.push_str("' '");
            length
        } else {
            let letter = rest.chars().next().map_or(1, char::len_utf8);
            code.push_str(&rest[..letter]);
            letter
        };
        line += rest[..taken].matches('\n').count();
        at += taken;
    }
    Source {
        path,
        text,
        code,
        strings,
        comments,
    }
}

/// How a string that begins here opens and closes.
fn quotes(rest: &str, before: Option<char>) -> Option<(String, String)> {
    if rest.starts_with('"') {
        return Some(("\"".into(), "\"".into()));
    }
    // `r` and `br` begin a raw string only where no name goes on.
    if before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_') {
        return None;
    }
    let raw = rest.strip_prefix('r').or_else(|| rest.strip_prefix("br"))?;
    let hashes = raw.len() - raw.trim_start_matches('#').len();
    let prefix = rest.len() - raw.len();
    let opens = raw[hashes..].starts_with('"');
    opens.then(|| {
        let open = rest[..prefix + hashes + 1].to_owned();
        (open, format!("\"{}", "#".repeat(hashes)))
    })
}

fn inner_length(inner: &str, close: &str) -> usize {
    if close.len() > 1 {
        return inner.find(close).unwrap_or(inner.len());
    }
    let mut escaped = false;
    for (place, letter) in inner.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return place,
            _ => {}
        }
    }
    inner.len()
}

/// The length of `'x'` or `'\n'`; a lifetime is none.
fn letter_literal(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix('\'')?;
    let mut letters = inner.chars();
    let first = letters.next()?;
    if first == '\\' {
        let end = inner[2..].find('\'')?;
        return (end < 10).then_some(end + 4);
    }
    (letters.next() == Some('\'')).then(|| first.len_utf8() + 2)
}

#[test]
fn code_comments_and_strings_are_told_apart() {
    let text = "let a = \"x // \\\" y\"; // note \"z\"\nlet b = r#\"q \"w\" e\"#; let c = '\"'; fn f<'a>() {}\n";
    let source = parse("a.rs".into(), text.into());
    assert_eq!(
        source
            .strings
            .iter()
            .map(|(_, text)| text.as_str())
            .collect::<Vec<_>>(),
        ["x // \\\" y", "q \"w\" e"]
    );
    assert_eq!(source.comments, [(1, "// note \"z\"".to_owned())]);
    assert!(source.code.contains("fn f<'a>()") && !source.code.contains("note"));
    assert_eq!(source.code.lines().count(), 2);
}
