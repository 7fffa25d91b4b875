use super::store;
use crate::hall::error::Result;
use crate::hall::job::{Job, JobCall, Schedule};
use crate::hall::store::Hot;

/// Holds of one transaction: a sale waits no longer than for these.
const STEP: i64 = 200;
/// Steps of one run; what is left waits for the next minute.
const STEPS_MAX: usize = 500;

pub const LAPSE: Job = Job {
    name: "discounts.lapse",
    about: "Gives back the uses that open orders hold longer than they may.",
    schedule: Schedule::Every(jiff::SignedDuration::from_mins(1)),
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
        let hot = due
            .iter()
            .map(|(_, subject)| Hot::of(call.tenant.id, "uses", subject));
        let hot: Vec<Hot> = hot.collect();
        let step = call.write(hot, move |tx| {
            let now = tx.now();
            let mut given = 0;
            for (purchase, subject) in &due {
                // The order may have been paid meanwhile, or hold the use anew.
                if store::is_lapsed(tx, purchase, subject, now)? {
                    given += u64::from(super::release(tx, purchase, subject)?);
                }
            }
            Ok(given)
        });
        lapsed += step.await?;
        call.progress(format!("{lapsed} so far"));
    }
    Ok(format!("gave back {lapsed} uses"))
}
