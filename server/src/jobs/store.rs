use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{JobRun, Outcome};
use crate::hall::error::{Error, Result};
use crate::hall::id::{JobRunId, TenantId};
use crate::hall::store::{Across, Read, Row, Tx, Value, word};
use crate::params;

/// The names of jobs are constants of ours; quoted so that one list serves both stores.
fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
    quoted.join(", ")
}

fn only(tenant: Option<TenantId>, column: &str, place: u32) -> (String, Option<Value>) {
    match tenant {
        Some(tenant) => (format!("and {column} = ${place}"), Some(tenant.into())),
        None => (String::new(), None),
    }
}

/// Tenants that lack the row of some job, with their first day.
pub fn lacking(
    across: &mut Across<'_>,
    tenant: Option<TenantId>,
    names: &[&str],
) -> Result<Vec<(TenantId, Timestamp)>> {
    let (only, tenant) = only(tenant, "t.tenant_id", 2);
    let mut params = params![i64::try_from(names.len()).unwrap_or(i64::MAX)].to_vec();
    params.extend(tenant);
    let names = listed(names);
    let sql = format!(
        "select t.tenant_id, t.created_at from tenants t
         where (select count(*) from jobs j where j.tenant_id = t.tenant_id and j.name in ({names})) < $1
           {only}
         order by t.tenant_id limit 1000"
    );
    let rows = across.query(&sql, &params)?;
    rows.iter()
        .map(|row| Ok((row.get(0)?, row.get(1)?)))
        .collect()
}

/// The zone that the tenant's patterns are read in.
pub fn zone(read: &mut Read) -> Result<TimeZone> {
    let row = read.first(
        "select zone from venues where tenant_id = $1 order by created_at, venue_id limit 1",
        &[],
    )?;
    let Some(row) = row else {
        return Ok(TimeZone::UTC);
    };
    TimeZone::get(&row.get::<String>(0)?).map_err(Error::bug)
}

pub fn enrol(tx: &mut Tx, name: &str, next_at: Timestamp) -> Result<()> {
    tx.queue(
        "insert into jobs (tenant_id, name, next_at) values ($1, $2, $3)
         on conflict (tenant_id, name) do nothing",
        params![name, next_at],
    )
}

pub fn due(
    across: &mut Across<'_>,
    tenant: Option<TenantId>,
    names: &[&str],
    max: i64,
) -> Result<Vec<(TenantId, String)>> {
    let (only, tenant) = only(tenant, "t.tenant_id", 3);
    let mut params = params![across.now(), max].to_vec();
    params.extend(tenant);
    let names = listed(names);
    let sql = format!(
        "select j.tenant_id, j.name from tenants t
         join jobs j on j.tenant_id = t.tenant_id and j.next_at <= cast($1 as bigint) + t.clock_offset_micros
         where (j.lease_until is null or j.lease_until < $1) and j.name in ({names}) {only}
         order by j.next_at, j.tenant_id, j.name limit $2"
    );
    let rows = across.query(&sql, &params)?;
    rows.iter()
        .map(|row| Ok((row.get(0)?, row.get(1)?)))
        .collect()
}

/// By how many microseconds the longest due job is late. A test chain's own clock jumps: its jobs say nothing of it.
pub fn lag(across: &mut Across<'_>, names: &[&str]) -> Result<i64> {
    let names = listed(names);
    let sql = format!(
        "select coalesce(max(cast($1 as bigint) - j.next_at), 0) from tenants t
         join jobs j on j.tenant_id = t.tenant_id and j.next_at <= cast($1 as bigint)
         where t.clock_offset_micros = 0 and (j.lease_until is null or j.lease_until < $1) and j.name in ({names})"
    );
    let now = across.now();
    let rows = across.query(&sql, params![now])?;
    rows.first().map_or(Ok(0), |row| row.get(0))
}

/// Who runs a job, and for how long that is believed without a renewal.
pub struct Lease {
    pub run: JobRunId,
    pub from: Timestamp,
    pub until: Timestamp,
}

