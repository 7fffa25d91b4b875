//! Leaderboards: who earned the most points at a venue in a week, a month, a year, or since the beginning.
//!
//! Nobody is on them who has not asked to be, under an alias of their own; who leaves is gone at once, with all that
//! was summed of them. What counts are the points of purchases less what refunds took back, on the business day of the
//! purchase: the days that tiers count by. A member's totals move in the transaction that moves those days (L25), and
//! the index holds each board in its order. Equal points share a place.
//!
//! Absent on purpose: bonus points of streaks, and anything else that is no purchase.

mod board;
mod laws;
mod members;
mod routes;
mod store;
#[cfg(test)]
mod tests;

pub use board::{Board, BoardAsked, Period, Place, board, count, on_bought};
pub use members::{JoinLeaderboards, Member, join, leave};

use crate::hall::room::Room;

pub const ROOM: Room = Room {
    name: "leaderboards",
    routes: routes::routes,
    laws: laws::ALL,
    ..Room::EMPTY
};
