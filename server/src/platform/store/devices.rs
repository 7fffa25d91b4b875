use jiff::Timestamp;

use super::{List, edited};
use crate::hall::error::{Error, OnViolation, Result};
use crate::hall::id::{DeviceId, VenueId};
use crate::hall::page::{Page, Paging};
use crate::hall::store::{Read, Row, Tx};
use crate::params;
use crate::platform::Archived;
use crate::platform::devices::Device;

const COLUMNS: &str = "device_id, venue_id, name,
    case when paired_at is null then pairing_expires_at end as pairing_expires_at, paired_at, revoked_at,
    last_seen_at, created_at, version";

fn device_of(row: &Row) -> Result<Device> {
    Ok(Device {
        id: row.get(0)?,
        venue_id: row.get(1)?,
        name: row.get(2)?,
        pairing_expires_at: row.get(3)?,
        paired_at: row.get(4)?,
        revoked_at: row.get(5)?,
        last_seen_at: row.get(6)?,
        created_at: row.get(7)?,
        version: row.get(8)?,
    })
}

pub fn insert(
    tx: &mut Tx,
    id: DeviceId,
    venue: VenueId,
    name: &str,
    until: Timestamp,
) -> Result<()> {
    tx.exec(
        "insert into devices
           (tenant_id, device_id, venue_id, name, pairing_expires_at, created_at)
         values ($1, $2, $3, $4, $5, $6)",
        params![id, venue, name, until, tx.now()],
    )
    .on_missing_parent(|| Error::NotFound("venue"))
    .map(|_| ())
}

/// The venue of the device that was now paired: once, in time, and not revoked.
pub fn mark_paired(tx: &mut Tx, id: DeviceId) -> Result<Option<VenueId>> {
    let now = tx.now();
    let row = tx.first(
        "update devices set paired_at = $3, version = version + 1
         where tenant_id = $1 and device_id = $2 and paired_at is null and revoked_at is null
           and pairing_expires_at > $3
         returning venue_id",
        params![id, now],
    )?;
    row.map(|row| row.get(0)).transpose()
}

pub fn rename(tx: &mut Tx, id: DeviceId, name: &str, version: i64) -> Result<()> {
    let changed = tx.exec(
        "update devices set name = $3, version = version + 1
         where tenant_id = $1 and device_id = $2 and version = $4",
        params![id, name, version],
    )?;
    edited(changed)
}

pub fn mark_revoked(tx: &mut Tx, id: DeviceId) -> Result<()> {
    tx.queue(
        "update devices set revoked_at = $3, pairing_expires_at = null, version = version + 1
         where tenant_id = $1 and device_id = $2 and revoked_at is null",
        params![id, tx.now()],
    )
}

/// A venue has few devices: they are all looked at.
pub fn end_pairings(tx: &mut Tx, most: i64) -> Result<Vec<DeviceId>> {
    let now = tx.now();
    let rows = tx.query(
        "update devices set pairing_expires_at = null where tenant_id = $1 and device_id in
           (select device_id from devices where tenant_id = $1 and pairing_expires_at <= $2
            order by device_id limit $3)
         returning device_id",
        params![now, most],
    )?;
    rows.iter().map(|row| row.get(0)).collect()
}

pub fn find(read: &mut Read, id: DeviceId) -> Result<Option<Device>> {
    let sql = format!("select {COLUMNS} from devices where tenant_id = $1 and device_id = $2");
    let row = read.first(&sql, params![id])?;
    row.as_ref().map(device_of).transpose()
}

pub fn list(
    read: &mut Read,
    venue: VenueId,
    paging: &Paging,
    filter: Archived,
) -> Result<Page<Device>> {
    let list = List {
        table: "devices",
        columns: COLUMNS,
        id: "device_id",
        filter: if filter.include_archived {
            "venue_id = $2"
        } else {
            "venue_id = $2 and revoked_at is null"
        },
        params: vec![venue.into()],
    };
    list.page(read, paging, device_of, |device| device.id.to_string())
}
