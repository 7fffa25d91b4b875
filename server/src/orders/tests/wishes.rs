use serde_json::{Value as Json, json};

use super::super::asks::OFF_MAX;
use super::{inline, open};
use crate::both_stores;
use crate::discounts::{self, EditDiscount};
use crate::hall::error::Error;
use crate::hall::store::json;
use crate::hall::testing::TestApp;
use crate::params;

async fn ten_percent(app: &TestApp) -> String {
    let venue = app.venue;
    let made = app.write(move |tx| {
        let percent = "10".parse().map_err(Error::bug)?;
        let ask = EditDiscount::automatic("Happy hour", percent);
        discounts::create(tx, Some(venue), &ask)
    });
    made.await.id.to_string()
}

fn eur(amount: i64) -> Json {
    json!({"amount": amount, "currency": "EUR"})
}

both_stores! {
    async fn so_many_stay_off_and_what_was_asked_for_comes_off_all_the_same(app: TestApp) {
        let rule = json!({"name": "Happy hour", "type": "PERCENTAGE", "percent": "10", "scope": "ORDER",
            "isAutomatic": true, "isStackable": true});
        app.manager().post(&app.dashboard("/discounts"), rule).await.is(201);
        let opened = open(&app, json!([inline(1_000)])).await;
        let path = app.till(&format!("/orders/{}", opened.text("/id")));
        let happy = opened.text("/discounts/0/id");
        let off: Vec<String> = (0..OFF_MAX).map(|nth| format!("dis_{nth}")).collect();
        app.write(move |tx| {
            let off = format!("{{\"off\":{},", json(&off)?);
            tx.exec("update orders set asks = $2 || substr(asks, 2) where tenant_id = $1", params![off])
        })
        .await;
        let refused = app.staff().delete(&format!("{path}/discounts/{happy}")).await;
        let said = refused.is_problem(422, "discount_refused").text("/detail");
        assert_eq!(said, "At most 200 discounts stay off an order; put one back first.");
        let item = opened.text("/items/0/id");
        let ask = json!({"type": "PERCENTAGE", "percent": "20", "itemIds": [item], "reason": "regular"});
        let given = app.staff().post(&format!("{path}/discounts/manual"), ask).await;
        let mut borne = given.is(201).json["discounts"].as_array().unwrap().iter();
        let manual = borne.find(|one| one["origin"] == "MANUAL").unwrap()["id"].as_str().unwrap();
        let gone = app.staff().delete(&format!("{path}/discounts/{manual}")).await;
        assert_eq!(gone.is(200).int("/totals/total/amount"), 900);
    }

    async fn one_beer_of_two_bears_another_discount_than_the_other(app: TestApp) {
        let mut two = inline(1_000);
        two["quantity"] = json!("2");
        let opened = open(&app, json!([two])).await;
        let (path, beer) = (app.till(&format!("/orders/{}", opened.text("/id"))), opened.text("/items/0/id"));
        let give = |percent: &str| {
            let items = json!([{"itemId": beer, "quantity": "1"}]);
            let ask = json!({"type": "PERCENTAGE", "percent": percent, "items": items, "reason": "flat"});
            let path = format!("{path}/discounts/manual");
            let app = &app;
            async move { app.staff().post(&path, ask).await }
        };
        give("10").await.is(201);
        let both = give("20").await;
        assert_eq!(both.is(201).int("/totals/total/amount"), 1_700);
        let third = give("30").await;
        assert_eq!(third.is_problem(422, "discount_refused").text("/reason/code"), "EXCLUDED_BY");
    }

    async fn what_staff_give_stays_while_lines_come_and_go(app: TestApp) {
        let opened = open(&app, json!([inline(1_000)])).await;
        let path = app.till(&format!("/orders/{}", opened.text("/id")));
        let give = format!("{path}/discounts/manual");
        let given = app.staff().post(&give, json!({"type": "PERCENTAGE", "percent": "20", "reason": "regular"})).await;
        assert_eq!(given.is(201).int("/totals/total/amount"), 800);
        assert_eq!((given.text("/discounts/0/origin"), given.text("/discounts/0/name")), ("MANUAL".into(), "regular".into()));
        let id = given.text("/discounts/0/id");
        let more = app.staff().post(&format!("{path}/items"), inline(500)).await;
        assert_eq!((more.is(201).int("/totals/total/amount"), more.text("/discounts/0/id")), (1_200, id.clone()));
        let off = app.staff().delete(&format!("{path}/discounts/{id}")).await;
        assert_eq!(off.is(200).int("/totals/total/amount"), 1_500);
        app.staff().delete(&format!("{path}/discounts/{id}")).await.is_problem(404, "not_found");
        for (ask, pointer) in [
            (json!({"type": "PERCENTAGE", "reason": "why"}), "/percent"),
            (json!({"type": "FIXED_AMOUNT", "reason": "why"}), "/amount"),
            (json!({"type": "FIXED_AMOUNT", "amount": {"amount": 5, "currency": "SEK"}, "reason": "why"}), "/amount/currency"),
            (json!({"type": "COMP", "amount": eur(5), "reason": "why"}), "/amount"),
            (json!({"type": "PERCENTAGE", "percent": "10", "itemIds": ["itm_01kab4bqf8e1ftz0c6hqp2v9xw"], "reason": "why"}), "/itemIds/0"),
            (json!({"type": "PERCENTAGE", "percent": "101", "reason": "why"}), "/percent"),
        ] {
            let said = app.staff().post(&give, ask).await;
            assert_eq!(said.is_problem(422, "invalid").text("/errors/0/pointer"), pointer);
        }
    }

    async fn what_no_longer_fits_is_let_go_and_told(app: TestApp) {
        let opened = open(&app, json!([inline(1_000), inline(300)])).await;
        let path = app.till(&format!("/orders/{}", opened.text("/id")));
        let first = opened.text("/items/0/id");
        let ask = json!({"type": "FIXED_AMOUNT", "amount": eur(200), "itemIds": [first], "reason": "cold soup"});
        let given = app.staff().post(&format!("{path}/discounts/manual"), ask).await;
        assert_eq!(given.is(201).int("/totals/total/amount"), 1_100);
        let void = app.staff().post(&format!("{path}/items/{first}/void"), json!({"reason": "sold out"})).await;
        assert_eq!(void.is(200).int("/totals/total/amount"), 300);
        assert_eq!((void.text("/removed/0/name"), void.text("/removed/0/codes/0/code")), ("cold soup".into(), "NO_MATCHING_ITEM".into()));
        let shown = app.staff().get(&path).await;
        assert_eq!((shown.json["discounts"].clone(), shown.json.get("removed")), (json!([]), None), "told once");
        let later = app.staff().post(&format!("{path}/items"), inline(1_000)).await;
        assert_eq!(later.is(201).int("/totals/discounts/amount"), 0, "it does not come back by itself");
    }

    async fn an_automatic_one_stays_off_until_it_is_asked_for_by_name(app: TestApp) {
        let discount = ten_percent(&app).await;
        let opened = open(&app, json!([inline(1_000)])).await;
        let path = app.till(&format!("/orders/{}", opened.text("/id")));
        assert_eq!(opened.int("/totals/total/amount"), 900);
        let id = opened.text("/discounts/0/id");
        app.staff().delete(&format!("{path}/discounts/{id}")).await.is(200);
        let more = app.staff().post(&format!("{path}/items"), inline(500)).await;
        assert_eq!(more.is(201).int("/totals/total/amount"), 1_500);
        let automatic = format!("{path}/discounts/automatic");
        let none = app.staff().post(&automatic, json!({})).await;
        assert_eq!((none.is(200).int("/applied"), none.int("/totalSavings/amount")), (0, 0));
        for _ in 0..2 {
            let back = app.staff().post(&automatic, json!({"discountId": discount})).await;
            assert_eq!((back.is(200).int("/applied"), back.int("/totalSavings/amount")), (1, 150));
            assert_eq!(back.text("/discounts/0/discountId"), discount);
            assert_eq!(back.int("/order/totals/total/amount"), 1_350);
        }
    }

    async fn a_discount_never_makes_more_paid_than_due(app: TestApp) {
        let opened = open(&app, json!([inline(1_000)])).await;
        let path = app.till(&format!("/orders/{}", opened.text("/id")));
        app.staff().post(&format!("{path}/payments"), json!({"method": "CARD", "amount": eur(900)})).await.is(201);
        let ask = |percent: &str| json!({"type": "PERCENTAGE", "percent": percent, "reason": "regular"});
        let give = format!("{path}/discounts/manual");
        app.staff().post(&give, ask("20")).await.is_problem(422, "order_has_payments");
        app.staff().post(&give, ask("5")).await.is(201);
        let other = app.other_tenant().await;
        other.post(&give, ask("5")).await.is_problem(404, "not_found");
        other.post(&format!("{path}/discounts/automatic"), json!({})).await.is_problem(404, "not_found");
        let nobody = json!({"discountId": "dis_7fffffffffffffffffffffffff"});
        app.staff().post(&format!("{path}/discounts/automatic"), nobody).await.is_problem(404, "not_found");
    }
}
