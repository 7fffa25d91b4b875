//! Rates into the reporting currency, by day: how spend at venues of several currencies is summed.

use engine::money::{Currency, half_up};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use utoipa::ToSchema;

use super::store::rates as store;
use crate::hall::call::Reply;
use crate::hall::error::{Code, Error, Extra, Field, Result};
use crate::hall::etag;
use crate::hall::identity;
use crate::hall::money::{self, unknown_currency};
use crate::hall::store::{Read, Tx};
use axum::http::HeaderValue;

/// Twelve places tell a rial from a dinar; a million is more than any two currencies in use are apart.
const PLACES: usize = 12;
const SCALE: i128 = 1_000_000_000_000;
const RATE_MAX: i128 = 1_000_000 * SCALE;
const RATES_MAX: usize = 5_000;

/// How many units of one currency a unit of another is, exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal(i128);

impl FromStr for Decimal {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Decimal, &'static str> {
        const SHAPE: &str = "Send a decimal above 0, like \"0.0912\", with at most 12 places.";
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str, most: usize| {
            (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
        };
        if !digits(whole, 7) || !digits(part, PLACES) {
            return Err(SHAPE);
        }
        let scaled: i128 = format!("{whole}{part:0<PLACES$}")
            .parse()
            .map_err(|_| SHAPE)?;
        if (1..=RATE_MAX).contains(&scaled) {
            Ok(Decimal(scaled))
        } else {
            Err(SHAPE)
        }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = format!("{:0PLACES$}", self.0 % SCALE);
        match part.trim_end_matches('0') {
            "" => write!(f, "{}", self.0 / SCALE),
            part => write!(f, "{}.{part}", self.0 / SCALE),
        }
    }
}

/// The rate from a currency into the reporting currency on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    decimal: Decimal,
    from: Currency,
    into: Currency,
}

impl Rate {
    /// Minor units of the reporting currency, half up.
    ///
    /// # Errors
    /// `Bug` where the result does not fit, which no checked amount brings about.
    pub fn convert(&self, amount: i64) -> Result<i64> {
        let minor = |currency: Currency| i128::from(currency.minor_per_major());
        let numerator = i128::from(amount)
            .checked_mul(self.decimal.0)
            .and_then(|product| product.checked_mul(minor(self.into)));
        numerator
            .and_then(|numerator| half_up(numerator, SCALE * minor(self.from)))
            .ok_or_else(|| Error::bug("an amount is too large to convert"))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.decimal.fmt(f)
    }
}

/// The rate that amounts in `currency` are reported at on that day; 1 for the reporting currency itself.
///
/// # Errors
/// `ReportingRateMissing` where none is valid on that day.
pub fn reporting(read: &mut Read, currency: &str, on: Date) -> Result<Rate> {
    let tenant = identity::tenant(read)?.ok_or(Error::NotFound("chain"))?;
    let (from, into) = (
        money::currency(currency)?,
        money::currency(&tenant.currency)?,
    );
    let decimal = if from == into {
        Decimal(SCALE)
    } else {
        let found = store::find(read, currency, on)?;
        let text = found.ok_or_else(|| missing(currency, on))?;
        text.parse().map_err(|why: &str| Error::bug(why))?
    };
    Ok(Rate {
        decimal,
        from,
        into,
    })
}

fn missing(currency: &str, on: Date) -> Error {
    let extra = Extra::none()
        .with("currency", currency)
        .with("on", on.to_string());
    Error::Refused(Code::ReportingRateMissing, extra)
}

/// What a unit of a currency is in the reporting currency, from one day on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReportingRate {
    #[schema(example = "SEK")]
    pub currency: String,
    /// Units of the reporting currency for one unit of `currency`, with up to 12 places.
    #[schema(example = "0.0912")]
    pub rate: String,
    /// The first business day that it is valid on.
    #[schema(value_type = String, format = Date, example = "2026-01-01")]
    pub valid_from: Date,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportingRates {
    /// The reporting currency.
    #[schema(example = "EUR")]
    pub currency: String,
    pub rates: Vec<ReportingRate>,
    #[serde(skip)]
    pub version: i64,
}

