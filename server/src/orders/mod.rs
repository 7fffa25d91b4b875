//! Orders: what is bought at the till, from the first line to the last payment.
//!
//! `OPEN` (a tab) → `PAID` or `VOIDED`; `PAID` → `PARTIALLY_REFUNDED` → `REFUNDED`. While it is open every change
//! prices it anew through the engine; when it is paid, what was decided stays with it byte for byte (L30). Keeps
//! L06–L08, L10, L12, L13, L26 and L29 for orders.
//!
//! A comp has a reason: what whoever gave it said, else what its rule says, else what the rule is called. Somebody of
//! rank stands by where the rule or the chain's policy asks for it; a code that comps, or a comp that is applied
//! without asking, was approved when it was published, so the policy does not ask again.
//!
//! Absent on purpose: taking money. `checkout` sees orders, payments and points together.

mod asks;
mod available;
mod borne;
mod candidates;
mod comps;
mod decide;
mod gone;
mod holds;
mod items;
mod kept;
mod laws;
mod points;
mod recent;
mod recorded;
mod refunds;
mod routes;
mod shares;
mod show;
mod store;
#[cfg(test)]
mod tests;
mod trail;
mod wish_routes;
mod wishes;

use std::collections::BTreeMap;

use axum::http::HeaderValue;
use engine::id::CandidateId;
use engine::quote::TraceEntry;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;

use crate::coupons::Coupon;
use crate::customers;
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::etag;
use crate::hall::id::{CustomerId, GroupId, Id, LineId, OrderId, ProductId, StaffId, VenueId};
use crate::hall::identity::{self, TaxMode, Venue};
use crate::hall::journal::EventType;
use crate::hall::money::Money;
use crate::hall::patch;
use crate::hall::room::Room;
use crate::hall::store::{Read, Tx};
use crate::hall::text::check_line;
use crate::platform::refs::{self, ExternalRef};
use crate::tiers::{self, Standing};

pub use asks::Asks;
use decide::Priced;
pub use decide::{Decided, line as priced_line, tax_mode};
pub use items::{AddItem, ChangeItem, InlineItem};
pub use points::basket;
pub use recent::RECENT;
pub use refunds::{
    Booking, Payout, Refund, RefundKind, SoFar, book_refund, mark_refunded, refunded_so_far,
    refunds,
};
pub use show::{Order, Orders};
pub use trail::{note, tell};

const LABEL_MAX: usize = 60;

pub const ROOM: Room = Room {
    name: "orders",
    routes: || routes::routes().merge(wish_routes::routes()),
    laws: laws::ALL,
    ..Room::EMPTY
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    Open,
    Paid,
    Voided,
    PartiallyRefunded,
    Refunded,
}

/// Where an order came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Source {
    Till,
    Api,
    Import,
}

/// A new order: empty, or with what is on it already.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenOrder {
    pub customer_id: Option<CustomerId>,
    /// Where it is, in the words of the house.
    #[schema(example = "table 4")]
    pub label: Option<String>,
    #[serde(default)]
    pub items: Vec<AddItem>,
    /// Codes that the guest has; each must apply.
    #[serde(default)]
    pub coupon_codes: Vec<String>,
    /// What other systems call it.
    #[serde(default)]
    pub external_refs: Vec<ExternalRef>,
}

/// An order as it is stored: its row, its lines, and what was decided over them.
#[derive(Debug, Clone)]
pub struct Tab {
    pub id: OrderId,
    pub venue: VenueId,
    pub status: Status,
    pub customer: Option<CustomerId>,
    pub label: Option<String>,
    pub served_by: String,
    pub source: Source,
    pub currency: String,
    pub tax_mode: TaxMode,
    pub opened_at: Timestamp,
    pub business_day: Date,
    pub closed_at: Option<Timestamp>,
    /// The business day that it was paid on, by the venue's hours of then; its customer's visit is of that day.
    pub paid_on: Option<Date>,
    pub void_reason: Option<String>,
    /// Sum of tips, which the total contains.
    pub tip: i64,
    /// Sum of payments and their tips, less what of them went back while it was open.
    pub paid: i64,
    pub rounding: i64,
    /// Of what was paid, what has gone back: in coins, with tips.
    pub refunded: i64,
    pub version: i64,
    pub lines: Vec<Line>,
    pub decided: Decided,
    pub asks: Asks,
    /// Whether other systems have names for it: they are looked up where there are any.
    pub is_named: bool,
    /// What no longer fitted at this change and was let go: told once, stored nowhere.
    pub removed: Vec<TraceEntry>,
    /// Codes that were looked up at this change: the price goes by them as they are here.
    pub typed: Vec<Coupon>,
}

