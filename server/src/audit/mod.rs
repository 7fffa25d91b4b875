//! The journal after the fact: its entries sealed into a chain, its events numbered, all laws asked.
//!
//! The hall's journal appends entries and events without a number, so that the writes of a tenant never
//! queue behind each other. Here they get one, in batches: an entry's hash covers the entry and the hash
//! before it, and `journal_heads` says how far the chain has come, so that neither a changed, a missing
//! nor a cut-off entry goes unseen. Keeps L04, L24, L26 and L23 where no foreign key can.
//!
//! Absent on purpose: shapes before and after. An entry holds digests, so it can prove but not disclose.

mod laws;
mod prune;
mod routes;
mod seal;
mod store;
#[cfg(test)]
mod tests;
mod verify;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::hall::call::Reply;
use crate::hall::id::AuditId;
use crate::hall::room::Room;
pub use seal::{seal_all, seal_always};
pub use verify::{Verdict, verify};

pub const ROOM: Room = Room {
    name: "audit",
    routes: routes::routes,
    jobs: &[prune::PRUNE],
    laws: laws::LAWS,
};

/// One change, as it was noted with it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    pub id: AuditId,
    /// Its place in the chain; absent for the second until it is sealed.
    #[schema(example = 4711)]
    pub seq: Option<i64>,
    pub at: Timestamp,
    /// `staff:…`, `customer:…`, `key:…`, `device:…`, `job:…`, `cli` or `nobody`.
    #[schema(example = "staff:stf_01kab4bqf8e1ftz0c6hqp2v9xw")]
    pub actor: String,
    #[schema(example = "customer.edit")]
    pub action: String,
    #[schema(example = "cus_01kab4bqf8e1ftz0c6hqp2v9xw")]
    pub entity: String,
    /// SHA-256 of its shape before, in hex; absent for what is new.
    pub before_sha256: Option<String>,
    /// SHA-256 of its shape after, in hex; absent for what is gone.
    pub after_sha256: Option<String>,
    pub request_id: String,
    pub ip: String,
    /// SHA-256 over the hash before it and this entry, in hex.
    pub hash: Option<String>,
}

impl Reply for AuditEntry {}
