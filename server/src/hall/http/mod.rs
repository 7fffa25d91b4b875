//! HTTP as this house speaks it: connections, what surrounds every handler, and what a handler may ask for.
//!
//! `serve` owns sockets, `layers` owns what every request gets, `body` and `query` are the only ways in for
//! a handler. axum's own `Json`, `Query` and `Path` are not used: their refusals are not problem+json.

mod body;
mod exact;
mod facts;
mod json;
mod layers;
mod limits;
mod meters;
mod query;
mod refusal;
mod sentences;
mod serve;
mod socket;

pub use body::{Body, BodyLimit, MaybeBody, Upload};
pub use facts::{Facts, Peer, Trace, facts, request_id};
pub use json::{shape, strict};
pub use layers::{method_not_allowed, not_found, wrap};
pub use limits::Limits;
pub use query::{Path, Query};
pub(super) use query::{pairs, query_of};
pub use serve::serve;

#[cfg(test)]
mod tests;
