//! What every room stands on. It knows no room.

pub mod access;
pub mod allowance;
pub mod call;
pub mod config;
pub mod error;
pub mod etag;
pub mod filter;
pub mod http;
pub mod id;
pub mod identity;
pub mod job;
pub mod journal;
pub mod law;
pub mod money;
pub mod page;
pub mod patch;
pub mod room;
pub mod secret;
pub mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod text;
pub mod time;
