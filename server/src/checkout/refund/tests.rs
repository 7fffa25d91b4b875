use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::join_all;
use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use crate::both_stores;
use crate::hall::id::CustomerId;
use crate::hall::store::Settings;
use crate::hall::testing::{Said, Store, TestApp, venue};
use crate::platform::chain;
use crate::platform::tax::{self, EditTaxClass};
use crate::{customers, discounts};

fn eur(amount: i64) -> Json {
    json!({"amount": amount, "currency": "EUR"})
}

/// A tax class at 25 % from long ago.
async fn tax_class(app: &TestApp) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let here = app.venue;
    let class = app.write(move |tx| {
        let name = format!("standard {}", NEXT.fetch_add(1, Ordering::Relaxed));
        let standard = EditTaxClass { name };
        let class = tax::create_class(tx, &standard)?;
        tax::set_rate(tx, here, class.id, date(2020, 1, 1), 25_000)?;
        Ok(class.id)
    });
    class.await.to_string()
}

/// Items as (name, price, quantity), at 25 %, paid by `payments`.
async fn sold(
    app: &TestApp,
    customer: Option<CustomerId>,
    items: &[(&str, i64, &str)],
    payments: Json,
) -> Said {
    let class = tax_class(app).await;
    let inline = |&(name, price, quantity): &(&str, i64, &str)| json!({"inline": {"name": name, "unitPrice": eur(price), "taxClassId": class}, "quantity": quantity});
    let items: Vec<Json> = items.iter().map(inline).collect();
    let ask = json!({"customerId": customer, "items": items, "payments": payments});
    let paid = app.staff().post(&app.till("/orders"), ask).await;
    assert_eq!(paid.is(201).text("/status"), "PAID");
    paid
}

fn refunds_of(app: &TestApp, order: &Said) -> String {
    app.till(&format!("/orders/{}/refunds", order.text("/id")))
}

async fn refund(app: &TestApp, order: &Said, mut ask: Json) -> Said {
    ask["reason"] = json!("the beer was flat");
    app.manager().post(&refunds_of(app, order), ask).await
}

async fn counters(app: &TestApp, id: CustomerId) -> (i64, i64, i64) {
    let shown = app.write(move |tx| customers::show(tx, id)).await;
    let all = (
        shown.total_visits,
        shown.paid_orders,
        shown.total_spent.amount,
    );
    let there = shown.venues.iter().flatten();
    let sum = there.fold((0, 0, 0), |sum, one| {
        let spent = one.total_spent.amount;
        (
            sum.0 + one.total_visits,
            sum.1 + one.paid_orders,
            sum.2 + spent,
        )
    });
    assert_eq!(sum, all);
    all
}

