//! Each breach of a law is found, and what is over is forgotten.

use jiff::SignedDuration;
use serde_json::json;

use super::{PASSWORD, person, sign_in, till};
use crate::both_stores;
use crate::hall::testing::{Store, TestApp};
use crate::jobs;

/// Plants one breach of L35 by a statement of the owner of the tables.
async fn planted(store: Store, breach: &str) {
    let app = TestApp::new(store).await;
    let ann = person(&app, "Ann", "STAFF", None).await;
    let (device, _) = till(&app).await;
    sign_in(&app, "ann", PASSWORD).await.is(201);
    let breach = breach.replace("ANN", &ann).replace("DEVICE", &device);
    app.as_owner(&[&breach]).await;
    app.breaks("L35");
}

#[tokio::test]
async fn l35_what_is_stored_in_the_clear_or_outlives_its_owner_is_found() {
    for breach in [
        "update staff set pin_hash = '2580' where staff_id = 'ANN'",
        "update staff set password_hash = 'four plain words' where staff_id = 'ANN'",
        "update directory set lookup = 'st_' || lookup where ref_id like 'ses_%'",
        "update sessions set expires_at = created_at + 43200000001",
        "update staff set archived_at = 1 where staff_id = 'ANN'",
        "update sessions set ended_at = created_at",
        "update devices set revoked_at = 1 where device_id = 'DEVICE'",
    ] {
        for store in [Store::Sqlite, Store::Postgres] {
            planted(store, breach).await;
        }
    }
}

both_stores! {
    async fn l23_a_rank_in_nobodys_venue_is_found(app: TestApp) {
        person(&app, "Ann", "STAFF", None).await;
        app.as_owner(&["update staff_roles set venue_id = 'ven_01kab4bqf8e1ftz0c6hqp2v9xw'"]).await;
        app.breaks("L23");
    }

    async fn what_is_over_is_forgotten_by_night(app: TestApp) {
        person(&app, "Ann", "STAFF", None).await;
        let ann = sign_in(&app, "ann", PASSWORD).await.text("/token");
        let code = app.manager().post(&app.dashboard("/devices"), json!({"name": "Bar"})).await;
        code.is(201);
        app.advance(SignedDuration::from_hours(24));
        let ran = jobs::run_due(&app.hall, Some(app.tenant)).await.expect("the due jobs run");
        let pruned = ran.iter().find(|ran| ran.name == "platform.prune").expect("it ran");
        assert_eq!(pruned.detail, "forgot 1 sessions, 1 pairing codes, 0 old tries");
        app.bearer(&ann).get("/api/v1/staff/me").await.is_problem(401, "unauthenticated");
    }
}
