use jiff::Timestamp;
use serde::Serialize;

use super::{Held, Purchase};
use crate::hall::error::{Error, OnViolation as _, Result};
use crate::hall::filter::{Filter, places};
use crate::hall::id::{CustomerId, VenueId};
use crate::hall::page::{COUNT_MAX, Page, Paging};
use crate::hall::store::{Read, Row, Tx, Value};
use crate::params;

/// Uses of one subject: in all, or by the customer that was asked for.
pub struct Count {
    pub subject: String,
    pub is_total: bool,
    pub uses: i64,
}

/// The place of a counter that is everybody's.
const ALL: &str = "";

/// The text of [`counts`] for so many subjects. Each counter is asked for by its whole key: with lists of subjects and
/// customers in its place, SQLite walks all customers of each subject.
pub fn counts_text(subjects: usize) -> String {
    let of = |place| format!("(cast(${place} as text), ''), (${place}, cast($2 as text))");
    let wanted: Vec<String> = (3..3 + subjects).map(of).collect();
    format!(
        "with wanted (subject_id, customer_id) as (values {})
         select c.subject_id, c.customer_id, c.uses from wanted w cross join use_counts c
         where c.tenant_id = $1 and c.subject_id = w.subject_id and c.customer_id = w.customer_id",
        wanted.join(", ")
    )
}

pub fn counts(
    read: &mut Read,
    subjects: &[String],
    customer: Option<CustomerId>,
) -> Result<Vec<Count>> {
    if subjects.is_empty() {
        return Ok(Vec::new());
    }
    let sql = counts_text(subjects.len());
    let mut params: Vec<Value> = vec![customer.into()];
    params.extend(subjects.iter().map(Value::from));
    let rows = read.query(&sql, &params)?;
    let counts = rows.iter().map(|row| {
        Ok(Count {
            subject: row.get(0)?,
            is_total: row.get::<String>(1)? == ALL,
            uses: row.get(2)?,
        })
    });
    counts.collect()
}

/// Uses of each subject that are not released, up to `limit` of each.
pub fn count_rows(read: &mut Read, subjects: &[&String], limit: i64) -> Result<Vec<(String, i64)>> {
    if subjects.is_empty() {
        return Ok(Vec::new());
    }
    let counted = (3..3 + subjects.len()).map(|place| {
        format!(
            "select cast(${place} as text), (select count(*) from (select 1 from uses
               where tenant_id = $1 and subject_id = ${place} and state <> 'RELEASED' limit $2) as counted)"
        )
    });
    let sql = counted.collect::<Vec<_>>().join(" union all ");
    let mut params: Vec<Value> = vec![limit.into()];
    params.extend(subjects.iter().map(|subject| Value::from(subject.as_str())));
    let rows = read.query(&sql, &params)?;
    rows.iter()
        .map(|row| Ok((row.get(0)?, row.get(1)?)))
        .collect()
}

pub fn held(read: &mut Read, purchase: &str) -> Result<Vec<Held>> {
    let rows = read.query(
        "select subject_id, customer_id, held_until from uses
         where tenant_id = $1 and purchase_id = $2 and state = 'HELD' order by subject_id",
        params![purchase],
    )?;
    let held = rows.iter().map(|row| {
        Ok(Held {
            subject: row.get(0)?,
            customer: row.get(1)?,
            until: row.get(2)?,
        })
    });
    held.collect()
}

/// Held or final.
pub fn live(read: &mut Read, purchase: &str) -> Result<Vec<String>> {
    let rows = read.query(
        "select subject_id from uses
         where tenant_id = $1 and purchase_id = $2 and state <> 'RELEASED' order by subject_id",
        params![purchase],
    )?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// A use that is held or final.
pub struct LiveUse {
    pub subject: String,
    pub purchase: String,
    pub is_final: bool,
    pub ended_at: Option<Timestamp>,
}

/// The last purchase that has each subject, of those that one purchase uses at a time.
pub fn live_of(read: &mut Read, subjects: &[String]) -> Result<Vec<LiveUse>> {
    if subjects.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "select subject_id, purchase_id, state, ended_at from uses
         where tenant_id = $1 and state <> 'RELEASED' and subject_id in ({})
         order by subject_id, held_at, purchase_id",
        places(2, subjects.len())
    );
    let subjects: Vec<Value> = subjects.iter().map(Value::from).collect();
    let rows = read.query(&sql, &subjects)?;
    let live = rows.iter().map(|row| {
        Ok(LiveUse {
            subject: row.get(0)?,
            purchase: row.get(1)?,
            is_final: row.get::<String>(2)? == "FINAL",
            ended_at: row.get(3)?,
        })
    });
    live.collect()
}

pub fn first_purchase_of(read: &mut Read, customer: CustomerId) -> Result<Option<String>> {
    let row = read.first(
        "select purchase_id from uses where tenant_id = $1 and first_purchase_of = $2",
        params![customer],
    )?;
    row.map(|row| row.get(0)).transpose()
}

