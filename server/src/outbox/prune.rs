use jiff::Timestamp;

use super::{KEPT, store};
use crate::hall::error::Result;
use crate::hall::job::{Job, JobCall, Schedule};
use crate::hall::store::Tx;

/// Rows of one transaction: short enough that no sale waits for it.
const BATCH: i64 = 500;
/// What is left after these is for the next night.
const BATCHES_MAX: usize = 2_000;

pub const PRUNE: Job = Job {
    name: "outbox.prune",
    about: "Forgets events and ended messages after 30 days.",
    schedule: Schedule::Cron("30 3 * * *"),
    run: |call| Box::pin(prune(call)),
};

async fn prune(call: JobCall) -> Result<String> {
    let (until, mut forgotten) = (call.now - KEPT, 0);
    for _ in 0..BATCHES_MAX {
        let batch = call.write([], move |tx| forget(tx, until)).await?;
        forgotten += batch;
        call.progress(format!("{forgotten} so far"));
        if batch == 0 {
            break;
        }
    }
    Ok(format!("forgot {forgotten} events and messages"))
}

fn forget(tx: &mut Tx, until: Timestamp) -> Result<u64> {
    let messages = store::forget_messages(tx, until, BATCH)?;
    Ok(messages + forget_events(tx, until)?)
}

/// Forgets a batch of events that are over, in the order of their numbers, so that the feed never has a gap. The last
/// of them keeps its id and number: who read so far goes on from there, and who read less has missed it.
fn forget_events(tx: &mut Tx, until: Timestamp) -> Result<u64> {
    let oldest = store::oldest(tx, BATCH)?;
    let over = oldest.iter().take_while(|(at, _)| *at < until);
    match over.last() {
        Some((_, seq)) => store::forget_events(tx, *seq),
        None => Ok(0),
    }
}
