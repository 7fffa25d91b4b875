//! Several processes of the server on one store: what there is once is given once, whoever is asked for it.
//!
//! Everything goes over HTTP to the real program, some dozens at a time, each second request to the other process.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::{Value as Json, json};
use server::hall::testing::Store;

use crate::ground::Ground;
use crate::program::Server;

const IN_FLIGHT: usize = 32;
/// How long the first lock of a PIN lasts.
const LOCKED_SECONDS: u64 = 60;
/// How often a request that is told to come again does so.
const TRIES_MAX: usize = 50;

struct Race {
    ground: Ground,
    processes: usize,
    servers: Vec<Server>,
}

type Answer = (u16, Json);

impl Race {
    async fn new(store: Store, processes: usize) -> Race {
        let mut race = Race {
            ground: Ground::new(store).await,
            processes,
            servers: Vec::new(),
        };
        race.begin();
        race
    }

    fn begin(&mut self) {
        self.servers = (0..self.processes).map(|_| self.ground.serve()).collect();
    }

    /// Ends the servers and asks every law.
    fn end(&mut self) {
        for server in self.servers.drain(..) {
            assert!(server.end("TERM").0.success());
        }
        self.ground.verify();
    }

    fn till(&self, rest: &str) -> String {
        format!("/api/v1/tpv/venues/{}{rest}", self.ground.venue)
    }

    fn dashboard(&self, rest: &str) -> String {
        format!("/api/v1/dashboard/venues/{}{rest}", self.ground.venue)
    }

    /// Something that is arranged.
    fn make(&self, path: &str, body: &Json) -> Json {
        let (status, made) = self.post(0, path, body);
        assert_eq!(status, 201, "{path}: {made}");
        made
    }

    fn get(&self, path: &str) -> Json {
        let (status, found) = self.servers[0].get_as(&self.ground.owner, path);
        assert_eq!(status, 200, "{path}: {found}");
        found
    }

    /// As a good client does it: who is told that the server is busy sends the same again under the same key.
    fn post(&self, process: usize, path: &str, body: &Json) -> Answer {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let key = format!("race-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let server = &self.servers[process % self.processes];
        for _ in 0..TRIES_MAX {
            let answer = server.post_keyed(&self.ground.owner, path, &key, body);
            let answer = answer.expect("the server answers");
            if answer.0 != 503 {
                return answer;
            }
        }
        panic!("{path} is still busy");
    }

    /// Asks so many, [`IN_FLIGHT`] at a time; answers in their order.
    fn all(&self, count: usize, ask: impl Fn(usize) -> (String, Json) + Sync) -> Vec<Answer> {
        let (next, answers) = (AtomicUsize::new(0), Mutex::new(vec![None; count]));
        std::thread::scope(|scope| {
            for _ in 0..IN_FLIGHT.min(count) {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= count {
                            return;
                        }
                        let (path, body) = ask(number);
                        // Also those who ask for the same in tens and twenties meet both processes.
                        let answer = self.post(number + number / 20, &path, &body);
                        answers.lock().expect("the list")[number] = Some(answer);
                    }
                });
            }
        });
        let answers = answers.into_inner().expect("the list");
        answers
            .into_iter()
            .map(|one| one.expect("an answer"))
            .collect()
    }

    fn guests(&self, count: usize) -> Vec<Json> {
        let path = self.dashboard("/customers");
        let guests = self.all(count, |number| {
            (
                path.clone(),
                json!({"firstName": format!("Guest {number}")}),
            )
        });
        guests
            .into_iter()
            .map(|(_, guest)| guest["id"].clone())
            .collect()
    }

    /// A code of twenty percent.
    fn coupon(&self, code: &str, limit: &str, most: usize) -> Json {
        let rule = json!({"name": code, "type": "PERCENTAGE", "percent": "20", "scope": "ORDER"});
        let rule = self.make(&self.dashboard("/discounts"), &rule);
        let mut coupon = json!({"code": code, "discountId": rule["id"]});
        coupon[limit] = json!(most);
        self.make(&self.dashboard("/coupons"), &coupon)
    }

    fn uses(&self, coupon: &Json) -> Json {
        let id = coupon["id"].as_str().expect("an id");
        self.get(&self.dashboard(&format!("/coupons/{id}")))["currentUses"].clone()
    }
}

