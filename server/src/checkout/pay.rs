//! Taking money for an order, and what follows when nothing is due any more.

use engine::money::cash_rounding;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Paid;
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::id::OrderId;
use crate::hall::identity::{TillMode, Venue};
use crate::hall::journal::EventType;
use crate::hall::money::{AMOUNT_MAX, Money};
use crate::hall::store::Tx;
use crate::hall::text::check_line;
use crate::orders::{self, Status, Tab};
use crate::payments::{self, Method, Payment, PaymentKind, SubjectKind, Taking};
use crate::platform::{chain, rates};
use crate::{customers, leaderboards, loyalty, streaks, tiers};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PayMethod {
    Cash,
    Card,
    GiftCard,
    External,
}

const EXTERNAL_ID_MAX: usize = 200;

/// Money for an order.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pay {
    pub method: PayMethod,
    /// Without the tip; all that is due where it is left out. In cash, exact or as asked in coins.
    pub amount: Option<Money>,
    pub tip: Option<Money>,
    /// A terminal's reference, or the receipt number of the register that took it.
    #[schema(example = "R-10442")]
    pub external_id: Option<String>,
    pub gift_card_code: Option<String>,
}

/// Pays an open order, wholly or in part.
pub fn pay(tx: &mut Tx, venue: &Venue, order: OrderId, ask: &Pay) -> Result<Paid> {
    let mut tab = orders::find_open(tx, venue.id, order)?;
    let payment = take(tx, venue, &mut tab, ask)?;
    let mut order = orders::show(tx, &tab)?;
    if tab.status == Status::Paid {
        orders::note(tx, "order.pay", &[EventType::OrderPaid], &mut order)?;
    }
    Ok(Paid { payment, order })
}

/// Takes one payment for the tab in hand.
pub fn take(tx: &mut Tx, venue: &Venue, tab: &mut Tab, ask: &Pay) -> Result<Payment> {
    if tab.status != Status::Open {
        return Err(Error::Refused(Code::NothingDue, Extra::none()));
    }
    if tab.lines.iter().all(|line| line.voided_at.is_some()) {
        return Err(Error::Refused(Code::EmptyOrder, Extra::none()));
    }
    let method = method_of(venue, ask)?;
    let external_id = external_id_of(ask)?;
    let (amount, rounding) = amount_of(tab, ask, method)?;
    let tip = tip_of(tab, ask)?;
    let on = venue.business_day(tx.now());
    let paid = orders::Paid {
        amount,
        tip,
        rounding,
        at: tx.now(),
        on,
    };
    let currency = tab.currency.clone();
    let reporting_amount = reporting(tx, &currency, amount + tip, on)?;
    orders::book_payment(tx, venue, tab, paid, |tx, total| {
        reporting(tx, &currency, total, on)
    })?;
    let taking = Taking {
        subject: (SubjectKind::Order, tab.id.to_string()),
        venue: venue.id,
        kind: PaymentKind::Order,
        method,
        amount,
        tip,
        rounding,
        currency: currency.clone(),
        reporting_amount,
        external_id,
        at: tx.now(),
    };
    let payment = payments::take(tx, &taking)?;
    chain::fix_currency(tx)?;
    if tab.status == Status::Paid {
        settle(tx, venue, tab)?;
    }
    Ok(payment)
}

/// What an amount is in the chain's reporting currency, at the rate of the business day.
pub fn reporting(tx: &mut Tx, currency: &str, amount: i64, on: jiff::civil::Date) -> Result<i64> {
    rates::reporting(tx, currency, on)?.convert(amount)
}

/// A paid order is a visit, counts for its customer, and earns: all in the transaction that paid it.
fn settle(tx: &mut Tx, venue: &Venue, tab: &Tab) -> Result<()> {
    let Some(customer) = tab.customer else {
        return Ok(());
    };
    let at = tab.closed_at.unwrap_or(tx.now());
    let day = tab.paid_on.unwrap_or(tab.business_day);
    let spent = reporting(tx, &tab.currency, tab.total() - tab.tip, day)?;
    let purchase = tab.id.to_string();
    let opens_visit = customers::record_visit(tx, customer, venue.id, day, &purchase, at)?;
    customers::record_paid_order(tx, customer, venue.id, spent, at)?;
    let mut basket = orders::basket(tx, venue, tab, customer)?;
    basket.opens_visit = opens_visit;
    let earned = loyalty::earn(tx, &basket)?;
    let cause = tiers::Cause {
        customer,
        venue: venue.id,
        on: day,
        today: day,
        visits: i64::from(opens_visit),
        points: earned.iter().map(|entry| entry.points).sum(),
        spend: spent,
        kind: "order",
        id: purchase,
        is_quiet: false,
    };
    tiers::refresh(tx, &cause)?;
    leaderboards::count(tx, customer, venue.id, day, cause.points)?;
    if opens_visit {
        streaks::record(tx, customer, venue.id, day, at)?;
    }
    Ok(())
}

