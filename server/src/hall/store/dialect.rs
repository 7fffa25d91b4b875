//! What truly differs between the two stores. At most ten functions, each tested on both.

use super::{Across, Read, Row, Value};
use crate::hall::error::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

/// How the store would run a `select`, as text: for the tests that refuse a scan of a whole table.
pub fn plan(read: &mut Read, sql: &str, params: &[Value]) -> Result<String> {
    let (explain, column) = explain(read.dialect());
    shown(&read.query(&format!("{explain} {sql}"), params)?, column)
}

/// As [`plan`], of a `select` that is bound to no tenant.
pub fn plan_across(across: &mut Across<'_>, sql: &str, params: &[Value]) -> Result<String> {
    let (explain, column) = explain(across.dialect());
    shown(&across.query(&format!("{explain} {sql}"), params)?, column)
}

/// What asks for a plan, and in which column its lines are.
fn explain(dialect: Dialect) -> (&'static str, usize) {
    match dialect {
        Dialect::Sqlite => ("explain query plan", 3),
        Dialect::Postgres => ("explain", 0),
    }
}

fn shown(rows: &[Row], column: usize) -> Result<String> {
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
