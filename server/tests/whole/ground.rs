//! A store of its own for programs under test, on either kind, with one chain in it.

use std::path::PathBuf;
use std::process::{Command, Output};

use server::hall::access::Role;
use server::hall::id::{TenantId, VenueId};
use server::hall::identity::Mode;
use server::hall::journal::By;
use server::hall::secret::Entropy;
use server::hall::store::{Db, Place, Scope, Settings, admin, file_admin};
use server::hall::testing::{Store, UNFORCE, url_of, venue};
use server::hall::time::Clock;
use server::platform::chain::{self, Founding};

use crate::program::{Home, Server, command};

pub struct Ground {
    home: Home,
    /// The name of the database on the throwaway cluster.
    database: Option<String>,
    pub owner: String,
    /// Trades in USD.
    pub venue: VenueId,
}

impl Ground {
    pub async fn new(store: Store) -> Ground {
        let home = Home::new();
        std::fs::create_dir_all(home.data()).expect("a folder");
        let database = match store {
            Store::Sqlite => None,
            Store::Postgres => Some(create("").await),
        };
        let place = match &database {
            None => Place::Sqlite { file: home.store() },
            Some(name) => Place::Postgres {
                url: url_of(name),
                read_url: None,
            },
        };
        let (owner, venue) = found(place).await;
        Ground {
            home,
            database,
            owner,
            venue,
        }
    }

    pub fn command(&self) -> Command {
        let mut command = command(&self.home.data());
        if let Some(name) = &self.database {
            command.env("DATABASE_URL", url_of(name));
        }
        command
    }

    pub fn run(&self, words: &[&str]) -> Output {
        self.command()
            .args(words)
            .output()
            .expect("the program starts")
    }

    pub fn serve(&self) -> Server {
        let mut command = self.command();
        command.args(["serve", "--listen", "127.0.0.1:0", "--log", "error"]);
        Server::of(command)
    }

    /// A file beside the store.
    pub fn file(&self, name: &str) -> PathBuf {
        self.home.data().join(name)
    }

    /// Asks every law by the program itself.
    pub fn verify(&self) {
        let done = self.run(&["audit", "verify", "--log", "error"]);
        let said = String::from_utf8_lossy(&done.stdout);
        assert!(
            done.status.success(),
            "{said}{}",
            String::from_utf8_lossy(&done.stderr)
        );
    }

    /// Takes triggers and, where they can be dropped, constraints away: what they would refuse can be planted.
    pub async fn unguard(&self) {
        let triggers = [
            "pragma writable_schema = on",
            "delete from sqlite_schema where type = 'trigger'",
        ];
        let guards = "do $$ declare one record; begin
              for one in select tgname as name, tgrelid::regclass as home from pg_trigger where not tgisinternal
              loop execute format('drop trigger %I on %s', one.name, one.home); end loop;
              for one in select conname as name, conrelid::regclass as home from pg_constraint
                where contype in ('c', 'f') and connamespace = 'public'::regnamespace
              loop execute format('alter table %s drop constraint %I', one.home, one.name); end loop;
            end $$";
        match self.database {
            None => self.plant(&triggers).await,
            Some(_) => self.plant(&[guards]).await,
        }
    }

    /// Statements of whoever owns the tables, past the tenants' bounds.
    pub async fn plant(&self, statements: &[&str]) {
        match &self.database {
            None => {
                let bare = [
                    "pragma foreign_keys = off",
                    "pragma ignore_check_constraints = on",
                ];
                let all: Vec<&str> = bare.iter().chain(statements).copied().collect();
                file_admin(&self.home.store(), &all).expect("the file's owner may do it");
            }
            Some(name) => {
                for sql in [UNFORCE].iter().chain(statements) {
                    let done = admin(&url_of(name), sql).await;
                    done.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
                }
            }
        }
    }

    /// The number that a statement over all tenants finds, while nobody has a store of one process open.
    pub async fn number(&self, sql: &str) -> i64 {
        let place = match &self.database {
            None => Place::Sqlite {
                file: self.home.store(),
            },
            Some(name) => Place::Postgres {
                url: url_of(name),
                read_url: None,
            },
        };
        let settings = Settings {
            writers: 1,
            readers: 1,
            ..Settings::at(place, Entropy::system())
        };
        let db = Db::open(settings).await.expect("a store");
        let sql = sql.to_owned();
        let found = db.across_tenants(Clock::system().now(), move |across| {
            let rows = across.query(&sql, &[])?;
            rows.first().map_or(Ok(0), |row| row.get(0))
        });
        let found = found.await.expect("a number");
        db.close().await;
        found
    }

    /// The same store once more, while nobody has it open.
    pub async fn copy(&self) -> Ground {
        let home = Home::new();
        std::fs::create_dir_all(home.data()).expect("a folder");
        let database = match &self.database {
            None => {
                std::fs::copy(self.home.store(), home.store()).expect("the file is copied");
                None
            }
            Some(template) => Some(create(&format!(" template {template}")).await),
        };
        Ground {
            home,
            database,
            owner: self.owner.clone(),
            venue: self.venue,
        }
    }

    /// Drops the database; the folder goes by itself.
    pub async fn clear(self) {
        if let Some(name) = &self.database {
            let dropped = admin(
                &url_of("postgres"),
                &format!("drop database {name} with (force)"),
            )
            .await;
            dropped.expect("the throwaway cluster obeys");
        }
    }
}

/// A database on the throwaway cluster; `like` is what follows its name.
async fn create(like: &str) -> String {
    let id: TenantId = Entropy::system().id(Clock::system().now());
    let name = format!("whole_{id}");
    let made = admin(
        &url_of("postgres"),
        &format!("create database {name}{like}"),
    )
    .await;
    made.expect("the throwaway cluster obeys");
    name
}

/// A chain in USD with one venue, and its owner's key.
async fn found(place: Place) -> (String, VenueId) {
    let entropy = Entropy::system();
    let db = Db::open(Settings {
        writers: 1,
        ..Settings::at(place, entropy.clone())
    })
    .await
    .expect("a store");
    let now = Clock::system().now();
    let tenant = entropy.id(now);
    let made = db.write(Scope::new(tenant, now, By::cli()), Vec::new(), move |tx| {
        let founding = Founding {
            tenant,
            slug: "test".into(),
            name: "Boule & Bar".into(),
            mode: Mode::Test,
            language: "en".into(),
            currency: "USD".into(),
        };
        chain::found(tx, &founding)?;
        let venue = chain::open_venue(tx, &venue("harbour", "USD"))?;
        Ok((
            chain::mint_key(tx, "owner", Role::Owner, &[])?
                .1
                .expose()
                .to_owned(),
            venue,
        ))
    });
    let made = made.await.expect("the chain is founded");
    db.close().await;
    made
}
