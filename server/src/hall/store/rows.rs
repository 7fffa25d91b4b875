//! SQLite tables whose rows have numbers (docs/decisions/007): a store that was made without them is made over once.
//!
//! What a table is cannot be altered, so each is renamed, made anew, filled and dropped: a transaction for each, so
//! that the log holds no more than the largest of them, and who is cut off goes on where it was. A store of which only
//! some are made over is as good as any.

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior};

use super::sqlite::classify;
use crate::hall::error::{Error, Result};

const BEFORE: &str = "without rowid";

/// Makes over what is left of before.
pub(super) fn settle(connection: &mut Connection) -> Result<()> {
    let tables = unnumbered(connection).map_err(classify)?;
    if tables.is_empty() {
        return Ok(());
    }
    let all = tables.len();
    tracing::info!(
        tables = all,
        "the tables are made over, once: a large store takes minutes"
    );
    // Rows are copied as they are, and renaming must leave alone what names the table. Another who opens the store
    // waits for its turn. An index is sorted beside the file: in memory a large one would not fit.
    set(
        connection,
        "pragma foreign_keys = off; pragma legacy_alter_table = on; pragma temp_store = file;
         pragma busy_timeout = 600000;",
    )?;
    let made = tables.iter().enumerate().try_for_each(|(place, table)| {
        make_over(connection, table)?;
        tracing::info!(table, left = all - place - 1, "made over");
        Ok(())
    });
    set(
        connection,
        "pragma foreign_keys = on; pragma legacy_alter_table = off; pragma temp_store = memory;
         pragma busy_timeout = 10000;",
    )?;
    made
}

fn set(connection: &Connection, pragmas: &str) -> Result<()> {
    connection.execute_batch(pragmas).map_err(classify)
}

const UNNUMBERED: &str =
    "select s.name, s.sql from sqlite_schema s join pragma_table_list l on l.name = s.name
     where s.type = 'table' and l.schema = 'main' and l.wr = 1";

fn unnumbered(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare(&format!("{UNNUMBERED} order by s.name"))?
        .query_map([], |row| row.get(0))?
        .collect()
}

fn make_over(connection: &mut Connection, table: &str) -> Result<()> {
    let tx = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(classify)?;
    // None where another process did it meanwhile.
    if let Some(text) = text_of(&tx, table).map_err(classify)? {
        let numbered = text
            .strip_suffix(BEFORE)
            .ok_or_else(|| Error::bug(format!("{table} is not made as expected: {text}")))?;
        let numbered = numbered.trim_end().trim_end_matches(',');
        copy(&tx, table, numbered).map_err(classify)?;
    }
    tx.commit().map_err(classify)
}

fn text_of(tx: &Transaction<'_>, table: &str) -> rusqlite::Result<Option<String>> {
    tx.query_row(&format!("{UNNUMBERED} and s.name = ?1"), [table], |row| {
        row.get(1)
    })
    .optional()
}

