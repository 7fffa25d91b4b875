//! What has gone back of a sale, class by class.

use serde::{Deserialize, Serialize};

use super::NotRefundable;
use crate::discount::Origin;
use crate::money::Rate;
use crate::order::TaxMode;
use crate::points::{EarnBasis, proportion};
use crate::quote::{ClassOutcome, Evaluation};

/// All refunds of a sale so far; stored beside it, and handed in again with the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refunded {
    /// As `classes` of the sale.
    pub classes: Vec<ClassRefunded>,
    /// As `taxByRate` of the sale.
    pub taxes: Vec<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClassRefunded {
    /// As `lines` of the class.
    pub line_units: Vec<i64>,
    pub amount: i64,
    pub taxable: i64,
    /// Of the discount that points were taken as.
    pub redeemed: i64,
}

impl ClassRefunded {
    pub fn units(&self) -> i64 {
        self.line_units.iter().sum()
    }
}

impl Refunded {
    /// Nothing has gone back yet.
    pub fn none(sale: &Evaluation) -> Self {
        let untouched = |class: &ClassOutcome| ClassRefunded {
            line_units: vec![0; class.lines.len()],
            amount: 0,
            taxable: 0,
            redeemed: 0,
        };
        Self {
            classes: sale.classes.iter().map(untouched).collect(),
            taxes: vec![0; sale.totals.tax_by_rate.len()],
        }
    }

    /// What has gone back, without the tax where prices are without it.
    pub fn amount(&self) -> i64 {
        self.classes.iter().map(|class| class.amount).sum()
    }

    pub fn tax(&self) -> i64 {
        self.taxes.iter().sum()
    }

    /// What has gone back to the guest.
    pub fn total(&self, sale: &Evaluation) -> i64 {
        if sale.tax_mode == TaxMode::Exclusive {
            self.amount() + self.tax()
        } else {
            self.amount()
        }
    }

    /// Whether all of the sale has gone back, also what cost nothing.
    pub fn is_whole(&self, sale: &Evaluation) -> bool {
        self.classes
            .iter()
            .zip(&sale.classes)
            .all(|(back, class)| back.amount == class.amount && back.units() == class.units)
    }

    pub(super) fn redeemed(&self) -> i64 {
        self.classes.iter().map(|class| class.redeemed).sum()
    }

    pub(super) fn check(&self, sale: &Evaluation) -> Result<(), NotRefundable> {
        let fits = self.classes.len() == sale.classes.len()
            && self.taxes.len() == sale.totals.tax_by_rate.len()
            && self.classes.iter().zip(&sale.classes).all(|(back, class)| {
                back.line_units.len() == class.lines.len() && back.amount <= class.amount
            });
        if fits {
            Ok(())
        } else {
            Err(NotRefundable::OtherSale)
        }
    }

    pub(super) fn remaining_taxable(&self, sale: &Evaluation, rate: Rate) -> i64 {
        let of_rate = sale
            .classes
            .iter()
            .zip(&self.classes)
            .filter(|(class, _)| class.rate == rate);
        of_rate
            .map(|(class, back)| class.taxable - back.taxable)
            .sum()
    }

    /// How much of what earned has gone back; all of it once nothing that earned remains.
    pub(super) fn earning_base(
        &self,
        sale: &Evaluation,
        earned_base: i64,
        basis: EarnBasis,
    ) -> i64 {
        let earning = || {
            sale.classes
                .iter()
                .zip(&self.classes)
                .filter(|(class, _)| !class.is_gift_card)
        };
        if earning().all(|(class, back)| back.amount == class.amount) {
            return earned_base;
        }
        // Where a discount left the tax as it was, a refund may hold more tax than it pays back. Its
        // base then goes by the class, so that it never shrinks.
        if sale
            .classes
            .iter()
            .any(|class| class.taxable != class.amount)
        {
            let part = |(class, back): (&ClassOutcome, &ClassRefunded)| {
                proportion(
                    basis.base_of(class, sale.tax_mode),
                    back.amount,
                    class.amount,
                )
            };
            return earning().map(part).sum();
        }
        // Gift cards are untaxed, so every tax that went back was on what earned.
        let amount: i64 = earning().map(|(_, back)| back.amount).sum();
        let base = match (sale.tax_mode, basis) {
            (TaxMode::Inclusive, EarnBasis::PreTax) => amount - self.tax(),
            (TaxMode::Exclusive, EarnBasis::PostTax) => amount + self.tax(),
            (TaxMode::Inclusive, EarnBasis::PostTax) | (TaxMode::Exclusive, EarnBasis::PreTax) => {
                amount
            }
        };
        base.clamp(0, earned_base)
    }
}

/// What points took off a class.
pub(super) fn redeemed_of(sale: &Evaluation, class: &ClassOutcome) -> i64 {
    let by_points = |id: &crate::id::CandidateId| {
        sale.discounts
            .iter()
            .any(|one| one.origin == Origin::Points && one.candidate_id == *id)
    };
    class
        .shares
        .iter()
        .filter(|share| by_points(&share.candidate_id))
        .map(|share| share.amount)
        .sum()
}
