//! A discount as it is published: an immutable version, read by the engine and never changed by it.

mod candidate;
mod check;
mod open;

use serde::{Deserialize, Serialize};

pub(crate) use candidate::Turn;
pub use candidate::{Candidate, Coupon, LineShare, Origin, PointsAsked};
pub use check::{Flaw, FlawCode};
pub use open::{NotAdmitted, Open};

use crate::id::{
    CategoryId, CustomerId, DiscountId, ExperimentId, GroupId, ModifierGroupId, ModifierId,
    ProductId, SegmentId,
};
use crate::money::{Money, Percent};
use crate::window::{Bound, DaysOfWeek, TimeOfDay, Window};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Type {
    Percentage,
    FixedAmount,
    Comp,
    /// Loyalty points taken as a discount; made by `Candidate::points`, never published.
    Points,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Scope {
    Order,
    Item,
    Category,
    Modifier,
    ModifierGroup,
    CustomerGroup,
    Quantity,
    Combo,
    /// The benefit of a status tier; made by `Candidate::tier`, never published.
    Tier,
}

impl Scope {
    /// Whether the rule sees the order as a whole: its window then tests when the order was opened.
    pub fn is_order_level(self) -> bool {
        matches!(self, Self::Order | Self::CustomerGroup | Self::Tier)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FixedPer {
    Unit,
    Order,
}

/// What a percentage is taken of: what is left by then, or the list price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Base {
    #[default]
    Running,
    List,
}

/// Whether the tax follows what is paid or stays as if there were no discount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TaxBasis {
    #[default]
    Discounted,
    Undiscounted,
}

impl TaxBasis {
    /// From the two flags of other systems. None for a discount that comes after the tax and yet changes
    /// what the tax is reckoned on: that means nothing.
    pub fn from_flags(apply_before_tax: bool, modify_tax_basis: bool) -> Option<Self> {
        match (apply_before_tax, modify_tax_basis) {
            (true, true) => Some(Self::Discounted),
            (_, false) => Some(Self::Undiscounted),
            (false, true) => None,
        }
    }
}

/// One component of a combo: a product, or anything of a category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ComboItem {
    pub product_id: Option<ProductId>,
    pub category_id: Option<CategoryId>,
    pub quantity: u32,
}

/// A share of customers, as a range of the hash that is fixed when the experiment starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Experiment {
    pub experiment_id: ExperimentId,
    pub variant: String,
    pub from_percent: Percent,
    pub until_percent: Percent,
}

/// What a rule leaves out is left out of its text too: an order keeps the text of every rule that was weighed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Discount {
    pub id: DiscountId,
    pub version: u32,
    pub name: String,
    pub is_active: bool,
    #[serde(rename = "type")]
    pub kind: Type,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<Percent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// None means ORDER for order-wide scopes, else UNIT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed_per: Option<FixedPer>,
    pub scope: Scope,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub target_item_ids: Vec<ProductId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub target_category_ids: Vec<CategoryId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub target_modifier_ids: Vec<ModifierId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub target_modifier_group_ids: Vec<ModifierGroupId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_group_id: Option<GroupId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment_id: Option<SegmentId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub customer_ids: Vec<CustomerId>,
    pub is_automatic: bool,
    pub priority: i32,
    pub base: Base,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_purchase_amount: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_quantity: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_discount_amount: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buy_quantity: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub get_quantity: Option<u32>,
    /// None means 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub get_discount_percent: Option<Percent>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buy_item_ids: Vec<ProductId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub get_item_ids: Vec<ProductId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_sets: Option<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub combo_items: Vec<ComboItem>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub combo_price: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub combo_percent: Option<Percent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub combo_amount_off: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Bound>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Bound>,
    pub days_of_week: DaysOfWeek,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_from: Option<TimeOfDay>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_until: Option<TimeOfDay>,
    pub requires_approval: bool,
    pub tax_basis: TaxBasis,
    pub is_stackable: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<Box<Experiment>>,
}

impl Discount {
    /// A rule of this type and scope that asks for nothing else, to be changed with struct update.
    pub fn new(id: impl Into<DiscountId>, kind: Type, scope: Scope) -> Self {
        let id = id.into();
        Self {
            name: id.as_str().to_owned(),
            id,
            version: 1,
            is_active: true,
            kind,
            percent: None,
            amount: None,
            fixed_per: None,
            scope,
            target_item_ids: Vec::new(),
            target_category_ids: Vec::new(),
            target_modifier_ids: Vec::new(),
            target_modifier_group_ids: Vec::new(),
            customer_group_id: None,
            segment_id: None,
            customer_ids: Vec::new(),
            is_automatic: false,
            priority: 0,
            base: Base::Running,
            min_purchase_amount: None,
            min_quantity: None,
            max_discount_amount: None,
            buy_quantity: None,
            get_quantity: None,
            get_discount_percent: None,
            buy_item_ids: Vec::new(),
            get_item_ids: Vec::new(),
            max_sets: None,
            combo_items: Vec::new(),
            combo_price: None,
            combo_percent: None,
            combo_amount_off: None,
            valid_from: None,
            valid_until: None,
            days_of_week: DaysOfWeek::EVERY_DAY,
            time_from: None,
            time_until: None,
            requires_approval: false,
            tax_basis: TaxBasis::Discounted,
            is_stackable: false,
            experiment: None,
        }
    }

    pub fn percentage(id: impl Into<DiscountId>, scope: Scope, percent: Percent) -> Self {
        Self {
            percent: Some(percent),
            ..Self::new(id, Type::Percentage, scope)
        }
    }

    pub fn fixed(id: impl Into<DiscountId>, scope: Scope, amount: Money) -> Self {
        Self {
            amount: Some(amount),
            ..Self::new(id, Type::FixedAmount, scope)
        }
    }

    pub fn window(&self) -> Window {
        Window {
            valid_from: self.valid_from,
            valid_until: self.valid_until,
            days_of_week: self.days_of_week,
            time_from: self.time_from,
            time_until: self.time_until,
        }
    }

    pub fn fixed_per(&self) -> FixedPer {
        let usual = if self.scope.is_order_level() {
            FixedPer::Order
        } else {
            FixedPer::Unit
        };
        self.fixed_per.unwrap_or(usual)
    }

    /// Whether the rule names who it is for; such a one is applied as soon as they are attached.
    pub fn names_customers(&self) -> bool {
        self.customer_group_id.is_some()
            || self.segment_id.is_some()
            || !self.customer_ids.is_empty()
    }

    /// Whether it is for bundles, which regulated items take no part in.
    pub fn is_bundle(&self) -> bool {
        self.buy_quantity.is_some() || !self.combo_items.is_empty()
    }
}
