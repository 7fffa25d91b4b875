//! The transaction of a confirmation (1 select, 2 updates, 2 inserts) through `Db::write`, against what the
//! same store can do at all: a raw loop on SQLite, pgbench replaying the traced statements on PostgreSQL.
//!
//! `make bench` runs it. Each figure is the best of three rounds, ours and the limit's by turns, so that a
//! disk that is slow for a minute is slow for both.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use rusqlite::Connection;
use server::hall::error::Result;
use server::hall::id::TenantId;
use server::hall::journal::By;
use server::hall::secret::Entropy;
use server::hall::store::{Db, Hot, Place, Scope, Settings, Tx};
use server::hall::testing::url_of;
use server::hall::time::Clock;
use server::params;
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, SubscriberExt as _};

const IN_FLIGHT: i64 = 32;
const CUSTOMERS: i64 = 10_000;
const ROUNDS: i64 = 3;
const SQLITE_TRANSACTIONS: i64 = 40_000;
const POSTGRES_TRANSACTIONS: i64 = 12_000;
/// A prime that divides none of the counts here: steps of it reach each row once.
const STRIDE: i64 = 7919;

const SELECT: &str =
    "select confirmed_at from bench_sessions where tenant_id = $1 and session_id = $2";
const CONFIRM: &str = "update bench_sessions set confirmed_at = $3
    where tenant_id = $1 and session_id = $2 and confirmed_at is null";
const CREDIT: &str =
    "update bench_customers set points = points + $3 where tenant_id = $1 and customer_id = $2";
const LEDGER: &str = "insert into bench_ledger (tenant_id, customer_id, session_id, points, at)
    values ($1, $2, $3, $4, $5)";
const OUTBOX: &str =
    "insert into bench_outbox (tenant_id, event_id, at, data) values ($1, $2, $3, $4)";
const DATA: &str =
    r#"{"type":"session.confirmed","points":10,"venue":"ven_01kab4bqf8e1ftz0c6hqp2v9xw"}"#;

const TABLES: &[(&str, &str)] = &[
    ("bench_sessions", "session_id bigint not null, confirmed_at bigint, primary key (tenant_id, session_id)"),
    ("bench_customers", "customer_id bigint not null, points bigint not null, primary key (tenant_id, customer_id)"),
    (
        "bench_ledger",
        "customer_id bigint not null, session_id bigint not null, points bigint not null, at bigint not null,
         primary key (tenant_id, customer_id, session_id)",
    ),
    ("bench_outbox", "event_id bigint not null, at bigint not null, data text not null, primary key (tenant_id, event_id)"),
];

/// The session that is confirmed as the `n`th of `sessions`. Sessions are found by random tokens, so those who confirm
/// at one time do not meet on one page of the table.
fn session_of(n: i64, sessions: i64) -> i64 {
    n * STRIDE % sessions
}

fn customer_of(session: i64) -> i64 {
    session * STRIDE % CUSTOMERS
}

fn confirm(tx: &mut Tx, session: i64) -> Result<()> {
    let now = tx.now();
    let customer = customer_of(session);
    tx.first(SELECT, params![session])?;
    tx.exec(CONFIRM, params![session, now])?;
    tx.exec(CREDIT, params![customer, 10_i64])?;
    tx.queue(LEDGER, params![customer, session, 10_i64, now])?;
    tx.queue(OUTBOX, params![session, now, DATA])
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    say(&runtime.block_on(sqlite()));
    say(&runtime.block_on(postgres()));
}

/// Our rate, the limit's, and what of it we reach.
struct Figures {
    store: &'static str,
    limit: &'static str,
    ours_per_second: f64,
    limit_per_second: f64,
    goal: f64,
}

#[expect(clippy::print_stdout, reason = "a bench tells its figures")]
fn say(figures: &Figures) {
    let ratio = figures.ours_per_second / figures.limit_per_second;
    println!(
        "{:10} {:>8.0} tx/s   {:28} {:>8.0} tx/s   ratio {ratio:.2} (goal {:.2}){}",
        figures.store,
        figures.ours_per_second,
        figures.limit,
        figures.limit_per_second,
        figures.goal,
        if ratio < figures.goal { "   BELOW" } else { "" },
    );
}

