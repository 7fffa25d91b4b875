use jiff::civil::Date;

use super::standing::{Why, level};
use super::{store, today};
use crate::hall::error::Result;
use crate::hall::id::CustomerId;
use crate::hall::job::{Job, JobCall, Schedule};
use crate::hall::store::{Hot, Tx};

/// Guests of one transaction: a sale waits no longer than for these.
const STEP: i64 = 50;
/// Steps of one run; what is left waits for the next.
const STEPS_MAX: usize = 2_000;

/// Often, because the day does not end everywhere at once; without work it is two short reads.
pub const REVIEW: Job = Job {
    name: "tiers.review",
    about: "Ends tiers whose days have gone by, and measures everybody after an edit of the ladder.",
    schedule: Schedule::Every(jiff::SignedDuration::from_mins(15)),
    run: |call| Box::pin(review(call)),
};

async fn review(call: JobCall) -> Result<String> {
    let today = call.read(today).await?;
    let (mut looked, mut moved) = (0, 0);
    for _ in 0..STEPS_MAX {
        let open = call.read(store::open_walk).await?;
        let step = match open {
            Some((version, after)) => walk(&call, today, version, after).await?,
            None => end_due(&call, today).await?,
        };
        if step.0 == 0 && !step.2 {
            break;
        }
        looked += step.0;
        moved += step.1;
        call.progress(format!("{looked} looked at, {moved} moved"));
    }
    Ok(format!("looked at {looked} guests, moved {moved}"))
}

/// How many were looked at and moved, and whether there may be more.
type Step = (usize, usize, bool);

async fn end_due(call: &JobCall, today: Date) -> Result<Step> {
    let due = call.read(move |read| store::due(read, today, STEP)).await?;
    let looked = due.len();
    let hot = hot(call, &due);
    let moved = call.write(hot, move |tx| {
        level_all(tx, &due, today, "job", "tiers.review")
    });
    Ok((looked, moved.await?, false))
}

async fn walk(call: &JobCall, today: Date, version: i64, after: String) -> Result<Step> {
    let guests = call
        .read(move |read| store::guests_after(read, &after, STEP))
        .await?;
    let looked = guests.len();
    let hot = hot(call, &guests);
    let moved = call.write(hot, move |tx| {
        let moved = level_all(tx, &guests, today, "ladder", &version.to_string())?;
        store::walked(tx, version, guests.last().copied())?;
        Ok(moved)
    });
    Ok((looked, moved.await?, true))
}

fn hot(call: &JobCall, guests: &[CustomerId]) -> Vec<Hot> {
    let hot = guests
        .iter()
        .map(|guest| Hot::of(call.tenant.id, "customer", &guest.to_string()));
    hot.collect()
}

fn level_all(
    tx: &mut Tx,
    guests: &[CustomerId],
    today: Date,
    kind: &'static str,
    id: &str,
) -> Result<usize> {
    let mut moved = 0;
    for guest in guests {
        let why = Why {
            kind,
            id: id.to_owned(),
            is_quiet: false,
            taken_at: None,
        };
        moved += usize::from(level(tx, *guest, today, &why)?.is_some());
    }
    Ok(moved)
}
