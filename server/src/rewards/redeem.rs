//! A voucher comes and goes: for points, by a rule, and back.

use engine::window::{Moment, Shut, Window};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::vouchers::{self, Cause, Gives, Issued, Voucher};
use super::{Reward, find, store};
use crate::coupons::{self, Personal};
use crate::customers::{self, Customer};
use crate::discounts::uses::Purchase;
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::id::{CustomerId, RewardId, VenueId, VoucherId};
use crate::hall::identity::Venue;
use crate::hall::journal::EventType;
use crate::hall::store::{Read, Tx};
use crate::loyalty::{self, PutBack, Spend};
use crate::platform::venues;

/// Spends the reward's points and issues its voucher; `venue` is where staff do it, or `None` for a guest.
///
/// # Errors
/// `Refused(RewardUnavailable)` where it is not on offer, or all of it is given; `Refused(PointsShort)` with what is
/// missing.
pub fn redeem(
    tx: &mut Tx,
    venue: Option<&Venue>,
    customer: CustomerId,
    id: RewardId,
) -> Result<Voucher> {
    let at = venue.map(|venue| venue.id);
    let reward = find(tx, at, id)?;
    let guest = active(tx, customer)?;
    refuse_closed(tx, venue, &reward)?;
    count(tx, &reward, customer)?;
    let voucher: VoucherId = tx.new_id();
    let spend = Spend {
        customer,
        venue: at,
        points: reward.points_cost,
        cause_kind: "reward",
        // The voucher, so that what it cost can go back: of one reward a guest may redeem many.
        cause_id: voucher.to_string(),
        policy: json!({ "reward": &reward }),
    };
    loyalty::spend(tx, &spend).map_err(|error| short(error, &reward))?;
    let cause = Cause::points(voucher, reward.points_cost);
    issue(tx, &guest, &reward, voucher, &cause)
}

fn active(read: &mut Read, customer: CustomerId) -> Result<Customer> {
    let guest = customers::find(read, customer)?;
    if guest.active {
        Ok(guest)
    } else {
        Err(Error::NotFound("customer"))
    }
}

/// Whether the reward is on offer at this moment; a guest's day is that of its venue, else of the chain's first.
fn refuse_closed(read: &mut Read, venue: Option<&Venue>, reward: &Reward) -> Result<()> {
    if !loyalty::effective(read, venue.map(|venue| venue.id))?.active {
        let said = "The loyalty program is paused: nothing is redeemed now.";
        return Err(unavailable("PROGRAM_PAUSED", said));
    }
    if !reward.active {
        return Err(unavailable("PAUSED", "The reward is not on offer now."));
    }
    match is_open(read, venue, reward)? {
        Ok(()) => Ok(()),
        Err(Shut::NotYet(_)) => Err(unavailable("NOT_YET", "The reward is not on offer yet.")),
        Err(_) => Err(unavailable("OVER", "The reward is on offer no longer.")),
    }
}

pub(super) fn is_open(
    read: &mut Read,
    venue: Option<&Venue>,
    reward: &Reward,
) -> Result<Result<(), Shut>> {
    let window = Window {
        valid_from: reward.limits.valid_from,
        valid_until: reward.limits.valid_until,
        ..Window::default()
    };
    if !window.binds() {
        return Ok(Ok(()));
    }
    let home;
    let venue = match venue {
        Some(venue) => venue,
        None => {
            home = venues::home(read)?;
            &home
        }
    };
    let moment = Moment::new(read.now(), &venue.zone, venue.day_start());
    Ok(window.test(&moment))
}

fn unavailable(reason: &str, said: &str) -> Error {
    let extra = Extra::saying(said).with("reason", reason);
    Error::Refused(Code::RewardUnavailable, extra)
}

