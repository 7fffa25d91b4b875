//! Streaks: coming back in every day, week or month, so many times in a row.

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Period {
    Day,
    /// From Monday.
    Week,
    Month,
}

impl Period {
    /// The first day of the period that `day` is in.
    pub fn start(self, day: Date) -> Date {
        match self {
            Self::Day => day,
            Self::Week => {
                let since_monday = day.weekday().to_monday_zero_offset();
                day.saturating_sub(i64::from(since_monday).days())
            }
            Self::Month => day.first_of_month(),
        }
    }

    /// The first day of the period after the one that begins at `start`.
    pub fn next(self, start: Date) -> Date {
        start.saturating_add(match self {
            Self::Day => 1.day(),
            Self::Week => 1.week(),
            Self::Month => 1.month(),
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    pub period: Period,
    /// Periods in a row that earn the bonus; from 2.
    pub length: u32,
    /// Days past the end of a missed period within which a visit still goes on with the run.
    pub grace_days: u32,
}

/// Periods in a row in which a guest came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// The first day of the last of them.
    pub last_start: Date,
    pub periods: u32,
}

impl Run {
    /// Whether its last period earned the bonus.
    pub fn is_complete(self, rule: Rule) -> bool {
        rule.length > 0 && self.periods.is_multiple_of(rule.length)
    }

    /// The last day on which a visit goes on with it.
    pub fn alive_until(self, rule: Rule) -> Date {
        let next = rule.period.next(self.last_start);
        let end = rule.period.next(next).saturating_sub(1.day());
        end.saturating_add(i64::from(rule.grace_days).days())
    }

    /// Periods towards the next bonus, as of `today`.
    pub fn so_far(self, rule: Rule, today: Date) -> u32 {
        if today > self.alive_until(rule) || rule.length == 0 {
            return 0;
        }
        match self.periods % rule.length {
            // Just completed: it is full until the next period begins.
            0 if rule.period.start(today) <= self.last_start => rule.length,
            rest => rest,
        }
    }
}

/// The run after a visit on `day`; nothing where the visit changes nothing, since its period is counted already
/// or lies before what is.
pub fn visited(run: Option<Run>, day: Date, rule: Rule) -> Option<Run> {
    let start = rule.period.start(day);
    let Some(run) = run else {
        return Some(Run {
            last_start: start,
            periods: 1,
        });
    };
    if start <= run.last_start {
        return None;
    }
    let goes_on = day <= run.alive_until(rule);
    let periods = if goes_on {
        run.periods.saturating_add(1)
    } else {
        1
    };
    Some(Run {
        last_start: start,
        periods,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(text: &str) -> Date {
        text.parse().expect("a date")
    }

    fn rule(period: Period, grace_days: u32) -> Rule {
        Rule {
            period,
            length: 3,
            grace_days,
        }
    }

    #[test]
    fn a_period_begins_where_a_calendar_says() {
        for (period, day, start, next) in [
            (Period::Day, "2026-06-12", "2026-06-12", "2026-06-13"),
            (Period::Week, "2026-06-12", "2026-06-08", "2026-06-15"),
            (Period::Week, "2026-06-08", "2026-06-08", "2026-06-15"),
            (Period::Week, "2026-06-14", "2026-06-08", "2026-06-15"),
            (Period::Week, "2027-01-01", "2026-12-28", "2027-01-04"),
            (Period::Month, "2026-12-31", "2026-12-01", "2027-01-01"),
            (Period::Month, "2026-02-28", "2026-02-01", "2026-03-01"),
        ] {
            assert_eq!(period.start(on(day)), on(start), "{period:?} {day}");
            assert_eq!(period.next(on(start)), on(next), "{period:?} {day}");
        }
    }

    #[test]
    fn a_visit_goes_on_with_a_run_or_begins_one() {
        use Period::{Day, Month, Week};
        for (period, grace, last, day, after) in [
            (Day, 0, "2026-06-11", "2026-06-12", Some(("2026-06-12", 5))),
            (Day, 0, "2026-06-10", "2026-06-12", Some(("2026-06-12", 1))),
            (Day, 1, "2026-06-10", "2026-06-12", Some(("2026-06-12", 5))),
            (Day, 1, "2026-06-09", "2026-06-12", Some(("2026-06-12", 1))),
            (Day, 0, "2026-06-12", "2026-06-12", None),
            (Day, 0, "2026-06-12", "2026-06-11", None),
            (Week, 0, "2026-06-01", "2026-06-14", Some(("2026-06-08", 5))),
            (Week, 0, "2026-06-01", "2026-06-15", Some(("2026-06-15", 1))),
            (Week, 2, "2026-06-01", "2026-06-16", Some(("2026-06-15", 5))),
            (Week, 2, "2026-06-01", "2026-06-17", Some(("2026-06-15", 1))),
            (Week, 0, "2026-06-08", "2026-06-14", None),
            (
                Month,
                0,
                "2026-01-01",
                "2026-02-28",
                Some(("2026-02-01", 5)),
            ),
            (
                Month,
                0,
                "2026-01-01",
                "2026-03-01",
                Some(("2026-03-01", 1)),
            ),
        ] {
            let before = Run {
                last_start: on(last),
                periods: 4,
            };
            let wanted = after.map(|(start, periods)| Run {
                last_start: on(start),
                periods,
            });
            let got = visited(Some(before), on(day), rule(period, grace));
            assert_eq!(got, wanted, "{period:?} {grace} {last} {day}");
        }
        let first = visited(None, on("2026-06-12"), rule(Week, 0));
        assert_eq!(
            first,
            Some(Run {
                last_start: on("2026-06-08"),
                periods: 1
            })
        );
    }

    #[test]
    fn each_full_length_earns_once() {
        let rule = rule(Period::Day, 0);
        let (mut run, mut bonuses) = (None, Vec::new());
        for day in 1..=7 {
            run = visited(run, on(&format!("2026-06-{day:02}")), rule);
            if run.is_some_and(|run| run.is_complete(rule)) {
                bonuses.push(day);
            }
        }
        assert_eq!(bonuses, [3, 6]);
    }

    #[test]
    fn so_far_says_how_many_of_the_length_are_there() {
        let rule = rule(Period::Day, 1);
        for (periods, today, so_far) in [
            (1, "2026-06-10", 1),
            (2, "2026-06-12", 2),
            (2, "2026-06-13", 0),
            (3, "2026-06-10", 3),
            (3, "2026-06-11", 0),
            (4, "2026-06-10", 1),
        ] {
            let run = Run {
                last_start: on("2026-06-10"),
                periods,
            };
            assert_eq!(run.so_far(rule, on(today)), so_far, "{periods} {today}");
        }
    }
}
