//! A candidate as it is kept with the order that it was weighed for. Of a published rule its version is kept and
//! not its text: the version never changes, and an order that weighed a hundred rules would carry a hundred texts.

use std::sync::Arc;

use engine::discount::{Candidate, Coupon, Discount as Rule, LineShare, Origin, PointsAsked};
use engine::id::CandidateId;
use engine::money::{Money, Percent};
use serde::{Deserialize, Serialize};

use crate::hall::id::DiscountId;

/// The version of a published rule.
pub type Version = (DiscountId, u32);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    pub id: CandidateId,
    pub origin: Origin,
    /// The whole rule where none was published: made up at the till, a tier's benefit, points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    discount: Option<Arc<Rule>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    published: Option<Published>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lines: Vec<LineShare>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    coupon: Option<Box<Coupon>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<PointsAsked>,
    #[serde(default, skip_serializing_if = "is_default")]
    is_authorized: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uses_left: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    customer_uses_left: Option<u32>,
    #[serde(default, skip_serializing_if = "is_default")]
    added: u32,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Which version it was, and what is asked of it without looking it up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Published {
    /// None where the candidate goes by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<DiscountId>,
    version: u32,
    name: String,
    #[serde(default, skip_serializing_if = "is_default")]
    requires_approval: bool,
    /// Its code was paused by then, or its discount archived: the version does not say so.
    #[serde(default, skip_serializing_if = "is_default")]
    is_over: bool,
    /// What staff gave an open one; else as the version has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    percent: Option<Percent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    amount: Option<Money>,
}

impl Recorded {
    pub fn of(candidate: Candidate) -> Recorded {
        let rule = candidate.discount;
        let (discount, published) = match rule.id.parse() {
            Ok(id) => {
                let published = Published {
                    id: (*candidate.id != *rule.id).then_some(id),
                    version: rule.version,
                    name: rule.name.clone(),
                    requires_approval: rule.requires_approval,
                    is_over: !rule.is_active,
                    percent: rule.percent,
                    amount: rule.amount,
                };
                (None, Some(published))
            }
            Err(_) => (Some(rule), None),
        };
        Recorded {
            id: candidate.id,
            origin: candidate.origin,
            discount,
            published,
            lines: candidate.lines,
            coupon: candidate.coupon,
            points: candidate.points,
            is_authorized: candidate.is_authorized,
            uses_left: candidate.uses_left,
            customer_uses_left: candidate.customer_uses_left,
            added: candidate.added,
        }
    }

    /// The candidate again; `rule` knows the versions of published rules. None where it knows not this one.
    pub fn again(&self, rule: impl FnOnce(Version) -> Option<Rule>) -> Option<Candidate> {
        let discount = match (&self.discount, &self.published) {
            (Some(own), _) => Arc::clone(own),
            (None, Some(of)) => {
                let rule = rule(self.version()?)?;
                Arc::new(Rule {
                    percent: of.percent,
                    amount: of.amount,
                    is_active: rule.is_active && !of.is_over,
                    ..rule
                })
            }
            (None, None) => return None,
        };
        Some(Candidate {
            lines: self.lines.clone(),
            coupon: self.coupon.clone(),
            points: self.points,
            is_authorized: self.is_authorized,
            uses_left: self.uses_left,
            customer_uses_left: self.customer_uses_left,
            added: self.added,
            ..Candidate::new(self.id.as_str(), self.origin, discount)
        })
    }

    /// The published rule that it is, if it is one.
    pub fn version(&self) -> Option<Version> {
        let of = self.published.as_ref()?;
        let id = of.id.or_else(|| self.id.parse().ok())?;
        Some((id, of.version))
    }

    /// By which the trace names its rule.
    pub fn rule_id(&self) -> engine::id::DiscountId {
        match (&self.discount, &self.published) {
            (Some(own), _) => own.id.clone(),
            (None, Some(Published { id: Some(id), .. })) => id.to_string().into(),
            (None, _) => self.id.as_str().into(),
        }
    }

    pub fn rule_version(&self) -> u32 {
        let own = self.discount.as_ref().map(|rule| rule.version);
        let published = self.published.as_ref().map(|of| of.version);
        own.or(published).unwrap_or_default()
    }

    /// Whether what it bears is of its version; an open one bears the figure that staff gave it.
    pub fn fits(&self, rule: &Rule) -> bool {
        let is_open = rule.percent.is_none() && rule.amount.is_none();
        self.published.as_ref().is_some_and(|of| {
            of.name == rule.name
                && of.requires_approval == rule.requires_approval
                && (is_open || (of.percent == rule.percent && of.amount == rule.amount))
        })
    }

    pub fn name(&self) -> &str {
        let own = self.discount.as_ref().map(|rule| rule.name.as_str());
        let published = self.published.as_ref().map(|of| of.name.as_str());
        own.or(published).unwrap_or_default()
    }

    pub fn requires_approval(&self) -> bool {
        let own = self.discount.as_ref().map(|rule| rule.requires_approval);
        let published = self.published.as_ref().map(|of| of.requires_approval);
        own.or(published).unwrap_or(false)
    }

    /// Whether it is of the rule that goes by this id.
    pub fn is_of(&self, rule: &str) -> bool {
        match (&self.discount, &self.published) {
            (Some(own), _) => own.id.as_str() == rule,
            (None, Some(Published { id: Some(id), .. })) => rule.parse() == Ok(*id),
            (None, _) => self.id.as_str() == rule,
        }
    }
}
