//! Tries of secrets that people choose. Five, then a lock that grows.
//!
//! A check has three steps, because hashing is slow and may not hold a transaction open: a try is
//! reserved, the hash is computed off the store's threads, the outcome is settled. Only what is reserved
//! is ever checked, so a thousand guesses at once are five. A reservation that nobody settles (the
//! process died) counts as a failure a minute later.

use jiff::{SignedDuration, Timestamp};

use super::store::tries as store;
use crate::hall::access::Role;
use crate::hall::call::StaffCall;
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::id::{DeviceId, StaffId};
use crate::hall::secret::{self, Secret};
use crate::hall::store::{Hot, Tx};

pub const TRIES_MAX: i64 = 5;
/// How long the fifth failure locks, the sixth, the seventh, and each after that.
pub const LOCK_MINUTES: [i64; 4] = [1, 5, 15, 60];
/// A hash takes a tenth of a second; what is reserved longer was left behind.
const RESERVED_SECONDS_MAX: i64 = 60;

/// Against whom tries are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject(String);

impl Subject {
    pub fn pin_of(staff: StaffId) -> Subject {
        Subject(format!("pin:{staff}"))
    }

    pub fn password_of(staff: StaffId) -> Subject {
        Subject(format!("password:{staff}"))
    }

    /// PINs typed at one device, whoever's: nobody walks through the staff list with one guess each.
    pub fn at(device: DeviceId) -> Subject {
        Subject(format!("device:{device}"))
    }

    /// One-time codes sent to an address, over all of them.
    pub fn code_to(address: &str) -> Subject {
        Subject(format!("code:{address}"))
    }

    pub fn text(&self) -> &str {
        &self.0
    }
}

/// Takes one try of each subject, or none at all.
///
/// # Errors
/// `PinLocked` with `until` where a subject has none left.
pub fn reserve(tx: &mut Tx, subjects: &[Subject]) -> Result<()> {
    let now = tx.now();
    for subject in subjects {
        store::begin(tx, subject.text())?;
        let left_behind = now - SignedDuration::from_secs(RESERVED_SECONDS_MAX);
        store::count_left_behind(tx, subject.text(), left_behind)?;
        if !store::reserve(tx, subject.text(), TRIES_MAX)? {
            let until = store::locked_until(tx, subject.text())?;
            let until = until.filter(|until| *until > now);
            return Err(locked(until.unwrap_or(now + SignedDuration::from_secs(1))));
        }
    }
    Ok(())
}

fn locked(until: Timestamp) -> Error {
    Error::Refused(
        Code::PinLocked,
        Extra::none().with("until", until.to_string()),
    )
}

/// Gives the tries back and says how they went: a success forgets the failures before it.
pub fn settle(tx: &mut Tx, subjects: &[Subject], right: bool) -> Result<()> {
    let locks = LOCK_MINUTES.map(|minutes| tx.now() + SignedDuration::from_mins(minutes));
    for subject in subjects {
        if right {
            store::succeed(tx, subject.text())?;
        } else {
            store::fail(tx, subject.text(), TRIES_MAX, locks)?;
        }
    }
    Ok(())
}

/// A new secret begins without failures.
pub(super) fn forget(tx: &mut Tx, subject: &Subject) -> Result<()> {
    store::delete(tx, subject.text())
}

pub(super) fn forget_old(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    store::delete_old(tx, before)
}

/// Whether `pin` is that of `staff`, tried at whatever device the call comes from. Nothing is told about
/// a person who is not there, has no PIN, or typed a wrong one, but that it was wrong.
///
/// # Errors
/// `PinWrong`, `PinLocked`; the failed try is kept though the request fails.
pub async fn check_pin(call: &StaffCall, staff: StaffId, pin: Secret) -> Result<()> {
    let device = call.device();
    let hot = |subject: &Subject| Hot::of(call.tenant().id, "tries", subject.text());
    let mut subjects: Vec<Subject> = device.map(Subject::at).into_iter().collect();
    let known = call
        .look(move |read| super::staff::pin_hash(read, staff))
        .await?;
    if known.is_some() {
        // Only of people who are there: a row per invented id would fill the disk.
        subjects.push(Subject::pin_of(staff));
    }
    let hots: Vec<Hot> = subjects.iter().map(hot).collect();
    let taken = subjects.clone();
    call.act(hots.clone(), move |tx| reserve(tx, &taken))
        .await?;
    let right = secret::verify(pin, known).await?;
    call.act(hots, move |tx| settle(tx, &subjects, right))
        .await?;
    if right {
        Ok(())
    } else {
        Err(Error::Refused(Code::PinWrong, Extra::none()))
    }
}

/// Somebody of rank stands by with their PIN: who it was and as what, having at least the rank `needs` in the venue
/// of the call (L10). Call it before the write that it approves.
///
/// # Errors
/// `PinWrong`, `PinLocked`, `Forbidden` where the PIN is right and the rank is not.
pub async fn approve(
    call: &StaffCall,
    staff: StaffId,
    pin: Secret,
    needs: Role,
) -> Result<(StaffId, Role)> {
    let venue = call.venue()?.id;
    check_pin(call, staff, pin).await?;
    let rank = call
        .look(move |read| super::staff::role_at(read, staff, venue))
        .await?;
    match rank {
        Some(rank) if rank >= needs => Ok((staff, rank)),
        _ => Err(Error::Forbidden(needs)),
    }
}
