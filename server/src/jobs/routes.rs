use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::clock::{self, AdvanceClock, TestClock};
use super::run::{self, Held};
use super::{JobRun, ScheduledJob, run_due, store};
use crate::hall::call::{Answer, Hall, StaffCall};
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::http::{Body, Path};
use crate::hall::job::Job;
use crate::hall::page::{Listing, Page, Paging};
use crate::hall::store::Read;

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new()
        .routes(routes!(list_jobs))
        .routes(routes!(list_runs))
        .routes(routes!(run_job))
        .routes(routes!(advance_clock))
}

fn named(hall: &Hall, name: &str) -> Result<&'static Job> {
    let mut jobs = hall.jobs();
    jobs.find(|job| job.name == name)
        .ok_or(Error::NotFound("job"))
}

/// List the jobs and when each runs
#[utoipa::path(get, path = "/api/v1/chain/jobs", tag = "jobs", responses((status = 200, body = Vec<ScheduledJob>)))]
async fn list_jobs(call: StaffCall) -> Result<Answer> {
    let jobs: Vec<&'static Job> = call.hall().jobs().collect();
    call.read(move |read| {
        jobs.iter()
            .map(|job| scheduled(read, job))
            .collect::<Result<Vec<_>>>()
    })
    .await
}

fn scheduled(read: &mut Read, job: &Job) -> Result<ScheduledJob> {
    let standing = store::standing(read, job.name)?;
    let next_at = standing.as_ref().map(|(next_at, _)| *next_at);
    Ok(ScheduledJob {
        name: job.name.into(),
        about: job.about.into(),
        schedule: job.schedule.words(),
        next_at: next_at.filter(|at| *at < jiff::Timestamp::MAX),
        progress: standing.and_then(|(_, progress)| progress),
        last_run: store::runs(read, job.name, None, 1)?.pop(),
    })
}

#[derive(Debug, Deserialize)]
struct NoFilter {}

/// List the runs of a job, the latest first
#[utoipa::path(get, path = "/api/v1/chain/jobs/{name}/runs", tag = "jobs",
    params(("name" = String, Path, example = "jobs.prune"), Paging),
    responses((status = 200, body = Page<JobRun>)))]
async fn list_runs(
    call: StaffCall,
    Path(name): Path<String>,
    Listing { paging, .. }: Listing<NoFilter>,
) -> Result<Answer> {
    let job = named(call.hall(), &name)?;
    call.read(move |read| {
        let rows = store::runs(read, job.name, paging.after()?, paging.limit())?;
        Ok(Page::of(&paging, rows, None, |run| run.id.to_string()))
    })
    .await
}

/// Run a job now
///
/// It runs beside the answer; the list of its runs tells how it went.
#[utoipa::path(post, path = "/api/v1/chain/jobs/{name}/run", tag = "jobs",
    params(("name" = String, Path, example = "jobs.prune")),
    responses((status = 201, body = JobRun)))]
async fn run_job(call: StaffCall, Path(name): Path<String>) -> Result<Answer> {
    let job = named(call.hall(), &name)?;
    let machine_now = call.now - call.tenant().clock_offset;
    let claimed = Arc::new(Mutex::new(None));
    let claiming = Arc::clone(&claimed);
    let answer = call.create([], move |tx| {
        let claim = run::claim(tx, job, machine_now, true)?.ok_or_else(running)?;
        let begun = JobRun::begun(claim.2, job.name, claim.1);
        tx.audit_new("job.run", job.name, &begun)?;
        *claiming.lock().unwrap_or_else(PoisonError::into_inner) = Some(claim);
        Ok(begun)
    });
    let answer = answer.await?;
    // Nothing was claimed where the stored answer of an earlier request was given again.
    let claim = claimed
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    if let Some(claim) = claim {
        tokio::spawn(Held::of(call.hall(), job, claim).run());
    }
    Ok(answer)
}

fn running() -> Error {
    Error::Conflict(
        Code::AlreadyDone,
        Extra::saying("The job is running already; look at its runs."),
    )
}

/// Move a test chain's clock forward
///
/// Its jobs that become due are run before the answer. A live chain has no such clock.
#[utoipa::path(post, path = "/api/v1/test/clock/advance", tag = "jobs", request_body = AdvanceClock,
    responses((status = 200, body = TestClock)))]
async fn advance_clock(call: StaffCall, Body(ask): Body<AdvanceClock>) -> Result<Answer> {
    let answer = call.write([], move |tx| clock::advance(tx, &ask)).await?;
    run_due(call.hall(), Some(call.tenant().id)).await?;
    Ok(answer)
}
