//! Codes that go on: opened by the first paid use, closed again when that sale is wholly given back.

use jiff::Timestamp;

use super::store;
use crate::hall::error::Result;
use crate::hall::id::{CouponId, CustomerId};
use crate::hall::identity::Venue;
use crate::hall::store::Tx;

/// The purchase that used the code is paid: a code that goes on is open for the customer from now on. One that is
/// open already stays as it is.
pub fn first_paid(
    tx: &mut Tx,
    venue: &Venue,
    coupon: CouponId,
    customer: CustomerId,
    purchase: &str,
    at: Timestamp,
) -> Result<()> {
    let terms = store::terms_of(tx, coupon)?;
    match terms.runs_until(at, venue)? {
        Some(until) => store::runs::open(tx, coupon, customer, purchase, at, until),
        None => Ok(()),
    }
}

/// The purchase is wholly given back: what it opened is closed.
pub fn undone(tx: &mut Tx, purchase: &str) -> Result<()> {
    store::runs::close(tx, purchase)
}