impl Reply for ReportingRates {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReplaceReportingRates {
    pub rates: Vec<ReportingRate>,
}

pub fn rates(read: &mut Read) -> Result<ReportingRates> {
    let chain = super::chain::chain(read)?;
    Ok(ReportingRates {
        currency: chain.currency,
        rates: store::list(read)?,
        // The rates are part of the chain, so they bear its version.
        version: chain.version,
    })
}

/// Replaces all rates. What was paid keeps the amount that it was reported with.
pub fn replace(
    tx: &mut Tx,
    ask: &ReplaceReportingRates,
    if_match: Option<&HeaderValue>,
) -> Result<ReportingRates> {
    let before = rates(tx)?;
    etag::honour(if_match, before.version)?;
    check(ask)?;
    super::chain::touch(tx, before.version)?;
    store::delete_all(tx)?;
    for rate in &ask.rates {
        store::insert(tx, rate)?;
    }
    let after = rates(tx)?;
    tx.audit(
        "reporting_rates.replace",
        tx.tenant()?,
        Some(&before),
        Some(&after),
    )?;
    Ok(after)
}

/// Sets the rate of one currency from a day on; there is none to set for the reporting currency itself, and nothing
/// changes where it is set already.
pub fn put_from(tx: &mut Tx, currency: &str, valid_from: Date, rate: &str) -> Result<()> {
    let before = rates(tx)?;
    if before.currency == currency {
        return Ok(());
    }
    let named = |one: &ReportingRate| one.currency == currency && one.valid_from == valid_from;
    let says_so = |one: &ReportingRate| {
        let known = one.rate.parse::<Decimal>();
        known.is_ok() && known == rate.parse()
    };
    if before.rates.iter().any(|one| named(one) && says_so(one)) {
        return Ok(());
    }
    let kept = before.rates.iter().filter(|one| !named(one)).cloned();
    let rate = ReportingRate {
        currency: currency.into(),
        rate: rate.into(),
        valid_from,
    };
    let ask = ReplaceReportingRates {
        rates: kept.chain([rate]).collect(),
    };
    replace(tx, &ask, None).map(|_| ())
}

fn check(ask: &ReplaceReportingRates) -> Result<()> {
    let mut wrong = Vec::new();
    if ask.rates.len() > RATES_MAX {
        let message = format!("Send at most {RATES_MAX} rates.");
        return Err(Error::field("/rates", "too_many", message));
    }
    let mut seen = std::collections::HashSet::new();
    for (place, rate) in ask.rates.iter().enumerate() {
        if rate.currency.parse::<Currency>().is_err() {
            wrong.push(unknown_currency(&format!("/rates/{place}/currency")));
        }
        if let Err(why) = rate.rate.parse::<Decimal>() {
            wrong.push(Field::new(format!("/rates/{place}/rate"), "invalid", why));
        }
        if !seen.insert((&rate.currency, rate.valid_from)) {
            let message = "Send one rate for a currency and a day.";
            wrong.push(Field::new(format!("/rates/{place}"), "repeated", message));
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(wrong))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_converted_exactly_and_half_up() {
        for (amount, rate, from, into, converted) in [
            (71_100, "0.0912", Currency::SEK, Currency::EUR, 6_484),
            (50, "0.01", Currency::SEK, Currency::EUR, 1),
            (49, "0.01", Currency::SEK, Currency::EUR, 0),
            (1_000, "0.0061", Currency::JPY, Currency::EUR, 610),
            (610, "163.9344262295", Currency::EUR, Currency::JPY, 1_000),
            (1_000, "2.99", Currency::KWD, Currency::EUR, 299),
            (
                1_000_000_000_000,
                "1000000",
                Currency::EUR,
                Currency::KWD,
                1,
            ),
        ] {
            let rate = Rate {
                decimal: rate.parse().expect("well formed"),
                from,
                into,
            };
            match rate.convert(amount) {
                Ok(is) if amount < 1_000_000_000_000 => {
                    assert_eq!(is, converted, "{amount} {rate}");
                }
                Ok(is) => panic!("{is} should not have fitted"),
                Err(error) => assert!(amount == 1_000_000_000_000, "{error}"),
            }
        }
    }

    #[test]
    fn a_rate_is_a_decimal_above_zero() {
        for (text, again) in [
            ("0.0912", "0.0912"),
            ("1", "1"),
            ("10.50", "10.5"),
            ("0.000000000001", "0.000000000001"),
        ] {
            assert_eq!(
                text.parse::<Decimal>().map(|rate| rate.to_string()),
                Ok(again.to_owned())
            );
        }
        for text in [
            "",
            "0",
            "0.0",
            "-1",
            "1,5",
            "1e3",
            ".5",
            "1.",
            "0.0000000000001",
            "1000001",
            "99999999",
        ] {
            assert!(text.parse::<Decimal>().is_err(), "{text}");
        }
    }
}
