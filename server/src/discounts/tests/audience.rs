use std::sync::Arc;

use engine::money::Currency;
use serde_json::{Value as Json, json};

use super::{afterwork, with};
use crate::both_stores;
use crate::discounts::store::live::{LIVE, PICKABLE};
use crate::discounts::{EditDiscount, OpenValue, create, live, pickable, predefined, published};
use crate::hall::error::{Code, Error};
use crate::hall::id::{CustomerId, DiscountId, GroupId};
use crate::hall::money::Money;
use crate::hall::store::plan;
use crate::hall::testing::{TestApp, venue};
use crate::params;
use crate::platform::chain;

/// The names of what this customer gets without asking.
async fn goes_to(app: &TestApp, customer: Option<(CustomerId, Option<GroupId>)>) -> Vec<String> {
    let here = app.venue;
    app.write(move |tx| {
        let now = tx.now();
        let (_, found) = live(tx, here, customer, now)?;
        Ok(found
            .into_iter()
            .map(|live| live.rule.name.clone())
            .collect())
    })
    .await
}

/// A discount with these fields, at the venue.
async fn publish(app: &TestApp, fields: Json) -> DiscountId {
    let mut body = afterwork();
    body["isAutomatic"] = json!(false);
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    let made = app.manager().post(&app.dashboard("/discounts"), body).await;
    made.is(201).text("/id").parse().unwrap()
}

async fn group(app: &TestApp, name: &str) -> GroupId {
    let made = app
        .manager()
        .post(&app.dashboard("/customer-groups"), json!({"name": name}))
        .await;
    made.is(201).text("/id").parse().unwrap()
}

