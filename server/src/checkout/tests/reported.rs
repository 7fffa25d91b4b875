//! A purchase that another system reports counts as one of the till, once.

use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use crate::both_stores;
use crate::hall::id::CustomerId;
use crate::hall::testing::{Said, TestApp};
use crate::params;

fn eur(amount: i64) -> Json {
    json!({"amount": amount, "currency": "EUR"})
}

async fn report(app: &TestApp, guest: CustomerId, id: &str, amount: i64) -> Said {
    let at = app.now().to_string();
    let ask = json!({"system": "square", "externalId": id, "customerId": guest, "amount": eur(amount), "at": at});
    app.staff()
        .post(&app.dashboard("/loyalty/purchases"), ask)
        .await
}

async fn sell(app: &TestApp, guest: CustomerId, amount: i64) -> Said {
    let item = json!({"inline": {"name": "x", "unitPrice": eur(amount)}});
    let ask = json!({"customerId": guest, "items": [item], "payments": [{"method": "CARD"}]});
    app.staff().post(&app.till("/orders"), ask).await
}

async fn decide(app: &TestApp, how: &str) -> Said {
    let waits = app.staff().get(&app.dashboard("/loyalty/parked")).await;
    let id = waits.is(200).text("/items/0/id");
    let path = app.dashboard(&format!("/loyalty/parked/{id}/{how}"));
    app.staff().post(&path, json!(null)).await
}

/// Balance, tier, and the visits, points and spend that tiers count.
async fn standing(app: &TestApp, guest: CustomerId) -> Json {
    let of = |rest: &str| app.dashboard(&format!("/customers/{guest}/loyalty/{rest}"));
    let balance = app.staff().get(&of("balance")).await;
    let tier = app.staff().get(&of("tier")).await;
    let days = app.write(move |tx| {
        let row = tx.one(
            "select cast(sum(visits) as bigint), cast(sum(points) as bigint), cast(sum(spend) as bigint)
             from loyalty_days where tenant_id = $1 and customer_id = $2",
            params![guest],
        )?;
        Ok([row.get(0)?, row.get(1)?, row.get::<i64>(2)?])
    });
    json!([
        balance.is(200).int("/points"),
        tier.is(200).text("/tier/name"),
        days.await
    ])
}

async fn ladder_and_streak(app: &TestApp) {
    let ladder = json!({"windowDays": 30, "tiers": [
        {"name": "REGULAR"},
        {"name": "GOLD", "spend": eur(10_000), "benefits": {"multiplier": "1.5"}},
    ]});
    app.manager()
        .put("/api/v1/chain/loyalty/tiers", ladder)
        .await
        .is(200);
    let streak = json!({"name": "Twice", "period": "DAY", "length": 2, "bonusPoints": 7});
    app.manager()
        .post("/api/v1/chain/loyalty/streaks", streak)
        .await
        .is(201);
}

/// A sale of 60.00 and a report that looks like it, of which the later one waits; answers the sale.
async fn waiting_pair(app: &TestApp, guest: CustomerId, sale_first: bool) -> String {
    let reference = format!("{guest}");
    if sale_first {
        let sale = sell(app, guest, 6_000).await;
        report(app, guest, &reference, 6_000).await.is(201);
        return sale.is(201).text("/id");
    }
    report(app, guest, &reference, 6_000).await.is(201);
    sell(app, guest, 6_000).await.is(201).text("/id")
}

async fn refund(app: &TestApp, sale: &str, back: &Json) {
    let mut ask = back.clone();
    ask["reason"] = json!("cold");
    let path = app.till(&format!("/orders/{sale}/refunds"));
    app.manager().post(&path, ask).await.is(201);
}

