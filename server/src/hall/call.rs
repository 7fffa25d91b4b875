//! A call: who asks, where, when, under which key; and the two ways on, `read` and `write`.
//!
//! A handler without one of these extractors cannot be written by accident: an open route asks for
//! [`PublicCall`] by name, and each finds its rule in `access.rs` or the route answers 404.

use axum::body::Body;
use axum::extract::{FromRequestParts, MatchedPath, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::access::{self, Role, Rule, Who};
use super::allowance::Taken;
use super::error::{Code, Error, Extra, Result};
use super::etag::etag;
use super::http::{Facts, facts};
use super::id::{CustomerId, DeviceId, Id, StaffId, TenantId};
use super::identity::{self, Identity, Lookup, Mode, Principal, Site, Tenant, Venue};
use super::job::Job;
use super::journal::{self, By, Keyed, Known, Stored};
use super::law::Law;
use super::room::Room;
use super::secret::Entropy;
use super::store::{Db, Hot, Read, Scope, Tx};
use super::time::Clock;

/// What every call stands on. Cheap to clone.
#[derive(Clone)]
pub struct Hall {
    pub db: Db,
    pub clock: Clock,
    pub entropy: Entropy,
    /// From which the keys of each tenant and purpose are derived.
    pub master: std::sync::Arc<[u8; 32]>,
    /// What links and cookies use, without a trailing slash.
    pub public_url: std::sync::Arc<str>,
    /// What each address has taken of what is open to everybody.
    pub taken: Taken,
    /// What the rooms handed over: their jobs and laws, for those who walk them all.
    pub rooms: &'static [Room],
}

impl Hall {
    pub fn jobs(&self) -> impl Iterator<Item = &'static Job> + use<> {
        self.rooms.iter().flat_map(|room| room.jobs)
    }

    /// In the order of their numbers.
    pub fn laws(&self) -> Vec<&'static Law> {
        let mut laws: Vec<&Law> = self.rooms.iter().flat_map(|room| room.laws).collect();
        laws.sort_by_key(|law| law.number);
        laws
    }
}

pub const STAFF_COOKIE: &str = "regulars_staff";
/// A paired device that is a browser; whoever signs in at it goes before it.
pub const DEVICE_COOKIE: &str = "regulars_device";
pub const GUEST_COOKIE: &str = "regulars_guest";
const KEY_LENGTH_MAX: usize = 255;

/// Where an archived venue itself is edited and restored.
const CHAIN: &str = "/api/v1/chain/";

/// What an answer needs beside its body.
pub trait Reply: Serialize + Send + 'static {
    /// The version of the thing, which becomes its ETag.
    fn version(&self) -> Option<i64> {
        None
    }

    /// How it is kept for a replay of its idempotency key, where that differs from how it is told: a
    /// secret is told once and stored nowhere (L35).
    fn kept(&self) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }
}

impl Reply for () {}
impl<T: Reply> Reply for super::page::Page<T> {}
impl<T: Reply> Reply for Vec<T> {}

/// Facts of one request that all three kinds of call share.
struct Request {
    hall: Hall,
    rule: &'static Rule,
    method: Method,
    path: String,
    headers: HeaderMap,
    site: Site,
    facts: Option<std::sync::Arc<Facts>>,
}

