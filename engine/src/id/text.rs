//! A text that is read often and copied often: whole while it is as short as an id, else shared.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Our own ids have thirty letters; with its length and which it is, such a text is four words long.
const SHORT_MAX: usize = 30;

/// A text of up to `SHORT_MAX` bytes is always `Short`, so that two are equal only if they are of one kind. What a
/// short one does not fill is zeros.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Text {
    Short { length: u8, bytes: [u8; SHORT_MAX] },
    Long(Arc<str>),
}

impl Text {
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short { length, bytes } => &bytes[..usize::from(*length).min(SHORT_MAX)],
            Self::Long(text) => text.as_bytes(),
        }
    }

    pub fn as_str(&self) -> &str {
        match self {
            Self::Short { .. } => std::str::from_utf8(self.as_bytes()).expect("a text was put in"),
            Self::Long(text) => text,
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        let mut bytes = [0; SHORT_MAX];
        match (u8::try_from(text.len()), bytes.get_mut(..text.len())) {
            (Ok(length), Some(room)) => {
                room.copy_from_slice(text.as_bytes());
                Self::Short { length, bytes }
            }
            _ => Self::Long(text.into()),
        }
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_texts_are_what_they_were() {
        let long = "å".repeat(SHORT_MAX);
        let texts = [
            "",
            "a",
            "ord_01kab4bqf8e1ftz0c6hqp2v9xw",
            &long[..30],
            &long[..32],
            &long,
        ];
        for text in texts {
            let kept = Text::from(text);
            assert_eq!(kept.as_str(), text);
            assert_eq!(matches!(kept, Text::Short { .. }), text.len() <= SHORT_MAX);
            for other in texts {
                assert_eq!(kept == Text::from(other), text == other);
                assert_eq!(kept.cmp(&Text::from(other)), text.cmp(other));
            }
        }
        assert_eq!(size_of::<Text>(), 32);
    }
}
