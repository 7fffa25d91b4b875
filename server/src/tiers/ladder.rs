//! The ladder: its tiers in order, what each asks for and gives, and the days that count.

use axum::http::HeaderValue;
use engine::money::{Multiplier, Percent};
use engine::tier::{Ladder as Rules, Period, Threshold, Velocity as Pace};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::store;
use crate::hall::call::Reply;
use crate::hall::error::{Error, Field, Result};
use crate::hall::etag;
use crate::hall::id::{Id as _, RewardId, TierId};
use crate::hall::identity;
use crate::hall::money::Money;
use crate::hall::store::{Read, Tx};
use crate::hall::text::check_line;
use crate::rewards;

/// Enough for any passport; each is weighed at each payment.
const TIERS_MAX: usize = 20;
const NAME_MAX: usize = 40;
const PERKS_MAX: usize = 20;
const PERK_MAX: usize = 200;
/// Days that one look at a guest may read: two years and a year of grace.
const DAYS_MAX: u32 = 731;
const GRACE_DAYS_MAX: u32 = 366;
const COUNT_MAX: i64 = 1_000_000_000;

/// A ladder as its owner writes it: the whole of it, in order.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditLadder {
    /// From the one that is everybody's upwards.
    pub tiers: Vec<EditTier>,
    /// The last so many days count; the calendar year where it is left out.
    #[serde(default)]
    #[schema(example = 365)]
    pub window_days: Option<u32>,
    /// How long a tier is held after the days that gave it have gone by. A refund gets none.
    #[serde(default)]
    #[schema(example = 30)]
    pub grace_days: u32,
    /// How fast a guest may rise; points are kept, the tier waits.
    #[serde(default)]
    pub velocity: Option<Velocity>,
}

/// At most so many tiers up in so many days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Velocity {
    #[schema(example = 1)]
    pub tiers: u32,
    #[schema(example = 30)]
    pub days: u32,
}

/// One tier. Of its thresholds any one is enough; the first tier has none.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditTier {
    /// Of a tier that is there already: whoever holds it goes on holding it, whatever its name is now.
    #[serde(default)]
    pub id: Option<TierId>,
    #[schema(example = "GOLD")]
    pub name: String,
    #[serde(default)]
    #[schema(example = 30)]
    pub visits: Option<i64>,
    /// Points earned; spending them changes nothing.
    #[serde(default)]
    #[schema(example = 3_000)]
    pub points: Option<i64>,
    /// In the chain's reporting currency.
    #[serde(default)]
    pub spend: Option<Money>,
    #[serde(default)]
    pub benefits: Benefits,
}

/// What a tier gives.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Benefits {
    /// Off each order.
    #[schema(value_type = Option<String>, example = "10")]
    pub discount_percent: Option<Percent>,
    /// Of the points that an order earns.
    #[schema(value_type = Option<String>, example = "1.5")]
    pub multiplier: Option<Multiplier>,
    /// What staff give, in words.
    #[schema(example = json!(["A coffee on the house"]))]
    pub perks: Vec<String>,
    /// The reward whose voucher a guest gets on reaching the tier, once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(null))]
    pub reward_id: Option<RewardId>,
}

impl Benefits {
    /// As a sentence names them: `10 %`, or the multiplier, or the first perk.
    pub(super) fn short(&self) -> Option<String> {
        let percent = self.discount_percent.filter(|percent| percent.scaled() > 0);
        let multiplier = self.multiplier.filter(|times| *times != Multiplier::ONE);
        percent
            .map(|percent| format!("{percent} %"))
            .or_else(|| multiplier.map(|times| format!("{times}×")))
            .or_else(|| self.perks.first().cloned())
    }
}

/// A ladder as it is in force.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ladder {
    pub tiers: Vec<Tier>,
    /// `null`: the calendar year.
    pub window_days: Option<u32>,
    #[schema(example = 30)]
    pub grace_days: u32,
    pub velocity: Option<Velocity>,
    /// 0 is the ladder that every chain begins with.
    #[schema(example = 1)]
    pub version: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tier {
    pub id: TierId,
    #[schema(example = "GOLD")]
    pub name: String,
    #[schema(example = 30)]
    pub visits: Option<i64>,
    #[schema(example = 3_000)]
    pub points: Option<i64>,
    pub spend: Option<Money>,
    pub benefits: Benefits,
}