impl Request {
    async fn from(parts: &mut Parts, hall: &Hall) -> Result<Request> {
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

    /// The tokens to try: the one in `Authorization`, else those in the cookies, whose unsafe requests
    /// must come from our own page.
    fn tokens(&self, cookies: &[&str]) -> Result<Vec<String>> {
        let unauthenticated = || Error::Unauthenticated(Code::Unauthenticated);
        if let Some(header) = self.headers.get(header::AUTHORIZATION) {
            let text = header.to_str().map_err(|_| unauthenticated())?;
            let token = text.strip_prefix("Bearer ").ok_or_else(unauthenticated)?;
            return Ok(vec![token.trim().to_owned()]);
        }
        let sent = cookies
            .iter()
            .filter_map(|name| cookie_of(&self.headers, name));
        let tokens: Vec<String> = sent.collect();
        if tokens.is_empty() {
            return Err(unauthenticated());
        }
        if !self.method.is_safe() && !same_origin(&self.headers) {
            return Err(Error::Header(Code::SameOriginRequired));
        }
        Ok(tokens)
    }

    /// The first of the tokens that is somebody's.
    async fn identify(&self, cookies: &[&str]) -> Result<(Identity, Timestamp)> {
        let mut nobody = Error::Unauthenticated(Code::Unauthenticated);
        for token in self.tokens(cookies)? {
            match self.identify_by(token).await {
                Err(error @ Error::Unauthenticated(_)) => nobody = error,
                found => return found,
            }
        }
        Err(nobody)
    }

    async fn identify_by(&self, token: String) -> Result<(Identity, Timestamp)> {
        let machine_now = self.hall.clock.now();
        let site = self.site.clone();
        let scope = Scope::of_nobody(machine_now);
        let find = move |read: &mut Read| identity::identify(read, &token, &site, machine_now);
        let identity = self.hall.db.read(scope, find).await?;
        let now = machine_now + identity.tenant.clock_offset;
        Ok((identity, now))
    }

    fn scope(
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
    async fn write<T: Reply>(
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
                    tx.append_entry(&default_action, &path, None, None)?;
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
}

impl Request {
    async fn answered(&self, scope: Scope) -> Result<Option<Answer>> {
        let Some(keyed) = self.keyed(&scope.by.actor)? else {
            return Ok(None);
        };
        let find = move |read: &mut Read| match journal::find_answer(read, &keyed)? {
            Known::Answered(stored) => Ok(Some(Answer {
                stored,
                replayed: true,
            })),
            Known::Reused => Err(Error::Refused(Code::IdempotencyKeyReused, Extra::none())),
            Known::New => Ok(None),
        };
        self.hall.db.read(scope, find).await
    }

    async fn rehearse<T: Reply>(
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
        Known::Answered(stored) => {
            return Ok(Answer {
                stored,
                replayed: true,
            });
        }
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

/// An answer as it is told now, and as it is kept where that is not the same.
struct Rendered {
    told: Stored,
    kept: Option<Stored>,
}

fn rendered<T: Reply>(status: StatusCode, value: &T) -> Result<Rendered> {
    let kept = value.kept().map(|kept| stored(status, &kept)).transpose()?;
    Ok(Rendered {
        told: stored(status, value)?,
        kept,
    })
}

fn stored<T: Reply>(status: StatusCode, value: &T) -> Result<Stored> {
    let mut headers = Vec::new();
    let body = if status == StatusCode::NO_CONTENT {
        Vec::new()
    } else {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
        serde_json::to_vec(value).map_err(Error::bug)?
    };
    if let Some(version) = value.version() {
        let tag = etag(version).to_str().map_err(Error::bug)?.to_owned();
        headers.push(("etag".to_owned(), tag));
    }
    Ok(Stored {
        status: status.as_u16(),
        headers,
        body,
    })
}

fn refused(error: &Error, request_id: &str) -> Result<Stored> {
    let problem = error.problem(request_id);
    let headers = vec![(
        "content-type".to_owned(),
        "application/problem+json".to_owned(),
    )];
    let body = serde_json::to_vec(&problem).map_err(Error::bug)?;
    Ok(Stored {
        status: problem.status,
        headers,
        body,
    })
}

/// An answer as it goes out, and as it is stored.
#[derive(Debug)]
pub struct Answer {
    stored: Stored,
    replayed: bool,
}

impl Answer {
    fn new(stored: Stored) -> Answer {
        Answer {
            stored,
            replayed: false,
        }
    }

    /// The answer to an act that keeps no idempotency key.
    pub fn of<T: Reply>(status: StatusCode, value: &T) -> Result<Answer> {
        stored(status, value).map(Answer::new)
    }

    /// Adds a header that is not part of the stored answer's body, such as a cookie.
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Answer {
        self.stored.headers.push((name.to_owned(), value.into()));
        self
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.stored.body));
        *response.status_mut() = StatusCode::from_u16(self.stored.status).unwrap_or(StatusCode::OK);
        for (name, value) in self.stored.headers {
            if let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name), HeaderValue::try_from(value))
            {
                response.headers_mut().append(name, value);
            }
        }
        if self.replayed {
            response
                .headers_mut()
                .insert("idempotency-replayed", HeaderValue::from_static("true"));
        }
        response
    }
}

macro_rules! ways {
    ($call:ident) => {
        impl $call {
            /// Runs `verb` and answers 201 with what it made.
            pub async fn create<T: Reply>(
                &self,
                hot: impl IntoIterator<Item = Hot>,
                verb: impl Fn(&mut Tx) -> Result<T> + Send + 'static,
            ) -> Result<Answer> {
                let hot = hot.into_iter().collect();
                self.request
                    .write(self.scope(), hot, StatusCode::CREATED, verb)
                    .await
            }

            /// Runs `verb` and answers 200 with what it changed.
            pub async fn write<T: Reply>(
                &self,
                hot: impl IntoIterator<Item = Hot>,
                verb: impl Fn(&mut Tx) -> Result<T> + Send + 'static,
            ) -> Result<Answer> {
                let hot = hot.into_iter().collect();
                self.request
                    .write(self.scope(), hot, StatusCode::OK, verb)
                    .await
            }

            /// Runs `verb` and answers 202 with what will be done: a job goes on from what it wrote.
            pub async fn accept<T: Reply>(
                &self,
                hot: impl IntoIterator<Item = Hot>,
                verb: impl Fn(&mut Tx) -> Result<T> + Send + 'static,
            ) -> Result<Answer> {
                let hot = hot.into_iter().collect();
                self.request
                    .write(self.scope(), hot, StatusCode::ACCEPTED, verb)
                    .await
            }

            /// Runs `verb` and answers 204.
            pub async fn remove(
                &self,
                hot: impl IntoIterator<Item = Hot>,
                verb: impl Fn(&mut Tx) -> Result<()> + Send + 'static,
            ) -> Result<Answer> {
                let hot = hot.into_iter().collect();
                self.request
                    .write(self.scope(), hot, StatusCode::NO_CONTENT, verb)
                    .await
            }

            /// Answers 200 with what `find` finds on one snapshot.
            pub async fn read<T: Reply>(
                &self,
                find: impl Fn(&mut Read) -> Result<T> + Send + 'static,
            ) -> Result<Answer> {
                let find = move |read: &mut Read| stored(StatusCode::OK, &find(read)?);
                self.request
                    .hall
                    .db
                    .read(self.scope(), find)
                    .await
                    .map(Answer::new)
            }

            /// Runs `verb` as if, answers 200 with what it would answer, and keeps nothing of it: a preview is
            /// the very act, so the two cannot differ.
            pub async fn rehearse<T: Reply>(
                &self,
                verb: impl Fn(&mut Tx) -> Result<T> + Send + 'static,
            ) -> Result<Answer> {
                self.request.rehearse(self.scope(), verb).await
            }

            /// The stored answer of this request's key, for a handler that does something slow before it writes.
            pub async fn answered(&self) -> Result<Option<Answer>> {
                self.request.answered(self.scope()).await
            }

            /// A read whose outcome the handler itself goes on with.
            pub async fn look<T: Send + 'static>(
                &self,
                find: impl Fn(&mut Read) -> Result<T> + Send + 'static,
            ) -> Result<T> {
                self.request.hall.db.read(self.scope(), find).await
            }

            /// A write whose outcome the handler itself goes on with; it keeps no idempotency key.
            pub async fn act<T: Send + 'static>(
                &self,
                hot: impl IntoIterator<Item = Hot>,
                verb: impl Fn(&mut Tx) -> Result<T> + Send + 'static,
            ) -> Result<T> {
                self.request
                    .hall
                    .db
                    .write(self.scope(), hot.into_iter().collect(), verb)
                    .await
            }

            /// The version that an edit was made from, if the caller says.
            pub fn if_match(&self) -> Option<HeaderValue> {
                self.request.headers.get(header::IF_MATCH).cloned()
            }

            pub fn hall(&self) -> &Hall {
                &self.request.hall
            }

            /// The address of the other end, for limits and the journal.
            pub fn peer(&self) -> String {
                self.request.peer()
            }
        }
    };
}