both_stores! {
    async fn a_reported_purchase_lifts_tier_and_streak_as_a_sale_does(app: TestApp) {
        ladder_and_streak(&app).await;
        let (ann, noor) = (app.customer("Ann").await, app.customer("Noor").await);
        sell(&app, ann, 10_000).await.is(201);
        report(&app, noor, "1", 10_000).await.is(201);
        assert_eq!(standing(&app, noor).await, json!([100, "GOLD", [1, 100, 10_000]]));
        assert_eq!(standing(&app, noor).await, standing(&app, ann).await);
        app.advance(SignedDuration::from_hours(24));
        sell(&app, ann, 2_000).await.is(201);
        let told = report(&app, noor, "2", 2_000).await;
        assert_eq!(told.is(201).int("/points"), 30, "half as much again for gold");
        assert_eq!(standing(&app, noor).await, json!([137, "GOLD", [2, 130, 12_000]]));
        assert_eq!(standing(&app, noor).await, standing(&app, ann).await);
        report(&app, noor, "2", 2_000).await.is(201);
        assert_eq!(standing(&app, noor).await, standing(&app, ann).await, "told twice it counts once");
    }

    async fn a_report_that_is_linked_to_a_sale_counts_nothing_more(app: TestApp) {
        ladder_and_streak(&app).await;
        let noor = app.customer("Noor").await;
        let sale = sell(&app, noor, 6_000).await.is(201).text("/id");
        let once = standing(&app, noor).await;
        report(&app, noor, "1", 6_000).await.is(201);
        assert_eq!(standing(&app, noor).await, once, "while it waits");
        decide(&app, "link").await.is(200);
        assert_eq!(standing(&app, noor).await, once);
        let refund = app.till(&format!("/orders/{sale}/refunds"));
        app.manager().post(&refund, json!({"reason": "cold"})).await.is(201);
        assert_eq!(standing(&app, noor).await, json!([0, "REGULAR", [0, 0, 0]]));
    }

    async fn a_report_that_is_parted_from_a_sale_is_a_second_purchase(app: TestApp) {
        ladder_and_streak(&app).await;
        let noor = app.customer("Noor").await;
        sell(&app, noor, 6_000).await.is(201);
        report(&app, noor, "1", 6_000).await.is(201);
        decide(&app, "part").await.is(200);
        assert_eq!(standing(&app, noor).await, json!([120, "GOLD", [1, 120, 12_000]]));
    }

    async fn a_sale_that_was_reported_before_counts_once(app: TestApp) {
        ladder_and_streak(&app).await;
        let (noor, ann) = (app.customer("Noor").await, app.customer("Ann").await);
        report(&app, noor, "1", 6_000).await.is(201);
        let sale = sell(&app, noor, 6_000).await.is(201).text("/id");
        decide(&app, "link").await.is(200);
        assert_eq!(standing(&app, noor).await, json!([60, "REGULAR", [1, 60, 6_000]]));
        let refund = app.till(&format!("/orders/{sale}/refunds"));
        app.manager().post(&refund, json!({"reason": "cold"})).await.is(201);
        assert_eq!(standing(&app, noor).await, json!([0, "REGULAR", [0, 0, 0]]));
        report(&app, ann, "2", 6_000).await.is(201);
        sell(&app, ann, 6_000).await.is(201);
        decide(&app, "part").await.is(200);
        assert_eq!(standing(&app, ann).await, json!([120, "GOLD", [1, 120, 12_000]]));
    }

    async fn it_makes_no_difference_whether_staff_link_before_a_refund_or_after_it(app: TestApp) {
        ladder_and_streak(&app).await;
        app.manager().put(&app.dashboard("/loyalty/config"), json!({"pointsPerVisit": "5"})).await.is(200);
        for sale_first in [true, false] {
            for back in [json!({}), json!({"amount": eur(3_001)})] {
                let mut ends = Vec::new();
                for link_first in [true, false] {
                    let noor = app.customer("Noor").await;
                    // The day before counts for the streak: what is undone today takes its bonus back.
                    sell(&app, noor, 1_000).await.is(201);
                    app.advance(SignedDuration::from_hours(24));
                    let sale = waiting_pair(&app, noor, sale_first).await;
                    for step in [link_first, !link_first] {
                        if step {
                            decide(&app, "link").await.is(200);
                        } else {
                            refund(&app, &sale, &back).await;
                        }
                    }
                    ends.push(standing(&app, noor).await);
                }
                assert_eq!(ends[0], ends[1], "the sale first: {sale_first}, back {back}");
                let whole = json!([15, "REGULAR", [1, 15, 1_000]]);
                assert_eq!(ends[0] == whole, back == json!({}), "{ends:?}");
            }
        }
    }

    async fn a_sale_that_was_refunded_while_it_waited_earns_only_what_remains(app: TestApp) {
        ladder_and_streak(&app).await;
        app.manager().put(&app.dashboard("/loyalty/config"), json!({"pointsPerVisit": "5"})).await.is(200);
        for (back, left) in [(json!({}), 0), (json!({"amount": eur(3_001)}), 30)] {
            for part_first in [true, false] {
                let noor = app.customer("Noor").await;
                let sale = waiting_pair(&app, noor, false).await;
                for step in [part_first, !part_first] {
                    if step {
                        decide(&app, "part").await.is(200);
                    } else {
                        refund(&app, &sale, &back).await;
                    }
                }
                let spent = 12_000 - if left == 0 { 6_000 } else { 3_001 };
                // Gold for as long as twice 60.00 count, and no longer.
                assert_eq!(standing(&app, noor).await, json!([65 + left, "REGULAR", [1, 65 + left, spent]]),
                    "parted first: {part_first}, back {back}");
            }
        }
    }
}
