//! When a rule is open: dates, days of the week, times of day. Pure wall-clock tests: the zone has
//! already made each instant into a local date and time, so a rule at 02:30 simply never opens in the
//! night that skips 02:30, and stays open through both 02:30s of the night that has two.

mod moment;
mod parts;

use jiff::Timestamp;
use jiff::civil::Date;

pub use moment::Moment;
pub use parts::{BadTime, Bound, DaysOfWeek, TimeOfDay};

/// The bounds of a rule. Every one may be absent; an absent bound does not bind.
#[derive(Clone, Copy, Debug, Default)]
pub struct Window {
    pub valid_from: Option<Bound>,
    pub valid_until: Option<Bound>,
    pub days_of_week: DaysOfWeek,
    pub time_from: Option<TimeOfDay>,
    pub time_until: Option<TimeOfDay>,
}

/// Why a rule is not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shut {
    NotYet(Bound),
    Over(Bound),
    OutsideHours,
}

impl Window {
    pub fn test(&self, moment: &Moment) -> Result<(), Shut> {
        if let Some(from) = self.valid_from
            && !from.has_begun(moment)
        {
            return Err(Shut::NotYet(from));
        }
        if let Some(until) = self.valid_until
            && until.is_over(moment)
        {
            return Err(Shut::Over(until));
        }
        if self.opens_at(moment) {
            Ok(())
        } else {
            Err(Shut::OutsideHours)
        }
    }

    pub fn binds(&self) -> bool {
        self.valid_from.is_some()
            || self.valid_until.is_some()
            || !self.days_of_week.is_every_day()
            || self.time_from.is_some()
            || self.time_until.is_some()
    }

    // An absent time is the start of the business day, so "from 17:00" lasts until the house closes,
    // "Fridays" means until it closes on Saturday morning, and all cases are one comparison.
    fn opens_at(&self, moment: &Moment) -> bool {
        let from = self
            .time_from
            .unwrap_or(moment.business_day_start())
            .seconds();
        let until = self
            .time_until
            .unwrap_or(moment.business_day_start())
            .seconds();
        let now = moment.second_of_day();
        let begun_yesterday = if from < until {
            if now < from || now >= until {
                return false;
            }
            false
        } else {
            if now < from && now >= until {
                return false;
            }
            now < from
        };
        self.days_of_week.admits(moment.weekday(begun_yesterday))
    }
}

impl Bound {
    fn has_begun(self, moment: &Moment) -> bool {
        match self {
            Self::Instant(instant) => moment.instant() >= instant,
            Self::Day(day) => moment.business_date() >= day,
        }
    }

    /// An instant is excluded, a bare date includes its whole business day.
    fn is_over(self, moment: &Moment) -> bool {
        match self {
            Self::Instant(instant) => moment.instant() >= instant,
            Self::Day(day) => moment.business_date() > day,
        }
    }
}

impl From<Timestamp> for Bound {
    fn from(instant: Timestamp) -> Self {
        Self::Instant(instant)
    }
}

impl From<Date> for Bound {
    fn from(day: Date) -> Self {
        Self::Day(day)
    }
}

#[cfg(test)]
mod tests;