fn sale(code: &str, guest: Option<&Json>) -> Json {
    json!({"customerId": guest, "items": [item(1_000)], "couponCodes": [code], "payments": [{"method": "CARD"}]})
}

fn item(price: i64) -> Json {
    json!({"inline": {"name": "Beer", "unitPrice": {"amount": price, "currency": "USD"}}})
}

/// How many got it; the others were refused for this reason.
#[track_caller]
fn applied(answers: &[Answer], reason: &str) -> usize {
    let mut applied = 0;
    for (status, said) in answers {
        match status {
            201 => {
                assert_eq!(said["totals"]["total"]["amount"], 800, "{said}");
                applied += 1;
            }
            _ => {
                assert_eq!(
                    (*status, &said["code"]),
                    (422, &json!("discount_refused")),
                    "{said}"
                );
                assert_eq!(said["reason"]["code"], reason, "{said}");
            }
        }
    }
    applied
}

/// A code with a hundred uses, and a thousand who want it.
fn a_code_for_a_hundred(race: &Race) {
    let coupon = race.coupon("HUNDRED", "maxUses", 100);
    let path = race.till("/orders");
    let answers = race.all(1_000, |_| (path.clone(), sale("HUNDRED", None)));
    assert_eq!(applied(&answers, "USES_SPENT"), 100);
    assert_eq!(race.uses(&coupon), 100);
}

/// A code for each guest once, and ten tills at which each of twenty tries it.
fn a_code_for_each_once(race: &Race) {
    let coupon = race.coupon("EACH", "maxUsesPerCustomer", 1);
    let (guests, path) = (race.guests(20), race.till("/orders"));
    let answers = race.all(200, |number| {
        (path.clone(), sale("EACH", Some(&guests[number % 20])))
    });
    for guest in 0..20 {
        let own: Vec<Answer> = answers.iter().skip(guest).step_by(20).cloned().collect();
        assert_eq!((own.len(), applied(&own, "CUSTOMER_USES_SPENT")), (10, 1));
    }
    assert_eq!(race.uses(&coupon), 20);
}

/// A thousand guesses at a manager's PIN; answers how many were looked at, and the SQL that finds what is stored.
fn a_pin_that_is_guessed(race: &Race) -> (i64, String) {
    let maja = json!({"name": "Maja", "roles": [{"role": "MANAGER"}]});
    let maja = race.make("/api/v1/chain/staff", &maja);
    let id = maja["id"].as_str().expect("an id");
    let pin = json!({"pin": "2580"});
    let set = race.servers[0].send_as(
        &race.ground.owner,
        "PUT",
        &format!("/api/v1/chain/staff/{id}/pin"),
        &pin,
    );
    assert_eq!(set.expect("an answer").0, 204);
    let order = race.make(&race.till("/orders"), &json!({"items": [item(1_000)]}));
    let path = race.till(&format!(
        "/orders/{}/discounts/manual",
        order["id"].as_str().expect("an id")
    ));
    let comp =
        |pin: &str| json!({"type": "COMP", "reason": "spilled", "authorizedById": id, "pin": pin});

    let began = Instant::now();
    let answers = race.all(1_000, |number| {
        (path.clone(), comp(&format!("1{number:03}")))
    });
    let code = |(status, said): &Answer| {
        assert_eq!(*status, 422, "{said}");
        said["code"].as_str().unwrap_or_default().to_owned()
    };
    let codes: Vec<String> = answers.iter().map(code).collect();
    let checked = codes.iter().filter(|code| *code == "pin_wrong").count();
    let locked = codes.iter().filter(|code| *code == "pin_locked").count();
    assert_eq!(checked + locked, 1_000);
    // The first lock is a minute, and each that is over lets one more be looked at: a slow machine sees some end.
    let over = usize::try_from(began.elapsed().as_secs() / LOCKED_SECONDS).expect("small");
    assert!(
        (5..=5 + over).contains(&checked),
        "{checked} were looked at"
    );
    if over == 0 {
        let right = race.post(1, &path, &comp("2580"));
        assert_eq!(code(&right), "pin_locked", "also the right one waits");
    }
    let stored =
        format!("select failed + 100 * reserved from secret_tries where subject = 'pin:{id}'");
    (i64::try_from(checked).expect("small"), stored)
}

