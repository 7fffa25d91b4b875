//! What streaks gave, and how it is undone.

use engine::streak::Run;
use jiff::Timestamp;
use jiff::civil::Date;

use super::{COLUMNS, run, streaks};
use crate::hall::error::{Error, Result};
use crate::hall::id::{CustomerId, StreakId, VenueId};
use crate::hall::store::{Read, Tx};
use crate::params;
use crate::streaks::Streak;
use crate::streaks::record::Completed;

/// Which turn of the period it is; `None` where the period has its bonus.
pub fn claim(tx: &mut Tx, completed: &Completed, at: Timestamp) -> Result<Option<i64>> {
    let row = tx.first(
        "insert into streak_awards (tenant_id, streak_id, customer_id, period_start, turn, points, at)
         select $1, $2, $3, $4, coalesce(max(turn), 0) + 1, cast($5 as bigint), cast($6 as bigint) from streak_awards
         where tenant_id = $1 and streak_id = $2 and customer_id = $3 and period_start = $4
         on conflict do nothing
         returning turn",
        params![
            completed.streak_id,
            completed.customer_id,
            completed.period_start,
            completed.points,
            at
        ],
    )?;
    row.map(|row| row.get(0)).transpose()
}

/// A streak of which a day may have moved the run or earned the bonus.
pub struct Touched {
    pub streak: Streak,
    pub run: Run,
    /// As the run was before its last period, where that is known; without one, it began with it.
    pub before: Option<Option<Run>>,
    /// Turn and points of the bonus that stands.
    pub award: Option<(i64, i64)>,
}

/// Those at the venue whose period that begins at one of `starts` (day, week, month) the guest came in.
pub fn touched(
    read: &mut Read,
    customer: CustomerId,
    venue: VenueId,
    starts: [Date; 3],
) -> Result<Vec<Touched>> {
    let start = "case s.period when 'DAY' then $4 when 'WEEK' then $5 else $6 end";
    let sql = format!(
        "select {COLUMNS}, r.last_start, r.periods, r.before_start, r.before_periods, a.turn, a.points
         from streak_runs r
         join streaks s on s.tenant_id = r.tenant_id and s.streak_id = r.streak_id
         left join streak_awards a on a.tenant_id = r.tenant_id and a.streak_id = r.streak_id
           and a.customer_id = r.customer_id and a.taken_back_at is null and a.period_start = {start}
         where r.tenant_id = $1 and r.customer_id = $2 and (r.last_start = {start} or a.turn is not null)
           and exists (select 1 from streak_venues v where v.tenant_id = s.tenant_id
             and v.streak_id = s.streak_id and v.venue_id in ('*', $3))
         order by s.streak_id"
    );
    let [day, week, month] = starts;
    let rows = read.query(&sql, params![customer, venue, day, week, month])?;
    let shown = streaks(read, &rows)?;
    let all = shown.into_iter().zip(&rows).map(|(streak, row)| {
        let before = match (row.get(14)?, row.get(13)?) {
            (None, _) => None,
            (Some(periods), Some(last_start)) => Some(Some(Run {
                last_start,
                periods,
            })),
            (Some(_), None) => Some(None),
        };
        Ok(Touched {
            streak,
            run: run(row)?.ok_or_else(|| Error::bug("a run without a period"))?,
            before,
            award: row.get::<Option<i64>>(15)?.zip(row.get(16)?),
        })
    });
    all.collect()
}

/// Puts a run back to what it was; without one, it has not begun.
///
/// # Errors
/// `Again` where a visit moved it meanwhile.
pub fn put_run_back(
    tx: &mut Tx,
    customer: CustomerId,
    streak: StreakId,
    run: Run,
    before: Option<Run>,
) -> Result<()> {
    let put = match before {
        Some(before) => tx.exec(
            "update streak_runs set last_start = $5, periods = $6, before_start = null, before_periods = null
             where tenant_id = $1 and customer_id = $2 and streak_id = $3 and last_start = $4",
            params![customer, streak, run.last_start, before.last_start, before.periods],
        ),
        None => tx.exec(
            "delete from streak_runs
             where tenant_id = $1 and customer_id = $2 and streak_id = $3 and last_start = $4",
            params![customer, streak, run.last_start],
        ),
    };
    if put? == 1 {
        Ok(())
    } else {
        Err(Error::Again("a visit was counted meanwhile".into()))
    }
}

/// # Errors
/// `Again` where another refund took it back meanwhile.
pub fn take_back(
    tx: &mut Tx,
    customer: CustomerId,
    streak: StreakId,
    period_start: Date,
    turn: i64,
) -> Result<()> {
    let taken = tx.exec(
        "update streak_awards set taken_back_at = $6
         where tenant_id = $1 and streak_id = $2 and customer_id = $3 and period_start = $4 and turn = $5
           and taken_back_at is null",
        params![streak, customer, period_start, turn, tx.now()],
    )?;
    if taken == 1 {
        Ok(())
    } else {
        Err(Error::Again("the bonus was taken back meanwhile".into()))
    }
}
