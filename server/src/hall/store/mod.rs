//! The store: one face over SQLite and PostgreSQL.
//!
//! A transaction is a plain synchronous function of `&mut Tx`. It may be run more than once, so it
//! holds nothing that it cannot do again. `$1` in every statement is the tenant, bound here and never
//! by the caller. On SQLite one writer commits groups of transactions with one fsync; on PostgreSQL a
//! few connection threads run each at `SERIALIZABLE` behind locks on the hot keys that it declared.
//!
//! Absent on purpose: an async transaction (nobody may wait for the network inside one), a query
//! builder, and any `if postgres` outside this folder.

mod dialect;
mod examine;
mod log;
mod memo;
mod migrate;
mod postgres;
mod rows;
mod sqlite;
mod statistics;
#[cfg(test)]
mod tests;
mod value;
mod work;

use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::oneshot;

pub use dialect::{Dialect, applied_migrations, is_whole, plan, plan_across};
pub use examine::{Finding, Grade, examine};
pub use memo::Remembered;
pub use migrate::{Migration, known as known_migrations, tables};
#[cfg(any(test, feature = "testing"))]
pub use postgres::admin;
#[cfg(any(test, feature = "testing"))]
pub use sqlite::file_admin;
#[cfg(any(test, feature = "testing"))]
pub use value::show_values;
pub use value::{FromValue, Row, Value, from_word, json, word};
pub use work::{Health, Hot, Scope};

use super::error::{Error, Result};
use super::id::{Id, TenantId};
use super::secret::{self, Entropy, Secret};
use work::{Job, Verb};

/// A read may take this long on a store thread; then it is interrupted.
const READ_TIME_MAX: Duration = Duration::from_secs(10);

#[derive(Debug, Clone)]
pub enum Place {
    /// The folder that holds `regulars.db`.
    Sqlite { file: PathBuf },
    Postgres {
        url: String,
        /// Of a replica, for [`Db::read_behind`] alone.
        read_url: Option<String>,
    },
}

#[derive(Debug, Clone)]
pub struct Settings {
    pub place: Place,
    /// Threads that read, and as many on a replica. On PostgreSQL each holds a connection.
    pub readers: usize,
    /// Threads that write, on PostgreSQL only: SQLite has one writer.
    pub writers: usize,
    /// `READ COMMITTED` in place of `SERIALIZABLE`, for the tests that show that the guards hold by themselves.
    pub read_committed: bool,
    /// SQLite takes no more pages than this, for the tests that fill the disk.
    pub pages_max: Option<u32>,
    pub entropy: Entropy,
}

impl Settings {
    pub fn at(place: Place, entropy: Entropy) -> Settings {
        Settings {
            place,
            readers: 2,
            writers: 16,
            read_committed: false,
            pages_max: None,
            entropy,
        }
    }
}

/// What all threads of a store share.
#[derive(Default)]
struct Shared {
    statements: AtomicU64,
    memo: memo::Memo,
}

/// The store of one server. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    pool: Pool,
    health: Arc<Health>,
    shared: Arc<Shared>,
}

#[derive(Clone)]
enum Pool {
    Sqlite(sqlite::Threads),
    Postgres(postgres::Threads),
}

impl Db {
    /// Opens the store and brings its tables up to date.
    ///
    /// # Errors
    /// The store cannot be reached, is newer than this program, or is an SQLite older than 3.51.3.
    pub async fn open(settings: Settings) -> Result<Db> {
        Db::migrate(settings.clone()).await?;
        Db::open_migrated(settings).await
    }

