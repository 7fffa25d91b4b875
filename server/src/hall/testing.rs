//! A whole server for one test, on one of the two stores, with people to call it.
//!
//! When a [`TestApp`] goes out of scope its due jobs run and every law is checked: each test of the API
//! is also a test of the laws.

use std::net::IpAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use tower::ServiceExt as _;

use super::access::Role;
use super::allowance::Taken;
use super::call::Hall;
use super::error::{Error, Result};
use super::http::{Limits, Peer};
use super::id::{CustomerId, StaffId, TenantId, VenueId};
use super::identity::{Mode, TaxMode, TillMode};
use super::journal::By;
use super::secret::{self, Entropy, Secret};
use super::store::{Db, Place, Scope, Settings, Tx};
use super::time::Clock;
use crate::customers::{self, EditCustomer};
use crate::platform::chain::{self, CreateVenue, Founding};
use crate::platform::hours::OpeningHours;
use crate::platform::{staff, venues};
use crate::{app, audit, jobs};

/// The environment variable that `scripts/with-postgres` sets.
const POSTGRES: &str = "REGULARS_TEST_POSTGRES";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    Sqlite,
    Postgres,
}

/// Lets the owner of PostgreSQL's tables see and change the rows of every tenant.
pub const UNFORCE: &str = "do $$ declare name text; begin
      for name in select relname from pg_class where relkind = 'r' and relrowsecurity
      loop execute format('alter table %I no force row level security', name); end loop;
    end $$";

/// Runs one test on both stores: `both_stores! { async fn name(app: TestApp) { … } }`.
#[macro_export]
macro_rules! both_stores {
    ($(async fn $name:ident($app:ident: TestApp) $body:block)*) => {$(
        mod $name {
            use super::*;

            async fn story($app: TestApp) $body

            #[tokio::test]
            async fn sqlite() {
                story(TestApp::new($crate::hall::testing::Store::Sqlite).await).await;
            }

            #[tokio::test]
            async fn postgres() {
                story(TestApp::new($crate::hall::testing::Store::Postgres).await).await;
            }
        }
    )*};
}

/// The seeds that a test of random sequences plays: so many as it is `usual`, or those that `REGULARS_SEQUENCES` asks
/// for, as a number or as `7..8`.
pub fn sequences(usual: u64) -> Range<u64> {
    let Ok(asked) = std::env::var("REGULARS_SEQUENCES") else {
        return 0..usual;
    };
    let (from, until) = asked.split_once("..").unwrap_or(("0", &asked));
    let seed = |text: &str| {
        text.parse()
            .expect("REGULARS_SEQUENCES is a number, or two with .. between")
    };
    seed(from)..seed(until)
}

/// Tests begin on a Friday at noon in Stockholm.
pub fn noon() -> Timestamp {
    "2026-06-12T10:00:00Z".parse().expect("a valid instant")
}

pub struct TestApp {
    pub hall: Hall,
    pub tenant: TenantId,
    /// The first venue: `EUR`, `Europe/Stockholm`, inclusive prices, a full till.
    pub venue: VenueId,
    owner: String,
    manager: String,
    staff: String,
    router: Router,
    broken: Mutex<Option<&'static str>>,
    home: Home,
    /// The database that stands for a replica.
    replica: Option<String>,
}

/// What a test's store leaves on the machine until the test ends.
enum Home {
    /// Dropping it deletes the folder.
    Folder(tempfile::TempDir),
    Database(String),
}

impl TestApp {
    pub async fn new(store: Store) -> TestApp {
        TestApp::with(store, |settings| settings).await
    }

