//! What every request gets, in one service around each route rather than a stack of ten.
//!
//! Ids, trace, one log line, one measurement, deadline, shedding, panics, security headers, compression. What
//! axum or a handler refuses without a body becomes problem+json here. It sits inside the routing, so the
//! pattern of the route is known and never the path, which may hold names.

use std::any::Any;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Either};
use tower::{Layer, Service};
use tower_http::compression::Compression;
use tower_http::compression::predicate::{And, Predicate, SizeAbove};
use tracing::Instrument;

use super::facts::{FACTS, Facts, Peer, chosen_id, client, id_header, new_id, trace};
use super::limits::Limits;
use super::meters::{Meters, Visit};
use crate::hall::error::{Code, Error, Extra};

/// Asked by whoever decides whether this process lives, so they are never shed.
const NEVER_SHED: [&str; 3] = ["/healthz", "/readyz", "/metrics"];
/// Below a packet's size compression saves nothing.
const COMPRESS_FROM_BYTES: u64 = 1024;
const BUSY: Error = Error::Busy(Duration::from_secs(1));

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
// Paths may hold a guest's token: other sites are told nothing of them.
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");

/// Puts the house around each route of `router` and around its fallback; call it once, last.
pub fn wrap(router: Router, limits: &Limits) -> Router {
    router.layer(House {
        in_flight: Arc::default(),
        in_flight_max: limits.in_flight_max,
        deadline: limits.deadline,
        trusted: limits.trusted.as_slice().into(),
    })
}

/// The fallback for paths below `/api/`, where no page may answer instead.
pub async fn not_found() -> Error {
    Error::NotFound("thing")
}

pub async fn method_not_allowed() -> Error {
    Error::Refused(Code::MethodNotAllowed, Extra::none())
}

#[derive(Clone)]
struct House {
    in_flight: Arc<AtomicUsize>,
    in_flight_max: usize,
    deadline: Duration,
    trusted: Arc<[std::net::IpAddr]>,
}

impl<S: Clone> Layer<S> for House {
    type Service = Room<S>;

    fn layer(&self, inner: S) -> Room<S> {
        let worth: Worth = SizeAbove::new(COMPRESS_FROM_BYTES).and(is_text as IsText);
        Room {
            house: self.clone(),
            compressed: Compression::new(inner.clone()).compress_when(worth),
            inner,
            meters: Arc::default(),
        }
    }
}

type IsText = fn(StatusCode, Version, &HeaderMap, &Extensions) -> bool;
type Worth = And<SizeAbove, IsText>;

/// One route with the house around it.
#[derive(Clone)]
struct Room<S> {
    house: House,
    inner: S,
    compressed: Compression<S, Worth>,
    meters: Arc<Meters>,
}

impl<S> Service<Request> for Room<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // A route is always ready; what is too much is shed in `call`.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let facts = Arc::new(self.house.facts(&request));
        let route = request.extensions().get::<MatchedPath>().cloned();
        let visit = Visit::begin(&request, route, &facts, &self.meters, &self.house.in_flight);
        let refused = self.house.refuses(&request, &visit);
        let in_api = request.uri().path().starts_with("/api/");
        // Below the usual level: its fields are in the access line too, and making it costs as much as the line.
        let span = tracing::debug_span!(
            "request",
            request_id = facts.id,
            trace_id = facts.trace_id(),
            parent_id = facts.trace.as_ref().map(|trace| trace.parent_id.as_str()),
        );
        request.extensions_mut().insert(Arc::clone(&facts));
        let answering = match refused {
            Some(error) => Err(error),
            None => Ok(self.enter(request)),
        };
        let deadline = facts.deadline;
        let work = {
            let facts = Arc::clone(&facts);
            async move {
                let response = match answering {
                    Ok(answering) => in_time(answering, deadline).await,
                    Err(refused) => refused.into_response(),
                };
                let mut response = explained(response).await;
                dress(response.headers_mut(), &facts, in_api);
                visit.end(response.status());
                Ok(response)
            }
        };
        Box::pin(FACTS.scope(facts, work.instrument(span)))
    }
}

