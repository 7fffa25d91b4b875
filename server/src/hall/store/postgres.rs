//! PostgreSQL: a few threads, each with one connection, each transaction in order of its hot keys.
//!
//! The face is synchronous, the wire is not: `begin` travels with the first statement, and writes whose
//! outcome nobody looks at travel with the next one that is looked at, or with the commit. So a
//! transaction costs as many round trips as it has questions, not as it has statements.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use tokio::runtime::Runtime;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, NoTls, Statement};

use super::value::{Row, Value};
use super::work::{Health, Hot, Verdict, Work};
use super::{Done, Params, Rank, Read, Settings, Shared, Tx, left};
use crate::hall::error::{Error, Result, Violation};
use crate::hall::id::TenantId;
use crate::hall::secret::Entropy;

/// Calls that may wait for a connection; more are shed.
const QUEUE_MAX: usize = 1_024;
/// Prepared statements kept by a connection.
const STATEMENTS_MAX: usize = 512;
/// A transaction that the store cannot order is run again at most this often.
const TRIES_MAX: u32 = 60;
/// One statement may take this long; a call has ten seconds in all.
const STATEMENT_TIME: &str = "8s";
/// A peer that acknowledges nothing for so long is gone, and with it the connection.
const SILENCE_MAX: Duration = Duration::from_secs(10);

type Wire = std::result::Result<Done, tokio_postgres::Error>;
type Pending = Pin<Box<dyn Future<Output = Wire>>>;

type Reads = Sender<Option<(Box<dyn Work>, Rank)>>;

#[derive(Clone)]
pub(super) struct Threads {
    /// `None` tells one thread to end.
    writes: Sender<Option<Box<dyn Work>>>,
    reads: Reads,
    /// On the replica, where there is one.
    behind: Option<Reads>,
    health: Arc<Health>,
    joins: Arc<std::sync::Mutex<Vec<JoinHandle<()>>>>,
}

impl Threads {
    pub(super) fn start(
        url: &str,
        read_url: Option<&str>,
        settings: &Settings,
        health: &Arc<Health>,
        shared: &Arc<Shared>,
    ) -> Result<Threads> {
        let (writes, to_write) = bounded(QUEUE_MAX);
        let mut joins = Vec::new();
        for _ in 0..settings.writers.max(1) {
            let worker = Worker::new(url, settings, shared);
            let to_write: Receiver<Option<Box<dyn Work>>> = to_write.clone();
            joins.push(thread("store-writer", move || worker.write_all(&to_write))?);
        }
        let mut readers = |url: &str| {
            let (reads, to_read) = bounded(QUEUE_MAX);
            for _ in 0..settings.readers.max(1) {
                let worker = Worker::new(url, settings, shared);
                let to_read: Receiver<Option<(Box<dyn Work>, Rank)>> = to_read.clone();
                joins.push(thread("store-reader", move || worker.read_all(&to_read))?);
            }
            Ok::<Reads, Error>(reads)
        };
        let reads = readers(url)?;
        let behind = read_url.map(&mut readers).transpose()?;
        let joins = Arc::new(std::sync::Mutex::new(joins));
        Ok(Threads {
            writes,
            reads,
            behind,
            health: Arc::clone(health),
            joins,
        })
    }

    pub(super) fn write(&self, job: Box<dyn Work>) -> Result<()> {
        self.health.admit()?;
        send(&self.writes, job)
    }

    pub(super) fn read(&self, job: Box<dyn Work>, rank: Rank) -> Result<()> {
        let replica = self.behind.as_ref().filter(|_| rank == Rank::Behind);
        send(replica.unwrap_or(&self.reads), (job, rank))
    }

    pub(super) fn queued(&self) -> (usize, usize) {
        let behind = self.behind.as_ref().map_or(0, Sender::len);
        (self.writes.len(), self.reads.len() + behind)
    }

