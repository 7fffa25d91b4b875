//! Refunds of a priced order, by line and quantity or by amount. Rules are never asked again: money,
//! tax and points follow what was stored for each class of units, cumulatively, so that refunds in any
//! number end at exactly what was paid (L12, L29).
//!
//! What is absent on purpose: which payment the money goes back to, and the tip. Those are the till's.

mod by_amount;
mod by_line;
mod so_far;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use so_far::{ClassRefunded, Refunded};

use crate::discount::Origin;
use crate::id::LineId;
use crate::money::{Quantity, Rate};
use crate::order::TaxMode;
use crate::points::{EarnBasis, Earned, proportion};
use crate::quote::{Evaluation, tax_on};

/// What is to go back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Ask {
    Items(Vec<ItemAsk>),
    /// Minor units, tax included, spread over what remains.
    Amount(i64),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemAsk {
    pub line_id: LineId,
    /// None means whatever remains of the line.
    pub quantity: Option<Quantity>,
}

/// Why a refund cannot be made, with the figure to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotRefundable {
    UnknownLine(LineId),
    MoreThanRemains {
        line_id: LineId,
        remaining_units: i64,
    },
    /// A line of "1.5" is one unit and goes back whole.
    PartOfUnit(LineId),
    AmountTooLarge {
        remaining: i64,
    },
    Nothing,
    /// The record of earlier refunds belongs to another sale.
    OtherSale,
}

impl fmt::Display for NotRefundable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownLine(id) => write!(out, "the order has no line {id}"),
            Self::MoreThanRemains {
                line_id,
                remaining_units,
            } => {
                write!(
                    out,
                    "only {remaining_units} of line {line_id} can still go back"
                )
            }
            Self::PartOfUnit(id) => write!(out, "line {id} goes back whole or not at all"),
            Self::AmountTooLarge { remaining } => write!(out, "only {remaining} can still go back"),
            Self::Nothing => out.write_str("there is nothing to refund"),
            Self::OtherSale => out.write_str("the earlier refunds are of another sale"),
        }
    }
}

impl std::error::Error for NotRefundable {}

/// One refund, and all refunds so far with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refund {
    /// What the guest gets back, tax included, before cash rounding.
    pub amount: i64,
    pub tax: i64,
    /// Highest rate first.
    pub tax_by_rate: Vec<RateRefund>,
    /// Empty for a refund by amount.
    pub lines: Vec<LineRefund>,
    /// Redeemed points that come back.
    pub points_restored: i64,
    pub so_far: Refunded,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RateRefund {
    pub rate: Rate,
    pub tax: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LineRefund {
    pub line_id: LineId,
    pub units: i64,
    /// Without the tax where prices are without it.
    pub amount: i64,
}

/// Reckons a refund of `sale` after those in `so_far`.
pub fn refund(sale: &Evaluation, so_far: &Refunded, ask: &Ask) -> Result<Refund, NotRefundable> {
    so_far.check(sale)?;
    let mut after = so_far.clone();
    let lines = match ask {
        Ask::Items(items) => {
            let lines = by_line::take(sale, &mut after, items)?;
            settle_tax(sale, &mut after);
            if sale.totals.total > 0 && after.total(sale) == sale.totals.total {
                by_amount::take_all(sale, &mut after);
            }
            lines
        }
        Ask::Amount(amount) => {
            by_amount::take(sale, &mut after, *amount)?;
            Vec::new()
        }
    };
    let tax_by_rate: Vec<RateRefund> = sale
        .totals
        .tax_by_rate
        .iter()
        .enumerate()
        .map(|(place, total)| RateRefund {
            rate: total.rate,
            tax: after.taxes[place] - so_far.taxes[place],
        })
        .collect();
    let tax = tax_by_rate.iter().map(|rate| rate.tax).sum();
    let items = after.amount() - so_far.amount();
    let amount = if sale.tax_mode == TaxMode::Exclusive {
        items + tax
    } else {
        items
    };
    let points_restored = restored(sale, &after) - restored(sale, so_far);
    Ok(Refund {
        amount,
        tax,
        tax_by_rate,
        lines,
        points_restored,
        so_far: after,
    })
}

/// Earned points that the refund from `before` to `after` takes back.
pub fn points_reversed(
    sale: &Evaluation,
    before: &Refunded,
    after: &Refunded,
    earned: &Earned,
    basis: EarnBasis,
) -> i64 {
    let reversed = |so_far: &Refunded| {
        proportion(
            earned.spend_points,
            so_far.earning_base(sale, earned.base, basis),
            earned.base,
        )
    };
    reversed(after) - reversed(before)
}

/// Tax given back per rate: what it was, less the tax on what remains.
fn settle_tax(sale: &Evaluation, so_far: &mut Refunded) {
    for (place, total) in sale.totals.tax_by_rate.iter().enumerate() {
        let remaining = so_far.remaining_taxable(sale, total.rate);
        let due = tax_on(remaining, total.rate, sale.tax_mode).unwrap_or(total.tax);
        // A refund by amount may already have given a minor unit more than its share.
        so_far.taxes[place] = so_far.taxes[place].max(total.tax - due);
    }
}

/// Redeemed points that have come back, in proportion to the discount that they were.
fn restored(sale: &Evaluation, so_far: &Refunded) -> i64 {
    let redeemed = || {
        sale.discounts
            .iter()
            .filter(|one| one.origin == Origin::Points)
    };
    let points = redeemed().filter_map(|one| one.points).sum();
    let discount = redeemed().map(|one| one.amount).sum();
    if discount == 0 {
        0
    } else {
        proportion(points, so_far.redeemed(), discount)
    }
}

#[cfg(test)]
mod tests;
