//! A code applied at the till, over HTTP: three items on a tab of its own, among 100,000 customers and
//! twenty live discounts. Evaluation, hold, totals, audit, event and the stored answer are one durable
//! transaction on SQLite; load generator and server share the machine.
//!
//! The limit is what SQLite can do at all with the very statements that those transactions issued: they
//! are recorded with their values, and run again in a raw loop on a copy of the store, in groups of 32. So are the
//! writes among them alone; and those writes once more behind a bare axum with the same load, which is about as many
//! codes as a server applies that reads nothing, decides nothing and has its answer ready.

use std::collections::HashMap;
use std::fmt::Debug;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, params_from_iter, types::Value};
use serde_json::{Value as Json, json};
use server::catalogue::{categories, products};
use server::hall::access::Role;
use server::hall::allowance::Taken;
use server::hall::call::Hall;
use server::hall::http::{Limits, serve};
use server::hall::id::{OrderId, TenantId, VenueId};
use server::hall::identity::{self, Mode, Venue};
use server::hall::journal::By;
use server::hall::secret::Entropy;
use server::hall::store::{Db, Place, Scope, Settings, Tx, show_values};
use server::hall::testing;
use server::hall::time::Clock;
use server::platform::chain::{self, Founding};
use server::platform::tax;
use server::{app, coupons, discounts, orders};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tracing::field::{Field, Visit};
use tracing::subscriber::Interest;
use tracing_subscriber::layer::{Context, SubscriberExt as _};

const CUSTOMERS: usize = 100_000;
const LIVE_DISCOUNTS: usize = 20;
const ORDERS: usize = 23_000;
const RECORDED: usize = 3_000;
/// Of those, so many warm the bare server up.
const WARMING: usize = 1_000;
const CONNECTIONS: usize = 32;
/// An order with its trace, as the bare server answers it.
const ANSWER_BYTES: usize = 8_000;
/// Statements that are named, dearest first.
const DEAREST: usize = 6;
const AT_ONCE: usize = 500;
const GOAL_PER_SECOND: f64 = 3_000.0;
const GOAL_P99: Duration = Duration::from_millis(25);
const WAIT_MAX: Duration = Duration::from_secs(30);

fn main() {
    show_values();
    let recorder = Recorder::default();
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(recorder.clone()))
        .expect("no other subscriber is set");
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder on the disk");
    let [file, copy, second, third] =
        ["ours.db", "copy.db", "second.db", "third.db"].map(|name| folder.path().join(name));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let stage = runtime.block_on(async {
        let hall = open(&file).await;
        let stage = build(&hall, &file).await;
        hall.db.close().await;
        for copy in [&copy, &second, &third] {
            std::fs::copy(&file, copy).expect("a copy of the store");
        }
        for written in [&file, &copy, &second, &third] {
            // Else the load would pay for what the building left in memory.
            let written = std::fs::File::open(written).expect("the file opens");
            written.sync_all().expect("the disk takes it");
        }
        stage
    });
    let (address, server) = runtime.block_on(listen(&file));
    let stage = Arc::new(stage);
    let recorded = record(&stage, address, &recorder);
    let mut run = load(&stage, address, RECORDED..ORDERS);
    // Else its jobs would go on beside the limits.
    runtime.block_on(server.end());
    let limit = replay(&copy, &recorded);
    let writes = writes_of(&second, &recorded);
    let floor = replay(&second, &writes);
    let address = runtime.block_on(listen_bare(&third, writes.clone()));
    load(&stage, address, 0..WARMING);
    let bare = load(&stage, address, WARMING..RECORDED);
    say(&mut run, (&limit, &recorded), (&floor, &writes), &bare);
}

/// What the load needs to know of the chain that was built for it.
struct Stage {
    venue: VenueId,
    key: String,
    orders: Vec<OrderId>,
}

async fn open(file: &Path) -> Hall {
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let place = Place::Sqlite { file: file.into() };
    let db = Db::open(Settings::at(place, entropy.clone()))
        .await
        .expect("the store opens");
    Hall {
        db,
        clock,
        entropy,
        master: Arc::new([7; 32]),
        public_url: "http://regulars.test".into(),
        rooms: app::ROOMS,
        taken: Taken::default(),
    }
}

fn command<T: serde::de::DeserializeOwned>(value: Json) -> T {
    serde_json::from_value(value).expect("a command")
}

