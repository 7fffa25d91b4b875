//! Uses: what a purchase takes of a rule or a code of which there is only so much (L08).
//!
//! `HELD` while the order is open → `FINAL` when it is paid → `RELEASED` when the discount is taken off, the order
//! is void, the hold has lapsed, or the sale is wholly refunded. A purchase uses a subject at most once, and a
//! released use may be taken again. What is counted has a row in `use_counts`, moved by a statement that knows the
//! limit, so that two tills never take the last one both. What has no limit is counted by nobody: its use is written
//! when the order is paid, so that no row is shared by all who pay.
//!
//! A hold lapses by its time unless the purchase has money on it: then it has no time.

mod lapse;
mod laws;
mod store;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::hall::error::{Error, Result};
use crate::hall::id::{CustomerId, VenueId};
use crate::hall::store::{Read, Tx};

pub(super) use lapse::LAPSE;
pub(super) use laws::{COUNTED, ENDED, IN_TIME, WITHIN};
pub use store::{LiveUse, Redemption, RedemptionFilter, live_of, redemptions};

/// How long an open order keeps what it holds.
pub const ORDER_HOLDS: SignedDuration = SignedDuration::from_hours(4);
/// How far `counts` counts what nobody counts while it happens.
const COUNTED_MAX: i64 = 10_000;

/// Whose purchase it is, and where.
#[derive(Debug, Clone)]
pub struct Purchase {
    /// An order's id, as text.
    pub id: String,
    pub venue: VenueId,
    pub customer: Option<CustomerId>,
    pub currency: String,
}

/// What may be used up, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// The id of a discount or a coupon, as text.
    pub subject: String,
    pub total_max: Option<u32>,
    pub customer_max: Option<u32>,
    /// One live use of all such codes per customer.
    pub first_purchase_only: bool,
    /// Coupons are counted although they may have no limit.
    pub is_counted: bool,
}

impl Limits {
    /// Of a rule, which is counted where it has a limit.
    pub fn of_rule(subject: String, total_max: Option<u32>, customer_max: Option<u32>) -> Limits {
        Limits {
            subject,
            total_max,
            customer_max,
            first_purchase_only: false,
            is_counted: total_max.is_some() || customer_max.is_some(),
        }
    }
}

/// What others have used of a subject; the purchase that asks is left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Used {
    pub total: i64,
    pub by_customer: i64,
    /// Whether the purchase that asks holds one.
    pub is_held: bool,
}

impl Used {
    /// How many are left of `max`; its own hold is among them.
    pub fn left(used: i64, max: Option<u32>) -> Option<u32> {
        max.map(|max| u32::try_from(i64::from(max) - used).unwrap_or(0))
    }
}

/// A use that a purchase holds now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub subject: String,
    pub customer: Option<CustomerId>,
    pub until: Option<Timestamp>,
}

/// Why a use was not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    InAll,
    ByCustomer,
    /// Another purchase of the customer holds or had a code for first purchases.
    FirstPurchase,
}

/// What is used of each subject, in two statements whatever their number.
pub fn used(
    read: &mut Read,
    subjects: &[String],
    purchase: &str,
    customer: Option<CustomerId>,
) -> Result<HashMap<String, Used>> {
    if subjects.is_empty() {
        return Ok(HashMap::new());
    }
    let mut all: HashMap<String, Used> = HashMap::with_capacity(subjects.len());
    for count in store::counts(read, subjects, customer)? {
        let used = all.entry(count.subject).or_default();
        if count.is_total {
            used.total = count.uses;
        } else {
            used.by_customer = count.uses;
        }
    }
    for held in held(read, purchase)? {
        let Some(used) = all.get_mut(&held.subject) else {
            continue;
        };
        used.is_held = true;
        used.total -= 1;
        if held.customer.is_some() && held.customer == customer {
            used.by_customer -= 1;
        }
    }
    Ok(all)
}

/// Whether another purchase of the customer has or had a code for first purchases.
pub fn has_first_purchase(read: &mut Read, customer: CustomerId, purchase: &str) -> Result<bool> {
    Ok(store::first_purchase_of(read, customer)?.is_some_and(|other| other != purchase))
}

