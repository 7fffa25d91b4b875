//! Promotions: more points for a while, for some, on some goods.
//!
//! The one that gives most is taken, or the stackable ones together where they give more. What one may give a
//! customer at most is held and not read: a counter per promotion and customer moves in the transaction that
//! earns, by a statement that knows the cap, and what each purchase got of it is written beside it. A reversal
//! gives it back in proportion.

mod caps;
pub mod routes;
mod store;
#[cfg(test)]
mod tests;

use axum::http::HeaderValue;
use engine::money::Multiplier;
use engine::window::{Bound, DaysOfWeek, TimeOfDay};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::rules::{self, Draft, Kept, Kind, Pointers, Search};
use crate::hall::call::Reply;
use crate::hall::error::{Code, Error, Extra, Field, Result};
use crate::hall::etag;
use crate::hall::id::{CategoryId, GroupId, ProductId, PromotionId, VenueId};
use crate::hall::journal::EventType;
use crate::hall::page::{Listing, Page};
use crate::hall::store::{Read, Tx};

pub use caps::{Gain, hold, reversed};

/// More in one purchase is a mistake of typing.
const POINTS_MAX: i64 = 1_000_000_000;

const AT: Pointers = Pointers {
    categories: "/targetCategoryIds",
    items: "/targetItemIds",
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditPromotion {
    #[schema(example = "Double Tuesday")]
    pub name: String,
    /// Above 1: it adds the base's points times what is above 1.
    #[schema(value_type = Option<String>, example = "2")]
    pub multiplier: Option<Multiplier>,
    /// In place of `multiplier`: so many points for the purchase.
    #[schema(example = json!(null))]
    pub bonus_points: Option<i64>,
    /// A day of business at the venue, or an instant.
    #[schema(value_type = Option<String>, example = "2026-06-01")]
    pub valid_from: Option<Bound>,
    /// A day is included; an instant is not.
    #[schema(value_type = Option<String>, example = "2026-08-31")]
    pub valid_until: Option<Bound>,
    /// 0 is Sunday; empty is every day.
    #[serde(default)]
    #[schema(value_type = Vec<u8>, example = json!([2]))]
    pub days_of_week: DaysOfWeek,
    #[schema(value_type = Option<String>, example = "16:00")]
    pub time_from: Option<TimeOfDay>,
    /// Past midnight it belongs to the day on which it began.
    #[schema(value_type = Option<String>, example = "18:00")]
    pub time_until: Option<TimeOfDay>,
    /// With `targetItemIds`: the goods that it looks at; both empty is all.
    #[serde(default)]
    #[schema(example = json!([]))]
    pub target_category_ids: Vec<CategoryId>,
    #[serde(default)]
    #[schema(example = json!([]))]
    pub target_item_ids: Vec<ProductId>,
    /// For this group of customers alone.
    #[schema(example = json!(null))]
    pub customer_group_id: Option<GroupId>,
    #[schema(example = json!(null))]
    pub segment_id: Option<String>,
    /// What it gives one customer at most, in all.
    #[schema(example = 500)]
    pub max_points_per_customer: Option<i64>,
    /// Whether it adds up with other stackable ones.
    #[serde(default)]
    #[schema(example = false)]
    pub is_stackable: bool,
    /// Where it is live; empty is the venue of the path, or under `/chain` every venue.
    #[serde(default)]
    #[schema(example = json!([]))]
    pub venue_ids: Vec<VenueId>,
    #[serde(default = "yes")]
    pub active: bool,
}

fn yes() -> bool {
    true
}

/// What a promotion adds to what all rules have.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Terms {
    multiplier: Option<Multiplier>,
    bonus_points: Option<i64>,
    valid_from: Option<Bound>,
    valid_until: Option<Bound>,
    days_of_week: DaysOfWeek,
    time_from: Option<TimeOfDay>,
    time_until: Option<TimeOfDay>,
    is_stackable: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Promotion {
    pub id: PromotionId,
    #[schema(example = 1)]
    pub version: i64,
    #[schema(example = "Double Tuesday")]
    pub name: String,
    #[schema(value_type = Option<String>, example = "2")]
    pub multiplier: Option<Multiplier>,
    pub bonus_points: Option<i64>,
    #[schema(value_type = Option<String>, example = "2026-06-01")]
    pub valid_from: Option<Bound>,
    #[schema(value_type = Option<String>, example = "2026-08-31")]
    pub valid_until: Option<Bound>,
    /// 0 is Sunday; empty is every day.
    #[schema(value_type = Vec<u8>, example = json!([2]))]
    pub days_of_week: DaysOfWeek,
    #[schema(value_type = Option<String>, example = "16:00")]
    pub time_from: Option<TimeOfDay>,
    #[schema(value_type = Option<String>, example = "18:00")]
    pub time_until: Option<TimeOfDay>,
    pub target_category_ids: Vec<CategoryId>,
    pub target_item_ids: Vec<ProductId>,
    pub customer_group_id: Option<GroupId>,
    pub max_points_per_customer: Option<i64>,
    pub is_stackable: bool,
    /// Empty is every venue of the chain.
    pub venue_ids: Vec<VenueId>,
    pub active: bool,
    pub archived_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Reply for Promotion {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PromotionFilter {
    /// The beginning of the name, whatever the case and accents.
    pub search: Option<String>,
    pub active: Option<bool>,
}

pub fn create(tx: &mut Tx, venue: Option<VenueId>, ask: &EditPromotion) -> Result<Promotion> {
    let draft = ask.checked(tx, venue)?;
    let id: PromotionId = tx.new_id();
    let made = shown(rules::create(tx, Kind::Promotion, &id.to_string(), &draft)?)?;
    tx.audit_new("promotion.create", id, &made)?;
    tx.emit(EventType::PromotionPublished, venue, &made)?;
    Ok(made)
}

pub fn find(read: &mut Read, venue: Option<VenueId>, id: PromotionId) -> Result<Promotion> {
    shown(rules::find(read, Kind::Promotion, venue, &id.to_string())?)
}

pub fn list(
    read: &mut Read,
    venue: Option<VenueId>,
    ask: &Listing<PromotionFilter>,
) -> Result<Page<Promotion>> {
    let search = Search {
        name: ask.filter.search.clone(),
        active: ask.filter.active,
    };
    rules::list(read, Kind::Promotion, venue, &search, &ask.paging)?.try_map(shown)
}

/// Only what is earned from now on goes by it; a lower cap takes nothing back.
pub fn edit(
    tx: &mut Tx,
    venue: Option<VenueId>,
    id: PromotionId,
    if_match: Option<&HeaderValue>,
    ask: &EditPromotion,
) -> Result<Promotion> {
    let before = rules::own(tx, Kind::Promotion, venue, &id.to_string())?;
    etag::honour(if_match, before.version)?;
    let draft = ask.checked(tx, venue)?;
    let after = shown(rules::edit(tx, Kind::Promotion, &before, &draft)?)?;
    tx.audit("promotion.edit", id, Some(&shown(before)?), Some(&after))?;
    tx.emit(EventType::PromotionPublished, venue, &after)?;
    Ok(after)
}

/// Ends the promotion at once, everywhere; doing it again changes nothing.
pub fn archive(
    tx: &mut Tx,
    venue: Option<VenueId>,
    id: PromotionId,
    if_match: Option<&HeaderValue>,
) -> Result<()> {
    let before = rules::own(tx, Kind::Promotion, venue, &id.to_string())?;
    etag::honour(if_match, before.version)?;
    if !rules::archive(tx, &before)? {
        return Ok(());
    }
    let after = find(tx, None, id)?;
    tx.emit(EventType::PromotionPublished, venue, &after)?;
    tx.audit("promotion.archive", id, Some(&shown(before)?), Some(&after))
}

impl EditPromotion {
    /// The promotion as it is to be kept, or everything that is wrong with it.
    fn checked(&self, read: &mut Read, venue: Option<VenueId>) -> Result<Draft> {
        if self.segment_id.is_some() {
            let said = "`segmentId` is not available yet: leave it out, or name a customerGroupId.";
            let extra = Extra::saying(said).with("field", "segmentId");
            return Err(Error::Refused(Code::MethodUnavailable, extra));
        }
        let terms = Terms {
            multiplier: self.multiplier,
            bonus_points: self.bonus_points,
            valid_from: self.valid_from,
            valid_until: self.valid_until,
            days_of_week: self.days_of_week,
            time_from: self.time_from,
            time_until: self.time_until,
            is_stackable: self.is_stackable,
        };
        let mut draft = Draft {
            name: self.name.clone(),
            active: self.active,
            venue_ids: self.venue_ids.clone(),
            category_ids: self.target_category_ids.clone(),
            item_ids: self.target_item_ids.clone(),
            customer_group_id: self.customer_group_id,
            points_max: self.max_points_per_customer,
            terms: serde_json::to_value(&terms).map_err(Error::bug)?,
        };
        let mut wrong = Vec::new();
        self.check_terms(&mut wrong);
        rules::check(read, venue, &mut draft, None, AT, &mut wrong)?;
        if wrong.is_empty() {
            Ok(draft)
        } else {
            Err(Error::Invalid(wrong))
        }
    }

    fn check_terms(&self, wrong: &mut Vec<Field>) {
        match (self.multiplier, self.bonus_points) {
            (None, None) => {
                let said = "Send multiplier or bonusPoints.";
                wrong.push(Field::new("", "one_of", said));
            }
            (Some(_), Some(_)) => {
                let said = "Send multiplier or bonusPoints, not both.";
                wrong.push(Field::new("/bonusPoints", "one_of", said));
            }
            _ => {}
        }
        if self.multiplier.is_some_and(|by| by <= Multiplier::ONE) {
            let said = "Send more than 1: at 1 nothing is added.";
            wrong.push(Field::new("/multiplier", "out_of_range", said));
        }
        for (points, pointer) in [
            (self.bonus_points, "/bonusPoints"),
            (self.max_points_per_customer, "/maxPointsPerCustomer"),
        ] {
            if points.is_some_and(|points| !(1..=POINTS_MAX).contains(&points)) {
                let said = format!("Send a whole number from 1 to {POINTS_MAX}.");
                wrong.push(Field::new(pointer, "out_of_range", said));
            }
        }
        if let (Some(Bound::Day(from)), Some(Bound::Day(until))) =
            (self.valid_from, self.valid_until)
            && until < from
        {
            let said = "Send a day that is not before validFrom.";
            wrong.push(Field::new("/validUntil", "out_of_range", said));
        }
    }
}

fn shown(kept: Kept) -> Result<Promotion> {
    let terms: Terms = serde_json::from_value(kept.terms).map_err(Error::bug)?;
    Ok(Promotion {
        id: kept.id.parse().map_err(Error::bug)?,
        version: kept.version,
        name: kept.name,
        multiplier: terms.multiplier,
        bonus_points: terms.bonus_points,
        valid_from: terms.valid_from,
        valid_until: terms.valid_until,
        days_of_week: terms.days_of_week,
        time_from: terms.time_from,
        time_until: terms.time_until,
        target_category_ids: kept.category_ids,
        target_item_ids: kept.item_ids,
        customer_group_id: kept.customer_group_id,
        max_points_per_customer: kept.points_max,
        is_stackable: terms.is_stackable,
        venue_ids: kept.venue_ids,
        active: kept.active,
        archived_at: kept.archived_at,
        created_at: kept.created_at,
        updated_at: kept.updated_at,
    })
}

/// A live promotion as the engine reads it, with what is left of the customer's cap.
pub(super) fn weighed(live: &rules::Live) -> Result<engine::points::Promotion> {
    let terms: Terms = serde_json::from_value(live.terms.clone()).map_err(Error::bug)?;
    Ok(engine::points::Promotion {
        id: live.id.as_str().into(),
        multiplier: terms.multiplier,
        bonus_points: terms.bonus_points,
        valid_from: terms.valid_from,
        valid_until: terms.valid_until,
        days_of_week: terms.days_of_week,
        time_from: terms.time_from,
        time_until: terms.time_until,
        target_category_ids: live
            .category_ids
            .iter()
            .map(|id| id.as_str().into())
            .collect(),
        target_item_ids: live.item_ids.iter().map(|id| id.as_str().into()).collect(),
        customer_group_id: live.customer_group_id.as_deref().map(Into::into),
        segment_id: None,
        points_left: live.points_max.map(|cap| (cap - live.given).max(0)),
        is_stackable: terms.is_stackable,
        is_active: true,
    })
}
