use serde_json::{Value as Json, json};

use super::{root_of, store};
use crate::both_stores;
use crate::hall::access::Role;
use crate::hall::store::plan;
use crate::hall::testing::{Said, TestApp};
use crate::params;

fn eur(amount: i64) -> Json {
    json!({"amount": amount, "currency": "EUR"})
}

fn report(guest: &str, id: &str, amount: i64) -> Json {
    json!({"system": "square", "externalId": id, "customerId": guest, "amount": eur(amount), "at": "2026-06-12T09:50:00Z"})
}

async fn told(app: &TestApp, ask: Json) -> Said {
    app.staff()
        .post(&app.dashboard("/loyalty/purchases"), ask)
        .await
}

async fn spend(app: &TestApp, guest: &str, amount: i64) -> Said {
    let item = json!({"inline": {"name": "x", "unitPrice": eur(amount)}});
    let ask = json!({"customerId": guest, "items": [item], "payments": [{"method": "CARD"}]});
    app.staff().post(&app.till("/orders"), ask).await
}

async fn balance(app: &TestApp, guest: &str) -> i64 {
    let said = app
        .staff()
        .get(&app.dashboard(&format!("/customers/{guest}/loyalty/balance")))
        .await;
    said.is(200).int("/points")
}

async fn parked(app: &TestApp) -> Vec<Json> {
    let said = app.staff().get(&app.dashboard("/loyalty/parked")).await;
    said.is(200).json["items"]
        .as_array()
        .cloned()
        .unwrap_or_default()
}

fn deciding(app: &TestApp, parked: &Json, how: &str) -> String {
    app.dashboard(&format!(
        "/loyalty/parked/{}/{how}",
        parked["id"].as_str().expect("an id")
    ))
}