    /// As [`TestApp::new`], with the store's settings changed.
    pub async fn with(store: Store, change: impl FnOnce(Settings) -> Settings) -> TestApp {
        let clock = Clock::fixed(noon());
        let entropy = Entropy::system();
        let (place, home) = fresh(store).await;
        let settings = Settings {
            readers: 2,
            writers: 4,
            ..Settings::at(place, entropy.clone())
        };
        let db = Db::open_migrated(change(settings))
            .await
            .expect("the store opens");
        let hall = Hall {
            db,
            clock,
            entropy,
            master: Arc::new([7; 32]),
            public_url: "http://regulars.test".into(),
            taken: Taken::default(),
            rooms: app::ROOMS,
        };
        let router = app::router(hall.clone(), &Limits::default());
        let founded = found(&hall, "test").await;
        TestApp {
            hall,
            tenant: founded.tenant,
            venue: founded.venue,
            owner: founded.owner,
            manager: founded.manager,
            staff: founded.staff,
            router,
            broken: Mutex::new(None),
            home,
            replica: None,
        }
    }

    /// On PostgreSQL, with a replica that is so far behind that it has no row.
    pub async fn with_replica() -> TestApp {
        let (Place::Postgres { url, .. }, Home::Database(name)) = fresh(Store::Postgres).await
        else {
            unreachable!("PostgreSQL gives a database");
        };
        let mut app = TestApp::with(Store::Postgres, |mut settings| {
            if let Place::Postgres { read_url, .. } = &mut settings.place {
                *read_url = Some(url);
            }
            settings
        })
        .await;
        app.replica = Some(name);
        app
    }

    pub fn now(&self) -> Timestamp {
        self.hall.clock.now()
    }

    pub fn advance(&self, by: SignedDuration) {
        self.hall.clock.advance(by);
    }

    /// A transaction as the machine itself, to arrange or to look.
    pub async fn write<T: Send + 'static>(
        &self,
        verb: impl Fn(&mut Tx) -> Result<T> + Send + 'static,
    ) -> T {
        let scope = Scope::new(self.tenant, self.now(), By::cli());
        self.hall
            .db
            .write(scope, Vec::new(), verb)
            .await
            .expect("the arranged write succeeds")
    }

    /// As [`TestApp::write`], where the outcome is what the test is about.
    pub async fn try_write<T: Send + 'static>(
        &self,
        verb: impl Fn(&mut Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let scope = Scope::new(self.tenant, self.now(), By::cli());
        self.hall.db.write(scope, Vec::new(), verb).await
    }

    /// Statements run by whoever owns the tables, past the tenant's bounds: to lift a trigger, to plant a breach.
    pub async fn as_owner(&self, statements: &[&str]) {
        match &self.home {
            Home::Database(name) => {
                for sql in std::iter::once(&UNFORCE).chain(statements) {
                    let done = super::store::admin(&url_of(name), sql).await;
                    done.expect("the owner may do it");
                }
            }
            Home::Folder(folder) => {
                let file = folder.path().join("regulars.db");
                super::store::file_admin(&file, statements).expect("the file's owner may do it");
            }
        }
    }

    /// Another process on the same store.
    pub async fn beside(&self) -> Db {
        let place = match &self.home {
            Home::Folder(folder) => Place::Sqlite {
                file: folder.path().join("regulars.db"),
            },
            Home::Database(name) => Place::Postgres {
                url: url_of(name),
                read_url: None,
            },
        };
        let settings = Settings::at(place, self.hall.entropy.clone());
        Db::open_migrated(settings)
            .await
            .expect("the store opens once more")
    }

    /// A statement on this test's PostgreSQL database, as whom it itself says.
    pub async fn as_role(&self, sql: &str) -> Result<()> {
        match &self.home {
            Home::Database(name) => super::store::admin(&url_of(name), sql).await,
            Home::Folder(_) => Err(Error::bug("a role is something of PostgreSQL")),
        }
    }

    /// This test breaks a law on purpose: at its end exactly this one must be found broken.
    pub fn breaks(&self, law: &'static str) {
        *self.broken.lock().unwrap_or_else(PoisonError::into_inner) = Some(law);
    }

    /// A customer of this first name, known at the first venue.
    pub async fn customer(&self, first_name: &str) -> CustomerId {
        let (venue, name) = (self.venue, first_name.to_owned());
        let made = self.write(move |tx| {
            let venue = super::identity::venue(tx, venue)?.ok_or(Error::NotFound("venue"))?;
            let ask = EditCustomer {
                first_name: Some(name.clone()),
                ..EditCustomer::default()
            };
            customers::create(tx, &venue, &ask)
        });
        made.await.id
    }

    /// Somebody who works at every venue in this rank, and their PIN.
    pub async fn colleague(&self, name: &str, role: Role, pin: &str) -> StaffId {
        let hash = secret::hash(Secret::new(pin), self.hall.entropy.clone()).await;
        let (name, hash) = (name.to_owned(), hash.expect("the PIN is hashed"));
        self.write(move |tx| {
            let id = staff::hire(tx, &name, role, None)?;
            staff::set_pin(tx, id, &hash, Role::Owner)?;
            Ok(id)
        })
        .await
    }

    pub fn owner(&self) -> Persona<'_> {
        self.bearer(&self.owner)
    }

    pub fn manager(&self) -> Persona<'_> {
        self.bearer(&self.manager)
    }

    pub fn staff(&self) -> Persona<'_> {
        self.bearer(&self.staff)
    }

    pub fn nobody(&self) -> Persona<'_> {
        Persona {
            router: &self.router,
            token: None,
            address: None,
        }
    }

    pub fn bearer(&self, token: &str) -> Persona<'_> {
        Persona {
            router: &self.router,
            token: Some(token.to_owned()),
            address: None,
        }
    }

    /// A key of this role that may do only what `scopes` name.
    pub async fn key(&self, role: Role, scopes: &[&str]) -> Persona<'_> {
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let (_, token) = self
            .write(move |tx| chain::mint_key(tx, "test key", role, &scopes))
            .await;
        self.bearer(token.expose())
    }

    /// The owner of another chain on the same server.
    pub async fn other_tenant(&self) -> Persona<'_> {
        let other = found(&self.hall, "other").await;
        self.bearer(&other.owner)
    }

    /// A path below the till of the first venue.
    pub fn till(&self, rest: &str) -> String {
        format!("/api/v1/tpv/venues/{}{rest}", self.venue)
    }

    /// A path below the dashboard of the first venue.
    pub fn dashboard(&self, rest: &str) -> String {
        format!("/api/v1/dashboard/venues/{}{rest}", self.venue)
    }
}