/// A call by staff: a session, a paired device, or a key.
pub struct StaffCall {
    request: Request,
    pub identity: Identity,
    /// The instant that the whole call goes by, on the tenant's clock.
    pub now: Timestamp,
}

ways!(StaffCall);

impl StaffCall {
    fn scope(&self) -> Scope {
        let actor = self.identity.principal.actor();
        self.request
            .scope(self.identity.tenant.id, self.now, &actor, self.staff())
    }

    pub fn tenant(&self) -> &Tenant {
        &self.identity.tenant
    }

    /// The venue of the path.
    ///
    /// # Errors
    /// `NotFound` for `venues/all`, on a route that needs one venue.
    pub fn venue(&self) -> Result<Venue> {
        self.identity.venue.clone().ok_or(Error::NotFound("venue"))
    }

    /// The venue of the path, or `None` for `venues/all`.
    pub fn venue_or_chain(&self) -> Option<Venue> {
        self.identity.venue.clone()
    }

    /// The person, where one is signed in.
    pub fn staff(&self) -> Option<StaffId> {
        if let Principal::Staff { staff, .. } = &self.identity.principal {
            Some(*staff)
        } else {
            None
        }
    }

    pub fn device(&self) -> Option<DeviceId> {
        match &self.identity.principal {
            Principal::Device { device, .. } => Some(*device),
            Principal::Staff { device, .. } => *device,
            _ => None,
        }
    }

