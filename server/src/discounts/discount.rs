//! A discount as it is shown: the version in force, and how it stands.

use engine::money::Percent;
use engine::window::{Bound, DaysOfWeek, TimeOfDay};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::command::ComboItem;
use super::open::OpenValue;
use super::words::{Base, DiscountScope, DiscountType, FixedPer, TaxBasis};
use crate::hall::call::Reply;
use crate::hall::id::{
    CategoryId, CustomerId, DiscountId, GroupId, ModifierGroupId, ModifierId, ProductId, VenueId,
};
use crate::hall::money::Money;

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Discount {
    pub id: DiscountId,
    /// Of the rule: orders keep the one that priced them.
    #[schema(example = 1)]
    pub version: i64,
    #[schema(example = "Afterwork")]
    pub name: String,
    pub description: Option<String>,
    #[schema(example = "#2f9e44")]
    pub label_color: Option<String>,
    /// Where it is live; empty is every venue of the chain.
    pub venue_ids: Vec<VenueId>,
    pub active: bool,
    #[serde(rename = "type")]
    pub kind: DiscountType,
    /// From 0 to 100 with at most two places.
    #[schema(value_type = Option<String>, example = "10")]
    pub percent: Option<Percent>,
    #[schema(example = json!(null))]
    pub amount: Option<Money>,
    #[schema(example = json!(null))]
    pub fixed_per: Option<FixedPer>,
    pub scope: DiscountScope,
    pub target_item_ids: Vec<ProductId>,
    pub target_category_ids: Vec<CategoryId>,
    pub target_modifier_ids: Vec<ModifierId>,
    pub target_modifier_group_ids: Vec<ModifierGroupId>,
    /// Applied without asking to customers of the group.
    #[schema(example = json!(null))]
    pub customer_group_id: Option<GroupId>,
    /// Applied without asking to these.
    pub customer_ids: Vec<CustomerId>,
    /// Applied without asking.
    #[schema(example = true)]
    pub is_automatic: bool,
    /// The highest is applied first.
    #[schema(example = 0)]
    pub priority: i32,
    pub base: Base,
    /// What the whole order must come to at list prices.
    #[schema(example = json!({"amount": 2000, "currency": "EUR"}))]
    pub min_purchase_amount: Option<Money>,
    #[schema(example = json!(null))]
    pub min_quantity: Option<u32>,
    #[schema(example = json!({"amount": 5000, "currency": "EUR"}))]
    pub max_discount_amount: Option<Money>,
    #[schema(example = json!(null))]
    pub buy_quantity: Option<u32>,
    #[schema(example = json!(null))]
    pub get_quantity: Option<u32>,
    #[schema(value_type = Option<String>, example = json!(null))]
    pub get_discount_percent: Option<Percent>,
    pub buy_item_ids: Vec<ProductId>,
    pub get_item_ids: Vec<ProductId>,
    #[schema(example = json!(null))]
    pub max_sets: Option<u32>,
    pub combo_items: Vec<ComboItem>,
    #[schema(example = json!(null))]
    pub combo_price: Option<Money>,
    #[schema(value_type = Option<String>, example = json!(null))]
    pub combo_percent: Option<Percent>,
    #[schema(example = json!(null))]
    pub combo_amount_off: Option<Money>,
    /// A day of business at the venue, or an instant.
    #[schema(value_type = Option<String>, example = "2026-06-01")]
    pub valid_from: Option<Bound>,
    /// A day is included; an instant is not.
    #[schema(value_type = Option<String>, example = "2026-08-31")]
    pub valid_until: Option<Bound>,
    /// 0 is Sunday; empty is every day.
    #[schema(value_type = Vec<u8>, example = json!([1, 2, 3, 4, 5]))]
    pub days_of_week: DaysOfWeek,
    #[schema(value_type = Option<String>, example = "16:00")]
    pub time_from: Option<TimeOfDay>,
    /// Past midnight it belongs to the day on which it began.
    #[schema(value_type = Option<String>, example = "18:00")]
    pub time_until: Option<TimeOfDay>,
    #[schema(example = json!(null))]
    pub max_total_uses: Option<u32>,
    #[schema(example = json!(null))]
    pub max_uses_per_customer: Option<u32>,
    /// Staff need a manager's PIN for it.
    #[schema(example = false)]
    pub requires_approval: bool,
    #[schema(example = json!(null))]
    pub comp_reason: Option<String>,
    /// The value is given at the till.
    #[schema(example = false)]
    pub is_open: bool,
    /// The least that the till may give: a percentage as a decimal, or an amount, as `type` says.
    #[schema(example = json!(null))]
    pub min_value: Option<OpenValue>,
    #[schema(example = json!(null))]
    pub max_value: Option<OpenValue>,
    /// Counted from the least value, or from zero.
    #[schema(example = json!(null))]
    pub value_step: Option<OpenValue>,
    pub tax_basis: TaxBasis,
    /// `taxBasis`, as other systems say it.
    pub apply_before_tax: bool,
    pub modify_tax_basis: bool,
    #[schema(example = false)]
    pub is_stackable: bool,
    #[schema(example = json!(null))]
    pub experiment_id: Option<String>,
    #[schema(example = json!(null))]
    pub variant: Option<String>,
    /// What part of all customers the variant has, for the experiment's life.
    #[schema(value_type = Option<String>, example = json!(null))]
    pub allocation_percent: Option<Percent>,
    /// Uses that are held or final.
    #[schema(example = 0)]
    pub current_uses: i64,
    pub archived_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Reply for Discount {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}
