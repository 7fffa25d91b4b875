//! Every statement on codes, their batches and runs. Discounts and their venues are only read here.

pub mod apply;
pub mod batches;
pub mod lists;
pub mod runs;

use std::fmt::Write as _;

use super::numbers;
use super::terms::Terms;
use crate::hall::error::{Error, OnViolation as _, Result};
use crate::hall::id::{CouponBatchId, CouponId, CustomerId, DiscountId, VenueId};
use crate::hall::store::{Read, Tx, Value, json};
use crate::params;

/// Terms, and the codes that have them.
#[derive(Debug, Clone)]
pub struct Batch<'a> {
    pub id: CouponBatchId,
    pub discount: DiscountId,
    pub customer: Option<CustomerId>,
    /// Where it was made; `None` is the chain.
    pub venue: Option<VenueId>,
    pub terms: &'a Terms,
    pub prefix: &'a str,
    /// Random characters of each code; `None` where a person chose it.
    pub code_length: Option<i64>,
    pub quantity: i64,
    /// Of the quantity; the rest is made by the job.
    pub made: i64,
    pub first: CouponId,
    pub last: CouponId,
}

impl Batch<'_> {
    /// Of one code, which is made with it.
    pub fn of_one(id: CouponBatchId, discount: DiscountId, terms: &Terms) -> Result<Batch<'_>> {
        let only = numbers::coupon(id, 0)?;
        Ok(Batch {
            id,
            discount,
            customer: None,
            venue: None,
            terms,
            prefix: "",
            code_length: None,
            quantity: 1,
            made: 1,
            first: only,
            last: only,
        })
    }
}

pub fn insert_batch(tx: &mut Tx, batch: &Batch<'_>) -> Result<()> {
    let now = tx.now();
    tx.exec(
        "insert into coupon_batches (tenant_id, batch_id, discount_id, customer_id, venue_id, terms, max_uses,
           max_uses_per_customer, prefix, code_length, quantity, made, numbered, first_coupon_id, last_coupon_id,
           created_at, done_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13, $14, $15, $16)",
        params![
            batch.id,
            batch.discount,
            batch.customer,
            batch.venue,
            json(batch.terms)?,
            batch.terms.max_uses,
            batch.terms.max_uses_per_customer,
            batch.prefix,
            batch.code_length,
            batch.quantity,
            batch.made,
            batch.first,
            batch.last,
            now,
            (batch.made == batch.quantity).then_some(now)
        ],
    )
    .map(|_| ())
}

/// A code that a person chose; `shown` is how they wrote it, where that is not how it is kept.
pub fn insert(
    tx: &mut Tx,
    batch: &Batch<'_>,
    code: &str,
    shown: Option<&str>,
    is_active: bool,
) -> Result<()> {
    let paused = (!is_active).then_some(tx.now());
    tx.exec(
        "insert into coupons (tenant_id, coupon_id, batch_id, code, shown, paused_at) values ($1, $2, $3, $4, $5, $6)",
        params![batch.first, batch.id, code, shown, paused],
    )
    .on_unique(super::taken)
    .map(|_| ())
}

/// The version in the `where` is the guard: of two edits of one version one is stale.
pub fn update(tx: &mut Tx, id: CouponId, version: i64, is_active: bool) -> Result<()> {
    let paused = (!is_active).then_some(tx.now());
    let changed = tx.exec(
        "update coupons set version = version + 1,
           paused_at = case when cast($4 as bigint) is null then null
             else coalesce(paused_at, cast($4 as bigint)) end
         where tenant_id = $1 and coupon_id = $2 and version = $3 and archived_at is null",
        params![id, version, paused],
    )?;
    if changed == 0 {
        Err(Error::Stale)
    } else {
        Ok(())
    }
}

/// Other terms for a code that has its own; `false` where it shares them with its batch.
///
/// The limits are held against what is used already: less cannot be promised after.
pub fn update_terms(
    tx: &mut Tx,
    coupon: CouponId,
    customer: Option<CustomerId>,
    terms: &Terms,
) -> Result<bool> {
    let changed = tx.exec(
        "update coupon_batches set terms = $3, max_uses = $4, max_uses_per_customer = $5, customer_id = $6
         where tenant_id = $1 and first_coupon_id = $2 and last_coupon_id = $2
           and batch_id = (select c.batch_id from coupons c where c.tenant_id = $1 and c.coupon_id = $2)",
        params![
            coupon,
            json(terms)?,
            terms.max_uses,
            terms.max_uses_per_customer,
            customer
        ],
    )?;
    Ok(changed == 1)
}

/// The code leaves its batch for one of its own.
pub fn split(tx: &mut Tx, coupon: CouponId, batch: &Batch<'_>) -> Result<()> {
    insert_batch(tx, batch)?;
    tx.exec(
        "update coupons set batch_id = $3 where tenant_id = $1 and coupon_id = $2",
        params![coupon, batch.id],
    )
    .map(|_| ())
}

/// The most uses that anybody has of the code: in all, and of one customer.
pub fn most_used(read: &mut Read, coupon: CouponId) -> Result<(i64, i64)> {
    let row = read.one(
        "select coalesce(max(case when customer_id = '' then uses end), 0),
           coalesce(max(case when customer_id <> '' then uses end), 0)
         from use_counts where tenant_id = $1 and subject_id = $2",
        params![coupon],
    )?;
    Ok((row.get(0)?, row.get(1)?))
}

pub fn archive(tx: &mut Tx, id: CouponId) -> Result<()> {
    let now = tx.now();
    tx.exec(
        "update coupons set archived_at = $3, version = version + 1
         where tenant_id = $1 and coupon_id = $2 and archived_at is null",
        params![id, now],
    )
    .map(|_| ())
}

/// Codes as they were drawn, numbered from `first` on; those that exist already are left out. Says how many are new.
pub fn insert_made(tx: &mut Tx, batch: CouponBatchId, first: i64, codes: &[String]) -> Result<u64> {
    let mut values: Vec<Value> = Vec::with_capacity(1 + 2 * codes.len());
    values.push(batch.into());
    for (code, number) in codes.iter().zip(first..) {
        values.push(numbers::coupon(batch, number)?.into());
        values.push(code.into());
    }
    tx.exec(&insert_text(codes.len()), &values)
        // Another job has taken the numbers meanwhile: run again, this one sees what it counted.
        .on_unique(|| Error::Again("the numbers of the batch moved".into()))
}

/// The statement that takes so many codes: two values each, behind the batch.
pub fn insert_text(rows: usize) -> String {
    let mut sql =
        String::from("insert into coupons (tenant_id, batch_id, coupon_id, code) values ");
    for row in 0..rows {
        let comma = if row == 0 { "" } else { "," };
        // Writing to a string does not fail.
        let _ = write!(sql, "{comma}($1,$2,${},${})", 3 + 2 * row, 4 + 2 * row);
    }
    sql.push_str(" on conflict (tenant_id, code) where archived_at is null do nothing");
    sql
}

/// The terms that a code has now.
pub fn terms_of(read: &mut Read, coupon: CouponId) -> Result<Terms> {
    let row = read.first(
        "select b.terms from coupons c
         join coupon_batches b on b.tenant_id = c.tenant_id and b.batch_id = c.batch_id
         where c.tenant_id = $1 and c.coupon_id = $2",
        params![coupon],
    )?;
    row.ok_or(Error::NotFound("coupon"))?.json(0)
}
