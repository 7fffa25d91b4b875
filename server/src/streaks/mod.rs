//! Streaks: a bonus for coming back in every day, week or month, so many times in a row.
//!
//! A visit is counted once a period, by business day and at the venues of the streak (`engine::streak` says what goes
//! on with a run). Each full length earns the bonus, points or a voucher, once a period whatever is retried (L05): its
//! row and what it gives are written in the transaction of the visit. An edit counts from the next visit on: what was
//! counted keeps the first day of its period, and the streak as it is then says what goes on with it.
//!
//! A refund that undoes the last visit of a period undoes the period: the run is that of the visits which the streak
//! counted and which remain, in whatever order they are refunded (L29), and a bonus that they do not earn is taken
//! back, a voucher while nobody has used it. The period can be completed once more. A visit that comes while the streak
//! is paused, from an import, or too late for its period counts for nothing, then as later.
//!
//! Absent on purpose: bonus points count for no tier, since they are no purchase.

mod laws;
mod mine;
mod record;
mod routes;
mod store;
#[cfg(test)]
mod tests;
mod undo;

use axum::http::HeaderValue;
use engine::streak::{Period, Rule};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use mine::{MyLoyalty, mine};
pub use record::{Completed, StreakProgress, on_bought, progress, record};
pub use undo::undo;

use crate::hall::call::Reply;
use crate::hall::error::{Code, Error, Extra, Field, Result};
use crate::hall::etag;
use crate::hall::id::{RewardId, StreakId, VenueId};
use crate::hall::identity;
use crate::hall::page::{Page, Paging};
use crate::hall::room::Room;
use crate::hall::store::{Read, Tx};
use crate::hall::text::check_line;
use crate::rewards;

pub const ROOM: Room = Room {
    name: "streaks",
    routes: routes::routes,
    laws: laws::ALL,
    ..Room::EMPTY
};

const NAME_MAX: usize = 80;
/// Each live one is weighed at each visit.
const LIVE_MAX: i64 = 50;
const VENUES_MAX: usize = 100;
const LENGTH_MAX: u32 = 366;
const GRACE_DAYS_MAX: u32 = 60;
const POINTS_MAX: i64 = 1_000_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StreakPeriod {
    Day,
    /// From Monday.
    Week,
    Month,
}

impl From<StreakPeriod> for Period {
    fn from(period: StreakPeriod) -> Period {
        match period {
            StreakPeriod::Day => Period::Day,
            StreakPeriod::Week => Period::Week,
            StreakPeriod::Month => Period::Month,
        }
    }
}

/// A streak as a manager writes it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditStreak {
    #[schema(example = "Three weeks in a row")]
    pub name: String,
    pub period: StreakPeriod,
    /// Periods in a row that earn the bonus.
    #[schema(example = 3)]
    pub length: u32,
    /// Either this or `rewardId`.
    #[serde(default)]
    #[schema(example = 50)]
    pub bonus_points: Option<i64>,
    /// The reward whose voucher is the bonus.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub reward_id: Option<RewardId>,
    /// Days past the end of a missed period within which a visit still goes on with the run.
    #[serde(default)]
    #[schema(example = 0)]
    pub grace_days: u32,
    /// Where a visit counts; empty is the venue of the path, or every venue of the chain.
    #[serde(default)]
    #[schema(example = json!([]))]
    pub venue_ids: Vec<VenueId>,
    #[serde(default = "yes")]
    #[schema(example = true)]
    pub active: bool,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Streak {
    pub id: StreakId,
    #[schema(example = "Three weeks in a row")]
    pub name: String,
    pub period: StreakPeriod,
    #[schema(example = 3)]
    pub length: u32,
    #[schema(example = 50)]
    pub bonus_points: Option<i64>,
    pub reward_id: Option<RewardId>,
    #[schema(example = 0)]
    pub grace_days: u32,
    /// Empty is every venue of the chain.
    pub venue_ids: Vec<VenueId>,
    pub active: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    #[schema(example = 1)]
    pub version: i64,
}

