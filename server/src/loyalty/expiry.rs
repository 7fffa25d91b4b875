//! Points that have lapsed leave the balance, with one `EXPIRE` row for each customer.
//!
//! A look finds who is due by what is noted on the customers: no open lot ends before. Its steps go in the order of
//! the keys, so that each page of an index is written about once; a step is one short transaction. What it has done is
//! no longer due, so the job may be cut off anywhere and run again. The balance moves by a statement that knows how
//! many rows the ledger had before the lots were summed: a sale between the two sends the step back to its start.
//!
//! Absent on purpose: an event of each customer, since a day may end the points of all of them at once. Their owners
//! are told beforehand (`points_ending`), and the rows say it afterwards.

use jiff::SignedDuration;
use serde_json::json;

use super::ledger::{Because, Entry, EntryKind};
use super::store::{self, lots};
use crate::customers::{self, Lapsed, Ledgered};
use crate::hall::error::Result;
use crate::hall::id::CustomerId;
use crate::hall::job::{Job, JobCall, Schedule};
use crate::hall::store::{Hot, Tx};

/// Customers of one look.
const LOOK: i64 = 100_000;
/// Looks of one run; what is left waits for the next hour.
const LOOKS_MAX: usize = 100;
/// Customers of one transaction: a sale waits no longer than for them, some 25 ms for ten lots of each.
const STEP: usize = 100;

pub const EXPIRE: Job = Job {
    name: "loyalty.expire",
    about: "Takes points that have lapsed off the balances.",
    schedule: Schedule::Every(SignedDuration::from_hours(1)),
    run: |call| Box::pin(run(call)),
};

async fn run(call: JobCall) -> Result<String> {
    let mut expired = 0;
    for _ in 0..LOOKS_MAX {
        let due = call
            .read(|read| {
                let now = read.now();
                let mut due = customers::points_due(read, now, LOOK)?;
                due.sort_unstable();
                Ok(due)
            })
            .await?;
        if due.is_empty() {
            break;
        }
        for step in due.chunks(STEP) {
            let (step, tenant) = (step.to_vec(), call.tenant.id);
            let hot = step
                .iter()
                .map(|customer| Hot::of(tenant, "customer", &customer.to_string()));
            let hot: Vec<Hot> = hot.collect();
            expired += call.write(hot, move |tx| expire(tx, &step)).await?.len();
            call.progress(format!("{expired} customers so far"));
        }
    }
    Ok(format!("took lapsed points from {expired} customers"))
}

/// Expires what has lapsed of these customers. It takes as many statements whatever their number, and one where nothing
/// is due.
pub fn expire(tx: &mut Tx, customers: &[CustomerId]) -> Result<Vec<Entry>> {
    let now = tx.now();
    let purses = customers::purses(tx, customers)?;
    let is_due = |customer: &&CustomerId| {
        let ends_at = purses.get(customer).and_then(|purse| purse.ends_at);
        ends_at.is_some_and(|at| at <= now)
    };
    let due: Vec<CustomerId> = customers.iter().filter(is_due).copied().collect();
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let lapsed = lots::lapsed_of(tx, &due, now)?;
    let next = lots::next_ends(tx, &due, now)?;
    let mut moves = Vec::with_capacity(due.len());
    let mut entries = Vec::with_capacity(due.len());
    for customer in due.iter().copied() {
        let purse = purses[&customer];
        let points = lapsed.get(&customer).copied().unwrap_or_default();
        moves.push(Lapsed {
            customer,
            seen: purse.ledger_rows,
            points,
            next: next.get(&customer).copied(),
        });
        if points == 0 {
            continue;
        }
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
    if entries.is_empty() {
        return Ok(entries);
    }
    store::append_all(tx, &entries)?;
    lots::expire(tx, &due, now)?;
    if let Some(first) = entries.first() {
        tx.audit_new("points.expire", first.id, &entries)?;
    }
    Ok(entries)
}
