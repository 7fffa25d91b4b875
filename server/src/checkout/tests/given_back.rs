//! Money of an order that is still open, and its ways out: paid otherwise, an item less, or void.

use futures_util::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use crate::both_stores;
use crate::hall::store::Settings;
use crate::hall::testing::{Said, Store, TestApp, venue};
use crate::platform::chain;

fn eur(amount: i64) -> Json {
    json!({"amount": amount, "currency": "EUR"})
}

fn inline(price: i64) -> Json {
    json!({"inline": {"name": "Dinner", "unitPrice": eur(price)}})
}

/// An open order of two dinners at 10.00 with these payments on it.
async fn part_paid(app: &TestApp, payments: Json) -> Said {
    let ask = json!({"items": [inline(1_000), inline(1_000)], "payments": payments});
    let opened = app.staff().post(&app.till("/orders"), ask).await;
    assert_eq!(opened.is(201).text("/status"), "OPEN");
    opened
}

fn path(app: &TestApp, order: &Said) -> String {
    app.till(&format!("/orders/{}", order.text("/id")))
}

async fn given_back(app: &TestApp, order: &Said, mut ask: Json) -> Said {
    ask["reason"] = json!("paid by the wrong card");
    let path = format!("{}/refunds", path(app, order));
    app.manager().post(&path, ask).await
}

async fn paid(app: &TestApp, order: &Said, ask: Json) -> Said {
    let path = format!("{}/payments", path(app, order));
    app.staff().post(&path, ask).await
}

