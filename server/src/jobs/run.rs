//! One run of one job: claimed, watched, ended.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{Outcome, Ran, store};
use crate::hall::call::Hall;
use crate::hall::error::{Error, Result};
use crate::hall::id::{JobRunId, TenantId};
use crate::hall::identity::{self, Tenant};
use crate::hall::job::{Job, JobCall};
use crate::hall::journal::By;
use crate::hall::store::{Across, Scope, Tx};

/// A lease that nobody renewed for so long belongs to a process that is gone.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
const RENEWAL: Duration = Duration::from_secs(5);
/// A run that failed is tried again after this, or at its next time if that is sooner.
const RETRY: SignedDuration = SignedDuration::from_mins(5);
const DETAIL_CHARS_MAX: usize = 500;

/// A job of one tenant whose time has come.
#[derive(Clone, Copy)]
pub(super) struct Due {
    pub tenant: TenantId,
    pub job: &'static Job,
}

/// Gives each tenant a row for each job that it has none of, due from the tenant's first day on.
pub(super) async fn enrol(hall: &Hall, tenant: Option<TenantId>) -> Result<()> {
    let names: Vec<&str> = hall.jobs().map(|job| job.name).collect();
    let find = move |across: &mut Across<'_>| store::lacking(across, tenant, &names);
    let lacking = hall.db.across_tenants(hall.clock.now(), find).await?;
    for (tenant, founded_at) in lacking {
        let jobs: Vec<&'static Job> = hall.jobs().collect();
        let enrolled = hall.db.write(scope(hall, tenant), Vec::new(), move |tx| {
            let zone = store::zone(tx)?;
            for job in &jobs {
                store::enrol(tx, job.name, job.schedule.next(founded_at, &zone)?)?;
            }
            Ok(())
        });
        enrolled.await?;
    }
    Ok(())
}

/// What is due and not being run, the longest due first.
pub(super) async fn due(hall: &Hall, tenant: Option<TenantId>, max: usize) -> Result<Vec<Due>> {
    let jobs: Vec<&'static Job> = hall.jobs().collect();
    let max = i64::try_from(max).unwrap_or(i64::MAX);
    let find = move |across: &mut Across<'_>| {
        let names: Vec<&str> = jobs.iter().map(|job| job.name).collect();
        let rows = store::due(across, tenant, &names, max)?;
        let found = rows.into_iter().filter_map(|(tenant, name)| {
            let job = jobs.iter().find(|job| job.name == name)?;
            Some(Due { tenant, job })
        });
        Ok(found.collect())
    };
    hall.db.across_tenants(hall.clock.now(), find).await
}

pub(super) async fn lag(hall: &Hall) -> Result<SignedDuration> {
    let names: Vec<&str> = hall.jobs().map(|job| job.name).collect();
    let find = move |across: &mut Across<'_>| store::lag(across, &names);
    let micros = hall.db.across_tenants(hall.clock.now(), find).await?;
    Ok(SignedDuration::from_micros(micros.max(0)))
}

/// Runs the job unless another process was faster.
pub(super) async fn run_if_due(hall: &Hall, due: Due) -> Result<Option<Ran>> {
    let Some(held) = hold(hall, due, false).await? else {
        return Ok(None);
    };
    held.run().await.map(Some)
}

/// Runs one job of one tenant now, whether it is due or not. `None` while it runs elsewhere.
///
/// # Errors
/// The store's own; a job that fails is told as one that ran.
pub async fn run_now(hall: &Hall, tenant: TenantId, job: &'static Job) -> Result<Option<Ran>> {
    let Some(held) = hold(hall, Due { tenant, job }, true).await? else {
        return Ok(None);
    };
    held.run().await.map(Some)
}

/// A lease in hand.
pub(super) struct Held {
    call: JobCall,
    job: &'static Job,
    run: JobRunId,
}

/// What a claim gave, before the transaction that made it is known to be committed.
pub(super) type Claim = (Tenant, Timestamp, JobRunId);