fn method_of(venue: &Venue, ask: &Pay) -> Result<Method> {
    let unavailable = |why: &str| Err(Error::Refused(Code::MethodUnavailable, Extra::saying(why)));
    if ask.gift_card_code.is_some() && ask.method != PayMethod::GiftCard {
        let message = "Leave giftCardCode out unless the method is GIFT_CARD.";
        return Err(Error::field("/giftCardCode", "not_allowed", message));
    }
    match (ask.method, venue.till_mode) {
        (PayMethod::GiftCard, _) => {
            unavailable("Gift cards are not taken here yet; choose another method.")
        }
        (PayMethod::Cash | PayMethod::Card, TillMode::Companion) => unavailable(
            "Here a certified register takes the money: close the sale as EXTERNAL with its receipt number.",
        ),
        (PayMethod::External, _)
            if ask
                .external_id
                .as_deref()
                .is_none_or(|id| id.trim().is_empty()) =>
        {
            Err(Error::field(
                "/externalId",
                "missing",
                "Send the receipt number of the register that took it.",
            ))
        }
        (PayMethod::Cash, _) => Ok(Method::Cash),
        (PayMethod::Card, _) => Ok(Method::Card),
        (PayMethod::External, _) => Ok(Method::External),
    }
}

/// What the other side calls it: one line, as it will be searched for.
fn external_id_of(ask: &Pay) -> Result<Option<String>> {
    let Some(id) = &ask.external_id else {
        return Ok(None);
    };
    let mut wrong = Vec::new();
    check_line(id, EXTERNAL_ID_MAX, "/externalId", &mut wrong);
    if wrong.is_empty() {
        Ok(Some(id.trim().to_owned()))
    } else {
        Err(Error::Invalid(wrong))
    }
}

/// The amount that goes into the till, and what of it is cash rounding.
fn amount_of(tab: &Tab, ask: &Pay, method: Method) -> Result<(i64, i64)> {
    let due = tab.due();
    let cash = cash_rounding(due, tab.decided.evaluation.currency).map_err(Error::bug)?;
    let Some(asked) = &ask.amount else {
        return Ok(if method == Method::Cash {
            (cash.asked, cash.rounding)
        } else {
            (due, 0)
        });
    };
    check_money(tab, asked, "/amount")?;
    let settles_in_coins =
        method == Method::Cash && (asked.amount == due || asked.amount == cash.asked);
    if settles_in_coins {
        return Ok((cash.asked, cash.rounding));
    }
    if asked.amount > due {
        let extra = Extra::none().with("due", due).with("dueInCash", cash.asked);
        return Err(Error::Refused(Code::AmountTooHigh, extra));
    }
    let increment = tab.decided.evaluation.currency.cash_increment();
    if method == Method::Cash && asked.amount % increment != 0 {
        let step = Money::of(increment, &tab.currency).plain();
        return Err(Error::field(
            "/amount/amount",
            "out_of_range",
            format!("Cash comes in steps of {step}."),
        ));
    }
    if asked.amount == 0 && due > 0 {
        return Err(Error::field(
            "/amount/amount",
            "out_of_range",
            "Send more than 0 while something is due.",
        ));
    }
    Ok((asked.amount, 0))
}

fn tip_of(tab: &Tab, ask: &Pay) -> Result<i64> {
    let Some(tip) = &ask.tip else { return Ok(0) };
    check_money(tab, tip, "/tip")?;
    Ok(tip.amount)
}

/// In the order's currency, and within what an amount may be.
pub(super) fn check_money(tab: &Tab, money: &Money, at: &str) -> Result<()> {
    if money.currency != tab.currency {
        let detail = format!(
            "This order is in {}; send its amounts in that.",
            tab.currency
        );
        return Err(Error::Refused(
            Code::CurrencyMismatch,
            Extra::saying(detail),
        ));
    }
    if !(0..=AMOUNT_MAX).contains(&money.amount) {
        let message = format!("Send minor units from 0 to {AMOUNT_MAX}.");
        return Err(Error::field(
            format!("{at}/amount"),
            "out_of_range",
            message,
        ));
    }
    Ok(())
}
