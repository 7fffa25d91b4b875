//! What had been refunded of a purchase while it waited for staff to say what it is.
//!
//! Until then it had earned nothing that could go back. Once it is known by which purchase it earned, that one's points
//! go back as if the decision had come before the refunds (L27, L29); the refunds' own rows stay as they are.

use engine::refund::Refunded;

use super::refund::{share_of, take_all_back};
use crate::hall::error::Result;
use crate::hall::id::OrderId;
use crate::hall::identity::Venue;
use crate::hall::room::Settled;
use crate::hall::store::Tx;
use crate::loyalty::TakeBack;
use crate::{customers, leaderboards, orders, streaks, tiers};

/// Takes back what the refunds so far would have taken, and what the visit gave where linking showed it to be none.
pub fn on_settled(tx: &mut Tx, venue: &Venue, settled: &Settled) -> Result<()> {
    let (customer, on) = (settled.customer, settled.on);
    let (spend, bonus, is_whole) = refunded_share(tx, venue, settled)?;
    let earned = TakeBack {
        customer,
        venue: venue.id,
        purchase: settled.root.clone(),
        cause_kind: settled.cause_kind,
        cause_id: settled.cause_id.clone(),
        spend,
        bonus,
        visit: settled.undone.as_ref() == Some(&settled.root)
            || (is_whole && !customers::has_visited(tx, customer, venue.id, on)?),
        restored: 0,
        at: tx.now(),
    };
    let opener = settled.undone.clone().unwrap_or_default();
    let opened = TakeBack {
        visit: settled.undone.is_some() && opener != settled.root,
        purchase: opener,
        spend: 0,
        bonus: 0,
        ..earned.clone()
    };
    let unearned = take_all_back(tx, &[earned, opened])?.unearned;
    let cause = tiers::Cause {
        customer,
        venue: venue.id,
        on,
        today: venue.business_day(tx.now()),
        visits: 0,
        points: -unearned,
        spend: 0,
        kind: settled.cause_kind,
        id: settled.cause_id.clone(),
        is_quiet: settled.is_quiet,
    };
    tiers::refresh(tx, &cause)?;
    if settled.undone.is_some() {
        let cause = (settled.cause_kind, &*settled.cause_id);
        streaks::undo(tx, venue, customer, on, cause)?;
    }
    leaderboards::count(tx, customer, venue.id, on, -unearned)
}

/// Of the points of an order what went back with its money so far, and whether all of it did; a report of another
/// system is no order, and nothing of it is refunded here.
fn refunded_share(tx: &mut Tx, venue: &Venue, settled: &Settled) -> Result<(i64, i64, bool)> {
    let Ok(order) = settled.purchase.parse::<OrderId>() else {
        return Ok((0, 0, false));
    };
    let tab = orders::find(tx, venue.id, order)?;
    let sale = &tab.decided.evaluation;
    let so_far = orders::refunded_so_far(tx, &tab)?.refunded;
    let (spend, bonus) = share_of(tx, &settled.root, sale, &Refunded::none(sale), &so_far)?;
    Ok((spend, bonus, so_far.is_whole(sale)))
}
