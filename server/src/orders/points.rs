//! An order as the loyalty program sees it.

use engine::money::Multiplier;

use super::{Buyer, Tab};
use crate::customers;
use crate::hall::error::Result;
use crate::hall::id::CustomerId;
use crate::hall::identity::Venue;
use crate::hall::store::Read;
use crate::loyalty::Basket;
use crate::tiers;

/// What may earn: the first purchase of a visit while the guest has not been seen that day.
pub fn basket<'a>(
    read: &mut Read,
    venue: &'a Venue,
    tab: &'a Tab,
    customer: CustomerId,
) -> Result<Basket<'a>> {
    let multiplier = tiers::standing(read, customer)?.multiplier;
    filled(read, venue, tab, (customer, multiplier))
}

/// As [`basket`], of a buyer who is known.
pub fn basket_of<'a>(
    read: &mut Read,
    venue: &'a Venue,
    tab: &'a Tab,
    buyer: &Buyer,
) -> Result<Basket<'a>> {
    filled(read, venue, tab, (buyer.id, buyer.standing.multiplier))
}

fn filled<'a>(
    read: &mut Read,
    venue: &'a Venue,
    tab: &'a Tab,
    (customer, tier_multiplier): (CustomerId, Option<Multiplier>),
) -> Result<Basket<'a>> {
    let at = tab.closed_at.unwrap_or(read.now());
    let seen = customers::has_visited(read, customer, venue.id, venue.business_day(at))?;
    Ok(Basket {
        customer,
        venue,
        evaluation: &tab.decided.evaluation,
        priced_for: tab.decided.order.customer.as_ref(),
        at,
        opens_visit: !seen,
        tier_multiplier,
        purchase_id: tab.id.to_string(),
        cause_kind: "order",
        counted_from: at,
        is_quiet: false,
    })
}
