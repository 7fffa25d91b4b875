//! A comp makes units free. As a reward's free item it may be limited to a number of them.

use super::{Ask, Draft, Kind, Portion};
use crate::discount::Type;
use crate::quote::pool::Reach;
use crate::quote::trace::TraceCode;

pub(super) const KIND: Kind = Kind {
    fits: |candidate| candidate.discount.kind == Type::Comp,
    draft,
};

fn draft(ask: &Ask<'_>) -> Result<Draft, TraceCode> {
    let limit = ask.candidate.discount.max_sets.map_or(i64::MAX, i64::from);
    let mut portions = Vec::with_capacity(ask.pool.reaches.len());
    let mut left_to_give = limit;
    let mut asked = 0;
    for reach in cheapest_first(&ask.pool.reaches, limit != i64::MAX) {
        let units = reach.units.min(left_to_give);
        if units == 0 {
            break;
        }
        left_to_give -= units;
        let class = &ask.table.classes[reach.class];
        let room = if units == reach.units {
            reach.left
        } else {
            crate::quote::outcome::dearest(class.left(), units, class.units)
        };
        asked += room;
        portions.push(Portion {
            class: reach.class,
            units,
            weight: room,
            room,
        });
    }
    portions.sort_by_key(|portion| portion.class);
    Ok(Draft::new(portions, asked, asked))
}

/// A limited one takes what costs the house least, as a bundle does.
fn cheapest_first(reaches: &[Reach], is_limited: bool) -> Vec<Reach> {
    let mut sorted = reaches.to_vec();
    if is_limited {
        sorted.sort_by(|a, b| a.per_unit(b).then(a.class.cmp(&b.class)));
    }
    sorted
}
