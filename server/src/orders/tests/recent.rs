//! What a customer's page shows of their orders and points.

use serde_json::{Value as Json, json};

use super::inline;
use crate::both_stores;
use crate::hall::access::Role;
use crate::hall::id::CustomerId;
use crate::hall::store::{Scope, plan};
use crate::hall::testing::{Store, TestApp, venue};
use crate::orders::store;
use crate::platform::chain;

/// Sells at a venue for so much; answers the order's id.
async fn sell(app: &TestApp, venue: &str, guest: CustomerId, price: i64) -> Json {
    let path = format!("/api/v1/tpv/venues/{venue}/orders");
    let ask =
        json!({"customerId": guest, "items": [inline(price)], "payments": [{"method": "CARD"}]});
    app.owner().post(&path, ask).await.is(201).json["id"].clone()
}

fn ids(shown: &Json) -> Vec<Json> {
    let rows = shown["recent"]["orders"].as_array().expect("a list");
    rows.iter().map(|row| row["id"].clone()).collect()
}

both_stores! {
    async fn a_customers_page_shows_what_they_did_last(app: TestApp) {
        let (guest, other) = (app.customer("Åsa").await, app.customer("Bo").await);
        let annex = app.write(|tx| chain::open_venue(tx, &venue("annex", "EUR"))).await;
        let mut here = Vec::new();
        for price in 1..=12 {
            here.insert(0, sell(&app, &app.venue.to_string(), guest, price * 100).await);
        }
        let there = sell(&app, &annex.to_string(), guest, 5_000).await;
        sell(&app, &app.venue.to_string(), other, 900).await;

        let path = app.dashboard(&format!("/customers/{guest}"));
        let shown = app.staff().get(&path).await;
        assert_eq!(ids(&shown.is(200).json), here[..10], "the newest ten of this venue");
        assert_eq!(shown.int("/recent/orders/0/totals/total/amount"), 1_200);
        assert_eq!(shown.text("/recent/orders/0/items/0/name"), "Beer");
        assert_eq!(shown.json["recent"]["loyaltyTransactions"].as_array().map(Vec::len), Some(10));
        assert_eq!(shown.text("/recent/loyaltyTransactions/0/causeId"), there, "points are the chain's");
        let of_chain = app.owner().get(&format!("/api/v1/dashboard/venues/all/customers/{guest}")).await;
        assert_eq!(ids(&of_chain.is(200).json)[..2], [there, here[0].clone()]);

        let narrow = app.key(Role::Staff, &["customers:read", "loyalty:read"]).await.get(&path).await;
        let names: Vec<&String> = narrow.is(200).json["recent"].as_object().expect("rows").keys().collect();
        assert_eq!(names, ["loyaltyTransactions"], "a key is shown what it could list");
        let nobody = app.customer("Cy").await;
        let empty = app.staff().get(&app.dashboard(&format!("/customers/{nobody}"))).await;
        assert_eq!(empty.is(200).json["recent"], json!({"orders": [], "loyaltyTransactions": []}));
        app.other_tenant().await.get(&path).await.is_problem(404, "not_found");
    }
}

#[tokio::test]
async fn the_newest_are_found_by_index() {
    let app = TestApp::new(Store::Sqlite).await;
    let guest = app.customer("Noor").await;
    for at in [None, Some(app.venue)] {
        let (sql, values) = store::lists::newest(guest, at, 10);
        let asked = sql.clone();
        let scope = Scope::new(app.tenant, app.now(), crate::hall::journal::By::cli());
        let told = app
            .hall
            .db
            .read(scope, move |read| plan(read, &sql, &values))
            .await
            .expect("a plan");
        assert!(
            told.contains("orders_by_customer") && !told.contains("TEMP B-TREE"),
            "{asked}\n{told}"
        );
    }
}
