//! What was asked of an order beside its lines: what staff gave, what the guest's codes and points give, and which
//! automatic discounts somebody took off. They stay while lines come and go; what no longer fits leaves.

use std::collections::BTreeMap;

use engine::discount::{Discount as Rule, LineShare};
use engine::id::CandidateId;
use engine::quote::{Evaluation, TraceEntry, Verdict};
use serde::{Deserialize, Serialize};

use super::holds::{HeldPoints, HeldUse};
use crate::discounts::OpenValue;
use crate::hall::access::Role;
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::id::{CouponId, DiscountId, OrderDiscountId, StaffId};

/// Discounts that one order may be asked to bear, beside the automatic ones.
pub const WISHES_MAX: usize = 30;
/// Discounts that nobody asked for and that were taken off one order.
pub const OFF_MAX: usize = 200;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Asks {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wishes: Vec<Wish>,
    /// What would be applied without asking and was taken off by hand: automatic discounts, the guest's tier, codes
    /// that go on. They stay off until somebody asks for them by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub off: Vec<CandidateId>,
    /// How the answers name each discount that the order bears, by its candidate in the engine.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ids: BTreeMap<String, OrderDiscountId>,
    /// Why the guest pays nothing, where no wish says it: by the candidate.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub comp_reasons: BTreeMap<String, String>,
    /// The uses that the order holds, as they were last settled.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<HeldUse>,
    /// The points that it holds, and whose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points_held: Option<HeldPoints>,
    /// 1, 2, 3 … : the earlier wish stays where two exclude each other.
    pub added: u32,
}

/// A discount that somebody asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wish {
    pub id: OrderDiscountId,
    pub added: u32,
    pub what: What,
    /// As the audit log names them.
    pub applied_by: String,
    /// Why, where the guest pays nothing for what was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorized: Option<Authorized>,
    /// Whether somebody of rank had to stand by, whatever its rule says: the chain's policy for comps.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_bound: bool,
}

/// Who of rank stood by, with their own PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authorized {
    pub staff: StaffId,
    pub rank: Role,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "SCREAMING_SNAKE_CASE",
    rename_all_fields = "camelCase"
)]
pub enum What {
    /// A published rule that staff picked; `given` is the value of an open one.
    Predefined {
        discount_id: DiscountId,
        name: String,
        given: Option<OpenValue>,
    },
    /// A rule made up at the till, for the lines that were pointed at or the whole order.
    Manual {
        rule: Box<Rule>,
        lines: Vec<LineShare>,
    },
    Coupon {
        coupon_id: CouponId,
        code: String,
    },
    Points {
        points: i64,
    },
}

impl Asks {
    /// Takes the wish in, after those that are there.
    ///
    /// # Errors
    /// `Conflict(AlreadyDone)` where the order bears the same rule or code already.
    pub fn add(&mut self, mut wish: Wish) -> Result<()> {
        if self.wishes.len() >= WISHES_MAX {
            let detail = format!(
                "An order bears at most {WISHES_MAX} discounts that were asked for; take one off."
            );
            return Err(Error::Refused(Code::DiscountRefused, Extra::saying(detail)));
        }
        if matches!(wish.what, What::Points { .. }) {
            self.wishes
                .retain(|other| !matches!(other.what, What::Points { .. }));
        }
        if let Some(other) = self.wishes.iter().find(|other| other.is_same(&wish)) {
            let extra = Extra::saying("The order bears this discount already.")
                .with("orderDiscountId", other.id.to_string());
            return Err(Error::Conflict(Code::AlreadyDone, extra));
        }
        self.added += 1;
        wish.added = self.added;
        self.wishes.push(wish);
        Ok(())
    }

    /// Takes off what nobody asked for, until it is asked for by name.
    pub fn put_off(&mut self, candidate: impl Into<CandidateId>) {
        let candidate = candidate.into();
        if !self.is_off(&candidate) {
            self.off.push(candidate);
        }
    }

