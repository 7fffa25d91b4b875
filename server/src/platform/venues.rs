//! Venues: where the chain is, in which zone and currency, open when, and how its till works.

use std::collections::BTreeSet;

use axum::http::HeaderValue;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use phonenumber::country;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Archived;
use super::hours::{OpeningHours, minute};
use super::store::venues as store;
use crate::hall::call::Reply;
use crate::hall::error::{Error, Field, Result};
use crate::hall::etag;
use crate::hall::id::VenueId;
use crate::hall::identity::{self, Regulated, TaxMode, TillMode};
use crate::hall::money::unknown_currency;
use crate::hall::page::{Page, Paging};
use crate::hall::store::{Read, Tx};
use crate::hall::text::check_line;

/// Past noon a day would belong to the one before for most of its light.
const BUSINESS_DAY_START_MAX: i64 = 12 * 60;

/// The command that makes a venue, and that `PUT` makes it anew with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateVenue {
    /// Unique in the chain, for addresses of pages.
    #[schema(example = "harbour")]
    pub slug: String,
    #[schema(example = "Boule & Bar Harbour")]
    pub name: String,
    /// IANA name.
    #[schema(example = "Europe/Stockholm")]
    pub zone: String,
    /// ISO 3166 alpha-2: the region of phone numbers without a country.
    #[schema(example = "SE")]
    pub country: String,
    /// ISO 4217; it never changes.
    #[schema(example = "SEK")]
    pub currency: String,
    #[schema(example = "sv")]
    pub language: String,
    /// When a business day ends and the next begins.
    #[serde(default = "five")]
    #[schema(example = "05:00")]
    pub business_day_start: String,
    pub tax_mode: TaxMode,
    pub till_mode: TillMode,
    /// Classes whose items take no comp, BOGO, combo, free item or points here. Orders go by it from their
    /// next item on.
    #[serde(default = "alcohol")]
    #[schema(example = json!(["ALCOHOL"]))]
    pub regulated: Vec<Regulated>,
    #[serde(default)]
    pub opening_hours: OpeningHours,
}

/// What is regulated unless a venue says otherwise.
pub fn alcohol() -> Vec<Regulated> {
    vec![Regulated::Alcohol]
}

fn five() -> String {
    "05:00".into()
}

/// One location of the chain.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Venue {
    pub id: VenueId,
    #[schema(example = "harbour")]
    pub slug: String,
    #[schema(example = "Boule & Bar Harbour")]
    pub name: String,
    #[schema(example = "Europe/Stockholm")]
    pub zone: String,
    #[schema(example = "SE")]
    pub country: String,
    #[schema(example = "SEK")]
    pub currency: String,
    #[schema(example = "sv")]
    pub language: String,
    #[schema(example = "05:00")]
    pub business_day_start: String,
    pub tax_mode: TaxMode,
    pub till_mode: TillMode,
    #[schema(example = json!(["ALCOHOL"]))]
    pub regulated: Vec<Regulated>,
    pub opening_hours: OpeningHours,
    pub archived_at: Option<Timestamp>,
    pub created_at: Timestamp,
    #[serde(skip)]
    pub version: i64,
}

impl Reply for Venue {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

impl Venue {
    /// The command that would make it as it is now.
    pub(super) fn command(&self) -> CreateVenue {
        CreateVenue {
            slug: self.slug.clone(),
            name: self.name.clone(),
            zone: self.zone.clone(),
            country: self.country.clone(),
            currency: self.currency.clone(),
            language: self.language.clone(),
            business_day_start: self.business_day_start.clone(),
            tax_mode: self.tax_mode,
            till_mode: self.till_mode,
            regulated: self.regulated.clone(),
            opening_hours: self.opening_hours.clone(),
        }
    }
}

impl CreateVenue {
    /// Notes in `wrong` every field that is not right.
    pub fn check(&self, pointer: &str, wrong: &mut Vec<Field>) {
        check_slug(&self.slug, &format!("{pointer}/slug"), wrong);
        check_line(&self.name, 100, &format!("{pointer}/name"), wrong);
        let mut no = |name: &str, code: &str, message: &str| {
            wrong.push(Field::new(format!("{pointer}/{name}"), code, message));
        };
        let named = TimeZone::get(&self.zone);
        if named.is_ok_and(|zone| zone.iana_name() == Some(&self.zone)) {
        } else {
            no(
                "zone",
                "unknown",
                "Send an IANA name, like \"Europe/Stockholm\".",
            );
        }
        if self.country.parse::<country::Id>().is_err() {
            no(
                "country",
                "unknown",
                "Send two letters of ISO 3166, like \"SE\".",
            );
        }
        if minute(&self.business_day_start).is_none_or(|start| start > BUSINESS_DAY_START_MAX) {
            let message = "Send a time of day from \"00:00\" to \"12:00\".";
            no("businessDayStart", "invalid", message);
        }
        let classes: BTreeSet<Regulated> = self.regulated.iter().copied().collect();
        if classes.len() < self.regulated.len() {
            no("regulated", "duplicate", "Send each class once.");
        }
        check_language(&self.language, &format!("{pointer}/language"), wrong);
        if self.currency.parse::<engine::money::Currency>().is_err() {
            wrong.push(unknown_currency(&format!("{pointer}/currency")));
        }
        self.opening_hours
            .check(&format!("{pointer}/openingHours"), wrong);
    }
}

/// Small letters and digits with single hyphens between them, as addresses have them.
pub(super) fn check_slug(slug: &str, pointer: &str, wrong: &mut Vec<Field>) {
    let part = |part: &str| {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        !part.is_empty() && part.bytes().all(fits)
    };
    if slug.len() > 40 || !slug.split('-').all(part) {
        let message = "Send 1 to 40 small letters and digits, with single hyphens between them.";
        wrong.push(Field::new(pointer, "invalid", message));
    }
}

/// A language as browsers name it: `sv`, `pt-BR`.
pub(super) fn check_language(language: &str, pointer: &str, wrong: &mut Vec<Field>) {
    let (name, region) = language.split_once('-').unwrap_or((language, "XX"));
    let fits = (2..=3).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase())
        && region.len() == 2
        && region.bytes().all(|b| b.is_ascii_uppercase());
    if !fits {
        let message = "Send a language like \"sv\" or \"pt-BR\".";
        wrong.push(Field::new(pointer, "invalid", message));
    }
}

