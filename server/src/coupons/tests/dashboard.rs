use serde_json::{Value as Json, json};

use super::twenty;
use crate::both_stores;
use crate::discounts;
use crate::hall::id::DiscountId;
use crate::hall::testing::{Said, TestApp, venue};
use crate::platform::chain;

fn save20(discount: DiscountId) -> Json {
    json!({"code": "SAVE20", "discountId": discount})
}

fn with(discount: DiscountId, field: &str, value: Json) -> Json {
    let mut body = save20(discount);
    body[field] = value;
    body
}

fn codes(said: &Said) -> Vec<String> {
    said.is(200);
    let items = said.json["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["code"].as_str().unwrap().to_owned())
        .collect()
}

both_stores! {
    async fn a_manager_makes_changes_and_deletes_a_code(app: TestApp) {
        let (rule, ann) = (twenty(&app).await, app.customer("Ann").await);
        let coupons = app.dashboard("/coupons");
        let body = json!({"code": "Save-20", "discountId": rule, "maxUses": 100, "maxUsesPerCustomer": 2,
            "minPurchaseAmount": {"amount": 2000, "currency": "EUR"}, "validFrom": "2026-06-01", "validUntil": "2026-08-31",
            "customerId": ann, "firstPurchaseOnly": true, "duration": "REPEATING", "durationMonths": 3, "active": true});
        app.staff().post(&coupons, body.clone()).await.is_problem(403, "forbidden");
        let made = app.manager().post(&coupons, body.clone()).await;
        made.is(201);
        for (name, value) in body.as_object().unwrap() {
            assert_eq!(&made.json[name], value, "{name}");
        }
        assert_eq!((made.header("etag"), made.int("/currentUses"), made.json["venueId"].clone(), made.json["batchId"].clone()),
            (Some("\"v1\""), 0, json!(app.venue), Json::Null));
        let path = format!("{coupons}/{}", made.text("/id"));
        assert_eq!(app.staff().get(&path).await.is(200).json, made.json);
        assert_eq!(app.staff().get(&format!("/api/v1/chain/coupons/{}", made.text("/id"))).await.is(200).json, made.json);

        let stale = [("if-match", "\"v7\"")];
        let patch = json!({"maxUses": null, "active": false, "duration": "ONCE", "durationMonths": null});
        app.manager().send(axum::http::Method::PATCH, &path, Some(patch.clone()), &stale).await.is_problem(412, "stale");
        let edited = app.manager().patch(&path, patch).await;
        edited.is(200);
        assert_eq!((edited.int("/version"), edited.json["maxUses"].clone(), edited.json["active"].clone(), edited.text("/duration")),
            (2, Json::Null, json!(false), "ONCE".into()));
        assert_eq!((edited.int("/maxUsesPerCustomer"), edited.text("/validUntil")), (2, "2026-08-31".into()));
        for patch in [json!({"code": "OTHER"}), json!({"discountId": "dis_01kab4bqf8e1ftz0c6hqp2v9xw"})] {
            app.manager().patch(&path, patch).await.is_problem(422, "invalid");
        }

        app.manager().send(axum::http::Method::DELETE, &path, None, &stale).await.is_problem(412, "stale");
        app.manager().delete(&path).await.is(204);
        app.manager().delete(&path).await.is(204);
        assert!(app.staff().get(&path).await.json["archivedAt"].is_string());
        app.manager().patch(&path, json!({"active": true})).await.is_problem(409, "already_done");
        assert!(codes(&app.staff().get(&coupons).await).is_empty());
        // The word is free again.
        app.manager().post(&coupons, save20(rule)).await.is(201);
    }

    async fn a_code_is_unique_however_it_is_written(app: TestApp) {
        let rule = twenty(&app).await;
        let coupons = "/api/v1/chain/coupons";
        for (code, kept) in [("SAVE20", "SAVE20"), ("Hello World", "Hello World"), ("Lördag", "Lördag")] {
            let said = app.manager().post(coupons, with(rule, "code", json!(code))).await;
            assert_eq!(said.is(201).text("/code"), kept);
        }
        for code in ["save20", "SAVE2O", "s-a-v-e-2-0", "he110w0r1d", "LORDAG"] {
            app.manager().post(coupons, with(rule, "code", json!(code))).await.is_problem(409, "name_taken");
        }
        // Another chain has its own.
        let other = app.other_tenant().await;
        other.post(coupons, save20(rule)).await.is_problem(422, "invalid");
    }

    async fn what_is_wrong_is_named(app: TestApp) {
        let rule = twenty(&app).await;
        for (field, value, pointer, code) in [
            ("code", json!("A"), "/code", "invalid"),
            ("code", json!("SAVE/20"), "/code", "invalid"),
            ("code", json!("X".repeat(41)), "/code", "invalid"),
            ("discountId", json!("dis_01kab4bqf8e1ftz0c6hqp2v9xw"), "/discountId", "not_found"),
            ("maxUses", json!(0), "/maxUses", "out_of_range"),
            ("maxUsesPerCustomer", json!(0), "/maxUsesPerCustomer", "out_of_range"),
            ("minPurchaseAmount", json!({"amount": -1, "currency": "EUR"}), "/minPurchaseAmount/amount", "out_of_range"),
            ("minPurchaseAmount", json!({"amount": 1, "currency": "SEK"}), "/minPurchaseAmount/currency", "currency_mismatch"),
            ("customerId", json!("cus_01kab4bqf8e1ftz0c6hqp2v9xw"), "/customerId", "not_found"),
            ("duration", json!("REPEATING"), "/durationMonths", "missing"),
            ("durationMonths", json!(3), "/durationMonths", "not_allowed"),
            ("validUntil", json!("tomorrow"), "/validUntil", "invalid"),
            ("happyHour", json!(true), "/happyHour", "unknown_field"),
        ] {
            let said = app.manager().post(&app.dashboard("/coupons"), with(rule, field, value)).await;
            said.is_problem(422, "invalid");
            assert_eq!((said.text("/errors/0/pointer").as_str(), said.text("/errors/0/code").as_str()), (pointer, code));
        }
        let mut body = with(rule, "validFrom", json!("2026-06-02"));
        body["validUntil"] = json!("2026-06-01");
        let said = app.manager().post(&app.dashboard("/coupons"), body).await;
        assert_eq!(said.is_problem(422, "invalid").text("/errors/0/pointer"), "/validUntil");
        // An ended discount takes no new code.
        app.write(move |tx| discounts::archive(tx, None, rule, None)).await;
        let said = app.manager().post(&app.dashboard("/coupons"), save20(rule)).await;
        assert_eq!(said.is_problem(422, "invalid").text("/errors/0/code"), "not_found");
    }

    async fn a_code_is_good_where_its_discount_is_live(app: TestApp) {
        let park = app.write(|tx| chain::open_venue(tx, &venue("park", "EUR"))).await;
        let rule = twenty(&app).await;
        let made = app.manager().post("/api/v1/chain/coupons", save20(rule)).await;
        let at_park = format!("/api/v1/dashboard/venues/{park}/coupons");
        let path = format!("{at_park}/{}", made.is(201).text("/id"));
        assert_eq!(codes(&app.staff().get(&at_park).await), ["SAVE20"]);
        // What the chain made, the chain changes.
        app.manager().patch(&path, json!({"active": false})).await.is_problem(422, "method_unavailable");
        app.manager().delete(&path).await.is_problem(422, "method_unavailable");
        let harbour = app.venue;
        app.write(move |tx| {
            let rule = crate::coupons::tests::percent_off("20");
            discounts::create_hidden(tx, &rule, &[harbour]).map(|_| ())
        }).await;
        let only = app.write(move |tx| discounts::create_hidden(tx, &crate::coupons::tests::percent_off("20"), &[harbour])).await;
        let said = app.manager().post(&at_park, with(only, "code", json!("HARBOUR"))).await;
        assert_eq!(said.is_problem(422, "invalid").text("/errors/0/pointer"), "/discountId");
        let made = app.manager().post(&app.dashboard("/coupons"), with(only, "code", json!("HARBOUR"))).await;
        app.staff().get(&format!("{at_park}/{}", made.is(201).text("/id"))).await.is_problem(404, "not_found");
        assert_eq!(codes(&app.staff().get(&at_park).await), ["SAVE20"]);
        assert_eq!(codes(&app.staff().get(&app.dashboard("/coupons")).await), ["HARBOUR", "SAVE20"]);
        assert_eq!(codes(&app.staff().get("/api/v1/dashboard/venues/all/coupons").await).len(), 2);
    }

    async fn a_list_is_searched_and_paged(app: TestApp) {
        let (rule, other, ann) = (twenty(&app).await, twenty(&app).await, app.customer("Ann").await);
        for (code, discount, active, customer) in [
            ("Oslo", rule, true, None), ("oslo-2", rule, false, None), ("PARIS", other, true, Some(ann)), ("rome", rule, true, Some(ann)),
        ] {
            let body = json!({"code": code, "discountId": discount, "active": active, "customerId": customer});
            app.manager().post("/api/v1/chain/coupons", body).await.is(201);
        }
        for (query, found) in [
            (String::new(), &["Oslo", "oslo-2", "PARIS", "rome"][..]), ("?search=os".into(), &["Oslo", "oslo-2"]),
            ("?search=0-s1o2".into(), &["oslo-2"]), ("?search=%25".into(), &[]), ("?active=false".into(), &["oslo-2"]),
            ("?active=true&search=o".into(), &["Oslo"]), (format!("?discountId={rule}"), &["Oslo", "oslo-2", "rome"]),
            (format!("?discountId={rule}&active=true"), &["Oslo", "rome"]), (format!("?customerId={ann}"), &["PARIS", "rome"]),
            (format!("?discountId={rule}&customerId={ann}"), &["rome"]), (format!("?discountId={rule}&search=r"), &["rome"]),
            ("?pageSize=3&page=2".into(), &["rome"]),
        ] {
            assert_eq!(codes(&app.staff().get(&format!("/api/v1/chain/coupons{query}")).await), found, "{query}");
        }
        for query in [String::new(), format!("discountId={rule}&")] {
            let list = format!("/api/v1/chain/coupons?{query}pageSize=1");
            let (mut seen, mut page) = (Vec::new(), app.staff().get(&list).await);
            assert_eq!(page.int("/total"), if query.is_empty() { 4 } else { 3 });
            loop {
                seen.extend(codes(&page));
                let Some(next) = page.json["nextCursor"].as_str() else { break };
                page = app.staff().get(&format!("{list}&cursor={next}")).await;
            }
            let all = if query.is_empty() { &["Oslo", "oslo-2", "PARIS", "rome"][..] } else { &["Oslo", "oslo-2", "rome"] };
            assert_eq!(seen, all, "{query}");
        }
    }

    async fn another_chain_sees_no_code_of_ours(app: TestApp) {
        let rule = twenty(&app).await;
        let made = app.manager().post("/api/v1/chain/coupons", save20(rule)).await;
        let batch = app.manager().post("/api/v1/chain/coupons/bulk-generate", json!({"discountId": rule, "quantity": 3})).await;
        let other = app.other_tenant().await;
        let (id, batch) = (made.text("/id"), batch.is(202).text("/id"));
        let nobodys = "cpn_01kab4bqf8e1ftz0c6hqp2v9xw";
        for path in ["/api/v1/chain/coupons".to_owned(), app.dashboard("/coupons")] {
            for id in [id.as_str(), nobodys] {
                other.get(&format!("{path}/{id}")).await.is_problem(404, "not_found");
                other.patch(&format!("{path}/{id}"), json!({"active": false})).await.is_problem(404, "not_found");
                other.delete(&format!("{path}/{id}")).await.is_problem(404, "not_found");
            }
            other.get(&format!("{path}/bulk-generate/{batch}")).await.is_problem(404, "not_found");
            other.get(&format!("{path}/bulk-generate/{batch}/codes.csv")).await.is_problem(404, "not_found");
        }
        assert!(codes(&other.get("/api/v1/chain/coupons").await).is_empty());
        assert!(other.get("/api/v1/chain/coupons/redemptions").await.is(200).json["items"].as_array().unwrap().is_empty());
        for path in [app.dashboard("/coupons/validate"), app.till("/coupons/validate")] {
            other.post(&path, json!({"code": "SAVE20"})).await.is_problem(404, "not_found");
        }
    }
}
