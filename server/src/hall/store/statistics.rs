//! What SQLite's planner is told of the tables: the same figures in every store, whatever it holds.
//!
//! Without any it takes the first column of an index to leave ten rows. Ours is the tenant, and most stores hold one:
//! it would rather walk all payments of a chain than look up those of an order. Figures that `analyze` gathers are no
//! better while a store is young, and they let a plan change under a running server. So each index is said to leave
//! every row to its tenant, and few to the first column after it that tells rows apart.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::sqlite::classify;
use crate::hall::error::Result;

const ROWS: i64 = 1_000_000;
/// What SQLite assumes of a partial index.
const ROWS_OF_PARTIAL: i64 = ROWS / 2;
/// Rows that the first column leaves which tells rows apart; each further one leaves one less. As SQLite assumes.
const FIRST_LEAVES: i64 = 10;
const LAST_LEAVES: i64 = 5;
/// What waits for the sealing job: few rows, which are soon gone.
const WAITING: &[&str] = &["audit_entries_unsealed", "outbox_unnumbered"];
const ROWS_THAT_WAIT: i64 = 1_000;
/// Rows without the last column of a unique index, which may all be alike in the others.
const WITHOUT: i64 = 10_000;
/// Columns in which most rows may be alike.
const COARSE: &[&str] = &["tenant_id", "venue_id", "status", "state", "kind"];

/// Table, index, and rows in all, then left by its first column, its first two, and so on.
type Figures = (String, String, String);

/// Writes the figures where the store has others.
pub(super) fn settle(connection: &mut Connection) -> Result<()> {
    let wanted = figures(connection).map_err(classify)?;
    write(connection, &wanted).map_err(classify)
}

fn write(connection: &mut Connection, wanted: &BTreeSet<Figures>) -> rusqlite::Result<()> {
    // Makes the table where there is none; it looks at no rows.
    connection.execute_batch("analyze sqlite_schema")?;
    let known: BTreeSet<Figures> = connection
        .prepare("select tbl, coalesce(idx, ''), stat from sqlite_stat1")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    if known == *wanted {
        return Ok(());
    }
    let tx = connection.transaction()?;
    tx.execute("delete from sqlite_stat1", [])?;
    for figures in wanted {
        tx.prepare_cached("insert into sqlite_stat1 (tbl, idx, stat) values (?1, ?2, ?3)")?
            .execute((&figures.0, &figures.1, &figures.2))?;
    }
    tx.commit()
}

/// Of each index that begins with the tenant.
fn figures(connection: &Connection) -> rusqlite::Result<BTreeSet<Figures>> {
    let mut indexes = connection.prepare(
        "select t.name, i.name, i.\"unique\", i.partial
         from sqlite_schema t, pragma_index_list(t.name) i
         where t.type = 'table' and t.name not like 'sqlite%'",
    )?;
    let mut columns = connection
        .prepare("select name from pragma_index_xinfo(?1) where key = 1 order by seqno")?;
    let mut may_be_null = connection.prepare(
        "select 1 from pragma_table_info(?1) where name = ?2 and \"notnull\" = 0 and pk = 0",
    )?;
    let mut all = BTreeSet::new();
    let mut rows = indexes.query([])?;
    while let Some(row) = rows.next()? {
        let (table, index): (String, String) = (row.get(0)?, row.get(1)?);
        let columns = columns
            .query_map([&index], |row| row.get::<_, Option<String>>(0))?
            .map(|name| name.map(Option::unwrap_or_default))
            .collect::<rusqlite::Result<Vec<_>>>()?;
        if columns.first().is_none_or(|first| first != "tenant_id") {
            continue;
        }
        let is_unique = row.get::<_, i64>(2)? == 1;
        let total = match row.get::<_, i64>(3)? {
            1 if WAITING.contains(&index.as_str()) => ROWS_THAT_WAIT,
            1 => ROWS_OF_PARTIAL,
            _ => ROWS,
        };
        let leaves = match columns.last() {
            Some(last) if is_unique && may_be_null.exists((&table, last))? => Some(WITHOUT),
            _ => is_unique.then_some(1),
        };
        let stat = stat(total, &columns, leaves);
        all.insert((table, index, stat));
    }
    Ok(all)
}

/// `whole` rows have the same in all columns; `None`: as many as the columns tell apart.
fn stat(total: i64, columns: &[String], whole: Option<i64>) -> String {
    let mut telling = 0;
    let mut figures = vec![total];
    for (place, name) in columns.iter().enumerate() {
        telling += i64::from(!COARSE.contains(&name.as_str()));
        let is_last = place + 1 == columns.len();
        figures.push(match (whole, telling) {
            (Some(whole), _) if is_last => whole,
            (_, 0) => total,
            _ => (FIRST_LEAVES + 1 - telling).max(LAST_LEAVES),
        });
    }
    let figures: Vec<String> = figures.iter().map(ToString::to_string).collect();
    figures.join(" ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_tenant_has_all_rows_and_a_whole_key_leaves_one() {
        let stat = |total, columns: &str, whole| {
            let columns: Vec<String> = columns.split(' ').map(str::to_owned).collect();
            super::stat(total, &columns, whole)
        };
        let key = "tenant_id customer_id seq";
        assert_eq!(stat(1_000_000, key, Some(1)), "1000000 1000000 10 1");
        assert_eq!(stat(500_000, key, None), "500000 500000 10 9");
        assert_eq!(stat(1_000_000, "tenant_id", Some(1)), "1000000 1");
        let listed = "tenant_id venue_id status a b c d e f g";
        assert_eq!(
            stat(1_000, listed, None),
            "1000 1000 1000 1000 10 9 8 7 6 5 5"
        );
    }
}
