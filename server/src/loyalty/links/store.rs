use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Decision, ParkedPurchase, ReportState, ReportedPurchase};
use crate::hall::error::Result;
use crate::hall::id::{ParkedId, VenueId};
use crate::hall::money::Money;
use crate::hall::page::{Page, Paging};
use crate::hall::store::{Read, Row, Tx, from_word, json, word};
use crate::params;

/// Whether it is told of for the first time.
pub fn claim(tx: &mut Tx, told: &ReportedPurchase) -> Result<bool> {
    let put = tx.exec(
        "insert into reported_purchases (tenant_id, system, external_id, purchase_id, venue_id, customer_id,
           amount, currency, at, state, points, reported_at, spend)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0)
         on conflict (tenant_id, system, external_id) do nothing",
        params![
            &told.system,
            &told.external_id,
            &told.purchase_id,
            told.venue_id,
            told.customer_id,
            told.amount.amount,
            &told.amount.currency,
            told.at,
            word(&told.state)?,
            told.points,
            told.reported_at
        ],
    )?;
    Ok(put == 1)
}

/// What became of the report whose own name is `own`; nothing where it is no report.
pub fn mark_told(
    tx: &mut Tx,
    own: &str,
    root: &str,
    state: ReportState,
    points: i64,
) -> Result<()> {
    let Some((system, external_id)) = own.split_once('/') else {
        return Ok(());
    };
    tx.queue(
        "update reported_purchases set purchase_id = $4, state = $5, points = $6
         where tenant_id = $1 and system = $2 and external_id = $3",
        params![system, external_id, root, word(&state)?, points],
    )
}

/// What the report whose own name is `own` counts for in spend; nothing where it is no report.
pub fn count_spend(tx: &mut Tx, own: &str, spend: i64) -> Result<()> {
    let Some((system, external_id)) = own.split_once('/') else {
        return Ok(());
    };
    tx.queue(
        "update reported_purchases set spend = $4
         where tenant_id = $1 and system = $2 and external_id = $3",
        params![system, external_id, spend],
    )
}

/// What [`count_spend`] noted; `None` for a report from before that was kept.
pub fn counted_spend(read: &mut Read, own: &str) -> Result<Option<i64>> {
    let Some((system, external_id)) = own.split_once('/') else {
        return Ok(None);
    };
    let row = read.first(
        "select spend from reported_purchases where tenant_id = $1 and system = $2 and external_id = $3",
        params![system, external_id],
    )?;
    row.map_or(Ok(None), |row| row.get(0))
}

pub fn reported(
    read: &mut Read,
    system: &str,
    external_id: &str,
) -> Result<Option<ReportedPurchase>> {
    let row = read.first(
        "select r.system, r.external_id, r.purchase_id, r.venue_id, r.customer_id, r.amount, r.currency, r.at,
           r.state, r.points, r.reported_at, p.parked_id
         from reported_purchases r
         left join parked_purchases p on p.tenant_id = r.tenant_id and p.decided_at is null
           and p.purchase_id = r.system || '/' || r.external_id
         where r.tenant_id = $1 and r.system = $2 and r.external_id = $3",
        params![system, external_id],
    )?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(ReportedPurchase {
        system: row.get(0)?,
        external_id: row.get(1)?,
        purchase_id: row.get(2)?,
        venue_id: row.get(3)?,
        customer_id: row.get(4)?,
        amount: Money::of(row.get(5)?, row.get::<String>(6)?),
        at: row.get(7)?,
        state: row.word(8)?,
        points: row.get(9)?,
        reported_at: row.get(10)?,
        parked_id: row.get(11)?,
    }))
}

/// Source and id of the first purchase of this look, which may be this one. The update changes nothing: it gives
/// the row back, and lets a purchase of the same look that is being written wait for this one.
pub fn look(tx: &mut Tx, parked: &ParkedPurchase) -> Result<(String, String)> {
    let row = tx.one(
        "insert into purchase_looks (tenant_id, customer_id, venue_id, business_day, amount, source, purchase_id)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (tenant_id, customer_id, venue_id, business_day, amount) do update
           set source = purchase_looks.source
         returning source, purchase_id",
        params![
            parked.customer_id,
            parked.venue_id,
            parked.business_day,
            parked.amount.amount,
            &parked.source,
            &parked.purchase_id
        ],
    )?;
    Ok((row.get(0)?, row.get(1)?))
}

