use serde_json::Value as Json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::catalogue::products::{self, EditProduct, Product, ProductFilter};
use crate::hall::call::{Answer, Hall, StaffCall};
use crate::hall::error::Result;
use crate::hall::http::{Body, Path};
use crate::hall::id::{ProductId, VenueId};
use crate::hall::page::{Listing, Page, Paging};
use crate::hall::patch::Change;
use crate::platform::refs::ExternalRef;

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new()
        .routes(routes!(list_products, create_product))
        .routes(routes!(
            show_product,
            replace_product,
            edit_product,
            archive_product
        ))
        .routes(routes!(list_chain_products, create_chain_product))
        .routes(routes!(
            show_chain_product,
            replace_chain_product,
            edit_chain_product,
            archive_chain_product
        ))
        .routes(routes!(put_product_by_ref))
        .routes(routes!(put_chain_product_by_ref))
}

/// List the products of a venue
///
/// All products of the chain, with this venue's price where they are sold here. `venues/all` shows
/// every price.
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/products", tag = "catalogue",
    params(("venueId" = VenueId, Path), Paging, ProductFilter),
    responses((status = 200, body = Page<Product>)))]
async fn list_products(call: StaffCall, list: Listing<ProductFilter>) -> Result<Answer> {
    let venue = call.venue_or_chain().map(|venue| venue.id);
    call.survey(move |read| products::list(read, venue, &list))
        .await
}

/// Create a product at a venue
#[utoipa::path(post, path = "/api/v1/dashboard/venues/{venueId}/products", tag = "catalogue",
    params(("venueId" = VenueId, Path)),
    request_body = EditProduct,
    responses((status = 201, body = Product)))]
async fn create_product(call: StaffCall, Body(ask): Body<EditProduct>) -> Result<Answer> {
    let venue = call.venue()?.id;
    call.create([], move |tx| products::create(tx, Some(venue), &ask))
        .await
}

/// Show a product of a venue
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/products/{productId}", tag = "catalogue",
    params(("venueId" = VenueId, Path), ("productId" = ProductId, Path)),
    responses((status = 200, body = Product)))]
async fn show_product(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, ProductId)>,
) -> Result<Answer> {
    let venue = call.venue()?.id;
    call.read(move |read| products::find(read, Some(venue), id))
        .await
}

/// Replace a product of a venue
#[utoipa::path(put, path = "/api/v1/dashboard/venues/{venueId}/products/{productId}", tag = "catalogue",
    request_body = EditProduct,
    params(("venueId" = VenueId, Path), ("productId" = ProductId, Path)),
    responses((status = 200, body = Product)))]
async fn replace_product(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, ProductId)>,
    Body(ask): Body<EditProduct>,
) -> Result<Answer> {
    let venue = call.venue()?.id;
    let (if_match, change) = (call.if_match(), Change::Replace(ask));
    call.write([], move |tx| {
        products::edit(tx, Some(venue), id, if_match.as_ref(), &change)
    })
    .await
}

/// Edit some fields of a product of a venue
///
/// An RFC 7396 merge: what is left out stays, `null` clears.
#[utoipa::path(patch, path = "/api/v1/dashboard/venues/{venueId}/products/{productId}", tag = "catalogue",
    request_body = EditProduct,
    params(("venueId" = VenueId, Path), ("productId" = ProductId, Path)),
    responses((status = 200, body = Product)))]
async fn edit_product(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, ProductId)>,
    Body(ask): Body<Json>,
) -> Result<Answer> {
    let venue = call.venue()?.id;
    let (if_match, change) = (call.if_match(), Change::Merge(ask));
    call.write([], move |tx| {
        products::edit(tx, Some(venue), id, if_match.as_ref(), &change)
    })
    .await
}

/// Archive a product of a venue
///
/// It is sold no more, at no venue; orders that have it keep it.
#[utoipa::path(delete, path = "/api/v1/dashboard/venues/{venueId}/products/{productId}", tag = "catalogue",
    params(("venueId" = VenueId, Path), ("productId" = ProductId, Path)), responses((status = 204)))]
async fn archive_product(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, ProductId)>,
) -> Result<Answer> {
    let venue = call.venue()?.id;
    let if_match = call.if_match();
    call.remove([], move |tx| {
        products::archive(tx, Some(venue), id, if_match.as_ref())
    })
    .await
}

