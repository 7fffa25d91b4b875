//! L29: after a sale and its full refund everything is as it was.

use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use crate::both_stores;
use crate::hall::id::CustomerId;
use crate::hall::store::Tx;
use crate::hall::testing::{Said, TestApp};
use crate::loyalty::tests::model::Dice;
use crate::params;
use crate::platform::sessions::{self, Whose};

/// Histories of the run, each with a sale and its refund at the end.
const SEEDS: u64 = 30;
const ACTS_MAX: u64 = 7;

/// What a full refund restores, each a line in words. Rows that count nothing are as good as none.
const KEPT: &[&str] = &[
    "select 'guest has ' || loyalty_points || ', owes ' || points_debt || ', holds ' || points_held || ', came '
       || total_visits || ' times from ' || coalesce(first_visit_at, 0) || ' to ' || coalesce(last_visit_at, 0)
       || ', paid ' || paid_orders || ' orders and ' || total_spent || ', wears ' || coalesce(tier, 'nothing')
     from customers where tenant_id = $1 and customer_id = $2",
    "select 'at the venue: ' || total_visits || ' visits, ' || paid_orders || ' orders, ' || total_spent
     from customer_venues where tenant_id = $1 and customer_id = $2 and (total_visits > 0 or paid_orders > 0)",
    "select 'lot ' || lot_id || ' of ' || open || ' until ' || coalesce(expires_at, 0)
     from points_lots where tenant_id = $1 and customer_id = $2 and open > 0 order by lot_id",
    "select 'day ' || business_day || ': ' || visits || ', ' || points || ', ' || spend
     from loyalty_days where tenant_id = $1 and customer_id = $2 and (visits <> 0 or points <> 0 or spend <> 0)
     order by business_day",
    "select 'stands at ' || rank from customer_tiers where tenant_id = $1 and customer_id = $2 and rank > 0",
    "select 'run of ' || streak_id || ': ' || periods || ' up to ' || last_start
     from streak_runs where tenant_id = $1 and customer_id = $2 order by streak_id",
    "select 'streak ' || streak_id || ' counts ' || period_start || ' as ' || periods
     from streak_visits where tenant_id = $1 and customer_id = $2 order by streak_id, period_start, business_day",
    "select 'streak ' || streak_id || ' gave for ' || period_start
     from streak_awards where tenant_id = $1 and customer_id = $2 and taken_back_at is null
     order by streak_id, period_start",
    "select 'voucher ' || voucher_id from vouchers
     where tenant_id = $1 and customer_id = $2 and cancelled_at is null order by voucher_id",
    // A voucher that is taken back uses its own code up.
    "select 'use of ' || subject_id || ' by ' || customer_id || ': ' || uses from use_counts
     where tenant_id = $1 and customer_id in ('', $2) and uses > 0
       and subject_id not in (select coupon_id from vouchers where tenant_id = $1 and cancelled_at is not null)
     order by subject_id, customer_id",
    "select 'promotion ' || rule_id || ' gave ' || points from promotion_counts
     where tenant_id = $1 and customer_id = $2 and points > 0 order by rule_id",
    "select 'board ' || period || ' of ' || starts_on || ': ' || points from leaderboard_points
     where tenant_id = $1 and customer_id = $2 and points <> 0 order by period, starts_on",
];

async fn kept(app: &TestApp, guest: CustomerId) -> Vec<String> {
    let all = app.write(move |tx: &mut Tx| {
        let mut lines = Vec::new();
        for sql in KEPT {
            for row in tx.query(sql, params![guest])? {
                lines.push(row.get::<String>(0)?);
            }
        }
        Ok(lines)
    });
    all.await
}

fn eur(amount: i64) -> Json {
    json!({"amount": amount, "currency": "EUR"})
}

