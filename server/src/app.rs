//! The whole server on two screens: the rooms in their order, and what surrounds every request.

use axum::{Extension, Router};
use utoipa::openapi::{ComponentsBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;

use crate::hall::call::Hall;
use crate::hall::error::{Field, Problem};
use crate::hall::http::{self, Limits};
use crate::hall::room::{
    BringPoints, MultiplierOf, OnBought, OnSettled, ProgressOfCustomer, RecentOfCustomer, Room,
    UsesOfGroup,
};
use crate::{
    audit, catalogue, checkout, coupons, customers, discounts, jobs, leaderboards, loyalty, ops,
    orders, outbox, payments, platform, rewards, streaks, tiers,
};

/// In the order of dependency: a room calls verbs of rooms before it.
pub const ROOMS: &[Room] = &[
    platform::ROOM,
    audit::ROOM,
    jobs::ROOM,
    outbox::ROOM,
    customers::ROOM,
    catalogue::ROOM,
    discounts::ROOM,
    coupons::ROOM,
    loyalty::ROOM,
    rewards::ROOM,
    tiers::ROOM,
    streaks::ROOM,
    leaderboards::ROOM,
    payments::ROOM,
    orders::ROOM,
    checkout::ROOM,
];

/// Of each room that targets groups of customers: a group that is used is not deleted.
pub const USES_OF_GROUP: &[UsesOfGroup] = &[discounts::uses_of_group, loyalty::uses_of_group];

/// Of each room that shows something of a customer on their page.
pub const RECENT_OF_CUSTOMER: &[RecentOfCustomer] = &[orders::RECENT, loyalty::RECENT];

/// Of each room in which a customer gets on: how far they are stands on their page.
pub const PROGRESS_OF_CUSTOMER: &[ProgressOfCustomer] = &[tiers::PROGRESS];

/// Of the room that keeps points: customers who come from elsewhere bring theirs.
pub const BRING_POINTS: BringPoints = loyalty::bring_points;

/// Of each room that counts purchases: those that other systems report count like those of the till.
pub const ON_BOUGHT: &[OnBought] = &[
    tiers::on_bought,
    streaks::on_bought,
    leaderboards::on_bought,
];

/// Of the room that gives money back: a purchase that was refunded while it waited for staff earns what remains.
pub const ON_SETTLED: OnSettled = checkout::on_settled;

/// What a customer's tier multiplies points by, for the room that stands before tiers.
pub const MULTIPLIER_OF: MultiplierOf = tiers::multiplier;

/// Every route with its documentation.
fn documented() -> OpenApiRouter<Hall> {
    let rooms = ROOMS
        .iter()
        .fold(OpenApiRouter::new(), |all, room| all.merge((room.routes)()));
    let problem = ComponentsBuilder::new()
        .schema_from::<Problem>()
        .schema_from::<Field>()
        .build();
    let with_problem = OpenApiBuilder::new().components(Some(problem)).build();
    OpenApiRouter::with_openapi(with_problem)
        .merge(ops::routes())
        .merge(rooms)
}

/// What the handlers say of themselves; [`crate::openapi`] makes the whole document of it.
pub fn described() -> OpenApi {
    documented().split_for_parts().1
}

pub fn router(hall: Hall, limits: &Limits) -> Router {
    let (routes, _) = documented().split_for_parts();
    let since = ops::Since(hall.clock.now());
    let routes = routes
        .merge(ops::docs())
        .fallback(http::not_found)
        .method_not_allowed_fallback(http::method_not_allowed)
        .layer(Extension(since))
        .with_state(hall);
    http::wrap(routes, limits)
}
