//! What the CDNOW sample comes to under two programs, reckoned from the columns of the file alone: nothing here asks
//! the engine or a room.

use std::collections::{BTreeMap, HashSet};

use jiff::civil::{Date, date};
use jiff::{SignedDuration, ToSpan as _};
use serde_json::{Value as Json, json};
use server::hall::time::Clock;

use crate::history::SAMPLE;

/// The one day within the sample on which nobody bought anything.
const QUIET_DAY: Date = date(1998, 4, 13);
/// Days that count for a tier in both programs.
const WINDOW_DAYS: i64 = 365;

/// A program as the API is told of it, and as a clerk would reckon by it.
pub struct Program {
    pub config: Json,
    pub rules: Vec<Json>,
    pub ladder: Json,
    /// As the ladder above, from the second tier upwards: name, and visits, points or spend in cents that reach it.
    tiers: &'static [(&'static str, [Option<i64>; 3])],
    /// Hundredths of a point for a dollar of a purchase of so many cents, and the points of a visit that it opens.
    rates: fn(i64) -> (i64, i64),
    /// What the tier multiplies the points of a sale by, in halves.
    halves: fn(Option<&str>) -> i64,
    cents_per_point: i64,
    /// The days of a lot, as the program says them.
    pub lot_days: Option<i64>,
    /// Whether the history is told as if it had ended not a year ago.
    is_recent: bool,
}

/// A point for each whole dollar, which never ends; the purchases as they are dated.
pub fn plain() -> Program {
    Program {
        config: json!({"redemptionRate": "0.01"}),
        rules: Vec::new(),
        ladder: json!({"windowDays": WINDOW_DAYS, "tiers": [
            {"name": "REGULAR"},
            {"name": "FRIEND", "visits": 1, "points": 1},
        ]}),
        tiers: &[("FRIEND", [Some(1), Some(1), None])],
        rates: |_| (100, 0),
        halves: |_| 2,
        cents_per_point: 1,
        lot_days: None,
        is_recent: false,
    }
}

/// Three quarters of a point for a dollar and more on large bills, points for visits, lots that end, three tiers to
/// rise to, and the whole history moved up to where its last months still count.
pub fn generous() -> Program {
    let usd = |amount: i64| json!({"amount": amount, "currency": "USD"});
    Program {
        config: json!({"pointsPerDollar": "0.75", "pointsPerVisit": "5", "redemptionRate": "0.02",
            "pointsExpireDays": 400, "earnBasis": "POST_TAX"}),
        rules: vec![
            json!({"name": "Large bills", "type": "SPEND", "pointsPerUnit": "1.25", "minPurchase": usd(5_000)}),
            json!({"name": "More than one", "type": "VISIT", "pointsPerUnit": "25", "minPurchase": usd(2_000)}),
        ],
        ladder: json!({"windowDays": WINDOW_DAYS, "tiers": [
            {"name": "LISTENER"},
            {"name": "RETURNING", "visits": 2},
            {"name": "COLLECTOR", "visits": 4, "spend": usd(10_000), "benefits": {"multiplier": "1.5"}},
            {"name": "PATRON", "points": 250, "spend": usd(20_000), "benefits": {"multiplier": "2"}},
        ]}),
        tiers: &[
            ("RETURNING", [Some(2), None, None]),
            ("COLLECTOR", [Some(4), None, Some(10_000)]),
            ("PATRON", [None, Some(250), Some(20_000)]),
        ],
        rates: |cents| {
            let of_dollar = if cents >= 5_000 { 125 } else { 75 };
            (of_dollar, if cents >= 2_000 { 25 } else { 5 })
        },
        halves: |tier| match tier {
            Some("COLLECTOR") => 3,
            Some("PATRON") => 4,
            _ => 2,
        },
        cents_per_point: 2,
        lot_days: Some(400),
        is_recent: true,
    }
}

/// What is known of one person of the file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Person {
    pub points: i64,
    pub visits: i64,
    /// Cents.
    pub spent: i64,
    /// `None` on the first tier.
    pub tier: Option<String>,
}

/// What the whole file comes to.
pub struct Reckoned {
    pub people: BTreeMap<String, Person>,
    /// As the file that is to be imported says it.
    pub text: String,
}

impl Reckoned {
    pub fn points(&self) -> i64 {
        self.people.values().map(|person| person.points).sum()
    }

    /// How many stand on each tier but the first.
    pub fn per_tier(&self) -> BTreeMap<&str, i64> {
        let mut counted = BTreeMap::new();
        for tier in self
            .people
            .values()
            .filter_map(|person| person.tier.as_deref())
        {
            *counted.entry(tier).or_default() += 1;
        }
        counted
    }
}

impl Program {
    /// What all the points are worth, in cents.
    pub fn liability(&self, points: i64) -> i64 {
        points * self.cents_per_point
    }

    /// Points of a sale that opens a visit, to somebody on that tier.
    pub fn sale(&self, cents: i64, tier: Option<&str>) -> i64 {
        let (of_dollar, of_visit) = (self.rates)(cents);
        cents * of_dollar * (self.halves)(tier) / 20_000 + of_visit
    }

    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.tiers.iter().map(|(name, _)| *name)
    }

    pub fn reckon(&self) -> Reckoned {
        let moved = if self.is_recent {
            days_to_now()
        } else {
            0.days()
        };
        let text = std::fs::read_to_string(SAMPLE).expect("the sample");
        let mut people: BTreeMap<String, Person> = BTreeMap::new();
        let mut recent: BTreeMap<String, [i64; 3]> = BTreeMap::new();
        let mut seen = HashSet::new();
        let mut told = String::with_capacity(text.len());
        for line in text.lines() {
            let column: Vec<&str> = line.split_whitespace().collect();
            let on = Date::strptime("%Y%m%d", column[2]).expect("a date");
            let cents: i64 = column[4].replace('.', "").parse().expect("an amount");
            let opens_visit = seen.insert((column[0].to_owned(), on));
            let (of_dollar, of_visit) = (self.rates)(cents);
            let points = cents * of_dollar / 10_000 + if opens_visit { of_visit } else { 0 };
            let person = people.entry(column[0].into()).or_default();
            person.points += points;
            person.visits += i64::from(opens_visit);
            person.spent += cents;
            if self.is_recent && on > QUIET_DAY {
                let [visits, earned, spend] = recent.entry(column[0].into()).or_default();
                *visits += i64::from(opens_visit);
                *earned += points;
                *spend += cents;
            }
            let day = on.saturating_add(moved).strftime("%Y%m%d").to_string();
            told += &format!("{}\r\n", line.replacen(column[2], &day, 1));
        }
        for (id, counts) in recent {
            let reached = self.tiers.iter().rfind(|(_, asks)| {
                let mut both = asks.iter().zip(counts);
                both.any(|(ask, count)| ask.is_some_and(|ask| count >= ask))
            });
            people.entry(id).or_default().tier = reached.map(|(name, _)| (*name).to_owned());
        }
        Reckoned { people, text: told }
    }
}

/// So many days that the quiet day becomes the first that counts for a tier: whether the business day turns while the
/// test runs, or has turned at the venue already, makes no difference then.
fn days_to_now() -> jiff::Span {
    let venue_day = Clock::system().now() - SignedDuration::from_hours(4);
    let today = venue_day.to_zoned(jiff::tz::TimeZone::UTC).date();
    let first = today.saturating_sub((WINDOW_DAYS - 1).days());
    QUIET_DAY.until(first).expect("a span of days")
}