/// Create or replace the product of a venue that another system names
///
/// The reference is added to the product's own; with `If-Match` it must be there already.
#[utoipa::path(put, path = "/api/v1/dashboard/venues/{venueId}/products/by-ref/{system}/{id}", tag = "catalogue",
    request_body = EditProduct,
    params(("venueId" = VenueId, Path),
        ("system" = String, Path, example = "square"), ("id" = String, Path, example = "W62UWFY35")),
    responses((status = 200, body = Product)))]
async fn put_product_by_ref(
    call: StaffCall,
    Path((_, system, id)): Path<(VenueId, String, String)>,
    Body(ask): Body<EditProduct>,
) -> Result<Answer> {
    let venue = call.venue()?.id;
    let (if_match, named) = (call.if_match(), ExternalRef { system, id });
    call.write([], move |tx| {
        products::upsert(tx, Some(venue), &named, if_match.as_ref(), &ask)
    })
    .await
}

/// List the products of the chain
#[utoipa::path(get, path = "/api/v1/chain/products", tag = "catalogue",
    params(Paging, ProductFilter), responses((status = 200, body = Page<Product>)))]
async fn list_chain_products(call: StaffCall, list: Listing<ProductFilter>) -> Result<Answer> {
    call.survey(move |read| products::list(read, None, &list))
        .await
}

/// Create a product in the chain
#[utoipa::path(post, path = "/api/v1/chain/products", tag = "catalogue", request_body = EditProduct,
    responses((status = 201, body = Product)))]
async fn create_chain_product(call: StaffCall, Body(ask): Body<EditProduct>) -> Result<Answer> {
    call.create([], move |tx| products::create(tx, None, &ask))
        .await
}

/// Show a product of the chain
#[utoipa::path(get, path = "/api/v1/chain/products/{productId}", tag = "catalogue",
    params(("productId" = ProductId, Path)), responses((status = 200, body = Product)))]
async fn show_chain_product(call: StaffCall, Path(id): Path<ProductId>) -> Result<Answer> {
    call.read(move |read| products::find(read, None, id)).await
}

/// Replace a product of the chain
#[utoipa::path(put, path = "/api/v1/chain/products/{productId}", tag = "catalogue",
    request_body = EditProduct,
    params(("productId" = ProductId, Path)), responses((status = 200, body = Product)))]
async fn replace_chain_product(
    call: StaffCall,
    Path(id): Path<ProductId>,
    Body(ask): Body<EditProduct>,
) -> Result<Answer> {
    let (if_match, change) = (call.if_match(), Change::Replace(ask));
    call.write([], move |tx| {
        products::edit(tx, None, id, if_match.as_ref(), &change)
    })
    .await
}

/// Edit some fields of a product of the chain
///
/// An RFC 7396 merge: what is left out stays, `null` clears.
#[utoipa::path(patch, path = "/api/v1/chain/products/{productId}", tag = "catalogue",
    request_body = EditProduct,
    params(("productId" = ProductId, Path)), responses((status = 200, body = Product)))]
async fn edit_chain_product(
    call: StaffCall,
    Path(id): Path<ProductId>,
    Body(ask): Body<Json>,
) -> Result<Answer> {
    let (if_match, change) = (call.if_match(), Change::Merge(ask));
    call.write([], move |tx| {
        products::edit(tx, None, id, if_match.as_ref(), &change)
    })
    .await
}

/// Archive a product of the chain
///
/// It is sold no more, at no venue; orders that have it keep it.
#[utoipa::path(delete, path = "/api/v1/chain/products/{productId}", tag = "catalogue",
    params(("productId" = ProductId, Path)), responses((status = 204)))]
async fn archive_chain_product(call: StaffCall, Path(id): Path<ProductId>) -> Result<Answer> {
    let if_match = call.if_match();
    call.remove([], move |tx| {
        products::archive(tx, None, id, if_match.as_ref())
    })
    .await
}

/// Create or replace the product of the chain that another system names
///
/// The reference is added to the product's own; with `If-Match` it must be there already.
#[utoipa::path(put, path = "/api/v1/chain/products/by-ref/{system}/{id}", tag = "catalogue",
    request_body = EditProduct,
    params(("system" = String, Path, example = "square"), ("id" = String, Path, example = "W62UWFY35")),
    responses((status = 200, body = Product)))]
async fn put_chain_product_by_ref(
    call: StaffCall,
    Path((system, id)): Path<(String, String)>,
    Body(ask): Body<EditProduct>,
) -> Result<Answer> {
    let (if_match, named) = (call.if_match(), ExternalRef { system, id });
    call.write([], move |tx| {
        products::upsert(tx, None, &named, if_match.as_ref(), &ask)
    })
    .await
}
