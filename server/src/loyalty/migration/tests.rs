use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use super::store;
use crate::both_stores;
use crate::hall::store::plan;
use crate::hall::testing::TestApp;
use crate::params;

const CONFIG: &str = "/api/v1/chain/loyalty/config";
const MIGRATION: &str = "/api/v1/chain/loyalty/config/migration";

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

async fn spend(app: &TestApp, guest: &str, amount: i64) {
    let item = json!({"inline": {"name": "x", "unitPrice": {"amount": amount, "currency": "EUR"}}});
    let ask = json!({"customerId": guest, "items": [item], "payments": [{"method": "CARD"}]});
    app.staff().post(&app.till("/orders"), ask).await.is(201);
}

/// When the guest's open lots end, the soonest first.
async fn ends(app: &TestApp, guest: &str) -> Vec<Json> {
    let said = app
        .staff()
        .get(&app.dashboard(&format!("/customers/{guest}/loyalty/balance")))
        .await;
    let lots = said.is(200).json["lots"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    lots.iter().map(|lot| lot["expiresAt"].clone()).collect()
}

/// As it is begun once it was previewed.
async fn previewed(app: &TestApp, mut ask: Json) -> Json {
    let seen = app
        .manager()
        .post(&format!("{MIGRATION}/preview"), ask.clone())
        .await;
    ask["preview"] = seen.is(200).json["preview"].clone();
    ask
}

async fn run(app: &TestApp, ask: Json) -> Json {
    let ask = previewed(app, ask).await;
    let begun = app.manager().post(MIGRATION, ask).await;
    let id = begun.is(201).text("/id");
    assert_eq!(begun.text("/state"), "RUNNING");
    app.advance(SignedDuration::from_mins(2));
    crate::jobs::run_due(&app.hall, None)
        .await
        .expect("the job runs");
    app.manager()
        .get(&format!("{MIGRATION}/{id}"))
        .await
        .is(200)
        .json
        .clone()
}

both_stores! {
    async fn a_change_touches_open_lots_only_by_a_migration(app: TestApp) {
        let (noor, ann) = (app.customer("Noor").await.to_string(), app.customer("Ann").await.to_string());
        spend(&app, &noor, 10_000).await;
        spend(&app, &noor, 5_000).await;
        spend(&app, &ann, 20_000).await;
        app.manager().put(CONFIG, json!({"pointsExpireDays": 365})).await.is(200);
        assert_eq!(ends(&app, &noor).await, [Json::Null, Json::Null]);
        let seen = app.manager().post(&format!("{MIGRATION}/preview"), json!({})).await;
        assert_eq!(seen.is(200).json, json!({
            "preview": seen.text("/preview"), "customers": 2, "lots": 3, "points": 350, "pointsEndingSooner": 350, "pointsLivingLonger": 0,
            "liabilityChange": [{"amount": -350, "currency": "EUR"}], "isWhole": true}));
        assert_eq!(ends(&app, &noor).await, [Json::Null, Json::Null], "a preview changes nothing");
        let done = run(&app, json!({})).await;
        assert_eq!((&done["state"], &done["customers"], &done["lots"], &done["points"]), (&json!("DONE"), &json!(2), &json!(3), &json!(350)));
        assert_eq!(ends(&app, &noor).await, ["2027-06-12T10:00:00Z", "2027-06-12T10:00:00Z"]);
        let again = app.manager().post(&format!("{MIGRATION}/preview"), json!({})).await;
        assert_eq!(again.is(200).int("/lots"), 0);
        let entries = app.manager().get("/api/v1/chain/audit?pageSize=200").await;
        let actions: Vec<String> = entries.is(200).json["items"].as_array().unwrap().iter()
            .map(|entry| entry["action"].as_str().unwrap_or_default().to_owned()).collect();
        assert!(actions.iter().any(|action| action == "loyalty.migrate"), "{actions:?}");
    }

    async fn a_migration_is_begun_as_it_was_previewed(app: TestApp) {
        app.manager().put(CONFIG, json!({"pointsExpireDays": 60})).await.is(200);
        let unseen = app.manager().post(MIGRATION, json!({})).await;
        unseen.is_problem(422, "invalid");
        assert_eq!(unseen.text("/errors/0/pointer"), "/preview");
        let mut ask = previewed(&app, json!({})).await;
        ask["withoutNotice"] = json!(true);
        app.manager().post(MIGRATION, ask.clone()).await.is_problem(409, "conflict");
        ask["withoutNotice"] = json!(false);
        app.manager().put(CONFIG, json!({"pointsExpireDays": 30})).await.is(200);
        app.manager().post(MIGRATION, ask).await.is_problem(409, "conflict");
        let guest = app.customer("Noor").await.to_string();
        let ask = previewed(&app, json!({})).await;
        spend(&app, &guest, 10_000).await;
        app.manager().post(MIGRATION, ask).await.is(201);
    }

    async fn nothing_ends_sooner_than_the_notice_unless_it_is_asked_for_plainly(app: TestApp) {
        let guest = app.customer("Noor").await.to_string();
        spend(&app, &guest, 10_000).await;
        app.advance(days(100));
        app.manager().put(CONFIG, json!({"pointsExpireDays": 60})).await.is(200);
        run(&app, json!({})).await;
        // A hundred days ago and sixty to live: it would be over, and gets thirty more.
        assert_eq!(ends(&app, &guest).await, ["2026-10-20T10:00:00Z"]);
        app.manager().post(MIGRATION, json!({"noticeDays": 0, "preview": "x"})).await.is_problem(422, "invalid");
        let longer = run(&app, json!({"noticeDays": 90})).await;
        assert_eq!(longer["lots"], 0, "a longer notice lengthens no life");
        let plain = run(&app, json!({"withoutNotice": true})).await;
        assert_eq!((plain["lots"].clone(), plain["points"].clone()), (json!(1), json!(100)));
        let end = ends(&app, &guest).await;
        assert!(end.is_empty() || end[0].as_str() < Some("2026-10-20"), "{end:?}");
    }

    async fn lots_live_longer_too_and_what_has_lapsed_stays_so(app: TestApp) {
        app.manager().put(CONFIG, json!({"pointsExpireDays": 10})).await.is(200);
        let guest = app.customer("Noor").await.to_string();
        spend(&app, &guest, 10_000).await;
        app.advance(days(11));
        spend(&app, &guest, 5_000).await;
        app.manager().put(CONFIG, json!({"redemptionRate": "0.02"})).await.is(200);
        let seen = app.manager().post(&format!("{MIGRATION}/preview"), json!({})).await;
        assert_eq!((seen.is(200).int("/lots"), seen.int("/pointsLivingLonger")), (1, 50));
        assert_eq!(seen.json["liabilityChange"], json!([{"amount": 100, "currency": "EUR"}]));
        assert_eq!(run(&app, json!({})).await["points"], 50);
    }

    async fn a_venues_own_days_go_before_the_chains(app: TestApp) {
        let guest = app.customer("Noor").await.to_string();
        spend(&app, &guest, 10_000).await;
        app.manager().put(CONFIG, json!({"pointsExpireDays": 365})).await.is(200);
        app.manager().put(&app.dashboard("/loyalty/config"), json!({"pointsExpireDays": 90})).await.is(200);
        run(&app, json!({})).await;
        assert_eq!(ends(&app, &guest).await, ["2026-09-10T10:00:00Z"]);
    }

    async fn history_lives_from_its_import(app: TestApp) {
        let venue = app.venue;
        app.write(move |tx| {
            let venue = crate::hall::identity::venue(tx, venue)?.ok_or(crate::hall::error::Error::NotFound("venue"))?;
            let purchase = crate::checkout::Purchase { day: jiff::civil::date(1997, 1, 12), occurrence: 1, quantity: 1, amount: 2_000 };
            let past = crate::checkout::Past { system: "cdnow".into(), person: "4".into(), purchases: vec![purchase] };
            crate::checkout::bring_in(tx, &venue, &past)
        }).await;
        app.manager().put(CONFIG, json!({"pointsExpireDays": 365})).await.is(200);
        run(&app, json!({})).await;
        let end = app.write(|tx| tx.one("select expires_at from points_lots where tenant_id = $1", &[])?.get::<jiff::Timestamp>(0)).await;
        assert_eq!(end.to_string(), "2027-06-12T10:00:00Z");
    }

    async fn one_migration_runs_at_a_time_and_goes_on_where_it_stopped(app: TestApp) {
        let guest = app.customer("Noor").await.to_string();
        for _ in 0..3 {
            spend(&app, &guest, 1_000).await;
        }
        app.manager().put(CONFIG, json!({"pointsExpireDays": 365})).await.is(200);
        let ask = previewed(&app, json!({})).await;
        let begun = app.manager().post(MIGRATION, ask.clone()).await;
        let id = begun.is(201).text("/id");
        app.manager().post(MIGRATION, ask.clone()).await.is_problem(409, "conflict");
        // As if the server had ended after the first lot.
        app.write(|tx| {
            let running = store::running(tx)?.expect("it runs");
            let first = store::open_lots(tx, "", "", 1)?;
            crate::loyalty::migration::job::take(tx, &running, &first)
        }).await;
        let half = app.manager().get(&format!("{MIGRATION}/{id}")).await;
        assert_eq!((half.int("/lots"), half.int("/customers")), (1, 1));
        app.advance(SignedDuration::from_mins(2));
        crate::jobs::run_due(&app.hall, None).await.expect("the job runs");
        let done = app.manager().get(&format!("{MIGRATION}/{id}")).await;
        assert_eq!((done.text("/state"), done.int("/lots"), done.int("/customers")), ("DONE".into(), 3, 1));
        assert_eq!(ends(&app, &guest).await.len(), 3);
        app.manager().post(MIGRATION, ask.clone()).await.is(201);
        app.staff().post(MIGRATION, ask).await.is_problem(403, "forbidden");
        let other = app.other_tenant().await;
        other.get(&format!("{MIGRATION}/{id}")).await.is_problem(404, "not_found");
    }

    async fn lots_are_walked_by_index(app: TestApp) {
        let plan = app.write(|tx| plan(tx, store::OPEN_LOTS, params!["", "", 10])).await;
        assert!(!plan.contains("SCAN") && !plan.contains("Seq Scan"), "{plan}");
    }

    async fn a_currency_has_its_own_rates(app: TestApp) {
        let stockholm = app.write(|tx| crate::platform::chain::open_venue(tx, &crate::hall::testing::venue("stockholm", "SEK"))).await;
        let rates = json!([{"currency": "SEK", "pointsPerDollar": "0.1", "redemptionRate": "0.1"}]);
        app.manager().put(CONFIG, json!({"pointsPerDollar": "2", "rates": rates})).await.is(200);
        let sek = format!("/api/v1/dashboard/venues/{stockholm}/loyalty/config");
        let there = app.staff().get(&sek).await;
        assert_eq!((there.is(200).text("/pointsPerDollar"), there.text("/redemptionRate")), ("0.1".into(), "0.1".into()));
        let here = app.staff().get(&app.dashboard("/loyalty/config")).await;
        assert_eq!((here.is(200).text("/pointsPerDollar"), here.text("/redemptionRate")), ("2".into(), "0.01".into()));
        app.manager().put(&sek, json!({"pointsPerDollar": "0.3"})).await.is(200);
        let own = app.staff().get(&sek).await;
        assert_eq!((own.text("/pointsPerDollar"), own.text("/redemptionRate")), ("0.3".into(), "0.1".into()));
        assert_eq!(app.staff().get(CONFIG).await.is(200).text("/own/rates/0/currency"), "SEK");
        for (path, rates, pointer) in [
            (sek.as_str(), json!([{"currency": "SEK"}]), "/rates"),
            (CONFIG, json!([{"currency": "XXX"}]), "/rates/0/currency"),
            (CONFIG, json!([{"currency": "SEK"}, {"currency": "SEK"}]), "/rates/1/currency"),
        ] {
            let said = app.manager().put(path, json!({"rates": rates})).await;
            said.is_problem(422, "invalid");
            assert_eq!(said.text("/errors/0/pointer"), pointer);
        }
    }
}
