//! Points that are spent: on an order as its discount, or on a reward.

use engine::points::NotRedeemable;
use jiff::Timestamp;
use serde_json::Value as Json;

use super::holds::short;
use super::ledger::{Because, Entry, EntryKind, note, refuse_debtor};
use super::lots::Hand;
use super::store::{holds, lots as store};
use crate::customers;
use crate::hall::error::{Error, Result};
use crate::hall::id::{CustomerId, VenueId};
use crate::hall::journal::EventType;
use crate::hall::store::Tx;

/// Points that a paid order took off.
#[derive(Debug, Clone)]
pub struct Redeem {
    pub customer: CustomerId,
    pub venue: VenueId,
    /// The order, whose hold it uses up.
    pub purchase: String,
    pub points: i64,
    pub policy: Json,
    pub at: Timestamp,
}

/// Spends points on a purchase: its hold is used up, the lots that end soonest are taken, and never one that has
/// lapsed.
///
/// # Errors
/// `Refused(PointsShort)` where so many can no longer be spent.
pub fn redeem(tx: &mut Tx, ask: &Redeem) -> Result<Entry> {
    let own = match holds::end(tx, &ask.purchase)? {
        Some(held) if held.customer == ask.customer => held.points,
        Some(held) => {
            customers::release_points(tx, held.customer, held.points)?;
            0
        }
        None => 0,
    };
    let because = Because {
        customer: ask.customer,
        venue: Some(ask.venue),
        cause_kind: "order".into(),
        cause_id: ask.purchase.clone(),
        policy: ask.policy.clone(),
        at: ask.at,
    };
    take(tx, &because, ask.points, own)
}

/// Points that something other than an order costs: a reward.
#[derive(Debug, Clone)]
pub struct Spend {
    pub customer: CustomerId,
    pub venue: Option<VenueId>,
    pub points: i64,
    /// `reward`, …
    pub cause_kind: &'static str,
    /// What it was spent on; [`put_back`](super::put_back) of it puts the points back.
    pub cause_id: String,
    pub policy: Json,
}

/// As [`redeem`], of points that nothing holds.
///
/// # Errors
/// `Refused(PointsShort)` where so many cannot be spent, or orders hold them; `Refused(PointsOwed)` where the customer
/// owes some and the program lets nobody redeem meanwhile.
pub fn spend(tx: &mut Tx, ask: &Spend) -> Result<Entry> {
    refuse_debtor(tx, ask.venue, ask.customer)?;
    let because = Because {
        customer: ask.customer,
        venue: ask.venue,
        cause_kind: ask.cause_kind.into(),
        cause_id: ask.cause_id.clone(),
        policy: ask.policy.clone(),
        at: tx.now(),
    };
    take(tx, &because, ask.points, 0)
}

fn take(tx: &mut Tx, because: &Because, points: i64, own: i64) -> Result<Entry> {
    let customer = because.customer;
    let mut hand = Hand::open(tx, customer)?;
    let (now, purse) = (tx.now(), hand.purse);
    let live = store::live(tx, customer, now)?;
    let available = live - purse.held + own;
    if points > available.max(own.min(live)) {
        return Err(short(available.max(0)));
    }
    hand.pick_up(store::soonest(tx, customer, points, Some(now))?);
    let taken = hand.wallet().redeem(points, now).map_err(not_redeemable)?;
    let rows = purse.ledger_rows;
    let moved = customers::spend_points(tx, customer, rows, live, points, own)?;
    let entry = note(tx, because, EntryKind::Redeem, -points, moved)?;
    hand.put_down(tx)?;
    store::keep_uses(tx, customer, entry.seq, &taken)?;
    tx.audit_new("points.redeem", entry.id, &entry)?;
    tx.emit(EventType::PointsRedeemed, entry.venue_id, &entry)?;
    Ok(entry)
}

pub(super) fn not_redeemable(why: NotRedeemable) -> Error {
    match why {
        NotRedeemable::TooFew { available } => short(available),
        NotRedeemable::NotPositive => {
            Error::field("/points", "out_of_range", "Send at least 1 point.")
        }
    }
}
