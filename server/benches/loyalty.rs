//! What loyalty costs on SQLite: tiers and streaks inside the transaction that pays, and a guest's own page on a store
//! with few customers and with many.
//!
//! The same payments are made by one chain with a ladder and a streak of its own and by one with neither, in turns; in
//! each turn all guests come on a new day. The first still asks where the guest stands on the ladder that every chain
//! begins with, so a third chain does the work of tiers and streaks twice, the second time for a guest who looks the
//! same: what that costs is their share.
//! `REGULARS_BENCH_CUSTOMERS=100000` makes the larger store smaller.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use futures_util::future::try_join_all;
use http_body_util::BodyExt as _;
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use serde_json::{Value as Json, json};
use server::checkout::{self, Pay};
use server::customers::{self, EditCustomer};
use server::hall::access::Role;
use server::hall::allowance::Taken;
use server::hall::call::Hall;
use server::hall::error::Result;
use server::hall::http::Limits;
use server::hall::id::{CustomerId, OrderId, TenantId, VenueId};
use server::hall::identity::{self, Mode, Venue};
use server::hall::journal::By;
use server::hall::secret::Entropy;
use server::hall::store::{Db, Hot, Place, Scope, Settings, Tx};
use server::hall::testing;
use server::hall::time::Clock;
use server::platform::chain::{self, Founding};
use server::{app, orders, streaks, tiers};
use tower::ServiceExt as _;

/// Who pays in each turn, and how many turns: of seven guests one completes a streak of seven days in each.
const GUESTS: usize = 140;
const TURNS: i64 = 42;
/// Payments on their way at once: they share a commit.
const AT_ONCE: usize = 32;
/// Days of the past year on which each guest has been there.
const PAST_DAYS: i64 = 40;
const SHARE_GOAL: f64 = 20.0;

const FEW: i64 = 1_000;
const MANY: i64 = 1_000_000;
/// Rows of the ledger, open lots and days of each.
const ROWS_EACH: i64 = 5;
const LOTS_EACH: i64 = 2;
const DAYS_EACH: i64 = 3;
const READS: i64 = 3_000;
const RATIO_GOAL: f64 = 1.5;

const NOW: &str = "2026-06-12T10:00:00Z";
const DAY_MICROS: i64 = 86_400_000_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        paying().await;
        reading().await;
    });
}

fn now() -> Timestamp {
    NOW.parse().expect("an instant")
}

fn command<T: serde::de::DeserializeOwned>(value: Json) -> T {
    serde_json::from_value(value).expect("a command")
}

async fn open(file: &Path) -> Db {
    let place = Place::Sqlite { file: file.into() };
    let db = Db::open(Settings::at(place, Entropy::seeded(7))).await;
    db.expect("the store opens")
}

fn found(tx: &mut Tx, tenant: TenantId, slug: &str) -> Result<Venue> {
    let founding = Founding {
        tenant,
        slug: slug.into(),
        name: "Bench".into(),
        mode: Mode::Test,
        language: "en".into(),
        currency: "EUR".into(),
    };
    chain::found(tx, &founding)?;
    let venue = chain::open_venue(tx, &testing::venue("harbour", "EUR"))?;
    Ok(identity::venue(tx, venue)?.expect("the venue was opened"))
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder on the build's disk")
}

/// A chain whose guests pay.
struct Chain {
    name: &'static str,
    tenant: TenantId,
    venue: Venue,
    guests: Vec<CustomerId>,
    /// As many who never pay.
    shadows: Vec<CustomerId>,
    /// Whether tiers and streaks are brought up to date once more after each payment.
    is_twice: bool,
    turns: Vec<Duration>,
    statements: u64,
}

async fn paying() {
    let folder = folder();
    let file = folder.path().join("regulars.db");
    let db = open(&file).await;
    let mut chains = Vec::new();
    for (name, has_rules, is_twice) in [
        ("neither ladder nor streak", false, false),
        ("a ladder and a streak", true, false),
        ("both, and all of it twice", true, true),
    ] {
        chains.push(chain_of(&db, name, has_rules, is_twice).await);
    }
    for chain in &chains {
        past(&file, chain);
    }
    for turn in 0..TURNS {
        let at = now() + SignedDuration::from_hours(24 * turn);
        for place in 0..chains.len() {
            // Whoever begins finds the store as the others left it.
            let place = (place + usize::try_from(turn).unwrap_or(0)) % chains.len();
            pay_all(&db, &mut chains[place], at).await;
        }
    }
    db.close().await;
    say_share(&chains);
}

