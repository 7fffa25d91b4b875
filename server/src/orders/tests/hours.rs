//! What is ordered in the happy hour keeps it; what is added later is ordered later.

use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use super::open;
use crate::both_stores;
use crate::hall::testing::{Said, TestApp};

/// Half off beer until 13:00, an hour from when the test begins; answers the category.
async fn happy_hour(app: &TestApp) -> String {
    let made = app
        .manager()
        .post("/api/v1/chain/categories", json!({"name": "Beer"}))
        .await;
    let beer = made.is(201).text("/id");
    let ask = json!({"name": "Happy hour", "type": "PERCENTAGE", "percent": "50", "scope": "CATEGORY",
        "targetCategoryIds": [beer], "timeFrom": "11:00", "timeUntil": "13:00", "isAutomatic": true});
    app.manager()
        .post(&app.dashboard("/discounts"), ask)
        .await
        .is(201);
    beer
}

fn beers(category: &str, quantity: &str) -> Json {
    let inline = json!({"name": "Beer", "categoryId": category, "unitPrice": {"amount": 800, "currency": "EUR"}});
    json!({"inline": inline, "quantity": quantity})
}

async fn change(app: &TestApp, order: &Said, quantity: &str) -> Said {
    let (id, item) = (order.text("/id"), order.text("/items/0/id"));
    let path = app.till(&format!("/orders/{id}/items/{item}"));
    app.staff()
        .patch(&path, json!({"quantity": quantity}))
        .await
}

both_stores! {
    async fn beers_added_after_the_happy_hour_cost_their_price(app: TestApp) {
        let beer = happy_hour(&app).await;
        let order = open(&app, json!([beers(&beer, "2")])).await;
        assert_eq!(order.int("/totals/total/amount"), 800);
        app.advance(SignedDuration::from_mins(59));
        assert_eq!(change(&app, &order, "3").await.is(200).int("/totals/total/amount"), 1_200, "it is 12:59");
        app.advance(SignedDuration::from_mins(1));
        let late = change(&app, &order, "4").await;
        late.is_problem(422, "item_ordered_earlier");
        assert_eq!((late.text("/orderedAt"), late.text("/itemId")), ("2026-06-12T10:00:00Z".into(), order.text("/items/0/id")));
        let path = app.till(&format!("/orders/{}", order.text("/id")));
        assert_eq!(app.staff().get(&path).await.is(200).text("/items/0/quantity"), "3", "nothing was changed");
        let more = app.staff().post(&format!("{path}/items"), beers(&beer, "1")).await;
        assert_eq!(more.is(201).int("/totals/total/amount"), 2_000);
        let fewer = change(&app, &order, "1").await;
        assert_eq!(fewer.is(200).int("/totals/total/amount"), 1_200, "one fewer was ordered in time all the same");
    }

    async fn beers_added_once_the_happy_hour_has_begun_are_told_to_come_alone_too(app: TestApp) {
        let beer = happy_hour(&app).await;
        app.advance(SignedDuration::from_hours(23) - SignedDuration::from_mins(1));
        let order = open(&app, json!([beers(&beer, "1")])).await;
        assert_eq!(order.int("/totals/total/amount"), 800, "it is 10:59");
        app.advance(SignedDuration::from_mins(1));
        change(&app, &order, "2").await.is_problem(422, "item_ordered_earlier");
    }

    async fn where_no_hour_makes_a_difference_an_item_grows_as_ever(app: TestApp) {
        happy_hour(&app).await;
        let soup = json!({"inline": {"name": "Soup", "unitPrice": {"amount": 650, "currency": "EUR"}}});
        let order = open(&app, json!([soup])).await;
        app.advance(SignedDuration::from_hours(2));
        let more = change(&app, &order, "3").await;
        assert_eq!((more.is(200).int("/totals/total/amount"), more.text("/items/0/quantity")), (1_950, "3".into()));
    }
}
