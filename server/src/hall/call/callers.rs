//! Those who call: staff, a guest, anybody; each finds its rule before its handler runs.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;

use super::answer::{Answer, Reply, act, act_with_cookie};
use super::request::Request;
use super::token::{cookie_of, same_origin};
use super::{DEVICE_COOKIE, GUEST_COOKIE, Hall, STAFF_COOKIE};
use crate::hall::access::{Role, Rule, Who};
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::id::{CustomerId, DeviceId, Id, SessionId, StaffId, TenantId};
use crate::hall::identity::{self, Identity, Lookup, Mode, Principal, Tenant, Venue};
use crate::hall::store::{Hot, Read, Scope, Tx};

/// Where an archived venue itself is edited and restored.
const CHAIN: &str = "/api/v1/chain/";

macro_rules! ways {
    ($call:ident) => {
        impl $call {
            /// Runs `verb` and answers 201 with what it made.
            pub fn create<T: Reply>(
                &self,
                hot: impl IntoIterator<Item = Hot>,
                verb: impl Fn(&mut Tx) -> Result<T> + Send + 'static,
            ) -> impl Future<Output = Result<Answer>> {
                let hot = hot.into_iter().collect();
                let act = act(StatusCode::CREATED, verb);
                self.request.write(self.scope(), hot, act)
            }

            /// Runs `verb` and answers 200 with what it changed.
            pub fn write<T: Reply>(
                &self,
                hot: impl IntoIterator<Item = Hot>,
                verb: impl Fn(&mut Tx) -> Result<T> + Send + 'static,
            ) -> impl Future<Output = Result<Answer>> {
                let hot = hot.into_iter().collect();
                let act = act(StatusCode::OK, verb);
                self.request.write(self.scope(), hot, act)
            }

            /// Runs `verb` and answers 202 with what will be done: a job goes on from what it wrote.
            pub fn accept<T: Reply>(
                &self,
                hot: impl IntoIterator<Item = Hot>,
                verb: impl Fn(&mut Tx) -> Result<T> + Send + 'static,
            ) -> impl Future<Output = Result<Answer>> {
                let hot = hot.into_iter().collect();
                let act = act(StatusCode::ACCEPTED, verb);
                self.request.write(self.scope(), hot, act)
            }

            /// Runs `verb` and answers 204.
            pub fn remove(
                &self,
                hot: impl IntoIterator<Item = Hot>,
                verb: impl Fn(&mut Tx) -> Result<()> + Send + 'static,
            ) -> impl Future<Output = Result<Answer>> {
                let hot = hot.into_iter().collect();
                let act = act(StatusCode::NO_CONTENT, verb);
                self.request.write(self.scope(), hot, act)
            }

            /// Runs `verb` and answers with `status`, and with the cookie that `cookie` makes of what it gave. A token
            /// that `verb` made by [`Tx::new_token`] is told again to who sends the same under the same key.
            pub fn tell<T: Reply>(
                &self,
                status: StatusCode,
                hot: impl IntoIterator<Item = Hot>,
                cookie: impl Fn(&T) -> String + Send + 'static,
                verb: impl Fn(&mut Tx) -> Result<T> + Send + 'static,
            ) -> impl Future<Output = Result<Answer>> {
                let hot = hot.into_iter().collect();
                let act = act_with_cookie(status, cookie, verb);
                self.request.tell(self.scope(), hot, act)
            }

            /// Answers 200 with what `find` finds on one snapshot.
            pub fn read<T: Reply>(
                &self,
                find: impl Fn(&mut Read) -> Result<T> + Send + 'static,
            ) -> impl Future<Output = Result<Answer>> {
                let find = move |read: &mut Read| Answer::of(StatusCode::OK, &find(read)?);
                self.request.hall.db.read(self.scope(), find)
            }

            /// Runs `verb` as if, answers 200 with what it would answer, and keeps nothing of it: a preview is
            /// the very act, so the two cannot differ.
            pub fn rehearse<T: Reply>(
                &self,
                verb: impl Fn(&mut Tx) -> Result<T> + Send + 'static,
            ) -> impl Future<Output = Result<Answer>> {
                let act = act(StatusCode::OK, verb);
                self.request.rehearse(self.scope(), act)
            }

            /// The stored answer of this request's key, for a handler that does something slow before it writes.
            pub async fn answered(&self) -> Result<Option<Answer>> {
                self.request.answered(self.scope()).await
            }

            /// A read whose outcome the handler itself goes on with.
            pub fn look<T: Send + 'static>(
                &self,
                find: impl Fn(&mut Read) -> Result<T> + Send + 'static,
            ) -> impl Future<Output = Result<T>> {
                self.request.hall.db.read(self.scope(), find)
            }

            /// A write whose outcome the handler itself goes on with; it keeps no idempotency key.
            pub fn act<T: Send + 'static>(
                &self,
                hot: impl IntoIterator<Item = Hot>,
                verb: impl Fn(&mut Tx) -> Result<T> + Send + 'static,
            ) -> impl Future<Output = Result<T>> {
                let hot = hot.into_iter().collect();
                self.request.hall.db.write(self.scope(), hot, verb)
            }

            /// The version that an edit was made from, if the caller says.
            pub fn if_match(&self) -> Option<HeaderValue> {
                self.request.headers.get(header::IF_MATCH).cloned()
            }

            pub fn hall(&self) -> &Hall {
                &self.request.hall
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

    /// Answers 200 with what `find` finds on one snapshot, which may be some moments behind: for lists of many rows
    /// and sums over them, which a replica may serve.
    pub fn survey<T: Reply>(
        &self,
        find: impl Fn(&mut Read) -> Result<T> + Send + 'static,
    ) -> impl Future<Output = Result<Answer>> {
        let find = move |read: &mut Read| Answer::of(StatusCode::OK, &find(read)?);
        self.request.hall.db.read_behind(self.scope(), find)
    }

    pub fn hot(&self, kind: &str, id: impl ToString + Copy) -> Hot {
        Hot::of(self.identity.tenant.id, kind, &id.to_string())
    }

    /// As [`Request::keyed_as`].
    pub fn keyed_as(&mut self, holder: String) {
        self.request.keyed_as(holder);
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
    pub session: SessionId,
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

/// A call by anybody. The tenant is found by what the verb looks up, or as [`PublicCall::tenant_of_page`] says.
pub struct PublicCall {
    request: Request,
    /// The machine's instant; a tenant's own clock is known only after it is found.
    pub now: Timestamp,
}

impl PublicCall {
    /// As [`Request::check_key`], for what keeps no answer.
    pub fn check_key(&self) -> Result<()> {
        self.request.check_key()
    }

    pub fn hall(&self) -> &Hall {
        &self.request.hall
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

    /// A cookie that says what is to be done.
    ///
    /// # Errors
    /// `SameOriginRequired` where it is there and the request is not of our own page.
    pub fn own_cookie(&self, name: &str) -> Result<Option<String>> {
        let cookie = self.cookie(name);
        if cookie.is_some() && !same_origin(&self.request.headers) {
            return Err(Error::Header(Code::SameOriginRequired));
        }
        Ok(cookie)
    }

    /// Whose a look-up is, also of a chain that is not founded yet.
    pub async fn promised(&self, kind: Lookup, what: String) -> Result<Option<TenantId>> {
        let find = move |read: &mut Read| identity::look_up(read, kind, &what);
        let scope = Scope::of_nobody(self.now);
        let found = self.request.hall.db.read(scope, find).await?;
        Ok(found.map(|(tenant, _)| tenant))
    }

    /// A write for a chain that this very write founds, told as by [`TenantCall::tell`].
    pub fn found<T: Reply>(
        &self,
        tenant: TenantId,
        cookie: impl Fn(&T) -> String + Send + 'static,
        verb: impl Fn(&mut Tx) -> Result<T> + Send + 'static,
    ) -> impl Future<Output = Result<Answer>> {
        let scope = self.request.scope(tenant, self.now, "nobody", None);
        let act = act_with_cookie(StatusCode::CREATED, cookie, verb);
        self.request.tell(scope, Vec::new(), act)
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
        let said = "No chain has this page: come by its host name, or send its slug as `X-Regulars-Tenant`.";
        found
            .map(|(tenant, _)| tenant)
            .ok_or_else(|| Error::Refused(Code::NotFound, Extra::saying(said)))
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
    /// As [`Request::keyed_about`].
    pub fn keyed_about(&mut self, about: String) {
        self.request.keyed_about(about);
    }

    fn scope(&self) -> Scope {
        self.request.scope(self.tenant.id, self.now, "nobody", None)
    }

    pub fn is_test(&self) -> bool {
        self.tenant.mode == Mode::Test
    }
}
