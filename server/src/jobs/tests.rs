use std::time::{Duration, Instant};

use jiff::SignedDuration;
use serde_json::json;

use super::{Outcome, lag, run, run_always, run_due, store};
use crate::both_stores;
use crate::hall::id::TenantId;
use crate::hall::identity::Mode;
use crate::hall::job::{Job, JobCall, Schedule};
use crate::hall::journal::By;
use crate::hall::room::Room;
use crate::hall::store::Scope;
use crate::hall::testing::TestApp;
use crate::params;
use crate::platform::chain::{self, Founding};

/// Long enough for a busy machine; a job that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(30);

const HOURLY: Job = Job {
    name: "test.hourly",
    about: "Counts.",
    schedule: Schedule::Every(SignedDuration::from_hours(1)),
    run: |call| Box::pin(count(call)),
};

const FAILING: Job = Job {
    name: "test.failing",
    about: "Fails.",
    schedule: Schedule::Every(SignedDuration::from_hours(1)),
    run: |_| Box::pin(async { Err(crate::hall::error::Error::bug("the provider is away")) }),
};

const ROOMS: &[Room] = &[Room {
    name: "test",
    routes: utoipa_axum::router::OpenApiRouter::new,
    jobs: &[HOURLY, FAILING],
    laws: &[],
}];

async fn count(call: JobCall) -> crate::hall::error::Result<String> {
    call.write([], |tx| tx.audit_new("counted", "test", &()))
        .await?;
    Ok("counted".into())
}

async fn counted(app: &TestApp) -> i64 {
    app.write(|tx| {
        let sql = "select count(*) from audit_entries where tenant_id = $1 and action = 'counted'";
        tx.one(sql, params![])?.get(0)
    })
    .await
}

