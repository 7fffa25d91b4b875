use crate::hall::error::{Code, Error, Extra, OnViolation, Result};
use crate::hall::store::{Read, Row, Tx, word};
use crate::params;
use crate::platform::chain::{Chain, EditChain, Founding};

pub fn insert(tx: &mut Tx, founding: &Founding) -> Result<()> {
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
    // Only a set-up link that is used twice at once founds the same chain twice.
    .on_unique(|| Error::Gone(Code::CodeExpired))
    .map(|_| ())
}

pub fn find(read: &mut Read) -> Result<Option<Chain>> {
    let row = read.first(
        "select tenant_id, slug, name, mode, language, currency, host, version
         from tenants where tenant_id = $1",
        &[],
    )?;
    row.as_ref().map(chain_of).transpose()
}

fn chain_of(row: &Row) -> Result<Chain> {
    Ok(Chain {
        id: row.get(0)?,
        slug: row.get(1)?,
        name: row.get(2)?,
        mode: row.word(3)?,
        language: row.get(4)?,
        currency: row.get(5)?,
        host: row.get(6)?,
        version: row.get(7)?,
    })
}

/// The currency's guard stands in the statement: a first payment may come meanwhile.
pub fn update(tx: &mut Tx, ask: &EditChain, version: i64) -> Result<()> {
    let changed = tx.exec(
        "update tenants set name = $2, language = $3, currency = $4, host = $5,
           version = version + 1
         where tenant_id = $1 and version = $6
           and (currency = $4 or currency_fixed_at is null)",
        params![
            ask.name.trim(),
            &ask.language,
            &ask.currency,
            &ask.host,
            version
        ],
    )?;
    if changed == 1 {
        return Ok(());
    }
    let sql = "select currency from tenants where tenant_id = $1 and version = $2";
    match tx.first(sql, params![version])? {
        None => Err(Error::Stale),
        Some(row) => {
            let extra = Extra::none().with("currency", row.get::<String>(0)?);
            Err(Error::Conflict(Code::CurrencyFixed, extra))
        }
    }
}

pub fn fix_currency(tx: &mut Tx) -> Result<()> {
    tx.queue(
        "update tenants set currency_fixed_at = $2
         where tenant_id = $1 and currency_fixed_at is null",
        params![tx.now()],
    )
}

pub fn touch(tx: &mut Tx, version: i64) -> Result<()> {
    let sql = "update tenants set version = version + 1 where tenant_id = $1 and version = $2";
    super::edited(tx.exec(sql, params![version])?)
}

/// Moves a test tenant's clock on; whether it was a test tenant's and moved on.
pub fn move_clock(tx: &mut Tx, offset_micros: i64) -> Result<bool> {
    let changed = tx.exec(
        "update tenants set clock_offset_micros = $2
         where tenant_id = $1 and mode = 'TEST' and clock_offset_micros <= $2",
        params![offset_micros],
    )?;
    Ok(changed == 1)
}
