//! Checkout: the one room that sees orders, payments, customers and points together.
//!
//! A payment that closes an order moves its customer's counters, visit and points in the same transaction (L12,
//! L25, L27), and a refund moves them back (L29). One call may price, pay and earn: all of it, or nothing. Absent on
//! purpose: gift cards answer `method_unavailable`; nothing here pretends to take them.

mod calculate;
mod given_back;
mod history;
mod laws;
mod pay;
pub mod purchases;
mod refund;
mod routes;
mod settled;
mod tenders;
#[cfg(test)]
mod tests;

use axum::http::HeaderValue;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::hall::call::Reply;
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::etag;
use crate::hall::id::{CustomerId, OrderId};
use crate::hall::identity::Venue;
use crate::hall::journal::EventType;
use crate::hall::room::Room;
use crate::hall::store::{Read, Tx};
use crate::orders::{self, AddItem, OpenOrder, Order, Source, Status};
use crate::payments::Payment;
use crate::platform::refs::{self, ExternalRef};

pub use history::{Past, Purchase, Tally, bring_in};
pub use pay::{Pay, PayMethod, pay};
pub use refund::{RefundItem, RefundOrder, RefundedOrder};
pub use settled::on_settled;

pub const ROOM: Room = Room {
    name: "checkout",
    routes: routes::routes,
    laws: laws::ALL,
    ..Room::EMPTY
};

/// Payments that one call may make.
const PAYMENTS_MAX: usize = 10;

/// An order as one call: opened, priced, and paid if payments are given.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlaceOrder {
    pub customer_id: Option<CustomerId>,
    #[schema(example = "table 4")]
    pub label: Option<String>,
    #[serde(default)]
    pub items: Vec<AddItem>,
    #[serde(default)]
    pub coupon_codes: Vec<String>,
    #[serde(default)]
    pub payments: Vec<Pay>,
    /// What other systems call it; each name is one order's in the whole chain.
    #[serde(default)]
    #[schema(example = json!([{"system": "square", "id": "10442"}]))]
    pub external_refs: Vec<ExternalRef>,
}

/// A payment and what it made of the order.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Paid {
    pub payment: Payment,
    pub order: Order,
}

impl Reply for Paid {
    fn version(&self) -> Option<i64> {
        self.order.version()
    }
}

/// Opens an order, prices it, and takes the payments that came with it.
pub fn place(tx: &mut Tx, venue: &Venue, source: Source, ask: &PlaceOrder) -> Result<Order> {
    if ask.payments.len() > PAYMENTS_MAX {
        let message = format!("Send at most {PAYMENTS_MAX} payments at once.");
        return Err(Error::field("/payments", "too_many", message));
    }
    let open = OpenOrder {
        customer_id: ask.customer_id,
        label: ask.label.clone(),
        items: ask.items.clone(),
        coupon_codes: ask.coupon_codes.clone(),
        external_refs: ask.external_refs.clone(),
    };
    let mut tab = orders::open(tx, venue, source, &open)?;
    for (place, payment) in ask.payments.iter().enumerate() {
        pay::take(tx, venue, &mut tab, payment)
            .map_err(|error| within(error, &format!("/payments/{place}")))?;
    }
    let mut order = orders::show(tx, &tab)?;
    let events: &[EventType] = match tab.status {
        Status::Paid => &[EventType::OrderOpened, EventType::OrderPaid],
        _ => &[EventType::OrderOpened],
    };
    orders::note(tx, "order.place", events, &mut order)?;
    Ok(order)
}

/// The order that another system calls `named`, as it stands.
///
/// # Errors
/// `Conflict(RefTaken)` where it is another venue's; `Stale` where `if_match` names another version, or there is none.
pub fn named(
    read: &mut Read,
    venue: &Venue,
    named: &ExternalRef,
    if_match: Option<&HeaderValue>,
) -> Result<Option<Order>> {
    let Some(id) = refs::find::<OrderId>(read, &named.system, &named.id)? else {
        return match if_match {
            Some(_) => Err(Error::Stale),
            None => Ok(None),
        };
    };
    match orders::find(read, venue.id, id) {
        Ok(tab) => {
            etag::honour(if_match, tab.version)?;
            orders::show(read, &tab).map(Some)
        }
        Err(Error::NotFound(_)) => {
            let said = "An order of another venue has this reference.";
            let extra = Extra::saying(said).with("system", named.system.clone());
            Err(Error::Conflict(Code::RefTaken, extra))
        }
        Err(other) => Err(other),
    }
}

/// Places the order that another system calls `named`, unless it is there already.
pub fn place_named(
    tx: &mut Tx,
    venue: &Venue,
    source: Source,
    by: &ExternalRef,
    ask: &PlaceOrder,
) -> Result<Order> {
    if let Some(known) = named(tx, venue, by, None)? {
        return Ok(known);
    }
    let mut ask = ask.clone();
    if !ask.external_refs.contains(by) {
        ask.external_refs.push(by.clone());
    }
    place(tx, venue, source, &ask)
}

/// The fields of `error` as they stand in the larger body.
fn within(error: Error, at: &str) -> Error {
    match error {
        Error::Invalid(mut fields) => {
            fields
                .iter_mut()
                .for_each(|field| field.pointer = format!("{at}{}", field.pointer));
            Error::Invalid(fields)
        }
        other => other,
    }
}
