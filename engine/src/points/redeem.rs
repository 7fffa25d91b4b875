//! Points as a discount.

use crate::money::{Currency, PointValue};

/// Points taken, and the minor units that they take off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redemption {
    pub points: i64,
    pub amount: i64,
}

/// The fewest of `points` that cover `left` minor units, or, where they do not, the fewest that give as
/// much as all of them.
pub fn fewest(points: i64, value: PointValue, left: i64, currency: Currency) -> Redemption {
    // One point is worth `worth / scale` minor units.
    let worth = i128::from(value.scaled()) * i128::from(currency.minor_per_major());
    let scale = i128::from(PointValue::SCALE);
    if worth == 0 || points <= 0 || left <= 0 {
        return Redemption {
            points: 0,
            amount: 0,
        };
    }
    let given = (i128::from(points) * worth / scale).min(i128::from(left));
    let needed = (given * scale + worth - 1) / worth;
    // Both are at most what they came from, an `i64`.
    Redemption {
        points: i64::try_from(needed).unwrap_or(points),
        amount: i64::try_from(given).unwrap_or(left),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fewest_points_are_taken() {
        for (points, value, left, currency, taken, amount) in [
            (4_000, "0.01", 26_716, Currency::SEK, 4_000, 4_000),
            (100, "0.01", 5_000, Currency::EUR, 100, 100),
            (4_000, "0.01", 1_234, Currency::SEK, 1_234, 1_234),
            (101, "0.005", 5_000, Currency::EUR, 100, 50),
            (1, "0.001", 5_000, Currency::EUR, 0, 0),
            (10, "0.03", 100, Currency::EUR, 10, 30),
            (50, "0.03", 100, Currency::EUR, 34, 100),
            (500, "1", 300, Currency::JPY, 300, 300),
            (
                i64::MAX,
                "1000",
                i64::MAX,
                Currency::SEK,
                92_233_720_368_548,
                i64::MAX,
            ),
            (0, "0.01", 10, Currency::SEK, 0, 0),
        ] {
            let value = value.parse().expect("well formed");
            assert_eq!(
                fewest(points, value, left, currency),
                Redemption {
                    points: taken,
                    amount
                },
                "{points}"
            );
        }
    }
}
