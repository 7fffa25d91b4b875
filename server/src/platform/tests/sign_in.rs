//! Sessions: cookies, their proof, their end.

use axum::http::Method;
use jiff::SignedDuration;
use serde_json::json;

use super::{PASSWORD, PIN, annex, person, sign_in, till, with_cookie};
use crate::both_stores;
use crate::hall::secret::Secret;
use crate::hall::store::plan;
use crate::hall::testing::TestApp;
use crate::platform::sessions;

const ME: &str = "/api/v1/staff/me";
const OUT: &str = "/api/v1/staff/sign-out";
const OURS: Option<(&str, &str)> = Some(("sec-fetch-site", "same-origin"));

fn cookie_of(set: &str) -> String {
    set.split(';').next().unwrap_or_default().to_owned()
}

both_stores! {
    async fn one_address_tries_many_people_only_so_often(app: TestApp) {
        let path = "/api/v1/staff/sign-in";
        let nobody = app.nobody().at_address("203.0.113.9");
        let ask = |who: u32| json!({"email": format!("p{who}@test.example"), "password": "a wrong password"});
        for who in 0..20 {
            let said = nobody.post(path, ask(who)).await;
            said.is_problem(401, "sign_in_failed");
            assert_eq!(said.header("ratelimit-policy"), Some("\"staff-sign-in\";q=20;w=120"));
            let left = format!("\"staff-sign-in\";r={};t={}", 19 - who, (who + 1) * 6);
            assert_eq!(said.header("ratelimit"), Some(left.as_str()));
        }
        let refused = nobody.post(path, ask(20)).await;
        refused.is_problem(429, "too_many");
        assert_eq!(refused.header("retry-after"), Some("6"));
        assert_eq!(refused.header("ratelimit"), Some("\"staff-sign-in\";r=0;t=120"));
        // Another address is not kept out, nor is what a client says of itself believed.
        app.nobody().at_address("203.0.113.10").post(path, ask(20)).await.is_problem(401, "sign_in_failed");
        let forged = [("x-forwarded-for", "198.51.100.1")];
        nobody.send(Method::POST, path, Some(ask(20)), &forged).await.is_problem(429, "too_many");
        // Behind the proxy that is configured (here this machine) each guest has their own.
        let proxy = app.nobody().at_address("127.0.0.1");
        for last in 1..40 {
            let address = format!("198.51.100.{last}");
            let forwarded = [("x-forwarded-for", address.as_str())];
            proxy.send(Method::POST, path, Some(ask(last)), &forwarded).await.is_problem(401, "sign_in_failed");
        }
        app.advance(SignedDuration::from_secs(6));
        nobody.post(path, ask(20)).await.is_problem(401, "sign_in_failed");
        nobody.post(path, ask(21)).await.is_problem(429, "too_many");
    }

    async fn a_session_lives_in_a_cookie_until_sign_out(app: TestApp) {
        person(&app, "Ann", "STAFF", None).await;
        let said = sign_in(&app, "ann", PASSWORD).await;
        said.is(201);
        let set = said.header("set-cookie").expect("a cookie").to_owned();
        assert!(set.starts_with("regulars_staff=st_") && set.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=43200"), "{set}");
        let cookie = cookie_of(&set);
        with_cookie(&app, Method::GET, ME, &cookie, None).await.is(200);
        for proof in [None, Some(("sec-fetch-site", "cross-site")), Some(("sec-fetch-site", "same-site")),
            Some(("origin", "https://evil.example")), Some(("origin", "null"))] {
            with_cookie(&app, Method::POST, OUT, &cookie, proof).await.is_problem(403, "same_origin_required");
        }
        with_cookie(&app, Method::GET, ME, &cookie, None).await.is(200);
        let out = with_cookie(&app, Method::POST, OUT, &cookie, OURS).await;
        out.is(204);
        assert!(out.header("set-cookie").is_some_and(|set| set.contains("Max-Age=0")));
        with_cookie(&app, Method::GET, ME, &cookie, None).await.is_problem(401, "unauthenticated");
        app.bearer(&said.text("/token")).get(ME).await.is_problem(401, "unauthenticated");
    }

    async fn a_scheme_is_written_in_any_case_and_a_head_is_a_get(app: TestApp) {
        person(&app, "Ann", "STAFF", None).await;
        let token = sign_in(&app, "ann", PASSWORD).await.text("/token");
        for (written, status) in [("Bearer", 200), ("bearer", 200), ("BEARER", 200), ("Basic", 401), ("Bearer_", 401)] {
            let header = format!("{written} {token}");
            app.nobody().send(Method::GET, ME, None, &[("authorization", &header)]).await.is(status);
        }
        app.nobody().send(Method::GET, ME, None, &[("authorization", &token)]).await.is_problem(401, "unauthenticated");
        let head = async |who: &crate::hall::testing::Persona<'_>, path: &str| who.send(Method::HEAD, path, None, &[]).await;
        for path in [ME.to_owned(), app.till("/staff"), "/api/v1/dashboard/venues/all/customers".into()] {
            let (got, said) = (app.staff().get(&path).await, head(&app.staff(), &path).await);
            assert_eq!((said.is(200).bytes.len(), said.header("content-type")), (0, got.header("content-type")), "{path}");
            head(&app.nobody(), &path).await.is(401);
        }
        head(&app.staff(), &app.dashboard("/devices")).await.is(403);
        head(&app.staff(), "/api/v1/nothing").await.is(404);
    }

    async fn behind_tls_a_cookie_goes_over_tls_alone(app: TestApp) {
        let mut hall = app.hall.clone();
        hall.public_url = "https://regulars.example".into();
        let set = sessions::cookie(&hall, "c", Some(&Secret::new("t")), SignedDuration::from_secs(5));
        assert_eq!(set, "c=t; Path=/; HttpOnly; SameSite=Lax; Max-Age=5; Secure");
    }

    async fn no_list_walks_the_table(app: TestApp) {
        let venue = app.venue;
        for (sql, index) in [
            ("select device_id from devices where tenant_id = $1 and venue_id = $2 order by device_id limit 50", "devices_by_venue"),
            ("select session_id from sessions where tenant_id = $1 and device_id = $2", "sessions_by_device"),
        ] {
            let plan = app.write(move |tx| plan(tx, sql, crate::params![venue])).await;
            assert!(plan.contains(index), "{plan}");
        }
    }

    async fn a_sign_in_rotates_the_session_that_the_browser_had(app: TestApp) {
        person(&app, "Ann", "STAFF", None).await;
        let first = sign_in(&app, "ann", PASSWORD).await;
        let cookie = cookie_of(first.header("set-cookie").expect("a cookie"));
        let ask = json!({"email": "ann@test.example", "password": PASSWORD});
        let second = app.nobody().send(Method::POST, "/api/v1/staff/sign-in", Some(ask), &[("cookie", &cookie)]).await;
        second.is(201);
        assert_ne!(first.text("/token"), second.text("/token"));
        app.bearer(&first.text("/token")).get(ME).await.is_problem(401, "unauthenticated");
        app.bearer(&second.text("/token")).get(ME).await.is(200);
    }

    async fn a_session_ends_after_a_working_day(app: TestApp) {
        person(&app, "Ann", "STAFF", None).await;
        let ann = app.bearer(&sign_in(&app, "ann", PASSWORD).await.text("/token"));
        app.advance(SignedDuration::from_hours(12) - SignedDuration::from_secs(1));
        ann.get(ME).await.is(200);
        app.advance(SignedDuration::from_secs(1));
        ann.get(ME).await.is_problem(401, "unauthenticated");
    }

    async fn a_wrong_password_and_an_unknown_address_are_told_alike(app: TestApp) {
        person(&app, "Ann", "STAFF", None).await;
        let mut told = Vec::new();
        for (name, password) in [("ann", "wrong words here"), ("nobody", PASSWORD)] {
            let said = sign_in(&app, name, password).await;
            said.is_problem(401, "sign_in_failed");
            let mut json = said.json.clone();
            json.as_object_mut().expect("a problem").remove("requestId");
            told.push(json);
        }
        assert_eq!(told[0], told[1]);
        // Nobody signs in without a password that was set.
        let ask = json!({"name": "Bo", "email": "bo@test.example", "roles": [{"venueId": null, "role": "STAFF"}]});
        app.owner().post("/api/v1/chain/staff", ask).await.is(201);
        sign_in(&app, "bo", "").await.is_problem(401, "sign_in_failed");
    }

    async fn one_changes_ones_own_password(app: TestApp) {
        person(&app, "Ann", "STAFF", None).await;
        let ann = app.bearer(&sign_in(&app, "ann", PASSWORD).await.text("/token"));
        let path = "/api/v1/staff/me/password";
        let new = "other plain words";
        let wrong = ann.put(path, json!({"current": "wrong words here", "password": new})).await;
        wrong.is_problem(422, "invalid");
        assert_eq!(wrong.text("/errors/0/pointer"), "/current");
        ann.put(path, json!({"current": PASSWORD, "password": "short"})).await.is_problem(422, "invalid");
        ann.put(path, json!({"current": PASSWORD, "password": new})).await.is(204);
        ann.get(ME).await.is_problem(401, "unauthenticated");
        sign_in(&app, "ann", PASSWORD).await.is_problem(401, "sign_in_failed");
        sign_in(&app, "ann", new).await.is(201);
        app.owner().put(path, json!({"current": PASSWORD, "password": new})).await.is_problem(404, "not_found");
    }

    async fn a_session_by_pin_counts_at_that_till_alone(app: TestApp) {
        let annex = annex(&app).await;
        let olga = person(&app, "Olga", "OWNER", None).await;
        let (device, token) = till(&app).await;
        let said = app.bearer(&token).post(&app.till("/switch"), json!({"staffId": olga, "pin": PIN})).await;
        said.is(201);
        let at_till = app.bearer(&said.text("/token"));
        at_till.get(&app.dashboard("/devices")).await.is(200);
        at_till.get(&format!("/api/v1/dashboard/venues/{annex}/devices")).await.is_problem(403, "forbidden");
        at_till.get("/api/v1/chain/staff").await.is_problem(403, "forbidden");
        let me = at_till.get(ME).await;
        assert_eq!((me.text("/deviceId"), me.json["roles"].clone()),
            (device, json!([{"venueId": app.venue.to_string(), "role": "OWNER"}])));
        // With her password she is the owner everywhere.
        let anywhere = app.bearer(&sign_in(&app, "olga", PASSWORD).await.text("/token"));
        anywhere.get("/api/v1/chain/staff").await.is(200);
    }

    async fn whoever_switches_signs_the_one_before_out(app: TestApp) {
        let ann = person(&app, "Ann", "STAFF", None).await;
        let bo = person(&app, "Bo", "STAFF", None).await;
        let (_, token) = till(&app).await;
        let path = app.till("/switch");
        let first = app.bearer(&token).post(&path, json!({"staffId": ann, "pin": PIN})).await.text("/token");
        let second = app.bearer(&first).post(&path, json!({"staffId": bo, "pin": PIN})).await;
        second.is(201);
        assert!(second.json["staff"]["name"] == "Bo");
        app.bearer(&first).get(ME).await.is_problem(401, "unauthenticated");
        // The browser of the till has both cookies: when nobody is signed in any more, it is the device.
        let both = format!("regulars_staff={first}; regulars_device={token}");
        assert!(with_cookie(&app, Method::GET, ME, &both, None).await.text("/actor").starts_with("device:"));
        let both = format!("regulars_staff={}; regulars_device={token}", second.text("/token"));
        assert_eq!(with_cookie(&app, Method::GET, ME, &both, None).await.text("/actor"), format!("staff:{bo}"));
    }

    async fn switching_needs_a_till_and_a_rank_there(app: TestApp) {
        let annex = annex(&app).await;
        let ann = person(&app, "Ann", "STAFF", Some(&annex)).await;
        let ask = json!({"staffId": ann, "pin": PIN});
        app.staff().post(&app.till("/switch"), ask.clone()).await.is_problem(422, "method_unavailable");
        let (_, token) = till(&app).await;
        app.bearer(&token).post(&app.till("/switch"), ask).await.is_problem(422, "pin_wrong");
        let invented = json!({"staffId": "stf_01kab4bqf8e1ftz0c6hqp2v9xw", "pin": PIN});
        app.bearer(&token).post(&app.till("/switch"), invented).await.is_problem(422, "pin_wrong");
    }
}
