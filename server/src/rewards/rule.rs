//! The rule that the vouchers of a reward go by.

use engine::discount::{Discount as Rule, FixedPer, Scope, Type};

use super::{EditReward, RewardKind};
use crate::discounts::{self, OpenValue};
use crate::hall::error::{Error, Result};
use crate::hall::id::DiscountId;
use crate::hall::store::Tx;

/// The discount that a checked reward names, or a hidden one that is made for it.
pub fn publish(tx: &mut Tx, ask: &EditReward) -> Result<DiscountId> {
    match ask.discount_id {
        Some(named) => Ok(named),
        None => discounts::create_hidden(tx, &rule_of(ask)?, &ask.venue_ids),
    }
}

/// As [`publish`], after a change. Another value is another rule, so that vouchers that are out keep theirs; another
/// name or venue is theirs too.
pub fn follow(
    tx: &mut Tx,
    stood: DiscountId,
    was: &EditReward,
    ask: &EditReward,
) -> Result<DiscountId> {
    let gives = |one: &EditReward| {
        let value = one.value.clone();
        (one.kind, value, one.product_id, one.discount_id)
    };
    if gives(was) != gives(ask) {
        return publish(tx, ask);
    }
    let is_shown_alike = was.name == ask.name && was.venue_ids == ask.venue_ids;
    if ask.discount_id.is_none() && !is_shown_alike {
        discounts::change_hidden(tx, stood, &rule_of(ask)?, &ask.venue_ids)?;
    }
    Ok(stood)
}

/// A free item is a comp in the engine alone: no till asks for its reason or for somebody of rank.
fn rule_of(ask: &EditReward) -> Result<Rule> {
    let scope = if ask.product_id.is_some() {
        Scope::Item
    } else {
        Scope::Order
    };
    let (kind, value) = match (ask.kind, &ask.value) {
        (RewardKind::FreeItem, _) => (Type::Comp, None),
        (_, Some(value @ OpenValue::Percent(_))) => (Type::Percentage, Some(value)),
        (_, value) => (Type::FixedAmount, value.as_ref()),
    };
    let mut rule = Rule {
        name: ask.name.clone(),
        target_item_ids: ask
            .product_id
            .iter()
            .map(|id| id.to_string().into())
            .collect(),
        max_sets: (kind == Type::Comp).then_some(1),
        ..Rule::new("new", kind, scope)
    };
    match value {
        Some(OpenValue::Percent(percent)) => rule.percent = Some(*percent),
        Some(OpenValue::Amount(money)) => {
            rule.amount = Some(money.known()?);
            rule.fixed_per = Some(FixedPer::Order);
        }
        None if kind == Type::Comp => {}
        None => return Err(Error::bug("a reward without a value")),
    }
    Ok(rule)
}
