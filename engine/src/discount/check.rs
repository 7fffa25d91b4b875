//! What makes a draft no rule: found before it is published, so that the engine meets whole rules only.

use serde::{Deserialize, Serialize};

use super::{Discount, Scope, Type};
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

/// Targets of one list: enough for a catalogue, small enough for a till.
const TARGETS_MAX: usize = 1_000;

impl Discount {
    /// Everything that is wrong, in the order of the fields.
    pub fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        let mut flag = |wrong: bool, field, code| {
            if wrong {
                flaws.push(Flaw { field, code });
            }
        };
        let (is_bundle, is_bogo) = (self.is_bundle(), self.buy_quantity.is_some());
        flag(self.kind == Type::Points, "type", FlawCode::NotAllowed);
        flag(
            self.kind == Type::Percentage && self.percent.is_none() && !is_bundle,
            "percent",
            FlawCode::Missing,
        );
        flag(
            self.kind == Type::FixedAmount && self.amount.is_none() && !is_bundle,
            "amount",
            FlawCode::Missing,
        );
        flag(self.scope == Scope::Tier, "scope", FlawCode::NotAllowed);
        flag(
            self.scope == Scope::Item && self.target_item_ids.is_empty(),
            "targetItemIds",
            FlawCode::Missing,
        );
        flag(
            self.scope == Scope::Category && self.target_category_ids.is_empty(),
            "targetCategoryIds",
            FlawCode::Missing,
        );
        flag(
            self.scope == Scope::Modifier && self.target_modifier_ids.is_empty(),
            "targetModifierIds",
            FlawCode::Missing,
        );
        let groupless =
            self.scope == Scope::ModifierGroup && self.target_modifier_group_ids.is_empty();
        flag(groupless, "targetModifierGroupIds", FlawCode::Missing);
        flag(
            self.scope == Scope::CustomerGroup && !self.names_customers(),
            "customerGroupId",
            FlawCode::Missing,
        );
        flag(
            is_bogo && self.scope != Scope::Quantity,
            "buyQuantity",
            FlawCode::NotAllowed,
        );
        flag(
            self.buy_quantity == Some(0),
            "buyQuantity",
            FlawCode::OutOfRange,
        );
        flag(
            is_bogo && self.get_quantity.is_none_or(|quantity| quantity == 0),
            "getQuantity",
            FlawCode::Missing,
        );
        flag(self.max_sets == Some(0), "maxSets", FlawCode::OutOfRange);
        flag(
            self.scope == Scope::Combo && self.combo_items.is_empty(),
            "comboItems",
            FlawCode::Missing,
        );
        flag(
            self.scope != Scope::Combo && !self.combo_items.is_empty(),
            "comboItems",
            FlawCode::NotAllowed,
        );
        let odd = |item: &super::ComboItem| {
            item.quantity == 0 || item.product_id.is_some() == item.category_id.is_some()
        };
        flag(
            self.combo_items.iter().any(odd),
            "comboItems",
            FlawCode::OutOfRange,
        );
        let prices = usize::from(self.combo_price.is_some())
            + usize::from(self.combo_percent.is_some())
            + usize::from(self.combo_amount_off.is_some());
        flag(
            self.scope == Scope::Combo && prices == 0,
            "comboPrice",
            FlawCode::Missing,
        );
        flag(prices > 1, "comboPrice", FlawCode::NotAllowed);
        flag(
            self.amounts().any(|money| money.amount < 0),
            "amount",
            FlawCode::OutOfRange,
        );
        flag(
            !self.has_one_currency(),
            "amount",
            FlawCode::MixedCurrencies,
        );
        flag(
            self.target_count() > TARGETS_MAX,
            "targetItemIds",
            FlawCode::TooMany,
        );
        flaws
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
