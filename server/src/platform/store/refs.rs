use std::fmt::Write as _;

use crate::hall::error::Result;
use crate::hall::store::{Read, Row, Tx, Value};
use crate::params;
use crate::platform::refs::ExternalRef;

/// Whether it was free and is now taken by `id`.
pub fn insert(tx: &mut Tx, kind: &str, named: &ExternalRef, id: &str) -> Result<bool> {
    let put = tx.exec(
        "insert into external_refs (tenant_id, kind, system, ref, id) values ($1, $2, $3, $4, $5)
         on conflict (tenant_id, kind, system, ref) do nothing",
        params![kind, &named.system, &named.id, id],
    )?;
    Ok(put == 1)
}

pub fn find(read: &mut Read, kind: &str, system: &str, named: &str) -> Result<Option<String>> {
    let row = read.first(
        "select id from external_refs where tenant_id = $1 and kind = $2 and system = $3 and ref = $4",
        params![kind, system, named],
    )?;
    row.map(|row| row.get(0)).transpose()
}

pub fn of(read: &mut Read, kind: &str, id: &str) -> Result<Vec<ExternalRef>> {
    let rows = read.query(
        "select system, ref from external_refs where tenant_id = $1 and id = $3 and kind = $2
         order by system, ref",
        params![kind, id],
    )?;
    rows.iter().map(|row| named(row, 0)).collect()
}

pub fn of_many(read: &mut Read, kind: &str, ids: &[String]) -> Result<Vec<(String, ExternalRef)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql =
        "select id, system, ref from external_refs where tenant_id = $1 and kind = $2 and id in ("
            .to_owned();
    let mut params: Vec<Value> = vec![kind.into()];
    for (place, id) in ids.iter().enumerate() {
        let comma = if place == 0 { "" } else { ", " };
        // A page has at most 200 rows, so that there are at most as many texts of this statement.
        let _ = write!(sql, "{comma}${}", place + 3);
        params.push(id.into());
    }
    sql.push_str(") order by id, system, ref");
    let rows = read.query(&sql, &params)?;
    rows.iter()
        .map(|row| Ok((row.get(0)?, named(row, 1)?)))
        .collect()
}

fn named(row: &Row, place: usize) -> Result<ExternalRef> {
    Ok(ExternalRef {
        system: row.get(place)?,
        id: row.get(place + 1)?,
    })
}

pub fn delete(tx: &mut Tx, kind: &str, named: &ExternalRef, id: &str) -> Result<()> {
    tx.queue(
        "delete from external_refs
         where tenant_id = $1 and kind = $2 and system = $3 and ref = $4 and id = $5",
        params![kind, &named.system, &named.id, id],
    )
}

pub fn delete_all(tx: &mut Tx, kind: &str, id: &str) -> Result<()> {
    tx.queue(
        "delete from external_refs where tenant_id = $1 and kind = $2 and id = $3",
        params![kind, id],
    )
}

pub fn move_to(tx: &mut Tx, kind: &str, from: &str, to: &str) -> Result<()> {
    tx.queue(
        "update external_refs set id = $4 where tenant_id = $1 and kind = $2 and id = $3",
        params![kind, from, to],
    )
}
