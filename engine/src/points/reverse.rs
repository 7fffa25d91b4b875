//! Points that go back with a refund.

/// How much of `points` belongs to `part` of `whole`, rounded down: the sum of what was taken back so
/// far, never the refund's own share, so that three refunds of a third take 3, 3 and 4 of ten.
pub fn proportion(points: i64, part: i64, whole: i64) -> i64 {
    if whole <= 0 || part >= whole {
        return if part > 0 || whole <= 0 { points } else { 0 };
    }
    let exact = i128::from(points) * i128::from(part.max(0)) / i128::from(whole);
    // Smaller than `points`, since `part` is smaller than `whole`.
    i64::try_from(exact).unwrap_or(points)
}

/// What this refund takes back, when `part_before` of the whole had been refunded already.
pub fn taken_back(points: i64, part_before: i64, part: i64, whole: i64) -> i64 {
    proportion(points, part_before.saturating_add(part), whole)
        - proportion(points, part_before, whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_cumulative_and_end_at_the_whole() {
        let back = |points| [0, 999, 1_998].map(|before| taken_back(points, before, 999, 2_997));
        assert_eq!(back(10), [3, 3, 4]);
        assert_eq!(back(100), [33, 33, 34]);
        assert_eq!(taken_back(194, 0, 3_672, 19_430), 36);
        assert_eq!(taken_back(4_000, 0, 808, 4_000), 808);
        assert_eq!(proportion(i64::MAX, i64::MAX - 1, i64::MAX), i64::MAX - 1);
        assert_eq!(proportion(5, 0, 100), 0);
    }
}
