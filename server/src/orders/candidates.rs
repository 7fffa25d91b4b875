//! Which rules wish to be applied to an order, and what each would use up.

use engine::discount::Candidate;

use super::asks::{What, Wish};
use super::{Buyer, Tab};
use crate::discounts::uses::{self, Limits, Used};
use crate::discounts::{self, Live};
use crate::hall::error::Result;
use crate::hall::identity::Venue;
use crate::hall::store::Read;

/// A candidate, with what it uses up where it is applied.
pub struct Weighed {
    pub candidate: Candidate,
    pub limits: Vec<Limits>,
}

/// Every rule that may be applied to the tab as it stands in memory. The number of statements is the same for any
/// number of lines and rules.
pub fn gather(
    read: &mut Read,
    venue: &Venue,
    tab: &Tab,
    buyer: Option<&Buyer>,
) -> Result<Vec<Weighed>> {
    let now = read.now();
    let mut all = Vec::new();
    for live in discounts::live(read, venue.id, now)? {
        if !tab.asks.off.contains(&live.discount_id) {
            all.push(automatic(live));
        }
    }
    for wish in &tab.asks.wishes {
        all.extend(wished(wish));
    }
    count_uses(read, tab, buyer, &mut all)?;
    Ok(all)
}

fn automatic(live: Live) -> Weighed {
    Weighed {
        candidate: Candidate::automatic(live.rule),
        limits: Vec::new(),
    }
}

fn wished(wish: &Wish) -> Option<Weighed> {
    let id = wish.id.to_string();
    let mut candidate = match &wish.what {
        What::Manual { rule, lines } => Candidate {
            lines: lines.clone(),
            ..Candidate::manual(id, rule.as_ref().clone())
        },
        What::Predefined { .. } | What::Coupon { .. } | What::Points { .. } => return None,
    };
    candidate.is_authorized = wish.authorized.is_some();
    candidate.added = wish.added;
    Some(Weighed {
        candidate,
        limits: Vec::new(),
    })
}

/// Tells each candidate how many uses are left to this order.
fn count_uses(
    read: &mut Read,
    tab: &Tab,
    buyer: Option<&Buyer>,
    all: &mut [Weighed],
) -> Result<()> {
    let limits = all.iter().flat_map(|one| &one.limits);
    let subjects: Vec<String> = limits.map(|limits| limits.subject.clone()).collect();
    let used = uses::used(
        read,
        &subjects,
        &tab.id.to_string(),
        buyer.map(|one| one.id),
    )?;
    let of = |limits: &Limits| used.get(&limits.subject).copied().unwrap_or_default();
    for Weighed { candidate, limits } in all {
        let (rule, code): (Vec<&Limits>, Vec<&Limits>) = limits
            .iter()
            .partition(|limits| limits.subject == *candidate.discount.id);
        if let Some(limits) = rule.first() {
            let used = of(limits);
            candidate.uses_left = Used::left(used.total, limits.total_max);
            candidate.customer_uses_left = Used::left(used.by_customer, limits.customer_max);
        }
        if let (Some(limits), Some(coupon)) = (code.first(), &mut candidate.coupon) {
            let used = of(limits);
            coupon.uses_left = Used::left(used.total, limits.total_max);
            coupon.customer_uses_left = Used::left(used.by_customer, limits.customer_max);
        }
    }
    Ok(())
}
