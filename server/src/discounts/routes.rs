use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Discount, DiscountFilter, DiscountPolicy, EditDiscount, EditDiscountPolicy};
use crate::hall::call::{Answer, Hall, StaffCall};
use crate::hall::error::Result;
use crate::hall::http::{Body, Path};
use crate::hall::id::{DiscountId, VenueId};
use crate::hall::page::{Listing, Page, Paging};
use crate::hall::store::Hot;

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new()
        .routes(routes!(list_discounts, create_discount))
        .routes(routes!(show_discount, replace_discount, archive_discount))
        .routes(routes!(clone_discount))
        .routes(routes!(list_chain_discounts, create_chain_discount))
        .routes(routes!(
            show_chain_discount,
            replace_chain_discount,
            archive_chain_discount
        ))
        .routes(routes!(clone_chain_discount))
        .routes(routes!(show_discount_policy, set_discount_policy))
}

/// All publish the next generation; and the group that a discount targets is not deleted while it is published.
fn hot(call: &StaffCall, ask: &EditDiscount) -> Vec<Hot> {
    let group = ask.customer_group_id;
    let group = group.map(|group| call.hot("customer group", group));
    group.into_iter().chain([generation(call)]).collect()
}

fn generation(call: &StaffCall) -> Hot {
    call.hot("discounts", "generation")
}

/// List the discounts of a venue
///
/// Those that are not archived, at this venue alone or among others.
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/discounts", tag = "discounts",
    params(("venueId" = VenueId, Path), Paging, DiscountFilter),
    responses((status = 200, body = Page<Discount>)))]
async fn list_discounts(call: StaffCall, list: Listing<DiscountFilter>) -> Result<Answer> {
    let venue = call.venue_or_chain().map(|venue| venue.id);
    call.survey(move |read| super::list(read, venue, &list))
        .await
}

/// Publish a discount at a venue
///
/// It is live as soon as this answers, unless `active` is false.
#[utoipa::path(post, path = "/api/v1/dashboard/venues/{venueId}/discounts", tag = "discounts",
    params(("venueId" = VenueId, Path)),
    request_body = EditDiscount,
    responses((status = 201, body = Discount)))]
async fn create_discount(call: StaffCall, Body(ask): Body<EditDiscount>) -> Result<Answer> {
    let venue = call.venue()?.id;
    call.create(hot(&call, &ask), move |tx| {
        super::create(tx, Some(venue), &ask)
    })
    .await
}

/// Show a discount of a venue
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/discounts/{discountId}", tag = "discounts",
    params(("venueId" = VenueId, Path), ("discountId" = DiscountId, Path)),
    responses((status = 200, body = Discount)))]
async fn show_discount(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, DiscountId)>,
) -> Result<Answer> {
    let venue = call.venue()?.id;
    call.read(move |read| super::find(read, Some(venue), id))
        .await
}

/// Publish the next version of a discount of a venue
///
/// Orders that were priced by an earlier version keep it.
#[utoipa::path(put, path = "/api/v1/dashboard/venues/{venueId}/discounts/{discountId}", tag = "discounts",
    request_body = EditDiscount,
    params(("venueId" = VenueId, Path), ("discountId" = DiscountId, Path)),
    responses((status = 200, body = Discount)))]
async fn replace_discount(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, DiscountId)>,
    Body(ask): Body<EditDiscount>,
) -> Result<Answer> {
    let venue = call.venue()?.id;
    let if_match = call.if_match();
    call.write(hot(&call, &ask), move |tx| {
        super::edit(tx, Some(venue), id, if_match.as_ref(), &ask)
    })
    .await
}

/// Archive a discount of a venue
///
/// It ends at once, everywhere, for every order that is not paid yet.
#[utoipa::path(delete, path = "/api/v1/dashboard/venues/{venueId}/discounts/{discountId}", tag = "discounts",
    params(("venueId" = VenueId, Path), ("discountId" = DiscountId, Path)), responses((status = 204)))]
async fn archive_discount(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, DiscountId)>,
) -> Result<Answer> {
    let (venue, if_match) = (call.venue()?.id, call.if_match());
    call.remove([generation(&call)], move |tx| {
        super::archive(tx, Some(venue), id, if_match.as_ref())
    })
    .await
}

