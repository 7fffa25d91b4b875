//! Spreading an amount over shares, to the last minor unit.

use smallvec::SmallVec;

/// Spreads `total` over `weights` in proportion: each share rounded down, then the minor units that are
/// left one by one to the largest remainders. A tie goes to the earlier weight, so the caller's order
/// must follow from what the shares are, never from where they stood.
///
/// None when there is nothing to spread over, a weight or the total is negative, or the sum too large.
pub fn largest_remainder(total: i64, weights: &[i64]) -> Option<Vec<i64>> {
    if total < 0 || weights.iter().any(|&weight| weight < 0) {
        return None;
    }
    let whole: i128 = weights.iter().map(|&weight| i128::from(weight)).sum();
    if whole == 0 {
        return (total == 0).then(|| vec![0; weights.len()]);
    }
    if weights.len() == 1 {
        return Some(vec![total]);
    }
    let mut shares = Vec::with_capacity(weights.len());
    let mut remainders: SmallVec<[(i128, usize); 16]> = SmallVec::new();
    let mut left = total;
    for (place, &weight) in weights.iter().enumerate() {
        let (share, remainder) = divided(i128::from(total) * i128::from(weight), whole);
        remainders.push((remainder, place));
        left -= share;
        shares.push(share);
    }
    if left > 0 {
        remainders.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        for &(_, place) in remainders.iter().take(usize::try_from(left).ok()?) {
            shares[place] += 1;
        }
    }
    Some(shares)
}

/// Quotient and remainder; the quotient is at most the total that was spread, an `i64`.
fn divided(exact: i128, whole: i128) -> (i64, i128) {
    // Money that people pay fits 64 bits even when multiplied, and divides many times faster there.
    if let (Ok(exact), Ok(whole)) = (i64::try_from(exact), i64::try_from(whole)) {
        return (exact / whole, i128::from(exact % whole));
    }
    let share = exact / whole;
    (
        i64::try_from(share).unwrap_or(i64::MAX),
        exact - share * whole,
    )
}

/// As `largest_remainder`, but no share exceeds its room: what does not fit goes to the others in
/// proportion again. None when the rooms together are too small.
pub(crate) fn spread_within(total: i64, weights: &[i64], rooms: &[i64]) -> Option<Vec<i64>> {
    let mut shares = largest_remainder(total, weights)?;
    if shares.iter().zip(rooms).all(|(share, room)| share <= room) {
        return Some(shares);
    }
    let mut full = vec![false; weights.len()];
    // Each round fills at least one share for good, so there are at most as many rounds as shares.
    for _ in 0..=weights.len() {
        for place in 0..shares.len() {
            full[place] |= shares[place] >= rooms[place];
        }
        let settled: i64 = rooms
            .iter()
            .zip(&full)
            .filter(|(_, full)| **full)
            .map(|(room, _)| room)
            .sum();
        let open = open_weights(weights, rooms, &full);
        let rest = largest_remainder(total.checked_sub(settled)?, &open)?;
        for place in 0..shares.len() {
            shares[place] = if full[place] {
                rooms[place]
            } else {
                rest[place]
            };
        }
        if shares.iter().zip(rooms).all(|(share, room)| share <= room) {
            return Some(shares);
        }
    }
    None
}

/// Where only weightless shares are still open, their rooms are the weights.
fn open_weights(weights: &[i64], rooms: &[i64], full: &[bool]) -> Vec<i64> {
    let open = |values: &[i64]| -> Vec<i64> {
        values
            .iter()
            .zip(full)
            .map(|(value, full)| if *full { 0 } else { *value })
            .collect()
    };
    let by_weight = open(weights);
    if by_weight.iter().any(|&weight| weight > 0) {
        by_weight
    } else {
        open(rooms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_sum_to_the_total_and_ties_go_to_the_earlier() {
        for (total, weights, shares) in [
            (100, vec![300, 150], vec![67, 33]),
            (4_000, vec![4_000; 3], vec![1_334, 1_333, 1_333]),
            (5_500, vec![8_900, 16_500], vec![1_927, 3_573]),
            (2, vec![1, 1, 1], vec![1, 1, 0]),
            (0, vec![0, 0], vec![0, 0]),
            (7, vec![0, 5], vec![0, 7]),
            (
                i64::MAX,
                vec![i64::MAX, i64::MAX],
                vec![i64::MAX / 2 + 1, i64::MAX / 2],
            ),
        ] {
            assert_eq!(
                largest_remainder(total, &weights),
                Some(shares),
                "{total} over {weights:?}"
            );
        }
    }

    #[test]
    fn what_cannot_be_spread_is_none() {
        for (total, weights) in [(1, vec![]), (1, vec![0]), (-1, vec![1]), (1, vec![2, -1])] {
            assert_eq!(
                largest_remainder(total, &weights),
                None,
                "{total} over {weights:?}"
            );
        }
    }

    #[test]
    fn a_full_share_passes_the_rest_on() {
        for (total, weights, rooms, shares) in [
            (90, vec![50, 50], vec![20, 100], Some(vec![20, 70])),
            (
                90,
                vec![30, 30, 30],
                vec![10, 31, 100],
                Some(vec![10, 31, 49]),
            ),
            (30, vec![30, 0], vec![10, 20], Some(vec![10, 20])),
            (31, vec![30, 0], vec![10, 20], None),
            (10, vec![1, 1], vec![5, 5], Some(vec![5, 5])),
        ] {
            assert_eq!(
                spread_within(total, &weights, &rooms),
                shares,
                "{total} over {weights:?} in {rooms:?}"
            );
        }
    }
}
