//! Money that goes back: a row of its own beside the payment that it came from.

use engine::points::proportion;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::{Method, Payment, PaymentKind, Status, SubjectKind, Taking, Transition, store};
use crate::hall::error::{Error, Result};
use crate::hall::id::{PaymentId, RefundId, VenueId};
use crate::hall::journal::EventType;
use crate::hall::money::Money;
use crate::hall::store::{Read, Tx};

/// A payment as far as money can go back to it. Minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Captured {
    pub id: PaymentId,
    pub method: Method,
    pub amount: i64,
    pub tip: i64,
    pub rounding: i64,
    pub refunded: i64,
    pub refunded_tip: i64,
    pub refunded_rounding: i64,
    /// Amount and tip in the chain's reporting currency.
    pub reporting_amount: i64,
}

impl Captured {
    /// What was exactly due and paid by it, and has not gone back.
    pub fn exact_left(&self) -> i64 {
        (self.amount - self.rounding) - (self.refunded - self.refunded_rounding)
    }

    /// In coins.
    pub fn left(&self) -> i64 {
        self.amount - self.refunded
    }

    pub fn tip_left(&self) -> i64 {
        self.tip - self.refunded_tip
    }
}

/// What goes back to one payment.
#[derive(Debug, Clone)]
pub struct GiveBack {
    /// The payment as it was when this was decided.
    pub from: Captured,
    pub refund: RefundId,
    pub subject: (SubjectKind, String),
    pub venue: VenueId,
    /// In coins, without the tip.
    pub amount: i64,
    pub tip: i64,
    /// The amount less what was exactly to go back.
    pub rounding: i64,
    pub currency: String,
    pub at: Timestamp,
}

/// What was captured for a subject, the newest first.
pub fn captured(read: &mut Read, subject_id: &str) -> Result<Vec<Captured>> {
    store::captured(read, subject_id)
}

/// Gives money back: never more than is left of the payment, whoever else refunds it at the same time.
///
/// # Errors
/// `Again` where the payment is not what it was when this was decided.
pub fn give_back(tx: &mut Tx, back: &GiveBack) -> Result<Payment> {
    let Some(status) = store::take_off(tx, back)? else {
        return Err(Error::Again("the payment was refunded meanwhile".into()));
    };
    let actor = tx.scope().by.actor.clone();
    let money = |amount| Money::of(amount, &back.currency);
    let (seq, from) = store::trail_end(tx, back.from.id)?;
    let transition = |action: &str, from, to, metadata: Json| Transition {
        at: back.at,
        actor: actor.clone(),
        action: action.into(),
        from,
        to,
        metadata,
    };
    let note =
        json!({"refundId": back.refund, "amount": money(back.amount), "tip": money(back.tip)});
    store::append(
        tx,
        back.from.id,
        seq,
        &transition("refunded", from, status, note),
    )?;

    let id: PaymentId = tx.new_id();
    let taking = Taking {
        subject: back.subject.clone(),
        venue: back.venue,
        kind: PaymentKind::Refund,
        method: back.from.method,
        amount: back.amount,
        tip: back.tip,
        rounding: back.rounding,
        currency: back.currency.clone(),
        reporting_amount: reported(back),
        external_id: None,
        at: back.at,
    };
    store::insert(tx, id, &taking, Some(back.from.id), &actor)?;
    let given = transition(
        "given back",
        None,
        Status::Succeeded,
        json!({"refundId": back.refund}),
    );
    store::append(tx, id, 1, &given)?;
    let payment = Payment {
        id,
        kind: taking.kind,
        method: taking.method,
        status: Status::Succeeded,
        amount: money(back.amount),
        tip: money(back.tip),
        rounding: money(back.rounding),
        refunded: money(0),
        refunded_tip: money(0),
        parent_payment_id: Some(back.from.id),
        external_id: None,
        taken_by: actor.clone(),
        at: back.at,
        audit_trail: vec![given],
    };
    tx.audit_new("payment.refund", id, &payment)?;
    tx.emit(EventType::PaymentRefunded, Some(back.venue), &payment)?;
    Ok(payment)
}

/// The share of the payment's reporting amount, at the sale's own rate: all shares sum to the whole.
fn reported(back: &GiveBack) -> i64 {
    let from = &back.from;
    let so_far = |part| match part {
        0 => 0,
        part => proportion(from.reporting_amount, part, from.amount + from.tip),
    };
    let before = from.refunded + from.refunded_tip;
    so_far(before + back.amount + back.tip) - so_far(before)
}
