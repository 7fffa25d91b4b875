//! A call: who asks, where, when, under which key; and the two ways on, `read` and `write`.
//!
//! A handler without one of these extractors cannot be written by accident: an open route asks for
//! [`PublicCall`] by name, and each finds its rule in `access.rs` or the route answers 404.
//!
//! `callers` are the extractors, `token` finds out whose a request is, `request` runs its verb once for each
//! idempotency key, `answer` is what goes out and what is kept, `again` how a token is told again.

mod again;
mod answer;
mod callers;
mod request;
mod token;

pub use answer::{Answer, Reply};
pub use callers::{GuestCall, PublicCall, StaffCall, TenantCall};

use super::allowance::Taken;
use super::job::Job;
use super::law::Law;
use super::room::Room;
use super::secret::Entropy;
use super::store::Db;
use super::time::Clock;

/// What every call stands on. Cheap to clone.
#[derive(Clone)]
pub struct Hall {
    pub db: Db,
    pub clock: Clock,
    pub entropy: Entropy,
    /// From which the keys of each tenant and purpose are derived.
    pub master: std::sync::Arc<[u8; 32]>,
    /// What links and cookies use, without a trailing slash.
    pub public_url: std::sync::Arc<str>,
    /// What each address has taken of what is open to everybody.
    pub taken: Taken,
    /// What the rooms handed over: their jobs and laws, for those who walk them all.
    pub rooms: &'static [Room],
}

impl Hall {
    pub fn jobs(&self) -> impl Iterator<Item = &'static Job> + use<> {
        self.rooms.iter().flat_map(|room| room.jobs)
    }

    /// In the order of their numbers.
    pub fn laws(&self) -> Vec<&'static Law> {
        let mut laws: Vec<&Law> = self.rooms.iter().flat_map(|room| room.laws).collect();
        laws.sort_by_key(|law| law.number);
        laws
    }
}

pub const STAFF_COOKIE: &str = "regulars_staff";
/// A paired device that is a browser; whoever signs in at it goes before it.
pub const DEVICE_COOKIE: &str = "regulars_device";
pub const GUEST_COOKIE: &str = "regulars_guest";
/// To whom a guest's code was sent, until they type it.
pub const CODE_COOKIE: &str = "regulars_code";
