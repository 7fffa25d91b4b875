//! Staff and their ranks, devices and their venue.

use axum::http::Method;
use jiff::SignedDuration;
use serde_json::json;

use super::{PASSWORD, PIN, annex, person, sign_in, till};
use crate::both_stores;
use crate::hall::testing::TestApp;
use crate::platform::staff;

both_stores! {
    async fn a_person_is_hired_changed_and_let_go(app: TestApp) {
        let id = person(&app, "Ann", "STAFF", Some(&app.venue.to_string())).await;
        let one = format!("/api/v1/chain/staff/{id}");
        let shown = app.manager().get(&one).await;
        assert_eq!(shown.json["roles"], json!([{"venueId": app.venue.to_string(), "role": "STAFF"}]));
        assert_eq!((&shown.json["passwordSet"], &shown.json["pinSet"]), (&json!(true), &json!(true)));
        assert!(!String::from_utf8_lossy(&shown.bytes).contains("argon2"));
        let edited = app.manager().patch(&one, json!({"name": "Anna", "email": "ANNA@test.example"})).await;
        assert_eq!((edited.text("/name"), edited.text("/email")), ("Anna".into(), "anna@test.example".into()));
        sign_in(&app, "ann", PASSWORD).await.is_problem(401, "sign_in_failed");
        let session = sign_in(&app, "anna", PASSWORD).await.text("/token");
        let tag = shown.header("etag").expect("an ETag").to_owned();
        let stale = app.manager().send(Method::PATCH, &one, Some(json!({"name": "X"})), &[("if-match", &tag)]).await;
        stale.is_problem(412, "stale");
        app.staff().get(&one).await.is_problem(403, "forbidden");

        app.manager().delete(&one).await.is(204);
        app.manager().delete(&one).await.is(204);
        app.bearer(&session).get("/api/v1/staff/me").await.is_problem(401, "unauthenticated");
        sign_in(&app, "anna", PASSWORD).await.is_problem(401, "sign_in_failed");
        let list = app.manager().get("/api/v1/chain/staff").await;
        assert_eq!(list.int("/total"), 0);
        let list = app.manager().get("/api/v1/chain/staff?includeArchived=true").await;
        assert_eq!(list.json["items"][0]["roles"][0]["role"], "STAFF");
        // The address is free again.
        person(&app, "Anna", "STAFF", None).await;
    }

    async fn wrong_people_are_named_field_by_field(app: TestApp) {
        let path = "/api/v1/chain/staff";
        let other = app.other_tenant().await;
        let elsewhere = other.get("/api/v1/chain/venues").await.text("/items/0/id");
        let role = json!([{"venueId": null, "role": "STAFF"}]);
        for (ask, pointer) in [
            (json!({"name": "", "roles": role}), "/name"),
            (json!({"name": "A", "email": "a b@c.d", "roles": role}), "/email"),
            (json!({"name": "A", "email": "a@localhost", "roles": role}), "/email"),
            (json!({"name": "A", "roles": []}), "/roles"),
            (json!({"name": "A", "roles": [role[0], role[0]]}), "/roles/1"),
            (json!({"name": "A", "roles": [{"venueId": elsewhere, "role": "STAFF"}]}), "/roles/0/venueId"),
            (json!({"name": "A", "roles": [{"venueId": null, "role": "BOSS"}]}), "/roles/0/role"),
            (json!({"name": "A", "roles": role, "pin": "1234"}), "/pin"),
        ] {
            let said = app.owner().post(path, ask).await;
            said.is_problem(422, "invalid");
            assert_eq!(said.text("/errors/0/pointer"), pointer);
        }
        let id = person(&app, "Ann", "STAFF", None).await;
        let taken = json!({"name": "A", "email": " Ann@test.example", "roles": role});
        app.owner().post(path, taken.clone()).await.is_problem(409, "email_taken");
        other.post(path, taken).await.is_problem(409, "email_taken");
        for (path, ask) in [("pin", json!({"pin": "12"})), ("pin", json!({"pin": "123456789"})),
            ("pin", json!({"pin": "12three"})), ("password", json!({"password": "short"}))] {
            let said = app.owner().put(&format!("/api/v1/chain/staff/{id}/{path}"), ask).await;
            said.is_problem(422, "invalid");
            assert_eq!(said.text("/errors/0/pointer"), format!("/{path}"));
        }
    }

    async fn nobody_gives_or_takes_a_rank_above_their_own(app: TestApp) {
        let owner = person(&app, "Olga", "OWNER", None).await;
        let one = format!("/api/v1/chain/staff/{owner}");
        let manager = app.manager();
        let ask = |role: &str| json!({"name": "A", "roles": [{"venueId": null, "role": role}]});
        manager.post("/api/v1/chain/staff", ask("OWNER")).await.is_problem(403, "forbidden");
        manager.post("/api/v1/chain/staff", ask("MANAGER")).await.is(201);
        manager.patch(&one, json!({"name": "X"})).await.is_problem(403, "forbidden");
        manager.put(&format!("{one}/password"), json!({"password": PASSWORD})).await.is_problem(403, "forbidden");
        manager.put(&format!("{one}/pin"), json!({"pin": PIN})).await.is_problem(403, "forbidden");
        manager.delete(&one).await.is_problem(403, "forbidden");
        // A manager of one venue has no rank in the chain, where people are hired.
        let local = person(&app, "Max", "MANAGER", Some(&app.venue.to_string())).await;
        let max = app.bearer(&sign_in(&app, "max", PASSWORD).await.text("/token"));
        max.post("/api/v1/chain/staff", ask("STAFF")).await.is_problem(403, "forbidden");
        max.get(&format!("/api/v1/chain/staff/{local}")).await.is_problem(403, "forbidden");
    }

    async fn the_chain_keeps_an_owner(app: TestApp) {
        let first = person(&app, "Olga", "OWNER", None).await;
        let one = format!("/api/v1/chain/staff/{first}");
        let owner = app.owner();
        owner.delete(&one).await.is_problem(422, "last_owner");
        let down = json!({"roles": [{"venueId": app.venue.to_string(), "role": "OWNER"}]});
        owner.patch(&one, down.clone()).await.is_problem(422, "last_owner");
        let second = person(&app, "Otto", "OWNER", None).await;
        // Both let each other go at once: one stays.
        let other = format!("/api/v1/chain/staff/{second}");
        let (a, b) = tokio::join!(owner.delete(&one), owner.patch(&other, down));
        let mut said = [a.status.as_u16(), b.status.as_u16()];
        said.sort_unstable();
        assert!(said[0] < 300 && said[1] == 422, "{said:?}");
    }

    async fn rank_counts_where_it_was_given(app: TestApp) {
        let annex = annex(&app).await;
        person(&app, "Ann", "MANAGER", Some(&annex)).await;
        let ann = app.bearer(&sign_in(&app, "ann", PASSWORD).await.text("/token"));
        ann.get(&format!("/api/v1/dashboard/venues/{annex}/devices")).await.is(200);
        ann.get(&app.dashboard("/devices")).await.is_problem(403, "forbidden");
        ann.get("/api/v1/dashboard/venues/all/devices").await.is_problem(403, "forbidden");
        ann.get("/api/v1/chain").await.is(200);
    }

    async fn a_device_is_paired_once_and_stays_in_its_venue(app: TestApp) {
        let made = app.manager().post(&app.dashboard("/devices"), json!({"name": "Bar"})).await;
        let code = made.text("/pairingCode");
        let sloppy = code.to_lowercase().replace('-', "");
        let paired = app.nobody().post("/api/v1/devices/pair", json!({"code": sloppy})).await;
        paired.is(201);
        assert!(paired.header("set-cookie").is_some_and(|set| set.starts_with("regulars_device=dt_") && set.contains("HttpOnly")));
        app.nobody().post("/api/v1/devices/pair", json!({"code": code})).await.is_problem(410, "code_expired");
        app.nobody().post("/api/v1/devices/pair", json!({"code": "00000-00000"})).await.is_problem(410, "code_expired");
        let device = app.bearer(&paired.text("/token"));
        device.get(&app.till("/staff")).await.is(200);
        let annex = annex(&app).await;
        device.get(&format!("/api/v1/tpv/venues/{annex}/staff")).await.is_problem(403, "forbidden");
        device.get(&app.dashboard("/devices")).await.is_problem(403, "forbidden");
        let me = device.get("/api/v1/staff/me").await;
        assert_eq!((me.text("/deviceId"), me.text("/roles/0/venueId")), (made.text("/device/id"), app.venue.to_string()));

        let one = app.dashboard(&format!("/devices/{}", made.text("/device/id")));
        assert!(!app.manager().get(&one).await.text("/lastSeenAt").is_empty());
        app.manager().put(&one, json!({"name": "Door"})).await.is(200);
        app.manager().get(&format!("/api/v1/dashboard/venues/{annex}/devices/{}", made.text("/device/id")))
            .await.is_problem(404, "not_found");
        app.manager().delete(&one).await.is(204);
        app.manager().delete(&one).await.is(204);
        device.get(&app.till("/staff")).await.is_problem(401, "unauthenticated");
        assert_eq!(app.manager().get(&app.dashboard("/devices")).await.int("/total"), 0);
        assert_eq!(app.manager().get(&app.dashboard("/devices?includeArchived=true")).await.int("/total"), 1);
    }

    async fn a_pairing_code_is_over_after_a_quarter_of_an_hour(app: TestApp) {
        let path = app.dashboard("/devices");
        let key = "device-1";
        let made = app.manager().post_keyed(&path, key, json!({"name": "Bar"})).await;
        // A replay tells everything but the secret, which is stored nowhere.
        let replay = app.manager().post_keyed(&path, key, json!({"name": "Bar"})).await;
        assert_eq!(replay.header("idempotency-replayed"), Some("true"));
        assert_eq!(replay.json["device"], made.json["device"]);
        assert!(replay.json.get("pairingCode").is_none());
        app.advance(SignedDuration::from_mins(15));
        let code = json!({"code": made.text("/pairingCode")});
        app.nobody().post("/api/v1/devices/pair", code).await.is_problem(410, "code_expired");
    }

    async fn a_revoked_till_ends_who_is_signed_in_there(app: TestApp) {
        let ann = person(&app, "Ann", "STAFF", None).await;
        let (device, token) = till(&app).await;
        let ask = json!({"staffId": ann, "pin": PIN});
        let at_till = app.bearer(&token).post(&app.till("/switch"), ask).await.text("/token");
        app.bearer(&at_till).get(&app.till("/staff")).await.is(200);
        app.manager().delete(&app.dashboard(&format!("/devices/{device}"))).await.is(204);
        app.bearer(&at_till).get(&app.till("/staff")).await.is_problem(401, "unauthenticated");
    }

    async fn a_forgotten_password_is_reset_from_the_machine(app: TestApp) {
        person(&app, "Olga", "OWNER", None).await;
        let session = sign_in(&app, "olga", PASSWORD).await.text("/token");
        let password = staff::reset(&app.hall, " Olga@test.example").await.expect("it is reset");
        sign_in(&app, "olga", PASSWORD).await.is_problem(401, "sign_in_failed");
        sign_in(&app, "olga", password.expose()).await.is(201);
        app.bearer(&session).get("/api/v1/staff/me").await.is_problem(401, "unauthenticated");
        assert!(staff::reset(&app.hall, "nobody@test.example").await.is_err());
    }
}
