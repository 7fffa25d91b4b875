//! Refunds of an amount: spread over what remains, over tax rates first and then over classes.

use super::so_far::redeemed_of;
use super::{NotRefundable, Refunded};
use crate::money::{share_half_up, spread_within};
use crate::order::TaxMode;
use crate::quote::{ClassOutcome, Evaluation, tax_on};

pub(super) fn take(
    sale: &Evaluation,
    so_far: &mut Refunded,
    amount: i64,
) -> Result<(), NotRefundable> {
    let remaining = sale.totals.total - so_far.total(sale);
    if amount <= 0 {
        return Err(NotRefundable::Nothing);
    }
    if amount > remaining {
        return Err(NotRefundable::AmountTooLarge { remaining });
    }
    if amount == remaining {
        take_all(sale, so_far);
        return Ok(());
    }
    let left: Vec<i64> = (0..so_far.taxes.len())
        .map(|rate| of_rate(sale, so_far, rate).sum())
        .collect();
    let shares = spread_within(amount, &left, &left).ok_or(NotRefundable::Nothing)?;
    for (rate, share) in shares.into_iter().enumerate() {
        take_of_rate(sale, so_far, rate, share).ok_or(NotRefundable::Nothing)?;
    }
    Ok(())
}

/// What remains at one rate: items, and the tax where it comes on top.
struct Left {
    items: i64,
    tax: i64,
}

impl Left {
    fn sum(&self) -> i64 {
        self.items + self.tax
    }
}

fn of_rate(sale: &Evaluation, so_far: &Refunded, rate: usize) -> Left {
    let total = &sale.totals.tax_by_rate[rate];
    let classes = sale
        .classes
        .iter()
        .zip(&so_far.classes)
        .filter(|(class, _)| class.rate == total.rate);
    let items = classes
        .map(|(class, back)| class.amount - back.amount)
        .sum();
    let on_top = sale.tax_mode == TaxMode::Exclusive;
    Left {
        items,
        tax: if on_top {
            total.tax - so_far.taxes[rate]
        } else {
            0
        },
    }
}

fn take_of_rate(sale: &Evaluation, so_far: &mut Refunded, rate: usize, share: i64) -> Option<()> {
    if share == 0 {
        return Some(());
    }
    let left = of_rate(sale, so_far, rate);
    let total = &sale.totals.tax_by_rate[rate];
    // Items and tax in their proportion, neither more than remains.
    let items = share_half_up(share, left.items, left.sum())?.clamp(share - left.tax, left.items);
    let places: Vec<usize> = (0..sale.classes.len())
        .filter(|&place| sale.classes[place].rate == total.rate)
        .collect();
    let rooms: Vec<i64> = places
        .iter()
        .map(|&place| sale.classes[place].amount - so_far.classes[place].amount)
        .collect();
    for (&place, amount) in places.iter().zip(spread_within(items, &rooms, &rooms)?) {
        take_of_class(sale, so_far, place, amount)?;
    }
    so_far.taxes[rate] = match sale.tax_mode {
        TaxMode::Exclusive => so_far.taxes[rate] + share - items,
        TaxMode::Inclusive => {
            let due = tax_on(
                so_far.remaining_taxable(sale, total.rate),
                total.rate,
                sale.tax_mode,
            )?;
            so_far.taxes[rate].max(total.tax - due)
        }
    };
    Some(())
}

fn take_of_class(
    sale: &Evaluation,
    so_far: &mut Refunded,
    place: usize,
    amount: i64,
) -> Option<()> {
    if amount == 0 {
        return Some(());
    }
    let (class, back) = (&sale.classes[place], &mut so_far.classes[place]);
    let room = class.amount - back.amount;
    let taxable = class.taxable - back.taxable;
    back.taxable += taxable - share_half_up(taxable, room - amount, room)?;
    let redeemed = redeemed_of(sale, class) - back.redeemed;
    back.redeemed += redeemed - share_half_up(redeemed, room - amount, room)?;
    back.amount += amount;
    Some(())
}

/// With the last of the money everything is undone, also what cost nothing in the end.
pub(super) fn take_all(sale: &Evaluation, so_far: &mut Refunded) {
    let all = |class: &ClassOutcome| super::ClassRefunded {
        line_units: class.lines.iter().map(|line| line.units).collect(),
        amount: class.amount,
        taxable: class.taxable,
        redeemed: redeemed_of(sale, class),
    };
    so_far.classes = sale.classes.iter().map(all).collect();
    so_far.taxes = sale
        .totals
        .tax_by_rate
        .iter()
        .map(|total| total.tax)
        .collect();
}
