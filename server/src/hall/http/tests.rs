//! The HTTP side over real sockets on loopback and through the router.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use http_body_util::BodyExt;
use serde_json::Value as Json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tower::ServiceExt;

use super::{Body, Limits, facts, request_id, serve, wrap};

/// Short enough for a test, long enough for a busy machine.
const SHORT: Duration = Duration::from_millis(150);
/// What must end soon has this long.
const SOON: Duration = Duration::from_secs(5);

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<std::io::Result<()>>,
}

async fn start(app: Router, limits: Limits) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let app = wrap(app, &limits);
    let ended = tokio::spawn(serve(listener, app, limits, async {
        let _ = stopped.await;
    }));
    Server {
        address,
        stop,
        ended,
    }
}

impl Server {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn ask(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        rest(&mut stream).await
    }
}

/// All that comes until the other side closes; a reset is a close too.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = tokio::time::timeout(SOON, stream.read_to_end(&mut bytes))
        .await
        .expect("it closes soon");
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn some(stream: &mut TcpStream) -> String {
    let mut bytes = vec![0; 4096];
    let read = tokio::time::timeout(SOON, stream.read(&mut bytes))
        .await
        .expect("it answers soon");
    String::from_utf8_lossy(&bytes[..read.unwrap_or(0)]).into_owned()
}

fn hello() -> Router {
    Router::new()
        .route("/hello", get(|| async { "hello" }))
        .route(
            "/api/v1/echo",
            post(|Body(json): Body<Json>| async move { json.to_string() }),
        )
}

#[tokio::test]
async fn a_silent_connection_is_closed() {
    let server = start(
        hello(),
        Limits {
            first_byte: SHORT,
            ..Limits::default()
        },
    )
    .await;
    let began = Instant::now();
    assert_eq!(rest(&mut server.connect().await).await, "");
    assert!(began.elapsed() >= SHORT);
}

#[tokio::test]
async fn dribbled_headers_are_cut_however_often_a_byte_comes() {
    let server = start(
        hello(),
        Limits {
            header: SHORT,
            ..Limits::default()
        },
    )
    .await;
    let mut stream = server.connect().await;
    let began = Instant::now();
    let mut dribble = "GET /hello HTTP/1.1\r\n"
        .bytes()
        .chain(std::iter::repeat(b'x'));
    while began.elapsed() < SOON {
        let byte = [dribble.next().unwrap()];
        if stream.write_all(&byte).await.is_err() {
            break;
        }
        let closed = tokio::time::timeout(SHORT / 10, stream.read(&mut [0])).await;
        if matches!(closed, Ok(Ok(0) | Err(_))) {
            break;
        }
    }
    assert!(began.elapsed() < SOON);
}

