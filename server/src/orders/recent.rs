//! What a customer bought last, for their page.

use std::collections::HashMap;

use serde_json::Value as Json;
use utoipa::ToSchema as _;

use super::{Order, show, store};
use crate::hall::error::{Error, Result};
use crate::hall::id::{CustomerId, VenueId};
use crate::hall::identity;
use crate::hall::room::{RECENT_MAX, RecentOfCustomer};
use crate::hall::store::Read;
use crate::hall::text::language_or_english;

pub const RECENT: RecentOfCustomer = RecentOfCustomer {
    name: "orders",
    scope: "orders:read",
    row: Order::name,
    newest,
};

/// As in lists: without payments and points.
fn newest(read: &mut Read, customer: CustomerId, venue: Option<VenueId>) -> Result<Vec<Json>> {
    let mut languages = HashMap::new();
    let mut newest = Vec::new();
    for tab in store::newest_of(read, customer, venue, RECENT_MAX)? {
        let language = match languages.get(&tab.venue) {
            Some(language) => *language,
            None => {
                let venue = identity::venue(read, tab.venue)?.ok_or(Error::NotFound("venue"))?;
                let language = language_or_english(&venue.language);
                languages.insert(tab.venue, language);
                language
            }
        };
        let order = show::assembled(&tab, Vec::new(), language)?;
        newest.push(serde_json::to_value(order).map_err(Error::bug)?);
    }
    Ok(newest)
}
