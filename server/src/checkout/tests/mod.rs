mod given_back;
mod points;
mod races;
mod reported;
mod restored;
mod turmoil;

use jiff::{SignedDuration, civil::date};
use serde_json::{Value as Json, json};

use super::history::{Past, Purchase, bring_in};
use crate::discounts::{self, EditDiscount};
use crate::hall::error::Error;
use crate::hall::id::CustomerId;
use crate::hall::identity;
use crate::hall::testing::{TestApp, venue};
use crate::platform::chain;
use crate::platform::refs::ExternalRef;
use crate::platform::tax::{self, EditTaxClass};
use crate::{both_stores, customers};

/// A tax class at 25 % from long ago.
async fn tax_class(app: &TestApp) -> String {
    let venue = app.venue;
    let class = app.write(move |tx| {
        let class = tax::create_class(
            tx,
            &EditTaxClass {
                name: "standard".into(),
            },
        )?;
        tax::set_rate(tx, venue, class.id, date(2020, 1, 1), 25_000)?;
        Ok(class.id)
    });
    class.await.to_string()
}

fn inline(name: &str, price: i64, class: &str, quantity: &str) -> Json {
    json!({
        "inline": {"name": name, "unitPrice": {"amount": price, "currency": "EUR"}, "taxClassId": class},
        "quantity": quantity,
    })
}

async fn customer(app: &TestApp) -> CustomerId {
    app.customer("Åsa").await
}

async fn ten_percent(app: &TestApp) -> String {
    let venue = app.venue;
    let made = app.write(move |tx| {
        let percent = "10".parse().map_err(Error::bug)?;
        discounts::create(
            tx,
            Some(venue),
            &EditDiscount::automatic("Happy hour", percent),
        )
    });
    made.await.id.to_string()
}

