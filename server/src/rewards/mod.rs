//! Rewards: what points are given for, and the vouchers that come of it.
//!
//! A reward stands on a rule that nobody sees and no till offers (`discounts::create_hidden`), or on a discount that
//! it names. Redeeming spends its points and issues a voucher: a personal code for one use with an end of its own
//! (`coupons::issue_personal`). Rules grant one without points, once for each cause (`grant`), or
//! once more where the first was cancelled (`grant_anew`). What a voucher gives is
//! fixed when it is issued: a change of the value puts another rule behind the vouchers to come.
//!
//! A voucher is `READY` → `HELD` by an open order → `USED`, and ready again where the order is void or wholly
//! refunded; or `EXPIRED`; or `CANCELLED` by staff or by the refund of what it was granted for, while nobody uses it.
//! Limits count redemptions that stand, by a statement that knows them.
//!
//! Keeps L08, L23, L25 and L27. Absent on purpose: a limit on what rules grant, since each cause grants once.

mod check;
mod laws;
mod offers;
mod redeem;
mod routes;
mod rule;
mod sentence;
mod store;
#[cfg(test)]
mod tests;
mod vouchers;

use axum::http::HeaderValue;
use engine::window::Bound;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use offers::{Offer, offers};
pub use redeem::{
    Grant, cancel, cancel_granted, cancel_newest, grant, grant_anew, is_given, redeem,
};
pub use vouchers::{Voucher, VoucherStatus, ready, vouchers};

use crate::discounts::OpenValue;
use crate::hall::call::Reply;
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::etag;
use crate::hall::id::{DiscountId, ProductId, RewardId, VenueId};
use crate::hall::journal::EventType;
use crate::hall::page::{Page, Paging};
use crate::hall::patch::Change;
use crate::hall::room::Room;
use crate::hall::store::{Read, Tx};

pub const ROOM: Room = Room {
    name: "rewards",
    routes: routes::routes,
    laws: laws::ALL,
    ..Room::EMPTY
};

/// Each live one is offered to each guest who looks.
const LIVE_MAX: i64 = 200;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RewardKind {
    /// `value` is an amount: off the order, or off `productId` alone.
    AmountOff,
    /// `value` is a percentage: of the order, or of `productId` alone.
    PercentOff,
    /// One unit of `productId` for nothing; no `value`.
    FreeItem,
    /// A code for the discount that `discountId` names, with all that it asks for; or, without one, off the order
    /// what `value` says, be it an amount or a percentage.
    Voucher,
}

/// How often and when a reward is given for points; what is left out does not bind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RewardLimits {
    /// Redemptions in all; a cancelled one counts no longer.
    #[schema(example = 500)]
    pub max_total_uses: Option<u32>,
    #[schema(example = 2)]
    pub max_uses_per_customer: Option<u32>,
    /// A day of business, or an instant.
    #[schema(value_type = Option<String>, example = "2026-06-01")]
    pub valid_from: Option<Bound>,
    /// A day is included; an instant is not.
    #[schema(value_type = Option<String>, example = "2026-08-31")]
    pub valid_until: Option<Bound>,
    /// How long a voucher is good after it was issued; without it, it does not end.
    #[schema(example = 90)]
    pub voucher_days: Option<u32>,
}

/// A reward as a manager writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditReward {
    #[schema(example = "Five off")]
    pub name: String,
    #[schema(example = 400)]
    pub points_cost: i64,
    pub kind: RewardKind,
    /// A percentage as a decimal, or an amount, as `kind` says.
    #[schema(example = json!({"amount": 500, "currency": "EUR"}))]
    pub value: Option<OpenValue>,
    /// What is free, or what alone gets cheaper.
    #[schema(example = json!(null))]
    pub product_id: Option<ProductId>,
    /// The discount that a `VOUCHER` is for.
    #[schema(example = json!(null))]
    pub discount_id: Option<DiscountId>,
    #[serde(default)]
    pub limits: RewardLimits,
    /// Where staff give it and its vouchers are good; empty is the venue of the path, or every venue of the chain.
    #[serde(default)]
    #[schema(example = json!([]))]
    pub venue_ids: Vec<VenueId>,
    /// Whether it is on offer for points. A rule that promises it gives it also while it is not.
    #[serde(default = "yes")]
    #[schema(example = true)]
    pub active: bool,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reward {
    pub id: RewardId,
    #[schema(example = "Five off")]
    pub name: String,
    #[schema(example = 400)]
    pub points_cost: i64,
    pub kind: RewardKind,
    /// A percentage as a decimal, or an amount.
    pub value: Option<OpenValue>,
    pub product_id: Option<ProductId>,
    pub discount_id: Option<DiscountId>,
    pub limits: RewardLimits,
    /// Empty is every venue of the chain.
    pub venue_ids: Vec<VenueId>,
    pub active: bool,
    /// Redemptions that stand.
    #[schema(example = 17)]
    pub current_uses: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    #[schema(example = 1)]
    pub version: i64,
    /// What its vouchers go by.
    #[serde(skip)]
    rule_id: DiscountId,
    /// The product, or the discount, as it is called now.
    #[serde(skip)]
    of: Option<String>,
}

