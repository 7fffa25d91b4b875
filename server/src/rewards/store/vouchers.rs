//! Every statement on vouchers.

use jiff::Timestamp;

use crate::hall::error::{Error, OnViolation as _, Result};
use crate::hall::id::{CustomerId, VoucherId};
use crate::hall::page::{COUNT_MAX, Page, Paging};
use crate::hall::store::{Read, Row, Tx, json};
use crate::params;
use crate::rewards::vouchers::Issued;

/// # Errors
/// `Again` where the cause has issued one meanwhile.
pub fn insert(tx: &mut Tx, issued: &Issued) -> Result<()> {
    tx.exec(
        "insert into vouchers (tenant_id, voucher_id, customer_id, reward_id, coupon_id, cause_kind, cause_id, points,
           gives, issued_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        params![
            issued.id,
            issued.customer,
            issued.reward,
            issued.coupon,
            &issued.cause_kind,
            &issued.cause_id,
            issued.points,
            json(&issued.gives)?,
            issued.issued_at,
            issued.expires_at
        ],
    )
    .map(|_| ())
    .on_unique(|| Error::Again("the cause has issued a voucher meanwhile".into()))
}

/// # Errors
/// `Again` where somebody cancelled it meanwhile.
pub fn cancel(tx: &mut Tx, id: VoucherId) -> Result<()> {
    let cancelled = tx.exec(
        "update vouchers set cancelled_at = $3 where tenant_id = $1 and voucher_id = $2 and cancelled_at is null",
        params![id, tx.now()],
    )?;
    if cancelled == 1 {
        Ok(())
    } else {
        Err(Error::Again("the voucher was cancelled meanwhile".into()))
    }
}

pub fn find(read: &mut Read, customer: CustomerId, id: VoucherId) -> Result<Option<Issued>> {
    let row = read.first(
        "select voucher_id, customer_id, reward_id, coupon_id, cause_kind, cause_id, points, gives, issued_at,
           expires_at, cancelled_at
         from vouchers where tenant_id = $1 and voucher_id = $3 and customer_id = $2",
        params![customer, id],
    )?;
    row.as_ref().map(issued).transpose()
}

pub fn of_cause(
    read: &mut Read,
    customer: CustomerId,
    kind: &str,
    id: &str,
) -> Result<Option<Issued>> {
    let row = read.first(
        "select voucher_id, customer_id, reward_id, coupon_id, cause_kind, cause_id, points, gives, issued_at,
           expires_at, cancelled_at
         from vouchers where tenant_id = $1 and customer_id = $2 and cause_kind = $3 and cause_id = $4",
        params![customer, kind, id],
    )?;
    row.as_ref().map(issued).transpose()
}

/// How often a cause has given a voucher.
pub struct Turns {
    pub given: i64,
    /// Not cancelled: at most one.
    pub live: i64,
}

/// Of the cause, and of its further turns `id/2`, `id/3` and so on; `0` is the sign after `/`.
pub fn turns(read: &mut Read, customer: CustomerId, kind: &str, id: &str) -> Result<Turns> {
    let row = read.one(
        "select count(*), coalesce(cast(sum(case when cancelled_at is null then 1 else 0 end) as bigint), 0)
         from vouchers where tenant_id = $1 and customer_id = $2 and cause_kind = $3
           and cause_id >= $4 and cause_id < $5",
        params![customer, kind, id, format!("{id}0")],
    )?;
    Ok(Turns {
        given: row.get(0)?,
        live: row.get(1)?,
    })
}

pub const PAGE: &str =
    "select voucher_id, customer_id, reward_id, coupon_id, cause_kind, cause_id, points, gives, issued_at, expires_at,
       cancelled_at
     from vouchers where tenant_id = $1 and customer_id = $2 and voucher_id < $3
     order by voucher_id desc limit $4 offset $5";

/// After every id.
const LAST: &str = "vci";

/// A customer's, the newest first: ids sort by time.
pub fn list(read: &mut Read, customer: CustomerId, paging: &Paging) -> Result<Page<Issued>> {
    let after: Option<String> = paging.after()?;
    let counted = match after {
        Some(_) => None,
        None => Some(count(read, customer)?),
    };
    let before = after.as_deref().unwrap_or(LAST);
    let rows = read.query(
        PAGE,
        params![customer, before, paging.limit(), paging.offset()],
    )?;
    let items = rows.iter().map(issued).collect::<Result<Vec<_>>>()?;
    Ok(Page::of(paging, items, counted, |last| last.id))
}

fn count(read: &mut Read, customer: CustomerId) -> Result<u64> {
    let limit = i64::try_from(COUNT_MAX + 1).unwrap_or(i64::MAX);
    let row = read.one(
        "select count(*) from (select 1 from vouchers where tenant_id = $1 and customer_id = $2 limit $3) as counted",
        params![customer, limit],
    )?;
    u64::try_from(row.get::<i64>(0)?).map_err(Error::bug)
}

pub const READY: &str =
    "select voucher_id, customer_id, reward_id, coupon_id, cause_kind, cause_id, points, gives, issued_at, expires_at,
       cancelled_at
     from vouchers where tenant_id = $1 and customer_id = $2 and cancelled_at is null
       and (expires_at is null or expires_at > $3)
       and not exists (select 1 from uses u where u.tenant_id = vouchers.tenant_id
         and u.subject_id = vouchers.coupon_id and u.state <> 'RELEASED')
       and not exists (select 1 from coupons c where c.tenant_id = vouchers.tenant_id
         and c.coupon_id = vouchers.coupon_id and c.archived_at is not null)
     order by case when expires_at is null then 1 else 0 end, expires_at, voucher_id limit $4";

/// Neither cancelled nor over, used, held or deleted; the soonest to end first.
pub fn ready(
    read: &mut Read,
    customer: CustomerId,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Issued>> {
    let rows = read.query(READY, params![customer, now, limit])?;
    rows.iter().map(issued).collect()
}

fn issued(row: &Row) -> Result<Issued> {
    Ok(Issued {
        id: row.get(0)?,
        customer: row.get(1)?,
        reward: row.get(2)?,
        coupon: row.get(3)?,
        cause_kind: row.get(4)?,
        cause_id: row.get(5)?,
        points: row.get(6)?,
        gives: row.json(7)?,
        issued_at: row.get(8)?,
        expires_at: row.get(9)?,
        cancelled_at: row.get(10)?,
    })
}
