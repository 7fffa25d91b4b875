//! What a customer's visits, payments and points add up to, moved by one guarded statement each.
//!
//! The row of a customer is hot: who moves it declares `Hot::of(tenant, "customer", id)`.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;

use super::store::counters as store;
use crate::hall::error::{Error, Result};
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
    pub is_archived: bool,
    pub merged_into: Option<CustomerId>,
}

pub fn brief(read: &mut Read, customer: CustomerId) -> Result<Option<Brief>> {
    store::brief(read, customer)
}

/// Where a customer is written to, and in which language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    pub email: Option<String>,
    pub phone: Option<String>,
    pub language: String,
}

impl Contact {
    /// The address and its channel: the email before the phone.
    pub fn address(&self) -> Option<(&str, &'static str)> {
        let email = self.email.as_deref().map(|email| (email, "EMAIL"));
        email.or(self.phone.as_deref().map(|phone| (phone, "SMS")))
    }
}

/// Of those who are there still; who was archived or merged is left out.
pub fn contacts(read: &mut Read, customers: &[CustomerId]) -> Result<HashMap<CustomerId, Contact>> {
    store::contacts(read, customers)
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

/// What a customer has in points, and how many rows their ledger has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purse {
    pub balance: i64,
    pub debt: i64,
    /// Held by open orders.
    pub held: i64,
    /// Whoever moves points adds a row: what was read while this stood is still so while it stands.
    pub ledger_rows: i64,
    /// No open lot ends before; `None`: none of them ends.
    pub ends_at: Option<Timestamp>,
}

/// What of a customer's points has lapsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lapsed {
    pub customer: CustomerId,
    /// Rows that the ledger had when the lots were looked at.
    pub seen: i64,
    /// 0 where what was due has been spent; then the ledger gets no row.
    pub points: i64,
    /// When the next of what stays open ends.
    pub next: Option<Timestamp>,
}

/// # Errors
/// `NotFound` where there is no such customer.
pub fn purse(read: &mut Read, customer: CustomerId) -> Result<Purse> {
    store::purse(read, customer)?.ok_or(Error::NotFound("customer"))
}

/// As [`purse`], of many at once; who is not there is left out.
pub fn purses(read: &mut Read, customers: &[CustomerId]) -> Result<HashMap<CustomerId, Purse>> {
    store::purses(read, customers)
}

/// Customers of whom an open lot may have ended by `at`, the longest due first.
pub fn points_due(read: &mut Read, at: Timestamp, limit: i64) -> Result<Vec<CustomerId>> {
    store::points_due(read, at, limit)
}

/// Takes lapsed points from many balances at once, and notes when each customer is due next.
///
/// # Errors
/// `Again` where somebody moved the points of one of them meanwhile.
pub fn expire_points(tx: &mut Tx, lapsed: &[Lapsed]) -> Result<()> {
    if store::expire_points(tx, lapsed)? {
        Ok(())
    } else {
        Err(moved_meanwhile())
    }
}

/// Notes that an open lot of the customer ends at `at`.
pub fn end_points_by(tx: &mut Tx, customer: CustomerId, at: Timestamp) -> Result<()> {
    store::end_points_by(tx, customer, at)
}

/// Adds points that end at `ends_at` and pay debt first, and gives the number of the ledger row that says why.
pub fn add_points(
    tx: &mut Tx,
    customer: CustomerId,
    points: i64,
    ends_at: Option<Timestamp>,
) -> Result<Ledgered> {
    let added = store::add_points(tx, customer, points)?;
    let (moved, known) = added.ok_or(Error::NotFound("customer"))?;
    // Most points live longer than those that are there.
    if let Some(at) = ends_at.filter(|at| known.is_none_or(|known| *at < known)) {
        end_points_by(tx, customer, at)?;
    }
    Ok(moved)
}

/// Moves balance and debt and gives the number of the ledger row that says why. `seen` counts the rows that the
/// ledger had when the lots were looked at.
///
/// # Errors
/// `Again` where somebody moved the customer's points meanwhile.
pub fn move_points(
    tx: &mut Tx,
    customer: CustomerId,
    seen: i64,
    points: i64,
    debt: i64,
) -> Result<Ledgered> {
    let moved = store::move_points(tx, customer, seen, points, debt)?;
    let (seq, balance) = moved.ok_or_else(moved_meanwhile)?;
    Ok(Ledgered { seq, balance })
}

/// Takes `points` for good, of which the purchase that takes them held `own`. `live` are the points that could be
/// spent when the ledger had `seen` rows; what other purchases hold of them stays theirs.
///
/// # Errors
/// `Again` where points moved or were held meanwhile so that this would be too much.
pub fn spend_points(
    tx: &mut Tx,
    customer: CustomerId,
    seen: i64,
    live: i64,
    points: i64,
    own: i64,
) -> Result<Ledgered> {
    let moved = store::spend_points(tx, customer, seen, live, points, own)?;
    let (seq, balance) = moved.ok_or_else(moved_meanwhile)?;
    Ok(Ledgered { seq, balance })
}

/// Holds `more` points for an open order, of the `live` ones that could be spent when the ledger had `seen` rows.
///
/// # Errors
/// `Again` where points moved or were held meanwhile so that this would be too much.
pub fn hold_points(
    tx: &mut Tx,
    customer: CustomerId,
    seen: i64,
    live: i64,
    more: i64,
) -> Result<()> {
    if store::hold_points(tx, customer, seen, live, more)? {
        Ok(())
    } else {
        Err(moved_meanwhile())
    }
}

/// Gives held points back.
pub fn release_points(tx: &mut Tx, customer: CustomerId, points: i64) -> Result<()> {
    store::release_points(tx, customer, points)
}

fn moved_meanwhile() -> Error {
    Error::Again("the customer's points moved meanwhile".into())
}
