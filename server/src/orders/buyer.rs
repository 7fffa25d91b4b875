//! The guest of an order, as its price sees them.

use super::Tab;
use crate::customers;
use crate::hall::error::{Error, Result};
use crate::hall::id::{CustomerId, GroupId};
use crate::hall::store::Read;
use crate::tiers::{self, Standing};

/// Whose order it is, as far as a price may ask.
#[derive(Debug, Clone)]
pub struct Buyer {
    pub id: CustomerId,
    pub group_id: Option<GroupId>,
    /// Paid, or held with a code for first purchases.
    pub purchases: i64,
    /// The balance.
    pub points: i64,
    pub standing: Standing,
}

/// The customer, who must be one of ours. Who was put away meanwhile finishes what is theirs and gets nothing new.
pub(super) fn of(read: &mut Read, tab: &Tab, id: CustomerId) -> Result<Buyer> {
    let wrong = |code, said: &str| Err(Error::field("/customerId", code, said));
    let Some(known) = customers::brief(read, id)? else {
        let said = "Choose a customer of this chain, or leave it out.";
        return wrong("not_found", said);
    };
    let priced_for = tab.decided.order.customer.as_ref();
    let is_theirs = priced_for.is_some_and(|one| *one.id == *id.to_string());
    if !is_theirs && let Some(other) = known.merged_into {
        let said = format!("They were merged into {other}: choose that customer.");
        return wrong("merged", &said);
    }
    if !is_theirs && known.is_archived {
        let said = "They were archived: bring the customer back first, or choose another.";
        return wrong("archived", said);
    }
    Ok(Buyer {
        id,
        group_id: known.group_id,
        purchases: known.paid_orders,
        points: known.loyalty_points,
        standing: tiers::standing(read, id)?,
    })
}
