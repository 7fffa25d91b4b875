//! Payment rows: money that moved, for an order or a booking, known here only as a kind and an id.
//!
//! `SUCCEEDED` → `PARTIALLY_REFUNDED` → `REFUNDED`, when all of its amount has gone back; a tip stays beside. What
//! goes back is a row of its own that names its parent. Keeps L12, L13 and L15. A row is never edited out: each
//! change of its status appends to its trail in the same transaction. Absent on purpose: what a payment means for
//! its subject, and which payment a refund goes back to. `checkout` sees both.

mod laws;
mod refund;
mod store;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;

use crate::hall::call::Reply;
use crate::hall::error::Result;
use crate::hall::id::{PaymentId, VenueId};
use crate::hall::journal::EventType;
use crate::hall::money::Money;
use crate::hall::room::Room;
use crate::hall::store::{Read, Tx};

pub use refund::{Captured, GiveBack, captured, give_back};

pub const ROOM: Room = Room {
    name: "payments",
    laws: laws::ALL,
    ..Room::EMPTY
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SubjectKind {
    Order,
    Booking,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PaymentKind {
    Deposit,
    PayAtVenue,
    Online,
    Order,
    Refund,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Method {
    Stripe,
    StripeTerminal,
    Card,
    Cash,
    GiftCard,
    External,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    Created,
    Authorized,
    Succeeded,
    Failed,
    Voided,
    Refunded,
    PartiallyRefunded,
}

/// One row of money moving.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Payment {
    pub id: PaymentId,
    pub kind: PaymentKind,
    pub method: Method,
    pub status: Status,
    /// Without the tip; in cash, what was asked in coins.
    pub amount: Money,
    pub tip: Money,
    /// Cash asked less what was exactly due.
    pub rounding: Money,
    /// What of the amount has gone back so far.
    pub refunded: Money,
    pub refunded_tip: Money,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_payment_id: Option<PaymentId>,
    /// What the other side calls it: a terminal's reference, or a register's receipt number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    pub taken_by: String,
    pub at: Timestamp,
    pub audit_trail: Vec<Transition>,
}

impl Reply for Payment {}

/// A change of a payment's status, for ever.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Transition {
    pub at: Timestamp,
    pub actor: String,
    #[schema(example = "taken")]
    pub action: String,
    pub from: Option<Status>,
    pub to: Status,
    /// What belongs to it: the refund that a payment gave back, and how much.
    #[serde(skip_serializing_if = "Json::is_null")]
    #[schema(value_type = Object)]
    pub metadata: Json,
}

/// Money that was taken at the till. Amounts in minor units of `currency`.
#[derive(Debug, Clone)]
pub struct Taking {
    pub subject: (SubjectKind, String),
    pub venue: VenueId,
    pub kind: PaymentKind,
    pub method: Method,
    pub amount: i64,
    pub tip: i64,
    pub rounding: i64,
    pub currency: String,
    /// Amount and tip in the chain's reporting currency.
    pub reporting_amount: i64,
    pub external_id: Option<String>,
    pub at: Timestamp,
}

/// Records money that is already in the till: succeeded from the start.
pub fn record(tx: &mut Tx, taking: &Taking) -> Result<Payment> {
    let id: PaymentId = tx.new_id();
    let actor = tx.scope().by.actor.clone();
    let transition = Transition {
        at: taking.at,
        actor: actor.clone(),
        action: "taken".into(),
        from: None,
        to: Status::Succeeded,
        metadata: Json::Null,
    };
    store::insert(tx, id, taking, None, &actor)?;
    store::append(tx, id, 1, &transition)?;
    let money = |amount| Money::of(amount, &taking.currency);
    let payment = Payment {
        id,
        kind: taking.kind,
        method: taking.method,
        status: Status::Succeeded,
        amount: money(taking.amount),
        tip: money(taking.tip),
        rounding: money(taking.rounding),
        refunded: money(0),
        refunded_tip: money(0),
        parent_payment_id: None,
        external_id: taking.external_id.clone(),
        taken_by: actor,
        at: taking.at,
        audit_trail: vec![transition],
    };
    tx.audit_new("payment.take", id, &payment)?;
    Ok(payment)
}

/// As [`record`], and tells the world.
pub fn take(tx: &mut Tx, taking: &Taking) -> Result<Payment> {
    let payment = record(tx, taking)?;
    tx.emit(EventType::PaymentSucceeded, Some(taking.venue), &payment)?;
    Ok(payment)
}

/// The payments of one subject, oldest first, each with its trail.
pub fn of(read: &mut Read, subject_id: &str) -> Result<Vec<Payment>> {
    store::of(read, subject_id)
}
