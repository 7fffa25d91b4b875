//! What `doctor` asks of a store: whether it can be reached, and whether it is as production needs it.

use std::fmt::Display;
use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio_postgres::{Client, NoTls};

use super::{Place, known_migrations, sqlite};
use crate::hall::error::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Grade {
    Ok,
    Warning,
    Problem,
}

impl Grade {
    pub fn word(self) -> &'static str {
        match self {
            Grade::Ok => "ok",
            Grade::Warning => "warning",
            Grade::Problem => "PROBLEM",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    pub grade: Grade,
    pub about: &'static str,
    pub said: String,
}

impl Finding {
    pub fn ok(about: &'static str, said: impl Display) -> Finding {
        Finding {
            grade: Grade::Ok,
            about,
            said: said.to_string(),
        }
    }

    pub fn warning(about: &'static str, said: impl Display) -> Finding {
        Finding {
            grade: Grade::Warning,
            about,
            said: said.to_string(),
        }
    }

    pub fn problem(about: &'static str, said: impl Display) -> Finding {
        Finding {
            grade: Grade::Problem,
            about,
            said: said.to_string(),
        }
    }
}

/// The database's clock may differ from ours by this much.
const CLOCK_MAX: SignedDuration = SignedDuration::from_secs(2);
/// Whoever waits longer for a connection has the wrong address.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Statements over which a pooler between us would show itself.
const PROBES: usize = 20;

/// Looks at the store and changes nothing; `demo` is the slug of the test chain whose keys everybody knows.
pub async fn examine(place: &Place, now: Timestamp, demo: &str) -> Vec<Finding> {
    let examined = match place {
        Place::Sqlite { file } => file_of(file, now, demo),
        Place::Postgres { url, .. } => {
            match tokio::time::timeout(CONNECT_MAX, database(url, now, demo)).await {
                Ok(examined) => examined,
                Err(_) => Ok(vec![Finding::problem(
                    "PostgreSQL",
                    "it does not answer within 5 seconds",
                )]),
            }
        }
    };
    examined.unwrap_or_else(|error| vec![Finding::problem("store", error)])
}

fn file_of(file: &Path, now: Timestamp, demo: &str) -> Result<Vec<Finding>> {
    let mut findings = vec![Finding::ok(
        "SQLite",
        format!(
            "version {} (3.51.3 or newer is needed)",
            rusqlite::version()
        ),
    )];
    if !file.exists() {
        findings.push(Finding::warning(
            "store",
            format!("{} is not there yet; `serve` makes it", file.display()),
        ));
        return Ok(findings);
    }
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection =
        rusqlite::Connection::open_with_flags(file, flags).map_err(sqlite::classify)?;
    let number = |sql: &str| {
        connection
            .query_row(sql, [], |row| row.get::<_, Option<i64>>(0))
            .map_err(sqlite::classify)
    };
    let applied = number("pragma user_version")?.unwrap_or(0);
    findings.push(migrations(applied));
    if applied > 0 {
        let last = "select max(e.at) from audit_entries e
                    join tenants t on t.tenant_id = e.tenant_id where t.clock_offset_micros = 0";
        findings.push(clock(number(last)?, now));
        let demos = connection.query_row(DEMOS, [demo], |row| row.get(0));
        findings.extend(known_to_all(demos.map_err(sqlite::classify)?));
    }
    Ok(findings)
}

/// Test chains of one name.
const DEMOS: &str = "select count(*) from tenants where mode = 'TEST' and slug = $1";

fn known_to_all(demos: i64) -> Option<Finding> {
    let said = "the store holds the demo, whose keys and PINs everybody knows: take another for a chain of your own";
    (demos > 0).then(|| Finding::problem("demo", said))
}

fn migrations(applied: i64) -> Finding {
    let known = i64::try_from(known_migrations()).unwrap_or(i64::MAX);
    let said = format!("{applied} of {known} migrations are applied");
    match applied.cmp(&known) {
        std::cmp::Ordering::Equal => Finding::ok("tables", said),
        std::cmp::Ordering::Less => Finding::warning(
            "tables",
            format!("{said}; `serve` and `migrate` apply the rest"),
        ),
        std::cmp::Ordering::Greater => {
            Finding::problem("tables", format!("{said}: start the newer program"))
        }
    }
}

/// Our clock against the newest entry of the journal: a clock that was set back would lock people out.
fn clock(last_micros: Option<i64>, now: Timestamp) -> Finding {
    match last_micros {
        Some(last) if last > (now + CLOCK_MAX).as_microsecond() => Finding::problem(
            "clock",
            format!(
                "the newest entry of the journal is later than now ({now}): was the clock set back?"
            ),
        ),
        _ => Finding::ok("clock", now),
    }
}

async fn database(url: &str, now: Timestamp, demo: &str) -> Result<Vec<Finding>> {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .map_err(|error| Error::bug(format!("PostgreSQL cannot be reached: {error}")))?;
    let driving = tokio::spawn(connection);
    let mut findings = Vec::new();
    let version: String = one(&client, "select current_setting('server_version')").await?;
    findings.push(Finding::ok("PostgreSQL", format!("version {version}")));
    findings.push(rank(&client).await?);
    findings.push(durable(&client).await?);
    findings.push(pooler(&client).await?);
    let theirs: i64 = one(
        &client,
        "select cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)",
    )
    .await?;
    let apart = SignedDuration::from_micros((theirs - now.as_microsecond()).abs());
    findings.push(if apart > CLOCK_MAX {
        Finding::problem(
            "clock",
            format!("ours and the database's are {apart:#} apart"),
        )
    } else {
        Finding::ok("clock", now)
    });
    findings.extend(tables(&client, demo).await?);
    drop(client);
    driving.await.map_err(Error::bug)?.map_err(Error::bug)?;
    Ok(findings)
}

async fn one<T: for<'a> tokio_postgres::types::FromSql<'a>>(
    client: &Client,
    sql: &str,
) -> Result<T> {
    let row = client.query_one(sql, &[]).await.map_err(Error::bug)?;
    row.try_get(0).map_err(Error::bug)
}

/// A role that row-level security does not bind would make a forgotten tenant a leak.
async fn rank(client: &Client) -> Result<Finding> {
    let sql = "select rolsuper or rolbypassrls from pg_roles where rolname = current_user";
    let user: String = one(client, "select cast(current_user as text)").await?;
    Ok(if one(client, sql).await? {
        Finding::problem(
            "role",
            format!(
                "{user} is a superuser or bypasses row-level security: use a role that owns the tables and is neither"
            ),
        )
    } else {
        Finding::ok("role", user)
    })
}

async fn durable(client: &Client) -> Result<Finding> {
    let fsync: String = one(client, "select current_setting('fsync')").await?;
    let commit: String = one(client, "select current_setting('synchronous_commit')").await?;
    let said = format!("fsync is {fsync}, synchronous_commit is {commit}");
    Ok(if fsync == "on" && commit != "off" {
        Finding::ok("durability", said)
    } else {
        Finding::problem("durability", format!("{said}: a power cut loses sales"))
    })
}

/// Session locks must stay with the session: behind a pooler of transactions they do not.
async fn pooler(client: &Client) -> Result<Finding> {
    let lock = i64::from(std::process::id());
    let mut same = true;
    let first: i32 = one(client, "select pg_backend_pid()").await?;
    for _ in 0..PROBES {
        client
            .batch_execute(&format!("select pg_advisory_lock({lock})"))
            .await
            .map_err(Error::bug)?;
        client
            .batch_execute("begin; select 1; commit")
            .await
            .map_err(Error::bug)?;
        same &= one::<i32>(client, "select pg_backend_pid()").await? == first;
        same &= one::<bool>(client, &format!("select pg_advisory_unlock({lock})")).await?;
    }
    Ok(if same {
        Finding::ok("session locks", "they stay with the connection")
    } else {
        Finding::problem(
            "session locks",
            "a pooler of transactions stands between: connect to PostgreSQL itself, or pool sessions",
        )
    })
}

async fn tables(client: &Client, demo: &str) -> Result<Vec<Finding>> {
    let there: bool = one(client, "select to_regclass('migrations') is not null").await?;
    if !there {
        return Ok(vec![Finding::warning(
            "tables",
            "there are none yet; `serve` and `migrate` make them",
        )]);
    }
    let applied: i64 = one(client, "select count(*) from migrations").await?;
    let bare = "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
         join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
         where n.nspname = current_schema() and c.relkind = 'r' and c.relname <> 'directory'
           and not (c.relrowsecurity and c.relforcerowsecurity)";
    let bare: i64 = one(client, bare).await?;
    let guard = if bare == 0 {
        Finding::ok(
            "row-level security",
            "forced on every table that has a tenant",
        )
    } else {
        Finding::problem("row-level security", format!("not forced on {bare} tables"))
    };
    let mut findings = vec![migrations(applied), guard];
    if applied > 0 {
        client
            .batch_execute("set role regulars_audit")
            .await
            .map_err(Error::bug)?;
        let demos = client.query_one(DEMOS, &[&demo]).await;
        let demos = demos.map_err(Error::bug)?.try_get(0);
        findings.extend(known_to_all(demos.map_err(Error::bug)?));
    }
    Ok(findings)
}
