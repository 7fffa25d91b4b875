use super::*;
use crate::discount::{Experiment, FixedPer};
use crate::money::{Currency, Percent};

const EURO: Money = Money::new(100, Currency::EUR);

fn whole() -> Discount {
    Discount::percentage("dis_1", Scope::Order, Percent::HUNDRED)
}

fn bogo() -> Discount {
    Discount {
        buy_quantity: Some(2),
        get_quantity: Some(1),
        ..Discount::new("dis_2", Type::Percentage, Scope::Quantity)
    }
}

fn combo() -> Discount {
    Discount {
        combo_items: vec![ComboItem {
            product_id: Some("prd_1".into()),
            category_id: None,
            quantity: 1,
        }],
        combo_price: Some(EURO),
        ..Discount::new("dis_3", Type::FixedAmount, Scope::Combo)
    }
}

fn fixed() -> Discount {
    Discount::fixed("dis_4", Scope::Order, EURO)
}

fn comp() -> Discount {
    Discount::new("dis_5", Type::Comp, Scope::Order)
}

#[test]
fn whole_rules_have_no_flaw() {
    for rule in [whole(), bogo(), combo(), fixed(), comp()] {
        assert_eq!(rule.flaws(), [], "{rule:?}");
    }
}

#[test]
#[rustfmt::skip]
fn a_draft_is_told_what_it_lacks_and_what_contradicts() {
    use FlawCode::*;
    let odd = ComboItem { product_id: None, category_id: None, quantity: 1 };
    for (draft, field, code) in [
        (Discount { percent: None, ..whole() }, "percent", Missing),
        (Discount { amount: Some(EURO), ..whole() }, "amount", NotAllowed),
        (Discount { fixed_per: Some(FixedPer::Unit), ..whole() }, "fixedPer", NotAllowed),
        (Discount { amount: None, ..fixed() }, "amount", Missing),
        (Discount { percent: Some(Percent::HUNDRED), ..fixed() }, "percent", NotAllowed),
        (Discount { amount: Some(Money::new(0, Currency::EUR)), ..fixed() }, "amount", OutOfRange),
        (Discount { percent: Some(Percent::HUNDRED), ..comp() }, "percent", NotAllowed),
        (Discount { amount: Some(EURO), ..comp() }, "amount", NotAllowed),
        (Discount { kind: Type::Points, percent: None, ..whole() }, "type", NotAllowed),
        (Discount { scope: Scope::Tier, ..whole() }, "scope", NotAllowed),
        (Discount { min_quantity: Some(0), ..whole() }, "minQuantity", OutOfRange),
        (Discount { scope: Scope::Item, ..whole() }, "targetItemIds", Missing),
        (Discount { scope: Scope::Category, ..whole() }, "targetCategoryIds", Missing),
        (Discount { scope: Scope::Modifier, ..whole() }, "targetModifierIds", Missing),
        (Discount { scope: Scope::ModifierGroup, ..whole() }, "targetModifierGroupIds", Missing),
        (Discount { scope: Scope::Category, target_category_ids: categories(), target_item_ids: vec!["p".into()], ..whole() },
            "targetItemIds", NotAllowed),
        (Discount { scope: Scope::Item, target_item_ids: vec!["p".into()], target_category_ids: categories(), ..whole() },
            "targetCategoryIds", NotAllowed),
        (Discount { target_modifier_ids: vec!["m".into()], ..whole() }, "targetModifierIds", NotAllowed),
        (Discount { target_modifier_group_ids: vec!["g".into()], ..whole() }, "targetModifierGroupIds", NotAllowed),
        (Discount { target_item_ids: vec!["p".into()], ..combo() }, "targetItemIds", NotAllowed),
        (Discount { scope: Scope::CustomerGroup, ..whole() }, "customerGroupId", Missing),
        (Discount { customer_group_id: Some("g".into()), customer_ids: vec!["c".into()], ..whole() }, "customerIds", NotAllowed),
        (Discount { requires_approval: true, is_automatic: true, ..whole() }, "requiresApproval", NotAllowed),
        (Discount { requires_approval: true, customer_ids: vec!["c".into()], ..whole() }, "requiresApproval", NotAllowed),
        (Discount { buy_quantity: Some(0), ..bogo() }, "buyQuantity", OutOfRange),
        (Discount { buy_quantity: None, percent: Some(Percent::HUNDRED), ..bogo() }, "buyQuantity", Missing),
        (Discount { scope: Scope::Order, ..bogo() }, "buyQuantity", NotAllowed),
        (Discount { get_quantity: None, ..bogo() }, "getQuantity", Missing),
        (Discount { percent: Some(Percent::HUNDRED), ..bogo() }, "percent", NotAllowed),
        (Discount { kind: Type::FixedAmount, ..bogo() }, "type", NotAllowed),
        (Discount { kind: Type::Comp, ..bogo() }, "type", NotAllowed),
        (Discount { buy_item_ids: vec!["p".into()], target_item_ids: vec!["q".into()], ..bogo() }, "buyItemIds", NotAllowed),
        (Discount { max_sets: Some(0), ..bogo() }, "maxSets", OutOfRange),
        (Discount { max_sets: Some(1), ..whole() }, "maxSets", NotAllowed),
        (Discount { combo_items: vec![odd], ..combo() }, "comboItems", OutOfRange),
        (Discount { combo_price: None, ..combo() }, "comboPrice", Missing),
        (Discount { combo_percent: Some(Percent::HUNDRED), ..combo() }, "comboPrice", NotAllowed),
        (Discount { combo_amount_off: Some(EURO), ..whole() }, "comboPrice", NotAllowed),
        (Discount { min_purchase_amount: Some(EURO), max_discount_amount: Some(Money::new(1, Currency::SEK)), ..whole() },
            "amount", MixedCurrencies),
        (Discount { customer_ids: vec!["c".into(); TARGETS_MAX + 1], ..whole() }, "targetItemIds", TooMany),
        (Discount { experiment: Some(Box::new(Experiment { experiment_id: "e".into(), variant: "a".into(),
            from_percent: Percent::HUNDRED, until_percent: Percent::HUNDRED })), ..whole() }, "allocationPercent", OutOfRange),
    ] {
        assert_eq!(draft.flaws(), [Flaw { field, code }], "{draft:?}");
    }
}