/// Opens a venue; what it sells, and to whom, comes after.
pub fn open(tx: &mut Tx, ask: &CreateVenue) -> Result<VenueId> {
    create(tx, ask).map(|venue| venue.id)
}

pub fn create(tx: &mut Tx, ask: &CreateVenue) -> Result<Venue> {
    checked(ask)?;
    let id: VenueId = tx.new_id();
    store::insert(tx, id, ask)?;
    let made = venue(tx, id)?;
    tx.audit_new("venue.open", id, &made)?;
    Ok(made)
}

fn checked(ask: &CreateVenue) -> Result<()> {
    let mut wrong = Vec::new();
    ask.check("", &mut wrong);
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(wrong))
    }
}

pub fn edit(
    tx: &mut Tx,
    id: VenueId,
    ask: &CreateVenue,
    if_match: Option<&HeaderValue>,
) -> Result<Venue> {
    let before = venue(tx, id)?;
    etag::honour(if_match, before.version)?;
    checked(ask)?;
    if ask.currency != before.currency {
        let message = format!("Keep {}: amounts here are in it.", before.currency);
        return Err(Error::field("/currency", "fixed", message));
    }
    store::update(tx, id, ask, before.version)?;
    let after = venue(tx, id)?;
    tx.audit("venue.edit", id, Some(&before), Some(&after))?;
    Ok(after)
}

/// Puts the venue away: what happened there is still read, nothing new happens.
pub fn archive(tx: &mut Tx, id: VenueId, if_match: Option<&HeaderValue>) -> Result<()> {
    let before = venue(tx, id)?;
    etag::honour(if_match, before.version)?;
    if before.archived_at.is_none() {
        store::mark_archived(tx, id, Some(tx.now()))?;
        tx.audit("venue.archive", id, Some(&before), None::<&()>)?;
    }
    Ok(())
}

pub fn restore(tx: &mut Tx, id: VenueId) -> Result<Venue> {
    let before = venue(tx, id)?;
    if before.archived_at.is_some() {
        store::mark_archived(tx, id, None)?;
        tx.audit_new("venue.restore", id, &before)?;
    }
    venue(tx, id)
}

pub fn venue(read: &mut Read, id: VenueId) -> Result<Venue> {
    store::find(read, id)?.ok_or(Error::NotFound("venue"))
}

pub fn venues(read: &mut Read, paging: &Paging, filter: Archived) -> Result<Page<Venue>> {
    store::list(read, paging, filter)
}

/// By whose clock the chain lives where nobody says at which venue: its first.
pub fn home(read: &mut Read) -> Result<identity::Venue> {
    let first = store::home(read)?.ok_or(Error::NotFound("venue"))?;
    identity::venue(read, first)?.ok_or(Error::NotFound("venue"))
}

/// The country of the first venue: the region of a guest's phone number where nothing says more.
pub fn home_country(read: &mut Read) -> Result<String> {
    Ok(store::first_country(read)?.unwrap_or_default())
}

/// The zone of the first venue: the calendar of what belongs to no venue.
pub fn home_zone(read: &mut Read) -> Result<TimeZone> {
    match store::first_zone(read)? {
        Some(zone) => TimeZone::get(&zone).map_err(Error::bug),
        None => Ok(TimeZone::UTC),
    }
}

/// Notes in `wrong` ids that are no venue of this chain.
pub(super) fn check_known(
    read: &mut Read,
    ids: impl IntoIterator<Item = (String, VenueId)>,
    wrong: &mut Vec<Field>,
) -> Result<()> {
    for (pointer, id) in ids {
        if store::find(read, id)?.is_none() {
            let message = "Send the id of a venue of this chain.";
            wrong.push(Field::new(pointer, "unknown", message));
        }
    }
    Ok(())
}

pub(super) fn version(read: &mut Read, id: VenueId) -> Result<i64> {
    venue(read, id).map(|venue| venue.version)
}

/// Gives the venue its next version, unless somebody was quicker.
pub(super) fn touch(tx: &mut Tx, id: VenueId, version: i64) -> Result<()> {
    store::touch(tx, id, version)
}
