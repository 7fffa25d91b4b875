//! The scheduler: every job of every room, for each tenant, once across all processes.
//!
//! A row per tenant and job says when it is next due, on the tenant's clock. Whoever runs it holds a
//! lease on the machine's clock and renews it while it runs; a lease that lapsed is taken over, and the
//! run that it belonged to is marked `LOST`. So a job is begun at most once at a time, and again after a
//! crash at any line: what it does must bear being done twice.
//!
//! Absent on purpose: queues of work. What is to be done stands in the rows of the room whose job it is.

mod clock;
mod routes;
mod run;
mod store;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::JoinSet;
use utoipa::ToSchema;

use crate::hall::call::{Hall, Reply};
use crate::hall::error::Result;
use crate::hall::id::{JobRunId, TenantId};
use crate::hall::job::{Job, JobCall, Schedule};
use crate::hall::room::Room;
use crate::hall::store::Tx;
pub use run::run_now;

pub const ROOM: Room = Room {
    name: "jobs",
    routes: routes::routes,
    jobs: &[PRUNE],
    laws: &[],
};

/// Jobs that one process runs at a time: each may hold a store thread, and sales come first.
const AT_ONCE: usize = 4;
/// Due jobs that are looked up at once.
const DUE_MAX: usize = 100;
/// Rounds of one call of [`run_due`]; a job that is due again at once must not keep it for ever.
const ROUNDS_MAX: usize = 50;
const TICK: Duration = Duration::from_secs(1);
/// New tenants, and new jobs of old ones, are looked for this seldom.
const ENROLMENT: Duration = Duration::from_secs(10);
/// The history of one job that is kept.
const RUNS_KEPT: i64 = 200;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    Succeeded,
    Failed,
    /// The process that ran it is gone; another one went on.
    Lost,
}

/// One run of one job, as its history tells.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobRun {
    pub id: JobRunId,
    #[schema(example = "jobs.prune")]
    pub name: String,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// Absent while it runs.
    pub outcome: Option<Outcome>,
    /// What it did, or why it failed.
    #[schema(example = "removed 12 old runs")]
    pub detail: Option<String>,
}

impl Reply for JobRun {}

impl JobRun {
    fn begun(id: JobRunId, name: &str, at: Timestamp) -> JobRun {
        JobRun {
            id,
            name: name.into(),
            started_at: at,
            ended_at: None,
            outcome: None,
            detail: None,
        }
    }
}

/// A job and when it runs.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScheduledJob {
    #[schema(example = "jobs.prune")]
    pub name: String,
    #[schema(example = "Forgets all but the last runs of each job.")]
    pub about: String,
    /// As it was set: a period, a cron pattern in the zone of the first venue, or `on demand`.
    #[schema(example = "15 4 * * *")]
    pub schedule: String,
    /// Absent for a job that only runs on demand.
    pub next_at: Option<Timestamp>,
    /// Present while it runs: how far it is.
    #[schema(example = "1200 of 5000")]
    pub progress: Option<String>,
    pub last_run: Option<JobRun>,
}

impl Reply for ScheduledJob {}

/// A run that this process has ended.
#[derive(Debug, Clone)]
pub struct Ran {
    pub tenant: TenantId,
    pub name: &'static str,
    pub outcome: Outcome,
    pub detail: String,
}

/// Runs what is due, for one tenant or for all, until nothing is.
///
/// # Errors
/// The store's own; a job that fails is told among what ran.
pub async fn run_due(hall: &Hall, tenant: Option<TenantId>) -> Result<Vec<Ran>> {
    run::enrol(hall, tenant).await?;
    let mut ran = Vec::new();
    for _ in 0..ROUNDS_MAX {
        let due = run::due(hall, tenant, DUE_MAX).await?;
        if due.is_empty() {
            break;
        }
        let runs = due.into_iter().map(|due| run::run_if_due(hall, due));
        let mut running = futures_util::stream::iter(runs).buffer_unordered(AT_ONCE);
        while let Some(ended) = running.next().await {
            ran.extend(ended?);
        }
    }
    Ok(ran)
}

/// Runs what is due each second until `ending` says so; then waits for what runs.
pub async fn run_always(hall: Hall, mut ending: watch::Receiver<bool>) {
    let mut running = JoinSet::new();
    let mut enrol_at = Instant::now();
    while !*ending.borrow() {
        if Instant::now() >= enrol_at {
            if let Err(error) = run::enrol(&hall, None).await {
                tracing::warn!(%error, "new tenants were not looked for");
            }
            enrol_at = Instant::now() + ENROLMENT;
        }
        while running.try_join_next().is_some() {}
        let free = AT_ONCE - running.len();
        let due = run::due(&hall, None, free).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the due jobs were not found");
            Vec::new()
        });
        let may_be_more = due.len() == free;
        for due in due {
            let hall = hall.clone();
            running.spawn(async move {
                let ran = run::run_if_due(&hall, due).await;
                let ran = ran.inspect_err(|error| {
                    tracing::warn!(%error, "a job could not be begun or ended");
                });
                matches!(ran, Ok(Some(_)))
            });
        }
        tokio::select! {
            // A thousand chains have more that is due than one tick has room for: the next begins as one ends.
            () = one_ran(&mut running), if may_be_more => {}
            // Also on an error of the channel: then whoever would end this loop is gone.
            _ = tokio::time::timeout(TICK, ending.changed()) => {}
        }
    }
    while running.join_next().await.is_some() {}
}

/// Until a job has run. One that could not be begun, as where the store is full, waits for the tick.
async fn one_ran(running: &mut JoinSet<bool>) {
    while let Some(ended) = running.join_next().await {
        if matches!(ended, Ok(true)) {
            return;
        }
    }
    std::future::pending::<()>().await;
}

/// There is something for a job to do: it is due at once, not at its next time.
///
/// A run that is under way may or may not see it; the next by the schedule does.
pub fn hurry(tx: &mut Tx, job: &str) -> Result<()> {
    store::hurry(tx, job)
}

/// How late the latest job is, over all tenants.
pub async fn lag(hall: &Hall) -> Result<SignedDuration> {
    run::lag(hall).await
}

const PRUNE: Job = Job {
    name: "jobs.prune",
    about: "Forgets all but the last runs of each job.",
    schedule: Schedule::Cron("15 4 * * *"),
    run: |call| Box::pin(prune(call)),
};

async fn prune(call: JobCall) -> Result<String> {
    let mut removed = 0;
    for job in call.hall.jobs() {
        removed += call
            .write([], move |tx| store::forget_runs(tx, job.name, RUNS_KEPT))
            .await?;
    }
    Ok(format!("removed {removed} old runs"))
}
