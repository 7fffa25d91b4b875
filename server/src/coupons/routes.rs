use std::time::Duration;

use axum::body::{Body as Bytes, Bytes as Chunk};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use serde_json::Value as Json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::batches::{self, CouponBatch, GenerateCoupons};
use super::redemptions::{self, CouponRedemption, Wanted};
use super::validate::{self, GoodCoupon, TryCoupon, ValidCoupon, ValidateCoupon};
use super::{CouponCode, CouponFilter, EditCoupon};
use crate::hall::allowance::{self, Allowance};
use crate::hall::call::{Answer, Hall, PublicCall, StaffCall};
use crate::hall::error::{Error, Result};
use crate::hall::http::{Body, Path};
use crate::hall::id::{CouponBatchId, CouponId, VenueId};
use crate::hall::identity;
use crate::hall::page::{Listing, Page, Paging};
use crate::hall::patch::Change;

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new()
        .routes(routes!(list_coupons, create_coupon))
        .routes(routes!(show_coupon, edit_coupon, delete_coupon))
        .routes(routes!(generate_coupons))
        .routes(routes!(show_batch))
        .routes(routes!(download_codes))
        .routes(routes!(list_redemptions))
        .routes(routes!(list_chain_coupons, create_chain_coupon))
        .routes(routes!(
            show_chain_coupon,
            edit_chain_coupon,
            delete_chain_coupon
        ))
        .routes(routes!(generate_chain_coupons))
        .routes(routes!(show_chain_batch))
        .routes(routes!(download_chain_codes))
        .routes(routes!(list_chain_redemptions))
        .routes(routes!(validate_coupon))
        .routes(routes!(validate_at_till))
        .routes(routes!(try_coupon))
}

/// List the coupons that are good at a venue
///
/// Those that are not deleted, by code; of one discount or customer batch by batch.
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/coupons", tag = "coupons",
    params(("venueId" = VenueId, Path), Paging, CouponFilter),
    responses((status = 200, body = Page<CouponCode>)))]
async fn list_coupons(call: StaffCall, list: Listing<CouponFilter>) -> Result<Answer> {
    let venue = call.venue_or_chain().map(|venue| venue.id);
    call.survey(move |read| super::list(read, venue, &list))
        .await
}

/// Make a code for a discount of a venue
///
/// It is good as soon as this answers, wherever its discount is live.
#[utoipa::path(post, path = "/api/v1/dashboard/venues/{venueId}/coupons", tag = "coupons",
    params(("venueId" = VenueId, Path)),
    request_body = EditCoupon,
    responses((status = 201, body = CouponCode)))]
async fn create_coupon(call: StaffCall, Body(ask): Body<EditCoupon>) -> Result<Answer> {
    let venue = call.venue()?;
    call.create([], move |tx| super::create(tx, Some(&venue), &ask))
        .await
}

/// Show a coupon
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/coupons/{couponId}", tag = "coupons",
    params(("venueId" = VenueId, Path), ("couponId" = CouponId, Path)),
    responses((status = 200, body = CouponCode)))]
async fn show_coupon(call: StaffCall, Path((_, id)): Path<(VenueId, CouponId)>) -> Result<Answer> {
    let venue = call.venue()?.id;
    call.read(move |read| super::find(read, Some(venue), id))
        .await
}

/// Edit some fields of a coupon that was made at the venue
///
/// An RFC 7396 merge: what is left out stays, `null` clears. `code` and `discountId` stay for good.
#[utoipa::path(patch, path = "/api/v1/dashboard/venues/{venueId}/coupons/{couponId}", tag = "coupons",
    request_body = EditCoupon,
    params(("venueId" = VenueId, Path), ("couponId" = CouponId, Path)),
    responses((status = 200, body = CouponCode)))]
async fn edit_coupon(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, CouponId)>,
    Body(ask): Body<Json>,
) -> Result<Answer> {
    let venue = call.venue()?;
    let (if_match, change) = (call.if_match(), Change::Merge(ask));
    call.write([], move |tx| {
        super::edit(tx, Some(&venue), id, if_match.as_ref(), &change)
    })
    .await
}

/// Delete a coupon that was made at the venue
///
/// Nobody can type it any more. What was used stays used, and whoever it goes on for keeps it.
#[utoipa::path(delete, path = "/api/v1/dashboard/venues/{venueId}/coupons/{couponId}", tag = "coupons",
    params(("venueId" = VenueId, Path), ("couponId" = CouponId, Path)), responses((status = 204)))]
async fn delete_coupon(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, CouponId)>,
) -> Result<Answer> {
    let (venue, if_match) = (call.venue()?, call.if_match());
    call.remove([], move |tx| {
        super::delete(tx, Some(&venue), id, if_match.as_ref())
    })
    .await
}

/// Generate up to a million codes for a discount of a venue
///
/// Answers at once; the codes are made in the background, and the batch says how far they are.
#[utoipa::path(post, path = "/api/v1/dashboard/venues/{venueId}/coupons/bulk-generate", tag = "coupons",
    params(("venueId" = VenueId, Path)),
    request_body = GenerateCoupons,
    responses((status = 202, body = CouponBatch)))]
