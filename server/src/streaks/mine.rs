//! All that loyalty is to one guest, on one page.

use serde::Serialize;
use utoipa::ToSchema;

use super::{StreakProgress, progress};
use crate::hall::call::Reply;
use crate::hall::error::Result;
use crate::hall::id::CustomerId;
use crate::hall::store::Read;
use crate::loyalty::{self, Lot, NextToExpire};
use crate::rewards::{self, Offer, Voucher};
use crate::tiers::{self, Progress};

/// My points, my tier, my streaks, what I may have and what I have.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MyLoyalty {
    pub customer_id: CustomerId,
    /// Open lots less debt.
    #[schema(example = 694)]
    pub points: i64,
    /// What people are shown: where the program hides a debt, nothing is below zero.
    #[schema(example = 694)]
    pub points_shown: i64,
    /// Points that were spent before a refund took them back; what comes in pays them first.
    #[schema(example = 0)]
    pub debt: i64,
    /// By open orders.
    #[schema(example = 100)]
    pub held: i64,
    /// What the next order or reward can take.
    #[schema(example = 594)]
    pub available: i64,
    /// What ends next, and when; `null` where nothing ends.
    pub next_to_expire: Option<NextToExpire>,
    /// What a balance below zero means; `null` while it is not.
    #[schema(example = json!(null))]
    pub sentence: Option<String>,
    /// The first thousand.
    pub lots: Vec<Lot>,
    pub tier: Progress,
    pub streaks: Vec<StreakProgress>,
    /// On offer for points, the cheapest first.
    pub rewards: Vec<Offer>,
    /// Those that can be used now, the soonest to end first: a hundred.
    pub vouchers: Vec<Voucher>,
}

impl Reply for MyLoyalty {}

pub fn mine(read: &mut Read, customer: CustomerId) -> Result<MyLoyalty> {
    let balance = loyalty::own_balance(read, customer)?;
    Ok(MyLoyalty {
        customer_id: customer,
        points: balance.points,
        points_shown: balance.points_shown,
        debt: balance.debt,
        held: balance.held,
        available: balance.available,
        next_to_expire: balance.next_to_expire,
        sentence: balance.sentence,
        lots: balance.lots,
        tier: tiers::progress(read, customer)?,
        streaks: progress(read, customer)?,
        rewards: rewards::offers(read, customer)?,
        vouchers: rewards::ready(read, customer)?,
    })
}
