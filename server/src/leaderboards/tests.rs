//! Guests join under an alias, are ranked by what they earned, and vanish when they leave.

use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use super::board::Period;
use super::store;
use crate::both_stores;
use crate::hall::id::CustomerId;
use crate::hall::store::plan;
use crate::hall::testing::{Persona, Said, TestApp};
use crate::params;
use crate::platform::sessions::{self, Whose};

const MINE: &str = "/api/v1/me/loyalty/leaderboard";

async fn session(app: &TestApp, guest: CustomerId) -> Persona<'_> {
    let begun = app
        .write(move |tx| sessions::begin(tx, Whose::Customer(guest)))
        .await;
    app.bearer(begun.token.expose())
}

async fn join(app: &TestApp, guest: CustomerId, alias: &str) -> Said {
    let herself = session(app, guest).await;
    herself.put(MINE, json!({"alias": alias})).await
}

async fn spend(app: &TestApp, guest: CustomerId, amount: i64) -> String {
    let item = json!({"inline": {"name": "x", "unitPrice": {"amount": amount, "currency": "EUR"}}});
    let ask = json!({"customerId": guest, "items": [item], "payments": [{"method": "CARD"}]});
    let sold = app.staff().post(&app.till("/orders"), ask).await;
    sold.is(201).text("/id")
}

/// Place, alias and points of each, as staff see them.
async fn board(app: &TestApp, asked: &str) -> Vec<Json> {
    let path = app.dashboard(&format!("/loyalty/leaderboards?{asked}"));
    let said = app.staff().get(&path).await;
    let places = said.is(200).json["places"].as_array().cloned();
    places
        .unwrap_or_default()
        .iter()
        .map(|one| json!([one["place"], one["alias"], one["points"]]))
        .collect()
}

async fn mine(app: &TestApp, guest: CustomerId, asked: &str) -> Json {
    let herself = session(app, guest).await;
    let path = format!(
        "/api/v1/me/loyalty/leaderboards?venueId={}{asked}",
        app.venue
    );
    herself.get(&path).await.is(200).json.clone()
}

