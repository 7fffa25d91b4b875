//! What a refund does to points: what the purchase earned goes back, and so does what it redeemed.

use engine::points::{EarnBasis, Earned, FromLot, Lot};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;

use super::config::effective;
use super::expiry::expire;
use super::ledger::{Because, EarnKind, Entry, reversal};
use super::lots::Hand;
use super::promotions;
use super::store::{self, lots};
use crate::customers::Ledgered;
use crate::hall::error::{Error, Result};
use crate::hall::id::{CustomerId, VenueId};
use crate::hall::journal::EventType;
use crate::hall::store::{Read, Tx};

/// What one refund takes back and gives back. The figures are of this refund alone: who asks has done the proportion.
/// What staff say of a purchase that waited takes back likewise what had been refunded by then.
#[derive(Debug, Clone)]
pub struct TakeBack {
    pub customer: CustomerId,
    pub venue: VenueId,
    pub purchase: String,
    /// `refund`, `link` or `part`.
    pub cause_kind: &'static str,
    /// What takes it back: once for each row (L27).
    pub cause_id: String,
    /// Of what the purchase earned by its amount.
    pub spend: i64,
    /// Of its bonus points.
    pub bonus: i64,
    /// Whether its visit is undone, with all that it earned.
    pub visit: bool,
    /// Of what was redeemed on it, to be put back.
    pub restored: i64,
    pub at: Timestamp,
}

/// What was taken back.
#[derive(Debug, Clone, Default)]
pub struct TakenBack {
    pub entries: Vec<Entry>,
    /// Of what was earned, whether or not it was there to be taken: by so many the guest has earned less.
    pub unearned: i64,
}

/// Puts redeemed points back into their lots, where they pay debt first, and then takes back what was earned: one
/// `REVERSE` row for each row that is reversed. What was spent already becomes debt, which open lots pay. A lot that
/// lapsed meanwhile lives on for the grace.
///
/// What has lapsed expires first, so that the hourly job makes no difference: it pays no debt and does not live on.
///
/// Takes no more than what did not expire, and puts no more back than was redeemed: the rows say how many.
///
/// # Errors
/// `Conflict(AlreadyDone)` where the same cause has reversed the row already (L27).
pub fn take_back(tx: &mut Tx, ask: &TakeBack) -> Result<TakenBack> {
    expire(tx, &[ask.customer])?;
    let mut hand = Hand::open(tx, ask.customer)?;
    let restored = restore(tx, &mut hand, &ask.spent())?;
    let reversed = reverse(tx, &mut hand, ask)?;
    let mut because = Because {
        customer: ask.customer,
        venue: Some(ask.venue),
        cause_kind: ask.cause_kind.into(),
        cause_id: ask.cause_id.clone(),
        policy: json!({ "purchaseId": &ask.purchase, "restoreGraceDays": restored.grace_days }),
        at: ask.at,
    };
    let mut entries = note_all(tx, &because, &restored.rows)?;
    because.policy = json!({ "purchaseId": &ask.purchase });
    entries.extend(note_all(tx, &because, &reversed)?);
    hand.put_down(tx)?;
    promotions::reversed(tx, ask.customer, &ask.purchase)?;
    Ok(TakenBack {
        entries,
        unearned: hand.unearned(),
    })
}

impl TakeBack {
    fn spent(&self) -> Spent<'_> {
        Spent {
            customer: self.customer,
            venue: self.venue,
            on: &self.purchase,
            points: self.restored,
        }
    }
}

fn note_all(tx: &mut Tx, because: &Because, rows: &[Reversal]) -> Result<Vec<Entry>> {
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        let entry = reversal(tx, because, row.reverses, row.points, row.moved)?;
        tx.audit_new("points.reverse", entry.id, &entry)?;
        tx.emit(EventType::PointsReversed, entry.venue_id, &entry)?;
        entries.push(entry);
    }
    Ok(entries)
}

/// What was spent on something other than an order, and is given back.
#[derive(Debug, Clone)]
pub struct PutBack {
    pub customer: CustomerId,
    /// Whose program says how long a lapsed lot lives on.
    pub venue: VenueId,
    /// The cause of the redemption.
    pub spent_on: String,
    pub points: i64,
    pub cause_kind: &'static str,
    /// What gives it back, once (L27).
    pub cause_id: String,
}

