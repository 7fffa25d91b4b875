use serde_json::{Value as Json, json};

use super::{afterwork, with};
use crate::both_stores;
use crate::hall::testing::{Said, TestApp, venue};
use crate::platform::chain;

fn names(said: &Said) -> Vec<String> {
    said.is(200);
    let items = said.json["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["name"].as_str().unwrap().to_owned())
        .collect()
}

both_stores! {
    async fn a_manager_publishes_edits_clones_and_ends_a_discount(app: TestApp) {
        let discounts = app.dashboard("/discounts");
        let made = app.manager().post(&discounts, afterwork()).await;
        made.is(201);
        assert_eq!(made.header("etag"), Some("\"v1\""));
        assert_eq!((made.json["venueIds"].clone(), made.text("/base"), made.text("/taxBasis")),
            (json!([app.venue]), "RUNNING".into(), "DISCOUNTED".into()));
        let path = format!("{discounts}/{}", made.text("/id"));
        assert_eq!(app.staff().get(&path).await.is(200).json, made.json);

        let edit = json!({"name": "Afterwork", "description": "Until six", "labelColor": "#2f9e44", "type": "PERCENTAGE",
            "scope": "ORDER", "percent": "12.5", "isAutomatic": true, "priority": 5, "base": "LIST",
            "minPurchaseAmount": {"amount": 2000, "currency": "EUR"}, "maxDiscountAmount": {"amount": 5000, "currency": "EUR"},
            "validFrom": "2026-06-01", "validUntil": "2026-08-31", "daysOfWeek": [5, 1], "timeFrom": "16:00",
            "timeUntil": "18:00", "isStackable": true, "applyBeforeTax": false});
        let stale = [("if-match", "\"v7\"")];
        let put = app.manager().send(axum::http::Method::PUT, &path, Some(edit.clone()), &stale).await;
        put.is_problem(412, "stale");
        let put = app.manager().put(&path, edit.clone()).await;
        put.is(200);
        assert_eq!((put.int("/version"), put.text("/taxBasis"), put.json["daysOfWeek"].clone()),
            (2, "UNDISCOUNTED".into(), json!([1, 5])));
        for (name, value) in edit.as_object().unwrap() {
            if !["daysOfWeek"].contains(&name.as_str()) {
                assert_eq!(&put.json[name], value, "{name}");
            }
        }

        let copy = app.manager().post(&format!("{path}/clone"), json!({})).await;
        copy.is(201);
        assert_eq!((copy.text("/name"), copy.json["active"].clone()), ("Afterwork (copy)".into(), json!(false)));
        assert_eq!(copy.json["minPurchaseAmount"], put.json["minPurchaseAmount"]);

        let stale = [("if-match", "\"v1\"")];
        let late = app.manager().send(axum::http::Method::DELETE, &path, None, &stale).await;
        late.is_problem(412, "stale");
        assert!(app.staff().get(&path).await.json["archivedAt"].is_null());
        app.manager().delete(&path).await.is(204);
        app.manager().delete(&path).await.is(204);
        assert!(app.staff().get(&path).await.json["archivedAt"].is_string());
        app.manager().put(&path, edit).await.is_problem(409, "already_done");
        assert_eq!(names(&app.staff().get(&discounts).await), ["Afterwork (copy)"]);
    }

    async fn the_chain_publishes_for_every_venue_or_for_some(app: TestApp) {
        let park = app.write(|tx| chain::open_venue(tx, &venue("park", "SEK"))).await;
        let everywhere = app.manager().post("/api/v1/chain/discounts", with("name", json!("Everywhere"))).await;
        everywhere.is(201);
        assert_eq!(everywhere.json["venueIds"], json!([]));
        let some = with("venueIds", json!([park]));
        app.manager().post("/api/v1/chain/discounts", some).await.is(201);
        let at_park = format!("/api/v1/dashboard/venues/{park}/discounts");
        assert_eq!(names(&app.staff().get(&at_park).await), ["Afterwork", "Everywhere"]);
        assert_eq!(names(&app.staff().get(&app.dashboard("/discounts")).await), ["Everywhere"]);
        assert_eq!(names(&app.staff().get("/api/v1/dashboard/venues/all/discounts").await).len(), 2);
        // A venue does not change what is live at others.
        let path = app.dashboard(&format!("/discounts/{}", everywhere.text("/id")));
        app.staff().get(&path).await.is(200);
        for said in [app.manager().put(&path, afterwork()).await, app.manager().delete(&path).await] {
            said.is_problem(422, "method_unavailable");
        }
        app.manager().delete(&format!("/api/v1/chain/discounts/{}", everywhere.text("/id"))).await.is(204);
        assert_eq!(names(&app.staff().get(&at_park).await), ["Afterwork"]);
    }

    async fn a_list_is_filtered_and_paged(app: TestApp) {
        for (name, active) in [("Årets", true), ("aperitif", false), ("Brunch", true)] {
            let mut body = with("name", json!(name));
            body["active"] = json!(active);
            app.manager().post("/api/v1/chain/discounts", body).await.is(201);
        }
        for (query, found) in [
            ("", &["aperitif", "Årets", "Brunch"][..]), ("search=a", &["aperitif", "Årets"]), ("search=x", &[]),
            ("type=PERCENTAGE", &["aperitif", "Årets", "Brunch"]), ("type=COMP", &[]), ("scope=ITEM", &[]),
            ("isAutomatic=false", &[]), ("active=true", &["Årets", "Brunch"]), ("active=false", &["aperitif"]),
            ("pageSize=2&page=2", &["Brunch"]),
        ] {
            assert_eq!(names(&app.staff().get(&format!("/api/v1/chain/discounts?{query}")).await), found, "{query}");
        }
        let first = app.staff().get("/api/v1/chain/discounts?pageSize=1").await;
        let next = format!("/api/v1/chain/discounts?pageSize=1&cursor={}", first.text("/nextCursor"));
        assert_eq!((first.int("/total"), names(&app.staff().get(&next).await)), (3, vec!["Årets".to_owned()]));
    }

    async fn a_draft_that_is_no_rule_is_told_why(app: TestApp) {
        let money = |amount: i64, currency: &str| json!({"amount": amount, "currency": currency});
        for (field, value, pointer, code) in [
            ("name", json!(""), "/name", "invalid_length"),
            ("percent", Json::Null, "/percent", "missing"),
            ("percent", json!("100.01"), "/percent", "invalid"),
            ("percent", json!(10), "/percent", "wrong_type"),
            ("labelColor", json!("red"), "/labelColor", "invalid"),
            ("priority", json!(2_000_000), "/priority", "out_of_range"),
            ("daysOfWeek", json!([7]), "/daysOfWeek", "invalid"),
            ("timeFrom", json!("25:00"), "/timeFrom", "invalid"),
            ("validFrom", json!("tomorrow"), "/validFrom", "invalid"),
            ("minPurchaseAmount", money(-1, "EUR"), "/minPurchaseAmount/amount", "out_of_range"),
            ("minPurchaseAmount", money(1, "SEK"), "/minPurchaseAmount/currency", "currency_mismatch"),
            ("maxDiscountAmount", money(0, "EUR"), "/maxDiscountAmount/amount", "out_of_range"),
            ("venueIds", json!(["ven_01kab4bqf8e1ftz0c6hqp2v9xw"]), "/venueIds/0", "not_allowed"),
            ("happyHour", json!(true), "/happyHour", "unknown_field"),
        ] {
            let said = app.manager().post(&app.dashboard("/discounts"), with(field, value)).await;
            said.is_problem(422, "invalid");
            assert_eq!((said.text("/errors/0/pointer").as_str(), said.text("/errors/0/code").as_str()), (pointer, code));
        }
        let mut flags = with("applyBeforeTax", json!(false));
        flags["modifyTaxBasis"] = json!(true);
        let said = app.manager().post(&app.dashboard("/discounts"), flags).await;
        assert_eq!(said.is_problem(422, "invalid").text("/errors/0/pointer"), "/modifyTaxBasis");
        let mut window = with("validFrom", json!("2026-06-02"));
        window["validUntil"] = json!("2026-06-01");
        let said = app.manager().post(&app.dashboard("/discounts"), window).await;
        assert_eq!(said.is_problem(422, "invalid").text("/errors/0/pointer"), "/validUntil");
        let elsewhere = with("venueIds", json!(["ven_01kab4bqf8e1ftz0c6hqp2v9xw"]));
        let said = app.manager().post("/api/v1/chain/discounts", elsewhere).await;
        assert_eq!(said.is_problem(422, "invalid").text("/errors/0/code"), "not_found");
    }

    async fn another_chain_sees_no_discount_of_ours(app: TestApp) {
        let made = app.manager().post("/api/v1/chain/discounts", afterwork()).await;
        let path = format!("/api/v1/chain/discounts/{}", made.text("/id"));
        let other = app.other_tenant().await;
        other.get(&path).await.is_problem(404, "not_found");
        other.put(&path, afterwork()).await.is_problem(404, "not_found");
        other.delete(&path).await.is_problem(404, "not_found");
        other.post(&format!("{path}/clone"), json!({})).await.is_problem(404, "not_found");
        assert_eq!(other.get("/api/v1/chain/discounts").await.int("/total"), 0);
        app.staff().post("/api/v1/chain/discounts", afterwork()).await.is_problem(403, "forbidden");
    }
}