/// Points for spend and visits, a promotion with a cap, two tiers, two streaks, a code, rewards.
async fn program(app: &TestApp) {
    let manager = app.manager();
    let config = json!({"pointsPerVisit": "3", "pointsExpireDays": 365, "minPointsRedeem": 5, "redeemWithDebt": true});
    manager
        .put("/api/v1/chain/loyalty/config", config)
        .await
        .is(200);
    let promotion = json!({"name": "Ten more", "bonusPoints": 10, "maxPointsPerCustomer": 25});
    manager
        .post("/api/v1/chain/loyalty/promotions", promotion)
        .await
        .is(201);
    let reward =
        json!({"name": "Five off", "pointsCost": 400, "kind": "AMOUNT_OFF", "value": eur(500)});
    let reward = manager.post("/api/v1/chain/loyalty/rewards", reward).await;
    let reward = reward.is(201).text("/id");
    let ladder = json!({"windowDays": 365, "tiers": [
        {"name": "REGULAR"},
        {"name": "SILVER", "visits": 2, "benefits": {"multiplier": "1.5", "rewardId": reward}},
        {"name": "GOLD", "points": 150, "benefits": {"multiplier": "2", "discountPercent": "10"}},
    ]});
    manager
        .put("/api/v1/chain/loyalty/tiers", ladder)
        .await
        .is(200);
    for streak in [
        json!({"name": "Days", "period": "DAY", "length": 2, "bonusPoints": 7, "graceDays": 1}),
        json!({"name": "Weeks", "period": "WEEK", "length": 2, "rewardId": reward}),
    ] {
        manager
            .post("/api/v1/chain/loyalty/streaks", streak)
            .await
            .is(201);
    }
    let tenth = json!({"name": "Tenth", "type": "PERCENTAGE", "percent": "10", "scope": "ORDER", "isStackable": true});
    let tenth = manager.post(&app.dashboard("/discounts"), tenth).await;
    let code = json!({"code": "TENTH", "discountId": tenth.is(201).text("/id"), "maxUses": 1_000});
    manager.post(&app.dashboard("/coupons"), code).await.is(201);
}

/// Noor, who is on the leaderboards.
async fn noor(app: &TestApp, number: u64) -> CustomerId {
    let guest = app.customer("Noor").await;
    let begun = app
        .write(move |tx| sessions::begin(tx, Whose::Customer(guest)))
        .await;
    let herself = app.bearer(begun.token.expose());
    let alias = json!({"alias": format!("Noor {number}")});
    herself
        .put("/api/v1/me/loyalty/leaderboard", alias)
        .await
        .is(200);
    guest
}

/// A paid order, with the code and as many of the points as there are, where that is asked.
async fn sell(app: &TestApp, guest: CustomerId, amount: i64, coded: bool, points: i64) -> String {
    let codes: &[&str] = if coded { &["TENTH"] } else { &[] };
    let item = json!({"inline": {"name": "Dinner", "unitPrice": eur(amount)}});
    let ask = json!({"customerId": guest, "items": [item], "couponCodes": codes});
    let opened = app.staff().post(&app.till("/orders"), ask).await;
    let path = app.till(&format!("/orders/{}", opened.is(201).text("/id")));
    if points > 0 {
        let taken = app
            .staff()
            .post(
                &format!("{path}/discounts/points"),
                json!({"points": points}),
            )
            .await;
        if taken.status.as_u16() != 201 {
            taken.is_problem(422, "points_short");
        }
    }
    let paid = app
        .staff()
        .post(&format!("{path}/payments"), json!({"method": "CARD"}))
        .await;
    paid.is(201);
    path
}

/// So much of it, or all that remains.
async fn refund(app: &TestApp, order: &str, amount: Option<i64>) -> Said {
    let amount = amount.map(eur);
    let ask = json!({"reason": "cold", "amount": amount});
    app.manager().post(&format!("{order}/refunds"), ask).await
}

