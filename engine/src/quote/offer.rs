//! What a rule would take from the table as it stands, and the taking of it.

use smallvec::SmallVec;

use super::allowance::Allowance;
use super::facts::Facts;
use super::fit::shut_code;
use super::kinds::{Ask, Draft, Portion, draft};
use super::pool::Pool;
use super::table::{Class, Step, Table};
use super::targets::Targets;
use super::trace::TraceCode;
use crate::discount::Candidate;
use crate::money::spread_within;

/// One for each portion or each rate, as an order usually has them.
type Amounts = SmallVec<[i64; 32]>;

/// A saving that a rule could give, with the clamps that shaped it.
pub(crate) struct Offer {
    draft: Draft,
    allowance: Allowance,
    pub amount: i64,
    pub notes: Vec<TraceCode>,
}

pub(crate) enum NoOffer {
    /// The rule itself does not fit.
    Because(TraceCode),
    /// The admitted rule at this place holds the units that it wants.
    Excluded(usize),
}

impl Offer {
    pub fn base(&self) -> i64 {
        self.draft.base
    }

    pub fn points(&self) -> Option<i64> {
        self.draft.points
    }

    pub fn units(&self) -> i64 {
        self.draft
            .portions
            .iter()
            .map(|portion| portion.units)
            .sum()
    }

    pub fn new(
        candidate: &Candidate,
        targets: &Targets,
        facts: &Facts<'_>,
        table: &Table<'_>,
        excluder: impl Fn(&Class) -> Option<usize>,
    ) -> Result<Self, NoOffer> {
        let pool = Pool::new(candidate, targets, facts, table, excluder);
        let refuse = |code| match (pool.excluder, code) {
            (Some(by), _) => NoOffer::Excluded(by),
            // What is missing is there, but may not take part.
            (None, TraceCode::NoMatchingItem | TraceCode::SetIncomplete)
                if pool.regulated_units > 0 =>
            {
                NoOffer::Because(TraceCode::RegulatedItem {
                    units: pool.regulated_units,
                })
            }
            (None, code) => NoOffer::Because(code),
        };
        if pool.reaches.is_empty() {
            let shut = pool.shut.map(|shut| shut_code(candidate, shut));
            return Err(refuse(shut.unwrap_or(TraceCode::NoMatchingItem)));
        }
        if let Some(minimum) = candidate.discount.min_quantity
            && pool.excluder.is_none()
            && pool.units() < i64::from(minimum)
        {
            return Err(refuse(TraceCode::MinQuantityNotMet {
                short: i64::from(minimum) - pool.units(),
            }));
        }
        let mut draft = draft(&Ask {
            candidate,
            pool: &pool,
            table,
            facts,
        })
        .map_err(refuse)?;
        let mut notes: Vec<TraceCode> = draft.note.take().into_iter().collect();
        let amount = clamped(candidate, &draft, &mut notes);
        if pool.regulated_units > 0 {
            notes.push(TraceCode::RegulatedItem {
                units: pool.regulated_units,
            });
        }
        if amount <= 0 {
            return Err(refuse(TraceCode::NoSaving));
        }
        Ok(Self {
            draft,
            allowance: pool.allowance,
            amount,
            notes,
        })
    }

    /// Takes the offer from the table; `by` is the place that the rule has among the admitted.
    pub fn take(
        &self,
        table: &mut Table<'_>,
        facts: &Facts<'_>,
        by: usize,
        is_comp: bool,
    ) -> Option<()> {
        let amounts = spread_over(&self.draft.portions, self.amount, table)?;
        let mut allowance = self.allowance.clone();
        let mut split = 0;
        for (portion, amount) in self.draft.portions.iter().zip(amounts) {
            let place = portion.class + split;
            split += usize::from(table.part(place, portion.units, &mut allowance, facts));
            let class = &mut table.classes[place];
            let left = class.left() - amount;
            debug_assert!(left >= 0, "L07: no unit goes below zero");
            class.steps.push(Step { by, left });
            class.is_comped |= is_comp;
        }
        Some(())
    }
}

/// The cap of the rule, then what its units can bear.
fn clamped(candidate: &Candidate, draft: &Draft, notes: &mut Vec<TraceCode>) -> i64 {
    let room: i64 = draft.portions.iter().map(|portion| portion.room).sum();
    let mut amount = draft.asked;
    if let Some(cap) = candidate.discount.max_discount_amount
        && amount > cap.amount
    {
        notes.push(TraceCode::Capped {
            asked: amount,
            cap: cap.amount,
        });
        amount = cap.amount;
    }
    if amount > room {
        notes.push(TraceCode::Clamped {
            asked: amount,
            given: room,
        });
        amount = room;
    }
    amount
}

/// Over tax rates first, then over the classes of each: portions stand in the canonical order of their
/// classes, so ties go to the higher rate, then the higher price, then the smaller product id or name.
fn spread_over(portions: &[Portion], amount: i64, table: &Table<'_>) -> Option<Vec<i64>> {
    let weights: Amounts = portions.iter().map(|portion| portion.weight).collect();
    let rooms: Amounts = portions.iter().map(|portion| portion.room).collect();
    let lengths = rate_lengths(portions, table);
    if lengths.len() == 1 {
        return spread_within(amount, &weights, &rooms);
    }
    let by_rate = |values: &[i64]| -> Amounts {
        let mut rest = values;
        let mut sums = Amounts::new();
        for length in &lengths {
            let (group, others) = rest.split_at(*length);
            sums.push(group.iter().sum());
            rest = others;
        }
        sums
    };
    let shares = spread_within(amount, &by_rate(&weights), &by_rate(&rooms))?;
    let mut amounts = Vec::with_capacity(portions.len());
    for (length, share) in lengths.iter().zip(shares) {
        let group = amounts.len()..amounts.len() + length;
        amounts.extend(spread_within(
            share,
            &weights[group.clone()],
            &rooms[group],
        )?);
    }
    Some(amounts)
}

/// How many portions stand at each rate.
fn rate_lengths(portions: &[Portion], table: &Table<'_>) -> SmallVec<[usize; 8]> {
    let mut lengths = SmallVec::new();
    let mut last = None;
    for portion in portions {
        let rate = table.goods_of(&table.classes[portion.class]).line.rate;
        match lengths.last_mut() {
            Some(length) if last == Some(rate) => *length += 1,
            _ => lengths.push(1),
        }
        last = Some(rate);
    }
    lengths
}
