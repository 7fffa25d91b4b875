//! The status ladder: which tier a guest's days give, until when, and how far the next one is.
//!
//! A standing is a function of the guest's days alone, never of the standing before: what a refund takes out of
//! a day is as if it had never been there, and the same days give the same tier again (L29). A tier that some
//! day within the grace period gave is held still. Only the pace of rising looks back at what was held (L05).

mod sentence;

use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

pub use sentence::{Said, sentence};

/// What a guest did on a day, or in a span of days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    pub visits: i64,
    /// Earned, less what refunds took back. Spending points changes nothing here.
    pub points: i64,
    /// Minor units of the chain's reporting currency, less refunds.
    pub spend: i64,
}

impl Figures {
    fn plus(self, other: Self) -> Self {
        Self {
            visits: self.visits.saturating_add(other.visits),
            points: self.points.saturating_add(other.points),
            spend: self.spend.saturating_add(other.spend),
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            visits: self.visits.saturating_sub(other.visits),
            points: self.points.saturating_sub(other.points),
            spend: self.spend.saturating_sub(other.spend),
        }
    }
}

/// A business day and what the guest did on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    pub on: Date,
    pub figures: Figures,
}

/// What a tier asks for: any one of them is enough, and nothing at all is the tier of everybody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Threshold {
    pub visits: Option<i64>,
    pub points: Option<i64>,
    pub spend: Option<i64>,
}

/// What a threshold counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Metric {
    Visits,
    Points,
    Spend,
}

impl Threshold {
    fn asked(self, figures: Figures) -> [(Metric, i64, Option<i64>); 3] {
        [
            (Metric::Visits, figures.visits, self.visits),
            (Metric::Points, figures.points, self.points),
            (Metric::Spend, figures.spend, self.spend),
        ]
    }

    pub fn is_free(self) -> bool {
        self == Self::default()
    }

    pub fn is_met(self, figures: Figures) -> bool {
        let enough = |(_, have, need): (Metric, i64, Option<i64>)| need.is_some_and(|n| have >= n);
        self.is_free() || self.asked(figures).into_iter().any(enough)
    }

    /// The way to the tier that is furthest along. Nothing where the tier is everybody's.
    pub fn nearest(self, figures: Figures) -> Option<Way> {
        let ways = self
            .asked(figures)
            .into_iter()
            .filter_map(|(metric, have, need)| need.map(|need| Way { metric, have, need }));
        // Of equals the first: `max_by_key` would answer the last.
        ways.reduce(|best, way| {
            if way.hundredths() > best.hundredths() {
                way
            } else {
                best
            }
        })
    }
}

/// How far a guest is on the way to a tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Way {
    pub metric: Metric,
    pub have: i64,
    pub need: i64,
}

impl Way {
    /// From 0 to 100, rounded down.
    pub fn hundredths(self) -> i64 {
        if self.need <= 0 || self.have >= self.need {
            return 100;
        }
        let part = i128::from(self.have.max(0)) * 100 / i128::from(self.need);
        i64::try_from(part).unwrap_or(100)
    }

    pub fn short(self) -> i64 {
        (self.need - self.have).max(0)
    }
}

/// Which days count together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Period {
    /// The last so many days, today among them.
    Rolling {
        days: u32,
    },
    CalendarYear,
}

impl Period {
    /// The first day that counts together with `on`.
    pub fn first_day(self, on: Date) -> Date {
        match self {
            Self::Rolling { days } => before(on, days.saturating_sub(1)),
            Self::CalendarYear => date(on.year(), 1, 1),
        }
    }

    /// The last day on which `on` still counts.
    pub fn last_day(self, on: Date) -> Date {
        match self {
            Self::Rolling { days } => after(on, days.saturating_sub(1)),
            Self::CalendarYear => date(on.year(), 12, 31),
        }
    }
}

fn before(on: Date, days: u32) -> Date {
    on.saturating_sub(i64::from(days).days())
}

