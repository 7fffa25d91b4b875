use axum::http::Method;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use super::{arrange, at_venue, percent_off, twenty};
use crate::both_stores;
use crate::coupons::terms::Terms;
use crate::coupons::{Personal, issue_personal, typed};
use crate::discounts;
use crate::discounts::uses::{self, Purchase};
use crate::hall::money::Money;
use crate::hall::testing::{Persona, Said, TestApp};

const PUBLIC: &str = "/api/v1/public/venues/harbour/coupons/validate";

fn total(amount: i64) -> Json {
    json!({"amount": amount, "currency": "EUR"})
}

/// Somebody without an address of their own, whom no limit counts.
async fn anyone(app: &TestApp, code: &str) -> Said {
    try_out(app.nobody(), code).await
}

async fn stranger(app: &TestApp, address: &str, code: &str) -> Said {
    try_out(app.nobody().at_address(address), code).await
}

async fn try_out(who: Persona<'_>, code: &str) -> Said {
    let body = json!({"code": code, "orderTotal": total(5_000)});
    let chain = [("x-regulars-tenant", "test")];
    who.send(Method::POST, PUBLIC, Some(body), &chain).await
}

/// One code of each kind that cannot be used by somebody who is not signed in, by what is wrong with it.
async fn unusable(app: &TestApp) -> Vec<(&'static str, String)> {
    let (rule, ann) = (twenty(app).await, app.customer("Ann").await);
    let over = "2026-06-01".parse().ok();
    let least = Some(Money::of(100_000, "EUR"));
    arrange(
        app,
        rule,
        "EXPIRED",
        Terms {
            valid_until: over,
            ..Terms::default()
        },
    )
    .await;
    arrange(
        app,
        rule,
        "LARGER",
        Terms {
            min_purchase_amount: least,
            ..Terms::default()
        },
    )
    .await;
    arrange(
        app,
        rule,
        "SPENT",
        Terms {
            max_uses: Some(1),
            ..Terms::default()
        },
    )
    .await;
    let paused = app
        .manager()
        .post(
            "/api/v1/chain/coupons",
            json!({"code": "PAUSED", "discountId": rule, "active": false}),
        )
        .await;
    paused.is(201);
    let venue = at_venue(app).await;
    let personal = app
        .write(move |tx| {
            let coupon = typed(tx, &venue, "SPENT")?;
            let purchase = Purchase {
                id: "ord_1".into(),
                venue: venue.id,
                customer: None,
                currency: "EUR".into(),
            };
            uses::hold(tx, &purchase, &coupon.limits())?.expect("the first");
            let ask = Personal {
                discount: rule,
                customer: ann,
                expires_at: None,
                reward: None,
            };
            issue_personal(tx, &ask)
        })
        .await;
    let other = app.other_tenant().await;
    let ended = app
        .write(|tx| discounts::create_hidden(tx, &percent_off("20"), &[]))
        .await;
    arrange(app, ended, "ENDED", Terms::default()).await;
    app.write(move |tx| discounts::archive(tx, None, ended, None))
        .await;
    let theirs = other.get("/api/v1/chain/coupons").await;
    theirs.is(200);
    vec![
        ("unknown", "NOSUCH".into()),
        ("no code at all", "%".into()),
        ("expired", "EXPIRED".into()),
        ("spent", "SPENT".into()),
        ("paused", "PAUSED".into()),
        ("personal", personal.code),
        ("ended", "ENDED".into()),
        ("too small", "LARGER".into()),
    ]
}

