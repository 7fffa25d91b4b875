use jiff::Timestamp;

use crate::hall::error::Result;
use crate::hall::store::{Read, Tx};
use crate::params;

pub fn begin(tx: &mut Tx, subject: &str) -> Result<()> {
    tx.queue(
        "insert into secret_tries (tenant_id, subject, failed, reserved, last_at)
         values ($1, $2, 0, 0, $3) on conflict (tenant_id, subject) do nothing",
        params![subject, tx.now()],
    )
}

pub fn count_left_behind(tx: &mut Tx, subject: &str, before: Timestamp) -> Result<()> {
    tx.queue(
        "update secret_tries set failed = failed + reserved, reserved = 0
         where tenant_id = $1 and subject = $2 and reserved > 0 and last_at < $3",
        params![subject, before],
    )
}

/// The guard stands in the statement: many may guess at once. After `most` failures each lock that has
/// passed leaves one try.
pub fn reserve(tx: &mut Tx, subject: &str, most: i64) -> Result<bool> {
    let changed = tx.exec(
        "update secret_tries set reserved = reserved + 1, last_at = $3
         where tenant_id = $1 and subject = $2 and (locked_until is null or locked_until <= $3)
           and reserved < case when failed < $4 then $4 - failed else 1 end",
        params![subject, tx.now(), most],
    )?;
    Ok(changed == 1)
}

pub fn locked_until(read: &mut Read, subject: &str) -> Result<Option<Timestamp>> {
    let row = read.first(
        "select locked_until from secret_tries where tenant_id = $1 and subject = $2",
        params![subject],
    )?;
    row.map_or(Ok(None), |row| row.get(0))
}

pub fn succeed(tx: &mut Tx, subject: &str) -> Result<()> {
    tx.queue(
        "update secret_tries set failed = 0, locked_until = null, last_at = $3,
           reserved = case when reserved > 0 then reserved - 1 else 0 end
         where tenant_id = $1 and subject = $2",
        params![subject, tx.now()],
    )
}

pub fn fail(tx: &mut Tx, subject: &str, most: i64, locks: [Timestamp; 4]) -> Result<()> {
    let [first, second, third, last] = locks;
    tx.queue(
        "update secret_tries set failed = failed + 1, last_at = $3,
           reserved = case when reserved > 0 then reserved - 1 else 0 end,
           locked_until = case when failed + 1 < $4 then locked_until
             when failed + 1 = $4 then cast($5 as bigint)
             when failed = $4 then cast($6 as bigint)
             when failed - 1 = $4 then cast($7 as bigint)
             else cast($8 as bigint) end
         where tenant_id = $1 and subject = $2",
        params![subject, tx.now(), most, first, second, third, last],
    )
}

pub fn delete(tx: &mut Tx, subject: &str) -> Result<()> {
    let sql = "delete from secret_tries where tenant_id = $1 and subject = $2";
    tx.queue(sql, params![subject])
}

pub fn delete_old(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    let sql = "delete from secret_tries where tenant_id = $1 and last_at < $2";
    tx.exec(sql, params![before])
}
