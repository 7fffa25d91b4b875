//! What the guest's status and their codes that go on give: off this order, back on it, and replaced by another code.

use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use super::inline;
use crate::both_stores;
use crate::hall::id::CustomerId;
use crate::hall::testing::{Said, TestApp};

/// A code of so many percent.
async fn code(app: &TestApp, code: &str, percent: &str, terms: Json) -> String {
    let rule = json!({"name": code, "type": "PERCENTAGE", "percent": percent, "scope": "ORDER"});
    let rule = app.manager().post(&app.dashboard("/discounts"), rule).await;
    let mut ask = json!({"code": code, "discountId": rule.is(201).text("/id")});
    for (name, value) in terms.as_object().unwrap() {
        ask[name] = value.clone();
    }
    let made = app.manager().post(&app.dashboard("/coupons"), ask).await;
    made.is(201).text("/id")
}

/// Every guest has five percent off.
async fn status(app: &TestApp) {
    let ladder = json!({"windowDays": 30, "graceDays": 0,
        "tiers": [{"name": "REGULAR", "benefits": {"discountPercent": "5"}}]});
    let manager = app.manager();
    manager
        .put("/api/v1/chain/loyalty/tiers", ladder)
        .await
        .is(200);
}

async fn opened(app: &TestApp, customer: CustomerId) -> Said {
    let ask = json!({"customerId": customer, "items": [inline(10_000)]});
    let opened = app.staff().post(&app.till("/orders"), ask).await;
    opened.is(201);
    opened
}

fn path(app: &TestApp, order: &Said) -> String {
    app.till(&format!("/orders/{}", order.text("/id")))
}

async fn typed(app: &TestApp, order: &Said, code: &str) -> Said {
    let path = format!("{}/discounts/coupon", path(app, order));
    app.staff().post(&path, json!({"code": code})).await
}

async fn take_off(app: &TestApp, order: &Said, id: &str) -> Said {
    let path = format!("{}/discounts/{id}", path(app, order));
    app.staff().delete(&path).await
}

async fn pay(app: &TestApp, order: &Said) -> Said {
    let path = format!("{}/payments", path(app, order));
    app.staff().post(&path, json!({"method": "CARD"})).await
}

async fn uses(app: &TestApp, coupon: &str) -> i64 {
    let path = app.dashboard(&format!("/coupons/{coupon}"));
    app.manager().get(&path).await.is(200).int("/currentUses")
}

/// Ann has paid with MONTHLY, which then goes on for two months; answers the sale and the code.
async fn going_on(app: &TestApp, ann: CustomerId) -> (Said, String) {
    let terms = json!({"duration": "REPEATING", "durationMonths": 2, "maxUses": 1});
    let coupon = code(app, "MONTHLY", "10", terms).await;
    let first = opened(app, ann).await;
    typed(app, &first, "MONTHLY").await.is(201);
    assert_eq!(
        pay(app, &first)
            .await
            .is(201)
            .int("/order/totals/total/amount"),
        9_000
    );
    (first, coupon)
}

