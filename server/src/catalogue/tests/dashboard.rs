use serde_json::{Value as Json, json};

use super::{beer, tax_class};
use crate::both_stores;
use crate::hall::testing::{Said, TestApp, venue};
use crate::platform::chain;

async fn category(app: &TestApp, name: &str) -> Said {
    let made = app
        .manager()
        .post("/api/v1/chain/categories", json!({"name": name}))
        .await;
    made.is(201);
    made
}

/// A body that makes a product, with a category and tax class of its own.
async fn waffle(app: &TestApp) -> Json {
    let category = category(app, "Sweet").await.text("/id");
    let tax_class = tax_class(app, "Food").await;
    json!({
        "name": "Waffle", "categoryId": category, "taxClassId": tax_class,
        "prices": [{"venueId": app.venue, "price": {"amount": 650, "currency": "EUR"}}],
        "externalRefs": [{"system": "square", "id": "W-1"}],
    })
}

fn fields(said: &Said) -> Vec<(String, String)> {
    said.is_problem(422, "invalid");
    let errors = said.json["errors"].as_array().unwrap();
    let text = |error: &Json, name: &str| error[name].as_str().unwrap().to_owned();
    errors
        .iter()
        .map(|error| (text(error, "pointer"), text(error, "code")))
        .collect()
}

