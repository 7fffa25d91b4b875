//! Vouchers: personal codes for one use, as rewards give them.

use engine::window::Bound;
use jiff::Timestamp;

use super::terms::Terms;
use super::{code, numbers, store};
use crate::hall::error::{Error, Result};
use crate::hall::id::{CouponId, CustomerId, DiscountId};
use crate::hall::store::Tx;

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