both_stores! {
    async fn a_discount_goes_to_those_it_names_and_to_nobody_else(app: TestApp) {
        let (ann, bo) = (app.customer("Ann").await, app.customer("Bo").await);
        let regulars = group(&app, "Regulars").await;
        publish(&app, json!({"name": "All", "isAutomatic": true})).await;
        publish(&app, json!({"name": "Ann's", "customerIds": [ann]})).await;
        let grouped = publish(&app, json!({"name": "Regulars'", "scope": "CUSTOMER_GROUP", "customerGroupId": regulars})).await;
        publish(&app, json!({"name": "Picked"})).await;
        publish(&app, json!({"name": "Paused", "isAutomatic": true, "active": false})).await;
        assert_eq!(goes_to(&app, None).await, ["All"]);
        assert_eq!(goes_to(&app, Some((ann, None))).await, ["All", "Ann's"]);
        assert_eq!(goes_to(&app, Some((bo, Some(regulars)))).await, ["All", "Regulars'"]);
        // An edit moves it, a pause and an archive end it.
        let path = app.dashboard(&format!("/discounts/{grouped}"));
        let mut body = with("isAutomatic", json!(true));
        body["customerIds"] = json!([bo]);
        app.manager().put(&path, body.clone()).await.is(200);
        assert_eq!(goes_to(&app, Some((bo, None))).await, ["All", "Afterwork"]);
        assert_eq!(goes_to(&app, Some((ann, Some(regulars)))).await, ["All", "Ann's"]);
        body["active"] = json!(false);
        app.manager().put(&path, body.clone()).await.is(200);
        assert_eq!(goes_to(&app, Some((bo, None))).await, ["All"]);
        body["active"] = json!(true);
        app.manager().put(&path, body).await.is(200);
        app.manager().delete(&path).await.is(204);
        assert_eq!(goes_to(&app, Some((bo, None))).await, ["All"]);
    }

    async fn staff_pick_from_what_is_for_picking(app: TestApp) {
        let ann = app.customer("Ann").await;
        let here = app.venue;
        let picked = publish(&app, json!({"name": "Picked", "requiresApproval": true, "maxTotalUses": 7,
            "maxUsesPerCustomer": 2})).await;
        let comp = publish(&app, json!({"name": "A comp", "type": "COMP", "percent": null, "compReason": "Spilt"})).await;
        let automatic = publish(&app, json!({"name": "All", "isAutomatic": true})).await;
        let named = publish(&app, json!({"name": "Ann's", "customerIds": [ann]})).await;
        let paused = publish(&app, json!({"name": "Paused", "active": false})).await;
        let all = app.write(move |tx| pickable(tx, here)).await;
        let names: Vec<&str> = all.iter().map(|live| live.rule.name.as_str()).collect();
        assert_eq!(names, ["A comp", "Picked"]);
        let one = app.write(move |tx| predefined(tx, here, picked)).await;
        assert_eq!((one.version, one.max_total_uses, one.max_uses_per_customer, one.open), (1, Some(7), Some(2), None));
        assert!(one.rule.requires_approval);
        let one = app.write(move |tx| predefined(tx, here, comp)).await;
        assert_eq!(one.comp_reason.as_deref(), Some("Spilt"));
        for id in [automatic, named, paused] {
            let said = app.try_write(move |tx| predefined(tx, here, id)).await;
            assert!(matches!(said, Err(Error::Refused(Code::MethodUnavailable, _))), "{said:?}");
        }
        let park = app.write(|tx| chain::open_venue(tx, &venue("park", "EUR"))).await;
        let said = app.try_write(move |tx| predefined(tx, park, picked)).await;
        assert!(matches!(said, Err(Error::NotFound(_))), "{said:?}");
        // What stands behind a code may go to anybody, but it is live.
        let ids = [picked, named, paused];
        let found = app.write(move |tx| published(tx, here, &ids)).await;
        let mut found: Vec<DiscountId> = found.iter().map(|live| live.discount_id).collect();
        found.sort();
        assert_eq!(found, { let mut live = [picked, named]; live.sort(); live });
    }

    async fn an_open_value_is_taken_within_its_bounds(app: TestApp) {
        let here = app.venue;
        let eur = |amount: i64| json!({"amount": amount, "currency": "EUR"});
        let percent = publish(&app, json!({"name": "Open percent", "percent": null, "isOpen": true,
            "minValue": "5", "maxValue": "20", "valueStep": "2.5"})).await;
        let amount = publish(&app, json!({"name": "Open amount", "type": "FIXED_AMOUNT", "percent": null, "isOpen": true,
            "minValue": eur(100), "maxValue": eur(500)})).await;
        let one = app.write(move |tx| predefined(tx, here, percent)).await;
        let rule = |value: &str| one.valued(Some(&OpenValue::Percent(value.parse().unwrap())), Currency::EUR);
        assert_eq!(rule("7.5").unwrap().percent.unwrap().to_string(), "7.5");
        for value in ["4.99", "20.01", "6"] {
            assert!(matches!(rule(value), Err(Error::Invalid(_))), "{value}");
        }
        assert!(one.valued(None, Currency::EUR).is_err());
        let money = |amount, currency: &str| OpenValue::Amount(Money::of(amount, currency));
        assert!(one.valued(Some(&money(100, "EUR")), Currency::EUR).is_err());
        let one = app.write(move |tx| predefined(tx, here, amount)).await;
        assert_eq!(one.valued(Some(&money(100, "EUR")), Currency::EUR).unwrap().amount.unwrap().amount, 100);
        for (value, currency) in [(money(501, "EUR"), Currency::EUR), (money(100, "SEK"), Currency::SEK), (money(100, "SEK"), Currency::EUR)] {
            assert!(matches!(one.valued(Some(&value), currency), Err(Error::Invalid(_))), "{value:?}");
        }
    }

    async fn ten_thousand_live_discounts_are_one_question_by_index(app: TestApp) {
        let here = app.venue;
        let (ann, bo) = (app.customer("Ann").await, app.customer("Bo").await);
        publish(&app, json!({"name": "Ann's", "customerIds": [ann]})).await;
        let asked = async || {
            let before = app.hall.db.statements();
            let found = app.write(move |tx| { let now = tx.now(); live(tx, here, Some((ann, None)), now) }).await.1;
            (found.len(), app.hall.db.statements() - before)
        };
        let few = asked().await;
        app.write(move |tx| {
            for n in 0..20 {
                create(tx, Some(here), &EditDiscount::automatic(&format!("Rule {n}"), "10".parse().unwrap()))?;
            }
            copies(tx, 9_979, &bo.to_string())
        }).await;
        app.as_owner(&["analyze"]).await;
        let many = asked().await;
        assert_eq!((few.0, many.0, few.1), (1, 21, many.1));
        let ann = ann.to_string();
        let live = app.write(move |tx| plan(tx, LIVE, params![here, ann.as_str(), ""])).await;
        let pick = app.write(move |tx| plan(tx, PICKABLE, params![here, 500])).await;
        for plan in [live, pick] {
            assert!(!plan.contains("SCAN ") && !plan.contains("Seq Scan"), "{plan}");
        }
    }

    async fn a_rule_is_read_once(app: TestApp) {
        let here = app.venue;
        publish(&app, json!({"name": "All", "isAutomatic": true})).await;
        let read = async || app.write(move |tx| { let now = tx.now(); live(tx, here, None, now) }).await.1;
        let (one, other) = (read().await, read().await);
        assert!(Arc::ptr_eq(&one[0].rule, &other[0].rule));
    }

    async fn one_customer_is_not_given_too_many(app: TestApp) {
        let ann = app.customer("Ann").await;
        let first = publish(&app, json!({"name": "Ann's", "customerIds": [ann]})).await;
        let name = ann.to_string();
        app.write(move |tx| copies(tx, 99, &name)).await;
        let mut body = with("customerIds", json!([ann]));
        let said = app.manager().post(&app.dashboard("/discounts"), body.clone()).await;
        said.is_problem(422, "method_unavailable");
        app.manager().put(&app.dashboard(&format!("/discounts/{first}")), body.clone()).await.is(200);
        body["active"] = json!(false);
        app.manager().post(&app.dashboard("/discounts"), body).await.is(201);
    }

    async fn a_group_is_not_deleted_under_a_live_discount(app: TestApp) {
        let regulars = group(&app, "Regulars").await;
        let path = app.dashboard(&format!("/customer-groups/{regulars}"));
        let id = publish(&app, json!({"name": "Regulars'", "scope": "CUSTOMER_GROUP", "customerGroupId": regulars})).await;
        let said = app.manager().delete(&path).await;
        said.is_problem(409, "group_in_use");
        assert_eq!(said.json["discounts"], json!(["Regulars'"]));
        app.manager().delete(&app.dashboard(&format!("/discounts/{id}"))).await.is(204);
        app.manager().delete(&path).await.is(204);
        let mut body = with("scope", json!("CUSTOMER_GROUP"));
        body["customerGroupId"] = json!(regulars);
        let said = app.manager().post(&app.dashboard("/discounts"), body).await;
        assert_eq!(said.is_problem(422, "invalid").text("/errors/0/pointer"), "/customerGroupId");
    }

    async fn a_discount_for_nobody_s_customer_is_found(app: TestApp) {
        let ann = app.customer("Ann").await;
        publish(&app, json!({"name": "Ann's", "customerIds": [ann]})).await;
        app.write(|tx| tx.exec("update discount_audience set audience = 'cus_x' where tenant_id = $1", params![])).await;
        app.breaks("L23");
    }
}

