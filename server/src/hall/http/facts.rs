//! What is known of the request at hand: in its extensions for handlers, in a task-local for everyone else.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::http::{HeaderMap, HeaderValue};
use uuid::Builder;

use crate::hall::allowance::Left;
use crate::hall::id;
use crate::hall::secret::Entropy;
use crate::hall::time::Clock;

tokio::task_local! {
    pub(super) static FACTS: Arc<Facts>;
}

/// The other end of the connection, as an extension of each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

#[derive(Debug)]
pub struct Facts {
    /// As the client sent it in `X-Request-Id`, else `req_` and 26 time-ordered characters.
    pub id: String,
    /// The client's address, seen through trusted proxies; `None` when no socket is below, as in tests.
    pub peer: Option<IpAddr>,
    pub trace: Option<Trace>,
    pub started: Instant,
    /// When the answer turns into 503; whoever retries stops by then.
    pub deadline: Instant,
    /// SHA-256 of the canonical JSON of the body; unset until a body has been read.
    pub body_sha256: OnceLock<[u8; 32]>,
    /// What the address has left; unset where the route is not limited.
    pub left: OnceLock<Left>,
}

impl Facts {
    pub fn trace_id(&self) -> Option<&str> {
        self.trace.as_ref().map(|trace| trace.trace_id.as_str())
    }
}

/// W3C trace context, lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    pub trace_id: String,
    pub parent_id: String,
}

/// The facts of the request that this task works on.
pub fn facts() -> Option<Arc<Facts>> {
    FACTS.try_with(Arc::clone).ok()
}

/// The id of the request that this task works on; empty outside a request.
pub fn request_id() -> String {
    FACTS.try_with(|facts| facts.id.clone()).unwrap_or_default()
}

/// The id that the client chose, if it is safe to log and to answer.
pub(super) fn chosen_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get("x-request-id")?.to_str().ok()?;
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:+/=".contains(&byte);
    ((1..=64).contains(&id.len()) && id.bytes().all(safe)).then(|| id.into())
}

/// Unique within the process by its counter and between processes by a random start.
///
/// No random bytes are drawn per request: an id is no secret, and the draw would cost more than the routing.
pub(super) fn new_id() -> String {
    static NEXT: OnceLock<AtomicU64> = OnceLock::new();
    let next = NEXT.get_or_init(|| AtomicU64::new(u64::from_le_bytes(Entropy::system().bytes())));
    let count = next.fetch_add(1, Ordering::Relaxed);
    let mut tail = [0; 10];
    tail[2..].copy_from_slice(&count.to_be_bytes());
    let millis = u64::try_from(Clock::system().now().as_millisecond()).unwrap_or(0);
    let digits = id::encode(Builder::from_unix_timestamp_millis(millis, &tail).into_uuid());
    let mut id = String::with_capacity(4 + digits.len());
    id.push_str("req_");
    id.extend(digits.iter().map(|digit| char::from(*digit)));
    id
}

/// Reads `traceparent` of version 00; what is not exactly of its form is ignored, as the standard asks.
pub(super) fn trace(headers: &HeaderMap) -> Option<Trace> {
    let text = headers.get("traceparent")?.to_str().ok()?;
    let mut parts = text.split('-');
    let (version, trace_id, parent_id, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |part: &str, length: usize| {
        part.len() == length
            && part
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let set = |part: &str| part.bytes().any(|byte| byte != b'0');
    let sound = version == "00"
        && parts.next().is_none()
        && hex(trace_id, 32)
        && hex(parent_id, 16)
        && hex(flags, 2)
        && set(trace_id)
        && set(parent_id);
    sound.then(|| Trace {
        trace_id: trace_id.into(),
        parent_id: parent_id.into(),
    })
}

/// The client's address: the socket's, or behind a trusted proxy the last hop that is not one of ours.
pub(super) fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    if !trusted.contains(&peer) {
        return peer;
    }
    let hops = headers
        .get_all("x-forwarded-for")
        .iter()
        .rev()
        .filter_map(|line| line.to_str().ok());
    let mut client = peer;
    for hop in hops.flat_map(|line| line.rsplit(',')) {
        // What is left of a hop that cannot be read was written by nobody we trust.
        let Ok(address) = hop.trim().parse::<IpAddr>() else {
            break;
        };
        client = address.to_canonical();
        if !trusted.contains(&client) {
            break;
        }
    }
    client
}

/// The id as a header; `None` cannot happen for an id made or checked here.
pub(super) fn id_header(id: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(id).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())])
    }

    #[test]
    fn ids_are_ordered_by_time_and_unique() {
        let ids: Vec<String> = (0..1000).map(|_| new_id()).collect();
        assert!(
            ids.iter()
                .all(|id| id.len() == 30 && id.starts_with("req_"))
        );
        let distinct: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
        assert_eq!(ids[0][..8], ids[999][..8]);
    }

    #[test]
    fn only_a_safe_id_is_taken_over() {
        assert_eq!(
            chosen_id(&headers("x-request-id", "abc-1")).as_deref(),
            Some("abc-1")
        );
        for bad in ["", "a b", "a\tb", "\"x\"", "{}", &"x".repeat(65)] {
            assert_eq!(chosen_id(&headers("x-request-id", bad)), None, "{bad}");
        }
    }

    #[test]
    fn a_trace_is_read_only_in_its_exact_form() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let trace_id = trace(&headers("traceparent", good)).unwrap().trace_id;
        assert_eq!(trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
        for bad in [
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        ] {
            assert_eq!(trace(&headers("traceparent", bad)), None, "{bad}");
        }
    }

    #[test]
    fn a_forwarded_address_counts_only_from_a_trusted_proxy() {
        let ours: IpAddr = "10.0.0.1".parse().unwrap();
        let guest: IpAddr = "203.0.113.9".parse().unwrap();
        let forged = headers("x-forwarded-for", "1.2.3.4, 203.0.113.9, 10.0.0.1");
        assert_eq!(client(ours, &forged, &[ours]), guest);
        assert_eq!(client(guest, &forged, &[ours]), guest);
        assert_eq!(
            client(ours, &headers("x-forwarded-for", "unknown"), &[ours]),
            ours
        );
    }
}
