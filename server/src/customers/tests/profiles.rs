use axum::http::Method;
use serde_json::{Value as Json, json};

use crate::both_stores;
use crate::hall::access::Role;
use crate::hall::id::CustomerId;
use crate::hall::testing::{Said, TestApp};

use super::{undone, visited};

fn asa() -> Json {
    json!({
        "firstName": "Åsa", "lastName": "Lindqvist", "email": " Asa@Example.com ",
        "phone": "070-174 06 05", "tags": ["VIP", "vip", "boule"], "birthDate": "1984-05-17",
        "taxIds": [{"type": "eu_vat", "value": "SE 556677-8899 01"}],
        "metadata": {"shoeSize": "38"}, "externalRefs": [{"system": "square", "id": "SQ1"}]
    })
}

async fn created(app: &TestApp, body: Json) -> Said {
    let said = app.staff().post(&app.dashboard("/customers"), body).await;
    said.is(201);
    said
}

both_stores! {
    async fn a_host_finds_asa_and_does_not_make_her_twice(app: TestApp) {
        let made = created(&app, asa()).await;
        let id = made.text("/id");
        assert_eq!(made.text("/email"), "asa@example.com");
        assert_eq!(made.text("/phone"), "+46701740605");
        assert_eq!(made.json["tags"], json!(["VIP", "boule"]));
        assert_eq!(made.json["taxIds"][0]["value"], "SE556677889901");
        assert_eq!((made.text("/language"), made.text("/source")), ("en".into(), "STAFF".into()));
        assert_eq!(made.header("etag"), Some("\"v1\""));
        for typed in ["q=asa", "q=asaa", "q=Lindkvist", "q=LINDQ", "q=lindqvist%20%C3%A5sa", "q=asa%20lindqist",
            "q=0605", "phone=070-174", "phone=%2B4670174", "phone=0701740605", "email=asa@", "q=vip", "q=%23boule"] {
            let found = app.staff().get(&app.till(&format!("/customers/search?{typed}"))).await;
            found.is(200);
            assert_eq!(found.json[0]["id"], json!(id), "{typed}: {}", found.json);
            assert_eq!(found.json[0]["loyaltyPoints"], 0);
        }
        for typed in ["q=bo", "q=lidkvist", "q=0606", "phone=071", "email=bo", "q=vi"] {
            let found = app.staff().get(&app.till(&format!("/customers/search?{typed}"))).await;
            assert_eq!(found.is(200).json, json!([]), "{typed}");
        }
        let clash = app.staff().post(&app.till("/customers"), json!({"firstName": "Åsa", "phone": "+46 70 174 06 05"})).await;
        clash.is_problem(409, "customer_exists");
        assert_eq!((clash.text("/customerId"), clash.text("/field")), (id.clone(), "phone".into()));
        let clash = app.staff().post(&app.till("/customers"), json!({"email": "ASA@example.com"})).await;
        assert_eq!((clash.is_problem(409, "customer_exists").text("/customerId"), clash.text("/field")), (id.clone(), "email".into()));
        let recent = app.staff().get(&app.till("/customers/recent")).await;
        assert_eq!(recent.json[0]["id"], json!(id));
        let made = app.staff().post(&app.till("/customers"), json!({"firstName": "Bo", "phone": "070-174 06 06"})).await;
        assert_eq!(made.is(201).text("/firstName"), "Bo");
    }

    async fn an_edit_honours_the_version_it_was_made_from(app: TestApp) {
        let id = created(&app, asa()).await.text("/id");
        let path = app.dashboard(&format!("/customers/{id}"));
        let stale = app.staff().send(Method::PATCH, &path, Some(json!({"firstName": "A"})), &[("if-match", "\"v9\"")]).await;
        stale.is_problem(412, "stale");
        let patched = app.staff().send(Method::PATCH, &path, Some(json!({"lastName": "Öberg", "tags": null, "active": true})), &[("if-match", "\"v1\"")]).await;
        patched.is(200);
        assert_eq!((patched.text("/lastName"), patched.text("/firstName"), patched.int("/version")), ("Öberg".into(), "Åsa".into(), 2));
        assert_eq!(patched.json["tags"], json!([]));
        let same = app.staff().patch(&path, json!({"lastName": " Öberg "})).await;
        assert_eq!(same.is(200).int("/version"), 2);
        let found = async |typed: &str| {
            let found = app.staff().get(&app.till(&format!("/customers/search?q={typed}"))).await;
            found.json.as_array().map_or(0, Vec::len)
        };
        assert_eq!((found("oberg").await, found("lindqvist").await, found("%23vip").await), (1, 0, 0));
        let put = app.staff().put(&path, json!({"firstName": "Åsa", "language": "sv"})).await;
        assert_eq!(put.is(200).json["email"], Json::Null);
        assert_eq!(put.json["externalRefs"], json!([]));
        app.staff().put(&path, json!({"tags": ["x"]})).await.is_problem(422, "identity_missing");
        app.staff().patch(&path, json!({"loyaltyPoints": 5})).await.is_problem(422, "invalid");
        app.manager().delete(&path).await.is(204);
        app.manager().delete(&path).await.is(204);
        let shown = app.staff().get(&path).await;
        assert_eq!(shown.is(200).json["active"], json!(false));
        assert_eq!(found("asa").await, 0);
        let other = created(&app, asa()).await.text("/id");
        app.staff().patch(&path, json!({"active": true, "email": "asa@example.com"})).await.is_problem(409, "customer_exists");
        app.manager().delete(&app.dashboard(&format!("/customers/{other}"))).await.is(204);
        let back = app.staff().patch(&path, json!({"active": true, "email": "asa@example.com"})).await;
        assert_eq!(back.is(200).json["active"], json!(true));
        assert_eq!(found("asa").await, 1);
    }

    async fn a_null_for_what_she_does_not_have_changes_nothing(app: TestApp) {
        let path = app.dashboard(&format!("/customers/{}", created(&app, asa()).await.text("/id")));
        let same = app.staff().patch(&path, json!({"metadata": {"hatSize": null}})).await;
        assert_eq!((same.is(200).json["metadata"].clone(), same.int("/version")), (json!({"shoeSize": "38"}), 1));
        let gone = app.staff().patch(&path, json!({"metadata": {"hatSize": null, "shoeSize": null}})).await;
        assert_eq!(gone.is(200).json["metadata"], json!({}));
        app.staff().patch(&path, json!({"hatSize": null})).await.is_problem(422, "invalid");
    }

    async fn who_may_not_archive_may_not_do_it_by_an_edit(app: TestApp) {
        let id = created(&app, asa()).await.text("/id");
        let (path, by_ref) = (app.dashboard(&format!("/customers/{id}")), app.dashboard("/customers/by-ref/square/SQ1"));
        let away = json!({"firstName": "Åsa", "active": false, "externalRefs": [{"system": "square", "id": "SQ1"}]});
        for said in [
            app.staff().patch(&path, json!({"active": false})).await,
            app.staff().put(&path, away.clone()).await,
            app.staff().put(&by_ref, away.clone()).await,
        ] {
            assert_eq!(said.is_problem(403, "forbidden").text("/role"), "MANAGER");
        }
        assert_eq!(app.manager().put(&path, away.clone()).await.is(200).json["active"], json!(false));
        // What is away already is edited as before.
        let renamed = app.staff().patch(&path, json!({"lastName": "Öberg"})).await;
        assert_eq!((renamed.is(200).text("/lastName"), &renamed.json["active"]), ("Öberg".into(), &json!(false)));
    }

    async fn another_system_knows_her_by_its_own_name(app: TestApp) {
        let path = app.dashboard("/customers/by-ref/fortnox/77");
        let first = app.staff().put(&path, json!({"firstName": "Åsa", "externalRefs": [{"system": "square", "id": "SQ1"}]})).await;
        let again = app.staff().put(&path, json!({"firstName": "Asa"})).await;
        assert_eq!(again.is(200).text("/id"), first.is(200).text("/id"));
        assert_eq!(again.json["externalRefs"], json!([{"system": "fortnox", "id": "77"}, {"system": "square", "id": "SQ1"}]));
        app.staff().put(&path, json!({})).await.is(200);
        let taken = app.staff().post(&app.dashboard("/customers"), json!({"externalRefs": [{"system": "square", "id": "SQ1"}]})).await;
        assert_eq!(taken.is_problem(409, "ref_taken").text("/id"), first.text("/id"));
    }

    async fn every_bad_field_is_named(app: TestApp) {
        let long = "x".repeat(501);
        let tags: Vec<String> = (0..51).map(|n| format!("t{n}")).collect();
        let keys: serde_json::Map<String, Json> = (0..51).map(|n| (format!("k{n}"), json!("v"))).collect();
        for (field, value, pointer, code) in [
            ("email", json!("nobody"), "/email", "invalid"),
            ("email", json!(7), "/email", "wrong_type"),
            ("phone", json!("12"), "/phone", "invalid"),
            ("firstName", json!("x".repeat(101)), "/firstName", "too_long"),
            ("lastName", json!("a\nb"), "/lastName", "invalid"),
            ("birthDate", json!("1899-12-31"), "/birthDate", "out_of_range"),
            ("birthDate", json!("2026-06-14"), "/birthDate", "out_of_range"),
            ("birthDate", json!("17 May"), "/birthDate", "invalid"),
            ("language", json!("Swedish"), "/language", "invalid"),
            ("colorType", json!("x".repeat(41)), "/colorType", "too_long"),
            ("tags", json!(tags), "/tags", "too_many"),
            ("tags", json!(["ok", "x".repeat(41)]), "/tags/1", "too_long"),
            ("tags", json!([" "]), "/tags/0", "invalid"),
            ("taxIds", json!([{"type": "eu_vat", "value": "12"}]), "/taxIds/0/value", "invalid"),
            ("taxIds", json!([{"type": "xx_vat", "value": "12"}]), "/taxIds/0/type", "invalid"),
            ("billingAddress", json!({"country": "Sweden"}), "/billingAddress/country", "invalid"),
            ("billingAddress", json!({"street": "x"}), "/billingAddress/street", "unknown_field"),
            ("invoiceSettings", json!({"netDays": 366}), "/invoiceSettings/netDays", "out_of_range"),
            ("metadata", json!(keys), "/metadata", "too_many"),
            ("metadata", json!({"x".repeat(41): "v"}), &format!("/metadata/{}", "x".repeat(40)), "too_long"),
            ("metadata", json!({"k": long}), "/metadata/k", "too_long"),
            ("externalRefs", json!([{"system": "", "id": "1"}]), "/externalRefs/0/system", "invalid"),
            ("customerGroupId", json!("cus_01kab4bqf8e1ftz0c6hqp2v9xw"), "/customerGroupId", "invalid"),
            ("customerGroupId", json!("grp_01kab4bqf8e1ftz0c6hqp2v9xw"), "/customerGroupId", "unknown"),
            ("totalSpent", json!(1), "/totalSpent", "unknown_field"),
        ] {
            let mut body = json!({"firstName": "Åsa"});
            body[field] = value;
            let said = app.staff().post(&app.dashboard("/customers"), body).await;
            said.is_problem(422, "invalid");
            assert_eq!((said.text("/errors/0/pointer"), said.text("/errors/0/code")), (pointer.to_owned(), code.to_owned()), "{}", said.json);
        }
        let both = app.staff().post(&app.dashboard("/customers"), json!({"email": "x", "phone": "y"})).await;
        assert_eq!(both.json["errors"].as_array().map(Vec::len), Some(2));
        app.staff().post(&app.dashboard("/customers"), json!({"email": " "})).await.is_problem(422, "identity_missing");
    }

    async fn what_is_another_chains_is_not_there(app: TestApp) {
        let id = created(&app, asa()).await.text("/id");
        let other = app.other_tenant().await;
        let path = app.dashboard(&format!("/customers/{id}"));
        other.get(&path).await.is_problem(404, "not_found");
        other.put(&path, asa()).await.is_problem(404, "not_found");
        other.get(&app.till("/customers/search?q=asa")).await.is_problem(404, "not_found");
        let all = other.get("/api/v1/dashboard/venues/all/customers").await;
        assert_eq!(all.is(200).json["items"], json!([]));
        other.get(&format!("/api/v1/dashboard/venues/all/customers/{id}")).await.is_problem(404, "not_found");
        app.owner().get(&format!("/api/v1/dashboard/venues/all/customers/{id}")).await.is(200);
        app.staff().delete(&path).await.is_problem(403, "forbidden");
        app.key(Role::Staff, &["orders:read"]).await.get(&path).await.is_problem(403, "scope_missing");
    }

    async fn sixteen_at_once_make_one(app: TestApp) {
        let path = app.dashboard("/customers");
        let all: Vec<_> = (0..16).map(|n| {
            let (staff, path) = (app.staff(), path.clone());
            async move { staff.post(&path, json!({"firstName": format!("n{n}"), "email": "asa@example.com"})).await.status.as_u16() }
        }).collect();
        let mut said = futures_util::future::join_all(all).await;
        said.sort_unstable();
        assert_eq!(said[0], 201);
        assert!(said[1..].iter().all(|status| *status == 409), "{said:?}");
    }

    async fn a_list_is_filtered_sorted_and_paged(app: TestApp) {
        let mut ids = Vec::new();
        for (n, name) in ["Åsa", "Bo", "Cia", "Örjan"].into_iter().enumerate() {
            app.advance(jiff::SignedDuration::from_secs(60));
            let tags = if n % 2 == 0 { json!(["VIP"]) } else { json!([]) };
            ids.push(created(&app, json!({"firstName": name, "lastName": "Ek", "tags": tags})).await.text("/id"));
        }
        let names = |said: &Said| -> Vec<String> {
            let items = said.json["items"].as_array().expect("a page");
            items.iter().map(|item| item["firstName"].as_str().expect("a name").to_owned()).collect()
        };
        for (query, wanted) in [
            ("", vec!["Örjan", "Cia", "Bo", "Åsa"]),
            ("?sort=name", vec!["Åsa", "Bo", "Cia", "Örjan"]),
            ("?sort=-name&tags=vip", vec!["Cia", "Åsa"]),
            ("?sort=createdAt&pageSize=2&page=2", vec!["Cia", "Örjan"]),
            ("?search=ek&sort=updatedAt", vec!["Åsa", "Bo", "Cia", "Örjan"]),
            ("?search=orj", vec!["Örjan"]),
            ("?search=orjann", vec!["Örjan"]),
            ("?active=false", vec![]),
            ("?sort=-totalSpent&scope=chain", vec!["Örjan", "Cia", "Bo", "Åsa"]),
            ("?updatedSince=2026-06-12T10:03:00Z", vec!["Cia", "Örjan"]),
        ] {
            let said = app.owner().get(&app.dashboard(&format!("/customers{query}"))).await;
            said.is(200);
            assert_eq!(names(&said), wanted, "{query}");
        }
        let mut seen = Vec::new();
        let mut query = "?pageSize=1&sort=-lastVisitAt".to_owned();
        loop {
            let said = app.owner().get(&app.dashboard(&format!("/customers{query}"))).await;
            seen.extend(names(&said));
            let Some(cursor) = said.json["nextCursor"].as_str() else { break };
            query = format!("?pageSize=1&sort=-lastVisitAt&cursor={cursor}");
        }
        assert_eq!(seen, ["Örjan", "Cia", "Bo", "Åsa"]);
        let first = app.owner().get(&app.dashboard("/customers?pageSize=2")).await;
        assert_eq!(first.int("/total"), 4);
        for bad in ["?sort=shoe", "?active=x", "?customerGroupId=x", "?scope=all", "?nmae=x"] {
            app.owner().get(&app.dashboard(&format!("/customers{bad}"))).await.is_problem(422, "invalid");
        }
    }

    async fn the_figures_are_of_those_who_came(app: TestApp) {
        let (a, b) = (created(&app, asa()).await.text("/id"), created(&app, json!({"firstName": "Bo"})).await.text("/id"));
        created(&app, json!({"firstName": "Cia"})).await;
        let (venue, now) = (app.venue, app.now());
        let ids: (CustomerId, CustomerId) = (a.parse().expect("an id"), b.parse().expect("an id"));
        app.write(move |tx| {
            let (a, b) = ids;
            let day = jiff::civil::date(2026, 6, 12);
            for (who, day) in [(a, day), (a, day.yesterday().expect("a day")), (b, day)] {
                visited(tx, who, venue, day, "ord_1", now)?;
            }
            Ok(())
        }).await;
        for path in [app.dashboard("/customers/stats"), "/api/v1/dashboard/venues/all/customers/stats".into()] {
            let said = app.owner().get(&path).await;
            said.is(200);
            assert_eq!(said.int("/totalCustomers"), 3);
            assert_eq!((said.int("/activeCustomers"), said.int("/newThisMonth"), said.int("/vipCustomers")), (2, 3, 1));
            assert_eq!(said.text("/returningRate"), "50.00");
            assert_eq!(said.json["averageSpend"], json!({"amount": 0, "currency": "EUR"}));
            assert_eq!(said.json["topSpenders"], json!([]));
        }
        undone(&app, move |tx| {
            crate::customers::record_paid_order(tx, ids.0, venue, 10_001, now)?;
            crate::customers::record_paid_order(tx, ids.1, venue, 20_000, now)?;
            let venue = crate::hall::identity::venue(tx, venue)?;
            for venue in [venue.as_ref(), None] {
                let stats = crate::customers::list::stats(tx, venue, "EUR")?;
                assert_eq!(stats.average_spend.amount, 15_001);
                let spent = stats.top_spenders.iter().map(|spender| spender.total_spent.amount);
                assert_eq!(spent.collect::<Vec<_>>(), [20_000, 10_001]);
            }
            Ok(())
        }).await;
    }

    async fn the_chains_month_begins_where_its_home_is(app: TestApp) {
        // Half past midnight on the first of July in Stockholm, and still June by UTC.
        app.advance(jiff::SignedDuration::from_mins(18 * 24 * 60 + 12 * 60 + 30));
        created(&app, asa()).await;
        app.advance(jiff::SignedDuration::from_hours(24));
        for path in [app.dashboard("/customers/stats"), "/api/v1/dashboard/venues/all/customers/stats".into()] {
            assert_eq!(app.owner().get(&path).await.int("/newThisMonth"), 1, "{path}");
        }
    }

    async fn a_second_holder_of_an_email_breaks_a_law(app: TestApp) {
        created(&app, asa()).await;
        let id = created(&app, json!({"firstName": "Bo"})).await.text("/id");
        app.breaks("L22");
        app.as_owner(&["drop index customers_by_email"]).await;
        app.write(move |tx| {
            tx.exec("update customers set email = 'asa@example.com' where tenant_id = $1 and customer_id = $2", crate::params![&id])
        }).await;
    }

    async fn a_visit_too_many_breaks_a_law(app: TestApp) {
        created(&app, asa()).await;
        app.breaks("L25");
        app.write(|tx| tx.exec("update customers set total_visits = 1 where tenant_id = $1", &[])).await;
    }
}
