use std::sync::Arc;

use super::store::{self, Running, Step};
use super::{OpenLot, find};
use crate::customers;
use crate::hall::error::{Error, Result};
use crate::hall::job::{Job, JobCall, Schedule};
use crate::hall::store::{Hot, Tx};

/// Lots of one transaction: a sale waits no longer than for these.
const STEP: i64 = 200;
/// Steps of one run; what is left waits for the next minute.
const STEPS_MAX: usize = 5_000;

pub const MIGRATE: Job = Job {
    name: "loyalty.migrate",
    about: "Gives open lots the end that a migration of the program asked for.",
    schedule: Schedule::Every(jiff::SignedDuration::from_mins(1)),
    run: |call| Box::pin(migrate(call)),
};

async fn migrate(call: JobCall) -> Result<String> {
    for _ in 0..STEPS_MAX {
        let next = call.read(|read| {
            let Some(running) = store::running(read)? else {
                return Ok(None);
            };
            let (customer, lot) = (&running.after_customer, &running.after_lot);
            let lots = store::open_lots(read, customer, lot, STEP)?;
            Ok(Some((running, lots)))
        });
        let Some((running, lots)) = next.await? else {
            return Ok("no migration runs".into());
        };
        if lots.is_empty() {
            let id = running.id;
            let ended = call.write([], move |tx| {
                store::end(tx, id)?;
                let ended = find(tx, id)?;
                tx.audit_new("loyalty.migrated", id, &ended)?;
                Ok(ended)
            });
            let ended = ended.await?;
            return Ok(format!("gave {} lots another end", ended.lots));
        }
        call.progress(format!("{} lots so far", running.lots));
        let mut hot: Vec<Hot> = Vec::new();
        let mut last = None;
        for lot in &lots {
            if last != Some(lot.customer) {
                last = Some(lot.customer);
                let id = lot.customer.to_string();
                hot.push(Hot::of(call.tenant.id, "customer", &id));
            }
        }
        let step = Arc::new((running, lots));
        call.write(hot, move |tx| take(tx, &step.0, &step.1))
            .await?;
    }
    Ok("goes on in a minute".into())
}

/// Dates the lots anew and notes how far it is, in one transaction.
pub(super) fn take(tx: &mut Tx, running: &Running, lots: &[OpenLot]) -> Result<()> {
    let Some(end) = lots.last() else {
        return Ok(());
    };
    let mut step = Step {
        customers: 0,
        lots: 0,
        points: 0,
        after_customer: end.customer.to_string(),
        after_lot: end.id.to_string(),
        last_touched: running.last_touched.clone(),
    };
    for lot in lots {
        let Some(end) = running.terms.redated(lot) else {
            continue;
        };
        if !store::redate(tx, lot, end)? {
            continue;
        }
        if let Some(at) = end {
            customers::end_points_by(tx, lot.customer, at)?;
        }
        let customer = lot.customer.to_string();
        step.customers += i64::from(step.last_touched != customer);
        step.last_touched = customer;
        step.lots += 1;
        step.points += lot.open;
    }
    if store::advance(tx, running, &step)? {
        Ok(())
    } else {
        Err(Error::Stale)
    }
}
