use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp};

use super::AuditEntry;
use super::seal::GENESIS;
use crate::hall::error::Result;
use crate::hall::id::{self, AuditId, TenantId};
use crate::hall::store::{Across, Read, Row, Tx, Value};
use crate::params;

/// An entry as its hash covers it.
#[derive(Debug, Clone)]
pub struct Entry {
    pub tenant: String,
    pub id: String,
    /// Microseconds since 1970.
    pub at: i64,
    pub actor: String,
    pub action: String,
    pub entity: String,
    pub before_sha: Option<Vec<u8>>,
    pub after_sha: Option<Vec<u8>>,
    pub request_id: String,
    pub ip: String,
}

/// How far the chain of a tenant has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub audit_seq: i64,
    pub audit_hash: [u8; 32],
    pub event_seq: i64,
}

const ENTRY: &str =
    "tenant_id, audit_id, at, actor, action, entity, before_sha, after_sha, request_id, ip";

fn entry(row: &Row) -> Result<Entry> {
    Ok(Entry {
        tenant: row.get(0)?,
        id: row.get(1)?,
        at: row.get(2)?,
        actor: row.get(3)?,
        action: row.get(4)?,
        entity: row.get(5)?,
        before_sha: row.get(6)?,
        after_sha: row.get(7)?,
        request_id: row.get(8)?,
        ip: row.get(9)?,
    })
}

/// Tenants with entries or events that have no number yet: from each the next one is looked for, so that a year that
/// was brought in at once is not counted through for each hundred of its rows.
pub const UNSEALED: &str = "select tenant_id from (
     with recursive entries (tenant_id) as (
       select (select a.tenant_id from audit_entries a where a.seq is null order by a.tenant_id limit 1)
       union all
       select (select a.tenant_id from audit_entries a where a.seq is null and a.tenant_id > entries.tenant_id
         order by a.tenant_id limit 1)
       from entries where entries.tenant_id is not null),
     events (tenant_id) as (
       select (select o.tenant_id from outbox o where o.seq is null and o.kind = 'EVENT'
         order by o.tenant_id limit 1)
       union all
       select (select o.tenant_id from outbox o
         where o.seq is null and o.kind = 'EVENT' and o.tenant_id > events.tenant_id
         order by o.tenant_id limit 1)
       from events where events.tenant_id is not null)
     select tenant_id from entries where tenant_id is not null
     union
     select tenant_id from events where tenant_id is not null) waiting
     limit $1";

pub fn unsealed(across: &mut Across<'_>, limit: i64) -> Result<Vec<TenantId>> {
    let rows = across.query(UNSEALED, params![limit])?;
    rows.iter().map(|row| row.get(0)).collect()
}

pub const OPEN_ENTRIES: &str =
    "select tenant_id, audit_id, at, actor, action, entity, before_sha, after_sha, request_id, ip
     from audit_entries where tenant_id = $1 and seq is null order by audit_id limit $2";

pub fn open_entries(read: &mut Read, limit: i64) -> Result<Vec<Entry>> {
    read.query(OPEN_ENTRIES, params![limit])?
        .iter()
        .map(entry)
        .collect()
}

pub const OPEN_EVENTS: &str =
    "select event_id from outbox where tenant_id = $1 and seq is null and kind = 'EVENT'
     order by event_id limit $2";

pub fn open_events(read: &mut Read, limit: i64) -> Result<Vec<String>> {
    let rows = read.query(OPEN_EVENTS, params![limit])?;
    rows.iter().map(|row| row.get(0)).collect()
}

pub fn head(tx: &mut Tx) -> Result<Head> {
    tx.queue(
        "insert into journal_heads (tenant_id, audit_seq, audit_hash, event_seq) values ($1, 0, $2, 0)
         on conflict (tenant_id) do nothing",
        params![GENESIS],
    )?;
    let row = tx.one(
        "select audit_seq, audit_hash, event_seq from journal_heads where tenant_id = $1",
        &[],
    )?;
    Ok(Head {
        audit_seq: row.get(0)?,
        audit_hash: row.get(1)?,
        event_seq: row.get(2)?,
    })
}

pub fn seal(tx: &mut Tx, id: &str, seq: i64, hash: &[u8; 32]) -> Result<bool> {
    let sealed = tx.exec(
        "update audit_entries set seq = $3, hash = $4
         where tenant_id = $1 and audit_id = $2 and seq is null",
        params![id, seq, *hash],
    )?;
    Ok(sealed == 1)
}

pub fn number(tx: &mut Tx, id: &str, seq: i64) -> Result<bool> {
    let numbered = tx.exec(
        "update outbox set seq = $3 where tenant_id = $1 and event_id = $2 and seq is null",
        params![id, seq],
    )?;
    Ok(numbered == 1)
}

