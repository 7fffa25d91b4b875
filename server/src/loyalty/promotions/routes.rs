use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{EditPromotion, Promotion, PromotionFilter};
use crate::hall::call::{Answer, Hall, StaffCall};
use crate::hall::error::Result;
use crate::hall::http::{Body, Path};
use crate::hall::id::{PromotionId, VenueId};
use crate::hall::page::{Listing, Page, Paging};
use crate::hall::store::Hot;

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new()
        .routes(routes!(list_at_venue, create_at_venue))
        .routes(routes!(show_at_venue, replace_at_venue, archive_at_venue))
        .routes(routes!(list_in_chain, create_in_chain))
        .routes(routes!(show_in_chain, replace_in_chain, archive_in_chain))
}

/// Whoever deletes the group waits for this, or this for them.
fn group(call: &StaffCall, ask: &EditPromotion) -> Option<Hot> {
    ask.customer_group_id
        .map(|id| call.hot("customer group", id))
}

/// List the promotions of a venue
///
/// Those that are not archived, by name.
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/loyalty/promotions",
    tag = "loyalty",
    operation_id = "list_promotions_at_venue", params(("venueId" = VenueId, Path), Paging, PromotionFilter),
    responses((status = 200, body = Page<Promotion>)))]
async fn list_at_venue(call: StaffCall, list: Listing<PromotionFilter>) -> Result<Answer> {
    let venue = call.venue_or_chain().map(|venue| venue.id);
    call.survey(move |read| super::list(read, venue, &list))
        .await
}

/// Make a promotion of a venue
///
/// It decides what is earned as soon as this answers, unless `active` is false.
#[utoipa::path(post, path = "/api/v1/dashboard/venues/{venueId}/loyalty/promotions",
    tag = "loyalty",
    operation_id = "create_promotion_at_venue",
    params(("venueId" = VenueId, Path)),
    request_body = EditPromotion, responses((status = 201, body = Promotion)))]
async fn create_at_venue(call: StaffCall, Body(ask): Body<EditPromotion>) -> Result<Answer> {
    let (venue, group) = (call.venue()?.id, group(&call, &ask));
    call.create(group, move |tx| super::create(tx, Some(venue), &ask))
        .await
}

/// Show a promotion of a venue
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/loyalty/promotions/{promotionId}",
    tag = "loyalty",
    operation_id = "show_promotion_at_venue",
    params(("venueId" = VenueId, Path), ("promotionId" = PromotionId, Path)),
    responses((status = 200, body = Promotion)))]
async fn show_at_venue(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, PromotionId)>,
) -> Result<Answer> {
    let venue = call.venue()?.id;
    call.read(move |read| super::find(read, Some(venue), id))
        .await
}

/// Change a promotion of a venue
///
/// Only what is earned from now on goes by it.
#[utoipa::path(put, path = "/api/v1/dashboard/venues/{venueId}/loyalty/promotions/{promotionId}",
    tag = "loyalty",
    operation_id = "replace_promotion_at_venue",
    request_body = EditPromotion,
    params(("venueId" = VenueId, Path), ("promotionId" = PromotionId, Path)),
    responses((status = 200, body = Promotion)))]
async fn replace_at_venue(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, PromotionId)>,
    Body(ask): Body<EditPromotion>,
) -> Result<Answer> {
    let (venue, if_match) = (call.venue()?.id, call.if_match());
    let group = group(&call, &ask);
    call.write(group, move |tx| {
        super::edit(tx, Some(venue), id, if_match.as_ref(), &ask)
    })
    .await
}

/// Archive a promotion of a venue
///
/// It ends at once, everywhere.
#[utoipa::path(delete, path = "/api/v1/dashboard/venues/{venueId}/loyalty/promotions/{promotionId}",
    tag = "loyalty",
    operation_id = "archive_promotion_at_venue",
    params(("venueId" = VenueId, Path), ("promotionId" = PromotionId, Path)),
    responses((status = 204)))]
async fn archive_at_venue(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, PromotionId)>,
) -> Result<Answer> {
    let venue = call.venue()?.id;
    let if_match = call.if_match();
    call.remove([], move |tx| {
        super::archive(tx, Some(venue), id, if_match.as_ref())
    })
    .await
}

/// List the promotions of the chain
///
/// Those that are not archived, by name.
#[utoipa::path(get, path = "/api/v1/chain/loyalty/promotions",
    tag = "loyalty",
    operation_id = "list_promotions_in_chain", params(Paging, PromotionFilter),
    responses((status = 200, body = Page<Promotion>)))]
async fn list_in_chain(call: StaffCall, list: Listing<PromotionFilter>) -> Result<Answer> {
    call.survey(move |read| super::list(read, None, &list))
        .await
}

/// Make a promotion of the chain
///
/// It decides what is earned as soon as this answers, unless `active` is false.
#[utoipa::path(post, path = "/api/v1/chain/loyalty/promotions",
    tag = "loyalty",
    operation_id = "create_promotion_in_chain",
    request_body = EditPromotion, responses((status = 201, body = Promotion)))]
async fn create_in_chain(call: StaffCall, Body(ask): Body<EditPromotion>) -> Result<Answer> {
    let group = group(&call, &ask);
    call.create(group, move |tx| super::create(tx, None, &ask))
        .await
}

/// Show a promotion of the chain
#[utoipa::path(get, path = "/api/v1/chain/loyalty/promotions/{promotionId}",
    tag = "loyalty",
    operation_id = "show_promotion_in_chain",
    params(("promotionId" = PromotionId, Path)),
    responses((status = 200, body = Promotion)))]
async fn show_in_chain(call: StaffCall, Path(id): Path<PromotionId>) -> Result<Answer> {
    call.read(move |read| super::find(read, None, id)).await
}

/// Change a promotion of the chain
///
/// Only what is earned from now on goes by it.
#[utoipa::path(put, path = "/api/v1/chain/loyalty/promotions/{promotionId}",
    tag = "loyalty",
    operation_id = "replace_promotion_in_chain",
    request_body = EditPromotion,
    params(("promotionId" = PromotionId, Path)),
    responses((status = 200, body = Promotion)))]
async fn replace_in_chain(
    call: StaffCall,
    Path(id): Path<PromotionId>,
    Body(ask): Body<EditPromotion>,
) -> Result<Answer> {
    let (if_match, group) = (call.if_match(), group(&call, &ask));
    call.write(group, move |tx| {
        super::edit(tx, None, id, if_match.as_ref(), &ask)
    })
    .await
}

/// Archive a promotion of the chain
///
/// It ends at once, everywhere.
#[utoipa::path(delete, path = "/api/v1/chain/loyalty/promotions/{promotionId}",
    tag = "loyalty",
    operation_id = "archive_promotion_in_chain",
    params(("promotionId" = PromotionId, Path)),
    responses((status = 204)))]
async fn archive_in_chain(call: StaffCall, Path(id): Path<PromotionId>) -> Result<Answer> {
    let if_match = call.if_match();
    call.remove([], move |tx| {
        super::archive(tx, None, id, if_match.as_ref())
    })
    .await
}