async fn chain_of(db: &Db, name: &'static str, has_rules: bool, is_twice: bool) -> Chain {
    let tenant: TenantId = Entropy::system().id(now());
    let slug = name.replace([' ', ','], "-");
    let scope = Scope::new(tenant, now(), By::cli()).patient();
    let made = db.write(scope, Vec::new(), move |tx| {
        let venue = found(tx, tenant, &slug)?;
        if has_rules {
            let tier = |name: &str, visits: i64| json!({"name": name, "visits": visits, "points": visits * 100});
            let ladder = json!({"windowDays": 365, "graceDays": 30, "tiers": [{"name": "REGULAR"},
                tier("BRONZE", 5), tier("SILVER", 15), tier("GOLD", 48), tier("PLATINUM", 90)]});
            tiers::put_ladder(tx, None, &command(ladder))?;
            let streak = json!({"name": "A week", "period": "DAY", "length": 7, "bonusPoints": 50});
            streaks::create(tx, None, &command(streak))?;
        }
        let guest = |place: usize| EditCustomer {
            first_name: Some(format!("Guest {place}")),
            ..EditCustomer::default()
        };
        let guests = (0..2 * GUESTS).map(|place| customers::create(tx, &venue, &guest(place)));
        let guests = guests.map(|made| made.map(|one| one.id)).collect::<Result<Vec<_>>>()?;
        Ok((venue, guests))
    });
    let (venue, mut guests) = made.await.expect("the chain is founded");
    let shadows = guests.split_off(GUESTS);
    Chain {
        name,
        tenant,
        venue,
        guests,
        shadows,
        is_twice,
        turns: Vec::new(),
        statements: 0,
    }
}

/// The days that tiers look back at, and streaks that are one to seven days long; the counters of the guests are as new.
fn past(file: &Path, chain: &Chain) {
    let connection = Connection::open(file).expect("the file opens");
    let (tenant, venue) = (chain.tenant, chain.venue.id);
    connection
        .execute_batch(&format!(
            "with recursive d(n) as (select 1 union all select n + 1 from d where n < {PAST_DAYS})
             insert into loyalty_days (tenant_id, customer_id, business_day, venue_id, visits, points, spend)
             select '{tenant}', customer_id, date('2026-06-12', printf('-%d days', n * 8)), '{venue}', 1, 20, 2000
             from customers, d where tenant_id = '{tenant}';
             insert into streak_runs (tenant_id, customer_id, streak_id, last_start, periods)
             select c.tenant_id, c.customer_id, s.streak_id, '2026-06-11',
               1 + row_number() over (order by c.customer_id) % 7
             from customers c join streaks s on s.tenant_id = c.tenant_id where c.tenant_id = '{tenant}';"
        ))
        .expect("the rows");
}

/// Everybody's order is opened, and then paid on the clock.
async fn pay_all(db: &Db, chain: &mut Chain, at: Timestamp) {
    let scope = Scope::new(chain.tenant, at, By::cli()).patient();
    let (venue, guests) = (chain.venue.clone(), chain.guests.clone());
    let opened = db.write(scope.clone(), Vec::new(), move |tx| {
        let open = |guest: &CustomerId| {
            let item = |price: i64| json!({"inline": {"name": "x", "unitPrice": {"amount": price, "currency": "EUR"}}});
            let ask = json!({"customerId": guest, "items": [item(850), item(450), item(700)]});
            orders::open(tx, &venue, orders::Source::Till, &command(ask)).map(|tab| tab.id)
        };
        guests.iter().map(open).collect::<Result<Vec<OrderId>>>()
    });
    let opened = opened.await.expect("orders");
    let before = db.statements();
    let began = Instant::now();
    let asks: Vec<(usize, OrderId)> = opened.into_iter().enumerate().collect();
    for some in asks.chunks(AT_ONCE) {
        let paid = some
            .iter()
            .map(|(place, order)| pay(db, chain, &scope, *place, *order));
        try_join_all(paid).await.expect("payments");
    }
    chain.turns.push(began.elapsed());
    chain.statements += db.statements() - before;
}

async fn pay(db: &Db, chain: &Chain, scope: &Scope, place: usize, order: OrderId) -> Result<()> {
    let (venue, guest) = (chain.venue.clone(), chain.guests[place]);
    let shadow = chain.is_twice.then_some(chain.shadows[place]);
    let hot = vec![
        Hot::of(chain.tenant, "order", &order.to_string()),
        Hot::of(chain.tenant, "customer", &guest.to_string()),
    ];
    let ask: Arc<Pay> = Arc::new(command(json!({"method": "CARD"})));
    db.write(scope.clone(), hot, move |tx| {
        checkout::pay(tx, &venue, order, &ask)?;
        if let Some(shadow) = shadow {
            again(tx, &venue, shadow, order)?;
        }
        Ok(())
    })
    .await
}

