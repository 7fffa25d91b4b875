//! Opening hours: a week, and the days that differ from it.

use std::collections::HashSet;

use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::hall::error::Field;
use crate::hall::text::check_line;

/// Seven periods for each weekday.
const PERIODS_MAX: usize = 49;
/// Red days of several years ahead.
const EXCEPTIONS_MAX: usize = 400;
const MINUTES_OF_DAY: i64 = 24 * 60;
const MINUTES_OF_WEEK: i64 = 7 * MINUTES_OF_DAY;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// When a venue is open, by its own clock.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpeningHours {
    #[serde(default)]
    pub weekly: Vec<WeeklyPeriod>,
    #[serde(default)]
    pub exceptions: Vec<Exception>,
}

/// One period of each week. It ends the day after where `closes` is not later than `opens`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WeeklyPeriod {
    pub day: Weekday,
    #[schema(example = "16:00")]
    pub opens: String,
    #[schema(example = "01:00")]
    pub closes: String,
}

/// A day that differs from its weekday; without periods the venue is closed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    #[schema(value_type = String, format = Date, example = "2026-12-24")]
    pub on: Date,
    #[serde(default)]
    pub periods: Vec<Period>,
    #[serde(default)]
    #[schema(example = "Christmas Eve")]
    pub note: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Period {
    #[schema(example = "11:00")]
    pub opens: String,
    #[schema(example = "15:00")]
    pub closes: String,
}

impl OpeningHours {
    /// Notes in `wrong` times that are none, periods that overlap, days that are named twice.
    pub fn check(&self, pointer: &str, wrong: &mut Vec<Field>) {
        if self.weekly.len() > PERIODS_MAX || self.exceptions.len() > EXCEPTIONS_MAX {
            let message =
                format!("Send at most {PERIODS_MAX} periods and {EXCEPTIONS_MAX} exceptions.");
            wrong.push(Field::new(pointer, "too_many", message));
            return;
        }
        let mut week = Vec::new();
        for (place, period) in self.weekly.iter().enumerate() {
            let at = format!("{pointer}/weekly/{place}");
            if let Some((opens, length)) = span(&period.opens, &period.closes, &at, wrong) {
                week.push((period.day as i64 * MINUTES_OF_DAY + opens, length, at));
            }
        }
        overlaps(&week, Some(MINUTES_OF_WEEK), wrong);
        let mut days = HashSet::new();
        for (place, exception) in self.exceptions.iter().enumerate() {
            let at = format!("{pointer}/exceptions/{place}");
            if !days.insert(exception.on) {
                wrong.push(Field::new(
                    format!("{at}/on"),
                    "repeated",
                    "Send each day once.",
                ));
            }
            exception.check(&at, wrong);
        }
    }
}

impl Exception {
    fn check(&self, pointer: &str, wrong: &mut Vec<Field>) {
        if let Some(note) = &self.note {
            check_line(note, 100, &format!("{pointer}/note"), wrong);
        }
        if self.periods.len() > 7 {
            let message = "Send at most 7 periods for a day.";
            wrong.push(Field::new(
                format!("{pointer}/periods"),
                "too_many",
                message,
            ));
            return;
        }
        let mut day = Vec::new();
        for (place, period) in self.periods.iter().enumerate() {
            let at = format!("{pointer}/periods/{place}");
            if let Some((opens, length)) = span(&period.opens, &period.closes, &at, wrong) {
                day.push((opens, length, at));
            }
        }
        overlaps(&day, None, wrong);
    }
}

