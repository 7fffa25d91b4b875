//! Who lost the answer to what gives a token sends it again under its key, and is told the same.

use axum::http::Method;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use super::{PASSWORD, PIN, person, till};
use crate::both_stores;
use crate::hall::testing::{Said, TestApp};
use crate::params;
use crate::platform::{set_up, tries};

const SIGN_IN: &str = "/api/v1/staff/sign-in";
const PAIR: &str = "/api/v1/devices/pair";
const OUT: &str = "/api/v1/staff/sign-out";

/// The same answer, token and cookie too, and said to be told again.
#[track_caller]
fn same(first: &Said, again: &Said) {
    assert_eq!(
        (first.is(201).status, &first.bytes),
        (again.status, &again.bytes)
    );
    assert_eq!(first.header("set-cookie"), again.header("set-cookie"));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.header("nonce"), None);
}

/// Nothing that is kept of any answer holds the token.
async fn is_stored_nowhere(app: &TestApp, token: String) {
    let (_, secret) = token.split_once('_').expect("a token");
    let secret = secret.to_owned();
    let kept = app
        .write(move |tx| {
            let sql = "select headers, body from idempotency where tenant_id = $1";
            let rows = tx.query(sql, params![])?;
            rows.iter()
                .map(|row| {
                    let body: Vec<u8> = row.get(1)?;
                    Ok(row.get::<String>(0)? + &String::from_utf8_lossy(&body))
                })
                .collect::<crate::hall::error::Result<Vec<String>>>()
        })
        .await;
    assert!(!kept.is_empty() && kept.iter().all(|one| !one.contains(&secret)));
}