both_stores! {
    async fn a_till_sells_and_the_guest_earns(app: TestApp) {
        let class = tax_class(&app).await;
        let (guest, discount) = (customer(&app).await, ten_percent(&app).await);
        let items = json!([inline("Beer", 2_000, &class, "2"), inline("Chips", 1_000, &class, "1")]);
        let ask = json!({"customerId": guest, "label": "table 4", "items": items});

        let preview = app.staff().post(&app.till("/orders/preview"), ask.clone()).await;
        assert_eq!(preview.is(200).int("/totals/total/amount"), 4_500);
        let none = app.staff().get(&app.till("/orders")).await;
        assert_eq!(none.is(200).int("/total"), 0, "a preview keeps nothing");

        let opened = app.staff().post(&app.till("/orders"), ask).await;
        let id = opened.is(201).text("/id");
        assert_eq!(opened.json["totals"], preview.json["totals"]);
        assert_eq!(opened.text("/discounts/0/discountId"), discount);
        assert_eq!(opened.text("/trace/0/verdict"), "APPLIED");
        assert!(opened.text("/trace/0/sentence").contains("5.00 EUR"));
        assert_eq!(opened.int("/points/points"), 36, "45.00 with 25 % inside is 36.00 before tax");

        let paid = app.staff().post(&app.till(&format!("/orders/{id}/payments")), json!({"method": "CASH"})).await;
        assert_eq!(paid.is(201).text("/order/status"), "PAID");
        assert_eq!(paid.int("/order/pointsBalance"), 36);
        assert_eq!(paid.int("/order/points/points"), 36);
        let balance = app.staff().get(&app.dashboard(&format!("/customers/{guest}/loyalty/balance"))).await;
        assert_eq!(balance.is(200).int("/points"), 36);
        let rows = app.staff().get(&app.dashboard(&format!("/customers/{guest}/loyalty/transactions"))).await;
        assert_eq!(rows.is(200).text("/items/0/causeId"), id);
        let other = json!({"currency": "SEK"});
        app.owner().patch("/api/v1/chain", other).await.is_problem(409, "currency_fixed");
        let profile = app.write(move |tx| customers::find(tx, guest)).await;
        assert_eq!((profile.total_visits, profile.paid_orders), (1, 1));
    }

    async fn one_key_pays_once(app: TestApp) {
        let opened = app.staff().post(&app.till("/orders"), json!({"items": [inline("Beer", 2_000, &tax_class(&app).await, "1")]})).await;
        let path = app.till(&format!("/orders/{}/payments", opened.is(201).text("/id")));
        let ask = json!({"method": "CARD", "tip": {"amount": 300, "currency": "EUR"}});
        let first = app.staff().post_keyed(&path, "k1", ask.clone()).await;
        let again = app.staff().post_keyed(&path, "k1", ask).await;
        assert_eq!(first.is(201).bytes, again.is(201).bytes);
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!(first.int("/order/totals/total/amount"), 2_300);
        app.staff().post_keyed(&path, "k1", json!({"method": "CASH"})).await.is_problem(422, "idempotency_key_reused");
        app.staff().post_keyed(&path, "k2", json!({"method": "CASH"})).await.is_problem(409, "order_not_open");
        app.staff().post_keyed(&path, "k2", json!({"method": "CASH"})).await.is_problem(409, "order_not_open");
        let without = app.staff().send(axum::http::Method::POST, &path, Some(json!({"method": "CASH"})), &[]).await;
        without.is_problem(400, "idempotency_key_required");
    }

    async fn one_call_prices_pays_and_earns_or_does_nothing(app: TestApp) {
        let (class, guest) = (tax_class(&app).await, customer(&app).await);
        let items = json!([inline("Beer", 5_000, &class, "1")]);
        let both = json!([{"method": "CARD", "amount": {"amount": 2_000, "currency": "EUR"}}, {"method": "CASH"}]);
        let ask = json!({"customerId": guest, "items": items, "payments": both});
        let paid = app.staff().post(&app.till("/orders"), ask).await;
        assert_eq!(paid.is(201).text("/status"), "PAID");
        assert_eq!(paid.json["payments"].as_array().map(Vec::len), Some(2));
        assert_eq!(paid.int("/pointsBalance"), 40);

        let wrong = json!([{"method": "CARD"}, {"method": "CARD", "amount": {"amount": 1, "currency": "SEK"}}]);
        let refused = app.staff().post(&app.till("/orders"), json!({"items": items, "payments": wrong})).await;
        refused.is_problem(422, "nothing_due");
        let all = app.staff().get(&app.till("/orders")).await;
        assert_eq!(all.is(200).int("/total"), 1, "what was refused left nothing");
    }

    async fn money_that_does_not_fit_is_refused(app: TestApp) {
        let class = tax_class(&app).await;
        let opened = app.staff().post(&app.till("/orders"), json!({"items": [inline("Beer", 2_000, &class, "1")]})).await;
        let path = app.till(&format!("/orders/{}/payments", opened.is(201).text("/id")));
        let eur = |amount: i64| json!({"amount": amount, "currency": "EUR"});
        for (ask, status, code) in [
            (json!({"method": "CARD", "amount": eur(2_001)}), 422, "amount_too_high"),
            (json!({"method": "CARD", "amount": eur(-1)}), 422, "invalid"),
            (json!({"method": "CARD", "amount": eur(0)}), 422, "invalid"),
            (json!({"method": "CARD", "amount": {"amount": 100, "currency": "SEK"}}), 422, "currency_mismatch"),
            (json!({"method": "CARD", "amount": eur(100), "tip": eur(-5)}), 422, "invalid"),
            (json!({"method": "GIFT_CARD", "giftCardCode": "X"}), 422, "method_unavailable"),
            (json!({"method": "EXTERNAL"}), 422, "invalid"),
            (json!({"method": "EXTERNAL", "externalId": "R".repeat(201)}), 422, "invalid"),
            (json!({"method": "CARD", "externalId": "R-1\nR-2"}), 422, "invalid"),
            (json!({"method": "BARTER"}), 422, "invalid"),
            (json!({"method": "CARD", "amount": {"amount": 1.5, "currency": "EUR"}}), 422, "invalid"),
        ] {
            app.staff().post(&path, ask).await.is_problem(status, code);
        }
        let empty = app.staff().post(&app.till("/orders"), json!({"payments": [{"method": "CASH"}]})).await;
        empty.is_problem(422, "empty_order");
    }

    async fn nothing_is_due_and_nothing_is_paid(app: TestApp) {
        let items = json!([{"inline": {"name": "Beer", "unitPrice": {"amount": 800, "currency": "EUR"}}}]);
        for (method, external) in [("EXTERNAL", Some("R-1")), ("CASH", None), ("CARD", None)] {
            let opened = app.staff().post(&app.till("/orders"), json!({"items": items})).await;
            let path = app.till(&format!("/orders/{}", opened.is(201).text("/id")));
            let nothing = json!({"method": method, "externalId": external, "amount": {"amount": 0, "currency": "EUR"}});
            app.staff().post(&format!("{path}/payments"), nothing.clone()).await.is_problem(422, "invalid");
            let free = json!({"type": "PERCENTAGE", "percent": "100", "reason": "waited too long"});
            app.staff().post(&format!("{path}/discounts/manual"), free).await.is(201);
            let paid = app.staff().post(&format!("{path}/payments"), nothing).await;
            assert_eq!((paid.is(201).text("/order/status"), paid.int("/payment/amount/amount")), ("PAID".into(), 0));
        }
    }

    async fn an_order_is_found_by_what_another_system_calls_it(app: TestApp) {
        let item = json!({"inline": {"name": "Beer", "unitPrice": {"amount": 800, "currency": "EUR"}}});
        let path = app.till("/orders/by-ref/square/10442");
        let ask = json!({"items": [item], "externalRefs": [{"system": "kds", "id": "7"}], "payments": [{"method": "CARD"}]});
        let made = app.staff().put(&path, ask.clone()).await;
        let names = json!([{"system": "kds", "id": "7"}, {"system": "square", "id": "10442"}]);
        assert_eq!((made.is(201).text("/status"), &made.json["externalRefs"]), ("PAID".into(), &names));
        let again = app.staff().put(&path, ask.clone()).await;
        assert_eq!((again.is(200).text("/id"), again.header("etag")), (made.text("/id"), made.header("etag")));
        let other = app.staff().put(&path, json!({"items": [item, item]})).await;
        assert_eq!(other.is(200).int("/totals/total/amount"), 800, "an order that is there is not overwritten");
        let all = app.staff().get(&app.till("/orders")).await;
        assert_eq!((all.is(200).int("/total"), &all.json["items"][0]["externalRefs"]), (1, &names));
        let shown = app.staff().get(&app.till(&format!("/orders/{}", made.text("/id")))).await;
        assert_eq!(shown.is(200).json["externalRefs"], names);

        let tag = |tag: &'static str| [("if-match", tag)];
        let put = async |path: &str, headers: &[(&str, &str)]| {
            app.staff().send(axum::http::Method::PUT, path, Some(json!({"items": []})), headers).await
        };
        put(&path, &tag("\"v99\"")).await.is_problem(412, "stale");
        put(&app.till("/orders/by-ref/square/1"), &tag("*")).await.is_problem(412, "stale");
        put(&app.till("/orders/by-ref/Square!/1"), &[]).await.is_problem(422, "invalid");
        let taken = app.staff().post(&app.till("/orders"), json!({"externalRefs": [{"system": "square", "id": "10442"}]})).await;
        assert_eq!(taken.is_problem(409, "ref_taken").text("/id"), made.text("/id"));
        let wrong = app.staff().post(&app.till("/orders"), json!({"externalRefs": [{"system": "square", "id": " "}]})).await;
        assert_eq!(wrong.is_problem(422, "invalid").text("/errors/0/pointer"), "/externalRefs/0/id");
        let annex = app.write(|tx| chain::open_venue(tx, &venue("annex", "EUR"))).await;
        let there = format!("/api/v1/tpv/venues/{annex}/orders/by-ref/square/10442");
        app.owner().put(&there, ask.clone()).await.is_problem(409, "ref_taken");
        app.other_tenant().await.put(&path, ask.clone()).await.is_problem(404, "not_found");

        let path = app.till("/orders/by-ref/square/10443");
        let both = futures_util::future::join_all((0..4).map(|_| {
            let (staff, path, ask) = (app.staff(), path.clone(), json!({"items": [item]}));
            async move { staff.put(&path, ask).await }
        })).await;
        assert!(both.iter().all(|said| said.status.is_success() && said.text("/id") == both[0].text("/id")), "{both:?}");
        assert_eq!(app.staff().get(&app.till("/orders")).await.int("/total"), 2);
    }

    async fn history_stands_behind_what_was_sold_since(app: TestApp) {
        let here = app.venue;
        let guest = app.write(move |tx| {
            let venue = identity::venue(tx, here)?.ok_or(Error::NotFound("venue"))?;
            let named = ExternalRef { system: "cdnow".into(), id: "00004".into() };
            let ask = customers::EditCustomer { external_refs: vec![named], ..customers::EditCustomer::default() };
            Ok(customers::create(tx, &venue, &ask)?.id)
        }).await;
        let sold = async |amount: i64| {
            let item = json!({"inline": {"name": "Beer", "unitPrice": {"amount": amount, "currency": "EUR"}}});
            let ask = json!({"customerId": guest, "items": [item], "payments": [{"method": "CARD"}]});
            app.staff().post(&app.till("/orders"), ask).await.is(201);
            app.advance(SignedDuration::from_mins(1));
        };
        sold(900).await;
        let bought = |day, amount| Purchase { day, occurrence: 1, quantity: 1, amount };
        let past = Past {
            system: "cdnow".into(),
            person: "00004".into(),
            purchases: vec![bought(date(1997, 3, 1), 300), bought(date(1997, 1, 12), 100), bought(date(1997, 2, 1), 200)],
        };
        app.write(app_write(past, app.venue)).await;
        sold(1_000).await;
        let amounts = |orders: &Json| {
            let orders = orders.as_array().expect("a list").iter();
            orders.map(|one| one["totals"]["total"]["amount"].as_i64().unwrap_or_default()).collect::<Vec<_>>()
        };
        let newest_first = [1_000, 900, 300, 200, 100];
        let listed = app.staff().get(&app.till("/orders")).await;
        assert_eq!(amounts(&listed.is(200).json["items"]), newest_first);
        let page = app.staff().get(&app.dashboard(&format!("/customers/{guest}"))).await;
        assert_eq!(amounts(&page.is(200).json["recent"]["orders"]), newest_first);
    }

    async fn the_calculator_explains_each_point(app: TestApp) {
        let path = app.dashboard("/loyalty/calculate-points");
        let ask = json!({"amount": {"amount": 5_000, "currency": "EUR"}});
        let said = app.staff().post(&path, ask).await;
        assert_eq!(said.is(200).int("/points"), 50);
        assert!(said.text("/parts/0/sentence").starts_with("50.00 EUR at 1 point for each EUR"), "{}", said.json);
        let visit = json!({"pointsPerVisit": "5", "pointsPerDollar": "2"});
        app.manager().put(&app.dashboard("/loyalty/config"), visit).await.is(200);
        let ask = json!({"amount": {"amount": 5_000, "currency": "EUR"}});
        assert_eq!(app.staff().post(&path, ask).await.is(200).int("/points"), 105);
        assert_eq!(app.staff().get(&app.till("/orders")).await.int("/total"), 0);
    }

    async fn history_counts_and_earns_once(app: TestApp) {
        let day = date(1997, 1, 12);
        let purchase = |occurrence, quantity, amount| Purchase { day, occurrence, quantity, amount };
        let past = Past {
            system: "cdnow".into(),
            person: "00004".into(),
            purchases: vec![purchase(1, 2, 2_933), purchase(2, 2, 2_933), purchase(3, 1, 0)],
        };
        let venue = app.venue;
        let run = move || {
            let past = past.clone();
            app_write(past, venue)
        };
        let first = app.write(run()).await;
        assert_eq!((first.customers_created, first.orders_created, first.amount), (1, 3, 5_866));
        assert_eq!(first.points, 58, "29.33 earns 29, twice");
        let second = app.write(run()).await;
        assert_eq!((second.customers_created, second.orders_created, second.orders_known), (0, 0, 3));
        app.advance(SignedDuration::from_hours(1));
        let orders = app.staff().get(&app.till("/orders?status=PAID")).await;
        assert_eq!(orders.is(200).int("/total"), 3);
    }
}

type Verb<T> = Box<dyn Fn(&mut crate::hall::store::Tx) -> crate::hall::error::Result<T> + Send>;

fn app_write(past: Past, venue: crate::hall::id::VenueId) -> Verb<super::history::Tally> {
    Box::new(move |tx| {
        let venue =
            identity::venue(tx, venue)?.ok_or(crate::hall::error::Error::NotFound("venue"))?;
        bring_in(tx, &venue, &past)
    })
}
