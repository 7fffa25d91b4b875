//! What is asked for in coins.

use serde::{Deserialize, Serialize};

use super::{Currency, MoneyError, half_up};

/// An amount as it is asked for in cash, and what the rounding added: `asked − exact`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CashAmount {
    pub asked: i64,
    pub rounding: i64,
}

/// Rounds `exact` minor units to the currency's coins.
pub fn cash_rounding(exact: i64, currency: Currency) -> Result<CashAmount, MoneyError> {
    cash_rounding_to(exact, currency.cash_increment())
}

/// Rounds `exact` minor units to multiples of `increment`, half up in size: a refund rounds like the
/// payment that it undoes, with the other sign.
pub fn cash_rounding_to(exact: i64, increment: i64) -> Result<CashAmount, MoneyError> {
    let increment = increment.max(1);
    let coins =
        half_up(i128::from(exact).abs(), i128::from(increment)).ok_or(MoneyError::TooLarge)?;
    let size = coins.checked_mul(increment).ok_or(MoneyError::TooLarge)?;
    let asked = if exact < 0 { -size } else { size };
    let rounding = asked.checked_sub(exact).ok_or(MoneyError::TooLarge)?;
    Ok(CashAmount { asked, rounding })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cash_is_asked_in_coins_that_exist() {
        for (exact, currency, asked, rounding) in [
            (22_716, Currency::SEK, 22_700, -16),
            (22_750, Currency::SEK, 22_800, 50),
            (-22_716, Currency::SEK, -22_700, 16),
            (-22_750, Currency::SEK, -22_800, -50),
            (1_002, Currency::CHF, 1_000, -2),
            (1_003, Currency::CHF, 1_005, 2),
            (1_024, Currency::DKK, 1_000, -24),
            (1_025, Currency::DKK, 1_050, 25),
            (999, Currency::USD, 999, 0),
            (0, Currency::SEK, 0, 0),
        ] {
            assert_eq!(
                cash_rounding(exact, currency),
                Ok(CashAmount { asked, rounding }),
                "{exact} {currency}"
            );
        }
        assert_eq!(cash_rounding_to(i64::MAX, 1_000), Err(MoneyError::TooLarge));
    }

    #[test]
    fn a_venue_may_name_its_own_coin() {
        assert_eq!(
            cash_rounding_to(1_003, 5),
            Ok(CashAmount {
                asked: 1_005,
                rounding: 2
            })
        );
        assert_eq!(
            cash_rounding_to(1_003, 0),
            Ok(CashAmount {
                asked: 1_003,
                rounding: 0
            })
        );
    }
}