both_stores! {
    async fn staff_learn_what_a_code_saves_or_why_not(app: TestApp) {
        let rule = twenty(&app).await;
        let coupons = app.dashboard("/coupons");
        app.manager().post(&coupons, json!({"code": "SAVE20", "discountId": rule, "validUntil": "2026-06-30"})).await.is(201);
        app.manager().post(&coupons, json!({"code": "BIG", "discountId": rule,
            "minPurchaseAmount": {"amount": 10_000, "currency": "EUR"}})).await.is(201);
        for path in [app.dashboard("/coupons/validate"), app.till("/coupons/validate")] {
            let said = app.staff().post(&path, json!({"code": "save20", "orderTotal": total(5_000)})).await;
            said.is(200);
            assert_eq!((said.json["valid"].clone(), said.json["saving"].clone(), said.text("/discount/name")),
                (json!(true), total(1_000), "Twenty".into()));
            assert_eq!(said.text("/discount/id"), rule.to_string());
            let small = app.staff().post(&path, json!({"code": "BIG", "orderTotal": total(5_000)})).await;
            small.is_problem(422, "coupon_invalid");
            assert_eq!((small.text("/reason/code"), small.int("/reason/short"), small.text("/detail")),
                ("MIN_PURCHASE_NOT_MET".into(), 5_000, "Spend 50.00 EUR more and this one applies.".into()));
            app.staff().post(&path, json!({"code": "BIG", "orderTotal": total(10_000)})).await.is(200);
            let good = app.staff().post(&path, json!({"code": "BIG"})).await;
            assert_eq!((good.is(200).json["saving"].clone(), good.json["dependsOn"].clone()), (Json::Null, Json::Null));
            let unknown = app.staff().post(&path, json!({"code": "NONE"})).await;
            assert_eq!(unknown.is_problem(422, "coupon_invalid").text("/reason/code"), "UNKNOWN_CODE");
            let sek = app.staff().post(&path, json!({"code": "SAVE20", "orderTotal": {"amount": 1, "currency": "SEK"}})).await;
            assert_eq!(sek.is_problem(422, "invalid").text("/errors/0/pointer"), "/orderTotal/currency");
        }
        app.advance(SignedDuration::from_hours(24 * 30));
        let late = app.staff().post(&app.till("/coupons/validate"), json!({"code": "SAVE20", "orderTotal": total(5_000)})).await;
        late.is_problem(422, "coupon_invalid");
        assert_eq!((late.text("/reason/code"), late.text("/reason/until"), late.json["valid"].clone()),
            ("NO_LONGER_VALID".into(), "2026-06-30".into(), json!(false)));
    }

    async fn a_refusal_is_in_the_language_of_the_venue(app: TestApp) {
        let rule = twenty(&app).await;
        let least = Some(Money::of(10_000, "EUR"));
        arrange(&app, rule, "BIG", Terms { min_purchase_amount: least, ..Terms::default() }).await;
        let venue = format!("/api/v1/chain/venues/{}", app.venue);
        app.owner().patch(&venue, json!({"language": "sv-SE"})).await.is(200);
        let said = app.staff().post(&app.till("/coupons/validate"), json!({"code": "BIG", "orderTotal": total(5_000)})).await;
        assert_eq!(said.is_problem(422, "coupon_invalid").text("/detail"), "Handla för 50,00 € till, så gäller rabatten.");
        let said = app.staff().post(&app.till("/coupons/validate"), json!({"code": "NONE"})).await;
        said.is_problem(422, "coupon_invalid");
        assert_eq!(said.text("/detail"), "Det finns ingen sådan kod här: kontrollera hur den stavas.");
    }

    async fn what_depends_on_the_customer_is_asked_of_them(app: TestApp) {
        let (rule, ann, bo) = (twenty(&app).await, app.customer("Ann").await, app.customer("Bo").await);
        let venue = at_venue(&app).await;
        arrange(&app, rule, "FIRST", Terms { first_purchase_only: true, ..Terms::default() }).await;
        arrange(&app, rule, "EACH", Terms { max_uses_per_customer: Some(1), ..Terms::default() }).await;
        let voucher = app.write(move |tx| {
            let ask = Personal { discount: rule, customer: ann, expires_at: None, reward: Some("rwd_1".into()) };
            for code in ["FIRST", "EACH"] {
                let coupon = typed(tx, &venue, code)?;
                let purchase = Purchase { id: "ord_1".into(), venue: venue.id, customer: Some(ann), currency: "EUR".into() };
                uses::hold(tx, &purchase, &coupon.limits())?.expect("the first");
            }
            issue_personal(tx, &ask)
        }).await;
        let path = app.till("/coupons/validate");
        for code in ["FIRST", "EACH", voucher.code.as_str()] {
            app.staff().post(&path, json!({"code": code})).await.is_problem(422, "customer_required");
        }
        for (code, who, reason) in [
            ("FIRST", ann, "FIRST_PURCHASE_ONLY"), ("EACH", ann, "CUSTOMER_USES_SPENT"), (voucher.code.as_str(), bo, "NOT_FOR_THIS_CUSTOMER"),
        ] {
            let said = app.staff().post(&path, json!({"code": code, "customerId": who, "orderTotal": total(5_000)})).await;
            assert_eq!(said.is_problem(422, "coupon_invalid").text("/reason/code"), reason, "{code}");
        }
        for (code, who) in [("FIRST", bo), ("EACH", bo), (voucher.code.as_str(), ann)] {
            let said = app.staff().post(&path, json!({"code": code, "customerId": who, "orderTotal": total(5_000)})).await;
            assert_eq!(said.is(200).json["saving"], total(1_000), "{code}");
        }
        let said = app.staff().post(&path, json!({"code": "EACH", "customerId": "cus_01kab4bqf8e1ftz0c6hqp2v9xw"})).await;
        assert_eq!(said.is_problem(422, "invalid").text("/errors/0/pointer"), "/customerId");
    }

    async fn the_limits_of_the_rule_bind_whatever_the_code(app: TestApp) {
        let rule = json!({"name": "Few", "type": "PERCENTAGE", "percent": "20", "scope": "ORDER", "maxTotalUses": 1,
            "isAutomatic": false});
        let rule = app.manager().post("/api/v1/chain/discounts", rule).await;
        for code in ["ONE", "TWO"] {
            let body = json!({"code": code, "discountId": rule.is(201).text("/id")});
            app.manager().post("/api/v1/chain/coupons", body).await.is(201);
        }
        let venue = at_venue(&app).await;
        app.write(move |tx| {
            let coupon = typed(tx, &venue, "ONE")?;
            let purchase = Purchase { id: "ord_1".into(), venue: venue.id, customer: None, currency: "EUR".into() };
            uses::hold(tx, &purchase, &coupon.rule_limits())?.expect("the first");
            Ok(())
        }).await;
        let said = app.staff().post(&app.till("/coupons/validate"), json!({"code": "TWO", "orderTotal": total(5_000)})).await;
        assert_eq!(said.is_problem(422, "coupon_invalid").text("/reason/code"), "USES_SPENT");
    }

    async fn a_rule_for_items_says_that_they_decide(app: TestApp) {
        let rule = app.write(|tx| {
            let mut rule = percent_off("20");
            rule.scope = engine::discount::Scope::Item;
            rule.target_item_ids = vec!["prd_1".into()];
            discounts::create_hidden(tx, &rule, &[])
        }).await;
        arrange(&app, rule, "BEER", Terms::default()).await;
        let said = app.staff().post(&app.till("/coupons/validate"), json!({"code": "BEER", "orderTotal": total(5_000)})).await;
        assert_eq!((said.is(200).json["saving"].clone(), said.json["dependsOn"].is_string()), (Json::Null, true));
    }

    async fn anybody_gets_one_refusal_for_whatever_is_wrong(app: TestApp) {
        let rule = twenty(&app).await;
        arrange(&app, rule, "SAVE20", Terms::default()).await;
        let good = anyone(&app, "save20").await;
        assert_eq!(good.is(200).json, json!({"valid": true, "code": "SAVE20", "name": "Twenty", "saving": total(1_000), "needsCustomer": false}));
        let kinds = unusable(&app).await;
        let mut seen: Option<(Json, Vec<String>)> = None;
        for (what, code) in &kinds {
            let before = app.hall.db.statements();
            let said = anyone(&app, code).await;
            let ran = app.hall.db.statements() - before;
            said.is_problem(422, "coupon_invalid");
            let mut body = said.json.clone();
            body.as_object_mut().unwrap().remove("requestId");
            let mut headers: Vec<String> = said.headers.keys().map(ToString::to_string).collect();
            headers.push(format!("{ran} statements"));
            let answer = (body, headers);
            assert_eq!(*seen.get_or_insert_with(|| answer.clone()), answer, "{what}");
        }
        app.nobody().send(Method::POST, "/api/v1/public/venues/nowhere/coupons/validate", Some(json!({"code": "SAVE20"})),
            &[("x-regulars-tenant", "test")]).await.is_problem(404, "not_found");
        // A code of another chain is unknown here: theirs says nothing about ours.
        let body = json!({"code": "SAVE20", "orderTotal": total(5_000)});
        let foreign = app.nobody().send(Method::POST, PUBLIC, Some(body), &[("x-regulars-tenant", "other")]).await;
        let mut body = foreign.json.clone();
        body.as_object_mut().unwrap().remove("requestId");
        assert_eq!(foreign.status.as_u16(), 422);
        assert_eq!(body, seen.unwrap().0, "foreign");
    }

    async fn nobody_tries_codes_by_the_hundred(app: TestApp) {
        let rule = twenty(&app).await;
        arrange(&app, rule, "SAVE20", Terms::default()).await;
        for left in (0..10).rev() {
            let said = stranger(&app, "203.0.113.9", "NOSUCH").await;
            said.is_problem(422, "coupon_invalid");
            let told = format!("\"coupon-tries\";r={left};t={}", (10 - left) * 6);
            assert_eq!(said.header("ratelimit"), Some(told.as_str()));
        }
        for code in ["NOSUCH", "SAVE20"] {
            let said = stranger(&app, "203.0.113.9", code).await;
            said.is_problem(429, "too_many");
            let told = (said.header("retry-after"), said.header("ratelimit-policy"), said.header("ratelimit"));
            assert_eq!(told, (Some("6"), Some("\"coupon-tries\";q=10;w=60"), Some("\"coupon-tries\";r=0;t=60")));
        }
        stranger(&app, "203.0.113.10", "SAVE20").await.is(200);
        // Staff are not strangers.
        app.staff().post(&app.till("/coupons/validate"), json!({"code": "SAVE20"})).await.is(200);
        app.advance(SignedDuration::from_secs(6));
        stranger(&app, "203.0.113.9", "SAVE20").await.is(200);
    }
}