/// Whether the purchase takes the use now; not where it has it already.
pub fn claim(
    tx: &mut Tx,
    purchase: &Purchase,
    subject: &str,
    first_of: Option<CustomerId>,
    until: Timestamp,
) -> Result<bool> {
    let claimed = tx.exec(
        "insert into uses (tenant_id, subject_id, purchase_id, venue_id, customer_id, state, held_at, held_until,
           currency, first_purchase_of)
         values ($1, $2, $3, $4, $5, 'HELD', $6, $7, $8, $9)
         on conflict (tenant_id, subject_id, purchase_id) do update set
           state = 'HELD', customer_id = excluded.customer_id, held_at = excluded.held_at,
           held_until = excluded.held_until, ended_at = null, saving = 0,
           first_purchase_of = excluded.first_purchase_of
           where uses.state = 'RELEASED'",
        params![
            subject,
            &purchase.id,
            purchase.venue,
            purchase.customer,
            tx.now(),
            until,
            &purchase.currency,
            first_of
        ],
    )
    // Another order of the customer took the one first purchase meanwhile: run again, this one sees it.
    .on_unique(|| Error::Again("a first purchase was held meanwhile".into()))?;
    Ok(claimed == 1)
}

/// Counts one more, unless that would be over `max`: the guard stands in the statement, because many tills may want
/// the last one.
pub fn add(
    tx: &mut Tx,
    subject: &str,
    customer: Option<CustomerId>,
    max: Option<u32>,
) -> Result<bool> {
    let customer = customer.map_or_else(String::new, |id| id.to_string());
    let counted = tx.exec(
        "insert into use_counts (tenant_id, subject_id, customer_id, uses, uses_max)
         select $1, $2, $3, 1, nullif(cast($4 as bigint), 9223372036854775807) where cast($4 as bigint) >= 1
         on conflict (tenant_id, subject_id, customer_id) do update set
           uses = use_counts.uses + 1, uses_max = excluded.uses_max
           where use_counts.uses < cast($4 as bigint)",
        params![subject, customer, max.map_or(i64::MAX, i64::from)],
    )?;
    Ok(counted == 1)
}

/// Counts one less; what nobody counts has no row.
pub fn subtract(tx: &mut Tx, subject: &str, customer: Option<CustomerId>) -> Result<()> {
    let customer = customer.map_or_else(String::new, |id| id.to_string());
    tx.queue(
        "update use_counts set uses = uses - 1
         where tenant_id = $1 and subject_id = $2 and customer_id = $3",
        params![subject, customer],
    )
}

/// The customer of the use that was given back; `None` where there was none to give.
pub fn release(tx: &mut Tx, purchase: &str, subject: &str) -> Result<Option<Option<CustomerId>>> {
    let now = tx.now();
    let row = tx.first(
        "update uses set state = 'RELEASED', ended_at = $4, first_purchase_of = null
         where tenant_id = $1 and purchase_id = $2 and subject_id = $3 and state <> 'RELEASED'
         returning customer_id",
        params![purchase, subject, now],
    )?;
    row.map(|row| row.get(0)).transpose()
}

/// A claim that the counters did not bear.
pub fn mark_released(tx: &mut Tx, purchase: &str, subject: &str) -> Result<()> {
    release(tx, purchase, subject).map(|_| ())
}

pub fn set_until(tx: &mut Tx, purchase: &str, until: Option<Timestamp>) -> Result<()> {
    tx.queue(
        "update uses set held_until = $3 where tenant_id = $1 and purchase_id = $2 and state = 'HELD'",
        params![purchase, until],
    )
}

pub fn finish(tx: &mut Tx, purchase: &str, subject: &str, saving: i64) -> Result<bool> {
    let finished = tx.exec(
        "update uses set state = 'FINAL', ended_at = $4, held_until = null, saving = $5
         where tenant_id = $1 and purchase_id = $2 and subject_id = $3 and state = 'HELD'",
        params![purchase, subject, tx.now(), saving],
    )?;
    Ok(finished == 1)
}

/// The counters are asked although there should be none: a limit may have been published meanwhile.
pub fn note(tx: &mut Tx, purchase: &Purchase, subject: &str, saving: i64) -> Result<()> {
    tx.queue(
        "insert into uses (tenant_id, subject_id, purchase_id, venue_id, customer_id, state, held_at, ended_at,
           saving, currency)
         values ($1, $2, $3, $4, $5, 'FINAL', $6, $6, $7, $8)
         on conflict (tenant_id, subject_id, purchase_id) do update set
           state = 'FINAL', customer_id = excluded.customer_id, held_at = excluded.held_at, held_until = null,
           ended_at = excluded.ended_at, saving = excluded.saving",
        params![
            subject,
            &purchase.id,
            purchase.venue,
            purchase.customer,
            tx.now(),
            saving,
            &purchase.currency
        ],
    )?;
    if let Some(customer) = purchase.customer {
        tx.queue(
            "insert into use_counts (tenant_id, subject_id, customer_id, uses)
             select tenant_id, subject_id, $3, 1 from use_counts
             where tenant_id = $1 and subject_id = $2 and customer_id = ''
             on conflict (tenant_id, subject_id, customer_id) do update set
               uses = use_counts.uses + 1, uses_max = null",
            params![subject, customer],
        )?;
    }
    // It was priced before there was a limit: none was in force.
    tx.queue(
        "update use_counts set uses = uses + 1, uses_max = null
         where tenant_id = $1 and subject_id = $2 and customer_id = ''",
        params![subject],
    )
}

