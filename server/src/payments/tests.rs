use serde_json::json;

use super::store;
use crate::both_stores;
use crate::hall::store::plan;
use crate::hall::testing::{Store, TestApp};
use crate::params;

async fn paid(app: &TestApp) -> String {
    let item = json!({"inline": {"name": "x", "unitPrice": {"amount": 900, "currency": "EUR"}}});
    let ask =
        json!({"items": [item], "payments": [{"method": "EXTERNAL", "externalId": "R-10442"}]});
    app.staff()
        .post(&app.till("/orders"), ask)
        .await
        .is(201)
        .text("/id")
}

both_stores! {
    async fn a_payment_has_its_trail(app: TestApp) {
        let order = paid(&app).await;
        let list = app.staff().get(&app.till(&format!("/orders/{order}/payments"))).await;
        assert_eq!(list.is(200).text("/0/status"), "SUCCEEDED");
        assert_eq!(list.text("/0/externalId"), "R-10442");
        assert_eq!(list.text("/0/auditTrail/0/to"), "SUCCEEDED");
        let other = app.other_tenant().await;
        other.get(&app.till(&format!("/orders/{order}/payments"))).await.is_problem(404, "not_found");
    }

    async fn a_status_that_the_trail_does_not_tell_is_found(app: TestApp) {
        paid(&app).await;
        app.write(|tx| tx.exec("update payments set status = 'AUTHORIZED' where tenant_id = $1", &[])).await;
        app.breaks("L13");
    }

    async fn money_that_no_order_knows_is_found(app: TestApp) {
        paid(&app).await;
        app.write(|tx| tx.exec("update payments set amount = amount + 1 where tenant_id = $1", &[])).await;
        app.breaks("L12");
    }

    async fn a_second_currency_is_found(app: TestApp) {
        paid(&app).await;
        app.write(|tx| tx.exec("update payments set currency = 'SEK' where tenant_id = $1", &[])).await;
        app.breaks("L15");
    }

    async fn a_trail_refuses_to_be_changed(app: TestApp) {
        paid(&app).await;
        let refused = app.try_write(|tx| tx.exec("delete from payment_trail where tenant_id = $1", &[])).await;
        assert!(refused.is_err());
    }
}

#[tokio::test]
async fn the_payments_of_an_order_are_found_without_reading_those_of_others() {
    let app = TestApp::new(Store::Sqlite).await;
    for sql in [store::OF, store::TRAILS, store::CAPTURED] {
        let told = app.write(move |tx| plan(tx, sql, params!["ord_1"])).await;
        assert!(
            told.contains("payments_by_subject (tenant_id=? AND subject_id=?"),
            "{told}"
        );
        assert!(!told.contains("(tenant_id=?)"), "{told}");
    }
}
