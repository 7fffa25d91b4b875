//! A percentage of what is left, or of the list price; rounded once on the whole base.

use super::{Ask, Draft, Kind, Portion};
use crate::discount::{Base, Type};
use crate::money::{Percent, share_half_up};
use crate::quote::trace::TraceCode;

pub(super) const KIND: Kind = Kind {
    fits: |candidate| candidate.discount.kind == Type::Percentage,
    draft,
};

fn draft(ask: &Ask<'_>) -> Result<Draft, TraceCode> {
    let discount = &ask.candidate.discount;
    let percent = discount.percent.ok_or(TraceCode::Incomplete)?;
    let mut portions = Vec::with_capacity(ask.pool.reaches.len());
    let mut base = 0;
    for reach in &ask.pool.reaches {
        let weight = match discount.base {
            Base::Running => reach.left,
            Base::List => reach.list,
        };
        base += weight;
        portions.push(Portion {
            class: reach.class,
            units: reach.units,
            weight,
            room: reach.left,
        });
    }
    let asked = share_half_up(base, percent.scaled(), Percent::HUNDRED.scaled())
        .ok_or(TraceCode::Incomplete)?;
    Ok(Draft::new(portions, base, asked))
}
