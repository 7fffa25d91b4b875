use std::pin::Pin;

use jiff::SignedDuration;

use super::{devices, sessions, tries};
use crate::hall::error::Result;
use crate::hall::job::{Job, JobCall, Schedule};

pub const PRUNE: Job = Job {
    name: "platform.prune",
    about: "Forgets sessions, pairing codes and tries that are over.",
    schedule: Schedule::Cron("20 4 * * *"),
    run: |call| Box::pin(prune(call)) as Pin<Box<_>>,
};

/// Rows of one transaction: a sale waits no longer than for these.
const STEP: i64 = 200;
/// Steps of one run; what is left waits for the next night.
const STEPS_MAX: usize = 1_000;
/// What was tried and never again is forgotten after a month.
const TRIES_DAYS: i64 = 30;

async fn prune(call: JobCall) -> Result<String> {
    let (mut ended, mut codes) = (0, 0);
    for _ in 0..STEPS_MAX {
        let step = call.write([], |tx| {
            let now = tx.now();
            let forgotten = sessions::forget(tx, now, STEP)?;
            Ok((forgotten, devices::forget_codes(tx, STEP)?))
        });
        let (sessions, pairings) = step.await?;
        ended += sessions;
        codes += pairings;
        if sessions + pairings == 0 {
            break;
        }
    }
    let before = call.now - SignedDuration::from_hours(24 * TRIES_DAYS);
    let tried = call
        .write([], move |tx| tries::forget_old(tx, before))
        .await?;
    Ok(format!(
        "forgot {ended} sessions, {codes} pairing codes, {tried} old tries"
    ))
}