struct Founded {
    tenant: TenantId,
    venue: VenueId,
    owner: String,
    manager: String,
    staff: String,
}

async fn found(hall: &Hall, slug: &str) -> Founded {
    let tenant: TenantId = hall.entropy.id(hall.clock.now());
    let slug = slug.to_owned();
    let scope = Scope::new(tenant, hall.clock.now(), By::cli());
    let made = hall.db.write(scope, Vec::new(), move |tx| {
        let founding = Founding {
            tenant,
            slug: slug.clone(),
            name: "Boule & Bar".into(),
            mode: Mode::Test,
            language: "en".into(),
            currency: "EUR".into(),
        };
        chain::found(tx, &founding)?;
        let venue = chain::open_venue(tx, &venue("harbour", "EUR"))?;
        let mut keys = Vec::new();
        for role in [Role::Owner, Role::Manager, Role::Staff] {
            keys.push(
                chain::mint_key(tx, role.word(), role, &[])?
                    .1
                    .expose()
                    .to_owned(),
            );
        }
        Ok((venue, keys))
    });
    let (venue, keys) = made.await.expect("the chain is founded");
    let [owner, manager, staff] = keys.try_into().expect("three keys");
    Founded {
        tenant,
        venue,
        owner,
        manager,
        staff,
    }
}

/// A venue as tests want it: Stockholm, prices with tax, a till that takes money.
pub fn venue(slug: &str, currency: &str) -> CreateVenue {
    CreateVenue {
        slug: slug.into(),
        name: slug.into(),
        zone: "Europe/Stockholm".into(),
        country: "SE".into(),
        currency: currency.into(),
        language: "en".into(),
        business_day_start: "05:00".into(),
        tax_mode: TaxMode::Inclusive,
        till_mode: TillMode::Full,
        regulated: venues::alcohol(),
        opening_hours: OpeningHours::default(),
    }
}

