//! A real history, brought in whole: the CDNOW sample, by the program that was built, on both stores.

use std::path::Path;

use serde_json::{Value as Json, json};
use server::hall::testing::Store;

use crate::ground::Ground;
use crate::program::stdout;

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/cdnow_sample.txt");

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

/// A point for each whole dollar of each purchase, summed over the columns of the file.
fn whole_dollars() -> i64 {
    let text = std::fs::read_to_string(SAMPLE).expect("the sample");
    let dollars = text
        .lines()
        .filter_map(|line| line.split_whitespace().nth(4)?.split('.').next());
    dollars
        .map(|dollars| dollars.parse::<i64>().expect("a number"))
        .sum()
}

async fn the_sample_comes_in_whole_and_once(store: Store) {
    let ground = Ground::new(store).await;
    let venue = ground.venue.to_string();
    let first = import(&ground, Path::new(SAMPLE), &["--venue", &venue]);
    assert_eq!(
        (&first["customersCreated"], &first["ordersCreated"]),
        (&json!(2_357), &json!(6_919))
    );
    assert_eq!(first["amount"], json!(24_409_194));
    assert_eq!(first["points"], json!(whole_dollars()));
    let again = import(&ground, Path::new(SAMPLE), &["--venue", &venue]);
    assert_eq!(
        (&again["customersCreated"], &again["ordersCreated"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(again["ordersKnown"], json!(6_919));
    ground.verify();
    a_live_order_goes_on_where_the_history_ends(&ground);
    ground.verify();
    ground.clear().await;
}

fn a_live_order_goes_on_where_the_history_ends(ground: &Ground) {
    let server = ground.serve();
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
        (201, &json!(before + 25)),
        "{placed}"
    );
    assert!(server.end("TERM").0.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_comes_in_whole_and_once_on_sqlite() {
    the_sample_comes_in_whole_and_once(Store::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_comes_in_whole_and_once_on_postgres() {
    the_sample_comes_in_whole_and_once(Store::Postgres).await;
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
    assert!(!rejected.exists(), "a dry run writes nothing");
    assert_eq!(venues(&ground), before, "nor does it open a venue");
    let done = import(&ground, &file, &["--venue", &venue]);
    assert_eq!(
        (&done["ordersCreated"], &done["rejected"]),
        (&json!(1), &json!(2))
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
