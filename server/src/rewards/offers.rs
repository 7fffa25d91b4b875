//! What a guest may have for points, and what is missing.

use serde::Serialize;
use utoipa::ToSchema;

use super::redeem::is_open;
use super::vouchers::Gives;
use super::{Reward, RewardKind, sentence, store};
use crate::customers;
use crate::discounts::OpenValue;
use crate::hall::call::Reply;
use crate::hall::error::Result;
use crate::hall::id::{CustomerId, ProductId, RewardId, VenueId};
use crate::hall::store::Read;
use crate::loyalty;

/// A reward as one guest sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Offer {
    pub reward_id: RewardId,
    #[schema(example = "Five off")]
    pub name: String,
    pub kind: RewardKind,
    /// A percentage as a decimal, or an amount.
    pub value: Option<OpenValue>,
    pub product_id: Option<ProductId>,
    /// In the guest's language.
    #[schema(example = "5.00 EUR off")]
    pub gives: String,
    #[schema(example = 400)]
    pub points_cost: i64,
    /// Where its voucher is good; empty is every venue of the chain.
    pub venue_ids: Vec<VenueId>,
    /// How many are left of it, for this guest and in all; `null` where there is no limit.
    #[schema(example = 3)]
    pub left: Option<i64>,
    /// Whether the guest can have it now.
    #[schema(example = false)]
    pub affordable: bool,
    /// Points that are missing; 0 where there are enough.
    #[schema(example = 70)]
    pub missing: i64,
    /// In the guest's language.
    #[schema(example = "70 points are missing.")]
    pub sentence: String,
}

impl Reply for Offer {}

/// How often a reward was given, in all and to the guest who looks.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Given {
    pub total: i64,
    pub to_guest: i64,
}

/// Every reward that is on offer now, the cheapest first.
pub fn offers(read: &mut Read, customer: CustomerId) -> Result<Vec<Offer>> {
    let guest = customers::find(read, customer)?;
    let language = sentence::language_of(read, &guest)?;
    let available = loyalty::spendable(read, customer)?;
    let mut open = Vec::new();
    if !loyalty::effective(read, None)?.active {
        return Ok(open);
    }
    for (reward, given) in store::live(read, customer)? {
        if is_open(read, None, &reward)?.is_err() {
            continue;
        }
        let gives = Gives::of(&reward);
        let left = left(&reward, given);
        let missing = (reward.points_cost - available).max(0);
        let has_left = left.is_none_or(|left| left > 0);
        open.push(Offer {
            reward_id: reward.id,
            kind: reward.kind,
            value: reward.value,
            product_id: reward.product_id,
            gives: sentence::gives(&gives, language),
            points_cost: reward.points_cost,
            venue_ids: reward.venue_ids,
            left,
            affordable: has_left && missing == 0,
            missing,
            sentence: sentence::offer(has_left, missing, reward.points_cost, language),
            name: reward.name,
        });
    }
    Ok(open)
}

fn left(reward: &Reward, given: Given) -> Option<i64> {
    let limits = &reward.limits;
    let of_all = limits
        .max_total_uses
        .map(|most| (i64::from(most) - given.total).max(0));
    let of_guest = limits
        .max_uses_per_customer
        .map(|most| (i64::from(most) - given.to_guest).max(0));
    [of_all, of_guest].into_iter().flatten().min()
}
