//! The program's configuration: the chain's, overridden by the venue field by field.

use engine::money::{PointValue, PointsPerUnit};
use engine::points::{EarnBasis, Program};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::store;
use crate::hall::call::Reply;
use crate::hall::error::{Error, Field, Result};
use crate::hall::id::VenueId;
use crate::hall::money::unknown_currency;
use crate::hall::store::{Read, Tx};

/// A hundred years: what lasts longer does not end.
const EXPIRE_DAYS_MAX: u32 = 36_500;

/// What is set at one place. What is left out, the chain decides, and after it the default.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct EditConfig {
    /// Points for each major unit spent, as a decimal with two places.
    #[schema(value_type = Option<String>, example = "1")]
    pub points_per_dollar: Option<PointsPerUnit>,
    #[schema(value_type = Option<String>, example = "0")]
    pub points_per_visit: Option<PointsPerUnit>,
    /// Major units of money for one point, as a decimal with four places.
    #[schema(value_type = Option<String>, example = "0.01")]
    pub redemption_rate: Option<PointValue>,
    #[schema(example = 100)]
    pub min_points_redeem: Option<u32>,
    #[schema(example = 365)]
    pub points_expire_days: Option<u32>,
    /// How long a lot lives on into which redeemed points are put back after its end.
    #[schema(example = 30)]
    pub restore_grace_days: Option<u32>,
    #[schema(value_type = Option<String>, example = "PRE_TAX")]
    pub earn_basis: Option<EarnBasis>,
    /// Whether redeeming is answered as ever while the customer owes points, or refused with how many they owe.
    #[schema(example = false)]
    pub redeem_with_debt: Option<bool>,
    pub debt_shown: Option<DebtShown>,
    pub active: Option<bool>,
    /// Of the chain alone: its two rates in other currencies; a currency that is not named goes by the two above.
    #[schema(example = json!([{"currency": "SEK", "pointsPerDollar": "0.1", "redemptionRate": "0.1"}]))]
    pub rates: Vec<CurrencyRates>,
}

/// How a guest sees a balance below zero; a sentence says what it means in either case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DebtShown {
    /// As it is.
    #[default]
    Negative,
    /// As 0.
    Zero,
}

impl DebtShown {
    pub fn of(self, balance: i64) -> i64 {
        match self {
            DebtShown::Negative => balance,
            DebtShown::Zero => balance.max(0),
        }
    }
}

/// The rates of venues that sell in this currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CurrencyRates {
    /// ISO 4217.
    #[schema(example = "SEK")]
    pub currency: String,
    #[schema(value_type = Option<String>, example = "0.1")]
    pub points_per_dollar: Option<PointsPerUnit>,
    #[schema(value_type = Option<String>, example = "0.1")]
    pub redemption_rate: Option<PointValue>,
}

/// What is in force at a place, and what that place itself has set.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    #[schema(value_type = String, example = "1")]
    pub points_per_dollar: PointsPerUnit,
    #[schema(value_type = String, example = "0")]
    pub points_per_visit: PointsPerUnit,
    #[schema(value_type = String, example = "0.01")]
    pub redemption_rate: PointValue,
    #[schema(example = 100)]
    pub min_points_redeem: u32,
    /// `null`: points do not end.
    pub points_expire_days: Option<u32>,
    /// A lot that ended while its points were spent lives so many days more when a refund puts them back.
    #[schema(example = 30)]
    #[serde(default = "grace")]
    pub restore_grace_days: u32,
    #[schema(value_type = String, example = "PRE_TAX")]
    pub earn_basis: EarnBasis,
    /// Whether redeeming is answered as ever while the customer owes points: what comes in settles the debt first, so
    /// there is nothing to spend. `false`: it is refused with how many they owe.
    #[serde(default)]
    pub redeem_with_debt: bool,
    #[serde(default)]
    pub debt_shown: DebtShown,
    pub active: bool,
    /// The fields that this place sets itself.
    pub own: EditConfig,
    /// Of this place's own settings; 0 while it has none.
    pub version: i64,
}