    pub fn role(&self) -> Option<Role> {
        self.identity.role
    }

    /// The rank in every venue, whatever the path says.
    pub fn role_in_chain(&self) -> Option<Role> {
        self.identity.role_in_chain
    }

    /// Whether the caller reaches what `scope` names: a key that names scopes only by them.
    pub fn reaches(&self, scope: &str) -> bool {
        match &self.identity.principal {
            Principal::Key { scopes, .. } => {
                scopes.is_empty() || scopes.iter().any(|has| has == scope)
            }
            _ => true,
        }
    }

    pub fn hot(&self, kind: &str, id: impl ToString + Copy) -> Hot {
        Hot::of(self.identity.tenant.id, kind, &id.to_string())
    }
}

impl FromRequestParts<Hall> for StaffCall {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, hall: &Hall) -> Result<StaffCall> {
        let request = Request::from(parts, hall).await?;
        let (identity, now) = request.identify(&[STAFF_COOKIE, DEVICE_COOKIE]).await?;
        let wanted = match request.rule.who {
            Who::Rank(role) => (identity.role, role),
            Who::AnyStaff => (identity.role_anywhere, Role::Staff),
            Who::Public | Who::Guest => return Err(Error::NotFound("page")),
        };
        match wanted {
            // A customer's token is no rank at all: to the staff's routes it is nobody's.
            _ if identity.role_anywhere.is_none() => {
                return Err(Error::Unauthenticated(Code::Unauthenticated));
            }
            (Some(has), needs) if has >= needs => {}
            (_, needs) => return Err(Error::Forbidden(needs)),
        }
        in_scope(&identity.principal, request.rule)?;
        let archived = identity
            .venue
            .as_ref()
            .is_some_and(|venue| venue.archived_at.is_some());
        if archived && !request.method.is_safe() && !request.rule.path.starts_with(CHAIN) {
            return Err(Error::Conflict(Code::VenueArchived, Extra::none()));
        }
        let call = StaffCall {
            request,
            identity,
            now,
        };
        // A courtesy: where nothing can be written, a read is answered all the same.
        if let Err(error) = call.note_use().await {
            tracing::debug!(%error, "the use of a key or device was not noted");
        }
        Ok(call)
    }
}

impl StaffCall {
    /// Notes that a key or a device is in use, once in ten minutes.
    async fn note_use(&self) -> Result<()> {
        match self.identity.principal {
            Principal::Key { key, .. } if self.is_first_use_for_a_while(key) => {
                self.act([], move |tx| identity::touch_key(tx, key)).await
            }
            Principal::Device { device, .. } if self.is_first_use_for_a_while(device) => {
                let touch = move |tx: &mut Tx| identity::touch_device(tx, device);
                self.act([], touch).await
            }
            _ => Ok(()),
        }
    }

    /// Whether this process has not noted its use for ten minutes.
    fn is_first_use_for_a_while(&self, id: impl Id) -> bool {
        use std::collections::HashMap;
        use std::sync::{LazyLock, Mutex, PoisonError};
        /// Bound of what is remembered; past it everything is noted anew.
        const REMEMBERED_MAX: usize = 10_000;
        static NOTED: LazyLock<Mutex<HashMap<String, Timestamp>>> = LazyLock::new(Mutex::default);
        let mut noted = NOTED.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() >= REMEMBERED_MAX {
            noted.clear();
        }
        let last = noted.insert(id.to_string(), self.now);
        last.is_none_or(|last| self.now.duration_since(last).as_mins() >= 10)
    }
}

/// A key that names scopes may call only routes of those scopes.
fn in_scope(principal: &Principal, rule: &Rule) -> Result<()> {
    match principal {
        Principal::Key { scopes, .. } if rule.scope.is_empty() && !scopes.is_empty() => {
            Err(Error::Refused(
                Code::ScopeMissing,
                Extra::saying("A key with scopes may not do this."),
            ))
        }
        Principal::Key { scopes, .. }
            if !scopes.is_empty() && !scopes.iter().any(|scope| scope == rule.scope) =>
        {
            Err(Error::Refused(
                Code::ScopeMissing,
                Extra::none().with("scope", rule.scope),
            ))
        }
        _ => Ok(()),
    }
}

/// A call by a signed-in customer.
pub struct GuestCall {
    request: Request,
    pub tenant: Tenant,
    pub customer: CustomerId,
    pub session: super::id::SessionId,
    pub now: Timestamp,
}

ways!(GuestCall);

impl GuestCall {
    fn scope(&self) -> Scope {
        self.request.scope(
            self.tenant.id,
            self.now,
            &format!("customer:{}", self.customer),
            None,
        )
    }
}