async fn build(hall: &Hall, file: &Path) -> Stage {
    let tenant: TenantId = hall.entropy.id(hall.clock.now());
    let scope = Scope::new(tenant, hall.clock.now(), By::cli()).patient();
    let ground = hall.db.write(scope.clone(), Vec::new(), move |tx| {
        let founding = Founding {
            tenant,
            slug: "bench".into(),
            name: "Bench".into(),
            mode: Mode::Live,
            language: "en".into(),
            currency: "EUR".into(),
        };
        chain::found(tx, &founding)?;
        let venue = chain::open_venue(tx, &testing::venue("harbour", "EUR"))?;
        let venue = identity::venue(tx, venue)?.expect("the venue was opened");
        let key = chain::mint_key(tx, "till", Role::Staff, &[])?.1;
        let sold = menu(tx, &venue)?;
        campaigns(tx, &sold)?;
        Ok((venue, key.expose().to_owned(), sold))
    });
    let (venue, key, sold) = ground.await.expect("the ground");
    let mut stage = Stage {
        venue: venue.id,
        key,
        orders: Vec::with_capacity(ORDERS),
    };
    fill(file, tenant);
    for first in (0..ORDERS).step_by(AT_ONCE) {
        let (venue, sold) = (venue.clone(), sold.clone());
        let made = hall.db.write(scope.clone(), Vec::new(), move |tx| {
            let open = |tx: &mut Tx, place: usize| {
                let item = |nth: usize| json!({"productId": sold[(place + nth * 7) % sold.len()], "quantity": "1"});
                let ask = json!({
                    "customerId": customer(place * 7_919 % CUSTOMERS),
                    "items": [item(0), item(1), item(2)],
                });
                orders::open(tx, &venue, orders::Source::Till, &command(ask)).map(|tab| tab.id)
            };
            (first..first + AT_ONCE)
                .map(|place| open(tx, place))
                .collect::<Result<Vec<_>, _>>()
        });
        stage.orders.extend(made.await.expect("orders"));
    }
    stage
}

fn customer(number: usize) -> String {
    format!("cus_01kab{number:021}")
}

/// The guests, by one statement.
fn fill(file: &Path, tenant: TenantId) {
    let connection = Connection::open(file).expect("the file opens");
    connection
        .execute_batch(&format!(
            "pragma busy_timeout = 10000;
             insert into customers (tenant_id, customer_id, sort_name, language, source, last_seen_at, created_at,
               updated_at)
             with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < {CUSTOMERS})
             select '{tenant}', printf('cus_01kab%021d', i), 'guest ' || i, 'en', 'STAFF', i, i, i from n;"
        ))
        .expect("the rows");
}

/// Thirty products in five categories.
fn menu(tx: &mut Tx, venue: &Venue) -> server::hall::error::Result<Vec<String>> {
    let class = tax::create_class(
        tx,
        &tax::EditTaxClass {
            name: "food".into(),
        },
    )?;
    tax::set_rate(
        tx,
        venue.id,
        class.id,
        jiff::civil::date(2020, 1, 1),
        12_000,
    )?;
    let mut sold = Vec::new();
    for group in 0..5 {
        let category = categories::create(tx, &command(json!({"name": format!("Group {group}")})))?;
        for place in 0..6 {
            let price = json!({"amount": 4_500 + 500 * place, "currency": "EUR"});
            let ask = json!({
                "name": format!("Dish {group}.{place}"), "categoryId": category.id, "taxClassId": class.id,
                "prices": [{"venueId": venue.id, "price": price}],
            });
            sold.push(products::create(tx, None, &command(ask))?.id.to_string());
        }
    }
    Ok(sold)
}

/// Live discounts of which some fit each order, and the code that everybody types.
fn campaigns(tx: &mut Tx, sold: &[String]) -> server::hall::error::Result<()> {
    for place in 0..LIVE_DISCOUNTS {
        let mut ask = json!({
            "name": format!("Campaign {place}"), "type": "PERCENTAGE", "percent": "5", "scope": "ITEM",
            "targetItemIds": [sold[place % sold.len()]], "isAutomatic": true, "isStackable": true,
        });
        if place % 2 == 1 {
            ask["timeFrom"] = json!("03:00");
            ask["timeUntil"] = json!("03:01");
        }
        discounts::create(tx, None, &command(ask))?;
    }
    let ask = json!({"name": "Twenty off", "type": "PERCENTAGE", "percent": "20", "scope": "ORDER", "isStackable": true});
    let behind = discounts::create(tx, None, &command(ask))?.id;
    let ask = json!({"code": "SAVE20", "discountId": behind, "maxUses": 1_000_000, "maxUsesPerCustomer": 10});
    coupons::create(tx, None, &command(ask)).map(|_| ())
}

