//! The ledger and its lots: rows are appended, never changed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;

use super::store;
use crate::customers;
use crate::hall::call::Reply;
use crate::hall::error::Result;
use crate::hall::id::{CustomerId, LedgerId, LotId, VenueId};
use crate::hall::journal::EventType;
use crate::hall::store::{Read, Tx};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EntryKind {
    Earn,
    Redeem,
    Expire,
    Adjust,
    Reverse,
    Merge,
    Opening,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EarnKind {
    Spend,
    Visit,
    Bonus,
}

/// One row of a customer's ledger.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    pub id: LedgerId,
    pub customer_id: CustomerId,
    /// 1, 2, 3 … for each customer.
    #[schema(example = 1)]
    pub seq: i64,
    pub kind: EntryKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earn_kind: Option<EarnKind>,
    /// Signed.
    #[schema(example = 50)]
    pub points: i64,
    #[schema(example = 50)]
    pub balance_after: i64,
    pub venue_id: Option<VenueId>,
    /// What caused it: `order`, `import`, …
    #[schema(example = "order")]
    pub cause_kind: String,
    pub cause_id: String,
    /// The rules as they stood, and where each point came from.
    #[schema(value_type = Object)]
    pub policy: Json,
    pub at: Timestamp,
}

impl Reply for Entry {}

/// What a customer has.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Balance {
    pub customer_id: CustomerId,
    /// Open lots less debt.
    #[schema(example = 694)]
    pub points: i64,
    #[schema(example = 0)]
    pub debt: i64,
    pub lots: Vec<Lot>,
}

/// Points of one earn that are still open, soonest to end first.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Lot {
    pub id: LotId,
    #[schema(example = 194)]
    pub open: i64,
    pub earned_at: Timestamp,
    /// `null`: it does not end.
    pub expires_at: Option<Timestamp>,
}

impl Reply for Balance {}

/// Points that come in, with why.
#[derive(Debug, Clone)]
pub struct Credit {
    pub customer: CustomerId,
    pub venue: VenueId,
    pub earn_kind: EarnKind,
    /// More than 0.
    pub points: i64,
    pub cause_kind: &'static str,
    pub cause_id: String,
    pub purchase_id: String,
    pub policy: Json,
    pub at: Timestamp,
    pub expires_at: Option<Timestamp>,
}

/// Appends an `EARN` row and its lot, and moves the balance with them.
///
/// # Errors
/// `Violation(Unique)` where the purchase has earned this kind already (L27).
pub fn credit(tx: &mut Tx, credit: &Credit) -> Result<Entry> {
    let moved = customers::move_points(tx, credit.customer, credit.points, 0)?;
    let entry = Entry {
        id: tx.new_id(),
        customer_id: credit.customer,
        seq: moved.seq,
        kind: EntryKind::Earn,
        earn_kind: Some(credit.earn_kind),
        points: credit.points,
        balance_after: moved.balance,
        venue_id: Some(credit.venue),
        cause_kind: credit.cause_kind.into(),
        cause_id: credit.cause_id.clone(),
        policy: credit.policy.clone(),
        at: credit.at,
    };
    store::append(tx, &entry, Some(&credit.purchase_id))?;
    let lot: LotId = tx.new_id();
    store::open_lot(tx, lot, credit, entry.seq)?;
    Ok(entry)
}

/// As [`credit`], and tells the world.
pub fn credit_aloud(tx: &mut Tx, ask: &Credit) -> Result<Entry> {
    let entry = credit(tx, ask)?;
    tx.audit_new("points.earn", entry.id, &entry)?;
    tx.emit(EventType::PointsEarned, entry.venue_id, &entry)?;
    Ok(entry)
}

pub fn balance(read: &mut Read, customer: CustomerId) -> Result<Balance> {
    let known = customers::find(read, customer)?;
    let lots = store::open_lots(read, customer)?;
    let open: i64 = lots.iter().map(|lot| lot.open).sum();
    Ok(Balance {
        customer_id: customer,
        points: known.loyalty_points,
        debt: open - known.loyalty_points,
        lots,
    })
}
