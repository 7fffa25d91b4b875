use jiff::Timestamp;

use crate::hall::error::Result;
use crate::hall::store::{Read, Tx};
use crate::params;

/// Puts a code in place of the one before, unless that was sent just now: it expires after `replaceable`.
pub fn put(
    tx: &mut Tx,
    address: &str,
    hash: [u8; 32],
    expires_at: Timestamp,
    replaceable: Timestamp,
) -> Result<bool> {
    let put = tx.exec(
        "insert into sign_in_codes (tenant_id, address, code_hash, expires_at)
         values ($1, $2, $3, $4)
         on conflict (tenant_id, address)
         do update set code_hash = excluded.code_hash, expires_at = excluded.expires_at
         where sign_in_codes.expires_at <= $5",
        params![address, hash, expires_at, replaceable],
    )?;
    Ok(put == 1)
}

pub fn find(read: &mut Read, address: &str) -> Result<Option<[u8; 32]>> {
    let now = read.now();
    let row = read.first(
        "select code_hash from sign_in_codes
         where tenant_id = $1 and address = $2 and expires_at > $3",
        params![address, now],
    )?;
    row.map(|row| row.get(0)).transpose()
}

pub fn delete(tx: &mut Tx, address: &str) -> Result<()> {
    let sql = "delete from sign_in_codes where tenant_id = $1 and address = $2";
    tx.queue(sql, params![address])
}

pub fn delete_over(tx: &mut Tx) -> Result<()> {
    let sql = "delete from sign_in_codes where tenant_id = $1 and expires_at <= $2";
    tx.queue(sql, params![tx.now()])
}
