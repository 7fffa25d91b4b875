//! What each discount takes off which item, and over how many of its units.

use std::collections::HashMap;

use engine::quote::{Applied, Evaluation};
use serde::Serialize;
use utoipa::ToSchema;

use super::borne::is_comp;
use crate::hall::error::{Error, Result};
use crate::hall::id::LineId;
use crate::hall::money::Money;

/// What a discount takes off an item, over so many of its units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ItemShare {
    pub item_id: LineId,
    #[schema(example = 2)]
    pub units: i64,
    pub amount: Money,
}

/// How many units of a line each candidate reached.
pub struct Shares<'a> {
    evaluation: &'a Evaluation,
    units: HashMap<(&'a str, &'a str), i64>,
}

impl<'a> Shares<'a> {
    pub fn of(evaluation: &'a Evaluation) -> Shares<'a> {
        let mut units: HashMap<(&str, &str), i64> = HashMap::new();
        for class in &evaluation.classes {
            for share in &class.shares {
                for line in &class.lines {
                    let key = (share.candidate_id.as_str(), line.line_id.as_str());
                    *units.entry(key).or_default() += line.units;
                }
            }
        }
        Shares { evaluation, units }
    }

    fn units(&self, candidate: &str, line: &str) -> i64 {
        let key: (&str, &str) = (candidate, line);
        self.units.get(&key).copied().unwrap_or_default()
    }

    /// Units of a line that were comped.
    pub fn comped(&self, line: &str) -> Option<i64> {
        let comps = self.evaluation.discounts.iter().filter(|one| is_comp(one));
        let units = comps.map(|one| self.units(&one.candidate_id, line)).sum();
        (units > 0).then_some(units)
    }

    /// What a discount takes off each item that it reaches.
    pub fn by_item(&self, applied: &Applied) -> Result<Vec<ItemShare>> {
        let mut by_item = Vec::new();
        for line in &self.evaluation.lines {
            let mut shares = line.shares.iter();
            let of_it = shares.find(|share| share.candidate_id == applied.candidate_id);
            let Some(share) = of_it else { continue };
            by_item.push(ItemShare {
                item_id: line.line_id.parse().map_err(Error::bug)?,
                units: self.units(&share.candidate_id, &line.line_id),
                amount: Money::of(share.amount, self.evaluation.currency.code()),
            });
        }
        Ok(by_item)
    }
}
