use serde_json::json;

use crate::both_stores;
use crate::customers::groups;
use crate::hall::error::{Code, Error};
use crate::hall::id::GroupId;
use crate::hall::store::Read;
use crate::hall::testing::TestApp;

async fn customer(app: &TestApp, name: &str) -> String {
    let said = app
        .staff()
        .post(&app.dashboard("/customers"), json!({"firstName": name}))
        .await;
    said.is(201).text("/id")
}

async fn group(app: &TestApp, name: &str) -> String {
    let said = app
        .manager()
        .post(
            &app.dashboard("/customer-groups"),
            json!({"name": name, "color": "#2f9e44"}),
        )
        .await;
    said.is(201).text("/id")
}

async fn members(app: &TestApp, group: &str) -> i64 {
    app.staff()
        .get(&app.dashboard(&format!("/customer-groups/{group}")))
        .await
        .is(200)
        .int("/members")
}

both_stores! {
    async fn a_customer_is_in_one_group_at_most(app: TestApp) {
        let (a, b) = (customer(&app, "Åsa").await, customer(&app, "Bo").await);
        let (boule, bar) = (group(&app, "Boule").await, group(&app, "Bar").await);
        let path = |group: &str, act: &str| app.dashboard(&format!("/customer-groups/{group}/{act}"));
        let said = app.staff().post(&path(&boule, "assign"), json!({"customerIds": [a, b, a]})).await;
        assert_eq!(said.is(200).int("/members"), 2);
        app.staff().post(&path(&bar, "assign"), json!({"customerIds": [b]})).await.is(200);
        assert_eq!((members(&app, &boule).await, members(&app, &bar).await), (1, 1));
        let listed = app.staff().get(&app.dashboard(&format!("/customers?customerGroupId={bar}"))).await;
        assert_eq!((listed.text("/items/0/id"), listed.int("/total")), (b.clone(), 1));
        let shown = app.staff().get(&app.dashboard(&format!("/customers/{b}"))).await;
        assert_eq!(shown.text("/customerGroupId"), bar);
        app.staff().patch(&app.dashboard(&format!("/customers/{b}")), json!({"customerGroupId": boule})).await.is(200);
        assert_eq!((members(&app, &boule).await, members(&app, &bar).await), (2, 0));
        app.manager().delete(&app.dashboard(&format!("/customers/{b}"))).await.is(204);
        assert_eq!(members(&app, &boule).await, 1);
        app.staff().patch(&app.dashboard(&format!("/customers/{b}")), json!({"active": true})).await.is(200);
        assert_eq!(members(&app, &boule).await, 2);
        let said = app.staff().post(&path(&boule, "remove"), json!({"customerIds": [a]})).await;
        assert_eq!(said.is(200).int("/members"), 1);
        app.manager().delete(&app.dashboard(&format!("/customer-groups/{boule}"))).await.is(204);
        let shown = app.staff().get(&app.dashboard(&format!("/customers/{b}"))).await;
        assert_eq!(shown.json["customerGroupId"], json!(null));
    }

    async fn all_of_them_are_moved_or_none(app: TestApp) {
        let (a, gone) = (customer(&app, "Åsa").await, customer(&app, "Bo").await);
        app.manager().delete(&app.dashboard(&format!("/customers/{gone}"))).await.is(204);
        let boule = group(&app, "Boule").await;
        let path = app.dashboard(&format!("/customer-groups/{boule}/assign"));
        let unknown = "cus_01kab4bqf8e1ftz0c6hqp2v9xw";
        let said = app.staff().post(&path, json!({"customerIds": [a, unknown, gone]})).await;
        said.is_problem(422, "invalid");
        assert_eq!((said.text("/errors/0/pointer"), said.text("/errors/1/pointer")), ("/customerIds/1".into(), "/customerIds/2".into()));
        assert!(said.text("/errors/0/message").contains(unknown));
        assert_eq!(members(&app, &boule).await, 0);
        app.staff().post(&path, json!({"customerIds": []})).await.is_problem(422, "invalid");
        let many = vec![a; 1_001];
        app.staff().post(&path, json!({"customerIds": many})).await.is_problem(422, "invalid");
    }

    async fn a_group_is_seen_where_it_belongs(app: TestApp) {
        let here = group(&app, "Here").await;
        let all = app.owner().post("/api/v1/chain/customer-groups", json!({"name": "Everywhere"})).await;
        let all = all.is(201).text("/id");
        let bar = app.write(|tx| crate::platform::chain::open_venue(tx, &crate::hall::testing::venue("bar", "EUR"))).await;
        let bar = format!("/api/v1/dashboard/venues/{bar}/customer-groups");
        app.staff().get(&format!("{bar}/{here}")).await.is_problem(404, "not_found");
        app.staff().get(&format!("{bar}/{all}")).await.is(200);
        assert_eq!(app.staff().get(&bar).await.int("/total"), 1);
        assert_eq!(app.staff().get(&app.dashboard("/customer-groups")).await.int("/total"), 2);
        assert_eq!(app.owner().get("/api/v1/chain/customer-groups").await.json["items"][1]["name"], "Here");
        app.manager().put(&format!("{bar}/{all}"), json!({"name": "Mine"})).await.is_problem(422, "method_unavailable");
        let named = app.owner().patch(&format!("/api/v1/chain/customer-groups/{all}"), json!({"venueIds": [app.venue]})).await;
        assert_eq!(named.is(200).json["venueIds"], json!([app.venue]));
        app.staff().get(&format!("{bar}/{all}")).await.is_problem(404, "not_found");
        let a = customer(&app, "Åsa").await;
        let said = app.manager().post(&format!("/api/v1/chain/customer-groups/{all}/assign"), json!({"customerIds": [a]})).await;
        assert_eq!(said.is(200).int("/members"), 1);
    }

    async fn a_groups_fields_are_checked(app: TestApp) {
        let boule = group(&app, "Boule").await;
        let path = app.dashboard("/customer-groups");
        app.manager().post(&path, json!({"name": "Boule"})).await.is_problem(409, "name_taken");
        for (body, pointer) in [
            (json!({"name": " "}), "/name"),
            (json!({}), "/name"),
            (json!({"name": "x".repeat(101)}), "/name"),
            (json!({"name": "x", "color": "x".repeat(41)}), "/color"),
            (json!({"name": "x", "description": "x".repeat(501)}), "/description"),
            (json!({"name": "x", "venueIds": []}), "/venueIds"),
            (json!({"name": "x", "members": 3}), "/members"),
        ] {
            let said = app.manager().post(&path, body).await;
            assert_eq!(said.is_problem(422, "invalid").text("/errors/0/pointer"), pointer);
        }
        let one = format!("{path}/{boule}");
        app.staff().put(&one, json!({"name": "x"})).await.is_problem(403, "forbidden");
        let stale = app.manager().send(axum::http::Method::PUT, &one, Some(json!({"name": "x"})), &[("if-match", "\"v2\"")]).await;
        stale.is_problem(412, "stale");
        let put = app.manager().send(axum::http::Method::PUT, &one, Some(json!({"name": "Pétanque"})), &[("if-match", "\"v1\"")]).await;
        assert_eq!((put.is(200).text("/name"), put.int("/version")), ("Pétanque".into(), 2));
        assert_eq!(put.json["color"], json!(null));
        let other = app.other_tenant().await;
        other.get(&format!("/api/v1/chain/customer-groups/{boule}")).await.is_problem(404, "not_found");
        app.manager().delete(&one).await.is(204);
        app.manager().delete(&one).await.is_problem(404, "not_found");
    }

    async fn a_group_that_a_discount_targets_stays(app: TestApp) {
        let boule: GroupId = group(&app, "Boule").await.parse().expect("an id");
        let used = |_: &mut Read, _| Ok(vec!["Afterwork".to_owned()]);
        let refused = app.try_write(move |tx| groups::delete(tx, None, boule, &[used])).await;
        let Err(Error::Conflict(Code::GroupInUse, extra)) = refused else { panic!("{refused:?}") };
        assert_eq!(extra.figures["discounts"], json!(["Afterwork"]));
        app.write(move |tx| groups::delete(tx, None, boule, &[|_, _| Ok(Vec::new())])).await;
    }

    async fn a_member_too_many_breaks_a_law(app: TestApp) {
        group(&app, "Boule").await;
        app.breaks("L25");
        app.write(|tx| tx.exec("update customer_groups set members = 1 where tenant_id = $1", &[])).await;
    }
}