pub const LAPSED: &str = "select purchase_id, subject_id from uses
     where tenant_id = $1 and state = 'HELD' and held_until is not null and held_until <= $2
     order by held_until limit $3";

/// (purchase, subject) of holds whose time is over.
pub fn lapsed(read: &mut Read, now: Timestamp, limit: i64) -> Result<Vec<(String, String)>> {
    let rows = read.query(LAPSED, params![now, limit])?;
    rows.iter()
        .map(|row| Ok((row.get(0)?, row.get(1)?)))
        .collect()
}

pub fn is_lapsed(read: &mut Read, purchase: &str, subject: &str, now: Timestamp) -> Result<bool> {
    let row = read.first(
        "select 1 from uses where tenant_id = $1 and purchase_id = $2 and subject_id = $3
           and state = 'HELD' and held_until <= $4",
        params![purchase, subject, now],
    )?;
    Ok(row.is_some())
}

pub fn begin_counting(tx: &mut Tx, subject: &str) -> Result<()> {
    for group in ["", "customer_id"] {
        let (key, filter, by) = if group.is_empty() {
            ("''", "", "")
        } else {
            (
                group,
                " and customer_id is not null",
                " group by customer_id",
            )
        };
        let sql = format!(
            "insert into use_counts (tenant_id, subject_id, customer_id, uses)
             select $1, $2, {key}, count(*) from uses
             where tenant_id = $1 and subject_id = $2 and state <> 'RELEASED'{filter}{by}
             on conflict (tenant_id, subject_id, customer_id) do nothing"
        );
        tx.exec(&sql, params![subject])?;
    }
    Ok(())
}

/// A use of a code that is held or final.
#[derive(Debug, Clone, Serialize)]
pub struct Redemption {
    pub subject: String,
    pub purchase: String,
    pub venue: VenueId,
    pub customer: Option<CustomerId>,
    pub is_final: bool,
    pub at: Timestamp,
    /// Minor units; 0 while it is held.
    pub saving: i64,
    pub currency: String,
}

/// Which redemptions a list shows.
#[derive(Debug, Clone, Default)]
pub struct RedemptionFilter {
    pub subject: Option<String>,
    pub customer: Option<CustomerId>,
    pub venue: Option<VenueId>,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

/// Uses of coupons, newest first.
pub fn redemptions(
    read: &mut Read,
    ask: &RedemptionFilter,
    paging: &Paging,
) -> Result<Page<Redemption>> {
    let mut filter = Filter::default()
        .and("subject_id >= 'cpn_' and subject_id < 'cpo'", [])
        .and("state <> 'RELEASED'", [])
        // A voucher that was cancelled used its own code up: nobody redeemed it.
        .and("not (purchase_id >= 'vch_' and purchase_id < 'vci')", [])
        .and_some("subject_id = ?", ask.subject.as_deref())
        .and_some("customer_id = ?", ask.customer)
        .and_some("venue_id = ?", ask.venue)
        .and_some("held_at >= ?", ask.from)
        .and_some("held_at < ?", ask.until);
    if let Some((at, subject, purchase)) = paging.after::<(i64, String, String)>()? {
        filter = filter.and(
            "(held_at, subject_id, purchase_id) < (?, ?, ?)",
            [at.into(), subject.into(), purchase.into()],
        );
    }
    let counted = match paging.cursor {
        Some(_) => None,
        None => {
            let (sql, params) = filter.parts();
            let sql = format!(
                "select count(*) from (select 1 from uses where tenant_id = $1{sql} limit {}) as counted",
                COUNT_MAX + 1
            );
            u64::try_from(read.one(&sql, params)?.get::<i64>(0)?).ok()
        }
    };
    let filter = filter.then(
        "order by held_at desc, subject_id desc, purchase_id desc limit ? offset ?",
        [paging.limit().into(), paging.offset().into()],
    );
    let (sql, params) = filter.parts();
    let sql = format!(
        "select subject_id, purchase_id, venue_id, customer_id, state, held_at, saving, currency
         from uses where tenant_id = $1{sql}"
    );
    let rows = read.query(&sql, params)?;
    let items = rows.iter().map(redemption).collect::<Result<Vec<_>>>()?;
    Ok(Page::of(paging, items, counted, |last| {
        (
            last.at.as_microsecond(),
            last.subject.clone(),
            last.purchase.clone(),
        )
    }))
}

fn redemption(row: &Row) -> Result<Redemption> {
    Ok(Redemption {
        subject: row.get(0)?,
        purchase: row.get(1)?,
        venue: row.get(2)?,
        customer: row.get(3)?,
        is_final: row.get::<String>(4)? == "FINAL",
        at: row.get(5)?,
        saving: row.get(6)?,
        currency: row.get(7)?,
    })
}
