//! What an order holds while it is open, and what becomes of it when it is paid.

use std::collections::BTreeMap;

use engine::quote::Evaluation;
use serde::{Deserialize, Serialize};

use super::Tab;
use super::candidates::Weighed;
use super::gone::Gone;
use super::show::Totals;
use crate::coupons;
use crate::discounts::uses::{self, Limits, Purchase};
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::id::CustomerId;
use crate::hall::identity::Venue;
use crate::hall::store::Tx;
use crate::hall::text::language_or_english;
use crate::loyalty::{self, Redeem};

/// A use that the order holds, by which discount and for whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldUse {
    pub candidate: String,
    pub limits: Limits,
    pub customer: Option<CustomerId>,
}

/// Points that the order holds, and whose they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldPoints {
    pub customer: CustomerId,
    pub points: i64,
}

fn purchase(tab: &Tab, customer: Option<CustomerId>) -> Purchase {
    Purchase {
        id: tab.id.to_string(),
        venue: tab.venue,
        customer,
        currency: tab.currency.clone(),
    }
}

/// What the order uses as it was decided: the limits of each discount that it bears.
fn wanted(tab: &Tab, weighed: &[Weighed], evaluation: &Evaluation) -> Vec<HeldUse> {
    let mut wanted = Vec::new();
    for one in weighed {
        let mut applied = evaluation.discounts.iter();
        if !applied.any(|applied| applied.candidate_id == one.candidate.id) {
            continue;
        }
        for limits in one.limits.iter().filter(|limits| limits.is_counted) {
            wanted.push(HeldUse {
                candidate: one.candidate.id.to_string(),
                limits: limits.clone(),
                customer: tab.customer,
            });
        }
    }
    wanted
}

/// Holds what the order uses now, and gives back what it uses no longer.
///
/// # Errors
/// `Again` where a use was spent between the look and the hold: run again, the order is decided without it.
pub fn settle(tx: &mut Tx, tab: &mut Tab, weighed: &[Weighed]) -> Result<()> {
    let wanted = wanted(tab, weighed, &tab.decided.evaluation);
    let order = tab.id.to_string();
    for held in &tab.asks.held {
        let stays = wanted
            .iter()
            .any(|one| one.limits.subject == held.limits.subject && one.customer == held.customer);
        if !stays {
            uses::release(tx, &order, &held.limits.subject)?;
        }
    }
    for one in &wanted {
        if uses::hold(tx, &purchase(tab, one.customer), &one.limits)?.is_err() {
            return Err(Error::Again("the last use was taken meanwhile".into()));
        }
    }
    tab.asks.held = wanted;
    settle_points(tx, tab)
}

/// Holds the points that the order takes off, and no others.
fn settle_points(tx: &mut Tx, tab: &mut Tab) -> Result<()> {
    let applied = tab.decided.evaluation.discounts.iter();
    let points: i64 = applied.filter_map(|one| one.points).sum();
    let customer = tab.customer.filter(|_| points > 0);
    let wanted = customer.map(|customer| HeldPoints { customer, points });
    let order = tab.id.to_string();
    match (wanted, tab.asks.points_held) {
        (wanted, held) if wanted == held => {}
        (Some(wanted), _) => {
            let until = tx.now() + uses::ORDER_HOLDS;
            loyalty::hold(tx, wanted.customer, &order, wanted.points, Some(until))
                .map_err(spent_meanwhile)?;
        }
        (None, Some(held)) => loyalty::hold(tx, held.customer, &order, 0, None)?,
        (None, None) => {}
    }
    tab.asks.points_held = wanted;
    Ok(())
}

/// The points were there when the order was decided: run again, it is decided without them.
fn spent_meanwhile(error: Error) -> Error {
    match error {
        Error::Refused(Code::PointsShort, _) => {
            Error::Again("the points were spent meanwhile".into())
        }
        other => other,
    }
}

/// Makes sure, before money is taken, that the order has what it is priced by: a hold that lapsed is taken again.
///
/// # Errors
/// `Conflict(CouponGone)` with the totals of the order without it; `without` reckons them.
pub fn secure(
    tx: &mut Tx,
    venue: &Venue,
    tab: &Tab,
    without: impl Fn(&mut Tx, &str) -> Result<Totals>,
) -> Result<()> {
    for one in &tab.asks.held {
        if let Err(spent) = uses::hold(tx, &purchase(tab, one.customer), &one.limits)? {
            let totals = without(tx, &one.candidate)?;
            return Err(gone(venue, tab, &one.candidate, spent.into(), &totals)?);
        }
    }
    let Some(held) = tab.asks.points_held else {
        return Ok(());
    };
    match loyalty::hold(tx, held.customer, &tab.id.to_string(), held.points, None) {
        Err(Error::Refused(Code::PointsShort, _)) => {
            let wish = tab.asks.points().map(|(wish, _)| wish.id.to_string());
            let candidate = wish.unwrap_or_default();
            let totals = without(tx, &candidate)?;
            Err(gone(venue, tab, &candidate, Gone::Points, &totals)?)
        }
        done => done,
    }
}