fn categories() -> Vec<crate::id::CategoryId> {
    vec!["c".into()]
}

#[test]
#[rustfmt::skip]
fn an_open_rule_has_no_value_and_sound_bounds() {
    use FlawCode::*;
    let open = |min_value, max_value, value_step| Open { min_value, max_value, value_step };
    let free = open(None, None, None);
    let percent = || Discount { percent: None, ..whole() };
    assert_eq!(percent().flaws_as_open(&open(Some(500), Some(2_000), Some(250))), []);
    assert_eq!(Discount { amount: None, ..fixed() }.flaws_as_open(&free), []);
    for (draft, open, field, code) in [
        (whole(), free, "percent", NotAllowed),
        (fixed(), free, "amount", NotAllowed),
        (comp(), free, "isOpen", NotAllowed),
        (bogo(), free, "isOpen", NotAllowed),
        (Discount { is_automatic: true, ..percent() }, free, "isOpen", NotAllowed),
        (Discount { customer_ids: vec!["c".into()], ..percent() }, free, "isOpen", NotAllowed),
        (percent(), open(Some(-1), None, None), "minValue", OutOfRange),
        (percent(), open(None, Some(-1), None), "maxValue", OutOfRange),
        (percent(), open(Some(2), Some(1), None), "maxValue", OutOfRange),
        (percent(), open(None, None, Some(0)), "valueStep", OutOfRange),
    ] {
        assert_eq!(draft.flaws_as_open(&open), [Flaw { field, code }], "{draft:?}");
    }
}