/// What may have come before: sales, refunds, points by hand, and hours that go by.
async fn act(app: &TestApp, guest: CustomerId, dice: &mut Dice, sold: &mut Vec<String>) -> String {
    let amount = 500 + i64::try_from(dice.below(8_000)).expect("small");
    match dice.below(6) {
        0..=2 => {
            let (coded, points) = (
                dice.below(2) == 0,
                [0, 0, 20, 60][usize::try_from(dice.below(4)).expect("small")],
            );
            sold.push(sell(app, guest, amount, coded, points).await);
            format!("sale of {amount}, coded {coded}, points {points}")
        }
        3 if !sold.is_empty() => {
            let which = usize::try_from(dice.below(sold.len() as u64)).expect("small");
            let part = (dice.below(2) == 0).then_some(200);
            let said = refund(app, &sold[which], part).await;
            format!("refund of sale {which}, {part:?}: {}", said.status)
        }
        4 => {
            let points = if dice.below(3) == 0 { -5 } else { 40 };
            let path = app.dashboard(&format!("/customers/{guest}/loyalty/adjust"));
            let said = app
                .manager()
                .post(&path, json!({"points": points, "reason": "by hand"}))
                .await;
            format!("{points} by hand: {}", said.status)
        }
        _ => {
            let hours = 1 + i64::try_from(dice.below(60)).expect("small");
            app.advance(SignedDuration::from_hours(hours));
            format!("{hours} hours on")
        }
    }
}

both_stores! {
    async fn a_sale_of_everything_and_its_refund_leave_all_as_it_was(app: TestApp) {
        program(&app).await;
        let guest = noor(&app, 0).await;
        let by_hand = app.dashboard(&format!("/customers/{guest}/loyalty/adjust"));
        app.manager().post(&by_hand, json!({"points": 50, "reason": "a gift"})).await.is(201);
        sell(&app, guest, 5_000, true, 0).await;
        app.advance(SignedDuration::from_hours(24));
        let before = kept(&app, guest).await;
        assert!(before.len() > 12, "{before:#?}");
        for parts in [&[][..], &[1], &[999, 1], &[3_333, 3_333]] {
            let order = sell(&app, guest, 12_000, true, 60).await;
            let after = kept(&app, guest).await;
            let all = after.join("\n");
            for wanted in ["wears GOLD", "voucher ", "gave for ", "as 2", ": 2\n"] {
                assert!(all.contains(wanted), "{wanted}: {after:#?}");
            }
            for part in parts {
                refund(&app, &order, Some(*part)).await.is(201);
            }
            refund(&app, &order, None).await.is(201);
            assert_eq!(kept(&app, guest).await, before, "{parts:?}");
        }
    }

    async fn whatever_came_before_a_sale_and_its_refund_leave_all_as_it_was(app: TestApp) {
        program(&app).await;
        for seed in 0..SEEDS {
            let (guest, mut dice) = (noor(&app, seed + 1).await, Dice(seed));
            let (mut sold, mut story) = (Vec::new(), Vec::new());
            for _ in 0..dice.below(ACTS_MAX) {
                story.push(act(&app, guest, &mut dice, &mut sold).await);
            }
            let before = kept(&app, guest).await;
            let order = sell(&app, guest, 9_000, dice.below(2) == 0, [0, 30][usize::from(dice.below(2) == 0)]).await;
            for _ in 0..dice.below(3) {
                let part = 1 + i64::try_from(dice.below(3_000)).expect("small");
                refund(&app, &order, Some(part)).await.is(201);
            }
            refund(&app, &order, None).await.is(201);
            assert_eq!(kept(&app, guest).await, before, "seed {seed}: {story:#?}");
        }
    }

    async fn the_last_refund_of_a_day_takes_the_points_of_the_visit(app: TestApp) {
        app.manager().put("/api/v1/chain/loyalty/config", json!({"pointsPerVisit": "10"})).await.is(200);
        for first in [0, 1] {
            let guest = app.customer("Noor").await;
            let points = async || kept(&app, guest).await[0].split(',').next().map(str::to_owned);
            let orders = [sell(&app, guest, 500, false, 0).await, sell(&app, guest, 700, false, 0).await];
            assert_eq!(points().await.as_deref(), Some("guest has 22"));
            refund(&app, &orders[first], None).await.is(201);
            assert_eq!(points().await.as_deref(), Some(["guest has 17", "guest has 15"][first]), "it is a visit still");
            refund(&app, &orders[1 - first], None).await.is(201);
            assert_eq!(points().await.as_deref(), Some("guest has 0"));
        }
    }
}
