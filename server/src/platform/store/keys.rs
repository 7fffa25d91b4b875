use super::{List, edited};
use crate::hall::error::Result;
use crate::hall::id::KeyId;
use crate::hall::page::{Page, Paging};
use crate::hall::store::{Read, Row, Tx, json};
use crate::params;
use crate::platform::Archived;
use crate::platform::keys::{ApiKey, CreateKey};

const COLUMNS: &str = "key_id, name, hint, role, venues, scopes, expires_at, revoked_at,
    last_used_at, created_at, version";

fn key_of(row: &Row) -> Result<ApiKey> {
    Ok(ApiKey {
        id: row.get(0)?,
        name: row.get(1)?,
        hint: row.get(2)?,
        role: row.word(3)?,
        venue_ids: row.json(4)?,
        scopes: row.json(5)?,
        expires_at: row.get(6)?,
        revoked_at: row.get(7)?,
        last_used_at: row.get(8)?,
        created_at: row.get(9)?,
        version: row.get(10)?,
    })
}

pub fn insert(tx: &mut Tx, id: KeyId, ask: &CreateKey, hint: &str) -> Result<()> {
    tx.exec(
        "insert into api_keys
           (tenant_id, key_id, name, hint, role, venues, scopes, expires_at, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![
            id,
            ask.name.trim(),
            hint,
            ask.role.word(),
            json(&ask.venue_ids)?,
            json(&ask.scopes)?,
            ask.expires_at,
            tx.now()
        ],
    )
    .map(|_| ())
}

pub fn mark_revoked(tx: &mut Tx, id: KeyId) -> Result<()> {
    tx.queue(
        "update api_keys set revoked_at = $3, version = version + 1
         where tenant_id = $1 and key_id = $2 and revoked_at is null",
        params![id, tx.now()],
    )
}

pub fn rename(tx: &mut Tx, id: KeyId, name: &str, version: i64) -> Result<()> {
    let changed = tx.exec(
        "update api_keys set name = $3, version = version + 1
         where tenant_id = $1 and key_id = $2 and version = $4",
        params![id, name, version],
    )?;
    edited(changed)
}

pub fn find(read: &mut Read, id: KeyId) -> Result<Option<ApiKey>> {
    let sql = format!("select {COLUMNS} from api_keys where tenant_id = $1 and key_id = $2");
    let row = read.first(&sql, params![id])?;
    row.as_ref().map(key_of).transpose()
}

pub fn list(read: &mut Read, paging: &Paging, filter: Archived) -> Result<Page<ApiKey>> {
    let list = List {
        table: "api_keys",
        columns: COLUMNS,
        id: "key_id",
        filter: filter.sql_of("revoked_at is null"),
        params: Vec::new(),
    };
    list.page(read, paging, key_of, |key| key.id.to_string())
}
