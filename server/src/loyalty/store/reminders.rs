//! Lots whose owners are told of their end.

use jiff::Timestamp;

use crate::hall::error::{Error, Result};
use crate::hall::filter::places;
use crate::hall::id::CustomerId;
use crate::hall::store::{Read, Tx, Value};
use crate::params;

/// Which lots a reminder is for, and which reminder comes after it.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// What the lots that make it due say comes next.
    pub reminder_days: i64,
    /// Lots of the same owners that say at least this go with them.
    pub least_days: i64,
    /// Their end, from here on.
    pub from: Timestamp,
    /// And before here.
    pub until: Timestamp,
    pub then: i64,
}

pub const DUE: &str = "select distinct customer_id from (
       select customer_id from points_lots
       where tenant_id = $1 and open > 0 and expires_at is not null and reminder_days > 0
         and reminder_days = $2 and expires_at >= $3 and expires_at < $4
       order by expires_at limit $5) as due";

/// Whose lots end first, of so many lots.
pub fn due(read: &mut Read, window: Window, limit: i64) -> Result<Vec<CustomerId>> {
    let rows = read.query(
        DUE,
        params![window.reminder_days, window.from, window.until, limit],
    )?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// What is still open of a lot, and its end.
pub struct Ending {
    pub customer: CustomerId,
    pub open: i64,
    pub expires_at: Timestamp,
}

/// Every lot of these customers in the window: at most a month's earns of the customers of one step.
pub fn ending(read: &mut Read, customers: &[CustomerId], window: Window) -> Result<Vec<Ending>> {
    let sql = format!(
        "select customer_id, open, expires_at from points_lots
         where tenant_id = $1 and open > 0 and reminder_days >= $2 and expires_at >= $3 and expires_at < $4
           and customer_id in ({})",
        places(5, customers.len())
    );
    let rows = read.query(&sql, &whose(customers, window))?;
    rows.iter()
        .map(|row| {
            Ok(Ending {
                customer: row.get(0)?,
                open: row.get(1)?,
                expires_at: row.get(2)?,
            })
        })
        .collect()
}

/// Notes on each of these lots which reminder comes after this one.
///
/// # Errors
/// `Again` where there are other than `seen` of them by now.
pub fn mark(tx: &mut Tx, customers: &[CustomerId], window: Window, seen: usize) -> Result<()> {
    let mut params = whose(customers, window);
    let then = params.len() + 2;
    params.push(window.then.into());
    let sql = format!(
        "update points_lots set reminder_days = ${then}
         where tenant_id = $1 and open > 0 and reminder_days >= $2 and expires_at >= $3 and expires_at < $4
           and customer_id in ({})",
        places(5, customers.len())
    );
    if usize::try_from(tx.exec(&sql, &params)?).ok() == Some(seen) {
        Ok(())
    } else {
        Err(Error::Again("the lots moved meanwhile".into()))
    }
}

fn whose(customers: &[CustomerId], window: Window) -> Vec<Value> {
    let mut params = params![window.least_days, window.from, window.until].to_vec();
    params.extend(customers.iter().map(Value::from));
    params
}
