use serde_json::Value as Json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::Archived;
use super::super::chain::{self, Chain, EditChain};
use super::super::rates::{self, ReplaceReportingRates, ReportingRates};
use super::super::tax::{self, EditTaxClass, ReplaceTaxRates, TaxClass, TaxRates};
use super::super::venues::{self, CreateVenue, Venue};
use crate::hall::call::{Answer, Hall, StaffCall};
use crate::hall::error::Result;
use crate::hall::http::{Body, Path};
use crate::hall::id::{TaxClassId, VenueId};
use crate::hall::page::{Listing, Page, Paging};
use crate::hall::patch;

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new()
        .routes(routes!(show_chain, edit_chain))
        .routes(routes!(list_venues, open_venue))
        .routes(routes!(
            show_venue,
            replace_venue,
            edit_venue,
            archive_venue
        ))
        .routes(routes!(restore_venue))
        .routes(routes!(list_tax_classes, create_tax_class))
        .routes(routes!(show_tax_class, edit_tax_class, archive_tax_class))
        .routes(routes!(show_tax_rates, replace_tax_rates))
        .routes(routes!(show_reporting_rates, replace_reporting_rates))
}

/// Show the chain
#[utoipa::path(get, path = "/api/v1/chain", tag = "platform", responses((status = 200, body = Chain)))]
async fn show_chain(call: StaffCall) -> Result<Answer> {
    call.read(chain::chain).await
}

/// Change the chain
///
/// Send what changes. The reporting currency stays once something was paid.
#[utoipa::path(patch, path = "/api/v1/chain", tag = "platform", request_body = EditChain,
    responses((status = 200, body = Chain)))]
async fn edit_chain(call: StaffCall, Body(change): Body<Json>) -> Result<Answer> {
    let if_match = call.if_match();
    call.write([], move |tx| chain::edit(tx, &change, if_match.as_ref()))
        .await
}

/// List the venues
#[utoipa::path(get, path = "/api/v1/chain/venues", tag = "platform", params(Paging, Archived),
    responses((status = 200, body = Page<Venue>)))]
async fn list_venues(call: StaffCall, list: Listing<Archived>) -> Result<Answer> {
    call.survey(move |read| venues::venues(read, &list.paging, list.filter))
        .await
}

/// Open a venue
#[utoipa::path(post, path = "/api/v1/chain/venues", tag = "platform", request_body = CreateVenue,
    responses((status = 201, body = Venue)))]
async fn open_venue(call: StaffCall, Body(ask): Body<CreateVenue>) -> Result<Answer> {
    call.create([], move |tx| venues::create(tx, &ask)).await
}

/// Show a venue
#[utoipa::path(get, path = "/api/v1/chain/venues/{venueId}", tag = "platform",
    params(("venueId" = VenueId, Path)), responses((status = 200, body = Venue)))]
async fn show_venue(call: StaffCall) -> Result<Answer> {
    let venue = call.venue()?.id;
    call.read(move |read| venues::venue(read, venue)).await
}

/// Replace a venue
#[utoipa::path(put, path = "/api/v1/chain/venues/{venueId}", tag = "platform",
    params(("venueId" = VenueId, Path)), request_body = CreateVenue,
    responses((status = 200, body = Venue)))]
async fn replace_venue(call: StaffCall, Body(ask): Body<CreateVenue>) -> Result<Answer> {
    let (venue, if_match) = (call.venue()?.id, call.if_match());
    call.write([], move |tx| {
        venues::edit(tx, venue, &ask, if_match.as_ref())
    })
    .await
}

/// Change a venue
///
/// Send what changes.
#[utoipa::path(patch, path = "/api/v1/chain/venues/{venueId}", tag = "platform",
    params(("venueId" = VenueId, Path)), request_body = CreateVenue,
    responses((status = 200, body = Venue)))]
async fn edit_venue(call: StaffCall, Body(change): Body<Json>) -> Result<Answer> {
    let (venue, if_match) = (call.venue()?.id, call.if_match());
    call.write([], move |tx| {
        let ask = patch::merge(&venues::venue(tx, venue)?.command(), &change)?;
        venues::edit(tx, venue, &ask, if_match.as_ref())
    })
    .await
}

/// Archive a venue
///
/// What happened there can still be read; nothing new happens until it is restored.
#[utoipa::path(delete, path = "/api/v1/chain/venues/{venueId}", tag = "platform",
    params(("venueId" = VenueId, Path)), responses((status = 204)))]
async fn archive_venue(call: StaffCall) -> Result<Answer> {
    let venue = call.venue()?.id;
    let if_match = call.if_match();
    call.remove([], move |tx| venues::archive(tx, venue, if_match.as_ref()))
        .await
}

