//! `kill -9` under load: what was acknowledged is there exactly once, what is unknown ends as one when it is
//! sent again under its key, and every law holds each time.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use server::hall::testing::Store;

use crate::ground::Ground;
use crate::program::Server;

const CLIENTS: usize = 6;
/// The load runs this long, and a little longer each round, so that the blow falls at other lines.
const LOAD: Duration = Duration::from_millis(150);

/// What the clients know: a key with its order where the server answered, without one where it did not.
#[derive(Default)]
struct Told {
    answered: HashMap<String, String>,
    unknown: Vec<String>,
}

fn ask(key: &str) -> Json {
    let item = json!({"inline": {"name": key, "unitPrice": {"amount": 1_250, "currency": "USD"}}, "quantity": "2"});
    json!({"items": [item], "payments": [{"method": "CASH"}]})
}

/// Clients that order and pay in one call until the server is gone.
fn load(ground: &Ground, server: &Server, path: &str, told: &Mutex<Told>, time: Duration) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                while !ended.load(Ordering::Relaxed) {
                    let key = format!("key-{}", NEXT.fetch_add(1, Ordering::Relaxed));
                    let answer = server.post_keyed(&ground.owner, path, &key, &ask(&key));
                    let mut told = told.lock().expect("the list");
                    match answer {
                        Some((201, placed)) => {
                            let order = placed["id"].as_str().expect("an id").to_owned();
                            told.answered.insert(key, order);
                        }
                        Some((status, problem)) => panic!("{status} {problem}"),
                        None => told.unknown.push(key),
                    }
                }
            });
        }
        let began = Instant::now();
        while began.elapsed() < time {
            std::thread::yield_now();
        }
        server.kill();
        ended.store(true, Ordering::Relaxed);
    });
}

async fn nothing_acknowledged_is_lost(store: Store, rounds: u32) {
    let ground = Ground::new(store).await;
    let path = format!("/api/v1/tpv/venues/{}/orders", ground.venue);
    let told = Mutex::new(Told::default());
    for round in 0..rounds {
        load(
            &ground,
            &ground.serve(),
            &path,
            &told,
            LOAD + Duration::from_millis(17) * round,
        );
        ground.verify();
        let server = ground.serve();
        let mut told = told.lock().expect("the list");
        for key in std::mem::take(&mut told.unknown) {
            let (status, placed) = server
                .post_keyed(&ground.owner, &path, &key, &ask(&key))
                .expect("an answer");
            assert_eq!(status, 201, "{placed}");
            let order = placed["id"].as_str().expect("an id").to_owned();
            assert!(told.answered.insert(key, order).is_none());
        }
        for (key, order) in &told.answered {
            let (status, payments) =
                server.get_as(&ground.owner, &format!("{path}/{order}/payments"));
            let once = status == 200
                && payments
                    .as_array()
                    .is_some_and(|payments| payments.len() == 1);
            assert!(once, "{key}: {status} {payments}");
        }
        let (_, page) = server.get_as(&ground.owner, &format!("{path}?status=PAID&pageSize=1"));
        assert_eq!(
            page["total"],
            json!(told.answered.len()),
            "each key is one order, and no order is without"
        );
        assert!(server.end("TERM").0.success());
        ground.verify();
    }
    let paid = told.lock().expect("the list").answered.len();
    assert!(
        paid as u32 > rounds,
        "the load was no load: {paid} orders in {rounds} rounds"
    );
    ground.clear().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_kills_on_sqlite_lose_nothing() {
    nothing_acknowledged_is_lost(Store::Sqlite, 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_kills_on_postgres_lose_nothing() {
    nothing_acknowledged_is_lost(Store::Postgres, 5).await;
}