impl Reply for Streak {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

impl Streak {
    pub(crate) fn rule(&self) -> Rule {
        Rule {
            period: self.period.into(),
            length: self.length,
            grace_days: self.grace_days,
        }
    }
}

/// A new streak; `venue` is where it was made, or `None` for the chain.
pub fn create(tx: &mut Tx, venue: Option<VenueId>, ask: &EditStreak) -> Result<Streak> {
    let ask = checked(tx, venue, ask)?;
    refuse_crowd(tx, ask.active)?;
    let id: StreakId = tx.new_id();
    store::insert(tx, id, &ask)?;
    store::replace_venues(tx, id, &ask.venue_ids)?;
    let made = find(tx, venue, id)?;
    tx.audit_new("streak.create", id, &made)?;
    Ok(made)
}

pub fn find(read: &mut Read, venue: Option<VenueId>, id: StreakId) -> Result<Streak> {
    store::find(read, venue, id)?.ok_or(Error::NotFound("streak"))
}

pub fn list(read: &mut Read, venue: Option<VenueId>, paging: &Paging) -> Result<Page<Streak>> {
    store::list(read, venue, paging)
}

pub fn edit(
    tx: &mut Tx,
    venue: Option<VenueId>,
    id: StreakId,
    if_match: Option<&HeaderValue>,
    ask: &EditStreak,
) -> Result<Streak> {
    let before = own(tx, venue, id)?;
    etag::honour(if_match, before.version)?;
    let ask = checked(tx, venue, ask)?;
    refuse_crowd(tx, ask.active && !before.active)?;
    store::update(tx, &before, &ask)?;
    store::replace_venues(tx, id, &ask.venue_ids)?;
    let after = find(tx, venue, id)?;
    tx.audit("streak.edit", id, Some(&before), Some(&after))?;
    Ok(after)
}

/// Ends the streak. What it paid stays.
pub fn archive(
    tx: &mut Tx,
    venue: Option<VenueId>,
    id: StreakId,
    if_match: Option<&HeaderValue>,
) -> Result<()> {
    let before = own(tx, venue, id)?;
    etag::honour(if_match, before.version)?;
    store::archive(tx, id)?;
    tx.audit("streak.archive", id, Some(&before), None::<&()>)
}

/// For a change: a streak of other venues too is not this venue's to change.
fn own(tx: &mut Tx, venue: Option<VenueId>, id: StreakId) -> Result<Streak> {
    let found = find(tx, venue, id)?;
    match venue {
        Some(venue) if found.venue_ids != [venue] => {
            let said = "The streak counts at other venues too: change it under /api/v1/chain/loyalty/streaks.";
            Err(Error::Refused(Code::MethodUnavailable, Extra::saying(said)))
        }
        _ => Ok(found),
    }
}

fn refuse_crowd(tx: &mut Tx, is_one_more: bool) -> Result<()> {
    if is_one_more && store::count_live(tx)? >= LIVE_MAX {
        let said = format!("The chain has {LIVE_MAX} live streaks: archive or pause one first.");
        return Err(Error::Refused(Code::MethodUnavailable, Extra::saying(said)));
    }
    Ok(())
}

/// The command with its venues written out, or everything that is wrong with it.
fn checked(read: &mut Read, venue: Option<VenueId>, ask: &EditStreak) -> Result<EditStreak> {
    let mut wrong = Vec::new();
    check_line(&ask.name, NAME_MAX, "/name", &mut wrong);
    let mut within = |pointer: &str, value: i64, least: i64, most: i64| {
        if !(least..=most).contains(&value) {
            let message = format!("Send a whole number from {least} to {most}.");
            wrong.push(Field::new(pointer, "out_of_range", message));
        }
    };
    within("/length", ask.length.into(), 2, LENGTH_MAX.into());
    if let Some(points) = ask.bonus_points {
        within("/bonusPoints", points, 1, POINTS_MAX);
    }
    within(
        "/graceDays",
        ask.grace_days.into(),
        0,
        GRACE_DAYS_MAX.into(),
    );
    check_bonus(read, ask, &mut wrong)?;
    let mut whole = ask.clone();
    whole.name = ask.name.trim().to_owned();
    if whole.venue_ids.is_empty() {
        whole.venue_ids.extend(venue);
    }
    whole.venue_ids.sort();
    whole.venue_ids.dedup();
    if whole.venue_ids.len() > VENUES_MAX {
        let message = format!("Send at most {VENUES_MAX} venues, or none for all.");
        wrong.push(Field::new("/venueIds", "too_many", message));
        whole.venue_ids.clear();
    }
    for (place, id) in ask.venue_ids.iter().enumerate().take(VENUES_MAX) {
        let pointer = format!("/venueIds/{place}");
        if venue.is_some_and(|venue| venue != *id) {
            let message = "Leave other venues out here, or make it under /api/v1/chain.";
            wrong.push(Field::new(pointer, "not_allowed", message));
        } else if identity::venue(read, *id)?.is_none() {
            let message = "Send the id of a venue of this chain.";
            wrong.push(Field::new(pointer, "unknown", message));
        }
    }
    if wrong.is_empty() {
        Ok(whole)
    } else {
        Err(Error::Invalid(wrong))
    }
}

/// Points or a voucher, and never both.
fn check_bonus(read: &mut Read, ask: &EditStreak, wrong: &mut Vec<Field>) -> Result<()> {
    if ask.bonus_points.is_some() == ask.reward_id.is_some() {
        let message = "Send bonusPoints or rewardId, and not both.";
        wrong.push(Field::new("/bonusPoints", "one_of", message));
    }
    let Some(reward) = ask.reward_id else {
        return Ok(());
    };
    match rewards::find(read, None, reward) {
        Ok(_) => Ok(()),
        Err(Error::NotFound(_)) => {
            let message = "Send the id of a reward of this chain that is not archived.";
            wrong.push(Field::new("/rewardId", "not_found", message));
            Ok(())
        }
        Err(error) => Err(error),
    }
}
