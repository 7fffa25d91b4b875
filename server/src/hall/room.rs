//! What a room hands to `app.rs`, so that what crosses rooms by nature is a list and not a call.

use utoipa_axum::router::OpenApiRouter;

use super::call::Hall;
use super::error::Result;
use super::id::{CustomerId, GroupId, VenueId};
use super::job::Job;
use super::law::Law;
use super::store::{Read, Tx};

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

/// A balance of points that a customer brings from another system.
#[derive(Debug, Clone)]
pub struct BroughtPoints {
    pub customer: CustomerId,
    /// Whose program says how long the points live.
    pub venue: VenueId,
    /// More than 0.
    pub points: i64,
    /// From where: a balance comes once from each.
    pub system: String,
}

/// Gives a customer what they bring; `false` where they have it already, and a conflict where they brought another
/// balance from there.
pub type BringPoints = fn(&mut Tx, &BroughtPoints) -> Result<bool>;
