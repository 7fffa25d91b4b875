use jiff::Timestamp;

use super::{List, edited};
use crate::hall::error::{Code, Error, Extra, OnViolation, Result};
use crate::hall::id::VenueId;
use crate::hall::page::{Page, Paging};
use crate::hall::store::{Read, Row, Tx, json, word};
use crate::params;
use crate::platform::Archived;
use crate::platform::venues::{CreateVenue, Venue};

const COLUMNS: &str = "venue_id, slug, name, zone, country, currency, language,
    business_day_start, tax_mode, till_mode, opening_hours, archived_at, created_at, version, regulated";

fn venue_of(row: &Row) -> Result<Venue> {
    Ok(Venue {
        id: row.get(0)?,
        slug: row.get(1)?,
        name: row.get(2)?,
        zone: row.get(3)?,
        country: row.get(4)?,
        currency: row.get(5)?,
        language: row.get(6)?,
        business_day_start: row.get(7)?,
        tax_mode: row.word(8)?,
        till_mode: row.word(9)?,
        opening_hours: row.json(10)?,
        archived_at: row.get(11)?,
        created_at: row.get(12)?,
        version: row.get(13)?,
        regulated: row.json(14)?,
    })
}

fn taken(ask: &CreateVenue) -> Error {
    let extra = Extra::none().with("slug", ask.slug.clone());
    Error::Conflict(Code::NameTaken, extra)
}

pub fn insert(tx: &mut Tx, id: VenueId, ask: &CreateVenue) -> Result<()> {
    tx.exec(
        "insert into venues (tenant_id, venue_id, slug, name, zone, country, currency, language,
           business_day_start, tax_mode, till_mode, opening_hours, created_at, regulated)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        params![
            id,
            &ask.slug,
            ask.name.trim(),
            &ask.zone,
            &ask.country,
            &ask.currency,
            &ask.language,
            &ask.business_day_start,
            word(&ask.tax_mode)?,
            word(&ask.till_mode)?,
            json(&ask.opening_hours)?,
            tx.now(),
            json(&ask.regulated)?
        ],
    )
    .on_unique(|| taken(ask))
    .map(|_| ())
}

pub fn update(tx: &mut Tx, id: VenueId, ask: &CreateVenue, version: i64) -> Result<()> {
    let changed = tx
        .exec(
            "update venues set slug = $3, name = $4, zone = $5, country = $6, language = $7,
               business_day_start = $8, tax_mode = $9, till_mode = $10, opening_hours = $11,
               regulated = $13, version = version + 1
             where tenant_id = $1 and venue_id = $2 and version = $12",
            params![
                id,
                &ask.slug,
                ask.name.trim(),
                &ask.zone,
                &ask.country,
                &ask.language,
                &ask.business_day_start,
                word(&ask.tax_mode)?,
                word(&ask.till_mode)?,
                json(&ask.opening_hours)?,
                version,
                json(&ask.regulated)?
            ],
        )
        .on_unique(|| taken(ask))?;
    edited(changed)
}

pub fn mark_archived(tx: &mut Tx, id: VenueId, at: Option<Timestamp>) -> Result<()> {
    tx.queue(
        "update venues set archived_at = $3, version = version + 1
         where tenant_id = $1 and venue_id = $2",
        params![id, at],
    )
}

pub fn touch(tx: &mut Tx, id: VenueId, version: i64) -> Result<()> {
    let changed = tx.exec(
        "update venues set version = version + 1
         where tenant_id = $1 and venue_id = $2 and version = $3",
        params![id, version],
    )?;
    edited(changed)
}

pub fn find(read: &mut Read, id: VenueId) -> Result<Option<Venue>> {
    let sql = format!("select {COLUMNS} from venues where tenant_id = $1 and venue_id = $2");
    let row = read.first(&sql, params![id])?;
    row.as_ref().map(venue_of).transpose()
}

pub fn list(read: &mut Read, paging: &Paging, filter: Archived) -> Result<Page<Venue>> {
    let list = List {
        table: "venues",
        columns: COLUMNS,
        id: "venue_id",
        filter: filter.sql(),
        params: Vec::new(),
    };
    list.page(read, paging, venue_of, |venue| venue.id.to_string())
}

pub fn home(read: &mut Read) -> Result<Option<VenueId>> {
    let row = read.first(
        "select venue_id from venues where tenant_id = $1 order by venue_id limit 1",
        &[],
    )?;
    row.map(|row| row.get(0)).transpose()
}

pub fn first_zone(read: &mut Read) -> Result<Option<String>> {
    let row = read.first(
        "select zone from venues where tenant_id = $1 order by created_at, venue_id limit 1",
        &[],
    )?;
    row.map(|row| row.get(0)).transpose()
}

pub fn first_country(read: &mut Read) -> Result<Option<String>> {
    let row = read.first(
        "select country from venues where tenant_id = $1 order by venue_id limit 1",
        &[],
    )?;
    row.map(|row| row.get(0)).transpose()
}