#[derive(Debug, Clone)]
pub struct Line {
    pub id: LineId,
    pub position: i64,
    pub product: Option<ProductId>,
    pub name: String,
    pub category: Option<crate::hall::id::CategoryId>,
    /// What kept it out of promotions when it was ordered, by the venue's policy of then.
    pub regulated: Option<String>,
    pub tax_class: Option<crate::hall::id::TaxClassId>,
    pub rate_milli: i64,
    pub unit_price: i64,
    pub quantity_milli: i64,
    pub modifiers: Vec<LineModifier>,
    pub ordered_at: Timestamp,
    pub voided_at: Option<Timestamp>,
    pub void_reason: Option<String>,
}

/// What was added to an item, as it stood when it was ordered.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LineModifier {
    pub id: String,
    pub group_id: Option<String>,
    #[schema(example = "large")]
    pub name: String,
    /// Minor units that it adds to one item.
    #[schema(example = 1500)]
    pub price_delta: i64,
}

impl Line {
    /// One item of nothing, to be changed with struct update.
    pub fn blank() -> Line {
        Line {
            id: Id::from_uuid(uuid::Uuid::nil()),
            position: 0,
            product: None,
            name: String::new(),
            category: None,
            regulated: None,
            tax_class: None,
            rate_milli: 0,
            unit_price: 0,
            quantity_milli: 1_000,
            modifiers: Vec::new(),
            ordered_at: Timestamp::UNIX_EPOCH,
            voided_at: None,
            void_reason: None,
        }
    }
}

impl Tab {
    /// What the guest owes in all, with the tips given so far. Minor units.
    pub fn total(&self) -> i64 {
        self.decided.evaluation.totals.total + self.tip
    }

    /// Whether the discount behind a candidate is one that was published, and not made up for this order.
    pub fn is_published(&self, candidate: &CandidateId) -> bool {
        let mut candidates = self.decided.candidates.iter();
        candidates.any(|one| one.id == *candidate && one.version().is_some())
    }

    /// What is exactly left to pay.
    pub fn due(&self) -> i64 {
        match self.status {
            Status::Open => self.total() + self.rounding - self.paid,
            _ => 0,
        }
    }
}

/// Opens an order and prices what is on it.
pub fn open(tx: &mut Tx, venue: &Venue, source: Source, ask: &OpenOrder) -> Result<Tab> {
    let label = checked_label(ask.label.as_deref())?;
    check_refs(&ask.external_refs)?;
    let now = tx.now();
    let by = tx.scope().by.actor.clone();
    let mut tab = Tab {
        id: tx.new_id(),
        venue: venue.id,
        status: Status::Open,
        customer: None,
        label,
        served_by: by,
        source,
        currency: venue.currency.clone(),
        tax_mode: venue.tax_mode,
        opened_at: now,
        business_day: venue.business_day(now),
        closed_at: None,
        paid_on: None,
        void_reason: None,
        tip: 0,
        paid: 0,
        rounding: 0,
        refunded: 0,
        version: 1,
        lines: Vec::new(),
        decided: Decided::of_nothing(venue)?,
        asks: Asks::default(),
        is_named: !ask.external_refs.is_empty(),
        removed: Vec::new(),
        typed: Vec::new(),
    };
    tab.customer = ask.customer_id;
    tab.lines = items::resolve(tx, venue, &ask.items, 0, Some("/items"))?;
    for code in &ask.coupon_codes {
        let wish = wishes::code(tx, venue, &mut tab, code)?;
        tab.asks.add(wish)?;
    }
    decide_anew(tx, venue, &mut tab)?;
    if let Some(entry) = tab.removed.first() {
        // Nothing that was decided stands on an order.
        tab.asks.ids.clear();
        return Err(wishes::refused(venue, &tab, entry));
    }
    store::insert(tx, &tab)?;
    let mut names = ask.external_refs.iter();
    names.try_for_each(|named| refs::put(tx, tab.id, named))?;
    Ok(tab)
}

/// The order at this venue.
pub fn find(read: &mut Read, venue: VenueId, id: OrderId) -> Result<Tab> {
    store::find(read, venue, id)?.ok_or(Error::NotFound("order"))
}

/// As [`find`], and it must still be open.
pub fn find_open(read: &mut Read, venue: VenueId, id: OrderId) -> Result<Tab> {
    let tab = find(read, venue, id)?;
    if tab.status == Status::Open {
        Ok(tab)
    } else {
        Err(not_open(tab.status))
    }
}