/// Clone a discount of a venue
///
/// The copy is paused, so that nothing is given twice before somebody has looked at it.
#[utoipa::path(post, path = "/api/v1/dashboard/venues/{venueId}/discounts/{discountId}/clone", tag = "discounts",
    params(("venueId" = VenueId, Path), ("discountId" = DiscountId, Path)),
    responses((status = 201, body = Discount)))]
async fn clone_discount(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, DiscountId)>,
) -> Result<Answer> {
    let venue = call.venue()?.id;
    call.create([generation(&call)], move |tx| {
        super::clone(tx, Some(venue), id)
    })
    .await
}

/// List the discounts of the chain
///
/// Those that are not archived.
#[utoipa::path(get, path = "/api/v1/chain/discounts", tag = "discounts",
    params(Paging, DiscountFilter), responses((status = 200, body = Page<Discount>)))]
async fn list_chain_discounts(call: StaffCall, list: Listing<DiscountFilter>) -> Result<Answer> {
    call.survey(move |read| super::list(read, None, &list))
        .await
}

/// Publish a discount in the chain
///
/// It is live as soon as this answers, unless `active` is false.
#[utoipa::path(post, path = "/api/v1/chain/discounts", tag = "discounts", request_body = EditDiscount,
    responses((status = 201, body = Discount)))]
async fn create_chain_discount(call: StaffCall, Body(ask): Body<EditDiscount>) -> Result<Answer> {
    call.create(hot(&call, &ask), move |tx| super::create(tx, None, &ask))
        .await
}

/// Show a discount of the chain
#[utoipa::path(get, path = "/api/v1/chain/discounts/{discountId}", tag = "discounts",
    params(("discountId" = DiscountId, Path)), responses((status = 200, body = Discount)))]
async fn show_chain_discount(call: StaffCall, Path(id): Path<DiscountId>) -> Result<Answer> {
    call.read(move |read| super::find(read, None, id)).await
}

/// Publish the next version of a discount of the chain
///
/// Orders that were priced by an earlier version keep it.
#[utoipa::path(put, path = "/api/v1/chain/discounts/{discountId}", tag = "discounts",
    request_body = EditDiscount,
    params(("discountId" = DiscountId, Path)), responses((status = 200, body = Discount)))]
async fn replace_chain_discount(
    call: StaffCall,
    Path(id): Path<DiscountId>,
    Body(ask): Body<EditDiscount>,
) -> Result<Answer> {
    let if_match = call.if_match();
    call.write(hot(&call, &ask), move |tx| {
        super::edit(tx, None, id, if_match.as_ref(), &ask)
    })
    .await
}

/// Archive a discount of the chain
///
/// It ends at once, everywhere, for every order that is not paid yet.
#[utoipa::path(delete, path = "/api/v1/chain/discounts/{discountId}", tag = "discounts",
    params(("discountId" = DiscountId, Path)), responses((status = 204)))]
async fn archive_chain_discount(call: StaffCall, Path(id): Path<DiscountId>) -> Result<Answer> {
    let if_match = call.if_match();
    call.remove([generation(&call)], move |tx| {
        super::archive(tx, None, id, if_match.as_ref())
    })
    .await
}

/// Clone a discount of the chain
///
/// The copy is paused, so that nothing is given twice before somebody has looked at it.
#[utoipa::path(post, path = "/api/v1/chain/discounts/{discountId}/clone", tag = "discounts",
    params(("discountId" = DiscountId, Path)), responses((status = 201, body = Discount)))]
async fn clone_chain_discount(call: StaffCall, Path(id): Path<DiscountId>) -> Result<Answer> {
    call.create([generation(&call)], move |tx| super::clone(tx, None, id))
        .await
}

/// Show how the chain wants its discounts combined
#[utoipa::path(get, path = "/api/v1/chain/discount-policy", tag = "discounts",
    responses((status = 200, body = DiscountPolicy)))]
async fn show_discount_policy(call: StaffCall) -> Result<Answer> {
    call.read(super::policy).await
}

/// Set how the chain wants its discounts combined
///
/// Orders that are paid keep what they were decided by.
#[utoipa::path(put, path = "/api/v1/chain/discount-policy", tag = "discounts",
    request_body = EditDiscountPolicy, responses((status = 200, body = DiscountPolicy)))]
async fn set_discount_policy(
    call: StaffCall,
    Body(ask): Body<EditDiscountPolicy>,
) -> Result<Answer> {
    let if_match = call.if_match();
    call.write([generation(&call)], move |tx| {
        super::set_policy(tx, if_match.as_ref(), &ask)
    })
    .await
}
