//! What may be applied without asking, as the pricing of an order needs it: one question, whatever the
//! number of rules.

use engine::discount::Discount as Rule;
use jiff::Timestamp;

use super::store;
use crate::hall::error::Result;
use crate::hall::id::{DiscountId, VenueId};
use crate::hall::store::Read;

/// A published rule that is live at a venue now.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    pub discount_id: DiscountId,
    pub version: i64,
    pub rule: Rule,
}

/// The discounts of a venue that are applied without asking, by id. Their windows are left to the engine:
/// a tab that was opened at five keeps its happy hour at seven.
pub fn live(read: &mut Read, venue: VenueId, now: Timestamp) -> Result<Vec<Live>> {
    store::live(read, venue, now)
}