/// The server as `regulars serve` runs it, jobs beside it.
async fn listen(file: &Path) -> (SocketAddr, Server) {
    let hall = open(file).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let (end, ending) = watch::channel(false);
    let db = hall.db.clone();
    let jobs = [
        tokio::spawn(server::audit::seal_always(hall.clone(), ending.clone())),
        tokio::spawn(server::jobs::run_always(hall.clone(), ending)),
    ];
    tokio::spawn(async move {
        let limits = Limits {
            connections_per_address_max: Some(CONNECTIONS * 2),
            ..Limits::default()
        };
        let router = app::router(hall, &limits);
        serve(listener, router, limits, std::future::pending())
            .await
            .expect("it serves");
    });
    (address, Server { db, jobs, end })
}

/// What runs beside the requests.
struct Server {
    db: Db,
    jobs: [JoinHandle<()>; 2],
    end: watch::Sender<bool>,
}

impl Server {
    async fn end(self) {
        self.end.send_replace(true);
        for job in self.jobs {
            job.await.expect("it ends");
        }
        self.db.close().await;
    }
}

/// One keep-alive connection of a till.
struct Till<'a> {
    stage: &'a Stage,
    stream: BufReader<TcpStream>,
}

impl<'a> Till<'a> {
    fn new(stage: &'a Stage, address: SocketAddr) -> Till<'a> {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("a socket option");
        stream
            .set_read_timeout(Some(WAIT_MAX))
            .expect("a socket option");
        Till {
            stage,
            stream: BufReader::new(stream),
        }
    }

    fn apply(&mut self, place: usize) {
        let (venue, order) = (self.stage.venue, self.stage.orders[place]);
        let (key, body) = (&self.stage.key, r#"{"code":"save-20"}"#);
        let ask = format!(
            "POST /api/v1/tpv/venues/{venue}/orders/{order}/discounts/coupon HTTP/1.1\r\nhost: localhost\r\n\
             authorization: Bearer {key}\r\nidempotency-key: till-{place}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream
            .get_mut()
            .write_all(ask.as_bytes())
            .expect("the server reads");
        let (mut line, mut length) = (String::new(), 0);
        self.stream
            .read_line(&mut line)
            .expect("the server answers");
        let status = line.clone();
        loop {
            line.clear();
            self.stream
                .read_line(&mut line)
                .expect("the server answers");
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).expect("the whole answer");
        assert!(
            status.starts_with("HTTP/1.1 201"),
            "{status}{}",
            String::from_utf8_lossy(&body)
        );
    }
}

struct Run {
    per_second: f64,
    waits: Vec<Duration>,
}

fn load(stage: &Arc<Stage>, address: SocketAddr, orders: Range<usize>) -> Run {
    let next = Arc::new(AtomicUsize::new(orders.start));
    let began = Instant::now();
    let tills: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (stage, next) = (Arc::clone(stage), Arc::clone(&next));
            let orders = orders.clone();
            thread::spawn(move || {
                let mut till = Till::new(&stage, address);
                let mut waits = Vec::new();
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    if place >= orders.end {
                        return waits;
                    }
                    let asked = Instant::now();
                    till.apply(place);
                    waits.push(asked.elapsed());
                }
            })
        })
        .collect();
    let waits = tills
        .into_iter()
        .flat_map(|till| till.join().expect("no till fails"));
    let waits: Vec<Duration> = waits.collect();
    Run {
        per_second: waits.len() as f64 / began.elapsed().as_secs_f64(),
        waits,
    }
}

/// The statements of the writer, with their values, while it is on.
#[derive(Clone, Default)]
struct Recorder {
    is_on: Arc<AtomicBool>,
    said: Arc<Mutex<Vec<(String, String)>>>,
}

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Recorder {
    fn register_callsite(&self, of: &'static tracing::Metadata<'static>) -> Interest {
        if of.target() == "regulars::sql" {
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, of: &tracing::Metadata<'_>, _: Context<'_, S>) -> bool {
        of.target() == "regulars::sql" && self.is_on.load(Ordering::Relaxed)
    }

    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if thread::current().name() == Some("store-writer") {
            let mut statement = Statement::default();
            event.record(&mut statement);
            let mut said = self.said.lock().expect("the list");
            said.push((statement.sql, statement.params));
        }
    }
}

#[derive(Default)]
struct Statement {
    sql: String,
    params: String,
}

impl Visit for Statement {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "sql" {
            value.clone_into(&mut self.sql);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "params" {
            self.params = format!("{value:?}");
        }
    }
}

