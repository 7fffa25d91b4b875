//! Sorting by ids, which all begin alike: what they share is skipped once, and the next eight bytes are
//! compared as one number before any text is.

/// The places of `texts` in ascending order of their bytes.
pub(crate) fn by_text(texts: &[&str]) -> Vec<usize> {
    let Some(first) = texts.first() else {
        return Vec::new();
    };
    // A store hands rows out by id.
    if texts.is_sorted() {
        return (0..texts.len()).collect();
    }
    let shared = texts
        .iter()
        .map(|text| shared_bytes(first, text))
        .min()
        .unwrap_or(0);
    let mut keyed: Vec<(u64, usize)> = texts
        .iter()
        .enumerate()
        .map(|(place, text)| (head(&text.as_bytes()[shared..]), place))
        .collect();
    keyed.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| texts[a.1].cmp(texts[b.1])));
    keyed.into_iter().map(|(_, place)| place).collect()
}

fn shared_bytes(a: &str, b: &str) -> usize {
    a.bytes()
        .zip(b.bytes())
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
            "dis_a",
        ];
        let sorted: Vec<&str> = by_text(&texts)
            .into_iter()
            .map(|place| texts[place])
            .collect();
        let mut expected = texts.to_vec();
        expected.sort_unstable();
        assert_eq!(sorted, expected);
        assert_eq!(by_text(&[]), Vec::<usize>::new());
    }
}
