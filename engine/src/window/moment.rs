//! An instant as the venue's clock shows it.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::TimeOfDay;

/// An instant with everything that a window asks of it, reckoned once per line instead of once per rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    instant: Timestamp,
    second_of_day: i32,
    /// 0 = Sunday.
    weekday: u8,
    business_date: Date,
    business_day_start: TimeOfDay,
}

impl Moment {
    pub fn new(instant: Timestamp, zone: &TimeZone, business_day_start: TimeOfDay) -> Self {
        let local = zone.to_datetime(instant);
        let time = local.time();
        let second_of_day = i32::from(time.hour()) * 3600
            + i32::from(time.minute()) * 60
            + i32::from(time.second());
        let today = local.date();
        let business_date = if second_of_day < business_day_start.seconds() {
            today.saturating_sub(1.day())
        } else {
            today
        };
        let weekday = today.weekday().to_sunday_zero_offset().unsigned_abs();
        Self {
            instant,
            second_of_day,
            weekday,
            business_date,
            business_day_start,
        }
    }

    pub fn instant(&self) -> Timestamp {
        self.instant
    }

    pub fn second_of_day(&self) -> i32 {
        self.second_of_day
    }

    /// The business day: at half past midnight it is still Friday.
    pub fn business_date(&self) -> Date {
        self.business_date
    }

    pub fn business_day_start(&self) -> TimeOfDay {
        self.business_day_start
    }

    /// The weekday of this calendar day or of the one before, 0 = Sunday.
    pub(super) fn weekday(&self, of_yesterday: bool) -> u8 {
        if of_yesterday {
            (self.weekday + 6) % 7
        } else {
            self.weekday
        }
    }
}
