//! Points from the first purchase to the last refund: the worked examples 2, 3 and 12, through the API.

use jiff::SignedDuration;
use jiff::civil::date;
use serde_json::{Value as Json, json};

use crate::both_stores;
use crate::hall::testing::{Said, TestApp, venue};
use crate::platform::chain;
use crate::platform::tax::{self, EditTaxClass};

fn inline(price: i64) -> Json {
    json!({"inline": {"name": "Dinner", "unitPrice": {"amount": price, "currency": "EUR"}}})
}

async fn tab(app: &TestApp, guest: &str, price: i64) -> String {
    let ask = json!({"customerId": guest, "items": [inline(price)]});
    let opened = app.staff().post(&app.till("/orders"), ask).await;
    app.till(&format!("/orders/{}", opened.is(201).text("/id")))
}

async fn paid(app: &TestApp, tab: &str) -> Said {
    let paid = app
        .staff()
        .post(&format!("{tab}/payments"), json!({"method": "CARD"}))
        .await;
    paid.is(201);
    paid
}

async fn balance(app: &TestApp, guest: &str) -> Json {
    let path = app.dashboard(&format!("/customers/{guest}/loyalty/balance"));
    app.staff().get(&path).await.is(200).json.clone()
}

/// A class of this rate at the venue.
async fn class(app: &TestApp, venue: crate::hall::id::VenueId, name: &str, milli: i64) -> String {
    let name = name.to_owned();
    let made = app.write(move |tx| {
        let class = tax::create_class(tx, &EditTaxClass { name: name.clone() })?;
        tax::set_rate(tx, venue, class.id, date(2020, 1, 1), milli)?;
        Ok(class.id)
    });
    made.await.to_string()
}

