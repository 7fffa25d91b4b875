//! Money of a paid order that goes back, and all that goes back with it; of an open one see `given_back`.
//!
//! What a refund comes to is the engine's sum over what was decided when the order was paid. Here it is given back to
//! the payments, and the customer's counters, visit, points and uses follow in the same transaction (L12, L25, L29).
//! A wholly refunded order is no purchase any more: the next one is the customer's first again where it was the only
//! one. A tip stays with the staff unless it is asked for.

use engine::money::Quantity;
use engine::points::{Earned, proportion};
use engine::quote::Evaluation;
use engine::refund::{
    Ask, ItemAsk, NotRefundable, Refund as Reckoned, Refunded, points_reversed, refund as reckon,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::given_back;
use super::pay::check_money;
use super::tenders::{self, Share};
use crate::discounts::uses;
use crate::hall::call::Reply;
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::id::{CustomerId, LineId, OrderId, PaymentId, RefundId};
use crate::hall::identity::{TillMode, Venue};
use crate::hall::journal::EventType;
use crate::hall::money::Money;
use crate::hall::store::Tx;
use crate::loyalty::{self, TakeBack};
use crate::orders::{self, Booking, Order, Payout, Refund, RefundKind, SoFar, Status, Tab};
use crate::payments::{self, Captured, GiveBack, Method, SubjectKind};
use crate::{coupons, customers, leaderboards, streaks, tiers};

/// What is to go back of a paid order: items, or an amount, or all that remains where neither is given. With only a
/// tip, only the tip goes back. Of an open order money alone: an amount, or its payments with their tips.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefundOrder {
    pub items: Option<Vec<RefundItem>>,
    /// Tax included, spread over what remains.
    pub amount: Option<Money>,
    /// Of the tips that were given; of a paid order none goes back unless it is named.
    pub tip: Option<Money>,
    /// To this payment alone; else gift cards first, then cards, another register, cash.
    pub payment_id: Option<PaymentId>,
    #[schema(example = "the beer was flat")]
    pub reason: String,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefundItem {
    pub item_id: LineId,
    /// All that remains of the line where it is left out.
    #[schema(example = "1")]
    pub quantity: Option<String>,
}

/// A refund and what it made of the order.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefundedOrder {
    pub refund: Refund,
    pub order: Order,
}

impl Reply for RefundedOrder {
    fn version(&self) -> Option<i64> {
        self.order.version()
    }
}

/// Gives money of an order back.
pub fn refund(
    tx: &mut Tx,
    venue: &Venue,
    order: OrderId,
    ask: &RefundOrder,
) -> Result<RefundedOrder> {
    orders::check_reason(&ask.reason)?;
    let tab = orders::find(tx, venue.id, order)?;
    if tab.status == Status::Open {
        return given_back::give_back(tx, venue, tab, ask);
    }
    let mut tab = paid(tab)?;
    let so_far = orders::refunded_so_far(tx, &tab)?;
    let tip = tip_of(&tab, ask)?;
    let (engine_ask, reckoned) = reckoned(&tab, &so_far.refunded, ask, tip)?;
    let captured = captured_of(tx, &tab, ask)?;
    let shares = shares(venue, &tab, &captured, reckoned.amount, tip)?;
    let rounding = shares.iter().map(|share| share.rounding).sum();
    let is_whole = reckoned.so_far.is_whole(&tab.decided.evaluation);
    let was_whole = tab.status == Status::Refunded;

    let id: RefundId = tx.new_id();
    let reporting = reporting(&tab, &so_far, &reckoned.so_far);
    let back = reckoned.amount + rounding + tip;
    orders::mark_refunded(tx, &mut tab, back, reporting, is_whole)?;
    let payouts = pay_out(tx, &tab, id, &shares)?;
    let given = Given {
        refund: id,
        before: &so_far.refunded,
        reckoned: &reckoned,
        reporting: reporting - so_far.reporting_refunded,
        becomes_whole: is_whole && !was_whole,
    };
    let points_reversed = give_back(tx, venue, &tab, &given)?;

    let booking = Booking {
        id,
        seq: so_far.seq + 1,
        kind: RefundKind::Sale,
        ask: engine_ask,
        reckoned,
        tip,
        rounding,
        points_reversed,
        payouts,
        reason: ask.reason.trim().to_owned(),
        at: tx.now(),
    };
    book(tx, venue, &tab, &booking)
}

/// Keeps the refund with the order, and tells of both.
pub(super) fn book(
    tx: &mut Tx,
    venue: &Venue,
    tab: &Tab,
    booking: &Booking,
) -> Result<RefundedOrder> {
    let refund = orders::book_refund(tx, tab, booking)?;
    tx.audit_new("order.refund", booking.id, &refund)?;
    tx.emit(EventType::OrderRefunded, Some(venue.id), &refund)?;
    let mut order = orders::show(tx, tab)?;
    orders::tell(tx, EventType::OrderUpdated, &mut order)?;
    Ok(RefundedOrder { refund, order })
}

