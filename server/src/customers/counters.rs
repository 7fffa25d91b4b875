//! What a customer's visits, payments and points add up to, moved by one guarded statement each.
//!
//! The row of a customer is hot: who moves it declares `Hot::of(tenant, "customer", id)`.

use jiff::Timestamp;
use jiff::civil::Date;

use super::store::{counters as store, profiles};
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::id::{CustomerId, GroupId, VenueId};
use crate::hall::store::{Read, Tx};

/// Notes that the guest was there and left `purchase` behind; whether that is a new visit: one a business day and
/// venue, whatever it left behind.
pub fn record_visit(
    tx: &mut Tx,
    customer: CustomerId,
    venue: VenueId,
    business_day: Date,
    purchase: &str,
    at: Timestamp,
) -> Result<bool> {
    let new = store::join_visit(tx, customer, venue, business_day, purchase, at)? == 1;
    if new {
        store::add_visit(tx, customer, venue, at)?;
    }
    Ok(new)
}

/// One thing that a visit left behind was undone. With the last of them the visit counts no longer, and the guest
/// was first and last seen when what remains says; answers the purchase that had opened it.
pub fn undo_visit(
    tx: &mut Tx,
    customer: CustomerId,
    venue: VenueId,
    business_day: Date,
) -> Result<Option<String>> {
    let Some((left, opened_by)) = store::leave_visit(tx, customer, venue, business_day)? else {
        return Ok(None);
    };
    if left > 0 {
        return Ok(None);
    }
    store::subtract_visit(tx, customer, venue)?;
    Ok(opened_by)
}

/// Whether the guest has been there on that business day already.
pub fn has_visited(
    read: &mut Read,
    customer: CustomerId,
    venue: VenueId,
    business_day: Date,
) -> Result<bool> {
    store::has_visited(read, customer, venue, business_day)
}

/// What pricing and points ask of a customer, in one statement.
#[derive(Debug, Clone, Copy)]
pub struct Brief {
    pub group_id: Option<GroupId>,
    pub paid_orders: i64,
    pub loyalty_points: i64,
}

pub fn brief(read: &mut Read, customer: CustomerId) -> Result<Option<Brief>> {
    store::brief(read, customer)
}

/// Adds a paid order, in minor units of the reporting currency, to what the customer has spent.
pub fn record_paid_order(
    tx: &mut Tx,
    customer: CustomerId,
    venue: VenueId,
    reporting_amount: i64,
    at: Timestamp,
) -> Result<()> {
    store::add_paid_order(tx, customer, venue, reporting_amount, at)
}

/// Takes what went back, in minor units of the reporting currency, off what the customer has spent. A purchase that
/// went back wholly is none any more: then it is no order either.
pub fn record_refund(
    tx: &mut Tx,
    customer: CustomerId,
    venue: VenueId,
    reporting_amount: i64,
    is_whole: bool,
) -> Result<()> {
    store::subtract_paid(tx, customer, venue, reporting_amount, i64::from(is_whole))
}

/// Shows the tier beside the name at the till; the first of the ladder is shown as none.
pub fn wear_tier(tx: &mut Tx, customer: CustomerId, name: Option<&str>) -> Result<()> {
    store::wear_tier(tx, customer, name)
}

/// The ledger row that a change of points is to be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ledgered {
    /// 1, 2, 3 … per customer without a gap (L26).
    pub seq: i64,
    /// The balance after it (L01).
    pub balance: i64,
}

/// Moves balance and debt and gives the number of the ledger row that says why.
///
/// # Errors
/// `Refused(PointsShort)` where the open lots (balance + debt) or the debt would fall below zero (L02).
pub fn move_points(
    tx: &mut Tx,
    customer: CustomerId,
    delta_points: i64,
    delta_debt: i64,
) -> Result<Ledgered> {
    if let Some((seq, balance)) = store::move_points(tx, customer, delta_points, delta_debt)? {
        return Ok(Ledgered { seq, balance });
    }
    let customer = profiles::find(tx, customer)?.ok_or(Error::NotFound("customer"))?;
    let extra = Extra::none().with("loyaltyPoints", customer.loyalty_points);
    Err(Error::Refused(Code::PointsShort, extra))
}
