use serde::Deserialize;
use serde_json::Value as Json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{AddItem, ChangeItem, Order, RelabelOrder, Status, store};
use crate::hall::call::{Answer, Hall, StaffCall};
use crate::hall::error::Result;
use crate::hall::http::{Body, Path};
use crate::hall::id::{CustomerId, LineId, OrderId, StaffId, VenueId};
use crate::hall::page::{Listing, Page, Paging};

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show, relabel))
        .routes(routes!(add_item))
        .routes(routes!(change_item))
        .routes(routes!(void_item))
        .routes(routes!(attach_customer))
        .routes(routes!(hand_over))
        .routes(routes!(void))
}

#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct OrderFilter {
    status: Option<Status>,
    customer_id: Option<CustomerId>,
    /// Only what changed at or after this instant, oldest change first.
    updated_since: Option<jiff::Timestamp>,
}

/// List the venue's orders, newest first
#[utoipa::path(get, path = "/api/v1/tpv/venues/{venueId}/orders", tag = "orders",
    params(("venueId" = VenueId, Path), Paging, OrderFilter), responses((status = 200, body = Page<Order>)))]
async fn list(call: StaffCall, listing: Listing<OrderFilter>) -> Result<Answer> {
    let venue = call.venue()?;
    call.read(move |read| {
        let filter = store::lists::Filter {
            status: listing.filter.status,
            customer: listing.filter.customer_id,
            updated_since: listing.filter.updated_since,
        };
        let tabs = store::lists::list(read, venue.id, &filter, &listing.paging)?;
        let mut names = super::show::names(read, &tabs.items)?;
        tabs.try_map(|tab| super::show::listed(&tab, &mut names))
    })
    .await
}

/// Show an order
#[utoipa::path(get, path = "/api/v1/tpv/venues/{venueId}/orders/{orderId}", tag = "orders",
    params(("venueId" = VenueId, Path), ("orderId" = OrderId, Path)), responses((status = 200, body = Order)))]
async fn show(call: StaffCall, Path((_, id)): Path<(VenueId, OrderId)>) -> Result<Answer> {
    let venue = call.venue()?;
    call.read(move |read| {
        let tab = super::find(read, venue.id, id)?;
        super::show(read, &tab)
    })
    .await
}

/// Give an open order another label
///
/// An RFC 7396 merge: what is left out stays, `null` clears.
#[utoipa::path(patch, path = "/api/v1/tpv/venues/{venueId}/orders/{orderId}", tag = "orders",
    params(("venueId" = VenueId, Path), ("orderId" = OrderId, Path)), request_body = RelabelOrder,
    responses((status = 200, body = Order)))]
async fn relabel(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, OrderId)>,
    Body(changes): Body<Json>,
) -> Result<Answer> {
    let (venue, if_match) = (call.venue()?, call.if_match());
    call.write([call.hot("order", id)], move |tx| {
        super::relabel(tx, &venue, id, if_match.as_ref(), &changes)
    })
    .await
}

/// Add an item to an open order
#[utoipa::path(post, path = "/api/v1/tpv/venues/{venueId}/orders/{orderId}/items", tag = "orders",
    params(("venueId" = VenueId, Path), ("orderId" = OrderId, Path)), request_body = AddItem,
    responses((status = 201, body = Order)))]
async fn add_item(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, OrderId)>,
    Body(ask): Body<AddItem>,
) -> Result<Answer> {
    let venue = call.venue()?;
    call.create([call.hot("order", id)], move |tx| {
        super::add_item(tx, &venue, id, &ask)
    })
    .await
}

/// Change an item of an open order
#[utoipa::path(patch, path = "/api/v1/tpv/venues/{venueId}/orders/{orderId}/items/{itemId}", tag = "orders",
    params(("venueId" = VenueId, Path), ("orderId" = OrderId, Path), ("itemId" = LineId, Path)),
    request_body = ChangeItem, responses((status = 200, body = Order)))]
async fn change_item(
    call: StaffCall,
    Path((_, id, line)): Path<(VenueId, OrderId, LineId)>,
    Body(ask): Body<ChangeItem>,
) -> Result<Answer> {
    let (venue, if_match) = (call.venue()?, call.if_match());
    call.write([call.hot("order", id)], move |tx| {
        super::change_item(tx, &venue, (id, line), if_match.as_ref(), &ask)
    })
    .await
}

/// Why something is given up.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Void {
    #[schema(example = "ordered by mistake")]
    reason: String,
}

/// Void an item before it is made
#[utoipa::path(post, path = "/api/v1/tpv/venues/{venueId}/orders/{orderId}/items/{itemId}/void", tag = "orders",
    params(("venueId" = VenueId, Path), ("orderId" = OrderId, Path), ("itemId" = LineId, Path)),
    request_body = Void, responses((status = 200, body = Order)))]
async fn void_item(
    call: StaffCall,
    Path((_, id, line)): Path<(VenueId, OrderId, LineId)>,
    Body(ask): Body<Void>,
) -> Result<Answer> {
    let venue = call.venue()?;
    call.write([call.hot("order", id)], move |tx| {
        super::void_item(tx, &venue, id, line, &ask.reason)
    })
    .await
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AttachCustomer {
    /// `null` takes the customer off the order.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required)]
    customer_id: Option<CustomerId>,
}

/// Say whose order it is
#[utoipa::path(put, path = "/api/v1/tpv/venues/{venueId}/orders/{orderId}/customer", tag = "orders",
    params(("venueId" = VenueId, Path), ("orderId" = OrderId, Path)), request_body = AttachCustomer,
    responses((status = 200, body = Order)))]
async fn attach_customer(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, OrderId)>,
    Body(ask): Body<AttachCustomer>,
) -> Result<Answer> {
    let (venue, if_match) = (call.venue()?, call.if_match());
    call.write([call.hot("order", id)], move |tx| {
        super::attach(tx, &venue, id, if_match.as_ref(), ask.customer_id)
    })
    .await
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct HandOver {
    staff_id: StaffId,
}

/// Hand an open order to a colleague
#[utoipa::path(put, path = "/api/v1/tpv/venues/{venueId}/orders/{orderId}/served-by", tag = "orders",
    params(("venueId" = VenueId, Path), ("orderId" = OrderId, Path)), request_body = HandOver,
    responses((status = 200, body = Order)))]
async fn hand_over(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, OrderId)>,
    Body(ask): Body<HandOver>,
) -> Result<Answer> {
    let (venue, if_match) = (call.venue()?, call.if_match());
    call.write([call.hot("order", id)], move |tx| {
        super::hand_over(tx, &venue, id, if_match.as_ref(), ask.staff_id)
    })
    .await
}

/// Void an open order
#[utoipa::path(post, path = "/api/v1/tpv/venues/{venueId}/orders/{orderId}/void", tag = "orders",
    params(("venueId" = VenueId, Path), ("orderId" = OrderId, Path)), request_body = Void,
    responses((status = 200, body = Order)))]
async fn void(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, OrderId)>,
    Body(ask): Body<Void>,
) -> Result<Answer> {
    let venue = call.venue()?;
    call.write([call.hot("order", id)], move |tx| {
        super::void(tx, &venue, id, &ask.reason)
    })
    .await
}
