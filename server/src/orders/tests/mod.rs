mod codes;
mod comps;
mod counted;
mod edits;
mod firsts;
mod hours;
mod recent;
mod replacing;
mod stories;
mod undone;
mod wishes;

use serde_json::{Value as Json, json};

use crate::both_stores;
use crate::hall::id::CustomerId;
use crate::hall::testing::{Said, TestApp};
use crate::loyalty::{self, Grant};

fn inline(price: i64) -> Json {
    json!({"inline": {"name": "Beer", "unitPrice": {"amount": price, "currency": "EUR"}}})
}

/// Points that the guest did not buy.
async fn give_points(app: &TestApp, customer: CustomerId, points: i64) {
    app.write(move |tx| {
        let given = Grant {
            customer,
            venue: None,
            points,
            cause_kind: "test",
            cause_id: "test".into(),
            purchase_id: "test".into(),
            policy: json!({}),
        };
        loyalty::grant(tx, &given)
    })
    .await;
}

async fn open(app: &TestApp, items: Json) -> Said {
    let opened = app
        .staff()
        .post(
            &app.till("/orders"),
            json!({"label": "table 4", "items": items}),
        )
        .await;
    opened.is(201);
    opened
}

both_stores! {
    async fn a_tab_grows_shrinks_and_is_given_up(app: TestApp) {
        let opened = open(&app, json!([inline(800)])).await;
        let path = app.till(&format!("/orders/{}", opened.text("/id")));
        let more = app.staff().post(&format!("{path}/items"), json!({"inline": {"name": "Soup", "unitPrice": {"amount": 650, "currency": "EUR"}}, "quantity": "1.5"})).await;
        assert_eq!(more.is(201).int("/totals/total/amount"), 1_775);
        let soup = more.text("/items/1/id");
        let fewer = app.staff().patch(&format!("{path}/items/{soup}"), json!({"quantity": "1"})).await;
        assert_eq!(fewer.is(200).int("/totals/total/amount"), 1_450);
        let gone = app.staff().post(&format!("{path}/items/{soup}/void"), json!({"reason": "sold out"})).await;
        assert_eq!(gone.is(200).int("/totals/total/amount"), 800);
        assert_eq!(gone.text("/items/1/status"), "VOIDED", "the line stays visible");
        app.staff().post(&format!("{path}/items/{soup}/void"), json!({"reason": "sold out"})).await.is_problem(409, "already_done");
        let moved = app.staff().patch(&path, json!({"label": "table 7"})).await;
        assert_eq!(moved.is(200).text("/label"), "table 7");
        app.staff().post(&format!("{path}/void"), json!({"reason": ""})).await.is_problem(422, "invalid");
        let void = app.staff().post(&format!("{path}/void"), json!({"reason": "guests left"})).await;
        assert_eq!(void.is(200).text("/status"), "VOIDED");
        app.staff().post(&format!("{path}/items"), inline(100)).await.is_problem(409, "order_not_open");
    }

    async fn the_list_is_newest_first_and_pages_by_cursor(app: TestApp) {
        for price in [100, 200, 300] {
            open(&app, json!([inline(price)])).await;
        }
        let rule = json!({"name": "Late", "type": "PERCENTAGE", "percent": "10", "scope": "ORDER", "isAutomatic": true});
        app.manager().post(&app.dashboard("/discounts"), rule).await.is(201);
        let last = open(&app, json!([inline(400)])).await;
        assert_eq!(last.json["trace"].as_array().map(Vec::len), Some(1));
        let listed = app.staff().get(&app.till("/orders?pageSize=1")).await;
        assert_eq!(json!([listed.is(200).json["items"][0]["id"], listed.json["items"][0]["trace"]]), json!([last.json["id"], []]));
        let path = app.till(&format!("/orders/{}/void", last.text("/id")));
        app.staff().post(&path, json!({"reason": "guests left"})).await.is(200);
        let first = app.staff().get(&app.till("/orders?status=OPEN&pageSize=2")).await;
        assert_eq!(first.is(200).int("/items/0/totals/total/amount"), 300);
        assert_eq!(first.int("/total"), 3);
        let cursor = first.text("/nextCursor");
        let rest = app.staff().get(&app.till(&format!("/orders?status=OPEN&pageSize=2&cursor={cursor}"))).await;
        assert_eq!(rest.is(200).int("/items/0/totals/total/amount"), 100);
        let since = app.staff().get(&app.till("/orders?updatedSince=2026-06-12T09:00:00Z")).await;
        assert_eq!(since.is(200).int("/items/0/totals/total/amount"), 100, "oldest change first");
    }

    async fn what_cannot_be_ordered_is_named(app: TestApp) {
        let path = app.till("/orders");
        let money = |amount: i64, currency: &str| json!({"amount": amount, "currency": currency});
        let item = |price: Json, quantity: &str| json!({"inline": {"name": "x", "unitPrice": price}, "quantity": quantity});
        for (items, pointer) in [
            (json!([item(money(100, "EUR"), "0")]), "/items/0/quantity"),
            (json!([item(money(100, "EUR"), "1.2345")]), "/items/0/quantity"),
            (json!([inline(5), item(money(-1, "EUR"), "1")]), "/items/1/inline/unitPrice/amount"),
            (json!([item(money(100, "SEK"), "1")]), "/items/0/inline/unitPrice/currency"),
            (json!([item(money(i64::MAX, "EUR"), "1")]), "/items/0/inline/unitPrice/amount"),
            (json!([{"quantity": "1"}]), "/items/0"),
            (json!([{"inline": {"name": "x", "unitPrice": money(1, "EUR"), "categoryId": "cat_01kab4bqf8e1ftz0c6hqp2v9xw"}}]), "/items/0/inline/categoryId"),
            (json!([{"inline": {"name": "x", "unitPrice": money(1, "EUR"), "colour": "red"}}]), "/items/0/inline/colour"),
        ] {
            let refused = app.staff().post(&path, json!({"items": items})).await;
            refused.is_problem(422, "invalid");
            assert_eq!(refused.text("/errors/0/pointer"), pointer, "{}", refused.json);
        }
        let unknown = json!({"items": [{"productId": "prd_01kab4bqf8e1ftz0c6hqp2v9xw"}]});
        app.staff().post(&path, unknown).await.is_problem(422, "product_unavailable");
        let stranger = json!({"customerId": "cus_01kab4bqf8e1ftz0c6hqp2v9xw"});
        app.staff().post(&path, stranger).await.is_problem(422, "invalid");
    }

    async fn one_item_is_all_of_what_was_sent(app: TestApp) {
        let opened = open(&app, json!([])).await;
        let path = app.till(&format!("/orders/{}/items", opened.text("/id")));
        let named = |extra: Json| {
            let mut inline = json!({"name": "x", "unitPrice": {"amount": 100, "currency": "EUR"}});
            inline.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            json!({"inline": inline})
        };
        let class = app.owner().post("/api/v1/chain/tax-classes", json!({"name": "Untaxed yet"})).await.is(201).text("/id");
        for (item, pointer) in [
            (json!({"inline": named(json!({}))["inline"], "quantity": "0"}), "/quantity"),
            (json!({"quantity": "1"}), ""),
            (named(json!({"unitPrice": {"amount": 100, "currency": "SEK"}})), "/inline/unitPrice/currency"),
            (named(json!({"categoryId": "cat_01kab4bqf8e1ftz0c6hqp2v9xw"})), "/inline/categoryId"),
            (named(json!({"taxClassId": class})), "/inline/taxClassId"),
        ] {
            let refused = app.staff().post(&path, item.clone()).await;
            assert_eq!(refused.is_problem(422, "invalid").text("/errors/0/pointer"), pointer);
            let all = app.staff().post(&app.till("/orders"), json!({"items": [inline(5), item]})).await;
            assert_eq!(all.is_problem(422, "invalid").text("/errors/0/pointer"), format!("/items/1{pointer}"));
        }
    }

    async fn a_product_without_a_rate_today_says_which_rate_is_missing(app: TestApp) {
        let class = app.owner().post("/api/v1/chain/tax-classes", json!({"name": "Untaxed yet"})).await.is(201).text("/id");
        let beer = app.manager().post("/api/v1/chain/categories", json!({"name": "Beer"})).await.is(201).text("/id");
        let ask = json!({"name": "Ale", "categoryId": beer, "taxClassId": class,
            "prices": [{"venueId": app.venue, "price": {"amount": 800, "currency": "EUR"}}]});
        let ale = app.manager().post("/api/v1/chain/products", ask).await.is(201).text("/id");
        let refused = app.staff().post(&app.till("/orders"), json!({"items": [{"productId": ale}]})).await;
        assert_eq!(refused.is_problem(422, "tax_rate_missing").text("/taxClassId"), class);
    }

    async fn another_chain_sees_nothing(app: TestApp) {
        let opened = open(&app, json!([inline(800)])).await;
        let path = app.till(&format!("/orders/{}", opened.text("/id")));
        let other = app.other_tenant().await;
        other.get(&path).await.is_problem(404, "not_found");
        other.post(&format!("{path}/void"), json!({"reason": "not mine"})).await.is_problem(404, "not_found");
        app.nobody().get(&path).await.is_problem(401, "unauthenticated");
    }

    async fn a_total_that_does_not_add_up_is_found(app: TestApp) {
        open(&app, json!([inline(800)])).await;
        app.write(|tx| tx.exec("update orders set total = total + 1 where tenant_id = $1", &[])).await;
        app.breaks("L06");
    }

    async fn an_order_decided_otherwise_is_found(app: TestApp) {
        open(&app, json!([inline(800)])).await;
        app.write(|tx| {
            tx.exec("update orders set decided = replace(decided, '\"unitPrice\":800', '\"unitPrice\":801') where tenant_id = $1", &[])
        })
        .await;
        app.breaks("L30");
    }
}
