//! What a room hands to `app.rs`, so that what crosses rooms by nature is a list and not a call.

use utoipa_axum::router::OpenApiRouter;

use super::call::Hall;
use super::job::Job;
use super::law::Law;

#[derive(Clone, Copy)]
pub struct Room {
    pub name: &'static str,
    pub routes: fn() -> OpenApiRouter<Hall>,
    pub jobs: &'static [Job],
    pub laws: &'static [Law],
}

impl Room {
    /// What a room hands over when it has nothing of a kind.
    pub const EMPTY: Room = Room {
        name: "",
        routes: OpenApiRouter::new,
        jobs: &[],
        laws: &[],
    };
}
