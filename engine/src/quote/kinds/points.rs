//! Loyalty points as a discount: the fewest that cover what is left, or that give the same amount.

use super::{Ask, Draft, Kind, Portion};
use crate::discount::Type;
use crate::points::redeem;
use crate::quote::trace::TraceCode;

pub(super) const KIND: Kind = Kind {
    fits: |candidate| candidate.discount.kind == Type::Points,
    draft,
};

fn draft(ask: &Ask<'_>) -> Result<Draft, TraceCode> {
    let asked = ask.candidate.points.ok_or(TraceCode::Incomplete)?;
    if asked.points < asked.points_min {
        return Err(TraceCode::MinimumPoints {
            minimum: asked.points_min,
        });
    }
    if asked.points > asked.points_available {
        return Err(TraceCode::NotEnoughPoints {
            available: asked.points_available,
        });
    }
    let mut portions = Vec::with_capacity(ask.pool.reaches.len());
    let mut base = 0;
    for reach in &ask.pool.reaches {
        base += reach.left;
        portions.push(Portion {
            class: reach.class,
            units: reach.units,
            weight: reach.left,
            room: reach.left,
        });
    }
    let taken = redeem::fewest(asked.points, asked.value, base, ask.facts.order.currency);
    let note = (taken.points < asked.points).then_some(TraceCode::PointsTrimmed {
        asked: asked.points,
        taken: taken.points,
    });
    Ok(Draft {
        points: Some(taken.points),
        note,
        ..Draft::new(portions, base, taken.amount)
    })
}