/// What the payment did for its guest.
fn again(tx: &mut Tx, venue: &Venue, guest: CustomerId, order: OrderId) -> Result<()> {
    let today = venue.business_day(tx.now());
    let cause = tiers::Cause {
        customer: guest,
        venue: venue.id,
        on: today,
        today,
        visits: 1,
        points: 20,
        spend: 2_000,
        kind: "order",
        id: order.to_string(),
        is_quiet: false,
    };
    tiers::refresh(tx, &cause)?;
    streaks::record(tx, guest, venue.id, today, tx.now()).map(|_| ())
}

fn say_share(chains: &[Chain]) {
    for chain in chains {
        let each = chain
            .turns
            .iter()
            .map(|turn| turn.as_secs_f64() * 1e6 / GUESTS as f64);
        let payments = GUESTS as u64 * chain.turns.len() as u64;
        println!(
            "{:<28} {:>7.0} µs a payment   {:>5.1} statements",
            chain.name,
            median(each),
            chain.statements as f64 / payments as f64,
        );
    }
    // Turn by turn, since whatever else the machine does slows all three of a turn.
    let percent = |more: usize, less: usize| {
        let turns = chains[more].turns.iter().zip(&chains[less].turns);
        let both = turns.zip(&chains[1].turns);
        median(both.map(|((more, less), paid)| {
            (more.as_secs_f64() - less.as_secs_f64()) / paid.as_secs_f64() * 100.0
        }))
    };
    for (what, found) in [
        ("a chain that has both pays more by", percent(1, 0)),
        ("the share of tiers and streaks is", percent(2, 1)),
    ] {
        println!(
            "{what:<36} {found:>5.1} % of the payment (goal {SHARE_GOAL} %){}",
            beyond(found, SHARE_GOAL)
        );
    }
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = figures.collect();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn beyond(found: f64, goal: f64) -> &'static str {
    if found > goal { "   BEYOND" } else { "" }
}

/// What is asked of a guest, over the API: its name and the end of its address.
const QUESTIONS: &[(&str, &str)] = &[
    ("balance", "balance"),
    ("tier progress", "tier"),
    ("history, first page", "transactions"),
];

async fn reading() {
    let many = std::env::var("REGULARS_BENCH_CUSTOMERS");
    let many = many
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(MANY);
    let few = asked_of(FEW).await;
    let many_took = asked_of(many).await;
    println!(
        "{:<22} {FEW:>9} customers {many:>12} customers   ratio (goal {RATIO_GOAL})",
        "median (p99), µs"
    );
    for (place, (name, _)) in QUESTIONS.iter().enumerate() {
        let (small, large) = (&few[place], &many_took[place]);
        let ratio = at(large, 50) / at(small, 50);
        println!(
            "{name:<22} {:>10.0} ({:>5.0}) {:>15.0} ({:>5.0})       {ratio:.2}{}",
            at(small, 50),
            at(small, 99),
            at(large, 50),
            at(large, 99),
            beyond(ratio, RATIO_GOAL),
        );
    }
}

/// Of sorted times, in microseconds.
fn at(took: &[Duration], percent: usize) -> f64 {
    let place = (took.len() * percent / 100).min(took.len() - 1);
    took[place].as_secs_f64() * 1e6
}

/// How long each question takes on a store of so many, sorted: guests anywhere in it, each asked once, by whoever
/// holds a key and without the network between.
async fn asked_of(customers: i64) -> Vec<Vec<Duration>> {
    let folder = folder();
    let file = folder.path().join("regulars.db");
    let db = open(&file).await;
    let tenant: TenantId = Entropy::system().id(now());
    let scope = Scope::new(tenant, now(), By::cli()).patient();
    let made = db.write(scope.clone(), Vec::new(), move |tx| {
        let venue = found(tx, tenant, "bench")?;
        let streak = json!({"name": "A week", "period": "DAY", "length": 7, "bonusPoints": 50});
        streaks::create(tx, None, &command(streak))?;
        let key = chain::mint_key(tx, "console", Role::Staff, &[])?.1;
        Ok((venue, key.expose().to_owned()))
    });
    let (venue, key) = made.await.expect("the chain is founded");
    db.close().await;
    let began = Instant::now();
    fill(&file, tenant, &venue, customers);
    let bytes = std::fs::metadata(&file).map_or(0, |file| file.len());
    println!(
        "{customers} customers in {:.1?}, {} MiB",
        began.elapsed(),
        bytes >> 20
    );
    let db = open(&file).await;
    let hall = Hall {
        db: db.clone(),
        clock: Clock::system(),
        entropy: Entropy::system(),
        master: Arc::new([7; 32]),
        public_url: "http://regulars.test".into(),
        rooms: app::ROOMS,
        taken: Taken::default(),
    };
    let desk = Desk {
        router: app::router(hall, &Limits::default()),
        key,
        venue: venue.id,
        customers,
    };
    let mut all = Vec::new();
    for (_, question) in QUESTIONS {
        desk.ask(question, READS / 10).await;
        let mut took = desk.ask(question, READS).await;
        took.sort_unstable();
        all.push(took);
    }
    db.close().await;
    all
}

