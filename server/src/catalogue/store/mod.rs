//! The tables of the catalogue, one file a noun. Tax classes and venues are only read here.

pub mod categories;
pub mod modifier_groups;
pub mod products;
pub mod sold;
pub mod till;

use serde_json::Value as Json;

use crate::hall::error::Result;
use crate::hall::filter::Filter;
use crate::hall::page::{COUNT_MAX, Paging};
use crate::hall::store::{Read, Row};
use crate::params;

/// A table that is listed by name, or by its last change.
struct Listed {
    /// `select … from … where tenant_id = $1`.
    select: &'static str,
    /// `select count(*) from (select 1 from … where tenant_id = $1`, left open for the conditions.
    count: &'static str,
    by_name: Order,
    by_update: Order,
}

/// One stable order: what comes after a cursor, and how the rest is sorted.
struct Order {
    after: &'static str,
    sort: &'static str,
}

impl Listed {
    /// The rows of a page, and how many there are in all where no cursor is used.
    fn rows(
        &self,
        read: &mut Read,
        paging: &Paging,
        filter: impl Fn() -> Filter,
        by_update: bool,
    ) -> Result<(Vec<Row>, Option<u64>)> {
        let order = if by_update {
            &self.by_update
        } else {
            &self.by_name
        };
        let mut page = filter();
        if let Some((key, id)) = paging.after::<(Json, String)>()? {
            let key = match key {
                Json::String(text) => text.into(),
                other => other.as_i64().into(),
            };
            page = page.and(order.after, [key, id.into()]);
        }
        let page = page.then(order.sort, [paging.limit().into(), paging.offset().into()]);
        let (sql, params) = page.parts();
        let rows = read.query(&format!("{}{sql}", self.select), params)?;
        Ok((rows, self.counted(read, paging, &filter())?))
    }

    fn counted(&self, read: &mut Read, paging: &Paging, filter: &Filter) -> Result<Option<u64>> {
        if paging.cursor.is_some() {
            return Ok(None);
        }
        let (sql, params) = filter.parts();
        let sql = format!("{}{sql} limit {}) as counted", self.count, COUNT_MAX + 1);
        let count: i64 = read.one(&sql, params)?.get(0)?;
        Ok(u64::try_from(count).ok())
    }
}

/// The currency of each venue that is named and is the tenant's.
pub fn currencies(
    read: &mut Read,
    venues: &[crate::hall::id::VenueId],
) -> Result<Vec<(crate::hall::id::VenueId, String)>> {
    if venues.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "select venue_id, currency from venues where tenant_id = $1 and venue_id in ({})",
        crate::hall::filter::places(2, venues.len())
    );
    let ids: Vec<_> = venues.iter().map(Into::into).collect();
    let rows = read.query(&sql, &ids)?;
    rows.iter()
        .map(|row| Ok((row.get(0)?, row.get(1)?)))
        .collect()
}

/// The live tax classes of the tenant, by id and name.
pub fn tax_classes(read: &mut Read) -> Result<Vec<(crate::hall::id::TaxClassId, String)>> {
    let rows = read.query(
        "select tax_class_id, name from tax_classes
         where tenant_id = $1 and archived_at is null",
        params![],
    )?;
    rows.iter()
        .map(|row| Ok((row.get(0)?, row.get(1)?)))
        .collect()
}