fn after(on: Date, days: u32) -> Date {
    on.saturating_add(i64::from(days).days())
}

/// The rules of a ladder; tiers are known by their rank, from 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ladder {
    /// The first is everybody's, each further one asks for more.
    pub thresholds: Vec<Threshold>,
    pub period: Period,
    /// How long a tier is held after the days that gave it have gone by.
    pub grace_days: u32,
}

/// What a guest's days give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Earned {
    pub rank: usize,
    /// The last day on which it is held if nothing more happens; the first tier has no end.
    pub kept_until: Option<Date>,
    /// Whether it is held by grace alone.
    pub by_grace: bool,
    /// Of the period that today is in.
    pub figures: Figures,
}

impl Ladder {
    /// The first day that still matters today.
    pub fn first_day(&self, today: Date) -> Date {
        self.period.first_day(before(today, self.grace_days))
    }

    /// What the days give today. They are in order, from [`Ladder::first_day`] to today.
    pub fn earned(&self, days: &[Day], today: Date) -> Earned {
        let sums = Sums::of(days);
        let rank_on = |on: Date| self.rank_of(sums.between(self.period.first_day(on), on));
        let since = before(today, self.grace_days);
        // Figures rise on a guest's days only, so no other day within the grace period can give more.
        let within = days
            .iter()
            .map(|day| day.on)
            .filter(|on| *on >= since && *on <= today);
        let rank = within.chain([since]).map(rank_on).max().unwrap_or(0);
        let figures = sums.between(self.period.first_day(today), today);
        Earned {
            rank,
            kept_until: self.kept_until(days, rank),
            by_grace: self.rank_of(figures) < rank,
            figures,
        }
    }

    /// The last day on which the days still give `rank`, with its grace.
    pub fn kept_until(&self, days: &[Day], rank: usize) -> Option<Date> {
        if rank == 0 {
            return None;
        }
        let sums = Sums::of(days);
        // Figures fall on the day after one of these, and on no other.
        let ends = days.iter().map(|day| self.period.last_day(day.on));
        let given =
            |end: &Date| self.rank_of(sums.between(self.period.first_day(*end), *end)) >= rank;
        // Days are in order, and so are their ends: the last one that holds is the first from behind.
        ends.rev()
            .find(given)
            .map(|last| after(last, self.grace_days))
    }

    /// The highest tier whose threshold is met.
    fn rank_of(&self, figures: Figures) -> usize {
        let met = |threshold: &Threshold| threshold.is_met(figures);
        self.thresholds.iter().rposition(met).unwrap_or(0)
    }
}

/// Running sums of days, so that any span of them is two look-ups.
struct Sums(Vec<Day>);

impl Sums {
    fn of(days: &[Day]) -> Self {
        let mut sum = Figures::default();
        let running = days.iter().map(|day| {
            sum = sum.plus(day.figures);
            Day {
                on: day.on,
                figures: sum,
            }
        });
        Self(running.collect())
    }

    fn before(&self, on: Date) -> Figures {
        let place = self.0.partition_point(|day| day.on < on);
        match place.checked_sub(1).and_then(|last| self.0.get(last)) {
            Some(day) => day.figures,
            None => Figures::default(),
        }
    }

    fn between(&self, first: Date, last: Date) -> Figures {
        self.before(after(last, 1)).minus(self.before(first))
    }
}

/// At most so many tiers up in so many days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Velocity {
    pub tiers: u32,
    pub days: u32,
}

/// The rank that is held from now on: what is earned, no higher than the pace allows above the rank that was held
/// at the beginning of its days. What is held already is not taken away by it.
pub fn paced(earned: usize, held: usize, held_then: usize, velocity: Option<Velocity>) -> usize {
    let Some(velocity) = velocity else {
        return earned;
    };
    let tiers = usize::try_from(velocity.tiers).unwrap_or(usize::MAX);
    earned.min(held.max(held_then.saturating_add(tiers)))
}

#[cfg(test)]
mod tests;