impl Reply for Ladder {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

/// What every chain begins with, by visits and points in a year: names, and nothing given away that nobody decided.
const DEFAULT: [(&str, i64, i64); 5] = [
    ("REGULAR", 0, 0),
    ("BRONZE", 5, 500),
    ("SILVER", 15, 1_500),
    ("GOLD", 30, 3_000),
    ("PLATINUM", 60, 6_000),
];

impl Default for Ladder {
    fn default() -> Ladder {
        let some = |count: i64| (count > 0).then_some(count);
        let tiers = DEFAULT
            .iter()
            .zip(1..)
            .map(|((name, visits, points), place)| Tier {
                // The same in every chain: they stand in its own rows alone.
                id: TierId::from_uuid(Uuid::from_u128(place)),
                name: (*name).to_owned(),
                visits: some(*visits),
                points: some(*points),
                spend: None,
                benefits: Benefits::default(),
            });
        Ladder {
            tiers: tiers.collect(),
            window_days: Some(365),
            grace_days: 30,
            velocity: None,
            version: 0,
        }
    }
}

impl Ladder {
    pub(super) fn rules(&self) -> Rules {
        let thresholds = self.tiers.iter().map(|tier| Threshold {
            visits: tier.visits,
            points: tier.points,
            spend: tier.spend.as_ref().map(|money| money.amount),
        });
        Rules {
            thresholds: thresholds.collect(),
            period: match self.window_days {
                Some(days) => Period::Rolling { days },
                None => Period::CalendarYear,
            },
            grace_days: self.grace_days,
        }
    }

    pub(super) fn pace(&self) -> Option<Pace> {
        self.velocity.map(|velocity| Pace {
            tiers: velocity.tiers,
            days: velocity.days,
        })
    }

    /// The tier of this rank; a ladder has at least one.
    pub(super) fn tier(&self, rank: usize) -> Result<&Tier> {
        let last = self.tiers.len().saturating_sub(1);
        self.tiers
            .get(rank.min(last))
            .ok_or_else(|| Error::bug("a ladder without a tier"))
    }

