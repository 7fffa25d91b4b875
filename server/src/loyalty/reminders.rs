//! The owner of points is told before they end: 30 days and 7 days before, once each.
//!
//! A lot says which of its reminders comes next, and is marked in the transaction that writes the message: so the
//! job may be cut off anywhere and run again. All that a customer's points of one day need is one message, so days
//! count here as the first venue's calendar has them, and a step takes whole customers. What comes too late is told
//! by the later reminder alone. A reminder is a service message: it goes to whoever has an address, the email before
//! the phone, and asks for no consent to marketing. Who has none is told nothing.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::sentence;
use super::store::reminders::{self as store, Ending, Window};
use crate::customers;
use crate::hall::error::{Error, Result};
use crate::hall::id::CustomerId;
use crate::hall::identity;
use crate::hall::job::{Job, JobCall, Schedule};
use crate::hall::store::{Hot, Tx};
use crate::hall::text::language_or_english;
use crate::platform::venues;

const EARLY_DAYS: i64 = 30;
const LATE_DAYS: i64 = 7;
/// Lots looked at for one transaction: a sale waits no longer than for their owners.
const STEP: i64 = 200;
/// Steps of one run; what is left waits for the next morning.
const STEPS_MAX: usize = 10_000;

/// In the morning, because people read it.
pub const REMIND: Job = Job {
    name: "loyalty.remind",
    about: "Tells guests 30 and 7 days before which of their points end.",
    schedule: Schedule::Cron("0 10 * * *"),
    run: |call| Box::pin(remind_all(call)),
};

/// What fills the message.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PointsEnding<'a> {
    to: &'a str,
    channel: &'static str,
    customer_id: CustomerId,
    language: &'a str,
    chain: &'a str,
    points: i64,
    ends_on: Date,
    sentence: String,
}

/// The first reminder of a lot that gets this end at `now`; one whose time is over already is not sent.
pub(super) fn first(end: Option<Timestamp>, now: Timestamp) -> i64 {
    let Some(end) = end else { return 0 };
    let left = end.duration_since(now);
    let longer_than = |days: i64| left > SignedDuration::from_hours(24 * days);
    [EARLY_DAYS, LATE_DAYS]
        .into_iter()
        .find(|days| longer_than(*days))
        .unwrap_or(0)
}

async fn remind_all(call: JobCall) -> Result<String> {
    let zone = call.read(venues::home_zone).await?;
    let mut told = 0;
    for window in windows(call.now, &zone)? {
        for _ in 0..STEPS_MAX {
            let due = call
                .read(move |read| store::due(read, window, STEP))
                .await?;
            if due.is_empty() {
                break;
            }
            let tenant = call.tenant.id;
            let hot = due
                .iter()
                .map(|customer| Hot::of(tenant, "customer", &customer.to_string()));
            let (hot, zone): (Vec<Hot>, TimeZone) = (hot.collect(), zone.clone());
            told += call
                .write(hot, move |tx| remind(tx, &due, window, &zone))
                .await?;
            call.progress(format!("{told} messages so far"));
        }
    }
    Ok(format!("wrote {told} reminders"))
}

/// What is due at `now`: the later reminder of all that ends within a week, the earlier one of the rest of the month.
fn windows(now: Timestamp, zone: &TimeZone) -> Result<[Window; 3]> {
    let today = now.to_zoned(zone.clone()).date();
    let end_of = |days: i64| -> Result<Timestamp> {
        let next = today.saturating_add(SignedDuration::from_hours(24 * (days + 1)));
        Ok(next.to_zoned(zone.clone()).map_err(Error::bug)?.timestamp())
    };
    let (week, month) = (end_of(LATE_DAYS)?, end_of(EARLY_DAYS)?);
    let late = Window {
        reminder_days: LATE_DAYS,
        least_days: LATE_DAYS,
        from: now,
        until: week,
        then: 0,
    };
    let missed = Window {
        reminder_days: EARLY_DAYS,
        ..late
    };
    let early = Window {
        reminder_days: EARLY_DAYS,
        least_days: EARLY_DAYS,
        from: week,
        until: month,
        then: LATE_DAYS,
    };
    Ok([late, missed, early])
}

/// Tells these customers of what ends in the window, and marks its lots; answers the number of messages.
pub(super) fn remind(
    tx: &mut Tx,
    customers: &[CustomerId],
    window: Window,
    zone: &TimeZone,
) -> Result<usize> {
    let lots = store::ending(tx, customers, window)?;
    if lots.is_empty() {
        return Ok(0);
    }
    store::mark(tx, customers, window, lots.len())?;
    let contacts = customers::contacts(tx, customers)?;
    let chain = identity::tenant(tx)?.ok_or(Error::NotFound("chain"))?;
    let mut told = 0;
    for ((customer, ends_on), points) in by_day(&lots, zone) {
        let Some(contact) = contacts.get(&customer) else {
            continue;
        };
        let Some((to, channel)) = contact.address() else {
            continue;
        };
        let language = language_or_english(&contact.language);
        let message = PointsEnding {
            to,
            channel,
            customer_id: customer,
            language: &contact.language,
            chain: &chain.name,
            points,
            ends_on,
            sentence: sentence::ending(points, ends_on, language),
        };
        tx.send("points_ending", &message)?;
        told += 1;
    }
    tx.audit_new("points.remind", REMIND.name, &told)?;
    Ok(told)
}

fn by_day(lots: &[Ending], zone: &TimeZone) -> BTreeMap<(CustomerId, Date), i64> {
    let mut sums = BTreeMap::new();
    for lot in lots {
        let day = lot.expires_at.to_zoned(zone.clone()).date();
        *sums.entry((lot.customer, day)).or_default() += lot.open;
    }
    sums
}
