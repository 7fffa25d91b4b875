//! What a room hands to `app.rs`, so that what crosses rooms by nature is a list and not a call.

use std::borrow::Cow;

use engine::money::Multiplier;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value as Json;
use utoipa_axum::router::OpenApiRouter;

use super::call::Hall;
use super::error::Result;
use super::id::{CustomerId, GroupId, VenueId};
use super::identity::Venue;
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

/// A customer's page shows so many rows of each room; the room's own lists show the others.
pub const RECENT_MAX: i64 = 10;

/// What a room shows of a customer on their page.
#[derive(Clone, Copy)]
pub struct RecentOfCustomer {
    /// As the page calls them.
    pub name: &'static str,
    /// What a key with scopes must have to be shown them.
    pub scope: &'static str,
    /// The schema of one row.
    pub row: fn() -> Cow<'static, str>,
    /// At most [`RECENT_MAX`] rows, newest first. What belongs to a venue is shown at that venue, and to
    /// whoever asks for all of the chain.
    pub newest: fn(&mut Read, CustomerId, Option<VenueId>) -> Result<Vec<Json>>,
}

/// How far a customer is with something of a room, on their page.
#[derive(Clone, Copy)]
pub struct ProgressOfCustomer {
    /// As the page calls it.
    pub name: &'static str,
    /// What a key with scopes must have to be shown it.
    pub scope: &'static str,
    /// Its schema.
    pub shape: fn() -> Cow<'static, str>,
    /// Of the customer, in a language.
    pub progress: fn(&mut Read, CustomerId, &str) -> Result<Json>,
}

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

/// What a purchase did to a guest's figures that no later room has seen being paid: another system told of it.
#[derive(Debug, Clone)]
pub struct Bought {
    pub customer: CustomerId,
    pub venue: VenueId,
    /// The business day of the purchase.
    pub on: Date,
    /// The business day now.
    pub today: Date,
    /// 1 where it opened a visit, −1 where it undid one.
    pub visits: i64,
    pub points: i64,
    /// Minor units of the reporting currency.
    pub spend: i64,
    pub kind: &'static str,
    pub id: String,
    pub at: Timestamp,
    /// History leaves no event.
    pub is_quiet: bool,
}

/// Lets a room count such a purchase, in the transaction that told of it.
pub type OnBought = fn(&mut Tx, &Bought) -> Result<()>;

/// A purchase that waited, and of which staff have said what it is.
#[derive(Debug, Clone)]
pub struct Settled {
    pub customer: CustomerId,
    pub purchase: String,
    /// The purchase by which it earned: itself, or the one that it is.
    pub root: String,
    /// The purchase that had opened the visit which was counted twice, and is none now.
    pub undone: Option<String>,
    /// The business day of the purchase.
    pub on: Date,
    /// `link` or `part`.
    pub cause_kind: &'static str,
    pub cause_id: String,
    /// History leaves no event.
    pub is_quiet: bool,
}

/// Lets the room that gives money back take back what had been refunded while the purchase waited, in the transaction
/// that decided.
pub type OnSettled = fn(&mut Tx, &Venue, &Settled) -> Result<()>;

/// What multiplies the points of a customer's purchases.
pub type MultiplierOf = fn(&mut Read, CustomerId) -> Result<Option<Multiplier>>;
