//! A guest comes back, rises, is told how far the next tier is, and falls when the days have gone by.

use futures_util::future::join_all;
use jiff::SignedDuration;
use jiff::civil::Date;
use serde_json::{Value as Json, json};

use super::store;
use super::{Cause, refresh, standing};
use crate::both_stores;
use crate::customers;
use crate::hall::access::Role;
use crate::hall::error::{Error, Result};
use crate::hall::id::CustomerId;
use crate::hall::journal::By;
use crate::hall::store::{Scope, Tx, plan};
use crate::hall::testing::{Said, Store, TestApp};
use crate::jobs::run_due;
use crate::params;
use crate::platform::sessions::{self, Whose};

const CHAIN: &str = "/api/v1/chain/loyalty/tiers";

fn day(text: &str) -> Date {
    text.parse().expect("a date")
}

/// Tests begin on this day.
fn first_day() -> Date {
    day("2026-06-12")
}

/// Three tiers by visits and spend, in thirty days.
fn ladder() -> Json {
    json!({"windowDays": 30, "graceDays": 0, "tiers": [
        {"name": "REGULAR"},
        {"name": "SILVER", "visits": 2, "spend": {"amount": 10_000, "currency": "EUR"},
         "benefits": {"discountPercent": "5"}},
        {"name": "GOLD", "visits": 4, "spend": {"amount": 50_000, "currency": "EUR"},
         "benefits": {"discountPercent": "10", "multiplier": "1.5", "perks": ["A coffee on the house"]}},
    ]})
}

fn cause(app: &TestApp, customer: CustomerId, today: Date) -> Cause {
    Cause {
        customer,
        venue: app.venue,
        on: today,
        today,
        visits: 0,
        points: 0,
        spend: 0,
        kind: "order",
        id: "ord_1".into(),
        is_quiet: false,
    }
}

/// Counts it, with a report that its spend comes of.
fn count(tx: &mut Tx, cause: &Cause) -> Result<Option<super::Change>> {
    report(tx, cause)?;
    refresh(tx, cause)
}

fn report(tx: &mut Tx, cause: &Cause) -> Result<()> {
    tx.exec(
        "insert into reported_purchases (tenant_id, system, external_id, purchase_id, venue_id, customer_id, amount,
           currency, at, state, points, reported_at, spend)
         values ($1, 'test', $2, 'test/' || $2, $3, $2, 0, 'EUR', 0, 'EARNED', 0, 0, 0)
         on conflict (tenant_id, system, external_id) do nothing",
        params![cause.customer, cause.venue],
    )?;
    tx.exec(
        "update reported_purchases set spend = spend + $3 where tenant_id = $1 and external_id = $2",
        params![cause.customer, cause.spend],
    )
    .map(|_| ())
}

/// The guest comes today and spends so much.
async fn visit(app: &TestApp, guest: CustomerId, spend: i64) -> Option<super::Change> {
    let (venue, now) = (app.venue, app.now());
    let today = first_day().saturating_add(now.duration_since(crate::hall::testing::noon()));
    let ask = cause(app, guest, today);
    app.write(move |tx| {
        let opens =
            customers::record_visit(tx, guest, venue, today, &format!("{guest}/{today}"), now)?;
        let visits = i64::from(opens);
        count(
            tx,
            &Cause {
                visits,
                spend,
                ..ask.clone()
            },
        )
    })
    .await
}

async fn progress(app: &TestApp, guest: CustomerId) -> Json {
    let path = app.dashboard(&format!("/customers/{guest}/loyalty/tier"));
    app.staff().get(&path).await.is(200).json.clone()
}

async fn tier(app: &TestApp, guest: CustomerId) -> String {
    let standing = app.write(move |tx| standing(tx, guest)).await;
    let shown = progress(app, guest).await;
    assert_eq!(shown["tier"]["name"], json!(standing.name));
    standing.name
}

