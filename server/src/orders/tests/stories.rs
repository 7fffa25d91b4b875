//! Happy hour and the regulars' group on one order of 50.00, in every way in which they may meet; and what staff pick.

use serde_json::{Value as Json, json};

use super::inline;
use crate::both_stores;
use crate::hall::access::Role;
use crate::hall::testing::{Said, TestApp};
use crate::orders::decide::Decided;
use crate::params;

async fn published(app: &TestApp, ask: Json) -> String {
    let made = app.manager().post(&app.dashboard("/discounts"), ask).await;
    made.is(201).text("/id")
}

/// Ann, who is one of the VIPs, and the group.
async fn a_vip(app: &TestApp) -> (String, String) {
    let group = app
        .manager()
        .post("/api/v1/chain/customer-groups", json!({"name": "VIP"}))
        .await;
    let group = group.is(201).text("/id");
    let ann = app.customer("Ann").await.to_string();
    let ask = json!({"customerIds": [ann]});
    app.manager()
        .post(
            &format!("/api/v1/chain/customer-groups/{group}/assign"),
            ask,
        )
        .await
        .is(200);
    (ann, group)
}

fn happy_hour() -> Json {
    json!({"name": "Happy hour", "type": "PERCENTAGE", "percent": "10", "scope": "ORDER", "isAutomatic": true})
}

fn vip(group: &str) -> Json {
    json!({"name": "VIP", "type": "PERCENTAGE", "percent": "15", "scope": "CUSTOMER_GROUP", "customerGroupId": group})
}

async fn sold(app: &TestApp, customer: Option<&str>) -> Said {
    let ask = json!({"customerId": customer, "items": [inline(5_000)]});
    let opened = app.staff().post(&app.till("/orders"), ask).await;
    opened.is(201);
    opened
}

fn savings(said: &Said) -> Vec<i64> {
    let borne = said.json["discounts"].as_array().unwrap().iter();
    borne
        .map(|one| one["amount"]["amount"].as_i64().unwrap())
        .collect()
}

