//! Tenants, venues, tax, staff, devices, keys and sessions: who owns what, and who may be there.
//!
//! Keeps L35 and L36: tokens, codes and PINs are stored hashed, and what is another tenant's is not there.
//! Absent on purpose: OpenID Connect. It would be one more way to make a session, beside `sign_in`.

pub mod chain;
pub mod rates;
pub mod refs;
mod routes;
mod store;
pub mod tax;
#[cfg(test)]
mod tests;
pub mod venues;

use crate::hall::room::Room;

pub const ROOM: Room = Room {
    name: "platform",
    routes: routes::routes,
    jobs: &[],
    laws: &[],
};
