//! The chain, its venues, and a test chain's clock.

use axum::http::Method;
use jiff::SignedDuration;
use serde_json::json;

use super::{annex, person, till};
use crate::both_stores;
use crate::hall::access::Role;
use crate::hall::error::{Code, Error};
use crate::hall::testing::TestApp;
use crate::platform::chain;

both_stores! {
    async fn an_owner_changes_the_chain(app: TestApp) {
        let path = "/api/v1/chain";
        let before = app.staff().get(path).await;
        assert_eq!((before.text("/slug"), before.text("/mode")), ("test".into(), "TEST".into()));
        let said = app.owner().patch(path, json!({"name": "Boule", "host": "guests.boule.example"})).await;
        said.is(200);
        assert_eq!((said.text("/name"), said.text("/currency")), ("Boule".into(), "EUR".into()));
        app.owner().patch(path, json!({"host": null})).await.is(200);
        app.manager().patch(path, json!({"name": "X"})).await.is_problem(403, "forbidden");
        let tag = before.header("etag").expect("an ETag").to_owned();
        let stale = app.owner().send(Method::PATCH, path, Some(json!({"name": "X"})), &[("if-match", &tag)]).await;
        stale.is_problem(412, "stale");
        for (change, pointer) in [
            (json!({"name": " "}), "/name"),
            (json!({"currency": "kr"}), "/currency"),
            (json!({"language": "English"}), "/language"),
            (json!({"host": "Guests"}), "/host"),
            (json!({"slug": "x"}), "/slug"),
        ] {
            let said = app.owner().patch(path, change).await;
            said.is_problem(422, "invalid");
            assert_eq!(said.text("/errors/0/pointer"), pointer);
        }
        app.nobody().get(path).await.is_problem(401, "unauthenticated");
    }

    async fn the_reporting_currency_stays_from_the_first_payment_on(app: TestApp) {
        let path = "/api/v1/chain";
        app.owner().patch(path, json!({"currency": "SEK"})).await.is(200);
        app.write(chain::fix_currency).await;
        app.write(chain::fix_currency).await;
        let said = app.owner().patch(path, json!({"currency": "EUR"})).await;
        said.is_problem(409, "currency_fixed");
        assert_eq!(said.text("/currency"), "SEK");
        app.owner().patch(path, json!({"name": "Still"})).await.is(200);
    }

    async fn a_host_belongs_to_one_chain(app: TestApp) {
        let other = app.other_tenant().await;
        let host = json!({"host": "guests.boule.example"});
        app.owner().patch("/api/v1/chain", host.clone()).await.is(200);
        other.patch("/api/v1/chain", host.clone()).await.is_problem(409, "name_taken");
        app.owner().patch("/api/v1/chain", json!({"host": null})).await.is(200);
        other.patch("/api/v1/chain", host).await.is(200);
    }

    async fn a_venue_is_opened_edited_put_away_and_restored(app: TestApp) {
        let id = annex(&app).await;
        let one = format!("/api/v1/chain/venues/{id}");
        let shown = app.staff().get(&one).await;
        assert_eq!((shown.text("/businessDayStart"), shown.text("/currency")), ("05:00".into(), "SEK".into()));
        let hours = json!({"weekly": [{"day": "SAT", "opens": "12:00", "closes": "02:00"}],
            "exceptions": [{"on": "2026-12-24", "periods": [], "note": "Christmas Eve"}]});
        let edited = app.manager().patch(&one, json!({"name": "Yard", "openingHours": hours})).await;
        edited.is(200);
        assert_eq!((&edited.json["openingHours"], edited.text("/slug")), (&hours, "annex".into()));
        let tag = shown.header("etag").expect("an ETag").to_owned();
        let stale = app.manager().send(Method::PATCH, &one, Some(json!({"name": "X"})), &[("if-match", &tag)]).await;
        stale.is_problem(412, "stale");
        let fixed = app.manager().patch(&one, json!({"currency": "EUR"})).await;
        fixed.is_problem(422, "invalid");
        assert_eq!(fixed.text("/errors/0/pointer"), "/currency");
        let mut whole = edited.json.clone();
        for field in ["id", "archivedAt", "createdAt"] {
            whole.as_object_mut().expect("an object").remove(field);
        }
        whole["slug"] = json!("harbour");
        app.owner().put(&one, whole.clone()).await.is_problem(409, "name_taken");
        whole["slug"] = json!("yard");
        assert_eq!(app.owner().put(&one, whole).await.text("/slug"), "yard");

        let devices = format!("/api/v1/dashboard/venues/{id}/devices");
        app.manager().delete(&one).await.is_problem(403, "forbidden");
        app.owner().delete(&one).await.is(204);
        app.owner().delete(&one).await.is(204);
        app.owner().post(&devices, json!({"name": "Bar"})).await.is_problem(409, "venue_archived");
        app.owner().get(&devices).await.is(200);
        let list = "/api/v1/chain/venues";
        assert_eq!(app.staff().get(list).await.int("/total"), 1);
        assert_eq!(app.staff().get(&format!("{list}?includeArchived=true")).await.int("/total"), 2);
        app.owner().post(&format!("{one}/restore"), json!({})).await.is(200);
        app.owner().post(&devices, json!({"name": "Bar"})).await.is(201);
    }

    async fn venues_are_listed_by_cursor(app: TestApp) {
        annex(&app).await;
        let first = app.owner().get("/api/v1/chain/venues?pageSize=1").await;
        assert_eq!((first.text("/items/0/slug"), first.int("/total")), ("harbour".into(), 2));
        let next = first.text("/nextCursor");
        let second = app.owner().get(&format!("/api/v1/chain/venues?pageSize=1&cursor={next}")).await;
        assert_eq!(second.text("/items/0/slug"), "annex");
        assert!(second.json.get("nextCursor").is_none());
        app.owner().get("/api/v1/chain/venues?nmae=x").await.is_problem(422, "invalid");
    }

    async fn another_chains_rows_and_invented_ones_are_told_alike(app: TestApp) {
        let venue = annex(&app).await;
        let person = person(&app, "Ann", "STAFF", None).await;
        let (device, _) = till(&app).await;
        let key = app.owner().post("/api/v1/chain/api-keys", json!({"name": "K", "role": "STAFF"})).await.text("/key/id");
        let class = app.owner().post("/api/v1/chain/tax-classes", json!({"name": "Food"})).await.text("/id");
        let other = app.other_tenant().await;
        let own = other.get("/api/v1/chain/venues").await.text("/items/0/id");
        for (path, id) in [
            ("/api/v1/chain/venues/", venue.clone()),
            ("/api/v1/chain/staff/", person),
            ("/api/v1/chain/api-keys/", key),
            ("/api/v1/chain/tax-classes/", class),
            (&format!("/api/v1/dashboard/venues/{own}/devices/") as &str, device),
        ] {
            let invented = format!("{}_01kab4bqf8e1ftz0c6hqp2v9xw", &id[..3]);
            for method in [Method::GET, Method::PUT, Method::DELETE] {
                let body = (method == Method::PUT).then(|| json!({"name": "X", "roles": [{"venueId": null, "role": "STAFF"}]}));
                let body = body.map(|body| if path.contains("staff") { body } else if path.contains("venues/ven") || !path.contains("venues") {
                    json!({"name": "X"})
                } else {
                    json!({"slug": "x", "name": "X", "zone": "Europe/Madrid", "country": "ES", "currency": "EUR",
                        "language": "es", "taxMode": "INCLUSIVE", "tillMode": "FULL"})
                });
                let mut told = Vec::new();
                for id in [&id, &invented] {
                    let said = other.send(method.clone(), &format!("{path}{id}"), body.clone(), &[]).await;
                    said.is_problem(404, "not_found");
                    let mut json = said.json.clone();
                    json.as_object_mut().expect("a problem").remove("requestId");
                    told.push(json);
                }
                assert_eq!(told[0], told[1], "{method} {path}");
            }
        }
        for path in ["tax-rates", "devices"] {
            other.get(&format!("/api/v1/dashboard/venues/{venue}/{path}")).await.is_problem(404, "not_found");
        }
    }

    async fn a_test_chains_clock_moves_forward_only(app: TestApp) {
        let now = app.now();
        let hour = SignedDuration::from_hours(1);
        app.write(move |tx| chain::advance_clock(tx, now + hour)).await;
        let back = app.try_write(move |tx| chain::advance_clock(tx, now - hour)).await;
        assert!(matches!(back, Err(Error::Refused(Code::ClockBackwards, _))));
        let key = app.key(Role::Owner, &[]).await;
        let made = key.post("/api/v1/chain/tax-classes", json!({"name": "Food"})).await;
        assert_eq!(made.text("/createdAt"), (now + hour).to_string());
        let far = app.try_write(move |tx| chain::advance_clock(tx, now + hour * (24 * 365 * 100))).await;
        assert!(matches!(far, Err(Error::Invalid(_))));
        app.as_owner(&["update tenants set mode = 'LIVE'"]).await;
        let live = app.try_write(move |tx| chain::advance_clock(tx, now + hour * 2)).await;
        assert!(matches!(live, Err(Error::NotFound(_))));
    }
}
