//! Checkout: the one room that sees orders, payments, customers and points together.
//!
//! A payment that closes an order moves its customer's counters, visit and points in the same transaction (L12,
//! L25, L27). One call may price, pay and earn: all of it, or nothing. Absent on purpose: gift cards, coupons and
//! refunds answer `method_unavailable` or are not routed; nothing here pretends to do them.

mod calculate;
pub mod cdnow;
mod history;
mod laws;
mod pay;
mod routes;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::customers;
use crate::hall::call::Reply;
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::id::CustomerId;
use crate::hall::identity::Venue;
use crate::hall::journal::EventType;
use crate::hall::room::Room;
use crate::hall::store::{Read, Tx};
use crate::loyalty::{self, Basket, Calculation};
use crate::orders::{self, AddItem, OpenOrder, Order, Source, Status, Tab};
use crate::payments::Payment;

pub use history::{Past, Purchase, Tally, bring_in};
pub use pay::{Pay, PayMethod};

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
}

/// An order with what it earns.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Placed {
    pub order: Order,
    /// What the purchase earned, or will earn when it is paid; absent without a customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points: Option<Calculation>,
    /// The customer's balance after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 694)]
    pub points_balance: Option<i64>,
}

impl Reply for Placed {
    fn version(&self) -> Option<i64> {
        self.order.version()
    }
}

/// A payment and what it made of the order.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Paid {
    pub payment: Payment,
    pub order: Order,
    /// What the purchase earned, or will earn when it is paid; absent without a customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points: Option<Calculation>,
    /// The customer's balance after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 694)]
    pub points_balance: Option<i64>,
}

impl Reply for Paid {
    fn version(&self) -> Option<i64> {
        self.order.version()
    }
}

/// Opens an order, prices it, and takes the payments that came with it.
pub fn place(tx: &mut Tx, venue: &Venue, source: Source, ask: &PlaceOrder) -> Result<Placed> {
    if !ask.coupon_codes.is_empty() {
        let detail = "Coupon codes are not taken here yet; leave couponCodes out.";
        return Err(Error::Refused(
            Code::MethodUnavailable,
            Extra::saying(detail),
        ));
    }
    if ask.payments.len() > PAYMENTS_MAX {
        let message = format!("Send at most {PAYMENTS_MAX} payments at once.");
        return Err(Error::field("/payments", "too_many", message));
    }
    let open = OpenOrder {
        customer_id: ask.customer_id,
        label: ask.label.clone(),
        items: ask.items.clone(),
    };
    let mut tab = orders::open(tx, venue, source, &open)?;
    for (place, payment) in ask.payments.iter().enumerate() {
        pay::take(tx, venue, &mut tab, payment)
            .map_err(|error| within(error, &format!("/payments/{place}")))?;
    }
    let placed = placed(tx, venue, &tab)?;
    tx.audit_new("order.place", tab.id, &placed.order)?;
    tx.emit(EventType::OrderOpened, Some(venue.id), &placed.order)?;
    if tab.status == Status::Paid {
        tx.emit(EventType::OrderPaid, Some(venue.id), &placed.order)?;
    }
    Ok(placed)
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

/// The order as it stands, with the points that it earns or has earned.
pub fn placed(read: &mut Read, venue: &Venue, tab: &Tab) -> Result<Placed> {
    let order = orders::show(read, tab)?;
    let points = match (tab.customer, tab.status) {
        (Some(customer), Status::Open) => {
            let basket = basket(read, venue, tab, customer)?;
            Some(loyalty::forecast(read, &basket)?)
        }
        (Some(_), Status::Paid) => loyalty::earned(read, &tab.id.to_string(), &tab.currency)?,
        _ => None,
    };
    let balance = tab
        .customer
        .map(|customer| loyalty::balance(read, customer))
        .transpose()?;
    let points_balance = balance.map(|balance| balance.points);
    Ok(Placed {
        order,
        points,
        points_balance,
    })
}

/// The order as the loyalty program sees it: the first of a visit while the guest has not been seen today.
fn basket<'a>(
    read: &mut Read,
    venue: &'a Venue,
    tab: &'a Tab,
    customer: CustomerId,
) -> Result<Basket<'a>> {
    let at = tab.closed_at.unwrap_or(read.now());
    let seen = customers::has_visited(read, customer, venue.id, venue.business_day(at))?;
    Ok(Basket {
        customer,
        venue,
        evaluation: &tab.decided.evaluation,
        priced_for: tab.decided.order.customer.as_ref(),
        at,
        opens_visit: !seen,
        purchase_id: tab.id.to_string(),
        cause_kind: "order",
        counted_from: at,
        is_quiet: false,
    })
}
