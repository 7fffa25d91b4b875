use serde_json::{Value as Json, json};

use crate::both_stores;
use crate::catalogue::{self, EditCategory, EditModifier, EditModifierGroup, EditProduct};
use crate::hall::testing::TestApp;
use crate::platform::tax::{self, EditTaxClass};

/// What discounts may target, by the word for it.
async fn targets(app: &TestApp) -> Json {
    let ids = app
        .write(|tx| {
            let class = tax::create_class(
                tx,
                &EditTaxClass {
                    name: "Food".into(),
                },
            )?
            .id;
            let category = catalogue::create_category(tx, &EditCategory::named("Food"))?.id;
            let sizes = EditModifierGroup {
                name: "Size".into(),
                choose_min: 0,
                choose_max: None,
                modifiers: vec![EditModifier {
                    id: None,
                    name: "Large".into(),
                    price_delta: crate::hall::money::Money::of(100, "EUR"),
                }],
                active: true,
            };
            let sizes = catalogue::create_modifier_group(tx, &sizes)?;
            let mut products = Vec::new();
            for name in ["Waffle", "Coffee"] {
                let plain = EditProduct::plain(name, category, class);
                products.push(catalogue::create_product(tx, None, &plain)?.id);
            }
            Ok(
                json!({"products": products, "category": category, "group": sizes.id,
                "modifier": sizes.modifiers[0].id}),
            )
        })
        .await;
    let regulars = app
        .manager()
        .post(
            &app.dashboard("/customer-groups"),
            json!({"name": "Regulars"}),
        )
        .await;
    let mut all = ids;
    all["regulars"] = json!(regulars.text("/id"));
    all["ann"] = json!(app.customer("Ann").await);
    all
}

fn eur(amount: i64) -> Json {
    json!({"amount": amount, "currency": "EUR"})
}

/// Discounts that together have every field.
fn every_field(t: &Json) -> Vec<Json> {
    let (waffle, coffee) = (&t["products"][0], &t["products"][1]);
    vec![
        json!({"name": "Item", "type": "FIXED_AMOUNT", "amount": eur(150), "fixedPer": "ORDER", "scope": "ITEM",
            "targetItemIds": [waffle, coffee], "isAutomatic": true, "priority": 7, "minQuantity": 2, "maxTotalUses": 100,
            "maxUsesPerCustomer": 2}),
        json!({"name": "Category", "type": "PERCENTAGE", "percent": "12.5", "scope": "CATEGORY",
            "targetCategoryIds": [t["category"]], "requiresApproval": true, "base": "LIST"}),
        json!({"name": "Modifier", "type": "FIXED_AMOUNT", "amount": eur(50), "fixedPer": "UNIT", "scope": "MODIFIER",
            "targetModifierIds": [t["modifier"]]}),
        json!({"name": "Modifiers", "type": "PERCENTAGE", "percent": "100", "scope": "MODIFIER_GROUP",
            "targetModifierGroupIds": [t["group"]]}),
        json!({"name": "Regulars", "type": "PERCENTAGE", "percent": "5", "scope": "CUSTOMER_GROUP",
            "customerGroupId": t["regulars"], "isStackable": true, "taxBasis": "UNDISCOUNTED"}),
        json!({"name": "Ann", "type": "PERCENTAGE", "percent": "50", "scope": "ORDER", "customerIds": [t["ann"]]}),
        json!({"name": "Bogo", "type": "PERCENTAGE", "scope": "QUANTITY", "buyQuantity": 2, "getQuantity": 1,
            "getDiscountPercent": "50", "buyItemIds": [waffle], "getItemIds": [coffee], "maxSets": 3}),
        json!({"name": "Combo", "type": "FIXED_AMOUNT", "scope": "COMBO", "comboPrice": eur(900), "comboItems": [
            {"productId": waffle, "categoryId": null, "quantity": 1}, {"productId": null, "categoryId": t["category"], "quantity": 2}]}),
        json!({"name": "Combo %", "type": "PERCENTAGE", "scope": "COMBO", "comboPercent": "10", "comboItems": [
            {"productId": waffle, "categoryId": null, "quantity": 1}]}),
        json!({"name": "Combo off", "type": "PERCENTAGE", "scope": "COMBO", "comboAmountOff": eur(100), "comboItems": [
            {"productId": waffle, "categoryId": null, "quantity": 1}]}),
        json!({"name": "Comp", "type": "COMP", "scope": "ITEM", "targetItemIds": [coffee], "compReason": "On the house"}),
        json!({"name": "Open %", "type": "PERCENTAGE", "scope": "ORDER", "isOpen": true, "minValue": "5", "maxValue": "20",
            "valueStep": "2.5"}),
        json!({"name": "Open €", "type": "FIXED_AMOUNT", "scope": "ORDER", "isOpen": true, "minValue": eur(100),
            "maxValue": eur(500), "valueStep": eur(50)}),
        json!({"name": "Test", "description": "A test", "labelColor": "#2f9e44", "type": "PERCENTAGE", "percent": "5",
            "scope": "ORDER", "isAutomatic": true, "experimentId": "summer", "variant": "B", "allocationPercent": "25",
            "minPurchaseAmount": eur(2_000), "maxDiscountAmount": eur(5_000), "validFrom": "2026-06-01",
            "validUntil": "2026-08-31", "daysOfWeek": [1, 5], "timeFrom": "22:00", "timeUntil": "02:00"}),
    ]
}

