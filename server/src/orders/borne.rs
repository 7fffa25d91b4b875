//! The discounts that an order bears, as their rows are written and as the answers show them.

use engine::discount::Origin;
use engine::quote::Applied;

use super::Tab;
use super::asks::{Authorized, What, Wish};
use super::recorded::Recorded;
use crate::discounts::OpenValue;
use crate::hall::error::{Error, Result};
use crate::hall::id::{CouponId, DiscountId, OrderDiscountId};

pub struct Borne<'a> {
    pub id: OrderDiscountId,
    pub origin: Origin,
    pub applied: &'a Applied,
    /// The published rule and its version; none where it was made up for this order.
    pub discount: Option<(DiscountId, u32)>,
    pub coupon: Option<CouponId>,
    pub amount: i64,
    /// What staff gave an open discount: basis points or minor units.
    pub given: Option<i64>,
    /// Why the guest pays nothing, on a comp.
    pub comp_reason: Option<&'a str>,
    /// Whether somebody of rank had to stand by.
    pub is_bound: bool,
    pub applied_by: &'a str,
    pub authorized: Option<Authorized>,
}

/// Who applied what nobody asked for.
const NOBODY: &str = "rule";

impl Tab {
    /// As whoever gave it said, else as its rule says, else what the rule is called.
    fn comp_reason<'a>(
        &'a self,
        applied: &Applied,
        wish: Option<&'a Wish>,
        candidate: &'a Recorded,
    ) -> &'a str {
        let said = wish.and_then(|wish| wish.reason.as_deref());
        let of_rule = self.asks.comp_reasons.get(applied.candidate_id.as_str());
        said.or(of_rule.map(String::as_str))
            .unwrap_or_else(|| candidate.name())
    }

    /// In the order in which they were taken.
    pub fn borne(&self) -> Result<Vec<Borne<'_>>> {
        let applied = self.decided.evaluation.discounts.iter();
        applied.map(|applied| self.one_borne(applied)).collect()
    }

    fn one_borne<'a>(&'a self, applied: &'a Applied) -> Result<Borne<'a>> {
        let mut candidates = self.decided.candidates.iter();
        let candidate = candidates
            .find(|one| one.id == applied.candidate_id)
            .ok_or_else(|| Error::bug("a discount was applied that was not weighed"))?;
        let wish = self.asks.find(&applied.candidate_id);
        let id = self.asks.ids.get(applied.candidate_id.as_str()).copied();
        let published = applied.discount_id.parse().ok();
        Ok(Borne {
            id: id.ok_or_else(|| Error::bug("a discount of an order has no id"))?,
            origin: applied.origin,
            applied,
            discount: published.map(|id| (id, applied.version)),
            // A code that goes on is its own candidate.
            coupon: wish.map_or_else(|| applied.candidate_id.parse().ok(), coupon_of),
            amount: applied.amount,
            given: wish.and_then(given_of),
            comp_reason: is_comp(applied).then(|| self.comp_reason(applied, wish, candidate)),
            is_bound: candidate.requires_approval() || wish.is_some_and(|wish| wish.is_bound),
            applied_by: wish.map_or(NOBODY, |wish| &wish.applied_by),
            authorized: wish.and_then(|wish| wish.authorized),
        })
    }
}

/// A reward's free item was paid for with points: nobody comped it.
pub fn is_comp(applied: &Applied) -> bool {
    applied.is_comp && applied.origin != Origin::Reward
}

fn coupon_of(wish: &Wish) -> Option<CouponId> {
    match wish.what {
        What::Coupon { coupon_id, .. } => Some(coupon_id),
        _ => None,
    }
}

fn given_of(wish: &Wish) -> Option<i64> {
    match &wish.what {
        What::Predefined { given, .. } => given.as_ref().map(OpenValue::scaled),
        _ => None,
    }
}
