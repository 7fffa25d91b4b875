//! A visit, and what it makes of a guest's runs.

use engine::streak::{Run, visited};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{Streak, store};
use crate::customers;
use crate::hall::call::Reply;
use crate::hall::error::Result;
use crate::hall::id::{CustomerId, StreakId, VenueId};
use crate::hall::journal::EventType;
use crate::hall::room::Bought;
use crate::hall::store::{Read, Tx};
use crate::loyalty::{self, Grant};
use crate::tiers;

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
    #[schema(example = 50)]
    pub points: i64,
}

/// Counts a visit for each live streak of the venue; again in one period it changes nothing.
///
/// One statement looks and one writes, whatever the number of streaks, and a bonus is three more.
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
    let live = store::live(tx, venue, customer)?;
    let moved = live.into_iter().filter_map(|(streak, run)| {
        let rule = streak.rule();
        let after = visited(run.map(|run| aligned(&streak, run)), business_day, rule)?;
        Some((streak, after))
    });
    let moved: Vec<(Streak, Run)> = moved.collect();
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
fn aligned(streak: &Streak, run: Run) -> Run {
    Run {
        last_start: streak.rule().period.start(run.last_start),
        ..run
    }
}

/// Pays the bonus, unless the period has had it.
fn pay(
    tx: &mut Tx,
    customer: CustomerId,
    venue: VenueId,
    streak: &Streak,
    run: Run,
    at: Timestamp,
) -> Result<Option<Completed>> {
    let completed = Completed {
        streak_id: streak.id,
        name: streak.name.clone(),
        customer_id: customer,
        period_start: run.last_start,
        points: streak.bonus_points,
    };
    // L05: the key of the row is the guard, because two tills may see the same guest.
    if !store::claim_bonus(tx, &completed, at)? {
        return Ok(None);
    }
    let grant = Grant {
        customer,
        venue: Some(venue),
        points: streak.bonus_points,
        cause_kind: "streak",
        cause_id: streak.id.to_string(),
        purchase_id: format!("{}/{customer}/{}", streak.id, run.last_start),
        policy: json!({ "streak": streak, "run": run }),
    };
    loyalty::grant(tx, &grant)?;
    tx.emit(EventType::StreakCompleted, Some(venue), &completed)?;
    Ok(Some(completed))
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