/// Held and final uses of each subject; of what nobody counts, up to ten thousand. Two statements, whatever their
/// number.
pub fn counts(read: &mut Read, subjects: &[String]) -> Result<HashMap<String, i64>> {
    let mut all = HashMap::with_capacity(subjects.len());
    for count in store::counts(read, subjects, None)? {
        all.insert(count.subject, count.uses);
    }
    let uncounted: Vec<&String> = subjects
        .iter()
        .filter(|subject| !all.contains_key(*subject))
        .collect();
    all.extend(store::count_rows(read, &uncounted, COUNTED_MAX)?);
    Ok(all)
}

/// What the purchase holds now.
pub fn held(read: &mut Read, purchase: &str) -> Result<Vec<Held>> {
    store::held(read, purchase)
}

/// Takes a use for the purchase. Having it already is as good.
///
/// # Errors
/// `Again` where the counters moved between the look and the write.
pub fn hold(tx: &mut Tx, purchase: &Purchase, limits: &Limits) -> Result<Result<(), Spent>> {
    let first_of = match purchase.customer {
        Some(customer) if limits.first_purchase_only => {
            if has_first_purchase(tx, customer, &purchase.id)? {
                return Ok(Err(Spent::FirstPurchase));
            }
            Some(customer)
        }
        _ => None,
    };
    if !store::claim(
        tx,
        purchase,
        &limits.subject,
        first_of,
        tx.now() + ORDER_HOLDS,
    )? {
        return Ok(Ok(()));
    }
    if !limits.is_counted {
        return Ok(Ok(()));
    }
    if !store::add(tx, &limits.subject, None, limits.total_max)? {
        store::mark_released(tx, &purchase.id, &limits.subject)?;
        return Ok(Err(Spent::InAll));
    }
    let Some(customer) = purchase.customer else {
        return Ok(Ok(()));
    };
    if store::add(tx, &limits.subject, Some(customer), limits.customer_max)? {
        return Ok(Ok(()));
    }
    store::subtract(tx, &limits.subject, None)?;
    store::mark_released(tx, &purchase.id, &limits.subject)?;
    Ok(Err(Spent::ByCustomer))
}

/// Gives a use back, held or final; doing it again changes nothing.
pub fn release(tx: &mut Tx, purchase: &str, subject: &str) -> Result<bool> {
    let Some(customer) = store::release(tx, purchase, subject)? else {
        return Ok(false);
    };
    store::subtract(tx, subject, None)?;
    if let Some(customer) = customer {
        store::subtract(tx, subject, Some(customer))?;
    }
    Ok(true)
}

/// Gives back all that the purchase has: it is void, or wholly refunded.
pub fn release_all(tx: &mut Tx, purchase: &str) -> Result<()> {
    for subject in store::live(tx, purchase)? {
        release(tx, purchase, &subject)?;
    }
    Ok(())
}

/// The purchase has money on it: what it holds waits for the rest without a time.
pub fn pin(tx: &mut Tx, purchase: &str) -> Result<()> {
    store::set_until(tx, purchase, None)
}

/// The money went back: what the purchase holds has a time again.
pub fn unpin(tx: &mut Tx, purchase: &str, until: Timestamp) -> Result<()> {
    store::set_until(tx, purchase, Some(until))
}

/// The purchase is paid: what it used is final, with what it saved the guest.
///
/// # Errors
/// `Again` where it holds the use no longer: [`hold`] it first.
pub fn finish(tx: &mut Tx, purchase: &Purchase, subject: &str, saving: i64) -> Result<()> {
    if store::finish(tx, &purchase.id, subject, saving)? {
        Ok(())
    } else {
        Err(Error::Again("the use lapsed meanwhile".into()))
    }
}

/// A paid purchase used what nobody counts: its use is final at once.
pub fn note(tx: &mut Tx, purchase: &Purchase, subject: &str, saving: i64) -> Result<()> {
    store::note(tx, purchase, subject, saving)
}

/// A rule has a limit from now on: what was used so far is counted, so that the limit binds.
pub fn begin_counting(tx: &mut Tx, subject: &str) -> Result<()> {
    store::begin_counting(tx, subject)
}
