use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{AccrualRule, AccrualRuleFilter, EditAccrualRule};
use crate::hall::call::{Answer, Hall, StaffCall};
use crate::hall::error::Result;
use crate::hall::http::{Body, Path};
use crate::hall::id::{AccrualRuleId, VenueId};
use crate::hall::page::{Listing, Page, Paging};

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new()
        .routes(routes!(list_at_venue, create_at_venue))
        .routes(routes!(show_at_venue, replace_at_venue, archive_at_venue))
        .routes(routes!(list_in_chain, create_in_chain))
        .routes(routes!(show_in_chain, replace_in_chain, archive_in_chain))
}

/// List the accrual rules of a venue
///
/// Those that are not archived, by name.
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/loyalty/accrual-rules",
    tag = "loyalty",
    operation_id = "list_accrual_rules_at_venue", params(("venueId" = VenueId, Path), Paging, AccrualRuleFilter),
    responses((status = 200, body = Page<AccrualRule>)))]
async fn list_at_venue(call: StaffCall, list: Listing<AccrualRuleFilter>) -> Result<Answer> {
    let venue = call.venue_or_chain().map(|venue| venue.id);
    call.survey(move |read| super::list(read, venue, &list))
        .await
}

/// Make an accrual rule of a venue
///
/// It decides what is earned as soon as this answers, unless `active` is false.
#[utoipa::path(post, path = "/api/v1/dashboard/venues/{venueId}/loyalty/accrual-rules",
    tag = "loyalty",
    operation_id = "create_accrual_rule_at_venue",
    params(("venueId" = VenueId, Path)),
    request_body = EditAccrualRule, responses((status = 201, body = AccrualRule)))]
async fn create_at_venue(call: StaffCall, Body(ask): Body<EditAccrualRule>) -> Result<Answer> {
    let venue = call.venue()?.id;
    call.create([], move |tx| super::create(tx, Some(venue), &ask))
        .await
}

/// Show an accrual rule of a venue
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/loyalty/accrual-rules/{accrualRuleId}",
    tag = "loyalty",
    operation_id = "show_accrual_rule_at_venue",
    params(("venueId" = VenueId, Path), ("accrualRuleId" = AccrualRuleId, Path)),
    responses((status = 200, body = AccrualRule)))]
async fn show_at_venue(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, AccrualRuleId)>,
) -> Result<Answer> {
    let venue = call.venue()?.id;
    call.read(move |read| super::find(read, Some(venue), id))
        .await
}

/// Change an accrual rule of a venue
///
/// Only what is earned from now on goes by it.
#[utoipa::path(put, path = "/api/v1/dashboard/venues/{venueId}/loyalty/accrual-rules/{accrualRuleId}",
    tag = "loyalty",
    operation_id = "replace_accrual_rule_at_venue",
    request_body = EditAccrualRule,
    params(("venueId" = VenueId, Path), ("accrualRuleId" = AccrualRuleId, Path)),
    responses((status = 200, body = AccrualRule)))]
async fn replace_at_venue(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, AccrualRuleId)>,
    Body(ask): Body<EditAccrualRule>,
) -> Result<Answer> {
    let (venue, if_match) = (call.venue()?.id, call.if_match());
    call.write([], move |tx| {
        super::edit(tx, Some(venue), id, if_match.as_ref(), &ask)
    })
    .await
}

/// Archive an accrual rule of a venue
///
/// It ends at once, everywhere.
#[utoipa::path(delete, path = "/api/v1/dashboard/venues/{venueId}/loyalty/accrual-rules/{accrualRuleId}",
    tag = "loyalty",
    operation_id = "archive_accrual_rule_at_venue",
    params(("venueId" = VenueId, Path), ("accrualRuleId" = AccrualRuleId, Path)),
    responses((status = 204)))]
async fn archive_at_venue(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, AccrualRuleId)>,
) -> Result<Answer> {
    let venue = call.venue()?.id;
    let if_match = call.if_match();
    call.remove([], move |tx| {
        super::archive(tx, Some(venue), id, if_match.as_ref())
    })
    .await
}

/// List the accrual rules of the chain
///
/// Those that are not archived, by name.
#[utoipa::path(get, path = "/api/v1/chain/loyalty/accrual-rules",
    tag = "loyalty",
    operation_id = "list_accrual_rules_in_chain", params(Paging, AccrualRuleFilter),
    responses((status = 200, body = Page<AccrualRule>)))]
async fn list_in_chain(call: StaffCall, list: Listing<AccrualRuleFilter>) -> Result<Answer> {
    call.survey(move |read| super::list(read, None, &list))
        .await
}

/// Make an accrual rule of the chain
///
/// It decides what is earned as soon as this answers, unless `active` is false.
#[utoipa::path(post, path = "/api/v1/chain/loyalty/accrual-rules",
    tag = "loyalty",
    operation_id = "create_accrual_rule_in_chain",
    request_body = EditAccrualRule, responses((status = 201, body = AccrualRule)))]
async fn create_in_chain(call: StaffCall, Body(ask): Body<EditAccrualRule>) -> Result<Answer> {
    call.create([], move |tx| super::create(tx, None, &ask))
        .await
}

/// Show an accrual rule of the chain
#[utoipa::path(get, path = "/api/v1/chain/loyalty/accrual-rules/{accrualRuleId}",
    tag = "loyalty",
    operation_id = "show_accrual_rule_in_chain",
    params(("accrualRuleId" = AccrualRuleId, Path)),
    responses((status = 200, body = AccrualRule)))]
async fn show_in_chain(call: StaffCall, Path(id): Path<AccrualRuleId>) -> Result<Answer> {
    call.read(move |read| super::find(read, None, id)).await
}

/// Change an accrual rule of the chain
///
/// Only what is earned from now on goes by it.
#[utoipa::path(put, path = "/api/v1/chain/loyalty/accrual-rules/{accrualRuleId}",
    tag = "loyalty",
    operation_id = "replace_accrual_rule_in_chain",
    request_body = EditAccrualRule,
    params(("accrualRuleId" = AccrualRuleId, Path)),
    responses((status = 200, body = AccrualRule)))]
async fn replace_in_chain(
    call: StaffCall,
    Path(id): Path<AccrualRuleId>,
    Body(ask): Body<EditAccrualRule>,
) -> Result<Answer> {
    let if_match = call.if_match();
    call.write([], move |tx| {
        super::edit(tx, None, id, if_match.as_ref(), &ask)
    })
    .await
}

/// Archive an accrual rule of the chain
///
/// It ends at once, everywhere.
#[utoipa::path(delete, path = "/api/v1/chain/loyalty/accrual-rules/{accrualRuleId}",
    tag = "loyalty",
    operation_id = "archive_accrual_rule_in_chain",
    params(("accrualRuleId" = AccrualRuleId, Path)),
    responses((status = 204)))]
async fn archive_in_chain(call: StaffCall, Path(id): Path<AccrualRuleId>) -> Result<Answer> {
    let if_match = call.if_match();
    call.remove([], move |tx| {
        super::archive(tx, None, id, if_match.as_ref())
    })
    .await
}