async fn generate_coupons(call: StaffCall, Body(ask): Body<GenerateCoupons>) -> Result<Answer> {
    let venue = call.venue()?;
    call.accept([], move |tx| batches::ask_for(tx, Some(&venue), &ask))
        .await
}

/// Show how far a batch of codes is
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/coupons/bulk-generate/{batchId}", tag = "coupons",
    params(("venueId" = VenueId, Path), ("batchId" = CouponBatchId, Path)),
    responses((status = 200, body = CouponBatch)))]
async fn show_batch(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, CouponBatchId)>,
) -> Result<Answer> {
    let venue = call.venue()?.id;
    call.read(move |read| batches::find(read, Some(venue), id))
        .await
}

/// Download the codes of a batch as CSV
///
/// Those that are made by now and not deleted, one a line under the header `code`.
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/coupons/bulk-generate/{batchId}/codes.csv",
    tag = "coupons", params(("venueId" = VenueId, Path), ("batchId" = CouponBatchId, Path)),
    responses((status = 200, content_type = "text/csv", body = String)))]
async fn download_codes(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, CouponBatchId)>,
) -> Result<Response> {
    let venue = call.venue()?.id;
    file(call, Some(venue), id).await
}

/// List who used codes at a venue, the latest first
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/coupons/redemptions", tag = "coupons",
    params(("venueId" = VenueId, Path), Paging, Wanted),
    responses((status = 200, body = Page<CouponRedemption>)))]
async fn list_redemptions(call: StaffCall, list: Listing<Wanted>) -> Result<Answer> {
    let venue = call.venue_or_chain().map(|venue| venue.id);
    call.survey(move |read| redemptions::redemptions(read, venue, &list))
        .await
}

/// List the coupons of the chain
///
/// Those that are not deleted, by code; of one discount or customer batch by batch.
#[utoipa::path(get, path = "/api/v1/chain/coupons", tag = "coupons",
    params(Paging, CouponFilter), responses((status = 200, body = Page<CouponCode>)))]
async fn list_chain_coupons(call: StaffCall, list: Listing<CouponFilter>) -> Result<Answer> {
    call.survey(move |read| super::list(read, None, &list))
        .await
}

/// Make a code for a discount of the chain
///
/// It is good as soon as this answers, wherever its discount is live.
#[utoipa::path(post, path = "/api/v1/chain/coupons", tag = "coupons", request_body = EditCoupon,
    responses((status = 201, body = CouponCode)))]
async fn create_chain_coupon(call: StaffCall, Body(ask): Body<EditCoupon>) -> Result<Answer> {
    call.create([], move |tx| super::create(tx, None, &ask))
        .await
}

/// Show a coupon of the chain
#[utoipa::path(get, path = "/api/v1/chain/coupons/{couponId}", tag = "coupons",
    params(("couponId" = CouponId, Path)), responses((status = 200, body = CouponCode)))]
async fn show_chain_coupon(call: StaffCall, Path(id): Path<CouponId>) -> Result<Answer> {
    call.read(move |read| super::find(read, None, id)).await
}

/// Edit some fields of a coupon of the chain
///
/// An RFC 7396 merge: what is left out stays, `null` clears. `code` and `discountId` stay for good.
#[utoipa::path(patch, path = "/api/v1/chain/coupons/{couponId}", tag = "coupons", request_body = EditCoupon,
    params(("couponId" = CouponId, Path)), responses((status = 200, body = CouponCode)))]
async fn edit_chain_coupon(
    call: StaffCall,
    Path(id): Path<CouponId>,
    Body(ask): Body<Json>,
) -> Result<Answer> {
    let (if_match, change) = (call.if_match(), Change::Merge(ask));
    call.write([], move |tx| {
        super::edit(tx, None, id, if_match.as_ref(), &change)
    })
    .await
}

/// Delete a coupon of the chain
///
/// Nobody can type it any more. What was used stays used, and whoever it goes on for keeps it.
#[utoipa::path(delete, path = "/api/v1/chain/coupons/{couponId}", tag = "coupons",
    params(("couponId" = CouponId, Path)), responses((status = 204)))]
async fn delete_chain_coupon(call: StaffCall, Path(id): Path<CouponId>) -> Result<Answer> {
    let if_match = call.if_match();
    call.remove([], move |tx| super::delete(tx, None, id, if_match.as_ref()))
        .await
}

/// Generate up to a million codes for a discount of the chain
///
/// Answers at once; the codes are made in the background, and the batch says how far they are.
#[utoipa::path(post, path = "/api/v1/chain/coupons/bulk-generate", tag = "coupons",
    request_body = GenerateCoupons, responses((status = 202, body = CouponBatch)))]
async fn generate_chain_coupons(
    call: StaffCall,
    Body(ask): Body<GenerateCoupons>,
) -> Result<Answer> {
    call.accept([], move |tx| batches::ask_for(tx, None, &ask))
        .await
}