pub fn move_head(tx: &mut Tx, from: &Head, to: &Head) -> Result<bool> {
    let moved = tx.exec(
        "update journal_heads set audit_seq = $2, audit_hash = $3, event_seq = $4
         where tenant_id = $1 and audit_seq = $5 and event_seq = $6",
        params![
            to.audit_seq,
            to.audit_hash,
            to.event_seq,
            from.audit_seq,
            from.event_seq
        ],
    )?;
    Ok(moved == 1)
}

/// What of the journal is asked for; each that is there must fit.
#[derive(Debug, Default, Clone)]
pub struct Filter {
    pub entity: Option<String>,
    pub actor: Option<String>,
    pub action: Option<String>,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

/// The latest first; `before` is the id to go on after.
pub fn list(
    read: &mut Read,
    filter: &Filter,
    before: Option<String>,
    limit: i64,
) -> Result<Vec<AuditEntry>> {
    let (sql, params) = listing(filter, before, limit);
    read.query(&sql, &params)?.iter().map(shown).collect()
}

/// What [`list`] asks. Ids are in the order of time, so the index that gives their order also ends at an instant.
pub(super) fn listing(filter: &Filter, before: Option<String>, limit: i64) -> (String, Vec<Value>) {
    let mut sql = format!(
        "select {ENTRY}, seq, hash from audit_entries where tenant_id = $1 and audit_id < $2"
    );
    let mut params = params![before.unwrap_or_else(|| "aud_~".into())].to_vec();
    let mut also = |piece: &str, value: Option<Value>| {
        if let Some(value) = value {
            params.push(value);
            sql.push_str(&format!(" and {piece} ${}", params.len() + 1));
        }
    };
    also("entity =", filter.entity.as_ref().map(Value::from));
    also("actor =", filter.actor.as_ref().map(Value::from));
    also("action =", filter.action.as_ref().map(Value::from));
    also("audit_id >=", filter.from.map(first_id));
    also("at >=", filter.from.map(Value::from));
    let after = SignedDuration::from_millis(1);
    let next = filter.until.and_then(|until| until.checked_add(after).ok());
    also("audit_id <", next.map(first_id));
    also("at <", filter.until.map(Value::from));
    params.push(limit.into());
    sql.push_str(&format!(
        " order by audit_id desc limit ${}",
        params.len() + 1
    ));
    (sql, params)
}

fn first_id(at: Timestamp) -> Value {
    id::first_at::<AuditId>(at).into()
}

fn shown(row: &Row) -> Result<AuditEntry> {
    let entry = entry(row)?;
    let hex = |bytes: Option<Vec<u8>>| bytes.map(|bytes| HEXLOWER.encode(&bytes));
    Ok(AuditEntry {
        id: row.get(1)?,
        seq: row.get(10)?,
        at: row.get(2)?,
        actor: entry.actor,
        action: entry.action,
        entity: entry.entity,
        before_sha256: hex(entry.before_sha),
        after_sha256: hex(entry.after_sha),
        request_id: entry.request_id,
        ip: entry.ip,
        hash: hex(row.get(11)?),
    })
}

/// All tenants that have a chain, with its head.
pub fn heads(across: &mut Across<'_>) -> Result<Vec<(String, Head)>> {
    let rows = across.query(
        "select tenant_id, audit_seq, audit_hash, event_seq from journal_heads order by tenant_id",
        &[],
    )?;
    rows.iter()
        .map(|row| {
            let head = Head {
                audit_seq: row.get(1)?,
                audit_hash: row.get(2)?,
                event_seq: row.get(3)?,
            };
            Ok((row.get(0)?, head))
        })
        .collect()
}

/// A part of one chain, in order, with the number and hash that each entry bears.
pub fn links(
    across: &mut Across<'_>,
    tenant: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<(Entry, i64, Vec<u8>)>> {
    let sql = format!(
        "select {ENTRY}, seq, hash from audit_entries where tenant_id = $1 and seq > $2
         order by seq limit $3"
    );
    let rows = across.query(&sql, params![tenant, after, limit])?;
    rows.iter()
        .map(|row| Ok((entry(row)?, row.get(10)?, row.get(11)?)))
        .collect()
}

/// Forgets a batch of stored answers of before `until`.
pub fn forget_answers(tx: &mut Tx, until: Timestamp, limit: i64) -> Result<u64> {
    tx.exec(
        "delete from idempotency where tenant_id = $1 and (principal, operation, key) in
           (select principal, operation, key from idempotency
            where tenant_id = $1 and created_at < $2 order by created_at limit $3)",
        params![until, limit],
    )
}