    pub(super) fn close(self) {
        let joins = std::mem::take(
            &mut *self
                .joins
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        );
        // One for each thread; a queue whose threads are gone takes none, which is as well.
        for _ in &joins {
            let _ = self.writes.send(None);
            for reads in std::iter::once(&self.reads).chain(&self.behind) {
                let _ = reads.send(None);
            }
        }
        for join in joins {
            let _ = join.join();
        }
    }
}

fn send<T>(queue: &Sender<Option<T>>, job: T) -> Result<()> {
    queue.try_send(Some(job)).map_err(|refused| match refused {
        TrySendError::Full(_) | TrySendError::Disconnected(_) => {
            Error::Busy(Duration::from_secs(1))
        }
    })
}

fn thread(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name(name.into())
        .spawn(run)
        .map_err(Error::bug)
}

/// One connection's thread.
struct Worker {
    url: String,
    isolation: &'static str,
    entropy: Entropy,
    shared: Arc<Shared>,
}

impl Worker {
    fn new(url: &str, settings: &Settings, shared: &Arc<Shared>) -> Worker {
        let isolation = if settings.read_committed {
            "read committed"
        } else {
            "serializable"
        };
        let (entropy, shared) = (settings.entropy.clone(), Arc::clone(shared));
        Worker {
            url: url.into(),
            isolation,
            entropy,
            shared,
        }
    }

    fn write_all(self, queue: &Receiver<Option<Box<dyn Work>>>) {
        let mut held = None;
        while let Ok(Some(mut work)) = queue.recv() {
            let outcome = self.write_one(&mut held, work.as_mut());
            work.finish(outcome);
        }
    }

    /// Runs one transaction until it commits, refuses, or its time is over.
    fn write_one(&self, held: &mut Option<Rc<Session>>, work: &mut dyn Work) -> Result<()> {
        for attempt in 0..TRIES_MAX {
            let time = left(work.scope().deadline)?;
            let session = self.session(held)?;
            match self.attempt(&session, work) {
                Err(Error::Again(why)) => {
                    tracing::debug!(why, attempt, "a transaction is run again");
                    self.rest(attempt, time);
                }
                outcome => return outcome,
            }
        }
        Err(Error::Busy(Duration::from_secs(1)))
    }

    fn attempt(&self, session: &Rc<Session>, work: &mut dyn Work) -> Result<()> {
        let isolation = if work.scope().guarded {
            "read committed"
        } else {
            self.isolation
        };
        session.begin(
            work.scope().tenant,
            work.hot(),
            &format!("begin isolation level {isolation}"),
        );
        let shared = super::Session::Postgres(Rc::clone(session));
        let mut tx = Tx::new(Read::new(shared, work.scope(), &self.entropy, &self.shared));
        let verdict = work.run(&mut tx);
        let poison = tx.read.poison.take();
        match (verdict, poison) {
            (Verdict::Keep, None) => session.end("commit", work.hot()),
            (Verdict::Keep, Some(why)) => {
                session.abandon(work.hot());
                Err(Error::bug(format!(
                    "a verb went on after a failed statement: {why}"
                )))
            }
            (Verdict::Again(why), _) => {
                session.abandon(work.hot());
                Err(Error::Again(why))
            }
            (Verdict::Undo, _) => {
                session.abandon(work.hot());
                Ok(())
            }
        }
    }

    fn read_all(self, queue: &Receiver<Option<(Box<dyn Work>, Rank)>>) {
        let mut held = None;
        while let Ok(Some((mut work, rank))) = queue.recv() {
            let outcome = self.read_one(&mut held, work.as_mut(), rank);
            work.finish(outcome);
        }
    }