both_stores! {
    // Golden 7.
    async fn one_by_one_the_taxes_add_up_and_the_last_ends_it(app: TestApp) {
        let guest = app.customer("Åsa").await;
        let order = sold(&app, Some(guest), &[("Beer", 999, "3")], json!([{"method": "CARD"}])).await;
        assert_eq!(order.int("/totals/tax/amount"), 599);
        assert_eq!(counters(&app, guest).await, (1, 1, 2_997));
        let beer = order.text("/items/0/id");
        for (seq, tax, status, left) in [(1, 199, "PARTIALLY_REFUNDED", 1_998), (2, 200, "PARTIALLY_REFUNDED", 999), (3, 200, "REFUNDED", 0)] {
            let back = refund(&app, &order, json!({"items": [{"itemId": beer, "quantity": "1"}]})).await;
            assert_eq!(back.is(201).int("/refund/amount/amount"), 999);
            assert_eq!((back.int("/refund/seq"), back.int("/refund/tax/amount")), (seq, tax));
            assert_eq!(back.text("/refund/items/0/quantity"), "1");
            assert_eq!(back.text("/order/status"), status);
            assert_eq!(back.text("/order/payments/0/status"), status);
            assert_eq!(back.int("/order/totals/refunded/amount"), 2_997 - left);
            let (visits, orders, spent) = counters(&app, guest).await;
            assert_eq!((visits, orders, spent), (i64::from(left > 0), i64::from(left > 0), left));
        }
        let payments = app.staff().get(&app.till(&format!("/orders/{}/payments", order.text("/id")))).await;
        assert_eq!(payments.is(200).json.as_array().map(Vec::len), Some(4));
        assert_eq!(payments.text("/1/kind"), "REFUND");
        assert_eq!(payments.text("/1/parentPaymentId"), payments.text("/0/id"));
        assert_eq!(payments.text("/0/auditTrail/3/to"), "REFUNDED");
        assert_eq!(payments.int("/0/auditTrail/1/metadata/amount/amount"), 999);
        let list = app.staff().get(&refunds_of(&app, &order)).await;
        assert_eq!(list.is(200).text("/2/payouts/0/parentPaymentId"), payments.text("/0/id"));
        let profile = app.write(move |tx| customers::find(tx, guest)).await;
        assert_eq!((profile.last_visit_at, profile.first_visit_at), (None, None));
    }

    async fn money_goes_to_cards_before_cash_and_the_newest_first(app: TestApp) {
        let payments = json!([{"method": "CASH", "amount": eur(1_000)}, {"method": "CARD", "amount": eur(500)},
            {"method": "EXTERNAL", "amount": eur(700), "externalId": "R-1"}, {"method": "CARD", "tip": eur(200)}]);
        let order = sold(&app, None, &[("Dinner", 3_000, "1")], payments).await;
        let back = refund(&app, &order, json!({"amount": eur(1_400)})).await;
        let told: Vec<(String, i64)> = (0..3).map(|place| {
            (back.text(&format!("/refund/payouts/{place}/method")), back.int(&format!("/refund/payouts/{place}/amount/amount")))
        }).collect();
        assert_eq!(told, [("CARD".into(), 800), ("CARD".into(), 500), ("EXTERNAL".into(), 100)]);
        assert_eq!(back.text("/order/payments/3/status"), "REFUNDED", "the tip stays with the staff");
        let cash = order.text("/payments/0/id");
        let named = refund(&app, &order, json!({"amount": eur(300), "paymentId": cash})).await;
        assert_eq!(named.is(201).text("/refund/payouts/0/method"), "CASH");
        let short = refund(&app, &order, json!({"amount": eur(701), "paymentId": cash})).await;
        assert_eq!(short.is_problem(422, "refund_too_high").int("/remaining"), 700);
        let tip = refund(&app, &order, json!({"tip": eur(150)})).await;
        assert_eq!((tip.is(201).int("/refund/tip/amount"), tip.int("/refund/amount/amount")), (150, 0));
        let rest = refund(&app, &order, json!({})).await;
        assert_eq!((rest.is(201).text("/order/status"), rest.int("/refund/amount/amount")), ("REFUNDED".into(), 1_300));
        assert_eq!(rest.int("/order/totals/refunded/amount"), 3_150);
        refund(&app, &order, json!({})).await.is_problem(422, "nothing_to_refund");
        let more = refund(&app, &order, json!({"tip": eur(51)})).await;
        assert_eq!(more.is_problem(422, "refund_too_high").int("/remainingTip"), 50);
        let last = refund(&app, &order, json!({"tip": eur(50)})).await;
        assert_eq!(last.is(201).int("/order/totals/refunded/amount"), 3_200);
    }

    async fn cash_goes_back_in_coins_and_ends_at_what_came_in(app: TestApp) {
        let here = app.write(|tx| chain::open_venue(tx, &venue("north", "SEK"))).await;
        let rates = json!({"rates": [{"currency": "SEK", "rate": "0.0912", "validFrom": "2026-01-01"}]});
        app.owner().put("/api/v1/chain/reporting-rates", rates).await.is(200);
        let guest = app.customer("Åsa").await;
        let till = format!("/api/v1/tpv/venues/{here}/orders");
        let item = json!({"inline": {"name": "Set menu", "unitPrice": {"amount": 22_716, "currency": "SEK"}}});
        let paid = app.owner().post(&till, json!({"customerId": guest, "items": [item], "payments": [{"method": "CASH"}]})).await;
        assert_eq!(paid.is(201).int("/totals/rounding/amount"), -16);
        let spent = counters(&app, guest).await.2;
        let path = format!("{till}/{}/refunds", paid.text("/id"));
        let ask = |amount: i64| json!({"amount": {"amount": amount, "currency": "SEK"}, "reason": "cold"});
        let first = app.owner().post(&path, ask(4_590)).await;
        assert_eq!((first.is(201).int("/refund/payouts/0/amount/amount"), first.int("/refund/rounding/amount")), (4_600, 10));
        assert_eq!(counters(&app, guest).await.2, spent - spent * 4_590 / 22_716);
        let rest = app.owner().post(&path, json!({"reason": "cold"})).await;
        assert_eq!((rest.is(201).int("/refund/payouts/0/amount/amount"), rest.int("/refund/rounding/amount")), (18_100, -26));
        assert_eq!(rest.int("/order/totals/refunded/amount"), 22_700);
        assert_eq!(counters(&app, guest).await, (0, 0, 0));
    }

    async fn a_day_of_which_something_remains_is_still_a_visit(app: TestApp) {
        let guest = app.customer("Åsa").await;
        let first = sold(&app, Some(guest), &[("Beer", 800, "1")], json!([{"method": "CARD"}])).await;
        app.advance(SignedDuration::from_mins(30));
        let second = sold(&app, Some(guest), &[("Beer", 900, "1")], json!([{"method": "CARD"}])).await;
        assert_eq!(counters(&app, guest).await, (1, 2, 1_700));
        refund(&app, &first, json!({})).await.is(201);
        assert_eq!(counters(&app, guest).await, (1, 1, 900));
        refund(&app, &second, json!({})).await.is(201);
        assert_eq!(counters(&app, guest).await, (0, 0, 0));
        sold(&app, Some(guest), &[("Beer", 700, "1")], json!([{"method": "CARD"}])).await;
        assert_eq!(counters(&app, guest).await, (1, 1, 700));
    }

    async fn a_refund_undoes_the_visit_of_the_day_that_was_counted(app: TestApp) {
        app.manager().put(&app.dashboard("/loyalty/config"), json!({"pointsPerVisit": "5"})).await.is(200);
        // Half past five in Stockholm, when the day began at five.
        app.advance("2026-06-13T03:30:00Z".parse::<Timestamp>().expect("an instant").duration_since(app.now()));
        let guest = app.customer("Åsa").await;
        let order = sold(&app, Some(guest), &[("Beer", 1_000, "1")], json!([{"method": "CARD"}])).await;
        assert_eq!(order.int("/pointsBalance"), 13, "8.00 before tax, and the visit");
        let later = json!({"businessDayStart": "06:00", "zone": "Europe/Lisbon"});
        app.owner().patch(&format!("/api/v1/chain/venues/{}", app.venue), later).await.is(200);
        let back = refund(&app, &order, json!({})).await;
        assert_eq!((back.is(201).text("/order/status"), back.int("/order/pointsBalance")), ("REFUNDED".into(), 0));
        assert_eq!(counters(&app, guest).await, (0, 0, 0));
        let days = app.write(|tx| tx.one("select count(*) from loyalty_days where tenant_id = $1", &[])).await;
        assert_eq!(days.get::<i64>(0).ok(), Some(1), "what was counted on one day is taken off that day");
    }

    async fn what_cannot_go_back_says_why(app: TestApp) {
        let order = sold(&app, None, &[("Beer", 900, "2"), ("Ham", 700, "1.5")], json!([{"method": "CARD", "tip": eur(100)}])).await;
        let (beer, ham) = (order.text("/items/0/id"), order.text("/items/1/id"));
        let item = |id: &str, quantity: &str| json!({"items": [{"itemId": id, "quantity": quantity}]});
        let stranger = "pay_01kab4bqf8e1ftz0c6hqp2v9xw";
        for (ask, status, code, at) in [
            (item("itm_01kab4bqf8e1ftz0c6hqp2v9xw", "1"), 422, "invalid", "/items/0/itemId"),
            (item(&beer, "3"), 422, "refund_too_high", ""),
            (item(&beer, "0.5"), 422, "invalid", "/items/0/quantity"),
            (item(&beer, "0"), 422, "invalid", "/items/0/quantity"),
            (item(&ham, "1"), 422, "invalid", "/items/0/quantity"),
            (item(&ham, "x"), 422, "invalid", "/items/0/quantity"),
            (json!({"items": []}), 422, "nothing_to_refund", ""),
            (json!({"items": [], "amount": eur(1)}), 422, "invalid", "/amount"),
            (json!({"amount": eur(2_851)}), 422, "refund_too_high", ""),
            (json!({"amount": eur(0)}), 422, "nothing_to_refund", ""),
            (json!({"amount": eur(-1)}), 422, "invalid", "/amount/amount"),
            (json!({"amount": {"amount": 1, "currency": "SEK"}}), 422, "currency_mismatch", ""),
            (json!({"tip": {"amount": 1, "currency": "SEK"}}), 422, "currency_mismatch", ""),
            (json!({"tip": eur(101)}), 422, "refund_too_high", ""),
            (json!({"amount": eur(1), "paymentId": stranger}), 422, "invalid", "/paymentId"),
            (json!({"amount": eur(1), "colour": "red"}), 422, "invalid", "/colour"),
        ] {
            let refused = refund(&app, &order, ask.clone()).await;
            refused.is_problem(status, code);
            if !at.is_empty() {
                assert_eq!(refused.text("/errors/0/pointer"), at, "{ask}");
            }
        }
        let one = refund(&app, &order, item(&beer, "1")).await;
        let payout = one.is(201).text("/refund/payouts/0/paymentId");
        refund(&app, &order, json!({"amount": eur(1), "paymentId": payout})).await.is_problem(422, "invalid");
        let over = refund(&app, &order, item(&beer, "2")).await;
        assert_eq!(over.is_problem(422, "refund_too_high").int("/remainingQuantity"), 1);
        let much = refund(&app, &order, json!({"amount": eur(1_951)})).await;
        assert_eq!(much.is_problem(422, "refund_too_high").int("/remaining"), 1_950);
        assert!(much.text("/detail").contains("19.50 EUR"), "{}", much.json);
        let whole = refund(&app, &order, item(&ham, "1.5")).await;
        assert_eq!(whole.is(201).text("/refund/items/0/quantity"), "1.5");
        let path = refunds_of(&app, &order);
        app.manager().post(&path, json!({"reason": "x"})).await.is_problem(422, "invalid");
        app.staff().post(&path, json!({"reason": "a manager must"})).await.is_problem(403, "forbidden");
        let other = app.other_tenant().await;
        other.post(&path, json!({"reason": "not mine"})).await.is_problem(404, "not_found");
        other.get(&path).await.is_problem(404, "not_found");
    }

    async fn only_what_was_paid_can_go_back(app: TestApp) {
        let opened = app.staff().post(&app.till("/orders"), json!({"items": [{"inline": {"name": "x", "unitPrice": eur(1)}}]})).await;
        let said = refund(&app, &opened, json!({})).await;
        assert_eq!(said.is_problem(409, "order_not_paid").text("/status"), "OPEN");
        app.staff().post(&app.till(&format!("/orders/{}/void", opened.text("/id"))), json!({"reason": "guests left"})).await.is(200);
        let said = refund(&app, &opened, json!({})).await;
        assert_eq!(said.is_problem(409, "order_not_paid").text("/status"), "VOIDED");
        let free = app.staff().post(&app.till("/orders"), json!({
            "items": [{"inline": {"name": "Water", "unitPrice": eur(0)}}], "payments": [{"method": "CASH"}]})).await;
        assert_eq!(free.is(201).text("/status"), "PAID");
        let back = refund(&app, &free, json!({})).await;
        assert_eq!((back.is(201).text("/order/status"), back.int("/refund/amount/amount")), ("REFUNDED".into(), 0));
        refund(&app, &free, json!({})).await.is_problem(422, "nothing_to_refund");
    }

    async fn a_companion_till_pays_back_what_its_register_took(app: TestApp) {
        let payments = json!([{"method": "EXTERNAL", "amount": eur(600), "externalId": "R-1"}, {"method": "CARD"}]);
        let order = sold(&app, None, &[("Dinner", 1_000, "1")], payments).await;
        app.owner().patch(&format!("/api/v1/chain/venues/{}", app.venue), json!({"tillMode": "COMPANION"})).await.is(200);
        refund(&app, &order, json!({"amount": eur(100)})).await.is_problem(422, "method_unavailable");
        let register = order.text("/payments/0/id");
        let back = refund(&app, &order, json!({"amount": eur(100), "paymentId": register})).await;
        assert_eq!(back.is(201).text("/refund/payouts/0/method"), "EXTERNAL");
    }

    async fn one_key_refunds_once(app: TestApp) {
        let order = sold(&app, None, &[("Beer", 900, "2")], json!([{"method": "CARD"}])).await;
        let (path, ask) = (refunds_of(&app, &order), json!({"amount": eur(900), "reason": "flat"}));
        let first = app.manager().post_keyed(&path, "r1", ask.clone()).await;
        let again = app.manager().post_keyed(&path, "r1", ask).await;
        assert_eq!(first.is(201).bytes, again.is(201).bytes);
        let list = app.staff().get(&path).await;
        assert_eq!(list.is(200).json.as_array().map(Vec::len), Some(1));
        let found = app.staff().get(&app.till("/orders?status=PARTIALLY_REFUNDED")).await;
        assert_eq!(found.is(200).text("/items/0/id"), order.text("/id"));
        assert_eq!(found.int("/items/0/totals/refunded/amount"), 900);
        let without = app.manager().send(axum::http::Method::POST, &path, Some(json!({"reason": "flat"})), &[]).await;
        without.is_problem(400, "idempotency_key_required");
        let refused = app.try_write(|tx| tx.exec("update order_refunds set amount = 0 where tenant_id = $1", &[])).await;
        assert!(refused.is_err(), "a refund never changes");
    }

    async fn a_discount_is_used_no_more_once_all_is_back(app: TestApp) {
        let here = app.venue;
        let rule = app.write(move |tx| {
            let percent = "10".parse().map_err(crate::hall::error::Error::bug)?;
            discounts::create(tx, Some(here), &discounts::EditDiscount::automatic("Happy hour", percent))
        }).await;
        let order = sold(&app, None, &[("Beer", 1_000, "2")], json!([{"method": "CARD"}])).await;
        assert_eq!(order.text("/discounts/0/discountId"), rule.id.to_string());
        let subject = vec![rule.id.to_string()];
        let uses = async || {
            let subject = subject.clone();
            let counts = app.write(move |tx| discounts::uses::counts(tx, &subject)).await;
            counts.values().sum::<i64>()
        };
        let before = uses().await;
        assert_eq!(before, 1);
        refund(&app, &order, json!({"amount": eur(1_799)})).await.is(201);
        assert_eq!(uses().await, before);
        let rest = refund(&app, &order, json!({})).await;
        assert_eq!(rest.is(201).int("/refund/amount/amount"), 1);
        assert_eq!(uses().await, 0);
    }

    async fn eight_at_once_never_give_back_more_than_came_in(app: TestApp) {
        race(&app).await;
    }

    // L29: whatever the pieces, all is as before the sale.
    async fn refunds_in_any_pieces_end_as_before_the_sale(app: TestApp) {
        let guest = app.customer("Åsa").await;
        let before = counters_or_none(&app, guest).await;
        // A multiplicative walk: the same pieces in every run, and no two alike.
        let mut walk = 7_u64;
        let mut roll = move |below: u64| {
            walk = walk.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (walk >> 33) % below
        };
        for _ in 0..6 {
            let items = [("Beer", 899, "3"), ("Burger", 1_650, "2"), ("Ham", 777, "1.5")];
            let payments = json!([{"method": "CASH", "amount": eur(2_000)}, {"method": "CARD", "tip": eur(100)}]);
            let order = sold(&app, Some(guest), &items, payments).await;
            let total = order.int("/totals/total/amount") - 100;
            let (mut amount, mut tax) = (0, 0);
            for _ in 0..6 {
                let place = roll(4);
                let ask = match place {
                    3 => json!({"amount": eur(1 + i64::try_from(roll(900)).unwrap_or(0))}),
                    2 => json!({"items": [{"itemId": order.text("/items/2/id")}]}),
                    place => json!({"items": [{"itemId": order.text(&format!("/items/{place}/id")), "quantity": "1"}]}),
                };
                let back = refund(&app, &order, ask).await;
                if back.status.as_u16() == 201 {
                    amount += back.int("/refund/amount/amount");
                    tax += back.int("/refund/tax/amount");
                } else {
                    assert!(["refund_too_high", "nothing_to_refund"].contains(&back.text("/code").as_str()), "{}", back.json);
                }
            }
            let rest = refund(&app, &order, json!({})).await;
            if rest.status.as_u16() == 201 {
                amount += rest.int("/refund/amount/amount");
                tax += rest.int("/refund/tax/amount");
            }
            assert_eq!((amount, tax), (total, order.int("/totals/tax/amount")));
            let shown = app.staff().get(&app.till(&format!("/orders/{}", order.text("/id")))).await;
            assert_eq!(shown.is(200).text("/status"), "REFUNDED");
            assert_eq!(shown.int("/totals/refunded/amount"), total);
            assert_eq!(counters(&app, guest).await, before);
        }
    }
}

