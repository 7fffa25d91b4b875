//! Half-up rounding of exact fractions.

/// `numerator / denominator` rounded to the nearest integer, a half going up (towards plus infinity).
///
/// `denominator` must be positive; both stay far below the range of `i128`, because amounts are `i64`
/// and factors at most nine digits. None when the result is no `i64`.
pub fn half_up(numerator: i128, denominator: i128) -> Option<i64> {
    debug_assert!(denominator > 0, "a share of nothing has no size");
    let doubled = numerator.checked_mul(2)?.checked_add(denominator)?;
    let divisor = denominator.checked_mul(2)?;
    if let (Ok(doubled), Ok(divisor)) = (i64::try_from(doubled), i64::try_from(divisor)) {
        return Some(doubled.div_euclid(divisor));
    }
    i64::try_from(doubled.div_euclid(divisor)).ok()
}

/// `amount × part ÷ whole`, half up: a percentage, a tax, a proportion.
pub fn share_half_up(amount: i64, part: i64, whole: i64) -> Option<i64> {
    half_up(i128::from(amount) * i128::from(part), i128::from(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_goes_up_on_both_sides_of_zero() {
        for (numerator, denominator, rounded) in [
            (0, 3, 0),
            (1, 2, 1),
            (1, 3, 0),
            (2, 3, 1),
            (-1, 2, 0),
            (-3, 2, -1),
            (-2, 3, -1),
            (7, 1, 7),
        ] {
            assert_eq!(
                half_up(numerator, denominator),
                Some(rounded),
                "{numerator}/{denominator}"
            );
        }
    }

    #[test]
    fn what_does_not_fit_is_none() {
        assert_eq!(half_up(i128::from(i64::MAX) + 1, 1), None);
        assert_eq!(half_up(i128::MAX, 1), None);
        assert_eq!(share_half_up(i64::MAX, i64::MAX, 1), None);
        assert_eq!(share_half_up(i64::MAX, 1, i64::MAX), Some(1));
    }
}
