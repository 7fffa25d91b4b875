//! A rule that asks to be applied to one order, with what this order adds to it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Discount, Scope, Type};
use crate::id::{CandidateId, CustomerId, LineId};
use crate::money::{Money, Percent, PointValue, Quantity};
use crate::window::{Bound, Window};

/// How a rule came to this order; it decides when its turn is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Origin {
    /// Applied without asking, by itself or because of who the customer is.
    Automatic,
    Tier,
    Coupon,
    /// A published rule that staff picked.
    Predefined,
    /// Made up at the till.
    Manual,
    /// A loyalty reward or its voucher.
    Reward,
    Points,
}

impl Origin {
    /// Rewards and points are taken last, outside stacking.
    pub fn is_last(self) -> bool {
        matches!(self, Self::Reward | Self::Points)
    }
}

/// A part of the order that staff pointed at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LineShare {
    pub line_id: LineId,
    /// None means the whole line.
    pub quantity: Option<Quantity>,
}

/// What a code adds to its rule; what it leaves out, the rule decides.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Coupon {
    pub code: String,
    pub min_purchase_amount: Option<Money>,
    pub valid_from: Option<Bound>,
    pub valid_until: Option<Bound>,
    pub customer_id: Option<CustomerId>,
    #[serde(default)]
    pub first_purchase_only: bool,
    /// Uses of the code that are neither held nor final; None is without limit. This order's own hold
    /// counts as left.
    pub uses_left: Option<u32>,
    pub customer_uses_left: Option<u32>,
}

/// Points that a guest wants to take off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PointsAsked {
    pub points: i64,
    pub value: PointValue,
    pub points_min: i64,
    /// Balance less what is held elsewhere.
    pub points_available: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    pub id: CandidateId,
    pub origin: Origin,
    /// Shared: whoever weighs it for many orders holds it once.
    pub discount: Arc<Discount>,
    /// Empty means wherever the rule reaches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<LineShare>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coupon: Option<Box<Coupon>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<PointsAsked>,
    pub is_authorized: bool,
    /// Uses of the rule that are neither held nor final; None is without limit. This order's own hold
    /// counts as left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses_left: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_uses_left: Option<u32>,
    /// 1, 2, 3 … as codes, rules and manual discounts were added to the order: the earlier one stays.
    pub added: u32,
}

impl Candidate {
    pub fn new(
        id: impl Into<CandidateId>,
        origin: Origin,
        discount: impl Into<Arc<Discount>>,
    ) -> Self {
        Self {
            id: id.into(),
            origin,
            discount: discount.into(),
            lines: Vec::new(),
            coupon: None,
            points: None,
            is_authorized: false,
            uses_left: None,
            customer_uses_left: None,
            added: 0,
        }
    }

    /// A published rule that is applied without asking; it goes by its own id.
    pub fn automatic(discount: impl Into<Arc<Discount>>) -> Self {
        let discount = discount.into();
        let id = CandidateId::from(discount.id.as_str());
        Self::new(id, Origin::Automatic, discount)
    }

    pub fn coupon(
        id: impl Into<CandidateId>,
        discount: impl Into<Arc<Discount>>,
        coupon: Coupon,
    ) -> Self {
        Self {
            coupon: Some(Box::new(coupon)),
            ..Self::new(id, Origin::Coupon, discount)
        }
    }

    /// A discount made up at the till; such ones are stackable.
    pub fn manual(id: impl Into<CandidateId>, discount: Discount) -> Self {
        Self::new(
            id,
            Origin::Manual,
            Discount {
                is_stackable: true,
                ..discount
            },
        )
    }

    /// Under another name in answers.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.discount).name = name.into();
        self
    }

    /// The order discount of a status tier.
    pub fn tier(id: impl Into<CandidateId>, percent: Percent) -> Self {
        let id = id.into();
        let rule = Discount::percentage(id.as_str(), Scope::Tier, percent);
        Self::new(
            id.as_str(),
            Origin::Tier,
            Discount {
                is_stackable: true,
                ..rule
            },
        )
    }

    pub fn points(id: impl Into<CandidateId>, asked: PointsAsked) -> Self {
        let id = id.into();
        let rule = Discount::new(id.as_str(), Type::Points, Scope::Order);
        Self {
            points: Some(asked),
            ..Self::new(id.as_str(), Origin::Points, rule)
        }
    }

    pub(crate) fn window(&self) -> Window {
        let mut window = self.discount.window();
        if let Some(coupon) = &self.coupon {
            window.valid_from = coupon.valid_from.or(window.valid_from);
            window.valid_until = coupon.valid_until.or(window.valid_until);
        }
        window
    }

    pub(crate) fn min_purchase_amount(&self) -> Option<Money> {
        let of_code = self
            .coupon
            .as_ref()
            .and_then(|coupon| coupon.min_purchase_amount);
        of_code.or(self.discount.min_purchase_amount)
    }

    /// Comps leave before everything else, rewards and points come after it.
    pub(crate) fn turn(&self) -> Turn {
        if self.origin.is_last() {
            Turn::Last
        } else if self.discount.kind == Type::Comp {
            Turn::First
        } else {
            Turn::Stacked
        }
    }

    /// The order of the walk: automatic, customer group and named, tier, coupons, manual, rewards, points.
    pub(crate) fn rank(&self) -> u8 {
        match self.origin {
            Origin::Automatic if self.discount.is_automatic || !self.discount.names_customers() => {
                0
            }
            Origin::Automatic => 1,
            Origin::Tier => 2,
            Origin::Coupon => 3,
            Origin::Predefined | Origin::Manual => 4,
            Origin::Reward => 5,
            Origin::Points => 6,
        }
    }

    pub(crate) fn is_stackable(&self) -> bool {
        self.discount.is_stackable || matches!(self.origin, Origin::Manual | Origin::Tier)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Turn {
    First,
    Stacked,
    Last,
}
