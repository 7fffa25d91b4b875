use std::collections::BTreeMap;

use crate::customers::groups::{EditGroup, From, Group};
use crate::hall::error::{Code, Error, Extra, OnViolation, Result};
use crate::hall::id::{CustomerId, GroupId, VenueId};
use crate::hall::page::{COUNT_MAX, Paging};
use crate::hall::store::{Read, Row, Tx, Value};
use crate::params;

/// The venue of a group that every venue sees.
const EVERY: &str = "*";
/// Ids in one list of a statement; one text serves all, so a shorter rest repeats its last.
const CHUNK: usize = 200;

const COLUMNS: &str =
    "g.group_id, g.name, g.description, g.color, g.members, g.created_at, g.updated_at, g.version";

/// Seen from `$2`: a venue, or `*` for the chain, which sees all.
const SEEN: &str = "(cast($2 as text) = '*' or exists (select 1 from customer_group_venues v
      where v.tenant_id = $1 and v.group_id = g.group_id and v.venue_id in ('*', $2)))";

fn group(row: &Row) -> Result<Group> {
    Ok(Group {
        id: row.get(0)?,
        name: row.get(1)?,
        description: row.get(2)?,
        color: row.get(3)?,
        venue_ids: Vec::new(),
        members: row.get(4)?,
        created_at: row.get(5)?,
        updated_at: row.get(6)?,
        version: row.get(7)?,
    })
}

fn seen_from(from: From) -> String {
    from.map_or_else(|| EVERY.to_owned(), |venue| venue.to_string())
}

fn with_venues(read: &mut Read, mut group: Group) -> Result<Group> {
    let rows = read.query(
        "select venue_id from customer_group_venues
         where tenant_id = $1 and group_id = $2 and venue_id <> '*' order by venue_id",
        params![group.id],
    )?;
    group.venue_ids = rows.iter().map(|row| row.get(0)).collect::<Result<_>>()?;
    Ok(group)
}

pub fn find(read: &mut Read, id: GroupId) -> Result<Option<Group>> {
    let sql = format!(
        "select {COLUMNS} from customer_groups g where g.tenant_id = $1 and g.group_id = $2"
    );
    match read.first(&sql, params![id])? {
        None => Ok(None),
        Some(row) => with_venues(read, group(&row)?).map(Some),
    }
}

pub fn count(read: &mut Read, from: From) -> Result<u64> {
    let sql = format!(
        "select count(*) from (select 1 from customer_groups g
         where g.tenant_id = $1 and {SEEN} limit $3) counted"
    );
    let limit = i64::try_from(COUNT_MAX + 1).unwrap_or(i64::MAX);
    let counted: i64 = read.one(&sql, params![seen_from(from), limit])?.get(0)?;
    u64::try_from(counted).map_err(Error::bug)
}

pub fn list(
    read: &mut Read,
    from: From,
    after: Option<&(String, String)>,
    paging: &Paging,
) -> Result<Vec<Group>> {
    let (name, id) = after.cloned().unwrap_or_default();
    let sql = format!(
        "select {COLUMNS} from customer_groups g
         where g.tenant_id = $1 and {SEEN} and (g.name, g.group_id) > ($3, $4)
         order by g.name, g.group_id limit $5 offset $6"
    );
    let rows = read.query(
        &sql,
        params![seen_from(from), name, id, paging.limit(), paging.offset()],
    )?;
    rows.iter()
        .map(|row| group(row).and_then(|group| with_venues(read, group)))
        .collect()
}

fn taken(name: &str) -> Error {
    Error::Conflict(Code::NameTaken, Extra::none().with("name", name))
}

pub fn insert(tx: &mut Tx, id: GroupId, ask: &EditGroup) -> Result<()> {
    let now = tx.now();
    tx.exec(
        "insert into customer_groups
           (tenant_id, group_id, name, description, color, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $6)",
        params![id, &ask.name, &ask.description, &ask.color, now],
    )
    .on_unique(|| taken(&ask.name))?;
    insert_venues(tx, id, ask.venue_ids.as_deref().unwrap_or_default())
}

fn insert_venues(tx: &mut Tx, id: GroupId, venues: &[VenueId]) -> Result<()> {
    let mut named: Vec<String> = venues.iter().map(ToString::to_string).collect();
    if named.is_empty() {
        named.push(EVERY.into());
    }
    for venue in named {
        tx.queue(
            "insert into customer_group_venues (tenant_id, venue_id, group_id) values ($1, $2, $3)",
            params![venue, id],
        )?;
    }
    Ok(())
}

