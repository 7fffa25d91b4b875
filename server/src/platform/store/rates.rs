use jiff::civil::Date;

use crate::hall::error::Result;
use crate::hall::store::{Read, Tx};
use crate::params;
use crate::platform::rates::ReportingRate;

/// The newest rate of the currency that is valid on that day.
pub fn find(read: &mut Read, currency: &str, on: Date) -> Result<Option<String>> {
    let row = read.first(
        "select rate from reporting_rates
         where tenant_id = $1 and currency = $2 and valid_from <= $3
         order by valid_from desc limit 1",
        params![currency, on],
    )?;
    row.map(|row| row.get(0)).transpose()
}

pub fn list(read: &mut Read) -> Result<Vec<ReportingRate>> {
    let rows = read.query(
        "select currency, rate, valid_from from reporting_rates where tenant_id = $1
         order by currency, valid_from",
        &[],
    )?;
    rows.iter()
        .map(|row| {
            Ok(ReportingRate {
                currency: row.get(0)?,
                rate: row.get(1)?,
                valid_from: row.get(2)?,
            })
        })
        .collect()
}

pub fn delete_all(tx: &mut Tx) -> Result<()> {
    tx.queue("delete from reporting_rates where tenant_id = $1", &[])
}

pub fn insert(tx: &mut Tx, rate: &ReportingRate) -> Result<()> {
    tx.queue(
        "insert into reporting_rates (tenant_id, currency, valid_from, rate) values ($1, $2, $3, $4)",
        params![&rate.currency, rate.valid_from, &rate.rate],
    )
}