/// Takes the lease: one statement that only one of many can win. What ran under an older lease is lost.
pub(super) fn claim(
    tx: &mut Tx,
    job: &Job,
    machine_now: Timestamp,
    also_early: bool,
) -> Result<Option<Claim>> {
    let tenant = identity::tenant(tx)?.ok_or(Error::NotFound("chain"))?;
    let now = machine_now + tenant.clock_offset;
    let run: JobRunId = tx.new_id();
    store::enrol(tx, job.name, Timestamp::MAX)?;
    let due_by = if also_early { Timestamp::MAX } else { now };
    let lease = store::Lease {
        run,
        from: machine_now,
        until: machine_now + LEASE,
    };
    if !store::take_lease(tx, job.name, &lease, due_by)? {
        return Ok(None);
    }
    store::mark_lost(tx, job.name, now)?;
    store::insert_run(tx, run, job.name, now)?;
    Ok(Some((tenant, now, run)))
}

async fn hold(hall: &Hall, due: Due, also_early: bool) -> Result<Option<Held>> {
    let job = due.job;
    let claimed = hall
        .db
        .write(scope(hall, due.tenant), Vec::new(), move |tx| {
            claim(tx, job, tx.now(), also_early)
        });
    Ok(claimed.await?.map(|claim| Held::of(hall, job, claim)))
}

impl Held {
    pub(super) fn of(hall: &Hall, job: &'static Job, (tenant, now, run): Claim) -> Held {
        Held {
            call: JobCall::new(hall.clone(), tenant, now, job.name),
            job,
            run,
        }
    }
}

impl Held {
    pub(super) async fn run(self) -> Result<Ran> {
        let running = (self.job.run)(self.call.clone());
        let result = tokio::select! {
            result = running => result,
            lost = self.renew() => Err(lost),
        };
        let (outcome, detail) = match result {
            Ok(done) => (Outcome::Succeeded, done),
            Err(error) => (Outcome::Failed, error.to_string()),
        };
        let name = self.job.name;
        if outcome == Outcome::Failed {
            tracing::warn!(job = name, tenant = %self.call.tenant.id, detail, "a job failed");
        }
        metrics::counter!("regulars_job_runs_total", "job" => name, "outcome" => word(outcome))
            .increment(1);
        let detail: String = detail.chars().take(DETAIL_CHARS_MAX).collect();
        self.end(outcome, detail.clone()).await?;
        Ok(Ran {
            tenant: self.call.tenant.id,
            name,
            outcome,
            detail,
        })
    }

    /// Renews the lease for as long as it is polled; gives up only when another process has the lease.
    async fn renew(&self) -> Error {
        loop {
            tokio::time::sleep(RENEWAL).await;
            let (name, run) = (self.job.name, self.run);
            let progress = self.call.progress_so_far();
            let hall = &self.call.hall;
            let renewed = hall
                .db
                .write(scope(hall, self.call.tenant.id), Vec::new(), move |tx| {
                    store::renew_lease(tx, name, run, tx.now() + LEASE, &progress)
                });
            match renewed.await {
                Ok(true) => {}
                Ok(false) => return Error::bug("another process took the lease over"),
                Err(error) => tracing::warn!(%error, job = name, "a lease was not renewed"),
            }
        }
    }

    async fn end(&self, outcome: Outcome, detail: String) -> Result<()> {
        let (hall, job, run, now) = (&self.call.hall, self.job, self.run, self.call.now);
        let ended = hall
            .db
            .write(scope(hall, self.call.tenant.id), Vec::new(), move |tx| {
                let next = next(job, now, outcome, &store::zone(tx)?)?;
                store::drop_lease(tx, job.name, run, next)?;
                store::end_run(tx, run, now, outcome, &detail)
            });
        ended.await
    }
}

fn next(job: &Job, now: Timestamp, outcome: Outcome, zone: &TimeZone) -> Result<Timestamp> {
    let next = job.schedule.next(now, zone)?;
    Ok(if outcome == Outcome::Failed {
        next.min(now + RETRY)
    } else {
        next
    })
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "succeeded",
        Outcome::Failed => "failed",
        Outcome::Lost => "lost",
    }
}

/// Leases go by the machine's clock: a test tenant's own may jump while a job runs.
fn scope(hall: &Hall, tenant: TenantId) -> Scope {
    Scope::new(tenant, hall.clock.now(), By::job("scheduler")).guarded()
}
