use jiff::SignedDuration;
use serde_json::json;

use super::store::{Filter, OPEN_ENTRIES, OPEN_EVENTS, UNSEALED, listing};
use super::{seal_all, verify};
use crate::both_stores;
use crate::hall::store::{Across, Dialect, plan, plan_across};
use crate::hall::testing::TestApp;
use crate::jobs::run_due;
use crate::params;

/// Lifts what keeps sealed entries as they are, as somebody with the file in their hands would.
async fn unguard(app: &TestApp) {
    let sqlite = app.hall.db.dialect() == Dialect::Sqlite;
    let (update, delete) = if sqlite {
        (
            "drop trigger audit_sealed_stays",
            "drop trigger audit_stays",
        )
    } else {
        (
            "drop trigger audit_sealed_stays on audit_entries",
            "drop trigger audit_stays on audit_entries",
        )
    };
    app.as_owner(&[update, delete]).await;
}

async fn broken(app: &TestApp) -> Vec<String> {
    let verdicts = verify(&app.hall, |_| ()).await.unwrap();
    verdicts
        .into_iter()
        .flat_map(|verdict| verdict.breaches)
        .map(|breach| breach.what)
        .collect()
}

both_stores! {
    async fn each_change_stands_sealed_in_the_trail(app: TestApp) {
        assert!(seal_all(&app.hall).await.unwrap() > 0);
        assert_eq!(seal_all(&app.hall).await.unwrap(), 0);
        let trail = app.manager().get(&app.dashboard("/audit?action=venue.open")).await;
        trail.is(200);
        let entry = &trail.json["items"][0];
        assert_eq!(entry["entity"], json!(app.venue));
        assert_eq!(entry["actor"], "cli");
        assert_eq!(entry["hash"].as_str().map(str::len), Some(64));
        assert!(entry["beforeSha256"].is_null() && entry["afterSha256"].is_string());
        assert!(entry["seq"].as_i64().unwrap() >= 1);
        app.staff().get(&app.dashboard("/audit")).await.is_problem(403, "forbidden");
    }

    async fn the_trail_is_filtered_and_read_to_its_end(app: TestApp) {
        let all = app.manager().get("/api/v1/chain/audit").await;
        let count = all.json["items"].as_array().unwrap().len();
        let (mut seen, mut path) = (0, "/api/v1/chain/audit?pageSize=2".to_owned());
        loop {
            let page = app.manager().get(&path).await;
            seen += page.json["items"].as_array().unwrap().len();
            let Some(cursor) = page.json["nextCursor"].as_str() else { break };
            path = format!("/api/v1/chain/audit?pageSize=2&cursor={cursor}");
        }
        assert_eq!(seen, count);
        let of = async |query: &str| {
            let page = app.manager().get(&format!("/api/v1/chain/audit?{query}")).await;
            page.json["items"].as_array().unwrap().len()
        };
        assert_eq!(of(&format!("entity={}", app.venue)).await, 1);
        assert_eq!(of("actor=cli&from=2026-06-12T10:00:00Z").await, count);
        assert_eq!(of("to=2026-06-12T10:00:00Z").await, 0);
        app.manager().get("/api/v1/chain/audit?from=x").await.is_problem(422, "invalid");
        let stranger = app.other_tenant().await;
        let other = stranger.get(&format!("/api/v1/chain/audit?entity={}", app.venue)).await;
        assert_eq!(other.json["items"], json!([]));

        stranger.get(&app.dashboard("/audit")).await.is_problem(404, "not_found");
    }

    async fn who_manages_one_venue_does_not_read_the_chains_trail(app: TestApp) {
        let venue = app.venue;
        let ask = json!({"name": "Harbour", "role": "MANAGER", "venueIds": [venue]});
        let made = app.owner().post("/api/v1/chain/api-keys", ask).await;
        let manager = app.bearer(&made.is(201).text("/token"));
        manager.get(&app.dashboard("/devices")).await.is(200);
        for path in [app.dashboard("/audit"), "/api/v1/chain/audit".into(), "/api/v1/dashboard/venues/all/audit".into()] {
            manager.get(&path).await.is_problem(403, "forbidden");
            app.manager().get(&path).await.is(200);
        }
    }

    async fn no_trail_is_walked_beside_its_index(app: TestApp) {
        let some = |text: &str| Some(text.to_owned());
        let now = app.now();
        for (filter, index) in [
            (Filter { entity: some("x"), action: some("z"), ..Filter::default() }, "audit_entries_by_entity"),
            (Filter { actor: some("y"), ..Filter::default() }, "audit_entries_by_actor"),
            (Filter { action: some("z"), ..Filter::default() }, "audit_entries_by_action"),
            (Filter { actor: some("y"), from: Some(now), until: Some(now), ..Filter::default() }, "audit_entries_by_actor"),
        ] {
            let (sql, params) = listing(&filter, None, 50);
            let plan = app.write(move |tx| plan(tx, &sql, &params)).await;
            assert!(plan.contains(index) && !plan.contains("TEMP B-TREE") && !plan.contains("Sort"), "{plan}");
        }
        let (sql, params) = listing(&Filter { from: Some(now), ..Filter::default() }, None, 50);
        let plan = app.write(move |tx| plan(tx, &sql, &params)).await;
        assert!(plan.contains("audit_id>") || plan.contains("audit_id >="), "{plan}");
    }

    async fn what_waits_to_be_sealed_is_not_sorted(app: TestApp) {
        let look = |sql: &'static str| app.write(move |tx| plan(tx, sql, params![100]));
        for (sql, index) in [(OPEN_ENTRIES, "audit_entries_unsealed"), (OPEN_EVENTS, "outbox_unnumbered")] {
            let plan = look(sql).await;
            assert!(plan.contains(index) && !plan.contains("TEMP B-TREE") && !plan.contains("Sort"), "{plan}");
        }
        let look = |across: &mut Across<'_>| plan_across(across, UNSEALED, params![100]);
        let plan = app.hall.db.across_tenants(app.now(), look).await.unwrap();
        for index in ["audit_entries_unsealed", "outbox_unnumbered"] {
            assert!(plan.contains(index), "{plan}");
        }
    }

    async fn the_trail_of_some_time_is_of_that_time(app: TestApp) {
        let noon = app.now();
        let of = async |from: i64, to: i64| {
            let at = |micros: i64| noon + SignedDuration::from_micros(micros);
            let path = format!("/api/v1/chain/audit?action=tick&from={}&to={}", at(from), at(to));
            app.manager().get(&path).await.is(200).json["items"].as_array().unwrap().len()
        };
        for _ in 0..4 {
            app.write(|tx| tx.audit_new("tick", "x", &())).await;
            app.advance(SignedDuration::from_micros(500));
        }
        // At 0, 500, 1000 and 1500 microseconds: those of one millisecond are told apart too.
        for (from, to, found) in [(0, 2_000, 4), (1, 2_000, 3), (500, 1_000, 1), (0, 1_500, 3), (0, 1_501, 4), (1_501, 9_000, 0)] {
            assert_eq!(of(from, to).await, found, "{from} {to}");
        }
    }

    async fn a_sealed_entry_cannot_be_changed(app: TestApp) {
        seal_all(&app.hall).await.unwrap();
        for sql in [
            "update audit_entries set actor = 'nobody' where tenant_id = $1",
            "delete from audit_entries where tenant_id = $1",
        ] {
            assert!(app.try_write(move |tx| tx.exec(sql, params![])).await.is_err());
        }
    }

    async fn a_changed_entry_breaks_the_chain(app: TestApp) {
        app.breaks("L24");
        seal_all(&app.hall).await.unwrap();
        unguard(&app).await;
        app.write(|tx| tx.exec("update audit_entries set actor = 'x' where tenant_id = $1 and seq = 2", params![])).await;
        let broken = broken(&app).await;
        assert!(broken.len() == 1 && broken[0].starts_with("entry 2 "), "{broken:?}");
    }

    async fn a_missing_entry_breaks_the_chain(app: TestApp) {
        app.breaks("L24");
        seal_all(&app.hall).await.unwrap();
        unguard(&app).await;
        app.write(|tx| tx.exec("delete from audit_entries where tenant_id = $1 and seq = 2", params![])).await;
        let broken = broken(&app).await;
        assert!(broken.len() == 1 && broken[0].contains("3 follows 1"), "{broken:?}");
    }

    async fn a_chain_that_was_cut_short_is_seen(app: TestApp) {
        app.breaks("L24");
        seal_all(&app.hall).await.unwrap();
        unguard(&app).await;
        app.write(|tx| {
            let last = "delete from audit_entries where tenant_id = $1
                        and seq = (select max(seq) from audit_entries where tenant_id = $1)";
            tx.exec(last, params![])
        })
        .await;
        let broken = broken(&app).await;
        assert!(broken.len() == 1 && broken[0].contains("the last entries are missing"), "{broken:?}");
    }

    async fn two_who_seal_at_once_make_one_chain(app: TestApp) {
        let many = (0..8).map(|_| seal_all(&app.hall));
        let sealed: u64 = futures_util::future::join_all(many).await.into_iter().map(|sealed| sealed.unwrap()).sum();
        assert!(sealed > 0 && broken(&app).await.is_empty());
    }

    async fn a_token_of_another_tenant_breaks_the_law(app: TestApp) {
        app.breaks("L23");
        app.other_tenant().await;
        let sql = "update directory set tenant_id = (select min(tenant_id) from tenants)
                   where kind = 'token' and tenant_id <> (select min(tenant_id) from tenants)";
        app.as_owner(&[sql]).await;
        assert!(!broken(&app).await.is_empty());
    }

    async fn an_answer_is_kept_for_thirty_days(app: TestApp) {
        let path = "/api/v1/chain/jobs/jobs.prune/run";
        app.manager().post_keyed(path, "k1", json!({})).await.is(201);
        let kept = async || {
            app.write(|tx| tx.one("select count(*) from idempotency where tenant_id = $1", params![])?.get::<i64>(0))
                .await
        };
        app.advance(SignedDuration::from_hours(29 * 24));
        run_due(&app.hall, None).await.unwrap();
        assert_eq!(kept().await, 1);
        app.advance(SignedDuration::from_hours(2 * 24));
        run_due(&app.hall, None).await.unwrap();
        assert_eq!(kept().await, 0);
    }

    async fn an_answer_that_must_not_be_kept_breaks_the_law(app: TestApp) {
        app.breaks("L04");
        app.manager().post_keyed("/api/v1/chain/jobs/jobs.prune/run", "k1", json!({})).await.is(201);
        app.write(|tx| tx.exec("update idempotency set status = 500 where tenant_id = $1", params![])).await;
    }
}
