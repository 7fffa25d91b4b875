use axum::http::Method;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use crate::both_stores;
use crate::customers::{self, EditCustomer};
use crate::hall::id::CustomerId;
use crate::hall::identity;
use crate::hall::testing::{Said, TestApp};

const ASK: &str = "/api/v1/me/sign-in";
const CONFIRM: &str = "/api/v1/me/sign-in/confirm";
const OUT: &str = "/api/v1/me/sign-out";

async fn asa(app: &TestApp) -> CustomerId {
    let venue = app.venue;
    app.write(move |tx| {
        let venue = identity::venue(tx, venue)?.expect("the venue is there");
        let ask = EditCustomer {
            first_name: Some("Åsa".into()),
            email: Some("asa@example.com".into()),
            phone: Some("+46701234567".into()),
            ..EditCustomer::default()
        };
        Ok(customers::create(tx, &venue, &ask)?.id)
    })
    .await
}

/// A request from the page of the chain `test`.
async fn page(app: &TestApp, path: &str, body: Json) -> Said {
    let header = [("x-regulars-tenant", "test")];
    app.nobody()
        .send(Method::POST, path, Some(body), &header)
        .await
}

/// The messages that were written, the newest last.
async fn messages(app: &TestApp) -> Vec<Json> {
    app.write(|tx| {
        let sql = "select data from outbox where tenant_id = $1 and type = 'sign_in_code' order by event_id";
        tx.query(sql, &[])?.iter().map(|row| row.json(0)).collect()
    })
    .await
}

async fn newest_code(app: &TestApp) -> String {
    let messages = messages(app).await;
    let newest = messages.last().expect("a message was written");
    newest["code"].as_str().expect("a code").to_owned()
}

