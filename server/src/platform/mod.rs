//! The chain and its venues, tax and reporting rates, staff, devices, keys and sessions: who owns what,
//! and who may be there.
//!
//! What is looked up before the tenant is known stands in the directory of `hall::identity`, written here.
//! Secrets that people choose are argon2id, computed off the store's threads and tried five times
//! (`tries`); tokens have 256 bits, are known by their SHA-256 and told once, or again to whoever lost the
//! answer (`hall/call/again`). A session begun by PIN counts at that till's venue alone. Who makes keys or
//! people gives no right that they lack.
//!
//! Keeps L35 and L36, and L23 where no foreign key does: tokens, codes and PINs are stored hashed, and
//! what is another tenant's is not there.
//!
//! Absent on purpose: OpenID Connect, which would be one more way to a session, beside `sign_in`; second
//! factors; idle limits, since a till that signs itself out in the middle of a queue is worked around.

pub mod chain;
pub mod devices;
pub mod hours;
pub mod keys;
mod laws;
mod prune;
pub mod rates;
pub mod refs;
mod routes;
pub mod sessions;
pub mod set_up;
pub mod sign_in;
pub mod staff;
mod store;
pub mod tax;
#[cfg(test)]
mod tests;
pub mod tries;
pub mod venues;

use serde::Deserialize;
use utoipa::IntoParams;

use crate::hall::room::Room;

pub const ROOM: Room = Room {
    name: "platform",
    routes: routes::routes,
    jobs: &[prune::PRUNE],
    laws: laws::LAWS,
};

/// A till stays paired until it is revoked; browsers keep a cookie no longer than this.
const DEVICE_COOKIE_DAYS: i64 = 400;

/// Whether a list shows what was put away too.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Archived {
    /// Show what was archived or revoked too.
    pub include_archived: bool,
}

impl Archived {
    fn sql(self) -> &'static str {
        self.sql_of("archived_at is null")
    }

    /// The condition that leaves out what was put away; it has no parameters.
    fn sql_of(self, live: &'static str) -> &'static str {
        if self.include_archived { "1 = 1" } else { live }
    }
}