/// As [`find_open`], for an edit of what the caller read, whose version `if_match` may name.
fn find_for_edit(
    read: &mut Read,
    venue: VenueId,
    id: OrderId,
    if_match: Option<&HeaderValue>,
) -> Result<Tab> {
    let tab = find_open(read, venue, id)?;
    etag::honour(if_match, tab.version)?;
    Ok(tab)
}

fn not_open(status: Status) -> Error {
    let word = serde_json::to_value(status).unwrap_or_default();
    let detail = format!(
        "The order is {}; open a new one for further items.",
        said(status)
    );
    Error::Conflict(
        Code::OrderNotOpen,
        Extra::saying(detail).with("status", word),
    )
}

fn said(status: Status) -> &'static str {
    match status {
        Status::Open => "open",
        Status::Paid => "paid",
        Status::Voided => "void",
        Status::PartiallyRefunded => "refunded in part",
        Status::Refunded => "refunded",
    }
}

/// Prices the order anew, saves it and shows it; the change has been made to `tab` in memory.
///
/// # Errors
/// `Refused` where it would leave the guest with more paid than the order costs.
fn reprice(tx: &mut Tx, venue: &Venue, tab: &mut Tab, action: &str) -> Result<Order> {
    reprice_and(store::save_decided, tx, venue, tab, action)
}

/// As [`reprice`], where whose order it is, who serves it or how it is called has changed too.
fn reprice_headed(tx: &mut Tx, venue: &Venue, tab: &mut Tab, action: &str) -> Result<Order> {
    reprice_and(store::save_headed, tx, venue, tab, action)
}

fn reprice_and(
    save: fn(&mut Tx, &Tab, i64) -> Result<()>,
    tx: &mut Tx,
    venue: &Venue,
    tab: &mut Tab,
    action: &str,
) -> Result<Order> {
    let before = tab.version;
    let bore = store::discounts(tab)?;
    let buyer = decide_anew(tx, venue, tab)?;
    if tab.due() < 0 {
        let over = Money::of(-tab.due(), &tab.currency).plain();
        let detail = format!(
            "{over} more would be paid than the order costs: refund {over} or more of what was paid, then do this \
             again."
        );
        let extra = Extra::saying(detail).with("over", -tab.due());
        return Err(Error::Refused(Code::OrderHasPayments, extra));
    }
    tab.version += 1;
    save(tx, tab, before)?;
    store::replace_discounts(tx, tab.id, &bore, &store::discounts(tab)?)?;
    let mut order = show::order_for(tx, venue, tab, buyer.as_ref())?;
    note(tx, action, &[EventType::OrderUpdated], &mut order)?;
    Ok(order)
}

/// Decides what is paid; wishes that no longer fit leave, and what the order uses up is held. Gives whose it is.
fn decide_anew(tx: &mut Tx, venue: &Venue, tab: &mut Tab) -> Result<Option<Buyer>> {
    let Priced {
        decided,
        weighed,
        buyer,
    } = decide::decide(tx, venue, tab)?;
    tab.decided = decided;
    tab.removed = tab.asks.drop_refused(&tab.decided.evaluation);
    let (mut ids, mut comp_reasons) = (BTreeMap::new(), BTreeMap::new());
    for applied in &tab.decided.evaluation.discounts {
        let candidate = applied.candidate_id.to_string();
        let known = tab.asks.ids.get(&candidate).copied();
        let id = known.or_else(|| candidate.parse().ok());
        let mut weighed = weighed.iter();
        let of_rule = weighed.find(|one| one.candidate.id == applied.candidate_id);
        let reason = of_rule.and_then(|one| one.comp_reason.clone());
        comp_reasons.extend(reason.map(|reason| (candidate.clone(), reason)));
        ids.insert(candidate, id.unwrap_or_else(|| tx.new_id()));
    }
    tab.asks.ids = ids;
    tab.asks.comp_reasons = comp_reasons;
    holds::settle(tx, tab, &weighed)?;
    Ok(buyer)
}

/// Adds an item at the end of an open order.
pub fn add_item(tx: &mut Tx, venue: &Venue, id: OrderId, item: &AddItem) -> Result<Order> {
    let mut tab = find_open(tx, venue.id, id)?;
    let next = tab
        .lines
        .iter()
        .map(|line| line.position + 1)
        .max()
        .unwrap_or(0);
    let lines = items::resolve(tx, venue, std::slice::from_ref(item), next, None)?;
    store::insert_lines(tx, id, &lines)?;
    tab.lines.extend(lines);
    reprice(tx, venue, &mut tab, "order.add")
}

