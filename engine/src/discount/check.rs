//! What makes a draft no rule: found before it is published, so that the engine meets whole rules only.

use serde::{Deserialize, Serialize};

use super::{ComboItem, Discount, Open, Scope, Type};
use crate::money::Money;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FlawCode {
    Missing,
    NotAllowed,
    OutOfRange,
    MixedCurrencies,
    TooMany,
}

/// A field of a draft that cannot stay as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Flaw {
    pub field: &'static str,
    pub code: FlawCode,
}

/// Whether something is wrong, where, and what.
type Finding = (bool, &'static str, FlawCode);

/// Targets of one list: enough for a catalogue, small enough for a till.
const TARGETS_MAX: usize = 1_000;

impl Discount {
    /// Everything that is wrong, in the order of the fields.
    pub fn flaws(&self) -> Vec<Flaw> {
        self.found(None)
    }

    /// As [`Discount::flaws`], of a rule whose value is given at the till within `open`.
    pub fn flaws_as_open(&self, open: &Open) -> Vec<Flaw> {
        self.found(Some(open))
    }

    fn found(&self, open: Option<&Open>) -> Vec<Flaw> {
        let found = [
            &self.value_flaws(open.is_some())[..],
            &self.target_flaws(),
            &self.asked_flaws(),
            &self.bogo_flaws(),
            &self.combo_flaws(),
            &open.map_or(Vec::new(), |open| self.open_flaws(open)),
            &self.bound_flaws(),
        ];
        let wrong = found
            .into_iter()
            .flatten()
            .filter(|(is_wrong, ..)| *is_wrong);
        wrong
            .map(|&(_, field, code)| Flaw { field, code })
            .collect()
    }

    fn value_flaws(&self, is_open: bool) -> [Finding; 9] {
        use FlawCode::{Missing, NotAllowed, OutOfRange};
        // The value of a bundle stands in its own fields, that of an open rule is given at the till.
        let says_value = |kind| self.kind == kind && !self.is_bundle() && !is_open;
        let (is_percentage, is_fixed) =
            (says_value(Type::Percentage), says_value(Type::FixedAmount));
        let is_other_bundle = match self.kind {
            Type::Comp => self.is_bundle(),
            Type::FixedAmount => self.buy_quantity.is_some(),
            _ => false,
        };
        let is_per = self.kind == Type::FixedAmount && !self.is_bundle();
        [
            (
                self.kind == Type::Points || is_other_bundle,
                "type",
                NotAllowed,
            ),
            (is_percentage && self.percent.is_none(), "percent", Missing),
            (
                !is_percentage && self.percent.is_some(),
                "percent",
                NotAllowed,
            ),
            (is_fixed && self.amount.is_none(), "amount", Missing),
            (!is_fixed && self.amount.is_some(), "amount", NotAllowed),
            (
                self.amount.is_some_and(|money| money.amount == 0),
                "amount",
                OutOfRange,
            ),
            (!is_per && self.fixed_per.is_some(), "fixedPer", NotAllowed),
            (self.scope == Scope::Tier, "scope", NotAllowed),
            (self.min_quantity == Some(0), "minQuantity", OutOfRange),
        ]
    }

    /// Each scope has its own targets; others would be read by nobody.
    fn target_flaws(&self) -> [Finding; 9] {
        use FlawCode::{Missing, NotAllowed};
        let (items, categories) = (&self.target_item_ids, &self.target_category_ids);
        let (modifiers, groups) = (&self.target_modifier_ids, &self.target_modifier_group_ids);
        let is = |scope| self.scope == scope;
        let narrows = is(Scope::Order) || is(Scope::CustomerGroup) || is(Scope::Quantity);
        let takes = |scope, is_empty: bool| is_empty || is(scope);
        let nobody = is(Scope::CustomerGroup) && !self.names_customers();
        [
            (
                is(Scope::Item) && items.is_empty(),
                "targetItemIds",
                Missing,
            ),
            (
                !narrows && !takes(Scope::Item, items.is_empty()),
                "targetItemIds",
                NotAllowed,
            ),
            (
                is(Scope::Category) && categories.is_empty(),
                "targetCategoryIds",
                Missing,
            ),
            (
                !narrows && !takes(Scope::Category, categories.is_empty()),
                "targetCategoryIds",
                NotAllowed,
            ),
            (
                is(Scope::Modifier) && modifiers.is_empty(),
                "targetModifierIds",
                Missing,
            ),
            (
                !takes(Scope::Modifier, modifiers.is_empty()),
                "targetModifierIds",
                NotAllowed,
            ),
            (
                is(Scope::ModifierGroup) && groups.is_empty(),
                "targetModifierGroupIds",
                Missing,
            ),
            (
                !takes(Scope::ModifierGroup, groups.is_empty()),
                "targetModifierGroupIds",
                NotAllowed,
            ),
            (nobody, "customerGroupId", Missing),
        ]
    }

    /// Whether the rule is applied without anybody at the till having to ask.
    fn is_unasked(&self) -> bool {
        self.is_automatic || self.names_customers()
    }

    fn asked_flaws(&self) -> [Finding; 3] {
        let is_empty = self.experiment.as_ref().is_some_and(|experiment| {
            experiment.from_percent.scaled() >= experiment.until_percent.scaled()
        });
        [
            (
                self.customer_group_id.is_some() && !self.customer_ids.is_empty(),
                "customerIds",
                FlawCode::NotAllowed,
            ),
            // Nobody is there to approve what nobody asked for.
            (
                self.requires_approval && self.is_unasked(),
                "requiresApproval",
                FlawCode::NotAllowed,
            ),
            (is_empty, "allocationPercent", FlawCode::OutOfRange),
        ]
    }

    fn bogo_flaws(&self) -> [Finding; 6] {
        let is_bogo = self.buy_quantity.is_some();
        let gets_none = is_bogo && self.get_quantity.is_none_or(|quantity| quantity == 0);
        let gets = self.get_quantity.is_some()
            || self.get_discount_percent.is_some()
            || !self.buy_item_ids.is_empty()
            || !self.get_item_ids.is_empty();
        let has_targets = !self.target_item_ids.is_empty() || !self.target_category_ids.is_empty();
        [
            (
                is_bogo && self.scope != Scope::Quantity,
                "buyQuantity",
                FlawCode::NotAllowed,
            ),
            (
                self.buy_quantity == Some(0),
                "buyQuantity",
                FlawCode::OutOfRange,
            ),
            (!is_bogo && gets, "buyQuantity", FlawCode::Missing),
            (gets_none, "getQuantity", FlawCode::Missing),
            // The list of what is bought would hide the targets.
            (
                has_targets && !self.buy_item_ids.is_empty(),
                "buyItemIds",
                FlawCode::NotAllowed,
            ),
            (
                self.max_sets.is_some() && !self.is_bundle() && self.kind != Type::Comp,
                "maxSets",
                FlawCode::NotAllowed,
            ),
        ]
    }

    fn combo_flaws(&self) -> [Finding; 7] {
        let is_combo = self.scope == Scope::Combo;
        let odd = |item: &ComboItem| {
            item.quantity == 0 || item.product_id.is_some() == item.category_id.is_some()
        };
        let prices = [
            self.combo_price.is_some(),
            self.combo_percent.is_some(),
            self.combo_amount_off.is_some(),
        ];
        let prices = prices.into_iter().filter(|is_set| *is_set).count();
        [
            (self.max_sets == Some(0), "maxSets", FlawCode::OutOfRange),
            (
                is_combo && self.combo_items.is_empty(),
                "comboItems",
                FlawCode::Missing,
            ),
            (
                !is_combo && !self.combo_items.is_empty(),
                "comboItems",
                FlawCode::NotAllowed,
            ),
            (
                self.combo_items.iter().any(odd),
                "comboItems",
                FlawCode::OutOfRange,
            ),
            (is_combo && prices == 0, "comboPrice", FlawCode::Missing),
            (
                prices > 1 || (!is_combo && prices > 0),
                "comboPrice",
                FlawCode::NotAllowed,
            ),
            (
                self.combo_amount_off.is_some_and(|money| money.amount == 0),
                "comboAmountOff",
                FlawCode::OutOfRange,
            ),
        ]
    }

    fn open_flaws(&self, open: &Open) -> Vec<Finding> {
        let is_shut = self.kind == Type::Comp || self.is_bundle() || self.is_unasked();
        let negative = |value: Option<i64>| value.is_some_and(|value| value < 0);
        let crossed = open
            .min_value
            .zip(open.max_value)
            .is_some_and(|(least, most)| least > most);
        vec![
            (is_shut, "isOpen", FlawCode::NotAllowed),
            (negative(open.min_value), "minValue", FlawCode::OutOfRange),
            (
                negative(open.max_value) || crossed,
                "maxValue",
                FlawCode::OutOfRange,
            ),
            (
                open.value_step.is_some_and(|step| step <= 0),
                "valueStep",
                FlawCode::OutOfRange,
            ),
        ]
    }

    fn bound_flaws(&self) -> [Finding; 3] {
        let is_negative = self.amounts().any(|money| money.amount < 0);
        [
            (is_negative, "amount", FlawCode::OutOfRange),
            (
                !self.has_one_currency(),
                "amount",
                FlawCode::MixedCurrencies,
            ),
            (
                self.target_count() > TARGETS_MAX,
                "targetItemIds",
                FlawCode::TooMany,
            ),
        ]
    }

    pub(crate) fn amounts(&self) -> impl Iterator<Item = Money> {
        [
            self.amount,
            self.min_purchase_amount,
            self.max_discount_amount,
            self.combo_price,
            self.combo_amount_off,
        ]
        .into_iter()
        .flatten()
    }

    fn has_one_currency(&self) -> bool {
        let mut currencies = self.amounts().map(|money| money.currency);
        let first = currencies.next();
        currencies.all(|currency| Some(currency) == first)
    }

    fn target_count(&self) -> usize {
        self.target_item_ids.len()
            + self.target_category_ids.len()
            + self.target_modifier_ids.len()
            + self.target_modifier_group_ids.len()
            + self.customer_ids.len()
            + self.buy_item_ids.len()
            + self.get_item_ids.len()
            + self.combo_items.len()
    }
}

#[cfg(test)]
mod tests;
