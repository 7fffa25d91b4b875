//! Which units a rule reaches.

use std::cmp::Ordering;

use super::facts::{Facts, sized};
use super::outcome::dearest;
use super::table::{Class, Goods, Table};
use super::trace::TraceCode;
use crate::discount::{Candidate, Discount, Scope, Type};
use crate::money::share_half_up;
use crate::order::Modifier;

/// Units of one class that a rule may take from.
#[derive(Clone, Copy)]
pub(crate) struct Reach {
    pub class: usize,
    pub units: i64,
    /// What is left of them, or of the modifiers where those are the target.
    pub left: i64,
    pub list: i64,
}

pub(crate) struct Pool {
    pub reaches: Vec<Reach>,
    /// Units per line that may be taken; None is without limit.
    pub allowed: Option<Vec<i64>>,
    pub regulated_units: i64,
    /// The place among the admitted of the rule that keeps this one from units both would reach.
    pub excluder: Option<usize>,
}

impl Pool {
    pub fn units(&self) -> i64 {
        self.reaches.iter().map(|reach| reach.units).sum()
    }

    /// The units that a rule reaches among those that `excluder` gives free.
    pub fn new(
        candidate: &Candidate,
        facts: &Facts<'_>,
        table: &Table<'_>,
        excluder: impl Fn(&Class) -> Option<usize>,
    ) -> Result<Self, TraceCode> {
        let allowed = allowance(candidate, facts)?;
        let mut budget = allowed.clone();
        let mut pool = Self {
            reaches: Vec::with_capacity(table.classes.len()),
            allowed,
            regulated_units: 0,
            excluder: None,
        };
        let discount = &candidate.discount;
        let spares_regulated =
            matches!(discount.kind, Type::Comp | Type::Points) || discount.is_bundle();
        for (place, class) in table.classes.iter().enumerate() {
            let goods = table.goods_of(class);
            if class.is_comped || goods.line.is_gift_card || !is_target(discount, goods) {
                continue;
            }
            let units = admitted_units(class, &mut budget);
            if units == 0 {
                continue;
            }
            if spares_regulated && goods.line.is_regulated {
                pool.regulated_units += units;
            } else if let Some(by) = excluder(class) {
                pool.excluder.get_or_insert(by);
            } else {
                pool.reaches
                    .push(reach(discount, place, class, goods, units));
            }
        }
        Ok(pool)
    }
}

fn reach(discount: &Discount, place: usize, class: &Class, goods: &Goods<'_>, units: i64) -> Reach {
    let left = dearest(class.left(), units, class.units);
    let list = dearest(class.list, units, class.units);
    if !matches!(discount.scope, Scope::Modifier | Scope::ModifierGroup) {
        return Reach {
            class: place,
            units,
            left,
            list,
        };
    }
    // Of a discounted unit, its modifiers are still worth their part of the list price.
    let targeted = goods
        .line
        .modifiers
        .iter()
        .filter(|modifier| is_target_modifier(discount, modifier));
    let priced: i64 = targeted.map(|modifier| modifier.price.max(0)).sum();
    let part = sized(priced, goods.unit_size).unwrap_or(0).min(goods.price) * units;
    let part_left = if list == 0 {
        0
    } else {
        share_half_up(left, part, list).unwrap_or(0).min(left)
    };
    Reach {
        class: place,
        units,
        left: part_left,
        list: part,
    }
}

fn admitted_units(class: &Class, budget: &mut Option<Vec<i64>>) -> i64 {
    let Some(budget) = budget else {
        return class.units;
    };
    let mut units = 0;
    for segment in &class.segments {
        let taken = segment.units.min(budget[segment.line]);
        budget[segment.line] -= taken;
        units += taken;
    }
    units
}

/// Lines that the rule may touch: those that staff pointed at, ordered while it was open.
fn allowance(candidate: &Candidate, facts: &Facts<'_>) -> Result<Option<Vec<i64>>, TraceCode> {
    let window = candidate.window();
    let by_line = !candidate.discount.scope.is_order_level() && window.binds();
    if !by_line && candidate.lines.is_empty() {
        return Ok(None);
    }
    let mut allowed: Vec<i64> = facts
        .lines
        .iter()
        .map(|line| line.quantity.units())
        .collect();
    if !candidate.lines.is_empty() {
        allowed = pointed_at(candidate, facts, &allowed);
    }
    if !by_line {
        return Ok(Some(allowed));
    }
    let (mut shut, mut is_open_at_all) = (None, false);
    let mut last = None;
    for (line, units) in allowed.iter_mut().enumerate() {
        // Lines stand by the time they were ordered: a round is tested once.
        let moment = facts.ordered(line);
        let test = match last {
            Some((instant, test)) if instant == moment.instant() => test,
            _ => window.test(moment),
        };
        last = Some((moment.instant(), test));
        match test {
            Ok(()) => is_open_at_all |= *units > 0,
            Err(why) => {
                shut.get_or_insert(why);
                *units = 0;
            }
        }
    }
    match shut {
        Some(shut) if !is_open_at_all => Err(super::fit::shut_code(candidate, shut)),
        _ => Ok(Some(allowed)),
    }
}

fn pointed_at(candidate: &Candidate, facts: &Facts<'_>, all: &[i64]) -> Vec<i64> {
    let mut allowed = vec![0; all.len()];
    for share in &candidate.lines {
        let Some(place) = facts.place_of(&share.line_id) else {
            continue;
        };
        let units = share
            .quantity
            .map_or(all[place], crate::money::Quantity::units);
        allowed[place] = (allowed[place] + units).min(all[place]);
    }
    allowed
}

pub(crate) fn is_target(discount: &Discount, goods: &Goods<'_>) -> bool {
    let line = goods.line;
    let is_product = || {
        line.product_id
            .as_ref()
            .is_some_and(|id| discount.target_item_ids.contains(id))
    };
    let is_category = || {
        line.category_id
            .as_ref()
            .is_some_and(|id| discount.target_category_ids.contains(id))
    };
    match discount.scope {
        Scope::Item => is_product() || discount.target_item_ids.is_empty(),
        Scope::Category => is_category() || discount.target_category_ids.is_empty(),
        Scope::Modifier | Scope::ModifierGroup => line
            .modifiers
            .iter()
            .any(|modifier| is_target_modifier(discount, modifier)),
        // A bundle's own lists say what belongs to it.
        Scope::Combo => true,
        Scope::Order | Scope::CustomerGroup | Scope::Tier | Scope::Quantity => {
            let is_free =
                discount.target_item_ids.is_empty() && discount.target_category_ids.is_empty();
            is_free || discount.buy_quantity.is_some() || is_product() || is_category()
        }
    }
}

fn is_target_modifier(discount: &Discount, modifier: &Modifier) -> bool {
    match discount.scope {
        Scope::Modifier => discount.target_modifier_ids.contains(&modifier.id),
        _ => modifier
            .group_id
            .as_ref()
            .is_some_and(|id| discount.target_modifier_group_ids.contains(id)),
    }
}

impl Reach {
    /// Which of two is dearer by the unit, as things stand.
    pub fn per_unit(&self, other: &Self) -> Ordering {
        compare_shares((self.left, self.units), (other.left, other.units))
    }

    pub fn list_per_unit(&self, other: &Self) -> Ordering {
        compare_shares((self.list, self.units), (other.list, other.units))
    }
}

/// Compares amounts per unit without dividing, since a class need not divide evenly.
fn compare_shares(a: (i64, i64), b: (i64, i64)) -> Ordering {
    (i128::from(a.0) * i128::from(b.1)).cmp(&(i128::from(b.0) * i128::from(a.1)))
}
