//! What travels to a store thread and back.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tokio::sync::{oneshot, watch};

use super::Tx;
use crate::hall::error::{Error, Result};
use crate::hall::id::TenantId;
use crate::hall::journal::By;

/// A call that names no deadline of its own has this long.
const CALL_TIME_MAX: Duration = Duration::from_secs(10);
/// A walk over the whole store, or a step of a job, has this long.
const PATIENT_TIME_MAX: Duration = Duration::from_secs(600);

/// For whom, when and by whom a transaction runs.
#[derive(Debug, Clone)]
pub struct Scope {
    pub tenant: Option<TenantId>,
    pub now: Timestamp,
    pub by: By,
    pub deadline: Instant,
    /// Work of the machine itself, which may take longer than a person waits.
    pub(super) patient: bool,
    /// On PostgreSQL `READ COMMITTED`: for bookkeeping whose guards stand in its statements, so that
    /// reading the newest rows does not make those who write them run again.
    pub(super) guarded: bool,
}

impl Scope {
    pub fn new(tenant: TenantId, now: Timestamp, by: By) -> Scope {
        Scope {
            tenant: Some(tenant),
            now,
            by,
            deadline: Instant::now() + CALL_TIME_MAX,
            patient: false,
            guarded: false,
        }
    }

    /// Before anybody is known: look-ups in the directory.
    pub fn of_nobody(now: Timestamp) -> Scope {
        Scope {
            tenant: None,
            now,
            by: By::nobody(),
            deadline: Instant::now() + CALL_TIME_MAX,
            patient: false,
            guarded: false,
        }
    }

    /// Work of the machine itself may take longer than a person waits.
    pub fn patient(mut self) -> Scope {
        self.deadline = Instant::now() + PATIENT_TIME_MAX;
        self.patient = true;
        self
    }

    /// Every rule of this transaction holds by its statements alone, at any isolation.
    pub fn guarded(mut self) -> Scope {
        self.guarded = true;
        self
    }
}

/// The lock of one hot row: a number made from tenant, kind and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hot(pub(super) i64);

impl Hot {
    pub fn of(tenant: TenantId, kind: &str, id: &str) -> Hot {
        let mut hash = Sha256::new();
        for part in [tenant.to_string().as_str(), "|", kind, "|", id] {
            hash.update(part);
        }
        let digest: [u8; 32] = hash.finalize().into();
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        Hot(i64::from_be_bytes(first))
    }
}

/// Whether the store still takes writes; watched by `serve` and `/readyz`.
#[derive(Debug)]
pub struct Health {
    failed: watch::Sender<Option<String>>,
    full_until: Mutex<Option<Instant>>,
}

/// After the disk was full, a write is tried again this much later.
const FULL_PAUSE: Duration = Duration::from_secs(1);

impl Default for Health {
    fn default() -> Health {
        Health {
            failed: watch::Sender::new(None),
            full_until: Mutex::new(None),
        }
    }
}

impl Health {
    /// An I/O error on the write path: SQLite would take the next write, which may then stand on
    /// pages that never reached the disk. So nothing is written any more until a restart recovers.
    pub(super) fn fail(&self, why: &str) {
        tracing::error!(
            why,
            "the store failed while writing; the server stops taking writes"
        );
        self.failed.send_replace(Some(why.into()));
    }

    pub fn failure(&self) -> Option<String> {
        self.failed.borrow().clone()
    }

    /// Resolves when the store has failed for good.
    pub async fn failed(&self) -> String {
        let mut watched = self.failed.subscribe();
        match watched.wait_for(Option::is_some).await {
            Ok(why) => why.clone().unwrap_or_default(),
            Err(_) => std::future::pending().await,
        }
    }

    pub(super) fn mark_full(&self) {
        let mut full = self
            .full_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *full = Some(Instant::now() + FULL_PAUSE);
    }

    pub(super) fn mark_room(&self) {
        let mut full = self
            .full_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if full.take().is_some() {
            tracing::info!("there is room on the disk again");
        }
    }

    /// Whether the disk was full at the last write, and no write has succeeded since.
    pub fn is_full(&self) -> bool {
        self.full_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some()
    }

    /// `Busy` after a failure, `Full` within the pause after a full disk.
    pub(super) fn admit(&self) -> Result<()> {
        if self.failed.borrow().is_some() {
            return Err(Error::Busy(Duration::from_secs(5)));
        }
        let full = self
            .full_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match *full {
            Some(until) if Instant::now() < until => Err(Error::Full),
            _ => Ok(()),
        }
    }
}

/// A verb on its way, whatever it answers.
pub(super) trait Work: Send {
    fn scope(&self) -> &Scope;
    fn hot(&self) -> &[Hot];
    /// Runs the verb and holds its answer back until the commit.
    fn run(&mut self, tx: &mut Tx) -> Verdict;
    /// Sends the answer; `Err` where the commit did not happen.
    fn finish(self: Box<Self>, commit: Result<()>);
}

pub(super) enum Verdict {
    Keep,
    Undo,
    /// Run it again: the store could not order it among the others.
    Again(String),
}

/// What a transaction does. Boxed, so that what carries it stands in the program once for each kind of answer and not
/// once for each verb.
pub(super) type Verb<T> = Box<dyn Fn(&mut Tx) -> Result<T> + Send>;

pub(super) struct Job<T> {
    scope: Scope,
    hot: Vec<Hot>,
    verb: Verb<T>,
    result: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T> Job<T> {
    pub(super) fn new(
        scope: Scope,
        mut hot: Vec<Hot>,
        verb: Verb<T>,
        reply: oneshot::Sender<Result<T>>,
    ) -> Job<T> {
        // Sorted, so that two transactions never wait for each other.
        hot.sort_unstable();
        hot.dedup();
        Job {
            scope,
            hot,
            verb,
            result: None,
            reply,
        }
    }
}

impl<T: Send> Work for Job<T> {
    fn scope(&self) -> &Scope {
        &self.scope
    }

    fn hot(&self) -> &[Hot] {
        &self.hot
    }

    fn run(&mut self, tx: &mut Tx) -> Verdict {
        let verb = std::panic::AssertUnwindSafe(|| (self.verb)(tx));
        let result =
            std::panic::catch_unwind(verb).unwrap_or_else(|panic| Err(panicked(panic.as_ref())));
        let verdict = match &result {
            Ok(_) => Verdict::Keep,
            Err(Error::Again(why)) => Verdict::Again(why.clone()),
            Err(_) => Verdict::Undo,
        };
        self.result = Some(result);
        verdict
    }

    fn finish(self: Box<Self>, commit: Result<()>) {
        let result = match (self.result, commit) {
            // Also for a refusal: what it was judged by may have stood only in the group that was lost.
            (_, Err(error)) => Err(error),
            (Some(result), Ok(())) => result,
            (None, Ok(())) => Err(Error::bug("a verb was answered before it ran")),
        };
        // The caller may have gone; what was committed stays.
        let _ = self.reply.send(result);
    }
}

pub(super) fn panicked(panic: &(dyn std::any::Any + Send)) -> Error {
    let said = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".into());
    Error::bug(format!("a verb panicked: {said}"))
}
