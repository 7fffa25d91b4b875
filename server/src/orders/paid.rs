//! Money on an order: what a payment moves, and what goes back of it while the order is open.

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Status, Tab, decide, holds, show, store};
use crate::hall::error::Result;
use crate::hall::identity::Venue;
use crate::hall::store::Tx;

/// What a payment moves on the order.
#[derive(Debug, Clone, Copy)]
pub struct Paid {
    pub amount: i64,
    pub tip: i64,
    pub rounding: i64,
    pub at: Timestamp,
    /// The business day of that instant.
    pub on: Date,
}

/// Books a payment on the order, and closes it when nothing is due any more: `reporting_total` then says what was
/// spent in the reporting currency.
pub fn book_payment(
    tx: &mut Tx,
    venue: &Venue,
    tab: &mut Tab,
    paid: Paid,
    reporting_total: impl FnOnce(&mut Tx, i64) -> Result<i64>,
) -> Result<()> {
    let before = tab.version;
    holds::secure(tx, venue, tab, |tx, candidate| {
        totals_without(tx, venue, tab, candidate)
    })?;
    tab.paid += paid.amount + paid.tip;
    tab.tip += paid.tip;
    tab.rounding += paid.rounding;
    tab.version += 1;
    let reporting = if tab.due() == 0 {
        let spent = tab.total() - tab.tip;
        let reporting = reporting_total(tx, spent)?;
        tab.status = Status::Paid;
        tab.closed_at = Some(paid.at);
        tab.paid_on = Some(paid.on);
        holds::finish(tx, venue, tab)?;
        Some(reporting)
    } else {
        holds::pin(tx, tab)?;
        None
    };
    store::save_payment(tx, tab, before, reporting)
}

/// Money that goes back of the payments of an open order: in coins, without the tip. Minor units.
#[derive(Debug, Clone, Copy)]
pub struct Back {
    pub amount: i64,
    pub tip: i64,
    pub rounding: i64,
}

/// Takes what goes back off what an open order was paid. With the last of it what the order holds has its time again.
///
/// # Errors
/// `Again` where somebody moved the order meanwhile.
pub fn book_back(tx: &mut Tx, tab: &mut Tab, back: Back) -> Result<()> {
    let before = tab.version;
    tab.paid -= back.amount + back.tip;
    tab.tip -= back.tip;
    tab.rounding -= back.rounding;
    tab.version += 1;
    if tab.paid == 0 {
        holds::unpin(tx, tab)?;
    }
    store::save_payment(tx, tab, before, None)
}

/// What the order would cost without the discount that used what is gone.
fn totals_without(tx: &mut Tx, venue: &Venue, tab: &Tab, candidate: &str) -> Result<show::Totals> {
    let mut without = tab.clone();
    without.asks.take_off(candidate);
    without.decided = decide::decide(tx, venue, &without)?.decided;
    show::totals(&without)
}