impl<S> Room<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    /// Only a client that names encodings pays for the choice among them.
    fn enter(&self, request: Request) -> impl Future<Output = Response> + Send + use<S> {
        if request.headers().contains_key(header::ACCEPT_ENCODING) {
            let answering = self.compressed.clone().call(request);
            Either::Left(answering.map(|result| {
                result.map_or_else(|never| match never {}, |response| response.map(Body::new))
            }))
        } else {
            let answering = self.inner.clone().call(request);
            Either::Right(answering.map(|result| result.unwrap_or_else(|never| match never {})))
        }
    }
}

impl House {
    fn facts(&self, request: &Request) -> Facts {
        let headers = request.headers();
        let started = Instant::now();
        let peer = request.extensions().get::<Peer>();
        Facts {
            id: chosen_id(headers).unwrap_or_else(new_id),
            peer: peer.map(|peer| client(peer.0, headers, &self.trusted)),
            trace: trace(headers),
            started,
            deadline: started + self.deadline,
            body_sha256: std::sync::OnceLock::new(),
            left: std::sync::OnceLock::new(),
        }
    }

    fn refuses(&self, request: &Request, visit: &Visit) -> Option<Error> {
        if visit.before > self.in_flight_max && !NEVER_SHED.contains(&visit.route()) {
            metrics::counter!("http_requests_shed_total").increment(1);
            return Some(BUSY);
        }
        // A packed body could hold a thousand times its size, and no client of ours packs one.
        let encoding = request.headers().get(header::CONTENT_ENCODING);
        encoding
            .filter(|encoding| *encoding != "identity")
            .map(|_| Error::WrongType)
    }
}

async fn in_time(answering: impl Future<Output = Response>, deadline: Instant) -> Response {
    let safely = AssertUnwindSafe(answering).catch_unwind();
    match tokio::time::timeout_at(deadline.into(), safely).await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => Error::bug(format!("panic: {}", said(panic.as_ref()))).into_response(),
        Err(_) => BUSY.into_response(),
    }
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without words")
}

/// axum refuses unknown paths and methods with an empty body; here they become problems. Headers stay (`Allow`).
async fn explained(response: Response) -> Response {
    let bare = !response.headers().contains_key(header::CONTENT_TYPE);
    let error = match response.status() {
        StatusCode::NOT_FOUND if bare => not_found().await,
        StatusCode::METHOD_NOT_ALLOWED if bare => method_not_allowed().await,
        _ => return response,
    };
    let mut problem = error.into_response();
    for (name, value) in response.headers() {
        if name != header::CONTENT_LENGTH {
            problem.headers_mut().insert(name, value.clone());
        }
    }
    problem
}

fn dress(headers: &mut HeaderMap, facts: &Facts, in_api: bool) {
    if let Some(id) = id_header(&facts.id) {
        headers.insert(X_REQUEST_ID, id);
    }
    if let Some(left) = facts.left.get() {
        let (policy, now) = left.headers();
        headers.extend(HeaderValue::try_from(policy).map(|text| (RATE_LIMIT_POLICY, text)));
        headers.extend(HeaderValue::try_from(now).map(|text| (RATE_LIMIT, text)));
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers
        .entry(header::REFERRER_POLICY)
        .or_insert(SAME_ORIGIN);
    if in_api {
        headers.entry(header::CACHE_CONTROL).or_insert(NO_STORE);
    }
}

/// Pictures and archives are packed already, and a stream of events must not wait for a full block.
fn is_text(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or("");
    let text = ["json", "javascript", "xml", "wasm"]
        .iter()
        .any(|word| kind.contains(word));
    (kind.starts_with("text/") && !kind.starts_with("text/event-stream")) || text
}