async fn counters_or_none(app: &TestApp, id: CustomerId) -> (i64, i64, i64) {
    let found = app.write(move |tx| customers::find(tx, id)).await;
    (
        found.total_visits,
        found.paid_orders,
        found.total_spent.amount,
    )
}

/// Eight who refund one order of 10.00 by 3.00 each, and eight who refund one of its payments.
async fn race(app: &TestApp) {
    for named in [false, true] {
        let payments = json!([{"method": "CARD", "amount": eur(1_000)}, {"method": "CASH"}]);
        let items: &[(&str, i64, &str)] = if named {
            &[("Dinner", 2_000, "1")]
        } else {
            &[("Dinner", 1_000, "1")]
        };
        let payments = if named {
            payments
        } else {
            json!([{"method": "CARD"}])
        };
        let order = sold(app, None, items, payments).await;
        let mut ask = json!({"amount": eur(300)});
        if named {
            ask["paymentId"] = json!(order.text("/payments/0/id"));
        }
        let said = join_all((0..8).map(|_| refund(app, &order, ask.clone()))).await;
        let given = said.iter().filter(|one| one.status.as_u16() == 201).count();
        for one in said.iter().filter(|one| one.status.as_u16() != 201) {
            assert!(
                ["refund_too_high", "busy"].contains(&one.text("/code").as_str()),
                "{}",
                one.json
            );
        }
        assert!((1..=3).contains(&given), "{given} of 3.00 out of 10.00");
        let shown = app
            .staff()
            .get(&app.till(&format!("/orders/{}", order.text("/id"))))
            .await;
        let back = i64::try_from(given).unwrap_or(0) * 300;
        assert_eq!(shown.is(200).int("/totals/refunded/amount"), back);
        assert_eq!(shown.int("/payments/0/refunded/amount"), back);
        let refunds = shown.json["refunds"].as_array().map(Vec::len);
        assert_eq!(refunds, Some(given));
    }
}

#[tokio::test]
async fn eight_at_once_at_read_committed_never_give_back_more_than_came_in() {
    let weaker = |settings| Settings {
        read_committed: true,
        ..settings
    };
    let app = TestApp::with(Store::Postgres, weaker).await;
    race(&app).await;
}
