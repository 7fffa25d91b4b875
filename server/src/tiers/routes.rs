use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Change, EditLadder, Ladder, Progress, store};
use crate::customers;
use crate::hall::call::{Answer, GuestCall, Hall, StaffCall};
use crate::hall::error::Result;
use crate::hall::http::{Body, Path};
use crate::hall::id::{CustomerId, VenueId};
use crate::hall::page::{Listing, Page, Paging};

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new()
        .routes(routes!(show_ladder))
        .routes(routes!(show_chain_ladder, put_chain_ladder))
        .routes(routes!(show_tier))
        .routes(routes!(list_changes))
        .routes(routes!(show_my_tier))
}

/// Show the chain's status tiers
///
/// The ladder is the chain's, whatever the venue.
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/loyalty/tiers", tag = "tiers",
    params(("venueId" = VenueId, Path)), responses((status = 200, body = Ladder)))]
async fn show_ladder(call: StaffCall) -> Result<Answer> {
    call.read(super::ladder).await
}

/// Show the status tiers
#[utoipa::path(get, path = "/api/v1/chain/loyalty/tiers", tag = "tiers",
    responses((status = 200, body = Ladder)))]
async fn show_chain_ladder(call: StaffCall) -> Result<Answer> {
    call.read(super::ladder).await
}

/// Set the whole ladder of status tiers
///
/// A tier that is sent with its id is the same tier, whatever is changed of it; one that is left out ends. Every
/// guest is measured by the new ladder soon.
#[utoipa::path(put, path = "/api/v1/chain/loyalty/tiers", tag = "tiers", request_body = EditLadder,
    responses((status = 200, body = Ladder)))]
async fn put_chain_ladder(call: StaffCall, Body(ask): Body<EditLadder>) -> Result<Answer> {
    let if_match = call.if_match();
    call.write([], move |tx| super::put_ladder(tx, if_match.as_ref(), &ask))
        .await
}

/// Show where a customer stands, and how far the next tier is
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/customers/{customerId}/loyalty/tier", tag = "tiers",
    params(("venueId" = VenueId, Path), ("customerId" = CustomerId, Path)),
    responses((status = 200, body = Progress)))]
async fn show_tier(call: StaffCall, Path((_, id)): Path<(String, CustomerId)>) -> Result<Answer> {
    call.read(move |read| super::progress(read, id)).await
}

#[derive(Debug, Clone, Deserialize)]
struct NoFilter {}

/// List the rises and falls of a customer, newest first
///
/// Each with the rule and the figures that made it.
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/customers/{customerId}/loyalty/tier-changes",
    tag = "tiers", params(("venueId" = VenueId, Path), ("customerId" = CustomerId, Path), Paging),
    responses((status = 200, body = Page<Change>)))]
async fn list_changes(
    call: StaffCall,
    Path((_, id)): Path<(String, CustomerId)>,
    listing: Listing<NoFilter>,
) -> Result<Answer> {
    call.read(move |read| {
        customers::find(read, id)?;
        store::changes(read, id, &listing.paging)
    })
    .await
}

/// Show where I stand, and how far the next tier is
#[utoipa::path(get, path = "/api/v1/me/loyalty/tier", tag = "tiers", responses((status = 200, body = Progress)))]
async fn show_my_tier(call: GuestCall) -> Result<Answer> {
    let customer = call.customer;
    call.read(move |read| super::progress(read, customer)).await
}
