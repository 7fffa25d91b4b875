//! Coupons: the codes that guests type, each for one discount (1:N).
//!
//! A code is unique in its chain however it is typed (`code`), and good wherever its discount is live. Terms stand
//! on the batch: a million generated codes share one text of them, and each has a small row. A code that a person
//! chose is a batch of one; a generated code that is changed gets a batch of its own then. Uses are held and counted
//! by `discounts::uses` under the code's id, by whoever prices an order; here is what may be used, not by whom.
//!
//! A `REPEATING` or `FOREVER` code opens a run for its customer when its first use is paid (`runs`): from then on it
//! is applied untyped, and uses nothing up. Deleting or pausing a code lets the runs go on; archiving its discount
//! ends them. A reward's voucher is a personal code for one use (`personal`).
//!
//! Keeps L08, L23, L33 and L36. Who is anonymous gets one refusal for whatever is wrong with a code, from the same
//! statements (`validate`).
//!
//! Absent on purpose: another code or discount for a code that exists. Delete it and make another.

mod apply;
pub mod batches;
mod code;
mod command;
mod laws;
mod numbers;
mod personal;
mod redemptions;
mod routes;
mod runs;
mod show;
mod store;
mod terms;
#[cfg(test)]
mod tests;
mod validate;

use axum::http::HeaderValue;
use serde::Deserialize;
use utoipa::IntoParams;

pub use apply::{Coupon, compared, running, standing, typed};
pub use batches::{CouponBatch, GenerateCoupons};
pub use command::EditCoupon;
pub use personal::{
    Personal, PersonalCode, PersonalUse, Voucher, issue_personal, personal, withdraw,
};
pub use runs::{first_paid, undone};
pub use show::CouponCode;
pub use terms::Duration;
#[cfg(feature = "testing")]
pub use {code::generate, store::insert_text};

use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::etag;
use crate::hall::id::{CouponId, CustomerId, DiscountId, VenueId};
use crate::hall::identity::Venue;
use crate::hall::journal::EventType;
use crate::hall::page::{Listing, Page};
use crate::hall::patch::Change;
use crate::hall::room::Room;
use crate::hall::store::{Read, Tx};

pub const ROOM: Room = Room {
    name: "coupons",
    routes: routes::routes,
    jobs: &[batches::GENERATE],
    laws: &[
        laws::WITHIN_LIMITS,
        laws::OPENED_BY_USE,
        laws::OWN_BATCH,
        laws::ALL_MADE,
    ],
};

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CouponFilter {
    /// The beginning of the code, as it is typed.
    pub search: Option<String>,
    pub discount_id: Option<DiscountId>,
    /// Whose personal codes.
    pub customer_id: Option<CustomerId>,
    pub active: Option<bool>,
}

/// A new code for a discount that is live at `venue`, or in the chain.
pub fn create(tx: &mut Tx, venue: Option<&Venue>, ask: &EditCoupon) -> Result<CouponCode> {
    let kept = ask.checked(tx, venue)?;
    let (id, terms) = (numbers::new_batch(tx), ask.terms());
    let batch = store::Batch {
        customer: ask.customer_id,
        venue: venue.map(|venue| venue.id),
        ..store::Batch::of_one(id, ask.discount_id, &terms)?
    };
    store::insert_batch(tx, &batch)?;
    let written = ask.code.trim();
    let shown = (written != kept).then_some(written);
    store::insert(tx, &batch, &kept, shown, ask.active)?;
    let made = find(tx, None, batch.first)?;
    tx.emit(EventType::CouponUpdated, made.venue_id, &made)?;
    tx.audit_new("coupon.create", made.id, &made)?;
    Ok(made)
}

/// The code, if its discount is live at the venue.
pub fn find(read: &mut Read, venue: Option<VenueId>, id: CouponId) -> Result<CouponCode> {
    store::lists::find(read, venue, id)?.ok_or(Error::NotFound("coupon"))
}

/// Those that are not deleted: at the venue, or in the chain.
pub fn list(
    read: &mut Read,
    venue: Option<VenueId>,
    ask: &Listing<CouponFilter>,
) -> Result<Page<CouponCode>> {
    store::lists::list(read, venue, ask)
}

/// Other terms, or a pause. Orders that were paid keep what they had; open ones are priced by the new terms.
pub fn edit(
    tx: &mut Tx,
    venue: Option<&Venue>,
    id: CouponId,
    if_match: Option<&HeaderValue>,
    change: &Change<EditCoupon>,
) -> Result<CouponCode> {
    let before = own(tx, venue, id)?;
    etag::honour(if_match, before.version)?;
    if before.archived_at.is_some() {
        let said = "The code is deleted: make another.";
        return Err(Error::Conflict(Code::AlreadyDone, Extra::saying(said)));
    }
    let was = EditCoupon::of(&before);
    let ask = change.onto(&was)?;
    let used = store::most_used(tx, id)?;
    let is_voucher = store::terms_of(tx, id)?.reward_id.is_some();
    ask.check_change(tx, venue, &was, used, is_voucher)?;
    store::update(tx, id, before.version, ask.active)?;
    if ask.terms() != was.terms() || ask.customer_id != was.customer_id {
        agree(tx, &before, &ask)?;
    }
    let after = find(tx, None, id)?;
    tx.emit(EventType::CouponUpdated, after.venue_id, &after)?;
    tx.audit("coupon.edit", id, Some(&before), Some(&after))?;
    Ok(after)
}

/// Writes other terms, on a batch of its own where the code shared those it had.
fn agree(tx: &mut Tx, before: &CouponCode, ask: &EditCoupon) -> Result<()> {
    let kept = store::terms_of(tx, before.id)?;
    let terms = terms::Terms {
        reward_id: kept.reward_id,
        ..ask.terms()
    };
    if store::update_terms(tx, before.id, ask.customer_id, &terms)? {
        return Ok(());
    }
    let prefix = store::batches::prefix_of(tx, before.id)?;
    let batch = store::Batch {
        customer: ask.customer_id,
        venue: before.venue_id,
        prefix: &prefix,
        first: before.id,
        last: before.id,
        ..store::Batch::of_one(numbers::new_batch(tx), before.discount_id, &terms)?
    };
    store::split(tx, before.id, &batch)
}

/// Nobody can type the code any more; doing it again changes nothing.
pub fn delete(
    tx: &mut Tx,
    venue: Option<&Venue>,
    id: CouponId,
    if_match: Option<&HeaderValue>,
) -> Result<()> {
    let before = own(tx, venue, id)?;
    etag::honour(if_match, before.version)?;
    if before.archived_at.is_some() {
        return Ok(());
    }
    store::archive(tx, id)?;
    let after = find(tx, None, id)?;
    tx.emit(EventType::CouponUpdated, after.venue_id, &after)?;
    tx.audit("coupon.delete", id, Some(&before), Some(&after))
}

/// For a change: a code that was made elsewhere is not this venue's to change.
fn own(tx: &mut Tx, venue: Option<&Venue>, id: CouponId) -> Result<CouponCode> {
    let found = find(tx, venue.map(|venue| venue.id), id)?;
    match venue {
        Some(venue) if found.venue_id != Some(venue.id) => {
            let said =
                "The code was not made at this venue: change it under /api/v1/chain/coupons.";
            Err(Error::Refused(Code::MethodUnavailable, Extra::saying(said)))
        }
        _ => Ok(found),
    }
}

fn taken() -> Error {
    let said = "Another code of the chain reads the same: choose another one.";
    Error::Conflict(Code::NameTaken, Extra::saying(said))
}
