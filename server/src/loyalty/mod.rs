//! Points: what the program promises, what a purchase earned, and what a customer has.
//!
//! One program per chain, which a venue overrides field by field. The ledger is append-only and numbered per
//! customer; the balance on the customer is a cache of it, moved in the same transaction. Earned points are
//! lots, each with its own end. Keeps L01, L02, L26 and L27.
//! Absent on purpose: redeeming, expiry and reversal are not routed; nothing here pretends to do them.

mod config;
mod earning;
mod grant;
mod laws;
mod ledger;
mod routes;
mod store;
#[cfg(test)]
mod tests;

use crate::hall::room::Room;

pub use config::{Config, configure, effective};
pub use earning::{Basket, Calculation, earn, earned, forecast};
pub use grant::{Grant, grant};
pub use ledger::{Balance, Entry, balance};

pub const ROOM: Room = Room {
    name: "loyalty",
    routes: routes::routes,
    laws: laws::ALL,
    ..Room::EMPTY
};
