//! What an evaluation answers. It is stored with the paid order and never recomputed differently (L30).

use serde::{Deserialize, Serialize};

use super::trace::TraceEntry;
use crate::discount::{Origin, Scope};
use crate::id::{CandidateId, CategoryId, DiscountId, LineId, ProductId};
use crate::money::{Currency, Quantity, Rate};
use crate::order::TaxMode;

/// An order priced: every amount in minor units of `currency`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evaluation {
    pub currency: Currency,
    pub tax_mode: TaxMode,
    pub totals: Totals,
    /// By line id.
    pub lines: Vec<LineOutcome>,
    /// Dearest rate and price first; refunds are reckoned from these.
    pub classes: Vec<ClassOutcome>,
    /// In the order in which they were taken.
    pub discounts: Vec<Applied>,
    /// One entry per candidate, in the order of the walk.
    #[serde(default)]
    pub trace: Vec<TraceEntry>,
}

/// `total = subtotal − discounts`, and plus tax where prices are without it. A tip is not the engine's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    pub subtotal: i64,
    pub discounts: i64,
    pub tax: i64,
    pub total: i64,
    /// Highest rate first.
    pub tax_by_rate: Vec<RateTotal>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RateTotal {
    pub rate: Rate,
    /// What is left of the items at this rate after discounts.
    pub amount: i64,
    /// What the tax is reckoned on: `amount`, plus discounts that leave the tax as it was.
    pub taxable: i64,
    pub tax: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LineOutcome {
    pub line_id: LineId,
    pub subtotal: i64,
    pub discounts: i64,
    pub tax: i64,
    /// What the guest pays for the line, tax included.
    pub total: i64,
    pub shares: Vec<Share>,
}

/// A part of a discount's amount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Share {
    pub candidate_id: CandidateId,
    pub amount: i64,
}

/// Units that nothing tells apart, whichever lines they stand on. Minor units that do not divide evenly
/// belong to the class; its dearest unit is the one that holds one more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClassOutcome {
    pub product_id: Option<ProductId>,
    pub category_id: Option<CategoryId>,
    pub rate: Rate,
    pub is_gift_card: bool,
    /// List price of one unit, modifiers included.
    pub unit_price: i64,
    /// The size of one unit: 1, or the quantity of a fractional line.
    pub unit_size: Quantity,
    pub units: i64,
    pub subtotal: i64,
    /// What is left after discounts, without the tax where prices are without it.
    pub amount: i64,
    pub taxable: i64,
    pub tax: i64,
    /// In the order in which they were taken.
    pub shares: Vec<Share>,
    pub lines: Vec<ClassLine>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClassLine {
    pub line_id: LineId,
    pub units: i64,
}

/// A discount that was taken, with its whole amount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Applied {
    pub candidate_id: CandidateId,
    pub discount_id: DiscountId,
    pub version: u32,
    pub origin: Origin,
    pub scope: Scope,
    pub is_comp: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What it was taken of.
    pub base: i64,
    pub amount: i64,
    pub units: i64,
    /// Points that were taken for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<i64>,
}

/// The amounts of `units` units of a class, dearest first: how any class amount falls on units.
pub fn unit_amounts(amount: i64, units: i64) -> impl Iterator<Item = i64> {
    let units = units.max(1);
    let (each, dearer) = (amount / units, amount % units);
    (0..units).map(move |place| if place < dearer { each + 1 } else { each })
}

/// The sum over the `taken` dearest of `units` units that share `amount`.
pub(crate) fn dearest(amount: i64, taken: i64, units: i64) -> i64 {
    debug_assert!(
        0 <= taken && taken <= units && units > 0,
        "no more units than there are"
    );
    if taken == units {
        return amount;
    }
    (amount / units) * taken + (amount % units).min(taken)
}
