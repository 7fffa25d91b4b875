use engine::discount::{Discount as Rule, Scope};
use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use super::inline;
use crate::both_stores;
use crate::coupons::{self, Personal};
use crate::discounts;
use crate::hall::id::CustomerId;
use crate::hall::testing::{Said, TestApp};

/// A code for one use of twenty percent, for this customer alone.
async fn voucher(app: &TestApp, customer: CustomerId) -> String {
    let issued = app.write(move |tx| {
        let percent = "20".parse().expect("a percent");
        let rule = Rule {
            name: "Twenty".into(),
            ..Rule::percentage("new", Scope::Order, percent)
        };
        let discount = discounts::create_hidden(tx, &rule, &[])?;
        let ask = Personal {
            discount,
            customer,
            expires_at: None,
            reward: None,
        };
        coupons::issue_personal(tx, &ask)
    });
    issued.await.code
}

async fn tab(app: &TestApp, customer: Option<CustomerId>) -> String {
    let ask = json!({"customerId": customer, "items": [inline(1_000)]});
    let opened = app.staff().post(&app.till("/orders"), ask).await;
    app.till(&format!("/orders/{}", opened.is(201).text("/id")))
}

async fn typed(app: &TestApp, tab: &str, code: &str) -> Said {
    app.staff()
        .post(&format!("{tab}/discounts/coupon"), json!({"code": code}))
        .await
}

fn sale(code: &str, customer: CustomerId) -> Json {
    json!({"customerId": customer, "items": [inline(1_000)], "couponCodes": [code], "payments": [{"method": "CARD"}]})
}

