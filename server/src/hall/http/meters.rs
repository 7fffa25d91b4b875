//! One visit of one request to one route: counted while it lasts, logged and measured when it ends.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use axum::extract::{MatchedPath, Request};
use axum::http::{Method, StatusCode};
use metrics::Histogram;

use super::facts::Facts;

const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "OTHER",
];
const CLASSES: [&str; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", "left"];
/// The class of a client that hung up before its answer, and the status that the log gives it.
const LEFT: (usize, u16) = (5, 499);

/// The histograms of one route, made at first use: looking one up by its labels would cost as much as routing.
/// The recorder must therefore be installed before the first request.
#[derive(Default)]
pub(super) struct Meters([[OnceLock<Histogram>; CLASSES.len()]; METHODS.len()]);

impl Meters {
    fn record(&self, method: usize, class: usize, route: &str, seconds: f64) {
        let histogram = self.0[method][class].get_or_init(|| {
            metrics::histogram!(
                "http_request_duration_seconds",
                "method" => METHODS[method],
                "route" => route.to_owned(),
                "status" => CLASSES[class],
            )
        });
        histogram.record(seconds);
    }
}

/// Lasts from the headers of a request to the headers of its answer, or to the client's leaving.
pub(super) struct Visit {
    method: usize,
    route: Option<MatchedPath>,
    facts: Arc<Facts>,
    meters: Arc<Meters>,
    in_flight: Arc<AtomicUsize>,
    /// Requests that were being worked on when this one came, itself included.
    pub before: usize,
    ended: bool,
}

impl Visit {
    pub(super) fn begin(
        request: &Request,
        route: Option<MatchedPath>,
        facts: &Arc<Facts>,
        meters: &Arc<Meters>,
        in_flight: &Arc<AtomicUsize>,
    ) -> Visit {
        Visit {
            method: place(request.method()),
            route,
            facts: Arc::clone(facts),
            meters: Arc::clone(meters),
            before: in_flight.fetch_add(1, Ordering::Relaxed) + 1,
            in_flight: Arc::clone(in_flight),
            ended: false,
        }
    }

    /// The pattern of the route; one word for all paths that there are not.
    pub(super) fn route(&self) -> &str {
        self.route.as_ref().map_or("unmatched", MatchedPath::as_str)
    }

    pub(super) fn end(mut self, status: StatusCode) {
        self.ended = true;
        self.note(
            usize::from(status.as_u16() / 100).clamp(1, 5) - 1,
            status.as_u16(),
        );
    }

    fn note(&self, class: usize, status: u16) {
        let took = self.facts.started.elapsed();
        self.meters
            .record(self.method, class, self.route(), took.as_secs_f64());
        tracing::info!(
            target: "access",
            method = METHODS[self.method],
            route = self.route(),
            status,
            micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            request_id = self.facts.id,
            trace_id = self.facts.trace_id(),
            "answered"
        );
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        if !self.ended {
            self.note(LEFT.0, LEFT.1);
        }
    }
}

fn place(method: &Method) -> usize {
    METHODS
        .iter()
        .position(|name| method == name)
        .unwrap_or(METHODS.len() - 1)
}
