//! The command that publishes a discount: every field of a rule.

use engine::money::Percent;
use engine::window::{Bound, DaysOfWeek, TimeOfDay};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Discount;
use super::open::OpenValue;
use super::words::{Base, DiscountScope, DiscountType, FixedPer, TaxBasis};
use crate::hall::id::{
    CategoryId, CustomerId, GroupId, ModifierGroupId, ModifierId, ProductId, VenueId,
};
use crate::hall::money::Money;

/// One component of a combo: a product, or anything of a category.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ComboItem {
    pub product_id: Option<ProductId>,
    pub category_id: Option<CategoryId>,
    #[schema(example = 1)]
    pub quantity: u32,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditDiscount {
    #[schema(example = "Afterwork")]
    pub name: String,
    #[schema(example = "Ten percent off everything until six.")]
    pub description: Option<String>,
    /// Red, green and blue in hex.
    #[schema(example = "#2f9e44")]
    pub label_color: Option<String>,
    /// Where it is live; empty is the venue of the path, or under `/chain` every venue.
    #[serde(default)]
    #[schema(example = json!([]))]
    pub venue_ids: Vec<VenueId>,
    #[serde(default = "yes")]
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
    #[serde(default)]
    #[schema(example = json!([]))]
    pub target_item_ids: Vec<ProductId>,
    #[serde(default)]
    #[schema(example = json!([]))]
    pub target_category_ids: Vec<CategoryId>,
    #[serde(default)]
    #[schema(example = json!([]))]
    pub target_modifier_ids: Vec<ModifierId>,
    #[serde(default)]
    #[schema(example = json!([]))]
    pub target_modifier_group_ids: Vec<ModifierGroupId>,
    /// Applied without asking to customers of the group.
    #[schema(example = json!(null))]
    pub customer_group_id: Option<GroupId>,
    #[schema(example = json!(null))]
    pub segment_id: Option<String>,
    /// Applied without asking to these.
    #[serde(default)]
    #[schema(example = json!([]))]
    pub customer_ids: Vec<CustomerId>,
    /// Applied without asking.
    #[serde(default)]
    #[schema(example = true)]
    pub is_automatic: bool,
    /// The highest is applied first.
    #[serde(default)]
    #[schema(example = 0)]
    pub priority: i32,
    #[serde(default)]
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
    #[serde(default)]
    #[schema(example = json!([]))]
    pub buy_item_ids: Vec<ProductId>,
    #[serde(default)]
    #[schema(example = json!([]))]
    pub get_item_ids: Vec<ProductId>,
    #[schema(example = json!(null))]
    pub max_sets: Option<u32>,
    #[serde(default)]
    #[schema(example = json!([]))]
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
    #[serde(default)]
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
    #[serde(default)]
    #[schema(example = false)]
    pub requires_approval: bool,
    #[schema(example = json!(null))]
    pub comp_reason: Option<String>,
    /// The value is given at the till.
    #[serde(default)]
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
    /// In place of the two flags below.
    pub tax_basis: Option<TaxBasis>,
    #[schema(example = json!(null))]
    pub apply_before_tax: Option<bool>,
    #[schema(example = json!(null))]
    pub modify_tax_basis: Option<bool>,
    #[serde(default)]
    /// Whether it goes with others. Two of one scope never take off the same units, and one that is not stackable goes
    /// alone.
    #[schema(example = false)]
    pub is_stackable: bool,
    #[schema(example = json!(null))]
    pub experiment_id: Option<String>,
    #[schema(example = json!(null))]
    pub variant: Option<String>,
    /// What part of all customers the variant has, for the experiment's life.
    #[schema(value_type = Option<String>, example = json!(null))]
    pub allocation_percent: Option<Percent>,
}

fn yes() -> bool {
    true
}

impl EditDiscount {
    /// A percentage off the whole order that is applied without asking.
    pub fn automatic(name: &str, percent: Percent) -> EditDiscount {
        EditDiscount {
            name: name.into(),
            active: true,
            percent: Some(percent),
            is_automatic: true,
            ..EditDiscount::default()
        }
    }

    /// Each field is written out, so that a new one cannot be forgotten.
    pub(super) fn of(discount: &Discount) -> EditDiscount {
        EditDiscount {
            name: discount.name.clone(),
            description: discount.description.clone(),
            label_color: discount.label_color.clone(),
            venue_ids: discount.venue_ids.clone(),
            active: discount.active,
            kind: discount.kind,
            percent: discount.percent,
            amount: discount.amount.clone(),
            fixed_per: discount.fixed_per,
            scope: discount.scope,
            target_item_ids: discount.target_item_ids.clone(),
            target_category_ids: discount.target_category_ids.clone(),
            target_modifier_ids: discount.target_modifier_ids.clone(),
            target_modifier_group_ids: discount.target_modifier_group_ids.clone(),
            customer_group_id: discount.customer_group_id,
            segment_id: None,
            customer_ids: discount.customer_ids.clone(),
            is_automatic: discount.is_automatic,
            priority: discount.priority,
            base: discount.base,
            min_purchase_amount: discount.min_purchase_amount.clone(),
            min_quantity: discount.min_quantity,
            max_discount_amount: discount.max_discount_amount.clone(),
            buy_quantity: discount.buy_quantity,
            get_quantity: discount.get_quantity,
            get_discount_percent: discount.get_discount_percent,
            buy_item_ids: discount.buy_item_ids.clone(),
            get_item_ids: discount.get_item_ids.clone(),
            max_sets: discount.max_sets,
            combo_items: discount.combo_items.clone(),
            combo_price: discount.combo_price.clone(),
            combo_percent: discount.combo_percent,
            combo_amount_off: discount.combo_amount_off.clone(),
            valid_from: discount.valid_from,
            valid_until: discount.valid_until,
            days_of_week: discount.days_of_week,
            time_from: discount.time_from,
            time_until: discount.time_until,
            max_total_uses: discount.max_total_uses,
            max_uses_per_customer: discount.max_uses_per_customer,
            requires_approval: discount.requires_approval,
            comp_reason: discount.comp_reason.clone(),
            is_open: discount.is_open,
            min_value: discount.min_value.clone(),
            max_value: discount.max_value.clone(),
            value_step: discount.value_step.clone(),
            tax_basis: Some(discount.tax_basis),
            apply_before_tax: None,
            modify_tax_basis: None,
            is_stackable: discount.is_stackable,
            experiment_id: discount.experiment_id.clone(),
            variant: discount.variant.clone(),
            allocation_percent: discount.allocation_percent,
        }
    }
}
