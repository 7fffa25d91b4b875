use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use crate::both_stores;
use crate::hall::testing::TestApp;
use crate::loyalty::release;

mod debt;
pub mod model;
mod own;
mod races;
mod reminders;
mod verbs;

/// Gives back what purchases hold that no order stands for.
async fn give_all_back(app: &TestApp) {
    app.write(|tx| {
        let rows = tx.query(
            "select purchase_id from points_holds where tenant_id = $1",
            &[],
        )?;
        rows.iter()
            .try_for_each(|row| release(tx, &row.get::<String>(0)?))
    })
    .await;
}

async fn guest(app: &TestApp) -> String {
    app.customer("Noor").await.to_string()
}

async fn spend(app: &TestApp, guest: &str, amount: i64) -> Json {
    let item = json!({"inline": {"name": "x", "unitPrice": {"amount": amount, "currency": "EUR"}}});
    let ask = json!({"customerId": guest, "items": [item], "payments": [{"method": "CARD"}]});
    app.staff()
        .post(&app.till("/orders"), ask)
        .await
        .is(201)
        .json
        .clone()
}

both_stores! {
    async fn a_venue_overrides_the_chain_field_by_field(app: TestApp) {
        let (chain, venue) = ("/api/v1/chain/loyalty/config", app.dashboard("/loyalty/config"));
        let start = app.staff().get(&venue).await;
        assert_eq!((start.is(200).text("/pointsPerDollar"), start.int("/minPointsRedeem")), ("1".into(), 100));
        app.manager().put(chain, json!({"pointsPerDollar": "2", "pointsExpireDays": 365})).await.is(200);
        app.manager().put(&venue, json!({"pointsPerVisit": "3"})).await.is(200);
        let merged = app.staff().get(&venue).await;
        assert_eq!(merged.text("/pointsPerDollar"), "2");
        assert_eq!(merged.text("/pointsPerVisit"), "3");
        assert_eq!(merged.int("/pointsExpireDays"), 365);
        assert_eq!(merged.header("etag"), Some("\"v1\""));
        let stale = [("if-match", "\"v0\"")];
        let edit = app.manager().send(axum::http::Method::PUT, &venue, Some(json!({})), &stale).await;
        edit.is_problem(412, "stale");
        app.staff().put(&venue, json!({})).await.is_problem(403, "forbidden");
        for wrong in [
            json!({"pointsPerDollar": 1}),
            json!({"pointsPerDollar": "-1"}),
            json!({"pointsPerDollar": "1.234"}),
            json!({"redemptionRate": "0.00001"}),
            json!({"pointsExpireDays": 0}),
            json!({"pointsPerEuro": "1"}),
        ] {
            app.manager().put(&venue, wrong).await.is_problem(422, "invalid");
        }
    }

    async fn a_visit_earns_once_a_business_day(app: TestApp) {
        app.manager().put(&app.dashboard("/loyalty/config"), json!({"pointsPerVisit": "10"})).await.is(200);
        let guest = guest(&app).await;
        assert_eq!(spend(&app, &guest, 500).await["pointsBalance"], 15);
        assert_eq!(spend(&app, &guest, 500).await["pointsBalance"], 20);
        app.advance(SignedDuration::from_hours(24));
        assert_eq!(spend(&app, &guest, 500).await["pointsBalance"], 35);
    }

    async fn a_change_of_the_program_touches_only_what_is_earned_after(app: TestApp) {
        let guest = guest(&app).await;
        let first = spend(&app, &guest, 1_000).await;
        app.manager().put(&app.dashboard("/loyalty/config"), json!({"pointsPerDollar": "3", "pointsExpireDays": 30})).await.is(200);
        assert_eq!(spend(&app, &guest, 1_000).await["pointsBalance"], 40);
        let id = first["id"].as_str().expect("an id");
        let balance = app.staff().get(&app.dashboard(&format!("/customers/{guest}/loyalty/balance"))).await;
        assert_eq!(balance.is(200).int("/lots/0/open"), 30, "the one that ends comes first");
        assert_eq!(balance.json["lots"][1]["expiresAt"], Json::Null);
        let rows = app.staff().get(&app.dashboard(&format!("/customers/{guest}/loyalty/transactions"))).await;
        assert_eq!(rows.is(200).text("/items/1/causeId"), id);
        assert_eq!(rows.text("/items/1/policy/config/pointsPerDollar"), "1");
    }

    async fn a_program_that_is_off_earns_nothing(app: TestApp) {
        app.manager().put(&app.dashboard("/loyalty/config"), json!({"active": false})).await.is(200);
        let guest = guest(&app).await;
        assert_eq!(spend(&app, &guest, 500).await["pointsBalance"], 0);
    }

    async fn another_chain_sees_no_points(app: TestApp) {
        let guest = guest(&app).await;
        let other = app.other_tenant().await;
        other.get(&app.dashboard(&format!("/customers/{guest}/loyalty/balance"))).await.is_problem(404, "not_found");
        app.staff()
            .get(&app.dashboard("/customers/cus_01kab4bqf8e1ftz0c6hqp2v9xw/loyalty/balance"))
            .await
            .is_problem(404, "not_found");
    }

    async fn a_balance_that_the_ledger_does_not_give_is_found(app: TestApp) {
        let guest = guest(&app).await;
        spend(&app, &guest, 500).await;
        app.write(|tx| {
            tx.exec("update points_lots set open = open + 1, earned = earned + 1 where tenant_id = $1", &[])
        })
        .await;
        app.breaks("L02");
    }

    async fn a_gap_in_the_numbers_is_found(app: TestApp) {
        let guest = guest(&app).await;
        spend(&app, &guest, 500).await;
        app.write(|tx| tx.exec("update customers set ledger_rows = 5 where tenant_id = $1", &[])).await;
        app.breaks("L26");
    }

    async fn the_ledger_refuses_to_be_changed(app: TestApp) {
        let guest = guest(&app).await;
        spend(&app, &guest, 500).await;
        for sql in [
            "update points_ledger set points = 1000 where tenant_id = $1",
            "delete from points_ledger where tenant_id = $1",
        ] {
            let refused = app.try_write(move |tx| tx.exec(sql, &[])).await;
            assert!(
                matches!(refused, Err(crate::hall::error::Error::Violation(crate::hall::error::Violation::Immutable, _))),
                "{refused:?}"
            );
        }
    }
}
