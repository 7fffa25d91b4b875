//! What makes a draft no rule: found before it is published, so that the engine meets whole rules only.

use serde::{Deserialize, Serialize};

use super::{ComboItem, Discount, Scope, Type};
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
        let found = [
            &self.value_flaws()[..],
            &self.target_flaws(),
            &self.bundle_flaws(),
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

    fn value_flaws(&self) -> [Finding; 4] {
        let lacks = |kind, is_none: bool| self.kind == kind && is_none && !self.is_bundle();
        [
            (self.kind == Type::Points, "type", FlawCode::NotAllowed),
            (
                lacks(Type::Percentage, self.percent.is_none()),
                "percent",
                FlawCode::Missing,
            ),
            (
                lacks(Type::FixedAmount, self.amount.is_none()),
                "amount",
                FlawCode::Missing,
            ),
            (self.scope == Scope::Tier, "scope", FlawCode::NotAllowed),
        ]
    }

    fn target_flaws(&self) -> [Finding; 5] {
        let aimless = |scope, is_empty: bool| self.scope == scope && is_empty;
        let (items, categories) = (&self.target_item_ids, &self.target_category_ids);
        let (modifiers, groups) = (&self.target_modifier_ids, &self.target_modifier_group_ids);
        let nobody = aimless(Scope::CustomerGroup, !self.names_customers());
        [
            (
                aimless(Scope::Item, items.is_empty()),
                "targetItemIds",
                FlawCode::Missing,
            ),
            (
                aimless(Scope::Category, categories.is_empty()),
                "targetCategoryIds",
                FlawCode::Missing,
            ),
            (
                aimless(Scope::Modifier, modifiers.is_empty()),
                "targetModifierIds",
                FlawCode::Missing,
            ),
            (
                aimless(Scope::ModifierGroup, groups.is_empty()),
                "targetModifierGroupIds",
                FlawCode::Missing,
            ),
            (nobody, "customerGroupId", FlawCode::Missing),
        ]
    }

    fn bundle_flaws(&self) -> [Finding; 9] {
        let (is_bogo, is_combo) = (self.buy_quantity.is_some(), self.scope == Scope::Combo);
        let gets_none = is_bogo && self.get_quantity.is_none_or(|quantity| quantity == 0);
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
            (gets_none, "getQuantity", FlawCode::Missing),
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
            (prices > 1, "comboPrice", FlawCode::NotAllowed),
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
mod tests {
    use super::*;
    use crate::money::{Currency, Percent};

    #[test]
    fn a_draft_is_told_what_it_lacks() {
        let whole = Discount::percentage("dis_1", Scope::Order, Percent::HUNDRED);
        assert_eq!(whole.flaws(), []);
        let euro = Money::new(100, Currency::EUR);
        for (draft, field, code) in [
            (
                Discount::new("d", Type::Percentage, Scope::Order),
                "percent",
                FlawCode::Missing,
            ),
            (
                Discount::new("d", Type::FixedAmount, Scope::Order),
                "amount",
                FlawCode::Missing,
            ),
            (
                Discount {
                    scope: Scope::Item,
                    ..whole.clone()
                },
                "targetItemIds",
                FlawCode::Missing,
            ),
            (
                Discount {
                    scope: Scope::CustomerGroup,
                    ..whole.clone()
                },
                "customerGroupId",
                FlawCode::Missing,
            ),
            (
                Discount {
                    scope: Scope::Tier,
                    ..whole.clone()
                },
                "scope",
                FlawCode::NotAllowed,
            ),
            (
                Discount {
                    min_purchase_amount: Some(euro),
                    max_discount_amount: Some(Money::new(1, Currency::SEK)),
                    ..whole
                },
                "amount",
                FlawCode::MixedCurrencies,
            ),
        ] {
            assert_eq!(draft.flaws(), [Flaw { field, code }]);
        }
    }
}
