//! Choosing, for tenants that want it, the compatible set that saves the guest most.
//!
//! Exact among the `EXACT_MAX` candidates that would save most alone. Where more fit, the others are
//! walked afterwards, and the plain walk over all stands as a rival: the answer never saves less than
//! the plain walk, nor less than the best set among the twelve.

use super::facts::Facts;
use super::trace::TraceCode;
use super::walk::{Fit, State, walk};
use crate::discount::Scope;

/// The exact search is 2^n in the worst case; 12 keeps that to some thousand evaluations.
const EXACT_MAX: usize = 12;

pub(crate) fn choose<'a>(
    state: &mut State<'a>,
    fits: &[Fit<'a>],
    facts: &Facts<'_>,
) -> Vec<(usize, TraceCode)> {
    let mut search = Search {
        facts,
        fits: leading(fits),
        best: None,
        best_saving: -1,
        purchase: state.table.purchase(),
    };
    search.descend(state.clone(), 0);
    let mut chosen = search.best.take().unwrap_or_else(|| state.clone());
    let mut plain = state.clone();
    let taken: Vec<usize> = chosen.admitted.iter().map(|one| one.place).collect();
    if fits.len() > EXACT_MAX {
        let others = fits.iter().filter(|fit| !taken.contains(&fit.place));
        walk(&mut chosen, others, facts);
        walk(&mut plain, fits, facts);
        if saving(&plain) > saving(&chosen) {
            chosen = plain;
        }
    }
    *state = chosen;
    let admitted = |fit: &&Fit<'a>| state.admitted.iter().any(|one| one.place == fit.place);
    fits.iter()
        .filter(|fit| !admitted(fit))
        .map(|fit| (fit.place, state.blamed(fit)))
        .collect()
}

struct Search<'s, 'a> {
    facts: &'s Facts<'s>,
    fits: Vec<&'s Fit<'a>>,
    best: Option<State<'a>>,
    best_saving: i64,
    purchase: i64,
}

impl<'a> Search<'_, 'a> {
    /// With the next rule first, then without it: of two sets that save the same the earlier rules win.
    fn descend(&mut self, state: State<'a>, next: usize) {
        let saved = saving(&state);
        let Some(&fit) = self.fits.get(next) else {
            if saved > self.best_saving {
                self.best_saving = saved;
                self.best = Some(state);
            }
            return;
        };
        let hoped: i64 = self.fits[next..]
            .iter()
            .map(|fit| self.most(fit))
            .fold(0, i64::saturating_add);
        if saved.saturating_add(hoped) <= self.best_saving {
            return;
        }
        let mut with = state.clone();
        if with.admit(fit, self.facts).is_ok() {
            self.descend(with, next + 1);
        }
        self.descend(state, next + 1);
    }

    /// No rule saves more in company than alone, except where others change which units it picks.
    fn most(&self, fit: &Fit<'_>) -> i64 {
        let discount = &fit.candidate.discount;
        let picks = discount.is_bundle()
            || discount.max_sets.is_some()
            || matches!(discount.scope, Scope::Modifier | Scope::ModifierGroup);
        if picks { self.purchase } else { fit.alone }
    }
}

fn saving(state: &State<'_>) -> i64 {
    state.admitted.iter().map(|one| one.amount).sum()
}

/// The candidates that would save most alone, in the order of the walk.
fn leading<'f, 'a>(fits: &'f [Fit<'a>]) -> Vec<&'f Fit<'a>> {
    let mut by_saving: Vec<usize> = (0..fits.len()).collect();
    by_saving.sort_by(|&a, &b| fits[b].alone.cmp(&fits[a].alone).then(a.cmp(&b)));
    by_saving.truncate(EXACT_MAX);
    by_saving.sort_unstable();
    by_saving.into_iter().map(|place| &fits[place]).collect()
}