/// Restore an archived venue
#[utoipa::path(post, path = "/api/v1/chain/venues/{venueId}/restore", tag = "platform",
    params(("venueId" = VenueId, Path)), responses((status = 200, body = Venue)))]
async fn restore_venue(call: StaffCall) -> Result<Answer> {
    let venue = call.venue()?.id;
    call.write([], move |tx| venues::restore(tx, venue)).await
}

/// List the tax classes
#[utoipa::path(get, path = "/api/v1/chain/tax-classes", tag = "platform", params(Paging, Archived),
    responses((status = 200, body = Page<TaxClass>)))]
async fn list_tax_classes(call: StaffCall, list: Listing<Archived>) -> Result<Answer> {
    call.survey(move |read| tax::classes(read, &list.paging, list.filter))
        .await
}

/// Create a tax class
#[utoipa::path(post, path = "/api/v1/chain/tax-classes", tag = "platform", request_body = EditTaxClass,
    responses((status = 201, body = TaxClass)))]
async fn create_tax_class(call: StaffCall, Body(ask): Body<EditTaxClass>) -> Result<Answer> {
    call.create([], move |tx| tax::create_class(tx, &ask)).await
}

/// Show a tax class
#[utoipa::path(get, path = "/api/v1/chain/tax-classes/{taxClassId}", tag = "platform",
    params(("taxClassId" = TaxClassId, Path)), responses((status = 200, body = TaxClass)))]
async fn show_tax_class(call: StaffCall, Path(id): Path<TaxClassId>) -> Result<Answer> {
    call.read(move |read| tax::class(read, id)).await
}

/// Rename a tax class
#[utoipa::path(put, path = "/api/v1/chain/tax-classes/{taxClassId}", tag = "platform",
    params(("taxClassId" = TaxClassId, Path)), request_body = EditTaxClass,
    responses((status = 200, body = TaxClass)))]
async fn edit_tax_class(
    call: StaffCall,
    Path(id): Path<TaxClassId>,
    Body(ask): Body<EditTaxClass>,
) -> Result<Answer> {
    let if_match = call.if_match();
    call.write([], move |tx| {
        tax::edit_class(tx, id, &ask, if_match.as_ref())
    })
    .await
}

/// Archive a tax class
///
/// Products that have it are taxed as before; it is offered no more.
#[utoipa::path(delete, path = "/api/v1/chain/tax-classes/{taxClassId}", tag = "platform",
    params(("taxClassId" = TaxClassId, Path)), responses((status = 204)))]
async fn archive_tax_class(call: StaffCall, Path(id): Path<TaxClassId>) -> Result<Answer> {
    let if_match = call.if_match();
    call.remove([], move |tx| tax::archive_class(tx, id, if_match.as_ref()))
        .await
}

/// Show the tax rates of a venue
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/tax-rates", tag = "platform",
    params(("venueId" = VenueId, Path)), responses((status = 200, body = TaxRates)))]
async fn show_tax_rates(call: StaffCall) -> Result<Answer> {
    let venue = call.venue()?.id;
    call.read(move |read| tax::rates_of(read, venue)).await
}

/// Replace the tax rates of a venue
///
/// Orders keep the rates that they were opened with.
#[utoipa::path(put, path = "/api/v1/dashboard/venues/{venueId}/tax-rates", tag = "platform",
    params(("venueId" = VenueId, Path)), request_body = ReplaceTaxRates,
    responses((status = 200, body = TaxRates)))]
async fn replace_tax_rates(call: StaffCall, Body(ask): Body<ReplaceTaxRates>) -> Result<Answer> {
    let (venue, if_match) = (call.venue()?.id, call.if_match());
    call.write([], move |tx| {
        tax::replace_rates(tx, venue, &ask, if_match.as_ref())
    })
    .await
}

/// Show the rates into the reporting currency
#[utoipa::path(get, path = "/api/v1/chain/reporting-rates", tag = "platform",
    responses((status = 200, body = ReportingRates)))]
async fn show_reporting_rates(call: StaffCall) -> Result<Answer> {
    call.read(rates::rates).await
}

/// Replace the rates into the reporting currency
///
/// What was paid keeps the amount that it was reported with.
#[utoipa::path(put, path = "/api/v1/chain/reporting-rates", tag = "platform",
    request_body = ReplaceReportingRates, responses((status = 200, body = ReportingRates)))]
async fn replace_reporting_rates(
    call: StaffCall,
    Body(ask): Body<ReplaceReportingRates>,
) -> Result<Answer> {
    let if_match = call.if_match();
    call.write([], move |tx| rates::replace(tx, &ask, if_match.as_ref()))
        .await
}
