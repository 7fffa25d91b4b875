//! What streaks gave, and how it is undone.

use std::collections::HashMap;

use engine::streak::Run;
use jiff::Timestamp;
use jiff::civil::Date;

use super::{COLUMNS, run, streaks};
use crate::hall::error::{Error, Result};
use crate::hall::filter::places;
use crate::hall::id::{CustomerId, StreakId};
use crate::hall::store::{Read, Tx, Value};
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

/// A streak that had counted a visit.
pub struct Touched {
    pub streak: Streak,
    pub run: Run,
    /// The bonuses that stand, the last period first.
    pub awards: Vec<Award>,
}

/// What a streak gave for a period, and nobody has taken back.
#[derive(Debug, Clone, Copy)]
pub struct Award {
    pub period_start: Date,
    pub turn: i64,
    /// 0 where it was a voucher.
    pub points: i64,
}

/// These streaks, archived and paused ones too, with how far the guest is.
pub fn touched(
    read: &mut Read,
    customer: CustomerId,
    streak_ids: &[StreakId],
) -> Result<Vec<Touched>> {
    let sql = format!(
        "select {COLUMNS}, r.last_start, r.periods
         from streak_runs r
         join streaks s on s.tenant_id = r.tenant_id and s.streak_id = r.streak_id
         where r.tenant_id = $1 and r.customer_id = $2 and r.streak_id in ({})
         order by s.streak_id",
        places(3, streak_ids.len())
    );
    let mut params = params![customer].to_vec();
    params.extend(streak_ids.iter().map(Value::from));
    let rows = read.query(&sql, &params)?;
    let mut standing = standing(read, customer)?;
    let shown = streaks(read, &rows)?;
    let all = shown.into_iter().zip(&rows).map(|(streak, row)| {
        Ok(Touched {
            run: run(row)?.ok_or_else(|| Error::bug("a run without a period"))?,
            awards: standing.remove(&streak.id).unwrap_or_default(),
            streak,
        })
    });
    all.collect()
}

/// Every bonus of the guest that stands, by streak, the last period first.
fn standing(read: &mut Read, customer: CustomerId) -> Result<HashMap<StreakId, Vec<Award>>> {
    let rows = read.query(
        "select streak_id, period_start, turn, points from streak_awards
         where tenant_id = $1 and customer_id = $2 and taken_back_at is null
         order by period_start desc",
        params![customer],
    )?;
    let mut all: HashMap<StreakId, Vec<Award>> = HashMap::new();
    for row in &rows {
        let award = Award {
            period_start: row.get(1)?,
            turn: row.get(2)?,
            points: row.get(3)?,
        };
        all.entry(row.get(0)?).or_default().push(award);
    }
    Ok(all)
}

/// Puts a run back to what is left of it; without one, it has not begun.
///
/// # Errors
/// `Again` where a visit moved it meanwhile.
pub fn put_run_back(
    tx: &mut Tx,
    customer: CustomerId,
    streak: StreakId,
    run: Run,
    left: Option<Run>,
) -> Result<()> {
    let put = match left {
        Some(left) => tx.exec(
            "update streak_runs set last_start = $5, periods = $6
             where tenant_id = $1 and customer_id = $2 and streak_id = $3 and last_start = $4",
            params![
                customer,
                streak,
                run.last_start,
                left.last_start,
                left.periods
            ],
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