/// Somebody who calls the API.
#[derive(Clone)]
pub struct Persona<'a> {
    router: &'a Router,
    token: Option<String>,
    address: Option<IpAddr>,
}

impl Persona<'_> {
    /// The same person behind a socket of this address, and so within its allowance.
    #[must_use]
    pub fn at_address(mut self, address: &str) -> Self {
        self.address = Some(address.parse().expect("an address"));
        self
    }

    pub async fn get(&self, path: &str) -> Said {
        self.send(Method::GET, path, None, &[]).await
    }

    /// A `POST` under a new idempotency key.
    pub async fn post(&self, path: &str, body: Json) -> Said {
        let key = format!("test-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.send(Method::POST, path, Some(body), &[("idempotency-key", &key)])
            .await
    }

    pub async fn post_keyed(&self, path: &str, key: &str, body: Json) -> Said {
        self.send(Method::POST, path, Some(body), &[("idempotency-key", key)])
            .await
    }

    pub async fn put(&self, path: &str, body: Json) -> Said {
        self.send(Method::PUT, path, Some(body), &[]).await
    }

    pub async fn patch(&self, path: &str, body: Json) -> Said {
        self.send(Method::PATCH, path, Some(body), &[]).await
    }

    pub async fn delete(&self, path: &str) -> Said {
        self.send(Method::DELETE, path, None, &[]).await
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Json>,
        headers: &[(&str, &str)],
    ) -> Said {
        let bytes = body.map(|body| body.to_string().into_bytes());
        self.send_bytes(method, path, bytes, headers).await
    }

    /// Sends bytes as they are, for bodies that are not what they should be.
    pub async fn send_bytes(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        headers: &[(&str, &str)],
    ) -> Said {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(address) = self.address {
            request = request.extension(Peer(address));
        }
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if body.is_some() && !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request
            .body(body.map_or_else(Body::empty, Body::from))
            .expect("a request");
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("the router answers");
        let (parts, body) = response.into_parts();
        let bytes = body
            .collect()
            .await
            .expect("a whole body")
            .to_bytes()
            .to_vec();
        let json = serde_json::from_slice(&bytes).unwrap_or(Json::Null);
        Said {
            status: parts.status,
            headers: parts.headers,
            json,
            bytes,
        }
    }
}

static NEXT: AtomicU32 = AtomicU32::new(1);

/// What the server said.
#[derive(Debug)]
pub struct Said {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub json: Json,
    pub bytes: Vec<u8>,
}

impl Said {
    #[track_caller]
    pub fn is(&self, status: u16) -> &Said {
        assert_eq!(
            self.status.as_u16(),
            status,
            "{}",
            String::from_utf8_lossy(&self.bytes)
        );
        self
    }

    /// A problem of this status and code, with the sentence and id that every problem has.
    #[track_caller]
    pub fn is_problem(&self, status: u16, code: &str) -> &Said {
        self.is(status);
        assert_eq!(self.json["code"], json!(code), "{}", self.json);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert!(
            self.json["detail"]
                .as_str()
                .is_some_and(|detail| detail.len() > 10),
            "{}",
            self.json
        );
        self
    }

    /// A text field of the answer.
    #[track_caller]
    pub fn text(&self, pointer: &str) -> String {
        let value = self.json.pointer(pointer).and_then(Json::as_str);
        value
            .unwrap_or_else(|| panic!("no text at {pointer} in {}", self.json))
            .to_owned()
    }

