//! What a customer bought last, for their page.

use serde_json::Value as Json;
use utoipa::ToSchema as _;

use super::{Order, show, store};
use crate::hall::error::{Error, Result};
use crate::hall::id::{CustomerId, VenueId};
use crate::hall::room::{RECENT_MAX, RecentOfCustomer};
use crate::hall::store::Read;

pub const RECENT: RecentOfCustomer = RecentOfCustomer {
    name: "orders",
    scope: "orders:read",
    row: Order::name,
    newest,
};

/// As in lists: without payments, points and reasons.
fn newest(read: &mut Read, customer: CustomerId, venue: Option<VenueId>) -> Result<Vec<Json>> {
    let tabs = store::lists::newest_of(read, customer, venue, RECENT_MAX)?;
    let mut names = show::names(read, &tabs)?;
    let newest = tabs.iter().map(|tab| {
        let order = show::listed(tab, &mut names)?;
        serde_json::to_value(order).map_err(Error::bug)
    });
    newest.collect()
}
