//! What a room hands to `app.rs`, so that what crosses rooms by nature is a list and not a call.

use utoipa_axum::router::OpenApiRouter;

use super::call::Hall;
use super::error::Result;
use super::id::GroupId;
use super::job::Job;
use super::law::Law;
use super::store::Read;

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

/// Says which live things of a room target a group of customers, by the names that people gave them.
pub type UsesOfGroup = fn(&mut Read, GroupId) -> Result<Vec<String>>;
