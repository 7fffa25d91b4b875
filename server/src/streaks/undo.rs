//! A visit that is undone, and what it had made of a guest's runs.

use engine::streak::Period;
use jiff::ToSpan as _;
use jiff::civil::Date;

use super::record::{CAUSE, cause, purchase};
use super::store::awards::{self, Touched};
use crate::customers;
use crate::hall::error::Result;
use crate::hall::id::{CustomerId, VenueId};
use crate::hall::identity::Venue;
use crate::hall::store::Tx;
use crate::loyalty::{self, TakeBack};
use crate::rewards;

/// Takes back what a visit on that business day earned, where no other visit keeps its period: points, or a voucher
/// that nobody has used. Called after the visit was undone.
///
/// # Errors
/// `Again` where another visit of the guest was counted meanwhile.
pub fn undo(
    tx: &mut Tx,
    venue: &Venue,
    customer: CustomerId,
    on: Date,
    cause: (&'static str, &str),
) -> Result<()> {
    let starts = [Period::Day, Period::Week, Period::Month].map(|period| period.start(on));
    let touched = awards::touched(tx, customer, venue.id, starts)?;
    if touched.is_empty() {
        return Ok(());
    }
    let (from, until) = (on.saturating_sub(31.days()), on.saturating_add(31.days()));
    let visits = customers::visits_between(tx, customer, from, until)?;
    for one in &touched {
        let period = one.streak.rule().period;
        let start = period.start(on);
        if !is_kept(one, &visits, start, period.next(start)) {
            undo_period(tx, venue, customer, one, start, cause)?;
        }
    }
    Ok(())
}

/// Whether another visit counts for the period.
fn is_kept(one: &Touched, visits: &[(Date, VenueId)], start: Date, end: Date) -> bool {
    let venues = &one.streak.venue_ids;
    visits.iter().any(|(day, venue)| {
        (start..end).contains(day) && (venues.is_empty() || venues.contains(venue))
    })
}

fn undo_period(
    tx: &mut Tx,
    venue: &Venue,
    customer: CustomerId,
    one: &Touched,
    start: Date,
    (cause_kind, cause_id): (&'static str, &str),
) -> Result<()> {
    let streak = one.streak.id;
    if one.run.last_start == start
        && let Some(before) = one.before
    {
        awards::put_run_back(tx, customer, streak, one.run, before)?;
    }
    let Some((turn, points)) = one.award else {
        return Ok(());
    };
    awards::take_back(tx, customer, streak, start, turn)?;
    if points == 0 {
        let granted = cause(streak, start, turn);
        return rewards::cancel_granted(tx, venue, customer, CAUSE, &granted).map(|_| ());
    }
    let back = TakeBack {
        customer,
        venue: venue.id,
        purchase: purchase(streak, customer, start, turn),
        cause_kind,
        cause_id: cause_id.to_owned(),
        spend: 0,
        bonus: points,
        visit: false,
        restored: 0,
        at: tx.now(),
    };
    loyalty::take_back(tx, &back).map(|_| ())
}
