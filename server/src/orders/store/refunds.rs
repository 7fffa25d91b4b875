//! Refunds as rows, and the order that they move.

use super::super::{Booking, Payout, RefundKind, Tab};
use super::moved;
use crate::hall::error::Result;
use crate::hall::id::{OrderId, RefundId};
use crate::hall::store::{Read, Tx, json, word};
use crate::params;

/// Moves a paid order on by what went back; the guard is in the statement, because two tills may refund it at once.
pub fn save(tx: &mut Tx, tab: &Tab, before: i64, reporting: i64) -> Result<()> {
    let saved = tx.exec(
        "update orders set status = $4, refunded = $5, reporting_refunded = $6, version = $7, updated_at = $8
         where tenant_id = $1 and order_id = $2 and version = $3
           and status in ('PAID', 'PARTIALLY_REFUNDED', 'REFUNDED')",
        params![
            tab.id,
            before,
            word(&tab.status)?,
            tab.refunded,
            reporting,
            tab.version,
            tx.now()
        ],
    )?;
    moved(saved)
}

/// The number is unique: a refund that was reckoned beside another one does not enter.
pub fn insert(tx: &mut Tx, tab: &Tab, booking: &Booking, by: &str) -> Result<()> {
    tx.queue(
        "insert into order_refunds (tenant_id, order_id, seq, refund_id, amount, tax, tip, rounding,
           points_restored, points_reversed, reason, refunded_by, at, ask, refund, payouts, kind)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        params![
            tab.id,
            booking.seq,
            booking.id,
            booking.reckoned.amount,
            booking.reckoned.tax,
            booking.tip,
            booking.rounding,
            booking.reckoned.points_restored,
            booking.points_reversed,
            &booking.reason,
            by,
            booking.at,
            json(&booking.ask)?,
            json(&booking.reckoned)?,
            json(&booking.payouts)?,
            word(&booking.kind)?
        ],
    )
}

/// A refund as it is kept.
pub struct Booked {
    pub id: RefundId,
    pub seq: i64,
    pub kind: RefundKind,
    pub tip: i64,
    pub rounding: i64,
    pub points_reversed: i64,
    pub reason: String,
    pub by: String,
    pub at: jiff::Timestamp,
    pub refund: engine::refund::Refund,
    pub payouts: Vec<Payout>,
}

pub fn of(read: &mut Read, id: OrderId) -> Result<Vec<Booked>> {
    let rows = read.query(
        "select refund_id, seq, tip, rounding, points_reversed, reason, refunded_by, at, refund, payouts, kind
         from order_refunds where tenant_id = $1 and order_id = $2 order by seq",
        params![id],
    )?;
    let booked = rows.iter().map(|row| {
        Ok(Booked {
            id: row.get(0)?,
            seq: row.get(1)?,
            tip: row.get(2)?,
            rounding: row.get(3)?,
            points_reversed: row.get(4)?,
            reason: row.get(5)?,
            by: row.get(6)?,
            at: row.get(7)?,
            refund: row.json(8)?,
            payouts: row.json(9)?,
            kind: row.word(10)?,
        })
    });
    booked.collect()
}

/// The last refund of an order, and what of the order counts as spent.
pub struct Last {
    pub seq: i64,
    /// The last of what was sold.
    pub refund: Option<engine::refund::Refund>,
    pub reporting_total: i64,
    pub reporting_refunded: i64,
}

pub fn last(read: &mut Read, id: OrderId) -> Result<Last> {
    let row = read.one(
        "select coalesce(o.reporting_total, 0), o.reporting_refunded, r.seq, r.refund,
           (select coalesce(max(l.seq), 0) from order_refunds l where l.tenant_id = $1 and l.order_id = $2)
         from orders o left join order_refunds r
           on r.tenant_id = o.tenant_id and r.order_id = o.order_id and r.kind = 'SALE'
         where o.tenant_id = $1 and o.order_id = $2 order by r.seq desc limit 1",
        params![id],
    )?;
    let of_sale: Option<i64> = row.get(2)?;
    Ok(Last {
        seq: row.get(4)?,
        refund: of_sale.map(|_| row.json(3)).transpose()?,
        reporting_total: row.get(0)?,
        reporting_refunded: row.get(1)?,
    })
}