pub fn update(tx: &mut Tx, before: &Group, ask: &EditGroup) -> Result<()> {
    let now = tx.now();
    let changed = tx
        .exec(
            "update customer_groups set name = $4, description = $5, color = $6, updated_at = $7,
               version = version + 1
             where tenant_id = $1 and group_id = $2 and version = $3",
            params![
                before.id,
                before.version,
                &ask.name,
                &ask.description,
                &ask.color,
                now
            ],
        )
        .on_unique(|| taken(&ask.name))?;
    if changed == 0 {
        return Err(Error::Again("the group changed meanwhile".into()));
    }
    delete_venues(tx, before.id)?;
    insert_venues(tx, before.id, ask.venue_ids.as_deref().unwrap_or_default())
}

fn delete_venues(tx: &mut Tx, id: GroupId) -> Result<()> {
    tx.exec(
        "delete from customer_group_venues where tenant_id = $1 and group_id = $2",
        params![id],
    )
    .map(|_| ())
}

/// `$from`, `$from + 1`, …: a list of [`CHUNK`] places.
fn places(from: usize) -> String {
    let all: Vec<String> = (from..from + CHUNK)
        .map(|place| format!("${place}"))
        .collect();
    all.join(", ")
}

fn padded(values: &mut Vec<Value>, chunk: &[CustomerId]) {
    let last = chunk.len().saturating_sub(1);
    values.extend((0..CHUNK).map(|place| Value::from(chunk[place.min(last)])));
}

/// The groups of those that are known and active.
pub fn groups_of(
    read: &mut Read,
    customers: &[CustomerId],
) -> Result<BTreeMap<CustomerId, Option<GroupId>>> {
    let sql = format!(
        "select customer_id, group_id from customers
         where tenant_id = $1 and archived_at is null and customer_id in ({})",
        places(2)
    );
    let mut known = BTreeMap::new();
    for chunk in customers.chunks(CHUNK) {
        let mut values = Vec::new();
        padded(&mut values, chunk);
        for row in read.query(&sql, &values)? {
            known.insert(row.get(0)?, row.get(1)?);
        }
    }
    Ok(known)
}

/// Moves active customers from one group (or none) to another; the guard is that they still are there.
pub fn put(
    tx: &mut Tx,
    customers: &[CustomerId],
    from: Option<GroupId>,
    to: Option<GroupId>,
) -> Result<()> {
    let sql = format!(
        "update customers set group_id = $3, updated_at = $4, version = version + 1
         where tenant_id = $1 and coalesce(group_id, '') = $2 and archived_at is null
           and customer_id in ({})",
        places(5)
    );
    let now = tx.now();
    for chunk in customers.chunks(CHUNK) {
        let from = from.map_or_else(String::new, |group| group.to_string());
        let mut values = params![from, to, now].to_vec();
        padded(&mut values, chunk);
        let changed = tx.exec(&sql, &values)?;
        if usize::try_from(changed).ok() != Some(chunk.len()) {
            return Err(Error::Again("a customer changed groups meanwhile".into()));
        }
    }
    Ok(())
}

pub fn add_members(tx: &mut Tx, group: GroupId, members: i64) -> Result<()> {
    let changed = tx.exec(
        "update customer_groups set members = members + $3 where tenant_id = $1 and group_id = $2",
        params![group, members],
    )?;
    if changed == 1 {
        Ok(())
    } else {
        Err(Error::NotFound("group"))
    }
}

/// Lets go of up to `limit` customers of the group: how many in all, and how many of them are active.
pub fn let_go(tx: &mut Tx, group: GroupId, limit: i64) -> Result<(usize, i64)> {
    let now = tx.now();
    let rows = tx.query(
        "update customers set group_id = null, updated_at = $4, version = version + 1
         where tenant_id = $1 and group_id = $2 and customer_id in (
           select customer_id from customers where tenant_id = $1 and group_id = $2
           order by customer_id limit $3)
         returning archived_at",
        params![group, limit, now],
    )?;
    let mut active = 0;
    for row in &rows {
        active += i64::from(row.get::<Option<i64>>(0)?.is_none());
    }
    Ok((rows.len(), active))
}

/// Somebody who was put into it meanwhile keeps it.
pub fn delete(tx: &mut Tx, group: GroupId) -> Result<()> {
    delete_venues(tx, group)?;
    let still_used = || {
        let said = "A customer was put into the group meanwhile; delete it again.";
        Error::Conflict(Code::StillUsed, Extra::saying(said))
    };
    let gone = tx
        .exec(
            "delete from customer_groups where tenant_id = $1 and group_id = $2 and members = 0",
            params![group],
        )
        .on_missing_parent(still_used)?;
    if gone == 1 { Ok(()) } else { Err(still_used()) }
}
