//! What truly differs between the two stores. At most ten functions, each tested on both.

use super::{Across, Read, Value};
use crate::hall::error::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

/// How the store would run a `select`, as text: for the tests that refuse a scan of a whole table.
pub fn plan(read: &mut Read, sql: &str, params: &[Value]) -> Result<String> {
    let (explain, column) = match read.dialect() {
        Dialect::Sqlite => ("explain query plan ", 3),
        Dialect::Postgres => ("explain ", 0),
    };
    let rows = read.query(&format!("{explain}{sql}"), params)?;
    let lines: Result<Vec<String>> = rows.iter().map(|row| row.get(column)).collect();
    Ok(lines?.join("\n"))
}

/// How many migrations are applied to the store.
pub fn applied_migrations(across: &mut Across<'_>) -> Result<usize> {
    let sql = match across.dialect() {
        Dialect::Sqlite => "pragma user_version",
        Dialect::Postgres => "select count(*) from migrations",
    };
    let rows = across.query(sql, &[])?;
    let applied = rows.first().map_or(Ok(0), |row| row.get::<i64>(0))?;
    usize::try_from(applied).map_err(Error::bug)
}

/// Whether the store's own check finds the file whole. PostgreSQL has none that a query can run.
pub fn is_whole(across: &mut Across<'_>) -> Result<bool> {
    match across.dialect() {
        Dialect::Sqlite => {
            let rows = across.query("pragma quick_check", &[])?;
            Ok(rows.len() == 1 && rows[0].get::<String>(0)? == "ok")
        }
        Dialect::Postgres => Ok(true),
    }
}