/// Where somebody asks about guests.
struct Desk {
    router: axum::Router,
    key: String,
    venue: VenueId,
    customers: i64,
}

impl Desk {
    async fn ask(&self, question: &str, reads: i64) -> Vec<Duration> {
        let mut took = Vec::new();
        for number in 0..reads {
            let guest = key(number * 7_919_003 % self.customers);
            let path = format!(
                "/api/v1/dashboard/venues/{}/customers/{guest}/loyalty/{question}",
                self.venue
            );
            let asked = Request::get(path)
                .header("authorization", format!("Bearer {}", self.key))
                .body(Body::empty());
            let asked = asked.expect("a request");
            let began = Instant::now();
            let answer = self.router.clone().oneshot(asked).await.expect("an answer");
            let status = answer.status();
            answer.into_body().collect().await.expect("a body");
            took.push(began.elapsed());
            assert_eq!(status, 200, "{question}");
        }
        took
    }
}

fn key(number: i64) -> String {
    format!("cus_01kab{number:021}")
}

/// Customers with their ledgers, lots, days and tiers, each in the order of its key.
fn fill(file: &Path, tenant: TenantId, venue: &Venue, customers: i64) {
    let connection = Connection::open(file).expect("the file opens");
    let (now, venue) = (now().as_microsecond(), venue.id);
    let series = |name: &str, most: i64| {
        format!("{name}(s) as (select 1 union all select s + 1 from {name} where s < {most})")
    };
    let people = format!(
        "with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < {customers})"
    );
    let key = "printf('cus_01kab%021d', i)";
    let (rows, lots, days) = (
        series("e", ROWS_EACH),
        series("e", LOTS_EACH),
        series("e", DAYS_EACH),
    );
    connection
        .execute_batch(&format!(
            "pragma journal_mode = wal; pragma synchronous = off; pragma cache_size = -256000; begin;
             insert into customers (tenant_id, customer_id, sort_name, language, source, loyalty_points, ledger_rows,
               last_seen_at, created_at, updated_at, tier)
             {people} select '{tenant}', {key}, 'x', 'en', 'STAFF', 50 * {LOTS_EACH}, {ROWS_EACH}, 1, 1, 1, 'BRONZE'
             from n;
             insert into points_ledger (tenant_id, customer_id, seq, ledger_id, kind, points, balance_after,
               cause_kind, cause_id, purchase_id, earn_kind, policy, at)
             {people}, {rows} select '{tenant}', {key}, s, printf('led_01kab%015d%06d', i, s), 'EARN', 50, 50 * s,
               'order', printf('ord_01kab%015d%06d', i, s), printf('ord_01kab%015d%06d', i, s), 'SPEND', '{{}}',
               {now} - {DAY_MICROS} * s from n, e;
             insert into points_lots (tenant_id, customer_id, lot_id, ledger_seq, earned_at, expires_at, earned, open,
               reminder_days)
             {people}, {lots} select '{tenant}', {key}, printf('lot_01kab%015d%06d', i, s), s, 1,
               {now} + {DAY_MICROS} * (100 + s), 50, 50, 0 from n, e;
             insert into loyalty_days (tenant_id, customer_id, business_day, venue_id, visits, points, spend)
             {people}, {days} select '{tenant}', {key}, date('2026-06-12', printf('-%d days', s * 20)), '{venue}',
               2, 100, 10000 from n, e;
             insert into customer_tiers (tenant_id, customer_id, tier_id, tier_name, rank, since, review_on, changes)
             {people} select '{tenant}', {key}, 'tir_00000000000000000000000002', 'BRONZE', 1, 1, '2027-06-01', 1
             from n;
             commit; analyze; pragma wal_checkpoint(truncate);"
        ))
        .expect("the rows");
}