both_stores! {
    async fn a_till_that_lost_its_token_is_told_it_again(app: TestApp) {
        let made = app.manager().post(&app.dashboard("/devices"), json!({"name": "Bar"})).await;
        let ask = json!({"code": made.text("/pairingCode")});
        let first = app.nobody().post_keyed(PAIR, "pair-1", ask.clone()).await;
        let again = app.nobody().post_keyed(PAIR, "pair-1", ask.clone()).await;
        same(&first, &again);
        app.bearer(&again.text("/token")).get(&app.till("/staff")).await.is(200);
        is_stored_nowhere(&app, first.text("/token")).await;
        let shown = app.manager().get(&app.dashboard(&format!("/devices/{}", made.text("/device/id")))).await;
        assert_eq!(shown.json["pairingExpiresAt"], Json::Null);
        // Another key is another pairing, for which the code is used up; a key that is none is refused.
        app.nobody().post_keyed(PAIR, "pair-2", ask.clone()).await.is_problem(410, "code_expired");
        app.nobody().post_keyed(PAIR, "a b", ask.clone()).await.is_problem(400, "idempotency_key_invalid");
        app.advance(SignedDuration::from_mins(11));
        app.nobody().post_keyed(PAIR, "pair-1", ask.clone()).await.is_problem(422, "idempotency_key_reused");
        // After its quarter of an hour the code is found no more.
        app.advance(SignedDuration::from_hours(24));
        crate::jobs::run_due(&app.hall, None).await.unwrap();
        app.nobody().post_keyed(PAIR, "pair-1", ask).await.is_problem(410, "code_expired");
        app.bearer(&again.text("/token")).get(&app.till("/staff")).await.is(200);
    }

    async fn who_lost_the_answer_to_a_sign_in_is_told_it_again(app: TestApp) {
        person(&app, "Ann", "STAFF", None).await;
        let ask = json!({"email": "ann@test.example", "password": PASSWORD});
        let first = app.nobody().post_keyed(SIGN_IN, "in-1", ask.clone()).await;
        let again = app.nobody().post_keyed(SIGN_IN, "in-1", ask.clone()).await;
        same(&first, &again);
        is_stored_nowhere(&app, first.text("/token")).await;
        // Whoever has the key and not the password learns nothing by it.
        let wrong = json!({"email": "ann@test.example", "password": "wrong words here"});
        app.nobody().post_keyed(SIGN_IN, "in-1", wrong).await.is_problem(401, "sign_in_failed");
        app.nobody().post_keyed(SIGN_IN, &"x".repeat(256), ask.clone()).await.is_problem(400, "idempotency_key_invalid");
        let other = app.nobody().post_keyed(SIGN_IN, "in-2", ask).await;
        assert_ne!(other.is(201).text("/token"), first.text("/token"));
        // Who signs out is signed out, also when they say it twice.
        let ann = app.bearer(&first.text("/token"));
        ann.post_keyed(OUT, "a b", json!({})).await.is_problem(400, "idempotency_key_invalid");
        ann.post_keyed(OUT, "out-1", json!({})).await.is(204);
        ann.post_keyed(OUT, "out-1", json!({})).await.is_problem(401, "unauthenticated");
        let machine = app.staff();
        let once = machine.post_keyed(OUT, "out-1", json!({})).await;
        let twice = machine.post_keyed(OUT, "out-1", json!({})).await;
        assert_eq!((once.is(204).header("set-cookie"), twice.is(204).header("idempotency-replayed")), (twice.header("set-cookie"), Some("true")));
    }

    async fn whoever_switched_and_lost_the_answer_is_told_it_again(app: TestApp) {
        let ann = person(&app, "Ann", "STAFF", None).await;
        let (device, token) = till(&app).await;
        let (path, ask) = (app.till("/switch"), json!({"staffId": ann, "pin": PIN}));
        let till = app.bearer(&token);
        let first = till.post_keyed(&path, "switch-1", ask.clone()).await;
        let again = till.post_keyed(&path, "switch-1", ask.clone()).await;
        same(&first, &again);
        is_stored_nowhere(&app, first.text("/token")).await;
        // Who is switched from is signed out by it: the till itself asks again.
        let bo = person(&app, "Bo", "STAFF", None).await;
        let to_bo = json!({"staffId": bo, "pin": PIN});
        let by_ann = app.bearer(&again.text("/token")).post_keyed(&path, "switch-2", to_bo.clone()).await;
        same(&by_ann, &till.post_keyed(&path, "switch-2", to_bo).await);
        // A key gives no guesses of a PIN: each counts, and the right one is locked with the others.
        for _ in 0..tries::TRIES_MAX {
            let wrong = json!({"staffId": ann, "pin": "0000"});
            till.post_keyed(&path, "switch-1", wrong).await.is_problem(422, "pin_wrong");
        }
        till.post_keyed(&path, "switch-1", ask.clone()).await.is_problem(422, "pin_locked");
        app.advance(SignedDuration::from_mins(2));
        // A session of which the till never heard ends with the next switch.
        till.post(&path, ask).await.is(201);
        app.bearer(&first.text("/token")).get("/api/v1/staff/me").await.is_problem(401, "unauthenticated");
        let left = app.write(move |tx| {
            let sql = "select count(*) from sessions where tenant_id = $1 and device_id = $2 and ended_at is null";
            tx.one(sql, params![&device])?.get::<i64>(0)
        }).await;
        assert_eq!(left, 1);
    }

    async fn an_owner_who_lost_the_answer_to_the_set_up_is_told_it_again(app: TestApp) {
        let token = set_up::offer(&app.hall).await.expect("a link is offered");
        let ask = json!({
            "token": token.expose(),
            "chain": {"slug": "test", "name": "Boule & Bar"},
            "owner": {"name": "Maja Lind", "email": "maja@boule.example", "password": PASSWORD},
            "venue": {"slug": "quay", "name": "Quay", "zone": "Europe/Stockholm", "country": "SE", "currency": "SEK",
                "language": "sv", "taxMode": "INCLUSIVE", "tillMode": "FULL"},
        });
        let set_up = async |key: &str, ask: &Json| app.nobody().post_keyed("/api/v1/set-up", key, ask.clone()).await;
        // A refusal founds nothing, and nothing of it can be kept.
        set_up("up-1", &ask).await.is_problem(409, "name_taken");
        let mut free = ask.clone();
        free["chain"]["slug"] = json!("boule");
        let first = set_up("up-1", &free).await;
        same(&first, &set_up("up-1", &free).await);
        app.bearer(&first.text("/token")).get("/api/v1/chain").await.is(200);
        set_up("up-2", &free).await.is_problem(410, "code_expired");
        set_up("up-1", &ask).await.is_problem(422, "idempotency_key_reused");
        free["owner"]["email"] = json!("nobody@boule.example");
        set_up("up-1", &free).await.is_problem(410, "code_expired");
    }

    async fn a_new_pin_ends_what_the_old_one_opened(app: TestApp) {
        let ann = person(&app, "Ann", "STAFF", None).await;
        let ask = json!({"email": "ann@test.example", "password": PASSWORD});
        let elsewhere = app.nobody().post(SIGN_IN, ask).await;
        let (_, token) = till(&app).await;
        let at_till = app.bearer(&token).post(&app.till("/switch"), json!({"staffId": ann, "pin": PIN})).await;
        let pin = format!("/api/v1/chain/staff/{ann}/pin");
        app.owner().put(&pin, json!({"pin": "1470"})).await.is(204);
        app.bearer(&at_till.text("/token")).get("/api/v1/staff/me").await.is_problem(401, "unauthenticated");
        app.bearer(&elsewhere.text("/token")).get("/api/v1/staff/me").await.is(200);
    }

    async fn without_a_key_each_is_an_act_of_its_own(app: TestApp) {
        person(&app, "Ann", "STAFF", None).await;
        let ask = json!({"email": "ann@test.example", "password": PASSWORD});
        let first = app.nobody().send(Method::POST, SIGN_IN, Some(ask.clone()), &[]).await;
        let second = app.nobody().send(Method::POST, SIGN_IN, Some(ask), &[]).await;
        assert_ne!(first.is(201).text("/token"), second.is(201).text("/token"));
    }
}