both_stores! {
    async fn a_tab_with_money_on_it_is_void_once_that_went_back(app: TestApp) {
        let payments = json!([{"method": "CASH", "amount": eur(300)}, {"method": "CARD", "amount": eur(500), "tip": eur(50)}]);
        let order = part_paid(&app, payments).await;
        let (void, why) = (format!("{}/void", path(&app, &order)), json!({"reason": "guests left"}));
        let refused = app.staff().post(&void, why.clone()).await;
        assert_eq!(refused.is_problem(422, "order_has_payments").int("/paid"), 850);
        assert_eq!(refused.text("/detail"), "8.50 EUR is paid on the order: refund it first, then void the order.");

        let back = given_back(&app, &order, json!({})).await;
        assert_eq!((back.is(201).text("/refund/kind"), back.int("/refund/seq")), ("PAYMENT".into(), 1));
        assert_eq!((back.int("/refund/amount/amount"), back.int("/refund/tip/amount"), back.int("/refund/tax/amount")), (800, 50, 0));
        assert_eq!((back.text("/refund/payouts/0/method"), back.text("/refund/payouts/1/method")), ("CARD".into(), "CASH".into()));
        assert_eq!((back.text("/order/status"), back.int("/order/totals/due/amount")), ("OPEN".into(), 2_000));
        let of = |name: &str| back.int(&format!("/order/totals/{name}/amount"));
        assert_eq!((of("paid"), of("tip"), of("refunded"), of("total")), (0, 0, 0, 2_000));
        let payments = app.staff().get(&format!("{}/payments", path(&app, &order))).await;
        assert_eq!((payments.is(200).text("/1/status"), payments.text("/1/auditTrail/1/to")), ("REFUNDED".into(), "REFUNDED".into()));
        assert_eq!((payments.text("/2/kind"), payments.text("/2/parentPaymentId")), ("REFUND".into(), payments.text("/1/id")));

        let gone = app.staff().post(&void, why).await;
        assert_eq!((gone.is(200).text("/status"), gone.text("/refunds/0/kind")), ("VOIDED".into(), "PAYMENT".into()));
        given_back(&app, &order, json!({})).await.is_problem(409, "order_not_paid");
        let listed = app.staff().get(&format!("{}/refunds", path(&app, &order))).await;
        assert_eq!(listed.is(200).json.as_array().map(Vec::len), Some(1));
        crate::audit::seal_all(&app.hall).await.unwrap();
        let events = app.manager().get("/api/v1/events?limit=100").await;
        let told = |kind: &str| events.json["items"].as_array().unwrap().iter().filter(|one| one["type"] == kind).count();
        assert_eq!((told("payment.refunded"), told("order.refunded")), (2, 1), "{}", events.json);
    }

    async fn what_was_paid_by_the_wrong_card_is_paid_anew_and_refunded_as_any_sale(app: TestApp) {
        let guest = app.customer("Noor").await;
        let order = part_paid(&app, json!([{"method": "CARD", "amount": eur(400), "tip": eur(100)}, {"method": "CARD", "amount": eur(1_200)}])).await;
        app.staff().put(&format!("{}/customer", path(&app, &order)), json!({"customerId": guest})).await.is(200);
        let (first, second) = (order.text("/payments/0/id"), order.text("/payments/1/id"));
        let back = given_back(&app, &order, json!({"paymentId": second})).await;
        assert_eq!((back.is(201).int("/refund/amount/amount"), back.int("/order/totals/paid/amount")), (1_200, 500));
        let back = given_back(&app, &order, json!({"tip": eur(30), "paymentId": first})).await;
        assert_eq!((back.is(201).int("/refund/tip/amount"), back.int("/order/totals/tip/amount")), (30, 70));
        let sold = paid(&app, &order, json!({"method": "CASH"})).await;
        assert_eq!((sold.is(201).text("/order/status"), sold.int("/payment/amount/amount")), ("PAID".into(), 1_600));
        assert_eq!((sold.int("/order/totals/paid/amount"), sold.int("/order/totals/total/amount")), (2_070, 2_070));
        assert_eq!(sold.int("/order/pointsBalance"), 20);

        let part = given_back(&app, &order, json!({"amount": eur(500)})).await;
        assert_eq!((part.is(201).int("/refund/seq"), part.text("/refund/kind")), (3, "SALE".into()));
        assert_eq!((part.text("/order/status"), part.int("/order/totals/refunded/amount")), ("PARTIALLY_REFUNDED".into(), 500));
        assert_eq!(part.text("/refund/payouts/0/parentPaymentId"), first, "of the other card nothing is left");
        let rest = given_back(&app, &order, json!({})).await;
        assert_eq!((rest.is(201).text("/order/status"), rest.int("/refund/amount/amount")), ("REFUNDED".into(), 1_500));
        assert_eq!((rest.int("/order/pointsBalance"), rest.json["order"]["refunds"].as_array().map(Vec::len)), (0, Some(4)));
    }

    async fn an_item_comes_off_once_what_is_paid_too_much_went_back(app: TestApp) {
        let order = part_paid(&app, json!([{"method": "CARD", "amount": eur(1_500)}])).await;
        let take_off = format!("{}/items/{}/void", path(&app, &order), order.text("/items/1/id"));
        let refused = app.staff().post(&take_off, json!({"reason": "sold out"})).await;
        assert_eq!(refused.is_problem(422, "order_has_payments").int("/over"), 500);
        assert_eq!(refused.text("/detail"),
            "5.00 EUR more would be paid than the order costs: refund 5.00 EUR or more of what was paid, then do this again.");
        given_back(&app, &order, json!({"amount": eur(500)})).await.is(201);
        let less = app.staff().post(&take_off, json!({"reason": "sold out"})).await;
        assert_eq!((less.is(200).int("/totals/due/amount"), less.text("/status")), (0, "OPEN".into()));
        let closed = paid(&app, &order, json!({"method": "EXTERNAL", "externalId": "R-1", "amount": eur(0)})).await;
        assert_eq!((closed.is(201).text("/order/status"), closed.int("/order/totals/paid/amount")), ("PAID".into(), 1_000));
    }

    async fn cash_of_an_open_tab_goes_back_in_coins(app: TestApp) {
        let here = app.write(|tx| chain::open_venue(tx, &venue("north", "SEK"))).await;
        let rates = json!({"rates": [{"currency": "SEK", "rate": "0.0912", "validFrom": "2026-01-01"}]});
        app.owner().put("/api/v1/chain/reporting-rates", rates).await.is(200);
        let till = format!("/api/v1/tpv/venues/{here}/orders");
        let sek = |amount: i64| json!({"amount": amount, "currency": "SEK"});
        let item = json!({"inline": {"name": "Set menu", "unitPrice": sek(22_716)}});
        let ask = json!({"items": [item], "payments": [{"method": "CASH", "amount": sek(10_000)}]});
        let order = app.owner().post(&till, ask).await.is(201).text("/id");
        let back = async |ask: Json| app.owner().post(&format!("{till}/{order}/refunds"), ask).await;
        let off = back(json!({"amount": sek(4_590), "reason": "too much"})).await;
        assert_eq!(off.is_problem(422, "invalid").text("/errors/0/pointer"), "/amount/amount");
        let some = back(json!({"amount": sek(4_600), "reason": "too much"})).await;
        assert_eq!((some.is(201).int("/refund/payouts/0/amount/amount"), some.int("/refund/rounding/amount")), (4_600, 0));
        assert_eq!((some.int("/order/totals/paid/amount"), some.int("/order/totals/due/amount")), (5_400, 22_716 - 5_400));
        let rest = back(json!({"reason": "another card"})).await;
        assert_eq!((rest.is(201).int("/refund/payouts/0/amount/amount"), rest.int("/refund/rounding/amount")), (5_400, 0));
        assert_eq!((rest.int("/order/totals/due/amount"), rest.int("/order/totals/rounding/amount")), (22_716, 0));
        let pay = async |ask: Json| app.owner().post(&format!("{till}/{order}/payments"), ask).await;
        pay(json!({"method": "CASH", "amount": sek(20_000)})).await.is(201);
        back(json!({"amount": sek(4_600), "reason": "too much"})).await.is(201);
        let sold = pay(json!({"method": "CASH"})).await;
        assert_eq!((sold.is(201).text("/order/status"), sold.int("/order/totals/paid/amount")), ("PAID".into(), 22_700));
        let whole = back(json!({"reason": "cold"})).await;
        assert_eq!((whole.is(201).text("/order/status"), whole.int("/order/totals/refunded/amount")), ("REFUNDED".into(), 22_700));
    }

    async fn what_the_order_holds_has_its_time_again(app: TestApp) {
        let guest = app.customer("Noor").await.to_string();
        let sale = json!({"customerId": guest, "items": [inline(20_000)], "payments": [{"method": "CARD"}]});
        app.staff().post(&app.till("/orders"), sale).await.is(201);
        let rule = json!({"name": "Once", "type": "PERCENTAGE", "percent": "10", "scope": "ORDER", "maxTotalUses": 1, "isStackable": true});
        let rule = app.manager().post(&app.dashboard("/discounts"), rule).await.is(201).text("/id");
        let holding = async || {
            let ask = json!({"customerId": guest, "items": [inline(2_000)]});
            let order = app.staff().post(&app.till("/orders"), ask).await;
            let at = path(&app, order.is(201));
            app.staff().post(&format!("{at}/discounts/predefined"), json!({"discountId": rule})).await.is(201);
            app.staff().post(&format!("{at}/discounts/points"), json!({"points": 150})).await.is(201);
            paid(&app, &order, json!({"method": "CARD", "amount": eur(700)})).await.is(201);
            order
        };
        let held = async || {
            let at = app.dashboard(&format!("/customers/{guest}/loyalty/balance"));
            app.staff().get(&at).await.is(200).int("/held")
        };
        let order = holding().await;
        app.advance(SignedDuration::from_hours(5));
        crate::jobs::run_due(&app.hall, None).await.unwrap();
        assert_eq!(held().await, 150, "money on the order keeps it");
        given_back(&app, &order, json!({"amount": eur(300)})).await.is(201);
        app.advance(SignedDuration::from_hours(5));
        crate::jobs::run_due(&app.hall, None).await.unwrap();
        assert_eq!(held().await, 150, "some is left");
        given_back(&app, &order, json!({})).await.is(201);
        assert_eq!(held().await, 150, "the order is open");
        app.advance(SignedDuration::from_hours(5));
        crate::jobs::run_due(&app.hall, None).await.unwrap();
        assert_eq!(held().await, 0);

        let other = holding().await;
        given_back(&app, &other, json!({})).await.is(201);
        app.staff().post(&format!("{}/void", path(&app, &other)), json!({"reason": "guests left"})).await.is(200);
        assert_eq!(held().await, 0);
        holding().await;
    }

    async fn what_cannot_go_back_of_an_open_tab_says_why(app: TestApp) {
        let order = part_paid(&app, json!([{"method": "CARD", "amount": eur(900), "tip": eur(100)}])).await;
        let item = json!({"items": [{"itemId": order.text("/items/0/id")}]});
        for (ask, code, at) in [
            (item, "invalid", "/items"),
            (json!({"amount": eur(901)}), "refund_too_high", ""),
            (json!({"tip": eur(101)}), "refund_too_high", ""),
            (json!({"amount": eur(0)}), "nothing_to_refund", ""),
            (json!({"amount": eur(-1)}), "invalid", "/amount/amount"),
            (json!({"amount": {"amount": 1, "currency": "SEK"}}), "currency_mismatch", ""),
            (json!({"paymentId": "pay_01kab4bqf8e1ftz0c6hqp2v9xw"}), "invalid", "/paymentId"),
        ] {
            let refused = given_back(&app, &order, ask.clone()).await;
            refused.is_problem(422, code);
            if !at.is_empty() {
                assert_eq!(refused.text("/errors/0/pointer"), at, "{ask}");
            }
        }
        let refunds = format!("{}/refunds", path(&app, &order));
        app.staff().post(&refunds, json!({"reason": "a manager must"})).await.is_problem(403, "forbidden");
        app.other_tenant().await.post(&refunds, json!({"reason": "not mine"})).await.is_problem(404, "not_found");
        let ask = json!({"amount": eur(900), "reason": "wrong card"});
        let first = app.manager().post_keyed(&refunds, "r1", ask.clone()).await;
        assert_eq!(first.is(201).bytes, app.manager().post_keyed(&refunds, "r1", ask).await.is(201).bytes);
        let tip = app.staff().post(&format!("{}/void", path(&app, &order)), json!({"reason": "guests left"})).await;
        assert_eq!(tip.is_problem(422, "order_has_payments").int("/paid"), 100, "a tip is money too");
        app.owner().patch(&format!("/api/v1/chain/venues/{}", app.venue), json!({"tillMode": "COMPANION"})).await.is(200);
        given_back(&app, &order, json!({})).await.is_problem(422, "method_unavailable");
    }

    async fn eight_at_once_give_back_no_more_than_is_on_the_tab(app: TestApp) {
        race(&app).await;
    }
}

/// Eight who each give 3.00 of 10.00 back.
async fn race(app: &TestApp) {
    let order = part_paid(app, json!([{"method": "CARD", "amount": eur(1_000)}])).await;
    let said = join_all((0..8).map(|_| given_back(app, &order, json!({"amount": eur(300)})))).await;
    let given = said.iter().filter(|one| one.status.as_u16() == 201).count();
    assert!((1..=3).contains(&given), "{given} of 3.00 out of 10.00");
    let shown = app.staff().get(&path(app, &order)).await;
    let left = 1_000 - i64::try_from(given).unwrap_or(0) * 300;
    assert_eq!(shown.is(200).int("/totals/paid/amount"), left);
}

#[tokio::test]
async fn eight_at_once_at_read_committed_give_back_no_more_than_is_on_the_tab() {
    let weaker = |settings| Settings {
        read_committed: true,
        ..settings
    };
    let app = TestApp::with(Store::Postgres, weaker).await;
    race(&app).await;
}
