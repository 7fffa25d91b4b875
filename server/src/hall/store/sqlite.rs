//! SQLite: one writer thread that commits groups, and a few readers.
//!
//! Each transaction of a group runs in its own savepoint, so that one which fails undoes only itself;
//! the group is committed with one fsync, and only then is anybody answered.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};

use super::log;
use super::value::{Row, Value};
use super::work::{Health, Verdict, Work};
use super::{Done, Params, READ_TIME_MAX, Read, Settings, Shared, Tx};
use crate::hall::error::{Error, Result, Violation};
use crate::hall::secret::Entropy;

/// Calls that may wait for the writer, and as many for the readers; more are shed.
const QUEUE_MAX: usize = 1_024;
/// Transactions in one commit. More would add waiting without saving an fsync worth it.
const GROUP_MAX: usize = 64;
/// Prepared statements kept by a connection.
const STATEMENTS_MAX: usize = 512;
/// The writer takes a quiet moment of this length to move the log into the file.
const QUIET: Duration = Duration::from_millis(200);
/// So many quiet moments in a row, five seconds, and the writer gives the memory of its page cache back: a server
/// that has made its demo or taken in a year of orders is as small again as one that was just started.
const IDLE_MOMENTS: u32 = 25;
/// SQLite before this one can corrupt a database in WAL mode (WAL-reset bug).
const VERSION_MIN: i32 = 3_051_003;
/// Virtual machine steps between two looks at a read's deadline.
const STEPS_PER_LOOK: i32 = 20_000;

/// Handles to the threads; they end when the last one is closed.
#[derive(Clone)]
pub(super) struct Threads {
    /// `None` tells one thread to end.
    writes: Sender<Option<Box<dyn Work>>>,
    reads: Sender<Option<Box<dyn Work>>>,
    health: Arc<Health>,
    joins: Arc<std::sync::Mutex<Vec<JoinHandle<()>>>>,
}

impl Threads {
    pub(super) fn start(
        file: &Path,
        settings: &Settings,
        health: &Arc<Health>,
        shared: &Arc<Shared>,
    ) -> Result<Threads> {
        let (writes, to_write) = bounded(QUEUE_MAX);
        let (reads, to_read) = bounded(QUEUE_MAX);
        let mut joins = Vec::new();
        let mut connection = open(file)?;
        joins.push(log::move_beside(&mut connection, file)?);
        if let Some(pages) = settings.pages_max {
            let sql = format!("pragma max_page_count = {pages}");
            connection.execute_batch(&sql).map_err(classify)?;
        }
        let writer = Writer {
            connection,
            health: Arc::clone(health),
            entropy: settings.entropy.clone(),
            shared: Arc::clone(shared),
        };
        joins.push(thread("store-writer", move || writer.run(&to_write))?);
        for _ in 0..settings.readers.max(1) {
            let connection = open_to_read(file)?;
            let to_read: Receiver<Option<Box<dyn Work>>> = to_read.clone();
            let (entropy, shared) = (settings.entropy.clone(), Arc::clone(shared));
            joins.push(thread("store-reader", move || {
                read_all(connection, &to_read, &entropy, &shared);
            })?);
        }
        let joins = Arc::new(std::sync::Mutex::new(joins));
        Ok(Threads {
            writes,
            reads,
            health: Arc::clone(health),
            joins,
        })
    }

    pub(super) fn write(&self, job: Box<dyn Work>) -> Result<()> {
        self.health.admit()?;
        send(&self.writes, job)
    }

    pub(super) fn read(&self, job: Box<dyn Work>) -> Result<()> {
        send(&self.reads, job)
    }

    pub(super) fn queued(&self) -> (usize, usize) {
        (self.writes.len(), self.reads.len())
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
            let _ = self.reads.send(None);
        }
        for join in joins {
            let _ = join.join();
        }
    }
}

fn send(queue: &Sender<Option<Box<dyn Work>>>, job: Box<dyn Work>) -> Result<()> {
    queue.try_send(Some(job)).map_err(|refused| match refused {
        TrySendError::Full(_) | TrySendError::Disconnected(_) => {
            Error::Busy(Duration::from_secs(1))
        }
    })
}

pub(super) fn thread(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name(name.into())
        .spawn(run)
        .map_err(Error::bug)
}