    /// Brings the tables up to date and names the migrations that were missing.
    ///
    /// # Errors
    /// As [`Db::open`].
    pub async fn migrate(settings: Settings) -> Result<Vec<&'static str>> {
        tokio::task::spawn_blocking(move || migrate::run(&settings))
            .await
            .map_err(Error::bug)?
    }

    /// Opens a store whose tables are known to be up to date.
    pub async fn open_migrated(settings: Settings) -> Result<Db> {
        tokio::task::spawn_blocking(move || Db::start(&settings))
            .await
            .map_err(Error::bug)?
    }

    fn start(settings: &Settings) -> Result<Db> {
        let health = Arc::new(Health::default());
        let shared = Arc::new(Shared::default());
        let pool = match &settings.place {
            Place::Sqlite { file } => {
                Pool::Sqlite(sqlite::Threads::start(file, settings, &health, &shared)?)
            }
            Place::Postgres { url, read_url } => Pool::Postgres(postgres::Threads::start(
                url,
                read_url.as_deref(),
                settings,
                &health,
                &shared,
            )?),
        };
        Ok(Db {
            pool,
            health,
            shared,
        })
    }

    pub fn dialect(&self) -> Dialect {
        match &self.pool {
            Pool::Sqlite(_) => Dialect::Sqlite,
            Pool::Postgres(_) => Dialect::Postgres,
        }
    }

    pub fn health(&self) -> &Arc<Health> {
        &self.health
    }

    /// How many statements this store has run, for the tests that count them.
    pub fn statements(&self) -> u64 {
        self.shared.statements.load(Ordering::Relaxed)
    }

    /// How many writes and reads wait for a thread.
    pub fn queued(&self) -> (usize, usize) {
        match &self.pool {
            Pool::Sqlite(threads) => threads.queued(),
            Pool::Postgres(threads) => threads.queued(),
        }
    }

    /// Runs `verb` in one transaction and answers when it is durable. `hot` names the rows that many
    /// such transactions move at once.
    ///
    /// # Errors
    /// What `verb` answered, in which case nothing is kept; or the store's own `Busy`, `Full`, `Bug`.
    pub fn write<T: Send + 'static>(
        &self,
        scope: Scope,
        hot: Vec<Hot>,
        verb: impl Fn(&mut Tx) -> Result<T> + Send + 'static,
    ) -> impl Future<Output = Result<T>> {
        self.write_boxed(scope, hot, Box::new(verb))
    }

    async fn write_boxed<T: Send + 'static>(
        &self,
        scope: Scope,
        hot: Vec<Hot>,
        verb: Verb<T>,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Job::new(scope, hot, verb, reply));
        match &self.pool {
            Pool::Sqlite(threads) => threads.write(job)?,
            Pool::Postgres(threads) => threads.write(job)?,
        }
        answer
            .await
            .unwrap_or_else(|_| Err(Error::Busy(Duration::from_secs(1))))
    }

    /// Runs `find` on one snapshot of the store.
    pub fn read<T: Send + 'static>(
        &self,
        scope: Scope,
        find: impl Fn(&mut Read) -> Result<T> + Send + 'static,
    ) -> impl Future<Output = Result<T>> {
        self.read_as(Rank::Tenant, scope, Box::new(move |tx| find(tx)))
    }

    /// As [`Db::read`], on a snapshot that may be some moments behind: the replica's, where there is one.
    pub fn read_behind<T: Send + 'static>(
        &self,
        scope: Scope,
        find: impl Fn(&mut Read) -> Result<T> + Send + 'static,
    ) -> impl Future<Output = Result<T>> {
        self.read_as(Rank::Behind, scope, Box::new(move |tx| find(tx)))
    }

    async fn read_as<T: Send + 'static>(
        &self,
        rank: Rank,
        scope: Scope,
        find: Verb<T>,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Job::new(scope, Vec::new(), find, reply));
        match &self.pool {
            Pool::Sqlite(threads) => threads.read(job)?,
            Pool::Postgres(threads) => threads.read(job, rank)?,
        }
        answer
            .await
            .unwrap_or_else(|_| Err(Error::Busy(Duration::from_secs(1))))
    }

    /// Reads over all tenants: for the scheduler, verify and the look-ups that come before a tenant.
    pub fn across_tenants<T: Send + 'static>(
        &self,
        now: Timestamp,
        find: impl Fn(&mut Across<'_>) -> Result<T> + Send + 'static,
    ) -> impl Future<Output = Result<T>> {
        self.across(Scope::of_nobody(now), find)
    }

    /// As [`Db::across_tenants`], for a walk over the whole store that nobody waits for.
    pub fn across_tenants_patiently<T: Send + 'static>(
        &self,
        now: Timestamp,
        find: impl Fn(&mut Across<'_>) -> Result<T> + Send + 'static,
    ) -> impl Future<Output = Result<T>> {
        self.across(Scope::of_nobody(now).patient(), find)
    }

    fn across<T: Send + 'static>(
        &self,
        scope: Scope,
        find: impl Fn(&mut Across<'_>) -> Result<T> + Send + 'static,
    ) -> impl Future<Output = Result<T>> {
        let find = move |tx: &mut Tx| find(&mut Across(&mut tx.read));
        self.read_as(Rank::Audit, scope, Box::new(find))
    }

    /// Ends the store's threads when what they hold is done.
    pub async fn close(self) {
        let pool = self.pool;
        let closing = tokio::task::spawn_blocking(move || match pool {
            Pool::Sqlite(threads) => threads.close(),
            Pool::Postgres(threads) => threads.close(),
        });
        // The threads hold nothing that a failed join could lose: every answer was sent before.
        let _ = closing.await;
    }
}

