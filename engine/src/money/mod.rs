//! Money is an integer count of minor units beside its currency. Nothing here rounds silently: a
//! rounding has a name (`half_up`, `largest_remainder`, `cash_rounding`), and an amount that does not
//! fit is an error, never a wrap.

mod cash;
mod currency;
mod decimal;
mod round;
mod spread;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use cash::{CashAmount, cash_rounding, cash_rounding_to};
pub use currency::{Currency, UnknownCurrency};
pub use decimal::{BadDecimal, Multiplier, Percent, PointValue, PointsPerUnit, Quantity, Rate};
pub use round::{half_up, share_half_up};
pub use spread::largest_remainder;
pub(crate) use spread::spread_within;

/// An amount of minor units in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Money {
    pub amount: i64,
    pub currency: Currency,
}

impl Money {
    pub const fn new(amount: i64, currency: Currency) -> Self {
        Self { amount, currency }
    }

    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.combined(other, i64::checked_add)
    }

    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.combined(other, i64::checked_sub)
    }

    fn combined(self, other: Self, with: fn(i64, i64) -> Option<i64>) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::MixedCurrencies);
        }
        let amount = with(self.amount, other.amount).ok_or(MoneyError::TooLarge)?;
        Ok(Self::new(amount, self.currency))
    }
}

/// Why amounts cannot be reckoned together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoneyError {
    TooLarge,
    MixedCurrencies,
}

impl fmt::Display for MoneyError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::TooLarge => "the amount is too large to reckon with",
            Self::MixedCurrencies => "the amounts are in different currencies",
        })
    }
}

impl std::error::Error for MoneyError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_refuse_overflow_and_mixed_currencies() {
        let kronor = |amount| Money::new(amount, Currency::SEK);
        assert_eq!(kronor(1).plus(kronor(2)), Ok(kronor(3)));
        assert_eq!(kronor(1).minus(kronor(2)), Ok(kronor(-1)));
        assert_eq!(kronor(i64::MAX).plus(kronor(1)), Err(MoneyError::TooLarge));
        assert_eq!(
            kronor(1).plus(Money::new(1, Currency::EUR)),
            Err(MoneyError::MixedCurrencies)
        );
    }

    #[test]
    fn money_reads_and_writes_as_the_api_shows_it() {
        let text = r#"{"amount":71100,"currency":"SEK"}"#;
        let money: Money = serde_json::from_str(text).expect("well formed");
        assert_eq!(money, Money::new(71_100, Currency::SEK));
        assert_eq!(serde_json::to_string(&money).expect("serializes"), text);
        assert!(serde_json::from_str::<Money>(r#"{"amount":1.5,"currency":"SEK"}"#).is_err());
    }
}
