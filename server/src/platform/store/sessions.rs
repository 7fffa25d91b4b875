use jiff::Timestamp;

use crate::hall::error::Result;
use crate::hall::id::{CustomerId, DeviceId, SessionId, StaffId};
use crate::hall::store::{Row, Tx};
use crate::params;
use crate::platform::sessions::Whose;

pub fn insert(tx: &mut Tx, id: SessionId, whose: Whose, expires_at: Timestamp) -> Result<()> {
    let (kind, staff, device, customer) = match whose {
        Whose::Staff { staff, device } => ("STAFF", Some(staff), device, None),
        Whose::Customer(customer) => ("CUSTOMER", None, None, Some(customer)),
    };
    tx.exec(
        "insert into sessions
           (tenant_id, session_id, kind, staff_id, device_id, customer_id, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![id, kind, staff, device, customer, tx.now(), expires_at],
    )
    .map(|_| ())
}

pub fn end(tx: &mut Tx, id: SessionId) -> Result<Vec<SessionId>> {
    let now = tx.now();
    let rows = tx.query(
        "update sessions set ended_at = $3
         where tenant_id = $1 and session_id = $2 and ended_at is null returning session_id",
        params![id, now],
    )?;
    ids(&rows)
}

pub fn end_all_of_staff(tx: &mut Tx, staff: StaffId) -> Result<Vec<SessionId>> {
    let now = tx.now();
    let rows = tx.query(
        "update sessions set ended_at = $3
         where tenant_id = $1 and staff_id = $2 and ended_at is null returning session_id",
        params![staff, now],
    )?;
    ids(&rows)
}

pub fn end_all_at_tills(tx: &mut Tx, staff: StaffId) -> Result<Vec<SessionId>> {
    let now = tx.now();
    let rows = tx.query(
        "update sessions set ended_at = $3
         where tenant_id = $1 and staff_id = $2 and device_id is not null and ended_at is null
         returning session_id",
        params![staff, now],
    )?;
    ids(&rows)
}

pub fn end_all_of_customer(tx: &mut Tx, customer: CustomerId) -> Result<Vec<SessionId>> {
    let now = tx.now();
    let rows = tx.query(
        "update sessions set ended_at = $3
         where tenant_id = $1 and customer_id = $2 and ended_at is null returning session_id",
        params![customer, now],
    )?;
    ids(&rows)
}

pub fn end_all_at_device(tx: &mut Tx, device: DeviceId) -> Result<Vec<SessionId>> {
    let now = tx.now();
    let rows = tx.query(
        "update sessions set ended_at = $3
         where tenant_id = $1 and device_id = $2 and ended_at is null returning session_id",
        params![device, now],
    )?;
    ids(&rows)
}

/// What ended early is kept until it would have expired: one index serves both.
pub fn delete_over(tx: &mut Tx, before: Timestamp, most: i64) -> Result<Vec<SessionId>> {
    let rows = tx.query(
        "delete from sessions where tenant_id = $1 and session_id in
           (select session_id from sessions where tenant_id = $1 and expires_at < $2
            order by expires_at limit $3)
         returning session_id",
        params![before, most],
    )?;
    ids(&rows)
}

fn ids(rows: &[Row]) -> Result<Vec<SessionId>> {
    rows.iter().map(|row| row.get(0)).collect()
}