/// The guard stands in the statement: of many that try, one changes the row.
pub fn take_lease(tx: &mut Tx, name: &str, lease: &Lease, due_by: Timestamp) -> Result<bool> {
    let taken = tx.exec(
        "update jobs set lease_until = $3, lease_by = $4, progress = null
         where tenant_id = $1 and name = $2 and next_at <= $5
           and (lease_until is null or lease_until < $6)",
        params![name, lease.until, lease.run, due_by, lease.from],
    )?;
    Ok(taken == 1)
}

pub fn renew_lease(
    tx: &mut Tx,
    name: &str,
    run: JobRunId,
    until: Timestamp,
    progress: &str,
) -> Result<bool> {
    let renewed = tx.exec(
        "update jobs set lease_until = $4, progress = $5
         where tenant_id = $1 and name = $2 and lease_by = $3",
        params![name, run, until, progress],
    )?;
    Ok(renewed == 1)
}

pub fn drop_lease(tx: &mut Tx, name: &str, run: JobRunId, next_at: Timestamp) -> Result<()> {
    tx.exec(
        "update jobs set lease_until = null, lease_by = null, progress = null, next_at = $4
         where tenant_id = $1 and name = $2 and lease_by = $3",
        params![name, run, next_at],
    )
    .map(|_| ())
}

pub fn hurry(tx: &mut Tx, name: &str) -> Result<()> {
    let now = tx.now();
    tx.queue(
        "insert into jobs (tenant_id, name, next_at) values ($1, $2, $3)
         on conflict (tenant_id, name) do update set next_at = excluded.next_at
           where jobs.next_at > excluded.next_at",
        params![name, now],
    )
}

pub fn insert_run(tx: &mut Tx, run: JobRunId, name: &str, at: Timestamp) -> Result<()> {
    tx.queue(
        "insert into job_runs (tenant_id, run_id, name, started_at) values ($1, $2, $3, $4)",
        params![run, name, at],
    )
}

pub fn mark_lost(tx: &mut Tx, name: &str, at: Timestamp) -> Result<()> {
    tx.queue(
        "update job_runs set ended_at = $3, outcome = 'LOST'
         where tenant_id = $1 and name = $2 and ended_at is null",
        params![name, at],
    )
}

pub fn end_run(
    tx: &mut Tx,
    run: JobRunId,
    at: Timestamp,
    outcome: Outcome,
    detail: &str,
) -> Result<()> {
    tx.queue(
        "update job_runs set ended_at = $3, outcome = $4, detail = $5
         where tenant_id = $1 and run_id = $2 and ended_at is null",
        params![run, at, word(&outcome)?, detail],
    )
}

/// Removes all runs of a job but the last `kept`.
pub fn forget_runs(tx: &mut Tx, name: &str, kept: i64) -> Result<u64> {
    tx.exec(
        "delete from job_runs where tenant_id = $1 and name = $2 and run_id <=
           (select run_id from job_runs where tenant_id = $1 and name = $2
            order by run_id desc limit 1 offset $3)",
        params![name, kept],
    )
}

/// Where a job stands: next time and, while it runs, its progress.
pub fn standing(read: &mut Read, name: &str) -> Result<Option<(Timestamp, Option<String>)>> {
    let row = read.first(
        "select next_at, case when lease_by is null then null else coalesce(progress, '') end
         from jobs where tenant_id = $1 and name = $2",
        params![name],
    )?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

pub fn runs(
    read: &mut Read,
    name: &str,
    before: Option<String>,
    limit: i64,
) -> Result<Vec<JobRun>> {
    let before = before.unwrap_or_else(|| "run_~".into());
    let rows = read.query(
        "select run_id, name, started_at, ended_at, outcome, detail from job_runs
         where tenant_id = $1 and name = $2 and run_id < $3 order by run_id desc limit $4",
        params![name, before, limit],
    )?;
    rows.iter().map(run_of).collect()
}

fn run_of(row: &Row) -> Result<JobRun> {
    let outcome: Option<String> = row.get(4)?;
    Ok(JobRun {
        id: row.get(0)?,
        name: row.get(1)?,
        started_at: row.get(2)?,
        ended_at: row.get(3)?,
        outcome: outcome
            .map(|word| crate::hall::store::from_word(&word))
            .transpose()?,
        detail: row.get(5)?,
    })
}