/// The minute that it opens at, and for how many.
fn span(opens: &str, closes: &str, pointer: &str, wrong: &mut Vec<Field>) -> Option<(i64, i64)> {
    let mut read = |text: &str, name: &str| {
        let minute = minute(text);
        if minute.is_none() {
            wrong.push(Field::new(
                format!("{pointer}/{name}"),
                "invalid",
                "Send a time of day like \"16:30\".",
            ));
        }
        minute
    };
    let (opens, closes) = (read(opens, "opens"), read(closes, "closes"));
    let (opens, closes) = (opens?, closes?);
    let length = (closes - opens).rem_euclid(MINUTES_OF_DAY);
    // From a time to the same time is a whole day.
    Some((opens, if length == 0 { MINUTES_OF_DAY } else { length }))
}

/// `HH:MM` as minutes after midnight.
pub fn minute(text: &str) -> Option<i64> {
    if text.len() != 5 || text.as_bytes()[2] != b':' {
        return None;
    }
    let time: Time = text.parse().ok()?;
    Some(i64::from(time.hour()) * 60 + i64::from(time.minute()))
}

fn overlaps(spans: &[(i64, i64, String)], circle: Option<i64>, wrong: &mut Vec<Field>) {
    for (place, (start, length, pointer)) in spans.iter().enumerate() {
        let meets = |other: &(i64, i64, String)| {
            let apart = |from: i64, to: i64| match circle {
                Some(circle) => (to - from).rem_euclid(circle),
                None => to - from,
            };
            let (after, before) = (apart(*start, other.0), apart(other.0, *start));
            (0..*length).contains(&after) || (0..other.1).contains(&before)
        };
        if spans[..place].iter().any(meets) {
            let message = "Send periods that do not overlap.";
            wrong.push(Field::new(pointer, "overlaps", message));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong_in(hours: serde_json::Value) -> Vec<(String, String)> {
        let hours: OpeningHours = serde_json::from_value(hours).expect("hours");
        let mut wrong = Vec::new();
        hours.check("/openingHours", &mut wrong);
        let found = wrong.into_iter().map(|field| {
            let pointer = field.pointer.trim_start_matches("/openingHours");
            (pointer.to_owned(), field.code)
        });
        found.collect()
    }

    #[test]
    fn hours_are_times_that_do_not_overlap() {
        let weekly = |periods: &[(&str, &str, &str)]| {
            let period = |(day, opens, closes): &(&str, &str, &str)| serde_json::json!({"day": day, "opens": opens, "closes": closes});
            serde_json::json!({"weekly": periods.iter().map(period).collect::<Vec<_>>()})
        };
        for (hours, wrong) in [
            (weekly(&[]), None),
            (
                weekly(&[("MON", "11:00", "14:00"), ("MON", "14:00", "23:00")]),
                None,
            ),
            (
                weekly(&[("FRI", "16:00", "03:00"), ("SAT", "03:00", "03:00")]),
                None,
            ),
            (
                weekly(&[("SUN", "20:00", "02:00"), ("MON", "01:00", "03:00")]),
                Some(("/weekly/1", "overlaps")),
            ),
            (
                weekly(&[("MON", "11:00", "14:00"), ("MON", "13:59", "15:00")]),
                Some(("/weekly/1", "overlaps")),
            ),
            (
                weekly(&[("MON", "9:00", "14:00")]),
                Some(("/weekly/0/opens", "invalid")),
            ),
            (
                weekly(&[("MON", "09:00", "24:00")]),
                Some(("/weekly/0/closes", "invalid")),
            ),
            (
                serde_json::json!({"exceptions": [{"on": "2026-12-24"}, {"on": "2026-12-24"}]}),
                Some(("/exceptions/1/on", "repeated")),
            ),
            (
                serde_json::json!({"exceptions": [{"on": "2026-12-24", "periods": [
                    {"opens": "10:00", "closes": "12:00"}, {"opens": "11:00", "closes": "13:00"}]}]}),
                Some(("/exceptions/0/periods/1", "overlaps")),
            ),
        ] {
            let found = wrong_in(hours);
            let first = found
                .first()
                .map(|(pointer, code)| (pointer.as_str(), code.as_str()));
            assert_eq!(first, wrong);
        }
    }
}