/// The order, of which something was sold.
fn paid(tab: Tab) -> Result<Tab> {
    if matches!(
        tab.status,
        Status::Paid | Status::PartiallyRefunded | Status::Refunded
    ) {
        return Ok(tab);
    }
    let status = serde_json::to_value(tab.status).unwrap_or_default();
    let why = "The order is void: nothing was paid for it.";
    Err(Error::Conflict(
        Code::OrderNotPaid,
        Extra::saying(why).with("status", status),
    ))
}

pub(super) fn tip_of(tab: &Tab, ask: &RefundOrder) -> Result<i64> {
    let Some(tip) = &ask.tip else { return Ok(0) };
    check_money(tab, tip, "/tip")?;
    Ok(tip.amount)
}

/// What the engine is asked, and what it says: after the refunds so far.
fn reckoned(tab: &Tab, so_far: &Refunded, ask: &RefundOrder, tip: i64) -> Result<(Ask, Reckoned)> {
    let sale = &tab.decided.evaluation;
    let engine_ask = match (&ask.items, &ask.amount) {
        (Some(_), Some(_)) => {
            let message = "Send either items or amount.";
            return Err(Error::field("/amount", "one_of", message));
        }
        (Some(items), None) => Ask::Items(item_asks(items)?),
        (None, Some(amount)) => {
            check_money(tab, amount, "/amount")?;
            Ask::Amount(amount.amount)
        }
        (None, None) if tip > 0 => {
            let nothing = of_tip_alone(tab, so_far);
            return Ok((Ask::Items(Vec::new()), nothing));
        }
        (None, None) => all_that_remains(tab, so_far),
    };
    let reckoned =
        reckon(sale, so_far, &engine_ask).map_err(|why| refused(tab, ask, so_far, why))?;
    Ok((engine_ask, reckoned))
}

fn item_asks(items: &[RefundItem]) -> Result<Vec<ItemAsk>> {
    let mut asks = Vec::with_capacity(items.len());
    for (place, item) in items.iter().enumerate() {
        let quantity = item.quantity.as_deref().map(|text| {
            text.parse::<Quantity>().map_err(|why| {
                let message = format!("Send a quantity such as \"1\" or \"1.5\": {why}.");
                Error::field(format!("/items/{place}/quantity"), "invalid", message)
            })
        });
        asks.push(ItemAsk {
            line_id: item.item_id.to_string().into(),
            quantity: quantity.transpose()?,
        });
    }
    Ok(asks)
}

/// By amount where money remains, since that takes everything; else what cost nothing goes back by its items.
fn all_that_remains(tab: &Tab, so_far: &Refunded) -> Ask {
    let sale = &tab.decided.evaluation;
    let remaining = sale.totals.total - so_far.total(sale);
    if remaining > 0 || so_far.is_whole(sale) {
        return Ask::Amount(remaining);
    }
    let all = |line: &engine::order::Line| ItemAsk {
        line_id: line.id.clone(),
        quantity: None,
    };
    Ask::Items(tab.decided.order.lines.iter().map(all).collect())
}

/// Nothing that was sold goes back.
pub(super) fn of_tip_alone(tab: &Tab, so_far: &Refunded) -> Reckoned {
    let rates = &tab.decided.evaluation.totals.tax_by_rate;
    let untouched = |total: &engine::quote::RateTotal| engine::refund::RateRefund {
        rate: total.rate,
        tax: 0,
    };
    Reckoned {
        amount: 0,
        tax: 0,
        tax_by_rate: rates.iter().map(untouched).collect(),
        lines: Vec::new(),
        points_restored: 0,
        so_far: so_far.clone(),
    }
}

