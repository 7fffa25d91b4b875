use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use super::{Gain, hold};
use crate::both_stores;
use crate::hall::error::Error;
use crate::hall::identity;
use crate::hall::testing::TestApp;
use crate::loyalty;
use crate::orders;
use crate::params;

const CHAIN: &str = "/api/v1/chain/loyalty/promotions";

fn eur(amount: i64) -> Json {
    json!({"amount": amount, "currency": "EUR"})
}

fn order(guest: &str, amount: i64, payments: &Json) -> Json {
    let item = json!({"inline": {"name": "x", "unitPrice": eur(amount)}});
    json!({"customerId": guest, "items": [item], "payments": payments})
}

async fn spend(app: &TestApp, guest: &str, amount: i64) -> Json {
    let ask = order(guest, amount, &json!([{"method": "CARD"}]));
    app.staff()
        .post(&app.till("/orders"), ask)
        .await
        .is(201)
        .json
        .clone()
}

async fn promotion(app: &TestApp, ask: Json) -> String {
    app.manager().post(CHAIN, ask).await.is(201).text("/id")
}

/// What each promotion counts, and what the purchases say.
async fn counted(app: &TestApp) -> Vec<(i64, i64)> {
    app.write(|tx| {
        let rows = tx.query(
            "select c.points, cast(sum(g.given - g.returned) as bigint) from promotion_counts c
             join promotion_gains g on g.tenant_id = c.tenant_id and g.rule_id = c.rule_id
             where c.tenant_id = $1 group by c.rule_id, c.points order by c.rule_id",
            &[],
        )?;
        rows.iter()
            .map(|row| Ok((row.get(0)?, row.get(1)?)))
            .collect()
    })
    .await
}