impl FromRequestParts<Hall> for GuestCall {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, hall: &Hall) -> Result<GuestCall> {
        let request = Request::from(parts, hall).await?;
        let (identity, now) = request.identify(&[GUEST_COOKIE]).await?;
        match (request.rule.who, identity.principal) {
            (Who::Guest, Principal::Customer { session, customer }) => Ok(GuestCall {
                request,
                tenant: identity.tenant,
                customer,
                session,
                now,
            }),
            _ => Err(Error::Unauthenticated(Code::Unauthenticated)),
        }
    }
}

/// A call by anybody. The tenant is found by the verb, or by the host or `/t/{slug}`.
pub struct PublicCall {
    request: Request,
    /// The machine's instant; a tenant's own clock is known only after it is found.
    pub now: Timestamp,
}

impl PublicCall {
    pub fn hall(&self) -> &Hall {
        &self.request.hall
    }

    pub fn peer(&self) -> String {
        self.request.peer()
    }

    /// Looks something up before the tenant is known, and gives its tenant and id.
    pub async fn look_up(&self, kind: Lookup, what: String) -> Result<Option<(Tenant, String)>> {
        let find = move |read: &mut Read| {
            let Some((tenant, id)) = identity::look_up(read, kind, &what)? else {
                return Ok(None);
            };
            read.bind(tenant)?;
            Ok(identity::tenant(read)?.map(|tenant| (tenant, id)))
        };
        self.request
            .hall
            .db
            .read(Scope::of_nobody(self.now), find)
            .await
    }

    /// A cookie that the caller sent, whoever's it is.
    pub fn cookie(&self, name: &str) -> Option<String> {
        cookie_of(&self.request.headers, name)
    }

    /// Whose a look-up is, also of a chain that is not founded yet.
    pub async fn promised(&self, kind: Lookup, what: String) -> Result<Option<TenantId>> {
        let find = move |read: &mut Read| identity::look_up(read, kind, &what);
        let scope = Scope::of_nobody(self.now);
        let found = self.request.hall.db.read(scope, find).await?;
        Ok(found.map(|(tenant, _)| tenant))
    }

    /// A write for a chain that this very write founds.
    pub async fn found<T: Send + 'static>(
        &self,
        tenant: TenantId,
        verb: impl Fn(&mut Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let scope = self.request.scope(tenant, self.now, "nobody", None);
        self.request.hall.db.write(scope, Vec::new(), verb).await
    }

    /// The tenant of a guest's page: from `X-Regulars-Tenant` (its slug), else from the host name.
    pub async fn tenant_of_page(&self) -> Result<Tenant> {
        let text = |name: &str| {
            let value = self.request.headers.get(name)?.to_str().ok()?;
            Some(value.to_lowercase())
        };
        let found = if let Some(slug) = text("x-regulars-tenant") {
            self.look_up(Lookup::TenantSlug, slug).await?
        } else {
            let host = text("host").unwrap_or_default();
            let host = host.split(':').next().unwrap_or_default().to_owned();
            self.look_up(Lookup::Host, host).await?
        };
        found
            .map(|(tenant, _)| tenant)
            .ok_or(Error::NotFound("chain"))
    }

    /// The call as one of `tenant`, on that tenant's clock.
    pub fn for_tenant(self, tenant: Tenant) -> TenantCall {
        let now = self.now + tenant.clock_offset;
        TenantCall {
            request: self.request,
            tenant,
            now,
        }
    }
}

impl FromRequestParts<Hall> for PublicCall {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, hall: &Hall) -> Result<PublicCall> {
        let request = Request::from(parts, hall).await?;
        if request.rule.who != Who::Public {
            return Err(Error::NotFound("page"));
        }
        Ok(PublicCall {
            now: request.hall.clock.now(),
            request,
        })
    }
}

/// A public call whose tenant has been found.
pub struct TenantCall {
    request: Request,
    pub tenant: Tenant,
    pub now: Timestamp,
}

ways!(TenantCall);

impl TenantCall {
    fn scope(&self) -> Scope {
        self.request.scope(self.tenant.id, self.now, "nobody", None)
    }

    pub fn is_test(&self) -> bool {
        self.tenant.mode == Mode::Test
    }
}

fn cookie_of(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers
        .get_all(header::COOKIE)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    let mut pairs = all
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

/// Whether the browser says that our own page sent it.
fn same_origin(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    match (text("origin"), text("host")) {
        (Some(origin), Some(host)) => origin
            .split_once("://")
            .is_some_and(|(_, named)| named == host),
        _ => false,
    }
}
