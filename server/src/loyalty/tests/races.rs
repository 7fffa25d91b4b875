//! Many at once on the same customers: nothing is spent twice, and the laws hold when it is over.

use futures_util::future::join_all;
use jiff::SignedDuration;
use serde_json::json;

use super::model::Dice;
use super::verbs::earn;
use crate::customers;
use crate::hall::error::{Code, Error, Result};
use crate::hall::id::{CustomerId, RefundId};
use crate::hall::store::{Settings, Tx};
use crate::hall::testing::{Store, TestApp};
use crate::loyalty::adjust::{Adjust, adjust};
use crate::loyalty::expiry::expire;
use crate::loyalty::{Redeem, TakeBack, hold, redeem, take_back};

const CUSTOMERS: usize = 50;
const TILLS: u64 = 8;
const STEPS: u64 = 25;

/// What came of it; who is refused for want of points, or gives up where all want the same, has moved nothing.
async fn tried(app: &TestApp, verb: impl Fn(&mut Tx) -> Result<i64> + Send + 'static) -> i64 {
    match app.try_write(verb).await {
        Ok(points) => points,
        Err(Error::Refused(Code::PointsShort, _) | Error::Busy(_) | Error::Again(_)) => 0,
        Err(other) => panic!("{other}"),
    }
}

/// One of the tills; answers by how much it moved each balance.
async fn till(app: &TestApp, customers: &[CustomerId], number: u64) -> Vec<i64> {
    let (mut dice, mut moved) = (Dice(number), vec![0; customers.len()]);
    for step in 0..STEPS {
        let which = usize::try_from(dice.below(customers.len() as u64)).expect("small");
        let (customer, venue, now) = (customers[which], app.venue, app.now());
        let purchase = format!("ord_{number}_{step}");
        let points = 1 + i64::try_from(dice.below(60)).expect("small");
        moved[which] += match dice.below(6) {
            0 => {
                let earn = earn(app, customer, &purchase, points, Some(3));
                tried(app, move |tx| earn(tx).map(|row| row.points)).await
            }
            1 | 2 => {
                let held = purchase.clone();
                tried(app, move |tx| {
                    hold(tx, customer, &held, points, None).map(|()| 0)
                })
                .await;
                let policy = json!({});
                let ask = Redeem {
                    customer,
                    venue,
                    purchase,
                    points,
                    policy,
                    at: now,
                };
                tried(app, move |tx| redeem(tx, &ask).map(|row| row.points)).await
            }
            3 => {
                let ask = Adjust {
                    points: -points,
                    reason: "by hand".into(),
                };
                tried(app, move |tx| {
                    adjust(tx, venue, customer, &ask).map(|row| row.points)
                })
                .await
            }
            4 => {
                let rows = move |tx: &mut Tx| expire(tx, &[customer]);
                tried(app, move |tx| {
                    Ok(rows(tx)?.iter().map(|row| row.points).sum())
                })
                .await
            }
            _ => {
                let refund: RefundId = app.hall.entropy.id(now);
                let ask = TakeBack {
                    customer,
                    venue,
                    purchase: format!("first_{customer}"),
                    cause_kind: "refund",
                    cause_id: refund.to_string(),
                    spend: points,
                    bonus: 0,
                    visit: false,
                    restored: 0,
                    at: now,
                };
                tried(app, move |tx| {
                    // What has lapsed goes first in any case.
                    let mut rows = expire(tx, &[customer])?;
                    rows.extend(take_back(tx, &ask)?.entries);
                    Ok(rows.iter().map(|row| row.points).sum())
                })
                .await
            }
        };
    }
    moved
}

async fn race(app: &TestApp) {
    let customers = join_all((0..CUSTOMERS).map(|_| app.customer("Ann"))).await;
    for customer in &customers {
        app.write(earn(app, *customer, &format!("first_{customer}"), 60, None))
            .await;
        app.write(earn(
            app,
            *customer,
            &format!("second_{customer}"),
            40,
            Some(1),
        ))
        .await;
    }
    app.advance(SignedDuration::from_hours(25));
    // Six in the first round, so that the tills meet at the same customers again and again.
    for few in [&customers[..6], &customers[..]] {
        let before = balances(app, few).await;
        let tills =
            join_all((0..TILLS).map(|number| till(app, few, number + TILLS * few.len() as u64)));
        let moved = tills.await;
        let after = balances(app, few).await;
        for (place, (was, is)) in before.iter().zip(after).enumerate() {
            let by_tills: i64 = moved.iter().map(|till| till[place]).sum();
            assert_eq!(was + by_tills, is, "what was answered is what was done");
        }
    }
}

async fn balances(app: &TestApp, customers: &[CustomerId]) -> Vec<i64> {
    let customers = customers.to_vec();
    app.write(move |tx| {
        let each = customers
            .iter()
            .map(|one| Ok(customers::purse(tx, *one)?.balance));
        each.collect::<Result<Vec<i64>>>()
    })
    .await
}

/// Two tills, one customer with 100 points, and each order wants 70 of them.
async fn last_points(app: &TestApp) {
    for round in 0..10 {
        let customer = app.customer("Bo").await;
        app.write(earn(app, customer, &format!("sale_{round}"), 100, None))
            .await;
        let (venue, at) = (app.venue, app.now());
        let order = |till: i32| {
            let ask = Redeem {
                customer,
                venue,
                purchase: format!("last_{round}_{till}"),
                points: 70,
                policy: json!({}),
                at,
            };
            app.try_write(move |tx| redeem(tx, &ask))
        };
        let said = join_all((0..2).map(order)).await;
        assert_eq!(said.iter().filter(|one| one.is_ok()).count(), 1, "{said:?}");
        assert_eq!(balances(app, &[customer]).await, [30]);
    }
    super::give_all_back(app).await;
}

#[tokio::test]
async fn tills_race_on_sqlite() {
    let app = TestApp::new(Store::Sqlite).await;
    race(&app).await;
    last_points(&app).await;
}

#[tokio::test]
async fn tills_race_on_postgres() {
    let app = TestApp::new(Store::Postgres).await;
    race(&app).await;
    last_points(&app).await;
}

#[tokio::test]
async fn tills_race_at_read_committed() {
    let weaker = |settings| Settings {
        read_committed: true,
        ..settings
    };
    let app = TestApp::with(Store::Postgres, weaker).await;
    race(&app).await;
    last_points(&app).await;
}