async fn badge(app: &TestApp, name: &str) -> Json {
    let found = app
        .staff()
        .get(&app.till(&format!("/customers/search?q={name}")))
        .await;
    found.is(200).json[0]["tier"].clone()
}

/// Events of changes.
async fn told(app: &TestApp) -> i64 {
    let count = app.write(|tx| {
        let row = tx.one(
            "select count(*) from outbox where tenant_id = $1 and type = 'tier.changed'",
            &[],
        )?;
        row.get(0)
    });
    count.await
}

async fn days_later(app: &TestApp, days: i64) {
    app.advance(SignedDuration::from_hours(24 * days));
    run_due(&app.hall, None).await.expect("the jobs run");
}

async fn reward(app: &TestApp) -> String {
    let ask = json!({"name": "Five off", "pointsCost": 400, "kind": "AMOUNT_OFF",
        "value": {"amount": 500, "currency": "EUR"}});
    let made = app
        .manager()
        .post("/api/v1/chain/loyalty/rewards", ask)
        .await;
    made.is(201).text("/id")
}

async fn vouchers(app: &TestApp, guest: CustomerId) -> Vec<String> {
    let path = app.dashboard(&format!("/customers/{guest}/loyalty/vouchers"));
    let all = app.staff().get(&path).await;
    let items = all.is(200).json["items"].as_array().expect("a list");
    let status = |one: &Json| one["status"].as_str().unwrap_or_default().to_owned();
    items.iter().map(status).collect()
}

async fn sale(app: &TestApp, guest: CustomerId, amount: i64, codes: Json) -> Said {
    let ask = json!({
        "customerId": guest, "couponCodes": codes, "payments": [{"method": "CARD"}],
        "items": [{"inline": {"name": "Beer", "unitPrice": {"amount": amount, "currency": "EUR"}}}],
    });
    let sold = app.staff().post(&app.till("/orders"), ask).await;
    sold.is(201);
    sold
}

async fn refund(app: &TestApp, sold: &Said) {
    let path = app.till(&format!("/orders/{}/refunds", sold.text("/id")));
    let back = app.manager().post(&path, json!({"reason": "cold"})).await;
    back.is(201);
}

