//! What the store promises, on both stores; and what each alone must do.

mod upgrade;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use super::migrate::{ALL, apply_all, run};
use super::{Db, Dialect, Hot, Place, Read, Scope, Settings, Tx, admin, tables};
use crate::audit::seal_all;
use crate::both_stores;
use crate::hall::error::{Error, Result};
use crate::hall::id::TenantId;
use crate::hall::identity::{self, Mode};
use crate::hall::journal::By;
use crate::hall::secret::Entropy;
use crate::hall::testing::{Store, TestApp, noon, url_of};
use crate::jobs::run_due;
use crate::params;
use crate::platform::chain::{self, Founding};

const RAISE: &str = "update tenants set version = version + 1 where tenant_id = $1";

fn raise(tx: &mut Tx) -> Result<()> {
    tx.exec(RAISE, params![]).map(|_| ())
}

fn version(read: &mut Read) -> Result<i64> {
    read.one(
        "select version from tenants where tenant_id = $1",
        params![],
    )?
    .get(0)
}

async fn version_of(app: &TestApp) -> i64 {
    app.write(|tx| version(tx)).await
}

/// A statement that no store takes.
fn fail(tx: &mut Tx) -> Result<()> {
    tx.exec("insert into tenants (tenant_id) values ($1)", params![])
        .map(|_| ())
}

#[tokio::test]
async fn a_replica_that_lags_serves_lists_and_nothing_else() {
    let app = TestApp::with_replica().await;
    let path = "/api/v1/chain/tax-classes";
    let ask = json!({"name": "Food"});
    let made = app.manager().post_keyed(path, "food", ask.clone()).await;
    let again = app.manager().post_keyed(path, "food", ask).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let one = format!("{path}/{}", made.is(201).text("/id"));
    assert_eq!(app.manager().get(&one).await.is(200).text("/name"), "Food");
    // So far behind that it has no row: whoever calls is known all the same.
    assert_eq!(app.manager().get(path).await.is(200).int("/total"), 0);
    assert!(seal_all(&app.hall).await.unwrap() > 0);
    app.advance(jiff::SignedDuration::from_hours(24));
    assert!(!run_due(&app.hall, None).await.unwrap().is_empty());
}