/// L08: the limits stand in the statements that count, because many guests may want the last one.
fn count(tx: &mut Tx, reward: &Reward, customer: CustomerId) -> Result<()> {
    let limits = &reward.limits;
    if !store::count(tx, reward.id, None, limits.max_total_uses)? {
        return Err(unavailable(
            "SOLD_OUT",
            "All of this reward have been given.",
        ));
    }
    if !store::count(tx, reward.id, Some(customer), limits.max_uses_per_customer)? {
        let said = match limits.max_uses_per_customer.unwrap_or_default() {
            1 => "Each guest can have this reward once, and this one has had it.".to_owned(),
            most => format!("Each guest can have this reward {most} times, and this one has."),
        };
        return Err(unavailable("SPENT_BY_CUSTOMER", &said));
    }
    Ok(())
}

/// The ledger's refusal, said in the reward's figures.
fn short(error: Error, reward: &Reward) -> Error {
    let Error::Refused(Code::PointsShort, extra) = error else {
        return error;
    };
    let available = extra.figures.get("available").and_then(Json::as_i64);
    let available = available.unwrap_or_default();
    let (cost, missing) = (reward.points_cost, reward.points_cost - available);
    let said = format!(
        "The reward costs {cost} points and {available} can be spent: {missing} are missing."
    );
    let extra = Extra::saying(said)
        .with("available", available)
        .with("missing", missing);
    Error::Refused(Code::PointsShort, extra)
}

/// What a rule promises a guest.
#[derive(Debug, Clone)]
pub struct Grant {
    pub customer: CustomerId,
    pub reward: RewardId,
    /// `tier`, `streak`, …
    pub cause_kind: &'static str,
    /// What it is granted for, once (L27).
    pub cause_id: String,
}

/// Whether a rule that promises the reward can keep it: not where it is archived.
pub fn is_given(read: &mut Read, reward: RewardId) -> Result<bool> {
    Ok(store::find(read, None, reward)?.is_some())
}

/// Gives a voucher without points. Nothing where the cause has given one already, the reward is archived, or the
/// guest is.
///
/// # Errors
/// `Again` where the cause gave one meanwhile.
pub fn grant(tx: &mut Tx, ask: &Grant) -> Result<Option<Voucher>> {
    let Some(reward) = store::find(tx, None, ask.reward)? else {
        return Ok(None);
    };
    let cause = Cause {
        kind: ask.cause_kind,
        id: ask.cause_id.clone(),
        points: 0,
    };
    if store::vouchers::of_cause(tx, ask.customer, cause.kind, &cause.id)?.is_some() {
        return Ok(None);
    }
    let guest = customers::find(tx, ask.customer)?;
    if !guest.active {
        return Ok(None);
    }
    let id = tx.new_id();
    issue(tx, &guest, &reward, id, &cause).map(Some)
}

/// As [`grant`], and once more where what the cause gave was cancelled.
///
/// # Errors
/// `Again` where the cause gave one meanwhile.
pub fn grant_anew(tx: &mut Tx, ask: &Grant) -> Result<Option<Voucher>> {
    let turns = store::vouchers::turns(tx, ask.customer, ask.cause_kind, &ask.cause_id)?;
    if turns.live > 0 {
        return Ok(None);
    }
    let again = Grant {
        cause_id: turn_of(&ask.cause_id, turns.given + 1),
        ..ask.clone()
    };
    grant(tx, &again)
}

/// The first time is told by the cause alone.
fn turn_of(cause_id: &str, turn: i64) -> String {
    match turn {
        1 => cause_id.to_owned(),
        again => format!("{cause_id}/{again}"),
    }
}

fn issue(
    tx: &mut Tx,
    guest: &Customer,
    reward: &Reward,
    id: VoucherId,
    cause: &Cause,
) -> Result<Voucher> {
    let expires_at = ends(tx.now(), reward);
    let personal = Personal {
        discount: reward.rule_id,
        customer: guest.id,
        expires_at,
        reward: Some(reward.id.to_string()),
    };
    let coupon = coupons::issue_personal(tx, &personal)?;
    let issued = Issued {
        id,
        customer: guest.id,
        reward: reward.id,
        coupon: coupon.id,
        cause_kind: cause.kind.to_owned(),
        cause_id: cause.id.clone(),
        points: cause.points,
        gives: Gives::of(reward),
        issued_at: tx.now(),
        expires_at,
        cancelled_at: None,
    };
    store::vouchers::insert(tx, &issued)?;
    let voucher = vouchers::one(tx, &issued)?;
    tx.audit_new("voucher.issue", id, &voucher)?;
    tx.emit(EventType::VoucherIssued, None, &voucher)?;
    Ok(voucher)
}

