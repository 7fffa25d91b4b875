//! Points that have lapsed leave the balance, with one `EXPIRE` row for each customer and step.
//!
//! A step is one short transaction over customers who lie beside each other, of the first day on which lots lapsed:
//! it takes all that has lapsed of them, on whichever day. What it has done is no longer due, so the job may be cut
//! off anywhere and run again. The balance moves by a statement that knows how many rows the ledger had before the
//! lots were summed: a sale between the two sends the step back to its start.

use jiff::SignedDuration;
use serde_json::json;

use super::ledger::{Because, Entry, EntryKind};
use super::store::{self, lots};
use crate::customers::{self, Ledgered};
use crate::hall::error::Result;
use crate::hall::id::CustomerId;
use crate::hall::job::{Job, JobCall, Schedule};
use crate::hall::store::{Hot, Tx};

/// Lots of a day looked at for one transaction: a sale waits no longer than for their owners.
const STEP: i64 = 200;
/// Steps of one run; what is left waits for the next hour.
const STEPS_MAX: usize = 100_000;

pub const EXPIRE: Job = Job {
    name: "loyalty.expire",
    about: "Takes points that have lapsed off the balances.",
    schedule: Schedule::Every(SignedDuration::from_hours(1)),
    run: |call| Box::pin(run(call)),
};

async fn run(call: JobCall) -> Result<String> {
    let mut expired = 0;
    for _ in 0..STEPS_MAX {
        let due = call
            .read(|read| {
                let now = read.now();
                lots::lapsed(read, now, STEP)
            })
            .await?;
        if due.is_empty() {
            break;
        }
        let tenant = call.tenant.id;
        let hot: Vec<Hot> = due
            .iter()
            .map(|customer| Hot::of(tenant, "customer", &customer.to_string()))
            .collect();
        expired += call.write(hot, move |tx| expire(tx, &due)).await?.len();
        call.progress(format!("{expired} customers so far"));
    }
    Ok(format!("took lapsed points from {expired} customers"))
}

/// Expires what has lapsed of these customers, in as many statements whatever their number.
pub fn expire(tx: &mut Tx, customers: &[CustomerId]) -> Result<Vec<Entry>> {
    let now = tx.now();
    let purses = customers::purses(tx, customers)?;
    let lapsed = lots::lapsed_of(tx, customers, now)?;
    if lapsed.is_empty() {
        return Ok(Vec::new());
    }
    let mut moves = Vec::with_capacity(lapsed.len());
    let mut entries = Vec::with_capacity(lapsed.len());
    for (customer, points) in lapsed {
        let Some(purse) = purses.get(&customer) else {
            continue;
        };
        moves.push((customer, purse.ledger_rows, points));
        let moved = Ledgered {
            seq: purse.ledger_rows + 1,
            balance: purse.balance - points,
        };
        let because = Because {
            customer,
            venue: None,
            cause_kind: "job".into(),
            cause_id: EXPIRE.name.into(),
            policy: json!({}),
            at: now,
        };
        entries.push(because.row(tx, EntryKind::Expire, -points, moved));
    }
    customers::expire_points(tx, &moves)?;
    store::append_all(tx, &entries)?;
    lots::expire(tx, customers, now)?;
    if let Some(first) = entries.first() {
        tx.audit_new("points.expire", first.id, &entries)?;
    }
    Ok(entries)
}
