mod groups;
mod import;
mod profiles;
mod search;
mod verbs;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::customers::record_visit;
use crate::hall::error::{Error, Result};
use crate::hall::id::{CustomerId, VenueId};
use crate::hall::store::Tx;
use crate::hall::testing::TestApp;
use crate::tiers;

/// Runs `look` on what it does itself and lets it not have happened: money and points of their own, without
/// the orders and ledger rows that later rooms write with them, would break laws.
async fn undone(app: &TestApp, look: impl Fn(&mut Tx) -> Result<()> + Send + 'static) {
    let done = app
        .try_write(move |tx| look(tx).and(Err::<(), _>(Error::Stale)))
        .await;
    assert!(matches!(done, Err(Error::Stale)), "{done:?}");
}

/// A visit as a payment counts it: the day of the tiers knows it too.
fn visited(
    tx: &mut Tx,
    customer: CustomerId,
    venue: VenueId,
    day: Date,
    purchase: &str,
    at: Timestamp,
) -> Result<bool> {
    let is_new = record_visit(tx, customer, venue, day, purchase, at)?;
    let cause = tiers::Cause {
        customer,
        venue,
        on: day,
        today: day,
        visits: i64::from(is_new),
        points: 0,
        spend: 0,
        kind: "order",
        id: purchase.to_owned(),
        is_quiet: true,
    };
    tiers::refresh(tx, &cause)?;
    Ok(is_new)
}
