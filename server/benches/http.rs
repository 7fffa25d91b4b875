//! What the house costs: one trivial GET bare under `axum::serve`, and the same through `wrap` and `serve`.
//!
//! `cargo bench --bench http [-- SECONDS]`. A closed loop over keep-alive connections from two threads, so it
//! tells the two apart and says nothing of latency. The rounds alternate, since a machine's speed drifts.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use server::hall::http::{Limits, serve, wrap};
use tokio::net::TcpListener;

const CLIENT_THREADS: usize = 2;
const CONNECTIONS_PER_THREAD: usize = 16;
const ROUNDS: usize = 5;
const REQUEST: &[u8] =
    b"GET /api/v1/hello/42 HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n\r\n";

fn app() -> Router {
    Router::new().route(
        "/api/v1/hello/{id}",
        get(|| async { r#"{"hello":"world"}"# }),
    )
}

/// Starts a server on a thread of its own and says where it listens.
fn start<F: Future<Output = ()> + 'static>(
    run: impl FnOnce(TcpListener) -> F + Send + 'static,
) -> SocketAddr {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build();
        runtime.expect("a runtime starts").block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0")
                .await
                .expect("loopback has a free port");
            send.send(listener.local_addr().expect("it is bound"))
                .expect("the bench waits for it");
            run(listener).await;
        });
    });
    receive.recv().expect("the server starts")
}

/// Requests per second over `lasting`.
fn load(address: SocketAddr, lasting: Duration) -> f64 {
    let until = Instant::now() + lasting;
    let clients: Vec<_> = (0..CLIENT_THREADS)
        .map(|_| thread::spawn(move || client(address, until)))
        .collect();
    let answered: u32 = clients
        .into_iter()
        .map(|client| client.join().expect("no client fails"))
        .sum();
    f64::from(answered) / lasting.as_secs_f64()
}

/// Writes to all connections, then reads from all, so that the server always has work.
fn client(address: SocketAddr, until: Instant) -> u32 {
    let open = || TcpStream::connect(address).expect("the server listens");
    let mut streams: Vec<TcpStream> = (0..CONNECTIONS_PER_THREAD).map(|_| open()).collect();
    let mut buffer = [0; 4096];
    let mut answered = 0;
    while Instant::now() < until {
        for stream in &mut streams {
            stream.write_all(REQUEST).expect("the server reads");
        }
        for stream in &mut streams {
            let length = stream.read(&mut buffer).expect("the server answers");
            assert!(
                buffer[..length].starts_with(b"HTTP/1.1 200"),
                "an answer is 200 and comes whole"
            );
            answered += 1;
        }
    }
    answered
}

fn main() {
    let seconds = std::env::args()
        .find_map(|word| word.parse::<f64>().ok())
        .unwrap_or(1.0);
    let lasting = Duration::from_secs_f64(seconds.clamp(0.05, 60.0));
    // With `RUST_LOG=info` the log lines are made and thrown away, as a busy server makes them.
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::sink)
        .init();
    metrics_exporter_prometheus::PrometheusBuilder::new()
        .install_recorder()
        .expect("no other recorder is installed");
    let bare =
        start(|listener| async move { axum::serve(listener, app()).await.expect("it serves") });
    let housed = start(|listener| async move {
        let limits = Limits::default();
        let app = wrap(app(), &limits);
        serve(listener, app, limits, std::future::pending())
            .await
            .expect("it serves");
    });
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        without.push(load(bare, lasting));
        with.push(load(housed, lasting));
    }
    let (without, with) = (median(&mut without), median(&mut with));
    println!("bare axum::serve  {without:>9.0} requests/s");
    println!("wrap + serve      {with:>9.0} requests/s");
    println!("ratio             {:>9.2}", with / without);
}

fn median(rates: &mut [f64]) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
