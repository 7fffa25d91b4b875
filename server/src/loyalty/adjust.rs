//! Points that people move by hand, and balances that are brought from elsewhere.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use utoipa::ToSchema;

use super::config::effective;
use super::holds::short;
use super::ledger::{Because, Entry, EntryKind, note, note_once, open_lot};
use super::lots::Hand;
use super::redeem::not_redeemable;
use super::store::{self, lots};
use crate::customers;
use crate::hall::error::{Code, Error, Extra, Field, OnViolation as _, Result};
use crate::hall::id::{CustomerId, VenueId};
use crate::hall::journal::EventType;
use crate::hall::room::BroughtPoints;
use crate::hall::store::Tx;
use crate::hall::text::check_line;

/// More than anybody gives by hand; a slip of the finger is refused.
const POINTS_MAX: i64 = 10_000_000;
const REASON_LETTERS_MAX: usize = 500;

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Adjust {
    /// More than 0 gives points, less takes them.
    #[schema(example = 50)]
    pub points: i64,
    /// Kept with the row.
    #[schema(example = "The till was down on Friday")]
    pub reason: String,
}

/// Gives points, with a lot as long as the program says, or takes them from the lots that end soonest.
///
/// # Errors
/// `Refused(PointsShort)` where that would take more than can be spent, or what open orders hold.
pub fn adjust(tx: &mut Tx, venue: VenueId, customer: CustomerId, ask: &Adjust) -> Result<Entry> {
    check(ask)?;
    let now = tx.now();
    let mut because = Because {
        customer,
        venue: Some(venue),
        cause_kind: "staff".into(),
        cause_id: tx.scope().by.actor.clone(),
        policy: json!({ "reason": ask.reason.trim() }),
        at: now,
    };
    let entry = if ask.points > 0 {
        let config = effective(tx, Some(venue))?;
        let ends = config.ends(now);
        because.policy["pointsExpireDays"] = json!(config.points_expire_days);
        open_lot(tx, customer, ask.points, now, ends, |tx, moved| {
            note(tx, &because, EntryKind::Adjust, ask.points, moved)
        })?
    } else {
        take(tx, &because, -ask.points)?
    };
    tx.audit_new("points.adjust", entry.id, &entry)?;
    tx.emit(EventType::PointsAdjusted, entry.venue_id, &entry)?;
    Ok(entry)
}

fn check(ask: &Adjust) -> Result<()> {
    let mut wrong = Vec::new();
    if ask.points == 0 || ask.points.unsigned_abs() > POINTS_MAX.unsigned_abs() {
        let message = format!("Send points from -{POINTS_MAX} to {POINTS_MAX}, other than 0.");
        wrong.push(Field::new("/points", "out_of_range", message));
    }
    if ask.reason.trim().is_empty() {
        wrong.push(Field::new("/reason", "required", "Say why."));
    }
    check_line(&ask.reason, REASON_LETTERS_MAX, "/reason", &mut wrong);
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(wrong))
    }
}

fn take(tx: &mut Tx, because: &Because, points: i64) -> Result<Entry> {
    let customer = because.customer;
    let mut hand = Hand::open(tx, customer)?;
    let (now, purse) = (tx.now(), hand.purse);
    let live = lots::live(tx, customer, now)?;
    if points > live - purse.held {
        return Err(short((live - purse.held).max(0)));
    }
    hand.pick_up(lots::soonest(tx, customer, points, Some(now))?);
    hand.wallet().adjust(points, now).map_err(not_redeemable)?;
    let moved = customers::spend_points(tx, customer, purse.ledger_rows, live, points, 0)?;
    let entry = note(tx, because, EntryKind::Adjust, -points, moved)?;
    hand.put_down(tx)?;
    Ok(entry)
}

/// A balance that a customer brings from elsewhere.
#[derive(Debug, Clone)]
pub struct Opening {
    pub customer: CustomerId,
    /// More than 0.
    pub points: i64,
    /// The import, which brings a balance to a customer once.
    pub cause_id: String,
    pub policy: Json,
    pub at: Timestamp,
    pub expires_at: Option<Timestamp>,
}

/// Writes an `OPENING` row and its lot.
///
/// # Errors
/// `Conflict(AlreadyDone)` where the same import has brought this customer's balance.
pub fn bring(tx: &mut Tx, ask: &Opening) -> Result<Entry> {
    let because = Because {
        customer: ask.customer,
        venue: None,
        cause_kind: "import".into(),
        cause_id: ask.cause_id.clone(),
        policy: ask.policy.clone(),
        at: ask.at,
    };
    let (points, at, ends) = (ask.points, ask.at, ask.expires_at);
    let entry = open_lot(tx, ask.customer, points, at, ends, |tx, moved| {
        note_once(tx, &because, EntryKind::Opening, points, moved)
            .on_unique(|| Error::Conflict(Code::AlreadyDone, Extra::none()))
    })?;
    tx.audit_new("points.open", entry.id, &entry)?;
    tx.emit(EventType::PointsAdjusted, entry.venue_id, &entry)?;
    Ok(entry)
}

/// Brings the balance that a customer has in another system, with a lot as long as the venue's program says.
/// `false` where it is here already.
///
/// # Errors
/// `Conflict(AlreadyDone)` where the customer brought another balance from there: which of the two is right, a
/// person decides.
pub fn bring_points(tx: &mut Tx, ask: &BroughtPoints) -> Result<bool> {
    match store::opening(tx, ask.customer, &ask.system)? {
        Some(before) if before == ask.points => return Ok(false),
        Some(before) => {
            let said = format!(
                "{before} points were brought from {} before; move the difference by hand.",
                ask.system
            );
            let extra = Extra::saying(said).with("field", "points");
            return Err(Error::Conflict(Code::AlreadyDone, extra));
        }
        None => {}
    }
    let now = tx.now();
    let config = effective(tx, Some(ask.venue))?;
    let opening = Opening {
        customer: ask.customer,
        points: ask.points,
        cause_id: ask.system.clone(),
        policy: json!({ "system": ask.system, "pointsExpireDays": config.points_expire_days }),
        at: now,
        expires_at: config.ends(now),
    };
    bring(tx, &opening).map(|_| true)
}