fn gone(venue: &Venue, tab: &Tab, candidate: &str, what: Gone, totals: &Totals) -> Result<Error> {
    let language = language_or_english(&venue.language);
    let detail = what.said(&totals.total.said(language), language);
    let id = tab.asks.ids.get(candidate).map(ToString::to_string);
    let shown = |figures: serde_json::Result<serde_json::Value>| figures.map_err(Error::bug);
    let extra = Extra::saying(detail)
        .with("orderDiscountId", id)
        .with("totalWithout", shown(serde_json::to_value(&totals.total))?)
        .with("totals", shown(serde_json::to_value(totals))?);
    Ok(Error::Conflict(Code::CouponGone, extra))
}

/// Money is on the order: what it holds waits for the rest.
pub fn pin(tx: &mut Tx, tab: &Tab) -> Result<()> {
    if tab.asks.held.is_empty() {
        return Ok(());
    }
    uses::pin(tx, &tab.id.to_string())
}

/// There is no money on the order any more: what it holds waits as long as that of any open order.
pub fn unpin(tx: &mut Tx, tab: &Tab) -> Result<()> {
    let (order, until) = (tab.id.to_string(), tx.now() + uses::ORDER_HOLDS);
    if tab.asks.points_held.is_some() {
        loyalty::hold_until(tx, &order, until)?;
    }
    if tab.asks.held.is_empty() {
        return Ok(());
    }
    uses::unpin(tx, &order, until)
}

/// The order is paid: what it used is final, with what it saved, and a code that goes on is open for the guest.
pub fn finish(tx: &mut Tx, venue: &Venue, tab: &Tab) -> Result<()> {
    // Two codes may stand for one rule: that is one use of it, which saved what both took off.
    let (mut held, mut noted) = (BTreeMap::new(), BTreeMap::new());
    for applied in &tab.decided.evaluation.discounts {
        let of_it = |one: &&HeldUse| one.candidate == *applied.candidate_id;
        for one in tab.asks.held.iter().filter(of_it) {
            let use_of = held.entry(&one.limits.subject).or_insert((one.customer, 0));
            use_of.1 += applied.amount;
        }
        let is_published = tab.is_published(&applied.candidate_id);
        if is_published && !tab.asks.holds(&applied.discount_id) {
            *noted.entry(&applied.discount_id).or_insert(0) += applied.amount;
        }
    }
    for (subject, (customer, saving)) in held {
        uses::finish(tx, &purchase(tab, customer), subject, saving)?;
    }
    for (rule, saving) in noted {
        uses::note(tx, &purchase(tab, tab.customer), rule, saving)?;
    }
    let Some(customer) = tab.customer else {
        return Ok(());
    };
    redeem_points(tx, venue, tab)?;
    for (_, coupon) in tab.asks.coupons() {
        // What opens a code is a use that counts: typed while it goes on, it is none.
        if tab.asks.holds(&coupon.to_string()) {
            let (order, now) = (tab.id.to_string(), tx.now());
            coupons::first_paid(tx, venue, coupon, customer, &order, now)?;
        }
    }
    Ok(())
}

/// The points that the order took off are spent.
fn redeem_points(tx: &mut Tx, venue: &Venue, tab: &Tab) -> Result<()> {
    let Some(held) = tab.asks.points_held else {
        return Ok(());
    };
    let applied = tab.decided.evaluation.discounts.iter();
    let applied: Vec<_> = applied.filter(|one| one.points.is_some()).collect();
    // The rate and the minimum as they stood.
    let asked = tab.decided.candidates.iter().find_map(|one| one.points);
    let ask = Redeem {
        customer: held.customer,
        venue: venue.id,
        purchase: tab.id.to_string(),
        points: held.points,
        policy: serde_json::json!({ "applied": applied, "asked": asked }),
        at: tx.now(),
    };
    loyalty::redeem(tx, &ask).map(|_| ())
}

/// Gives back all that the order holds.
pub fn release(tx: &mut Tx, tab: &Tab) -> Result<()> {
    let order = tab.id.to_string();
    if let Some(held) = tab.asks.points_held {
        loyalty::hold(tx, held.customer, &order, 0, None)?;
    }
    if tab.asks.held.is_empty() {
        return Ok(());
    }
    uses::release_all(tx, &order)
}
