//! A decision as it is stored. The trace names its candidates by their place and each reason once: of a hundred live
//! rules nearly all are refused for the same one or two reasons, and the texts would be most of the order.

use engine::order as priced;
use engine::quote::{
    Applied, ClassOutcome, Evaluation, LineOutcome, Policy, Totals, TraceCode, TraceEntry, Verdict,
};
use serde::{Deserialize, Serialize, Serializer};

use super::decide::Decided;
use super::recorded::Recorded;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    order: &'a priced::Order,
    candidates: &'a [Recorded],
    policy: Policy,
    zone: &'a str,
    evaluation: Outcome<'a>,
    trace: Walk<&'a TraceCode>,
}

/// An [`Evaluation`] without its trace.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    currency: engine::money::Currency,
    tax_mode: priced::TaxMode,
    totals: &'a Totals,
    lines: &'a [LineOutcome],
    classes: &'a [ClassOutcome],
    discounts: &'a [Applied],
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Kept {
    order: priced::Order,
    candidates: Vec<Recorded>,
    policy: Policy,
    zone: String,
    evaluation: Evaluation,
    /// None in orders of before, whose evaluation bears its own.
    trace: Option<Walk<TraceCode>>,
}

#[derive(Serialize, Deserialize)]
struct Walk<C> {
    /// Places of a candidate and of its reason, in the order of the walk.
    steps: Vec<(usize, usize)>,
    reasons: Vec<Reason<C>>,
}

#[derive(PartialEq, Serialize, Deserialize)]
struct Reason<C> {
    verdict: Verdict,
    reason: C,
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    notes: Vec<C>,
}

impl Serialize for Decided {
    fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        let of = &self.evaluation;
        let written = Written {
            order: &self.order,
            candidates: &self.candidates,
            policy: self.policy,
            zone: &self.zone,
            evaluation: Outcome {
                currency: of.currency,
                tax_mode: of.tax_mode,
                totals: &of.totals,
                lines: &of.lines,
                classes: &of.classes,
                discounts: &of.discounts,
            },
            trace: walk(&self.candidates, &of.trace).map_err(serde::ser::Error::custom)?,
        };
        written.serialize(into)
    }
}

fn walk<'a>(
    candidates: &[Recorded],
    trace: &'a [TraceEntry],
) -> Result<Walk<&'a TraceCode>, String> {
    let mut walk = Walk {
        steps: Vec::with_capacity(trace.len()),
        reasons: Vec::new(),
    };
    for entry in trace {
        let mut weighed = candidates.iter();
        let candidate = weighed
            .position(|one| one.id == entry.candidate_id)
            .ok_or_else(|| format!("no candidate {} was weighed", entry.candidate_id))?;
        let said = Reason {
            verdict: entry.verdict,
            reason: &entry.reason,
            notes: entry.notes.iter().collect(),
        };
        let known = walk.reasons.iter().position(|one| *one == said);
        let reason = known.unwrap_or(walk.reasons.len());
        if known.is_none() {
            walk.reasons.push(said);
        }
        walk.steps.push((candidate, reason));
    }
    Ok(walk)
}

impl TryFrom<Kept> for Decided {
    type Error = String;

    fn try_from(kept: Kept) -> Result<Decided, String> {
        let entry = |walk: &Walk<TraceCode>, (candidate, reason): (usize, usize)| {
            let weighed = kept.candidates.get(candidate)?;
            let said = walk.reasons.get(reason)?;
            Some(TraceEntry {
                candidate_id: weighed.id.clone(),
                discount_id: weighed.rule_id(),
                version: weighed.rule_version(),
                verdict: said.verdict,
                reason: said.reason.clone(),
                notes: said.notes.clone(),
            })
        };
        let trace = match &kept.trace {
            Some(walk) => walk.steps.iter().map(|step| entry(walk, *step)).collect(),
            None => Some(kept.evaluation.trace.clone()),
        };
        let trace = trace.ok_or("the trace names a candidate or reason that is not there")?;
        Ok(Decided {
            order: kept.order,
            candidates: kept.candidates,
            policy: kept.policy,
            zone: kept.zone,
            evaluation: Evaluation {
                trace,
                ..kept.evaluation
            },
        })
    }
}
