//! A fixed amount: off each unit, or off the whole of what the rule reaches.

use super::{Ask, Draft, Kind, Portion};
use crate::discount::{FixedPer, Type};
use crate::quote::pool::Reach;
use crate::quote::trace::TraceCode;

pub(super) const KIND: Kind = Kind {
    fits: |candidate| candidate.discount.kind == Type::FixedAmount,
    draft,
};

fn draft(ask: &Ask<'_>) -> Result<Draft, TraceCode> {
    let discount = &ask.candidate.discount;
    let amount = discount
        .amount
        .filter(|money| money.amount >= 0)
        .ok_or(TraceCode::Incomplete)?
        .amount;
    let by_unit = discount.fixed_per() == FixedPer::Unit;
    let (mut base, mut asked) = (0, if by_unit { 0 } else { amount });
    let mut portions = Vec::with_capacity(ask.pool.reaches.len());
    for reach in &ask.pool.reaches {
        let weight = if by_unit {
            off_each(reach, amount)
        } else {
            reach.left
        };
        base += reach.left;
        if by_unit {
            asked += weight;
        }
        portions.push(Portion {
            class: reach.class,
            units: reach.units,
            weight,
            room: reach.left,
        });
    }
    Ok(Draft::new(portions, base, asked))
}

/// No unit gives more than it has, and the dearer ones of a class have a minor unit more.
fn off_each(reach: &Reach, amount: i64) -> i64 {
    let (each, dearer) = (reach.left / reach.units, reach.left % reach.units);
    dearer * amount.min(each + 1) + (reach.units - dearer) * amount.min(each)
}
