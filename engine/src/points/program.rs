//! What a loyalty program promises, as the venue's overrides left it.

use serde::{Deserialize, Serialize};

use crate::id::{CategoryId, GroupId, ProductId, RuleId, SegmentId};
use crate::money::{Money, Multiplier, PointsPerUnit};
use crate::order::TaxMode;
use crate::quote::ClassOutcome;
use crate::window::{Bound, DaysOfWeek, TimeOfDay, Window};

/// Whether tax earns points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EarnBasis {
    #[default]
    PreTax,
    PostTax,
}

impl EarnBasis {
    /// What of a class earns.
    pub(crate) fn base_of(self, class: &ClassOutcome, mode: TaxMode) -> i64 {
        let base = match (mode, self) {
            (TaxMode::Inclusive, Self::PreTax) => class.amount - class.tax,
            (TaxMode::Exclusive, Self::PostTax) => class.amount + class.tax,
            (TaxMode::Inclusive, Self::PostTax) | (TaxMode::Exclusive, Self::PreTax) => {
                class.amount
            }
        };
        // Where a discount leaves the tax as it was, the tax may exceed what is paid.
        if class.amount == 0 { 0 } else { base.max(0) }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Program {
    /// Points for each major unit spent.
    pub points_per_dollar: PointsPerUnit,
    pub points_per_visit: PointsPerUnit,
    pub earn_basis: EarnBasis,
    pub rules: Vec<AccrualRule>,
    pub promotions: Vec<Promotion>,
    pub tier_multiplier: Option<Multiplier>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AccrualType {
    /// Points for each major unit, in place of the program's.
    Spend,
    /// Points for a visit, in place of the program's.
    Visit,
    /// A multiplier, or points for each item, on top.
    Category,
    Item,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccrualRule {
    pub id: RuleId,
    #[serde(rename = "type")]
    pub kind: AccrualType,
    pub points_per_unit: Option<PointsPerUnit>,
    pub multiplier: Option<Multiplier>,
    /// Both empty = everything.
    pub category_ids: Vec<CategoryId>,
    pub item_ids: Vec<ProductId>,
    pub min_purchase: Option<Money>,
    pub is_active: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Promotion {
    pub id: RuleId,
    pub multiplier: Option<Multiplier>,
    pub bonus_points: Option<i64>,
    pub valid_from: Option<Bound>,
    pub valid_until: Option<Bound>,
    pub days_of_week: DaysOfWeek,
    pub time_from: Option<TimeOfDay>,
    pub time_until: Option<TimeOfDay>,
    pub target_category_ids: Vec<CategoryId>,
    pub target_item_ids: Vec<ProductId>,
    pub customer_group_id: Option<GroupId>,
    pub segment_id: Option<SegmentId>,
    /// What is left of this customer's cap, which the caller holds; None is without a cap.
    pub points_left: Option<i64>,
    pub is_stackable: bool,
    pub is_active: bool,
}

impl AccrualRule {
    /// Whether the rule speaks of these goods; with no list it speaks of all.
    pub(super) fn covers(&self, class: &ClassOutcome) -> bool {
        covers(&self.category_ids, &self.item_ids, class)
    }
}

impl Promotion {
    pub(super) fn covers(&self, class: &ClassOutcome) -> bool {
        covers(&self.target_category_ids, &self.target_item_ids, class)
    }

    pub(super) fn window(&self) -> Window {
        Window {
            valid_from: self.valid_from,
            valid_until: self.valid_until,
            days_of_week: self.days_of_week,
            time_from: self.time_from,
            time_until: self.time_until,
        }
    }
}

fn covers(categories: &[CategoryId], items: &[ProductId], class: &ClassOutcome) -> bool {
    (categories.is_empty() && items.is_empty())
        || class
            .category_id
            .as_ref()
            .is_some_and(|id| categories.contains(id))
        || class
            .product_id
            .as_ref()
            .is_some_and(|id| items.contains(id))
}
