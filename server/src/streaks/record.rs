//! A visit, and what it makes of a guest's runs.

use engine::streak::{Run, visited};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::Streak;
use super::store::{self, counted};
use crate::customers;
use crate::hall::call::Reply;
use crate::hall::error::Result;
use crate::hall::id::{CustomerId, StreakId, VenueId, VoucherId};
use crate::hall::journal::EventType;
use crate::hall::room::Bought;
use crate::hall::store::{Read, Tx};
use crate::loyalty::{self, Grant};
use crate::{rewards, tiers};

/// Why a bonus comes.
pub(super) const CAUSE: &str = "streak";

/// A streak that a visit has completed, with its bonus paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Completed {
    pub streak_id: StreakId,
    #[schema(example = "Three weeks in a row")]
    pub name: String,
    pub customer_id: CustomerId,
    /// The first day of the period that completed it.
    #[schema(value_type = String, example = "2026-06-08")]
    pub period_start: Date,
    /// 0 where a voucher is the bonus.
    #[schema(example = 50)]
    pub points: i64,
    pub voucher_id: Option<VoucherId>,
    /// From 2 on, where a refund took the bonus of this period back and it was completed again.
    #[schema(example = 1)]
    pub turn: i64,
}

impl Completed {
    /// What the bonus is granted for, once (L27).
    pub(super) fn cause(&self) -> String {
        cause(self.streak_id, self.period_start, self.turn)
    }
}

/// The first time is told by the period alone.
pub(super) fn cause(streak: StreakId, period_start: Date, turn: i64) -> String {
    match turn {
        1 => format!("{streak}/{period_start}"),
        again => format!("{streak}/{period_start}/{again}"),
    }
}

/// As the ledger names it.
pub(super) fn purchase(
    streak: StreakId,
    customer: CustomerId,
    period_start: Date,
    turn: i64,
) -> String {
    match turn {
        1 => format!("{streak}/{customer}/{period_start}"),
        again => format!("{streak}/{customer}/{period_start}/{again}"),
    }
}

/// Counts a visit for each live streak of the venue; again in one period it only keeps the period counted.
///
/// One statement looks and two write, whatever the number of streaks; a bonus is a few more, and so is a visit that is
/// told of late.
///
/// # Errors
/// `Again` where another visit of the guest was counted meanwhile.
pub fn record(
    tx: &mut Tx,
    customer: CustomerId,
    venue: VenueId,
    business_day: Date,
    at: Timestamp,
) -> Result<Vec<Completed>> {
    let visit = counted::Visit {
        customer,
        venue,
        on: business_day,
    };
    let (mut moved, mut counted) = (Vec::new(), Vec::new());
    for (streak, run) in store::live(tx, venue, customer)? {
        let rule = streak.rule();
        let stands = run.map(|run| aligned(&streak, run));
        match (visited(stands, business_day, rule), run) {
            (Some(after), _) => {
                counted.push((streak.id, after));
                moved.push((streak, after));
            }
            // Its period is the run's last, as that was counted, whatever the streak is now.
            (None, Some(run)) if run.last_start <= business_day => counted.push((streak.id, run)),
            (None, _) => {
                let start = rule.period.start(business_day);
                counted::keep_late(tx, visit, streak.id, start)?;
            }
        }
    }
    counted::keep(tx, visit, &counted)?;
    store::put_runs(tx, customer, &moved)?;
    let mut completed = Vec::new();
    for (streak, run) in moved {
        if run.is_complete(streak.rule()) {
            completed.extend(pay(tx, customer, venue, &streak, run, at)?);
        }
    }
    Ok(completed)
}

/// Counts the visit of a purchase that another system reported.
pub fn on_bought(tx: &mut Tx, bought: &Bought) -> Result<()> {
    if bought.visits > 0 {
        record(tx, bought.customer, bought.venue, bought.on, bought.at)?;
    }
    Ok(())
}

/// A run that was counted by weeks stands in the month of its last week once the streak goes by months.
pub(super) fn aligned(streak: &Streak, run: Run) -> Run {
    Run {
        last_start: streak.rule().period.start(run.last_start),
        ..run
    }
}

/// Pays the bonus, unless the period has it. A streak whose reward is archived gives nothing.
fn pay(
    tx: &mut Tx,
    customer: CustomerId,
    venue: VenueId,
    streak: &Streak,
    run: Run,
    at: Timestamp,
) -> Result<Option<Completed>> {
    if let Some(reward) = streak.reward_id
        && !rewards::is_given(tx, reward)?
    {
        return Ok(None);
    }
    let mut completed = Completed {
        streak_id: streak.id,
        name: streak.name.clone(),
        customer_id: customer,
        period_start: run.last_start,
        points: streak.bonus_points.unwrap_or_default(),
        voucher_id: None,
        turn: 1,
    };
    // L05: the row is the guard, because two tills may see the same guest.
    match store::awards::claim(tx, &completed, at)? {
        Some(turn) => completed.turn = turn,
        None => return Ok(None),
    }
    completed.voucher_id = give(tx, venue, streak, run, &completed)?;
    tx.emit(EventType::StreakCompleted, Some(venue), &completed)?;
    Ok(Some(completed))
}

/// The points, or the voucher.
fn give(
    tx: &mut Tx,
    venue: VenueId,
    streak: &Streak,
    run: Run,
    completed: &Completed,
) -> Result<Option<VoucherId>> {
    let customer = completed.customer_id;
    if let Some(reward) = streak.reward_id {
        let grant = rewards::Grant {
            customer,
            reward,
            cause_kind: CAUSE,
            cause_id: completed.cause(),
        };
        let voucher = rewards::grant(tx, &grant)?;
        return Ok(voucher.map(|voucher| voucher.id));
    }
    let grant = Grant {
        customer,
        venue: Some(venue),
        points: completed.points,
        cause_kind: CAUSE,
        cause_id: streak.id.to_string(),
        purchase_id: purchase(streak.id, customer, run.last_start, completed.turn),
        policy: json!({ "streak": streak, "run": run }),
    };
    loyalty::grant(tx, &grant)?;
    Ok(None)
}

/// How far a guest is with a streak.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StreakProgress {
    pub streak: Streak,
    /// Periods of the run, towards the next bonus.
    #[schema(example = 2)]
    pub have: u32,
    #[schema(example = 3)]
    pub need: u32,
    /// The last day on which a visit goes on with the run; `null` without one.
    #[schema(value_type = Option<String>, example = "2026-06-21")]
    pub keep_until: Option<Date>,
    /// Whether this period has been counted.
    pub counted: bool,
}

impl Reply for StreakProgress {}

/// Every live streak of the chain, and how far the guest is.
pub fn progress(read: &mut Read, customer: CustomerId) -> Result<Vec<StreakProgress>> {
    customers::find(read, customer)?;
    let today = tiers::today(read)?;
    let all = store::live_anywhere(read, customer)?;
    let told = all.into_iter().map(|(streak, run)| {
        let rule = streak.rule();
        let run = run.map(|run| aligned(&streak, run));
        let have = run.map_or(0, |run| run.so_far(rule, today));
        let alive = run.filter(|run| today <= run.alive_until(rule));
        StreakProgress {
            need: streak.length,
            have,
            keep_until: alive.map(|run| run.alive_until(rule)),
            counted: alive.is_some_and(|run| run.last_start >= rule.period.start(today)),
            streak,
        }
    });
    Ok(told.collect())
}
