//! One request: where it goes, and its act, which takes effect once for each idempotency key.

use axum::extract::{FromRequestParts as _, MatchedPath, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::Hall;
use super::answer::{Answer, Rendered, Reply, refused, rendered, stored};
use crate::hall::access::{self, Rule};
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::http::{Facts, facts};
use crate::hall::id::{StaffId, TenantId};
use crate::hall::identity::Site;
use crate::hall::journal::{self, By, Keyed, Known};
use crate::hall::store::{Hot, Read, Scope, Tx};

const KEY_LENGTH_MAX: usize = 255;

/// Facts of one request that every kind of call stands on.
pub(super) struct Request {
    pub hall: Hall,
    pub rule: &'static Rule,
    pub method: Method,
    path: String,
    pub headers: HeaderMap,
    pub site: Site,
    facts: Option<std::sync::Arc<Facts>>,
}

impl Request {
    pub async fn from(parts: &mut Parts, hall: &Hall) -> Result<Request> {
        let matched = parts
            .extensions
            .get::<MatchedPath>()
            .map(|path| path.as_str().to_owned());
        let rule = matched
            .as_deref()
            .and_then(|path| access::find(parts.method.as_str(), path));
        // No rule, no call: a route that the table forgot is closed.
        let rule = rule.ok_or(Error::NotFound("page"))?;
        let params = RawPathParams::from_request_parts(parts, hall).await;
        let params = params.map_err(|_| Error::NotFound("page"))?;
        let venue = params
            .iter()
            .find(|(name, _)| *name == "venueId")
            .map(|(_, id)| id);
        let site = match venue {
            None => Site::Chain,
            Some("all") if parts.method == Method::GET && rule.path.contains("/dashboard/") => {
                Site::Chain
            }
            Some(id) => id.parse().map_or(Site::Nowhere, Site::Venue),
        };
        Ok(Request {
            hall: hall.clone(),
            rule,
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            headers: parts.headers.clone(),
            site,
            facts: facts(),
        })
    }

    fn request_id(&self) -> String {
        self.facts
            .as_ref()
            .map(|facts| facts.id.clone())
            .unwrap_or_default()
    }

    fn peer(&self) -> String {
        let peer = self.facts.as_ref().and_then(|facts| facts.peer);
        peer.map(|address| address.to_string()).unwrap_or_default()
    }

    pub fn scope(
        &self,
        tenant: TenantId,
        now: Timestamp,
        actor: &str,
        staff: Option<StaffId>,
    ) -> Scope {
        let by = By {
            actor: actor.to_owned(),
            staff,
            request_id: self.request_id(),
            ip: self.peer(),
        };
        Scope::new(tenant, now, by)
    }

    /// The idempotency key of this request, if it is one that takes effect.
    fn keyed(&self, principal: &str) -> Result<Option<Keyed>> {
        if self.method != Method::POST {
            return Ok(None);
        }
        let Some(header) = self.headers.get("idempotency-key") else {
            return if self.rule.keyed {
                Err(Error::Header(Code::IdempotencyKeyRequired))
            } else {
                Ok(None)
            };
        };
        let key = header.to_str().unwrap_or_default().trim().trim_matches('"');
        if key.is_empty()
            || key.len() > KEY_LENGTH_MAX
            || !key.bytes().all(|b| b.is_ascii_graphic())
        {
            return Err(Error::Header(Code::IdempotencyKeyInvalid));
        }
        let operation = format!("{} {}", self.method, self.path);
        let mut hash = Sha256::new();
        // Bodies may hold a PIN: a digest that needs no secret would tell it to whoever reads the store (L35).
        hash.update(self.hall.master.as_ref());
        hash.update(principal);
        hash.update([0]);
        hash.update(&operation);
        hash.update([0]);
        hash.update(
            self.facts
                .as_ref()
                .and_then(|facts| facts.body_sha256.get())
                .unwrap_or(&[0; 32]),
        );
        Ok(Some(Keyed {
            key: key.to_owned(),
            principal: principal.to_owned(),
            operation,
            fingerprint: hash.finalize().into(),
        }))
    }

    /// Runs the verb with all that a write leaves behind, in one transaction.
    pub async fn write<T: Reply>(
        &self,
        scope: Scope,
        mut hot: Vec<Hot>,
        status: StatusCode,
        verb: impl Fn(&mut Tx) -> Result<T> + Send + 'static,
    ) -> Result<Answer> {
        let keyed = self.keyed(&scope.by.actor)?;
        if let (Some(keyed), Some(tenant)) = (&keyed, scope.tenant) {
            let row = format!("{} {} {}", keyed.principal, keyed.operation, keyed.key);
            hot.push(Hot::of(tenant, "key", &row));
        }
        let default_action = format!("{} {}", self.rule.method, self.rule.path);
        let (path, request_id) = (self.path.clone(), self.request_id());
        let all = move |tx: &mut Tx| {
            let verb = |tx: &mut Tx| {
                let value = verb(tx)?;
                if tx.entries == 0 {
                    let by = tx.scope().by.actor.clone();
                    tx.append_entry(&by, &default_action, &path, None, None)?;
                }
                rendered(status, &value)
            };
            match &keyed {
                None => verb(tx).map(|made| Answer::new(made.told)),
                Some(keyed) => once(tx, keyed, &request_id, verb),
            }
        };
        self.hall.db.write(scope, hot, all).await
    }

    pub async fn answered(&self, scope: Scope) -> Result<Option<Answer>> {
        let Some(keyed) = self.keyed(&scope.by.actor)? else {
            return Ok(None);
        };
        let find = move |read: &mut Read| match journal::find_answer(read, &keyed)? {
            Known::Answered(stored) => Ok(Some(Answer::again(stored))),
            Known::Reused => Err(Error::Refused(Code::IdempotencyKeyReused, Extra::none())),
            Known::New => Ok(None),
        };
        self.hall.db.read(scope, find).await
    }

    pub async fn rehearse<T: Reply>(
        &self,
        scope: Scope,
        verb: impl Fn(&mut Tx) -> Result<T> + Send + 'static,
    ) -> Result<Answer> {
        let all = move |tx: &mut Tx| {
            let mut told = None;
            let undone = tx.savepoint(|tx| {
                told = Some(stored(StatusCode::OK, &verb(tx)?)?);
                // Any error undoes the savepoint; this one is seen by nobody.
                Err::<(), Error>(Error::Stale)
            });
            match (told, undone) {
                (Some(told), _) => Ok(Answer::new(told)),
                (None, Err(error)) => Err(error),
                (None, Ok(())) => Err(Error::bug("a rehearsal gave no answer")),
            }
        };
        self.hall.db.write(scope, Vec::new(), all).await
    }
}

/// The two savepoints: the outer one claims the key and keeps the answer, the inner one holds the
/// verb, so that a refusal undoes the verb and is itself kept.
fn once(
    tx: &mut Tx,
    keyed: &Keyed,
    request_id: &str,
    verb: impl Fn(&mut Tx) -> Result<Rendered>,
) -> Result<Answer> {
    match journal::find_answer(tx, keyed)? {
        Known::Answered(stored) => return Ok(Answer::again(stored)),
        Known::Reused => return Err(Error::Refused(Code::IdempotencyKeyReused, Extra::none())),
        Known::New => {}
    }
    let made = match tx.savepoint(verb) {
        Ok(made) => made,
        Err(error) if error.is_final() => Rendered {
            told: refused(&error, request_id)?,
            kept: None,
        },
        Err(error) => return Err(error),
    };
    journal::store_answer(tx, keyed, made.kept.as_ref().unwrap_or(&made.told))?;
    Ok(Answer::new(made.told))
}
