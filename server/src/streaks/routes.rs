use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{EditStreak, MyLoyalty, Streak, StreakProgress};
use crate::hall::call::{Answer, GuestCall, Hall, StaffCall};
use crate::hall::error::Result;
use crate::hall::http::{Body, Path};
use crate::hall::id::{CustomerId, StreakId, VenueId};
use crate::hall::page::{Listing, Page, Paging};

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new()
        .routes(routes!(list_streaks, create_streak))
        .routes(routes!(show_streak, replace_streak, archive_streak))
        .routes(routes!(list_chain_streaks, create_chain_streak))
        .routes(routes!(
            show_chain_streak,
            replace_chain_streak,
            archive_chain_streak
        ))
        .routes(routes!(show_customer_streaks))
        .routes(routes!(show_my_streaks))
        .routes(routes!(show_mine))
}

#[derive(Debug, Clone, Deserialize)]
struct NoFilter {}

/// List the streaks of a venue
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/loyalty/streaks", tag = "streaks",
    params(("venueId" = VenueId, Path), Paging), responses((status = 200, body = Page<Streak>)))]
async fn list_streaks(call: StaffCall, list: Listing<NoFilter>) -> Result<Answer> {
    let venue = call.venue_or_chain().map(|venue| venue.id);
    call.survey(move |read| super::list(read, venue, &list.paging))
        .await
}

/// Make a streak of a venue
///
/// Visits count from now on.
#[utoipa::path(post, path = "/api/v1/dashboard/venues/{venueId}/loyalty/streaks", tag = "streaks",
    params(("venueId" = VenueId, Path)), request_body = EditStreak, responses((status = 201, body = Streak)))]
async fn create_streak(call: StaffCall, Body(ask): Body<EditStreak>) -> Result<Answer> {
    let venue = call.venue()?.id;
    call.create([], move |tx| super::create(tx, Some(venue), &ask))
        .await
}

/// Show a streak of a venue
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/loyalty/streaks/{streakId}", tag = "streaks",
    params(("venueId" = VenueId, Path), ("streakId" = StreakId, Path)), responses((status = 200, body = Streak)))]
async fn show_streak(call: StaffCall, Path((_, id)): Path<(VenueId, StreakId)>) -> Result<Answer> {
    let venue = call.venue()?.id;
    call.read(move |read| super::find(read, Some(venue), id))
        .await
}

/// Change a streak of a venue
///
/// It counts from each guest's next visit; runs go on.
#[utoipa::path(put, path = "/api/v1/dashboard/venues/{venueId}/loyalty/streaks/{streakId}", tag = "streaks",
    params(("venueId" = VenueId, Path), ("streakId" = StreakId, Path)), request_body = EditStreak,
    responses((status = 200, body = Streak)))]
async fn replace_streak(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, StreakId)>,
    Body(ask): Body<EditStreak>,
) -> Result<Answer> {
    let venue = call.venue()?.id;
    let if_match = call.if_match();
    call.write([], move |tx| {
        super::edit(tx, Some(venue), id, if_match.as_ref(), &ask)
    })
    .await
}

/// Archive a streak of a venue
///
/// It ends at once; what it paid stays.
#[utoipa::path(delete, path = "/api/v1/dashboard/venues/{venueId}/loyalty/streaks/{streakId}", tag = "streaks",
    params(("venueId" = VenueId, Path), ("streakId" = StreakId, Path)), responses((status = 204)))]
async fn archive_streak(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, StreakId)>,
) -> Result<Answer> {
    let venue = call.venue()?.id;
    let if_match = call.if_match();
    call.remove([], move |tx| {
        super::archive(tx, Some(venue), id, if_match.as_ref())
    })
    .await
}

/// List the streaks of the chain
#[utoipa::path(get, path = "/api/v1/chain/loyalty/streaks", tag = "streaks",
    params(Paging), responses((status = 200, body = Page<Streak>)))]
async fn list_chain_streaks(call: StaffCall, list: Listing<NoFilter>) -> Result<Answer> {
    call.survey(move |read| super::list(read, None, &list.paging))
        .await
}

/// Make a streak of the chain
///
/// Visits count from now on.
#[utoipa::path(post, path = "/api/v1/chain/loyalty/streaks", tag = "streaks",
    request_body = EditStreak, responses((status = 201, body = Streak)))]
async fn create_chain_streak(call: StaffCall, Body(ask): Body<EditStreak>) -> Result<Answer> {
    call.create([], move |tx| super::create(tx, None, &ask))
        .await
}

/// Show a streak of the chain
#[utoipa::path(get, path = "/api/v1/chain/loyalty/streaks/{streakId}", tag = "streaks",
    params(("streakId" = StreakId, Path)), responses((status = 200, body = Streak)))]
async fn show_chain_streak(call: StaffCall, Path(id): Path<StreakId>) -> Result<Answer> {
    call.read(move |read| super::find(read, None, id)).await
}

/// Change a streak of the chain
///
/// It counts from each guest's next visit; runs go on.
#[utoipa::path(put, path = "/api/v1/chain/loyalty/streaks/{streakId}", tag = "streaks",
    params(("streakId" = StreakId, Path)), request_body = EditStreak,
    responses((status = 200, body = Streak)))]
async fn replace_chain_streak(
    call: StaffCall,
    Path(id): Path<StreakId>,
    Body(ask): Body<EditStreak>,
) -> Result<Answer> {
    let if_match = call.if_match();
    call.write([], move |tx| {
        super::edit(tx, None, id, if_match.as_ref(), &ask)
    })
    .await
}

/// Archive a streak of the chain
///
/// It ends at once; what it paid stays.
#[utoipa::path(delete, path = "/api/v1/chain/loyalty/streaks/{streakId}", tag = "streaks",
    params(("streakId" = StreakId, Path)), responses((status = 204)))]
async fn archive_chain_streak(call: StaffCall, Path(id): Path<StreakId>) -> Result<Answer> {
    let if_match = call.if_match();
    call.remove([], move |tx| {
        super::archive(tx, None, id, if_match.as_ref())
    })
    .await
}

/// Show how far a customer is with each streak
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/customers/{customerId}/loyalty/streaks", tag = "streaks",
    params(("venueId" = VenueId, Path), ("customerId" = CustomerId, Path)),
    responses((status = 200, body = Vec<StreakProgress>)))]
async fn show_customer_streaks(
    call: StaffCall,
    Path((_, id)): Path<(String, CustomerId)>,
) -> Result<Answer> {
    call.read(move |read| super::progress(read, id)).await
}

/// Show how far I am with each streak
#[utoipa::path(get, path = "/api/v1/me/loyalty/streaks", tag = "streaks",
    responses((status = 200, body = Vec<StreakProgress>)))]
async fn show_my_streaks(call: GuestCall) -> Result<Answer> {
    let customer = call.customer;
    call.read(move |read| super::progress(read, customer)).await
}

/// Show my own points, tier, streaks, rewards and vouchers
#[utoipa::path(get, path = "/api/v1/me/loyalty", tag = "loyalty", responses((status = 200, body = MyLoyalty)))]
async fn show_mine(call: GuestCall) -> Result<Answer> {
    let customer = call.customer;
    call.read(move |read| super::mine(read, customer)).await
}