/// The engine's refusal with its figure, said to whoever stands at the till.
fn refused(tab: &Tab, ask: &RefundOrder, so_far: &Refunded, why: NotRefundable) -> Error {
    let at = |line: &engine::id::LineId, rest: &str| {
        let items = ask.items.iter().flatten();
        let place = items
            .map(|item| item.item_id.to_string())
            .position(|id| id == line.as_str());
        format!("/items/{}/{rest}", place.unwrap_or(0))
    };
    match why {
        NotRefundable::UnknownLine(line) => Error::field(
            at(&line, "itemId"),
            "not_found",
            "Choose an item of this order that was paid.",
        ),
        NotRefundable::PartOfUnit(line) => Error::field(
            at(&line, "quantity"),
            "out_of_range",
            "Send whole units; an item of a fraction goes back whole or not at all.",
        ),
        NotRefundable::MoreThanRemains {
            line_id,
            remaining_units,
        } => {
            let detail = format!("Only {remaining_units} of the item can still go back.");
            let extra = Extra::saying(detail)
                .with("itemId", line_id.as_str())
                .with("remainingQuantity", remaining_units);
            Error::Refused(Code::RefundTooHigh, extra)
        }
        NotRefundable::AmountTooLarge { remaining } if remaining > 0 => too_high(tab, remaining),
        NotRefundable::AmountTooLarge { .. } | NotRefundable::Nothing => {
            let sale = &tab.decided.evaluation;
            let remaining = sale.totals.total - so_far.total(sale);
            let extra = Extra::none().with("remaining", remaining);
            Error::Refused(Code::NothingToRefund, extra)
        }
        NotRefundable::OtherSale => Error::bug(why),
    }
}

fn too_high(tab: &Tab, remaining: i64) -> Error {
    let most = Money::of(remaining, &tab.currency).plain();
    let detail = format!("At most {most} can still go back.");
    Error::Refused(
        Code::RefundTooHigh,
        Extra::saying(detail).with("remaining", remaining),
    )
}

/// The payments that money may go back to: all of the order, or the one that is named.
pub(super) fn captured_of(tx: &mut Tx, tab: &Tab, ask: &RefundOrder) -> Result<Vec<Captured>> {
    let mut captured = payments::captured(tx, &tab.id.to_string())?;
    if let Some(named) = ask.payment_id {
        captured.retain(|payment| payment.id == named);
        if captured.is_empty() {
            let message = "Choose a payment of this order that money came in by.";
            return Err(Error::field("/paymentId", "not_found", message));
        }
    }
    Ok(captured)
}

/// Which of `captured` the money goes back to: `amount` is exact.
pub(super) fn shares(
    venue: &Venue,
    tab: &Tab,
    captured: &[Captured],
    amount: i64,
    tip: i64,
) -> Result<Vec<Share>> {
    let tips: i64 = captured.iter().map(Captured::tip_left).sum();
    if tip > tips {
        let most = Money::of(tips, &tab.currency).plain();
        let detail = format!("At most {most} of the tips can still go back.");
        let extra = Extra::saying(detail).with("remainingTip", tips);
        return Err(Error::Refused(Code::RefundTooHigh, extra));
    }
    let currency = tab.decided.evaluation.currency;
    let Some(shares) = tenders::spread(captured, amount, tip, currency)? else {
        return Err(too_high(
            tab,
            captured.iter().map(Captured::exact_left).sum(),
        ));
    };
    for share in &shares {
        reachable(venue, share.from.method)?;
    }
    Ok(shares)
}

/// Whether money can go back that way from here. What needs the other side's yes is refused by name until it is
/// asked for one: a row that says it happened would be a lie.
fn reachable(venue: &Venue, method: Method) -> Result<()> {
    let why = match (method, venue.till_mode) {
        (Method::GiftCard, _) => {
            "Gift cards cannot be paid back to here yet; name another payment."
        }
        (Method::Stripe | Method::StripeTerminal, _) => {
            "Stripe cannot be asked for a refund here yet; name another payment."
        }
        (Method::External, _) | (Method::Card | Method::Cash, TillMode::Full) => return Ok(()),
        (Method::Card | Method::Cash, TillMode::Companion) => {
            "Here a certified register pays money back: name a payment that it took."
        }
    };
    Err(Error::Refused(Code::MethodUnavailable, Extra::saying(why)))
}

/// What the customer's spend counts no longer of the order, in all: at the sale's own rate, and all of it at the end.
fn reporting(tab: &Tab, so_far: &SoFar, after: &Refunded) -> i64 {
    let sale = &tab.decided.evaluation;
    match after.total(sale) {
        0 => 0,
        back => proportion(so_far.reporting_total, back, sale.totals.total),
    }
}

pub(super) fn pay_out(
    tx: &mut Tx,
    tab: &Tab,
    refund: RefundId,
    shares: &[Share],
) -> Result<Vec<Payout>> {
    let mut payouts = Vec::with_capacity(shares.len());
    for share in shares {
        let back = GiveBack {
            from: share.from,
            refund,
            subject: (SubjectKind::Order, tab.id.to_string()),
            venue: tab.venue,
            amount: share.amount,
            tip: share.tip,
            rounding: share.rounding,
            currency: tab.currency.clone(),
            at: tx.now(),
        };
        let payment = payments::give_back(tx, &back)?;
        payouts.push(Payout {
            payment_id: payment.id,
            parent_payment_id: share.from.id,
            method: payment.method,
            amount: payment.amount,
            tip: payment.tip,
        });
    }
    Ok(payouts)
}