impl Reply for Config {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

impl Config {
    /// As the engine reads it, without the rules and promotions that a purchase adds.
    pub fn program(&self) -> Program {
        Program {
            points_per_dollar: self.points_per_dollar,
            points_per_visit: self.points_per_visit,
            earn_basis: self.earn_basis,
            rules: Vec::new(),
            promotions: Vec::new(),
            tier_multiplier: None,
        }
    }
}

impl Config {
    /// When points end that are counted from `at`.
    pub(super) fn ends(&self, at: Timestamp) -> Option<Timestamp> {
        let days = self.points_expire_days?;
        at.checked_add(SignedDuration::from_hours(24 * i64::from(days)))
            .ok()
    }
}

/// What is in force at the venue, or in the chain where none is named.
pub fn effective(read: &mut Read, venue: Option<VenueId>) -> Result<Config> {
    let Some(venue) = venue else {
        let chain = store::config(read, None)?;
        return Ok(merged(&EditConfig::default(), chain, None));
    };
    let found = store::config_at(read, venue)?.ok_or(Error::NotFound("venue"))?;
    Ok(merged(&found.chain, found.own, Some(&found.currency)))
}

/// Field by field: the place's own, what the chain says of its currency, what the chain says, the default.
pub(super) fn merged(
    chain: &EditConfig,
    own: Option<(EditConfig, i64)>,
    currency: Option<&str>,
) -> Config {
    let (own, version) = own.unwrap_or_default();
    let of_currency = chain
        .rates
        .iter()
        .find(|rates| Some(rates.currency.as_str()) == currency);
    let one = PointsPerUnit::from_scaled(PointsPerUnit::SCALE).unwrap_or_else(|_| none());
    let cent = PointValue::from_scaled(PointValue::SCALE / 100);
    Config {
        points_per_dollar: own
            .points_per_dollar
            .or(of_currency.and_then(|rates| rates.points_per_dollar))
            .or(chain.points_per_dollar)
            .unwrap_or(one),
        points_per_visit: own
            .points_per_visit
            .or(chain.points_per_visit)
            .unwrap_or_else(none),
        redemption_rate: own
            .redemption_rate
            .or(of_currency.and_then(|rates| rates.redemption_rate))
            .or(chain.redemption_rate)
            .unwrap_or_else(|| cent.expect("a hundredth is within the bounds")),
        min_points_redeem: own
            .min_points_redeem
            .or(chain.min_points_redeem)
            .unwrap_or(100),
        points_expire_days: own.points_expire_days.or(chain.points_expire_days),
        restore_grace_days: own
            .restore_grace_days
            .or(chain.restore_grace_days)
            .unwrap_or_else(grace),
        earn_basis: own.earn_basis.or(chain.earn_basis).unwrap_or_default(),
        redeem_with_debt: own
            .redeem_with_debt
            .or(chain.redeem_with_debt)
            .unwrap_or(false),
        debt_shown: own.debt_shown.or(chain.debt_shown).unwrap_or_default(),
        active: own.active.or(chain.active).unwrap_or(true),
        own,
        version,
    }
}

/// Also of what was decided before the program said so.
fn grace() -> u32 {
    30
}

fn none() -> PointsPerUnit {
    PointsPerUnit::from_scaled(0).expect("zero is within the bounds")
}

/// Sets what the venue, or the chain, decides itself. Only points earned from now on go by it.
pub fn configure(
    tx: &mut Tx,
    venue: Option<VenueId>,
    ask: &EditConfig,
    if_match: Option<&axum::http::HeaderValue>,
) -> Result<Config> {
    let before = store::config(tx, venue)?;
    let version = before.as_ref().map_or(0, |(_, version)| *version);
    crate::hall::etag::honour(if_match, version)?;
    check(venue, ask)?;
    store::put_config(tx, venue, ask, version)?;
    let entity = venue.map_or_else(|| "chain".to_owned(), |venue| venue.to_string());
    tx.audit(
        "loyalty.configure",
        &entity,
        before.map(|(config, _)| config).as_ref(),
        Some(ask),
    )?;
    effective(tx, venue)
}

fn check(venue: Option<VenueId>, ask: &EditConfig) -> Result<()> {
    let mut wrong = Vec::new();
    if venue.is_some() && !ask.rates.is_empty() {
        let message = "A venue has one currency: set pointsPerDollar and redemptionRate, or rates under /chain.";
        wrong.push(Field::new("/rates", "not_allowed", message));
    }
    for (place, rates) in ask.rates.iter().enumerate() {
        let pointer = format!("/rates/{place}/currency");
        if rates.currency.parse::<engine::money::Currency>().is_err() {
            wrong.push(unknown_currency(&pointer));
        } else if ask.rates[..place]
            .iter()
            .any(|other| other.currency == rates.currency)
        {
            wrong.push(Field::new(pointer, "duplicate", "Send each currency once."));
        }
    }
    if ask
        .points_expire_days
        .is_some_and(|days| !(1..=EXPIRE_DAYS_MAX).contains(&days))
    {
        let message =
            format!("Send days from 1 to {EXPIRE_DAYS_MAX}, or null for points that do not end.");
        wrong.push(Field::new("/pointsExpireDays", "out_of_range", message));
    }
    if ask
        .restore_grace_days
        .is_some_and(|days| !(1..=EXPIRE_DAYS_MAX).contains(&days))
    {
        let message = format!("Send days from 1 to {EXPIRE_DAYS_MAX}.");
        wrong.push(Field::new("/restoreGraceDays", "out_of_range", message));
    }
    if ask
        .min_points_redeem
        .is_some_and(|points| points > 1_000_000_000)
    {
        wrong.push(Field::new(
            "/minPointsRedeem",
            "out_of_range",
            "Send at most 1000000000 points.",
        ));
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(wrong))
    }
}
