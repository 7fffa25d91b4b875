//! Discounts: rules that take something off an order, as versions that never change.
//!
//! A version is the engine's own rule, stored as one text. An edit publishes the next version; orders name
//! the version by which they were priced, so an edit changes no order that was decided (L30, which a trigger
//! keeps). What is filtered or guarded stands in columns beside it: name, whether it is applied without
//! asking, whether it is paused. Archiving ends a discount at once, at every venue.
//!
//! Keeps L08, L23 and L30. What is used of a rule or a code is held and counted in `uses`, by whoever prices an order.
//!
//! Absent for now, and refused by name: what the till cannot carry through to the end. That is every type
//! but `PERCENTAGE`, every scope but `ORDER`, and discounts that are not applied without asking.

mod command;
mod hidden;
mod live;
mod routes;
mod store;
#[cfg(test)]
mod tests;
pub mod uses;
mod words;

use axum::http::HeaderValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub use command::{ComboItem, EditDiscount};
pub use hidden::{change_hidden, create_hidden};
pub use live::{Live, live};
pub use words::{Base, DiscountScope, DiscountType, FixedPer, TaxBasis};

use crate::hall::call::Reply;
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::etag;
use crate::hall::id::{DiscountId, VenueId};
use crate::hall::journal::EventType;
use crate::hall::money::Money;
use crate::hall::page::{Listing, Page};
use crate::hall::room::Room;
use crate::hall::store::{Read, Tx};

pub const ROOM: Room = Room {
    name: "discounts",
    routes: routes::routes,
    jobs: &[uses::LAPSE],
    laws: &[
        store::OWN_VENUES,
        store::ALL_VERSIONS,
        uses::COUNTED,
        uses::ENDED,
        uses::IN_TIME,
    ],
};

