//! L08: what is put on an order and taken off again, in whatever order, leaves it and all that is counted as before.

use serde_json::{Value as Json, json};

use super::give_points;
use crate::both_stores;
use crate::hall::access::Role;
use crate::hall::testing::TestApp;
use crate::params;

/// The order and what it holds: neither versions nor times.
async fn state(app: &TestApp, tab: &str, counted: &[String]) -> Json {
    let mut order = app.staff().get(tab).await.is(200).json.clone();
    order["version"] = json!(null);
    let mut uses = Vec::new();
    for path in counted {
        uses.push(app.manager().get(path).await.is(200).json["currentUses"].clone());
    }
    let holds = app.write(|tx| {
        let uses = "select count(*) from uses where tenant_id = $1 and state <> 'RELEASED'";
        let points = "select coalesce(cast(sum(points) as bigint), 0) from points_holds where tenant_id = $1";
        let borne = "select count(*) from order_discounts where tenant_id = $1";
        let mut of = |sql: &str| tx.one(sql, params![])?.get::<i64>(0);
        Ok([of(uses)?, of(points)?, of(borne)?])
    });
    json!({"order": order, "uses": uses, "holds": holds.await})
}

/// All orders of four things.
fn permutations() -> Vec<[usize; 4]> {
    let mut all = Vec::new();
    for code in 0..256_usize {
        let order = [code % 4, code / 4 % 4, code / 16 % 4, code / 64];
        if (0..4).all(|one| order.contains(&one)) {
            all.push(order);
        }
    }
    all
}

both_stores! {
    async fn l08_what_was_put_on_and_taken_off_leaves_no_mark(app: TestApp) {
        let maja = app.colleague("Maja", Role::Manager, "2580").await;
        let ann = app.customer("Ann").await;
        give_points(&app, ann, 300).await;
        let food = app.manager().post("/api/v1/chain/categories", json!({"name": "Food"})).await.is(201).text("/id");
        let publish = async |ask: Json| app.manager().post(&app.dashboard("/discounts"), ask).await.is(201).text("/id");
        let happy = json!({"name": "Happy hour", "type": "PERCENTAGE", "percent": "10", "scope": "ORDER", "isAutomatic": true,
            "isStackable": true, "maxTotalUses": 50});
        let happy = publish(happy).await;
        let picked = publish(json!({"name": "Lunch", "type": "PERCENTAGE", "percent": "5", "scope": "CATEGORY",
            "targetCategoryIds": [food], "isStackable": true, "maxTotalUses": 50, "maxUsesPerCustomer": 3})).await;
        let coded = publish(json!({"name": "Coded", "type": "FIXED_AMOUNT", "amount": {"amount": 100, "currency": "EUR"},
            "scope": "QUANTITY", "isStackable": true})).await;
        let coded = json!({"code": "TENOFF", "discountId": coded, "maxUses": 5, "maxUsesPerCustomer": 1});
        let coded = app.manager().post(&app.dashboard("/coupons"), coded).await.is(201).text("/id");
        let counted = [
            app.dashboard(&format!("/discounts/{happy}")),
            app.dashboard(&format!("/discounts/{picked}")),
            app.dashboard(&format!("/coupons/{coded}")),
        ];
        let soup = json!({"inline": {"name": "Soup", "categoryId": food, "unitPrice": {"amount": 990, "currency": "EUR"}}, "quantity": "3"});
        let opened = app.staff().post(&app.till("/orders"), json!({"customerId": ann, "items": [soup]})).await;
        let (tab, item) = (app.till(&format!("/orders/{}", opened.is(201).text("/id"))), opened.text("/items/0/id"));
        let asks = [
            ("coupon", json!({"code": "TENOFF"})),
            ("manual", json!({"type": "COMP", "items": [{"itemId": item, "quantity": "1"}], "reason": "cold soup",
                "authorizedById": maja, "pin": "2580"})),
            ("points", json!({"points": 200})),
            ("predefined", json!({"discountId": picked})),
        ];
        let before = state(&app, &tab, &counted).await;
        assert_eq!(before["holds"], json!([1, 0, 1]), "the happy hour is counted: {before}");
        let mut whole: Option<Json> = None;
        for (round, order) in permutations().into_iter().enumerate().step_by(5) {
            let mut ids = vec![String::new(); 4];
            for place in order {
                let (path, ask) = &asks[place];
                let known = app.staff().get(&tab).await.json["discounts"].clone();
                let with = app.staff().post(&format!("{tab}/discounts/{path}"), ask.clone()).await;
                let is_new = |one: &&Json| !known.as_array().unwrap().iter().any(|old| old["id"] == one["id"]);
                let new = with.is(201).json["discounts"].as_array().unwrap().iter().find(is_new);
                ids[place] = new.expect("it is on the order")["id"].as_str().unwrap().to_owned();
            }
            let full = state(&app, &tab, &counted).await;
            let figures = json!([full["order"]["totals"], full["uses"], full["holds"]]);
            assert_eq!(&figures, whole.get_or_insert(figures.clone()), "added as {order:?}");
            for place in permutations()[23 - round] {
                app.staff().delete(&format!("{tab}/discounts/{}", ids[place])).await.is(200);
            }
            assert_eq!(state(&app, &tab, &counted).await, before, "added as {order:?}");
        }
    }
}
