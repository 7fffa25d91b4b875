//! Tax classes belong to the chain; what each is taxed at, to a venue and a day.

use engine::money::Rate;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Archived;
use super::store::tax as store;
use crate::hall::call::Reply;
use crate::hall::error::{Code, Error, Extra, Field, Result};
use crate::hall::etag;
use crate::hall::id::{TaxClassId, VenueId};
use crate::hall::page::{Page, Paging};
use crate::hall::store::{Read, Tx};
use axum::http::HeaderValue;

/// Classes times days of one venue: a dozen classes that change each year for decades.
const RATES_MAX: usize = 1_000;

/// A kind of goods or services that is taxed alike.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaxClass {
    pub id: TaxClassId,
    #[schema(example = "Food")]
    pub name: String,
    pub archived_at: Option<jiff::Timestamp>,
    pub created_at: jiff::Timestamp,
    #[serde(skip)]
    pub version: i64,
}

impl Reply for TaxClass {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditTaxClass {
    /// Unique in the chain.
    #[schema(example = "Food")]
    pub name: String,
}

impl EditTaxClass {
    fn checked(&self) -> Result<&str> {
        let name = self.name.trim();
        if (1..=80).contains(&name.chars().count()) {
            return Ok(name);
        }
        Err(Error::field("/name", "invalid", "Send 1 to 80 characters."))
    }
}

pub fn create_class(tx: &mut Tx, ask: &EditTaxClass) -> Result<TaxClass> {
    let name = ask.checked()?;
    let id: TaxClassId = tx.new_id();
    store::insert_class(tx, id, name)?;
    let made = class(tx, id)?;
    tx.audit_new("tax_class.create", id, &made)?;
    Ok(made)
}

pub fn edit_class(
    tx: &mut Tx,
    id: TaxClassId,
    ask: &EditTaxClass,
    if_match: Option<&HeaderValue>,
) -> Result<TaxClass> {
    let before = class(tx, id)?;
    etag::honour(if_match, before.version)?;
    store::rename_class(tx, id, ask.checked()?, before.version)?;
    let after = class(tx, id)?;
    tx.audit("tax_class.edit", id, Some(&before), Some(&after))?;
    Ok(after)
}

/// Puts the class away: nothing new is given it, what has it is taxed as before.
pub fn archive_class(tx: &mut Tx, id: TaxClassId, if_match: Option<&HeaderValue>) -> Result<()> {
    let before = class(tx, id)?;
    etag::honour(if_match, before.version)?;
    if before.archived_at.is_none() {
        store::archive_class(tx, id)?;
        tx.audit("tax_class.archive", id, Some(&before), None::<&()>)?;
    }
    Ok(())
}

pub fn class(read: &mut Read, id: TaxClassId) -> Result<TaxClass> {
    store::find_class(read, id)?.ok_or(Error::NotFound("tax class"))
}

pub fn classes(read: &mut Read, paging: &Paging, filter: Archived) -> Result<Page<TaxClass>> {
    store::list_classes(read, paging, filter)
}

/// What a class is taxed at, at one venue on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassRate {
    pub class: TaxClassId,
    pub name: String,
    /// Thousandths of a percent.
    pub rate_milli: i64,
}

/// All classes that have a rate at the venue on that day, archived ones too.
pub fn rates(read: &mut Read, venue: VenueId, on: Date) -> Result<Vec<ClassRate>> {
    store::rates_on(read, venue, on)
}

/// Thousandths of a percent.
///
/// # Errors
/// `TaxRateMissing` where none is valid on that day.
pub fn rate(read: &mut Read, venue: VenueId, class: TaxClassId, on: Date) -> Result<i64> {
    store::rate_on(read, venue, class, on)?.ok_or_else(|| missing(venue, class, on))
}

pub fn missing(venue: VenueId, class: TaxClassId, on: Date) -> Error {
    let extra = Extra::none()
        .with("taxClassId", class.to_string())
        .with("venueId", venue.to_string())
        .with("on", on.to_string());
    Error::Refused(Code::TaxRateMissing, extra)
}

/// Sets what `class` is taxed at from that day on, until a later rate.
pub fn set_rate(
    tx: &mut Tx,
    venue: VenueId,
    class: TaxClassId,
    valid_from: Date,
    rate_milli: i64,
) -> Result<()> {
    let rate = Rate::from_scaled(rate_milli).map_err(Error::bug)?;
    store::put_rate(
        tx,
        venue,
        &TaxRate {
            tax_class_id: class,
            rate,
            valid_from,
        },
    )?;
    tx.audit_new("tax_rate.set", venue, &(class, valid_from, rate_milli))
}

/// One class's rate from one day on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TaxRate {
    pub tax_class_id: TaxClassId,
    /// In percent, with up to three places.
    #[schema(value_type = String, example = "8.875")]
    pub rate: Rate,
    /// The first business day that it is valid on.
    #[schema(value_type = String, format = Date, example = "2026-01-01")]
    pub valid_from: Date,
}

/// Every rate of a venue, past and future ones too.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaxRates {
    pub rates: Vec<TaxRate>,
    #[serde(skip)]
    pub version: i64,
}

impl Reply for TaxRates {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReplaceTaxRates {
    pub rates: Vec<TaxRate>,
}

pub fn rates_of(read: &mut Read, venue: VenueId) -> Result<TaxRates> {
    // The rates are part of the venue, so they bear its version.
    let version = super::venues::version(read, venue)?;
    let rates = store::rates_of(read, venue)?;
    Ok(TaxRates { rates, version })
}

/// Replaces all rates of the venue. Orders keep the rates that they were opened with.
pub fn replace_rates(
    tx: &mut Tx,
    venue: VenueId,
    ask: &ReplaceTaxRates,
    if_match: Option<&HeaderValue>,
) -> Result<TaxRates> {
    let before = rates_of(tx, venue)?;
    etag::honour(if_match, before.version)?;
    check_rates(tx, ask)?;
    super::venues::touch(tx, venue, before.version)?;
    store::delete_rates(tx, venue)?;
    for rate in &ask.rates {
        store::put_rate(tx, venue, rate)?;
    }
    let after = rates_of(tx, venue)?;
    tx.audit("tax_rates.replace", venue, Some(&before), Some(&after))?;
    Ok(after)
}

fn check_rates(read: &mut Read, ask: &ReplaceTaxRates) -> Result<()> {
    let mut wrong = Vec::new();
    if ask.rates.len() > RATES_MAX {
        let message = format!("Send at most {RATES_MAX} rates.");
        return Err(Error::field("/rates", "too_many", message));
    }
    for (place, rate) in ask.rates.iter().enumerate() {
        let same = |other: &&TaxRate| {
            (other.tax_class_id, other.valid_from) == (rate.tax_class_id, rate.valid_from)
        };
        if ask.rates[..place].iter().any(|other| same(&other)) {
            let message = "Send one rate for a class and a day.";
            wrong.push(Field::new(format!("/rates/{place}"), "repeated", message));
        }
        if store::find_class(read, rate.tax_class_id)?.is_none() {
            let pointer = format!("/rates/{place}/taxClassId");
            let message = "Send the id of a tax class of this chain.";
            wrong.push(Field::new(pointer, "unknown", message));
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(wrong))
    }
}
