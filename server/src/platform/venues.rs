//! Venues: where the chain is, in which zone, currency and manner of tax.

use super::store;
use crate::hall::error::{Error, Result};
use crate::hall::id::VenueId;
use crate::hall::store::{Read, Tx};

pub(super) fn version(read: &mut Read, venue: VenueId) -> Result<i64> {
    store::venue_version(read, venue)?.ok_or(Error::NotFound("venue"))
}

/// Gives the venue its next version, unless somebody was quicker.
pub(super) fn touch(tx: &mut Tx, venue: VenueId, version: i64) -> Result<()> {
    store::touch_venue(tx, venue, version)
}
