pub mod rates;
pub mod refs;
pub mod tax;

use super::chain::{CreateVenue, Founding};
use crate::hall::access::Role;
use crate::hall::error::{Code, Error, Extra, OnViolation, Result};
use crate::hall::id::{KeyId, StaffId, VenueId};
use crate::hall::store::{Read, Tx, json, word};
use crate::params;

pub fn insert_tenant(tx: &mut Tx, founding: &Founding) -> Result<()> {
    tx.exec(
        "insert into tenants (tenant_id, slug, name, mode, language, currency, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        params![
            &founding.slug,
            &founding.name,
            word(&founding.mode)?,
            &founding.language,
            &founding.currency,
            tx.now()
        ],
    )
    .map(|_| ())
}

pub fn insert_venue(tx: &mut Tx, id: VenueId, ask: &CreateVenue) -> Result<()> {
    tx.exec(
        "insert into venues (tenant_id, venue_id, slug, name, zone, country, currency, language,
           business_day_start, tax_mode, till_mode, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        params![
            id,
            &ask.slug,
            &ask.name,
            &ask.zone,
            &ask.country,
            &ask.currency,
            &ask.language,
            &ask.business_day_start,
            word(&ask.tax_mode)?,
            word(&ask.till_mode)?,
            tx.now()
        ],
    )
    .on_unique(|| {
        Error::Conflict(
            Code::NameTaken,
            Extra::none().with("slug", ask.slug.clone()),
        )
    })
    .map(|_| ())
}

pub fn insert_staff(tx: &mut Tx, id: StaffId, name: &str) -> Result<()> {
    tx.exec(
        "insert into staff (tenant_id, staff_id, name, created_at) values ($1, $2, $3, $4)",
        params![id, name, tx.now()],
    )
    .map(|_| ())
}

pub fn insert_role(tx: &mut Tx, staff: StaffId, venue: Option<VenueId>, role: Role) -> Result<()> {
    let venue = venue.map_or_else(|| "*".to_owned(), |venue| venue.to_string());
    tx.exec(
        "insert into staff_roles (tenant_id, staff_id, venue_id, role) values ($1, $2, $3, $4)",
        params![staff, venue, role.word()],
    )
    .map(|_| ())
}

pub fn insert_key(
    tx: &mut Tx,
    id: KeyId,
    name: &str,
    hint: &str,
    role: Role,
    scopes: &[String],
) -> Result<()> {
    tx.exec(
        "insert into api_keys (tenant_id, key_id, name, hint, role, venues, scopes, created_at)
         values ($1, $2, $3, $4, $5, '[]', $6, $7)",
        params![id, name, hint, role.word(), json(&scopes)?, tx.now()],
    )
    .map(|_| ())
}

pub fn version(read: &mut Read) -> Result<i64> {
    let sql = "select version from tenants where tenant_id = $1";
    read.one(sql, &[])?.get(0)
}

pub fn touch(tx: &mut Tx, version: i64) -> Result<()> {
    let sql = "update tenants set version = version + 1 where tenant_id = $1 and version = $2";
    one(tx.exec(sql, params![version])?)
}

pub fn venue_version(read: &mut Read, venue: VenueId) -> Result<Option<i64>> {
    let sql = "select version from venues where tenant_id = $1 and venue_id = $2";
    let row = read.first(sql, params![venue])?;
    row.map(|row| row.get(0)).transpose()
}

pub fn touch_venue(tx: &mut Tx, venue: VenueId, version: i64) -> Result<()> {
    let changed = tx.exec(
        "update venues set version = version + 1
         where tenant_id = $1 and venue_id = $2 and version = $3",
        params![venue, version],
    )?;
    one(changed)
}

/// The guard of an edit is its version: no row changed means that somebody was quicker.
fn one(changed: u64) -> Result<()> {
    if changed == 1 {
        Ok(())
    } else {
        Err(Error::Stale)
    }
}