both_stores! {
    async fn every_field_comes_back_as_it_was_sent(app: TestApp) {
        let all = every_field(&targets(&app).await);
        let discounts = app.dashboard("/discounts");
        for body in &all {
            let made = app.manager().post(&discounts, body.clone()).await;
            made.is(201);
            let path = format!("{discounts}/{}", made.text("/id"));
            let copy = app.manager().post(&format!("{path}/clone"), json!({})).await;
            let put = app.manager().put(&path, body.clone()).await;
            assert_eq!(put.is(200).int("/version"), 2);
            for (name, value) in body.as_object().unwrap() {
                assert_eq!(&put.json[name], value, "{name} of {}", body["name"]);
                if name != "name" {
                    assert_eq!(&copy.is(201).json[name], value, "{name} of the copy of {}", body["name"]);
                }
            }
            assert_eq!(app.staff().get(&path).await.is(200).json, put.json);
        }
        let shown = app.staff().get(&format!("{discounts}?pageSize=100")).await;
        assert_eq!(shown.int("/total"), 2 * i64::try_from(all.len()).unwrap());
        let named = all.iter().flat_map(|body| body.as_object().unwrap().keys());
        let named: std::collections::BTreeSet<&String> = named.collect();
        let not_of_the_command = ["id", "version", "currentUses", "archivedAt", "createdAt", "updatedAt"];
        // Those that every discount has besides: told elsewhere.
        let elsewhere = ["venueIds", "active", "applyBeforeTax", "modifyTaxBasis"];
        for field in shown.json["items"][0].as_object().unwrap().keys() {
            let is_told = not_of_the_command.contains(&field.as_str()) || elsewhere.contains(&field.as_str());
            assert!(is_told || named.contains(field), "{field} is in no example");
        }
    }

    async fn what_contradicts_is_refused_with_its_place(app: TestApp) {
        let t = targets(&app).await;
        let all = every_field(&t);
        let named = |name: &str| all.iter().find(|body| body["name"] == name).unwrap().clone();
        for (name, field, value, pointer, code) in [
            ("Test", "amount", eur(1), "/amount", "not_allowed"),
            ("Test", "fixedPer", json!("UNIT"), "/fixedPer", "not_allowed"),
            ("Test", "targetModifierIds", json!([t["modifier"]]), "/targetModifierIds", "not_allowed"),
            ("Test", "customerIds", json!([t["ann"], t["ann"]]), "/customerIds/1", "duplicate"),
            ("Test", "maxSets", json!(1), "/maxSets", "not_allowed"),
            ("Test", "comboPercent", json!("1"), "/comboPrice", "not_allowed"),
            ("Test", "requiresApproval", json!(true), "/requiresApproval", "not_allowed"),
            ("Test", "compReason", json!("x"), "/compReason", "not_allowed"),
            ("Test", "minValue", json!("1"), "/minValue", "not_allowed"),
            ("Test", "allocationPercent", json!("0"), "/allocationPercent", "out_of_range"),
            ("Test", "allocationPercent", Json::Null, "/allocationPercent", "missing"),
            ("Test", "variant", Json::Null, "/variant", "missing"),
            ("Test", "experimentId", Json::Null, "/experimentId", "missing"),
            ("Item", "percent", json!("10"), "/percent", "not_allowed"),
            ("Item", "amount", eur(0), "/amount/amount", "out_of_range"),
            ("Item", "amount", json!({"amount": 1, "currency": "SEK"}), "/amount/currency", "currency_mismatch"),
            ("Item", "targetItemIds", json!([]), "/targetItemIds", "missing"),
            ("Item", "minQuantity", json!(0), "/minQuantity", "out_of_range"),
            ("Item", "maxTotalUses", json!(0), "/maxTotalUses", "out_of_range"),
            ("Item", "maxUsesPerCustomer", json!(0), "/maxUsesPerCustomer", "out_of_range"),
            ("Item", "isOpen", json!(true), "/amount", "not_allowed"),
            ("Regulars", "customerIds", json!([t["ann"]]), "/customerIds", "not_allowed"),
            ("Regulars", "customerGroupId", Json::Null, "/customerGroupId", "missing"),
            ("Bogo", "buyQuantity", Json::Null, "/percent", "missing"),
            ("Bogo", "getQuantity", Json::Null, "/getQuantity", "missing"),
            ("Bogo", "type", json!("COMP"), "/type", "not_allowed"),
            ("Combo", "comboItems", json!([{"quantity": 1}]), "/comboItems", "out_of_range"),
            ("Combo", "comboAmountOff", eur(1), "/comboPrice", "not_allowed"),
            ("Comp", "percent", json!("1"), "/percent", "not_allowed"),
            ("Comp", "amount", eur(1), "/amount", "not_allowed"),
            ("Open %", "percent", json!("1"), "/percent", "not_allowed"),
            ("Open %", "minValue", json!("30"), "/maxValue", "out_of_range"),
            ("Open %", "minValue", eur(1), "/minValue", "wrong_type"),
            ("Open %", "minValue", json!(5), "/minValue", "invalid"),
            ("Open %", "valueStep", json!("0"), "/valueStep", "out_of_range"),
            ("Open %", "isAutomatic", json!(true), "/isOpen", "not_allowed"),
            ("Open €", "maxValue", json!({"amount": 1, "currency": "SEK"}), "/maxValue/currency", "currency_mismatch"),
        ] {
            let mut body = named(name);
            body[field] = value.clone();
            let said = app.manager().post(&app.dashboard("/discounts"), body).await;
            said.is_problem(422, "invalid");
            let first = (said.text("/errors/0/pointer"), said.text("/errors/0/code"));
            assert_eq!((first.0.as_str(), first.1.as_str()), (pointer, code), "{name}: {field} {value}");
        }
        let mut comp = named("Comp");
        comp["isAutomatic"] = json!(true);
        comp["compReason"] = Json::Null;
        let said = app.manager().post(&app.dashboard("/discounts"), comp).await;
        assert_eq!(said.is_problem(422, "invalid").text("/errors/0/pointer"), "/compReason");
        let mut segment = named("Test");
        segment["segmentId"] = json!("seg_1");
        let said = app.manager().post(&app.dashboard("/discounts"), segment).await;
        assert_eq!(said.is_problem(422, "method_unavailable").text("/field"), "segmentId");
    }

    async fn what_is_not_there_is_refused_by_its_place_in_one_question(app: TestApp) {
        let t = targets(&app).await;
        let all = every_field(&t);
        let named = |name: &str| all.iter().find(|body| body["name"] == name).unwrap().clone();
        let id = |prefix: &str| json!(format!("{prefix}_01kab4bqf8e1ftz0c6hqp2v9xw"));
        for (name, field, value, pointer) in [
            ("Item", "targetItemIds", json!([t["products"][0], id("prd")]), "/targetItemIds/1"),
            ("Category", "targetCategoryIds", json!([id("cat")]), "/targetCategoryIds/0"),
            ("Modifier", "targetModifierIds", json!([id("mod")]), "/targetModifierIds/0"),
            ("Modifiers", "targetModifierGroupIds", json!([id("mgr")]), "/targetModifierGroupIds/0"),
            ("Regulars", "customerGroupId", id("grp"), "/customerGroupId"),
            ("Ann", "customerIds", json!([id("cus")]), "/customerIds/0"),
            ("Bogo", "buyItemIds", json!([id("prd")]), "/buyItemIds/0"),
            ("Bogo", "getItemIds", json!([id("prd")]), "/getItemIds/0"),
            ("Combo", "comboItems", json!([{"categoryId": id("cat"), "quantity": 1}]), "/comboItems/0/categoryId"),
        ] {
            let mut body = named(name);
            body[field] = value;
            let said = app.manager().post(&app.dashboard("/discounts"), body).await;
            said.is_problem(422, "invalid");
            assert_eq!((said.text("/errors/0/pointer").as_str(), said.text("/errors/0/code").as_str()), (pointer, "not_found"));
        }
        // Of another chain is not there either.
        let said = app.other_tenant().await.post("/api/v1/chain/discounts", named("Item")).await;
        assert_eq!(said.is_problem(422, "invalid").text("/errors/0/pointer"), "/targetItemIds/0");
        let mut counted = Vec::new();
        for ids in [json!([t["products"][0]]), t["products"].clone()] {
            let mut body = named("Item");
            body["targetItemIds"] = ids;
            let before = app.hall.db.statements();
            app.manager().post(&app.dashboard("/discounts"), body).await.is(201);
            counted.push(app.hall.db.statements() - before);
        }
        assert_eq!(counted[0], counted[1]);
    }
}
