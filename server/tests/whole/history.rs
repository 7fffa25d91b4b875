//! A real history, brought in whole: the CDNOW sample, by the program that was built, on both stores. Each store has
//! a loyalty program of its own, and what it makes of the history is compared with what the file says by itself.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value as Json, json};
use server::hall::testing::Store;
use server::hall::time::Clock;

use crate::ground::Ground;
use crate::program::{Server, stdout};
use crate::reckoning::{Person, Program, Reckoned, generous, plain};

pub const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/cdnow_sample.txt");

fn import(ground: &Ground, file: &Path, more: &[&str]) -> Json {
    let file = file.to_str().expect("a path in UTF-8");
    let mut words = vec![
        "import",
        "transactions",
        file,
        "--format",
        "cdnow",
        "--json",
        "--log",
        "error",
    ];
    words.extend(more);
    let done = ground.run(&words);
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    serde_json::from_str(&stdout(&done)).expect("JSON")
}

const DAY_MICROS: i64 = 86_400_000_000;

async fn the_sample_comes_in_whole_and_once(store: Store, program: &Program) {
    let ground = Ground::new(store).await;
    set_up(&ground, program);
    let reckoned = program.reckon();
    let file = ground.file("history.txt");
    std::fs::write(&file, &reckoned.text).expect("a file");
    let venue = ground.venue.to_string();
    let began = Clock::system().now().as_microsecond();
    let first = import(&ground, &file, &["--venue", &venue]);
    assert_eq!(
        (&first["customersCreated"], &first["ordersCreated"]),
        (&json!(2_357), &json!(6_919))
    );
    assert_eq!(first["amount"], json!(24_409_194));
    assert_eq!(first["points"], json!(reckoned.points()));
    let again = import(&ground, &file, &["--venue", &venue]);
    assert_eq!(
        (&again["customersCreated"], &again["ordersCreated"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(again["ordersKnown"], json!(6_919));
    ground.verify();
    the_tables_say_what_the_file_says(&ground, program, &reckoned, began).await;
    let server = ground.serve();
    let ids = the_api_says_what_the_file_says(&ground, &server, program, &reckoned);
    a_live_order_goes_on_where_the_history_ends(&ground, &server, |customer| {
        program.sale(2_500, reckoned.people[&ids[customer]].tier.as_deref())
    });
    assert!(server.end("TERM").0.success());
    ground.verify();
    ground.clear().await;
}

fn set_up(ground: &Ground, program: &Program) {
    let server = ground.serve();
    for (path, ask) in [("config", &program.config), ("tiers", &program.ladder)] {
        let path = format!("/api/v1/chain/loyalty/{path}");
        let (status, said) = server
            .send_as(&ground.owner, "PUT", &path, ask)
            .expect("an answer");
        assert_eq!(status, 200, "{said}");
    }
    for (place, rule) in program.rules.iter().enumerate() {
        let (path, key) = (
            "/api/v1/chain/loyalty/accrual-rules",
            format!("rule-{place}"),
        );
        let (status, said) = server
            .post_keyed(&ground.owner, path, &key, rule)
            .expect("an answer");
        assert_eq!(status, 201, "{said}");
    }
    assert!(server.end("TERM").0.success());
}

async fn the_tables_say_what_the_file_says(
    ground: &Ground,
    program: &Program,
    reckoned: &Reckoned,
    began: i64,
) {
    for (what, table) in [
        ("loyalty_points", "customers"),
        ("points", "points_ledger"),
        ("open", "points_lots"),
    ] {
        let sum = format!("select cast(sum({what}) as bigint) from {table}");
        assert_eq!(ground.number(&sum).await, reckoned.points(), "{table}");
    }
    let until = Clock::system().now().as_microsecond();
    let ends = match program.lot_days.map(|days| days * DAY_MICROS) {
        Some(lasts) => format!("expires_at between {} and {}", began + lasts, until + lasts),
        None => "expires_at is null".into(),
    };
    let others = format!("select count(*) from points_lots where not ({ends})");
    assert_eq!(ground.number(&others).await, 0, "lots live from the import");
    let counted = reckoned.per_tier();
    for name in program.names() {
        let held = format!("select count(*) from customer_tiers where tier_name = '{name}'");
        let many = counted.get(name).copied().unwrap_or(0);
        assert_eq!(ground.number(&held).await, many, "{name}");
    }
}

/// Person by person, and what all their points are worth; answers who is who in the file.
fn the_api_says_what_the_file_says(
    ground: &Ground,
    server: &Server,
    program: &Program,
    reckoned: &Reckoned,
) -> BTreeMap<String, String> {
    let (mut ids, mut people) = (BTreeMap::new(), BTreeMap::new());
    let list = format!("/api/v1/dashboard/venues/{}/customers", ground.venue);
    for page in 1..=2_357_usize.div_ceil(200) {
        let path = format!("{list}?page={page}&pageSize=200&sort=createdAt");
        let (status, said) = server.get_as(&ground.owner, &path);
        assert_eq!(status, 200, "{said}");
        for one in said["items"].as_array().expect("a page") {
            let text = |at: &str| one.pointer(at).and_then(Json::as_str).map(str::to_owned);
            let count = |at: &str| one.pointer(at).and_then(Json::as_i64).expect("a count");
            let known = text("/externalRefs/0/id").expect("who it is in the file");
            ids.insert(text("/id").expect("an id"), known.clone());
            let person = Person {
                points: count("/loyaltyPoints"),
                visits: count("/totalVisits"),
                spent: count("/totalSpent/amount"),
                tier: text("/tier"),
            };
            people.insert(known, person);
        }
    }
    assert!(
        people == reckoned.people,
        "{}",
        difference(&people, reckoned)
    );
    // No list says what points are worth in all; the preview of another end for every lot does.
    let other_end = if program.lot_days.is_some() {
        Json::Null
    } else {
        json!(400)
    };
    let mut config = program.config.clone();
    config["pointsExpireDays"] = other_end;
    let loyalty = "/api/v1/chain/loyalty/config";
    let put = |config: &Json| server.send_as(&ground.owner, "PUT", loyalty, config);
    assert_eq!(put(&config).expect("an answer").0, 200);
    let preview = format!("{loyalty}/migration/preview");
    let (status, seen) = server
        .send_as(&ground.owner, "POST", &preview, &json!({}))
        .expect("an answer");
    let worth = seen["liabilityChange"][0]["amount"].as_i64().map(i64::abs);
    assert_eq!(
        (status, &seen["isWhole"], &seen["points"], worth),
        (
            200,
            &json!(true),
            &json!(reckoned.points()),
            Some(program.liability(reckoned.points()))
        ),
        "{seen}"
    );
    assert_eq!(put(&program.config).expect("an answer").0, 200);
    ids
}

fn difference(people: &BTreeMap<String, Person>, reckoned: &Reckoned) -> String {
    let others = reckoned
        .people
        .iter()
        .filter(|(id, person)| people.get(*id) != Some(*person));
    let shown = others
        .map(|(id, person)| format!("{id}: the file {person:?}, the API {:?}", people.get(id)));
    shown.take(5).collect::<Vec<_>>().join("\n")
}

fn a_live_order_goes_on_where_the_history_ends(
    ground: &Ground,
    server: &Server,
    earns: impl Fn(&str) -> i64,
) {
    let till = format!("/api/v1/tpv/venues/{}/orders", ground.venue);
    let (status, page) = server.get_as(&ground.owner, &format!("{till}?pageSize=1"));
    assert_eq!((status, &page["total"]), (200, &json!(6_919)));
    let customer = page["items"][0]["customerId"]
        .as_str()
        .expect("a customer")
        .to_owned();
    let balance = format!(
        "/api/v1/dashboard/venues/{}/customers/{customer}/loyalty/balance",
        ground.venue
    );
    let before = server.get_as(&ground.owner, &balance).1["points"]
        .as_i64()
        .expect("points");
    let item = json!({"inline": {"name": "CD", "unitPrice": {"amount": 2_500, "currency": "USD"}}});
    let ask = json!({"customerId": customer, "items": [item], "payments": [{"method": "CARD"}]});
    let (status, placed) = server
        .post_keyed(&ground.owner, &till, "live", &ask)
        .expect("an answer");
    assert_eq!(
        (status, &placed["pointsBalance"]),
        (201, &json!(before + earns(&customer))),
        "{placed}"
    );
}

#[test]
fn two_programs_make_two_things_of_one_history() {
    let (plain_one, generous_one) = (plain().reckon(), generous().reckon());
    assert_eq!(plain_one.people.len(), generous_one.people.len());
    assert!(plain_one.per_tier().is_empty(), "1998 is long ago");
    assert_eq!(generous_one.per_tier().len(), 3, "every tier has somebody");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_comes_in_whole_and_once_on_sqlite() {
    the_sample_comes_in_whole_and_once(Store::Sqlite, &plain()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_comes_in_whole_and_once_on_postgres() {
    the_sample_comes_in_whole_and_once(Store::Postgres, &generous()).await;
}

#[tokio::test]
async fn bad_rows_are_kept_aside_and_good_ones_come_in() {
    let ground = Ground::new(Store::Sqlite).await;
    let file = ground.file("history.txt");
    std::fs::write(
        &file,
        " 00004 0001 19970101  2   29.33\n 00004 0001 19971301  2   29.33\nnonsense\n",
    )
    .expect("a file");
    let venue = ground.venue.to_string();
    let rejected = ground.file("history.txt.rejected.csv");
    let before = venues(&ground);
    for place in [["--venue", &venue], ["--create-venue", "Web shop"]] {
        let dry = import(&ground, &file, &[&place[..], &["--dry-run"]].concat());
        assert_eq!(
            (&dry["processed"], &dry["ordersCreated"], &dry["rejected"]),
            (&json!(1), &json!(0), &json!(2))
        );
        assert_eq!(dry["rejectedFile"], json!(null));
    }
    let elsewhere = ["import", "transactions", "--format", "cdnow", "--dry-run"];
    let elsewhere = [
        &elsewhere[..],
        &["--create-venue", "Web shop", "--zone", "Nowhere/X"],
    ]
    .concat();
    let refused = ground.run(&[&elsewhere[..], &[file.to_str().expect("a path")]].concat());
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("IANA name"));
    assert!(!rejected.exists(), "a dry run writes nothing");
    assert_eq!(venues(&ground), before, "nor does it open a venue");
    let done = import(&ground, &file, &["--venue", &venue]);
    assert_eq!(
        (&done["ordersCreated"], &done["rejected"], &done["venueId"]),
        (&json!(1), &json!(2), &json!(venue))
    );
    let rejected = std::fs::read_to_string(rejected).expect("the rejected rows");
    assert!(
        rejected
            .lines()
            .nth(1)
            .is_some_and(|row| row.starts_with("2,") && row.contains("date")),
        "{rejected}"
    );
}

/// How many venues the chain has.
fn venues(ground: &Ground) -> u64 {
    let server = ground.serve();
    let (status, page) = server.get_as(&ground.owner, "/api/v1/chain/venues");
    assert_eq!(status, 200, "{page}");
    assert!(server.end("TERM").0.success());
    page["total"]
        .as_u64()
        .or(page.as_array().map(|all| all.len() as u64))
        .expect("a count")
}

#[tokio::test]
async fn columns_of_a_file_are_said_by_flags() {
    let ground = Ground::new(Store::Sqlite).await;
    let venue = ground.venue.to_string();
    let run = |name: &str, text: &str, words: &[&str]| {
        let file = ground.file(name);
        std::fs::write(&file, text).expect("a file");
        let file = file.to_str().expect("a path in UTF-8").to_owned();
        let mut all = vec![
            "import",
            "transactions",
            file.as_str(),
            "--json",
            "--log",
            "error",
        ];
        all.extend(["--venue", venue.as_str()]);
        all.extend(words);
        let done = ground.run(&all);
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        (done.status.success(), stdout(&done), said)
    };
    let csv = "When,Who,Paid,Count\n17.05.2024,a-1,29.33,2\n17.05.2024,a-1,29.33,2\n18.05.2024,b-2,0.5,1\n18.05.2024,b-2,free,1\n";
    let by_name = [
        "--format",
        "csv",
        "--map",
        "customer=Who,date=When,amount=Paid,quantity=Count",
        "--date-format",
        "%d.%m.%Y",
        "--system",
        "till",
    ];
    let (_, first, said) = run("history.csv", csv, &by_name);
    let first: Json = serde_json::from_str(&first).expect(&said);
    assert_eq!(
        (&first["customersCreated"], &first["ordersCreated"]),
        (&json!(2), &json!(3))
    );
    assert_eq!(
        (&first["amount"], &first["rejected"]),
        (&json!(5_916), &json!(1))
    );
    // The same purchases at fixed places are the same purchases.
    let fixed = "a-1 2024-05-17   29.33\na-1 2024-05-17   29.33\nb-2 2024-05-18    0.50\n";
    let by_place = [
        "--format",
        "fixed",
        "--map",
        "customer=1-3,date=5-14,amount=15-22",
        "--system",
        "till",
    ];
    let (_, again, said) = run("history.txt", fixed, &by_place);
    let again: Json = serde_json::from_str(&again).expect(&said);
    assert_eq!(
        (&again["ordersCreated"], &again["ordersKnown"]),
        (&json!(0), &json!(3))
    );
    for (words, told) in [
        (
            &["--format", "csv", "--map", "customer=Who,date=When"][..],
            "which column is amount",
        ),
        (
            &[
                "--format",
                "csv",
                "--map",
                "customer=Who,date=When,amount=Total",
            ],
            "no column `Total`",
        ),
        (
            &[
                "--format",
                "csv",
                "--map",
                "customer=Who,date=When,price=Paid",
            ],
            "not `price=Paid`",
        ),
        (
            &[
                "--format",
                "fixed",
                "--map",
                "customer=Who,date=1-2,amount=3-4",
            ],
            "customer=1-8",
        ),
        (
            &["--format", "cdnow", "--map", "customer=1-2"],
            "--format fixed",
        ),
        (
            &[
                "--format",
                "csv",
                "--map",
                "customer=Who,date=When,amount=Paid",
                "--date-format",
                "%d.%m.%Y",
                "--currency",
                "SEK",
            ],
            "name a venue that sells in SEK",
        ),
    ] {
        let (is_good, _, said) = run("history.csv", csv, words);
        assert!(!is_good && said.contains(told), "{words:?}: {said}");
    }
    ground.verify();
}

#[tokio::test]
async fn a_file_that_does_not_fit_is_refused_with_what_to_do() {
    let ground = Ground::new(Store::Sqlite).await;
    let file = ground.file("history.txt");
    std::fs::write(&file, "nothing of this kind\n").expect("a file");
    let name = file.to_str().expect("a path in UTF-8").to_owned();
    let ask = |words: &[&str]| {
        let mut all = vec!["import", "transactions", name.as_str(), "--format", "cdnow"];
        all.extend(words);
        let done = ground.run(&all);
        assert!(!done.status.success());
        String::from_utf8_lossy(&done.stderr).into_owned()
    };
    assert!(ask(&["--venue", &ground.venue.to_string()]).contains("holds no purchase"));
    std::fs::write(&file, " 00004 0001 19970101  2   29.33\n").expect("a file");
    let unknown = ask(&["--venue", "ven_01kab4bqf8e1ftz0c6hqp2v9xw"]);
    assert!(unknown.contains("no such venue"), "{unknown}");
    assert!(ask(&[]).contains("--venue"));
}
