use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::feed::{self, Feed, FeedAsked, KindOfEvent};
use super::messages::{self, Message, MessagesAsked};
use crate::hall::call::{Answer, Hall, StaffCall};
use crate::hall::error::Result;
use crate::hall::http::{Path, Query};
use crate::hall::id::EventId;
use crate::hall::page::{Listing, Page, Paging};

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new()
        .routes(routes!(read_feed))
        .routes(routes!(list_event_types))
        .routes(routes!(list_messages))
        .routes(routes!(show_message))
        .routes(routes!(resend_message))
}

/// Read the feed of events
///
/// Every event of the last 30 days, in the order of their numbers: ask again with the `after` of the answer.
#[utoipa::path(get, path = "/api/v1/events", tag = "outbox", params(FeedAsked),
    responses((status = 200, body = Feed)))]
async fn read_feed(call: StaffCall, Query(ask): Query<FeedAsked>) -> Result<Answer> {
    call.read(move |read| feed::feed(read, &ask)).await
}

/// List the types of events
#[utoipa::path(get, path = "/api/v1/event-types", tag = "outbox",
    responses((status = 200, body = Vec<KindOfEvent>)))]
async fn list_event_types(call: StaffCall) -> Result<Answer> {
    call.read(|_| Ok(feed::kinds())).await
}

/// List the messages to people, the latest first
#[utoipa::path(get, path = "/api/v1/chain/messages", tag = "outbox", params(MessagesAsked, Paging),
    responses((status = 200, body = Page<Message>)))]
async fn list_messages(call: StaffCall, ask: Listing<MessagesAsked>) -> Result<Answer> {
    let Listing { paging, filter } = ask;
    call.survey(move |read| {
        let rows = messages::list(read, &filter, paging.after()?, paging.limit())?;
        Ok(Page::of(&paging, rows, None, |message| {
            message.id.to_string()
        }))
    })
    .await
}

/// Show a message
#[utoipa::path(get, path = "/api/v1/chain/messages/{messageId}", tag = "outbox",
    params(("messageId" = EventId, Path)), responses((status = 200, body = Message)))]
async fn show_message(call: StaffCall, Path(id): Path<EventId>) -> Result<Answer> {
    call.read(move |read| messages::find(read, id)).await
}

/// Send a message again that failed for good
#[utoipa::path(post, path = "/api/v1/chain/messages/{messageId}/resend", tag = "outbox",
    params(("messageId" = EventId, Path)), responses((status = 200, body = Message)))]
async fn resend_message(call: StaffCall, Path(id): Path<EventId>) -> Result<Answer> {
    call.write([], move |tx| messages::resend(tx, id)).await
}
