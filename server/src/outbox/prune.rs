use super::{KEPT, store};
use crate::hall::error::Result;
use crate::hall::job::{Job, JobCall, Schedule};

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
        let batch = call
            .write([], move |tx| store::forget(tx, until, BATCH))
            .await?;
        forgotten += batch;
        call.progress(format!("{forgotten} so far"));
        if batch == 0 {
            break;
        }
    }
    Ok(format!("forgot {forgotten} events and messages"))
}