/// Show how far a batch of codes of the chain is
#[utoipa::path(get, path = "/api/v1/chain/coupons/bulk-generate/{batchId}", tag = "coupons",
    params(("batchId" = CouponBatchId, Path)), responses((status = 200, body = CouponBatch)))]
async fn show_chain_batch(call: StaffCall, Path(id): Path<CouponBatchId>) -> Result<Answer> {
    call.read(move |read| batches::find(read, None, id)).await
}

/// Download the codes of a batch of the chain as CSV
///
/// Those that are made by now and not deleted, one a line under the header `code`.
#[utoipa::path(get, path = "/api/v1/chain/coupons/bulk-generate/{batchId}/codes.csv", tag = "coupons",
    params(("batchId" = CouponBatchId, Path)),
    responses((status = 200, content_type = "text/csv", body = String)))]
async fn download_chain_codes(call: StaffCall, Path(id): Path<CouponBatchId>) -> Result<Response> {
    file(call, None, id).await
}

/// List who used codes in the chain, the latest first
#[utoipa::path(get, path = "/api/v1/chain/coupons/redemptions", tag = "coupons",
    params(Paging, Wanted), responses((status = 200, body = Page<CouponRedemption>)))]
async fn list_chain_redemptions(call: StaffCall, list: Listing<Wanted>) -> Result<Answer> {
    call.survey(move |read| redemptions::redemptions(read, None, &list))
        .await
}

/// The file is read a part at a time, each when the one before is sent.
async fn file(call: StaffCall, venue: Option<VenueId>, id: CouponBatchId) -> Result<Response> {
    let batch = call
        .look(move |read| batches::find(read, venue, id))
        .await?;
    let header = Ok(Chunk::from_static(b"code\r\n"));
    let parts = stream::try_unfold((call, batch, None), |(call, batch, after)| async move {
        let (wanted, from): (_, Option<String>) = (batch.clone(), after);
        let part = call
            .look(move |read| batches::lines(read, &wanted, from.as_deref()))
            .await?;
        Ok::<_, Error>(part.map(|(text, last)| (Chunk::from(text), (call, batch, Some(last)))))
    });
    let body = Bytes::from_stream(stream::StreamExt::chain(stream::iter([header]), parts));
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/csv; charset=utf-8"),
    );
    let name = format!("attachment; filename=\"{id}.csv\"");
    let name = HeaderValue::try_from(name).map_err(Error::bug)?;
    headers.insert(header::CONTENT_DISPOSITION, name);
    Ok(response)
}

/// Ask whether a code would apply, and what it would save
///
/// Nothing is used. One that does not apply is refused with the reason and its figures.
#[utoipa::path(post, path = "/api/v1/dashboard/venues/{venueId}/coupons/validate", tag = "coupons",
    params(("venueId" = VenueId, Path)), request_body = ValidateCoupon,
    responses((status = 200, body = ValidCoupon)))]
async fn validate_coupon(call: StaffCall, Body(ask): Body<ValidateCoupon>) -> Result<Answer> {
    let venue = call.venue()?;
    call.read(move |read| validate::validate(read, &venue, &ask))
        .await
}

/// Ask at the till whether a code would apply, and what it would save
///
/// Nothing is used. One that does not apply is refused with the reason and its figures.
#[utoipa::path(post, path = "/api/v1/tpv/venues/{venueId}/coupons/validate", tag = "coupons",
    params(("venueId" = VenueId, Path)), request_body = ValidateCoupon,
    responses((status = 200, body = ValidCoupon)))]
async fn validate_at_till(call: StaffCall, Body(ask): Body<ValidateCoupon>) -> Result<Answer> {
    let venue = call.venue()?;
    call.read(move |read| validate::validate(read, &venue, &ask))
        .await
}

/// Ask, without signing in, whether a code is good
///
/// The chain is the one of the page. Whatever is wrong with a code is refused in the same words.
#[utoipa::path(post, path = "/api/v1/public/venues/{venueSlug}/coupons/validate", tag = "coupons",
    params(("venueSlug" = String, Path)), request_body = TryCoupon,
    responses((status = 200, body = GoodCoupon)))]
async fn try_coupon(
    call: PublicCall,
    Path(slug): Path<String>,
    Body(ask): Body<TryCoupon>,
) -> Result<Answer> {
    allowance::take(call.hall(), &TRIES)?;
    let tenant = call.tenant_of_page().await?;
    let call = call.for_tenant(tenant);
    call.read(move |read| {
        let venue = identity::venue_by_slug(read, &slug)?.ok_or(Error::NotFound("venue"))?;
        validate::try_out(read, &venue, &ask)
    })
    .await
}

/// Ten tries at once and ten a minute: whoever knows a code has typed it by then, and nobody finds one so.
static TRIES: Allowance = Allowance {
    name: "coupon-tries",
    burst: 10,
    every: Duration::from_secs(6),
};
