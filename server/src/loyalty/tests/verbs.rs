use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::give_all_back;
use crate::both_stores;
use crate::customers::{self, Purse};
use crate::hall::error::{Code, Error, Result};
use crate::hall::id::{CustomerId, RefundId};
use crate::hall::identity;
use crate::hall::store::{Read, Tx, plan};
use crate::hall::testing::TestApp;
use crate::loyalty::ledger::{Credit, EarnKind, credit};
use crate::loyalty::store::{self, holds};
use crate::loyalty::{
    Entry, Grant, Opening, Redeem, Spend, TakeBack, balance, bring, grant, hold, redeem,
    redeemable, spend, take_back,
};
use crate::params;

/// What the tests of this room earn: points of an order, that end after so many days.
pub fn earn(
    app: &TestApp,
    customer: CustomerId,
    purchase: &str,
    points: i64,
    days: Option<i64>,
) -> impl Fn(&mut Tx) -> Result<Entry> + Send + 'static {
    earn_kind(app, customer, (purchase, EarnKind::Spend), points, days)
}

/// As [`earn`], of a kind.
pub fn earn_kind(
    app: &TestApp,
    customer: CustomerId,
    (purchase, earn_kind): (&str, EarnKind),
    points: i64,
    days: Option<i64>,
) -> impl Fn(&mut Tx) -> Result<Entry> + Send + 'static {
    let (venue, purchase) = (app.venue, purchase.to_owned());
    move |tx| {
        let at = tx.now();
        let ask = Credit {
            customer,
            venue,
            earn_kind,
            points,
            cause_kind: "test",
            cause_id: purchase.clone(),
            purchase_id: purchase.clone(),
            policy: json!({}),
            at,
            expires_at: days.map(|days| at + SignedDuration::from_hours(24 * days)),
        };
        credit(tx, &ask)
    }
}

pub fn redemption(
    app: &TestApp,
    customer: CustomerId,
    purchase: &str,
    points: i64,
    at: Timestamp,
) -> Redeem {
    Redeem {
        customer,
        venue: app.venue,
        purchase: purchase.into(),
        points,
        policy: json!({}),
        at,
    }
}

pub fn refund(
    app: &TestApp,
    customer: CustomerId,
    purchase: &str,
    points: i64,
    restored: i64,
) -> TakeBack {
    TakeBack {
        customer,
        venue: app.venue,
        purchase: purchase.into(),
        cause_kind: "refund",
        cause_id: app.hall.entropy.id::<RefundId>(app.now()).to_string(),
        spend: points,
        bonus: 0,
        visit: false,
        restored,
        at: app.now(),
    }
}

fn is_short<T: std::fmt::Debug>(refused: &Result<T>) {
    assert!(
        matches!(refused, Err(Error::Refused(Code::PointsShort, _))),
        "{refused:?}"
    );
}

fn purse(read: &mut Read, customer: CustomerId) -> (i64, i64, i64) {
    let Purse {
        balance,
        debt,
        held,
        ..
    } = customers::purse(read, customer).expect("a customer");
    (balance, debt, held)
}