both_stores! {
    async fn what_other_venues_sell_is_not_taken_off_sale_from_one(app: TestApp) {
        let mut body = waffle(&app).await;
        let annex = app.write(|tx| chain::open_venue(tx, &venue("annex", "EUR"))).await;
        let there = json!({"venueId": annex, "price": {"amount": 700, "currency": "EUR"}});
        body["prices"].as_array_mut().unwrap().push(there);
        let id = app.manager().post("/api/v1/chain/products", body.clone()).await.is(201).text("/id");
        let (path, in_chain) = (app.dashboard(&format!("/products/{id}")), format!("/api/v1/chain/products/{id}"));
        body["prices"].as_array_mut().unwrap().pop();
        body["active"] = json!(false);
        for refused in [
            app.manager().delete(&path).await,
            app.manager().patch(&path, json!({"active": false})).await,
            app.manager().put(&path, body.clone()).await,
            app.manager().put(&app.dashboard("/products/by-ref/square/W-1"), body.clone()).await,
        ] {
            assert!(refused.is_problem(422, "method_unavailable").text("/detail").contains("/api/v1/chain/products"));
        }
        assert_eq!(app.manager().get(&in_chain).await.json["active"], json!(true));
        // Its price here is this venue's own, and where nobody else sells it, so is the rest.
        app.manager().patch(&path, json!({"prices": []})).await.is(200);
        app.manager().delete(&in_chain).await.is(204);
        app.manager().patch(&in_chain, json!({"active": true, "prices": []})).await.is(200);
        app.manager().delete(&path).await.is(204);
    }

    async fn a_product_is_made_seen_edited_and_put_away(app: TestApp) {
        let (body, products) = (waffle(&app).await, app.dashboard("/products"));
        let made = app.manager().post(&products, body.clone()).await;
        made.is(201);
        assert_eq!(made.header("etag"), Some("\"v1\""));
        let path = format!("{products}/{}", made.text("/id"));
        assert_eq!(app.staff().get(&path).await.is(200).json, made.json);

        let patch = json!({"imageUrl": "https://example.com/w.jpg", "cost": {"amount": 120, "currency": "EUR"}});
        let edited = app.manager().patch(&path, patch).await;
        edited.is(200);
        assert_eq!((edited.int("/version"), edited.int("/cost/amount"), edited.text("/name")), (2, 120, "Waffle".into()));
        assert_eq!(edited.int("/prices/0/price/amount"), 650);

        let stale = [("if-match", "\"v1\"")];
        let put = app.manager().send(axum::http::Method::PUT, &path, Some(body.clone()), &stale).await;
        put.is_problem(412, "stale");
        let put = app.manager().put(&path, body).await;
        put.is(200);
        assert_eq!((put.int("/version"), &put.json["imageUrl"]), (3, &Json::Null));

        app.manager().delete(&path).await.is(204);
        app.manager().delete(&path).await.is(204);
        assert_eq!(app.staff().get(&path).await.json["active"], false);
        assert_eq!(app.staff().get(&app.till("/products")).await.int("/total"), 0);
        // The name is free again, and the old one cannot come back beside the new.
        let mut again = waffle_again(&put.json);
        app.manager().post(&products, again.clone()).await.is(201);
        again["externalRefs"] = json!([{"system": "square", "id": "W-1"}]);
        app.manager().put(&path, again).await.is_problem(409, "name_taken");
    }

    async fn another_system_upserts_by_its_own_id(app: TestApp) {
        let mut body = waffle(&app).await;
        body["externalRefs"] = json!([]);
        let by_ref = app.dashboard("/products/by-ref/square/W-1");
        let first = app.manager().put(&by_ref, body.clone()).await;
        first.is(200);
        assert_eq!(first.json["externalRefs"], json!([{"system": "square", "id": "W-1"}]));
        body["prices"][0]["price"]["amount"] = json!(700);
        let second = app.manager().put(&by_ref, body.clone()).await;
        assert_eq!((second.text("/id"), second.int("/version")), (first.text("/id"), 2));
        assert_eq!(second.int("/prices/0/price/amount"), 700);
        // The reference is of one product only.
        body["name"] = json!("Pancake");
        body["externalRefs"] = json!([{"system": "square", "id": "W-1"}]);
        let taken = app.manager().post(&app.dashboard("/products"), body).await;
        taken.is_problem(409, "ref_taken");
        assert_eq!(taken.text("/id"), first.text("/id"));
    }

    async fn what_a_product_names_must_be_there(app: TestApp) {
        let body = waffle(&app).await;
        let there = app.write(|tx| chain::open_venue(tx, &venue("park", "SEK"))).await;
        let with = |name: &str, value: Json| {
            let mut body = body.clone();
            body[name] = value;
            body
        };
        let price = |venue: &str, amount: i64, currency: &str| {
            json!([{"venueId": venue, "price": {"amount": amount, "currency": currency}}])
        };
        let (here, there) = (app.venue.to_string(), there.to_string());
        let elsewhere = "ven_01kab4bqf8e1ftz0c6hqp2v9xw";
        for (body, pointer, code) in [
            (with("name", json!("  ")), "/name", "invalid_length"),
            (with("categoryId", json!("cat_01kab4bqf8e1ftz0c6hqp2v9xw")), "/categoryId", "not_found"),
            (with("taxClassId", json!("tax_01kab4bqf8e1ftz0c6hqp2v9xw")), "/taxClassId", "not_found"),
            (with("modifierGroupIds", json!(["mgr_01kab4bqf8e1ftz0c6hqp2v9xw"])), "/modifierGroupIds/0", "not_found"),
            (with("imageUrl", json!("javascript:alert(1)")), "/imageUrl", "invalid"),
            (with("cost", json!({"amount": -1, "currency": "EUR"})), "/cost/amount", "out_of_range"),
            (with("prices", price(&here, -1, "EUR")), "/prices/0/price/amount", "out_of_range"),
            (with("prices", price(&here, 1, "SEK")), "/prices/0/price/currency", "currency_mismatch"),
            (with("prices", price(&there, 1, "SEK")), "/prices/0/venueId", "not_allowed"),
            (with("colour", json!("red")), "/colour", "unknown_field"),
        ] {
            let said = app.manager().post(&app.dashboard("/products"), body).await;
            assert_eq!(fields(&said), [(pointer.to_owned(), code.to_owned())]);
        }
        let chain = with("prices", price(elsewhere, 1, "SEK"));
        let said = app.manager().post("/api/v1/chain/products", chain).await;
        assert_eq!(fields(&said), [("/prices/0/venueId".into(), "not_found".into())]);
        // The chain prices every venue, and a venue sees its own price only.
        let mut both = price(&here, 650, "EUR").as_array().unwrap().clone();
        both.extend(price(&there, 7_900, "SEK").as_array().unwrap().clone());
        let made = app.manager().post("/api/v1/chain/products", with("prices", json!(both))).await;
        assert_eq!(made.json["prices"].as_array().unwrap().len(), 2);
        let seen = app.staff().get(&app.dashboard(&format!("/products/{}", made.text("/id")))).await;
        assert_eq!(seen.json["prices"].as_array().unwrap().len(), 1);
        // An edit at one venue leaves the other's price.
        let path = app.dashboard(&format!("/products/{}", made.text("/id")));
        app.manager().patch(&path, json!({"prices": []})).await.is(200);
        let seen = app.staff().get(&format!("/api/v1/chain/products/{}", made.text("/id"))).await;
        assert_eq!(seen.int("/prices/0/price/amount"), 7_900);
    }

    async fn a_category_stays_while_products_are_in_it(app: TestApp) {
        let (beer, _) = beer(&app).await;
        let path = format!("/api/v1/chain/categories/{}", beer.category_id);
        let said = app.manager().delete(&path).await;
        said.is_problem(409, "still_used");
        assert_eq!(said.int("/products"), 1);
        app.manager().delete(&format!("/api/v1/chain/products/{}", beer.id)).await.is(204);
        app.manager().delete(&path).await.is(204);
        let sold_again = app.manager().patch(&format!("/api/v1/chain/products/{}", beer.id), json!({"active": true})).await;
        assert_eq!(sold_again.is_problem(422, "invalid").text("/errors/0/pointer"), "/categoryId");
        let back = app.manager().patch(&path, json!({"active": true, "position": 3})).await;
        assert_eq!((back.int("/position"), back.text("/regulated")), (3, "ALCOHOL".into()));
        category(&app, "Wine").await;
        app.manager().patch(&path, json!({"name": "WINE"})).await.is_problem(409, "name_taken");
    }

    async fn a_modifier_keeps_its_id_through_an_edit(app: TestApp) {
        let (beer, group) = beer(&app).await;
        let path = app.dashboard(&format!("/modifier-groups/{}", group.id));
        let shown = app.staff().get(&path).await;
        let mut modifiers = shown.json["modifiers"].as_array().unwrap().clone();
        let gone = modifiers.remove(0);
        modifiers.reverse();
        modifiers.push(json!({"name": "Tasting", "priceDelta": {"amount": -400, "currency": "EUR"}}));
        let edited = app.manager().patch(&path, json!({"modifiers": modifiers, "chooseMax": null})).await;
        edited.is(200);
        let names: Vec<_> = edited.json["modifiers"].as_array().unwrap().iter().map(|m| m["name"].clone()).collect();
        assert_eq!(names, ["Stor", "Usual", "Tasting"]);
        assert_eq!(edited.json["modifiers"][1]["id"], shown.json["modifiers"][1]["id"]);
        assert_eq!(edited.json["chooseMax"], Json::Null);
        let said = app.manager().patch(&path, json!({"modifiers": [gone]})).await;
        assert_eq!(fields(&said), [("/modifiers/0/id".into(), "not_found".into())]);
        let said = app.manager().patch(&path, json!({"chooseMin": 2, "chooseMax": 1})).await;
        assert_eq!(fields(&said), [("/chooseMax".into(), "out_of_range".into())]);
        // A group that is put away is asked for no more.
        app.manager().delete(&path).await.is(204);
        let button = app.staff().get(&app.till("/products")).await;
        assert_eq!((button.text("/items/0/id"), &button.json["items"][0]["modifierGroups"]), (beer.id.to_string(), &json!([])));
    }

    async fn another_chain_sees_none_of_it(app: TestApp) {
        let (beer, group) = beer(&app).await;
        let other = app.other_tenant().await;
        for path in [
            format!("/api/v1/chain/products/{}", beer.id),
            format!("/api/v1/chain/categories/{}", beer.category_id),
            format!("/api/v1/chain/modifier-groups/{}", group.id),
        ] {
            other.get(&path).await.is_problem(404, "not_found");
            other.patch(&path, json!({"name": "Theirs"})).await.is_problem(404, "not_found");
            other.delete(&path).await.is_problem(404, "not_found");
        }
        assert_eq!(other.get("/api/v1/chain/products").await.int("/total"), 0);
        let body = json!({"name": "Theirs", "categoryId": beer.category_id, "taxClassId": beer.tax_class_id,
            "modifierGroupIds": [group.id]});
        let pointers: Vec<_> = fields(&other.post("/api/v1/chain/products", body).await)
            .into_iter().map(|(pointer, _)| pointer).collect();
        assert_eq!(pointers, ["/categoryId", "/taxClassId", "/modifierGroupIds/0"]);
        app.staff().post("/api/v1/chain/categories", json!({"name": "X"})).await.is_problem(403, "forbidden");
    }
}

fn waffle_again(product: &Json) -> Json {
    json!({
        "name": "wÁffle", "categoryId": product["categoryId"], "taxClassId": product["taxClassId"],
    })
}
