//! Accrual rules: what earns in place of the program's two numbers (`SPEND`, `VISIT`), or on top of them
//! (`CATEGORY`, `ITEM`).
//!
//! The dearest rule that matches decides; of equals the older. Which did, stands in the policy of the ledger row.

pub mod routes;
#[cfg(test)]
mod tests;

use axum::http::HeaderValue;
use engine::money::{Multiplier, PointsPerUnit};
use engine::points::AccrualType;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::rules::{self, Draft, Kept, Kind, Pointers, Search};
use crate::hall::call::Reply;
use crate::hall::error::{Error, Field, Result};
use crate::hall::etag;
use crate::hall::id::{AccrualRuleId, CategoryId, ProductId, VenueId};
use crate::hall::journal::EventType;
use crate::hall::money::Money;
use crate::hall::page::{Listing, Page};
use crate::hall::store::{Read, Tx};

const AT: Pointers = Pointers {
    categories: "/categoryIds",
    items: "/itemIds",
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RuleType {
    /// Points for each major unit, in place of the program's.
    Spend,
    /// Points for a visit, in place of the program's.
    Visit,
    /// On top, for goods of these categories.
    Category,
    /// On top, for these products.
    Item,
}

impl From<RuleType> for AccrualType {
    fn from(kind: RuleType) -> AccrualType {
        match kind {
            RuleType::Spend => AccrualType::Spend,
            RuleType::Visit => AccrualType::Visit,
            RuleType::Category => AccrualType::Category,
            RuleType::Item => AccrualType::Item,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditAccrualRule {
    /// As the explanation of a purchase names it.
    #[schema(example = "Double on burgers")]
    pub name: String,
    #[serde(rename = "type")]
    #[schema(example = "CATEGORY")]
    pub kind: RuleType,
    /// For each major unit (`SPEND`), visit (`VISIT`) or unit sold (`CATEGORY`, `ITEM`); two places.
    #[schema(value_type = Option<String>, example = json!(null))]
    pub points_per_unit: Option<PointsPerUnit>,
    /// Above 1, in place of `pointsPerUnit`, for `CATEGORY` and `ITEM`.
    #[schema(value_type = Option<String>, example = "2")]
    pub multiplier: Option<Multiplier>,
    /// Of `CATEGORY`, and where a `SPEND` rule is to match these goods alone.
    #[serde(default)]
    #[schema(example = json!(["cat_01kab4bqf8e1ftz0c6hqp2v9xw"]))]
    pub category_ids: Vec<CategoryId>,
    /// Of `ITEM`, and where a `SPEND` rule is to match these goods alone.
    #[serde(default)]
    #[schema(example = json!([]))]
    pub item_ids: Vec<ProductId>,
    /// What the purchase's base must come to.
    #[schema(example = json!({"amount": 2000, "currency": "EUR"}))]
    pub min_purchase: Option<Money>,
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

/// What a rule adds to what all rules have.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Terms {
    #[serde(rename = "type")]
    kind: RuleType,
    points_per_unit: Option<PointsPerUnit>,
    multiplier: Option<Multiplier>,
    min_purchase: Option<Money>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccrualRule {
    pub id: AccrualRuleId,
    #[schema(example = 1)]
    pub version: i64,
    #[schema(example = "Double on burgers")]
    pub name: String,
    #[serde(rename = "type")]
    pub kind: RuleType,
    #[schema(value_type = Option<String>, example = json!(null))]
    pub points_per_unit: Option<PointsPerUnit>,
    #[schema(value_type = Option<String>, example = "2")]
    pub multiplier: Option<Multiplier>,
    pub category_ids: Vec<CategoryId>,
    pub item_ids: Vec<ProductId>,
    pub min_purchase: Option<Money>,
    /// Empty is every venue of the chain.
    pub venue_ids: Vec<VenueId>,
    pub active: bool,
    pub archived_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Reply for AccrualRule {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AccrualRuleFilter {
    /// The beginning of the name, whatever the case and accents.
    pub search: Option<String>,
    pub active: Option<bool>,
}

pub fn create(tx: &mut Tx, venue: Option<VenueId>, ask: &EditAccrualRule) -> Result<AccrualRule> {
    let draft = ask.checked(tx, venue)?;
    let id: AccrualRuleId = tx.new_id();
    let made = shown(rules::create(tx, Kind::Accrual, &id.to_string(), &draft)?)?;
    tx.audit_new("accrual_rule.create", id, &made)?;
    tx.emit(EventType::AccrualRulePublished, venue, &made)?;
    Ok(made)
}

pub fn find(read: &mut Read, venue: Option<VenueId>, id: AccrualRuleId) -> Result<AccrualRule> {
    shown(rules::find(read, Kind::Accrual, venue, &id.to_string())?)
}

pub fn list(
    read: &mut Read,
    venue: Option<VenueId>,
    ask: &Listing<AccrualRuleFilter>,
) -> Result<Page<AccrualRule>> {
    let search = Search {
        name: ask.filter.search.clone(),
        active: ask.filter.active,
    };
    rules::list(read, Kind::Accrual, venue, &search, &ask.paging)?.try_map(shown)
}

/// Only what is earned from now on goes by it.
pub fn edit(
    tx: &mut Tx,
    venue: Option<VenueId>,
    id: AccrualRuleId,
    if_match: Option<&HeaderValue>,
    ask: &EditAccrualRule,
) -> Result<AccrualRule> {
    let before = rules::own(tx, Kind::Accrual, venue, &id.to_string())?;
    etag::honour(if_match, before.version)?;
    let draft = ask.checked(tx, venue)?;
    let after = shown(rules::edit(tx, Kind::Accrual, &before, &draft)?)?;
    tx.audit("accrual_rule.edit", id, Some(&shown(before)?), Some(&after))?;
    tx.emit(EventType::AccrualRulePublished, venue, &after)?;
    Ok(after)
}

/// Ends the rule at once, everywhere; doing it again changes nothing.
pub fn archive(
    tx: &mut Tx,
    venue: Option<VenueId>,
    id: AccrualRuleId,
    if_match: Option<&HeaderValue>,
) -> Result<()> {
    let before = rules::own(tx, Kind::Accrual, venue, &id.to_string())?;
    etag::honour(if_match, before.version)?;
    if !rules::archive(tx, &before)? {
        return Ok(());
    }
    let after = find(tx, None, id)?;
    tx.emit(EventType::AccrualRulePublished, venue, &after)?;
    tx.audit(
        "accrual_rule.archive",
        id,
        Some(&shown(before)?),
        Some(&after),
    )
}

impl EditAccrualRule {
    /// The rule as it is to be kept, or everything that is wrong with it.
    fn checked(&self, read: &mut Read, venue: Option<VenueId>) -> Result<Draft> {
        let terms = Terms {
            kind: self.kind,
            points_per_unit: self.points_per_unit,
            multiplier: self.multiplier,
            min_purchase: self.min_purchase.clone(),
        };
        let mut draft = Draft {
            name: self.name.clone(),
            active: self.active,
            venue_ids: self.venue_ids.clone(),
            category_ids: self.category_ids.clone(),
            item_ids: self.item_ids.clone(),
            customer_group_id: None,
            points_max: None,
            terms: serde_json::to_value(&terms).map_err(Error::bug)?,
        };
        let mut wrong = Vec::new();
        self.check_terms(&mut wrong);
        let least = self
            .min_purchase
            .as_ref()
            .map(|amount| (amount, "/minPurchase"));
        rules::check(read, venue, &mut draft, least, AT, &mut wrong)?;
        if wrong.is_empty() {
            Ok(draft)
        } else {
            Err(Error::Invalid(wrong))
        }
    }

    fn check_terms(&self, wrong: &mut Vec<Field>) {
        let adds = matches!(self.kind, RuleType::Category | RuleType::Item);
        match (self.points_per_unit, self.multiplier) {
            (None, None) if adds => {
                let said = "Send pointsPerUnit or multiplier.";
                wrong.push(Field::new("", "one_of", said));
            }
            (Some(_), Some(_)) if adds => {
                let said = "Send pointsPerUnit or multiplier, not both.";
                wrong.push(Field::new("/multiplier", "one_of", said));
            }
            (None, _) if !adds => {
                let said = "This type of rule says how many points.";
                wrong.push(Field::new("/pointsPerUnit", "missing", said));
            }
            _ => {}
        }
        if self.multiplier.is_some() && !adds {
            let said = "Only CATEGORY and ITEM rules multiply.";
            wrong.push(Field::new("/multiplier", "not_allowed", said));
        }
        if adds && self.multiplier.is_some_and(|by| by <= Multiplier::ONE) {
            let said = "Send more than 1: at 1 nothing is added.";
            wrong.push(Field::new("/multiplier", "out_of_range", said));
        }
        let targets = [
            (
                self.category_ids.is_empty(),
                "/categoryIds",
                RuleType::Category,
            ),
            (self.item_ids.is_empty(), "/itemIds", RuleType::Item),
        ];
        for (is_empty, pointer, owner) in targets {
            if is_empty && self.kind == owner {
                let said = "Name at least one.";
                wrong.push(Field::new(pointer, "missing", said));
            } else if !is_empty && self.kind != owner && self.kind != RuleType::Spend {
                let said = "This type of rule does not look at them.";
                wrong.push(Field::new(pointer, "not_allowed", said));
            }
        }
    }
}

fn shown(kept: Kept) -> Result<AccrualRule> {
    let terms: Terms = serde_json::from_value(kept.terms).map_err(Error::bug)?;
    Ok(AccrualRule {
        id: kept.id.parse().map_err(Error::bug)?,
        version: kept.version,
        name: kept.name,
        kind: terms.kind,
        points_per_unit: terms.points_per_unit,
        multiplier: terms.multiplier,
        category_ids: kept.category_ids,
        item_ids: kept.item_ids,
        min_purchase: terms.min_purchase,
        venue_ids: kept.venue_ids,
        active: kept.active,
        archived_at: kept.archived_at,
        created_at: kept.created_at,
        updated_at: kept.updated_at,
    })
}

/// A live rule as the engine reads it.
pub(super) fn weighed(live: &rules::Live) -> Result<engine::points::AccrualRule> {
    let terms: Terms = serde_json::from_value(live.terms.clone()).map_err(Error::bug)?;
    Ok(engine::points::AccrualRule {
        id: live.id.as_str().into(),
        kind: terms.kind.into(),
        points_per_unit: terms.points_per_unit,
        multiplier: terms.multiplier,
        category_ids: live
            .category_ids
            .iter()
            .map(|id| id.as_str().into())
            .collect(),
        item_ids: live.item_ids.iter().map(|id| id.as_str().into()).collect(),
        min_purchase: terms.min_purchase.as_ref().map(Money::known).transpose()?,
        is_active: true,
    })
}