/// Puts spent points back into their lots, as [`take_back`] does.
///
/// # Errors
/// `Conflict(AlreadyDone)` where the cause has put them back already (L27).
pub fn put_back(tx: &mut Tx, ask: &PutBack) -> Result<Vec<Entry>> {
    expire(tx, &[ask.customer])?;
    let mut hand = Hand::open(tx, ask.customer)?;
    let spent = Spent {
        customer: ask.customer,
        venue: ask.venue,
        on: &ask.spent_on,
        points: ask.points,
    };
    let restored = restore(tx, &mut hand, &spent)?;
    let because = Because {
        customer: ask.customer,
        venue: Some(ask.venue),
        cause_kind: ask.cause_kind.into(),
        cause_id: ask.cause_id.clone(),
        policy: json!({ "spentOn": &ask.spent_on, "restoreGraceDays": restored.grace_days }),
        at: tx.now(),
    };
    let entries = note_all(tx, &because, &restored.rows)?;
    hand.put_down(tx)?;
    Ok(entries)
}

/// Points that were spent on something, as far as they go back.
struct Spent<'a> {
    customer: CustomerId,
    venue: VenueId,
    on: &'a str,
    points: i64,
}

struct Reversal {
    reverses: i64,
    points: i64,
    moved: Ledgered,
}

/// Points that were put back.
#[derive(Default)]
struct Restored {
    rows: Vec<Reversal>,
    /// By which a lot that had lapsed lives on.
    grace_days: u32,
}

fn reverse(tx: &mut Tx, hand: &mut Hand, ask: &TakeBack) -> Result<Vec<Reversal>> {
    let asked = [
        (EarnKind::Spend, ask.spend),
        (EarnKind::Bonus, ask.bonus),
        (EarnKind::Visit, if ask.visit { i64::MAX } else { 0 }),
    ];
    let asked: Vec<_> = asked
        .into_iter()
        .filter(|(_, points)| *points > 0)
        .collect();
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let rows = store::earned_rows(tx, ask.customer, &ask.purchase)?;
    let seqs: Vec<i64> = rows.iter().map(|(seq, _)| *seq).collect();
    let opened: Vec<(i64, Lot)> = lots::opened_by(tx, ask.customer, &seqs)?;
    let mut due = Vec::new();
    for (kind, points) in asked {
        let row = rows.iter().find(|(_, earned)| *earned == kind);
        let lot = row.and_then(|(seq, _)| opened.iter().find(|(opens, _)| opens == seq));
        due.extend(lot.map(|(seq, lot)| (*seq, lot, points.min(lot.earned))));
    }
    // A lot in hand may live on by the grace and no longer be among those that end soonest: what is stored of it does
    // not count for what is looked for.
    let most = due.iter().fold(hand.open_before(), |sum, (_, _, points)| {
        sum.saturating_add(*points)
    });
    let paying = lots::soonest(tx, ask.customer, most, None)?;
    hand.pick_up(due.iter().map(|(_, lot, _)| Lot::clone(lot)).chain(paying));
    let mut done = Vec::with_capacity(due.len());
    for (reverses, lot, points) in due {
        if let Some((points, moved)) = hand.reverse(tx, lot, points)? {
            done.push(Reversal {
                reverses,
                points,
                moved,
            });
        }
    }
    Ok(done)
}

fn restore(tx: &mut Tx, hand: &mut Hand, ask: &Spent<'_>) -> Result<Restored> {
    if ask.points <= 0 {
        return Ok(Restored::default());
    }
    let (now, mut left) = (tx.now(), ask.points);
    let mut back: Vec<(i64, FromLot)> = Vec::new();
    for used in lots::uses(tx, ask.customer, ask.on)? {
        let points = used.points.min(left);
        if points > 0 {
            left -= points;
            let lot_id = used.lot.id.clone();
            back.push((used.seq, FromLot { lot_id, points }));
            hand.pick_up([used.lot]);
        }
    }
    lots::restore_uses(tx, ask.customer, &back)?;
    let grace_days = effective(tx, Some(ask.venue))?.restore_grace_days;
    let grace = SignedDuration::from_hours(24 * i64::from(grace_days));
    let mut done = Restored {
        grace_days,
        ..Restored::default()
    };
    for rows in back.chunk_by(|(one, _), (other, _)| one == other) {
        let taken: Vec<FromLot> = rows.iter().map(|(_, part)| part.clone()).collect();
        if let Some((points, moved)) = hand.restore(tx, &taken, now, grace)? {
            done.rows.push(Reversal {
                reverses: rows[0].0,
                points,
                moved,
            });
        }
    }
    Ok(done)
}

/// What a purchase earned as it was decided then, and on what: so that a refund takes back its share.
pub fn earned_of(read: &mut Read, purchase: &str) -> Result<Option<(Earned, EarnBasis)>> {
    let Some(policy) = store::policy_of(read, purchase)? else {
        return Ok(None);
    };
    let decided: Decided = serde_json::from_value(policy).map_err(Error::bug)?;
    Ok(Some((decided.earned, decided.config.earn_basis)))
}

#[derive(Deserialize)]
struct Decided {
    config: Basis,
    earned: Earned,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Basis {
    earn_basis: EarnBasis,
}
