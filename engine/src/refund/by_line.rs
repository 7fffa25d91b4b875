//! Refunds of units: the dearest that remain of the class go first, whichever line they stood on, so it
//! does not matter how a round was put on lines.

use super::so_far::redeemed_of;
use super::{ItemAsk, LineRefund, NotRefundable, Refunded};
use crate::id::LineId;
use crate::money::Quantity;
use crate::quote::{Evaluation, dearest};

pub(super) fn take(
    sale: &Evaluation,
    so_far: &mut Refunded,
    items: &[ItemAsk],
) -> Result<Vec<LineRefund>, NotRefundable> {
    let mut lines = Vec::with_capacity(items.len());
    for item in items {
        let holders = holders(sale, so_far, &item.line_id);
        if holders.is_empty() {
            return Err(NotRefundable::UnknownLine(item.line_id.clone()));
        }
        let remaining: i64 = holders.iter().map(|holder| holder.units).sum();
        let units = match item.quantity {
            None => remaining,
            Some(quantity) => asked_units(quantity, sale, &holders, &item.line_id)?,
        };
        if units > remaining {
            let line_id = item.line_id.clone();
            return Err(NotRefundable::MoreThanRemains {
                line_id,
                remaining_units: remaining,
            });
        }
        lines.push(LineRefund {
            line_id: item.line_id.clone(),
            units,
            amount: take_units(sale, so_far, holders, units),
        });
    }
    if lines.iter().all(|line| line.units == 0) {
        return Err(NotRefundable::Nothing);
    }
    Ok(lines)
}

/// A class that holds units of the line: its place, the line's place in it, and the units that remain.
struct Holder {
    class: usize,
    line: usize,
    units: i64,
}

fn holders(sale: &Evaluation, so_far: &Refunded, line_id: &LineId) -> Vec<Holder> {
    let mut holders = Vec::new();
    for (place, (class, back)) in sale.classes.iter().zip(&so_far.classes).enumerate() {
        for (line, part) in class
            .lines
            .iter()
            .enumerate()
            .filter(|(_, part)| part.line_id == *line_id)
        {
            holders.push(Holder {
                class: place,
                line,
                units: part.units - back.line_units[line],
            });
        }
    }
    holders
}

fn asked_units(
    quantity: Quantity,
    sale: &Evaluation,
    holders: &[Holder],
    line_id: &LineId,
) -> Result<i64, NotRefundable> {
    let unit_size = holders
        .first()
        .map_or(Quantity::ONE, |holder| sale.classes[holder.class].unit_size);
    if quantity.unit_size() != unit_size.scaled() {
        return Err(NotRefundable::PartOfUnit(line_id.clone()));
    }
    Ok(quantity.units())
}

/// Where a line's units ended up in several classes, those of the dearest class go first.
fn take_units(
    sale: &Evaluation,
    so_far: &mut Refunded,
    mut holders: Vec<Holder>,
    units: i64,
) -> i64 {
    let worth = |holder: &Holder| {
        let (class, back) = (&sale.classes[holder.class], &so_far.classes[holder.class]);
        (
            i128::from(class.amount - back.amount),
            i128::from((class.units - back.units()).max(1)),
        )
    };
    holders.sort_by(|a, b| {
        let ((amount, of), (other, of_other)) = (worth(a), worth(b));
        (other * of)
            .cmp(&(amount * of_other))
            .then(a.class.cmp(&b.class))
    });
    let (mut left, mut amount) = (units, 0);
    for holder in holders {
        let taken = holder.units.min(left);
        if taken > 0 {
            amount += take_from(sale, so_far, &holder, taken);
            left -= taken;
        }
    }
    amount
}

fn take_from(sale: &Evaluation, so_far: &mut Refunded, holder: &Holder, units: i64) -> i64 {
    let class = &sale.classes[holder.class];
    let back = &mut so_far.classes[holder.class];
    let remaining = class.units - back.units();
    let amount = dearest(class.amount - back.amount, units, remaining);
    back.amount += amount;
    back.taxable += dearest(class.taxable - back.taxable, units, remaining);
    // The dearest units are those that the discount took least from.
    let redeemed = redeemed_of(sale, class) - back.redeemed;
    back.redeemed += redeemed - dearest(redeemed, remaining - units, remaining);
    back.line_units[holder.line] += units;
    amount
}
