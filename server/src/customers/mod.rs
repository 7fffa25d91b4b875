//! Customers: who the guests are, what is known of them, how they are found, and the groups they are put in.
//!
//! A customer belongs to the chain and is seen at venues. Staff, payments, imports and guests make them
//! known; a profile's edits carry a version, and its tracked figures (visits, spend, points) are moved by
//! the rooms that cause them, through verbs here, without one.
//!
//! Keeps L22 (email and phone are unique among the active: two partial unique indexes) and L25 for visits
//! and members of groups. Absent on purpose: what a customer ordered and earned, which rooms behind this one
//! know, and hard deletion: archiving keeps every row that money hangs on.

mod check;
mod counters;
mod group_routes;
pub mod groups;
pub mod import;
mod instant;
mod laws;
mod list;
mod profile;
mod routes;
pub mod search;
mod sign_in;
mod store;
mod taxid;
pub mod terms;
#[cfg(test)]
mod tests;

pub use counters::{
    Brief, Contact, Lapsed, Ledgered, Purse, add_points, brief, contacts, end_points_by,
    expire_points, has_visited, hold_points, move_points, points_due, purse, purses,
    record_paid_order, record_refund, record_visit, release_points, spend_points, undo_visit,
    wear_tier,
};
pub use groups::{EditGroup, Group, Members};
pub use instant::{Identity, find_or_create_by};
pub use list::{CustomerStats, Spender};
pub use profile::{
    Address, AtVenue, Customer, EditCustomer, InvoiceSettings, Source, TaxId, TaxKind, archive,
    change, create, create_as, edit, find, find_by_email, find_by_phone, show, upsert,
};

pub use search::FoundCustomer;

use utoipa_axum::router::OpenApiRouter;

use crate::hall::call::Hall;
use crate::hall::room::Room;

fn routes() -> OpenApiRouter<Hall> {
    routes::routes().merge(sign_in::routes())
}

pub const ROOM: Room = Room {
    name: "customers",
    routes,
    jobs: &[import::IMPORT],
    laws: laws::LAWS,
};
