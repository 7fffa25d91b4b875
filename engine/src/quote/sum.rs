//! From the table to the answer: taxes once per rate, then everything spread to lines.

use super::Refused;
use super::facts::Facts;
use super::outcome::{
    Applied, ClassLine, ClassOutcome, Evaluation, LineOutcome, RateTotal, Share, Totals, dearest,
};
use super::table::{Class, Table};
use super::trace::TraceEntry;
use super::walk::{Admitted, State};
use crate::discount::{TaxBasis, Type};
use crate::money::{Quantity, Rate, half_up, largest_remainder};
use crate::order::TaxMode;

pub(crate) fn sum_up(
    state: &State<'_>,
    facts: &Facts<'_>,
    trace: Vec<TraceEntry>,
) -> Result<Evaluation, Refused> {
    let mode = facts.order.tax_mode;
    let mut classes: Vec<ClassOutcome> = state
        .table
        .classes
        .iter()
        .map(|class| class_outcome(class, state, facts))
        .collect();
    let tax_by_rate = tax_by_rate(&mut classes, mode)?;
    let sum = |value: fn(&ClassOutcome) -> i64| classes.iter().map(value).sum::<i64>();
    let (subtotal, amount) = (sum(|class| class.subtotal), sum(|class| class.amount));
    let tax = tax_by_rate.iter().map(|rate| rate.tax).sum();
    let total = if mode == TaxMode::Exclusive {
        amount + tax
    } else {
        amount
    };
    let totals = Totals {
        subtotal,
        discounts: subtotal - amount,
        tax,
        total,
        tax_by_rate,
    };
    let lines = line_outcomes(&state.table, &classes, state, facts);
    let discounts = state.admitted.iter().map(applied).collect();
    Ok(Evaluation {
        currency: facts.order.currency,
        tax_mode: mode,
        totals,
        lines,
        classes,
        discounts,
        trace,
    })
}

/// The tax on `taxable` at `rate`, half up: inside the amount or on top of it.
pub(crate) fn tax_on(taxable: i64, rate: Rate, mode: TaxMode) -> Option<i64> {
    let hundred = i128::from(100 * Rate::SCALE);
    let rate = i128::from(rate.scaled());
    let whole = if mode == TaxMode::Inclusive {
        hundred + rate
    } else {
        hundred
    };
    half_up(i128::from(taxable) * rate, whole)
}

fn class_outcome(class: &Class, state: &State<'_>, facts: &Facts<'_>) -> ClassOutcome {
    let goods = state.table.goods_of(class);
    let mut shares = Vec::with_capacity(class.steps.len());
    let (mut before, mut taxable) = (class.list, class.left());
    for step in &class.steps {
        let amount = before - step.left;
        before = step.left;
        let candidate = state.admitted[step.by].candidate;
        if candidate.discount.tax_basis == TaxBasis::Undiscounted {
            taxable += amount;
        }
        if amount > 0 {
            shares.push(Share {
                candidate_id: candidate.id.clone(),
                amount,
            });
        }
    }
    let line_of = |segment: &super::table::Segment| ClassLine {
        line_id: facts.lines[segment.line].id.clone(),
        units: segment.units,
    };
    ClassOutcome {
        product_id: goods.line.product_id.clone(),
        category_id: goods.line.category_id.clone(),
        rate: if goods.line.is_gift_card {
            Rate::ZERO
        } else {
            goods.line.rate
        },
        is_gift_card: goods.line.is_gift_card,
        unit_price: goods.price,
        unit_size: Quantity::from_scaled(goods.unit_size).unwrap_or(Quantity::ONE),
        units: class.units,
        subtotal: class.list,
        amount: class.left(),
        taxable,
        tax: 0,
        shares,
        lines: class.segments.iter().map(line_of).collect(),
    }
}

