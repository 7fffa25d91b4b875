//! What went back of an order: one row for each refund, numbered 1, 2, 3 …, never changed.

use engine::refund::{self as reckoned, Ask};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Status, Tab, show, store};
use crate::hall::call::Reply;
use crate::hall::error::Result;
use crate::hall::id::{LineId, PaymentId, RefundId};
use crate::hall::money::Money;
use crate::hall::store::{Read, Tx};
use crate::payments::Method;

/// What went back by a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RefundKind {
    /// Something of what was sold.
    Sale,
    /// Money of an order that was still open: nothing was sold yet.
    Payment,
}

/// Money of an order that went back.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Refund {
    pub id: RefundId,
    /// 1, 2, 3 … for each order.
    #[schema(example = 1)]
    pub seq: i64,
    pub kind: RefundKind,
    /// What went back without tips, before cash rounding: for what was sold, tax included, or of what had been paid.
    pub amount: Money,
    pub tax: Money,
    pub tax_by_rate: Vec<TaxBack>,
    pub tip: Money,
    /// What was handed out less what was exactly to go back.
    pub rounding: Money,
    /// Empty for a refund by amount.
    pub items: Vec<ItemBack>,
    pub payouts: Vec<Payout>,
    /// Redeemed points that came back.
    #[schema(example = 808)]
    pub points_restored: i64,
    /// Earned points that were taken back.
    #[schema(example = 36)]
    pub points_reversed: i64,
    #[schema(example = "the beer was flat")]
    pub reason: String,
    pub by: String,
    pub at: Timestamp,
}

impl Reply for Refund {}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaxBack {
    /// Percent.
    #[schema(example = "25")]
    pub rate: String,
    pub tax: Money,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ItemBack {
    pub item_id: LineId,
    #[schema(example = "1")]
    pub quantity: String,
    /// Without the tax where prices are without it.
    pub amount: Money,
}

/// Where money went, and how much of it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Payout {
    pub payment_id: PaymentId,
    /// The payment that it came from.
    pub parent_payment_id: PaymentId,
    pub method: Method,
    pub amount: Money,
    pub tip: Money,
}

/// What has gone back of an order so far, and what its customer's spend counts of it.
#[derive(Debug, Clone)]
pub struct SoFar {
    /// Of the last refund; 0 before the first.
    pub seq: i64,
    pub refunded: reckoned::Refunded,
    pub reporting_total: i64,
    pub reporting_refunded: i64,
}

/// A refund as it is written: what was asked, what the engine reckoned, and where the money went.
#[derive(Debug, Clone)]
pub struct Booking {
    pub id: RefundId,
    pub seq: i64,
    pub kind: RefundKind,
    pub ask: Ask,
    pub reckoned: reckoned::Refund,
    pub tip: i64,
    pub rounding: i64,
    pub points_reversed: i64,
    pub payouts: Vec<Payout>,
    pub reason: String,
    pub at: Timestamp,
}

/// What has gone back of a paid order.
pub fn refunded_so_far(read: &mut Read, tab: &Tab) -> Result<SoFar> {
    let last = store::refunds::last(read, tab.id)?;
    let nothing = || reckoned::Refunded::none(&tab.decided.evaluation);
    Ok(SoFar {
        seq: last.seq,
        refunded: last.refund.map_or_else(nothing, |refund| refund.so_far),
        reporting_total: last.reporting_total,
        reporting_refunded: last.reporting_refunded,
    })
}

/// Moves the order on: so much has gone back in coins with tips, and it is wholly refunded or in part.
///
/// # Errors
/// `Again` where somebody moved the order meanwhile.
pub fn mark_refunded(
    tx: &mut Tx,
    tab: &mut Tab,
    back: i64,
    reporting: i64,
    is_whole: bool,
) -> Result<()> {
    let before = tab.version;
    tab.refunded += back;
    tab.version += 1;
    tab.status = if is_whole {
        Status::Refunded
    } else {
        Status::PartiallyRefunded
    };
    store::refunds::save(tx, tab, before, reporting)
}

/// Appends the refund to the order's.
pub fn book_refund(tx: &mut Tx, tab: &Tab, booking: &Booking) -> Result<Refund> {
    let by = tx.scope().by.actor.clone();
    store::refunds::insert(tx, tab, booking, &by)?;
    let kept = store::refunds::Booked {
        id: booking.id,
        seq: booking.seq,
        kind: booking.kind,
        tip: booking.tip,
        rounding: booking.rounding,
        points_reversed: booking.points_reversed,
        reason: booking.reason.clone(),
        by,
        at: booking.at,
        refund: booking.reckoned.clone(),
        payouts: booking.payouts.clone(),
    };
    Ok(shown(tab, kept))
}

/// The refunds of an order, the first one first.
pub fn refunds(read: &mut Read, tab: &Tab) -> Result<Vec<Refund>> {
    let kept = store::refunds::of(read, tab.id)?;
    Ok(kept.into_iter().map(|kept| shown(tab, kept)).collect())
}

fn shown(tab: &Tab, kept: store::refunds::Booked) -> Refund {
    let money = |amount: i64| Money::of(amount, &tab.currency);
    let refund = kept.refund;
    Refund {
        id: kept.id,
        seq: kept.seq,
        kind: kept.kind,
        amount: money(refund.amount),
        tax: money(refund.tax),
        tax_by_rate: refund
            .tax_by_rate
            .iter()
            .map(|rate| TaxBack {
                rate: rate.rate.to_string(),
                tax: money(rate.tax),
            })
            .collect(),
        tip: money(kept.tip),
        rounding: money(kept.rounding),
        items: refund
            .lines
            .iter()
            .filter_map(|back| item_back(tab, back))
            .collect(),
        payouts: kept.payouts,
        points_restored: refund.points_restored,
        points_reversed: kept.points_reversed,
        reason: kept.reason,
        by: kept.by,
        at: kept.at,
    }
}

/// Units as the till counts them: a line of "1.5" is one unit, and went back as "1.5".
fn item_back(tab: &Tab, back: &reckoned::LineRefund) -> Option<ItemBack> {
    let id = back.line_id.as_str();
    let line = tab.lines.iter().find(|line| line.id.to_string() == id)?;
    let unit_milli = if line.quantity_milli % 1_000 == 0 {
        1_000
    } else {
        line.quantity_milli
    };
    Some(ItemBack {
        item_id: line.id,
        quantity: show::decimal(back.units * unit_milli),
        amount: Money::of(back.amount, &tab.currency),
    })
}