both_stores! {
    async fn a_job_runs_once_when_it_is_due(app: TestApp) {
        let mut app = app;
        app.hall.rooms = ROOMS;
        assert!(run_due(&app.hall, None).await.unwrap().is_empty());
        app.advance(SignedDuration::from_hours(3));
        let (one, two) = tokio::join!(run_due(&app.hall, None), run_due(&app.hall, Some(app.tenant)));
        let mut ran = one.unwrap();
        ran.extend(two.unwrap());
        let outcomes = |name| ran.iter().filter(|ran| ran.name == name).map(|ran| ran.outcome).collect::<Vec<_>>();
        assert_eq!(outcomes("test.hourly"), [Outcome::Succeeded]);
        assert_eq!(outcomes("test.failing"), [Outcome::Failed]);
        assert_eq!(counted(&app).await, 1);
        // What failed is tried again before its hour, what succeeded is not.
        app.advance(SignedDuration::from_mins(6));
        let again = run_due(&app.hall, None).await.unwrap();
        assert_eq!(again.len(), 1);
        assert_eq!(again[0].name, "test.failing");
    }

    async fn a_job_whose_process_is_gone_is_taken_over(app: TestApp) {
        let mut app = app;
        app.hall.rooms = ROOMS;
        app.advance(SignedDuration::from_hours(3));
        run::enrol(&app.hall, None).await.unwrap();
        let now = app.now();
        let claimed = app.write(move |tx| run::claim(tx, &HOURLY, now, false)).await;
        assert!(claimed.is_some());
        assert!(app.write(move |tx| run::claim(tx, &HOURLY, now, true)).await.is_none());
        let ran = run_due(&app.hall, None).await.unwrap();
        assert!(ran.iter().all(|ran| ran.name == "test.failing"));
        app.advance(SignedDuration::from_secs(61));
        assert!(run_due(&app.hall, None).await.unwrap().iter().any(|ran| ran.name == "test.hourly"));
        let history = app.write(|tx| store::runs(tx, "test.hourly", None, 10)).await;
        let outcomes: Vec<_> = history.iter().map(|run| run.outcome).collect();
        assert_eq!(outcomes, [Some(Outcome::Succeeded), Some(Outcome::Lost)]);
    }

    async fn a_manager_runs_a_job_and_reads_how_it_went(app: TestApp) {
        let begun = app.manager().post_keyed("/api/v1/chain/jobs/jobs.prune/run", "k1", json!({})).await;
        begun.is(201);
        let again = app.manager().post_keyed("/api/v1/chain/jobs/jobs.prune/run", "k1", json!({})).await;
        assert_eq!((again.status, again.header("idempotency-replayed")), (begun.status, Some("true")));
        let path = "/api/v1/chain/jobs/jobs.prune/runs";
        let mut runs = app.manager().get(path).await;
        let begun_at = Instant::now();
        while runs.json["items"][0]["outcome"].is_null() && begun_at.elapsed() < PATIENCE {
            runs = app.manager().get(path).await;
        }
        assert_eq!(runs.json["items"][0]["outcome"], "SUCCEEDED");
        assert_eq!(runs.json["items"].as_array().unwrap().len(), 1);
        let jobs = app.manager().get("/api/v1/chain/jobs").await;
        let prune = jobs.json.as_array().unwrap().iter().find(|job| job["name"] == "jobs.prune").unwrap();
        assert_eq!(prune["schedule"], "15 4 * * *");
        assert_eq!(prune["lastRun"]["id"], begun.json["id"]);
        app.staff().get("/api/v1/chain/jobs").await.is_problem(403, "forbidden");
        app.manager().get("/api/v1/chain/jobs/nope/runs").await.is_problem(404, "not_found");
        let other = app.other_tenant().await.get(path).await;
        assert_eq!(other.json["items"], json!([]));
    }

    async fn many_chains_do_not_wait_for_ticks(app: TestApp) {
        for nth in 0..12 {
            let tenant: TenantId = app.hall.entropy.id(app.now());
            let founding = Founding {
                tenant,
                slug: format!("house-{nth}"),
                name: "House".into(),
                mode: Mode::Live,
                language: "en".into(),
                currency: "EUR".into(),
            };
            let scope = Scope::new(tenant, app.now(), By::cli());
            app.hall.db.write(scope, Vec::new(), move |tx| chain::found(tx, &founding)).await.unwrap();
        }
        run_due(&app.hall, None).await.unwrap();
        app.advance(SignedDuration::from_hours(24 * 40));
        let (end, ending) = tokio::sync::watch::channel(false);
        let (house, began) = (tokio::spawn(run_always(app.hall.clone(), ending)), Instant::now());
        while lag(&app.hall).await.unwrap() > SignedDuration::ZERO && began.elapsed() < PATIENCE {}
        // A few at each tick they would take twice as long.
        assert_eq!(lag(&app.hall).await.unwrap(), SignedDuration::ZERO);
        end.send_replace(true);
        house.await.unwrap();
    }

    async fn only_the_last_runs_are_kept(app: TestApp) {
        app.write(|tx| {
            for _ in 0..5 {
                let (run, now) = (tx.new_id(), tx.now());
                store::insert_run(tx, run, "test.hourly", now)?;
            }
            store::forget_runs(tx, "test.hourly", 2)
        })
        .await;
        assert_eq!(app.write(|tx| store::runs(tx, "test.hourly", None, 10)).await.len(), 2);
    }

    async fn a_test_chains_clock_runs_ahead_and_its_jobs_with_it(app: TestApp) {
        let path = "/api/v1/test/clock/advance";
        run_due(&app.hall, None).await.unwrap();
        let moved = app.manager().post(path, json!({"by": "P2D"})).await;
        moved.is(200);
        assert_eq!(moved.text("/now"), "2026-06-14T10:00:00Z");
        let runs = app.manager().get("/api/v1/chain/jobs/jobs.prune/runs").await;
        assert_eq!(runs.json["items"][0]["outcome"], "SUCCEEDED");
        assert!(runs.text("/items/0/startedAt").starts_with("2026-06-14"));
        app.manager().post(path, json!({"to": "2026-07-01T08:00:00Z"})).await.is(200);
        // The other chain's clock stands where it stood.
        let other = app.other_tenant().await.post(path, json!({"by": "PT1H"})).await;
        assert_eq!(other.text("/now"), "2026-06-12T11:00:00Z");
        for (ask, status, code) in [
            (json!({"to": "2026-06-30T08:00:00Z"}), 422, "clock_backwards"),
            (json!({"by": "soon"}), 422, "invalid"),
            (json!({}), 422, "invalid"),
            (json!({"by": "PT1H", "to": "2026-08-01T08:00:00Z"}), 422, "invalid"),
        ] {
            app.manager().post(path, ask).await.is_problem(status, code);
        }
        app.staff().post(path, json!({"by": "PT1H"})).await.is_problem(403, "forbidden");
    }

    async fn a_live_chain_has_no_clock_of_its_own(app: TestApp) {
        app.write(|tx| tx.exec("update tenants set mode = 'LIVE' where tenant_id = $1", params![])).await;
        app.owner().post("/api/v1/test/clock/advance", json!({"by": "PT1H"})).await.is_problem(404, "not_found");
    }
}
