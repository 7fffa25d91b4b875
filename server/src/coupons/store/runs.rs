use jiff::Timestamp;

use crate::hall::error::Result;
use crate::hall::id::{CouponId, CustomerId};
use crate::hall::store::Tx;
use crate::params;

/// The condition is the guard: of two payments of one customer the first opens the run.
pub fn open(
    tx: &mut Tx,
    coupon: CouponId,
    customer: CustomerId,
    purchase: &str,
    at: Timestamp,
    until: Option<Timestamp>,
) -> Result<()> {
    tx.exec(
        "insert into coupon_runs (tenant_id, customer_id, coupon_id, purchase_id, opened_at, until_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (tenant_id, customer_id, coupon_id) do update set
           purchase_id = excluded.purchase_id, opened_at = excluded.opened_at, until_at = excluded.until_at,
           closed_at = null
           where coupon_runs.closed_at is not null or coupon_runs.until_at <= excluded.opened_at",
        params![customer, coupon, purchase, at, until],
    )
    .map(|_| ())
}

pub fn close(tx: &mut Tx, purchase: &str) -> Result<()> {
    let now = tx.now();
    tx.exec(
        "update coupon_runs set closed_at = $3
         where tenant_id = $1 and purchase_id = $2 and closed_at is null",
        params![purchase, now],
    )
    .map(|_| ())
}
