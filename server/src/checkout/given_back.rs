//! Money that goes back while the order is still open: wrongly taken, or of a guest who leaves.
//!
//! Nothing is sold yet, so nothing but money goes back: what was paid and tipped grows less, and the order can be paid
//! anew, lose an item, or be voided. It leaves the rows and events of any refund (L12, L13).

use engine::refund::{Ask, Refunded};

use super::pay::check_money;
use super::refund::{
    RefundOrder, RefundedOrder, book, captured_of, of_tip_alone, pay_out, shares, tip_of,
};
use super::tenders::Share;
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::id::RefundId;
use crate::hall::identity::Venue;
use crate::hall::money::Money;
use crate::hall::store::Tx;
use crate::orders::{self, Back, Booking, RefundKind, Tab};
use crate::payments::{Captured, Method};

/// Gives money of an open order back: an amount, a tip, or all of its payments with their tips where neither is named.
pub fn give_back(
    tx: &mut Tx,
    venue: &Venue,
    mut tab: Tab,
    ask: &RefundOrder,
) -> Result<RefundedOrder> {
    let shares = chosen(tx, venue, &tab, ask)?;
    let sum = |part: fn(&Share) -> i64| shares.iter().map(part).sum::<i64>();
    let back = Back {
        amount: sum(|share| share.amount),
        tip: sum(|share| share.tip),
        rounding: sum(|share| share.rounding),
    };
    let (id, seq): (RefundId, i64) = (tx.new_id(), orders::refunded_so_far(tx, &tab)?.seq + 1);
    orders::book_back(tx, &mut tab, back)?;
    let payouts = pay_out(tx, &tab, id, &shares)?;

    let exact = back.amount - back.rounding;
    let mut reckoned = of_tip_alone(&tab, &Refunded::none(&tab.decided.evaluation));
    reckoned.amount = exact;
    let booking = Booking {
        id,
        seq,
        kind: RefundKind::Payment,
        ask: Ask::Amount(exact),
        reckoned,
        tip: back.tip,
        rounding: back.rounding,
        points_reversed: 0,
        payouts,
        reason: ask.reason.trim().to_owned(),
        at: tx.now(),
    };
    book(tx, venue, &tab, &booking)
}

/// What goes back to which payment.
fn chosen(tx: &mut Tx, venue: &Venue, tab: &Tab, ask: &RefundOrder) -> Result<Vec<Share>> {
    if ask.items.is_some() {
        let message = "The order is still open: take the item off, and send an amount to give what is paid too much.";
        return Err(Error::field("/items", "not_allowed", message));
    }
    if tab.paid == 0 {
        let detail = "Nothing is paid on the order: take the item off or void the order.";
        let extra = Extra::saying(detail).with("status", "OPEN");
        return Err(Error::Conflict(Code::OrderNotPaid, extra));
    }
    let captured = captured_of(tx, tab, ask)?;
    let mut tip = tip_of(tab, ask)?;
    let amount = match &ask.amount {
        Some(amount) => {
            check_money(tab, amount, "/amount")?;
            amount.amount
        }
        None if ask.tip.is_some() => 0,
        None => {
            tip = captured.iter().map(Captured::tip_left).sum();
            captured.iter().map(Captured::exact_left).sum()
        }
    };
    if amount == 0 && tip == 0 {
        return Err(Error::Refused(Code::NothingToRefund, Extra::none()));
    }
    let shares = shares(venue, tab, &captured, amount, tip)?;
    let step = tab.decided.evaluation.currency.cash_increment();
    let is_off = |share: &Share| {
        share.from.method == Method::Cash
            && share.exact() % step != 0
            && share.exact() != share.from.exact_left()
    };
    // Rounded again and again, coins would make the order cheaper.
    if shares.iter().any(is_off) {
        let step = Money::of(step, &tab.currency).plain();
        let said = format!("Cash comes in steps of {step}; or send all that was paid in cash.");
        return Err(Error::field("/amount/amount", "out_of_range", said));
    }
    Ok(shares)
}
