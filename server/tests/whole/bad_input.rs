//! What clients send that they should not: each time one status, one code, and a sentence to act on.

use axum::http::Method;
use serde_json::{Value as Json, json};
use server::both_stores;
use server::hall::access::Role;
use server::hall::testing::{Said, TestApp};
use server::platform::keys;
use server::platform::tax::{self, EditTaxClass};

const CATEGORIES: &str = "/api/v1/chain/categories";

/// A problem of this status and code that a person can act on, and that tells nothing of our insides.
#[track_caller]
fn refused(said: &Said, status: u16, code: &str) {
    said.is_problem(status, code);
    let text = String::from_utf8_lossy(&said.bytes).to_lowercase();
    for inside in [
        "panicked",
        "sqlite",
        "postgres",
        "select ",
        "insert into",
        ".rs:",
        "constraint",
    ] {
        assert!(!text.contains(inside), "{text} tells of {inside}");
    }
    for field in ["type", "title", "detail", "requestId"] {
        assert!(
            said.json[field]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{field} is missing: {text}"
        );
    }
    let detail = said.text("/detail");
    assert!(
        detail.ends_with('.') && detail.contains(' '),
        "not a sentence: {detail}"
    );
    for error in said.json["errors"].as_array().into_iter().flatten() {
        let message = error["message"].as_str().unwrap_or_default();
        assert!(
            message.ends_with('.') && message.contains(' '),
            "not a sentence: {message}"
        );
    }
}

/// As [`refused`] with `invalid`, naming exactly this field first.
#[track_caller]
fn wrong_field(said: &Said, pointer: &str, code: &str) {
    refused(said, 422, "invalid");
    assert_eq!(
        (
            said.text("/errors/0/pointer").as_str(),
            said.text("/errors/0/code").as_str()
        ),
        (pointer, code)
    );
}

async fn raw(app: &TestApp, body: Vec<u8>, kind: &str) -> Said {
    app.owner()
        .send_bytes(
            Method::POST,
            CATEGORIES,
            Some(body),
            &[("content-type", kind)],
        )
        .await
}

/// A product's body whose parts are there.
async fn product(app: &TestApp) -> Json {
    let category = app
        .owner()
        .post(CATEGORIES, json!({"name": "Food"}))
        .await
        .text("/id");
    let class = app
        .write(|tx| {
            tax::create_class(
                tx,
                &EditTaxClass {
                    name: "Food".into(),
                },
            )
        })
        .await
        .id;
    json!({
        "name": "Waffle", "categoryId": category, "taxClassId": class,
        "prices": [{"venueId": app.venue, "price": {"amount": 650, "currency": "EUR"}}],
    })
}

