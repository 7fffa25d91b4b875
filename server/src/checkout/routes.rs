use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::calculate::CalculatePoints;
use super::{Paid, Pay, PlaceOrder, RefundOrder, RefundedOrder};
use crate::coupons;
use crate::hall::call::{Answer, Hall, StaffCall};
use crate::hall::error::Result;
use crate::hall::http::{Body, Path};
use crate::hall::id::{OrderId, VenueId};
use crate::hall::identity::Principal;
use crate::hall::store::Hot;
use crate::loyalty::Calculation;
use crate::orders::{self, Order, Refund, Source};
use crate::payments::{self, Payment};
use crate::platform::refs::ExternalRef;

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new()
        .routes(routes!(place))
        .routes(routes!(preview))
        .routes(routes!(place_by_ref))
        .routes(routes!(pay, list_payments))
        .routes(routes!(refund, list_refunds))
        .routes(routes!(calculate))
}

/// Where the order came from, by who sends it.
fn source(call: &StaffCall) -> Source {
    if matches!(call.identity.principal, Principal::Key { .. }) {
        Source::Api
    } else {
        Source::Till
    }
}

/// The rows that many such calls move at once: this customer's, and the counts of these codes.
fn hot(call: &StaffCall, ask: &PlaceOrder) -> Vec<Hot> {
    let customer = ask.customer_id.iter().map(|id| call.hot("customer", id));
    let codes = ask.coupon_codes.iter();
    let codes = codes.map(|code| call.hot("coupon", &coupons::compared(code)));
    customer.chain(codes).collect()
}

/// Open an order; price, pay and earn in the same call
#[utoipa::path(post, path = "/api/v1/tpv/venues/{venueId}/orders", tag = "checkout",
    params(("venueId" = VenueId, Path)), request_body = PlaceOrder, responses((status = 201, body = Order)))]
async fn place(call: StaffCall, Body(ask): Body<PlaceOrder>) -> Result<Answer> {
    let (venue, source) = (call.venue()?, source(&call));
    call.create(hot(&call, &ask), move |tx| {
        super::place(tx, &venue, source, &ask)
    })
    .await
}

/// See what an order would come to; nothing is written
#[utoipa::path(post, path = "/api/v1/tpv/venues/{venueId}/orders/preview", tag = "checkout",
    params(("venueId" = VenueId, Path)), request_body = PlaceOrder, responses((status = 200, body = Order)))]
async fn preview(call: StaffCall, Body(ask): Body<PlaceOrder>) -> Result<Answer> {
    let (venue, source) = (call.venue()?, source(&call));
    call.rehearse(move |tx| super::place(tx, &venue, source, &ask))
        .await
}

/// Open the order that another system names, or show it
///
/// Sent again it answers the order as it stands, with 200: an order that is there is changed by its own routes, never
/// by this one. With `If-Match` it must be there already.
#[utoipa::path(put, path = "/api/v1/tpv/venues/{venueId}/orders/by-ref/{system}/{id}", tag = "checkout",
    params(("venueId" = VenueId, Path),
        ("system" = String, Path, example = "square"), ("id" = String, Path, example = "10442")),
    request_body = PlaceOrder, responses((status = 201, body = Order), (status = 200, body = Order)))]
async fn place_by_ref(
    call: StaffCall,
    Path((_, system, id)): Path<(VenueId, String, String)>,
    Body(ask): Body<PlaceOrder>,
) -> Result<Answer> {
    let (venue, source, if_match) = (call.venue()?, source(&call), call.if_match());
    let mut hot = hot(&call, &ask);
    hot.push(call.hot("order ref", &format!("{system} {id}")));
    let named = ExternalRef { system, id };
    let (here, known) = (venue.clone(), named.clone());
    let known = call.look(move |read| super::named(read, &here, &known, if_match.as_ref()));
    if let Some(order) = known.await? {
        return Answer::of(StatusCode::OK, &order);
    }
    call.create(hot, move |tx| {
        super::place_named(tx, &venue, source, &named, &ask)
    })
    .await
}

/// Pay an open order, wholly or in part
#[utoipa::path(post, path = "/api/v1/tpv/venues/{venueId}/orders/{orderId}/payments", tag = "checkout",
    params(("venueId" = VenueId, Path), ("orderId" = OrderId, Path)), request_body = Pay,
    responses((status = 201, body = Paid)))]
async fn pay(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, OrderId)>,
    Body(ask): Body<Pay>,
) -> Result<Answer> {
    let venue = call.venue()?;
    call.create([call.hot("order", id)], move |tx| {
        super::pay::pay(tx, &venue, id, &ask)
    })
    .await
}

/// List an order's payments with their trails
#[utoipa::path(get, path = "/api/v1/tpv/venues/{venueId}/orders/{orderId}/payments", tag = "checkout",
    params(("venueId" = VenueId, Path), ("orderId" = OrderId, Path)), responses((status = 200, body = Vec<Payment>)))]
async fn list_payments(call: StaffCall, Path((_, id)): Path<(VenueId, OrderId)>) -> Result<Answer> {
    let venue = call.venue()?;
    call.read(move |read| {
        orders::find(read, venue.id, id)?;
        payments::of(read, &id.to_string())
    })
    .await
}

/// Give money of an order back
///
/// Of a paid one with what was sold; of an open one money alone, after which it can lose items or be voided.
#[utoipa::path(post, path = "/api/v1/tpv/venues/{venueId}/orders/{orderId}/refunds", tag = "checkout",
    params(("venueId" = VenueId, Path), ("orderId" = OrderId, Path)), request_body = RefundOrder,
    responses((status = 201, body = RefundedOrder)))]
async fn refund(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, OrderId)>,
    Body(ask): Body<RefundOrder>,
) -> Result<Answer> {
    let venue = call.venue()?;
    call.create([call.hot("order", id)], move |tx| {
        super::refund::refund(tx, &venue, id, &ask)
    })
    .await
}

/// List an order's refunds
#[utoipa::path(get, path = "/api/v1/tpv/venues/{venueId}/orders/{orderId}/refunds", tag = "checkout",
    params(("venueId" = VenueId, Path), ("orderId" = OrderId, Path)), responses((status = 200, body = Vec<Refund>)))]
async fn list_refunds(call: StaffCall, Path((_, id)): Path<(VenueId, OrderId)>) -> Result<Answer> {
    let venue = call.venue()?;
    call.read(move |read| {
        let tab = orders::find(read, venue.id, id)?;
        orders::refunds(read, &tab)
    })
    .await
}

/// Explain what an amount or items would earn
#[utoipa::path(post, path = "/api/v1/dashboard/venues/{venueId}/loyalty/calculate-points", tag = "checkout",
    params(("venueId" = VenueId, Path)), request_body = CalculatePoints,
    responses((status = 200, body = Calculation)))]
async fn calculate(call: StaffCall, Body(ask): Body<CalculatePoints>) -> Result<Answer> {
    let venue = call.venue()?;
    call.rehearse(move |tx| super::calculate::calculate(tx, &venue, &ask))
        .await
}
