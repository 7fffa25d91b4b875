//! Money as the API reads and writes it: minor units beside their currency.

use engine::money::Currency;
use engine::quote::Language;
use engine::speech;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::{Error, Field, Result};

/// No single amount is larger: sums of a million such still fit.
pub const AMOUNT_MAX: i64 = 1_000_000_000_000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// A count of the currency's smallest unit.
    #[schema(example = 71100)]
    pub amount: i64,
    /// ISO 4217.
    #[schema(example = "SEK")]
    pub currency: String,
}

impl Money {
    pub fn of(amount: i64, currency: impl Into<String>) -> Money {
        Money {
            amount,
            currency: currency.into(),
        }
    }

    /// As it is written in the language: `12.50 EUR`, `12,50 €`, `12,50 kr`.
    pub fn said(&self, language: Language) -> String {
        let plain = self.plain();
        if language == Language::En {
            return plain;
        }
        let (number, code) = plain.split_once(' ').unwrap_or((&plain, ""));
        let sign = match (code, language) {
            ("EUR", _) => "€",
            ("SEK", Language::Sv) => "kr",
            (code, _) => code,
        };
        format!("{} {sign}", speech::decimal(number, language))
    }

    /// As a person reads it where no locale is known: `12.50 EUR`.
    pub fn plain(&self) -> String {
        let digits = self
            .currency
            .parse::<Currency>()
            .map_or(2, Currency::digits);
        let minor = 10_u64.pow(u32::from(digits));
        let (sign, size) = (
            if self.amount < 0 { "-" } else { "" },
            self.amount.unsigned_abs(),
        );
        let whole = size / minor;
        if digits == 0 {
            return format!("{sign}{whole} {}", self.currency);
        }
        let rest = size % minor;
        format!(
            "{sign}{whole}.{rest:0width$} {}",
            self.currency,
            width = usize::from(digits)
        )
    }

    /// Notes in `wrong` what is not right with an amount that shall be `least` or more in `currency`.
    pub fn check_in(&self, currency: &str, least: i64, pointer: &str, wrong: &mut Vec<Field>) {
        self.check_amount(least, pointer, wrong);
        if self.currency != currency {
            wrong.push(Field::new(
                format!("{pointer}/currency"),
                "currency_mismatch",
                format!("Send the amount in {currency}."),
            ));
        }
    }

    /// As [`Money::check_in`], in whatever currency there is.
    pub fn check(&self, least: i64, pointer: &str, wrong: &mut Vec<Field>) {
        self.check_amount(least, pointer, wrong);
        if self.currency.parse::<Currency>().is_err() {
            wrong.push(unknown_currency(&format!("{pointer}/currency")));
        }
    }

    fn check_amount(&self, least: i64, pointer: &str, wrong: &mut Vec<Field>) {
        if !(least..=AMOUNT_MAX).contains(&self.amount) {
            wrong.push(Field::new(
                format!("{pointer}/amount"),
                "out_of_range",
                format!("Send minor units from {least} to {AMOUNT_MAX}."),
            ));
        }
    }

    /// As the engine reckons with it.
    ///
    /// # Errors
    /// `Invalid` for a currency that ISO 4217 does not know.
    pub fn known(&self) -> Result<engine::money::Money> {
        currency(&self.currency).map(|currency| engine::money::Money::new(self.amount, currency))
    }
}

impl From<engine::money::Money> for Money {
    fn from(money: engine::money::Money) -> Money {
        Money::of(money.amount, money.currency.code())
    }
}

/// The currency of a code that the store or a checked command holds.
pub fn currency(code: &str) -> Result<Currency> {
    code.parse()
        .map_err(|_| Error::Invalid(vec![unknown_currency("/currency")]))
}

pub fn unknown_currency(pointer: &str) -> Field {
    Field::new(
        pointer,
        "unknown_currency",
        "Send a code of ISO 4217 that is in use, like \"EUR\".",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named_by_its_pointer() {
        for (money, wrong) in [
            (Money::of(0, "SEK"), &[][..]),
            (Money::of(-1, "SEK"), &["/price/amount"][..]),
            (Money::of(AMOUNT_MAX + 1, "SEK"), &["/price/amount"]),
            (Money::of(1, "EUR"), &["/price/currency"]),
            (Money::of(-1, "kr"), &["/price/amount", "/price/currency"]),
        ] {
            let mut fields = Vec::new();
            money.check_in("SEK", 0, "/price", &mut fields);
            let pointers: Vec<_> = fields.iter().map(|field| field.pointer.as_str()).collect();
            assert_eq!(pointers, wrong, "{money:?}");
        }
    }

    #[test]
    fn an_amount_reads_with_its_currency_s_digits() {
        for (money, text) in [
            (Money::of(1_250, "EUR"), "12.50 EUR"),
            (Money::of(-5, "EUR"), "-0.05 EUR"),
            (Money::of(1_250, "JPY"), "1250 JPY"),
            (Money::of(1_250, "KWD"), "1.250 KWD"),
        ] {
            assert_eq!(money.plain(), text);
        }
    }

    #[test]
    fn an_amount_is_written_as_its_reader_writes_it() {
        let every = [Language::En, Language::Sv, Language::Es];
        for (code, said) in [
            ("EUR", ["12.50 EUR", "12,50 €", "12,50 €"]),
            ("SEK", ["12.50 SEK", "12,50 kr", "12,50 SEK"]),
            ("JPY", ["1250 JPY", "1250 JPY", "1250 JPY"]),
        ] {
            assert_eq!(
                every.map(|language| Money::of(1_250, code).said(language)),
                said
            );
        }
    }

    #[test]
    fn the_engine_gets_it_whole() {
        let money = Money::of(711, "SEK");
        assert_eq!(money.known().map(Money::from).ok(), Some(money));
        assert!(Money::of(1, "XXX").known().is_err());
    }
}
