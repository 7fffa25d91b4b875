//! Which units a rule reaches.

use std::cmp::Ordering;

use super::allowance::Allowance;
use super::facts::{Facts, sized};
use super::outcome::dearest;
use super::table::{Class, Goods, Table};
use super::targets::{Targets, is_modifier};
use crate::discount::{Candidate, Discount, Scope, Type};
use crate::money::share_half_up;
use crate::window::Shut;

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
    pub allowance: Allowance,
    pub regulated_units: i64,
    /// The place among the admitted of the rule that keeps this one from units both would reach.
    pub excluder: Option<usize>,
    /// Why units that it speaks of were ordered at the wrong time.
    pub shut: Option<Shut>,
}

impl Pool {
    pub fn units(&self) -> i64 {
        self.reaches.iter().map(|reach| reach.units).sum()
    }

    /// The units that a rule reaches among those that `excluder` gives free.
    pub fn new(
        candidate: &Candidate,
        targets: &Targets,
        facts: &Facts<'_>,
        table: &Table<'_>,
        excluder: impl Fn(&Class) -> Option<usize>,
    ) -> Self {
        let mut pool = Self {
            reaches: Vec::with_capacity(table.classes.len()),
            allowance: Allowance::new(candidate, facts),
            regulated_units: 0,
            excluder: None,
            shut: None,
        };
        let discount = &candidate.discount;
        let mut budget = pool.allowance.clone();
        let spares_regulated =
            matches!(discount.kind, Type::Comp | Type::Points) || discount.is_bundle();
        let mut next = 0;
        for (place, class) in table.classes.iter().enumerate() {
            if !targets.holds(class.goods, &mut next) {
                continue;
            }
            let goods = table.goods_of(class);
            if class.is_comped || goods.line.is_gift_card {
                continue;
            }
            let is_spared = spares_regulated && goods.line.is_regulated;
            let by = if is_spared { None } else { excluder(class) };
            if is_spared || by.is_some() {
                // What it may not have uses up nothing of what staff pointed at: another unit of the line may be free.
                let mut wished = budget.clone();
                let units = wished.take_from(class, facts);
                budget.shut = wished.shut;
                if is_spared {
                    pool.regulated_units += units;
                } else if units > 0 {
                    pool.excluder = pool.excluder.or(by);
                }
                continue;
            }
            let units = budget.take_from(class, facts);
            if units > 0 {
                pool.reaches
                    .push(reach(discount, place, class, goods, units));
            }
        }
        pool.shut = budget.shut;
        pool
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
        .filter(|modifier| is_modifier(discount, modifier));
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