    /// Where a tier stands; one that was taken out of the ladder counts as the one below where it stood.
    pub(super) fn rank_of(&self, tier: TierId, stood: usize) -> usize {
        let found = self.tiers.iter().position(|one| one.id == tier);
        let last = self.tiers.len().saturating_sub(1);
        found.unwrap_or_else(|| stood.saturating_sub(1).min(last))
    }
}

/// The ladder in force.
pub fn ladder(read: &mut Read) -> Result<Ladder> {
    Ok(store::ladder(read)?.unwrap_or_default())
}

/// Puts the whole ladder in place. Each guest is measured by it from the next payment, or by the walk that follows.
pub fn put_ladder(tx: &mut Tx, if_match: Option<&HeaderValue>, ask: &EditLadder) -> Result<Ladder> {
    let before = ladder(tx)?;
    etag::honour(if_match, before.version)?;
    check(tx, &before, ask)?;
    let tiers = ask.tiers.iter().map(|tier| Tier {
        id: tier.id.unwrap_or_else(|| tx.new_id()),
        name: tier.name.trim().to_owned(),
        visits: tier.visits,
        points: tier.points,
        spend: tier.spend.clone(),
        benefits: tier.benefits.clone(),
    });
    let after = Ladder {
        tiers: tiers.collect(),
        window_days: ask.window_days,
        grace_days: ask.grace_days,
        velocity: ask.velocity,
        version: before.version + 1,
    };
    store::insert_ladder(tx, &after)?;
    tx.audit("tiers.configure", "chain", Some(&before), Some(&after))?;
    Ok(after)
}

fn check(read: &mut Read, before: &Ladder, ask: &EditLadder) -> Result<()> {
    let currency = identity::tenant(read)?
        .ok_or(Error::NotFound("chain"))?
        .currency;
    let mut wrong = Vec::new();
    if ask.tiers.is_empty() || ask.tiers.len() > TIERS_MAX {
        let message = format!("Send 1 to {TIERS_MAX} tiers.");
        wrong.push(Field::new("/tiers", "invalid_length", message));
    }
    for (place, tier) in ask.tiers.iter().enumerate() {
        check_tier(tier, &format!("/tiers/{place}"), &currency, &mut wrong);
        check_place(before, ask, place, &mut wrong);
        check_reward(read, ask, place, &mut wrong)?;
    }
    let mut within = |pointer: &str, days: u32, least: u32, most: u32| {
        if !(least..=most).contains(&days) {
            let message = format!("Send days from {least} to {most}.");
            wrong.push(Field::new(pointer, "out_of_range", message));
        }
    };
    within("/graceDays", ask.grace_days, 0, GRACE_DAYS_MAX);
    if let Some(days) = ask.window_days {
        within("/windowDays", days, 1, DAYS_MAX);
    }
    if let Some(velocity) = ask.velocity {
        within("/velocity/days", velocity.days, 1, DAYS_MAX);
        if velocity.tiers == 0 {
            let message = "Send 1 or more tiers.";
            wrong.push(Field::new("/velocity/tiers", "out_of_range", message));
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(wrong))
    }
}

fn check_tier(tier: &EditTier, at: &str, currency: &str, wrong: &mut Vec<Field>) {
    check_line(&tier.name, NAME_MAX, &format!("{at}/name"), wrong);
    for (field, count) in [("visits", tier.visits), ("points", tier.points)] {
        if count.is_some_and(|count| !(1..=COUNT_MAX).contains(&count)) {
            let message = format!("Send a whole number from 1 to {COUNT_MAX}.");
            wrong.push(Field::new(format!("{at}/{field}"), "out_of_range", message));
        }
    }
    if let Some(spend) = &tier.spend {
        spend.check_in(currency, 1, &format!("{at}/spend"), wrong);
    }
    let perks = &tier.benefits.perks;
    if perks.len() > PERKS_MAX {
        let message = format!("Send at most {PERKS_MAX} perks.");
        wrong.push(Field::new(
            format!("{at}/benefits/perks"),
            "too_many",
            message,
        ));
    }
    for (place, perk) in perks.iter().enumerate() {
        check_line(
            perk,
            PERK_MAX,
            &format!("{at}/benefits/perks/{place}"),
            wrong,
        );
    }
    if tier
        .benefits
        .multiplier
        .is_some_and(|times| times < Multiplier::ONE)
    {
        let message = "Send 1 or more: a tier never earns less.";
        wrong.push(Field::new(
            format!("{at}/benefits/multiplier"),
            "out_of_range",
            message,
        ));
    }
}

/// A reward of the chain; the first tier is reached by nobody.
fn check_reward(
    read: &mut Read,
    ask: &EditLadder,
    place: usize,
    wrong: &mut Vec<Field>,
) -> Result<()> {
    let Some(reward) = ask.tiers[place].benefits.reward_id else {
        return Ok(());
    };
    let (code, message) = match place {
        0 => (
            "not_allowed",
            "Nobody reaches the first tier: leave the reward out.",
        ),
        _ if rewards::is_given(read, reward)? => return Ok(()),
        _ => (
            "not_found",
            "Send the id of a reward of this chain that is not archived.",
        ),
    };
    let pointer = format!("/tiers/{place}/benefits/rewardId");
    wrong.push(Field::new(pointer, code, message));
    Ok(())
}

/// Each tier is there once, and asks for more than the one before, by each count that both name.
fn check_place(before: &Ladder, ask: &EditLadder, place: usize, wrong: &mut Vec<Field>) {
    let tier = &ask.tiers[place];
    let earlier = &ask.tiers[..place];
    let mut say = |field: &str, code: &str, message: &str| {
        wrong.push(Field::new(format!("/tiers/{place}{field}"), code, message));
    };
    if earlier
        .iter()
        .any(|one| one.name.trim() == tier.name.trim())
    {
        say("/name", "duplicate", "Give each tier a name of its own.");
    }
    if let Some(id) = tier.id {
        if before.tiers.iter().all(|one| one.id != id) {
            say(
                "/id",
                "unknown",
                "Send the id of a tier of this ladder, or none for a new tier.",
            );
        }
        if earlier.iter().any(|one| one.id == Some(id)) {
            say("/id", "duplicate", "Name each tier once.");
        }
    }
    let asks = [
        tier.visits,
        tier.points,
        tier.spend.as_ref().map(|money| money.amount),
    ];
    let is_free = asks.iter().all(Option::is_none);
    if place == 0 && !is_free {
        say(
            "",
            "not_allowed",
            "Leave the thresholds of the first tier out: it is everybody's.",
        );
    }
    if place > 0 && is_free {
        say(
            "",
            "missing",
            "Send visits, points or spend: what the tier asks for.",
        );
    }
    let Some(below) = earlier.last() else { return };
    let asked = [
        below.visits,
        below.points,
        below.spend.as_ref().map(|money| money.amount),
    ];
    for ((field, this), that) in ["/visits", "/points", "/spend"].iter().zip(asks).zip(asked) {
        if this.zip(that).is_some_and(|(this, that)| this <= that) {
            say(field, "out_of_range", "Ask for more than the tier before.");
        }
    }
}