/// Every one of them is weighed for every order.
const AUTOMATIC_MAX: i64 = 500;

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Discount {
    pub id: DiscountId,
    /// Of the rule: orders keep the one that priced them.
    #[schema(example = 1)]
    pub version: i64,
    #[schema(example = "Afterwork")]
    pub name: String,
    pub description: Option<String>,
    #[schema(example = "#2f9e44")]
    pub label_color: Option<String>,
    /// Where it is live; empty is every venue of the chain.
    pub venue_ids: Vec<VenueId>,
    pub active: bool,
    #[serde(rename = "type")]
    pub kind: DiscountType,
    #[schema(value_type = Option<String>, example = "10")]
    pub percent: Option<engine::money::Percent>,
    pub scope: DiscountScope,
    pub is_automatic: bool,
    #[schema(example = 0)]
    pub priority: i32,
    pub base: Base,
    pub min_purchase_amount: Option<Money>,
    pub max_discount_amount: Option<Money>,
    #[schema(value_type = Option<String>, example = "2026-06-01")]
    pub valid_from: Option<engine::window::Bound>,
    #[schema(value_type = Option<String>, example = "2026-08-31")]
    pub valid_until: Option<engine::window::Bound>,
    /// 0 is Sunday; empty is every day.
    #[schema(value_type = Vec<u8>, example = json!([1, 2, 3, 4, 5]))]
    pub days_of_week: engine::window::DaysOfWeek,
    #[schema(value_type = Option<String>, example = "16:00")]
    pub time_from: Option<engine::window::TimeOfDay>,
    #[schema(value_type = Option<String>, example = "18:00")]
    pub time_until: Option<engine::window::TimeOfDay>,
    pub tax_basis: TaxBasis,
    /// `taxBasis`, as other systems say it.
    pub apply_before_tax: bool,
    pub modify_tax_basis: bool,
    pub is_stackable: bool,
    /// Uses that are held or final.
    #[schema(example = 0)]
    pub current_uses: i64,
    pub archived_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Reply for Discount {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DiscountFilter {
    /// The beginning of the name, whatever the case and accents.
    pub search: Option<String>,
    #[serde(rename = "type")]
    #[param(rename = "type")]
    pub kind: Option<DiscountType>,
    pub scope: Option<DiscountScope>,
    pub is_automatic: Option<bool>,
    pub active: Option<bool>,
}

/// A new discount; `venue` is where it was made and will be live, or `None` for the chain.
pub fn create(tx: &mut Tx, venue: Option<VenueId>, ask: &EditDiscount) -> Result<Discount> {
    let ask = ask.checked(tx, venue)?;
    refuse_crowd(tx, &ask)?;
    let id: DiscountId = tx.new_id();
    store::insert(tx, id, &ask)?;
    let made = publish(tx, venue, id, 1, &ask)?;
    tx.audit_new("discount.create", id, &made)?;
    Ok(made)
}

/// Writes the version and where it is live, and tells the world.
fn publish(
    tx: &mut Tx,
    venue: Option<VenueId>,
    id: DiscountId,
    version: i64,
    ask: &EditDiscount,
) -> Result<Discount> {
    let rule = ask.rule(id, version)?;
    store::insert_version(tx, id, version, &rule, ask)?;
    store::replace_venues(tx, id, &ask.venue_ids)?;
    let published = find(tx, venue, id)?;
    tx.emit(EventType::DiscountPublished, venue, &published)?;
    Ok(published)
}

/// The discount, if it is live at the venue, or was until it was archived.
pub fn find(read: &mut Read, venue: Option<VenueId>, id: DiscountId) -> Result<Discount> {
    store::find(read, venue, id)?.ok_or(Error::NotFound("discount"))
}

/// Those that are not archived: at the venue, or in the chain.
pub fn list(
    read: &mut Read,
    venue: Option<VenueId>,
    ask: &Listing<DiscountFilter>,
) -> Result<Page<Discount>> {
    store::list(read, venue, ask)
}

/// Publishes the next version.
pub fn edit(
    tx: &mut Tx,
    venue: Option<VenueId>,
    id: DiscountId,
    if_match: Option<&HeaderValue>,
    ask: &EditDiscount,
) -> Result<Discount> {
    let before = own(tx, venue, id)?;
    etag::honour(if_match, before.version)?;
    if before.archived_at.is_some() {
        let said = "The discount is archived: clone it to use it again.";
        return Err(Error::Conflict(Code::AlreadyDone, Extra::saying(said)));
    }
    let ask = ask.checked(tx, venue)?;
    if !(before.active && before.is_automatic) {
        refuse_crowd(tx, &ask)?;
    }
    let version = before.version + 1;
    store::update(tx, &before, version, &ask)?;
    let after = publish(tx, venue, id, version, &ask)?;
    tx.audit("discount.edit", id, Some(&before), Some(&after))?;
    Ok(after)
}

/// The same rule under a new id, paused, so that it is not given twice before somebody has looked at it.
pub fn clone(tx: &mut Tx, venue: Option<VenueId>, id: DiscountId) -> Result<Discount> {
    let original = find(tx, venue, id)?;
    let venues = venue.map_or(original.venue_ids.clone(), |venue| vec![venue]);
    let copy = EditDiscount {
        name: command::copy_name(&original.name),
        active: false,
        venue_ids: venues,
        ..EditDiscount::of(&original)
    };
    create(tx, venue, &copy)
}

/// Ends the discount at once, everywhere; doing it again changes nothing.
pub fn archive(tx: &mut Tx, venue: Option<VenueId>, id: DiscountId) -> Result<()> {
    let before = own(tx, venue, id)?;
    if before.archived_at.is_some() {
        return Ok(());
    }
    store::archive(tx, id)?;
    let after = find(tx, venue, id)?;
    tx.emit(EventType::DiscountPublished, venue, &after)?;
    tx.audit("discount.archive", id, Some(&before), Some(&after))
}

/// For a change: a discount of other venues too is not this venue's to change.
fn own(tx: &mut Tx, venue: Option<VenueId>, id: DiscountId) -> Result<Discount> {
    let found = find(tx, venue, id)?;
    match venue {
        Some(venue) if found.venue_ids != [venue] => {
            let said = "The discount is live at other venues too: change it under /api/v1/chain/discounts.";
            Err(Error::Refused(Code::MethodUnavailable, Extra::saying(said)))
        }
        _ => Ok(found),
    }
}

fn refuse_crowd(tx: &mut Tx, ask: &EditDiscount) -> Result<()> {
    if ask.active && store::automatic(tx)? >= AUTOMATIC_MAX {
        let said = format!(
            "The chain has {AUTOMATIC_MAX} live discounts that are applied without asking: archive or pause one first."
        );
        return Err(Error::Refused(Code::MethodUnavailable, Extra::saying(said)));
    }
    Ok(())
}
