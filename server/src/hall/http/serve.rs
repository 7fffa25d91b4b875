//! The accept loop: who may connect, for how long, and how it all ends.
//!
//! Ours rather than `axum::serve`, which keeps silent and dribbling sockets open for ever. HTTP/1.1 only:
//! the proxy in front speaks HTTP/2 with browsers, and its attacks stay there.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::poll_fn;
use std::io::{self, Write};
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::Request;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tower::Service;

use super::facts::Peer;
use super::limits::Limits;
use super::refusal::refusal;
use super::socket::{Pulse, Socket, Watch};
use crate::hall::allowance::network;
use crate::hall::error::{Code, Error};

/// hyper's own bound on the fields of a request; naming it would move its array to the heap for each request.
const HYPER_HEADERS_MAX: usize = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Open,
    Draining,
    Closed,
}

/// Serves `app` until `shutdown` is ready; then takes no more connections, lets running requests end within
/// `limits.drain`, and closes what is left. Each request carries a [`Peer`].
///
/// # Errors
/// When the listener does not say its own address, so it was never bound.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    tracing::debug!(address = %listener.local_addr()?, "listening");
    let limits = Arc::new(limits);
    let connections_max = limits.connections_max.min(Semaphore::MAX_PERMITS);
    let places = Arc::new(Semaphore::new(connections_max));
    let addresses = Addresses::default();
    let (stage, _) = watch::channel(Stage::Open);
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, peer) = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => (stream, peer.ip().to_canonical()),
                Err(error) => {
                    pause_after(&error).await;
                    continue;
                }
            },
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            turn_away(stream, "server");
            continue;
        };
        let Some(seat) = addresses.seat(peer, &limits) else {
            turn_away(stream, "address");
            continue;
        };
        let conversation = converse(
            stream,
            Peer(peer),
            app.clone(),
            Arc::clone(&limits),
            stage.subscribe(),
        );
        tokio::spawn(async move {
            conversation.await;
            drop((place, seat));
        });
    }
    drop(listener);
    stage.send_replace(Stage::Draining);
    // Every connection holds one place, so all places together mean that all are gone.
    let all = u32::try_from(connections_max).unwrap_or(u32::MAX);
    let drained = tokio::time::timeout(limits.drain, places.acquire_many(all)).await;
    if drained.is_err() {
        let open = connections_max - places.available_permits();
        tracing::warn!(open, "closing connections that did not end in time");
        stage.send_replace(Stage::Closed);
    }
    Ok(())
}

/// One connection from its first byte to its last.
async fn converse(
    stream: TcpStream,
    peer: Peer,
    app: Router,
    limits: Arc<Limits>,
    mut stage: watch::Receiver<Stage>,
) {
    // Answers are written whole; waiting for more would only delay them.
    let _ = stream.set_nodelay(true);
    let mut http = http1::Builder::new();
    http.header_read_timeout(None)
        .max_header_size(limits.header_bytes_max);
    if limits.headers_max != HYPER_HEADERS_MAX {
        http.max_headers(limits.headers_max);
    }
    let pulse = Arc::new(Pulse::default());
    let socket = TokioIo::new(Socket::new(
        stream,
        Arc::clone(&pulse),
        limits.stalled_write,
    ));
    let mut watch = Watch::new(Arc::clone(&pulse), limits);
    let answer = service_fn(move |request: Request<Incoming>| {
        pulse.next();
        let pulse = Arc::clone(&pulse);
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        let answering = app.clone().call(request);
        async move { Ok::<_, Infallible>(answering.await?.map(|body| Answer { body, pulse })) }
    });
    let mut conversation = http.serve_connection(socket, answer);
    loop {
        tokio::select! {
            biased;
            ended = &mut conversation => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "connection ended");
                    if error.is_parse() {
                        conversation.into_parts().io.into_inner().linger().await;
                    }
                }
                return;
            }
            wait = poll_fn(|cx| watch.poll_too_long(cx)) => {
                metrics::counter!("http_connections_cut_total", "wait" => wait).increment(1);
                // Of the others nobody waits for an answer.
                if wait == "headers" {
                    let mut socket = conversation.into_parts().io.into_inner();
                    socket.refuse(&Error::Header(Code::TooSlow)).await;
                    socket.linger().await;
                }
                return;
            }
            changed = stage.changed() => {
                if changed.is_err() || *stage.borrow_and_update() == Stage::Closed {
                    return;
                }
                Pin::new(&mut conversation).graceful_shutdown();
            }
        }
    }
}

/// A peer that hung up before we answered is its own affair; anything else (no more file handles) needs a
/// pause, or the loop would spin until a connection ends.
async fn pause_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    ) {
        return;
    }
    tracing::error!(%error, "cannot accept connections");
    tokio::time::sleep(Duration::from_millis(100)).await;
}

fn turn_away(stream: TcpStream, bound: &'static str) {
    metrics::counter!("http_connections_refused_total", "bound" => bound).increment(1);
    let told = refusal(&Error::Busy(Duration::from_secs(1)));
    // The socket does not block; if its buffer has no room the peer only sees it close.
    let _ = stream.into_std().and_then(|mut stream| stream.write(&told));
}

/// How many connections each address holds; one entry per open address, so it is bounded by the places.
#[derive(Debug, Clone, Default)]
struct Addresses(Arc<Mutex<HashMap<IpAddr, usize>>>);

struct Seat {
    of: Addresses,
    address: IpAddr,
}

impl Addresses {
    /// A seat to hold while connected (`Some(None)` for an address without bound), or nothing when all are taken.
    #[expect(
        clippy::option_option,
        reason = "refused, admitted without a seat, admitted with one"
    )]
    fn seat(&self, peer: IpAddr, limits: &Limits) -> Option<Option<Seat>> {
        let bounded = limits
            .connections_per_address_max
            .filter(|_| !limits.trusted.contains(&peer));
        let Some(seats_max) = bounded else {
            return Some(None);
        };
        let address = network(peer);
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(address).or_insert(0);
        if *count >= seats_max {
            return None;
        }
        *count += 1;
        Some(Some(Seat {
            of: self.clone(),
            address,
        }))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.of.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

/// A body that tells the connection's pulse when it ends.
struct Answer {
    body: Body,
    pulse: Arc<Pulse>,
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.pulse.next();
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
