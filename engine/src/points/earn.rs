//! What a purchase earns: base × rate per unit, each multiplier adding its own (m − 1) of it, floored
//! once at the end. Reckoned in whole steps of 10⁻⁸ points or coarser, so every part is exact.

use serde::{Deserialize, Serialize};

use super::TooManyPoints;
use super::program::Program;
use super::sheet::Sheet;
use crate::id::RuleId;
use crate::money::{Multiplier, PointsPerUnit};
use crate::order::Customer;
use crate::quote::Evaluation;
use crate::window::Moment;

/// What is known of a purchase besides its amounts.
#[derive(Clone, Copy, Debug)]
pub struct Purchase<'a> {
    pub evaluation: &'a Evaluation,
    pub customer: &'a Customer,
    pub moment: Moment,
    /// Whether it is the first of its visit.
    pub opens_visit: bool,
}

/// Points of a purchase: one ledger row for each kind that is not zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Earned {
    /// Minor units that earned; refunds take points back in proportion to it.
    pub base: i64,
    pub spend_points: i64,
    pub visit_points: i64,
    pub bonus_points: i64,
    /// Where each point came from, before the one rounding.
    pub parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PartKind {
    Spend,
    Category,
    Item,
    Promotion,
    Tier,
    Visit,
    Bonus,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    pub kind: PartKind,
    pub rule_id: Option<RuleId>,
    /// Minor units that it was reckoned on.
    pub base: i64,
    pub rate: Option<PointsPerUnit>,
    pub multiplier: Option<Multiplier>,
    /// An exact decimal.
    pub points: String,
}

pub fn earn(purchase: &Purchase<'_>, program: &Program) -> Result<Earned, TooManyPoints> {
    let mut sheet = Sheet::new(purchase, program);
    sheet.add_spend();
    sheet.add_category_and_item();
    let bonus_points = sheet.add_promotions();
    sheet.add_tier();
    let spend_points = i64::try_from(sheet.sum / sheet.scale).map_err(|_| TooManyPoints)?;
    let visit_points = sheet.visit_points();
    let base = sheet.base;
    Ok(Earned {
        base,
        spend_points,
        visit_points,
        bonus_points,
        parts: sheet.parts,
    })
}