/// Changes how many, or what is on them. An item keeps the time when it was ordered: how many may grow as long as no
/// discount makes a difference between then and now.
///
/// # Errors
/// `Refused(ItemOrderedEarlier)` where one does: what is added is an item of its own, ordered now.
pub fn change_item(
    tx: &mut Tx,
    venue: &Venue,
    (id, line): (OrderId, LineId),
    if_match: Option<&HeaderValue>,
    ask: &ChangeItem,
) -> Result<Order> {
    let mut tab = find_for_edit(tx, venue.id, id, if_match)?;
    let place = live_line(&tab, line)?;
    let before = tab.lines[place].quantity_milli;
    items::change(tx, venue, &mut tab.lines[place], ask)?;
    store::save_line(tx, id, &tab.lines[place])?;
    let order = reprice(tx, venue, &mut tab, "order.change_item")?;
    if tab.lines[place].quantity_milli > before {
        refuse_earlier(tx, venue, &tab, place)?;
    }
    Ok(order)
}

/// Refuses that a line has grown, where it would bear other discounts if it were ordered now. A second line is not made
/// of it here: sent twice, this call could not know that it had made one.
fn refuse_earlier(tx: &mut Tx, venue: &Venue, tab: &Tab, place: usize) -> Result<()> {
    let now = tx.now();
    if tab.lines[place].ordered_at == now || tab.decided.candidates.is_empty() {
        return Ok(());
    }
    let mut as_of_now = tab.clone();
    as_of_now.lines[place].ordered_at = now;
    let Priced { decided, .. } = decide::decide(tx, venue, &as_of_now)?;
    if decided.evaluation.discounts == tab.decided.evaluation.discounts {
        return Ok(());
    }
    let line = &tab.lines[place];
    let detail = format!(
        "{} was ordered when other discounts held than now: add the further ones as an item of their own.",
        line.name
    );
    let extra = Extra::saying(detail)
        .with("itemId", line.id.to_string())
        .with("orderedAt", line.ordered_at.to_string());
    Err(Error::Refused(Code::ItemOrderedEarlier, extra))
}

/// Takes an item off before it is made: the line stays visible and costs nothing.
pub fn void_item(
    tx: &mut Tx,
    venue: &Venue,
    id: OrderId,
    line: LineId,
    reason: &str,
) -> Result<Order> {
    check_reason(reason)?;
    let mut tab = find_open(tx, venue.id, id)?;
    let place = live_line(&tab, line)?;
    tab.lines[place].voided_at = Some(tx.now());
    tab.lines[place].void_reason = Some(reason.to_owned());
    store::save_line(tx, id, &tab.lines[place])?;
    reprice(tx, venue, &mut tab, "order.void_item")
}

fn live_line(tab: &Tab, line: LineId) -> Result<usize> {
    let found = tab.lines.iter().position(|one| one.id == line);
    let place = found.ok_or(Error::NotFound("item"))?;
    if tab.lines[place].voided_at.is_some() {
        let detail = "The item has been voided already; add it again if it is wanted after all.";
        return Err(Error::Conflict(Code::AlreadyDone, Extra::saying(detail)));
    }
    Ok(place)
}

/// Says whose order it is: the discounts and points that follow the customer follow at once.
pub fn attach(
    tx: &mut Tx,
    venue: &Venue,
    id: OrderId,
    if_match: Option<&HeaderValue>,
    customer: Option<CustomerId>,
) -> Result<Order> {
    let mut tab = find_for_edit(tx, venue.id, id, if_match)?;
    tab.customer = customer;
    reprice_headed(tx, venue, &mut tab, "order.attach")
}

/// What of an open order is edited by hand.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RelabelOrder {
    /// One line; `null` takes it off.
    #[schema(example = "table 7")]
    pub label: Option<String>,
}

/// Gives the tab another label; `changes` is a merge patch, so that one without a label changes nothing.
pub fn relabel(
    tx: &mut Tx,
    venue: &Venue,
    id: OrderId,
    if_match: Option<&HeaderValue>,
    changes: &Json,
) -> Result<Order> {
    let mut tab = find_for_edit(tx, venue.id, id, if_match)?;
    let before = RelabelOrder {
        label: tab.label.clone(),
    };
    let ask = patch::merge(&before, changes)?;
    if ask.label == before.label {
        return show(tx, &tab);
    }
    tab.label = checked_label(ask.label.as_deref())?;
    reprice_headed(tx, venue, &mut tab, "order.relabel")
}

