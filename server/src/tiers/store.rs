use engine::tier::{Day, Figures};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::change::{Change, Reckoning, TierRef};
use super::ladder::{Ladder, Velocity};
use super::standing::{Cause, Held, Look};
use crate::hall::error::{Error, Result};
use crate::hall::id::{CustomerId, VenueId};
use crate::hall::page::{COUNT_MAX, Page, Paging};
use crate::hall::store::{Read, Row, Tx, json};
use crate::params;

const DAY_MICROS: i64 = 24 * 3_600 * 1_000_000;

pub fn ladder(read: &mut Read) -> Result<Option<Ladder>> {
    let row = read.first(
        "select ladder from tier_ladders where tenant_id = $1 order by version desc limit 1",
        &[],
    )?;
    row.map(|row| row.json(0)).transpose()
}

/// The primary key is the guard: of two edits of one version one is put, the other is stale.
pub fn insert_ladder(tx: &mut Tx, ladder: &Ladder) -> Result<()> {
    let now = tx.now();
    let put = tx.exec(
        "insert into tier_ladders (tenant_id, version, ladder, at) values ($1, $2, $3, $4)
         on conflict (tenant_id, version) do nothing",
        params![ladder.version, json(ladder)?, now],
    )?;
    if put == 0 {
        return Err(Error::Stale);
    }
    tx.queue(
        "update tier_walks set ended_at = $2 where tenant_id = $1 and ended_at is null",
        params![now],
    )?;
    tx.queue(
        "insert into tier_walks (tenant_id, version) values ($1, $2)",
        params![ladder.version],
    )
}

pub const LOOK: &str = "select l.ladder, c.tier_id, c.tier_name, c.rank, c.review_on, c.changes
     from tenants t
     left join tier_ladders l on l.tenant_id = t.tenant_id
       and l.version = (select max(version) from tier_ladders where tenant_id = $1)
     left join customer_tiers c on c.tenant_id = t.tenant_id and c.customer_id = $2
     where t.tenant_id = $1";

/// The ladder and the guest's row, in one statement.
pub fn look(read: &mut Read, customer: CustomerId) -> Result<Look> {
    let row = read.one(LOOK, params![customer])?;
    let ladder = match row.get::<Option<String>>(0)? {
        Some(_) => row.json(0)?,
        None => Ladder::default(),
    };
    let held = match row.get::<Option<String>>(1)? {
        Some(_) => Some(Held {
            tier: row.get(1)?,
            name: row.get(2)?,
            rank: rank(&row, 3)?,
            review_on: row.get(4)?,
            changes: row.get(5)?,
        }),
        None => None,
    };
    Ok(Look { ladder, held })
}

fn rank(row: &Row, place: usize) -> Result<usize> {
    usize::try_from(row.get::<i64>(place)?).map_err(Error::bug)
}

pub fn add_day(tx: &mut Tx, cause: &Cause) -> Result<()> {
    tx.queue(
        "insert into loyalty_days (tenant_id, customer_id, business_day, venue_id, visits, points, spend)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (tenant_id, customer_id, business_day, venue_id) do update set
           visits = loyalty_days.visits + excluded.visits,
           points = loyalty_days.points + excluded.points,
           spend = loyalty_days.spend + excluded.spend",
        params![cause.customer, cause.on, cause.venue, cause.visits, cause.points, cause.spend],
    )
}

pub const DAYS: &str =
    "select business_day, cast(sum(visits) as bigint), cast(sum(points) as bigint),
       cast(sum(spend) as bigint)
     from loyalty_days
     where tenant_id = $1 and customer_id = $2 and business_day >= $3 and business_day <= $4
     group by business_day order by business_day";

/// A guest's days at all venues, in order.
pub fn days(read: &mut Read, customer: CustomerId, first: Date, last: Date) -> Result<Vec<Day>> {
    let rows = read.query(DAYS, params![customer, first, last])?;
    let days = rows.iter().map(|row| {
        Ok(Day {
            on: row.get(0)?,
            figures: Figures {
                visits: row.get(1)?,
                points: row.get(2)?,
                spend: row.get(3)?,
            },
        })
    });
    days.collect()
}