fn wrong(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

both_stores! {
    async fn one_address_asks_for_codes_only_so_often(app: TestApp) {
        let guest = app.nobody().at_address("203.0.113.9");
        let header = [("x-regulars-tenant", "test")];
        let code = |who: u32| json!({"email": format!("p{who}@example.com"), "code": "000000"});
        let ask = |who: u32| json!({"email": format!("p{who}@example.com")});
        // Asking and confirming share what the address has.
        for who in 0..30 {
            guest.send(Method::POST, ASK, Some(ask(who)), &header).await.is(202);
            guest.send(Method::POST, CONFIRM, Some(code(who)), &header).await.is(401);
        }
        guest.send(Method::POST, ASK, Some(ask(30)), &header).await.is_problem(429, "too_many");
        let refused = guest.send(Method::POST, CONFIRM, Some(code(30)), &header).await;
        refused.is_problem(429, "too_many");
        assert_eq!(refused.header("retry-after"), Some("2"));
        let other = app.nobody().at_address("203.0.113.10");
        other.send(Method::POST, ASK, Some(ask(30)), &header).await.is(202);
    }

    async fn a_guest_signs_in_by_the_code_that_was_sent(app: TestApp) {
        let id = asa(&app).await;
        let asked = page(&app, ASK, json!({"email": " Asa@Example.com"})).await;
        asked.is(202);
        assert_eq!(asked.int("/expiresInSeconds"), 600);
        let message = messages(&app).await.remove(0);
        assert_eq!((&message["to"], &message["channel"]), (&json!("asa@example.com"), &json!("EMAIL")));
        let code = newest_code(&app).await;
        let ask = json!({"email": "asa@example.com", "code": code});
        let said = page(&app, CONFIRM, ask.clone()).await;
        said.is(201);
        assert_eq!(said.text("/customerId"), id.to_string());
        let set = said.header("set-cookie").expect("a cookie").to_owned();
        assert!(set.starts_with("regulars_guest=st_") && set.contains("; HttpOnly; SameSite=Lax; Max-Age=5184000"), "{set}");
        // A code works once.
        page(&app, CONFIRM, ask).await.is_problem(401, "sign_in_failed");
        // A guest's token is nobody's among staff, and a key is nobody's among guests.
        let guest = app.bearer(&said.text("/token"));
        guest.get("/api/v1/chain").await.is_problem(401, "unauthenticated");
        app.owner().post(OUT, json!({})).await.is_problem(401, "unauthenticated");
        let cookie = set.split(';').next().expect("a cookie");
        app.nobody().send(Method::POST, OUT, None, &[("cookie", cookie)]).await.is_problem(403, "same_origin_required");
        guest.post(OUT, json!({})).await.is(204);
        guest.post(OUT, json!({})).await.is_problem(401, "unauthenticated");
    }

    async fn a_phone_is_known_however_it_is_written(app: TestApp) {
        let id = asa(&app).await;
        page(&app, ASK, json!({"phone": "070-123 45 67"})).await.is(202);
        assert_eq!(messages(&app).await[0]["channel"], "SMS");
        let code = newest_code(&app).await;
        let said = page(&app, CONFIRM, json!({"phone": "+46 70 123 45 67", "code": code})).await;
        said.is(201);
        assert_eq!(said.text("/customerId"), id.to_string());
    }

    async fn an_unknown_address_is_told_the_same_and_sent_nothing(app: TestApp) {
        asa(&app).await;
        let known = page(&app, ASK, json!({"email": "asa@example.com"})).await;
        for address in [json!({"email": "nobody@example.com"}), json!({"email": "not an address"}), json!({"phone": "12"})] {
            let unknown = page(&app, ASK, address.clone()).await;
            assert_eq!((unknown.status, &unknown.bytes), (known.status, &known.bytes));
            let mut ask = address;
            ask["code"] = json!("123456");
            page(&app, CONFIRM, ask).await.is_problem(401, "sign_in_failed");
        }
        assert_eq!(messages(&app).await.len(), 1);
        page(&app, ASK, json!({})).await.is_problem(422, "invalid");
        page(&app, ASK, json!({"email": "a@b.se", "phone": "+461"})).await.is_problem(422, "invalid");
        app.nobody().post(ASK, json!({"email": "asa@example.com"})).await.is_problem(404, "not_found");
    }

    async fn a_code_is_over_after_ten_minutes(app: TestApp) {
        asa(&app).await;
        page(&app, ASK, json!({"email": "asa@example.com"})).await.is(202);
        let code = newest_code(&app).await;
        app.advance(SignedDuration::from_mins(10));
        page(&app, CONFIRM, json!({"email": "asa@example.com", "code": code})).await.is_problem(401, "sign_in_failed");
    }

    async fn a_new_code_replaces_the_old_one_but_not_at_once(app: TestApp) {
        asa(&app).await;
        let email = json!({"email": "asa@example.com"});
        page(&app, ASK, email.clone()).await.is(202);
        let old = newest_code(&app).await;
        page(&app, ASK, email.clone()).await.is(202);
        assert_eq!(messages(&app).await.len(), 1);
        app.advance(SignedDuration::from_secs(60));
        page(&app, ASK, email).await.is(202);
        assert_eq!(messages(&app).await.len(), 2);
        let new = newest_code(&app).await;
        if old != new {
            page(&app, CONFIRM, json!({"email": "asa@example.com", "code": old})).await.is_problem(401, "sign_in_failed");
        }
        page(&app, CONFIRM, json!({"email": "asa@example.com", "code": new})).await.is(201);
    }

    async fn five_wrong_codes_lock_the_address_for_the_next_code_too(app: TestApp) {
        asa(&app).await;
        page(&app, ASK, json!({"email": "asa@example.com"})).await.is(202);
        let code = newest_code(&app).await;
        let try_code = async |code: &str| page(&app, CONFIRM, json!({"email": "asa@example.com", "code": code})).await;
        for _ in 0..5 {
            try_code(wrong(&code)).await.is_problem(401, "sign_in_failed");
        }
        try_code(&code).await.is_problem(401, "sign_in_failed");
        app.advance(SignedDuration::from_mins(1));
        try_code(wrong(&code)).await.is_problem(401, "sign_in_failed");
        // The sixth locks for five minutes, whatever code is asked for meanwhile.
        app.advance(SignedDuration::from_mins(1));
        page(&app, ASK, json!({"email": "asa@example.com"})).await.is(202);
        let code = newest_code(&app).await;
        try_code(&code).await.is_problem(401, "sign_in_failed");
        app.advance(SignedDuration::from_mins(4));
        try_code(&code).await.is(201);
    }

    async fn a_guest_who_was_put_away_is_signed_out(app: TestApp) {
        let id = asa(&app).await;
        page(&app, ASK, json!({"email": "asa@example.com"})).await.is(202);
        let code = newest_code(&app).await;
        let token = page(&app, CONFIRM, json!({"email": "asa@example.com", "code": code})).await.text("/token");
        app.write(move |tx| customers::archive(tx, id, None)).await;
        app.bearer(&token).post(OUT, json!({})).await.is_problem(401, "unauthenticated");
        page(&app, ASK, json!({"email": "asa@example.com"})).await.is(202);
        assert_eq!(messages(&app).await.len(), 1);
    }

    async fn a_guest_who_lost_the_answer_is_told_it_again(app: TestApp) {
        asa(&app).await;
        let keyed = async |path: &str, key: &str, body: Json| {
            let headers = [("x-regulars-tenant", "test"), ("idempotency-key", key)];
            app.nobody().send(Method::POST, path, Some(body), &headers).await
        };
        let email = json!({"email": "asa@example.com"});
        keyed(ASK, "ask-1", email.clone()).await.is(202);
        keyed(ASK, "ask-1", email.clone()).await.is(202);
        assert_eq!(messages(&app).await.len(), 1);
        keyed(ASK, "a b", email).await.is_problem(400, "idempotency_key_invalid");
        let code = newest_code(&app).await;
        let confirm = |code: &str| json!({"email": "asa@example.com", "code": code});
        let first = keyed(CONFIRM, "in-1", confirm(&code)).await;
        let again = keyed(CONFIRM, "in-1", confirm(&code)).await;
        assert_eq!((first.is(201).bytes.clone(), first.header("set-cookie")), (again.bytes.clone(), again.header("set-cookie")));
        let guest = app.bearer(&again.text("/token"));
        guest.get("/api/v1/me/loyalty").await.is(200);
        // Who has the key has no further guesses: each counts, and then the right one is locked with them.
        for _ in 0..5 {
            keyed(CONFIRM, "in-1", confirm(wrong(&code))).await.is_problem(422, "idempotency_key_reused");
        }
        keyed(CONFIRM, "in-1", confirm(&code)).await.is_problem(401, "sign_in_failed");
        app.advance(SignedDuration::from_mins(11));
        keyed(CONFIRM, "in-1", confirm(&code)).await.is_problem(422, "idempotency_key_reused");
        guest.post_keyed(OUT, "out-1", json!({})).await.is(204);
    }

    async fn the_browser_that_asked_sends_the_code_alone(app: TestApp) {
        let id = asa(&app).await;
        let confirm = async |cookie: &str, code: &str, origin: &str| {
            let headers = [("x-regulars-tenant", "test"), ("cookie", cookie), ("sec-fetch-site", origin)];
            app.nobody().send(Method::POST, CONFIRM, Some(json!({"code": code})), &headers).await
        };
        for address in [json!({"email": "Asa@example.com"}), json!({"phone": "070-123 45 67"})] {
            let asked = page(&app, ASK, address).await;
            let set = asked.is(202).header("set-cookie").expect("a cookie").to_owned();
            assert!(set.starts_with("regulars_code=") && set.contains("; HttpOnly; SameSite=Lax; Max-Age=600"), "{set}");
            let cookie = set.split(';').next().expect("a cookie");
            let code = newest_code(&app).await;
            confirm(cookie, &code, "cross-site").await.is_problem(403, "same_origin_required");
            confirm(cookie, wrong(&code), "same-origin").await.is_problem(401, "sign_in_failed");
            let said = confirm(cookie, &code, "same-origin").await;
            assert_eq!(said.is(201).text("/customerId"), id.to_string());
        }
        for cookie in ["regulars_code=", "regulars_code=%", "regulars_guest=x"] {
            confirm(cookie, "123456", "same-origin").await.is_problem(422, "invalid");
        }
    }

    async fn a_key_tells_its_answer_to_who_confirms_the_same_address_alone(app: TestApp) {
        let asa = asa(&app).await;
        let cookie = async |address: Json| {
            let asked = page(&app, ASK, address).await;
            let set = asked.is(202).header("set-cookie").expect("a cookie").to_owned();
            set.split(';').next().expect("a cookie").to_owned()
        };
        let confirm = async |cookie: &str, code: &str| {
            let headers = [("x-regulars-tenant", "test"), ("cookie", cookie), ("sec-fetch-site", "same-origin"),
                ("idempotency-key", "1")];
            app.nobody().send(Method::POST, CONFIRM, Some(json!({"code": code})), &headers).await
        };
        let hers = cookie(json!({"email": "asa@example.com"})).await;
        let code = newest_code(&app).await;
        let told = confirm(&hers, &code).await;
        assert_eq!(told.is(201).text("/customerId"), asa.to_string());
        assert_eq!(confirm(&hers, &code).await.is(201).text("/token"), told.text("/token"));
        let bo = app.customer("Bo").await;
        let path = app.dashboard(&format!("/customers/{bo}"));
        app.staff().patch(&path, json!({"email": "bo@example.com"})).await.is(200);
        let his = cookie(json!({"email": "bo@example.com"})).await;
        confirm(&his, &code).await.is_problem(401, "sign_in_failed");
    }

    async fn a_guest_is_signed_out_by_whatever_makes_them_inactive(app: TestApp) {
        let id = asa(&app).await;
        let path = app.dashboard(&format!("/customers/{id}"));
        let by_ref = app.dashboard("/customers/by-ref/till/7");
        let known = json!({"externalRefs": [{"system": "till", "id": "7"}]});
        app.manager().patch(&path, known).await.is(200);
        let back = json!({"active": true, "email": "asa@example.com", "firstName": "Åsa"});
        let away = json!({"active": false, "email": "asa@example.com", "firstName": "Åsa"});
        let line = format!("{}\n", json!({"id": "7", "active": false}));
        for way in ["put", "patch", "by-ref", "import"] {
            app.manager().patch(&path, back.clone()).await.is(200);
            page(&app, ASK, json!({"email": "asa@example.com"})).await.is(202);
            let code = newest_code(&app).await;
            let said = page(&app, CONFIRM, json!({"email": "asa@example.com", "code": code})).await;
            let guest = app.bearer(&said.is(201).text("/token"));
            guest.get("/api/v1/me/loyalty").await.is(200);
            match way {
                "put" => app.manager().put(&path, away.clone()).await.is(200).int("/version"),
                "patch" => app.manager().patch(&path, json!({"active": false})).await.is(200).int("/version"),
                "by-ref" => app.manager().put(&by_ref, away.clone()).await.is(200).int("/version"),
                _ => {
                    let path = app.dashboard("/customers/import?system=till");
                    let kind = [("content-type", "application/x-ndjson")];
                    let file = Some(line.clone().into_bytes());
                    let sent = app.manager().send_bytes(Method::POST, &path, file, &kind).await;
                    let total = sent.is(202).int("/total");
                    crate::jobs::run_due(&app.hall, None).await.unwrap();
                    total
                }
            };
            guest.get("/api/v1/me/loyalty").await.is_problem(401, "unauthenticated");
            let shown = app.staff().get(&path).await;
            assert_eq!(shown.json["active"], json!(false), "{way}");
            app.manager().patch(&path, json!({"externalRefs": [{"system": "till", "id": "7"}]})).await.is(200);
            app.advance(SignedDuration::from_mins(2));
        }
    }

    async fn l35_a_code_in_the_clear_is_found(app: TestApp) {
        asa(&app).await;
        page(&app, ASK, json!({"email": "asa@example.com"})).await.is(202);
        app.write(|tx| tx.exec("update sign_in_codes set code_hash = $2 where tenant_id = $1",
            crate::params![b"493817".to_vec()])).await;
        app.breaks("L35");
    }
}
