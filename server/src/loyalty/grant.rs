use jiff::SignedDuration;
use serde_json::Value as Json;

use super::config::effective;
use super::ledger::{Credit, EarnKind, Entry, credit_aloud};
use crate::hall::error::{Error, Result};
use crate::hall::id::{CustomerId, VenueId};
use crate::hall::store::Tx;

/// Points that come of no purchase: a streak's bonus.
#[derive(Debug, Clone)]
pub struct Grant {
    pub customer: CustomerId,
    /// Whose program says how long they live.
    pub venue: Option<VenueId>,
    /// More than 0.
    pub points: i64,
    pub cause_kind: &'static str,
    pub cause_id: String,
    /// What it is granted for, once (L27).
    pub purchase_id: String,
    pub policy: Json,
}

/// Gives bonus points: an `EARN` row of the kind `BONUS`, with a lot as long as the program says.
///
/// # Errors
/// `Violation(Unique)` where it has been granted already (L27).
pub fn grant(tx: &mut Tx, ask: &Grant) -> Result<Entry> {
    let now = tx.now();
    let days = effective(tx, ask.venue)?.points_expire_days;
    let lasts = days.map(|days| SignedDuration::from_hours(24 * i64::from(days)));
    let venue = ask.venue.ok_or(Error::NotFound("venue"))?;
    let points = Credit {
        customer: ask.customer,
        venue,
        earn_kind: EarnKind::Bonus,
        points: ask.points,
        cause_kind: ask.cause_kind,
        cause_id: ask.cause_id.clone(),
        purchase_id: ask.purchase_id.clone(),
        policy: ask.policy.clone(),
        at: now,
        expires_at: lasts.map(|lasts| now + lasts),
    };
    credit_aloud(tx, &points)
}