both_stores! {
    async fn what_ends_soonest_is_spent_first_and_goes_back_where_it_came_from(app: TestApp) {
        let ann = app.customer("Ann").await;
        app.write(earn(&app, ann, "ord_1", 50, None)).await;
        app.write(earn(&app, ann, "ord_2", 50, Some(20))).await;
        app.write(earn(&app, ann, "ord_3", 50, Some(10))).await;
        let spent = redemption(&app, ann, "ord_4", 70, app.now());
        let lots = move |read: &mut Read| -> Vec<i64> {
            balance(read, None, ann).expect("there").lots.iter().map(|lot| lot.open).collect()
        };
        let row = app.write(move |tx| redeem(tx, &spent)).await;
        assert_eq!((row.points, row.balance_after), (-70, 80));
        assert_eq!(app.write(move |tx| Ok(lots(tx))).await, [30, 50]);
        let back = refund(&app, ann, "ord_4", 0, 30);
        let rows = app.write(move |tx| take_back(tx, &back)).await.entries;
        assert_eq!((rows.len(), rows[0].points, rows[0].reverses), (1, 30, Some(row.seq)));
        assert_eq!(app.write(move |tx| Ok(lots(tx))).await, [10, 50, 50]);
        let rest = refund(&app, ann, "ord_4", 0, 1_000);
        let rows = app.write(move |tx| take_back(tx, &rest)).await.entries;
        assert_eq!((rows.len(), rows[0].points), (1, 40), "no more goes back than was taken");
        assert_eq!(app.write(move |tx| Ok(lots(tx))).await, [50, 50, 50]);
    }

    async fn what_was_spent_before_its_refund_is_owed_and_paid_by_what_comes_in(app: TestApp) {
        let ann = app.customer("Ann").await;
        app.write(earn(&app, ann, "ord_1", 100, None)).await;
        app.write(earn(&app, ann, "ord_2", 30, None)).await;
        let spent = redemption(&app, ann, "ord_3", 100, app.now());
        app.write(move |tx| redeem(tx, &spent)).await;
        let back = refund(&app, ann, "ord_1", 100, 0);
        app.write(move |tx| {
            let rows = take_back(tx, &back)?.entries;
            assert_eq!((rows.len(), rows[0].points, rows[0].balance_after), (1, -100, -70));
            assert_eq!(purse(tx, ann), (-70, 70, 0));
            Ok(())
        }).await;
        let again = refund(&app, ann, "ord_1", 100, 0);
        assert!(app.write(move |tx| take_back(tx, &again)).await.entries.is_empty(), "all of it went back already");
        app.write(earn(&app, ann, "ord_4", 20, None)).await;
        app.write(earn(&app, ann, "ord_5", 80, None)).await;
        assert_eq!(app.write(move |tx| Ok(purse(tx, ann))).await, (30, 0, 0));
    }

    async fn a_refund_takes_back_once(app: TestApp) {
        let ann = app.customer("Ann").await;
        app.write(earn(&app, ann, "ord_1", 100, None)).await;
        let back = refund(&app, ann, "ord_1", 40, 0);
        let again = back.clone();
        app.write(move |tx| take_back(tx, &back)).await;
        let refused = app.try_write(move |tx| take_back(tx, &again)).await;
        assert!(matches!(refused, Err(Error::Conflict(Code::AlreadyDone, _))), "{refused:?}");
        let rest = refund(&app, ann, "ord_1", 80, 0);
        let rows = app.write(move |tx| take_back(tx, &rest)).await.entries;
        assert_eq!(rows[0].points, -60, "L27: together at most what the row earned");
    }

    async fn a_restored_lot_that_lapsed_lives_for_the_grace(app: TestApp) {
        app.manager().put(&app.dashboard("/loyalty/config"), json!({"restoreGraceDays": 5})).await.is(200);
        let ann = app.customer("Ann").await;
        app.write(earn(&app, ann, "ord_1", 100, Some(10))).await;
        let spent = redemption(&app, ann, "ord_2", 60, app.now());
        app.write(move |tx| redeem(tx, &spent)).await;
        app.advance(SignedDuration::from_hours(24 * 11));
        let late = redemption(&app, ann, "ord_3", 40, app.now());
        is_short(&app.try_write(move |tx| redeem(tx, &late)).await);
        let back = refund(&app, ann, "ord_2", 0, 60);
        app.write(move |tx| take_back(tx, &back)).await;
        let ends = app.now() + SignedDuration::from_hours(24 * 5);
        let left = app.write(move |tx| balance(tx, None, ann)).await;
        assert_eq!((left.lots.len(), left.lots[0].expires_at), (1, Some(ends)));
    }

    async fn two_orders_do_not_hold_the_same_points(app: TestApp) {
        let ann = app.customer("Ann").await;
        app.write(earn(&app, ann, "ord_0", 100, None)).await;
        let (venue, until) = (app.venue, app.now() + SignedDuration::from_hours(4));
        let spent = redemption(&app, ann, "ord_1", 50, app.now());
        app.write(move |tx| {
            hold(tx, ann, "ord_1", 60, Some(until))?;
            is_short(&hold(tx, ann, "ord_2", 50, Some(until)));
            hold(tx, ann, "ord_2", 40, Some(until))?;
            hold(tx, ann, "ord_1", 50, Some(until))?;
            hold(tx, ann, "ord_2", 50, Some(until))?;
            assert_eq!(purse(tx, ann), (100, 0, 100));
            let venue = identity::venue(tx, venue)?.expect("the venue is there");
            assert_eq!(redeemable(tx, &venue, ann, "ord_1")?.available, 50);
            assert_eq!(redeemable(tx, &venue, ann, "ord_3")?.available, 0);
            let reward = Spend {
                customer: ann, venue: None, points: 1, cause_kind: "test", cause_id: "rwd_1".into(), policy: json!({}),
            };
            is_short(&spend(tx, &reward));
            redeem(tx, &spent)?;
            assert_eq!(purse(tx, ann), (50, 0, 50));
            hold(tx, ann, "ord_2", 0, None)?;
            spend(tx, &reward)?;
            assert_eq!(purse(tx, ann), (49, 0, 0));
            Ok(())
        }).await;
    }

    async fn a_hold_lapses_unless_money_is_on_the_order(app: TestApp) {
        let (ann, until) = (app.customer("Ann").await, app.now() + SignedDuration::from_hours(4));
        app.write(earn(&app, ann, "ord_0", 100, None)).await;
        app.write(move |tx| {
            hold(tx, ann, "ord_1", 60, Some(until))?;
            hold(tx, ann, "ord_2", 40, Some(until))?;
            hold(tx, ann, "ord_2", 40, None)
        }).await;
        app.advance(SignedDuration::from_hours(5));
        crate::jobs::run_due(&app.hall, None).await.unwrap();
        assert_eq!(app.write(move |tx| Ok(purse(tx, ann))).await, (100, 0, 40));
        give_all_back(&app).await;
    }

    async fn what_has_lapsed_leaves_the_balance_in_one_row(app: TestApp) {
        let (ann, bo) = (app.customer("Ann").await, app.customer("Bo").await);
        app.write(earn(&app, ann, "ord_1", 50, Some(10))).await;
        app.write(earn(&app, ann, "ord_2", 30, Some(9))).await;
        app.write(earn(&app, ann, "ord_3", 5, None)).await;
        app.write(earn(&app, bo, "ord_4", 7, Some(10))).await;
        app.advance(SignedDuration::from_hours(24 * 10));
        let read = app.write(move |tx| balance(tx, None, ann)).await;
        assert_eq!((read.points, read.available, read.next_to_expire.is_none()), (85, 5, true));
        for _ in 0..2 {
            crate::jobs::run_due(&app.hall, None).await.unwrap();
            app.advance(SignedDuration::from_hours(1));
        }
        assert_eq!(app.write(move |tx| Ok((purse(tx, ann), purse(tx, bo)))).await, ((5, 0, 0), (0, 0, 0)));
        let rows = app.staff().get(&app.dashboard(&format!("/customers/{ann}/loyalty/transactions"))).await;
        assert_eq!((rows.is(200).text("/items/0/kind"), rows.int("/items/0/points")), ("EXPIRE".into(), -80));
        assert_eq!((rows.int("/items/0/seq"), rows.int("/items/0/balanceAfter")), (4, 5));
        let back = refund(&app, ann, "ord_1", 50, 0);
        let taken = app.write(move |tx| take_back(tx, &back)).await;
        assert!(taken.entries.is_empty(), "L27: what expired is not taken back");
        assert_eq!(taken.unearned, 50, "though the guest has earned it no more");
    }

    async fn what_is_due_is_found_by_index(app: TestApp) {
        let plans = app.write(|tx| {
            let now = tx.now();
            plan(tx, holds::LAPSED, params![now, 10])
        }).await;
        assert!(!plans.contains("SCAN") && !plans.contains("Seq Scan"), "{plans}");
        let ann = app.customer("Ann").await;
        let newest = app.write(move |tx| plan(tx, store::NEWEST, params![ann, i64::MAX, 10, 0])).await;
        assert!(!newest.contains("SCAN") && !newest.contains("TEMP B-TREE") && !newest.contains("Seq Scan"), "{newest}");
    }

    async fn a_manager_gives_and_takes_points_and_says_why(app: TestApp) {
        let ann = app.customer("Ann").await;
        app.manager().put(&app.dashboard("/loyalty/config"), json!({"pointsExpireDays": 30})).await.is(200);
        let path = app.dashboard(&format!("/customers/{ann}/loyalty/adjust"));
        let given = app.manager().post(&path, json!({"points": 50, "reason": "The till was down"})).await;
        assert_eq!((given.is(201).text("/kind"), given.text("/policy/reason")), ("ADJUST".into(), "The till was down".into()));
        let shown = app.staff().get(&app.dashboard(&format!("/customers/{ann}/loyalty/balance"))).await;
        assert_eq!((shown.int("/available"), shown.int("/nextToExpire/points")), (50, 50));
        let until = app.now() + SignedDuration::from_hours(1);
        app.write(move |tx| hold(tx, ann, "ord_1", 20, Some(until))).await;
        let refused = app.manager().post(&path, json!({"points": -31, "reason": "Too many"})).await;
        assert_eq!(refused.is_problem(422, "points_short").int("/available"), 30);
        app.manager().post(&path, json!({"points": -30, "reason": "Too many"})).await.is(201);
        assert_eq!(app.write(move |tx| Ok(purse(tx, ann))).await, (20, 0, 20));
        app.staff().post(&path, json!({"points": 1, "reason": "x"})).await.is_problem(403, "forbidden");
        for wrong in [json!({"points": 0, "reason": "x"}), json!({"points": 1, "reason": " "}), json!({"points": 10_000_001, "reason": "x"})] {
            app.manager().post(&path, wrong).await.is_problem(422, "invalid");
        }
        let other = app.other_tenant().await;
        other.post(&path, json!({"points": 1, "reason": "x"})).await.is_problem(404, "not_found");
        give_all_back(&app).await;
    }

    async fn a_balance_is_brought_once_and_a_bonus_granted_once(app: TestApp) {
        let (ann, at) = (app.customer("Ann").await, app.now());
        let opening = Opening {
            customer: ann, points: 500, cause_id: "old_program".into(), policy: json!({}), at, expires_at: None,
        };
        let again = opening.clone();
        app.write(move |tx| bring(tx, &opening)).await;
        let refused = app.try_write(move |tx| bring(tx, &again)).await;
        assert!(matches!(refused, Err(Error::Conflict(Code::AlreadyDone, _))), "{refused:?}");
        let bonus = Grant {
            customer: ann, venue: None, points: 20, cause_kind: "gift", cause_id: "gift_1".into(),
            purchase_id: "gift_1".into(), policy: json!({}),
        };
        let again = bonus.clone();
        app.write(move |tx| grant(tx, &bonus)).await;
        let refused = app.try_write(move |tx| grant(tx, &again)).await;
        assert!(matches!(refused, Err(Error::Violation(..))), "{refused:?}");
        assert_eq!(app.write(move |tx| Ok(purse(tx, ann))).await, (520, 0, 0));
    }
}
