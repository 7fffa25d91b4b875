//! A visit that is undone, and what it had made of a guest's runs.

use engine::streak::{Run, visited};
use jiff::civil::Date;

use super::Streak;
use super::record::{CAUSE, aligned, cause, purchase};
use super::store::awards::{self, Award, Touched};
use super::store::counted::{self, Counted, Visit};
use crate::hall::error::Result;
use crate::hall::id::{CustomerId, StreakId};
use crate::hall::identity::Venue;
use crate::hall::store::Tx;
use crate::loyalty::{self, TakeBack};
use crate::rewards;

/// Takes a visit on that business day out of the guest's runs, where no other visit that counts keeps its period, and
/// takes back the bonuses that what remains does not earn: points, or a voucher that nobody has used. Called after the
/// visit was undone; a streak that had not counted it is left alone.
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
    let visit = Visit {
        customer,
        venue: venue.id,
        on,
    };
    let forgotten = counted::forget(tx, visit)?;
    if forgotten.is_empty() {
        return Ok(());
    }
    let ids: Vec<StreakId> = forgotten.iter().map(|(streak, _)| *streak).collect();
    for one in awards::touched(tx, customer, &ids)? {
        let was = forgotten
            .iter()
            .find(|(streak, _)| *streak == one.streak.id);
        let Some((streak, gone)) = was.copied() else {
            continue;
        };
        let around = counted::around(tx, customer, streak, gone.last_start)?;
        let undone = undone(&one, gone, &around);
        counted::renumber(tx, customer, streak, &undone.renumbered)?;
        if let Some(left) = undone.left {
            awards::put_run_back(tx, customer, streak, one.run, left)?;
        }
        for award in undone.awards {
            take_back(tx, venue, customer, streak, award, why)?;
        }
    }
    Ok(())
}

/// What an undone day makes of one streak.
#[derive(Default)]
struct Undone {
    /// The run as it is then, where it is another one.
    left: Option<Option<Run>>,
    /// Periods after which the run is of another length then.
    renumbered: Vec<Run>,
    /// The bonuses that go.
    awards: Vec<Award>,
}

/// The period is taken out, and those after it go on with what was before it, as far as that makes a difference; a
/// bonus goes for each that they earn less. `around` is from the beginning of the run before it.
fn undone(one: &Touched, gone: Run, around: &[Counted]) -> Undone {
    let (rule, start) = (one.streak.rule(), gone.last_start);
    if around.iter().any(|period| period.run.last_start == start) {
        return Undone::default();
    }
    let (before, after) =
        around.split_at(around.partition_point(|period| period.run.last_start < start));
    let own_run = if gone.periods == 1 { &[] } else { before };
    let first = own_run
        .first()
        .map_or(start, |period| period.run.last_start);
    let standing = own_run
        .iter()
        .filter(|period| period.run.is_complete(rule))
        .count();
    let followed = followed(before.last().map(|period| period.run), after, &one.streak);
    let was = standing + followed.was + usize::from(gone.is_complete(rule));
    let now = standing + followed.now;

    let own = one.awards.iter().find(|award| award.period_start == start);
    let of_run = |award: &&Award| {
        award.period_start >= first
            && followed
                .until
                .is_none_or(|until| award.period_start < until)
    };
    let most = one.awards.iter().filter(of_run).count().saturating_sub(now);
    let less = was.saturating_sub(now).max(usize::from(own.is_some()));
    let others = one
        .awards
        .iter()
        .filter(of_run)
        .filter(|award| award.period_start != start);
    Undone {
        left: followed.until.is_none().then_some(followed.run),
        renumbered: followed.renumbered,
        awards: own
            .into_iter()
            .chain(others)
            .take(most.min(less))
            .copied()
            .collect(),
    }
}

/// What becomes of the periods after one that is taken out.
struct Followed {
    run: Option<Run>,
    renumbered: Vec<Run>,
    /// The period from which everything is as it was.
    until: Option<Date>,
    /// Bonuses that the periods up to there earned, and earn now.
    was: usize,
    now: usize,
}

/// The periods stay those that were counted; the streak as it is now says which of them go on with the run.
fn followed(run: Option<Run>, after: &[Counted], streak: &Streak) -> Followed {
    let rule = streak.rule();
    let mut all = Followed {
        run,
        renumbered: Vec::new(),
        until: None,
        was: 0,
        now: 0,
    };
    for period in after {
        let step = visited(all.run.map(|run| aligned(streak, run)), period.day, rule);
        // Nothing where it is one period with the one before it, as the streak is now.
        let periods = step.or(all.run).map_or(1, |run| run.periods);
        if periods == period.run.periods {
            all.until = Some(period.run.last_start);
            break;
        }
        all.was += usize::from(period.run.is_complete(rule));
        all.now += usize::from(step.is_some_and(|run| run.is_complete(rule)));
        let run = Run {
            last_start: period.run.last_start,
            periods,
        };
        all.renumbered.push(run);
        all.run = Some(run);
    }
    all
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
