//! What is left behind of an act on an order: its entry in the audit, and the events that tell of it.

use std::mem::take;

use serde_json::value::to_raw_value;

use super::Order;
use crate::hall::error::{Error, Result};
use crate::hall::journal::EventType;
use crate::hall::store::Tx;

/// Notes what was done to the order and tells what became of it.
pub fn note(tx: &mut Tx, action: &str, events: &[EventType], order: &mut Order) -> Result<()> {
    // Written once for the digest and for all who are told.
    let said = bare(order, to_raw_value).map_err(Error::bug)?;
    tx.audit_new(action, order.id, &said)?;
    let mut events = events.iter();
    events.try_for_each(|event| tx.emit(*event, Some(order.venue_id), &said))
}

/// Notes that `actor` stood by what was done to the order.
pub(super) fn note_by(tx: &mut Tx, actor: &str, action: &str, order: &mut Order) -> Result<()> {
    bare(order, |order| tx.audit_by(actor, action, order.id, order))
}

/// Tells what became of an order by an act that is noted as something else's.
pub fn tell(tx: &mut Tx, event: EventType, order: &mut Order) -> Result<()> {
    bare(order, |order| tx.emit(event, Some(order.venue_id), order))
}

/// The order without its trace and the shares of its discounts: both are for whoever stands at the till, and would be
/// most of what is kept. So the digest in the audit is the one of the event's data.
fn bare<T>(order: &mut Order, with: impl FnOnce(&Order) -> T) -> T {
    let trace = take(&mut order.trace);
    let shares: Vec<_> = order
        .discounts
        .iter_mut()
        .map(|one| take(&mut one.shares))
        .collect();
    let done = with(order);
    order.trace = trace;
    for (one, shares) in order.discounts.iter_mut().zip(shares) {
        one.shares = shares;
    }
    done
}
