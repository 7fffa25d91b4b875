use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::adjust::Adjust;
use super::config::EditConfig;
use super::own::OwnEntry;
use super::{Balance, Config, Entry};
use crate::customers;
use crate::hall::call::{Answer, GuestCall, Hall, StaffCall};
use crate::hall::error::Result;
use crate::hall::http::{Body, Path};
use crate::hall::id::{CustomerId, VenueId};
use crate::hall::page::{Listing, Page, Paging};

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new()
        .routes(routes!(show_config, put_config))
        .routes(routes!(show_chain_config, put_chain_config))
        .routes(routes!(show_balance))
        .routes(routes!(list_transactions))
        .routes(routes!(adjust))
        .merge(super::accrual::routes::routes())
        .merge(super::promotions::routes::routes())
        .merge(super::migration::routes::routes())
        .merge(super::links::routes::routes())
        .routes(routes!(list_mine))
}

/// Show the loyalty program in force at the venue
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/loyalty/config", tag = "loyalty",
    params(("venueId" = VenueId, Path)), responses((status = 200, body = Config)))]
async fn show_config(call: StaffCall) -> Result<Answer> {
    let venue = call.venue_or_chain().map(|venue| venue.id);
    call.read(move |read| super::effective(read, venue)).await
}

/// Set what the venue decides itself of the loyalty program
#[utoipa::path(put, path = "/api/v1/dashboard/venues/{venueId}/loyalty/config", tag = "loyalty",
    params(("venueId" = VenueId, Path)), request_body = EditConfig, responses((status = 200, body = Config)))]
async fn put_config(call: StaffCall, Body(ask): Body<EditConfig>) -> Result<Answer> {
    let (venue, if_match) = (call.venue()?.id, call.if_match());
    call.write([], move |tx| {
        super::configure(tx, Some(venue), &ask, if_match.as_ref())
    })
    .await
}

/// Show the chain's loyalty program
#[utoipa::path(get, path = "/api/v1/chain/loyalty/config", tag = "loyalty",
    responses((status = 200, body = Config)))]
async fn show_chain_config(call: StaffCall) -> Result<Answer> {
    call.read(|read| super::effective(read, None)).await
}

/// Set the chain's loyalty program
#[utoipa::path(put, path = "/api/v1/chain/loyalty/config", tag = "loyalty",
    request_body = EditConfig, responses((status = 200, body = Config)))]
async fn put_chain_config(call: StaffCall, Body(ask): Body<EditConfig>) -> Result<Answer> {
    let if_match = call.if_match();
    call.write([], move |tx| {
        super::configure(tx, None, &ask, if_match.as_ref())
    })
    .await
}

/// Show a customer's points
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/customers/{customerId}/loyalty/balance",
    tag = "loyalty", params(("venueId" = VenueId, Path), ("customerId" = CustomerId, Path)),
    responses((status = 200, body = Balance)))]
async fn show_balance(
    call: StaffCall,
    Path((_, id)): Path<(String, CustomerId)>,
) -> Result<Answer> {
    let venue = call.venue_or_chain().map(|venue| venue.id);
    call.read(move |read| super::balance(read, venue, id)).await
}

#[derive(Debug, Clone, Deserialize)]
struct NoFilter {}

/// List a customer's points, newest first
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/customers/{customerId}/loyalty/transactions",
    tag = "loyalty", params(("venueId" = VenueId, Path), ("customerId" = CustomerId, Path), Paging),
    responses((status = 200, body = Page<Entry>)))]
async fn list_transactions(
    call: StaffCall,
    Path((_, id)): Path<(String, CustomerId)>,
    listing: Listing<NoFilter>,
) -> Result<Answer> {
    call.read(move |read| {
        customers::find(read, id)?;
        super::history(read, id, &listing.paging)
    })
    .await
}

/// Give a customer points, or take some away
#[utoipa::path(post, path = "/api/v1/dashboard/venues/{venueId}/customers/{customerId}/loyalty/adjust",
    tag = "loyalty", params(("venueId" = VenueId, Path), ("customerId" = CustomerId, Path)),
    request_body = Adjust, responses((status = 201, body = Entry)))]
async fn adjust(
    call: StaffCall,
    Path((_, id)): Path<(String, CustomerId)>,
    Body(ask): Body<Adjust>,
) -> Result<Answer> {
    let venue = call.venue()?.id;
    call.create([call.hot("customer", id)], move |tx| {
        super::adjust::adjust(tx, venue, id, &ask)
    })
    .await
}

/// List what moved my own points, newest first
#[utoipa::path(get, path = "/api/v1/me/loyalty/transactions", tag = "loyalty", params(Paging),
    responses((status = 200, body = Page<OwnEntry>)))]
async fn list_mine(call: GuestCall, listing: Listing<NoFilter>) -> Result<Answer> {
    let customer = call.customer;
    call.read(move |read| super::own::own_history(read, customer, &listing.paging))
        .await
}
