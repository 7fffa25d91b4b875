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
/// Events that one call looks at where only some types are asked for.
const SCANNED_MAX: i64 = 5_000;

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
    /// Send it as `after` to go on: the newest event that was looked at, also where it was not of the type asked for.
    /// Without new events it is the one that was sent.
    #[schema(example = "evt_01kab4bqf8e1ftz0c6hqp2v9xw")]
    pub after: Option<String>,
    /// Whether there is more to read at once; with `type` also where none was found so far.
    pub has_more: bool,
}

impl Reply for Feed {}

/// Events after the one that is named.
///
/// # Errors
/// `Gone` where an event behind the one that is named is no longer kept, and for an event that never was.
pub fn feed(read: &mut Read, ask: &FeedAsked) -> Result<Feed> {
    if !(1..=LIMIT_MAX).contains(&ask.limit) {
        let said = format!("Send a whole number from 1 to {LIMIT_MAX}.");
        return Err(Error::field("?limit", "out_of_range", said));
    }
    let kept = store::kept(read)?;
    let after = match &ask.after {
        None => kept.after,
        Some(named) => seq_of(read, &kept, named)?,
    };
    let until = kept.newest.min(after + SCANNED_MAX);
    let scan = store::Scan {
        after,
        until,
        kind: ask.kind.as_deref(),
    };
    let mut items = store::events(read, &scan, ask.limit + 1)?;
    let is_cut = items.len() as i64 > ask.limit;
    items.truncate(usize::try_from(ask.limit).unwrap_or(usize::MAX));
    let last = match items.last() {
        Some(event) if is_cut => Some(event.id),
        _ if until > after => store::id_of(read, until)?,
        _ => None,
    };
    let last = last.map(|id| id.to_string());
    Ok(Feed {
        after: last.or_else(|| ask.after.clone()),
        items,
        has_more: is_cut || until < kept.newest,
    })
}

/// The numbers of the events that can be read: all from the one behind `after` to `newest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    pub after: i64,
    pub newest: i64,
}

fn seq_of(read: &mut Read, kept: &Kept, named: &str) -> Result<i64> {
    let gone = Error::Gone(Code::EventGone);
    if let Ok(seq) = named.parse::<i64>() {
        let is_kept = (kept.after..=kept.newest).contains(&seq);
        return if is_kept { Ok(seq) } else { Err(gone) };
    }
    let id: EventId = named.parse().map_err(|_| {
        Error::field(
            "?after",
            "invalid",
            "Send the id or the number of an event.",
        )
    })?;
    store::seq_of(read, id)?.ok_or(gone)
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