both_stores! {
    async fn what_is_no_json_is_malformed(app: TestApp) {
        let deep = format!("{{\"name\": {}1{}}}", "[".repeat(100), "]".repeat(100));
        let long = format!("{{\"name\": [{}1]}}", "1,".repeat(20_000));
        for body in [
            "", "{", "nul", "{\"name\": \"a\"} x", "{'name': 'a'}", "{\"name\": \"a\",}", "\u{feff}{}", "[1, 2",
            "{\"name\": \"a\", \"name\": \"b\"}", "{\"name\": \"a\\u0000b\"}", "{\"name\": \"\\ud800\"}", &deep, &long,
            "{\"name\": NaN}", "{\"name\": 1e999}",
        ] {
            refused(&raw(&app, body.as_bytes().to_vec(), "application/json").await, 400, "malformed");
        }
        refused(&raw(&app, vec![b'{', 0xff, 0xfe, b'}'], "application/json").await, 400, "malformed");
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
            refused(&raw(&app, b"{\"name\": \"a\"}".to_vec(), kind).await, 415, "wrong_type");
        }
        let large = format!("{{\"name\": \"{}\"}}", "a".repeat(8 << 20));
        refused(&raw(&app, large.into_bytes(), "application/json").await, 413, "too_large");
    }

    async fn what_has_the_wrong_shape_is_told_where(app: TestApp) {
        for (body, pointer, code) in [
            (json!({}), "/name", "missing"),
            (json!({"name": null}), "/name", "wrong_type"),
            (json!({"name": 7}), "/name", "wrong_type"),
            (json!({"name": ["a"]}), "/name", "wrong_type"),
            (json!({"name": "a", "regulated": "TOBACCO"}), "/regulated", "invalid"),
            (json!({"name": "a", "position": 1.5}), "/position", "wrong_type"),
            (json!({"name": "a", "position": "1"}), "/position", "wrong_type"),
            (json!({"name": "a", "nmae": "a"}), "/nmae", "unknown_field"),
            (json!({"name": "a", "a/b~c": null}), "/a~1b~0c", "unknown_field"),
            (json!({"name": ""}), "/name", "invalid_length"),
            (json!({"name": "a".repeat(121)}), "/name", "invalid_length"),
            (json!({"name": "a\tb"}), "/name", "invalid"),
        ] {
            wrong_field(&app.owner().post(CATEGORIES, body).await, pointer, code);
        }
        for body in [json!([]), json!("name"), json!(null), json!(7), json!(true)] {
            wrong_field(&app.owner().post(CATEGORIES, body).await, "", "wrong_type");
        }
    }

    async fn money_is_whole_known_and_within_bounds(app: TestApp) {
        let body = product(&app).await;
        let path = app.dashboard("/products");
        for (price, pointer, code) in [
            (json!({"amount": -1, "currency": "EUR"}), "/amount", "out_of_range"),
            (json!({"amount": 1_000_000_000_001_i64, "currency": "EUR"}), "/amount", "out_of_range"),
            (json!({"amount": i64::MAX, "currency": "EUR"}), "/amount", "out_of_range"),
            (json!({"amount": i64::MIN, "currency": "EUR"}), "/amount", "out_of_range"),
            (json!({"amount": 1, "currency": "SEK"}), "/currency", "currency_mismatch"),
            (json!({"amount": 1, "currency": "XXX"}), "/currency", "currency_mismatch"),
            (json!({"amount": 1, "currency": "eur"}), "/currency", "currency_mismatch"),
            (json!({"amount": 6.5, "currency": "EUR"}), "/amount", "wrong_type"),
            (json!({"amount": "650", "currency": "EUR"}), "/amount", "wrong_type"),
            (json!({"amount": 1}), "/currency", "missing"),
            (json!({"currency": "EUR"}), "/amount", "missing"),
            (json!({"amount": 1, "currency": "EUR", "cents": 1}), "/cents", "unknown_field"),
        ] {
            let mut body = body.clone();
            body["prices"][0]["price"] = price;
            wrong_field(&app.owner().post(&path, body).await, &format!("/prices/0/price{pointer}"), code);
        }
        for currency in ["XXX", "eur", "€", "", "XAU"] {
            let mut body = body.clone();
            body["cost"] = json!({"amount": 1, "currency": currency});
            wrong_field(&app.owner().post(&path, body).await, "/cost/currency", "unknown_currency");
        }
        // A number that no integer of ours holds.
        let mut text = body.to_string();
        text = text.replace("650", "99999999999999999999");
        let said = app.owner().send_bytes(Method::POST, &path, Some(text.into_bytes()), &[]).await;
        assert_eq!(said.status.as_u16(), 422, "{}", said.json);
        assert_eq!(app.owner().get(&path).await.int("/total"), 0);
    }

    async fn ids_that_are_nobodys_are_not_there(app: TestApp) {
        let other = app.other_tenant().await;
        let theirs = other.post(CATEGORIES, json!({"name": "Theirs"})).await.text("/id");
        for id in [
            theirs.as_str(), "cat_01kab4bqf8e1ftz0c6hqp2v9xw", "cat_", "cat_x", "prd_01kab4bqf8e1ftz0c6hqp2v9xw", "1",
            "%00", "%2e%2e", "cat_01KAB4BQF8E1FTZ0C6HQP2V9XW", "'%20or%201=1--",
        ] {
            refused(&app.owner().get(&format!("{CATEGORIES}/{id}")).await, 404, "not_found");
            refused(&app.owner().patch(&format!("{CATEGORIES}/{id}"), json!({"name": "Mine"})).await, 404, "not_found");
        }
        assert_eq!(other.get(&format!("{CATEGORIES}/{theirs}")).await.text("/name"), "Theirs");
        for venue in ["ven_01kab4bqf8e1ftz0c6hqp2v9xw", "x", "all"] {
            let path = format!("/api/v1/tpv/venues/{venue}/products");
            refused(&app.owner().get(&path).await, 404, "not_found");
        }
        refused(&app.owner().get("/api/v1/nowhere").await, 404, "not_found");
        refused(&app.owner().send(Method::PUT, CATEGORIES, Some(json!({})), &[]).await, 405, "method_not_allowed");
    }

    async fn keys_that_are_over_are_nobodys(app: TestApp) {
        for token in ["", "x", "sk_", "sk_test_AAAAAAAAAAAAAAAAAAAAAAAAAA", "Bearer"] {
            refused(&app.bearer(token).get(CATEGORIES).await, 401, "unauthenticated");
        }
        let basic = app.nobody().send(Method::GET, CATEGORIES, None, &[("authorization", "Basic YTpi")]).await;
        refused(&basic, 401, "unauthenticated");
        let (id, token) = app.write(|tx| keys::mint_key(tx, "short", Role::Owner, &[])).await;
        let holder = app.bearer(token.expose());
        holder.get(CATEGORIES).await.is(200);
        app.write(move |tx| {
            let now = tx.now();
            let sql = "update api_keys set expires_at = $3 where tenant_id = $1 and key_id = $2";
            tx.exec(sql, &[id.into(), now.into()])
        }).await;
        refused(&holder.get(CATEGORIES).await, 401, "unauthenticated");
    }

    async fn a_key_of_idempotency_is_for_one_act(app: TestApp) {
        let path = app.till("/orders");
        let post = async |key: Option<&str>, body: Json| {
            let headers: Vec<_> = key.map(|key| ("idempotency-key", key)).into_iter().collect();
            app.staff().send(Method::POST, &path, Some(body), &headers).await
        };
        refused(&post(None, json!({})).await, 400, "idempotency_key_required");
        for key in ["", " ", "a b", "å", &"k".repeat(256)] {
            refused(&post(Some(key), json!({})).await, 400, "idempotency_key_invalid");
        }
        let first = post(Some("k1"), json!({"label": "table 4"})).await;
        first.is(201);
        let again = post(Some("k1"), json!({"label": "table 4"})).await;
        assert_eq!((again.status, again.header("idempotency-replayed")), (first.status, Some("true")));
        assert_eq!(again.bytes, first.bytes);
        refused(&post(Some("k1"), json!({"label": "table 5"})).await, 422, "idempotency_key_reused");
        // A field that was wrong does not use the key up.
        wrong_field(&post(Some("k2"), json!({"lable": "x"})).await, "/lable", "unknown_field");
        post(Some("k2"), json!({"label": "x"})).await.is(201);
    }

    async fn an_edit_of_what_somebody_changed_is_stale(app: TestApp) {
        let made = app.owner().post(CATEGORIES, json!({"name": "Food"})).await;
        let path = format!("{CATEGORIES}/{}", made.text("/id"));
        let edit = async |tag: &str, name: &str| {
            let headers = [("if-match", tag)];
            app.owner().send(Method::PATCH, &path, Some(json!({"name": name})), &headers).await
        };
        edit("\"v1\"", "Dishes").await.is(200);
        for tag in ["\"v1\"", "\"v3\"", "v2", "W/\"v2\"", "\"\"", "x", ""] {
            refused(&edit(tag, "Plates").await, 412, "stale");
        }
        edit("\"v1\", \"v2\"", "Plates").await.is(200);
        edit("*", "Bowls").await.is(200);
        assert_eq!(app.owner().get(&path).await.header("etag"), Some("\"v4\""));
    }

    async fn a_query_is_as_strict_as_a_body(app: TestApp) {
        for (query, pointer) in [
            ("page=0", "?page"), ("page=x", "?page"), ("pageSize=201", "?pageSize"), ("pageSize=-1", "?pageSize"),
            ("active=maybe", "?active"), ("updatedSince=yesterday", "?updatedSince"), ("colour=red", "?colour"),
            ("active=true&active=false", "?active"), ("page=2&cursor=x", "?page"), ("search=%00", "?search"),
        ] {
            let said = app.owner().get(&format!("{CATEGORIES}?{query}")).await;
            refused(&said, 422, "invalid");
            assert_eq!(said.text("/errors/0/pointer"), pointer, "{query}");
        }
        for cursor in ["x", "W10", "bnVsbA", "%F0%9F%8D%95"] {
            refused(&app.owner().get(&format!("{CATEGORIES}?cursor={cursor}")).await, 400, "cursor_invalid");
        }
        refused(&app.owner().get(&format!("{CATEGORIES}?{}", "active=true&".repeat(101))).await, 422, "invalid");
    }
}