both_stores! {
    async fn points_are_earned_held_spent_and_come_back(app: TestApp) {
        let guest = app.customer("Ann").await.to_string();
        let first = tab(&app, &guest, 5_000).await;
        assert_eq!(paid(&app, &first).await.int("/order/pointsBalance"), 50, "50.00 is 50 points");
        paid(&app, &tab(&app, &guest, 6_000).await).await;
        let (one, two) = (tab(&app, &guest, 5_000).await, tab(&app, &guest, 5_000).await);
        let take = async |tab: &str, points: i64| {
            app.staff().post(&format!("{tab}/discounts/points"), json!({"points": points})).await
        };
        let few = take(&one, 99).await;
        assert!(few.is_problem(422, "minimum_points").text("/detail").contains("100"), "{}", few.json);
        take(&one, 111).await.is_problem(422, "points_short");
        take(&one, 0).await.is_problem(422, "invalid");
        let taken = take(&one, 100).await;
        assert_eq!((taken.is(201).int("/totals/total/amount"), taken.int("/discounts/0/points")), (4_900, 100));
        assert_eq!(taken.text("/discounts/0/origin"), "POINTS");
        let held = balance(&app, &guest).await;
        assert_eq!((held["points"].as_i64(), held["held"].as_i64(), held["available"].as_i64()), (Some(110), Some(100), Some(10)));
        take(&two, 100).await.is_problem(422, "points_short");

        let sold = paid(&app, &one).await;
        assert_eq!((sold.int("/order/pointsBalance"), sold.int("/order/points/points")), (59, 49));
        let path = format!("{one}/refunds");
        let back = app.manager().post(&path, json!({"reason": "kitchen closed"})).await;
        assert_eq!((back.is(201).int("/refund/pointsRestored"), back.int("/refund/pointsReversed")), (100, 49));
        assert_eq!(back.int("/order/pointsBalance"), 110, "as before the sale");

        // What the order holds goes back with it, and what lapsed is taken again.
        take(&two, 110).await.is(201);
        app.staff().post(&format!("{two}/void"), json!({"reason": "guest left"})).await.is(200);
        assert_eq!(balance(&app, &guest).await["available"], 110);
        let three = tab(&app, &guest, 5_000).await;
        take(&three, 110).await.is(201);
        app.advance(SignedDuration::from_hours(5));
        crate::jobs::run_due(&app.hall, None).await.unwrap();
        assert_eq!(balance(&app, &guest).await["available"], 110);
        let four = tab(&app, &guest, 5_000).await;
        take(&four, 110).await.is(201);
        let gone = app.staff().post(&format!("{three}/payments"), json!({"method": "CARD"})).await;
        assert_eq!(gone.is_problem(409, "coupon_gone").int("/totalWithout/amount"), 5_000);
        paid(&app, &four).await;

        let other = tab(&app, &app.customer("Bo").await.to_string(), 500).await;
        let order = other.rsplit('/').next().unwrap();
        let path = app.dashboard(&format!("/customers/{guest}/loyalty/redeem"));
        app.staff().post(&path, json!({"points": 100, "orderId": order})).await.is_problem(422, "invalid");
        app.other_tenant().await.post(&path, json!({"points": 100, "orderId": order})).await.is_problem(404, "not_found");
        let nobody = app.staff().post(&app.till("/orders"), json!({"items": [inline(900)]})).await;
        let nobody = app.till(&format!("/orders/{}", nobody.is(201).text("/id")));
        take(&nobody, 100).await.is_problem(422, "customer_required");
    }

    async fn only_the_points_that_are_needed_are_taken(app: TestApp) {
        let guest = app.customer("Ann").await.to_string();
        paid(&app, &tab(&app, &guest, 100_000).await).await;
        let small = tab(&app, &guest, 250).await;
        let order = small.rsplit('/').next().unwrap();
        let path = app.dashboard(&format!("/customers/{guest}/loyalty/redeem"));
        let taken = app.staff().post(&path, json!({"points": 900, "orderId": order})).await;
        assert_eq!((taken.is(201).int("/totals/due/amount"), taken.int("/discounts/0/points")), (0, 250));
        assert_eq!(balance(&app, &guest).await["held"], 250);
        let free = app.staff().post(&format!("{small}/payments"), json!({"method": "CARD"})).await;
        assert_eq!((free.is(201).text("/order/status"), free.int("/order/pointsBalance")), ("PAID".into(), 750));
    }

    async fn two_visits_from_gold_and_the_second_makes_it_true(app: TestApp) {
        let ladder = json!({"windowDays": 365, "graceDays": 0, "tiers": [
            {"name": "REGULAR"}, {"name": "GOLD", "visits": 2, "benefits": {"discountPercent": "10", "multiplier": "2"}}]});
        app.manager().put("/api/v1/chain/loyalty/tiers", ladder).await.is(200);
        let guest = app.customer("Ann").await.to_string();
        let badge = async || {
            let path = app.dashboard(&format!("/customers/{guest}/loyalty/tier"));
            let said = app.staff().get(&path).await;
            (said.is(200).text("/tier/name"), said.json["sentence"].clone())
        };
        let (tier, sentence) = badge().await;
        assert_eq!((tier.as_str(), sentence.as_str().unwrap()), ("REGULAR", "2 visits from GOLD and its 10 %."));
        paid(&app, &tab(&app, &guest, 1_000).await).await;
        assert_eq!(badge().await.1, "1 visit from GOLD and its 10 %.");
        app.advance(SignedDuration::from_hours(24));
        let second = tab(&app, &guest, 1_000).await;
        paid(&app, &second).await;
        assert_eq!(badge().await.0, "GOLD");
        let third = tab(&app, &guest, 1_000).await;
        let shown = app.staff().get(&third).await;
        assert_eq!((shown.int("/totals/total/amount"), shown.text("/discounts/0/origin")), (900, "TIER".into()));
        assert_eq!(paid(&app, &third).await.int("/order/points/points"), 18, "nine, twice");
        for order in [&third, &second] {
            app.manager().post(&format!("{order}/refunds"), json!({"reason": "undone"})).await.is(201);
        }
        assert_eq!(badge().await.0, "REGULAR", "a refund demotes at once");
        assert_eq!(balance(&app, &guest).await["points"], 10);
    }

    async fn everything_at_once_and_back_again(app: TestApp) {
        let park = app.write(|tx| chain::open_venue(tx, &venue("park", "SEK"))).await;
        let rates = json!({"rates": [{"currency": "SEK", "rate": "0.1", "validFrom": "2020-01-01"}]});
        app.owner().put("/api/v1/chain/reporting-rates", rates).await.is(200);
        let (high, low) = (class(&app, park, "drinks", 25_000).await, class(&app, park, "food", 12_000).await);
        let beer = app.manager().post("/api/v1/chain/categories", json!({"name": "Beer"})).await;
        let beer = beer.is(201).text("/id");
        let group = app.manager().post("/api/v1/chain/customer-groups", json!({"name": "VIP"})).await.is(201).text("/id");
        let guest = app.customer("Ann").await.to_string();
        let assign = format!("/api/v1/chain/customer-groups/{group}/assign");
        app.manager().post(&assign, json!({"customerIds": [guest]})).await.is(200);
        let at = |rest: &str| format!("/api/v1/dashboard/venues/{park}{rest}");
        let publish = async |ask: Json| app.manager().post(&at("/discounts"), ask).await.is(201).text("/id");
        publish(json!({"name": "Beer", "type": "PERCENTAGE", "percent": "20", "scope": "CATEGORY", "targetCategoryIds": [beer],
            "isAutomatic": true, "isStackable": true})).await;
        publish(json!({"name": "VIP", "type": "PERCENTAGE", "percent": "10", "scope": "CUSTOMER_GROUP",
            "customerGroupId": group, "isStackable": true})).await;
        let fifty = publish(json!({"name": "Fifty", "type": "FIXED_AMOUNT", "amount": {"amount": 5000, "currency": "SEK"},
            "scope": "ORDER", "isStackable": true})).await;
        app.manager().post(&at("/coupons"), json!({"code": "FIFTY", "discountId": fifty})).await.is(201);
        let adjust = at(&format!("/customers/{guest}/loyalty/adjust"));
        app.manager().post(&adjust, json!({"points": 4_500, "reason": "from the old cards"})).await.is(201);

        let item = |name: &str, price: i64, class: &str, category: Option<&str>, quantity: &str| json!({
            "inline": {"name": name, "unitPrice": {"amount": price, "currency": "SEK"}, "taxClassId": class, "categoryId": category},
            "quantity": quantity});
        let ask = json!({"customerId": guest, "couponCodes": ["fifty"], "items": [
            item("Beer", 8_900, &high, Some(&beer), "2"), item("Burger", 16_500, &low, None, "1"), item("Fries", 4_500, &low, None, "1")]});
        let tills = format!("/api/v1/tpv/venues/{park}/orders");
        let opened = app.staff().post(&tills, ask).await;
        let path = format!("{tills}/{}", opened.is(201).text("/id"));
        let beers = opened.text("/items/0/id");
        let taken = app.staff().post(&format!("{path}/discounts/points"), json!({"points": 4_000})).await;
        assert_eq!(taken.is(201).int("/totals/total/amount"), 22_716);
        let items: Vec<i64> = (0..3).map(|place| taken.int(&format!("/items/{place}/total/amount"))).collect();
        assert_eq!((items, taken.int("/totals/tax/amount")), (vec![9_180, 10_636, 2_900], 3_286));
        assert_eq!(taken.int("/totals/dueInCash/amount"), 22_700);
        let sek = |amount: i64| json!({"amount": amount, "currency": "SEK"});
        let part = json!({"method": "CARD", "amount": sek(10_000)});
        app.staff().post(&format!("{path}/payments"), part).await.is(201);
        let rest = app.staff().post(&format!("{path}/payments"), json!({"method": "CARD", "tip": sek(2_000)})).await;
        assert_eq!((rest.is(201).text("/order/status"), rest.int("/order/totals/total/amount")), ("PAID".into(), 24_716));
        assert_eq!(rest.int("/order/pointsBalance"), 694);

        let one = json!({"items": [{"itemId": beers, "quantity": "1"}], "reason": "flat"});
        let back = app.manager().post(&format!("{path}/refunds"), one).await;
        assert_eq!((back.is(201).int("/refund/amount/amount"), back.int("/refund/tax/amount")), (4_590, 918));
        assert_eq!((back.int("/refund/pointsRestored"), back.int("/refund/pointsReversed"), back.int("/order/pointsBalance")), (808, 36, 1_466));
        let back = app.manager().post(&format!("{path}/refunds"), json!({"reason": "all of it"})).await;
        assert_eq!((back.is(201).int("/refund/amount/amount"), back.text("/order/status")), (18_126, "REFUNDED".into()));
        assert_eq!((back.int("/refund/pointsRestored"), back.int("/refund/pointsReversed"), back.int("/order/pointsBalance")), (3_192, 158, 4_500));
        let coupons = app.staff().get(&at("/coupons")).await;
        assert_eq!(coupons.is(200).int("/items/0/currentUses"), 0, "its use is free again");
    }
}
