//! SQLite tables whose rows have numbers (docs/decisions/007): a store that was made without them is made over once.
//!
//! What a table is cannot be altered, so each is renamed, made anew, filled and dropped, in one transaction that looks
//! at every foreign key before it ends.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::sqlite::classify;
use crate::hall::error::{Error, Result};

const BEFORE: &str = "without rowid";

/// Makes over what is left of before, and says how many tables that were.
pub(super) fn settle(connection: &mut Connection) -> Result<usize> {
    let tables = unnumbered(connection).map_err(classify)?;
    if tables.is_empty() {
        return Ok(0);
    }
    tracing::info!(
        tables = tables.len(),
        "the tables are made over, once: a large store takes minutes"
    );
    // Within a transaction neither can be set. Renaming must leave alone what names the table.
    set(
        connection,
        "pragma foreign_keys = off; pragma legacy_alter_table = on;",
    )?;
    let done = make_over(connection, &tables);
    set(
        connection,
        "pragma legacy_alter_table = off; pragma foreign_keys = on;",
    )?;
    done.map(|()| tables.len())
}

fn set(connection: &Connection, pragmas: &str) -> Result<()> {
    connection.execute_batch(pragmas).map_err(classify)
}

/// Names and texts.
fn unnumbered(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    connection
        .prepare(
            "select s.name, s.sql from sqlite_schema s join pragma_table_list l on l.name = s.name
             where s.type = 'table' and l.schema = 'main' and l.wr = 1 order by s.name",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

fn make_over(connection: &mut Connection, tables: &[(String, String)]) -> Result<()> {
    let tx = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(classify)?;
    for (table, text) in tables {
        one(&tx, table, text).map_err(classify)?;
    }
    let mut broken = tx.prepare("pragma foreign_key_check").map_err(classify)?;
    if broken.exists([]).map_err(classify)? {
        return Err(Error::bug("a row refers to one that is not there"));
    }
    drop(broken);
    tx.commit().map_err(classify)
}

fn one(tx: &Transaction<'_>, table: &str, text: &str) -> rusqlite::Result<()> {
    let around: Vec<String> = tx
        .prepare(
            "select sql from sqlite_schema where tbl_name = ?1 and type in ('index', 'trigger') and sql is not null",
        )?
        .query_map([table], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let text = text
        .strip_suffix(BEFORE)
        .map_or(text, |rest| rest.trim_end().trim_end_matches(','));
    tx.execute_batch(&format!(
        "alter table {table} rename to {table}_before;
         {text};
         insert into {table} select * from {table}_before;
         drop table {table}_before;
         {}",
        around
            .iter()
            .map(|sql| format!("{sql};\n"))
            .collect::<String>()
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::super::{Dialect, Place, Settings, migrate, sqlite};
    use super::*;
    use crate::hall::secret::Entropy;

    fn settings(file: &Path) -> Settings {
        let file = file.to_owned();
        Settings::at(Place::Sqlite { file }, Entropy::system())
    }

    fn count(connection: &Connection, from: &str) -> i64 {
        let sql = format!("select count(*) from {from}");
        connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    }

    fn shapes(connection: &Connection) -> BTreeSet<(String, String)> {
        connection
            .prepare("select name, coalesce(sql, '') from sqlite_schema where name not like 'sqlite_stat%'")
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap()
    }

    #[test]
    fn a_store_of_before_becomes_as_one_that_is_new() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old.db"), folder.path().join("new.db"));
        let store = sqlite::open(&old).unwrap();
        for migration in migrate::ALL {
            let texts = migrate::statements(migration.text, Dialect::Sqlite);
            let before = texts
                .join("\n")
                .replace(") strict;", &format!(") strict, {BEFORE};"));
            store.execute_batch(&before).unwrap();
        }
        let done = i64::try_from(migrate::known()).unwrap();
        store.pragma_update(None, "user_version", done).unwrap();
        let rows = "insert into tenants (tenant_id, slug, name, mode, language, currency, created_at)
              values ('ten_1', 'mole', 'Mole', 'LIVE', 'en', 'EUR', 1);
            insert into audit_entries (tenant_id, audit_id, at, actor, action, entity, request_id, ip)
              values ('ten_1', 'aud_1', 1, 'cli', 'chain.found', 'ten_1', '', '');";
        store.execute_batch(rows).unwrap();
        let tables = count(
            &store,
            "sqlite_schema where type = 'table' and name not like 'sqlite_%'",
        );
        let of_before = unnumbered(&store).unwrap().len();
        assert_eq!(i64::try_from(of_before).unwrap(), tables);
        drop(store);

        migrate::run(&settings(&old)).unwrap();
        migrate::run(&settings(&new)).unwrap();
        let mut made_over = sqlite::open(&old).unwrap();
        assert_eq!(shapes(&made_over), shapes(&sqlite::open(&new).unwrap()));
        assert_eq!(
            count(&made_over, "tenants join audit_entries using (tenant_id)"),
            1
        );
        let refused = made_over
            .execute("delete from audit_entries", [])
            .unwrap_err();
        assert!(refused.to_string().contains("L26"), "{refused}");
        assert_eq!(settle(&mut made_over).unwrap(), 0, "once is enough");
    }

    #[test]
    fn a_row_that_refers_to_none_stops_it_and_all_stays_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = sqlite::open(&folder.path().join("old.db")).unwrap();
        let tables = "pragma foreign_keys = off;
            create table guests (guest_id text not null primary key) strict, without rowid;
            create table visits (guest_id text not null references guests, day text not null,
              primary key (guest_id, day)) strict, without rowid;
            insert into visits values ('gst_1', '2026-11-30');";
        store.execute_batch(tables).unwrap();
        assert!(settle(&mut store).is_err());
        assert_eq!(unnumbered(&store).unwrap().len(), 2);
        assert_eq!(count(&store, "visits"), 1);
    }
}
