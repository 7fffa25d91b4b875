//! Two codes from the first question to the last use: SAVE20, and one for a first purchase.

use serde_json::{Value as Json, json};

use super::inline;
use crate::both_stores;
use crate::hall::id::CustomerId;
use crate::hall::testing::{Said, TestApp};

fn eur(amount: i64) -> Json {
    json!({"amount": amount, "currency": "EUR"})
}

/// A code of twenty percent; answers its path.
async fn twenty(app: &TestApp, code: &str, terms: Json) -> String {
    let rule = json!({"name": "Twenty", "type": "PERCENTAGE", "percent": "20", "scope": "ORDER"});
    let rule = app.manager().post(&app.dashboard("/discounts"), rule).await;
    let mut ask = json!({"code": code, "discountId": rule.is(201).text("/id")});
    for (name, value) in terms.as_object().unwrap() {
        ask[name] = value.clone();
    }
    let made = app.manager().post(&app.dashboard("/coupons"), ask).await;
    app.dashboard(&format!("/coupons/{}", made.is(201).text("/id")))
}

async fn validated(app: &TestApp, code: &str, customer: Option<CustomerId>) -> Said {
    let ask = json!({"code": code, "orderTotal": eur(5_000), "customerId": customer});
    app.staff().post(&app.till("/coupons/validate"), ask).await
}

/// An order of 50.00; answers its path.
async fn tab(app: &TestApp, customer: Option<CustomerId>) -> String {
    let ask = json!({"customerId": customer, "items": [inline(5_000)]});
    let opened = app.staff().post(&app.till("/orders"), ask).await;
    app.till(&format!("/orders/{}", opened.is(201).text("/id")))
}

async fn typed(app: &TestApp, tab: &str, code: &str) -> Said {
    let path = format!("{tab}/discounts/coupon");
    app.staff().post(&path, json!({"code": code})).await
}

async fn paid(app: &TestApp, tab: &str) -> Said {
    let path = format!("{tab}/payments");
    app.staff().post(&path, json!({"method": "CARD"})).await
}

both_stores! {
    async fn save20_is_asked_about_refused_applied_and_counted(app: TestApp) {
        let code = twenty(&app, "SAVE20", json!({})).await;
        let saves = validated(&app, "save-20", None).await;
        assert_eq!(saves.is(200).json["saving"], eur(1_000));
        let order = tab(&app, None).await;
        for (terms, reason) in [
            (json!({"validUntil": "2026-06-11"}), json!({"code": "NO_LONGER_VALID", "until": "2026-06-11"})),
            (json!({"validUntil": null, "minPurchaseAmount": eur(10_000)}), json!({"code": "MIN_PURCHASE_NOT_MET", "short": 5_000})),
        ] {
            app.manager().patch(&code, terms).await.is(200);
            let asked = validated(&app, "SAVE20", None).await;
            assert_eq!(asked.is_problem(422, "coupon_invalid").json["reason"], reason);
            let refused = typed(&app, &order, "SAVE20").await;
            assert_eq!(refused.is_problem(422, "discount_refused").json["reason"], reason, "the same shape and words");
            assert_eq!(refused.text("/detail"), asked.text("/detail"));
        }
        app.manager().patch(&code, json!({"minPurchaseAmount": null, "maxUses": 1})).await.is(200);
        let applied = typed(&app, &order, "SAVE20").await;
        assert_eq!((applied.is(201).int("/totals/total/amount"), applied.int("/discounts/0/amount/amount")), (4_000, 1_000));
        assert_eq!(app.manager().get(&code).await.int("/currentUses"), 1, "held");
        assert_eq!(paid(&app, &order).await.is(201).int("/order/totals/total/amount"), 4_000);
        assert_eq!(app.manager().get(&code).await.int("/currentUses"), 1, "final");
        let spent = validated(&app, "SAVE20", None).await;
        assert_eq!(spent.is_problem(422, "coupon_invalid").text("/reason/code"), "USES_SPENT");
        let uses = app.staff().get(&app.dashboard("/coupons/redemptions?code=SAVE20")).await;
        let items = uses.is(200).json["items"].as_array().unwrap();
        assert_eq!((items.len(), items[0]["state"].clone(), items[0]["saving"].clone()), (1, json!("FINAL"), eur(1_000)));
    }

    async fn a_first_purchase_is_the_first_once(app: TestApp) {
        let (ann, bo) = (app.customer("Ann").await, app.customer("Bo").await);
        for code in ["WELCOME", "HELLO"] {
            twenty(&app, code, json!({"firstPurchaseOnly": true})).await;
        }
        let refused = |said: &Said| said.is_problem(422, "discount_refused").text("/reason/code");
        validated(&app, "WELCOME", Some(ann)).await.is(200);
        let nobodys = tab(&app, None).await;
        typed(&app, &nobodys, "WELCOME").await.is_problem(422, "customer_required");
        let (first, second) = (tab(&app, Some(ann)).await, tab(&app, Some(ann)).await);
        let held = typed(&app, &first, "WELCOME").await;
        assert_eq!(held.is(201).int("/totals/total/amount"), 4_000);
        for code in ["WELCOME", "HELLO"] {
            let said = typed(&app, &second, code).await;
            assert_eq!(refused(&said), "FIRST_PURCHASE_ONLY", "{code}: the first order holds it");
            let asked = validated(&app, code, Some(ann)).await;
            assert_eq!(asked.is_problem(422, "coupon_invalid").text("/reason/code"), "FIRST_PURCHASE_ONLY");
        }
        let off = format!("{first}/discounts/{}", held.text("/discounts/0/id"));
        app.staff().delete(&off).await.is(200);
        let moved = typed(&app, &second, "HELLO").await;
        assert_eq!(moved.is(201).int("/totals/total/amount"), 4_000, "given back, it is the second order's");
        assert_eq!(refused(&typed(&app, &first, "WELCOME").await), "FIRST_PURCHASE_ONLY");
        paid(&app, &second).await.is(201);
        assert_eq!(refused(&typed(&app, &first, "WELCOME").await), "FIRST_PURCHASE_ONLY", "it was paid");
        let bos = tab(&app, Some(bo)).await;
        typed(&app, &bos, "WELCOME").await.is(201);
        app.manager().post(&format!("{second}/refunds"), json!({"reason": "undone"})).await.is(201);
        typed(&app, &first, "WELCOME").await.is(201);
    }
}
