//! Pricing an order: `evaluate` takes the order, the rules that ask to be applied, and the venue's
//! policy, and answers what is paid, by whom it was lowered, and why the rest was not (L06, L07, L09).
//!
//! Comps leave first, at list price. Then the rules that stack take their turns in one order (`walk`)
//! or in the best compatible choice (`choose`). Rewards and points come last. What each kind of rule
//! takes is its own file under `kinds`; who wins over whom is decided here alone.

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
use walk::{Admitted, Fit, State, walk};

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
    let places = canonical(candidates)?;
    let mut state = State {
        table: Table::new(&facts)?,
        admitted: Vec::new(),
    };
    let mut refused: Vec<Option<TraceCode>> = vec![None; candidates.len()];

    take_outside(
        Turn::First,
        &mut state,
        &places,
        candidates,
        &facts,
        &mut refused,
    );
    let purchase = state.table.purchase();
    let mut fits = Vec::new();
    for &place in places
        .iter()
        .filter(|&&place| candidates[place].turn() == Turn::Stacked)
    {
        match fit(place, &candidates[place], &facts, &state, purchase) {
            Ok(fit) => fits.push(fit),
            Err(code) => refused[place] = Some(code),
        }
    }
    // Stable: what is still equal keeps the order of ids.
    fits.sort_by_key(|fit| (turn_key(fit.candidate), Reverse(fit.alone)));
    let choose_best = context.policy.choose_best && fits.len() > 1;
    let stack = if choose_best { choose::choose } else { walk };
    for (place, code) in stack(&mut state, &fits, &facts) {
        refused[place] = Some(code);
    }
    take_outside(
        Turn::Last,
        &mut state,
        &places,
        candidates,
        &facts,
        &mut refused,
    );

    let trace = trace_of(&mut state, &places, candidates, refused);
    sum::sum_up(&state, &facts, trace)
}

/// By turn, and ids within a turn; refuses two of one id.
fn canonical(candidates: &[Candidate]) -> Result<Vec<usize>, Refused> {
    let ids: Vec<&str> = candidates
        .iter()
        .map(|candidate| candidate.id.as_str())
        .collect();
    let mut places = sort::by_text(&ids);
    if places.windows(2).any(|pair| ids[pair[0]] == ids[pair[1]]) {
        return Err(Refused::DuplicateCandidate);
    }
    places.sort_by_key(|&place| turn_key(&candidates[place]));
    Ok(places)
}

fn turn_key(candidate: &Candidate) -> (u8, Reverse<i32>, u32) {
    (
        candidate.rank(),
        Reverse(candidate.discount.priority),
        candidate.added,
    )
}

/// Comps, and later rewards and points: they neither exclude nor are excluded.
fn take_outside<'a>(
    turn: Turn,
    state: &mut State<'a>,
    places: &[usize],
    candidates: &'a [Candidate],
    facts: &Facts<'a>,
    refused: &mut [Option<TraceCode>],
) {
    for &place in places
        .iter()
        .filter(|&&place| candidates[place].turn() == turn)
    {
        let candidate = &candidates[place];
        let purchase = state.table.purchase();
        let taken = fit::check(candidate, facts, purchase)
            .and_then(|()| state.take(place, candidate, facts));
        refused[place] = taken.err();
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
    match Offer::new(candidate, facts, &state.table, |_| None) {
        Ok(offer) => Ok(Fit {
            place,
            candidate,
            alone: offer.amount,
        }),
        Err(NoOffer::Because(code)) => Err(code),
        Err(NoOffer::Excluded(_)) => Err(TraceCode::NoMatchingItem),
    }
}

fn trace_of(
    state: &mut State<'_>,
    places: &[usize],
    candidates: &[Candidate],
    mut refused: Vec<Option<TraceCode>>,
) -> Vec<TraceEntry> {
    let mut admitted: Vec<Option<&mut Admitted<'_>>> = Vec::new();
    admitted.resize_with(candidates.len(), || None);
    for one in &mut state.admitted {
        let place = one.place;
        admitted[place] = Some(one);
    }
    let entry = |&place: &usize| {
        let candidate = &candidates[place];
        let (verdict, reason, notes) = match &mut admitted[place] {
            Some(one) => {
                let saving = TraceCode::Applied {
                    saving: one.amount,
                    base: one.base,
                    units: one.units,
                };
                (Verdict::Applied, saving, std::mem::take(&mut one.notes))
            }
            None => (
                Verdict::Rejected,
                refused[place].take().unwrap_or(TraceCode::NoSaving),
                Vec::new(),
            ),
        };
        TraceEntry {
            candidate_id: candidate.id.clone(),
            discount_id: candidate.discount.id.clone(),
            version: candidate.discount.version,
            verdict,
            reason,
            notes,
        }
    };
    places.iter().map(entry).collect()
}
