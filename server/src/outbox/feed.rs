//! Events in the order of their numbers.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::{IntoParams, ToSchema};

use super::store;
use crate::hall::call::Reply;
use crate::hall::error::{Code, Error, Result};
use crate::hall::id::{EventId, TenantId, VenueId};
use crate::hall::journal::EventType;
use crate::hall::store::Read;

/// The shape of `data`, which only ever gains fields.
pub const API_VERSION: &str = "v1";
const LIMIT_MAX: i64 = 500;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
pub struct FeedAsked {
    /// The id or the number of the last event that was seen; without it, from the oldest that is kept.
    #[param(example = "evt_01kab4bqf8e1ftz0c6hqp2v9xw")]
    pub after: Option<String>,
    /// At most this many, up to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    pub limit: i64,
    /// Only this type.
    #[serde(rename = "type")]
    #[param(example = "order.paid")]
    pub kind: Option<String>,
}

impl Default for FeedAsked {
    fn default() -> FeedAsked {
        FeedAsked {
            after: None,
            limit: 100,
            kind: None,
        }
    }
}

/// Something that happened, told after it was committed.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    pub id: EventId,
    /// 1, 2, 3 … per chain, without a gap.
    #[schema(example = 42)]
    pub seq: i64,
    #[serde(rename = "type")]
    #[schema(example = "order.paid")]
    pub kind: String,
    #[schema(example = "v1")]
    pub api_version: &'static str,
    pub tenant_id: TenantId,
    /// Absent for what belongs to the chain.
    pub venue_id: Option<VenueId>,
    pub at: Timestamp,
    /// As the type says.
    pub data: Json,
}

/// A part of the feed, the oldest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Feed {
    pub items: Vec<Event>,
    /// Send it as `after` to go on; without new events it is the one that was sent.
    #[schema(example = "evt_01kab4bqf8e1ftz0c6hqp2v9xw")]
    pub after: Option<String>,
    /// Whether there is more to read at once.
    pub has_more: bool,
}

impl Reply for Feed {}

/// Events after the one that is named.
///
/// # Errors
/// `Gone` for an event that is no longer kept.
pub fn feed(read: &mut Read, ask: &FeedAsked) -> Result<Feed> {
    if !(1..=LIMIT_MAX).contains(&ask.limit) {
        let said = format!("Send a whole number from 1 to {LIMIT_MAX}.");
        return Err(Error::field("?limit", "out_of_range", said));
    }
    let after = match &ask.after {
        None => 0,
        Some(named) => seq_of(read, named)?,
    };
    let mut items = store::events(read, after, ask.kind.as_deref(), ask.limit + 1)?;
    let has_more = items.len() as i64 > ask.limit;
    items.truncate(usize::try_from(ask.limit).unwrap_or(usize::MAX));
    let last = items.last().map(|event| event.id.to_string());
    Ok(Feed {
        after: last.or_else(|| ask.after.clone()),
        items,
        has_more,
    })
}

fn seq_of(read: &mut Read, named: &str) -> Result<i64> {
    if let Ok(seq) = named.parse::<i64>() {
        return Ok(seq);
    }
    let id: EventId = named.parse().map_err(|_| {
        Error::field(
            "?after",
            "invalid",
            "Send the id or the number of an event.",
        )
    })?;
    store::seq_of(read, id)?.ok_or(Error::Gone(Code::EventGone))
}

/// A type of event.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct KindOfEvent {
    #[serde(rename = "type")]
    #[schema(example = "order.paid")]
    pub kind: &'static str,
    #[schema(example = "An order was paid in full; data is the order.")]
    pub about: &'static str,
}

impl Reply for KindOfEvent {}

pub fn kinds() -> Vec<KindOfEvent> {
    let all = EventType::ALL.iter();
    all.map(|kind| KindOfEvent {
        kind: kind.word(),
        about: kind.about(),
    })
    .collect()
}