    /// A whole number of the answer.
    #[track_caller]
    pub fn int(&self, pointer: &str) -> i64 {
        let value = self.json.pointer(pointer).and_then(Json::as_i64);
        value.unwrap_or_else(|| panic!("no number at {pointer} in {}", self.json))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let broken = *self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        let hall = self.hall.clone();
        let failing = std::thread::panicking();
        let database = match &self.home {
            Home::Database(name) => Some(name.clone()),
            Home::Folder(_) => None,
        };
        let databases: Vec<String> = database.into_iter().chain(self.replica.take()).collect();
        // A thread of its own: the test's runtime may be the one that is being dropped.
        let ending = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("a runtime").block_on(async {
                let found = if failing {
                    None
                } else {
                    Some(end(&hall).await)
                };
                hall.db.close().await;
                for name in databases {
                    drop_database(&name).await;
                }
                found
            })
        });
        let found = ending.join();
        if failing {
            return;
        }
        let broke = found
            .expect("the jobs and the laws ran")
            .unwrap_or_default();
        match broken {
            None => assert!(broke.is_empty(), "laws are broken: {broke:#?}"),
            Some(law) => assert!(
                !broke.is_empty() && broke.iter().all(|breach| breach.law == law),
                "{law} was to be broken, and alone: {broke:#?}"
            ),
        }
    }
}

/// Runs the jobs that are due, then asks every law.
async fn end(hall: &Hall) -> Vec<super::law::Breach> {
    jobs::run_due(hall, None).await.expect("the due jobs run");
    let verdicts = audit::verify(hall, |_| ()).await;
    let verdicts = verdicts.expect("the laws can be asked");
    verdicts
        .into_iter()
        .flat_map(|verdict| verdict.breaches)
        .collect()
}

/// A store of its own for one test, made from one that was migrated once.
async fn fresh(store: Store) -> (Place, Home) {
    match store {
        Store::Sqlite => {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let file = folder.path().join("regulars.db");
            std::fs::copy(sqlite_template().await, &file).expect("the template is copied");
            (Place::Sqlite { file }, Home::Folder(folder))
        }
        Store::Postgres => {
            let template = postgres_template().await;
            let name = format!(
                "test_{}_{}",
                std::process::id(),
                NEXT.fetch_add(1, Ordering::Relaxed)
            );
            admin(&format!("create database {name} template {template}")).await;
            let url = url_of(&name);
            (
                Place::Postgres {
                    url,
                    read_url: None,
                },
                Home::Database(name),
            )
        }
    }
}

async fn sqlite_template() -> &'static Path {
    static TEMPLATE: tokio::sync::OnceCell<PathBuf> = tokio::sync::OnceCell::const_new();
    TEMPLATE
        .get_or_init(|| async {
            let folder = tempfile::tempdir().expect("a temporary folder").keep();
            let file = folder.join("template.db");
            let settings = Settings::at(Place::Sqlite { file: file.clone() }, Entropy::system());
            let db = Db::open(settings).await.expect("the template is migrated");
            db.close().await;
            file
        })
        .await
}

async fn postgres_template() -> &'static str {
    static TEMPLATE: tokio::sync::OnceCell<String> = tokio::sync::OnceCell::const_new();
    TEMPLATE
        .get_or_init(|| async {
            let name = format!("template_{}", std::process::id());
            admin(&format!("drop database if exists {name} with (force)")).await;
            admin(&format!("create database {name}")).await;
            let place = Place::Postgres {
                url: url_of(&name),
                read_url: None,
            };
            let db = Db::open(Settings::at(place, Entropy::system()))
                .await
                .expect("the template is migrated");
            db.close().await;
            name
        })
        .await
}

async fn drop_database(name: &str) {
    admin(&format!("drop database if exists {name} with (force)")).await;
}

/// The throwaway cluster's address for one database.
pub fn url_of(database: &str) -> String {
    static BASE: OnceLock<String> = OnceLock::new();
    let base = BASE.get_or_init(|| {
        std::env::var(POSTGRES)
            .expect("run the tests by `make test`: it starts the PostgreSQL that they need")
    });
    let (server, _) = base.rsplit_once('/').expect("an address with a database");
    format!("{server}/{database}")
}

async fn admin(sql: &str) {
    crate::hall::store::admin(&url_of("postgres"), sql)
        .await
        .expect("the throwaway cluster obeys");
}
