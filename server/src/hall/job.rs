//! Work that no request waits for: named, scheduled, leased, with a history. Rooms register theirs;
//! the room `jobs` runs them.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use croner::Cron;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::call::Hall;
use super::error::{Error, Result};
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

impl Schedule {
    /// The first time after `after`; the end of time where only asking starts it.
    ///
    /// # Errors
    /// `Bug` for a pattern that cannot be read: each is a constant of ours.
    pub fn next(self, after: Timestamp, zone: &TimeZone) -> Result<Timestamp> {
        match self {
            Schedule::Every(step) => Ok(after.checked_add(step).unwrap_or(Timestamp::MAX)),
            Schedule::Cron(pattern) => {
                let cron: Cron = pattern.parse().map_err(Error::bug)?;
                let local = after.to_zoned(zone.clone());
                let next = cron.find_next_occurrence(&local, false);
                Ok(next.map_err(Error::bug)?.timestamp())
            }
            Schedule::OnDemand => Ok(Timestamp::MAX),
        }
    }

    /// As a person reads it.
    pub fn words(self) -> String {
        match self {
            Schedule::Every(step) => format!("every {step:#}"),
            Schedule::Cron(pattern) => pattern.into(),
            Schedule::OnDemand => "on demand".into(),
        }
    }
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
    /// What the runner writes beside the lease while the job runs.
    progress: Arc<Mutex<String>>,
}

impl JobCall {
    pub fn new(hall: Hall, tenant: Tenant, now: Timestamp, name: &'static str) -> JobCall {
        let progress = Arc::default();
        JobCall {
            hall,
            tenant,
            now,
            name,
            progress,
        }
    }

    /// Says how far the job is, for those who watch: `1200 of 5000`.
    pub fn progress(&self, far: impl Into<String>) {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = far.into();
    }

    pub fn progress_so_far(&self) -> String {
        self.progress
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_goes_by_the_clock_of_its_zone() {
        let zone = TimeZone::get("Europe/Stockholm").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        for (schedule, after, next) in [
            (
                Schedule::Every(SignedDuration::from_mins(5)),
                "2026-06-12T10:00:00Z",
                "2026-06-12T10:05:00Z",
            ),
            (
                Schedule::Cron("0 4 * * *"),
                "2026-06-12T10:00:00Z",
                "2026-06-13T02:00:00Z",
            ),
            (
                Schedule::Cron("0 4 * * *"),
                "2026-06-13T02:00:00Z",
                "2026-06-14T02:00:00Z",
            ),
            // The night on which the clock goes back has the hour once for us.
            (
                Schedule::Cron("30 2 * * *"),
                "2026-10-24T10:00:00Z",
                "2026-10-25T00:30:00Z",
            ),
            (
                Schedule::Cron("30 2 * * *"),
                "2026-10-25T00:30:00Z",
                "2026-10-26T01:30:00Z",
            ),
            // And the one on which it goes forward has it still.
            (
                Schedule::Cron("30 2 * * *"),
                "2026-03-28T12:00:00Z",
                "2026-03-29T01:00:00Z",
            ),
        ] {
            assert_eq!(
                schedule.next(at(after), &zone).unwrap(),
                at(next),
                "{schedule:?}"
            );
        }
        assert_eq!(
            Schedule::OnDemand.next(noon(), &zone).unwrap(),
            Timestamp::MAX
        );
    }

    fn noon() -> Timestamp {
        crate::hall::testing::noon()
    }
}