fn ends(now: Timestamp, reward: &Reward) -> Option<Timestamp> {
    let days = reward.limits.voucher_days?;
    Some(now + SignedDuration::from_hours(24 * i64::from(days)))
}

/// Staff take an unused voucher back: its code is worth nothing any more, and the points that it cost go back to
/// their lots.
///
/// # Errors
/// `Conflict(VoucherUsed)` where an order has it, `Conflict(AlreadyDone)` where it is cancelled.
pub fn cancel(tx: &mut Tx, venue: &Venue, customer: CustomerId, id: VoucherId) -> Result<Voucher> {
    let found = store::vouchers::find(tx, customer, id)?.ok_or(Error::NotFound("voucher"))?;
    if found.cancelled_at.is_some() {
        let said = "The voucher is cancelled already.";
        return Err(Error::Conflict(Code::AlreadyDone, Extra::saying(said)));
    }
    match withdraw(tx, venue, &found)? {
        Some(cancelled) => Ok(cancelled),
        None => Err(Error::Conflict(Code::VoucherUsed, Extra::none())),
    }
}

/// What a rule granted goes back with its cause, while nobody has used it; a voucher that is used stays.
pub fn cancel_granted(
    tx: &mut Tx,
    venue: &Venue,
    customer: CustomerId,
    cause_kind: &str,
    cause_id: &str,
) -> Result<Option<Voucher>> {
    match store::vouchers::of_cause(tx, customer, cause_kind, cause_id)? {
        Some(found) if found.cancelled_at.is_none() => withdraw(tx, venue, &found),
        _ => Ok(None),
    }
}

/// As [`cancel_granted`], of the last that [`grant_anew`] gave, where it was given at `since` or later.
pub fn cancel_newest(
    tx: &mut Tx,
    venue: &Venue,
    customer: CustomerId,
    (cause_kind, cause_id): (&str, &str),
    since: Timestamp,
) -> Result<Option<Voucher>> {
    let turns = store::vouchers::turns(tx, customer, cause_kind, cause_id)?;
    let newest = turn_of(cause_id, turns.given.max(1));
    match store::vouchers::of_cause(tx, customer, cause_kind, &newest)? {
        Some(found) if found.cancelled_at.is_none() && found.issued_at >= since => {
            withdraw(tx, venue, &found)
        }
        _ => Ok(None),
    }
}

/// `None` where an order has the voucher, held or for good.
fn withdraw(tx: &mut Tx, venue: &Venue, found: &Issued) -> Result<Option<Voucher>> {
    let purchase = Purchase {
        id: found.id.to_string(),
        venue: venue.id,
        customer: Some(found.customer),
        currency: venue.currency.clone(),
    };
    if !coupons::withdraw(tx, found.coupon, &purchase)? {
        return Ok(None);
    }
    store::vouchers::cancel(tx, found.id)?;
    if found.points > 0 {
        store::uncount(tx, found.reward, None)?;
        store::uncount(tx, found.reward, Some(found.customer))?;
        put_back(tx, venue.id, found)?;
    }
    let before = vouchers::one(tx, found)?;
    let after = store::vouchers::find(tx, found.customer, found.id)?;
    let after = vouchers::one(tx, &after.ok_or(Error::NotFound("voucher"))?)?;
    tx.audit("voucher.cancel", found.id, Some(&before), Some(&after))?;
    tx.emit(EventType::VoucherCancelled, Some(venue.id), &after)?;
    Ok(Some(after))
}

fn put_back(tx: &mut Tx, venue: VenueId, found: &Issued) -> Result<()> {
    let back = PutBack {
        customer: found.customer,
        venue,
        spent_on: found.id.to_string(),
        points: found.points,
        cause_kind: "voucher",
        cause_id: found.id.to_string(),
    };
    loyalty::put_back(tx, &back).map(|_| ())
}
