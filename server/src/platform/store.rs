//! Every statement on this room's tables, by noun.

pub mod chain;
pub mod devices;
pub mod keys;
pub mod rates;
pub mod refs;
pub mod sessions;
pub mod staff;
pub mod tax;
pub mod tries;
pub mod venues;

use crate::hall::error::{Error, Result};
use crate::hall::page::{COUNT_MAX, Page, Paging};
use crate::hall::store::{Read, Row, Value};

/// The guard of an edit is its version: no row changed means that somebody was quicker.
fn edited(changed: u64) -> Result<()> {
    if changed == 1 {
        Ok(())
    } else {
        Err(Error::Stale)
    }
}

/// A list in the order of ids, which is the order of making and the primary key's.
struct List {
    table: &'static str,
    columns: &'static str,
    id: &'static str,
    /// A condition; its parameters begin at `$2`.
    filter: &'static str,
    params: Vec<Value>,
}

impl List {
    fn page<T>(
        &self,
        read: &mut Read,
        paging: &Paging,
        of: fn(&Row) -> Result<T>,
        key: fn(&T) -> String,
    ) -> Result<Page<T>> {
        let (table, columns, id, filter) = (self.table, self.columns, self.id, self.filter);
        let next = self.params.len() + 2;
        let sql = format!(
            "select {columns} from {table} where tenant_id = $1 and {filter} and {id} > ${next}
             order by {id} limit ${} offset ${}",
            next + 1,
            next + 2
        );
        let after: Option<String> = paging.after()?;
        let mut params = self.params.clone();
        params.extend([
            after.unwrap_or_default().into(),
            paging.limit().into(),
            paging.offset().into(),
        ]);
        let rows = read.query(&sql, &params)?;
        let rows: Result<Vec<T>> = rows.iter().map(of).collect();
        Ok(Page::of(paging, rows?, Some(self.count(read)?), key))
    }

    fn count(&self, read: &mut Read) -> Result<u64> {
        let sql = format!(
            "select count(*) from
               (select 1 as one from {} where tenant_id = $1 and {} limit ${}) as counted",
            self.table,
            self.filter,
            self.params.len() + 2
        );
        let mut params = self.params.clone();
        params.push((COUNT_MAX.cast_signed() + 1).into());
        Ok(read.one(&sql, &params)?.get::<i64>(0)?.cast_unsigned())
    }
}
