//! What staff change on an open order: its items, whose it is, what it is called, who serves it; and giving it up.

use axum::http::HeaderValue;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;

use super::decide::{self, Priced};
use super::{
    AddItem, ChangeItem, Order, Status, Tab, check_reason, checked_label, find_for_edit, find_open,
    holds, items, note, reprice, reprice_headed, show, store,
};
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::id::{CustomerId, LineId, OrderId, StaffId};
use crate::hall::identity::{self, Venue};
use crate::hall::journal::EventType;
use crate::hall::money::Money;
use crate::hall::patch;
use crate::hall::store::Tx;

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
