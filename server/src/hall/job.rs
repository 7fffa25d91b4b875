//! Work that no request waits for: named, scheduled, leased, with a history. Rooms register theirs;
//! the room `jobs` runs them.

use std::pin::Pin;

use jiff::{SignedDuration, Timestamp};

use super::call::Hall;
use super::error::Result;
use super::identity::Tenant;
use super::journal::By;
use super::store::{Hot, Read, Scope, Tx};

#[derive(Debug, Clone, Copy)]
pub enum Schedule {
    Every(SignedDuration),
    /// Minute, hour, day, month, weekday, in the zone of the tenant's first venue.
    Cron(&'static str),
    /// Only when something asks for it.
    OnDemand,
}

type Running = Pin<Box<dyn Future<Output = Result<String>> + Send>>;

/// A job of one room, run for each tenant by itself.
#[derive(Clone, Copy)]
pub struct Job {
    pub name: &'static str,
    pub about: &'static str,
    pub schedule: Schedule,
    /// Answers what it did, in one line for the history. It may be cut off at any line and run again.
    pub run: fn(JobCall) -> Running,
}

/// What a job has in hand: one tenant, one instant.
#[derive(Clone)]
pub struct JobCall {
    pub hall: Hall,
    pub tenant: Tenant,
    pub now: Timestamp,
    pub name: &'static str,
}

impl JobCall {
    fn scope(&self) -> Scope {
        Scope::new(self.tenant.id, self.now, By::job(self.name)).patient()
    }

    pub async fn read<T: Send + 'static>(
        &self,
        find: impl Fn(&mut Read) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.hall.db.read(self.scope(), find).await
    }

    /// One step of the job: a transaction of its own, short enough that no sale waits for it.
    pub async fn write<T: Send + 'static>(
        &self,
        hot: impl IntoIterator<Item = Hot>,
        verb: impl Fn(&mut Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.hall
            .db
            .write(self.scope(), hot.into_iter().collect(), verb)
            .await
    }
}
