use jiff::Timestamp;

use crate::coupons::batches::CouponBatch;
use crate::coupons::show::written;
use crate::coupons::terms::Terms;
use crate::hall::error::Result;
use crate::hall::id::{CouponBatchId, CouponId, VenueId};
use crate::hall::store::{Read, Row, Tx};
use crate::params;

/// A batch whose codes are not all made.
pub struct Wanted {
    pub id: CouponBatchId,
    pub prefix: String,
    pub code_length: i64,
    pub quantity: i64,
    pub made: i64,
    /// The next number: numbers of codes that existed already are left out.
    pub numbered: i64,
}

const SELECT: &str = "select b.batch_id, b.discount_id, b.venue_id, b.prefix, b.code_length, b.quantity, b.made,
    b.terms, b.created_at, b.done_at
  from coupon_batches b
  where b.tenant_id = $1 and b.batch_id = $2 and b.code_length is not null
    and (cast($3 as text) is null or exists (select 1 from discount_venues v where v.tenant_id = b.tenant_id
      and v.discount_id = b.discount_id and v.venue_id in ('*', $3)))";

pub fn find(
    read: &mut Read,
    venue: Option<VenueId>,
    id: CouponBatchId,
) -> Result<Option<CouponBatch>> {
    let row = read.first(SELECT, params![id, venue])?;
    row.as_ref().map(batch).transpose()
}

fn batch(row: &Row) -> Result<CouponBatch> {
    let terms: Terms = row.json(7)?;
    let done_at: Option<Timestamp> = row.get(9)?;
    Ok(CouponBatch {
        id: row.get(0)?,
        discount_id: row.get(1)?,
        venue_id: row.get(2)?,
        prefix: row.get(3)?,
        code_length: row.get(4)?,
        quantity: row.get(5)?,
        made: row.get(6)?,
        max_uses: terms.max_uses,
        max_uses_per_customer: terms.max_uses_per_customer,
        min_purchase_amount: terms.min_purchase_amount,
        valid_from: terms.valid_from,
        valid_until: terms.valid_until,
        first_purchase_only: terms.first_purchase_only,
        duration: terms.duration,
        duration_months: terms.duration_months,
        created_at: row.get(8)?,
        done_at,
    })
}

/// What the code is written with.
pub fn prefix_of(read: &mut Read, coupon: CouponId) -> Result<String> {
    read.one(
        "select b.prefix from coupons c
         join coupon_batches b on b.tenant_id = c.tenant_id and b.batch_id = c.batch_id
         where c.tenant_id = $1 and c.coupon_id = $2",
        params![coupon],
    )?
    .get(0)
}

/// How many codes of this shape were asked for so far.
pub fn quantity_of(read: &mut Read, prefix: &str, code_length: i64) -> Result<i64> {
    read.one(
        "select coalesce(cast(sum(quantity) as bigint), 0) from coupon_batches
         where tenant_id = $1 and prefix = $2 and code_length = $3",
        params![prefix, code_length],
    )?
    .get(0)
}

/// The oldest batch that wants codes.
pub fn wanted(read: &mut Read) -> Result<Option<Wanted>> {
    let row = read.first(
        "select batch_id, prefix, code_length, quantity, made, numbered from coupon_batches
         where tenant_id = $1 and done_at is null order by batch_id limit 1",
        params![],
    )?;
    let wanted = row.map(|row| {
        Ok(Wanted {
            id: row.get(0)?,
            prefix: row.get(1)?,
            code_length: row.get(2)?,
            quantity: row.get(3)?,
            made: row.get(4)?,
            numbered: row.get(5)?,
        })
    });
    wanted.transpose()
}

/// So many more are made. The numbers in the `where` are the guard: of two jobs that took the same ones, one counts.
pub fn advance(tx: &mut Tx, batch: &Wanted, numbered: i64, made: i64) -> Result<bool> {
    let done_at = (batch.made + made == batch.quantity).then_some(tx.now());
    let advanced = tx.exec(
        "update coupon_batches set numbered = numbered + $4, made = made + $5, done_at = $6
         where tenant_id = $1 and batch_id = $2 and numbered = $3",
        params![batch.id, batch.numbered, numbered, made, done_at],
    )?;
    Ok(advanced == 1)
}

/// Codes of the batch behind `after`, as they are written.
pub fn codes(
    read: &mut Read,
    prefix: &str,
    (after, last): (&str, CouponId),
    limit: i64,
) -> Result<Vec<(String, String)>> {
    let rows = read.query(
        "select coupon_id, code, shown from coupons
         where tenant_id = $1 and coupon_id > $2 and coupon_id <= $3 and archived_at is null
         order by coupon_id limit $4",
        params![after, last, limit],
    )?;
    let codes = rows.iter().map(|row| {
        let code = written(&row.get::<String>(1)?, row.get(2)?, prefix);
        Ok((row.get(0)?, code))
    });
    codes.collect()
}