/// Ten orders, each paid at two tills at once.
fn an_order_that_two_tills_pay(race: &Race) {
    let orders = race.all(10, |_| {
        (race.till("/orders"), json!({"items": [item(1_000)]}))
    });
    let payments = |number: usize| {
        let id = orders[number].1["id"].as_str().expect("an id");
        race.till(&format!("/orders/{id}/payments"))
    };
    let answers = race.all(20, |number| {
        (payments(number / 2), json!({"method": "CARD"}))
    });
    for (number, pair) in answers.chunks(2).enumerate() {
        let paid = pair.iter().filter(|(status, _)| *status == 201).count();
        assert_eq!(paid, 1, "{pair:?}");
        let refused = pair.iter().find(|(status, _)| *status != 201);
        let refused = refused.map(|(status, said)| (*status, said["code"].clone()));
        assert_eq!(refused, Some((409, json!("order_not_open"))));
        assert_eq!(
            race.get(&payments(number)).as_array().map(Vec::len),
            Some(1)
        );
    }
}

/// Ten guests with 100 points, each of whom two tills take for an order at once, and then pay.
fn points_that_two_tills_take(race: &Race) {
    let guests = race.guests(10);
    let of = |guest: &Json, rest: &str| {
        race.dashboard(&format!(
            "/customers/{}/loyalty/{rest}",
            guest.as_str().expect("an id")
        ))
    };
    let gift = json!({"points": 100, "reason": "welcome"});
    race.all(10, |number| (of(&guests[number], "adjust"), gift.clone()));
    let tab = |number: usize| json!({"customerId": guests[number / 2], "items": [item(5_000)]});
    let tabs = race.all(20, |number| (race.till("/orders"), tab(number)));
    let at = |number: usize, rest: &str| {
        let id = tabs[number].1["id"].as_str().expect("an id");
        race.till(&format!("/orders/{id}/{rest}"))
    };
    let taken = race.all(20, |number| {
        (at(number, "discounts/points"), json!({"points": 100}))
    });
    for pair in taken.chunks(2) {
        let given = pair.iter().filter(|(status, _)| *status == 201).count();
        assert_eq!(given, 1, "{pair:?}");
        let refused = pair.iter().find(|(status, _)| *status != 201);
        let refused = refused.map(|(status, said)| (*status, said["code"].clone()));
        assert_eq!(refused, Some((422, json!("points_short"))));
    }
    let paid = race.all(20, |number| {
        (at(number, "payments"), json!({"method": "CARD"}))
    });
    assert!(paid.iter().all(|(status, _)| *status == 201), "{paid:?}");
    for guest in &guests {
        let rows = race.get(&of(guest, "transactions"));
        let rows = rows["items"].as_array().expect("rows").iter();
        let spent: Vec<i64> = rows
            .filter(|row| row["kind"] == "REDEEM")
            .filter_map(|row| row["points"].as_i64())
            .collect();
        assert_eq!(spent, [-100]);
        // Both orders earned, one of them on less.
        let balance = race.get(&of(guest, "balance"));
        assert_eq!(
            (&balance["points"], &balance["held"], &balance["debt"]),
            (&json!(99), &json!(0), &json!(0))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_on_one_postgres_give_nothing_twice() {
    let mut race = Race::new(Store::Postgres, 2).await;
    for story in [
        a_code_for_a_hundred,
        a_code_for_each_once,
        an_order_that_two_tills_pay,
        points_that_two_tills_take,
    ] {
        story(&race);
        race.end();
        race.begin();
    }
    let (checked, stored) = a_pin_that_is_guessed(&race);
    race.end();
    assert_eq!(race.ground.number(&stored).await, checked);
    race.ground.clear().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_on_sqlite_gives_nothing_twice() {
    let mut race = Race::new(Store::Sqlite, 1).await;
    for story in [a_code_for_a_hundred, a_code_for_each_once] {
        story(&race);
        race.end();
        race.begin();
    }
    let (checked, stored) = a_pin_that_is_guessed(&race);
    race.end();
    assert_eq!(race.ground.number(&stored).await, checked);
    race.ground.clear().await;
}
