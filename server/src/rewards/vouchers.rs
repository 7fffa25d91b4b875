//! Vouchers as guests and staff see them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Reward, RewardKind, sentence, store};
use crate::coupons::{self, PersonalCode};
use crate::customers;
use crate::discounts::OpenValue;
use crate::hall::call::Reply;
use crate::hall::error::{Error, Result};
use crate::hall::id::{CouponId, CustomerId, ProductId, RewardId, VoucherId};
use crate::hall::page::{Page, Paging};
use crate::hall::store::Read;

/// Why a voucher is issued.
#[derive(Debug, Clone)]
pub(super) struct Cause {
    pub kind: &'static str,
    pub id: String,
    pub points: i64,
}

impl Cause {
    /// A redemption is a cause of its own, each time.
    pub fn points(voucher: VoucherId, points: i64) -> Cause {
        Cause {
            kind: "points",
            id: voucher.to_string(),
            points,
        }
    }
}

/// What a voucher gives, fixed when it is issued.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Gives {
    pub name: String,
    pub kind: RewardKind,
    pub value: Option<OpenValue>,
    pub product_id: Option<ProductId>,
    /// The product, or the discount, as it is called then.
    pub of: Option<String>,
}

impl Gives {
    pub fn of(reward: &Reward) -> Gives {
        Gives {
            name: reward.name.clone(),
            kind: reward.kind,
            value: reward.value.clone(),
            product_id: reward.product_id,
            of: reward.of.clone(),
        }
    }
}

/// A voucher as its row says.
#[derive(Debug, Clone)]
pub(super) struct Issued {
    pub id: VoucherId,
    pub customer: CustomerId,
    pub reward: RewardId,
    pub coupon: CouponId,
    pub cause_kind: String,
    pub cause_id: String,
    pub points: i64,
    pub gives: Gives,
    pub issued_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub cancelled_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VoucherStatus {
    /// It can be used.
    Ready,
    /// An open order has it.
    Held,
    Used,
    Expired,
    Cancelled,
}

/// A code for one use by one customer.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Voucher {
    pub id: VoucherId,
    pub customer_id: CustomerId,
    pub reward_id: RewardId,
    /// What is typed at the till.
    #[schema(example = "7Q2MX4TZ9KHB")]
    pub code: String,
    /// The reward as it was called.
    #[schema(example = "Five off")]
    pub name: String,
    pub kind: RewardKind,
    /// A percentage as a decimal, or an amount.
    pub value: Option<OpenValue>,
    pub product_id: Option<ProductId>,
    /// In the customer's language.
    #[schema(example = "5.00 EUR off")]
    pub gives: String,
    /// What it cost; 0 where a rule granted it.
    #[schema(example = 400)]
    pub points: i64,
    /// `points`, `tier`, `streak`, …
    #[schema(example = "points")]
    pub cause_kind: String,
    pub status: VoucherStatus,
    /// Whether a paid order has used it.
    pub used: bool,
    pub used_at: Option<Timestamp>,
    /// The order that holds or used it.
    #[schema(example = json!(null))]
    pub order_id: Option<String>,
    pub issued_at: Timestamp,
    /// `null`: it does not end.
    pub expires_at: Option<Timestamp>,
    pub cancelled_at: Option<Timestamp>,
}

impl Reply for Voucher {}

/// A customer's vouchers, the newest first.
pub fn vouchers(read: &mut Read, customer: CustomerId, paging: &Paging) -> Result<Page<Voucher>> {
    let page = store::vouchers::list(read, customer, paging)?;
    let shown = shown(read, customer, &page.items)?;
    let mut shown = shown.into_iter();
    let page = page.map(|_| shown.next());
    page.try_map(|voucher| voucher.ok_or_else(|| Error::bug("a voucher was not shown")))
}

/// How many `ready` ones are shown at once.
const READY_MAX: i64 = 100;

/// Those that the customer can use now, the soonest to end first: a hundred.
pub fn ready(read: &mut Read, customer: CustomerId) -> Result<Vec<Voucher>> {
    let now = read.now();
    let found = store::vouchers::ready(read, customer, now, READY_MAX)?;
    shown(read, customer, &found)
}

pub(super) fn one(read: &mut Read, issued: &Issued) -> Result<Voucher> {
    let all = shown(read, issued.customer, std::slice::from_ref(issued))?;
    all.into_iter()
        .next()
        .ok_or_else(|| Error::bug("a voucher was not shown"))
}

/// Three statements more, whatever their number.
fn shown(read: &mut Read, customer: CustomerId, issued: &[Issued]) -> Result<Vec<Voucher>> {
    if issued.is_empty() {
        return Ok(Vec::new());
    }
    let guest = customers::find(read, customer)?;
    let language = sentence::language_of(read, &guest)?;
    let coupons: Vec<CouponId> = issued.iter().map(|one| one.coupon).collect();
    let personal = coupons::personal(read, &coupons)?;
    let now = read.now();
    let all = issued.iter().map(|one| {
        let found = personal.get(&one.coupon).cloned().unwrap_or_default();
        let used = found.used.as_ref();
        let by = used.filter(|_| one.cancelled_at.is_none());
        Voucher {
            id: one.id,
            customer_id: one.customer,
            reward_id: one.reward,
            code: found.code.clone(),
            name: one.gives.name.clone(),
            kind: one.gives.kind,
            value: one.gives.value.clone(),
            product_id: one.gives.product_id,
            gives: sentence::gives(&one.gives, language),
            points: one.points,
            cause_kind: one.cause_kind.clone(),
            status: status(one, &found, now),
            used: by.is_some_and(|used| used.is_final),
            used_at: by.and_then(|used| used.ended_at),
            order_id: by.map(|used| used.purchase.clone()),
            issued_at: one.issued_at,
            expires_at: one.expires_at,
            cancelled_at: one.cancelled_at,
        }
    });
    Ok(all.collect())
}

/// A code that somebody deleted is of no more use than one that was cancelled.
fn status(one: &Issued, code: &PersonalCode, now: Timestamp) -> VoucherStatus {
    match &code.used {
        _ if one.cancelled_at.is_some() => VoucherStatus::Cancelled,
        Some(used) if used.is_final => VoucherStatus::Used,
        Some(_) => VoucherStatus::Held,
        None if code.is_deleted => VoucherStatus::Cancelled,
        None if one.expires_at.is_some_and(|ends| ends <= now) => VoucherStatus::Expired,
        None => VoucherStatus::Ready,
    }
}
