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
    let dry = import(&ground, &file, &["--venue", &venue, "--dry-run"]);
    assert_eq!(
        (&dry["processed"], &dry["ordersCreated"]),
        (&json!(1), &json!(0))
    );
    let done = import(&ground, &file, &["--venue", &venue]);
    assert_eq!(
        (&done["ordersCreated"], &done["rejected"]),
        (&json!(1), &json!(2))
    );
    let rejected = std::fs::read_to_string(ground.file("history.txt.rejected.csv"))
        .expect("the rejected rows");
    assert!(
        rejected
            .lines()
            .nth(1)
            .is_some_and(|row| row.starts_with("2,") && row.contains("date")),
        "{rejected}"
    );
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