/// The statements of one call, with their values.
type Call = Vec<(String, Vec<Value>)>;

fn writes_of(file: &Path, recorded: &[Call]) -> Vec<Call> {
    let connection = Connection::open(file).expect("the copy");
    connection.set_prepared_statement_cache_capacity(512);
    let is_write = |(sql, _): &&(String, Vec<Value>)| {
        let statement = connection.prepare_cached(sql).expect("a statement");
        !statement.readonly()
    };
    let writes = |call: &Call| call.iter().filter(is_write).cloned().collect();
    recorded.iter().map(writes).collect()
}

fn each(recorded: &[Call]) -> f64 {
    recorded.iter().map(Vec::len).sum::<usize>() as f64 / recorded.len() as f64
}

/// Applies the first codes one after the other, and answers the statements of each.
fn record(stage: &Stage, address: SocketAddr, recorder: &Recorder) -> Vec<Call> {
    let mut till = Till::new(stage, address);
    let mut recorded = Vec::with_capacity(RECORDED);
    for place in 0..RECORDED {
        recorder.is_on.store(true, Ordering::Relaxed);
        till.apply(place);
        recorder.is_on.store(false, Ordering::Relaxed);
        let said = std::mem::take(&mut *recorder.said.lock().expect("the list"));
        let statement = |(sql, params): (String, String)| (sql.replace('$', "?"), values(&params));
        recorded.push(said.into_iter().map(statement).collect());
    }
    recorded
}

/// The values that `params` shows, written as a list of the store's own values is.
fn values(params: &str) -> Vec<Value> {
    let mut rest = params.trim_start_matches('[');
    let mut values = Vec::new();
    loop {
        rest = rest.trim_start_matches([',', ' ']);
        if let Some(after) = rest.strip_prefix("Null") {
            values.push(Value::Null);
            rest = after;
        } else if let Some(after) = rest.strip_prefix("Int(") {
            let (number, after) = after.split_once(')').expect("it is closed");
            values.push(Value::Integer(number.parse().expect("a number")));
            rest = after;
        } else if let Some(after) = rest.strip_prefix("Text(\"") {
            let (text, after) = unescaped(after);
            values.push(Value::Text(text));
            rest = after.strip_prefix(')').expect("it is closed");
        } else if let Some(after) = rest.strip_prefix("Bytes([") {
            let (bytes, after) = after.split_once("])").expect("it is closed");
            let bytes = bytes.split(", ").filter(|byte| !byte.is_empty());
            values.push(Value::Blob(
                bytes.map(|byte| byte.parse().expect("a byte")).collect(),
            ));
            rest = after;
        } else {
            assert_eq!(rest, "]", "the list ends here");
            return values;
        }
    }
}

/// The text up to its closing quote, and what comes after it.
fn unescaped(shown: &str) -> (String, &str) {
    let mut text = String::new();
    let mut rest = shown.char_indices();
    while let Some((place, one)) = rest.next() {
        match one {
            '"' => return (text, &shown[place + 1..]),
            '\\' => match rest.next().expect("an escape").1 {
                'n' => text.push('\n'),
                't' => text.push('\t'),
                'r' => text.push('\r'),
                '0' => text.push('\0'),
                'u' => {
                    let number: String = rest
                        .by_ref()
                        .map(|(_, digit)| digit)
                        .skip_while(|digit| *digit == '{')
                        .take_while(|digit| *digit != '}')
                        .collect();
                    let number = u32::from_str_radix(&number, 16).expect("a number");
                    text.push(char::from_u32(number).expect("a character"));
                }
                other => text.push(other),
            },
            other => text.push(other),
        }
    }
    panic!("a text is closed");
}

/// What the statements alone can do, and which of them take most of a call.
struct Limit {
    per_second: f64,
    dearest: Vec<(String, Duration)>,
}

/// A store with the writer's pragmas.
fn raw(file: &Path) -> Connection {
    let connection = Connection::open(file).expect("the copy");
    connection
        .execute_batch(
            "pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 4000;
             pragma cache_size = -64000; pragma temp_store = memory; pragma foreign_keys = on;",
        )
        .expect("pragmas");
    connection.set_prepared_statement_cache_capacity(512);
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .expect("a setting");
    connection
}

fn run(connection: &Connection, sql: &str, params: &[Value]) {
    let mut statement = connection.prepare_cached(sql).expect("a statement");
    let mut rows = statement.query(params_from_iter(params)).expect("it runs");
    while rows.next().expect("a row").is_some() {}
}

