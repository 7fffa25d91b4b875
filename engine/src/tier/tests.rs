use super::*;
use crate::quote::Language;

fn day(on: &str, visits: i64, points: i64) -> Day {
    let figures = Figures {
        visits,
        points,
        spend: points * 100,
    };
    Day {
        on: on.parse().expect("a date"),
        figures,
    }
}

fn on(text: &str) -> Date {
    text.parse().expect("a date")
}

fn visits(count: i64) -> Threshold {
    Threshold {
        visits: Some(count),
        ..Threshold::default()
    }
}

fn ladder(period: Period, grace_days: u32) -> Ladder {
    let gold = Threshold {
        points: Some(1_000),
        ..visits(4)
    };
    Ladder {
        thresholds: vec![Threshold::default(), visits(2), gold],
        period,
        grace_days,
    }
}

const TEN: Period = Period::Rolling { days: 10 };

#[test]
fn the_days_give_a_tier_and_say_until_when() {
    let twice = [day("2026-06-01", 1, 10), day("2026-06-05", 1, 10)];
    let rich = [day("2026-06-01", 1, 1_000)];
    let none: [Day; 0] = [];
    for (days, period, grace, today, rank, until, by_grace) in [
        (&none[..], TEN, 0, "2026-06-05", 0, None, false),
        (&twice[..1], TEN, 0, "2026-06-05", 0, None, false),
        // Both days count together up to the last one of the first.
        (&twice, TEN, 0, "2026-06-05", 1, Some("2026-06-10"), false),
        (&twice, TEN, 0, "2026-06-10", 1, Some("2026-06-10"), false),
        (&twice, TEN, 0, "2026-06-11", 0, None, false),
        (&twice, TEN, 3, "2026-06-10", 1, Some("2026-06-13"), false),
        (&twice, TEN, 3, "2026-06-11", 1, Some("2026-06-13"), true),
        (&twice, TEN, 3, "2026-06-13", 1, Some("2026-06-13"), true),
        (&twice, TEN, 3, "2026-06-14", 0, None, false),
        // Either way leads to the third tier, past the second.
        (&rich, TEN, 0, "2026-06-01", 2, Some("2026-06-10"), false),
        (
            &twice,
            Period::CalendarYear,
            0,
            "2026-12-31",
            1,
            Some("2026-12-31"),
            false,
        ),
        (
            &twice,
            Period::CalendarYear,
            0,
            "2027-01-01",
            0,
            None,
            false,
        ),
        (
            &twice,
            Period::CalendarYear,
            31,
            "2027-01-31",
            1,
            Some("2027-01-31"),
            true,
        ),
        (
            &twice,
            Period::CalendarYear,
            31,
            "2027-02-01",
            0,
            None,
            false,
        ),
    ] {
        let earned = ladder(period, grace).earned(days, on(today));
        let wanted = (rank, until.map(on), by_grace);
        assert_eq!(
            (earned.rank, earned.kept_until, earned.by_grace),
            wanted,
            "{today} {days:?}"
        );
    }
}

#[test]
fn what_a_refund_takes_out_was_never_there() {
    let ladder = ladder(TEN, 5);
    let kept = [day("2026-06-01", 1, 0), day("2026-06-02", 1, 0)];
    let before = ladder.earned(&kept, on("2026-06-12"));
    assert_eq!((before.rank, before.by_grace), (1, true));
    let bought = [kept[0], kept[1], day("2026-06-12", 1, 1_000)];
    assert_eq!(ladder.earned(&bought, on("2026-06-12")).rank, 2);
    let refunded = [kept[0], kept[1], day("2026-06-12", 0, 0)];
    assert_eq!(ladder.earned(&refunded, on("2026-06-12")), before, "L29");
    // At once, with no grace: no day is left that gave it.
    let part = [day("2026-06-12", 1, 999)];
    assert_eq!(ladder.earned(&part, on("2026-06-12")).rank, 0);
}

#[test]
fn the_day_after_the_last_is_the_first_without() {
    for grace in 0..4 {
        let ladder = ladder(TEN, grace);
        let days = [
            day("2026-06-01", 1, 1),
            day("2026-06-03", 1, 1),
            day("2026-06-04", 2, 1),
        ];
        let mut today = on("2026-06-04");
        while let Some(until) = ladder.earned(&days, today).kept_until {
            let rank = ladder.earned(&days, today).rank;
            assert_eq!(
                ladder.earned(&days, until).rank,
                rank,
                "held on its last day"
            );
            today = after(until, 1);
            assert!(
                ladder.earned(&days, today).rank < rank,
                "and not on the day after"
            );
        }
        assert_eq!(ladder.earned(&days, today).rank, 0);
    }
}

