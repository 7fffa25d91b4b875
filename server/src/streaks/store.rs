//! Every statement on streaks; what they counted stands in `counted`, what they gave in `awards`.

pub mod awards;
pub mod counted;

use engine::streak::Run;
use jiff::Timestamp;

use super::{EditStreak, Streak};
use crate::hall::error::{Error, Result};
use crate::hall::filter::{Filter, places};
use crate::hall::id::{CustomerId, StreakId, VenueId};
use crate::hall::page::{COUNT_MAX, Page, Paging};
use crate::hall::store::{Read, Row, Tx, Value, word};
use crate::hall::text::fold;
use crate::params;

const COLUMNS: &str =
    "s.streak_id, s.name, s.period, s.length, s.bonus_points, s.grace_days, s.paused_at,
    s.created_at, s.updated_at, s.version, s.reward_id";

/// Counted at one venue, or at all.
const AT: &str = "exists (select 1 from streak_venues v where v.tenant_id = s.tenant_id
  and v.streak_id = s.streak_id and v.venue_id in ('*', ?))";

/// The place of a streak in `streak_venues` that is every venue.
const EVERYWHERE: &str = "*";

pub fn insert(tx: &mut Tx, id: StreakId, ask: &EditStreak) -> Result<()> {
    let now = tx.now();
    tx.queue(
        "insert into streaks (tenant_id, streak_id, name, name_fold, period, length, bonus_points, grace_days,
           paused_at, created_at, updated_at, reward_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11)",
        params![
            id,
            &ask.name,
            fold(&ask.name),
            word(&ask.period)?,
            ask.length,
            ask.bonus_points,
            ask.grace_days,
            (!ask.active).then_some(now),
            now,
            ask.reward_id
        ],
    )
}

/// The version in the `where` is the guard: of two edits of one version one is kept, the other is stale.
pub fn update(tx: &mut Tx, before: &Streak, ask: &EditStreak) -> Result<()> {
    let now = tx.now();
    let changed = tx.exec(
        "update streaks set name = $4, name_fold = $5, period = $6, length = $7, bonus_points = $8,
           grace_days = $9, paused_at = case when cast($10 as bigint) is null then null
             else coalesce(paused_at, cast($10 as bigint)) end,
           updated_at = $11, reward_id = $12, version = version + 1
         where tenant_id = $1 and streak_id = $2 and version = $3 and archived_at is null",
        params![
            before.id,
            before.version,
            &ask.name,
            fold(&ask.name),
            word(&ask.period)?,
            ask.length,
            ask.bonus_points,
            ask.grace_days,
            (!ask.active).then_some(now),
            now,
            ask.reward_id
        ],
    )?;
    if changed == 1 {
        Ok(())
    } else {
        Err(Error::Stale)
    }
}

pub fn replace_venues(tx: &mut Tx, id: StreakId, venues: &[VenueId]) -> Result<()> {
    tx.queue(
        "delete from streak_venues where tenant_id = $1 and streak_id = $2",
        params![id],
    )?;
    let mut named: Vec<String> = venues.iter().map(ToString::to_string).collect();
    if named.is_empty() {
        named.push(EVERYWHERE.into());
    }
    named.iter().try_for_each(|venue| {
        tx.queue(
            "insert into streak_venues (tenant_id, venue_id, streak_id) values ($1, $2, $3)",
            params![venue, id],
        )
    })
}

pub fn archive(tx: &mut Tx, id: StreakId) -> Result<()> {
    tx.queue(
        "update streaks set archived_at = $3, updated_at = $3, version = version + 1
         where tenant_id = $1 and streak_id = $2 and archived_at is null",
        params![id, tx.now()],
    )
}

pub fn count_live(read: &mut Read) -> Result<i64> {
    read.one(
        "select count(*) from streaks where tenant_id = $1 and archived_at is null and paused_at is null",
        &[],
    )?
    .get(0)
}

pub fn find(read: &mut Read, venue: Option<VenueId>, id: StreakId) -> Result<Option<Streak>> {
    let filter = Filter::default()
        .and("s.streak_id = ? and s.archived_at is null", [id.into()])
        .and_some(AT, venue);
    let (sql, params) = filter.parts();
    let sql = format!("select {COLUMNS} from streaks s where s.tenant_id = $1{sql}");
    let rows = read.query(&sql, params)?;
    Ok(streaks(read, &rows)?.pop())
}

/// The statement of a list, also for the test that reads its plan.
pub fn listing(venue: Option<VenueId>, paging: &Paging) -> Result<(String, Vec<Value>)> {
    let mut filter = Filter::default()
        .and("s.archived_at is null", [])
        .and_some(AT, venue);
    if let Some((name, id)) = paging.after::<(String, String)>()? {
        filter = filter.and(
            "(s.name_fold, s.streak_id) > (?, ?)",
            [name.into(), id.into()],
        );
    }
    let filter = filter.then(
        "order by s.name_fold, s.streak_id limit ? offset ?",
        [paging.limit().into(), paging.offset().into()],
    );
    let (sql, params) = filter.parts();
    let sql = format!("select {COLUMNS} from streaks s where s.tenant_id = $1{sql}");
    Ok((sql, params.to_vec()))
}

pub fn list(read: &mut Read, venue: Option<VenueId>, paging: &Paging) -> Result<Page<Streak>> {
    let (sql, params) = listing(venue, paging)?;
    let rows = read.query(&sql, &params)?;
    let items = streaks(read, &rows)?;
    let counted = match paging.cursor {
        Some(_) => None,
        None => Some(count(read, venue)?),
    };
    Ok(Page::of(paging, items, counted, |last| {
        (fold(&last.name), last.id)
    }))
}

