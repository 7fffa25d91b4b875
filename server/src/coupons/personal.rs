//! Vouchers: personal codes for one use, as rewards give them.

use std::collections::HashMap;

use engine::window::Bound;
use jiff::Timestamp;

use super::terms::Terms;
use super::{code, find, numbers, store};
use crate::discounts::uses::{self, Limits, Purchase};
use crate::hall::error::{Error, Result};
use crate::hall::id::{CouponId, CustomerId, DiscountId};
use crate::hall::journal::EventType;
use crate::hall::store::{Read, Tx};

/// What a voucher is issued for.
#[derive(Debug, Clone)]
pub struct Personal {
    /// A published rule, which may be hidden: one per reward, not per voucher.
    pub discount: DiscountId,
    pub customer: CustomerId,
    pub expires_at: Option<Timestamp>,
    /// The id of the reward; its vouchers are taken last.
    pub reward: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voucher {
    pub id: CouponId,
    pub code: String,
}

/// 60 random bits: nobody guesses one, even without a limiter.
const LENGTH: usize = 12;
/// Two equal draws of 60 bits are a broken source of randomness.
const TRIES: usize = 3;

/// A code for this customer and one use.
pub fn issue_personal(tx: &mut Tx, ask: &Personal) -> Result<Voucher> {
    let terms = Terms {
        max_uses: Some(1),
        valid_until: ask.expires_at.map(Bound::Instant),
        reward_id: ask.reward.clone(),
        ..Terms::default()
    };
    let batch = store::Batch {
        customer: Some(ask.customer),
        ..store::Batch::of_one(numbers::new_batch(tx), ask.discount, &terms)?
    };
    store::insert_batch(tx, &batch)?;
    for _ in 0..TRIES {
        let code = code::generate(tx.entropy(), "", LENGTH, 1).remove(0);
        if store::insert_made(tx, batch.id, 0, std::slice::from_ref(&code))? == 1 {
            let id = batch.first;
            tx.audit_new("coupon.issue", id, &terms)?;
            return Ok(Voucher { id, code });
        }
    }
    Err(Error::bug("random codes repeat themselves"))
}

/// A personal code as it stands.
#[derive(Debug, Clone, Default)]
pub struct PersonalCode {
    pub code: String,
    /// Nobody can type it any more.
    pub is_deleted: bool,
    pub used: Option<PersonalUse>,
}

/// The purchase that has it.
#[derive(Debug, Clone)]
pub struct PersonalUse {
    pub purchase: String,
    pub is_final: bool,
    pub ended_at: Option<Timestamp>,
}

/// Each of the codes, and who has it; two statements, whatever their number.
pub fn personal(read: &mut Read, ids: &[CouponId]) -> Result<HashMap<CouponId, PersonalCode>> {
    let mut all = store::lists::personal(read, ids)?;
    let subjects: Vec<String> = ids.iter().map(ToString::to_string).collect();
    for used in uses::live_of(read, &subjects)? {
        let id: CouponId = used.subject.parse().map_err(Error::bug)?;
        if let Some(code) = all.get_mut(&id) {
            code.used = Some(PersonalUse {
                purchase: used.purchase,
                is_final: used.is_final,
                ended_at: used.ended_at,
            });
        }
    }
    Ok(all)
}

/// Takes a code for one use out of the world, unless an order has it: `by` uses it up, so that no order that bears it
/// can, and nobody can type it. Whether it could.
pub fn withdraw(tx: &mut Tx, id: CouponId, by: &Purchase) -> Result<bool> {
    let limits = Limits {
        subject: id.to_string(),
        total_max: Some(1),
        customer_max: None,
        first_purchase_only: false,
        is_counted: true,
    };
    if uses::hold(tx, by, &limits)?.is_err() {
        return Ok(false);
    }
    uses::finish(tx, by, &limits.subject, 0)?;
    let before = find(tx, None, id)?;
    store::archive(tx, id)?;
    let after = find(tx, None, id)?;
    tx.emit(EventType::CouponUpdated, None, &after)?;
    tx.audit("coupon.withdraw", id, Some(&before), Some(&after))?;
    Ok(true)
}