/// Opens the file to write: WAL, an fsync at each commit, foreign keys on.
pub(super) fn open(file: &Path) -> Result<Connection> {
    if rusqlite::version_number() < VERSION_MIN {
        return Err(Error::bug(format!(
            "SQLite {} is too old: 3.51.3 is needed",
            rusqlite::version()
        )));
    }
    let connection = Connection::open(file).map_err(classify)?;
    connection
        .execute_batch(
            "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;
             pragma busy_timeout = 10000; pragma wal_autocheckpoint = 4000;
             pragma journal_size_limit = 67108864; pragma temp_store = memory;
             pragma cache_size = -64000; pragma trusted_schema = off;",
        )
        .map_err(classify)?;
    keep_prepared(&connection)?;
    Ok(connection)
}

/// Prepares each text once. Unless it is told that a plan stays whatever values are bound, SQLite plans a statement
/// anew each time that a value is bound which it might have looked up in its statistics: that took most of the time.
fn keep_prepared(connection: &Connection) -> Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map(|_| ())
        .map_err(classify)
}

fn open_to_read(file: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).map_err(classify)?;
    connection
        .execute_batch(
            "pragma query_only = on; pragma busy_timeout = 10000; pragma temp_store = memory;
             pragma cache_size = -32000; pragma trusted_schema = off;",
        )
        .map_err(classify)?;
    keep_prepared(&connection)?;
    Ok(connection)
}

/// One connection, as `Tx` and `Read` use it.
pub(super) struct Session {
    connection: Connection,
    /// Our `$1` as SQLite's `?1`. A bare `$1` would be a *name*, numbered by first appearance.
    texts: RefCell<HashMap<Box<str>, Rc<str>>>,
    /// What the disk said no to; it concerns the whole group, whatever the verb makes of the error.
    disk: RefCell<Option<Disk>>,
}

#[derive(Debug)]
enum Disk {
    Full,
    Failed(String),
}

impl Session {
    pub(super) fn new(connection: Connection) -> Session {
        Session {
            connection,
            texts: RefCell::new(HashMap::new()),
            disk: RefCell::new(None),
        }
    }

    pub(super) fn run(&self, sql: &str, params: Params<'_>, rows: bool) -> Result<Done> {
        self.noting_disk(self.step(sql, params, rows))
    }

    pub(super) fn simple(&self, sql: &str) -> Result<()> {
        let done = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.raw_execute());
        self.noting_disk(done.map(|_| ()).map_err(classify))
    }

    fn noting_disk<T>(&self, result: Result<T>) -> Result<T> {
        result.inspect_err(|error| {
            if let Some(disk) = disk(error) {
                *self.disk.borrow_mut() = Some(disk);
            }
        })
    }

    fn step(&self, sql: &str, params: Params<'_>, rows: bool) -> Result<Done> {
        let text = self.text(sql);
        let mut statement = self.connection.prepare_cached(&text).map_err(classify)?;
        for (place, value) in params.iter().enumerate() {
            statement
                .raw_bind_parameter(place + 1, value)
                .map_err(classify)?;
        }
        if !rows && statement.column_count() == 0 {
            let changed = statement.raw_execute().map_err(classify)? as u64;
            return Ok(Done {
                rows: Vec::new(),
                changed,
            });
        }
        let columns = statement.column_count();
        let mut found = statement.raw_query();
        let mut done = Done::default();
        while let Some(row) = found.next().map_err(classify)? {
            let values = (0..columns).map(|place| Ok(owned(row.get_ref(place)?)));
            done.rows.push(Row(values
                .collect::<rusqlite::Result<_>>()
                .map_err(classify)?));
        }
        done.changed = done.rows.len() as u64;
        Ok(done)
    }

    fn text(&self, sql: &str) -> Rc<str> {
        let mut texts = self.texts.borrow_mut();
        if let Some(text) = texts.get(sql) {
            return Rc::clone(text);
        }
        // Filters that are put together at run time make many texts: start again rather than grow.
        if texts.len() >= STATEMENTS_MAX {
            texts.clear();
        }
        let text: Rc<str> = numbered(sql).into();
        texts.insert(sql.into(), Rc::clone(&text));
        text
    }
}

/// `$N` becomes `?N`, but only where a digit follows, and not within a quoted text.
fn numbered(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut quoted = false;
    let mut letters = sql.chars().peekable();
    while let Some(letter) = letters.next() {
        quoted ^= letter == '\'';
        let parameter =
            letter == '$' && !quoted && letters.peek().is_some_and(char::is_ascii_digit);
        text.push(if parameter { '?' } else { letter });
    }
    text
}

