//! An order as the rules read it: checked, bounded, sorted so that no answer depends on positions.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{Refused, sort};
use crate::discount::Candidate;
use crate::id::LineId;
use crate::money::{Quantity, half_up};
use crate::order::{Line, Order};
use crate::window::{Moment, TimeOfDay};

/// A party of a hundred that orders all evening stays below this.
pub const LINES_MAX: usize = 500;
pub const UNITS_MAX: i64 = 100_000;
pub const CANDIDATES_MAX: usize = 1_000;
pub const MODIFIERS_MAX: usize = 50;
/// Minor units of one item. Times `UNITS_MAX` it leaves an `i64` a factor of 90 of headroom.
pub const PRICE_MAX: i64 = 1_000_000_000_000;

/// How the tenant wants rules combined; stored with the order that was decided by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    pub business_day_start: TimeOfDay,
    /// At most one discount on a unit.
    pub one_per_line: bool,
    /// Among rules that exclude each other, the set that saves the guest most.
    pub choose_best: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            business_day_start: TimeOfDay::FIVE,
            one_per_line: false,
            choose_best: false,
        }
    }
}

/// What an evaluation is told besides the order and its candidates.
#[derive(Clone, Debug)]
pub struct Context {
    pub policy: Policy,
    pub zone: TimeZone,
}

pub(crate) struct Facts<'a> {
    pub order: &'a Order,
    pub policy: Policy,
    /// By the time they were ordered, then id: units of one class are handed out in this order.
    pub lines: Vec<&'a Line>,
    pub opened: Moment,
    /// As `lines`; empty where no rule asks.
    moments: Vec<Moment>,
    /// As `lines`: the place of each by its id.
    pub ranks: Vec<usize>,
}

impl<'a> Facts<'a> {
    pub fn new(
        order: &'a Order,
        candidates: &[Candidate],
        context: &Context,
    ) -> Result<Self, Refused> {
        check_bounds(order, candidates)?;
        let ids: Vec<&[u8]> = order.lines.iter().map(|line| line.id.as_bytes()).collect();
        let by_id = sort::by_text(&ids).ok_or(Refused::DuplicateLine)?;
        let mut lines: Vec<(&Line, usize)> = by_id
            .iter()
            .enumerate()
            .map(|(rank, &place)| (&order.lines[place], rank))
            .collect();
        // Stable, so lines of one instant keep the order of their ids.
        lines.sort_by_key(|(line, _)| line.ordered_at);
        let ranks: Vec<usize> = lines.iter().map(|(_, rank)| *rank).collect();
        let lines: Vec<&Line> = lines.into_iter().map(|(line, _)| line).collect();
        let start = context.policy.business_day_start;
        let opened = Moment::new(order.opened_at, &context.zone, start);
        let asked = candidates.iter().any(|candidate| {
            !candidate.discount.scope.is_order_level() && candidate.window().binds()
        });
        let moments = if asked {
            moments_of(&lines, opened, context)
        } else {
            Vec::new()
        };
        Ok(Self {
            order,
            policy: context.policy,
            lines,
            opened,
            moments,
            ranks,
        })
    }

    pub fn ordered(&self, line: usize) -> &Moment {
        self.moments.get(line).unwrap_or(&self.opened)
    }

    pub fn place_of(&self, line_id: &LineId) -> Option<usize> {
        self.lines.iter().position(|line| line.id == *line_id)
    }
}

/// Lines of one round share their instant, so the zone is asked once per round.
fn moments_of(lines: &[&Line], opened: Moment, context: &Context) -> Vec<Moment> {
    let mut last = opened;
    let mut moments = Vec::with_capacity(lines.len());
    for line in lines {
        if line.ordered_at != last.instant() {
            last = Moment::new(
                line.ordered_at,
                &context.zone,
                context.policy.business_day_start,
            );
        }
        moments.push(last);
    }
    moments
}

fn check_bounds(order: &Order, candidates: &[Candidate]) -> Result<(), Refused> {
    if order.lines.len() > LINES_MAX {
        return Err(Refused::TooManyLines);
    }
    if candidates.len() > CANDIDATES_MAX {
        return Err(Refused::TooManyCandidates);
    }
    let mut size = 0;
    for line in &order.lines {
        if line.modifiers.len() > MODIFIERS_MAX {
            return Err(Refused::TooManyModifiers);
        }
        size += line.quantity.scaled();
    }
    if size > UNITS_MAX * Quantity::SCALE {
        return Err(Refused::TooManyUnits);
    }
    Ok(())
}

/// The list price of one unit of a line: modifiers included, a fractional line being one unit.
pub(crate) fn unit_price(line: &Line) -> Result<i64, Refused> {
    let sane = |price: i64| (-PRICE_MAX..=PRICE_MAX).contains(&price);
    if !sane(line.unit_price) || line.modifiers.iter().any(|modifier| !sane(modifier.price)) {
        return Err(Refused::PriceOutOfRange);
    }
    let whole = line.unit_price
        + line
            .modifiers
            .iter()
            .map(|modifier| modifier.price)
            .sum::<i64>();
    if !(0..=PRICE_MAX).contains(&whole) {
        return Err(Refused::PriceOutOfRange);
    }
    sized(whole, line.quantity.unit_size())
}

/// A price of one whole item for a unit of this size.
pub(crate) fn sized(price: i64, unit_size: i64) -> Result<i64, Refused> {
    if unit_size == Quantity::SCALE {
        return Ok(price);
    }
    half_up(
        i128::from(price) * i128::from(unit_size),
        i128::from(Quantity::SCALE),
    )
    .ok_or(Refused::PriceOutOfRange)
}