/// Rounds the tax once per rate and spreads it over the classes of that rate by what they are taxed on.
fn tax_by_rate(classes: &mut [ClassOutcome], mode: TaxMode) -> Result<Vec<RateTotal>, Refused> {
    let mut rates: Vec<Rate> = classes.iter().map(|class| class.rate).collect();
    rates.sort_unstable_by(|a, b| b.cmp(a));
    rates.dedup();
    let mut totals = Vec::with_capacity(rates.len());
    for rate in rates {
        let of_rate = |class: &&ClassOutcome| class.rate == rate;
        let weights: Vec<i64> = classes
            .iter()
            .filter(of_rate)
            .map(|class| class.taxable)
            .collect();
        let amount = classes
            .iter()
            .filter(of_rate)
            .map(|class| class.amount)
            .sum();
        let taxable = weights.iter().sum();
        let tax = tax_on(taxable, rate, mode).ok_or(Refused::TooLarge)?;
        let shares = largest_remainder(tax, &weights).ok_or(Refused::TooLarge)?;
        for (class, share) in classes
            .iter_mut()
            .filter(|class| class.rate == rate)
            .zip(shares)
        {
            class.tax = share;
        }
        totals.push(RateTotal {
            rate,
            amount,
            taxable,
            tax,
        });
    }
    Ok(totals)
}

/// A line's part of a class is that of its units in the order in which the class hands them out.
fn line_outcomes(
    table: &Table<'_>,
    classes: &[ClassOutcome],
    state: &State<'_>,
    facts: &Facts<'_>,
) -> Vec<LineOutcome> {
    let width = state.admitted.len();
    let mut sums: Vec<LineSum> = vec![LineSum::default(); facts.lines.len()];
    let mut taken = vec![0; facts.lines.len() * width];
    for (class, outcome) in table.classes.iter().zip(classes) {
        let mut handed = 0;
        for segment in &class.segments {
            let until = handed + segment.units;
            let part = |amount: i64| match segment.units == class.units {
                true => amount,
                false => dearest(amount, until, class.units) - dearest(amount, handed, class.units),
            };
            let sum = &mut sums[segment.line];
            let mut before = part(class.list);
            sum.subtotal += before;
            for step in &class.steps {
                let left = part(step.left);
                taken[segment.line * width + step.by] += before - left;
                before = left;
            }
            sum.amount += before;
            sum.tax += part(outcome.tax);
            handed = until;
        }
    }
    let mut by_id: Vec<usize> = vec![0; facts.lines.len()];
    for (place, &rank) in facts.ranks.iter().enumerate() {
        by_id[rank] = place;
    }
    let outcome = |place: usize| {
        let sum = sums[place];
        let on_top = if facts.order.tax_mode == TaxMode::Exclusive {
            sum.tax
        } else {
            0
        };
        LineOutcome {
            line_id: facts.lines[place].id.clone(),
            subtotal: sum.subtotal,
            discounts: sum.subtotal - sum.amount,
            tax: sum.tax,
            total: sum.amount + on_top,
            shares: shares_of(&taken[place * width..(place + 1) * width], state),
        }
    };
    by_id.into_iter().map(outcome).collect()
}

#[derive(Clone, Copy, Default)]
struct LineSum {
    subtotal: i64,
    amount: i64,
    tax: i64,
}

/// The shares of one line, by the places of the admitted.
fn shares_of(taken: &[i64], state: &State<'_>) -> Vec<Share> {
    let mut shares = Vec::with_capacity(taken.iter().filter(|amount| **amount > 0).count());
    for (&amount, admitted) in taken.iter().zip(&state.admitted) {
        if amount > 0 {
            shares.push(Share {
                candidate_id: admitted.candidate.id.clone(),
                amount,
            });
        }
    }
    shares
}

fn applied(admitted: &Admitted<'_>) -> Applied {
    let candidate = admitted.candidate;
    Applied {
        candidate_id: candidate.id.clone(),
        discount_id: candidate.discount.id.clone(),
        version: candidate.discount.version,
        origin: candidate.origin,
        scope: candidate.discount.scope,
        is_comp: candidate.discount.kind == Type::Comp,
        code: candidate.coupon.as_ref().map(|coupon| coupon.code.clone()),
        base: admitted.base,
        amount: admitted.amount,
        units: admitted.units,
        points: admitted.points,
    }
}
