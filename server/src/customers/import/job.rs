//! The job that takes what was sent, a chunk in each transaction, and forgets bad lines in time.

use jiff::SignedDuration;

use super::{LINES_AT_ONCE, Line, take};
use crate::app::BRING_POINTS;
use crate::customers::store::imports as store;
use crate::hall::error::{Error, Result};
use crate::hall::id::ImportId;
use crate::hall::identity;
use crate::hall::job::{Job, JobCall, Schedule};
use crate::hall::store::{Hot, Tx};

/// Chunks of one run: twenty full files. What is left waits for the next run.
const STEPS_MAX: usize = 10_000;
/// Bad lines of one file that are kept; the others are only counted.
pub(in crate::customers) const REJECTED_MAX: i64 = 10_000;
/// They hold what people wrote of their guests, and are of no use when they were put right.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);
/// A file that is not here whole by then is of somebody who went away.
const SENDING: SignedDuration = SignedDuration::from_hours(1);
/// Files that one run forgets.
const FORGOTTEN_MAX: usize = 100;

pub const IMPORT: Job = Job {
    name: "customers.import",
    about: "Takes in the customers of files that were sent.",
    schedule: Schedule::Every(SignedDuration::from_mins(1)),
    run: |call| Box::pin(import(call)),
};

async fn import(call: JobCall) -> Result<String> {
    let mut lines = 0;
    // Of two processes of which one has lost its lease, one waits.
    let hot = Hot::of(call.tenant.id, "job", call.name);
    for _ in 0..STEPS_MAX {
        let Some(step) = call.write([hot], step).await? else {
            break;
        };
        lines += step.lines;
        call.progress(format!(
            "{} of {} lines of {}",
            step.so_far, step.total, step.import
        ));
    }
    for _ in 0..FORGOTTEN_MAX {
        if !call.write([hot], forget).await? {
            break;
        }
    }
    Ok(format!("took {lines} lines"))
}

/// What one step came to.
pub struct Step {
    import: ImportId,
    lines: i64,
    so_far: i64,
    total: i64,
}

/// Takes the next chunk of the oldest file, and counts it in the same transaction.
pub fn step(tx: &mut Tx) -> Result<Option<Step>> {
    let Some(file) = store::wanted(tx)? else {
        return Ok(None);
    };
    let lines: Vec<Line> = store::chunk(tx, file.id, file.taken)?;
    debug_assert!(lines.len() <= LINES_AT_ONCE);
    let venue = identity::venue(tx, file.venue)?.ok_or(Error::NotFound("venue"))?;
    let tally = take(tx, &venue, &file.how, &lines, BRING_POINTS)?;
    let room = usize::try_from((REJECTED_MAX - file.failed).max(0)).map_err(Error::bug)?;
    for rejected in tally.rejected.iter().take(room) {
        store::reject(tx, file.id, rejected)?;
    }
    if !store::advance(tx, &file, &tally)? {
        return Err(Error::Again("another job took the chunk".into()));
    }
    Ok(Some(Step {
        import: file.id,
        lines: tally.processed,
        so_far: file.processed + tally.processed,
        total: file.total,
    }))
}

/// Forgets the bad lines of one file that was done long ago, or one that never came whole.
fn forget(tx: &mut Tx) -> Result<bool> {
    let now = tx.now();
    Ok(store::forget_rejected(tx, now - KEPT)? || store::forget_unsent(tx, now - SENDING)?)
}
