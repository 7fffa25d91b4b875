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
mod buyer;
mod candidates;
mod comps;
mod decide;
mod edits;
mod gone;
mod holds;
mod items;
mod kept;
mod laws;
mod paid;
mod points;
mod recent;
mod recorded;
mod refunds;
mod routes;
mod shares;
mod show;
mod store;
mod tab;
#[cfg(test)]
mod tests;
mod trail;
mod wish_routes;
mod wishes;

use std::collections::BTreeMap;

use axum::http::HeaderValue;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::etag;
use crate::hall::id::{CustomerId, OrderId, VenueId};
use crate::hall::identity::Venue;
use crate::hall::journal::EventType;
use crate::hall::money::Money;
use crate::hall::room::Room;
use crate::hall::store::{Read, Tx};
use crate::hall::text::check_line;
use crate::platform::refs::{self, ExternalRef};

pub use asks::Asks;
pub use buyer::Buyer;
use decide::Priced;
pub use decide::{Decided, line as priced_line, tax_mode};
pub use edits::{RelabelOrder, add_item, attach, change_item, hand_over, relabel, void, void_item};
pub use items::{AddItem, ChangeItem, InlineItem};
pub use paid::{Back, Paid, book_back, book_payment};
pub use points::basket;
pub use recent::RECENT;
pub use refunds::{
    Booking, Payout, Refund, RefundKind, SoFar, book_refund, mark_refunded, refunded_so_far,
    refunds,
};
pub use show::{Order, Orders};
pub use tab::{Line, LineModifier, Source, Status, Tab};
pub use trail::{note, tell};

const LABEL_MAX: usize = 60;

pub const ROOM: Room = Room {
    name: "orders",
    routes: || routes::routes().merge(wish_routes::routes()),
    laws: laws::ALL,
    ..Room::EMPTY
};

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
        looked_up: Vec::new(),
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