/// As whom and where a PostgreSQL read runs: bound to a tenant, on the replica too, or as the role that reads all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rank {
    Tenant,
    Behind,
    Audit,
}

/// One snapshot of the store, bound to one tenant.
pub struct Read {
    session: Session,
    scope: Scope,
    tenant: Value,
    entropy: Entropy,
    shared: Arc<Shared>,
    /// A database error outside a savepoint: nothing more may be done in this transaction.
    poison: Option<String>,
}

enum Session {
    Sqlite(std::rc::Rc<sqlite::Session>),
    Postgres(std::rc::Rc<postgres::Session>),
}

impl Read {
    fn new(session: Session, scope: &Scope, entropy: &Entropy, shared: &Arc<Shared>) -> Read {
        let tenant = scope.tenant.map_or(Value::Null, Value::from);
        Read {
            session,
            scope: scope.clone(),
            tenant,
            entropy: entropy.clone(),
            shared: Arc::clone(shared),
            poison: None,
        }
    }

    /// The instant that this call goes by: fixed when the request came, the same at every try.
    pub fn now(&self) -> Timestamp {
        self.scope.now
    }

    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The tenant that every statement is bound to.
    #[track_caller]
    pub fn tenant(&self) -> Result<TenantId> {
        self.scope
            .tenant
            .ok_or_else(|| Error::bug("a statement needs a tenant"))
    }

    pub fn entropy(&self) -> &Entropy {
        &self.entropy
    }

    /// All rows of a `select`; `$1` is the tenant, `params` are `$2` and on.
    #[track_caller]
    pub fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>> {
        self.tenant()?;
        self.run(sql, Of::Tenant, params, true)
            .map(|done| done.rows)
    }

    /// The first row, if any.
    #[track_caller]
    pub fn first(&mut self, sql: &str, params: &[Value]) -> Result<Option<Row>> {
        Ok(self.query(sql, params)?.into_iter().next())
    }

    /// The one row that the statement always gives, as an aggregate does.
    #[track_caller]
    pub fn one(&mut self, sql: &str, params: &[Value]) -> Result<Row> {
        self.first(sql, params)?
            .ok_or_else(|| Error::bug("a row was expected"))
    }

