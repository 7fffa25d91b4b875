//! The kinds of rule. Each is a file with two functions: whether a candidate is of the kind, and what it
//! would take. A new kind is a new file and a line in `KINDS`; nothing else knows them apart.

mod bogo;
mod combo;
mod comp;
mod fixed;
mod percentage;
mod points;

use super::facts::Facts;
use super::pool::Pool;
use super::table::Table;
use super::trace::TraceCode;
use crate::discount::Candidate;

pub(crate) struct Kind {
    pub fits: fn(&Candidate) -> bool,
    pub draft: fn(&Ask<'_>) -> Result<Draft, TraceCode>,
}

/// The first that fits has the candidate.
const KINDS: [Kind; 6] = [
    points::KIND,
    combo::KIND,
    bogo::KIND,
    comp::KIND,
    fixed::KIND,
    percentage::KIND,
];

/// What a kind is asked: what this candidate would take from this pool.
pub(crate) struct Ask<'a> {
    pub candidate: &'a Candidate,
    pub pool: &'a Pool,
    pub table: &'a Table<'a>,
    pub facts: &'a Facts<'a>,
}

/// What a rule wants, before caps and clamps.
pub(crate) struct Draft {
    pub portions: Vec<Portion>,
    pub base: i64,
    pub asked: i64,
    /// Points that it takes.
    pub points: Option<i64>,
    pub note: Option<TraceCode>,
}

/// Units of one class, how much of the amount they ask for, and how much they can bear.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portion {
    pub class: usize,
    pub units: i64,
    pub weight: i64,
    pub room: i64,
}

pub(crate) fn draft(ask: &Ask<'_>) -> Result<Draft, TraceCode> {
    let kind = KINDS
        .iter()
        .find(|kind| (kind.fits)(ask.candidate))
        .ok_or(TraceCode::Incomplete)?;
    (kind.draft)(ask)
}

impl Draft {
    fn new(portions: Vec<Portion>, base: i64, asked: i64) -> Self {
        Self {
            portions,
            base,
            asked,
            points: None,
            note: None,
        }
    }
}
