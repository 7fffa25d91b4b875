//! Status tiers: the ladder of a chain, where each guest stands on it, and why.
//!
//! A ladder is a list of versions that never change; until its owner makes one, a ladder of five names holds that
//! gives nothing away. What a guest did is kept per business day and venue (`loyalty_days`); a refund takes from the
//! day that earned. Where a guest stands follows from those days alone (`engine::tier`), so a sale and its full
//! refund leave the tier as it was (L29), and only the pace of rising looks at what was held before (L05). Each
//! change is a row that names its rule and figures, and an event. A guest who never rose has no row: the first tier
//! of the ladder is everybody's.
//!
//! A tier ends by the day: a job looks at those whose day has come, and walks through all guests after an edit.
//!
//! Keeps L05 and, for its days, L25. Absent on purpose: what a tier gives is applied by those who price and earn,
//! on bookings by a pricing rule alone. A voucher alone is given here, once a tier, to whoever rises to it or past it,
//! and taken back while it is unused by the refund that takes the rise away; history that is brought in gives none.

mod change;
mod ladder;
mod laws;
mod progress;
mod review;
mod routes;
mod standing;
mod store;
#[cfg(test)]
mod tests;

pub use change::{Change, TierRef};
pub use ladder::{Benefits, EditLadder, EditTier, Ladder, Tier, Velocity, ladder, put_ladder};
pub use progress::{PROGRESS, Progress, progress};
pub use standing::{Cause, Standing, multiplier, on_bought, points_by_day, refresh, standing};

use jiff::civil::Date;

use crate::hall::error::Result;
use crate::hall::room::Room;
use crate::hall::store::Read;
use crate::platform::venues;

pub const ROOM: Room = Room {
    name: "tiers",
    routes: routes::routes,
    jobs: &[review::REVIEW],
    laws: laws::ALL,
};

/// The business day of the chain, by its first venue: where nobody says at which venue.
pub fn today(read: &mut Read) -> Result<Date> {
    let home = venues::home(read)?;
    Ok(home.business_day(read.now()))
}
