//! Points that open orders hold.

use jiff::Timestamp;

use crate::hall::error::{Error, OnViolation as _, Result};
use crate::hall::id::CustomerId;
use crate::hall::store::{Read, Row, Tx};
use crate::params;

/// What a purchase holds, of whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    pub customer: CustomerId,
    pub points: i64,
}

fn hold(row: &Row) -> Result<Hold> {
    Ok(Hold {
        customer: row.get(0)?,
        points: row.get(1)?,
    })
}

pub fn find(read: &mut Read, purchase: &str) -> Result<Option<Hold>> {
    let row = read.first(
        "select customer_id, points from points_holds where tenant_id = $1 and purchase_id = $2",
        params![purchase],
    )?;
    row.as_ref().map(hold).transpose()
}

/// # Errors
/// `Again` where the purchase got a hold meanwhile.
pub fn insert(tx: &mut Tx, purchase: &str, hold: Hold, until: Option<Timestamp>) -> Result<()> {
    tx.exec(
        "insert into points_holds (tenant_id, purchase_id, customer_id, points, held_until)
         values ($1, $2, $3, $4, $5)",
        params![purchase, hold.customer, hold.points, until],
    )
    .map(|_| ())
    .on_unique(|| Error::Again("the order got another hold meanwhile".into()))
}

/// # Errors
/// `Again` where the hold is not as it was.
pub fn change(
    tx: &mut Tx,
    purchase: &str,
    was: Hold,
    points: i64,
    until: Option<Timestamp>,
) -> Result<()> {
    let changed = tx.exec(
        "update points_holds set points = $5, held_until = $6
         where tenant_id = $1 and purchase_id = $2 and customer_id = $3 and points = $4",
        params![purchase, was.customer, was.points, points, until],
    )?;
    if changed == 1 {
        Ok(())
    } else {
        Err(Error::Again("the order's hold changed meanwhile".into()))
    }
}

pub fn set_until(tx: &mut Tx, purchase: &str, until: Timestamp) -> Result<()> {
    tx.queue(
        "update points_holds set held_until = $3 where tenant_id = $1 and purchase_id = $2",
        params![purchase, until],
    )
}

/// Ends the hold, and says what it was: whoever ends it gives the points back, and nobody else does.
pub fn end(tx: &mut Tx, purchase: &str) -> Result<Option<Hold>> {
    let row = tx.first(
        "delete from points_holds where tenant_id = $1 and purchase_id = $2 returning customer_id, points",
        params![purchase],
    )?;
    row.as_ref().map(hold).transpose()
}

/// As [`end`], where its time is over.
pub fn end_lapsed(tx: &mut Tx, purchase: &str, now: Timestamp) -> Result<Option<Hold>> {
    let row = tx.first(
        "delete from points_holds where tenant_id = $1 and purchase_id = $2 and held_until <= $3
         returning customer_id, points",
        params![purchase, now],
    )?;
    row.as_ref().map(hold).transpose()
}

pub const LAPSED: &str = "select purchase_id, customer_id from points_holds
     where tenant_id = $1 and held_until is not null and held_until <= $2 order by held_until limit $3";

/// Purchases whose hold is over, and whose points they hold.
pub fn lapsed(read: &mut Read, now: Timestamp, limit: i64) -> Result<Vec<(String, CustomerId)>> {
    let rows = read.query(LAPSED, params![now, limit])?;
    rows.iter()
        .map(|row| Ok((row.get(0)?, row.get(1)?)))
        .collect()
}
