//! Rules that stand behind rewards: published and versioned like any other, so that an order names the one that
//! priced it, but in no list and applied to nobody without a code.

use engine::discount::Discount as Rule;

use super::{EditDiscount, store};
use crate::hall::error::{Error, Result};
use crate::hall::id::{DiscountId, VenueId};
use crate::hall::store::Tx;

/// Publishes `rule` under a new id at `venues`, everywhere where none is named.
pub fn create_hidden(tx: &mut Tx, rule: &Rule, venues: &[VenueId]) -> Result<DiscountId> {
    let id: DiscountId = tx.new_id();
    store::insert_hidden(tx, id, rule)?;
    publish(tx, id, 1, rule, venues)?;
    Ok(id)
}

/// Publishes `rule` as the next version of a hidden one; what was issued before goes by it too.
///
/// # Errors
/// `NotFound` for a discount that is none of those, or is archived.
pub fn change_hidden(tx: &mut Tx, id: DiscountId, rule: &Rule, venues: &[VenueId]) -> Result<()> {
    let version = store::update_hidden(tx, id, rule)?;
    publish(tx, id, version, rule, venues)
}

fn publish(
    tx: &mut Tx,
    id: DiscountId,
    version: i64,
    rule: &Rule,
    venues: &[VenueId],
) -> Result<()> {
    let whole = Rule {
        id: id.to_string().into(),
        version: u32::try_from(version).map_err(Error::bug)?,
        is_automatic: false,
        ..rule.clone()
    };
    store::insert_version(tx, id, version, &whole, &EditDiscount::default())?;
    store::replace_venues(tx, id, venues)?;
    tx.audit_new("discount.publish", id, &whole)
}
