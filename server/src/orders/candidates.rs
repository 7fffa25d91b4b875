//! Which rules wish to be applied to an order, and what each would use up.

use std::sync::Arc;

use engine::discount::{Candidate, Discount as Rule, Origin, PointsAsked, Scope, Type};
use engine::money::Currency;

use super::asks::{What, Wish};
use super::{Buyer, Tab};
use crate::coupons::{self, Coupon};
use crate::discounts::uses::{self, Limits, Used};
use crate::discounts::{self, DiscountPolicy, Live, OpenValue};
use crate::hall::error::Result;
use crate::hall::id::{CouponId, DiscountId};
use crate::hall::identity::Venue;
use crate::hall::store::Read;
use crate::loyalty;
use crate::tiers::Standing;

/// How the answers name the points that were taken off.
const POINTS: &str = "Points";

/// A candidate, with what it uses up where it is applied.
pub struct Weighed {
    pub candidate: Candidate,
    pub limits: Vec<Limits>,
    /// What its published rule says, where it is a comp.
    pub comp_reason: Option<String>,
}

impl Weighed {
    fn published(candidate: Candidate, live: &Live) -> Weighed {
        Weighed {
            candidate,
            limits: counted(rule_limits(live)),
            comp_reason: live.comp_reason.clone(),
        }
    }

    /// What no published rule stands behind uses nothing up.
    fn unpublished(candidate: Candidate) -> Weighed {
        Weighed {
            candidate,
            limits: Vec::new(),
            comp_reason: None,
        }
    }

    pub fn is_for_a_first_purchase(&self) -> bool {
        self.limits.iter().any(|limits| limits.first_purchase_only)
    }
}

/// Every rule that may be applied to the tab as it stands in memory, and the policy that it is applied by. The number
/// of statements is the same for any number of lines and rules.
pub fn gather(
    read: &mut Read,
    venue: &Venue,
    tab: &Tab,
    buyer: Option<&Buyer>,
) -> Result<(DiscountPolicy, Vec<Weighed>)> {
    let now = read.now();
    let mut all = Vec::new();
    let known = buyer.map(|buyer| (buyer.id, buyer.group_id));
    let (policy, live) = discounts::live(read, venue.id, known, now)?;
    for live in live {
        if !tab.asks.is_off(&live.discount_id.to_string()) {
            all.push(automatic(&live));
        }
    }
    all.extend(tab.asks.wishes.iter().filter_map(manual));
    let wished: Vec<CouponId> = tab.asks.coupons().map(|(_, id)| id).collect();
    let is_known = |id: &CouponId| tab.looked_up.iter().any(|code| code.id == *id);
    let others: Vec<CouponId> = wished.iter().copied().filter(|id| !is_known(id)).collect();
    let codes = coupons::standing(read, venue, &others)?;
    let running = match buyer {
        Some(buyer) => coupons::running(read, venue, buyer.id, now)?,
        None => Vec::new(),
    };
    let rules: Vec<DiscountId> = tab.asks.predefined().collect();
    let rules = discounts::published(read, venue.id, &rules)?;
    for wish in &tab.asks.wishes {
        match &wish.what {
            What::Predefined {
                discount_id,
                name,
                given,
            } => {
                let rule = rules.iter().find(|live| live.discount_id == *discount_id);
                all.push(picked(wish, rule, name, given.as_ref(), tab)?);
            }
            What::Coupon { coupon_id, .. } => {
                let of_it = |code: &&Coupon| code.id == *coupon_id;
                if let Some(code) = running.iter().find(of_it) {
                    all.push(typed_again(wish, code));
                } else if let Some(code) = codes.iter().chain(&tab.looked_up).find(of_it) {
                    all.push(typed_code(wish, code, buyer));
                }
            }
            What::Manual { .. } | What::Points { .. } => {}
        }
    }
    if let Some(buyer) = buyer {
        let tier = tier(&buyer.standing);
        all.extend(tier.filter(|one| !tab.asks.is_off(&one.candidate.id)));
    }
    if let Some((wish, points)) = tab.asks.points() {
        all.push(points_wished(read, venue, tab, buyer, wish, points)?);
    }
    let is_asked =
        |code: &&Coupon| !wished.contains(&code.id) && !tab.asks.is_off(&code.id.to_string());
    for code in running.iter().filter(is_asked) {
        all.push(running_code(code));
    }
    count_uses(read, tab, buyer, &mut all)?;
    Ok((policy, all))
}

/// A rule that staff picked. One that has ended since is weighed as what it is, so that the trace says so.
fn picked(
    wish: &Wish,
    live: Option<&Live>,
    name: &str,
    given: Option<&OpenValue>,
    tab: &Tab,
) -> Result<Weighed> {
    let rule = match live {
        Some(live) => live.valued(given, super::decide::currency(&tab.currency)?)?,
        None => Rule {
            name: name.to_owned(),
            is_active: false,
            ..Rule::new(wish.id.to_string(), Type::Percentage, Scope::Order)
        },
    };
    let candidate = Candidate::new(wish.id.to_string(), Origin::Predefined, rule);
    let candidate = wished(wish, candidate);
    Ok(match live {
        Some(live) => Weighed::published(candidate, live),
        None => Weighed::unpublished(candidate),
    })
}