#[test]
fn only_the_days_from_the_first_on_matter() {
    let ladder = ladder(TEN, 5);
    let days: Vec<Day> = (1..=30)
        .map(|n| day(&format!("2026-06-{n:02}"), i64::from(n % 3 == 0), 0))
        .collect();
    for n in 16..=30_usize {
        let today = days[n - 1].on;
        let first = ladder.first_day(today);
        let late: Vec<Day> = days[..n]
            .iter()
            .copied()
            .filter(|day| day.on >= first)
            .collect();
        assert_eq!(
            ladder.earned(&late, today),
            ladder.earned(&days[..n], today)
        );
    }
}

#[test]
fn the_pace_of_rising_is_bounded() {
    let pace = |tiers| Some(Velocity { tiers, days: 30 });
    for (earned, held, then, velocity, rank) in [
        (4, 0, 0, None, 4),
        (4, 0, 0, pace(1), 1),
        (4, 1, 0, pace(1), 1),
        (4, 1, 1, pace(1), 2),
        (4, 1, 0, pace(2), 2),
        (0, 3, 3, pace(1), 0),
        // A fall and the way back are no climb.
        (3, 0, 3, pace(1), 3),
        // What is held already stays, whatever the pace is now.
        (4, 3, 0, pace(1), 3),
    ] {
        assert_eq!(
            paced(earned, held, then, velocity),
            rank,
            "{earned} {held} {then} {velocity:?}"
        );
    }
}

#[test]
fn the_nearest_way_is_told() {
    let gold = Threshold {
        visits: Some(4),
        points: Some(1_000),
        spend: None,
    };
    let figures = |visits, points| Figures {
        visits,
        points,
        spend: 0,
    };
    for (have, metric, short, hundredths) in [
        (figures(0, 0), Metric::Visits, 4, 0),
        (figures(2, 500), Metric::Visits, 2, 50),
        (figures(2, 510), Metric::Points, 490, 51),
        (figures(9, 0), Metric::Visits, 0, 100),
        (figures(0, -5), Metric::Visits, 4, 0),
    ] {
        let way = gold.nearest(have).expect("a way");
        assert_eq!(
            (way.metric, way.short(), way.hundredths()),
            (metric, short, hundredths)
        );
    }
    assert_eq!(Threshold::default().nearest(Figures::default()), None);
}

#[test]
fn each_language_says_how_far_it_is() {
    let way = |metric, have| Way {
        metric,
        have,
        need: 10,
    };
    let money = |amount: i64| format!("{amount} öre");
    let gold = |metric, have, gives| Some(("GOLD", way(metric, have), gives));
    for (next, ends_on, language, text) in [
        (
            gold(Metric::Visits, 8, Some("10 %")),
            None,
            Language::En,
            "2 visits from GOLD and its 10 %.",
        ),
        (
            gold(Metric::Visits, 9, None),
            None,
            Language::En,
            "1 visit from GOLD.",
        ),
        (
            gold(Metric::Points, 9, Some("10 %")),
            None,
            Language::Sv,
            "1 poäng kvar till GOLD och 10 %.",
        ),
        (
            gold(Metric::Spend, 3, None),
            None,
            Language::Es,
            "A 7 öre de GOLD.",
        ),
        (
            gold(Metric::Visits, 8, Some("10 %")),
            None,
            Language::Es,
            "A 2 visitas de GOLD y su 10 %.",
        ),
        (
            gold(Metric::Visits, 12, None),
            None,
            Language::En,
            "GOLD is earned and comes in its time.",
        ),
        (None, None, Language::Sv, "SILVER är den högsta som finns."),
        (
            gold(Metric::Points, 0, None),
            Some(on("2026-06-30")),
            Language::En,
            "10 points from GOLD. SILVER is kept until 30 June 2026.",
        ),
    ] {
        let said = Said {
            tier: "SILVER",
            next,
            ends_on,
            money: &money,
        };
        assert_eq!(sentence(said, language), text);
    }
}
