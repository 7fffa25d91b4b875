//! Sorting by ids, which all begin alike: what they share is skipped once, and the next eight bytes are
//! compared as one number before any text is.

/// The places of `texts` in ascending order of their bytes; none where two are equal.
pub(crate) fn by_text(texts: &[&[u8]]) -> Option<Vec<usize>> {
    let Some(first) = texts.first() else {
        return Some(Vec::new());
    };
    // A store hands rows out by id.
    if texts.is_sorted_by(|a, b| a < b) {
        return Some((0..texts.len()).collect());
    }
    let shared = texts
        .iter()
        .map(|text| shared_bytes(first, text))
        .min()
        .unwrap_or(0);
    let mut keyed: Vec<(u64, usize)> = texts
        .iter()
        .enumerate()
        .map(|(place, text)| (head(&text[shared..]), place))
        .collect();
    keyed.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| texts[a.1].cmp(texts[b.1])));
    let places: Vec<usize> = keyed.into_iter().map(|(_, place)| place).collect();
    let is_same = |pair: &[usize]| texts[pair[0]] == texts[pair[1]];
    (!places.windows(2).any(is_same)).then_some(places)
}

/// Places by the texts that name them; a text may name several.
pub(crate) struct ByText<'a> {
    /// What all texts begin with.
    shared: &'a [u8],
    sorted: Vec<(u64, &'a [u8], usize)>,
}

impl<'a> ByText<'a> {
    pub fn new(named: impl Iterator<Item = (&'a [u8], usize)>) -> Self {
        let mut sorted: Vec<_> = named.map(|(text, place)| (0, text, place)).collect();
        let first: &[u8] = sorted.first().map_or(&[], |&(_, text, _)| text);
        let shared = sorted
            .iter()
            .map(|(_, text, _)| shared_bytes(first, text))
            .min()
            .unwrap_or(0);
        for (key, text, _) in &mut sorted {
            *key = head(&text[shared..]);
        }
        sorted.sort_unstable();
        Self {
            shared: &first[..shared],
            sorted,
        }
    }

    pub fn places(&self, text: &[u8]) -> impl Iterator<Item = usize> {
        let key = text.strip_prefix(self.shared).map(head);
        let first = key.map_or(self.sorted.len(), |key| {
            self.sorted
                .partition_point(|&(other, name, _)| (other, name) < (key, text))
        });
        self.sorted[first..]
            .iter()
            .take_while(move |(_, name, _)| *name == text)
            .map(|&(_, _, place)| place)
    }
}

fn shared_bytes(a: &[u8], b: &[u8]) -> usize {
    a.iter()
        .zip(b)
        .take_while(|(one, other)| one == other)
        .count()
}

/// The first eight bytes as a number that sorts as they do; a shorter text is filled with zeros.
fn head(bytes: &[u8]) -> u64 {
    let mut filled = [0; 8];
    let length = bytes.len().min(8);
    filled[..length].copy_from_slice(&bytes[..length]);
    u64::from_be_bytes(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sorts_as_the_texts_do() {
        let texts = [
            "dis_b",
            "dis_a",
            "dis_",
            "dis_a\0",
            "dis_abcdefgh2",
            "dis_abcdefgh1",
            "dis_å",
        ]
        .map(str::as_bytes);
        let sorted: Vec<&[u8]> = by_text(&texts)
            .expect("all differ")
            .into_iter()
            .map(|place| texts[place])
            .collect();
        let mut expected = texts.to_vec();
        expected.sort_unstable();
        assert_eq!(sorted, expected);
        assert_eq!(by_text(&[]), Some(Vec::new()));
        assert_eq!(by_text(&expected), Some((0..expected.len()).collect()));
        for same in [["a", "a", "b"], ["b", "a", "b"]] {
            assert_eq!(by_text(&same.map(str::as_bytes)), None);
        }
    }

    #[test]
    fn a_text_finds_all_its_places_and_no_other_text_does() {
        let texts = ["prd_b", "prd_a", "prd_abcdefgh2", "prd_a", "prd_abcdefgh1"];
        let named = || {
            texts
                .into_iter()
                .enumerate()
                .map(|(place, text)| (text.as_bytes(), place))
        };
        let index = ByText::new(named());
        let found = |text: &str| index.places(text.as_bytes()).collect::<Vec<_>>();
        assert_eq!(found("prd_a"), [1, 3]);
        assert_eq!(found("prd_abcdefgh1"), [4]);
        for absent in [
            "",
            "p",
            "prd_",
            "prd_abcdefgh",
            "prd_abcdefgh3",
            "cat_a",
            "prd_c",
        ] {
            assert_eq!(found(absent), [0_usize; 0], "{absent}");
        }
        let none = ByText::new(std::iter::empty());
        assert_eq!(none.places(b"prd_a").count(), 0);
    }
}
