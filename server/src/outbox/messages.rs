//! Messages for people: seen by managers, sent again where they failed for good.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::{IntoParams, ToSchema};

use super::store;
use crate::hall::call::Reply;
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::id::EventId;
use crate::hall::identity::{self, Mode};
use crate::hall::store::{Read, Tx};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MessageState {
    Due,
    Delivered,
    /// It failed for good.
    Dead,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct MessagesAsked {
    /// Only those of this state.
    #[param(inline)]
    pub state: Option<MessageState>,
    /// Only those of this template.
    #[param(example = "sign_in_code")]
    pub template: Option<String>,
}

/// A message for one person.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    pub id: EventId,
    #[schema(example = "sign_in_code")]
    pub template: String,
    pub state: MessageState,
    pub at: Timestamp,
    pub due_at: Option<Timestamp>,
    pub delivered_at: Option<Timestamp>,
    pub dead_at: Option<Timestamp>,
    #[schema(example = 0)]
    pub attempts: i64,
    /// The address and what fills the template. In a live chain its secrets are blanked.
    #[schema(example = json!({"to": "asa@example.com", "code": "…"}))]
    pub data: Json,
}

impl Reply for Message {}

/// Fields by which one could act as the person who is written to.
const SECRETS: &[&str] = &["code", "token", "link", "url", "pin", "secret", "password"];

pub fn list(
    read: &mut Read,
    ask: &MessagesAsked,
    before: Option<String>,
    limit: i64,
) -> Result<Vec<Message>> {
    let open = is_test(read)?;
    let mut messages = store::messages(read, ask, before, limit)?;
    if !open {
        messages
            .iter_mut()
            .for_each(|message| blank(&mut message.data));
    }
    Ok(messages)
}

pub fn find(read: &mut Read, id: EventId) -> Result<Message> {
    let open = is_test(read)?;
    let mut message = store::message(read, id)?.ok_or(Error::NotFound("message"))?;
    if !open {
        blank(&mut message.data);
    }
    Ok(message)
}

/// Makes a dead message due again.
pub fn resend(tx: &mut Tx, id: EventId) -> Result<Message> {
    let before = find(tx, id)?;
    if !store::revive(tx, id)? {
        let extra = Extra::saying("Only a message that failed for good is sent again.");
        return Err(Error::Conflict(Code::AlreadyDone, extra));
    }
    let after = find(tx, id)?;
    tx.audit("message.resend", id, Some(&before), Some(&after))?;
    Ok(after)
}

fn is_test(read: &mut Read) -> Result<bool> {
    Ok(identity::tenant(read)?.is_some_and(|tenant| tenant.mode == Mode::Test))
}

fn blank(data: &mut Json) {
    match data {
        Json::Object(fields) => {
            for (name, value) in fields {
                if SECRETS.contains(&name.as_str()) {
                    *value = "…".into();
                } else {
                    blank(value);
                }
            }
        }
        Json::Array(items) => items.iter_mut().for_each(blank),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn what_would_open_a_door_is_blanked() {
        let mut data =
            json!({"to": "a@b.se", "code": "123456", "parts": [{"link": "https://x/y"}]});
        super::blank(&mut data);
        assert_eq!(
            data,
            json!({"to": "a@b.se", "code": "…", "parts": [{"link": "…"}]})
        );
    }
}