    fn read_one(
        &self,
        held: &mut Option<Rc<Session>>,
        work: &mut dyn Work,
        rank: Rank,
    ) -> Result<()> {
        loop {
            left(work.scope().deadline)?;
            let session = self.session(held)?;
            session.begin(
                work.scope().tenant,
                &[],
                "begin isolation level repeatable read, read only",
            );
            if rank == Rank::Audit {
                session.queue_simple("set local role regulars_audit");
            }
            if work.scope().patient {
                session.queue_simple("set local statement_timeout = '10min'");
            }
            let shared = super::Session::Postgres(Rc::clone(&session));
            let mut tx = Tx::new(Read::new(shared, work.scope(), &self.entropy, &self.shared));
            let verdict = work.run(&mut tx);
            session.abandon(&[]);
            match verdict {
                // A connection that was lost while reading: a new one reads again.
                Verdict::Again(_) => self.rest(0, Duration::from_secs(1)),
                Verdict::Keep | Verdict::Undo => return Ok(()),
            }
        }
    }

    /// The connection that this thread holds, or a new one.
    fn session(&self, held: &mut Option<Rc<Session>>) -> Result<Rc<Session>> {
        if let Some(session) = held.as_ref().filter(|session| !session.is_closed()) {
            return Ok(Rc::clone(session));
        }
        let session = Rc::new(Session::connect(&self.url)?);
        *held = Some(Rc::clone(&session));
        Ok(session)
    }

    /// Waits a random moment that grows with the tries, so that those who met do not meet again.
    #[expect(
        clippy::disallowed_methods,
        reason = "a store thread of its own waits, nobody else's"
    )]
    fn rest(&self, attempt: u32, time: Duration) {
        let ceiling = 500 * 2_u64.pow(attempt.min(7));
        std::thread::sleep(Duration::from_micros(self.entropy.below(ceiling)).min(time));
    }
}

/// One connection, as `Tx` and `Read` use it.
pub(super) struct Session {
    runtime: Runtime,
    client: Arc<Client>,
    prepared: RefCell<HashMap<Box<str>, Statement>>,
    /// Sent but not yet looked at, in order.
    pending: RefCell<Vec<Pending>>,
    /// Whether `commit` was sent: from then on a lost connection leaves the outcome unknown.
    committing: Cell<bool>,
}