/// Hands the tab to a colleague.
pub fn hand_over(
    tx: &mut Tx,
    venue: &Venue,
    id: OrderId,
    if_match: Option<&HeaderValue>,
    to: StaffId,
) -> Result<Order> {
    let mut tab = find_for_edit(tx, venue.id, id, if_match)?;
    if !identity::works_at(tx, to, venue.id)? {
        return Err(Error::field(
            "/staffId",
            "not_found",
            "Choose somebody who works at this venue.",
        ));
    }
    tab.served_by = format!("staff:{to}");
    reprice_headed(tx, venue, &mut tab, "order.hand_over")
}

/// Gives an open order up, and with it all that it holds.
///
/// # Errors
/// `Refused(OrderHasPayments)` while there is money on it: whoever hands it back says so by a refund.
pub fn void(tx: &mut Tx, venue: &Venue, id: OrderId, reason: &str) -> Result<Order> {
    check_reason(reason)?;
    let mut tab = find_open(tx, venue.id, id)?;
    if tab.paid != 0 {
        let paid = Money::of(tab.paid, &tab.currency);
        let detail = format!(
            "{} is paid on the order: refund it first, then void the order.",
            paid.plain()
        );
        let extra = Extra::saying(detail).with("paid", tab.paid);
        return Err(Error::Refused(Code::OrderHasPayments, extra));
    }
    let before = tab.version;
    tab.status = Status::Voided;
    tab.closed_at = Some(tx.now());
    tab.void_reason = Some(reason.to_owned());
    tab.version += 1;
    holds::release(tx, &tab)?;
    store::save_void(tx, &tab, before)?;
    let mut order = show::order_at(tx, venue, &tab)?;
    note(tx, "order.void", &[EventType::OrderVoided], &mut order)?;
    Ok(order)
}

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

/// The order as the API shows it.
pub fn show(read: &mut Read, tab: &Tab) -> Result<Order> {
    show::order(read, tab)
}

/// Brings in an order that was paid long ago, with what it was then. History leaves no event.
pub fn import(tx: &mut Tx, tab: &Tab, reporting_total: i64) -> Result<()> {
    store::insert(tx, tab)?;
    store::save_payment(tx, tab, tab.version, Some(reporting_total))
}

/// The label as it is kept: one line without spaces around it.
fn checked_label(label: Option<&str>) -> Result<Option<String>> {
    let Some(label) = label else { return Ok(None) };
    let mut wrong = Vec::new();
    check_line(label, LABEL_MAX, "/label", &mut wrong);
    if wrong.is_empty() {
        Ok(Some(label.trim().to_owned()))
    } else {
        Err(Error::Invalid(wrong))
    }
}

fn check_refs(external_refs: &[ExternalRef]) -> Result<()> {
    let mut wrong = Vec::new();
    refs::check(external_refs, "/externalRefs", &mut wrong);
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(wrong))
    }
}

/// Why something is undone, as whoever reads the books wants to know it.
pub fn check_reason(reason: &str) -> Result<()> {
    let fits = (3..=200).contains(&reason.trim().chars().count());
    if fits {
        Ok(())
    } else {
        Err(Error::field(
            "/reason",
            "length",
            "Say why in 3 to 200 characters.",
        ))
    }
}

/// Whose order it is, as far as a price may ask.
#[derive(Debug, Clone)]
pub struct Buyer {
    pub id: CustomerId,
    pub group_id: Option<GroupId>,
    /// Paid, or held with a code for first purchases.
    pub purchases: i64,
    /// The balance.
    pub points: i64,
    pub standing: Standing,
}

/// The customer, who must be one of ours. Who was put away meanwhile finishes what is theirs and gets nothing new.
fn buyer(read: &mut Read, tab: &Tab, id: CustomerId) -> Result<Buyer> {
    let wrong = |code, said: &str| Err(Error::field("/customerId", code, said));
    let Some(known) = customers::brief(read, id)? else {
        let said = "Choose a customer of this chain, or leave it out.";
        return wrong("not_found", said);
    };
    let priced_for = tab.decided.order.customer.as_ref();
    let is_theirs = priced_for.is_some_and(|one| *one.id == *id.to_string());
    if !is_theirs && let Some(other) = known.merged_into {
        let said = format!("They were merged into {other}: choose that customer.");
        return wrong("merged", &said);
    }
    if !is_theirs && known.is_archived {
        let said = "They were archived: bring the customer back first, or choose another.";
        return wrong("archived", said);
    }
    Ok(Buyer {
        id,
        group_id: known.group_id,
        purchases: known.paid_orders,
        points: known.loyalty_points,
        standing: tiers::standing(read, id)?,
    })
}