both_stores! {
    // Golden 2: with a 2× promotion and a 1.5 tier 194.30 earn 485, not 582.
    async fn a_promotion_and_a_tier_each_add_and_are_never_compounded(app: TestApp) {
        promotion(&app, json!({"name": "Double Friday", "multiplier": "2", "daysOfWeek": [5]})).await;
        let guest = app.customer("Noor").await.to_string();
        let open = app.staff().post(&app.till("/orders"), order(&guest, 19_430, &json!([]))).await;
        assert_eq!(open.is(201).int("/points/points"), 388);
        let (id, venue) = (open.text("/id"), app.venue);
        let undone = app.try_write(move |tx| {
            let venue = identity::venue(tx, venue)?.ok_or(Error::NotFound("venue"))?;
            let tab = orders::find_open(tx, venue.id, id.parse().map_err(Error::bug)?)?;
            let customer = tab.customer.ok_or(Error::NotFound("customer"))?;
            let mut basket = orders::basket(tx, &venue, &tab, customer)?;
            basket.tier_multiplier = Some("1.5".parse().map_err(Error::bug)?);
            let forecast = loyalty::forecast(tx, &basket)?;
            let entries = loyalty::earn(tx, &basket)?;
            let earned = loyalty::earned(tx, &basket.purchase_id, &venue)?.expect("it earned");
            assert_eq!(json!(forecast), json!(earned), "what was foretold is what came");
            assert_eq!(entries.iter().map(|entry| entry.points).sum::<i64>(), 485);
            let told: Vec<&str> = forecast.parts.iter().map(|part| part.sentence.as_str()).collect();
            assert_eq!(told, [
                "194.30 EUR at 1 point for each EUR: 194.3 points.",
                "Double Friday: 2 times the points on 194.30 EUR: 194.3 more.",
                "Tier: 1.5 times the points on 194.30 EUR: 97.15 more.",
            ]);
            assert_eq!(forecast.rounding.as_deref(), Some("Only whole points are given: 485."));
            // Nobody has paid the order, so what it would earn is not kept.
            Err::<(), Error>(Error::Stale)
        });
        assert!(matches!(undone.await, Err(Error::Stale)));
    }

    async fn a_promotion_holds_in_its_window_and_for_its_group(app: TestApp) {
        let group = app.manager().post("/api/v1/chain/customer-groups", json!({"name": "Boulists"})).await.is(201).text("/id");
        let ask = json!({"name": "Boule hour", "multiplier": "3", "customerGroupId": group, "timeFrom": "11:00", "timeUntil": "13:00",
            "validFrom": "2026-06-12", "validUntil": "2026-06-12"});
        let id = promotion(&app, ask.clone()).await;
        let guest = app.customer("Noor").await.to_string();
        assert_eq!(spend(&app, &guest, 1_000).await["pointsBalance"], 10, "not in the group");
        let assign = json!({"customerIds": [guest]});
        app.manager().post(&format!("/api/v1/chain/customer-groups/{group}/assign"), assign).await.is(200);
        assert_eq!(spend(&app, &guest, 1_000).await["pointsBalance"], 40);
        app.advance(SignedDuration::from_hours(2));
        assert_eq!(spend(&app, &guest, 1_000).await["pointsBalance"], 50, "the hour is over");
        // A group that a live promotion targets stays.
        let path = format!("/api/v1/chain/customer-groups/{group}");
        let refused = app.manager().delete(&path).await;
        refused.is_problem(409, "group_in_use");
        assert!(refused.text("/detail").contains("Boule hour"), "{}", refused.json);
        app.manager().delete(&format!("{CHAIN}/{id}")).await.is(204);
        app.manager().delete(&path).await.is(204);
    }

    async fn the_best_one_counts_or_the_stackable_ones_together(app: TestApp) {
        promotion(&app, json!({"name": "Alone", "multiplier": "1.5"})).await;
        promotion(&app, json!({"name": "One", "multiplier": "1.4", "isStackable": true})).await;
        let guest = app.customer("Noor").await.to_string();
        assert_eq!(spend(&app, &guest, 10_000).await["pointsBalance"], 150);
        promotion(&app, json!({"name": "Two", "bonusPoints": 20, "isStackable": true})).await;
        let paid = spend(&app, &guest, 10_000).await;
        assert_eq!(paid["pointsBalance"], 150 + 160);
        let told: Vec<&str> = paid["points"]["parts"].as_array().unwrap().iter().map(|part| part["sentence"].as_str().unwrap()).collect();
        assert_eq!(told, [
            "100.00 EUR at 1 point for each EUR: 100 points.",
            "One: 1.4 times the points on 100.00 EUR: 40 more.",
            "Two: 20 points on top.",
        ]);
        let rows = app.staff().get(&app.dashboard(&format!("/customers/{guest}/loyalty/transactions"))).await;
        assert_eq!((rows.text("/items/0/earnKind"), rows.int("/items/0/points")), ("BONUS".into(), 20));
    }

    async fn a_cap_is_never_exceeded_and_comes_back_with_a_reversal(app: TestApp) {
        promotion(&app, json!({"name": "Double", "multiplier": "2", "maxPointsPerCustomer": 60})).await;
        let guest = app.customer("Noor").await.to_string();
        let first = spend(&app, &guest, 5_000).await;
        assert_eq!(first["pointsBalance"], 100);
        let second = spend(&app, &guest, 5_000).await;
        assert_eq!(second["pointsBalance"], 160, "only ten were left");
        assert_eq!(second["points"]["parts"][1]["sentence"],
            "Double: 2 times the points on 50.00 EUR: 10 more. It gives a customer at most 60 points.");
        assert_eq!(spend(&app, &guest, 5_000).await["pointsBalance"], 210, "nothing is left");
        assert_eq!(counted(&app).await, [(60, 60)]);
        let refunds = app.till(&format!("/orders/{}/refunds", first["id"].as_str().expect("an id")));
        let half = json!({"amount": {"amount": 2_500, "currency": "EUR"}, "reason": "half of it was cold"});
        app.manager().post(&refunds, half.clone()).await.is(201);
        assert_eq!(counted(&app).await[0].0, 35, "half of the fifty came back, once");
        assert_eq!(spend(&app, &guest, 5_000).await["pointsBalance"], 160 + 75);
        app.manager().post(&refunds, half).await.is(201);
        assert_eq!(counted(&app).await[0].0, 35, "60 again, less the other half");
    }

    async fn two_tills_never_take_the_last_points_of_a_cap_both(app: TestApp) {
        promotion(&app, json!({"name": "Welcome", "bonusPoints": 50, "maxPointsPerCustomer": 120})).await;
        let guest = app.customer("Noor").await.to_string();
        let sales = (0..6).map(|_| spend(&app, &guest, 1_000));
        futures_util::future::join_all(sales).await;
        let balance = app.staff().get(&app.dashboard(&format!("/customers/{guest}/loyalty/balance"))).await;
        assert_eq!(balance.is(200).int("/points"), 60 + 120);
    }

    async fn a_counter_that_moved_meanwhile_asks_for_another_try(app: TestApp) {
        let id = promotion(&app, json!({"name": "Welcome", "bonusPoints": 50, "maxPointsPerCustomer": 60})).await;
        let guest = app.customer("Noor").await;
        spend(&app, &guest.to_string(), 1_000).await;
        let late = Gain { rule_id: id, points: 50, points_max: Some(60) };
        let tried = app.try_write(move |tx| match hold(tx, guest, "ord_late", std::slice::from_ref(&late)) {
            Err(Error::Again(_)) => Ok(true),
            other => other.map(|()| false),
        }).await;
        assert!(tried.expect("it is told"), "a look that is out of date is no leave");
    }

    async fn a_lower_cap_takes_nothing_back_and_gives_nothing_more(app: TestApp) {
        let id = promotion(&app, json!({"name": "Welcome", "bonusPoints": 50})).await;
        let guest = app.customer("Noor").await.to_string();
        spend(&app, &guest, 1_000).await;
        app.manager().put(&format!("{CHAIN}/{id}"), json!({"name": "Welcome", "bonusPoints": 50, "maxPointsPerCustomer": 20})).await.is(200);
        assert_eq!(spend(&app, &guest, 1_000).await["pointsBalance"], 70);
        app.manager().put(&format!("{CHAIN}/{id}"), json!({"name": "Welcome", "bonusPoints": 50, "maxPointsPerCustomer": 70})).await.is(200);
        assert_eq!(spend(&app, &guest, 1_000).await["pointsBalance"], 100, "what was given without a cap counts");
    }

    async fn a_preview_takes_nothing_of_a_cap(app: TestApp) {
        promotion(&app, json!({"name": "Welcome", "bonusPoints": 50, "maxPointsPerCustomer": 50})).await;
        let guest = app.customer("Noor").await.to_string();
        let ask = order(&guest, 1_000, &json!([{"method": "CARD"}]));
        for _ in 0..2 {
            let said = app.staff().post(&app.till("/orders/preview"), ask.clone()).await;
            assert_eq!(said.is(200).int("/pointsBalance"), 60);
        }
        assert_eq!(spend(&app, &guest, 1_000).await["pointsBalance"], 60);
    }

    async fn what_is_wrong_with_a_promotion_is_named(app: TestApp) {
        for (ask, pointer, code) in [
            (json!({"name": "x"}), "", "one_of"),
            (json!({"name": "x", "multiplier": "2", "bonusPoints": 1}), "/bonusPoints", "one_of"),
            (json!({"name": "x", "multiplier": "0.5"}), "/multiplier", "out_of_range"),
            (json!({"name": "x", "bonusPoints": 0}), "/bonusPoints", "out_of_range"),
            (json!({"name": "x", "bonusPoints": 1, "maxPointsPerCustomer": 0}), "/maxPointsPerCustomer", "out_of_range"),
            (json!({"name": "x", "bonusPoints": 1, "validFrom": "2026-06-02", "validUntil": "2026-06-01"}), "/validUntil", "out_of_range"),
            (json!({"name": "x", "bonusPoints": 1, "customerGroupId": "grp_01kab4bqf8e1ftz0c6hqp2v9xw"}), "/customerGroupId", "not_found"),
            (json!({"name": "x", "bonusPoints": 1, "targetItemIds": ["prd_01kab4bqf8e1ftz0c6hqp2v9xw"]}), "/targetItemIds/0", "not_found"),
        ] {
            let said = app.manager().post(CHAIN, ask).await;
            said.is_problem(422, "invalid");
            assert_eq!((said.text("/errors/0/pointer"), said.text("/errors/0/code")), (pointer.into(), code.into()));
        }
        let later = app.manager().post(CHAIN, json!({"name": "x", "bonusPoints": 1, "segmentId": "seg_1"})).await;
        later.is_problem(422, "method_unavailable");
        assert_eq!(later.text("/field"), "segmentId");
    }

    async fn a_promotion_is_shown_changed_and_put_away(app: TestApp) {
        let path = app.dashboard("/loyalty/promotions");
        let ask = json!({"name": "Double", "multiplier": "2", "validUntil": "2026-08-31", "daysOfWeek": [2, 5], "isStackable": true});
        let made = app.manager().post(&path, ask.clone()).await;
        let one = format!("{path}/{}", made.is(201).text("/id"));
        let shown = app.staff().get(&one).await;
        assert_eq!(shown.is(200).json, made.json);
        assert_eq!((shown.text("/validUntil"), shown.json["daysOfWeek"].clone()), ("2026-08-31".into(), json!([2, 5])));
        assert_eq!(app.staff().get(&format!("{path}?active=true")).await.is(200).int("/total"), 1);
        let stale = [("if-match", "\"v2\"")];
        app.manager().send(axum::http::Method::PUT, &one, Some(ask.clone()), &stale).await.is_problem(412, "stale");
        app.manager().put(&one, ask.clone()).await.is(200);
        app.manager().delete(&one).await.is(204);
        app.manager().put(&one, ask).await.is_problem(409, "already_done");
        app.other_tenant().await.get(&one).await.is_problem(404, "not_found");
        app.staff().get(&format!("{CHAIN}/prm_01kab4bqf8e1ftz0c6hqp2v9xw")).await.is_problem(404, "not_found");
    }

    async fn a_counter_that_the_purchases_do_not_say_is_found(app: TestApp) {
        promotion(&app, json!({"name": "Welcome", "bonusPoints": 50})).await;
        let guest = app.customer("Noor").await.to_string();
        spend(&app, &guest, 1_000).await;
        app.write(|tx| tx.exec("update promotion_counts set points = 49 where tenant_id = $1", params![])).await;
        app.breaks("L25");
    }
}
