//! The visits that streaks have counted.

use engine::streak::Run;
use jiff::civil::Date;

use crate::hall::error::Result;
use crate::hall::id::{CustomerId, StreakId, VenueId};
use crate::hall::store::{Read, Tx};
use crate::params;

/// A visit as a streak counts it.
#[derive(Debug, Clone, Copy)]
pub struct Visit {
    pub customer: CustomerId,
    pub venue: VenueId,
    pub on: Date,
}

/// Keeps that the visit was counted, with the runs as they are after its period.
pub fn keep(tx: &mut Tx, visit: Visit, runs: &[(StreakId, Run)]) -> Result<()> {
    if runs.is_empty() {
        return Ok(());
    }
    let mut values = params![visit.customer, visit.on, visit.venue].to_vec();
    let mut rows = Vec::with_capacity(runs.len());
    for (streak, run) in runs {
        let place = values.len() + 2;
        let (start, periods) = (place + 1, place + 2);
        rows.push(format!("($1, $2, $3, $4, ${place}, ${start}, ${periods})"));
        values.extend([(*streak).into(), run.last_start.into(), run.periods.into()]);
    }
    let sql = format!(
        "insert into streak_visits
           (tenant_id, customer_id, business_day, venue_id, streak_id, period_start, periods)
         values {} on conflict do nothing",
        rows.join(", ")
    );
    tx.queue(&sql, &values)
}

/// As [`keep`], for one that is told of late: it counts with its period, where that was counted.
pub fn keep_late(tx: &mut Tx, visit: Visit, streak: StreakId, start: Date) -> Result<()> {
    tx.queue(
        "insert into streak_visits
           (tenant_id, customer_id, streak_id, period_start, business_day, venue_id, periods)
         select $1, $2, $3, $4, $5, $6, periods from streak_visits
         where tenant_id = $1 and customer_id = $2 and streak_id = $3 and period_start = $4 limit 1
         on conflict do nothing",
        params![visit.customer, streak, start, visit.on, visit.venue],
    )
}

/// Forgets the visit; answers what counted it, with the run as it was after its period.
pub fn forget(tx: &mut Tx, visit: Visit) -> Result<Vec<(StreakId, Run)>> {
    let rows = tx.query(
        "delete from streak_visits
         where tenant_id = $1 and customer_id = $2 and business_day = $3 and venue_id = $4
         returning streak_id, period_start, periods",
        params![visit.customer, visit.on, visit.venue],
    )?;
    let runs = rows.iter().map(|row| {
        let run = Run {
            last_start: row.get(1)?,
            periods: row.get(2)?,
        };
        Ok((row.get(0)?, run))
    });
    runs.collect()
}

/// A period in which a visit was counted.
#[derive(Debug, Clone, Copy)]
pub struct Counted {
    /// The run after it.
    pub run: Run,
    /// The day of its first visit that counts.
    pub day: Date,
}

/// The periods from the beginning of the run that the period before `start` is in, in order.
pub fn around(
    read: &mut Read,
    customer: CustomerId,
    streak: StreakId,
    start: Date,
) -> Result<Vec<Counted>> {
    let rows = read.query(
        "select period_start, max(periods), min(business_day) from streak_visits
         where tenant_id = $1 and customer_id = $2 and streak_id = $3
           and period_start >= coalesce((select max(b.period_start) from streak_visits b
             where b.tenant_id = $1 and b.customer_id = $2 and b.streak_id = $3 and b.period_start < $4
               and b.periods = 1), '')
         group by period_start order by period_start",
        params![customer, streak, start],
    )?;
    let counted = rows.iter().map(|row| {
        let run = Run {
            last_start: row.get(0)?,
            periods: row.get(1)?,
        };
        Ok(Counted {
            run,
            day: row.get(2)?,
        })
    });
    counted.collect()
}

/// Writes how long the run is after each of these periods.
pub fn renumber(
    tx: &mut Tx,
    customer: CustomerId,
    streak: StreakId,
    periods: &[Run],
) -> Result<()> {
    periods.iter().try_for_each(|run| {
        tx.queue(
            "update streak_visits set periods = $5
             where tenant_id = $1 and customer_id = $2 and streak_id = $3 and period_start = $4",
            params![customer, streak, run.last_start, run.periods],
        )
    })
}