impl Session {
    fn connect(url: &str) -> Result<Session> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Error::bug)?;
        let mut config: tokio_postgres::Config = url.parse().map_err(unreachable)?;
        config
            .connect_timeout(SILENCE_MAX)
            .tcp_user_timeout(SILENCE_MAX)
            .keepalives_idle(SILENCE_MAX);
        let client = runtime.block_on(async {
            let (client, connection) = config.connect(NoTls).await.map_err(unreachable)?;
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::warn!(%error, "a PostgreSQL connection ended");
                }
            });
            let settings = format!(
                "set role regulars_rw; set statement_timeout = '{STATEMENT_TIME}';
                 set idle_in_transaction_session_timeout = '15s'; set timezone = 'UTC'"
            );
            client.batch_execute(&settings).await.map_err(unreachable)?;
            Ok::<Client, Error>(client)
        })?;
        Ok(Session {
            runtime,
            client: Arc::new(client),
            prepared: RefCell::new(HashMap::new()),
            pending: RefCell::new(Vec::new()),
            committing: Cell::new(false),
        })
    }

    fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Queues the locks, `begin` and the tenant; nothing is waited for yet.
    fn begin(&self, tenant: Option<TenantId>, hot: &[Hot], begin: &str) {
        self.committing.set(false);
        self.pending.borrow_mut().clear();
        if !hot.is_empty() {
            // Before `begin`, so that the snapshot is taken when the lock is held.
            let locks: Vec<String> = hot
                .iter()
                .map(|key| format!("select pg_advisory_lock({})", key.0))
                .collect();
            self.queue_simple(&locks.join(";"));
        }
        match tenant {
            // An id is letters, digits and an underscore: it cannot leave its quotes.
            Some(tenant) => {
                self.queue_simple(&format!("{begin}; set local app.tenant = '{tenant}'"));
            }
            None => self.queue_simple(begin),
        }
    }

    pub(super) fn bind(&self, tenant: TenantId) -> Result<()> {
        self.queue_simple(&format!("set local app.tenant = '{tenant}'"));
        Ok(())
    }

    pub(super) fn run(&self, sql: &str, params: Params<'_>) -> Result<Done> {
        let statement = self.prepare(sql)?;
        let run = self.send(statement, params);
        self.flush(Some(run))
    }

    pub(super) fn queue(&self, sql: &str, params: Params<'_>) -> Result<()> {
        let statement = self.prepare(sql)?;
        let run = self.send(statement, params);
        self.pending.borrow_mut().push(run);
        Ok(())
    }

    pub(super) fn queue_simple(&self, sql: &str) {
        tracing::trace!(target: "regulars::sql", sql);
        let (client, sql) = (Arc::clone(&self.client), sql.to_owned());
        let run = async move { client.batch_execute(&sql).await.map(|()| Done::default()) };
        self.pending.borrow_mut().push(sent(Box::pin(run)));
    }

    /// Waits for the outcomes of what was queued.
    pub(super) fn settle(&self) -> Result<()> {
        self.flush(None).map(|_| ())
    }

    /// Lets the outcomes of what was queued go unseen: a rollback follows.
    pub(super) fn forget(&self) {
        self.pending.borrow_mut().clear();
    }

    fn send(&self, statement: Statement, params: Params<'_>) -> Pending {
        let params: Vec<Value> = params.iter().cloned().collect();
        let client = Arc::clone(&self.client);
        sent(Box::pin(async move {
            let params: Vec<&(dyn ToSql + Sync)> = params
                .iter()
                .map(|value| value as &(dyn ToSql + Sync))
                .collect();
            if statement.columns().is_empty() {
                let changed = client.execute(&statement, &params).await?;
                return Ok(Done {
                    rows: Vec::new(),
                    changed,
                });
            }
            let found = client.query(&statement, &params).await?;
            let rows = found
                .iter()
                .map(row)
                .collect::<std::result::Result<Vec<Row>, _>>()?;
            Ok(Done {
                changed: rows.len() as u64,
                rows,
            })
        }))
    }

    fn prepare(&self, sql: &str) -> Result<Statement> {
        if let Some(statement) = self.prepared.borrow().get(sql) {
            return Ok(statement.clone());
        }
        // The connection stops reading at an answer that nobody takes: whoever waited here with one pending could wait
        // for ever. What failed among them is the answer to this one, too.
        self.flush(None)?;
        let preparing = self.runtime.block_on(self.client.prepare(sql));
        let statement = preparing.map_err(|error| self.classify(&error))?;
        let mut prepared = self.prepared.borrow_mut();
        if prepared.len() >= STATEMENTS_MAX {
            prepared.clear();
        }
        prepared.insert(sql.into(), statement.clone());
        Ok(statement)
    }

    /// Waits for all that was sent, and says the first error among it.
    fn flush(&self, last: Option<Pending>) -> Result<Done> {
        let mut pending = self.pending.take();
        pending.extend(last);
        let outcome = self.runtime.block_on(async {
            let mut done = Ok(Done::default());
            for run in pending {
                let outcome = run.await;
                if done.is_ok() {
                    done = outcome;
                }
            }
            done
        });
        outcome.map_err(|error| self.classify(&error))
    }

    fn end(&self, how: &str, hot: &[Hot]) -> Result<()> {
        self.queue_simple(how);
        self.committing.set(true);
        self.queue_unlock(hot);
        let ended = self.flush(None).map(|_| ());
        if ended.is_err() {
            self.abandon(hot);
        }
        ended
    }

    /// Ends the transaction and keeps nothing of it.
    fn abandon(&self, hot: &[Hot]) {
        self.pending.borrow_mut().clear();
        self.queue_simple("rollback");
        self.queue_unlock(hot);
        // A connection that is gone has rolled back by itself.
        let _ = self.flush(None);
    }

    fn queue_unlock(&self, hot: &[Hot]) {
        if !hot.is_empty() {
            self.queue_simple("select pg_advisory_unlock_all()");
        }
    }

    #[track_caller]
    fn classify(&self, error: &tokio_postgres::Error) -> Error {
        if error.is_closed() || self.client.is_closed() {
            return if self.committing.get() {
                // It may have been committed: the client's key will tell when it is sent again.
                Error::Busy(Duration::from_secs(1))
            } else {
                Error::Again("the connection was lost".into())
            };
        }
        let Some(said) = error.as_db_error() else {
            return Error::bug(error.to_string());
        };
        let what = format!(
            "{} {}",
            said.message(),
            said.constraint().unwrap_or_default()
        );
        match said.code() {
            code if *code == SqlState::UNIQUE_VIOLATION
                || *code == SqlState::EXCLUSION_VIOLATION =>
            {
                Error::Violation(Violation::Unique, what)
            }
            code if *code == SqlState::FOREIGN_KEY_VIOLATION => {
                Error::Violation(Violation::ForeignKey, what)
            }
            code if *code == SqlState::CHECK_VIOLATION => Error::Violation(Violation::Check, what),
            code if *code == SqlState::RESTRICT_VIOLATION => {
                Error::Violation(Violation::Immutable, what)
            }
            code if *code == SqlState::T_R_SERIALIZATION_FAILURE
                || *code == SqlState::T_R_DEADLOCK_DETECTED =>
            {
                Error::Again(what)
            }
            code if *code == SqlState::DISK_FULL => Error::Full,
            code if *code == SqlState::QUERY_CANCELED => Error::Busy(Duration::from_secs(1)),
            code if *code == SqlState::ADMIN_SHUTDOWN || *code == SqlState::CRASH_SHUTDOWN => {
                Error::Again(what)
            }
            code => Error::bug(format!("PostgreSQL {}: {what}", code.code())),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // The futures hold the client; without them the connection's task ends with the runtime.
        self.pending.borrow_mut().clear();
    }
}