both_stores! {
    async fn a_code_is_held_by_one_order_and_final_when_it_is_paid(app: TestApp) {
        let ann = app.customer("Ann").await;
        let code = voucher(&app, ann).await;
        let (first, second) = (tab(&app, Some(ann)).await, tab(&app, Some(ann)).await);
        let held = typed(&app, &first, &code.to_lowercase()).await;
        assert_eq!(held.is(201).int("/totals/total/amount"), 800);
        assert_eq!((held.text("/discounts/0/origin"), held.text("/discounts/0/code")), ("COUPON".into(), code.clone()));
        typed(&app, &first, &code).await.is_problem(409, "already_done");
        let spent = typed(&app, &second, &code).await;
        assert_eq!(spent.is_problem(422, "discount_refused").text("/reason/code"), "USES_SPENT");
        let id = held.text("/discounts/0/id");
        app.staff().delete(&format!("{first}/discounts/{id}")).await.is(200);
        typed(&app, &second, &code).await.is(201);
        app.staff().post(&format!("{second}/void"), json!({"reason": "guest left"})).await.is(200);
        typed(&app, &first, &code).await.is(201);
        app.staff().post(&format!("{first}/payments"), json!({"method": "CARD"})).await.is(201);
        let third = app.staff().post(&app.till("/orders"), sale(&code, ann)).await;
        third.is_problem(422, "discount_refused");
    }

    async fn a_second_code_meets_the_first_as_it_stands_now(app: TestApp) {
        let mut ids = Vec::new();
        for (code, percent) in [("FIRST", "10"), ("SECOND", "20")] {
            let rule = json!({"name": code, "type": "PERCENTAGE", "percent": percent, "scope": "ORDER", "isStackable": true});
            let rule = app.manager().post("/api/v1/chain/discounts", rule).await.is(201).text("/id");
            let made = app.manager().post("/api/v1/chain/coupons", json!({"code": code, "discountId": rule})).await;
            ids.push(made.is(201).text("/id"));
        }
        let path = tab(&app, None).await;
        assert_eq!(typed(&app, &path, "FIRST").await.is(201).int("/totals/total/amount"), 900);
        let beside = typed(&app, &path, "SECOND").await;
        assert_eq!(beside.is_problem(422, "discount_refused").text("/reason/code"), "EXCLUDED_BY");
        app.manager().patch(&format!("/api/v1/chain/coupons/{}", ids[0]), json!({"active": false})).await.is(200);
        let alone = typed(&app, &path, "SECOND").await;
        assert_eq!((alone.is(201).int("/totals/total/amount"), alone.text("/discounts/0/code")), (800, "SECOND".into()));
        assert_eq!((alone.text("/removed/0/name"), alone.text("/removed/0/codes/0/code")), ("FIRST".into(), "INACTIVE".into()));
    }

    async fn two_codes_that_exclude_each_other_open_no_order(app: TestApp) {
        let rule = |name: &str| json!({"name": name, "type": "PERCENTAGE", "percent": "10", "scope": "ORDER"});
        for name in ["ONE", "OTHER"] {
            let rule = app.manager().post("/api/v1/chain/discounts", rule(name)).await.is(201).text("/id");
            app.manager().post("/api/v1/chain/coupons", json!({"code": name, "discountId": rule})).await.is(201);
        }
        let ask = |codes: &[&str]| json!({"items": [inline(1_000)], "couponCodes": codes});
        let both = app.staff().post(&app.till("/orders"), ask(&["ONE", "OTHER"])).await;
        assert_eq!(both.is_problem(422, "discount_refused").text("/reason/code"), "EXCLUDED_BY");
        let one = app.staff().post(&app.till("/orders"), ask(&["OTHER"])).await;
        assert_eq!(one.is(201).text("/discounts/0/code"), "OTHER");
    }

    async fn a_personal_code_needs_its_guest(app: TestApp) {
        let (ann, bo) = (app.customer("Ann").await, app.customer("Bo").await);
        let code = voucher(&app, ann).await;
        let path = tab(&app, None).await;
        typed(&app, &path, &code).await.is_problem(422, "customer_required");
        app.staff().put(&format!("{path}/customer"), json!({"customerId": bo})).await.is(200);
        let foreign = typed(&app, &path, &code).await;
        assert_eq!(foreign.is_problem(422, "discount_refused").text("/reason/code"), "NOT_FOR_THIS_CUSTOMER");
        typed(&app, &path, "NOSUCH").await.is_problem(422, "coupon_invalid");
        app.staff().put(&format!("{path}/customer"), json!({"customerId": ann})).await.is(200);
        typed(&app, &path, &code).await.is(201);
        let moved = app.staff().put(&format!("{path}/customer"), json!({"customerId": bo})).await;
        assert_eq!((moved.is(200).int("/totals/total/amount"), moved.text("/removed/0/codes/0/code")),
            (1_000, "NOT_FOR_THIS_CUSTOMER".into()));
        let sold = app.staff().post(&app.till("/orders"), sale(&code, ann)).await;
        assert_eq!((sold.is(201).int("/totals/total/amount"), sold.text("/status")), (800, "PAID".into()));
    }

    async fn a_hold_that_lapsed_is_taken_again_or_the_new_total_is_told(app: TestApp) {
        let ann = app.customer("Ann").await;
        let code = voucher(&app, ann).await;
        let (first, second) = (tab(&app, Some(ann)).await, tab(&app, Some(ann)).await);
        typed(&app, &first, &code).await.is(201);
        app.advance(SignedDuration::from_hours(5));
        crate::jobs::run_due(&app.hall, None).await.unwrap();
        let taken = typed(&app, &second, &code).await;
        let id = taken.is(201).text("/discounts/0/id");
        let gone = app.staff().post(&format!("{first}/payments"), json!({"method": "CARD"})).await;
        assert_eq!(gone.is_problem(409, "coupon_gone").int("/totalWithout/amount"), 1_000);
        assert_eq!(json!([gone.json["totals"]["total"], gone.json["totals"]["due"], gone.json["totals"]["discounts"]]),
            json!([{"amount": 1_000, "currency": "EUR"}, {"amount": 1_000, "currency": "EUR"}, {"amount": 0, "currency": "EUR"}]));
        app.staff().delete(&format!("{second}/discounts/{id}")).await.is(200);
        let paid = app.staff().post(&format!("{first}/payments"), json!({"method": "CARD"})).await;
        assert_eq!(paid.is(201).int("/order/totals/total/amount"), 800, "it was free again");
    }

    async fn money_on_the_order_keeps_what_it_holds(app: TestApp) {
        let ann = app.customer("Ann").await;
        let code = voucher(&app, ann).await;
        let (first, second) = (tab(&app, Some(ann)).await, tab(&app, Some(ann)).await);
        typed(&app, &first, &code).await.is(201);
        let part = json!({"method": "CARD", "amount": {"amount": 300, "currency": "EUR"}});
        app.staff().post(&format!("{first}/payments"), part).await.is(201);
        app.advance(SignedDuration::from_hours(9));
        crate::jobs::run_due(&app.hall, None).await.unwrap();
        typed(&app, &second, &code).await.is_problem(422, "discount_refused");
        app.staff().post(&format!("{first}/payments"), json!({"method": "CARD"})).await.is(201);
    }
}