    pub fn put_back(&mut self, candidate: &str) {
        self.off.retain(|off| off.as_str() != candidate);
    }

    pub fn is_off(&self, candidate: &str) -> bool {
        self.off.iter().any(|off| off.as_str() == candidate)
    }

    /// Takes off the discount that goes by this candidate, whether somebody asked for it or not.
    pub fn take_off(&mut self, candidate: &str) {
        let mut wishes = self.wishes.iter();
        let Some(place) = wishes.position(|wish| wish.id.to_string() == candidate) else {
            return self.put_off(candidate);
        };
        match self.wishes.remove(place).what {
            // Typed without a use of its own it goes on, and would come back by itself.
            What::Coupon { coupon_id, .. } if !self.holds(&coupon_id.to_string()) => {
                self.put_off(coupon_id.to_string());
            }
            _ => {}
        }
    }

    /// Whether the order holds a use of this rule or code.
    pub fn holds(&self, subject: &str) -> bool {
        self.held.iter().any(|one| one.limits.subject == subject)
    }

    pub fn find(&self, candidate: &str) -> Option<&Wish> {
        let mut wishes = self.wishes.iter();
        wishes.find(|wish| wish.id.to_string() == candidate)
    }

    /// Lets go of the wishes that the evaluation did not grant, and gives their entries of the trace.
    pub fn drop_refused(&mut self, evaluation: &Evaluation) -> Vec<TraceEntry> {
        let refused = |wish: &Wish| {
            let id = wish.id.to_string();
            let mut trace = evaluation.trace.iter();
            trace.find(|entry| *entry.candidate_id == *id && entry.verdict == Verdict::Rejected)
        };
        let dropped = self.wishes.iter().filter_map(refused).cloned().collect();
        self.wishes.retain(|wish| refused(wish).is_none());
        dropped
    }

    pub fn coupons(&self) -> impl Iterator<Item = (&Wish, CouponId)> {
        self.wishes.iter().filter_map(|wish| match wish.what {
            What::Coupon { coupon_id, .. } => Some((wish, coupon_id)),
            _ => None,
        })
    }

    /// The points that the guest wants to take off.
    pub fn points(&self) -> Option<(&Wish, i64)> {
        self.wishes.iter().find_map(|wish| match wish.what {
            What::Points { points } => Some((wish, points)),
            _ => None,
        })
    }

    pub fn predefined(&self) -> impl Iterator<Item = DiscountId> {
        self.wishes.iter().filter_map(|wish| match wish.what {
            What::Predefined { discount_id, .. } => Some(discount_id),
            _ => None,
        })
    }
}

impl Wish {
    /// Whether both ask for one and the same thing; what is made up at the till is always another.
    fn is_same(&self, other: &Wish) -> bool {
        match (&self.what, &other.what) {
            (
                What::Predefined {
                    discount_id: one, ..
                },
                What::Predefined {
                    discount_id: two, ..
                },
            ) => one == two,
            (What::Coupon { coupon_id: one, .. }, What::Coupon { coupon_id: two, .. }) => {
                one == two
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Asks;

    /// As orders of before have it: discounts alone were taken off, and no wish says what bound it.
    #[test]
    fn what_was_stored_before_is_read_as_ever() {
        let rule = "dis_01kab4bqf8e1ftz0c6hqp2v9xw";
        let stored = format!(
            r#"{{"wishes": [{{"id": "odi_01kab4bqf8e1ftz0c6hqp2v9xw", "added": 1, "what": {{"kind": "POINTS", "points": 100}},
                "appliedBy": "staff:x"}}], "off": ["{rule}"], "added": 1}}"#
        );
        let asks: Asks = serde_json::from_str(&stored).expect("it is read");
        assert!(asks.is_off(rule) && !asks.wishes[0].is_bound);
        assert_eq!(asks.points().map(|(_, points)| points), Some(100));
    }
}
