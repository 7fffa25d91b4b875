pub mod holds;
pub mod lots;
pub mod reminders;

use super::config::EditConfig;
use super::ledger::{EarnKind, Entry, Lot};
use crate::hall::error::{Error, Result};
use crate::hall::filter::places;
use crate::hall::id::{CustomerId, VenueId};
use crate::hall::page::{COUNT_MAX, Page, Paging};
use crate::hall::store::{Read, Row, Tx, Value, json, word};
use crate::params;

fn place(venue: Option<VenueId>) -> String {
    venue.map_or_else(|| "*".to_owned(), |venue| venue.to_string())
}

pub fn config(read: &mut Read, venue: Option<VenueId>) -> Result<Option<(EditConfig, i64)>> {
    let row = read.first(
        "select config, version from loyalty_configs where tenant_id = $1 and venue_id = $2",
        params![place(venue)],
    )?;
    row.map(|row| Ok((row.json(0)?, row.get(1)?))).transpose()
}

/// What the chain and a venue say, and in which currency the venue sells.
pub struct AtVenue {
    pub chain: EditConfig,
    pub own: Option<(EditConfig, i64)>,
    pub currency: String,
}

pub fn config_at(read: &mut Read, venue: VenueId) -> Result<Option<AtVenue>> {
    let row = read.first(
        "select v.currency, c.config, o.config, o.version from venues v
         left join loyalty_configs c on c.tenant_id = v.tenant_id and c.venue_id = '*'
         left join loyalty_configs o on o.tenant_id = v.tenant_id and o.venue_id = v.venue_id
         where v.tenant_id = $1 and v.venue_id = $2",
        params![venue],
    )?;
    let Some(row) = row else { return Ok(None) };
    let chain = match row.get::<Option<String>>(1)? {
        Some(_) => row.json(1)?,
        None => EditConfig::default(),
    };
    let own = match row.get::<Option<i64>>(3)? {
        Some(version) => Some((row.json(2)?, version)),
        None => None,
    };
    Ok(Some(AtVenue {
        chain,
        own,
        currency: row.get(0)?,
    }))
}

/// Puts the settings over version `before` (0: there are none yet).
pub fn put_config(
    tx: &mut Tx,
    venue: Option<VenueId>,
    config: &EditConfig,
    before: i64,
) -> Result<()> {
    let put = tx.exec(
        "insert into loyalty_configs (tenant_id, venue_id, config, version, updated_at)
         values ($1, $2, $3, $4, $5)
         on conflict (tenant_id, venue_id) do update
           set config = excluded.config, version = excluded.version, updated_at = excluded.updated_at
           where loyalty_configs.version = $6",
        params![place(venue), json(config)?, before + 1, tx.now(), before],
    )?;
    if put == 1 {
        Ok(())
    } else {
        Err(Error::Again("somebody configured it meanwhile".into()))
    }
}

/// Rows of one statement, so that its values stay within what both stores bind.
const CHUNK: usize = 500;

/// Appends many rows at once.
pub fn append_all(tx: &mut Tx, entries: &[Entry]) -> Result<()> {
    for chunk in entries.chunks(CHUNK) {
        let (mut rows, mut params) = (Vec::with_capacity(chunk.len()), Vec::new());
        for entry in chunk {
            let columns = columns(entry)?;
            let places = places(params.len() + 2, columns.len());
            rows.push(format!("($1, {places})"));
            params.extend(columns);
        }
        let sql = format!(
            "insert into points_ledger (tenant_id, customer_id, seq, ledger_id, kind, points, balance_after,
               venue_id, cause_kind, cause_id, purchase_id, earn_kind, policy, at, reverses)
             values {}",
            rows.join(", ")
        );
        tx.queue(&sql, &params)?;
    }
    Ok(())
}

const APPEND: &str = "insert into points_ledger (tenant_id, customer_id, seq, ledger_id, kind, points, balance_after,
       venue_id, cause_kind, cause_id, purchase_id, earn_kind, policy, at, reverses)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";

pub fn append(tx: &mut Tx, entry: &Entry) -> Result<()> {
    tx.queue(APPEND, &columns(entry)?)
}

/// As [`append`], where the row may be there already.
pub fn append_once(tx: &mut Tx, entry: &Entry) -> Result<()> {
    tx.exec(APPEND, &columns(entry)?).map(|_| ())
}

/// The balance that a customer brought from there.
pub fn opening(read: &mut Read, customer: CustomerId, cause_id: &str) -> Result<Option<i64>> {
    let row = read.first(
        "select points from points_ledger
         where tenant_id = $1 and customer_id = $2 and cause_id = $3 and kind = 'OPENING'",
        params![customer, cause_id],
    )?;
    row.map(|row| row.get(0)).transpose()
}

