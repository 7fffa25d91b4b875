use serde_json::{Value as Json, json};

use crate::both_stores;
use crate::hall::store::plan;
use crate::hall::testing::{Persona, TestApp, venue};
use crate::loyalty::rules;
use crate::params;

const CHAIN: &str = "/api/v1/chain/loyalty/accrual-rules";

fn eur(amount: i64) -> Json {
    json!({"amount": amount, "currency": "EUR"})
}

/// A category and a product of it at 20.00.
async fn goods(app: &TestApp) -> (String, String) {
    let manager = app.manager();
    let class = manager
        .post("/api/v1/chain/tax-classes", json!({"name": "Food"}))
        .await
        .is(201)
        .text("/id");
    let rates = json!({"rates": [{"taxClassId": class, "rate": "0", "validFrom": "2020-01-01"}]});
    manager
        .put(&app.dashboard("/tax-rates"), rates)
        .await
        .is(200);
    let category = manager
        .post("/api/v1/chain/categories", json!({"name": "Burgers"}))
        .await
        .is(201)
        .text("/id");
    let burger = json!({"name": "Burger", "categoryId": category, "taxClassId": class,
        "prices": [{"venueId": app.venue, "price": eur(2_000)}]});
    let product = manager
        .post(&app.dashboard("/products"), burger)
        .await
        .is(201)
        .text("/id");
    (category, product)
}

async fn rule(who: &Persona<'_>, path: &str, ask: Json) -> String {
    who.post(path, ask).await.is(201).text("/id")
}

async fn calculated(app: &TestApp, ask: Json) -> Json {
    app.staff()
        .post(&app.dashboard("/loyalty/calculate-points"), ask)
        .await
        .is(200)
        .json
        .clone()
}

