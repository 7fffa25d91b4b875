use serde_json::Value as Json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::catalogue::categories::{self, Category, CategoryFilter, EditCategory};
use crate::hall::call::{Answer, Hall, StaffCall};
use crate::hall::error::Result;
use crate::hall::http::{Body, Path};
use crate::hall::id::{CategoryId, VenueId};
use crate::hall::page::{Listing, Page, Paging};
use crate::hall::patch::Change;

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new()
        .routes(routes!(list_categories, create_category))
        .routes(routes!(
            show_category,
            replace_category,
            edit_category,
            archive_category
        ))
        .routes(routes!(list_chain_categories, create_chain_category))
        .routes(routes!(
            show_chain_category,
            replace_chain_category,
            edit_chain_category,
            archive_chain_category
        ))
}

/// List the categories of a venue
///
/// They are the chain's; every venue has the same.
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/categories", tag = "catalogue",
    params(("venueId" = VenueId, Path), Paging, CategoryFilter),
    responses((status = 200, body = Page<Category>)))]
async fn list_categories(call: StaffCall, list: Listing<CategoryFilter>) -> Result<Answer> {
    call.survey(move |read| categories::list(read, &list)).await
}

/// Create a category at a venue
#[utoipa::path(post, path = "/api/v1/dashboard/venues/{venueId}/categories", tag = "catalogue",
    params(("venueId" = VenueId, Path)),
    request_body = EditCategory,
    responses((status = 201, body = Category)))]
async fn create_category(call: StaffCall, Body(ask): Body<EditCategory>) -> Result<Answer> {
    call.create([], move |tx| categories::create(tx, &ask))
        .await
}

/// Show a category of a venue
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/categories/{categoryId}", tag = "catalogue",
    params(("venueId" = VenueId, Path), ("categoryId" = CategoryId, Path)),
    responses((status = 200, body = Category)))]
async fn show_category(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, CategoryId)>,
) -> Result<Answer> {
    call.read(move |read| categories::find(read, id)).await
}

/// Replace a category of a venue
#[utoipa::path(put, path = "/api/v1/dashboard/venues/{venueId}/categories/{categoryId}", tag = "catalogue",
    request_body = EditCategory,
    params(("venueId" = VenueId, Path), ("categoryId" = CategoryId, Path)),
    responses((status = 200, body = Category)))]
async fn replace_category(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, CategoryId)>,
    Body(ask): Body<EditCategory>,
) -> Result<Answer> {
    let (if_match, change) = (call.if_match(), Change::Replace(ask));
    call.write([], move |tx| {
        categories::edit(tx, id, if_match.as_ref(), &change)
    })
    .await
}

/// Edit some fields of a category of a venue
///
/// An RFC 7396 merge: what is left out stays, `null` clears.
#[utoipa::path(patch, path = "/api/v1/dashboard/venues/{venueId}/categories/{categoryId}", tag = "catalogue",
    request_body = EditCategory,
    params(("venueId" = VenueId, Path), ("categoryId" = CategoryId, Path)),
    responses((status = 200, body = Category)))]
async fn edit_category(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, CategoryId)>,
    Body(ask): Body<Json>,
) -> Result<Answer> {
    let (if_match, change) = (call.if_match(), Change::Merge(ask));
    call.write([], move |tx| {
        categories::edit(tx, id, if_match.as_ref(), &change)
    })
    .await
}

/// Archive a category of a venue
///
/// Refused while live products are in it.
#[utoipa::path(delete, path = "/api/v1/dashboard/venues/{venueId}/categories/{categoryId}", tag = "catalogue",
    params(("venueId" = VenueId, Path), ("categoryId" = CategoryId, Path)), responses((status = 204)))]
async fn archive_category(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, CategoryId)>,
) -> Result<Answer> {
    let if_match = call.if_match();
    call.remove([], move |tx| categories::archive(tx, id, if_match.as_ref()))
        .await
}

/// List the categories of the chain
#[utoipa::path(get, path = "/api/v1/chain/categories", tag = "catalogue",
    params(Paging, CategoryFilter), responses((status = 200, body = Page<Category>)))]
async fn list_chain_categories(call: StaffCall, list: Listing<CategoryFilter>) -> Result<Answer> {
    call.survey(move |read| categories::list(read, &list)).await
}

/// Create a category in the chain
#[utoipa::path(post, path = "/api/v1/chain/categories", tag = "catalogue", request_body = EditCategory,
    responses((status = 201, body = Category)))]
async fn create_chain_category(call: StaffCall, Body(ask): Body<EditCategory>) -> Result<Answer> {
    call.create([], move |tx| categories::create(tx, &ask))
        .await
}

/// Show a category of the chain
#[utoipa::path(get, path = "/api/v1/chain/categories/{categoryId}", tag = "catalogue",
    params(("categoryId" = CategoryId, Path)), responses((status = 200, body = Category)))]
async fn show_chain_category(call: StaffCall, Path(id): Path<CategoryId>) -> Result<Answer> {
    call.read(move |read| categories::find(read, id)).await
}

/// Replace a category of the chain
#[utoipa::path(put, path = "/api/v1/chain/categories/{categoryId}", tag = "catalogue",
    request_body = EditCategory,
    params(("categoryId" = CategoryId, Path)), responses((status = 200, body = Category)))]
async fn replace_chain_category(
    call: StaffCall,
    Path(id): Path<CategoryId>,
    Body(ask): Body<EditCategory>,
) -> Result<Answer> {
    let (if_match, change) = (call.if_match(), Change::Replace(ask));
    call.write([], move |tx| {
        categories::edit(tx, id, if_match.as_ref(), &change)
    })
    .await
}

/// Edit some fields of a category of the chain
///
/// An RFC 7396 merge: what is left out stays, `null` clears.
#[utoipa::path(patch, path = "/api/v1/chain/categories/{categoryId}", tag = "catalogue",
    request_body = EditCategory,
    params(("categoryId" = CategoryId, Path)), responses((status = 200, body = Category)))]
async fn edit_chain_category(
    call: StaffCall,
    Path(id): Path<CategoryId>,
    Body(ask): Body<Json>,
) -> Result<Answer> {
    let (if_match, change) = (call.if_match(), Change::Merge(ask));
    call.write([], move |tx| {
        categories::edit(tx, id, if_match.as_ref(), &change)
    })
    .await
}

/// Archive a category of the chain
///
/// Refused while live products are in it.
#[utoipa::path(delete, path = "/api/v1/chain/categories/{categoryId}", tag = "catalogue",
    params(("categoryId" = CategoryId, Path)), responses((status = 204)))]
async fn archive_chain_category(call: StaffCall, Path(id): Path<CategoryId>) -> Result<Answer> {
    let if_match = call.if_match();
    call.remove([], move |tx| categories::archive(tx, id, if_match.as_ref()))
        .await
}
