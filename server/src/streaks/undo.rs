//! A visit that is undone, and what it had made of a guest's runs.

use engine::streak::{Period, runs};
use jiff::ToSpan as _;
use jiff::civil::Date;

use super::record::{CAUSE, cause, purchase};
use super::store::awards::{self, Award, Touched};
use crate::customers;
use crate::hall::error::Result;
use crate::hall::id::{CustomerId, StreakId, VenueId};
use crate::hall::identity::Venue;
use crate::hall::store::Tx;
use crate::loyalty::{self, TakeBack};
use crate::rewards;

/// Takes a visit on that business day out of the guest's runs, where no other visit keeps its period, and takes back
/// the bonuses that what remains does not earn: points, or a voucher that nobody has used. Called after the visit was
/// undone.
///
/// # Errors
/// `Again` where another visit of the guest was counted meanwhile.
pub fn undo(
    tx: &mut Tx,
    venue: &Venue,
    customer: CustomerId,
    on: Date,
    why: (&'static str, &str),
) -> Result<()> {
    let starts = [Period::Day, Period::Week, Period::Month].map(|period| period.start(on));
    let touched = awards::touched(tx, customer, venue.id, starts)?;
    let Some(from) = touched.iter().map(|one| first_day(one, on)).min() else {
        return Ok(());
    };
    let visits = customers::visits_between(tx, customer, from, Date::MAX)?;
    for one in &touched {
        let undone = undone(one, &visits, on);
        if let Some(left) = undone.left {
            awards::put_run_back(tx, customer, one.streak.id, one.run, left)?;
        }
        for award in undone.awards {
            take_back(tx, venue, customer, one.streak.id, award, why)?;
        }
    }
    Ok(())
}

/// No day before it matters: a run's periods are no further apart than one that is missed, with its grace.
fn first_day(one: &Touched, on: Date) -> Date {
    let apart = 2 * 31 + i64::from(one.streak.grace_days);
    let days = i64::from(one.run.periods) * apart;
    let begins = one.run.last_start.saturating_sub(days.days());
    begins.min(on.saturating_sub(31.days()))
}

/// What an undone day makes of one streak.
#[derive(Default)]
struct Undone {
    /// The run as it is then, where it is another one.
    left: Option<Option<engine::streak::Run>>,
    /// The bonuses that go.
    awards: Vec<Award>,
}

/// The run that the visits which remain make, as far back as it was counted; a bonus goes for each that they earn less.
fn undone(one: &Touched, visits: &[(Date, VenueId)], on: Date) -> Undone {
    let (rule, venues) = (one.streak.rule(), &one.streak.venue_ids);
    let start = rule.period.start(on);
    let counts = |(day, venue): &&(Date, VenueId)| {
        (venues.is_empty() || venues.contains(venue))
            && rule.period.start(*day) <= one.run.last_start
    };
    let mut days: Vec<Date> = visits.iter().filter(counts).map(|(day, _)| *day).collect();
    days.sort_unstable();
    days.dedup_by_key(|day| rule.period.start(*day));
    if days.iter().any(|day| rule.period.start(*day) == start) {
        return Undone::default();
    }
    let own = one.awards.iter().find(|award| award.period_start == start);
    let before = days.partition_point(|day| *day < on);
    let since = days.len() - before;
    let periods = usize::try_from(one.run.periods).unwrap_or(usize::MAX);
    if start > one.run.last_start || since >= periods {
        // Of an earlier run: what the period itself gave goes.
        return Undone {
            left: None,
            awards: own.copied().into_iter().collect(),
        };
    }
    let of_run = &days[days.len().saturating_sub(periods - 1)..];
    let mut as_was = of_run.to_vec();
    as_was.insert(of_run.partition_point(|day| *day < on), on);
    let first = rule.period.start(as_was[0]);
    let (was, (left, now)) = (runs(&as_was, rule).1, runs(of_run, rule));
    // A run of one period began anew: what came before it is over, and stands again as it was.
    let left = left.or_else(|| runs(&days, rule).0);
    let standing = || {
        one.awards
            .iter()
            .filter(|award| award.period_start >= first)
    };
    let most = standing().count().saturating_sub(now);
    let gone = was.saturating_sub(now).max(usize::from(own.is_some()));
    let others = standing().filter(|award| award.period_start != start);
    Undone {
        left: Some(left),
        awards: own
            .into_iter()
            .chain(others)
            .take(most.min(gone))
            .copied()
            .collect(),
    }
}

fn take_back(
    tx: &mut Tx,
    venue: &Venue,
    customer: CustomerId,
    streak: StreakId,
    award: Award,
    (cause_kind, cause_id): (&'static str, &str),
) -> Result<()> {
    let (start, turn) = (award.period_start, award.turn);
    awards::take_back(tx, customer, streak, start, turn)?;
    if award.points == 0 {
        let granted = cause(streak, start, turn);
        return rewards::cancel_granted(tx, venue, customer, CAUSE, &granted).map(|_| ());
    }
    let back = TakeBack {
        customer,
        venue: venue.id,
        purchase: purchase(streak, customer, start, turn),
        cause_kind,
        cause_id: cause_id.to_owned(),
        spend: 0,
        bonus: award.points,
        visit: false,
        restored: 0,
        at: tx.now(),
    };
    loyalty::take_back(tx, &back).map(|_| ())
}
