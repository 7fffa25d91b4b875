//! What a promotion has given a customer: moved with the purchase that earns, given back with its reversal.

use engine::points::{Earned, PartKind, proportion};

use super::store;
use crate::hall::error::{Error, Result};
use crate::hall::id::CustomerId;
use crate::hall::store::Tx;

/// What a purchase gets of one promotion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gain {
    pub rule_id: String,
    /// Whole points: a part of a point counts as one, so that a cap is never exceeded.
    pub points: i64,
    /// The cap in force, per customer.
    pub points_max: Option<i64>,
}

impl Gain {
    /// What each promotion gave of what was earned; `cap` says how much it may give.
    pub fn of(earned: &Earned, cap: impl Fn(&str) -> Option<i64>) -> Vec<Gain> {
        let mut gains: Vec<Gain> = Vec::new();
        for part in &earned.parts {
            let (PartKind::Promotion | PartKind::Bonus, Some(id)) = (part.kind, &part.rule_id)
            else {
                continue;
            };
            let points = rounded_up(&part.points);
            match gains.iter_mut().find(|gain| gain.rule_id == id.as_str()) {
                Some(gain) => gain.points = gain.points.saturating_add(points),
                None => gains.push(Gain {
                    rule_id: id.to_string(),
                    points,
                    points_max: cap(id.as_str()),
                }),
            }
        }
        gains.retain(|gain| gain.points > 0);
        gains
    }
}

/// An exact decimal, as the engine writes it.
fn rounded_up(points: &str) -> i64 {
    let (whole, rest) = points.split_once('.').unwrap_or((points, ""));
    let more = i64::from(rest.bytes().any(|digit| digit != b'0'));
    whole
        .parse::<i64>()
        .unwrap_or(i64::MAX)
        .saturating_add(more)
}

/// Counts what the purchase gets, by two statements whatever the number of promotions.
///
/// # Errors
/// `Again` where another purchase took of a cap meanwhile.
pub fn hold(tx: &mut Tx, customer: CustomerId, purchase: &str, gains: &[Gain]) -> Result<()> {
    if gains.is_empty() {
        return Ok(());
    }
    if store::add(tx, customer, gains)? < gains.len() as u64 {
        return Err(Error::Again("a promotion's cap moved meanwhile".into()));
    }
    store::insert_gains(tx, customer, purchase, gains)
}

/// Gives back what the purchase got of promotions, in proportion to what of its `SPEND` and `BONUS` points the
/// ledger has reversed so far. Saying it again changes nothing.
///
/// # Errors
/// `Again` where another refund gave back meanwhile.
pub fn reversed(tx: &mut Tx, customer: CustomerId, purchase: &str) -> Result<()> {
    let gains = store::gains(tx, purchase)?;
    if gains.is_empty() {
        return Ok(());
    }
    let (earned, taken) = store::reversed(tx, customer, purchase)?;
    for gain in gains {
        let returned = proportion(gain.given, taken, earned);
        if returned > gain.returned {
            if !store::mark_returned(tx, purchase, &gain, returned)? {
                return Err(Error::Again("another refund gave back meanwhile".into()));
            }
            store::subtract(tx, &gain, returned - gain.returned)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_point_counts_as_one() {
        for (points, whole) in [("0", 0), ("3", 3), ("0.001", 1), ("194.3", 195), ("7.0", 7)] {
            assert_eq!(rounded_up(points), whole, "{points}");
        }
    }
}