impl Reply for Reward {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

impl EditReward {
    /// The command that would make the reward as it is.
    fn of(reward: &Reward) -> EditReward {
        EditReward {
            name: reward.name.clone(),
            points_cost: reward.points_cost,
            kind: reward.kind,
            value: reward.value.clone(),
            product_id: reward.product_id,
            discount_id: reward.discount_id,
            limits: reward.limits.clone(),
            venue_ids: reward.venue_ids.clone(),
            active: reward.active,
        }
    }
}

/// A new reward; `venue` is where it was made, or `None` for the chain.
pub fn create(tx: &mut Tx, venue: Option<VenueId>, ask: &EditReward) -> Result<Reward> {
    let ask = check::checked(tx, venue, None, ask)?;
    refuse_crowd(tx, ask.active)?;
    let id: RewardId = tx.new_id();
    let rule = rule::publish(tx, &ask)?;
    store::insert(tx, id, rule, &ask)?;
    store::replace_venues(tx, id, &ask.venue_ids)?;
    let made = find(tx, venue, id)?;
    tx.emit(EventType::RewardPublished, venue, &made)?;
    tx.audit_new("reward.create", id, &made)?;
    Ok(made)
}

pub fn find(read: &mut Read, venue: Option<VenueId>, id: RewardId) -> Result<Reward> {
    store::find(read, venue, id)?.ok_or(Error::NotFound("reward"))
}

/// Those that are not archived, by name: at the venue, or in the chain.
pub fn list(read: &mut Read, venue: Option<VenueId>, paging: &Paging) -> Result<Page<Reward>> {
    store::list(read, venue, paging)
}

/// Vouchers that are out keep what they give. Other venues are theirs too, while the value is the one they came with.
pub fn edit(
    tx: &mut Tx,
    venue: Option<VenueId>,
    id: RewardId,
    if_match: Option<&HeaderValue>,
    change: &Change<EditReward>,
) -> Result<Reward> {
    let before = own(tx, venue, id)?;
    etag::honour(if_match, before.version)?;
    let was = EditReward::of(&before);
    let ask = check::checked(tx, venue, Some(&was), &change.onto(&was)?)?;
    refuse_crowd(tx, ask.active && !before.active)?;
    let rule = rule::follow(tx, before.rule_id, &was, &ask)?;
    store::update(tx, &before, rule, &ask)?;
    store::replace_venues(tx, id, &ask.venue_ids)?;
    let after = find(tx, venue, id)?;
    tx.emit(EventType::RewardPublished, venue, &after)?;
    tx.audit("reward.edit", id, Some(&before), Some(&after))?;
    Ok(after)
}

/// Nobody gets the reward any more, by points or by a rule. Its vouchers stay good.
pub fn archive(
    tx: &mut Tx,
    venue: Option<VenueId>,
    id: RewardId,
    if_match: Option<&HeaderValue>,
) -> Result<()> {
    let before = own(tx, venue, id)?;
    etag::honour(if_match, before.version)?;
    store::archive(tx, id)?;
    tx.emit(EventType::RewardPublished, venue, &before)?;
    tx.audit("reward.archive", id, Some(&before), None::<&()>)
}

/// For a change: a reward of other venues too is not this venue's to change.
fn own(tx: &mut Tx, venue: Option<VenueId>, id: RewardId) -> Result<Reward> {
    let found = find(tx, venue, id)?;
    match venue {
        Some(venue) if found.venue_ids != [venue] => {
            let said = "The reward is given at other venues too: change it under /api/v1/chain/loyalty/rewards.";
            Err(Error::Refused(Code::MethodUnavailable, Extra::saying(said)))
        }
        _ => Ok(found),
    }
}

fn refuse_crowd(tx: &mut Tx, is_one_more: bool) -> Result<()> {
    if is_one_more && store::count_live(tx)? >= LIVE_MAX {
        let said = format!("The chain has {LIVE_MAX} live rewards: archive or pause one first.");
        return Err(Error::Refused(Code::MethodUnavailable, Extra::saying(said)));
    }
    Ok(())
}