pub fn newest_day(read: &mut Read, customer: CustomerId) -> Result<Option<Date>> {
    read.one(
        "select max(business_day) from loyalty_days where tenant_id = $1 and customer_id = $2",
        params![customer],
    )?
    .get(0)
}

pub fn points_by_day(read: &mut Read, customer: CustomerId) -> Result<Vec<(VenueId, Date, i64)>> {
    let rows = read.query(
        "select venue_id, business_day, points from loyalty_days where tenant_id = $1 and customer_id = $2",
        params![customer],
    )?;
    rows.iter()
        .map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .collect()
}

/// What the pace of rising looks back at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Past {
    /// The rank from which the first change after that instant moved the guest; `None` where none did.
    pub rank: Option<usize>,
    /// The first change after it.
    pub next_change: Option<Timestamp>,
}

pub fn rank_at(read: &mut Read, customer: CustomerId, at: Timestamp) -> Result<Past> {
    let row = read.one(
        "select
           (select from_rank from tier_changes where tenant_id = $1 and customer_id = $2 and at > $3
             order by seq limit 1),
           (select min(at) from tier_changes where tenant_id = $1 and customer_id = $2 and at > $3)",
        params![customer, at],
    )?;
    let rank: Option<i64> = row.get(0)?;
    let rank = rank.map(usize::try_from).transpose();
    Ok(Past {
        rank: rank.map_err(Error::bug)?,
        next_change: row.get(1)?,
    })
}

/// When the guest last came from below the rank to it or past it.
pub fn rose_at(read: &mut Read, customer: CustomerId, rank: usize) -> Result<Option<Timestamp>> {
    read.one(
        "select max(at) from tier_changes
         where tenant_id = $1 and customer_id = $2 and from_rank < $3 and to_rank >= $3",
        params![customer, int(rank)?],
    )?
    .get(0)
}

/// What of a change is for people; what laws ask of it stands in columns.
#[derive(Serialize, Deserialize)]
struct Detail {
    from: TierRef,
    to: TierRef,
    reckoning: Reckoning,
}

pub fn append(tx: &mut Tx, change: &Change, velocity: Option<Velocity>) -> Result<()> {
    let detail = Detail {
        from: change.from.clone(),
        to: change.to.clone(),
        reckoning: change.reckoning.clone(),
    };
    tx.queue(
        "insert into tier_changes (tenant_id, customer_id, seq, from_tier, from_rank, to_tier, to_rank,
           ladder_version, velocity_tiers, velocity_micros, detail, cause_kind, cause_id, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        params![
            change.customer_id,
            change.seq,
            change.from.id,
            int(change.from.rank)?,
            change.to.id,
            int(change.to.rank)?,
            change.ladder_version,
            velocity.map(|velocity| velocity.tiers),
            velocity.map(|velocity| i64::from(velocity.days) * DAY_MICROS),
            json(&detail)?,
            &change.cause_kind,
            &change.cause_id,
            change.at
        ],
    )
}

fn int(rank: usize) -> Result<i64> {
    i64::try_from(rank).map_err(Error::bug)
}

fn moved() -> Error {
    Error::Again("somebody moved the guest's tier meanwhile".into())
}

/// `changes` is the guard: of two that found the same standing one moves it, the other looks again.
pub fn put_standing(
    tx: &mut Tx,
    change: &Change,
    known: bool,
    review_on: Option<Date>,
) -> Result<()> {
    let sql = if known {
        "update customer_tiers set tier_id = $3, tier_name = $4, rank = $5, since = $6, review_on = $7,
           changes = $8
         where tenant_id = $1 and customer_id = $2 and changes = $8 - 1"
    } else {
        "insert into customer_tiers
           (tenant_id, customer_id, tier_id, tier_name, rank, since, review_on, changes)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (tenant_id, customer_id) do nothing"
    };
    let put = tx.exec(
        sql,
        params![
            change.customer_id,
            change.to.id,
            &change.to.name,
            int(change.to.rank)?,
            change.at,
            review_on,
            change.seq
        ],
    )?;
    if put == 1 { Ok(()) } else { Err(moved()) }
}

