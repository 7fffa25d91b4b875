//! The boards, and the totals that they show.

use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::store;
use crate::hall::call::Reply;
use crate::hall::error::{Error, Result};
use crate::hall::id::{CustomerId, VenueId};
use crate::hall::identity;
use crate::hall::room::Bought;
use crate::hall::store::{Read, Tx};

/// Places that a board shows.
const PLACES_MAX: i64 = 100;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Period {
    /// From Monday.
    #[default]
    Week,
    Month,
    Year,
    All,
}

impl Period {
    pub const EACH: [Period; 4] = [Period::Week, Period::Month, Period::Year, Period::All];

    /// The first day of the period in which the day lies, and the first one after it.
    pub fn around(self, day: Date) -> Span {
        let monday = day.saturating_sub(i64::from(day.weekday().to_monday_zero_offset()).days());
        let (starts_on, ends_before) = match self {
            Period::Week => (monday, monday.saturating_add(7.days())),
            Period::Month => (
                day.first_of_month(),
                day.first_of_month().saturating_add(1.month()),
            ),
            Period::Year => (
                day.first_of_year(),
                day.first_of_year().saturating_add(1.year()),
            ),
            Period::All => (date(1, 1, 1), date(9999, 12, 31)),
        };
        Span {
            period: self,
            starts_on,
            ends_before,
        }
    }
}

/// The days of one board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    pub period: Period,
    pub starts_on: Date,
    pub ends_before: Date,
}

#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct BoardAsked {
    #[serde(default)]
    #[param(inline, default = "WEEK")]
    pub period: Period,
    /// A day of the period; today where it is left out.
    #[param(value_type = Option<String>, format = Date, example = "2026-06-12")]
    pub on: Option<Date>,
}

/// Who earned the most at a venue in a period.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Board {
    pub venue_id: VenueId,
    pub period: Period,
    /// `null` for all time.
    #[schema(value_type = Option<String>, format = Date, example = "2026-06-08")]
    pub starts_on: Option<Date>,
    /// The last day; `null` for all time.
    #[schema(value_type = Option<String>, format = Date, example = "2026-06-14")]
    pub ends_on: Option<Date>,
    /// The first hundred, the most points first.
    pub places: Vec<Place>,
    /// The guest who asks, wherever they stand; `null` for staff, and for who is on no leaderboard or earned nothing.
    pub mine: Option<Place>,
}

impl Reply for Board {}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// Equal points share it; the next one counts on from all before. Whoever has ten thousand before them is told
    /// 10001.
    #[schema(example = 1)]
    pub place: i64,
    #[schema(example = "Pils Pelle")]
    pub alias: String,
    #[schema(example = 1250)]
    pub points: i64,
    /// For staff alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<CustomerId>,
}

/// A member's total, as a board holds it.
pub(super) struct Standing {
    pub customer: CustomerId,
    pub alias: String,
    pub points: i64,
}

/// The board of the venue; `me` is the guest who asks, who is told of no other customer's id.
pub fn board(
    read: &mut Read,
    venue: VenueId,
    ask: &BoardAsked,
    me: Option<CustomerId>,
) -> Result<Board> {
    let found = identity::venue(read, venue)?.ok_or(Error::NotFound("venue"))?;
    let day = ask.on.unwrap_or_else(|| found.business_day(read.now()));
    let span = ask.period.around(day);
    let top = store::top(read, venue, span, PLACES_MAX)?;
    let mine = match me {
        Some(me) => store::own(read, venue, span, me)?.map(|(standing, ahead)| Place {
            place: ahead + 1,
            alias: standing.alias,
            points: standing.points,
            customer_id: None,
        }),
        None => None,
    };
    let is_bounded = span.period != Period::All;
    Ok(Board {
        venue_id: venue,
        period: span.period,
        starts_on: is_bounded.then_some(span.starts_on),
        ends_on: is_bounded.then(|| span.ends_before.saturating_sub(1.day())),
        places: placed(top, me.is_none()),
        mine,
    })
}

fn placed(top: Vec<Standing>, for_staff: bool) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::with_capacity(top.len());
    for (standing, counted) in top.into_iter().zip(1..) {
        let shared = places.last().filter(|last| last.points == standing.points);
        places.push(Place {
            place: shared.map_or(counted, |last| last.place),
            alias: standing.alias,
            points: standing.points,
            customer_id: for_staff.then_some(standing.customer),
        });
    }
    places
}

/// Adds points that a purchase of this business day earned, or a refund took back; nothing for who is no member.
pub fn count(
    tx: &mut Tx,
    customer: CustomerId,
    venue: VenueId,
    on: Date,
    points: i64,
) -> Result<()> {
    if points == 0 {
        return Ok(());
    }
    store::add(
        tx,
        customer,
        venue,
        Period::EACH.map(|one| one.around(on)),
        points,
    )
}

/// Counts a purchase that another system reported.
pub fn on_bought(tx: &mut Tx, bought: &Bought) -> Result<()> {
    count(tx, bought.customer, bought.venue, bought.on, bought.points)
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn each_period_holds_its_day() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        for (period, on, from, until) in [
            (Period::Week, "2026-06-12", "2026-06-08", "2026-06-15"),
            (Period::Week, "2026-06-08", "2026-06-08", "2026-06-15"),
            (Period::Week, "2027-01-01", "2026-12-28", "2027-01-04"),
            (Period::Month, "2026-12-31", "2026-12-01", "2027-01-01"),
            (Period::Year, "2024-02-29", "2024-01-01", "2025-01-01"),
            (Period::All, "2026-06-12", "0001-01-01", "9999-12-31"),
        ] {
            let span = period.around(day(on));
            assert_eq!((span.starts_on, span.ends_before), (day(from), day(until)));
        }
    }

    #[test]
    fn equal_points_share_a_place() {
        let of = |points: i64| Standing {
            customer: "cus_01kab4bqf8e1ftz0c6hqp2v9xw".parse().unwrap(),
            alias: "x".into(),
            points,
        };
        let places = placed([9, 7, 7, 7, 3].map(of).into(), false);
        let seen: Vec<i64> = places.iter().map(|one| one.place).collect();
        assert_eq!(seen, [1, 2, 2, 2, 5]);
    }
}