both_stores! {
    async fn a_savepoint_undoes_only_its_part(app: TestApp) {
        let before = version_of(&app).await;
        app.write(|tx| {
            raise(tx)?;
            let part = tx.savepoint(|tx| {
                raise(tx)?;
                tx.savepoint(raise)?;
                fail(tx)
            });
            assert!(part.is_err());
            let refused: Result<()> = tx.savepoint(|tx| {
                raise(tx)?;
                Err(Error::NotFound("thing"))
            });
            assert!(refused.is_err());
            tx.savepoint(raise)
        })
        .await;
        assert_eq!(version_of(&app).await, before + 2);
    }

    async fn a_verb_that_goes_on_after_an_error_keeps_nothing(app: TestApp) {
        let before = version_of(&app).await;
        let went_on = app.try_write(|tx| {
            raise(tx)?;
            let failed = fail(tx);
            assert!(failed.is_err() && version(tx).is_err());
            Ok(())
        });
        assert!(matches!(went_on.await, Err(Error::Bug(..))));
        assert_eq!(version_of(&app).await, before);
    }

    async fn a_queued_write_that_fails_is_seen(app: TestApp) {
        let before = version_of(&app).await;
        let failed = app.try_write(|tx| {
            raise(tx)?;
            tx.queue("insert into tenants (tenant_id) values ($1)", params![])
        });
        assert!(failed.await.is_err());
        assert_eq!(version_of(&app).await, before);
    }

    async fn a_long_answer_that_nobody_looks_at_holds_nothing_up(app: TestApp) {
        let done = app.try_write(|tx| {
            let many = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
                        select i, $1 from n";
            tx.queue(many, params![])?;
            // Texts that no connection has prepared yet.
            tx.exec("update tenants set version = version + $2 where tenant_id = $1", params![17])?;
            tx.one("select version from tenants where tenant_id = $1 and version > $2", params![16])?.get::<i64>(0)
        });
        let done = tokio::time::timeout(Duration::from_secs(20), done).await;
        assert!(done.expect("no wait without end").expect("a version") > 16);
    }

    async fn a_panic_is_its_own_and_no_neighbours(app: TestApp) {
        let before = version_of(&app).await;
        let many = (0..20).map(|n| {
            app.try_write(move |tx| {
                raise(tx)?;
                assert!(n != 7, "the seventh");
                Ok(())
            })
        });
        let outcomes = join_all(many).await;
        for (n, outcome) in outcomes.into_iter().enumerate() {
            match outcome {
                Err(Error::Bug(why, _)) if n == 7 => assert!(why.to_string().contains("the seventh")),
                outcome => assert!(outcome.is_ok() && n != 7, "{n}: {outcome:?}"),
            }
        }
        assert_eq!(version_of(&app).await, before + 19);
    }

    async fn many_who_move_one_row_wait_for_each_other_and_none_fails(app: TestApp) {
        let before = version_of(&app).await;
        let hot = vec![Hot::of(app.tenant, "tenant", "version")];
        let many = (0..32).map(|_| {
            let scope = Scope::new(app.tenant, app.now(), By::cli());
            app.hall.db.write(scope, hot.clone(), |tx| {
                let seen = version(tx)?;
                let sql = "update tenants set version = $2 where tenant_id = $1 and version = $3";
                tx.exec(sql, params![seen + 1, seen])
            })
        });
        for outcome in join_all(many).await {
            assert_eq!(outcome.unwrap(), 1);
        }
        assert_eq!(version_of(&app).await, before + 32);
    }

    async fn a_tenant_reads_its_own_rows(app: TestApp) {
        app.other_tenant().await;
        let of_all = app.hall.db.across_tenants(app.now(), |across| {
            across.query("select tenant_id from tenants", params![]).map(|rows| rows.len())
        });
        assert_eq!(of_all.await.unwrap(), 2);
        let scope = Scope::new(app.tenant, app.now(), By::cli());
        let named = app.hall.db.read(scope, |read| Ok(identity::tenant(read)?.map(|tenant| tenant.slug)));
        assert_eq!(named.await.unwrap().as_deref(), Some("test"));
        let nobody = app.hall.db.read(Scope::of_nobody(app.now()), version);
        assert!(nobody.await.is_err());
    }

    async fn every_table_of_a_tenant_begins_with_it(app: TestApp) {
        let found = app.hall.db.across_tenants(app.now(), |across| {
            let mut wrong = Vec::new();
            for table in tables() {
                if table == "directory" {
                    continue;
                }
                let (keys, parents) = match across.dialect() {
                    Dialect::Sqlite => (
                        format!("select name, pk from pragma_table_info('{table}') where pk = 1"),
                        format!("select distinct id from pragma_foreign_key_list('{table}')
                                 except select id from pragma_foreign_key_list('{table}') where \"from\" = 'tenant_id' and seq = 0"),
                    ),
                    Dialect::Postgres => (
                        format!("select cast(a.attname as text), 1 from pg_index i join pg_attribute a
                                   on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
                                 where i.indrelid = '{table}'::regclass and i.indisprimary"),
                        format!("select cast(c.conname as text) from pg_constraint c join pg_attribute a
                                   on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
                                 where c.contype = 'f' and c.conrelid = '{table}'::regclass and a.attname <> 'tenant_id'"),
                    ),
                };
                let key = across.query(&keys, params![])?;
                if key.first().map(|row| row.get::<String>(0)).transpose()?.as_deref() != Some("tenant_id") {
                    wrong.push(format!("{table}: its key does not begin with tenant_id"));
                }
                if !across.query(&parents, params![])?.is_empty() {
                    wrong.push(format!("{table}: a foreign key does not begin with tenant_id"));
                }
            }
            Ok(wrong)
        });
        assert_eq!(found.await.unwrap(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn many_who_move_one_row_at_read_committed_lose_nothing() {
    let weaker = |settings| Settings {
        read_committed: true,
        writers: 16,
        ..settings
    };
    let app = TestApp::with(Store::Postgres, weaker).await;
    let before = version_of(&app).await;
    let many = (0..32).map(|_| app.try_write(raise));
    assert!(join_all(many).await.iter().all(Result::is_ok));
    assert_eq!(version_of(&app).await, before + 32);
}

#[tokio::test]
async fn a_connection_that_is_cut_before_the_commit_is_replaced() {
    let app = TestApp::new(Store::Postgres).await;
    let superuser =
        std::env::var("REGULARS_TEST_POSTGRES_SUPERUSER").expect("run the tests by `make test`");
    let before = version_of(&app).await;
    let tries = Arc::new(AtomicU32::new(0));
    let counting = Arc::clone(&tries);
    let cut = app.try_write(move |tx| {
        raise(tx)?;
        if counting.fetch_add(1, Ordering::SeqCst) == 0 {
            let pid = "select cast(pg_backend_pid() as bigint) where cast($1 as text) is not null";
            let pid: i64 = tx.one(pid, params![])?.get(0)?;
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(Error::bug)?;
            runtime.block_on(admin(
                &superuser,
                &format!("select pg_terminate_backend({pid})"),
            ))?;
        }
        raise(tx)
    });
    cut.await.unwrap();
    assert_eq!(tries.load(Ordering::SeqCst), 2);
    assert_eq!(version_of(&app).await, before + 2);
}

#[tokio::test]
async fn a_statement_without_a_tenant_sees_nothing() {
    let app = TestApp::new(Store::Postgres).await;
    let mut checks = String::new();
    for table in tables().into_iter().filter(|table| *table != "directory") {
        checks.push_str(&format!(
            "if (select count(*) from {table}) > 0 then raise exception '{table} is seen'; end if;\n"
        ));
    }
    let unbound = format!(
        "set role regulars_rw; do $$ begin perform set_config('app.tenant', '', false); {checks} end $$"
    );
    app.as_role(&unbound).await.unwrap();
    let sees = "set role regulars_rw; do $$ begin perform set_config('app.tenant', (select tenant_id from directory limit 1), false);
         if (select count(*) from tenants) <> 1 then raise exception 'its own is not seen'; end if; end $$";
    app.as_role(sees).await.unwrap();
    let other = "set role regulars_rw; set app.tenant = 'ten_x';
         insert into journal_heads (tenant_id, audit_seq, audit_hash, event_seq)
           select tenant_id, 9, '\\x00', 9 from directory limit 1";
    assert!(app.as_role(other).await.is_err());
}

#[tokio::test]
async fn each_table_of_a_tenant_has_its_forced_policy() {
    let app = TestApp::new(Store::Postgres).await;
    let bare = app.hall.db.across_tenants(app.now(), |across| {
        let sql = "select cast(c.relname as text) from pg_class c
             join pg_namespace n on n.oid = c.relnamespace
             where n.nspname = current_schema() and c.relkind = 'r' and c.relname not in ('directory', 'migrations')
               and not (c.relrowsecurity and c.relforcerowsecurity
                 and exists (select 1 from pg_policy p where p.polrelid = c.oid and p.polname = 'tenant'))";
        let rows = across.query(sql, params![])?;
        rows.iter().map(|row| row.get::<String>(0)).collect::<Result<Vec<_>>>()
    });
    assert_eq!(bare.await.unwrap(), Vec::<String>::new());
}

/// A row of so many bytes.
fn fill(tx: &mut Tx, bytes: usize) -> Result<u64> {
    let id: TenantId = tx.new_id();
    let (text, now) = ("x".repeat(bytes), tx.now());
    tx.exec(
        "insert into idempotency (tenant_id, principal, operation, key, fingerprint, status, headers, body, created_at)
         values ($1, 'x', 'x', $2, $3, 200, '[]', $4, $5)",
        params![id, [0; 32], text.as_bytes(), now],
    )
}

#[tokio::test]
async fn a_full_disk_refuses_writes_answers_reads_and_heals() {
    let app = TestApp::with(Store::Sqlite, |settings| Settings {
        pages_max: Some(400),
        ..settings
    })
    .await;
    let refused = loop {
        if let Err(refused) = app.try_write(|tx| fill(tx, 20_000)).await {
            break refused;
        }
    };
    assert!(matches!(refused, Error::Full), "{refused:?}");
    assert!(app.hall.db.health().is_full());
    app.owner().get("/api/v1/chain").await.is(200);
    app.nobody().get("/readyz").await.is(503);
    let path = "/api/v1/chain/jobs/jobs.prune/run";
    app.manager()
        .post(path, serde_json::json!({}))
        .await
        .is_problem(507, "storage_full");
    // Room is made; after its pause the store tries again by itself.
    let free = |tx: &mut Tx| {
        tx.exec(
            "delete from idempotency where tenant_id = $1 and principal = 'x'",
            params![],
        )
    };
    while app.try_write(free).await.is_err() {
        tokio::task::yield_now().await;
    }
    assert!(!app.hall.db.health().is_full());
    app.nobody().get("/readyz").await.is(200);
    app.manager()
        .post(path, serde_json::json!({}))
        .await
        .is(201);
}

async fn a_place(store: Store, name: &str) -> (Place, Option<tempfile::TempDir>) {
    match store {
        Store::Sqlite => {
            let folder = tempfile::tempdir().unwrap();
            let file: PathBuf = folder.path().join("regulars.db");
            (Place::Sqlite { file }, Some(folder))
        }
        Store::Postgres => {
            let name = format!("{name}_{}", std::process::id());
            let postgres = url_of("postgres");
            admin(
                &postgres,
                &format!("drop database if exists {name} with (force)"),
            )
            .await
            .unwrap();
            admin(&postgres, &format!("create database {name}"))
                .await
                .unwrap();
            (
                Place::Postgres {
                    url: url_of(&name),
                    read_url: None,
                },
                None,
            )
        }
    }
}

async fn leave(place: &Place) {
    if let Place::Postgres { url, .. } = place {
        let name = url.rsplit('/').next().unwrap();
        admin(
            &url_of("postgres"),
            &format!("drop database {name} with (force)"),
        )
        .await
        .unwrap();
    }
}

fn boule(tenant: TenantId, slug: &str) -> Founding {
    Founding {
        tenant,
        slug: slug.into(),
        name: "Boule".into(),
        mode: Mode::Test,
        language: "en".into(),
        currency: "EUR".into(),
    }
}

async fn tables_grow_around_data(store: Store) {
    let (place, _folder) = a_place(store, "migrating").await;
    let entropy = Entropy::system();
    let settings = Settings {
        writers: 2,
        readers: 1,
        ..Settings::at(place, entropy.clone())
    };
    for count in 2..=ALL.len() {
        let step = settings.clone();
        tokio::task::spawn_blocking(move || apply_all(&step, &ALL[..count]))
            .await
            .unwrap()
            .unwrap();
        let db = Db::open_migrated(settings.clone()).await.unwrap();
        let tenant: TenantId = entropy.id(noon());
        let made = db.write(
            Scope::new(tenant, noon(), By::cli()),
            Vec::new(),
            move |tx| chain::found(tx, &boule(tenant, &format!("chain-{count}"))),
        );
        made.await.unwrap();
        db.close().await;
    }
    let older = settings.clone();
    let refused = tokio::task::spawn_blocking(move || apply_all(&older, &ALL[..2]))
        .await
        .unwrap();
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("start the newer program")
    );
    let again = settings.clone();
    assert!(
        tokio::task::spawn_blocking(move || run(&again))
            .await
            .unwrap()
            .unwrap()
            .is_empty()
    );
    let db = Db::open(settings.clone()).await.unwrap();
    let found = db.across_tenants(noon(), |across| {
        across
            .query("select tenant_id from tenants", params![])
            .map(|rows| rows.len())
    });
    assert_eq!(found.await.unwrap(), ALL.len() - 1);
    db.close().await;
    leave(&settings.place).await;
}

#[tokio::test]
async fn tables_grow_around_data_on_sqlite() {
    tables_grow_around_data(Store::Sqlite).await;
}

#[tokio::test]
async fn tables_grow_around_data_on_postgres() {
    tables_grow_around_data(Store::Postgres).await;
}
