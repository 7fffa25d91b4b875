//! Points that an open order holds, so that another order does not spend them too.
//!
//! A hold is one row for each purchase, and `customers.points_held` is their sum, moved by a statement that knows
//! how many can be spent. A hold lapses by its time, unless the order has money on it: then it has none.

use jiff::{SignedDuration, Timestamp};

use super::config::effective;
use super::store::holds::{self as store, Hold};
use super::store::lots;
use crate::customers;
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::id::CustomerId;
use crate::hall::identity::Venue;
use crate::hall::job::{Job, JobCall, Schedule};
use crate::hall::store::{Hot, Read, Tx};

/// Holds of one transaction: a sale waits no longer than for these.
const STEP: i64 = 200;
/// Steps of one run; what is left waits for the next minute.
const STEPS_MAX: usize = 500;

/// What a purchase may redeem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Redeemable {
    pub value: engine::money::PointValue,
    /// Fewer are not redeemed at once.
    pub minimum: i64,
    /// Points in lots that have not lapsed, less what other purchases hold; 0 while the program is not active.
    pub available: i64,
}

pub fn redeemable(
    read: &mut Read,
    venue: &Venue,
    customer: CustomerId,
    purchase: &str,
) -> Result<Redeemable> {
    let config = effective(read, Some(venue.id))?;
    let available = if config.active {
        available(read, customer, purchase)?
    } else {
        0
    };
    Ok(Redeemable {
        value: config.redemption_rate,
        minimum: i64::from(config.min_points_redeem),
        available,
    })
}

/// Points that a customer can spend now on what no order holds them for.
pub fn spendable(read: &mut Read, customer: CustomerId) -> Result<i64> {
    let purse = customers::purse(read, customer)?;
    let now = read.now();
    let live = lots::live(read, customer, now)?;
    Ok((live - purse.held).max(0))
}

fn available(read: &mut Read, customer: CustomerId, purchase: &str) -> Result<i64> {
    let purse = customers::purse(read, customer)?;
    let own = store::find(read, purchase)?.filter(|hold| hold.customer == customer);
    let now = read.now();
    let live = lots::live(read, customer, now)?;
    Ok((live - purse.held + own.map_or(0, |hold| hold.points)).max(0))
}

/// Sets what the purchase holds: `points` until then, or while there is money on it where `until` is none. 0 gives
/// all back.
///
/// # Errors
/// `Refused(PointsShort)` where the customer has not so many that no other purchase holds.
pub fn hold(
    tx: &mut Tx,
    customer: CustomerId,
    purchase: &str,
    points: i64,
    until: Option<Timestamp>,
) -> Result<()> {
    let held = store::find(tx, purchase)?;
    match held {
        Some(held) if held.customer != customer || points <= 0 => {
            release(tx, purchase)?;
            first_hold(tx, customer, purchase, points, until)
        }
        Some(held) => {
            cover(tx, customer, held.points, points)?;
            store::change(tx, purchase, held, points, until)
        }
        None => first_hold(tx, customer, purchase, points, until),
    }
}

/// Gives what the purchase holds a time, or another one.
pub fn hold_until(tx: &mut Tx, purchase: &str, until: Timestamp) -> Result<()> {
    store::set_until(tx, purchase, until)
}

fn first_hold(
    tx: &mut Tx,
    customer: CustomerId,
    purchase: &str,
    points: i64,
    until: Option<Timestamp>,
) -> Result<()> {
    if points <= 0 {
        return Ok(());
    }
    cover(tx, customer, 0, points)?;
    store::insert(tx, purchase, Hold { customer, points }, until)
}

/// Moves the sum of what is held, from `own` to `points` of one purchase.
fn cover(tx: &mut Tx, customer: CustomerId, own: i64, points: i64) -> Result<()> {
    let purse = customers::purse(tx, customer)?;
    let now = tx.now();
    let live = lots::live(tx, customer, now)?;
    let available = live - purse.held + own;
    if points > available.max(own.min(live)) {
        return Err(short(available.max(0)));
    }
    match points - own {
        0 => Ok(()),
        more if more > 0 => customers::hold_points(tx, customer, purse.ledger_rows, live, more),
        less => customers::release_points(tx, customer, -less),
    }
}

/// What is refused where so few can be spent.
pub(super) fn short(available: i64) -> Error {
    let detail = format!("{available} points can be spent now; take at most so many.");
    let extra = Extra::saying(detail).with("available", available);
    Error::Refused(Code::PointsShort, extra)
}

/// Gives back what the purchase holds, whoever's it is.
pub fn release(tx: &mut Tx, purchase: &str) -> Result<()> {
    match store::end(tx, purchase)? {
        Some(held) => customers::release_points(tx, held.customer, held.points),
        None => Ok(()),
    }
}

pub const LAPSE: Job = Job {
    name: "loyalty.release",
    about: "Gives back the points that open orders hold longer than they may.",
    schedule: Schedule::Every(SignedDuration::from_mins(1)),
    run: |call| Box::pin(lapse(call)),
};

async fn lapse(call: JobCall) -> Result<String> {
    let mut lapsed = 0;
    for _ in 0..STEPS_MAX {
        let due = call
            .read(|read| {
                let now = read.now();
                store::lapsed(read, now, STEP)
            })
            .await?;
        if due.is_empty() {
            break;
        }
        let tenant = call.tenant.id;
        let hot = due
            .iter()
            .map(|(_, customer)| Hot::of(tenant, "customer", &customer.to_string()));
        let hot: Vec<Hot> = hot.collect();
        let step = call.write(hot, move |tx| {
            let (now, mut given) = (tx.now(), 0);
            for (purchase, _) in &due {
                // The order may have been paid meanwhile, or hold anew.
                if let Some(held) = store::end_lapsed(tx, purchase, now)? {
                    customers::release_points(tx, held.customer, held.points)?;
                    given += 1;
                }
            }
            Ok(given)
        });
        lapsed += step.await?;
        call.progress(format!("{lapsed} so far"));
    }
    Ok(format!("gave the points of {lapsed} orders back"))
}
