//! By what words a customer is found: folded in Rust, since the two stores fold letters differently.

use std::collections::BTreeSet;

use crate::hall;

/// Words of one name that are kept; no till shows more.
const WORDS_MAX: usize = 6;
/// A word is cut here: the rest tells nobody apart, and deletions grow with its length.
pub const WORD_LETTERS_MAX: usize = 30;
/// From this length a word is also found with one letter wrong; shorter ones would find everybody.
pub const TYPO_LETTERS_MIN: usize = 4;
/// What is known of a word with one letter left out begins so, and ranks below the word itself.
const DELETION: char = '~';
const TAG: char = '#';
/// Digits of a phone from behind, so that the last ones are a prefix.
const BEHIND: char = '<';

/// Sorts after `term` and before all that is longer: no term has a control character.
pub fn just_after(term: &str) -> String {
    format!("{term}\u{1}")
}

/// Lower case without accents, and letters with a stroke as who has no such key types them.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for letter in hall::text::fold(text).chars() {
        match letter {
            // Letters of their own that no decomposition takes apart.
            'ø' => folded.push('o'),
            'đ' | 'ð' => folded.push('d'),
            'ł' => folded.push('l'),
            'ħ' => folded.push('h'),
            'ı' => folded.push('i'),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'þ' => folded.push_str("th"),
            'ß' => folded.push_str("ss"),
            other => folded.push(other),
        }
    }
    folded
}

/// The folded words of a name, in order. An apostrophe joins: O'Brien is one word.
pub fn words(text: &str) -> Vec<String> {
    fold(text)
        .replace(['\'', '’'], "")
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().take(WORD_LETTERS_MAX).collect())
        .take(WORDS_MAX)
        .collect()
}

/// The word with each of its letters left out once.
pub fn deletions(word: &str) -> BTreeSet<String> {
    let letters: Vec<char> = word.chars().collect();
    let without = |skipped: usize| {
        let kept = letters
            .iter()
            .enumerate()
            .filter(|(place, _)| *place != skipped);
        kept.map(|(_, letter)| *letter).collect()
    };
    (0..letters.len()).map(without).collect()
}

/// The stored term of a word with one letter left out.
pub fn deletion(shorter: &str) -> String {
    format!("{DELETION}{shorter}")
}

pub fn tag(tag: &str) -> String {
    format!("{TAG}{}", fold(tag.trim()))
}

/// Digits from behind, as stored.
pub fn behind(digits: &str) -> String {
    let reversed: String = digits.chars().rev().collect();
    format!("{BEHIND}{reversed}")
}

/// How one is found by what is typed: all terms at most one letter away from `word`.
pub fn near(word: &str) -> BTreeSet<String> {
    let shorter = deletions(word);
    let mut near: BTreeSet<String> = shorter.iter().map(|shorter| deletion(shorter)).collect();
    near.insert(word.to_owned());
    near.insert(deletion(word));
    near.extend(shorter);
    near
}

/// Whether the two differ by one letter changed, added, left out, or swapped with its neighbour.
pub fn is_near(one: &str, other: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let same = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[same..], &b[same..]);
    match (a.len(), b.len()) {
        (0, n) | (n, 0) => n <= 1,
        (m, n) if m == n => {
            let swapped = m >= 2 && a[0] == b[1] && a[1] == b[0] && a[2..] == b[2..];
            a[1..] == b[1..] || swapped
        }
        (m, n) if m + 1 == n => *a == b[1..],
        (m, n) if m == n + 1 => a[1..] == *b,
        _ => false,
    }
}

/// What of a customer can be searched.
#[derive(Debug, Clone, Copy)]
pub struct Searched<'c> {
    pub first_name: Option<&'c str>,
    pub last_name: Option<&'c str>,
    pub email: Option<&'c str>,
    pub phone: Option<&'c str>,
    pub tags: &'c [String],
}

/// All terms that lead to one customer.
pub fn of(searched: Searched<'_>) -> BTreeSet<String> {
    let mut terms = BTreeSet::new();
    let first = words(searched.first_name.unwrap_or_default());
    let last = words(searched.last_name.unwrap_or_default());
    for word in first.iter().chain(&last) {
        if word.chars().count() >= TYPO_LETTERS_MIN {
            terms.extend(deletions(word).iter().map(|shorter| deletion(shorter)));
        }
        terms.insert(word.clone());
    }
    // The whole name either way round: two frequent names together are then one short range.
    if !first.is_empty() && !last.is_empty() {
        terms.insert(format!("{} {}", first.join(" "), last.join(" ")));
        terms.insert(format!("{} {}", last.join(" "), first.join(" ")));
    }
    if let Some(email) = searched.email {
        let (local, _) = email.split_once('@').unwrap_or((email, ""));
        terms.extend(words(local).into_iter().filter(|word| word.len() > 1));
        terms.insert(email.to_owned());
    }
    if let Some(phone) = searched.phone {
        terms.insert(phone.to_owned());
        terms.insert(behind(phone.trim_start_matches('+')));
    }
    terms.extend(searched.tags.iter().map(|text| tag(text)));
    terms
}

/// The folded name, last name first, by which lists are sorted.
pub fn sort_name(first_name: Option<&str>, last_name: Option<&str>) -> String {
    let mut all = words(last_name.unwrap_or_default());
    all.extend(words(first_name.unwrap_or_default()));
    all.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_folded_alike_whoever_types_them() {
        for (written, folded) in [
            ("Åsa", "asa"),
            ("ÅSA", "asa"),
            ("A\u{30a}sa", "asa"),
            ("Björn Ñuñez", "bjorn nunez"),
            ("Søren Ærø", "soren aero"),
            ("Groß", "gross"),
            ("GROẞ", "gross"),
            ("Łukasz", "lukasz"),
            ("Þóra Guðmundsdóttir", "thora gudmundsdottir"),
            ("ﬁn", "fin"),
            ("İpek Işık", "ipek isik"),
            ("Дмитрий", "дмитрии"),
            ("王", "王"),
        ] {
            assert_eq!(fold(written), folded, "{written}");
        }
        assert_eq!(
            words("Anna-Karin  O'Brien d’Arc"),
            ["anna", "karin", "obrien", "darc"]
        );
    }

    #[test]
    fn one_wrong_letter_is_near_and_two_are_not() {
        for (typed, meant, near) in [
            ("asaa", "asa", true),
            ("lindqist", "lindqvist", true),
            ("lindqvvist", "lindqvist", true),
            ("lindkvist", "lindqvist", true),
            ("lidnqvist", "lindqvist", true),
            ("lindqvis", "lindqvist", true),
            ("lindqvist", "lindqvist", true),
            ("likdkvist", "lindqvist", false),
            ("ldnqvits", "lindqvist", false),
            ("", "a", true),
            ("", "ab", false),
        ] {
            assert_eq!(is_near(typed, meant), near, "{typed} {meant}");
            assert_eq!(is_near(meant, typed), near, "{meant} {typed}");
            let name = Searched {
                first_name: Some(meant),
                last_name: None,
                email: None,
                phone: None,
                tags: &[],
            };
            if near && !typed.is_empty() {
                assert!(
                    !of(name).is_disjoint(&super::near(typed)),
                    "{typed} finds {meant}"
                );
            }
        }
    }
}
