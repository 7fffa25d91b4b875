use jiff::SignedDuration;

use super::store;
use crate::hall::error::Result;
use crate::hall::job::{Job, JobCall, Schedule};

/// An idempotency key is known for this long.
const ANSWERS_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Rows of one transaction: short enough that no sale waits for it.
const BATCH: i64 = 500;
/// What is left after these is for the next night.
const BATCHES_MAX: usize = 2_000;

pub const PRUNE: Job = Job {
    name: "audit.prune",
    about: "Forgets the stored answers of idempotency keys after 30 days.",
    schedule: Schedule::Cron("45 3 * * *"),
    run: |call| Box::pin(prune(call)),
};

async fn prune(call: JobCall) -> Result<String> {
    let (until, mut forgotten) = (call.now - ANSWERS_KEPT, 0);
    for _ in 0..BATCHES_MAX {
        let batch = call
            .write([], move |tx| store::forget_answers(tx, until, BATCH))
            .await?;
        forgotten += batch;
        call.progress(format!("{forgotten} so far"));
        if batch == 0 {
            break;
        }
    }
    Ok(format!("forgot {forgotten} answers"))
}
