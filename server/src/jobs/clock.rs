//! The clock of a test chain, which runs ahead of the machine's by as much as somebody asked.

use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::store;
use crate::hall::call::Reply;
use crate::hall::error::{Error, Result};
use crate::hall::store::Tx;
use crate::platform::chain;

/// To an instant, or by a duration: one of the two.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdvanceClock {
    #[serde(default)]
    #[schema(example = "2026-07-01T08:00:00Z")]
    pub to: Option<Timestamp>,
    /// ISO 8601, such as `P30D` or `PT90M`; days by the clock of the first venue.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub by: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TestClock {
    /// What time it is for the chain.
    #[schema(example = "2026-07-01T08:00:00Z")]
    pub now: Timestamp,
}

impl Reply for TestClock {}

pub fn advance(tx: &mut Tx, ask: &AdvanceClock) -> Result<TestClock> {
    let now = match (ask.to, &ask.by) {
        (Some(to), None) => to,
        (None, Some(by)) => later(tx, by)?,
        _ => {
            return Err(Error::field(
                "",
                "invalid",
                "Send `to` or `by`, one of the two.",
            ));
        }
    };
    chain::advance_clock(tx, now)?;
    Ok(TestClock { now })
}

fn later(tx: &mut Tx, by: &str) -> Result<Timestamp> {
    let wrong = || Error::field("/by", "invalid", "Send a duration such as P30D or PT90M.");
    let span: Span = by.parse().map_err(|_| wrong())?;
    let local = tx.now().to_zoned(store::zone(tx)?);
    Ok(local.checked_add(span).map_err(|_| wrong())?.timestamp())
}
