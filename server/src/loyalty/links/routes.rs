use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{ParkedPurchase, ReportPurchase, ReportedPurchase};
use crate::hall::call::{Answer, Hall, StaffCall};
use crate::hall::error::Result;
use crate::hall::http::{Body, Path};
use crate::hall::id::{ParkedId, VenueId};
use crate::hall::page::{Listing, Page, Paging};

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new()
        .routes(routes!(report_purchase))
        .routes(routes!(list_parked))
        .routes(routes!(link_parked))
        .routes(routes!(part_parked))
}

/// Report a purchase of another system
///
/// It earns points as a sale at the till does. Told again, it answers what became of it then; one that looks like
/// a purchase from another source waits until staff link or part the two.
#[utoipa::path(post, path = "/api/v1/dashboard/venues/{venueId}/loyalty/purchases", tag = "loyalty",
    params(("venueId" = VenueId, Path)), request_body = ReportPurchase,
    responses((status = 201, body = ReportedPurchase)))]
async fn report_purchase(call: StaffCall, Body(ask): Body<ReportPurchase>) -> Result<Answer> {
    let venue = call.venue()?;
    let hot = call.hot("customer", ask.customer_id);
    call.create([hot], move |tx| super::earn_external(tx, &venue, &ask))
        .await
}

/// List the purchases that wait to be linked or parted
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/loyalty/parked", tag = "loyalty",
    params(("venueId" = VenueId, Path), Paging), responses((status = 200, body = Page<ParkedPurchase>)))]
async fn list_parked(call: StaffCall, list: Listing<()>) -> Result<Answer> {
    let venue = call.venue()?.id;
    call.survey(move |read| super::parked(read, venue, &list.paging))
        .await
}

/// Link a parked purchase to the one that it looks like
///
/// The two are one purchase, which has earned already.
#[utoipa::path(post, path = "/api/v1/dashboard/venues/{venueId}/loyalty/parked/{parkedId}/link", tag = "loyalty",
    params(("venueId" = VenueId, Path), ("parkedId" = ParkedId, Path)),
    responses((status = 200, body = ParkedPurchase)))]
async fn link_parked(call: StaffCall, Path((_, id)): Path<(VenueId, ParkedId)>) -> Result<Answer> {
    let venue = call.venue()?;
    let at = venue.id;
    let customer = call
        .look(move |read| super::customer_of(read, at, id))
        .await?;
    let hot = call.hot("customer", customer);
    call.write([hot], move |tx| super::link(tx, &venue, id))
        .await
}

/// Part a parked purchase from the one that it looks like
///
/// The two are two purchases: this one earns now.
#[utoipa::path(post, path = "/api/v1/dashboard/venues/{venueId}/loyalty/parked/{parkedId}/part", tag = "loyalty",
    params(("venueId" = VenueId, Path), ("parkedId" = ParkedId, Path)),
    responses((status = 200, body = ParkedPurchase)))]
async fn part_parked(call: StaffCall, Path((_, id)): Path<(VenueId, ParkedId)>) -> Result<Answer> {
    let venue = call.venue()?;
    let at = venue.id;
    let customer = call
        .look(move |read| super::customer_of(read, at, id))
        .await?;
    let hot = call.hot("customer", customer);
    call.write([hot], move |tx| super::part(tx, &venue, id))
        .await
}