both_stores! {
    async fn an_order_stored_with_its_whole_trace_is_read_as_ever(app: TestApp) {
        let (_, group) = a_vip(&app).await;
        published(&app, happy_hour()).await;
        published(&app, vip(&group)).await;
        let order = sold(&app, None).await;
        app.write(|tx| {
            let row = tx.one("select decided from orders where tenant_id = $1", &[])?;
            let decided: Decided = row.json(0)?;
            let mut whole: Json = row.json(0)?;
            whole["evaluation"]["trace"] = json!(decided.evaluation.trace);
            whole.as_object_mut().unwrap().remove("trace").expect("it is kept apart");
            tx.exec("update orders set decided = $2 where tenant_id = $1", params![whole.to_string()])
        })
        .await;
        let path = app.till(&format!("/orders/{}", order.text("/id")));
        let read = app.staff().get(&path).await;
        assert_eq!(read.is(200).json["trace"], order.json["trace"]);
        assert_eq!(read.json["trace"].as_array().map(Vec::len), Some(1), "one rule was weighed for nobody in particular");
    }

    async fn a_venue_is_told_in_its_language_wherever_it_is_spoken(app: TestApp) {
        published(&app, happy_hour()).await;
        for (language, said) in [
            ("sv", "Rabatten drar av 5,00 €."),
            ("sv-SE", "Rabatten drar av 5,00 €."),
            ("es-ES", "Descuenta 5,00 €."),
            ("pt-BR", "It takes off 5.00 EUR."),
        ] {
            let venue = format!("/api/v1/chain/venues/{}", app.venue);
            app.owner().patch(&venue, json!({"language": language})).await.is(200);
            assert_eq!(sold(&app, None).await.text("/trace/0/sentence"), said, "{language}");
        }
    }

    async fn happy_hour_and_the_group_meet_as_they_were_published(app: TestApp) {
        let (ann, group) = a_vip(&app).await;
        let happy = published(&app, happy_hour()).await;
        assert_eq!(savings(&sold(&app, None).await), [500]);
        let path = app.dashboard(&format!("/discounts/{happy}"));
        app.manager().put(&path, { let mut off = happy_hour(); off["active"] = json!(false); off }).await.is(200);
        let regulars = published(&app, vip(&group)).await;
        assert_eq!(savings(&sold(&app, Some(&ann)).await), [750], "applied without asking to one of the group");
        assert_eq!(savings(&sold(&app, None).await), Vec::<i64>::new());

        app.manager().put(&path, happy_hour()).await.is(200);
        let first = sold(&app, Some(&ann)).await;
        assert_eq!(savings(&first), [500], "neither is stackable: the automatic one is first");
        let excluded = first.json["trace"].as_array().unwrap().iter().find(|entry| entry["name"] == "VIP").unwrap();
        assert_eq!((&excluded["codes"][0]["code"], &excluded["codes"][0]["thisSaving"]), (&json!("EXCLUDED_BY"), &json!(750)));
        assert!(excluded["sentence"].as_str().unwrap().contains("Happy hour"), "{excluded}");

        let best = json!({"onePerLine": false, "chooseBest": true, "compNeedsApproval": true});
        app.manager().put("/api/v1/chain/discount-policy", best).await.is(200);
        assert_eq!(savings(&sold(&app, Some(&ann)).await), [750], "the set that saves the guest most");

        let with = |mut ask: Json, name: &str, value: Json| { ask[name] = value; ask };
        let stackable = |ask: Json| with(ask, "isStackable", json!(true));
        app.manager().put(&path, stackable(happy_hour())).await.is(200);
        let other = app.dashboard(&format!("/discounts/{regulars}"));
        app.manager().put(&other, stackable(vip(&group))).await.is(200);
        assert_eq!(savings(&sold(&app, Some(&ann)).await), [500, 675]);
        app.manager().put(&other, with(stackable(vip(&group)), "base", json!("LIST"))).await.is(200);
        assert_eq!(savings(&sold(&app, Some(&ann)).await), [500, 750]);
        let one = json!({"onePerLine": true, "chooseBest": false, "compNeedsApproval": true});
        app.manager().put("/api/v1/chain/discount-policy", one).await.is(200);
        assert_eq!(savings(&sold(&app, Some(&ann)).await), [500], "one discount on a unit");
    }

    async fn staff_see_what_each_discount_would_save_and_pick_one(app: TestApp) {
        let maja = app.colleague("Maja", Role::Manager, "2580").await;
        let picked = json!({"name": "Regular", "type": "PERCENTAGE", "percent": "20", "scope": "ORDER"});
        let regular = published(&app, picked).await;
        let big = json!({"name": "Big table", "type": "FIXED_AMOUNT", "amount": {"amount": 1000, "currency": "EUR"},
            "scope": "ORDER", "minPurchaseAmount": {"amount": 10000, "currency": "EUR"}});
        published(&app, big).await;
        let open = json!({"name": "Goodwill", "type": "PERCENTAGE", "scope": "ORDER", "isOpen": true,
            "minValue": "5", "maxValue": "25", "valueStep": "5", "requiresApproval": true});
        let goodwill = published(&app, open).await;
        let free = published(&app, json!({"name": "On the house", "type": "COMP", "scope": "ORDER", "compReason": "our mistake"})).await;
        let opened = sold(&app, None).await;
        let path = app.till(&format!("/orders/{}", opened.text("/id")));

        let shown = app.staff().get(&format!("{path}/discounts/available")).await;
        let all = shown.is(200).json.as_array().unwrap().clone();
        let names: Vec<&str> = all.iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["Big table", "Goodwill", "On the house", "Regular"]);
        assert_eq!((&all[0]["reason"]["codes"][0]["short"], &all[0]["saving"]), (&json!(5_000), &Json::Null));
        assert_eq!((&all[1]["isOpen"], &all[1]["minValue"], &all[1]["requiresApproval"]), (&json!(true), &json!("5"), &json!(true)));
        assert_eq!((&all[3]["saving"]["amount"], &all[3]["total"]["amount"]), (&json!(1_000), &json!(4_000)));

        let pick = format!("{path}/discounts/predefined");
        let given = app.staff().post(&pick, json!({"discountId": regular})).await;
        assert_eq!((given.is(201).int("/totals/total/amount"), given.text("/discounts/0/discountId")), (4_000, regular.clone()));
        app.staff().post(&pick, json!({"discountId": regular})).await.is_problem(409, "already_done");
        app.staff().delete(&format!("{path}/discounts/{}", given.text("/discounts/0/id"))).await.is(200);

        app.staff().post(&pick, json!({"discountId": goodwill})).await.is_problem(422, "invalid");
        app.staff().post(&pick, json!({"discountId": goodwill, "value": "7"})).await.is_problem(422, "invalid");
        app.staff().post(&pick, json!({"discountId": goodwill, "value": "15"})).await.is_problem(422, "approval_required");
        let ask = json!({"discountId": goodwill, "value": "15", "authorizedById": maja, "pin": "2580"});
        let given = app.staff().post(&pick, ask).await;
        assert_eq!((given.is(201).int("/totals/total/amount"), given.text("/discounts/0/authorizedById")), (4_250, maja.to_string()));
        app.staff().delete(&format!("{path}/discounts/{}", given.text("/discounts/0/id"))).await.is(200);

        app.staff().post(&pick, json!({"discountId": free})).await.is_problem(422, "approval_required")
            .json["needs"].as_array().expect("it says what to send");
        let ask = json!({"discountId": free, "authorizedById": maja, "pin": "2580"});
        let comped = app.staff().post(&pick, ask).await;
        assert_eq!((comped.is(201).int("/totals/total/amount"), comped.text("/discounts/0/compReason")), (0, "our mistake".into()));
        assert_eq!(app.staff().post(&format!("{path}/payments"), json!({"method": "CASH"})).await.is(201).text("/order/status"), "PAID");

        let other = app.other_tenant().await;
        other.get(&format!("{path}/discounts/available")).await.is_problem(404, "not_found");
        other.post(&pick, json!({"discountId": regular})).await.is_problem(404, "not_found");
    }

    async fn an_open_discount_that_does_not_fit_says_why(app: TestApp) {
        let open = |name: &str, extra: Json| {
            let mut ask = json!({"name": name, "type": "PERCENTAGE", "scope": "ORDER", "isOpen": true, "maxValue": "20"});
            ask.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            ask
        };
        published(&app, open("Anything", json!({}))).await;
        published(&app, open("Big table", json!({"minPurchaseAmount": {"amount": 10_000, "currency": "EUR"}}))).await;
        published(&app, open("Night", json!({"timeFrom": "22:00", "timeUntil": "23:00"}))).await;
        published(&app, json!({"name": "Sum", "type": "FIXED_AMOUNT", "scope": "ORDER", "isOpen": true, "timeFrom": "22:00"})).await;
        let opened = sold(&app, None).await;
        let path = app.till(&format!("/orders/{}/discounts/available", opened.text("/id")));
        let shown = app.staff().get(&path).await;
        let codes: Vec<_> = shown.is(200).json.as_array().unwrap().iter()
            .map(|one| json!([one["name"], one["saving"], one["reason"]["codes"][0]["code"]])).collect();
        assert_eq!(codes, [
            json!(["Anything", null, null]), json!(["Big table", null, "MIN_PURCHASE_NOT_MET"]),
            json!(["Night", null, "OUTSIDE_TIME_WINDOW"]), json!(["Sum", null, "OUTSIDE_TIME_WINDOW"]),
        ]);
    }

    async fn a_limited_discount_is_given_as_often_as_it_says(app: TestApp) {
        let mut ask = happy_hour();
        ask["maxTotalUses"] = json!(2);
        let id = published(&app, ask).await;
        let uses = async || app.staff().get(&app.dashboard(&format!("/discounts/{id}"))).await.int("/currentUses");
        let first = sold(&app, None).await;
        assert_eq!((savings(&first), uses().await), (vec![500], 1));
        let second = sold(&app, None).await;
        assert_eq!((savings(&second), uses().await), (vec![500], 2));
        let third = sold(&app, None).await;
        assert_eq!(savings(&third), Vec::<i64>::new());
        assert!(third.text("/trace/0/sentence").contains("as often as it can"), "{}", third.json);
        let path = |said: &Said| app.till(&format!("/orders/{}", said.text("/id")));
        app.staff().post(&format!("{}/void", path(&first)), json!({"reason": "guest left"})).await.is(200);
        assert_eq!(uses().await, 1);
        let again = app.staff().post(&format!("{}/discounts/automatic", path(&third)), json!({})).await;
        assert_eq!(again.is(200).int("/applied"), 1);
        app.staff().post(&format!("{}/payments", path(&second)), json!({"method": "CARD"})).await.is(201);
        assert_eq!(uses().await, 2);
    }

    async fn a_rule_that_ends_leaves_every_open_order(app: TestApp) {
        let picked = json!({"name": "Regular", "type": "PERCENTAGE", "percent": "20", "scope": "ORDER"});
        let regular = published(&app, picked).await;
        let opened = sold(&app, None).await;
        let path = app.till(&format!("/orders/{}", opened.text("/id")));
        app.staff().post(&format!("{path}/discounts/predefined"), json!({"discountId": regular})).await.is(201);
        app.manager().delete(&app.dashboard(&format!("/discounts/{regular}"))).await.is(204);
        let more = app.staff().post(&format!("{path}/items"), inline(1_000)).await;
        assert_eq!((more.is(201).int("/totals/total/amount"), more.text("/removed/0/name")), (6_000, "Regular".into()));
    }
}
