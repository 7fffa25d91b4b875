//! Codes as people type them and as they are kept.
//!
//! A code is kept and compared in one form: upper case, without accents and separators, and with the letters that
//! read like digits folded onto them (`O` → `0`, `I` and `L` → `1`). So `SAVE20`, `save-20` and `Save 2O` are one
//! code, and no two codes of a chain can be mistaken for each other. What is made here has none of those letters.

use crate::hall::secret::Entropy;
use crate::hall::text::fold;

/// Longer than this is nobody's code.
pub const LENGTH_MAX: usize = 40;
/// Shorter than this can be guessed by trying.
pub const LENGTH_MIN: usize = 3;
/// Crockford's base32: without `I`, `L`, `O` and `U`.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const SEPARATORS: [char; 4] = [' ', '-', '_', '.'];

/// The form in which codes are compared; `None` for what cannot be a code.
pub fn canonical(text: &str) -> Option<String> {
    if text.len() > 4 * LENGTH_MAX {
        return None;
    }
    let code = prefix(text)?;
    let length = code.chars().count();
    (LENGTH_MIN..=LENGTH_MAX).contains(&length).then_some(code)
}

/// As [`canonical`], for the beginning of a code, which may be short.
pub fn prefix(text: &str) -> Option<String> {
    let mut code = String::with_capacity(text.len());
    for letter in fold(text).chars().filter(|c| !SEPARATORS.contains(c)) {
        match letter {
            'o' => code.push('0'),
            'i' | 'l' => code.push('1'),
            letter if letter.is_alphanumeric() => code.extend(letter.to_uppercase()),
            _ => return None,
        }
    }
    Some(code)
}

/// Codes of `length` random characters behind `prefix`, which is canonical; by themselves in order, so that an index
/// takes them in one pass.
pub fn generate(entropy: &Entropy, prefix: &str, length: usize, count: usize) -> Vec<String> {
    let mut random = vec![0; length * count];
    entropy.fill(&mut random);
    let one = |bytes: &[u8]| {
        let mut code = String::with_capacity(prefix.len() + length);
        code.push_str(prefix);
        // 32 divides 256: each character is as likely as any other.
        code.extend(
            bytes
                .iter()
                .map(|byte| char::from(ALPHABET[usize::from(byte & 31)])),
        );
        code
    };
    let mut codes: Vec<String> = random.chunks_exact(length).map(one).collect();
    codes.sort_unstable();
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_one_however_it_is_typed() {
        for (typed, kept) in [
            ("SAVE20", "SAVE20"),
            (" save-2o ", "SAVE20"),
            ("hello", "HE110"),
            ("HELLO", "HE110"),
            ("Lördag 10", "10RDAG10"),
            ("a_b.c", "ABC"),
        ] {
            assert_eq!(canonical(typed).as_deref(), Some(kept), "{typed}");
        }
        for bad in ["", "--", "ab", "A/B/C", "%%%", "a\nb\0c", &"x".repeat(41)] {
            assert_eq!(canonical(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_made_is_canonical_and_has_no_look_alikes() {
        let codes = generate(&Entropy::system(), "XMAS", 10, 500);
        assert_eq!(codes.len(), 500);
        assert!(codes.is_sorted());
        for code in &codes {
            assert_eq!(canonical(code).as_deref(), Some(code.as_str()));
            assert!(code.len() == 14 && !code[4..].contains(['I', 'L', 'O', 'U']));
        }
        let letters: std::collections::HashSet<char> =
            codes.iter().flat_map(|code| code[4..].chars()).collect();
        assert_eq!(letters.len(), 32, "every character is used");
    }
}
