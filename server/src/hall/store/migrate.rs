//! The tables of both stores from one text.
//!
//! A migration is a file of statements, one a paragraph. `bigint`, `text` and `bytea` are the only types;
//! for SQLite they are renamed and each table is made `strict`. A paragraph that begins
//! with `-- only: postgres` (or `sqlite`) is skipped on the other. On PostgreSQL each table that has a
//! tenant gets its row-level security here, so that none can be forgotten.

use tokio_postgres::{Client, NoTls};

use super::{Dialect, Place, Settings, rows, sqlite, statistics};
use crate::hall::error::{Error, Result};

/// One file of the folder `migrations`, built into the binary.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    pub name: &'static str,
    pub text: &'static str,
}

#[cfg(test)]
pub(super) const ALL: &[Migration] = MIGRATIONS;

include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

/// Only one server migrates at a time; the others wait for this lock.
const LOCK: i64 = 0x7265_6775_6c61_7273;

/// Applies what is missing, each file in one transaction with its mark, and names it.
pub(super) fn run(settings: &Settings) -> Result<Vec<&'static str>> {
    apply_all(settings, MIGRATIONS)
}

pub(super) fn apply_all(
    settings: &Settings,
    migrations: &'static [Migration],
) -> Result<Vec<&'static str>> {
    match &settings.place {
        Place::Sqlite { file } => on_sqlite(file, migrations),
        Place::Postgres { url, .. } => {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime
                .map_err(Error::bug)?
                .block_on(on_postgres(url, migrations))
        }
    }
}

fn on_sqlite(
    file: &std::path::Path,
    migrations: &'static [Migration],
) -> Result<Vec<&'static str>> {
    let mut connection = sqlite::open(file)?;
    let done: usize = connection
        .query_row("pragma user_version", [], |row| row.get::<_, i64>(0))
        .map_err(sqlite::classify)?
        .try_into()
        .map_err(Error::bug)?;
    refuse_newer(done, migrations)?;
    // First: what goes wrong here leaves a store that the program of before opens too.
    rows::settle(&mut connection)?;
    for (place, migration) in migrations.iter().enumerate().skip(done) {
        let text = statements(migration.text, Dialect::Sqlite).join("\n");
        let tx = connection.transaction().map_err(sqlite::classify)?;
        let marked = format!("{text}\npragma user_version = {};", place + 1);
        tx.execute_batch(&marked)
            .map_err(|error| failed(migration, &error.to_string()))?;
        tx.commit().map_err(sqlite::classify)?;
        tracing::info!(migration = migration.name, "migrated");
    }
    statistics::settle(&mut connection)?;
    Ok(names(migrations, done))
}