/// One call of a group, in its savepoints.
fn run_call(connection: &Connection, call: &Call, mut ran: impl FnMut(&str, Duration)) {
    for savepoint in ["savepoint call", "savepoint verb"] {
        run(connection, savepoint, &[]);
    }
    for (sql, params) in call {
        let asked = Instant::now();
        run(connection, sql, params);
        ran(sql, asked.elapsed());
    }
    for release in ["release verb", "release call"] {
        run(connection, release, &[]);
    }
}

/// The same statements with nothing between them and the driver: the writer's pragmas, its groups, and the
/// savepoints of the store and of the call.
fn replay(file: &Path, recorded: &[Call]) -> Limit {
    let connection = raw(file);
    let mut spent: HashMap<String, Duration> = HashMap::new();
    let began = Instant::now();
    for group in recorded.chunks(CONNECTIONS) {
        run(&connection, "begin immediate", &[]);
        for call in group {
            run_call(&connection, call, |sql, took| {
                *spent.entry(sql.to_owned()).or_default() += took;
            });
        }
        run(&connection, "commit", &[]);
    }
    let took = began.elapsed();
    let mut spent: Vec<(String, Duration)> = spent.into_iter().collect();
    spent.sort_unstable_by_key(|(_, spent)| std::cmp::Reverse(*spent));
    Limit {
        per_second: recorded.len() as f64 / took.as_secs_f64(),
        dearest: spent
            .iter()
            .take(DEAREST)
            .map(|(sql, spent)| {
                (
                    sql.split_whitespace().collect::<Vec<_>>().join(" "),
                    *spent / u32::try_from(recorded.len()).expect("not so many"),
                )
            })
            .collect(),
    }
}

/// A bare axum whose one writer keeps what is `recorded` of a code for each request, in groups as they come.
async fn listen_bare(file: &Path, recorded: Vec<Call>) -> SocketAddr {
    let (ask, asked) = crossbeam_channel::bounded::<oneshot::Sender<()>>(CONNECTIONS);
    let connection = raw(file);
    thread::spawn(move || {
        let mut calls = recorded.iter();
        while let Ok(first) = asked.recv() {
            run(&connection, "begin immediate", &[]);
            let mut done = Vec::with_capacity(CONNECTIONS);
            let mut next = Some(first);
            while let Some(reply) = next {
                let call = calls.next().expect("as many calls as were recorded");
                run_call(&connection, call, |_, _| {});
                done.push(reply);
                next = asked.try_recv().ok();
            }
            run(&connection, "commit", &[]);
            for reply in done {
                reply.send(()).expect("somebody waits");
            }
        }
    });
    let answer = move |body: Bytes| async move {
        assert!(!body.is_empty(), "a code was sent");
        let (reply, kept) = oneshot::channel();
        ask.try_send(reply).expect("no more than the tills");
        kept.await.expect("the writer goes on");
        (
            StatusCode::CREATED,
            Bytes::from_static(&[b' '; ANSWER_BYTES]),
        )
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let router = Router::new().fallback(axum::routing::post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
    address
}

#[expect(clippy::print_stdout, reason = "a bench tells its figures")]
fn say(
    run: &mut Run,
    (limit, recorded): (&Limit, &[Call]),
    (floor, writes): (&Limit, &[Call]),
    bare: &Run,
) {
    run.waits.sort_unstable();
    let at = |permille: usize| run.waits[(run.waits.len() - 1) * permille / 1_000];
    println!(
        "SQLite {:>6.0} codes applied/s over HTTP (goal {GOAL_PER_SECOND})   p50 {:.1?}   p99 {:.1?} (goal {GOAL_P99:?})   longest {:.1?}{}",
        run.per_second,
        at(500),
        at(990),
        at(1_000),
        if run.per_second < GOAL_PER_SECOND || at(990) > GOAL_P99 {
            "   BELOW"
        } else {
            ""
        },
    );
    println!(
        "       {:>6.0}/s is what a raw loop does with their statements, {:.1} each   ratio {:.2}",
        limit.per_second,
        each(recorded),
        run.per_second / limit.per_second
    );
    println!(
        "       {:>6.0}/s is what it does with the writes among them alone, {:.1} each",
        floor.per_second,
        each(writes),
    );
    println!(
        "       {:>6.0}/s is what those writes behind a bare axum do   ratio {:.2}",
        bare.per_second,
        run.per_second / bare.per_second
    );
    for (sql, spent) in &limit.dearest {
        let shown: String = sql.chars().take(80).collect();
        println!("       {:>6.1} us  {shown}", spent.as_secs_f64() * 1e6);
    }
}
