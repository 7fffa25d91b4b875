//! Ids of codes: those of one batch are its own id with a number in the last 20 bits, so that a batch is one range of
//! the key and a code needs no column, and no index, to say where it came from.

use uuid::Uuid;

use crate::hall::error::{Error, Result};
use crate::hall::id::{CouponBatchId, CouponId, Id as _, parse};
use crate::hall::store::Tx;

/// Numbers of one batch: four characters of base32.
pub const NUMBERS: u128 = 1 << 20;

pub fn new_batch(tx: &Tx) -> CouponBatchId {
    let uuid = tx.entropy().uuid(tx.now()).as_u128();
    CouponBatchId::from_uuid(Uuid::from_u128(uuid & !(NUMBERS - 1)))
}

/// The id of the batch's code of this number.
///
/// # Errors
/// `Bug` for a number that the batch does not have.
pub fn coupon(batch: CouponBatchId, number: i64) -> Result<CouponId> {
    let number = u128::try_from(number).map_err(Error::bug)?;
    if number >= NUMBERS {
        return Err(Error::bug(format!("{batch} has no number {number}")));
    }
    let base = parse(&batch.to_string(), CouponBatchId::PREFIX).map_err(Error::bug)?;
    Ok(CouponId::from_uuid(Uuid::from_u128(
        base.as_u128() | number,
    )))
}

/// The first and last id that codes of the batch can have.
pub fn range(batch: CouponBatchId) -> Result<(CouponId, CouponId)> {
    let last = i64::try_from(NUMBERS - 1).map_err(Error::bug)?;
    Ok((coupon(batch, 0)?, coupon(batch, last)?))
}
