//! The nights on which clocks change, in ten zones: at two, at midnight, by half an hour, for Ramadan.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{Bound, DaysOfWeek, Moment, TimeOfDay, Window, time};

/// A change of the clock, and the local times that it skips or has twice.
struct Change {
    at: &'static str,
    from: &'static str,
    until: &'static str,
    /// Whether the night from 22:00 to 02:30 is open just before the change, and at it.
    night: [bool; 2],
}

struct Zone {
    name: &'static str,
    gap: Change,
    fold: Change,
    /// The day on whose evening both nights begin; 0 is Sunday.
    evening: u8,
}

const fn change(
    at: &'static str,
    from: &'static str,
    until: &'static str,
    night: [bool; 2],
) -> Change {
    Change {
        at,
        from,
        until,
        night,
    }
}

const fn zone(name: &'static str, evening: u8, gap: Change, fold: Change) -> Zone {
    Zone {
        name,
        gap,
        fold,
        evening,
    }
}

const ZONES: [Zone; 10] = [
    zone(
        "Europe/Stockholm",
        6,
        change("2026-03-29T01:00:00Z", "02:00", "03:00", [true, false]),
        change("2026-10-25T01:00:00Z", "02:00", "03:00", [false, true]),
    ),
    zone(
        "America/New_York",
        6,
        change("2026-03-08T07:00:00Z", "02:00", "03:00", [true, false]),
        change("2026-11-01T06:00:00Z", "01:00", "02:00", [true, true]),
    ),
    zone(
        "America/Santiago",
        6,
        change("2026-09-06T04:00:00Z", "00:00", "01:00", [true, true]),
        change("2026-04-05T03:00:00Z", "23:00", "00:00", [true, true]),
    ),
    zone(
        "Australia/Lord_Howe",
        6,
        change("2026-10-03T15:30:00Z", "02:00", "02:30", [true, false]),
        change("2026-04-04T15:00:00Z", "01:30", "02:00", [true, true]),
    ),
    zone(
        "Africa/Casablanca",
        6,
        change("2026-03-22T02:00:00Z", "02:00", "03:00", [true, false]),
        change("2026-02-15T02:00:00Z", "02:00", "03:00", [false, true]),
    ),
    zone(
        "Africa/Cairo",
        4,
        change("2026-04-23T22:00:00Z", "00:00", "01:00", [true, true]),
        change("2026-10-29T21:00:00Z", "23:00", "00:00", [true, true]),
    ),
    zone(
        "Pacific/Auckland",
        6,
        change("2026-09-26T14:00:00Z", "02:00", "03:00", [true, false]),
        change("2026-04-04T14:00:00Z", "02:00", "03:00", [false, true]),
    ),
    zone(
        "Atlantic/Azores",
        6,
        change("2026-03-29T01:00:00Z", "00:00", "01:00", [true, true]),
        change("2026-10-25T01:00:00Z", "00:00", "01:00", [true, true]),
    ),
    zone(
        "America/Havana",
        6,
        change("2026-03-08T05:00:00Z", "00:00", "01:00", [true, true]),
        change("2026-11-01T05:00:00Z", "00:00", "01:00", [true, true]),
    ),
    zone(
        "Asia/Beirut",
        6,
        change("2026-03-28T22:00:00Z", "00:00", "01:00", [true, true]),
        change("2026-10-24T21:00:00Z", "23:00", "00:00", [true, true]),
    ),
];

fn hours(from: &str, until: &str) -> Window {
    Window {
        time_from: time(from),
        time_until: time(until),
        ..Window::default()
    }
}

fn is_open(window: &Window, zone: &Zone, at: Timestamp, day_start: TimeOfDay) -> bool {
    let zone = TimeZone::get(zone.name).expect("bundled");
    window.test(&Moment::new(at, &zone, day_start)).is_ok()
}

fn instant(change: &Change) -> Timestamp {
    change.at.parse().expect("well formed")
}

const SECOND: SignedDuration = SignedDuration::from_secs(1);

#[test]
fn hours_that_are_skipped_never_open_and_hours_that_come_twice_open_twice() {
    for zone in &ZONES {
        let open = |window: &Window, at| is_open(window, zone, at, TimeOfDay::FIVE);
        let skipped = hours(zone.gap.from, zone.gap.until);
        let at = instant(&zone.gap);
        assert!(!open(&skipped, at - SECOND), "{} before", zone.name);
        assert!(!open(&skipped, at), "{} after", zone.name);
        // From just before the hour that is skipped: it is open on either side.
        let around = hours("20:00", "05:00");
        assert!(
            open(&around, at - SECOND) && open(&around, at),
            "{}",
            zone.name
        );

        let twice = hours(zone.fold.from, zone.fold.until);
        let at = instant(&zone.fold);
        let half = zone.fold.until.ends_with("30") || zone.fold.from.ends_with("30");
        let long = SignedDuration::from_mins(if half { 30 } else { 60 });
        for (from_change, open_then) in [
            (-long - SECOND, false),
            (-long, true),
            (-SECOND, true),
            (SignedDuration::ZERO, true),
            (long - SECOND, true),
            (long, false),
        ] {
            let is = open(&twice, at + from_change);
            assert_eq!(is, open_then, "{} {from_change} from its fold", zone.name);
        }
    }
}

#[test]
fn a_night_across_a_change_belongs_to_its_evening() {
    for zone in &ZONES {
        let on = |day: u8| Window {
            days_of_week: DaysOfWeek::new(&[day]).expect("in range"),
            ..hours("22:00", "02:30")
        };
        let (evening, next) = (on(zone.evening), on((zone.evening + 1) % 7));
        for change in [&zone.gap, &zone.fold] {
            let at = instant(change);
            for (at, open_then) in [at - SECOND, at].into_iter().zip(change.night) {
                let open = |window| is_open(window, zone, at, TimeOfDay::FIVE);
                assert_eq!(open(&evening), open_then, "{} at {at}", zone.name);
                assert!(
                    !open(&next),
                    "{} at {at} is of the evening before",
                    zone.name
                );
            }
        }
    }
}

#[test]
fn a_day_whose_midnight_is_skipped_begins_when_it_begins() {
    let midnight = TimeOfDay::new(0, 0).expect("a time");
    let at_midnight = ZONES.iter().filter(|zone| zone.gap.from == "00:00");
    let mut seen = 0;
    for zone in at_midnight {
        let at = instant(&zone.gap);
        let zoned = at.to_zoned(TimeZone::get(zone.name).expect("bundled"));
        let day: Bound = zoned.date().to_string().parse().expect("a day");
        let from = Window {
            valid_from: Some(day),
            ..Window::default()
        };
        assert!(
            !is_open(&from, zone, at - SECOND, midnight),
            "{}",
            zone.name
        );
        assert!(is_open(&from, zone, at, midnight), "{}", zone.name);
        seen += 1;
    }
    assert_eq!(seen, 5);
}