fn tenant() -> TenantId {
    "ten_01kab4bqf8e1ftz0c6hqp2v9xw".parse().expect("an id")
}

/// `count` confirmations from `next` on, of `sessions` in all, with [`IN_FLIGHT`] on their way at once.
async fn through_db(db: &Db, next: &Arc<AtomicI64>, count: i64, sessions: i64) -> f64 {
    let until = next.load(Ordering::Relaxed) + count;
    let began = Instant::now();
    let tasks = (0..IN_FLIGHT).map(|_| {
        let (db, next) = (db.clone(), Arc::clone(next));
        tokio::spawn(async move {
            let now = Clock::system().now();
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= until {
                    return;
                }
                let session = session_of(n, sessions);
                let hot = vec![Hot::of(
                    tenant(),
                    "customer",
                    &customer_of(session).to_string(),
                )];
                let scope = Scope::new(tenant(), now, By::cli());
                db.write(scope, hot, move |tx| confirm(tx, session))
                    .await
                    .expect("a confirmation");
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("a task");
    }
    next.store(until, Ordering::Relaxed);
    count as f64 / began.elapsed().as_secs_f64()
}

async fn sqlite() -> Figures {
    let folder =
        tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder on the build's disk");
    let (ours, raw) = (folder.path().join("ours.db"), folder.path().join("raw.db"));
    let sessions = SQLITE_TRANSACTIONS * ROUNDS;
    for file in [&ours, &raw] {
        let place = Place::Sqlite { file: file.clone() };
        Db::open(Settings::at(place, Entropy::system()))
            .await
            .expect("a store")
            .close()
            .await;
        fill_sqlite(file, sessions);
    }
    let place = Place::Sqlite { file: ours };
    let db = Db::open_migrated(Settings::at(place, Entropy::system()))
        .await
        .expect("a store");
    let next = Arc::new(AtomicI64::new(0));
    let (mut best, mut limit) = (0.0_f64, 0.0_f64);
    for round in 0..ROUNDS {
        best = best.max(through_db(&db, &next, SQLITE_TRANSACTIONS, sessions).await);
        limit = limit.max(raw_loop(
            &raw,
            round * SQLITE_TRANSACTIONS,
            SQLITE_TRANSACTIONS,
            sessions,
        ));
    }
    db.close().await;
    let raw = "raw loop, groups of 32";
    Figures {
        store: "SQLite",
        limit: raw,
        ours_per_second: best,
        limit_per_second: limit,
        goal: 0.75,
    }
}

fn fill_sqlite(file: &Path, sessions: i64) {
    let connection = Connection::open(file).expect("the file");
    for (name, columns) in TABLES {
        let columns = columns.replace("bigint", "integer");
        let sql = format!("create table {name} (tenant_id text not null, {columns}) strict");
        connection.execute_batch(&sql).expect("a table");
    }
    let series = |table: &str, rest: &str, count: i64| {
        format!(
            "with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < {count})
             insert into {table} select '{}', i, {rest} from n;",
            tenant()
        )
    };
    let both =
        series("bench_sessions", "null", sessions) + &series("bench_customers", "0", CUSTOMERS);
    connection
        .execute_batch(&format!("begin; {both} commit;"))
        .expect("rows");
}

/// The same statements without anything of ours: the writer's pragmas, groups, a savepoint each.
fn raw_loop(file: &Path, first: i64, count: i64, sessions: i64) -> f64 {
    let connection = Connection::open(file).expect("the file");
    connection
        .execute_batch("pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 4000;
            pragma cache_size = -64000; pragma temp_store = memory;")
        .expect("pragmas");
    connection.set_prepared_statement_cache_capacity(64);
    let now = Clock::system().now().as_microsecond();
    let tenant = tenant().to_string();
    let run = |sql: &str, params: &[&dyn rusqlite::ToSql]| {
        let text = sql.replace('$', "?");
        let mut statement = connection.prepare_cached(&text).expect("a statement");
        if statement.column_count() == 0 {
            statement.execute(params).expect("an update");
        } else {
            let mut rows = statement.query(params).expect("a query");
            while rows.next().expect("a row").is_some() {}
        }
    };
    let began = Instant::now();
    for group in 0..count / IN_FLIGHT {
        run("begin immediate", &[]);
        for place in 0..IN_FLIGHT {
            let session = session_of(first + group * IN_FLIGHT + place, sessions);
            let customer = customer_of(session);
            run("savepoint call", &[]);
            run(SELECT, &[&tenant, &session]);
            run(CONFIRM, &[&tenant, &session, &now]);
            run(CREDIT, &[&tenant, &customer, &10]);
            run(LEDGER, &[&tenant, &customer, &session, &10, &now]);
            run(OUTBOX, &[&tenant, &session, &now, &DATA]);
            run("release call", &[]);
        }
        run("commit", &[]);
    }
    count as f64 / began.elapsed().as_secs_f64()
}

async fn postgres() -> Figures {
    let admin = |url: String, sql: String| async move {
        server::hall::store::admin(&url, &sql)
            .await
            .expect("the cluster obeys");
    };
    let name = format!("bench_{}", std::process::id());
    admin(url_of("postgres"), format!("create database {name}")).await;
    let url = url_of(&name);
    let place = Place::Postgres {
        url: url.clone(),
        read_url: None,
    };
    let db = Db::open(Settings::at(place, Entropy::system()))
        .await
        .expect("a store");
    // The traced one, ours, and pgbench's, whose clients take a further session each time that they try again.
    let ours = 1 + POSTGRES_TRANSACTIONS * ROUNDS;
    let theirs = 2 * POSTGRES_TRANSACTIONS * ROUNDS;
    let sessions = ours + theirs;
    admin(url.clone(), fill_postgres(sessions)).await;
    let script = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(script.path(), replay(&traced(&db).await, sessions)).expect("a script");
    let next = Arc::new(AtomicI64::new(1));
    let (mut best, mut limit) = (0.0_f64, 0.0_f64);
    for round in 0..ROUNDS {
        best = best.max(through_db(&db, &next, POSTGRES_TRANSACTIONS, sessions).await);
        let first = ours + round * 2 * POSTGRES_TRANSACTIONS;
        limit = limit.max(pgbench(&url, script.path(), first));
    }
    db.close().await;
    admin(
        url_of("postgres"),
        format!("drop database {name} with (force)"),
    )
    .await;
    let limit_name = "pgbench, 32 clients";
    Figures {
        store: "PostgreSQL",
        limit: limit_name,
        ours_per_second: best,
        limit_per_second: limit,
        goal: 0.9,
    }
}

fn fill_postgres(sessions: i64) -> String {
    let mut sql = String::new();
    for (name, columns) in TABLES {
        write!(
            sql,
            "create table {name} (tenant_id text collate \"C\" not null, {columns});
             grant select, insert, update on {name} to regulars_rw;
             alter table {name} enable row level security;
             alter table {name} force row level security;
             create policy tenant on {name} to regulars_rw
               using (tenant_id = current_setting('app.tenant'))
               with check (tenant_id = current_setting('app.tenant'));
             create policy fill on {name} to current_user using (true) with check (true);"
        )
        .expect("writing to a string");
    }
    let tenant = tenant();
    write!(
        sql,
        "insert into bench_sessions select '{tenant}', i, null from generate_series(0, {sessions} - 1) i;
         insert into bench_customers select '{tenant}', i, 0 from generate_series(0, {CUSTOMERS}) i;
         analyze;"
    )
    .expect("writing to a string");
    sql
}

/// The statements that one call issues, as they go over the wire.
async fn traced(db: &Db) -> Vec<String> {
    // The threads of the store are where the statements are traced, so the subscriber is the process's.
    let heard = Arc::new(Mutex::new(Vec::new()));
    let subscriber = tracing_subscriber::registry().with(Ear(Arc::clone(&heard)));
    tracing::subscriber::set_global_default(subscriber).expect("the first subscriber");
    let hot = vec![Hot::of(tenant(), "customer", "1")];
    let scope = Scope::new(tenant(), Clock::system().now(), By::cli());
    db.write(scope, hot, |tx| confirm(tx, 0))
        .await
        .expect("a confirmation");
    let heard = std::mem::take(&mut *heard.lock().expect("the list"));
    assert!(
        heard.iter().any(|sql| sql.starts_with("begin")),
        "the trace is whole: {heard:?}"
    );
    heard
}

struct Ear(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Ear {
    fn enabled(&self, metadata: &tracing::Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.target() == "regulars::sql" && self.0.lock().is_ok_and(|heard| heard.len() < 100)
    }

    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        event.record(&mut Sql(&self.0));
    }
}

struct Sql<'a>(&'a Mutex<Vec<String>>);

impl Visit for Sql<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "sql" {
            self.0.lock().expect("the list").push(value.to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

/// The traced statements as a pgbench script: each parameter is a variable of the client.
fn replay(traced: &[String], sessions: i64) -> String {
    let mut script = format!(
        "\\set session ((:first + :client_id + {IN_FLIGHT} * :turn) * {STRIDE}) % {sessions}\n\
         \\set turn :turn + 1\n\\set customer (:session * {STRIDE}) % {CUSTOMERS}\n"
    );
    for sql in traced {
        for part in sql
            .split(';')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            let names: &[&str] = match part
                .split_whitespace()
                .take(3)
                .collect::<Vec<_>>()
                .join(" ")
                .as_str()
            {
                "select confirmed_at from" => &["session"],
                "update bench_sessions set" => &["session", "now"],
                "update bench_customers set" => &["customer", "points"],
                "insert into bench_ledger" => &["customer", "session", "points", "now"],
                "insert into bench_outbox" => &["session", "now", "data"],
                _ => &[],
            };
            let mut text = part.replace("$1", ":tenant").replace('\n', " ");
            for (place, name) in names.iter().enumerate() {
                text = text.replace(&format!("${}", place + 2), &format!(":{name}"));
            }
            if part.starts_with("select pg_advisory_lock") {
                text = "select pg_advisory_lock(:customer)".into();
            }
            script.push_str(&text);
            script.push_str(";\n");
        }
    }
    script
}

fn pgbench(url: &str, script: &Path, first: i64) -> f64 {
    let bin = std::env::var("REGULARS_TEST_POSTGRES_BIN").expect("run it by `make bench`");
    let each = POSTGRES_TRANSACTIONS / IN_FLIGHT;
    let out = Command::new(Path::new(&bin).join("pgbench"))
        .args([
            "-n",
            "-M",
            "prepared",
            "-c",
            &IN_FLIGHT.to_string(),
            "-j",
            "2",
            "-t",
            &each.to_string(),
        ])
        .args(["--max-tries", "100"])
        .args([
            "-D",
            &format!("tenant={}", tenant()),
            "-D",
            &format!("first={first}"),
            "-D",
            "turn=0",
        ])
        .args([
            "-D",
            "points=10",
            "-D",
            "now=1781258400000000",
            "-D",
            &format!("data={DATA}"),
        ])
        .arg("-f")
        .arg(script)
        .arg(url)
        .env("PGOPTIONS", "-c role=regulars_rw")
        .output()
        .expect("pgbench runs");
    let said = String::from_utf8_lossy(&out.stdout);
    let tps = said.lines().find_map(|line| {
        line.strip_prefix("tps = ")?
            .split_whitespace()
            .next()?
            .parse()
            .ok()
    });
    tps.unwrap_or_else(|| {
        panic!(
            "pgbench said: {said}{}",
            String::from_utf8_lossy(&out.stderr)
        )
    })
}
