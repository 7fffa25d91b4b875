use serde_json::json;

use super::{arrange, at_venue, twenty};
use crate::both_stores;
use crate::coupons::terms::Terms;
use crate::coupons::typed;
use crate::discounts::uses::{self, Purchase};
use crate::hall::testing::TestApp;

both_stores! {
    async fn who_used_which_code_is_listed(app: TestApp) {
        let (rule, ann) = (twenty(&app).await, app.customer("Ann").await);
        let save = arrange(&app, rule, "SAVE20", Terms { max_uses: Some(2), ..Terms::default() }).await;
        arrange(&app, rule, "OTHER", Terms::default()).await;
        let venue = at_venue(&app).await;
        app.write(move |tx| {
            for (order, code, customer, saving) in
                [("ord_1", "save20", Some(ann), Some(1_000)), ("ord_2", "save20", None, None), ("ord_3", "other", None, Some(5))]
            {
                let coupon = typed(tx, &venue, code)?;
                let purchase = Purchase { id: order.into(), venue: venue.id, customer, currency: "EUR".into() };
                uses::hold(tx, &purchase, &coupon.limits())?.expect("it is left");
                if let Some(saving) = saving {
                    uses::finish(tx, &purchase, &coupon.id.to_string(), saving)?;
                }
            }
            Ok(())
        }).await;
        let at = app.now();
        for (query, orders) in [
            (String::new(), &["ord_1", "ord_2", "ord_3"][..]), ("?code=save-2o".into(), &["ord_1", "ord_2"]), ("?code=NONE".into(), &[]),
            (format!("?customerId={ann}"), &["ord_1"]), (format!("?from={at}"), &["ord_1", "ord_2", "ord_3"]), (format!("?to={at}"), &[]),
        ] {
            for path in [app.dashboard("/coupons/redemptions"), "/api/v1/chain/coupons/redemptions".into()] {
                let said = app.staff().get(&format!("{path}{query}")).await;
                said.is(200);
                let items = said.json["items"].as_array().unwrap();
                let mut found: Vec<&str> = items.iter().map(|item| item["orderId"].as_str().unwrap()).collect();
                found.sort_unstable();
                assert_eq!(found, orders, "{path}{query}");
            }
        }
        let said = app.staff().get(&format!("/api/v1/chain/coupons/redemptions?customerId={ann}")).await;
        assert_eq!(said.json["items"][0], json!({"couponId": save, "code": "SAVE20", "orderId": "ord_1", "venueId": app.venue,
            "customerId": ann, "state": "FINAL", "at": at, "saving": {"amount": 1000, "currency": "EUR"}}));
        let said = app.staff().get("/api/v1/chain/coupons/redemptions?code=save20").await;
        let items = said.is(200).json["items"].as_array().unwrap().clone();
        let held = items.iter().find(|item| item["orderId"] == "ord_2").unwrap();
        assert_eq!((&held["state"], &held["saving"]), (&json!("HELD"), &json!(null)));
        // What is used is not promised away.
        let path = format!("/api/v1/chain/coupons/{save}");
        assert_eq!(app.staff().get(&path).await.int("/currentUses"), 2);
        let said = app.manager().patch(&path, json!({"maxUses": 1})).await;
        assert_eq!(said.is_problem(422, "invalid").text("/errors/0/pointer"), "/maxUses");
        app.manager().patch(&path, json!({"maxUses": 3})).await.is(200);
        let said = app.staff().post(&app.till("/coupons/validate"), json!({"code": "SAVE20"})).await;
        assert_eq!(said.is(200).int("/usesLeft"), 1);
    }
}
