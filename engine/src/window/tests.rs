mod zones;

use jiff::tz::TimeZone;

use super::*;

fn at(local: &str) -> Moment {
    let zone = TimeZone::get("Europe/Stockholm").expect("bundled");
    let instant = zone
        .to_ambiguous_zoned(local.parse::<jiff::civil::DateTime>().expect("well formed"))
        .compatible()
        .expect("in range")
        .timestamp();
    Moment::new(instant, &zone, TimeOfDay::FIVE)
}

fn time(text: &str) -> Option<TimeOfDay> {
    (!text.is_empty()).then(|| text.parse().expect("well formed"))
}

#[test]
fn hours_days_and_midnight() {
    // 2026-06-05 is a Friday.
    for (from, until, days, local, open) in [
        ("16:00", "18:00", &[][..], "2026-06-05T15:59:59", false),
        ("16:00", "18:00", &[], "2026-06-05T16:00:00", true),
        ("16:00", "18:00", &[], "2026-06-05T17:59:59", true),
        ("16:00", "18:00", &[], "2026-06-05T18:00:00", false),
        ("22:00", "02:00", &[5], "2026-06-05T22:00:00", true),
        ("22:00", "02:00", &[5], "2026-06-06T01:59:00", true),
        ("22:00", "02:00", &[5], "2026-06-06T02:00:00", false),
        ("22:00", "02:00", &[5], "2026-06-05T01:00:00", false),
        ("22:00", "02:00", &[5], "2026-06-06T22:00:00", false),
        ("17:00", "", &[5], "2026-06-05T17:00:00", true),
        ("17:00", "", &[5], "2026-06-05T16:59:00", false),
        ("17:00", "", &[5], "2026-06-06T04:59:00", true),
        ("17:00", "", &[5], "2026-06-06T05:00:00", false),
        ("", "11:00", &[5], "2026-06-05T05:00:00", true),
        ("", "11:00", &[5], "2026-06-05T10:59:00", true),
        ("", "11:00", &[5], "2026-06-05T11:00:00", false),
        ("", "11:00", &[5], "2026-06-05T04:59:00", false),
        ("", "", &[5], "2026-06-05T12:00:00", true),
        ("", "", &[5], "2026-06-06T00:30:00", true),
        ("", "", &[5], "2026-06-05T00:30:00", false),
        ("", "", &[0], "2026-06-07T12:00:00", true),
        ("10:00", "10:00", &[5], "2026-06-06T09:59:00", true),
    ] {
        let window = Window {
            time_from: time(from),
            time_until: time(until),
            days_of_week: DaysOfWeek::new(days).expect("in range"),
            ..Window::default()
        };
        assert_eq!(
            window.test(&at(local)).is_ok(),
            open,
            "{from}-{until} {days:?} at {local}"
        );
    }
}

#[test]
fn a_bare_date_includes_its_business_day_and_an_instant_is_excluded() {
    let day = |text: &str| text.parse::<Bound>().expect("well formed");
    let window = Window {
        valid_from: Some(day("2026-06-05")),
        valid_until: Some(day("2026-06-05")),
        ..Window::default()
    };
    for (local, outcome) in [
        ("2026-06-05T04:59:00", Err(Shut::NotYet(day("2026-06-05")))),
        ("2026-06-05T05:00:00", Ok(())),
        ("2026-06-06T04:59:00", Ok(())),
        ("2026-06-06T05:00:00", Err(Shut::Over(day("2026-06-05")))),
    ] {
        assert_eq!(window.test(&at(local)), outcome, "{local}");
    }
    let until = Window {
        valid_until: Some(day("2026-06-05T16:00:00Z")),
        ..Window::default()
    };
    assert!(until.test(&at("2026-06-05T17:59:59")).is_ok());
    assert!(until.test(&at("2026-06-05T18:00:00")).is_err());
}

#[test]
fn the_night_that_skips_an_hour_and_the_one_that_has_it_twice() {
    let zone = TimeZone::get("Europe/Stockholm").expect("bundled");
    let open = |window: &Window, instant: &str| {
        window
            .test(&Moment::new(
                instant.parse().expect("well formed"),
                &zone,
                TimeOfDay::FIVE,
            ))
            .is_ok()
    };
    // 2026-03-29: 02:00 becomes 03:00 at 01:00Z. 2026-10-25: 03:00 becomes 02:00 at 01:00Z.
    let skipped = Window {
        time_from: time("02:00"),
        time_until: time("03:00"),
        ..Window::default()
    };
    assert!(!open(&skipped, "2026-03-29T00:59:59Z"));
    assert!(!open(&skipped, "2026-03-29T01:00:00Z"));
    for instant in [
        "2026-10-25T00:00:00Z",
        "2026-10-25T00:30:00Z",
        "2026-10-25T01:30:00Z",
    ] {
        assert!(open(&skipped, instant), "{instant}");
    }
    assert!(!open(&skipped, "2026-10-25T02:00:00Z"));
    let late = Window {
        time_from: time("22:00"),
        time_until: time("02:30"),
        days_of_week: DaysOfWeek::new(&[6]).expect("in range"),
        ..Window::default()
    };
    assert!(open(&late, "2026-10-25T00:29:00Z") && open(&late, "2026-10-25T01:29:00Z"));
    assert!(!open(&late, "2026-10-25T00:31:00Z") && !open(&late, "2026-10-25T01:31:00Z"));
}

#[test]
fn bounds_read_and_write() {
    for text in ["\"22:00\"", "\"05:30\""] {
        let time: TimeOfDay = serde_json::from_str(text).expect("well formed");
        assert_eq!(serde_json::to_string(&time).expect("serializes"), text);
    }
    for text in ["\"2026-06-30\"", "\"2026-06-30T18:00:00Z\""] {
        let bound: Bound = serde_json::from_str(text).expect("well formed");
        assert_eq!(serde_json::to_string(&bound).expect("serializes"), text);
    }
    for text in ["24:00", "1:00", "12:60", "12", "", "12:00:00", "ab:cd"] {
        assert_eq!(text.parse::<TimeOfDay>(), Err(BadTime::NotATime), "{text}");
    }
    for text in ["2026-02-30", "tomorrow", "2026-06-30T18:00:00"] {
        assert_eq!(text.parse::<Bound>(), Err(BadTime::NotABound), "{text}");
    }
    let days: DaysOfWeek = serde_json::from_str("[5,6,5]").expect("well formed");
    assert_eq!(serde_json::to_string(&days).expect("serializes"), "[5,6]");
    assert_eq!(DaysOfWeek::new(&[7]), Err(BadTime::NotADay));
}
