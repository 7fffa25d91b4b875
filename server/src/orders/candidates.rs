//! Which rules wish to be applied to an order, and what each would use up.

use engine::discount::{Candidate, Discount as Rule};

use super::asks::{What, Wish};
use super::{Buyer, Tab};
use crate::coupons::{self, Coupon};
use crate::discounts::uses::{self, Limits, Used};
use crate::discounts::{self, Live};
use crate::hall::error::Result;
use crate::hall::id::CouponId;
use crate::hall::identity::Venue;
use crate::hall::store::Read;

/// A candidate, with what it uses up where it is applied.
pub struct Weighed {
    pub candidate: Candidate,
    pub limits: Vec<Limits>,
}

impl Weighed {
    pub fn is_for_a_first_purchase(&self) -> bool {
        self.limits.iter().any(|limits| limits.first_purchase_only)
    }
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
    let known = buyer.map(|buyer| (buyer.id, buyer.group_id));
    for live in discounts::live(read, venue.id, known, now)? {
        if !tab.asks.off.contains(&live.discount_id) {
            all.push(automatic(live));
        }
    }
    all.extend(tab.asks.wishes.iter().filter_map(manual));
    let typed: Vec<CouponId> = tab.asks.coupons().map(|(_, id)| id).collect();
    for coupon in coupons::standing(read, venue, &typed)? {
        let wishes = tab.asks.coupons();
        for (wish, _) in wishes.filter(|(_, id)| *id == coupon.id) {
            all.push(typed_code(wish, &coupon, buyer));
        }
    }
    if let Some(buyer) = buyer {
        for coupon in coupons::running(read, venue, buyer.id, now)? {
            if !typed.contains(&coupon.id) {
                all.push(running_code(&coupon));
            }
        }
    }
    count_uses(read, tab, buyer, &mut all)?;
    Ok(all)
}

/// A code of this order, with what its use counts against.
fn typed_code(wish: &Wish, coupon: &Coupon, buyer: Option<&Buyer>) -> Weighed {
    let mut candidate = Candidate {
        is_authorized: wish.authorized.is_some(),
        added: wish.added,
        ..coupon.candidate(&wish.id.to_string())
    };
    if coupon.needs_customer && buyer.is_none() {
        // Whatever the limits say, the engine then asks for the customer.
        candidate.customer_uses_left = Some(0);
    }
    Weighed {
        candidate,
        limits: vec![coupon.limits()],
    }
}

/// A code that goes on for its customer uses nothing up.
fn running_code(coupon: &Coupon) -> Weighed {
    Weighed {
        candidate: coupon.candidate(&coupon.id.to_string()),
        limits: Vec::new(),
    }
}

fn automatic(live: Live) -> Weighed {
    let subject = live.discount_id.to_string();
    let limits = Limits::of_rule(subject, live.max_total_uses, live.max_uses_per_customer);
    Weighed {
        candidate: Candidate::automatic(Rule::clone(&live.rule)),
        limits: limits.is_counted.then_some(limits).into_iter().collect(),
    }
}

/// A rule that was made up at the till.
fn manual(wish: &Wish) -> Option<Weighed> {
    let What::Manual { rule, lines } = &wish.what else {
        return None;
    };
    let candidate = Candidate {
        lines: lines.clone(),
        is_authorized: wish.authorized.is_some(),
        added: wish.added,
        ..Candidate::manual(wish.id.to_string(), rule.as_ref().clone())
    };
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
