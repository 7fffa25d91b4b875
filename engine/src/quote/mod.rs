//! Pricing an order: `evaluate` takes the order, the rules that ask to be applied, and the venue's
//! policy, and answers what is paid, by whom it was lowered, and why the rest was not (L06, L07, L09).
//!
//! Comps leave first, at list price. Then the rules that stack take their turns in one order (`walk`)
//! or in the best compatible choice (`choose`). Rewards and points come last. What each kind of rule
//! takes is its own file under `kinds`; who wins over whom is decided here alone.

mod allowance;
mod choose;
mod facts;
mod fit;
mod kinds;
mod offer;
mod outcome;
mod pool;
mod sentence;
mod sort;
mod sum;
mod table;
mod targets;
mod trace;
mod walk;

use std::cmp::Reverse;
use std::fmt;

pub use facts::{CANDIDATES_MAX, Context, LINES_MAX, MODIFIERS_MAX, PRICE_MAX, Policy, UNITS_MAX};
pub use fit::bucket;
pub use outcome::{
    Applied, ClassLine, ClassOutcome, Evaluation, LineOutcome, RateTotal, Share, Totals,
    unit_amounts,
};
pub use sentence::{Language, Wording, sentence};
pub use trace::{TraceCode, TraceEntry, Verdict};

use crate::discount::{Candidate, Turn};
use crate::order::Order;
pub(crate) use outcome::dearest;
pub(crate) use sum::tax_on;

use facts::Facts;
use offer::{NoOffer, Offer};
use table::Table;
use targets::Targets;
use walk::{Fit, State, walk};

/// Why an order is not priced at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    TooManyLines,
    TooManyUnits,
    TooManyModifiers,
    TooManyCandidates,
    DuplicateLine,
    DuplicateCandidate,
    PriceOutOfRange,
    TooLarge,
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyLines => write!(out, "an order has at most {LINES_MAX} lines"),
            Self::TooManyUnits => write!(out, "an order has at most {UNITS_MAX} units"),
            Self::TooManyModifiers => write!(out, "a line has at most {MODIFIERS_MAX} modifiers"),
            Self::TooManyCandidates => {
                write!(out, "at most {CANDIDATES_MAX} discounts are weighed")
            }
            Self::DuplicateLine => out.write_str("two lines have one id"),
            Self::DuplicateCandidate => out.write_str("two discounts have one id"),
            Self::PriceOutOfRange => out.write_str("a price is below zero or too large"),
            Self::TooLarge => out.write_str("an amount is too large to reckon with"),
        }
    }
}

impl std::error::Error for Refused {}

/// Prices an order. The answer does not depend on the order of lines or candidates, nor on how whole
/// units are put on lines.
pub fn evaluate(
    order: &Order,
    candidates: &[Candidate],
    context: &Context,
) -> Result<Evaluation, Refused> {
    let facts = Facts::new(order, candidates, context)?;
    let ranked = ranked(candidates)?;
    let mut trace: Vec<TraceEntry> = ranked.iter().map(|candidate| unheard(candidate)).collect();
    let mut state = State {
        table: Table::new(&facts)?,
        admitted: Vec::new(),
    };

    take_outside(Turn::First, &mut state, &ranked, &facts, &mut trace);
    let purchase = state.table.purchase();
    let mut fits = Vec::new();
    for (place, candidate) in of_turn(Turn::Stacked, &ranked) {
        match fit(place, candidate, &facts, &state, purchase) {
            Ok(fit) => fits.push(fit),
            Err(code) => trace[place].reason = code,
        }
    }
    // Stable: what is still equal keeps the order of ids.
    fits.sort_by_key(|fit| (turn_key(fit.candidate), Reverse(fit.alone)));
    let refused = if context.policy.choose_best && fits.len() > 1 {
        choose::choose(&mut state, &fits, &facts)
    } else {
        walk(&mut state, &fits, &facts)
    };
    for (place, code) in refused {
        trace[place].reason = code;
    }
    take_outside(Turn::Last, &mut state, &ranked, &facts, &mut trace);

    for one in &mut state.admitted {
        let entry = &mut trace[one.place];
        entry.verdict = Verdict::Applied;
        entry.reason = TraceCode::Applied {
            saving: one.amount,
            base: one.base,
            units: one.units,
        };
        entry.notes = std::mem::take(&mut one.notes);
    }
    sum::sum_up(&state, &facts, trace)
}

/// By turn, and ids within a turn; refuses two of one id.
fn ranked(candidates: &[Candidate]) -> Result<Vec<&Candidate>, Refused> {
    let ids: Vec<&[u8]> = candidates
        .iter()
        .map(|candidate| candidate.id.as_bytes())
        .collect();
    let places = sort::by_text(&ids).ok_or(Refused::DuplicateCandidate)?;
    let keyed = |place: usize| (turn_key(&candidates[place]), &candidates[place]);
    let mut ranked: Vec<_> = places.into_iter().map(keyed).collect();
    // Stable: within a turn the ids keep their order.
    ranked.sort_by_key(|(key, _)| *key);
    Ok(ranked.into_iter().map(|(_, candidate)| candidate).collect())
}

fn turn_key(candidate: &Candidate) -> (u8, Reverse<i32>, u32) {
    (
        candidate.rank(),
        Reverse(candidate.discount.priority),
        candidate.added,
    )
}

fn of_turn<'r, 'a>(
    turn: Turn,
    ranked: &'r [&'a Candidate],
) -> impl Iterator<Item = (usize, &'a Candidate)> + use<'r, 'a> {
    ranked
        .iter()
        .copied()
        .enumerate()
        .filter(move |(_, candidate)| candidate.turn() == turn)
}

fn unheard(candidate: &Candidate) -> TraceEntry {
    TraceEntry {
        candidate_id: candidate.id.clone(),
        discount_id: candidate.discount.id.clone(),
        version: candidate.discount.version,
        verdict: Verdict::Rejected,
        reason: TraceCode::NoSaving,
        notes: Vec::new(),
    }
}

/// Comps, and later rewards and points: they neither exclude nor are excluded.
fn take_outside<'a>(
    turn: Turn,
    state: &mut State<'a>,
    ranked: &[&'a Candidate],
    facts: &Facts<'_>,
    trace: &mut [TraceEntry],
) {
    for (place, candidate) in of_turn(turn, ranked) {
        let purchase = state.table.purchase();
        let checked = fit::check(candidate, facts, purchase);
        if let Err(code) = checked.and_then(|()| state.take(place, candidate, facts)) {
            trace[place].reason = code;
        }
    }
}

fn fit<'a>(
    place: usize,
    candidate: &'a Candidate,
    facts: &Facts<'_>,
    state: &State<'_>,
    purchase: i64,
) -> Result<Fit<'a>, TraceCode> {
    fit::check(candidate, facts, purchase)?;
    let targets =
        Targets::of(&candidate.discount, &state.table.shelf).ok_or(TraceCode::NoMatchingItem)?;
    match Offer::new(candidate, &targets, facts, &state.table, |_| None) {
        Ok(offer) => Ok(Fit {
            place,
            candidate,
            targets,
            alone: offer.amount,
        }),
        Err(NoOffer::Because(code)) => Err(code),
        Err(NoOffer::Excluded(_)) => Err(TraceCode::NoMatchingItem),
    }
}
