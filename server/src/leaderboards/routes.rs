use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Board, BoardAsked, JoinLeaderboards, Member, Period};
use crate::hall::call::{Answer, GuestCall, Hall, StaffCall};
use crate::hall::error::Result;
use crate::hall::http::{Body, Query};
use crate::hall::id::VenueId;
use crate::hall::store::Hot;

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new()
        .routes(routes!(show_board))
        .routes(routes!(show_board_to_guest))
        .routes(routes!(join_leaderboards, leave_leaderboards))
}

/// Show who earned the most points at a venue
///
/// Of guests who have asked to be on the leaderboards. Refunds count in the period of their purchase.
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/loyalty/leaderboards", tag = "leaderboards",
    params(("venueId" = VenueId, Path), BoardAsked), responses((status = 200, body = Board)))]
async fn show_board(call: StaffCall, Query(ask): Query<BoardAsked>) -> Result<Answer> {
    let venue = call.venue()?.id;
    call.survey(move |read| super::board(read, venue, &ask, None))
        .await
}

#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct GuestBoardAsked {
    #[param(example = "ven_01kab4bqf8e1ftz0c6hqp2v9xw")]
    venue_id: VenueId,
    #[serde(default)]
    #[param(inline, default = "WEEK")]
    period: Period,
    /// A day of the period; today where it is left out.
    #[param(value_type = Option<String>, format = Date, example = "2026-06-12")]
    on: Option<jiff::civil::Date>,
}

/// Show who earned the most points at a venue, and my own place
#[utoipa::path(get, path = "/api/v1/me/loyalty/leaderboards", tag = "leaderboards", params(GuestBoardAsked),
    responses((status = 200, body = Board)))]
async fn show_board_to_guest(
    call: GuestCall,
    Query(ask): Query<GuestBoardAsked>,
) -> Result<Answer> {
    let (me, venue) = (call.customer, ask.venue_id);
    let board = BoardAsked {
        period: ask.period,
        on: ask.on,
    };
    call.read(move |read| super::board(read, venue, &board, Some(me)))
        .await
}

/// Join the leaderboards under an alias
///
/// With all that was earned so far. Again with another alias it changes the alias.
#[utoipa::path(put, path = "/api/v1/me/loyalty/leaderboard", tag = "leaderboards",
    request_body = JoinLeaderboards, responses((status = 200, body = Member)))]
async fn join_leaderboards(call: GuestCall, Body(ask): Body<JoinLeaderboards>) -> Result<Answer> {
    let me = call.customer;
    let hot = Hot::of(call.tenant.id, "customer", &me.to_string());
    call.write([hot], move |tx| super::join(tx, me, &ask)).await
}

/// Leave the leaderboards
///
/// Nothing of the guest is shown on them any more, at once.
#[utoipa::path(delete, path = "/api/v1/me/loyalty/leaderboard", tag = "leaderboards",
    responses((status = 204)))]
async fn leave_leaderboards(call: GuestCall) -> Result<Answer> {
    let me = call.customer;
    let hot = Hot::of(call.tenant.id, "customer", &me.to_string());
    call.remove([hot], move |tx| super::leave(tx, me)).await
}