both_stores! {
    async fn who_joins_is_ranked_by_what_they_earned_in_each_period(app: TestApp) {
        let (ann, bo, noor) = (app.customer("Ann").await, app.customer("Bo").await, app.customer("Noor").await);
        spend(&app, ann, 2_000).await;
        join(&app, ann, "Pils Pelle").await.is(200);
        join(&app, bo, "Bo").await.is(200);
        app.advance(SignedDuration::from_hours(24 * 3));
        for (guest, amount) in [(ann, 5_000), (bo, 5_000), (noor, 90_000)] {
            spend(&app, guest, amount).await;
        }
        let week = board(&app, "period=WEEK").await;
        assert_eq!(week.len(), 2, "who has not asked is not on it: {week:?}");
        assert!(week.contains(&json!([1, "Bo", 50])) && week.contains(&json!([1, "Pils Pelle", 50])), "{week:?}");
        assert_eq!(board(&app, "period=WEEK&on=2026-06-12").await, [json!([1, "Pils Pelle", 20])]);
        for asked in ["period=MONTH", "period=YEAR", "period=ALL"] {
            assert_eq!(board(&app, asked).await, [json!([1, "Pils Pelle", 70]), json!([2, "Bo", 50])], "{asked}");
        }
        assert!(board(&app, "period=YEAR&on=2025-06-12").await.is_empty());
        let seen = mine(&app, bo, "&period=MONTH").await;
        assert_eq!(seen["mine"], json!({"place": 2, "alias": "Bo", "points": 50}));
        assert_eq!((&seen["startsOn"], &seen["endsOn"]), (&json!("2026-06-01"), &json!("2026-06-30")));
        assert_eq!(seen["places"][0].get("customerId"), None, "a guest learns nobody's id");
        assert_eq!(mine(&app, noor, "").await["mine"], json!(null));
    }

    async fn a_refund_counts_in_the_period_of_its_purchase(app: TestApp) {
        let ann = app.customer("Ann").await;
        join(&app, ann, "Ann").await.is(200);
        let sale = spend(&app, ann, 5_000).await;
        app.advance(SignedDuration::from_hours(24 * 7));
        spend(&app, ann, 3_000).await;
        let part = json!({"amount": {"amount": 2_000, "currency": "EUR"}, "reason": "cold"});
        app.manager().post(&app.till(&format!("/orders/{sale}/refunds")), part).await.is(201);
        assert_eq!(board(&app, "period=WEEK").await, [json!([1, "Ann", 30])]);
        assert_eq!(board(&app, "period=WEEK&on=2026-06-12").await, [json!([1, "Ann", 30])]);
        app.manager().post(&app.till(&format!("/orders/{sale}/refunds")), json!({"reason": "cold"})).await.is(201);
        assert!(board(&app, "period=WEEK&on=2026-06-12").await.is_empty(), "nobody stands there with nothing");
        assert_eq!(board(&app, "period=ALL").await, [json!([1, "Ann", 30])]);
    }

    async fn who_leaves_vanishes_at_once_and_may_come_back(app: TestApp) {
        let ann = app.customer("Ann").await;
        spend(&app, ann, 5_000).await;
        let first = join(&app, ann, "Ann").await;
        let renamed = join(&app, ann, "Annie").await;
        assert_eq!(renamed.is(200).text("/since"), first.is(200).text("/since"));
        assert_eq!(board(&app, "period=ALL").await, [json!([1, "Annie", 50])]);
        for _ in 0..2 {
            session(&app, ann).await.delete(MINE).await.is(204);
            assert!(board(&app, "period=ALL").await.is_empty());
        }
        spend(&app, ann, 1_000).await;
        join(&app, ann, "Annie").await.is(200);
        assert_eq!(board(&app, "period=ALL").await, [json!([1, "Annie", 60])]);
        app.manager().delete(&app.dashboard(&format!("/customers/{ann}"))).await.is(204);
        assert!(board(&app, "period=ALL").await.is_empty(), "nor is who is archived");
    }

    async fn an_alias_is_one_guests_and_no_address(app: TestApp) {
        let (ann, bo) = (app.customer("Ann").await, app.customer("Bo").await);
        join(&app, ann, "Pils Pelle").await.is(200);
        join(&app, bo, "pils  PELLÉ").await.is_problem(409, "name_taken");
        for wrong in ["x", "bo@test.example", "070-174 06 05", "twenty-five characters are"] {
            let said = join(&app, bo, wrong).await;
            assert_eq!(said.is_problem(422, "invalid").text("/errors/0/pointer"), "/alias");
        }
        app.nobody().put(MINE, json!({"alias": "Nobody"})).await.is_problem(401, "unauthenticated");
    }

    async fn what_another_system_reports_is_on_the_board(app: TestApp) {
        let ann = app.customer("Ann").await;
        join(&app, ann, "Ann").await.is(200);
        let ask = json!({"system": "square", "externalId": "1", "customerId": ann,
            "amount": {"amount": 4_000, "currency": "EUR"}, "at": "2026-06-12T09:50:00Z"});
        app.staff().post(&app.dashboard("/loyalty/purchases"), ask).await.is(201);
        assert_eq!(board(&app, "").await, [json!([1, "Ann", 40])]);
    }

    async fn another_chain_sees_no_board_of_ours(app: TestApp) {
        let other = app.other_tenant().await;
        other.get(&app.dashboard("/loyalty/leaderboards")).await.is_problem(404, "not_found");
        let ann = app.customer("Ann").await;
        let elsewhere = "/api/v1/me/loyalty/leaderboards?venueId=ven_01kab4bqf8e1ftz0c6hqp2v9xw";
        session(&app, ann).await.get(elsewhere).await.is_problem(404, "not_found");
        let wrong = app.dashboard("/loyalty/leaderboards?period=DAY");
        app.staff().get(&wrong).await.is_problem(422, "invalid");
    }

    async fn a_total_that_the_days_do_not_give_is_found(app: TestApp) {
        let ann = app.customer("Ann").await;
        join(&app, ann, "Ann").await.is(200);
        spend(&app, ann, 5_000).await;
        app.write(|tx| {
            tx.exec("update leaderboard_points set points = points + 1 where tenant_id = $1 and period = 'WEEK'", &[])
        }).await;
        app.breaks("L25");
    }

    async fn a_board_is_read_in_the_order_of_its_index(app: TestApp) {
        let venue = app.venue;
        let plans = app.write(move |tx| {
            let span = Period::Week.around(jiff::civil::date(2026, 6, 12));
            let top = plan(tx, store::TOP, params![venue, "WEEK", span.starts_on, 100])?;
            let own = plan(tx, store::OWN, params![venue, "WEEK", span.starts_on, "cus_x"])?;
            Ok((top, own))
        }).await;
        assert!(plans.0.contains("leaderboard_points_"), "{}", plans.0);
        assert!(!plans.0.contains("TEMP B-TREE"), "{}", plans.0);
        // Of those ahead at most ten thousand are counted.
        let both = format!("{}{}", plans.0, plans.1).replace("SCAN ahead", "");
        assert!(!both.contains("SCAN") && !both.contains("Seq Scan"), "{both}");
    }
}
