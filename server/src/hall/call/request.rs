//! One request: where it goes, and its act, which takes effect once for each idempotency key.

use axum::extract::{FromRequestParts as _, MatchedPath, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::Hall;
use super::again::{Seeds, hidden};
use super::answer::{Act, Answer, refused};
use crate::hall::access::{self, Rule};
use crate::hall::error::{Code, Error, Extra, Result, Violation};
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
    /// To whom its idempotency key belongs, where that is not the actor.
    holder: Option<String>,
    /// What its key is for, where the request alone does not say it.
    about: Option<String>,
}

impl Request {
    pub async fn from(parts: &mut Parts, hall: &Hall) -> Result<Request> {
        // A `HEAD` is a `GET` whose body is not sent.
        let method = match &parts.method {
            &Method::HEAD => Method::GET,
            other => other.clone(),
        };
        let matched = parts
            .extensions
            .get::<MatchedPath>()
            .map(|path| path.as_str().to_owned());
        let rule = matched
            .as_deref()
            .and_then(|path| access::find(method.as_str(), path));
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
            Some("all") if method == Method::GET && rule.path.contains("/dashboard/") => {
                Site::Chain
            }
            Some(id) => id.parse().map_or(Site::Nowhere, Site::Venue),
        };
        Ok(Request {
            hall: hall.clone(),
            rule,
            method,
            path: parts.uri.path().to_owned(),
            headers: parts.headers.clone(),
            site,
            facts: facts(),
            holder: None,
            about: None,
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

    /// From here on the key of this request belongs to `holder`, an actor whom the verb notes (L24).
    pub fn keyed_as(&mut self, holder: String) {
        self.holder = Some(holder);
    }

    /// From here on the key of this request is for `about`: sent for something else, it is another key.
    pub fn keyed_about(&mut self, about: String) {
        self.about = Some(about);
    }

    /// # Errors
    /// `Header` where a key was sent that is none, or none where one is needed.
    pub fn check_key(&self) -> Result<()> {
        self.keyed("nobody").map(|_| ())
    }

    /// The idempotency key of this request, if it is one that takes effect.
    fn keyed(&self, actor: &str) -> Result<Option<Keyed>> {
        let principal = self.holder.as_deref().unwrap_or(actor);
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
        hash.update(self.body_digest());
        Ok(Some(Keyed {
            key: self
                .about
                .as_ref()
                .map_or(key.to_owned(), |about| format!("{key} {about}")),
            principal: principal.to_owned(),
            operation,
            fingerprint: hash.finalize().into(),
        }))
    }

    /// Runs the verb with all that a write leaves behind, in one transaction.
    pub async fn write(&self, scope: Scope, hot: Vec<Hot>, act: Act) -> Result<Answer> {
        let note = self.note();
        let noted = move |tx: &mut Tx| {
            let made = act(tx)?;
            note(tx)?;
            Ok(made)
        };
        self.perform(scope, hot, Box::new(noted)).await
    }

    /// As [`Request::write`]. Without a key, what the verb does not note in the journal is not noted: anybody may ask,
    /// and most who do change nothing.
    pub async fn tell(&self, scope: Scope, hot: Vec<Hot>, act: Act) -> Result<Answer> {
        match self.keyed(&scope.by.actor)? {
            Some(_) => self.write(scope, hot, act).await,
            None => self.perform(scope, hot, act).await,
        }
    }

    /// What is noted of a verb that notes nothing itself: its route.
    fn note(&self) -> impl Fn(&mut Tx) -> Result<()> + Send + use<> {
        let action = format!("{} {}", self.rule.method, self.rule.path);
        let path = self.path.clone();
        move |tx| {
            if tx.entries > 0 {
                return Ok(());
            }
            let by = tx.scope().by.actor.clone();
            tx.append_entry(&by, &action, &path, None, None)
        }
    }

    async fn perform(&self, scope: Scope, mut hot: Vec<Hot>, act: Act) -> Result<Answer> {
        let keyed = self.keyed(&scope.by.actor)?;
        if let (Some(keyed), Some(tenant)) = (&keyed, scope.tenant) {
            let row = format!("{} {} {}", keyed.principal, keyed.operation, keyed.key);
            hot.push(Hot::of(tenant, "key", &row));
        }
        let (request_id, seeds) = (self.request_id(), self.seeds());
        let all = move |tx: &mut Tx| match &keyed {
            None => act(tx).map(|made| Answer::new(made.told)),
            Some(keyed) => once(tx, keyed, &seeds, &request_id, &act),
        };
        self.hall.db.write(scope, hot, all).await
    }

    pub async fn answered(&self, scope: Scope) -> Result<Option<Answer>> {
        let Some(keyed) = self.keyed(&scope.by.actor)? else {
            return Ok(None);
        };
        let seeds = self.seeds();
        let find = move |read: &mut Read| find_answer(read, &keyed, &seeds);
        self.hall.db.read(scope, find).await
    }

    fn seeds(&self) -> Seeds {
        Seeds {
            master: std::sync::Arc::clone(&self.hall.master),
            body: self.body_digest(),
        }
    }

    fn body_digest(&self) -> [u8; 32] {
        let digest = self.facts.as_ref();
        let digest = digest.and_then(|facts| facts.body_sha256.get());
        digest.copied().unwrap_or([0; 32])
    }

    pub async fn rehearse(&self, scope: Scope, act: Act) -> Result<Answer> {
        let all = move |tx: &mut Tx| {
            let mut told = None;
            let undone = tx.savepoint(|tx| {
                told = Some(act(tx)?.told);
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

/// The answer that the key stands for already.
fn find_answer(read: &mut Read, keyed: &Keyed, seeds: &Seeds) -> Result<Option<Answer>> {
    match journal::find_answer(read, keyed)? {
        Known::Answered(stored, at) => {
            let (tenant, age) = (read.tenant()?, read.now().duration_since(at));
            seeds.shown(tenant, keyed, stored, age).map(Some)
        }
        Known::Reused => Err(Error::Refused(Code::IdempotencyKeyReused, Extra::none())),
        Known::New => Ok(None),
    }
}

/// The two savepoints: the outer one claims the key and keeps the answer, the inner one holds the
/// verb, so that a refusal undoes the verb and is itself kept.
fn once(tx: &mut Tx, keyed: &Keyed, seeds: &Seeds, request_id: &str, act: &Act) -> Result<Answer> {
    if let Some(answer) = find_answer(tx, keyed, seeds)? {
        return Ok(answer);
    }
    let nonce = seeds.sow(tx, keyed)?;
    let made = match tx.savepoint(act) {
        Ok(made) => made,
        Err(error) if error.is_final() => return keep_refusal(tx, keyed, error, request_id),
        Err(error) => return Err(error),
    };
    let kept = made.kept.as_ref().unwrap_or(&made.told);
    match tx.minted.take() {
        Some(token) => journal::store_answer(tx, keyed, &hidden(kept, &token, nonce))?,
        None => journal::store_answer(tx, keyed, kept)?,
    }
    Ok(Answer::new(made.told))
}

fn keep_refusal(tx: &mut Tx, keyed: &Keyed, error: Error, request_id: &str) -> Result<Answer> {
    let told = refused(&error, request_id)?;
    match journal::store_answer(tx, keyed, &told) {
        // Of a chain that was not founded nothing can be kept.
        Err(Error::Violation(Violation::ForeignKey, _)) => Err(error),
        kept => kept.map(|()| Answer::new(told)),
    }
}