    pub fn dialect(&self) -> Dialect {
        match self.session {
            Session::Sqlite(_) => Dialect::Sqlite,
            Session::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Binds a read that began without a tenant to the one that the directory named.
    pub(in crate::hall) fn bind(&mut self, tenant: TenantId) -> Result<()> {
        self.scope.tenant = Some(tenant);
        self.tenant = tenant.into();
        match &self.session {
            Session::Sqlite(_) => Ok(()),
            Session::Postgres(session) => session.bind(tenant),
        }
    }

    /// A statement on the one table without a tenant; for `hall/identity.rs` alone.
    pub(in crate::hall) fn directory(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>> {
        self.run(sql, Of::All, params, true).map(|done| done.rows)
    }

    #[track_caller]
    fn run(&mut self, sql: &str, of: Of, params: &[Value], rows: bool) -> Result<Done> {
        if let Some(why) = &self.poison {
            return Err(Error::bug(format!("the transaction is poisoned: {why}")));
        }
        self.shared.statements.fetch_add(1, Ordering::Relaxed);
        let params = Params {
            tenant: matches!(of, Of::Tenant).then_some(&self.tenant),
            others: params,
        };
        tracing::trace!(target: "regulars::sql", sql, ?params);
        let done = match &self.session {
            Session::Sqlite(session) => session.run(sql, params, rows),
            Session::Postgres(session) => session.run(sql, params),
        };
        done.inspect_err(|error| self.poison = Some(error.to_string()))
    }
}

/// Whose rows a statement is about: its `$1` is the tenant, or what the caller gives.
#[derive(Clone, Copy)]
enum Of {
    Tenant,
    All,
}

/// What a statement is bound to: the tenant, where it is bound to one, and what the caller gave.
#[derive(Clone, Copy, Default)]
struct Params<'a> {
    tenant: Option<&'a Value>,
    others: &'a [Value],
}

impl<'a> Params<'a> {
    fn iter(self) -> impl Iterator<Item = &'a Value> {
        self.tenant.into_iter().chain(self.others)
    }
}

impl std::fmt::Debug for Params<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// What a statement gave: rows of a `select` or `returning`, and how many rows it changed.
#[derive(Default)]
struct Done {
    rows: Vec<Row>,
    changed: u64,
}

/// A transaction that may write.
pub struct Tx {
    read: Read,
    depth: u32,
    /// Audit entries that this transaction has appended.
    pub(in crate::hall) entries: u32,
    /// What the token of this transaction is made of, where it is to be told again.
    pub(in crate::hall) seed: Option<[u8; 32]>,
    /// The token that was made of it.
    pub(in crate::hall) minted: Option<Secret>,
}

impl Deref for Tx {
    type Target = Read;
    fn deref(&self) -> &Read {
        &self.read
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Read {
        &mut self.read
    }
}

impl Tx {
    fn new(read: Read) -> Tx {
        Tx {
            read,
            depth: 0,
            entries: 0,
            seed: None,
            minted: None,
        }
    }

    /// A new id at this transaction's instant.
    pub fn new_id<T: Id>(&self) -> T {
        self.new_id_of(self.read.now())
    }

    /// A new id of what was at another instant.
    pub fn new_id_of<T: Id>(&self, at: Timestamp) -> T {
        self.read.entropy.id(at)
    }

    /// A new token. Under an idempotency key it is the one that the same request is told again.
    #[track_caller]
    pub fn new_token(&mut self, prefix: &str) -> Result<Secret> {
        let Some(seed) = &self.seed else {
            return Ok(secret::token(&self.read.entropy, prefix));
        };
        let token = secret::token_of(seed, prefix);
        if self.minted.replace(token.clone()).is_some() {
            return Err(Error::bug("an answer tells one token"));
        }
        Ok(token)
    }

    /// Changes rows and says how many; `$1` is the tenant, `params` are `$2` and on.
    #[track_caller]
    pub fn exec(&mut self, sql: &str, params: &[Value]) -> Result<u64> {
        self.read.tenant()?;
        self.read
            .run(sql, Of::Tenant, params, false)
            .map(|done| done.changed)
    }