pub fn look_again(tx: &mut Tx, customer: CustomerId, changes: i64, on: Option<Date>) -> Result<()> {
    let put = tx.exec(
        "update customer_tiers set review_on = $4
         where tenant_id = $1 and customer_id = $2 and changes = $3",
        params![customer, changes, on],
    )?;
    if put == 1 { Ok(()) } else { Err(moved()) }
}

/// Where a tier stands and how it is called after an edit of the ladder, for one who holds it still.
pub fn rename(
    tx: &mut Tx,
    customer: CustomerId,
    changes: i64,
    rank: usize,
    name: &str,
) -> Result<()> {
    let put = tx.exec(
        "update customer_tiers set rank = $4, tier_name = $5
         where tenant_id = $1 and customer_id = $2 and changes = $3",
        params![customer, changes, int(rank)?, name],
    )?;
    if put == 1 { Ok(()) } else { Err(moved()) }
}

pub const DUE: &str = "select customer_id from customer_tiers
     where tenant_id = $1 and review_on is not null and review_on <= $2
     order by review_on, customer_id limit $3";

/// Guests whose tier may have ended.
pub fn due(read: &mut Read, today: Date, limit: i64) -> Result<Vec<CustomerId>> {
    let rows = read.query(DUE, params![today, limit])?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// A walk through all guests that an edit of the ladder began: its version, and the last guest looked at.
pub fn open_walk(read: &mut Read) -> Result<Option<(i64, String)>> {
    let row = read.first(
        "select version, walked_to from tier_walks
         where tenant_id = $1 and ended_at is null order by version desc limit 1",
        &[],
    )?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

pub const WALK: &str = "select distinct customer_id from loyalty_days
     where tenant_id = $1 and customer_id > $2 order by customer_id limit $3";

pub fn guests_after(read: &mut Read, after: &str, limit: i64) -> Result<Vec<CustomerId>> {
    let rows = read.query(WALK, params![after, limit])?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Notes how far the walk is; without a guest it has ended.
pub fn walked(tx: &mut Tx, version: i64, to: Option<CustomerId>) -> Result<()> {
    let ended_at = to.is_none().then_some(tx.now());
    tx.queue(
        "update tier_walks set walked_to = coalesce($3, walked_to), ended_at = $4
         where tenant_id = $1 and version = $2 and ended_at is null",
        params![version, to, ended_at],
    )
}

pub const CHANGES: &str =
    "select customer_id, seq, detail, ladder_version, cause_kind, cause_id, at from tier_changes
     where tenant_id = $1 and customer_id = $2 and seq < $3 order by seq desc limit $4 offset $5";

/// A guest's changes, newest first.
pub fn changes(read: &mut Read, customer: CustomerId, paging: &Paging) -> Result<Page<Change>> {
    let after: Option<i64> = paging.after()?;
    let counted = match after {
        Some(_) => None,
        None => {
            let sql = "select count(*) from (select 1 from tier_changes
                       where tenant_id = $1 and customer_id = $2 limit $3) counted";
            let limit = i64::try_from(COUNT_MAX + 1).unwrap_or(i64::MAX);
            u64::try_from(read.one(sql, params![customer, limit])?.get::<i64>(0)?).ok()
        }
    };
    let before = after.unwrap_or(i64::MAX);
    let rows = read.query(
        CHANGES,
        params![customer, before, paging.limit(), paging.offset()],
    )?;
    let changes = rows.iter().map(change).collect::<Result<Vec<Change>>>()?;
    Ok(Page::of(paging, changes, counted, |change| change.seq))
}

fn change(row: &Row) -> Result<Change> {
    let detail: Detail = row.json(2)?;
    Ok(Change {
        customer_id: row.get(0)?,
        seq: row.get(1)?,
        from: detail.from,
        to: detail.to,
        ladder_version: row.get(3)?,
        reckoning: detail.reckoning,
        cause_kind: row.get(4)?,
        cause_id: row.get(5)?,
        at: row.get(6)?,
    })
}
