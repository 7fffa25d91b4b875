use jiff::Timestamp;

use super::feed::{API_VERSION, Event, Kept};
use super::messages::{Message, MessageState, MessagesAsked};
use crate::hall::error::Result;
use crate::hall::id::EventId;
use crate::hall::store::{Read, Row, Tx, Value};
use crate::params;

pub fn seq_of(read: &mut Read, id: EventId) -> Result<Option<i64>> {
    let row = read.first(
        "select seq from outbox where tenant_id = $1 and event_id = $2 and seq is not null",
        params![id],
    )?;
    row.map(|row| row.get(0)).transpose()
}

pub fn id_of(read: &mut Read, seq: i64) -> Result<Option<EventId>> {
    let row = read.first(
        "select event_id from outbox where tenant_id = $1 and seq = $2",
        params![seq],
    )?;
    row.map(|row| row.get(0)).transpose()
}

/// Which events can be read. A first row that says nothing is there for its id and number alone.
pub fn kept(read: &mut Read) -> Result<Kept> {
    let row = read.one(
        "select coalesce((select case when data = '' then seq else seq - 1 end from outbox
             where tenant_id = $1 and seq > 0 order by seq limit 1), 0),
           coalesce((select max(seq) from outbox where tenant_id = $1 and seq > 0), 0)",
        &[],
    )?;
    Ok(Kept {
        after: row.get(0)?,
        newest: row.get(1)?,
    })
}

/// The events of numbers above `after`, up to `until`.
#[derive(Debug)]
pub struct Scan<'a> {
    pub after: i64,
    pub until: i64,
    pub kind: Option<&'a str>,
}

pub fn events(read: &mut Read, scan: &Scan<'_>, limit: i64) -> Result<Vec<Event>> {
    let tenant = read.tenant()?;
    let rows = read.query(
        "select event_id, seq, type, venue_id, at, data from outbox
         where tenant_id = $1 and seq > $2 and seq <= $3 and (cast($4 as text) is null or type = $4)
         order by seq limit $5",
        params![scan.after, scan.until, scan.kind, limit],
    )?;
    rows.iter()
        .map(|row| {
            Ok(Event {
                id: row.get(0)?,
                seq: row.get(1)?,
                kind: row.get(2)?,
                api_version: API_VERSION,
                tenant_id: tenant,
                venue_id: row.get(3)?,
                at: row.get(4)?,
                data: row.json(5)?,
            })
        })
        .collect()
}

const MESSAGE: &str =
    "event_id, type, at, due_at, delivered_at, dead_at, attempts, data from outbox
     where tenant_id = $1 and kind = 'MESSAGE'";

pub fn message(read: &mut Read, id: EventId) -> Result<Option<Message>> {
    let sql = format!("select {MESSAGE} and event_id = $2");
    read.first(&sql, params![id])?
        .as_ref()
        .map(message_of)
        .transpose()
}

/// The latest first; `before` is the id to go on after.
pub fn messages(
    read: &mut Read,
    ask: &MessagesAsked,
    before: Option<String>,
    limit: i64,
) -> Result<Vec<Message>> {
    let before = before.unwrap_or_else(|| "evt_~".into());
    let rows = read.query(&listing(ask), params![before, &ask.template, limit])?;
    rows.iter().map(message_of).collect()
}

/// What [`messages`] asks.
pub(super) fn listing(ask: &MessagesAsked) -> String {
    let state = match ask.state {
        None => "",
        Some(MessageState::Due) => "and due_at is not null",
        Some(MessageState::Delivered) => "and delivered_at is not null",
        Some(MessageState::Dead) => "and dead_at is not null",
    };
    format!(
        "select {MESSAGE} and event_id < $2 and (cast($3 as text) is null or type = $3) {state}
         order by event_id desc limit $4"
    )
}

fn message_of(row: &Row) -> Result<Message> {
    let (due_at, delivered_at): (Option<Timestamp>, Option<Timestamp>) = (row.get(3)?, row.get(4)?);
    let state = match (due_at, delivered_at) {
        (Some(_), _) => MessageState::Due,
        (None, Some(_)) => MessageState::Delivered,
        (None, None) => MessageState::Dead,
    };
    Ok(Message {
        id: row.get(0)?,
        template: row.get(1)?,
        state,
        at: row.get(2)?,
        due_at,
        delivered_at,
        dead_at: row.get(5)?,
        attempts: row.get(6)?,
        data: row.json(7)?,
    })
}

pub fn revive(tx: &mut Tx, id: EventId) -> Result<bool> {
    let now = tx.now();
    let revived = tx.exec(
        "update outbox set due_at = $3, dead_at = null, attempts = 0
         where tenant_id = $1 and event_id = $2 and kind = 'MESSAGE' and dead_at is not null",
        params![id, now],
    )?;
    Ok(revived == 1)
}

/// Forgets a batch of ended messages of before `until`.
pub fn forget_messages(tx: &mut Tx, until: Timestamp, limit: i64) -> Result<u64> {
    tx.exec(
        "delete from outbox where tenant_id = $1 and event_id in
           (select event_id from outbox where tenant_id = $1 and at < $2
              and (delivered_at is not null or dead_at is not null)
            order by at, event_id limit $3)",
        &[Value::from(until), Value::from(limit)],
    )
}

/// The oldest numbered events: when, and their numbers.
pub fn oldest(read: &mut Read, limit: i64) -> Result<Vec<(Timestamp, i64)>> {
    let rows = read.query(
        "select at, seq from outbox where tenant_id = $1 and seq > 0 order by seq limit $2",
        params![limit],
    )?;
    let oldest = rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?)));
    oldest.collect()
}

/// Forgets the events of numbers below `seq`, and what that one says. Its id and number stay.
pub fn forget_events(tx: &mut Tx, seq: i64) -> Result<u64> {
    tx.exec(
        "update outbox set data = '' where tenant_id = $1 and seq = $2",
        params![seq],
    )?;
    tx.exec(
        "delete from outbox where tenant_id = $1 and seq > 0 and seq < $2",
        params![seq],
    )
}