    /// A write whose outcome is not looked at. On PostgreSQL it travels with the next statement that
    /// is, or with the commit, where its error then appears.
    #[track_caller]
    pub fn queue(&mut self, sql: &str, params: &[Value]) -> Result<()> {
        self.read.tenant()?;
        match &self.read.session {
            Session::Sqlite(_) => self.read.run(sql, Of::Tenant, params, false).map(|_| ()),
            Session::Postgres(session) => {
                let params = Params {
                    tenant: Some(&self.read.tenant),
                    others: params,
                };
                self.read.shared.statements.fetch_add(1, Ordering::Relaxed);
                tracing::trace!(target: "regulars::sql", sql, ?params);
                session.queue(sql, params)
            }
        }
    }

    /// A write on the one table without a tenant; for `hall/identity.rs` alone.
    pub(in crate::hall) fn directory_exec(&mut self, sql: &str, params: &[Value]) -> Result<u64> {
        self.read
            .run(sql, Of::All, params, false)
            .map(|done| done.changed)
    }

    /// Runs `part` so that its failure undoes only what it did itself.
    pub fn savepoint<T>(&mut self, part: impl FnOnce(&mut Tx) -> Result<T>) -> Result<T> {
        if let Some(why) = &self.read.poison {
            return Err(Error::bug(format!("the transaction is poisoned: {why}")));
        }
        self.depth += 1;
        let name = format!("part_{}", self.depth);
        self.statement(&format!("savepoint {name}"))?;
        let result = part(self);
        self.depth -= 1;
        match result {
            Ok(_) if self.read.poison.is_none() => self.statement(&format!("release {name}"))?,
            Ok(_) => return Err(self.poisoned()),
            // The store wants the whole transaction again: a savepoint cannot mend that.
            Err(Error::Again(why)) => return Err(Error::Again(why)),
            Err(_) => {
                self.forget();
                self.read.poison = None;
                self.statement(&format!("rollback to {name}"))?;
                self.statement(&format!("release {name}"))?;
            }
        }
        result
    }

    /// As [`Tx::savepoint`], with the outcome of all that `part` queued, and a panic as the `Bug` that it is: for work
    /// of many parts, of which a broken one must not stop the others.
    pub fn apart<T>(&mut self, part: impl FnOnce(&mut Tx) -> Result<T>) -> Result<T> {
        self.savepoint(|tx| {
            let depth = tx.depth;
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| part(tx)));
            tx.depth = depth;
            let done = done.unwrap_or_else(|panic| Err(work::panicked(panic.as_ref())))?;
            tx.settle()?;
            Ok(done)
        })
    }

    /// Waits for what was queued, so that its error is told here.
    fn settle(&mut self) -> Result<()> {
        match &self.read.session {
            Session::Sqlite(_) => Ok(()),
            Session::Postgres(session) => session.settle(),
        }
    }

    fn poisoned(&self) -> Error {
        Error::bug(self.read.poison.clone().unwrap_or_default())
    }

    /// Drops the outcomes of queued writes that are about to be rolled back.
    fn forget(&mut self) {
        if let Session::Postgres(session) = &self.read.session {
            session.forget();
        }
    }

    fn statement(&mut self, sql: &str) -> Result<()> {
        match &self.read.session {
            Session::Sqlite(session) => session.simple(sql),
            Session::Postgres(session) => {
                session.queue_simple(sql);
                Ok(())
            }
        }
    }
}

/// A read that is bound to no tenant.
pub struct Across<'r>(&'r mut Read);

impl Across<'_> {
    /// All rows of a `select` whose parameters begin at `$1`.
    #[track_caller]
    pub fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>> {
        self.0.run(sql, Of::All, params, true).map(|done| done.rows)
    }

    pub fn dialect(&self) -> Dialect {
        self.0.dialect()
    }

    pub fn now(&self) -> Timestamp {
        self.0.now()
    }
}

/// How long is left until `deadline`; `Busy` when it has passed.
fn left(deadline: Instant) -> Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        Err(Error::Busy(Duration::from_secs(1)))
    } else {
        Ok(left)
    }
}
