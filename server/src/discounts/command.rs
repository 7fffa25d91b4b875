//! The command that publishes a discount: every field of a rule, those that are not carried out yet too, so
//! that they are refused by name and never silently dropped.

use engine::discount::{Discount as Rule, Flaw, FlawCode};
use engine::money::Percent;
use engine::window::{Bound, DaysOfWeek, TimeOfDay};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words::{Base, DiscountScope, DiscountType, FixedPer, TaxBasis};
use super::{Discount, store};
use crate::hall::error::{Code, Error, Extra, Field, Result};
use crate::hall::id::{
    CategoryId, CustomerId, DiscountId, GroupId, Id as _, ModifierGroupId, ModifierId, ProductId,
    VenueId,
};
use crate::hall::money::Money;
use crate::hall::store::Read;
use crate::hall::text;

const NAME_MAX: usize = 120;
const DESCRIPTION_MAX: usize = 1_000;
const VENUES_MAX: usize = 1_000;
const PRIORITY_MAX: i32 = 1_000_000;

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
    #[schema(example = json!(null))]
    pub customer_group_id: Option<GroupId>,
    #[schema(example = json!(null))]
    pub segment_id: Option<String>,
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
    #[serde(default)]
    #[schema(example = false)]
    pub requires_approval: bool,
    #[schema(example = json!(null))]
    pub comp_reason: Option<String>,
    #[serde(default)]
    #[schema(example = false)]
    pub is_open: bool,
    #[schema(example = json!(null))]
    pub min_value: Option<String>,
    #[schema(example = json!(null))]
    pub max_value: Option<String>,
    #[schema(example = json!(null))]
    pub value_step: Option<String>,
    /// In place of the two flags below.
    pub tax_basis: Option<TaxBasis>,
    #[schema(example = json!(null))]
    pub apply_before_tax: Option<bool>,
    #[schema(example = json!(null))]
    pub modify_tax_basis: Option<bool>,
    #[serde(default)]
    #[schema(example = false)]
    pub is_stackable: bool,
    #[schema(example = json!(null))]
    pub experiment_id: Option<String>,
    #[schema(example = json!(null))]
    pub variant: Option<String>,
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

    pub(super) fn of(discount: &Discount) -> EditDiscount {
        EditDiscount {
            name: discount.name.clone(),
            description: discount.description.clone(),
            label_color: discount.label_color.clone(),
            venue_ids: discount.venue_ids.clone(),
            active: discount.active,
            kind: discount.kind,
            percent: discount.percent,
            scope: discount.scope,
            is_automatic: discount.is_automatic,
            priority: discount.priority,
            base: discount.base,
            min_purchase_amount: discount.min_purchase_amount.clone(),
            max_discount_amount: discount.max_discount_amount.clone(),
            valid_from: discount.valid_from,
            valid_until: discount.valid_until,
            days_of_week: discount.days_of_week,
            time_from: discount.time_from,
            time_until: discount.time_until,
            tax_basis: Some(discount.tax_basis),
            is_stackable: discount.is_stackable,
            ..EditDiscount::default()
        }
    }

    /// The command with its venues written out, or everything that is wrong with it.
    pub(super) fn checked(&self, read: &mut Read, venue: Option<VenueId>) -> Result<EditDiscount> {
        self.refuse_unavailable()?;
        let mut wrong = Vec::new();
        self.check_words(&mut wrong);
        let mut whole = self.clone();
        if whole.venue_ids.is_empty() {
            whole.venue_ids.extend(venue);
        }
        whole.check_venues(read, venue, &mut wrong)?;
        if wrong.is_empty() {
            // The id and version do not matter to what may be wrong.
            let rule = whole.rule(DiscountId::from_uuid(uuid::Uuid::nil()), 1)?;
            wrong.extend(rule.flaws().iter().map(field_of));
        }
        if !wrong.is_empty() {
            return Err(Error::Invalid(wrong));
        }
        whole.name = whole.name.trim().to_owned();
        Ok(whole)
    }

    /// What the till cannot carry through to the end is refused, with the field that asks for it.
    fn refuse_unavailable(&self) -> Result<()> {
        let asked = [
            (self.kind != DiscountType::Percentage, "type"),
            (self.scope != DiscountScope::Order, "scope"),
            (!self.is_automatic, "isAutomatic"),
            (self.amount.is_some(), "amount"),
            (self.fixed_per.is_some(), "fixedPer"),
            (!self.target_item_ids.is_empty(), "targetItemIds"),
            (!self.target_category_ids.is_empty(), "targetCategoryIds"),
            (!self.target_modifier_ids.is_empty(), "targetModifierIds"),
            (
                !self.target_modifier_group_ids.is_empty(),
                "targetModifierGroupIds",
            ),
            (self.customer_group_id.is_some(), "customerGroupId"),
            (self.segment_id.is_some(), "segmentId"),
            (!self.customer_ids.is_empty(), "customerIds"),
            (self.min_quantity.is_some(), "minQuantity"),
            (self.buy_quantity.is_some(), "buyQuantity"),
            (self.get_quantity.is_some(), "getQuantity"),
            (self.get_discount_percent.is_some(), "getDiscountPercent"),
            (!self.buy_item_ids.is_empty(), "buyItemIds"),
            (!self.get_item_ids.is_empty(), "getItemIds"),
            (self.max_sets.is_some(), "maxSets"),
            (!self.combo_items.is_empty(), "comboItems"),
            (self.combo_price.is_some(), "comboPrice"),
            (self.combo_percent.is_some(), "comboPercent"),
            (self.combo_amount_off.is_some(), "comboAmountOff"),
            (self.max_total_uses.is_some(), "maxTotalUses"),
            (self.max_uses_per_customer.is_some(), "maxUsesPerCustomer"),
            (self.requires_approval, "requiresApproval"),
            (self.comp_reason.is_some(), "compReason"),
            (self.is_open, "isOpen"),
            (self.min_value.is_some(), "minValue"),
            (self.max_value.is_some(), "maxValue"),
            (self.value_step.is_some(), "valueStep"),
            (self.experiment_id.is_some(), "experimentId"),
            (self.variant.is_some(), "variant"),
            (self.allocation_percent.is_some(), "allocationPercent"),
        ];
        let Some((_, field)) = asked.into_iter().find(|(is_asked, _)| *is_asked) else {
            return Ok(());
        };
        let said = format!(
            "`{field}` is not available yet as it was sent: a discount is of type PERCENTAGE and scope ORDER, \
             with isAutomatic true."
        );
        let extra = Extra::saying(said).with("field", field);
        Err(Error::Refused(Code::MethodUnavailable, extra))
    }

    fn check_words(&self, wrong: &mut Vec<Field>) {
        text::check_line(&self.name, NAME_MAX, "/name", wrong);
        let description = self.description.as_deref().unwrap_or_default();
        if description.chars().count() > DESCRIPTION_MAX {
            let said = format!("Send at most {DESCRIPTION_MAX} characters.");
            wrong.push(Field::new("/description", "invalid_length", said));
        }
        if self
            .label_color
            .as_deref()
            .is_some_and(|color| !is_color(color))
        {
            let said = "Send red, green and blue in hex, like \"#2f9e44\".";
            wrong.push(Field::new("/labelColor", "invalid", said));
        }
        if !(-PRIORITY_MAX..=PRIORITY_MAX).contains(&self.priority) {
            let said = format!("Send a whole number from -{PRIORITY_MAX} to {PRIORITY_MAX}.");
            wrong.push(Field::new("/priority", "out_of_range", said));
        }
        if let (Some(Bound::Day(from)), Some(Bound::Day(until))) =
            (self.valid_from, self.valid_until)
            && until < from
        {
            let said = "Send a day that is not before validFrom.";
            wrong.push(Field::new("/validUntil", "out_of_range", said));
        }
        if let Err(field) = self.basis() {
            wrong.push(field);
        }
    }

    fn check_venues(
        &self,
        read: &mut Read,
        venue: Option<VenueId>,
        wrong: &mut Vec<Field>,
    ) -> Result<()> {
        if self.venue_ids.len() > VENUES_MAX {
            let said = format!("Send at most {VENUES_MAX} venues, or none for all.");
            wrong.push(Field::new("/venueIds", "too_many", said));
            return Ok(());
        }
        let currencies = store::currencies(read, &self.venue_ids)?;
        for (place, id) in self.venue_ids.iter().enumerate() {
            let pointer = format!("/venueIds/{place}");
            if venue.is_some_and(|venue| venue != *id) {
                let said = "Send the venue of the path, or none; others are named under /chain.";
                wrong.push(Field::new(pointer, "not_allowed", said));
            } else if self.venue_ids[..place].contains(id) {
                wrong.push(Field::new(pointer, "duplicate", "Send each venue once."));
            } else if !currencies.iter().any(|(known, _)| known == id) {
                let said = "Send the id of a venue of yours.";
                wrong.push(Field::new(pointer, "not_found", said));
            }
        }
        let amounts = [
            (&self.min_purchase_amount, "/minPurchaseAmount", 0),
            (&self.max_discount_amount, "/maxDiscountAmount", 1),
        ];
        for (amount, pointer, least) in amounts {
            let Some(amount) = amount else { continue };
            amount.check(least, pointer, wrong);
            if let Some((_, currency)) = currencies.iter().find(|(_, c)| *c != amount.currency) {
                let said = format!("Send an amount in {currency}, which a venue of it has.");
                wrong.push(Field::new(
                    format!("{pointer}/currency"),
                    "currency_mismatch",
                    said,
                ));
            }
        }
        Ok(())
    }

    /// One word from the word or from the two flags.
    fn basis(&self) -> Result<TaxBasis, Field> {
        let (before, modify) = (self.apply_before_tax, self.modify_tax_basis);
        let flags = match (before, modify) {
            (None, None) => return Ok(self.tax_basis.unwrap_or_default()),
            (before, modify) => {
                let before = before.unwrap_or(true);
                engine::discount::TaxBasis::from_flags(before, modify.unwrap_or(before))
            }
        };
        let flags = match flags {
            Some(engine::discount::TaxBasis::Discounted) => TaxBasis::Discounted,
            Some(engine::discount::TaxBasis::Undiscounted) => TaxBasis::Undiscounted,
            None => {
                let said = "A discount after the tax does not change what is taxed: send false.";
                return Err(Field::new("/modifyTaxBasis", "contradiction", said));
            }
        };
        if self.tax_basis.is_some_and(|basis| basis != flags) {
            let said = "Send taxBasis or the two flags, or let them say the same.";
            return Err(Field::new("/taxBasis", "contradiction", said));
        }
        Ok(flags)
    }

    /// The version as the engine reads it.
    pub(super) fn rule(&self, id: DiscountId, version: i64) -> Result<Rule> {
        let known = |money: &Option<Money>| money.as_ref().map(Money::known).transpose();
        let basis = self.basis().map_err(|field| Error::Invalid(vec![field]))?;
        let plain = Rule::new(id.to_string(), self.kind.into(), self.scope.into());
        Ok(Rule {
            version: u32::try_from(version).map_err(Error::bug)?,
            name: self.name.trim().to_owned(),
            is_active: self.active,
            percent: self.percent,
            is_automatic: self.is_automatic,
            priority: self.priority,
            base: self.base.into(),
            min_purchase_amount: known(&self.min_purchase_amount)?,
            max_discount_amount: known(&self.max_discount_amount)?,
            valid_from: self.valid_from,
            valid_until: self.valid_until,
            days_of_week: self.days_of_week,
            time_from: self.time_from,
            time_until: self.time_until,
            tax_basis: basis.into(),
            is_stackable: self.is_stackable,
            ..plain
        })
    }
}

fn is_color(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn field_of(flaw: &Flaw) -> Field {
    let (code, said) = match flaw.code {
        FlawCode::Missing => ("missing", "This kind of discount needs it."),
        FlawCode::NotAllowed => ("not_allowed", "This kind of discount cannot have it."),
        FlawCode::OutOfRange => ("out_of_range", "Send a value within its range."),
        FlawCode::MixedCurrencies => ("currency_mismatch", "Send all amounts in one currency."),
        FlawCode::TooMany => ("too_many", "Send fewer of them."),
    };
    Field::new(format!("/{}", flaw.field), code, said)
}

/// `Afterwork (copy)`, cut so that a copy of a copy of a copy still fits.
pub(super) fn copy_name(name: &str) -> String {
    let kept: String = name.chars().take(NAME_MAX - " (copy)".len()).collect();
    format!("{} (copy)", kept.trim_end())
}