/// Polls once, which puts the message on the connection's queue: the order of sending is the order of calls.
fn sent(mut run: Pending) -> Pending {
    match run.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Pending => run,
        Poll::Ready(done) => Box::pin(std::future::ready(done)),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "`map_err` hands it over")]
fn unreachable(error: tokio_postgres::Error) -> Error {
    tracing::warn!(%error, "PostgreSQL cannot be reached");
    Error::Busy(Duration::from_secs(1))
}

fn row(row: &tokio_postgres::Row) -> std::result::Result<Row, tokio_postgres::Error> {
    let values = row.columns().iter().enumerate().map(|(place, column)| {
        Ok(match *column.type_() {
            Type::INT8 => row
                .try_get::<_, Option<i64>>(place)?
                .map_or(Value::Null, Value::Int),
            Type::INT4 => {
                let read = row.try_get::<_, Option<i32>>(place)?;
                read.map_or(Value::Null, |n| Value::Int(n.into()))
            }
            Type::BYTEA => row
                .try_get::<_, Option<Vec<u8>>>(place)?
                .map_or(Value::Null, Value::Bytes),
            _ => row
                .try_get::<_, Option<String>>(place)?
                .map_or(Value::Null, Value::Text),
        })
    });
    Ok(Row(values
        .collect::<std::result::Result<_, tokio_postgres::Error>>(
        )?))
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut bytes::BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            Value::Int(n) if *kind == Type::INT4 => i32::try_from(*n)?.to_sql(kind, out),
            Value::Int(n) => n.to_sql(kind, out),
            Value::Text(text) => text.to_sql(kind, out),
            Value::Bytes(bytes) => bytes.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        matches!(
            *kind,
            Type::INT8 | Type::INT4 | Type::TEXT | Type::VARCHAR | Type::BYTEA
        )
    }

    to_sql_checked!();
}

/// One statement on a cluster, outside any transaction: for the tests, which make and drop databases.
#[cfg(any(test, feature = "testing"))]
pub async fn admin(url: &str, sql: &str) -> Result<()> {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .map_err(Error::bug)?;
    let driving = tokio::spawn(connection);
    client.batch_execute(sql).await.map_err(Error::bug)?;
    drop(client);
    driving.await.map_err(Error::bug)?.map_err(Error::bug)
}
