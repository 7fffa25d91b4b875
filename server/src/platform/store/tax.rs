use jiff::civil::Date;

use super::{List, edited};
use crate::hall::error::{Code, Error, Extra, OnViolation, Result};
use crate::hall::id::{TaxClassId, VenueId};
use crate::hall::page::{Page, Paging};
use crate::hall::store::{Read, Row, Tx};
use crate::params;
use crate::platform::Archived;
use crate::platform::tax::{ClassRate, TaxClass, TaxRate};

const COLUMNS: &str = "tax_class_id, name, archived_at, created_at, version";

fn class_of(row: &Row) -> Result<TaxClass> {
    Ok(TaxClass {
        id: row.get(0)?,
        name: row.get(1)?,
        archived_at: row.get(2)?,
        created_at: row.get(3)?,
        version: row.get(4)?,
    })
}

fn taken(name: &str) -> Error {
    Error::Conflict(Code::NameTaken, Extra::none().with("name", name))
}

pub fn insert_class(tx: &mut Tx, id: TaxClassId, name: &str) -> Result<()> {
    tx.exec(
        "insert into tax_classes (tenant_id, tax_class_id, name, created_at) values ($1, $2, $3, $4)",
        params![id, name, tx.now()],
    )
    .on_unique(|| taken(name))
    .map(|_| ())
}

pub fn rename_class(tx: &mut Tx, id: TaxClassId, name: &str, version: i64) -> Result<()> {
    let changed = tx
        .exec(
            "update tax_classes set name = $3, version = version + 1
             where tenant_id = $1 and tax_class_id = $2 and version = $4",
            params![id, name, version],
        )
        .on_unique(|| taken(name))?;
    edited(changed)
}

pub fn archive_class(tx: &mut Tx, id: TaxClassId) -> Result<()> {
    tx.queue(
        "update tax_classes set archived_at = $3, version = version + 1
         where tenant_id = $1 and tax_class_id = $2 and archived_at is null",
        params![id, tx.now()],
    )
}

pub fn find_class(read: &mut Read, id: TaxClassId) -> Result<Option<TaxClass>> {
    let sql =
        format!("select {COLUMNS} from tax_classes where tenant_id = $1 and tax_class_id = $2");
    let row = read.first(&sql, params![id])?;
    row.as_ref().map(class_of).transpose()
}

pub fn list_classes(read: &mut Read, paging: &Paging, filter: Archived) -> Result<Page<TaxClass>> {
    let list = List {
        table: "tax_classes",
        columns: COLUMNS,
        id: "tax_class_id",
        filter: filter.sql(),
        params: Vec::new(),
    };
    list.page(read, paging, class_of, |class| class.id.to_string())
}

pub fn put_rate(tx: &mut Tx, venue: VenueId, rate: &TaxRate) -> Result<()> {
    tx.exec(
        "insert into tax_rates (tenant_id, venue_id, tax_class_id, valid_from, rate_milli)
         values ($1, $2, $3, $4, $5)
         on conflict (tenant_id, venue_id, tax_class_id, valid_from)
         do update set rate_milli = excluded.rate_milli",
        params![
            venue,
            rate.tax_class_id,
            rate.valid_from,
            rate.rate.scaled()
        ],
    )
    .on_missing_parent(|| Error::NotFound("venue or tax class"))
    .map(|_| ())
}

pub fn delete_rates(tx: &mut Tx, venue: VenueId) -> Result<()> {
    let sql = "delete from tax_rates where tenant_id = $1 and venue_id = $2";
    tx.queue(sql, params![venue])
}

pub fn rates_of(read: &mut Read, venue: VenueId) -> Result<Vec<TaxRate>> {
    let rows = read.query(
        "select tax_class_id, rate_milli, valid_from from tax_rates
         where tenant_id = $1 and venue_id = $2 order by tax_class_id, valid_from",
        params![venue],
    )?;
    let rate = |row: &Row| {
        Ok(TaxRate {
            tax_class_id: row.get(0)?,
            rate: engine::money::Rate::from_scaled(row.get(1)?).map_err(Error::bug)?,
            valid_from: row.get(2)?,
        })
    };
    rows.iter().map(rate).collect()
}

pub fn rates_on(read: &mut Read, venue: VenueId, on: Date) -> Result<Vec<ClassRate>> {
    let rows = read.query(
        "select c.tax_class_id, c.name, r.rate_milli
         from tax_rates r
         join tax_classes c on c.tenant_id = r.tenant_id and c.tax_class_id = r.tax_class_id
         where r.tenant_id = $1 and r.venue_id = $2
           and r.valid_from = (select max(n.valid_from) from tax_rates n
             where n.tenant_id = r.tenant_id and n.venue_id = r.venue_id
               and n.tax_class_id = r.tax_class_id and n.valid_from <= $3)
         order by c.name",
        params![venue, on],
    )?;
    let rate = |row: &Row| {
        Ok(ClassRate {
            class: row.get(0)?,
            name: row.get(1)?,
            rate_milli: row.get(2)?,
        })
    };
    rows.iter().map(rate).collect()
}

pub fn rate_on(
    read: &mut Read,
    venue: VenueId,
    class: TaxClassId,
    on: Date,
) -> Result<Option<i64>> {
    let row = read.first(
        "select rate_milli from tax_rates
         where tenant_id = $1 and venue_id = $2 and tax_class_id = $3 and valid_from <= $4
         order by valid_from desc limit 1",
        params![venue, class, on],
    )?;
    row.map(|row| row.get(0)).transpose()
}