both_stores! {
    async fn a_purchase_of_another_system_earns_once_however_often_it_is_told(app: TestApp) {
        app.manager().put(&app.dashboard("/loyalty/config"), json!({"pointsPerVisit": "5"})).await.is(200);
        let guest = app.customer("Noor").await.to_string();
        let first = told(&app, report(&guest, "10442", 5_000)).await;
        assert_eq!((first.is(201).text("/state"), first.int("/points")), ("EARNED".into(), 55));
        assert_eq!(first.text("/purchaseId"), "square/10442");
        let again = told(&app, report(&guest, "10442", 5_000)).await;
        assert_eq!(again.is(201).json, first.json);
        assert_eq!(balance(&app, &guest).await, 55);
        let two = futures_util::future::join_all((0..4).map(|_| told(&app, report(&guest, "10443", 2_000)))).await;
        assert!(two.iter().all(|said| said.json == two[0].json), "{:?}", two[0].json);
        assert_eq!(balance(&app, &guest).await, 75);
        let other = told(&app, report(&guest, "10442", 5_001)).await;
        other.is_problem(409, "ref_taken");
        let rows = app.staff().get(&app.dashboard(&format!("/customers/{guest}/loyalty/transactions"))).await;
        assert_eq!((rows.text("/items/0/causeKind"), rows.text("/items/0/causeId")), ("purchase".into(), "square/10443".into()));
        let spender = app.staff().get(&app.dashboard(&format!("/customers/{guest}"))).await;
        assert_eq!(spender.is(200).int("/totalVisits"), 1, "two purchases of a day are one visit");
    }

    async fn what_bears_the_reference_of_an_order_is_that_order(app: TestApp) {
        let guest = app.customer("Noor").await.to_string();
        let item = json!({"inline": {"name": "x", "unitPrice": eur(5_000)}});
        let sale = json!({"customerId": guest, "items": [item], "payments": [{"method": "CARD"}]});
        let order = app.staff().put(&app.till("/orders/by-ref/square/10442"), sale).await.is(201).text("/id");
        let said = told(&app, report(&guest, "10442", 5_000)).await;
        assert_eq!((said.is(201).text("/state"), said.text("/purchaseId")), ("LINKED".into(), order));
        assert_eq!(balance(&app, &guest).await, 50);
        assert!(parked(&app).await.is_empty());
    }

    async fn what_looks_like_a_sale_waits_until_staff_link_it(app: TestApp) {
        let guest = app.customer("Noor").await.to_string();
        let order = spend(&app, &guest, 5_000).await.is(201).text("/id");
        let said = told(&app, report(&guest, "10442", 5_000)).await;
        assert_eq!((said.is(201).text("/state"), said.int("/points")), ("PARKED".into(), 0));
        assert_eq!(told(&app, report(&guest, "10442", 5_000)).await.json, said.json);
        let waits = parked(&app).await;
        assert_eq!((waits.len(), &waits[0]["id"]), (1, &said.json["parkedId"]));
        assert_eq!((&waits[0]["source"], &waits[0]["looksLike"]), (&json!("square"), &json!(order)));
        let link = deciding(&app, &waits[0], "link");
        let linked = app.staff().post_keyed(&link, "one", json!(null)).await;
        assert_eq!((linked.is(200).text("/decision"), linked.json.get("points").cloned()), ("LINKED".into(), None));
        assert_eq!(app.staff().post_keyed(&link, "one", json!(null)).await.is(200).json, linked.json);
        app.staff().post_keyed(&link, "two", json!(null)).await.is_problem(409, "already_done");
        let part = deciding(&app, &waits[0], "part");
        app.staff().post_keyed(&part, "three", json!(null)).await.is_problem(409, "already_done");
        assert_eq!(balance(&app, &guest).await, 50);
        assert!(parked(&app).await.is_empty());
        let now = told(&app, report(&guest, "10442", 5_000)).await;
        assert_eq!((now.is(201).text("/state"), now.text("/purchaseId")), ("LINKED".into(), order.clone()));
        let root = app.write(|tx| root_of(tx, "square/10442")).await;
        assert_eq!(root, order);
    }

    async fn what_is_parted_is_of_the_day_that_it_was_told_on(app: TestApp) {
        app.advance("2026-06-13T03:30:00Z".parse::<jiff::Timestamp>().expect("an instant").duration_since(app.now()));
        let guest = app.customer("Noor").await.to_string();
        spend(&app, &guest, 5_000).await.is(201);
        let mut early = report(&guest, "10442", 5_000);
        early["at"] = json!("2026-06-13T03:20:00Z");
        assert_eq!(told(&app, early).await.is(201).text("/state"), "PARKED");
        let later = json!({"businessDayStart": "06:00"});
        app.owner().patch(&format!("/api/v1/chain/venues/{}", app.venue), later).await.is(200);
        let waits = parked(&app).await;
        app.staff().post(&deciding(&app, &waits[0], "part"), json!(null)).await.is(200);
        let days = app.write(|tx| tx.one("select count(*), max(business_day) from loyalty_days where tenant_id = $1", &[])).await;
        assert_eq!((days.get::<i64>(0).ok(), days.get::<String>(1).ok()), (Some(1), Some("2026-06-13".into())));
    }

    async fn what_staff_part_earns_on_its_own(app: TestApp) {
        let guest = app.customer("Noor").await.to_string();
        spend(&app, &guest, 5_000).await.is(201);
        told(&app, report(&guest, "10442", 5_000)).await.is(201);
        let waits = parked(&app).await;
        let part = deciding(&app, &waits[0], "part");
        app.staff().post(&part, json!(null)).await.is(200);
        assert_eq!(balance(&app, &guest).await, 100);
        let now = told(&app, report(&guest, "10442", 5_000)).await;
        assert_eq!((now.is(201).text("/state"), now.int("/points")), ("EARNED".into(), 50));
    }

    async fn a_sale_that_looks_like_what_was_told_before_waits_too(app: TestApp) {
        app.manager().post("/api/v1/chain/loyalty/promotions", json!({"name": "Welcome", "bonusPoints": 20, "maxPointsPerCustomer": 30})).await.is(201);
        let guest = app.customer("Noor").await.to_string();
        told(&app, report(&guest, "10442", 5_000)).await.is(201);
        let sale = spend(&app, &guest, 5_000).await;
        assert_eq!((sale.is(201).text("/status"), sale.int("/pointsBalance")), ("PAID".into(), 70));
        assert_eq!(sale.json.get("points"), None, "it has earned nothing yet");
        let waits = parked(&app).await;
        assert_eq!((&waits[0]["source"], &waits[0]["purchaseId"]), (&json!("order"), &sale.json["id"]));
        let parted = app.staff().post(&deciding(&app, &waits[0], "part"), json!(null)).await;
        assert_eq!(parted.is(200).int("/points"), 60, "the cap leaves ten");
        assert_eq!(balance(&app, &guest).await, 130);
    }

    async fn two_of_one_kind_never_wait_for_each_other(app: TestApp) {
        let guest = app.customer("Noor").await.to_string();
        for id in ["1", "2"] {
            assert_eq!(told(&app, report(&guest, id, 5_000)).await.is(201).text("/state"), "EARNED");
        }
        let other = app.customer("Ann").await.to_string();
        for points in [30, 60] {
            assert_eq!(spend(&app, &other, 3_000).await.is(201).int("/pointsBalance"), points);
        }
        assert!(parked(&app).await.is_empty());
    }

    async fn another_amount_customer_or_day_is_another_purchase(app: TestApp) {
        let (noor, ann) = (app.customer("Noor").await.to_string(), app.customer("Ann").await.to_string());
        spend(&app, &noor, 5_000).await.is(201);
        let mut yesterday = report(&noor, "3", 5_000);
        yesterday["at"] = json!("2026-06-12T02:30:00Z");
        for ask in [report(&noor, "1", 5_001), report(&ann, "2", 5_000), yesterday] {
            assert_eq!(told(&app, ask).await.is(201).text("/state"), "EARNED");
        }
    }

    async fn what_is_wrong_with_a_report_is_named(app: TestApp) {
        let guest = app.customer("Noor").await.to_string();
        let with = |field: &str, value: Json| {
            let mut ask = report(&guest, "1", 5_000);
            ask[field] = value;
            ask
        };
        for (ask, pointer) in [
            (with("system", json!("Square!")), "/system"),
            (with("externalId", json!(" ")), "/externalId"),
            (with("customerId", json!("cus_01kab4bqf8e1ftz0c6hqp2v9xw")), "/customerId"),
            (with("amount", json!({"amount": 5, "currency": "SEK"})), "/amount/currency"),
            (with("amount", eur(-1)), "/amount/amount"),
            (with("at", json!("2026-06-12T10:00:01Z")), "/at"),
        ] {
            let said = told(&app, ask).await;
            said.is_problem(422, "invalid");
            assert_eq!(said.text("/errors/0/pointer"), pointer);
        }
        let reader = app.key(Role::Staff, &["loyalty:read"]).await;
        reader.post(&app.dashboard("/loyalty/purchases"), report(&guest, "1", 5_000)).await.is_problem(403, "scope_missing");
        let writer = app.key(Role::Staff, &["loyalty:write"]).await;
        writer.post(&app.dashboard("/loyalty/purchases"), report(&guest, "1", 5_000)).await.is(201);
    }

    async fn what_waits_is_nobody_elses(app: TestApp) {
        let guest = app.customer("Noor").await.to_string();
        spend(&app, &guest, 5_000).await.is(201);
        told(&app, report(&guest, "10442", 5_000)).await.is(201);
        let waits = parked(&app).await;
        let other = app.other_tenant().await;
        for how in ["link", "part"] {
            other.post(&deciding(&app, &waits[0], how), json!(null)).await.is_problem(404, "not_found");
        }
        other.get(&app.dashboard("/loyalty/parked")).await.is_problem(404, "not_found");
        other.post(&app.dashboard("/loyalty/purchases"), report(&guest, "1", 1)).await.is_problem(404, "not_found");
    }

    async fn a_program_that_is_off_lets_nothing_earn_or_wait(app: TestApp) {
        app.manager().put(&app.dashboard("/loyalty/config"), json!({"active": false})).await.is(200);
        let guest = app.customer("Noor").await.to_string();
        spend(&app, &guest, 5_000).await.is(201);
        let said = told(&app, report(&guest, "10442", 5_000)).await;
        assert_eq!((said.is(201).text("/state"), said.int("/points")), ("EARNED".into(), 0));
    }

    async fn what_waits_is_found_by_index(app: TestApp) {
        let venue = app.venue;
        let plan = app.write(move |tx| plan(tx, store::PARKED, params![venue, 0, "", 50, 0])).await;
        assert!(!plan.contains("SCAN") && !plan.contains("Seq Scan"), "{plan}");
    }

    async fn a_purchase_that_earned_while_it_waits_is_found(app: TestApp) {
        let guest = app.customer("Noor").await.to_string();
        spend(&app, &guest, 5_000).await.is(201);
        told(&app, report(&guest, "10442", 5_000)).await.is(201);
        app.write(|tx| {
            tx.exec("update parked_purchases set purchase_id = looks_like where tenant_id = $1", &[])?;
            tx.exec("update reported_purchases set state = 'EARNED' where tenant_id = $1", &[])
        }).await;
        app.breaks("L27");
    }
}
