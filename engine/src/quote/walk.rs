//! Stacking: walk the rules in their order and admit what is compatible with everything admitted.

use super::facts::Facts;
use super::offer::{NoOffer, Offer};
use super::table::{Class, Table};
use super::targets::Targets;
use super::trace::TraceCode;
use crate::discount::{Candidate, Scope, Turn, Type};

/// A rule that fits the order, and what it would save if it were alone.
pub(crate) struct Fit<'a> {
    pub place: usize,
    pub candidate: &'a Candidate,
    pub targets: Targets,
    pub alone: i64,
}

/// A rule that was taken.
#[derive(Clone)]
pub(crate) struct Admitted<'a> {
    pub place: usize,
    pub candidate: &'a Candidate,
    pub base: i64,
    pub amount: i64,
    pub units: i64,
    pub points: Option<i64>,
    pub notes: Vec<TraceCode>,
}

/// The table and who has taken from it so far.
#[derive(Clone)]
pub(crate) struct State<'a> {
    pub table: Table<'a>,
    pub admitted: Vec<Admitted<'a>>,
}

impl<'a> State<'a> {
    /// Takes from the table whatever the rule reaches, outside stacking.
    pub fn take(
        &mut self,
        place: usize,
        candidate: &'a Candidate,
        facts: &Facts<'_>,
    ) -> Result<(), TraceCode> {
        let targets =
            Targets::of(&candidate.discount, &self.table.shelf).ok_or(TraceCode::NoMatchingItem)?;
        match Offer::new(candidate, &targets, facts, &self.table, |_| None) {
            Ok(offer) => self.settle(place, candidate, offer, facts),
            Err(NoOffer::Because(code)) => Err(code),
            Err(NoOffer::Excluded(_)) => Err(TraceCode::NoMatchingItem),
        }
    }

    /// Admits a rule if it is compatible with everything admitted, on the units that are still free to it.
    pub fn admit(&mut self, fit: &Fit<'a>, facts: &Facts<'_>) -> Result<(), TraceCode> {
        if let Some(by) = self.incompatible(fit.candidate) {
            return Err(self.excluded(by, fit.alone));
        }
        let scope = fit.candidate.discount.scope;
        let excluder = |class: &Class| self.holder(class, scope, facts.policy.one_per_line);
        match Offer::new(fit.candidate, &fit.targets, facts, &self.table, excluder) {
            Ok(offer) => self.settle(fit.place, fit.candidate, offer, facts),
            Err(NoOffer::Because(code)) => Err(code),
            Err(NoOffer::Excluded(by)) => Err(self.excluded(by, fit.alone)),
        }
    }

    /// A non-stackable rule is compatible with nothing.
    fn incompatible(&self, candidate: &Candidate) -> Option<usize> {
        let stacked = |other: &Admitted<'_>| other.candidate.turn() == Turn::Stacked;
        let is_alone = !candidate.is_stackable();
        self.admitted
            .iter()
            .position(|other| stacked(other) && (is_alone || !other.candidate.is_stackable()))
    }

    /// Two stackable rules of one scope exclude each other on the units that both reach.
    fn holder(&self, class: &Class, scope: Scope, one_per_line: bool) -> Option<usize> {
        let holds =
            |by: &usize| one_per_line || self.admitted[*by].candidate.discount.scope == scope;
        class.steps.iter().map(|step| step.by).find(holds)
    }

    pub fn excluded(&self, by: usize, this_saving: i64) -> TraceCode {
        let other = &self.admitted[by];
        let discount_id = other.candidate.discount.id.clone();
        TraceCode::ExcludedBy {
            discount_id,
            its_saving: other.amount,
            this_saving,
        }
    }

    /// Which admitted rule to name when a choice, not the walk, left this one out.
    pub fn blamed(&self, fit: &Fit<'_>) -> TraceCode {
        let scope = fit.candidate.discount.scope;
        let stacked = |other: &Admitted<'_>| other.candidate.turn() == Turn::Stacked;
        let same = |other: &Admitted<'_>| stacked(other) && other.candidate.discount.scope == scope;
        let by = self
            .incompatible(fit.candidate)
            .or_else(|| self.admitted.iter().position(same))
            .or_else(|| self.admitted.iter().position(stacked));
        by.map_or(TraceCode::NoSaving, |by| self.excluded(by, fit.alone))
    }

    fn settle(
        &mut self,
        place: usize,
        candidate: &'a Candidate,
        offer: Offer,
        facts: &Facts<'_>,
    ) -> Result<(), TraceCode> {
        let discount = &candidate.discount;
        let takes_whole_units = !matches!(discount.scope, Scope::Modifier | Scope::ModifierGroup);
        let is_comp =
            discount.kind == Type::Comp && candidate.turn() == Turn::First && takes_whole_units;
        offer
            .take(&mut self.table, facts, self.admitted.len(), is_comp)
            .ok_or(TraceCode::NoSaving)?;
        self.admitted.push(Admitted {
            place,
            candidate,
            base: offer.base(),
            amount: offer.amount,
            units: offer.units(),
            points: offer.points(),
            notes: offer.notes,
        });
        Ok(())
    }
}

/// Admits one rule after the other, and answers the refusals by their place.
pub(crate) fn walk<'f, 'a: 'f>(
    state: &mut State<'a>,
    fits: impl IntoIterator<Item = &'f Fit<'a>>,
    facts: &Facts<'_>,
) -> Vec<(usize, TraceCode)> {
    let mut refused = Vec::new();
    for fit in fits {
        if let Err(code) = state.admit(fit, facts) {
            refused.push((fit.place, code));
        }
    }
    refused
}