async fn on_postgres(url: &str, migrations: &'static [Migration]) -> Result<Vec<&'static str>> {
    let (mut client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .map_err(|error| Error::bug(format!("PostgreSQL cannot be reached: {error}")))?;
    let driving = tokio::spawn(connection);
    client
        .batch_execute(&format!("select pg_advisory_lock({LOCK})"))
        .await
        .map_err(Error::bug)?;
    client.batch_execute(ROLES).await.map_err(Error::bug)?;
    let done = client
        .query_one("select count(*) from migrations", &[])
        .await
        .map_err(Error::bug)?;
    let done = usize::try_from(done.get::<_, i64>(0)).map_err(Error::bug)?;
    refuse_newer(done, migrations)?;
    for migration in migrations.iter().skip(done) {
        apply(&mut client, migration).await?;
        tracing::info!(migration = migration.name, "migrated");
    }
    drop(client);
    driving.await.map_err(Error::bug)?.map_err(Error::bug)?;
    Ok(names(migrations, done))
}

async fn apply(client: &mut Client, migration: &Migration) -> Result<()> {
    let tx = client.transaction().await.map_err(Error::bug)?;
    // The owner sees no rows under a forced policy: it is lifted for this transaction alone.
    tx.batch_execute(&each_table("no force row level security"))
        .await
        .map_err(Error::bug)?;
    for statement in statements(migration.text, Dialect::Postgres) {
        tx.batch_execute(&statement).await.map_err(|error| {
            let said = error
                .as_db_error()
                .map_or_else(|| error.to_string(), ToString::to_string);
            failed(migration, &format!("{said} in: {statement}"))
        })?;
    }
    tx.batch_execute(&each_table("force row level security"))
        .await
        .map_err(Error::bug)?;
    tx.execute(
        "insert into migrations (name) values ($1)",
        &[&migration.name],
    )
    .await
    .map_err(Error::bug)?;
    tx.commit().await.map_err(Error::bug)
}

fn each_table(what: &str) -> String {
    format!(
        "do $$ declare name text; begin
           for name in select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where n.nspname = current_schema() and c.relkind = 'r' and c.relrowsecurity
           loop execute format('alter table %I {what}', name); end loop;
         end $$"
    )
}

/// Two roles for the whole cluster; another server may be making them at this moment.
const ROLES: &str = "
    do $$ declare role text; begin
      foreach role in array array['regulars_rw', 'regulars_audit'] loop
        begin
          if not exists (select 1 from pg_roles where rolname = role) then
            execute format('create role %I nologin nosuperuser nobypassrls', role);
          end if;
        exception when duplicate_object or unique_violation then null;
        end;
        begin
          if not pg_has_role(current_user, role, 'member') then
            execute format('grant %I to current_user', role);
          end if;
        exception when duplicate_object or unique_violation then null;
        end;
      end loop;
    end $$;
    create table if not exists migrations (
      place bigint generated always as identity primary key,
      name text not null unique
    );
    do $$ begin
      execute format('grant usage on schema %I to regulars_rw, regulars_audit', current_schema());
    end $$;
    grant select on migrations to regulars_rw, regulars_audit;";

/// All migrations from the one at `place` on.
fn names(migrations: &[Migration], place: usize) -> Vec<&'static str> {
    migrations[place..]
        .iter()
        .map(|migration| migration.name)
        .collect()
}

/// How many migrations this program knows.
pub fn known() -> usize {
    MIGRATIONS.len()
}

fn refuse_newer(done: usize, migrations: &[Migration]) -> Result<()> {
    if done > migrations.len() {
        return Err(Error::bug(format!(
            "the store is at migration {done}, this program knows {}: start the newer program",
            migrations.len()
        )));
    }
    Ok(())
}

fn failed(migration: &Migration, why: &str) -> Error {
    Error::bug(format!("migration {}: {why}", migration.name))
}

/// The statements of one file as `dialect` takes them.
pub(super) fn statements(text: &str, dialect: Dialect) -> Vec<String> {
    let mut all = Vec::new();
    for paragraph in text.split("\n\n") {
        let (only, lines): (Vec<&str>, Vec<&str>) =
            paragraph.lines().partition(|line| line.starts_with("--"));
        let other = match dialect {
            Dialect::Sqlite => "-- only: postgres",
            Dialect::Postgres => "-- only: sqlite",
        };
        let statement = lines.join("\n");
        if statement.trim().is_empty() || only.contains(&other) {
            continue;
        }
        match dialect {
            Dialect::Sqlite => all.push(for_sqlite(&statement)),
            Dialect::Postgres => {
                let guard = table_of(&statement).map(|table| guard(table, &statement));
                all.push(statement);
                all.extend(guard);
            }
        }
    }
    all
}

fn for_sqlite(statement: &str) -> String {
    let is_table = table_of(statement).is_some();
    if !is_table && !statement.trim_start().starts_with("alter table ") {
        return statement.to_owned();
    }
    let mut text = statement
        .replace(" collate \"C\"", "")
        .replace(" bigint", " integer")
        .replace(" bytea", " blob");
    if is_table && let Some(end) = text.rfind(");") {
        text.replace_range(end.., ") strict;");
    }
    text
}

/// The table that a `create table` makes.
fn table_of(statement: &str) -> Option<&str> {
    statement
        .trim_start()
        .strip_prefix("create table ")?
        .split([' ', '('])
        .next()
}

/// Grants, and for a table with a tenant its forced policy: a statement that forgets the tenant sees nothing.
fn guard(table: &str, statement: &str) -> String {
    let grants = format!(
        "grant select, insert, update, delete on {table} to regulars_rw;
         grant select on {table} to regulars_audit;"
    );
    if !statement.contains("tenant_id") || table == "directory" {
        return grants;
    }
    format!(
        "{grants}
         alter table {table} enable row level security;
         create policy tenant on {table} to regulars_rw
           using (tenant_id = current_setting('app.tenant'))
           with check (tenant_id = current_setting('app.tenant'));
         create policy audit on {table} for select to regulars_audit using (true);"
    )
}

/// Every table that the migrations leave behind, for the tests that look at each.
pub fn tables() -> Vec<&'static str> {
    let paragraphs = || {
        let texts = MIGRATIONS.iter().map(|migration| migration.text);
        texts.flat_map(|text| text.split("\n\n"))
    };
    let made = paragraphs().filter_map(|paragraph| {
        let start = paragraph.find("create table ")?;
        table_of(&paragraph[start..])
    });
    let is_left = |table: &&str| {
        let dropped = format!("drop table {table};");
        !paragraphs().any(|paragraph| paragraph.contains(&dropped))
    };
    made.filter(is_left).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "create table cards (\n  tenant_id text collate \"C\" not null,\n  balance bigint not null,\n  code bytea,\n  primary key (tenant_id)\n);\n\n-- only: postgres\ncreate function f() returns trigger;\n\n-- Why it is there.\ncreate index cards_by_code on cards (tenant_id, code);\n";

    #[test]
    fn sqlite_gets_its_own_types_and_strict_tables() {
        let made = statements(TEXT, Dialect::Sqlite);
        assert_eq!(made.len(), 2);
        assert!(made[0].contains("balance integer not null") && made[0].contains("code blob"));
        assert!(made[0].ends_with(") strict;") && !made[0].contains("collate"));
        assert!(made[1].starts_with("create index"));
    }

    #[test]
    fn a_column_that_is_added_has_the_store_s_type_too() {
        let text = "alter table cards add column spent bigint not null default 0;\n";
        assert!(statements(text, Dialect::Sqlite)[0].contains("spent integer not null"));
        assert!(statements(text, Dialect::Postgres)[0].contains("spent bigint not null"));
    }

    #[test]
    fn postgres_gets_a_policy_for_each_table() {
        let made = statements(TEXT, Dialect::Postgres);
        assert_eq!(made.len(), 4);
        assert!(made[1].contains("create policy tenant on cards"));
        assert!(made[2].starts_with("create function"));
    }
}