both_stores! {
    async fn staff_replace_what_the_status_gives_by_a_code(app: TestApp) {
        status(&app).await;
        code(&app, "SAVE20", "20", json!({})).await;
        let ann = app.customer("Ann").await;
        let sale = json!({"customerId": ann, "items": [inline(10_000)], "couponCodes": ["SAVE20"]});
        let refused = app.staff().post(&app.till("/orders"), sale).await;
        assert_eq!(refused.is_problem(422, "discount_refused").int("/reason/itsSaving"), 500);
        assert_eq!(refused.json.get("excludedById"), None, "no order was made that it could be taken off");
        let order = opened(&app, ann).await;
        assert_eq!((order.int("/totals/total/amount"), order.text("/discounts/0/origin")), (9_500, "TIER".into()));
        let refused = typed(&app, &order, "SAVE20").await;
        refused.is_problem(422, "discount_refused");
        assert_eq!((refused.int("/reason/itsSaving"), refused.int("/reason/thisSaving")), (500, 2_000));
        assert_eq!(refused.text("/excludedById"), order.text("/discounts/0/id"));
        take_off(&app, &order, &refused.text("/excludedById")).await.is(200);
        let replaced = typed(&app, &order, "SAVE20").await;
        assert_eq!((replaced.is(201).int("/totals/total/amount"), replaced.text("/discounts/0/code")), (8_000, "SAVE20".into()));
        let without = take_off(&app, &order, &replaced.text("/discounts/0/id")).await;
        assert_eq!(without.is(200).int("/totals/total/amount"), 10_000, "the status stays off this order");
        let automatic = format!("{}/discounts/automatic", path(&app, &order));
        let tier = order.text("/trace/0/discountId");
        let back = app.staff().post(&automatic, json!({"discountId": tier})).await;
        assert_eq!(back.is(200).int("/order/totals/total/amount"), 9_500, "until it is asked for by name");
    }

    async fn a_code_that_goes_on_is_taken_off_and_put_back(app: TestApp) {
        let ann = app.customer("Ann").await;
        let (_, coupon) = going_on(&app, ann).await;
        code(&app, "SAVE20", "20", json!({})).await;
        let second = opened(&app, ann).await;
        assert_eq!((second.int("/totals/total/amount"), second.text("/discounts/0/couponId")), (9_000, coupon.clone()));
        assert_eq!(uses(&app, &coupon).await, 1, "only the first counts");
        typed(&app, &second, "MONTHLY").await.is_problem(409, "already_done");
        let refused = typed(&app, &second, "SAVE20").await;
        assert_eq!(refused.is_problem(422, "discount_refused").text("/excludedById"), second.text("/discounts/0/id"));
        let off = take_off(&app, &second, &refused.text("/excludedById")).await;
        assert_eq!(off.is(200).int("/totals/total/amount"), 10_000);
        let replaced = typed(&app, &second, "SAVE20").await;
        assert_eq!(replaced.is(201).int("/totals/total/amount"), 8_000);
        take_off(&app, &second, &replaced.text("/discounts/0/id")).await.is(200);
        let back = typed(&app, &second, "MONTHLY").await;
        assert_eq!((back.is(201).int("/totals/total/amount"), uses(&app, &coupon).await), (9_000, 1), "typed again it is no new use");
        let off = take_off(&app, &second, &back.text("/discounts/0/id")).await;
        assert_eq!(off.is(200).int("/totals/total/amount"), 10_000);
        let automatic = format!("{}/discounts/automatic", path(&app, &second));
        let back = app.staff().post(&automatic, json!({"discountId": coupon})).await;
        assert_eq!(back.is(200).int("/order/totals/total/amount"), 9_000);
        pay(&app, &second).await.is(201);
        assert_eq!(uses(&app, &coupon).await, 1);
        let sale = json!({"customerId": ann, "items": [inline(1_000)], "couponCodes": ["MONTHLY"]});
        let third = app.staff().post(&app.till("/orders"), sale).await;
        assert_eq!((third.is(201).int("/totals/total/amount"), uses(&app, &coupon).await), (900, 1));
    }

    async fn a_code_goes_on_for_its_months_and_ends_with_its_sale(app: TestApp) {
        let ann = app.customer("Ann").await;
        let (first, coupon) = going_on(&app, ann).await;
        let second = opened(&app, ann).await;
        app.advance(SignedDuration::from_hours(61 * 24));
        let late = opened(&app, ann).await;
        assert_eq!(late.int("/totals/total/amount"), 10_000, "its months are over");
        typed(&app, &late, "MONTHLY").await.is_problem(422, "discount_refused");
        let kept = pay(&app, &second).await;
        assert_eq!(kept.is(201).int("/order/totals/total/amount"), 9_000, "an order keeps what it was priced by");
        let back = format!("{}/refunds", path(&app, &first));
        app.manager().post(&back, json!({"reason": "undone"})).await.is(201);
        assert_eq!(uses(&app, &coupon).await, 0);
        typed(&app, &late, "MONTHLY").await.is(201);
        pay(&app, &late).await.is(201);
        assert_eq!(opened(&app, ann).await.int("/totals/total/amount"), 9_000);
        let back = format!("{}/refunds", path(&app, &late));
        app.manager().post(&back, json!({"reason": "undone"})).await.is(201);
        assert_eq!(opened(&app, ann).await.int("/totals/total/amount"), 10_000, "what opened it was given back");
    }

    async fn a_code_that_goes_on_is_taken_off_where_its_rule_is_spent(app: TestApp) {
        let ann = app.customer("Ann").await;
        let rule = json!({"name": "Few", "type": "PERCENTAGE", "percent": "10", "scope": "ORDER", "maxTotalUses": 2});
        let rule = app.manager().post(&app.dashboard("/discounts"), rule).await.is(201).text("/id");
        for code in ["EVER", "OTHER"] {
            let duration = if code == "EVER" { "FOREVER" } else { "ONCE" };
            let ask = json!({"code": code, "discountId": rule, "duration": duration});
            app.manager().post(&app.dashboard("/coupons"), ask).await.is(201);
        }
        let first = opened(&app, ann).await;
        typed(&app, &first, "EVER").await.is(201);
        pay(&app, &first).await.is(201);
        let second = opened(&app, ann).await;
        app.advance(SignedDuration::from_hours(5));
        crate::jobs::run_due(&app.hall, None).await.unwrap();
        let other = opened(&app, app.customer("Bo").await).await;
        typed(&app, &other, "OTHER").await.is(201);
        pay(&app, &other).await.is(201);
        let gone = pay(&app, &second).await;
        assert_eq!(gone.is_problem(409, "coupon_gone").int("/totalWithout/amount"), 10_000);
        let off = take_off(&app, &second, &gone.text("/orderDiscountId")).await;
        assert_eq!(off.is(200).int("/totals/total/amount"), 10_000);
        pay(&app, &second).await.is(201);
    }
}