fn owned(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(n) => Value::Int(n),
        ValueRef::Text(text) => Value::Text(match std::str::from_utf8(text) {
            Ok(text) => text.to_owned(),
            Err(_) => String::from_utf8_lossy(text).into_owned(),
        }),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        // No column and no expression of ours is a float; shown as text it fails where it is read.
        ValueRef::Real(real) => Value::Text(real.to_string()),
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Int(n) => ValueRef::Integer(*n),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// What a client can do about an SQLite error.
#[track_caller]
pub(super) fn classify(error: rusqlite::Error) -> Error {
    let rusqlite::Error::SqliteFailure(failure, said) = &error else {
        return Error::bug(error);
    };
    let said = said.clone().unwrap_or_default();
    match (failure.code, failure.extended_code) {
        (_, ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => {
            Error::Violation(Violation::Unique, said)
        }
        (_, ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => Error::Violation(Violation::ForeignKey, said),
        (_, ffi::SQLITE_CONSTRAINT_CHECK) => Error::Violation(Violation::Check, said),
        (_, ffi::SQLITE_CONSTRAINT_TRIGGER) => Error::Violation(Violation::Immutable, said),
        (ErrorCode::DiskFull, _) => Error::Full,
        (
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::OperationInterrupted,
            _,
        ) => Error::Busy(Duration::from_secs(1)),
        _ => Error::bug(error),
    }
}

/// Whether the error is the disk's: full, or broken so that nothing written may be trusted any more.
fn disk(error: &Error) -> Option<Disk> {
    if matches!(error, Error::Full) {
        return Some(Disk::Full);
    }
    let Error::Bug(source, _) = error else {
        return None;
    };
    let rusqlite::Error::SqliteFailure(failure, _) = source.downcast_ref::<rusqlite::Error>()?
    else {
        return None;
    };
    let broken = matches!(
        failure.code,
        ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase
    );
    broken.then(|| Disk::Failed(error.to_string()))
}

struct Writer {
    connection: Connection,
    health: Arc<Health>,
    entropy: Entropy,
    shared: Arc<Shared>,
}

impl Writer {
    fn run(self, queue: &Receiver<Option<Box<dyn Work>>>) {
        let Writer {
            connection,
            health,
            entropy,
            shared,
        } = self;
        let group = Group {
            session: Rc::new(Session::new(connection)),
            health,
            entropy,
            shared,
        };
        let mut moments = 0;
        loop {
            match queue.recv_timeout(QUIET) {
                Ok(Some(first)) => {
                    group.commit(first, queue);
                    moments = 0;
                }
                Err(RecvTimeoutError::Timeout) if moments < IDLE_MOMENTS => {
                    moments += 1;
                    // Passive: it waits for nobody, so a long reader only leaves work for later.
                    let rest = match moments {
                        1 => "pragma wal_checkpoint(passive)",
                        IDLE_MOMENTS => "pragma shrink_memory",
                        _ => continue,
                    };
                    let _ = group.session.run(rest, Params::default(), true);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Ok(None) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }
}

/// Transactions that share one commit.
struct Group {
    session: Rc<Session>,
    health: Arc<Health>,
    entropy: Entropy,
    shared: Arc<Shared>,
}

impl Group {
    fn commit(&self, first: Box<dyn Work>, queue: &Receiver<Option<Box<dyn Work>>>) {
        if let Err(refused) = self.health.admit() {
            first.finish(Err(refused));
            return;
        }
        let mut done = Vec::with_capacity(GROUP_MAX);
        let outcome = self
            .collect(first, queue, &mut done)
            .and_then(|()| self.session.simple("commit"));
        metrics::histogram!("regulars_commit_batch_size").record(done.len() as f64);
        match outcome {
            Ok(()) => {
                self.health.mark_room();
                done.into_iter().for_each(|work| work.finish(Ok(())));
            }
            Err(error) => self.fail(&error, done),
        }
    }

    fn collect(
        &self,
        first: Box<dyn Work>,
        queue: &Receiver<Option<Box<dyn Work>>>,
        done: &mut Vec<Box<dyn Work>>,
    ) -> Result<()> {
        if let Err(error) = self.session.simple("begin immediate") {
            done.push(first);
            return Err(error);
        }
        let mut next = Some(first);
        while let Some(work) = next {
            self.one(work, done)?;
            next = if done.len() < GROUP_MAX {
                queue.try_recv().ok().flatten()
            } else {
                None
            };
        }
        Ok(())
    }

    /// Runs one transaction in its savepoint. An error here is one of the whole group.
    fn one(&self, mut work: Box<dyn Work>, done: &mut Vec<Box<dyn Work>>) -> Result<()> {
        if Instant::now() >= work.scope().deadline {
            work.finish(Err(Error::Busy(Duration::from_secs(1))));
            return Ok(());
        }
        if let Err(error) = self.session.simple("savepoint call") {
            done.push(work);
            return Err(error);
        }
        let session = super::Session::Sqlite(Rc::clone(&self.session));
        let mut tx = Tx::new(Read::new(
            session,
            work.scope(),
            &self.entropy,
            &self.shared,
        ));
        let verdict = work.run(&mut tx);
        let poison = tx.read.poison.take();
        done.push(work);
        // A full disk or an I/O error concerns the group, and may have rolled it back under us.
        if self.session.disk.borrow().is_some() || self.session.connection.is_autocommit() {
            return Err(Error::Busy(Duration::from_secs(1)));
        }
        match (verdict, poison) {
            (Verdict::Keep, None) => self.session.simple("release call"),
            (Verdict::Keep, Some(why)) => {
                self.undo()?;
                if let Some(work) = done.pop() {
                    work.finish(Err(Error::bug(format!(
                        "a verb went on after a failed statement: {why}"
                    ))));
                }
                Ok(())
            }
            (Verdict::Undo | Verdict::Again(_), _) => self.undo(),
        }
    }

    fn undo(&self) -> Result<()> {
        self.session.simple("rollback to call")?;
        self.session.simple("release call")
    }

    fn fail(&self, error: &Error, done: Vec<Box<dyn Work>>) {
        if !self.session.connection.is_autocommit() {
            let _ = self.session.simple("rollback");
        }
        let disk = self.session.disk.take();
        match &disk {
            Some(Disk::Failed(why)) => self.health.fail(why),
            Some(Disk::Full) => {
                tracing::warn!("the disk is full: reads go on, writes answer 507");
                self.health.mark_full();
            }
            None => tracing::error!(%error, "a group of transactions was lost"),
        }
        for work in done {
            work.finish(Err(match disk {
                Some(Disk::Full) => Error::Full,
                _ => Error::Busy(Duration::from_secs(1)),
            }));
        }
    }
}

/// Until when the read at hand may take; SQLite's steps look at it.
struct Watch {
    from: Instant,
    until_ms: AtomicU64,
}

impl Watch {
    fn set(&self, until: Instant) {
        let ms = until.saturating_duration_since(self.from).as_millis();
        self.until_ms
            .store(u64::try_from(ms).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        self.from.elapsed().as_millis() >= u128::from(self.until_ms.load(Ordering::Relaxed))
    }
}

fn read_all(
    mut connection: Connection,
    queue: &Receiver<Option<Box<dyn Work>>>,
    entropy: &Entropy,
    shared: &Arc<Shared>,
) {
    let watch = Arc::new(Watch {
        from: Instant::now(),
        until_ms: AtomicU64::new(u64::MAX),
    });
    let watching = Arc::clone(&watch);
    // Without the handler a read would only be slower to end: its answer is dropped all the same.
    let _ = connection.progress_handler(STEPS_PER_LOOK, Some(move || watching.is_over()));
    let session = Rc::new(Session::new(connection));
    while let Ok(Some(mut work)) = queue.recv() {
        let scope = work.scope();
        let until = if scope.patient {
            scope.deadline
        } else {
            scope.deadline.min(Instant::now() + READ_TIME_MAX)
        };
        watch.set(until);
        if let Err(error) = super::left(until) {
            work.finish(Err(error));
            continue;
        }
        let begun = session.simple("begin");
        if begun.is_ok() {
            let ours = super::Session::Sqlite(Rc::clone(&session));
            let mut tx = Tx::new(Read::new(ours, work.scope(), entropy, shared));
            work.run(&mut tx);
        }
        watch.until_ms.store(u64::MAX, Ordering::Relaxed);
        if !session.connection.is_autocommit() {
            // The end of a read keeps nothing, so there is nothing to lose.
            let _ = session.simple("rollback");
        }
        work.finish(begun);
    }
}

/// Statements on a file, outside any transaction: for the tests, which plant breaches.
#[cfg(any(test, feature = "testing"))]
pub fn file_admin(file: &Path, statements: &[&str]) -> Result<()> {
    let connection = open(file)?;
    let mut statements = statements.iter();
    statements.try_for_each(|sql| connection.execute_batch(sql).map_err(classify))
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn parameters_are_numbered_as_written() {
        assert_eq!(numbered("a = $2 and b = $1"), "a = ?2 and b = ?1");
        assert_eq!(numbered("x = '$1' and y = $10"), "x = '$1' and y = ?10");
        assert_eq!(numbered("price $ and $name"), "price $ and $name");
    }
}
