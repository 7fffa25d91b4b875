//! Which units of a line a rule may touch: those that staff pointed at, if they were ordered while it was
//! open. The answer is by line, so a class whose units stand on several lines is reached in part.

use super::facts::Facts;
use super::table::{Class, Segment};
use crate::discount::Candidate;
use crate::money::Quantity;
use crate::window::{Shut, Window};

#[derive(Clone)]
pub(crate) struct Allowance {
    window: Option<Window>,
    /// Units left per line, where staff pointed at some.
    pointed: Option<Vec<i64>>,
    /// Why a line that was asked for is out of time.
    pub shut: Option<Shut>,
}

impl Allowance {
    pub fn new(candidate: &Candidate, facts: &Facts<'_>) -> Self {
        let window = candidate.window();
        let by_line = !candidate.discount.scope.is_order_level() && window.binds();
        Self {
            window: by_line.then_some(window),
            pointed: (!candidate.lines.is_empty()).then(|| pointed_at(candidate, facts)),
            shut: None,
        }
    }

    pub fn is_unlimited(&self) -> bool {
        self.window.is_none() && self.pointed.is_none()
    }

    /// Takes up to `wanted` units of a segment, and says how many it may have.
    pub fn take(&mut self, segment: Segment, wanted: i64, facts: &Facts<'_>) -> i64 {
        let mut units = segment.units.min(wanted);
        if let Some(pointed) = &mut self.pointed {
            units = units.min(pointed[segment.line]);
            pointed[segment.line] -= units;
        }
        if units > 0
            && let Some(window) = &self.window
            && let Err(shut) = window.test(facts.ordered(segment.line))
        {
            self.shut.get_or_insert(shut);
            return 0;
        }
        units
    }

    pub fn take_from(&mut self, class: &Class, facts: &Facts<'_>) -> i64 {
        if self.is_unlimited() {
            return class.units;
        }
        class
            .segments
            .iter()
            .map(|segment| self.take(*segment, segment.units, facts))
            .sum()
    }
}

fn pointed_at(candidate: &Candidate, facts: &Facts<'_>) -> Vec<i64> {
    let mut pointed = vec![0; facts.lines.len()];
    for share in &candidate.lines {
        let Some(place) = facts.place_of(&share.line_id) else {
            continue;
        };
        let all = facts.lines[place].quantity.units();
        let units = share.quantity.map_or(all, Quantity::units);
        pointed[place] = (pointed[place] + units).min(all);
    }
    pointed
}