fn copy(tx: &Transaction<'_>, table: &str, text: &str) -> rusqlite::Result<()> {
    let around: Vec<String> = tx
        .prepare(
            "select sql || ';' from sqlite_schema
             where tbl_name = ?1 and type in ('index', 'trigger') and sql is not null",
        )?
        .query_map([table], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    tx.execute_batch(&format!(
        "alter table {table} rename to {table}_before;
         {text};
         insert into {table} select * from {table}_before;
         drop table {table}_before;
         {}",
        around.join("\n")
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

    fn shapes(connection: &Connection) -> BTreeSet<(String, String)> {
        connection
            .prepare("select name, coalesce(sql, '') from sqlite_schema where name not like 'sqlite_stat%'")
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap()
    }

    fn count(connection: &Connection, from: &str) -> i64 {
        let sql = format!("select count(*) from {from}");
        connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    }

    fn pragmas(connection: &Connection) -> Vec<i64> {
        [
            "foreign_keys",
            "legacy_alter_table",
            "temp_store",
            "busy_timeout",
        ]
        .map(|name| {
            connection
                .pragma_query_value(None, name, |row| row.get(0))
                .unwrap()
        })
        .to_vec()
    }

    /// A store as it was before, at its `done`th migration.
    fn of_before(file: &Path, done: usize) -> Connection {
        let store = sqlite::open(file).unwrap();
        for migration in &migrate::ALL[..done] {
            let texts = migrate::statements(migration.text, Dialect::Sqlite);
            let before = texts
                .join("\n")
                .replace(") strict;", &format!(") strict, {BEFORE};"));
            store.execute_batch(&before).unwrap();
        }
        store
            .pragma_update(None, "user_version", i64::try_from(done).unwrap())
            .unwrap();
        let rows = "insert into tenants (tenant_id, slug, name, mode, language, currency, created_at)
              values ('ten_1', 'mole', 'Mole', 'LIVE', 'en', 'EUR', 1);
            insert into customers (tenant_id, customer_id, sort_name, language, source, last_seen_at, created_at,
              updated_at) values ('ten_1', 'cus_1', 'Ann', 'en', 'STAFF', 1, 1, 1);
            insert into points_ledger (tenant_id, customer_id, seq, ledger_id, kind, points, balance_after, cause_kind,
              cause_id, policy, at) values ('ten_1', 'cus_1', 1, 'led_1', 'ADJUST', 5, 5, 'order', 'ord_1', '{}', 1);
            insert into points_lots (tenant_id, customer_id, lot_id, ledger_seq, earned_at, expires_at, earned, open,
              reminder_days) values ('ten_1', 'cus_1', 'lot_1', 1, 1, 9, 5, 5, 7);
            insert into audit_entries (tenant_id, audit_id, at, actor, action, entity, request_id, ip)
              values ('ten_1', 'aud_1', 1, 'cli', 'chain.found', 'ten_1', '', '');";
        store.execute_batch(rows).unwrap();
        let tables = count(
            &store,
            "sqlite_schema where type = 'table' and name not like 'sqlite_%'",
        );
        assert_eq!(
            i64::try_from(unnumbered(&store).unwrap().len()).unwrap(),
            tables
        );
        store
    }

    #[test]
    fn a_store_of_before_becomes_as_one_that_is_new() {
        let folder = tempfile::tempdir().unwrap();
        let new = folder.path().join("new.db");
        migrate::run(&settings(&new)).unwrap();
        let new = sqlite::open(&new).unwrap();
        for done in [migrate::known() - 1, migrate::known()] {
            let old = folder.path().join(format!("{done}.db"));
            drop(of_before(&old, done));
            migrate::run(&settings(&old)).unwrap();
            let made_over = sqlite::open(&old).unwrap();
            assert_eq!(shapes(&made_over), shapes(&new));
            assert_eq!(count(&made_over, "pragma_foreign_key_check"), 0);
            assert_eq!(
                count(
                    &made_over,
                    "pragma_integrity_check where integrity_check = 'ok'"
                ),
                1
            );
            let kept = "tenants join audit_entries using (tenant_id) join customers using (tenant_id)
                join points_ledger using (tenant_id, customer_id) join points_lots using (tenant_id, customer_id)
              where open = 5 and reminder_days = 7 and unearned = 0";
            assert_eq!(count(&made_over, kept), 1);
            let refused = made_over
                .execute("delete from audit_entries", [])
                .unwrap_err();
            assert!(refused.to_string().contains("L26"), "{refused}");
            let alone = made_over.execute("delete from customers", []).unwrap_err();
            assert!(alone.to_string().contains("FOREIGN KEY"), "{alone}");
        }
    }

    #[test]
    fn what_is_cut_off_goes_on_and_leaves_the_connection_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = sqlite::open(&folder.path().join("old.db")).unwrap();
        let before = pragmas(&store);
        let tables =
            "create table guests (guest_id text not null primary key) strict, without rowid;
            create table visits (guest_id text not null references guests, day text not null,
              primary key (guest_id, day)) WITHOUT ROWID;
            insert into guests values ('gst_1');
            insert into visits values ('gst_1', '2026-11-30');";
        store.execute_batch(tables).unwrap();
        let refused = settle(&mut store).unwrap_err().to_string();
        assert!(
            refused.contains("visits is not made as expected"),
            "{refused}"
        );
        assert_eq!(unnumbered(&store).unwrap(), ["visits"]);
        assert_eq!((count(&store, "guests"), count(&store, "visits")), (1, 1));
        assert_eq!(pragmas(&store), before);
    }
}