/// A refund as far as what comes back beside money asks for it.
struct Given<'a> {
    refund: RefundId,
    before: &'a Refunded,
    reckoned: &'a Reckoned,
    /// Of the order's reporting total, with this refund alone.
    reporting: i64,
    /// Whether this refund is the one with which everything has gone back.
    becomes_whole: bool,
}

/// What comes back beside money: spend and orders, the visit, points and tier, and what was used up; answers the
/// earned points that were taken back.
fn give_back(tx: &mut Tx, venue: &Venue, tab: &Tab, given: &Given<'_>) -> Result<i64> {
    let order = tab.id.to_string();
    if given.becomes_whole {
        uses::release_all(tx, &order)?;
        coupons::undone(tx, &order)?;
    }
    let Some(customer) = tab.customer else {
        return Ok(0);
    };
    customers::record_refund(tx, customer, venue.id, given.reporting, given.becomes_whole)?;
    let on = tab.paid_on.unwrap_or(tab.business_day);
    let undone = if given.becomes_whole {
        customers::undo_visit(tx, customer, venue.id, on)?
    } else {
        None
    };
    let taken = take_points_back(tx, tab, customer, given, undone.as_deref())?;
    let cause = tiers::Cause {
        customer,
        venue: venue.id,
        on,
        today: venue.business_day(tx.now()),
        visits: -i64::from(undone.is_some()),
        points: -taken.unearned,
        spend: -given.reporting,
        kind: "refund",
        id: given.refund.to_string(),
        is_quiet: false,
    };
    tiers::refresh(tx, &cause)?;
    if undone.is_some() {
        let cause = ("refund", &*given.refund.to_string());
        streaks::undo(tx, venue, customer, on, cause)?;
    }
    leaderboards::count(tx, customer, venue.id, on, cause.points)?;
    Ok(taken.reversed)
}

/// Earned points in proportion, redeemed ones likewise, and those of the visit with its last purchase, whichever
/// purchase opened it.
fn take_points_back(
    tx: &mut Tx,
    tab: &Tab,
    customer: CustomerId,
    given: &Given<'_>,
    undone: Option<&str>,
) -> Result<Taken> {
    let order = tab.id.to_string();
    let root = loyalty::root_of(tx, &order)?;
    let sale = &tab.decided.evaluation;
    let (spend, bonus) = share_of(tx, &root, sale, given.before, &given.reckoned.so_far)?;
    let earned = TakeBack {
        customer,
        venue: tab.venue,
        purchase: root,
        cause_kind: "refund",
        cause_id: given.refund.to_string(),
        spend,
        bonus,
        visit: undone == Some(order.as_str()),
        restored: 0,
        at: tx.now(),
    };
    let spent = TakeBack {
        purchase: order.clone(),
        spend: 0,
        bonus: 0,
        visit: false,
        restored: given.reckoned.points_restored,
        ..earned.clone()
    };
    let opened = TakeBack {
        purchase: undone.unwrap_or_default().to_owned(),
        visit: undone.is_some_and(|opener| opener != order),
        restored: 0,
        ..spent.clone()
    };
    // What was spent comes back first: it pays what is owed before more is.
    take_all_back(tx, &[spent, earned, opened])
}

/// Of what a purchase earned by its amount and as a bonus, what goes back with the money between two states of a sale.
pub(super) fn share_of(
    tx: &mut Tx,
    root: &str,
    sale: &Evaluation,
    before: &Refunded,
    after: &Refunded,
) -> Result<(i64, i64)> {
    let Some((earned, basis)) = loyalty::earned_of(tx, root)? else {
        return Ok((0, 0));
    };
    let of_bonus = Earned {
        spend_points: earned.bonus_points,
        ..earned.clone()
    };
    Ok((
        points_reversed(sale, before, after, &earned, basis),
        points_reversed(sale, before, after, &of_bonus, basis),
    ))
}

/// What went back of what was earned.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Taken {
    /// Off the balance: no more than was there to be taken.
    pub reversed: i64,
    /// Off what the guest has earned, by which tiers and leaderboards count.
    pub unearned: i64,
}

/// One after the other.
pub(super) fn take_all_back(tx: &mut Tx, all: &[TakeBack]) -> Result<Taken> {
    let mut taken = Taken::default();
    for back in all {
        if back.visit || back.spend > 0 || back.bonus > 0 || back.restored > 0 {
            let done = loyalty::take_back(tx, back)?;
            let lost = done.entries.iter().filter(|entry| entry.points < 0);
            taken.reversed -= lost.map(|entry| entry.points).sum::<i64>();
            taken.unearned += done.unearned;
        }
    }
    Ok(taken)
}

#[cfg(test)]
mod tests;