both_stores! {
    // Golden 12, the half that earns.
    async fn plain_points(app: TestApp) {
        let said = calculated(&app, json!({"amount": eur(5_000)})).await;
        assert_eq!(said["points"], 50);
    }

    async fn spend_and_visit_rules_replace_the_two_numbers_where_they_match(app: TestApp) {
        let path = app.dashboard("/loyalty/accrual-rules");
        let large = json!({"name": "Large bills", "type": "SPEND", "pointsPerUnit": "2", "minPurchase": eur(5_000)});
        rule(&app.manager(), &path, large).await;
        rule(&app.manager(), &path, json!({"name": "Hello", "type": "VISIT", "pointsPerUnit": "7"})).await;
        let small = calculated(&app, json!({"amount": eur(4_999)})).await;
        assert_eq!(small["points"], 49 + 7);
        let large = calculated(&app, json!({"amount": eur(5_000)})).await;
        assert_eq!(large["points"], 100 + 7);
        assert_eq!(large["parts"][0]["sentence"], "Large bills: 50.00 EUR at 2 points for each EUR: 100 points.");
        assert_eq!(large["parts"][1]["sentence"], "Hello: 7 points for the visit.");
        let guest = app.customer("Noor").await;
        let item = json!({"inline": {"name": "x", "unitPrice": eur(6_000)}});
        let order = json!({"customerId": guest, "items": [item], "payments": [{"method": "CARD"}]});
        let paid = app.staff().post(&app.till("/orders"), order).await;
        assert_eq!(paid.is(201).int("/pointsBalance"), 127);
        let rows = app.dashboard(&format!("/customers/{guest}/loyalty/transactions"));
        let rows = app.staff().get(&rows).await;
        let decided = rows.is(200).json["items"][1]["policy"]["rules"].clone();
        assert_eq!(decided[0]["name"], "Large bills", "the row holds what decided");
        assert_eq!(decided[0]["terms"]["pointsPerUnit"], "2");
    }

    async fn category_and_item_rules_add(app: TestApp) {
        let (category, product) = goods(&app).await;
        rule(&app.manager(), CHAIN, json!({"name": "Double", "type": "CATEGORY", "multiplier": "2", "categoryIds": [category]})).await;
        rule(&app.manager(), CHAIN, json!({"name": "Stamp", "type": "ITEM", "pointsPerUnit": "5", "itemIds": [product]})).await;
        let said = calculated(&app, json!({"items": [{"productId": product, "quantity": "2"}]})).await;
        // 40 for the money, 40 more of the category, 5 for each of the two.
        assert_eq!(said["points"], 90, "{said}");
        let told: Vec<&str> = said["parts"].as_array().unwrap().iter().map(|part| part["sentence"].as_str().unwrap()).collect();
        assert_eq!(told, [
            "40.00 EUR at 1 point for each EUR: 40 points.",
            "Double: 2 times the points on 40.00 EUR: 40 more.",
            "Stamp: 5 points for each item: 10 more.",
        ]);
        let other = calculated(&app, json!({"amount": eur(4_000)})).await;
        assert_eq!(other["points"], 40, "nothing else is a burger");
    }

    async fn a_rule_is_made_shown_changed_and_put_away(app: TestApp) {
        let path = app.dashboard("/loyalty/accrual-rules");
        let ask = json!({"name": " Årets  bästa ", "type": "SPEND", "pointsPerUnit": "3"});
        let made = app.manager().post(&path, ask.clone()).await;
        let id = made.is(201).text("/id");
        assert_eq!((made.text("/name"), made.header("etag")), ("Årets  bästa".into(), Some("\"v1\"")));
        assert_eq!(made.json["venueIds"], json!([app.venue]));
        let one = format!("{path}/{id}");
        let listed = app.staff().get(&format!("{path}?search=arets")).await;
        assert_eq!((listed.is(200).int("/total"), listed.text("/items/0/id")), (1, id.clone()));
        let paused = json!({"name": "Best", "type": "SPEND", "pointsPerUnit": "3", "active": false});
        let stale = [("if-match", "\"v9\"")];
        app.manager().send(axum::http::Method::PUT, &one, Some(paused.clone()), &stale).await.is_problem(412, "stale");
        let after = app.manager().put(&one, paused).await;
        assert_eq!((after.is(200).int("/version"), after.json["active"].clone()), (2, json!(false)));
        assert_eq!(calculated(&app, json!({"amount": eur(1_000)})).await["points"], 10);
        app.manager().put(&one, ask.clone()).await.is(200);
        assert_eq!(calculated(&app, json!({"amount": eur(1_000)})).await["points"], 30);
        app.manager().delete(&one).await.is(204);
        app.manager().delete(&one).await.is(204);
        assert_eq!(calculated(&app, json!({"amount": eur(1_000)})).await["points"], 10);
        assert_eq!(app.staff().get(&path).await.int("/total"), 0);
        app.manager().put(&one, ask).await.is_problem(409, "already_done");
        app.staff().post(&path, json!({})).await.is_problem(403, "forbidden");
        app.other_tenant().await.get(&one).await.is_problem(404, "not_found");
    }

    async fn a_venue_does_not_change_what_is_the_chains(app: TestApp) {
        let ask = json!({"name": "All", "type": "SPEND", "pointsPerUnit": "3"});
        let id = rule(&app.manager(), CHAIN, ask.clone()).await;
        let here = app.dashboard(&format!("/loyalty/accrual-rules/{id}"));
        assert_eq!(app.staff().get(&here).await.is(200).json["venueIds"], json!([]));
        app.manager().put(&here, ask.clone()).await.is_problem(422, "method_unavailable");
        app.manager().delete(&here).await.is_problem(422, "method_unavailable");
        let elsewhere = app.write(|tx| crate::platform::chain::open_venue(tx, &venue("elsewhere", "SEK"))).await;
        let mut there = ask.clone();
        there["venueIds"] = json!([elsewhere]);
        app.manager().put(&format!("{CHAIN}/{id}"), there).await.is(200);
        app.staff().get(&here).await.is_problem(404, "not_found");
        assert_eq!(calculated(&app, json!({"amount": eur(1_000)})).await["points"], 10);
    }

    async fn what_is_wrong_with_a_rule_is_named(app: TestApp) {
        let (category, product) = goods(&app).await;
        let nobody = "cat_01kab4bqf8e1ftz0c6hqp2v9xw";
        for (ask, pointer, code) in [
            (json!({"name": "", "type": "SPEND", "pointsPerUnit": "1"}), "/name", "invalid_length"),
            (json!({"name": "x", "type": "SPEND"}), "/pointsPerUnit", "missing"),
            (json!({"name": "x", "type": "SPEND", "pointsPerUnit": "1", "multiplier": "2"}), "/multiplier", "not_allowed"),
            (json!({"name": "x", "type": "VISIT", "pointsPerUnit": "1", "itemIds": [product]}), "/itemIds", "not_allowed"),
            (json!({"name": "x", "type": "CATEGORY", "categoryIds": [category]}), "", "one_of"),
            (json!({"name": "x", "type": "CATEGORY", "categoryIds": [category], "multiplier": "1"}), "/multiplier", "out_of_range"),
            (json!({"name": "x", "type": "CATEGORY", "multiplier": "2"}), "/categoryIds", "missing"),
            (json!({"name": "x", "type": "CATEGORY", "multiplier": "2", "categoryIds": [category, nobody]}), "/categoryIds/1", "not_found"),
            (json!({"name": "x", "type": "CATEGORY", "multiplier": "2", "categoryIds": [category, category]}), "/categoryIds/1", "duplicate"),
            (json!({"name": "x", "type": "ITEM", "multiplier": "2", "itemIds": ["prd_01kab4bqf8e1ftz0c6hqp2v9xw"]}), "/itemIds/0", "not_found"),
            (json!({"name": "x", "type": "SPEND", "pointsPerUnit": "1", "minPurchase": {"amount": 1, "currency": "SEK"}}), "/minPurchase/currency", "currency_mismatch"),
            (json!({"name": "x", "type": "SPEND", "pointsPerUnit": "1", "venueIds": ["ven_01kab4bqf8e1ftz0c6hqp2v9xw"]}), "/venueIds/0", "not_allowed"),
        ] {
            let said = app.manager().post(&app.dashboard("/loyalty/accrual-rules"), ask).await;
            said.is_problem(422, "invalid");
            assert_eq!((said.text("/errors/0/pointer"), said.text("/errors/0/code")), (pointer.into(), code.into()));
        }
    }

    async fn the_number_of_questions_is_the_same_for_any_number_of_rules(app: TestApp) {
        let (category, _) = goods(&app).await;
        let guest = app.customer("Noor").await;
        let mut asked = Vec::new();
        for count in [1, 12] {
            for n in 0..count {
                let name = format!("rule {count} {n}");
                rule(&app.manager(), CHAIN, json!({"name": name, "type": "CATEGORY", "multiplier": "2", "categoryIds": [category]})).await;
            }
            let venue = app.venue;
            let before = app.hall.db.statements();
            let live = app.write(move |tx| rules::live(tx, venue, guest)).await;
            asked.push((live.len(), app.hall.db.statements() - before));
        }
        assert_eq!((asked[0].0, asked[1].0), (1, 13));
        assert_eq!(asked[0].1, asked[1].1);
    }

    async fn what_is_live_is_found_by_index(app: TestApp) {
        let venue = app.venue;
        let guest = app.customer("Noor").await;
        for (sql, params) in [(rules::LIVE, params![venue, guest].to_vec()), (rules::TARGETS, params![venue].to_vec())] {
            let plan = app.write(move |tx| plan(tx, sql, &params)).await;
            assert!(!plan.contains("SCAN") && !plan.contains("Seq Scan on earning_rule_venues"), "{plan}");
        }
    }
}