/// Copies of the first discount, for the audience: quicker than publishing each.
fn copies(
    tx: &mut crate::hall::store::Tx,
    count: i64,
    audience: &str,
) -> crate::hall::error::Result<()> {
    let numbers = "with recursive numbers (n) as (select cast(1 as bigint) union all select n + 1 from numbers where n < $2)";
    for sql in [
        "insert into discounts (tenant_id, discount_id, version, name, name_fold, type, scope, priority, created_at, updated_at)
         select d.tenant_id, d.discount_id || '_' || n, 1, d.name, d.name_fold, d.type, d.scope, 0, d.created_at, d.updated_at
         from numbers cross join discounts d where d.tenant_id = $1 and d.name = 'Ann''s'",
        "insert into discount_versions (tenant_id, discount_id, version, rule, at)
         select d.tenant_id, d.discount_id || '_' || n, 1, d.rule, d.at
         from numbers cross join discount_versions d where d.tenant_id = $1 and d.rule like '%Ann''s%' and d.version = 1",
    ] {
        tx.exec(&format!("{numbers} {sql}"), params![count])?;
    }
    for sql in [
        "insert into discount_venues (tenant_id, venue_id, discount_id)
         select d.tenant_id, '*', d.discount_id from discounts d where d.tenant_id = $1 and d.discount_id like 'dis%\\_%\\_%' escape '\\'",
        "insert into discount_audience (tenant_id, audience, discount_id)
         select d.tenant_id, $2, d.discount_id from discounts d where d.tenant_id = $1 and d.discount_id like 'dis%\\_%\\_%' escape '\\'",
    ] {
        let values = if sql.contains("$2") {
            vec![crate::hall::store::Value::from(audience)]
        } else {
            Vec::new()
        };
        tx.exec(sql, &values)?;
    }
    Ok(())
}
