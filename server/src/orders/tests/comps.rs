use serde_json::json;

use super::{inline, open};
use crate::both_stores;
use crate::hall::access::Role;
use crate::hall::testing::{Persona, TestApp};

both_stores! {
    async fn a_comp_needs_a_reason_and_somebody_of_rank(app: TestApp) {
        let maja = app.colleague("Maja", Role::Manager, "2580").await;
        let bo = app.colleague("Bo", Role::Staff, "1470").await;
        let opened = open(&app, json!([inline(800), inline(650)])).await;
        let (id, beer) = (opened.text("/id"), opened.text("/items/0/id"));
        let path = app.till(&format!("/orders/{id}/discounts/manual"));
        let comp = |extra: serde_json::Value| {
            let mut ask = json!({"type": "COMP", "itemIds": [beer], "reason": "waited too long"});
            for (name, value) in extra.as_object().unwrap() {
                ask[name] = value.clone();
            }
            ask
        };
        let approvers = app.staff().get(&app.till("/approvers")).await;
        assert_eq!(approvers.is(200).json, json!([{"id": maja, "name": "Maja"}]));

        app.staff().post(&path, comp(json!({"reason": ""}))).await.is_problem(422, "invalid");
        let alone = app.staff().post(&path, comp(json!({}))).await;
        assert_eq!(alone.is_problem(422, "approval_required").text("/detail"), "A manager has to approve this one.");
        assert_eq!(alone.json["needs"], json!(["authorizedById", "pin"]));
        app.staff().post(&path, comp(json!({"authorizedById": maja}))).await.is_problem(422, "invalid");
        app.staff().post(&path, comp(json!({"authorizedById": maja, "pin": "0000"}))).await.is_problem(422, "pin_wrong");
        app.staff().post(&path, comp(json!({"authorizedById": bo, "pin": "1470"}))).await.is_problem(403, "forbidden");

        let right = comp(json!({"authorizedById": maja, "pin": "2580"}));
        let given = app.staff().post_keyed(&path, "comp-1", right.clone()).await;
        assert_eq!(given.is(201).int("/items/0/total/amount"), 0);
        assert_eq!((given.int("/totals/total/amount"), given.int("/totals/subtotal/amount")), (650, 1_450));
        assert_eq!(given.json["discounts"][0]["isComp"], json!(true));
        assert_eq!(given.text("/discounts/0/compReason"), "waited too long");
        assert_eq!(given.text("/discounts/0/authorizedById"), maja.to_string());
        let by = given.text("/discounts/0/appliedById");
        assert!(by.starts_with("key:"), "{by}");
        // The stored answer comes without another look at the PIN.
        let again = app.staff().post_keyed(&path, "comp-1", right).await;
        assert_eq!((again.bytes == given.bytes, again.header("idempotency-replayed")), (true, Some("true")));

        let paid = app.staff().post(&app.till(&format!("/orders/{id}/payments")), json!({"method": "CARD"})).await;
        assert_eq!(paid.is(201).text("/order/status"), "PAID");
        let entries = app.manager().get(&app.dashboard(&format!("/audit?entity={id}"))).await;
        let comped = entries.is(200).json["items"].as_array().unwrap().iter().any(|entry| entry["action"] == "order.comp");
        assert!(comped, "{}", entries.json);
        let approved = entries.json["items"].as_array().unwrap().iter().find(|entry| entry["action"] == "order.approve");
        assert_eq!(approved.expect("who stood by is named too")["actor"], json!(format!("staff:{maja}")));

        let day = opened.text("/businessDay");
        let report = app.manager().get(&app.dashboard(&format!("/comps?from={day}&to={day}"))).await;
        assert_eq!((report.is(200).int("/count"), report.int("/amount/amount")), (1, 800));
        assert_eq!((report.text("/byStaff/0/of"), report.text("/byReason/0/of")), (by, "waited too long".into()));
        assert_eq!((report.text("/byApprover/0/of"), report.text("/byDay/0/of")), (maja.to_string(), day.clone()));
        app.staff().get(&app.dashboard(&format!("/comps?from={day}&to={day}"))).await.is_problem(403, "forbidden");
        app.manager().get(&app.dashboard(&format!("/comps?from={day}&to=2020-01-01"))).await.is_problem(422, "invalid");
    }

    async fn one_beer_of_three_is_free(app: TestApp) {
        let maja = app.colleague("Maja", Role::Manager, "2580").await;
        let three = json!({"inline": {"name": "Beer", "unitPrice": {"amount": 800, "currency": "EUR"}}, "quantity": "3"});
        let weighed = json!({"inline": {"name": "Olives", "unitPrice": {"amount": 1_000, "currency": "EUR"}}, "quantity": "0.5"});
        let opened = open(&app, json!([three, weighed])).await;
        let (id, beers, olives) = (opened.text("/id"), opened.text("/items/0/id"), opened.text("/items/1/id"));
        let path = app.till(&format!("/orders/{id}/discounts/manual"));
        let comp = |items: serde_json::Value| json!({
            "type": "COMP", "items": items, "reason": "spilled", "authorizedById": maja, "pin": "2580",
        });
        for (items, pointer) in [
            (json!([{"itemId": beers, "quantity": "4"}]), "/items/0/quantity"),
            (json!([{"itemId": beers, "quantity": "1.5"}]), "/items/0/quantity"),
            (json!([{"itemId": beers, "quantity": "0"}]), "/items/0/quantity"),
            (json!([{"itemId": olives, "quantity": "0.2"}]), "/items/0/quantity"),
            (json!([{"itemId": beers}, {"itemId": beers, "quantity": "1"}]), "/items/1"),
        ] {
            let refused = app.staff().post(&path, comp(items)).await;
            assert_eq!(refused.is_problem(422, "invalid").text("/errors/0/pointer"), pointer);
        }
        let given = app.staff().post(&path, comp(json!([{"itemId": beers, "quantity": "1"}]))).await;
        assert_eq!((given.is(201).int("/totals/total/amount"), given.int("/totals/discounts/amount")), (2_100, 800));
        assert_eq!(json!([given.json["items"][0]["comped"], given.json["items"][1].get("comped")]), json!([1, null]));
        assert_eq!(given.json["discounts"][0]["shares"],
            json!([{"itemId": beers, "units": 1, "amount": {"amount": 800, "currency": "EUR"}}]));
        let listed = app.staff().get(&app.till("/orders?status=OPEN")).await;
        assert_eq!(json!([listed.json["items"][0]["items"][0]["comped"], listed.json["items"][0]["discounts"][0].get("shares")]), json!([1, null]));
        let given = app.staff().post(&path, comp(json!([{"itemId": olives, "quantity": "0.5"}]))).await;
        assert_eq!(given.is(201).int("/totals/total/amount"), 1_600);
    }

    async fn a_comp_of_one_who_does_not_work_here_is_found(app: TestApp) {
        let maja = app.colleague("Maja", Role::Manager, "2580").await;
        let opened = open(&app, json!([inline(800)])).await;
        let path = app.till(&format!("/orders/{}/discounts/manual", opened.text("/id")));
        let ask = json!({"type": "COMP", "reason": "spilled", "authorizedById": maja, "pin": "2580"});
        app.staff().post(&path, ask).await.is(201);
        let refused = app.try_write(|tx| tx.exec(
            "update order_discounts set authorized_by = null where tenant_id = $1", &[])).await;
        assert!(refused.is_err(), "the guard stands in the table");
    }
    async fn a_comp_that_nobody_asks_for_bears_the_reason_of_its_rule(app: TestApp) {
        let ann = app.customer("Ann").await;
        let rule = json!({"name": "Staff meal", "type": "COMP", "scope": "ORDER", "customerIds": [ann], "compReason": "works here"});
        app.manager().post(&app.dashboard("/discounts"), rule).await.is(201);
        let ask = json!({"customerId": ann, "items": [inline(800)]});
        let opened = app.staff().post(&app.till("/orders"), ask).await;
        assert_eq!((opened.is(201).int("/totals/total/amount"), opened.text("/discounts/0/compReason")), (0, "works here".into()));
    }

    async fn a_comp_by_code_bears_the_reason_of_its_rule(app: TestApp) {
        let ann = app.customer("Ann").await;
        for (code, reason, said) in [("FREE1", json!("friend of the house"), "friend of the house"), ("FREE2", json!(null), "FREE2")] {
            let rule = json!({"name": code, "type": "COMP", "scope": "ORDER", "compReason": reason});
            let rule = app.manager().post(&app.dashboard("/discounts"), rule).await.is(201).text("/id");
            let coupon = json!({"code": code, "discountId": rule, "duration": "FOREVER", "maxUses": 1});
            app.manager().post(&app.dashboard("/coupons"), coupon).await.is(201);
            let sale = json!({"customerId": ann, "items": [inline(800)], "couponCodes": [code], "payments": [{"method": "CASH"}]});
            let typed = app.staff().post(&app.till("/orders"), sale).await;
            assert_eq!(typed.is(201).text("/discounts/0/compReason"), said);
            let untyped = app.staff().post(&app.till("/orders"), json!({"customerId": ann, "items": [inline(800)]})).await;
            assert_eq!((untyped.is(201).int("/totals/total/amount"), untyped.text("/discounts/0/compReason")), (0, said.into()));
            let off = app.till(&format!("/orders/{}/discounts/{}", untyped.text("/id"), untyped.text("/discounts/0/id")));
            app.staff().delete(&off).await.is(200);
            let rule = app.dashboard(&format!("/discounts/{rule}"));
            app.manager().delete(&rule).await.is(204);
        }
    }
    async fn a_comp_that_was_picked_is_bound_by_the_policy_of_the_chain(app: TestApp) {
        let maja = app.colleague("Maja", Role::Manager, "2580").await;
        let rule = json!({"name": "On the house", "type": "COMP", "scope": "ORDER", "compReason": "our mistake"});
        let rule = app.manager().post(&app.dashboard("/discounts"), rule).await.is(201).text("/id");
        let opened = open(&app, json!([inline(800)])).await;
        let path = app.till(&format!("/orders/{}/discounts", opened.text("/id")));
        let shown = app.staff().get(&format!("{path}/available")).await;
        assert_eq!(shown.is(200).json[0]["requiresApproval"], json!(true));
        let ask = json!({"discountId": rule, "authorizedById": maja, "pin": "2580"});
        app.staff().post(&format!("{path}/predefined"), ask).await.is(201);
        let refused = app.try_write(|tx| tx.exec(
            "update order_discounts set authorized_by = null where tenant_id = $1", &[])).await;
        assert!(refused.is_err(), "the guard stands in the table");
        let entity = opened.text("/id");
        let entries = app.manager().get(&app.dashboard(&format!("/audit?entity={entity}"))).await;
        let acts: Vec<_> = entries.is(200).json["items"].as_array().unwrap().iter()
            .map(|entry| (entry["action"].as_str().unwrap().to_owned(), entry["actor"].as_str().unwrap().to_owned())).collect();
        assert!(acts.contains(&("order.approve".into(), format!("staff:{maja}"))), "{acts:?}");
        assert!(acts.iter().any(|(action, by)| action == "order.comp" && by.starts_with("key:")), "{acts:?}");
    }
    async fn what_takes_no_comp_is_the_venues_to_say(app: TestApp) {
        let maja = app.colleague("Maja", Role::Manager, "2580").await;
        let wine = json!({"name": "Wine", "regulated": "ALCOHOL"});
        let wine = app.manager().post("/api/v1/chain/categories", wine).await.is(201).text("/id");
        let glass = json!({"inline": {"name": "Red", "categoryId": wine, "unitPrice": {"amount": 900, "currency": "EUR"}}});
        let comp = json!({"type": "COMP", "reason": "corked", "authorizedById": maja, "pin": "2580"});
        let path = |order: &str| app.till(&format!("/orders/{order}/discounts/manual"));
        let before = open(&app, json!([glass])).await.text("/id");
        let refused = app.staff().post(&path(&before), comp.clone()).await;
        assert_eq!(refused.is_problem(422, "discount_refused").text("/reason/code"), "REGULATED_ITEM");
        let venue = format!("/api/v1/chain/venues/{}", app.venue);
        assert_eq!(app.owner().get(&venue).await.is(200).json["regulated"], json!(["ALCOHOL"]));
        app.owner().patch(&venue, json!({"regulated": ["ALCOHOL", "ALCOHOL"]})).await.is_problem(422, "invalid");
        let edited = app.owner().patch(&venue, json!({"regulated": []})).await;
        assert_eq!(edited.is(200).json["regulated"], json!([]));
        let after = open(&app, json!([glass])).await.text("/id");
        let given = app.staff().post(&path(&after), comp.clone()).await;
        assert_eq!(given.is(201).int("/totals/total/amount"), 0);
        app.staff().post(&path(&before), comp).await.is_problem(422, "discount_refused");
    }
    async fn who_comps_far_more_than_the_others_is_unusual(app: TestApp) {
        let policy = json!({"onePerLine": false, "chooseBest": false, "compNeedsApproval": false});
        app.manager().put("/api/v1/chain/discount-policy", policy).await.is(200);
        let other = app.key(Role::Staff, &["orders:write"]).await;
        let comp = async |by: &Persona<'_>| {
            let opened = open(&app, json!([inline(800)])).await;
            let path = app.till(&format!("/orders/{}/discounts/manual", opened.text("/id")));
            by.post(&path, json!({"type": "COMP", "reason": "spilled"})).await.is(201);
        };
        let unusual = async || {
            let report = app.manager().get(&app.dashboard("/comps?from=2026-06-12&to=2026-06-12")).await;
            let people = report.is(200).json["byStaff"].as_array().unwrap().clone();
            people.iter().map(|one| (one["count"].as_i64().unwrap(), one["isUnusual"] == json!(true))).collect::<Vec<_>>()
        };
        for _ in 0..5 {
            comp(&app.staff()).await;
        }
        assert_eq!(unusual().await, [(5, false)], "there is nobody to be unlike");
        for _ in 0..2 {
            comp(&other).await;
        }
        assert_eq!(unusual().await, [(5, true), (2, false)]);
        comp(&other).await;
        assert_eq!(unusual().await, [(5, false), (3, false)]);
    }
}