fn columns(entry: &Entry) -> Result<Vec<Value>> {
    let earn_kind: Value = entry.earn_kind.as_ref().map(word).transpose()?.into();
    Ok(params![
        entry.customer_id,
        entry.seq,
        entry.id,
        word(&entry.kind)?,
        entry.points,
        entry.balance_after,
        entry.venue_id,
        &entry.cause_kind,
        &entry.cause_id,
        entry.purchase_id.as_deref(),
        earn_kind,
        json(&entry.policy)?,
        entry.at,
        entry.reverses
    ]
    .to_vec())
}

/// Number and kind of each row that the purchase earned the customer.
pub fn earned_rows(
    read: &mut Read,
    customer: CustomerId,
    purchase_id: &str,
) -> Result<Vec<(i64, EarnKind)>> {
    let rows = read.query(
        "select seq, earn_kind from points_ledger
         where tenant_id = $1 and purchase_id = $3 and kind = 'EARN' and customer_id = $2",
        params![customer, purchase_id],
    )?;
    rows.iter()
        .map(|row| Ok((row.get(0)?, row.word(1)?)))
        .collect()
}

/// The rules by which a purchase earned; the same on each of its rows.
pub fn policy_of(read: &mut Read, purchase_id: &str) -> Result<Option<serde_json::Value>> {
    let row = read.first(
        "select policy from points_ledger
         where tenant_id = $1 and purchase_id = $2 and kind = 'EARN' order by earn_kind limit 1",
        params![purchase_id],
    )?;
    row.map(|row| row.json(0)).transpose()
}

/// Lots that a balance shows.
pub const SHOWN_MAX: usize = 1_000;

/// Open lots, the soonest to end first; without the id two of one second would stand in store order.
pub fn open_lots(read: &mut Read, customer: CustomerId) -> Result<Vec<Lot>> {
    let rows = read.query(
        "select lot_id, open, earned_at, expires_at from points_lots
         where tenant_id = $1 and customer_id = $2 and open > 0
         order by case when expires_at is null then 1 else 0 end, expires_at, lot_id limit $3",
        params![customer, i64::try_from(SHOWN_MAX).map_err(Error::bug)?],
    )?;
    rows.iter()
        .map(|row| {
            Ok(Lot {
                id: row.get(0)?,
                open: row.get(1)?,
                earned_at: row.get(2)?,
                expires_at: row.get(3)?,
            })
        })
        .collect()
}

/// A customer's rows, newest first.
pub fn entries(read: &mut Read, customer: CustomerId, paging: &Paging) -> Result<Page<Entry>> {
    let after: Option<i64> = paging.after()?;
    let counted = match after {
        Some(_) => None,
        None => {
            let sql = "select count(*) from (select 1 from points_ledger
                       where tenant_id = $1 and customer_id = $2 limit $3) counted";
            let limit = i64::try_from(COUNT_MAX + 1).unwrap_or(i64::MAX);
            u64::try_from(read.one(sql, params![customer, limit])?.get::<i64>(0)?).ok()
        }
    };
    let rows = read.query(
        NEWEST,
        params![
            customer,
            after.unwrap_or(i64::MAX),
            paging.limit(),
            paging.offset()
        ],
    )?;
    let entries = rows.iter().map(entry).collect::<Result<Vec<Entry>>>()?;
    Ok(Page::of(paging, entries, counted, |entry| entry.seq))
}

pub const NEWEST: &str =
    "select customer_id, seq, ledger_id, kind, points, balance_after, venue_id, cause_kind, cause_id,
       earn_kind, policy, at, reverses, purchase_id
     from points_ledger where tenant_id = $1 and customer_id = $2 and seq < $3
     order by seq desc limit $4 offset $5";

/// The newest rows of a customer.
pub fn newest(read: &mut Read, customer: CustomerId, limit: i64) -> Result<Vec<Entry>> {
    let rows = read.query(NEWEST, params![customer, i64::MAX, limit, 0])?;
    rows.iter().map(entry).collect()
}

fn entry(row: &Row) -> Result<Entry> {
    let earn_kind: Option<String> = row.get(9)?;
    Ok(Entry {
        customer_id: row.get(0)?,
        seq: row.get(1)?,
        id: row.get(2)?,
        kind: row.word(3)?,
        points: row.get(4)?,
        balance_after: row.get(5)?,
        venue_id: row.get(6)?,
        cause_kind: row.get(7)?,
        cause_id: row.get(8)?,
        earn_kind: earn_kind
            .as_deref()
            .map(crate::hall::store::from_word)
            .transpose()?,
        policy: row.json(10)?,
        at: row.get(11)?,
        reverses: row.get(12)?,
        purchase_id: row.get(13)?,
    })
}
