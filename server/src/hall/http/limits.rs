//! Every bound of the HTTP side, in one place, so that the operating guide can print it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// The defaults are the documented bounds; `serve` and `wrap` read nothing else.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Open connections in all; the next one is answered 503 and closed.
    pub connections_max: usize,
    /// Open connections of one address (an IPv6 /64 counts as one); `None` is no bound.
    pub connections_per_address_max: Option<usize>,
    /// Proxies in front of us: not bound per address, and their `X-Forwarded-For` is believed.
    pub trusted: Vec<IpAddr>,
    /// From accept to the first byte.
    pub first_byte: Duration,
    /// From the first byte of a request to the end of its headers.
    pub header: Duration,
    /// Between two requests. Longer than the 60 s that proxies keep a connection, so that they close first.
    pub idle: Duration,
    /// A client that takes no byte of its answer for so long is cut off.
    pub stalled_write: Duration,
    /// Request line and headers together, in bytes; over it 431.
    pub header_bytes_max: usize,
    /// Header fields of one request; over it 431.
    pub headers_max: usize,
    /// Requests being worked on; the next one is answered 503 at once.
    pub in_flight_max: usize,
    /// From the headers of a request to the headers of its answer, reading the body included; over it 503.
    pub deadline: Duration,
    /// How long a shutdown waits for requests that are being worked on.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections_max: 10_000,
            connections_per_address_max: Some(200),
            trusted: vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
            first_byte: Duration::from_secs(5),
            header: Duration::from_secs(5),
            idle: Duration::from_secs(75),
            stalled_write: Duration::from_secs(30),
            header_bytes_max: 32 * 1024,
            headers_max: 100,
            in_flight_max: 1_000,
            deadline: Duration::from_secs(10),
            drain: Duration::from_secs(15),
        }
    }
}