both_stores! {
    async fn each_tier_that_is_reached_gives_its_voucher_once(app: TestApp) {
        let mut ask = ladder();
        for place in [1, 2] {
            ask["tiers"][place]["benefits"]["rewardId"] = json!(reward(&app).await);
        }
        let set = app.manager().put(CHAIN, ask.clone()).await;
        assert_eq!(set.is(200).json["tiers"][1]["benefits"]["rewardId"], ask["tiers"][1]["benefits"]["rewardId"]);
        let guest = app.customer("Noor").await;
        let path = app.dashboard(&format!("/customers/{guest}/loyalty/vouchers"));
        visit(&app, guest, 50_000).await.expect("a rise past SILVER");
        let both = app.staff().get(&path).await;
        assert_eq!((both.is(200).int("/total"), both.text("/items/0/causeKind"), both.text("/items/0/status")),
            (2, "tier".into(), "READY".into()));
        days_later(&app, 30).await;
        assert_eq!(tier(&app, guest).await, "REGULAR");
        assert_eq!(visit(&app, guest, 50_000).await.expect("a rise").to.rank, 2);
        assert_eq!(vouchers(&app, guest).await, ["READY", "READY"]);
        assert_eq!(visit(&app, guest, -50_000).await.expect("a fall").to.rank, 0);
        assert_eq!(vouchers(&app, guest).await, ["READY", "READY"], "an earlier rise gave them");
        ask["tiers"][0]["benefits"] = json!({"rewardId": ask["tiers"][1]["benefits"]["rewardId"]});
        ask["tiers"][2]["benefits"]["rewardId"] = json!("rwd_7fffffffffffffffffffffffff");
        let wrong = app.manager().put(CHAIN, ask).await;
        wrong.is_problem(422, "invalid");
        assert_eq!((wrong.text("/errors/0/pointer"), wrong.text("/errors/1/pointer")),
            ("/tiers/0/benefits/rewardId".into(), "/tiers/2/benefits/rewardId".into()));
    }

    async fn a_refund_that_takes_the_rise_back_takes_its_voucher_too(app: TestApp) {
        let mut ask = ladder();
        ask["tiers"][1]["benefits"]["rewardId"] = json!(reward(&app).await);
        app.manager().put(CHAIN, ask).await.is(200);
        let guest = app.customer("Noor").await;
        let wrong = sale(&app, guest, 10_000, json!([])).await;
        assert_eq!(vouchers(&app, guest).await, ["READY"]);
        refund(&app, &wrong).await;
        assert_eq!((tier(&app, guest).await.as_str(), vouchers(&app, guest).await), ("REGULAR", vec!["CANCELLED".into()]));
        let right = sale(&app, guest, 10_000, json!([])).await;
        assert_eq!(vouchers(&app, guest).await, ["READY", "CANCELLED"], "the tier is reached once more");
        let code = app.staff().get(&app.dashboard(&format!("/customers/{guest}/loyalty/vouchers"))).await
            .text("/items/0/code");
        sale(&app, guest, 1_000, json!([code])).await;
        refund(&app, &right).await;
        sale(&app, guest, 10_000, json!([])).await;
        assert_eq!(vouchers(&app, guest).await, ["USED", "CANCELLED"], "what is used stays, and is the tier's");
    }

    async fn who_has_fallen_by_days_keeps_the_voucher_when_a_refund_comes_before_the_review(app: TestApp) {
        let mut ask = ladder();
        ask["tiers"][1]["benefits"]["rewardId"] = json!(reward(&app).await);
        app.manager().put(CHAIN, ask).await.is(200);
        let guest = app.customer("Noor").await;
        sale(&app, guest, 10_000, json!([])).await;
        days_later(&app, 20).await;
        let late = sale(&app, guest, 100, json!([])).await;
        app.advance(SignedDuration::from_hours(24 * 12));
        refund(&app, &late).await;
        assert_eq!((tier(&app, guest).await.as_str(), vouchers(&app, guest).await), ("REGULAR", vec!["READY".into()]));
    }

    async fn a_guest_rises_by_coming_back_and_falls_when_the_days_are_gone(app: TestApp) {
        app.manager().put(CHAIN, ladder()).await.is(200);
        let guest = app.customer("Noor").await;
        assert_eq!(tier(&app, guest).await, "REGULAR");
        assert!(visit(&app, guest, 500).await.is_none());
        let halfway = progress(&app, guest).await;
        assert_eq!(halfway["sentence"], "1 visit from SILVER and its 5 %.");
        assert_eq!(
            json!([halfway["metric"], halfway["have"], halfway["need"], halfway["fraction"], halfway["keepUntil"]]),
            json!(["VISITS", 1, 2, "0.50", null])
        );
        assert_eq!(badge(&app, "noor").await, Json::Null);
        days_later(&app, 5).await;
        let change = visit(&app, guest, 500).await.expect("a rise");
        assert_eq!((change.from.name.as_str(), change.to.name.as_str()), ("REGULAR", "SILVER"));
        assert_eq!(badge(&app, "noor").await, "SILVER");
        assert_eq!(progress(&app, guest).await["keepUntil"], "2026-07-11");
        days_later(&app, 24).await;
        assert_eq!(tier(&app, guest).await, "SILVER", "11 July is the last day");
        days_later(&app, 1).await;
        assert_eq!(tier(&app, guest).await, "REGULAR");
        assert_eq!(badge(&app, "noor").await, Json::Null);
        let path = app.dashboard(&format!("/customers/{guest}/loyalty/tier-changes"));
        let changes = app.staff().get(&path).await;
        assert_eq!((changes.is(200).int("/total"), changes.text("/items/0/causeKind")), (2, "job".into()));
        assert_eq!(changes.json["items"][1]["reckoning"]["figures"], json!({"visits": 2, "points": 0, "spend": 1_000}));
        assert_eq!(changes.int("/items/1/ladderVersion"), 1);
        assert_eq!(told(&app).await, 2);
    }

    async fn a_refund_takes_from_its_own_day_and_demotes_at_once(app: TestApp) {
        let mut graceful = ladder();
        graceful["graceDays"] = json!(30);
        app.manager().put(CHAIN, graceful).await.is(200);
        let guest = app.customer("Noor").await;
        visit(&app, guest, 2_000).await;
        let before = progress(&app, guest).await;
        days_later(&app, 2).await;
        let rise = visit(&app, guest, 50_000).await.expect("a rise");
        assert_eq!((rise.from.rank, rise.to.rank), (0, 2), "past the one between");
        let (app_venue, bought) = (app.venue, day("2026-06-14"));
        days_later(&app, 3).await;
        let refund = Cause { visits: -1, spend: -50_000, on: bought, kind: "refund", ..cause(&app, guest, day("2026-06-17")) };
        let fall = app.write(move |tx| {
            customers::undo_visit(tx, guest, app_venue, bought)?;
            count(tx, &Cause { venue: app_venue, ..refund.clone() })
        }).await;
        assert_eq!(fall.expect("a fall").to.name, "REGULAR");
        let after = progress(&app, guest).await;
        assert_eq!((&after["tier"], &after["have"], &after["sentence"]), (&before["tier"], &before["have"], &before["sentence"]));
        assert_eq!(badge(&app, "noor").await, Json::Null);
    }

    async fn a_refund_counts_off_what_was_earned_also_where_it_has_expired(app: TestApp) {
        let by_points = json!({"windowDays": 30, "tiers": [{"name": "REGULAR"}, {"name": "SILVER", "points": 100}]});
        app.manager().put(CHAIN, by_points).await.is(200);
        app.manager().put("/api/v1/chain/loyalty/config", json!({"pointsExpireDays": 10})).await.is(200);
        let guest = app.customer("Noor").await;
        let sold = sale(&app, guest, 10_000, json!([])).await;
        days_later(&app, 11).await;
        assert_eq!(tier(&app, guest).await, "SILVER", "what expires was earned");
        refund(&app, &sold).await;
        assert_eq!(tier(&app, guest).await, "REGULAR");
        let points = app.staff().get(&app.dashboard(&format!("/customers/{guest}/loyalty/balance"))).await;
        assert_eq!(points.is(200).int("/points"), 0);
    }

    async fn grace_holds_a_tier_whose_days_are_gone(app: TestApp) {
        let mut graceful = ladder();
        graceful["graceDays"] = json!(10);
        app.manager().put(CHAIN, graceful).await.is(200);
        let guest = app.customer("Noor").await;
        visit(&app, guest, 10_000).await.expect("a rise");
        days_later(&app, 35).await;
        let held = progress(&app, guest).await;
        assert_eq!(held["sentence"], "4 visits from GOLD and its 10 %. SILVER is kept until 21 July 2026.");
        days_later(&app, 4).await;
        assert_eq!(tier(&app, guest).await, "SILVER");
        days_later(&app, 1).await;
        assert_eq!(tier(&app, guest).await, "REGULAR");
    }

    async fn a_tier_waits_where_the_pace_is_bounded(app: TestApp) {
        let mut slow = ladder();
        slow["velocity"] = json!({"tiers": 1, "days": 7});
        app.manager().put(CHAIN, slow).await.is(200);
        let guest = app.customer("Noor").await;
        let rise = visit(&app, guest, 50_000).await.expect("a rise");
        assert_eq!((rise.to.name.as_str(), rise.reckoning.earned.name.as_str()), ("SILVER", "GOLD"));
        assert_eq!(progress(&app, guest).await["sentence"], "GOLD is earned and comes in its time.");
        days_later(&app, 5).await;
        assert!(visit(&app, guest, 1_000).await.is_none(), "it waits");
        days_later(&app, 3).await;
        assert_eq!(tier(&app, guest).await, "GOLD", "and came with nobody asking");
    }

    async fn a_tier_that_is_put_between_slows_nobody_down(app: TestApp) {
        let mut slow = ladder();
        slow["velocity"] = json!({"tiers": 1, "days": 7});
        let first = app.manager().put(CHAIN, slow.clone()).await;
        let guest = app.customer("Noor").await;
        visit(&app, guest, 10_000).await.expect("a rise to SILVER");
        days_later(&app, 8).await;
        for place in [1, 2] {
            slow["tiers"][place]["id"] = first.is(200).json["tiers"][place]["id"].clone();
        }
        let bronze = json!({"name": "BRONZE", "spend": {"amount": 5_000, "currency": "EUR"}});
        slow["tiers"].as_array_mut().expect("tiers").insert(1, bronze);
        app.manager().put(CHAIN, slow).await.is(200);
        let rise = visit(&app, guest, 45_000).await.expect("a rise by one");
        assert_eq!((rise.from.name.as_str(), rise.to.name.as_str()), ("SILVER", "GOLD"));
    }

    async fn an_edit_of_the_ladder_reaches_everybody(app: TestApp) {
        let first = app.manager().put(CHAIN, ladder()).await;
        let (noor, bo) = (app.customer("Noor").await, app.customer("Bo").await);
        visit(&app, noor, 10_000).await.expect("a rise");
        assert!(visit(&app, bo, 5_000).await.is_none());
        let silver = first.json["tiers"][1]["id"].clone();
        let mut lower = ladder();
        lower["tiers"][1]["id"] = silver;
        lower["tiers"][1]["name"] = json!("STERLING");
        lower["tiers"][1]["spend"]["amount"] = json!(5_000);
        let current = [("if-match", "\"v1\"")];
        app.manager().send(axum::http::Method::PUT, CHAIN, Some(lower.clone()), &current).await.is(200);
        app.manager().send(axum::http::Method::PUT, CHAIN, Some(lower), &current).await.is_problem(412, "stale");
        assert_eq!(tier(&app, noor).await, "STERLING", "the name at once");
        days_later(&app, 1).await;
        assert_eq!((badge(&app, "noor").await, badge(&app, "bo").await), (json!("STERLING"), json!("STERLING")));
        // A tier that is left out ends for those who hold it.
        let mut short = ladder();
        short["tiers"].as_array_mut().expect("tiers").remove(1);
        app.manager().put(CHAIN, short).await.is(200);
        assert_eq!(tier(&app, bo).await, "REGULAR");
        days_later(&app, 1).await;
        assert_eq!(badge(&app, "bo").await, Json::Null);
        let path = app.dashboard(&format!("/customers/{bo}/loyalty/tier-changes"));
        assert_eq!(app.staff().get(&path).await.text("/items/0/from/name"), "STERLING");
    }

    async fn every_chain_begins_with_names_that_give_nothing_away(app: TestApp) {
        let shown = app.staff().get(&app.dashboard("/loyalty/tiers")).await;
        assert_eq!((shown.is(200).header("etag"), shown.text("/tiers/4/name")), (Some("\"v0\""), "PLATINUM".into()));
        for tier in shown.json["tiers"].as_array().expect("tiers") {
            assert_eq!(tier["benefits"], json!({"discountPercent": null, "multiplier": null, "perks": []}));
        }
        let guest = app.customer("Noor").await;
        let standing = app.write(move |tx| standing(tx, guest)).await;
        assert_eq!((standing.name.as_str(), standing.percent, standing.multiplier), ("REGULAR", None, None));
    }

    async fn what_is_no_ladder_is_told_why(app: TestApp) {
        let with = |pointer: &str, value: Json| {
            let mut wrong = ladder();
            *wrong.pointer_mut(pointer).expect("a place") = value;
            wrong
        };
        for (wrong, pointer, code) in [
            (with("/tiers", json!([])), "/tiers", "invalid_length"),
            (with("/windowDays", json!(0)), "/windowDays", "out_of_range"),
            (with("/windowDays", json!(732)), "/windowDays", "out_of_range"),
            (with("/graceDays", json!(367)), "/graceDays", "out_of_range"),
            (with("/tiers/0", json!({"name": "REGULAR", "visits": 1})), "/tiers/0", "not_allowed"),
            (with("/tiers/1", json!({"name": "SILVER"})), "/tiers/1", "missing"),
            (with("/tiers/1/name", json!("REGULAR")), "/tiers/1/name", "duplicate"),
            (with("/tiers/1/name", json!("")), "/tiers/1/name", "invalid_length"),
            (with("/tiers/1/visits", json!(0)), "/tiers/1/visits", "out_of_range"),
            (with("/tiers/2/visits", json!(2)), "/tiers/2/visits", "out_of_range"),
            (with("/tiers/2/spend", json!({"amount": 60_000, "currency": "SEK"})), "/tiers/2/spend/currency", "currency_mismatch"),
            (with("/tiers/1/benefits", json!({"multiplier": "0.5"})), "/tiers/1/benefits/multiplier", "out_of_range"),
            (with("/tiers/1/benefits", json!({"discountPercent": "101"})), "/tiers/1/benefits/discountPercent", "invalid"),
            (with("/tiers/1", json!({"name": "SILVER", "visits": 2, "id": "tir_7fffffffffffffffffffffffff"})), "/tiers/1/id", "unknown"),
            (json!({"tiers": [{"name": "A"}], "velocity": {"tiers": 0, "days": 1}}), "/velocity/tiers", "out_of_range"),
            (json!({"tiers": [{"name": "A"}], "colour": "red"}), "/colour", "unknown_field"),
        ] {
            let said = app.manager().put(CHAIN, wrong).await;
            said.is_problem(422, "invalid");
            assert_eq!((said.text("/errors/0/pointer").as_str(), said.text("/errors/0/code").as_str()), (pointer, code));
        }
        app.staff().put(CHAIN, ladder()).await.is_problem(403, "forbidden");
    }

    async fn a_guest_sees_their_own_tier_in_their_own_language(app: TestApp) {
        app.manager().put(CHAIN, ladder()).await.is(200);
        let guest = app.customer("Noor").await;
        let profile = app.dashboard(&format!("/customers/{guest}"));
        app.staff().patch(&profile, json!({"language": "sv-SE"})).await.is(200);
        let begun = app.write(move |tx| sessions::begin(tx, Whose::Customer(guest))).await;
        let mine = app.bearer(begun.token.expose()).get("/api/v1/me/loyalty/tier").await;
        assert_eq!(mine.is(200).text("/sentence"), "2 besök kvar till SILVER och 5 %.");
    }

    async fn a_customers_page_says_how_far_the_next_tier_is(app: TestApp) {
        app.manager().put(CHAIN, ladder()).await.is(200);
        let guest = app.customer("Noor").await;
        visit(&app, guest, 500).await;
        let path = app.dashboard(&format!("/customers/{guest}"));
        let page = app.staff().get(&path).await;
        assert_eq!(page.is(200).json["progress"]["tier"], progress(&app, guest).await);
        assert_eq!(page.text("/progress/tier/sentence"), "1 visit from SILVER and its 5 %.");
        let key = app.key(Role::Manager, &["customers:read"]).await;
        assert_eq!(key.get(&path).await.is(200).json["progress"], json!({}));
        let list = app.staff().get(&app.dashboard("/customers")).await;
        assert_eq!(list.is(200).json["items"][0].get("progress"), None);
    }

    async fn another_chain_sees_no_tier_of_ours(app: TestApp) {
        app.manager().put(CHAIN, ladder()).await.is(200);
        let guest = app.customer("Noor").await;
        let other = app.other_tenant().await;
        for rest in ["tier", "tier-changes"] {
            let path = format!("/customers/{guest}/loyalty/{rest}");
            other.get(&app.dashboard(&path)).await.is_problem(404, "not_found");
            other.get(&format!("/api/v1/dashboard/venues/all{path}")).await.is_problem(404, "not_found");
        }
        assert_eq!(other.get(CHAIN).await.is(200).int("/version"), 0);
    }

    async fn two_tills_move_a_guest_once(app: TestApp) {
        app.manager().put(CHAIN, ladder()).await.is(200);
        let guest = app.customer("Noor").await;
        let spends = (0..8).map(|_| visit(&app, guest, 2_500));
        let moved = join_all(spends).await;
        assert_eq!(moved.iter().flatten().count(), 1, "the fourth of them");
        assert_eq!(tier(&app, guest).await, "SILVER");
    }

    async fn what_a_payment_adds_is_few_statements(app: TestApp) {
        app.manager().put(CHAIN, ladder()).await.is(200);
        let guest = app.customer("Noor").await;
        visit(&app, guest, 10_000).await.expect("a rise");
        let ask = cause(&app, guest, first_day());
        let ask = Cause { spend: 1, ..ask };
        let told = ask.clone();
        app.write(move |tx| report(tx, &told)).await;
        let before = app.hall.db.statements();
        app.write(move |tx| refresh(tx, &ask)).await;
        assert_eq!(app.hall.db.statements() - before, 3, "a look, the day, the days");
    }

    async fn history_counts_and_leaves_no_event(app: TestApp) {
        let guest = app.customer("Noor").await;
        let old = Cause { spend: 100_000, on: day("1997-05-01"), is_quiet: true, kind: "import", ..cause(&app, guest, first_day()) };
        assert!(app.write(move |tx| count(tx, &old.clone())).await.is_none());
        app.manager().put(CHAIN, ladder()).await.is(200);
        let late = Cause { spend: 100_000, on: day("2026-06-01"), is_quiet: true, kind: "import", ..cause(&app, guest, first_day()) };
        assert!(app.write(move |tx| count(tx, &late.clone())).await.is_some());
        assert_eq!(told(&app).await, 0);
    }

    async fn a_change_of_tier_is_never_changed(app: TestApp) {
        app.manager().put(CHAIN, ladder()).await.is(200);
        let guest = app.customer("Noor").await;
        visit(&app, guest, 10_000).await.expect("a rise");
        for sql in [
            "update tier_changes set to_rank = 2 where tenant_id = $1",
            "delete from tier_changes where tenant_id = $1",
            "update tier_ladders set ladder = '{}' where tenant_id = $1",
        ] {
            let refused = app.try_write(move |tx: &mut Tx| tx.exec(sql, &[])).await;
            assert!(matches!(refused, Err(Error::Violation(..))), "{sql}: {refused:?}");
        }
    }
}

#[tokio::test]
async fn nothing_reads_a_whole_table() {
    let app = TestApp::new(Store::Sqlite).await;
    let guest = app.customer("Noor").await;
    for (sql, values) in [
        (store::LOOK, params![guest].to_vec()),
        (
            store::DAYS,
            params![guest, "2026-01-01", "2026-12-31"].to_vec(),
        ),
        (store::DUE, params!["2026-01-01", 50].to_vec()),
        (store::WALK, params!["", 50].to_vec()),
        (store::CHANGES, params![guest, 9, 50, 0].to_vec()),
    ] {
        let scope = Scope::new(app.tenant, app.now(), By::cli());
        let told = app
            .hall
            .db
            .read(scope, move |read| plan(read, sql, &values))
            .await
            .expect("a plan");
        assert!(
            !told.lines().any(|line| line.starts_with("SCAN")),
            "{sql}\n{told}"
        );
        assert!(!told.contains("TEMP B-TREE"), "{sql}\n{told}");
    }
}