#[tokio::test]
async fn between_requests_the_idle_limit_holds_and_not_the_shorter_one_for_headers() {
    let limits = Limits {
        first_byte: SHORT,
        header: SHORT,
        idle: SHORT * 4,
        ..Limits::default()
    };
    let server = start(hello(), limits).await;
    let mut stream = server.connect().await;
    for _ in 0..2 {
        stream
            .write_all(b"GET /hello HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
        assert!(some(&mut stream).await.ends_with("hello"));
        tokio::time::sleep(SHORT * 2).await;
    }
    let began = Instant::now();
    assert_eq!(rest(&mut stream).await, "");
    assert!(began.elapsed() >= SHORT);
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut() {
    let big = Router::new().route("/big", get(|| async { "x".repeat(64 << 20) }));
    let server = start(
        big,
        Limits {
            stalled_write: SHORT,
            drain: SOON,
            ..Limits::default()
        },
    )
    .await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /big HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    stream.readable().await.unwrap();
    let Server { stop, ended, .. } = server;
    stop.send(()).unwrap();
    tokio::time::timeout(SOON, ended)
        .await
        .expect("the drain does not wait for it")
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn one_address_has_a_bounded_number_of_connections() {
    let limits = Limits {
        connections_per_address_max: Some(2),
        trusted: Vec::new(),
        ..Limits::default()
    };
    let server = start(hello(), limits).await;
    let first = server.connect().await;
    let mut second = server.connect().await;
    second
        .write_all(b"GET /hello HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    assert!(some(&mut second).await.starts_with("HTTP/1.1 200"));
    let refused = rest(&mut server.connect().await).await;
    assert!(
        refused.starts_with("HTTP/1.1 503") && refused.contains("retry-after: 1"),
        "{refused}"
    );
    drop(first);
    let began = Instant::now();
    while !server
        .ask("GET /hello HTTP/1.0\r\n\r\n")
        .await
        .ends_with("hello")
    {
        assert!(began.elapsed() < SOON, "the seat is given back");
    }
}

#[tokio::test]
async fn the_server_has_a_bounded_number_of_connections() {
    let server = start(
        hello(),
        Limits {
            connections_max: 1,
            ..Limits::default()
        },
    )
    .await;
    let mut only = server.connect().await;
    assert!(
        rest(&mut server.connect().await)
            .await
            .starts_with("HTTP/1.1 503")
    );
    only.write_all(b"GET /hello HTTP/1.0\r\n\r\n")
        .await
        .unwrap();
    assert!(rest(&mut only).await.ends_with("hello"));
}

#[tokio::test]
async fn a_shutdown_lets_a_running_request_end_and_takes_no_new_one() {
    let (entered, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let app = {
        let (entered, go) = (Arc::clone(&entered), Arc::clone(&go));
        Router::new().route(
            "/slow",
            get(async move || {
                entered.notify_one();
                go.notified().await;
                "done"
            }),
        )
    };
    let server = start(app, Limits::default()).await;
    let mut idle = server.connect().await;
    let mut running = server.connect().await;
    running
        .write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    entered.notified().await;
    let Server {
        address,
        stop,
        ended,
    } = server;
    stop.send(()).unwrap();
    assert_eq!(rest(&mut idle).await, "");
    assert!(!ended.is_finished());
    go.notify_one();
    let answer = rest(&mut running).await;
    assert!(
        answer.contains("connection: close") && answer.ends_with("done"),
        "{answer}"
    );
    ended.await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_shutdown_waits_no_longer_than_the_drain() {
    let app = Router::new().route("/never", get(std::future::pending::<&str>));
    let server = start(
        app,
        Limits {
            drain: SHORT,
            ..Limits::default()
        },
    )
    .await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /never HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    tokio::time::sleep(SHORT / 3).await;
    let Server { stop, ended, .. } = server;
    stop.send(()).unwrap();
    ended.await.unwrap().unwrap();
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_is_read() {
    let server = start(hello(), Limits::default()).await;
    let body = "POST /api/v1/echo HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 9999999\r\n\r\n";
    let answer = server.ask(body).await;
    assert!(
        answer.starts_with("HTTP/1.1 413") && answer.contains("\"limitBytes\":1048576"),
        "{answer}"
    );
}

/// An answer as it came: a problem of this code, with its own id in both places.
#[track_caller]
fn told(answer: &str, status: &str, code: &str) {
    let (head, body) = answer.split_once("\r\n\r\n").expect("a whole head");
    assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
    for line in [
        "content-type: application/problem+json",
        "connection: close",
    ] {
        assert!(head.contains(line), "{answer}");
    }
    assert!(
        head.contains(&format!("content-length: {}", body.len())),
        "{answer}"
    );
    let problem: Json = serde_json::from_str(body).expect("a problem");
    assert_eq!(problem["code"], code);
    let id = problem["requestId"].as_str().expect("an id");
    assert!(head.contains(&format!("x-request-id: {id}")), "{answer}");
}

#[tokio::test]
async fn headers_over_a_bound_are_a_problem() {
    let server = start(hello(), Limits::default()).await;
    for bytes in [40_000, 100_000, 900_000] {
        let long = format!("GET /hello HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(bytes));
        told(&server.ask(&long).await, "431", "headers_too_large");
    }
    let many = format!("GET /hello HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(101));
    told(&server.ask(&many).await, "431", "headers_too_large");
    // Also where the connection has been of use before.
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /hello HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    assert!(some(&mut stream).await.ends_with("hello"));
    stream.write_all(many.as_bytes()).await.unwrap();
    told(&rest(&mut stream).await, "431", "headers_too_large");
}

#[tokio::test]
async fn what_is_no_http_is_a_problem() {
    let server = start(hello(), Limits::default()).await;
    for bad in [
        "hello\r\n\r\n",
        "GET /hello HTTP/1.1\r\nno colon\r\n\r\n",
        "GET /hello HTTP/9.9\r\n\r\n",
        "GET /he llo HTTP/1.1\r\n\r\n",
        "POST /api/v1/echo HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n0",
        "POST /api/v1/echo HTTP/1.1\r\ntransfer-encoding: smoke\r\n\r\n",
    ] {
        told(&server.ask(bad).await, "400", "malformed");
    }
    // What could be read in two ways is answered once and the connection closed.
    let both = "POST /api/v1/echo HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
    assert!(server.ask(both).await.contains("connection: close"));
}

#[tokio::test]
async fn headers_that_come_too_slowly_are_a_problem() {
    let limits = Limits {
        header: SHORT,
        ..Limits::default()
    };
    let server = start(hello(), limits).await;
    told(
        &server.ask("GET /hello HTTP/1.1\r\nhost: x\r\n").await,
        "408",
        "request_timeout",
    );
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /hello HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    assert!(some(&mut stream).await.ends_with("hello"));
    stream.write_all(b"GET").await.unwrap();
    told(&rest(&mut stream).await, "408", "request_timeout");
}

async fn through(
    app: Router,
    limits: &Limits,
    request: Request,
) -> (StatusCode, HeaderMap, Vec<u8>) {
    let response: Response = wrap(app, limits).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    (
        parts.status,
        parts.headers,
        body.collect().await.unwrap().to_bytes().to_vec(),
    )
}

fn request(method: &str, uri: &str, headers: &[(&str, &str)]) -> Request {
    let mut builder = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(axum::body::Body::empty()).unwrap()
}

async fn problem(app: Router, limits: &Limits, request: Request) -> (StatusCode, HeaderMap, Json) {
    let (status, headers, body) = through(app, limits, request).await;
    assert_eq!(headers["content-type"], "application/problem+json");
    let json: Json = serde_json::from_slice(&body).unwrap();
    assert_eq!(json["requestId"], headers["x-request-id"].to_str().unwrap());
    (status, headers, json)
}

#[tokio::test]
async fn an_answer_is_dressed() {
    let app = Router::new().route(
        "/api/v1/me",
        get(|| async {
            format!(
                "{} {}",
                request_id(),
                facts().unwrap().trace.clone().unwrap().parent_id
            )
        }),
    );
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let request = request(
        "GET",
        "/api/v1/me?secret=1",
        &[("x-request-id", "mine-1"), ("traceparent", trace)],
    );
    let (status, headers, body) = through(app, &Limits::default(), request).await;
    assert_eq!(
        (status, body.as_slice()),
        (StatusCode::OK, &b"mine-1 00f067aa0ba902b7"[..])
    );
    for (name, value) in [
        ("x-request-id", "mine-1"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(headers[name], value, "{name}");
    }
    assert_eq!(request_id(), "");
}

#[tokio::test]
async fn what_the_routing_refuses_is_a_problem() {
    let limits = Limits::default();
    let (status, headers, json) =
        problem(hello(), &limits, request("GET", "/api/nowhere", &[])).await;
    assert_eq!(
        (status, &json["code"]),
        (StatusCode::NOT_FOUND, &"not_found".into())
    );
    assert!(
        headers["x-request-id"]
            .to_str()
            .unwrap()
            .starts_with("req_")
    );
    let (status, headers, json) = problem(hello(), &limits, request("PUT", "/hello", &[])).await;
    assert_eq!(
        (status, &json["code"]),
        (StatusCode::METHOD_NOT_ALLOWED, &"method_not_allowed".into())
    );
    assert_eq!(headers["allow"], "GET,HEAD");
    let packed = request("POST", "/api/v1/echo", &[("content-encoding", "gzip")]);
    assert_eq!(
        problem(hello(), &limits, packed).await.0,
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    );
}

#[tokio::test]
async fn a_panic_is_a_500_and_lateness_a_503() {
    let panics = Router::new().route(
        "/",
        get(|| async {
            if true {
                panic!("secret")
            }
        }),
    );
    let (status, _, json) = problem(panics, &Limits::default(), request("GET", "/", &[])).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!json.to_string().contains("secret"));
    let late = Router::new().route("/", get(std::future::pending::<&str>));
    let limits = Limits {
        deadline: SHORT,
        ..Limits::default()
    };
    let (status, headers, _) = problem(late, &limits, request("GET", "/", &[])).await;
    assert_eq!(
        (status, &headers["retry-after"]),
        (StatusCode::SERVICE_UNAVAILABLE, &"1".parse().unwrap())
    );
}

#[tokio::test]
async fn above_the_bound_requests_are_shed_but_never_the_health_check() {
    let entered = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&entered);
    let app = Router::new()
        .route(
            "/wait",
            get(async move || {
                counts.fetch_add(1, Ordering::SeqCst);
                std::future::pending::<&str>().await
            }),
        )
        .route("/healthz", get(|| async { "alive" }));
    let app = wrap(
        app,
        &Limits {
            in_flight_max: 1,
            ..Limits::default()
        },
    );
    let waiting = tokio::spawn(app.clone().oneshot(request("GET", "/wait", &[])));
    while entered.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    let ask = async |uri| {
        app.clone()
            .oneshot(request("GET", uri, &[]))
            .await
            .unwrap()
            .status()
    };
    assert_eq!(ask("/wait").await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ask("/healthz").await, StatusCode::OK);
    waiting.abort();
    let _ = waiting.await;
    assert_eq!(ask("/nowhere").await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn only_large_text_is_compressed_and_only_when_asked() {
    let app = || {
        Router::new()
            .route("/large", get(|| async { "hello ".repeat(1_000) }))
            .route("/small", get(|| async { "hello" }))
            .route(
                "/picture",
                get(|| async { ([("content-type", "image/png")], vec![0; 9_000]) }),
            )
    };
    let limits = Limits::default();
    for (uri, asked, encoding) in [
        ("/large", "gzip", Some("gzip")),
        ("/large", "zstd, br;q=0.5", Some("zstd")),
        ("/large", "br", Some("br")),
        ("/large", "identity", None),
        ("/small", "gzip", None),
        ("/picture", "gzip", None),
    ] {
        let (status, headers, _) = through(
            app(),
            &limits,
            request("GET", uri, &[("accept-encoding", asked)]),
        )
        .await;
        let found = headers
            .get("content-encoding")
            .map(|value| value.to_str().unwrap());
        assert_eq!((status, found), (StatusCode::OK, encoding), "{uri} {asked}");
    }
    let (_, headers, _) = through(app(), &limits, request("GET", "/large", &[])).await;
    assert!(!headers.contains_key("content-encoding"));
}