fn count(read: &mut Read, venue: Option<VenueId>) -> Result<u64> {
    let filter = Filter::default()
        .and("s.archived_at is null", [])
        .and_some(AT, venue);
    let (sql, params) = filter.parts();
    let sql = format!(
        "select count(*) from (select 1 from streaks s where s.tenant_id = $1{sql} limit {}) as counted",
        COUNT_MAX + 1
    );
    let count: i64 = read.one(&sql, params)?.get(0)?;
    u64::try_from(count).map_err(Error::bug)
}

/// The rows as they are shown, with their venues.
fn streaks(read: &mut Read, rows: &[Row]) -> Result<Vec<Streak>> {
    let ids: Vec<StreakId> = rows.iter().map(|row| row.get(0)).collect::<Result<_>>()?;
    let venues = venues(read, &ids)?;
    let shown = rows.iter().zip(ids).map(|(row, id)| {
        let at = venues.iter().filter(|(streak, _)| *streak == id);
        streak(row, at.map(|(_, venue)| *venue).collect())
    });
    shown.collect()
}

fn venues(read: &mut Read, ids: &[StreakId]) -> Result<Vec<(StreakId, VenueId)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "select streak_id, venue_id from streak_venues
         where tenant_id = $1 and venue_id <> '*' and streak_id in ({})
         order by streak_id, venue_id",
        places(2, ids.len())
    );
    let ids: Vec<Value> = ids.iter().map(Value::from).collect();
    let rows = read.query(&sql, &ids)?;
    rows.iter()
        .map(|row| Ok((row.get(0)?, row.get(1)?)))
        .collect()
}

fn streak(row: &Row, venue_ids: Vec<VenueId>) -> Result<Streak> {
    Ok(Streak {
        id: row.get(0)?,
        name: row.get(1)?,
        period: row.word(2)?,
        length: row.get(3)?,
        bonus_points: row.get(4)?,
        grace_days: row.get(5)?,
        venue_ids,
        active: row.get::<Option<Timestamp>>(6)?.is_none(),
        created_at: row.get(7)?,
        updated_at: row.get(8)?,
        version: row.get(9)?,
        reward_id: row.get(10)?,
    })
}

/// What is live at a venue and how far the guest is; without the venues, which nobody needs there.
pub const LIVE: &str = "select s.streak_id, s.name, s.period, s.length, s.bonus_points, s.grace_days, s.paused_at,
       s.created_at, s.updated_at, s.version, s.reward_id, r.last_start, r.periods
     from streak_venues v
     join streaks s on s.tenant_id = v.tenant_id and s.streak_id = v.streak_id
     left join streak_runs r on r.tenant_id = s.tenant_id and r.streak_id = s.streak_id and r.customer_id = $3
     where v.tenant_id = $1 and v.venue_id in ('*', $2) and s.paused_at is null and s.archived_at is null
     order by s.streak_id";

pub fn live(
    read: &mut Read,
    venue: VenueId,
    customer: CustomerId,
) -> Result<Vec<(Streak, Option<Run>)>> {
    let rows = read.query(LIVE, params![venue, customer])?;
    rows.iter()
        .map(|row| Ok((streak(row, Vec::new())?, run(row)?)))
        .collect()
}

/// Every live streak of the chain, by name.
pub fn live_anywhere(read: &mut Read, customer: CustomerId) -> Result<Vec<(Streak, Option<Run>)>> {
    let sql = format!(
        "select {COLUMNS}, r.last_start, r.periods from streaks s
         left join streak_runs r on r.tenant_id = s.tenant_id and r.streak_id = s.streak_id
           and r.customer_id = $2
         where s.tenant_id = $1 and s.archived_at is null and s.paused_at is null
         order by s.name_fold, s.streak_id"
    );
    let rows = read.query(&sql, params![customer])?;
    let shown = streaks(read, &rows)?;
    let runs = rows.iter().map(run);
    shown
        .into_iter()
        .zip(runs)
        .map(|(streak, run)| Ok((streak, run?)))
        .collect()
}

fn run(row: &Row) -> Result<Option<Run>> {
    let Some(last_start) = row.get(11)? else {
        return Ok(None);
    };
    Ok(Some(Run {
        last_start,
        periods: row.get(12)?,
    }))
}

/// Moves the runs that a visit moves. A later period in the row is the guard: it was moved meanwhile.
pub fn put_runs(tx: &mut Tx, customer: CustomerId, runs: &[(Streak, Run)]) -> Result<()> {
    if runs.is_empty() {
        return Ok(());
    }
    let mut values = vec![Value::from(customer)];
    let mut rows = Vec::with_capacity(runs.len());
    for (streak, run) in runs {
        let place = values.len() + 2;
        rows.push(format!(
            "($1, $2, ${place}, ${}, ${})",
            place + 1,
            place + 2
        ));
        values.extend([streak.id.into(), run.last_start.into(), run.periods.into()]);
    }
    let sql = format!(
        "insert into streak_runs (tenant_id, customer_id, streak_id, last_start, periods) values {}
         on conflict (tenant_id, customer_id, streak_id) do update
           set last_start = excluded.last_start, periods = excluded.periods
           where streak_runs.last_start < excluded.last_start",
        rows.join(", ")
    );
    let put = tx.exec(&sql, &values)?;
    if usize::try_from(put).is_ok_and(|put| put == runs.len()) {
        Ok(())
    } else {
        Err(Error::Again("another visit was counted meanwhile".into()))
    }
}
