mod groups;
mod import;
mod profiles;
mod search;
mod verbs;

use crate::hall::error::{Error, Result};
use crate::hall::store::Tx;
use crate::hall::testing::TestApp;

/// Runs `look` on what it does itself and lets it not have happened: money and points of their own, without
/// the orders and ledger rows that later rooms write with them, would break laws.
async fn undone(app: &TestApp, look: impl Fn(&mut Tx) -> Result<()> + Send + 'static) {
    let done = app
        .try_write(move |tx| look(tx).and(Err::<(), _>(Error::Stale)))
        .await;
    assert!(matches!(done, Err(Error::Stale)), "{done:?}");
}
