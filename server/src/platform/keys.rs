//! API keys: how programs call. A key is told once and known only by its hash (L35).

use axum::http::HeaderValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::store::keys as store;
use super::{sessions, venues};
use crate::hall::access::{self, Role};
use crate::hall::call::Reply;
use crate::hall::error::{Error, Field, Result};
use crate::hall::id::{KeyId, VenueId};
use crate::hall::identity::{self, Lookup, Mode};
use crate::hall::page::{Page, Paging};
use crate::hall::secret::{self, Secret};
use crate::hall::store::{Read, Tx};
use crate::hall::text::check_line;

const VENUES_MAX: usize = 100;

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateKey {
    #[schema(example = "Till of the harbour")]
    pub name: String,
    /// At most your own.
    pub role: Role,
    /// The venues that it may call; none named is every one.
    #[serde(default)]
    pub venue_ids: Vec<VenueId>,
    /// What it may call; none named is everything that its role may.
    #[serde(default)]
    #[schema(example = json!(["customers:read"]))]
    pub scopes: Vec<String>,
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// A key, without what it opens.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    pub id: KeyId,
    #[schema(example = "Till of the harbour")]
    pub name: String,
    /// Its last four letters.
    #[schema(example = "x7Qf")]
    pub hint: String,
    pub role: Role,
    pub venue_ids: Vec<VenueId>,
    #[schema(example = json!(["customers:read"]))]
    pub scopes: Vec<String>,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    /// To within ten minutes.
    pub last_used_at: Option<Timestamp>,
    pub created_at: Timestamp,
    #[serde(skip)]
    pub version: i64,
}

impl Reply for ApiKey {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

/// A key that was just made.
#[derive(Clone, Serialize, ToSchema)]
pub struct NewKey {
    pub key: ApiKey,
    /// Told this once: neither a later read nor a replay of the same Idempotency-Key repeats it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "sk_2v9yJ0a6c3…")]
    pub token: Option<String>,
}

impl Reply for NewKey {
    fn version(&self) -> Option<i64> {
        Some(self.key.version)
    }

    fn kept(&self) -> Option<NewKey> {
        let key = self.key.clone();
        Some(NewKey { key, token: None })
    }
}

impl CreateKey {
    fn check(&self, read: &mut Read) -> Result<()> {
        let mut wrong = Vec::new();
        check_line(&self.name, 100, "/name", &mut wrong);
        if self.venue_ids.len() > VENUES_MAX {
            let message = format!("Send at most {VENUES_MAX} venues.");
            wrong.push(Field::new("/venueIds", "too_many", message));
            return Err(Error::Invalid(wrong));
        }
        let named = self.venue_ids.iter().enumerate();
        let named = named.map(|(place, venue)| (format!("/venueIds/{place}"), *venue));
        venues::check_known(read, named, &mut wrong)?;
        for (place, scope) in self.scopes.iter().enumerate() {
            let known = access::TABLE
                .iter()
                .any(|rule| !scope.is_empty() && rule.scope == scope);
            if !known || self.scopes[..place].contains(scope) {
                wrong.push(Field::new(
                    format!("/scopes/{place}"),
                    "unknown",
                    "Send each scope once, like \"customers:read\"; `regulars routes` lists them.",
                ));
            }
        }
        if self.expires_at.is_some_and(|at| at <= read.now()) {
            let message = "Send a time to come.";
            wrong.push(Field::new("/expiresAt", "out_of_range", message));
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(wrong))
        }
    }
}

/// `limit` is the rank of whoever makes it.
pub fn create(tx: &mut Tx, ask: &CreateKey, limit: Role) -> Result<NewKey> {
    ask.check(tx)?;
    if ask.role > limit {
        return Err(Error::Forbidden(ask.role));
    }
    let id: KeyId = tx.new_id();
    let test = identity::tenant(tx)?.is_some_and(|tenant| tenant.mode == Mode::Test);
    let token = secret::token(tx.entropy(), if test { "sk_test_" } else { "sk_" });
    store::insert(tx, id, ask, &hint(&token))?;
    sessions::list_token(tx, &token, id)?;
    let key = key(tx, id)?;
    tx.audit_new("key.create", id, &key)?;
    let token = Some(token.expose().to_owned());
    Ok(NewKey { key, token })
}

/// A new key for the whole chain, whose text is told this once.
pub fn mint_key(tx: &mut Tx, name: &str, role: Role, scopes: &[String]) -> Result<(KeyId, Secret)> {
    let ask = CreateKey {
        name: name.into(),
        role,
        venue_ids: Vec::new(),
        scopes: scopes.to_vec(),
        expires_at: None,
    };
    let made = create(tx, &ask, Role::Owner)?;
    Ok((made.key.id, Secret::new(made.token.unwrap_or_default())))
}

/// The last four letters, by which a person tells keys apart.
fn hint(token: &Secret) -> String {
    let text = token.expose();
    text[text.len().saturating_sub(4)..].to_owned()
}

/// Ends a key with this very write; again is no error.
pub fn revoke(tx: &mut Tx, id: KeyId, limit: Role, if_match: Option<&HeaderValue>) -> Result<()> {
    let before = key(tx, id)?;
    crate::hall::etag::honour(if_match, before.version)?;
    if before.role > limit {
        return Err(Error::Forbidden(before.role));
    }
    if before.revoked_at.is_none() {
        store::mark_revoked(tx, id)?;
        identity::unlist(tx, Lookup::Token, id)?;
        tx.audit("key.revoke", id, Some(&before), None::<&()>)?;
    }
    Ok(())
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RenameKey {
    #[schema(example = "Till of the harbour")]
    pub name: String,
}

/// A key's rights never change: another is made in its place.
pub fn rename(
    tx: &mut Tx,
    id: KeyId,
    ask: &RenameKey,
    if_match: Option<&HeaderValue>,
) -> Result<ApiKey> {
    let before = key(tx, id)?;
    crate::hall::etag::honour(if_match, before.version)?;
    let mut wrong = Vec::new();
    check_line(&ask.name, 100, "/name", &mut wrong);
    if !wrong.is_empty() {
        return Err(Error::Invalid(wrong));
    }
    store::rename(tx, id, ask.name.trim(), before.version)?;
    let after = key(tx, id)?;
    tx.audit("key.rename", id, Some(&before), Some(&after))?;
    Ok(after)
}

pub fn key(read: &mut Read, id: KeyId) -> Result<ApiKey> {
    store::find(read, id)?.ok_or(Error::NotFound("key"))
}

pub fn keys(read: &mut Read, paging: &Paging, filter: super::Archived) -> Result<Page<ApiKey>> {
    store::list(read, paging, filter)
}
