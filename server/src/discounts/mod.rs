//! Discounts: rules that take something off an order, as versions that never change.
//!
//! A version is the engine's own rule, stored as one text, and beside it what the engine need not know: limits of
//! uses, bounds of a value that the till gives, why a comp is given. An edit publishes the next version; orders name
//! the version by which they were priced, so an edit changes no order that was decided (L30, which a trigger keeps).
//! What is filtered or guarded stands in columns and tables of its own: the name, whether it is paused, at which
//! venues it is live, and to whom it goes (`live`). Pausing or archiving ends a discount at once, at every venue.
//!
//! Shares of experiments are given out in `experiments`, the chain's wishes stand in `policy`, and what is used of a
//! rule or a code is held and counted in `uses`, by whoever prices an order. A discount is counted from its
//! first version with a limit on.
//!
//! Keeps L08, L23 and L30. Applying a discount to an order is not done here: `orders` does that. Segments are refused
//! by name.

mod check;
mod command;
mod discount;
mod experiments;
mod hidden;
mod laws;
mod live;
mod open;
mod parse;
mod policy;
mod routes;
mod rule;
mod store;
#[cfg(test)]
mod tests;
pub mod uses;
mod words;

use axum::http::HeaderValue;
use serde::Deserialize;
use utoipa::IntoParams;

pub use command::{ComboItem, EditDiscount};
pub use discount::Discount;
pub use hidden::{change_hidden, create_hidden};
use live::Audience;
pub use live::{Live, live, pickable, predefined, published, uses_of_group};
pub use open::OpenValue;
pub use parse::parse;
pub use policy::{DiscountPolicy, EditDiscountPolicy, policy, set_policy};
pub use words::{Base, DiscountScope, DiscountType, FixedPer, TaxBasis};

use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::etag;
use crate::hall::id::{DiscountId, VenueId};
use crate::hall::journal::EventType;
use crate::hall::page::{Listing, Page};
use crate::hall::room::Room;
use crate::hall::store::{Read, Tx};

pub const ROOM: Room = Room {
    name: "discounts",
    routes: routes::routes,
    jobs: &[uses::LAPSE],
    laws: &[
        laws::OWN_VENUES,
        laws::OWN_AUDIENCE,
        laws::ALL_VERSIONS,
        laws::SHARES_APART,
        uses::COUNTED,
        uses::WITHIN,
        uses::ENDED,
        uses::IN_TIME,
    ],
};

/// Every one of them is weighed for every order.
const AUTOMATIC_MAX: i64 = 500;
/// Of one group or one customer: weighed for every order of theirs, beside the automatic ones.
const NAMED_MAX: i64 = 100;

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
    let id: DiscountId = tx.new_id();
    store::insert(tx, id, &ask)?;
    let made = publish(tx, venue, id, 1, &ask)?;
    tx.audit_new("discount.create", id, &made)?;
    Ok(made)
}

/// Writes the version, where it is live and to whom it goes, and tells the world.
fn publish(
    tx: &mut Tx,
    venue: Option<VenueId>,
    id: DiscountId,
    version: i64,
    ask: &EditDiscount,
) -> Result<Discount> {
    let experiment = experiments::claim(tx, ask)?;
    let rule = ask.rule(id, version, experiment)?;
    store::insert_version(tx, id, version, &rule, ask)?;
    store::replace_venues(tx, id, &ask.venue_ids)?;
    let audience = Audience::of(ask);
    refuse_crowd(tx, id, &audience)?;
    store::replace_audience(tx, id, &audience)?;
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
    let version = before.version + 1;
    store::update(tx, &before, version, &ask)?;
    count_uses(tx, &before, &ask)?;
    let after = publish(tx, venue, id, version, &ask)?;
    tx.audit("discount.edit", id, Some(&before), Some(&after))?;
    Ok(after)
}

/// The same rule under a new id, paused, so that it is not given twice before somebody has looked at it.
pub fn clone(tx: &mut Tx, venue: Option<VenueId>, id: DiscountId) -> Result<Discount> {
    let original = find(tx, venue, id)?;
    let venues = venue.map_or(original.venue_ids.clone(), |venue| vec![venue]);
    let copy = EditDiscount {
        name: check::copy_name(&original.name),
        active: false,
        venue_ids: venues,
        ..EditDiscount::of(&original)
    };
    create(tx, venue, &copy)
}

/// Ends the discount at once, everywhere; doing it again changes nothing.
pub fn archive(
    tx: &mut Tx,
    venue: Option<VenueId>,
    id: DiscountId,
    if_match: Option<&HeaderValue>,
) -> Result<()> {
    let before = own(tx, venue, id)?;
    etag::honour(if_match, before.version)?;
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

/// What has a limit is counted, from the version that brings the first one on.
fn count_uses(tx: &mut Tx, before: &Discount, ask: &EditDiscount) -> Result<()> {
    let was = before.max_total_uses.is_some() || before.max_uses_per_customer.is_some();
    let is = ask.max_total_uses.is_some() || ask.max_uses_per_customer.is_some();
    if is && !was {
        uses::begin_counting(tx, &before.id.to_string())?;
    }
    Ok(())
}

fn refuse_crowd(tx: &mut Tx, id: DiscountId, audience: &[Audience]) -> Result<()> {
    let Some(most) = audience.first().and_then(|one| one.discounts_max()) else {
        return Ok(());
    };
    if !store::is_crowded(tx, id, audience, most)? {
        return Ok(());
    }
    let said = format!(
        "There are {most} live discounts already that are applied without asking to whom this one is for: \
         archive or pause one first."
    );
    Err(Error::Refused(Code::MethodUnavailable, Extra::saying(said)))
}