pub fn park<T: Serialize>(tx: &mut Tx, parked: &ParkedPurchase, basket: &T) -> Result<()> {
    tx.queue(
        "insert into parked_purchases (tenant_id, parked_id, purchase_id, looks_like, source, venue_id,
           customer_id, business_day, amount, currency, at, basket, parked_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        params![
            parked.id,
            &parked.purchase_id,
            &parked.looks_like,
            &parked.source,
            parked.venue_id,
            parked.customer_id,
            parked.business_day,
            parked.amount.amount,
            &parked.amount.currency,
            parked.at,
            json(basket)?,
            parked.parked_at
        ],
    )
}

pub fn waiting<T: DeserializeOwned>(read: &mut Read, id: ParkedId) -> Result<T> {
    read.one(
        "select basket from parked_purchases where tenant_id = $1 and parked_id = $2",
        params![id],
    )?
    .json(0)
}

/// Whether it waited until now: of two who decide, one does.
pub fn decide(tx: &mut Tx, id: ParkedId, decision: Decision) -> Result<bool> {
    let decided = tx.exec(
        "update parked_purchases set decision = $3, decided_at = $4
         where tenant_id = $1 and parked_id = $2 and decided_at is null",
        params![id, word(&decision)?, tx.now()],
    )?;
    Ok(decided == 1)
}

pub fn linked_to(read: &mut Read, purchase: &str) -> Result<Option<String>> {
    let row = read.first(
        "select looks_like from parked_purchases
         where tenant_id = $1 and purchase_id = $2 and decision = 'LINKED'",
        params![purchase],
    )?;
    row.map(|row| row.get(0)).transpose()
}

pub fn find_parked(
    read: &mut Read,
    venue: VenueId,
    id: ParkedId,
) -> Result<Option<ParkedPurchase>> {
    let row = read.first(
        "select parked_id, purchase_id, looks_like, source, customer_id, venue_id, business_day, amount,
           currency, at, parked_at, decision, decided_at
         from parked_purchases where tenant_id = $1 and venue_id = $2 and parked_id = $3",
        params![venue, id],
    )?;
    row.as_ref().map(parked).transpose()
}

pub const PARKED: &str =
    "select parked_id, purchase_id, looks_like, source, customer_id, venue_id, business_day, amount,
       currency, at, parked_at, decision, decided_at
     from parked_purchases
     where tenant_id = $1 and venue_id = $2 and decided_at is null and (parked_at, parked_id) > ($3, $4)
     order by parked_at, parked_id limit $5 offset $6";

pub fn list_parked(
    read: &mut Read,
    venue: VenueId,
    paging: &Paging,
) -> Result<Page<ParkedPurchase>> {
    let after: Option<(i64, String)> = paging.after()?;
    let (at, id) = after.unwrap_or((i64::MIN, String::new()));
    let rows = read.query(
        PARKED,
        params![venue, at, id, paging.limit(), paging.offset()],
    )?;
    let items = rows.iter().map(parked).collect::<Result<Vec<_>>>()?;
    Ok(Page::of(paging, items, None, |last| {
        (last.parked_at.as_microsecond(), last.id)
    }))
}

fn parked(row: &Row) -> Result<ParkedPurchase> {
    let decision: Option<String> = row.get(11)?;
    let decided_at: Option<Timestamp> = row.get(12)?;
    Ok(ParkedPurchase {
        id: row.get(0)?,
        purchase_id: row.get(1)?,
        looks_like: row.get(2)?,
        source: row.get(3)?,
        customer_id: row.get(4)?,
        venue_id: row.get(5)?,
        business_day: row.get(6)?,
        amount: Money::of(row.get(7)?, row.get::<String>(8)?),
        at: row.get(9)?,
        parked_at: row.get(10)?,
        decision: decision.as_deref().map(from_word).transpose()?,
        decided_at,
        points: None,
    })
}