/// A rule that staff might pick, as if somebody of rank stood by and gave the most that they may.
pub fn picked_alone(live: &Live, currency: Currency) -> Weighed {
    let candidate = Candidate {
        is_authorized: true,
        added: u32::MAX,
        ..Candidate::new(
            live.discount_id.to_string(),
            Origin::Predefined,
            live.at_most(currency),
        )
    };
    Weighed::published(candidate, live)
}

/// What the rule itself counts.
fn rule_limits(live: &Live) -> Limits {
    let subject = live.discount_id.to_string();
    Limits::of_rule(subject, live.max_total_uses, live.max_uses_per_customer)
}

fn counted(limits: Limits) -> Vec<Limits> {
    Vec::from_iter(limits.is_counted.then_some(limits))
}

/// A code of this order: its own uses count, and those of the rule behind it.
fn typed_code(wish: &Wish, code: &Coupon, buyer: Option<&Buyer>) -> Weighed {
    let mut candidate = wished(wish, code.candidate(&wish.id.to_string()));
    if code.needs_customer && buyer.is_none() {
        // Whatever the limits say, the engine then asks for the customer.
        candidate.customer_uses_left = Some(0);
    }
    let mut weighed = of_code(code, candidate);
    // Uses are held in this order: the code's own first.
    weighed.limits.insert(0, code.limits());
    weighed
}

/// A code that goes on for its customer uses nothing of itself up.
fn running_code(code: &Coupon) -> Weighed {
    of_code(code, code.candidate(&code.id.to_string()))
}

/// One that was typed though it goes on: the wish keeps its place, and it is no new use.
fn typed_again(wish: &Wish, code: &Coupon) -> Weighed {
    of_code(code, wished(wish, code.candidate(&wish.id.to_string())))
}

/// A candidate of the code, with what the rule behind it counts and says.
fn of_code(code: &Coupon, candidate: Candidate) -> Weighed {
    Weighed {
        candidate,
        limits: counted(code.rule_limits()),
        comp_reason: code.comp_reason.clone(),
    }
}

/// A candidate with what its wish adds.
fn wished(wish: &Wish, candidate: Candidate) -> Candidate {
    Candidate {
        is_authorized: wish.authorized.is_some(),
        added: wish.added,
        ..candidate
    }
}

fn automatic(live: &Live) -> Weighed {
    let candidate = Candidate::automatic(Arc::clone(&live.rule));
    Weighed::published(candidate, live)
}

/// The order discount of the guest's status.
fn tier(standing: &Standing) -> Option<Weighed> {
    let percent = standing.percent.filter(|percent| percent.scaled() > 0)?;
    let candidate = Candidate::tier(standing.tier_id.to_string(), percent);
    Some(Weighed::unpublished(candidate.named(&standing.name)))
}

/// Points that the guest wants to take off, as many as there are to spend.
fn points_wished(
    read: &mut Read,
    venue: &Venue,
    tab: &Tab,
    buyer: Option<&Buyer>,
    wish: &Wish,
    points: i64,
) -> Result<Weighed> {
    let order = tab.id.to_string();
    let candidate = match buyer {
        Some(buyer) => {
            let redeemable = loyalty::redeemable(read, venue, buyer.id, &order)?;
            let asked = PointsAsked {
                points,
                value: redeemable.value,
                points_min: redeemable.minimum,
                points_available: redeemable.available,
            };
            Candidate::points(wish.id.to_string(), asked)
        }
        None => Candidate {
            // Whatever is asked, the engine then asks for the customer.
            customer_uses_left: Some(0),
            ..Candidate::manual(
                wish.id.to_string(),
                Rule::new(wish.id.to_string(), Type::FixedAmount, Scope::Order),
            )
        },
    };
    Ok(Weighed::unpublished(candidate.named(POINTS)))
}

/// A rule that was made up at the till.
fn manual(wish: &Wish) -> Option<Weighed> {
    let What::Manual { rule, lines } = &wish.what else {
        return None;
    };
    let candidate = Candidate {
        lines: lines.clone(),
        ..Candidate::manual(wish.id.to_string(), rule.as_ref().clone())
    };
    Some(Weighed::unpublished(wished(wish, candidate)))
}

/// Tells each candidate how many uses are left to this order.
pub fn count_uses(
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
    for Weighed {
        candidate, limits, ..
    } in all
    {
        let (rule, code): (Vec<&Limits>, Vec<&Limits>) = limits
            .iter()
            .partition(|limits| limits.subject == *candidate.discount.id);
        if let Some(limits) = rule.first() {
            let used = of(limits);
            candidate.uses_left = Used::left(used.total, limits.total_max);
            let by_customer = Used::left(used.by_customer, limits.customer_max);
            candidate.customer_uses_left = by_customer.or(candidate.customer_uses_left);
        }
        if let (Some(limits), Some(coupon)) = (code.first(), &mut candidate.coupon) {
            let used = of(limits);
            coupon.uses_left = Used::left(used.total, limits.total_max);
            coupon.customer_uses_left = Used::left(used.by_customer, limits.customer_max);
        }
    }
    Ok(())
}
