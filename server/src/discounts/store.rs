mod chain;
pub mod live;

use engine::discount::Discount as Rule;
use jiff::Timestamp;

use super::open::Terms;
use super::parse;
use super::rule::Stored;
use super::{Discount, DiscountFilter, EditDiscount, uses};
use crate::hall::error::{Error, Result};
use crate::hall::filter::{Filter, places};
use crate::hall::id::{DiscountId, VenueId};
use crate::hall::page::{COUNT_MAX, Listing, Page};
use crate::hall::store::{Read, Row, Tx, Value, json, word};
use crate::hall::text::{fold, prefix_end};
use crate::params;

pub use chain::{add_variant, allocated, known, policy, put_policy, variant};
pub use live::{
    everybodys, generation, given_to, is_crowded, names_for, pickable, predefined, published,
    replace_audience,
};

const SELECT: &str =
    "select d.discount_id, d.version, r.rule, r.description, r.label_color, r.terms,
    d.paused_at, d.archived_at, d.created_at, d.updated_at
  from discounts d
  join discount_versions r on r.tenant_id = d.tenant_id and r.discount_id = d.discount_id
    and r.version = d.version
  where d.tenant_id = $1";

/// Live at one venue, or at all.
const AT: &str = "exists (select 1 from discount_venues v where v.tenant_id = d.tenant_id
  and v.discount_id = d.discount_id and v.venue_id in ('*', ?))";

/// The place of a discount in `discount_venues` that is every venue.
const EVERYWHERE: &str = "*";

pub fn insert(tx: &mut Tx, id: DiscountId, ask: &EditDiscount) -> Result<()> {
    let now = tx.now();
    tx.exec(
        "insert into discounts (tenant_id, discount_id, version, name, name_fold, type, scope,
           automatic_since, priority, paused_at, created_at, updated_at)
         values ($1, $2, 1, $3, $4, $5, $6, $7, $8, $9, $10, $10)",
        params![
            id,
            &ask.name,
            fold(&ask.name),
            word(&ask.kind)?,
            word(&ask.scope)?,
            ask.is_automatic.then_some(now),
            ask.priority,
            (!ask.active).then_some(now),
            now
        ],
    )
    .map(|_| ())
}

/// A rule that no list shows; [`insert_version`] and [`replace_venues`] follow.
pub fn insert_hidden(tx: &mut Tx, id: DiscountId, rule: &Rule) -> Result<()> {
    tx.exec(
        "insert into discounts (tenant_id, discount_id, version, name, name_fold, type, scope, priority,
           hidden_since, created_at, updated_at)
         values ($1, $2, 1, $3, $4, $5, $6, $7, $8, $8, $8)",
        params![
            id,
            &rule.name,
            fold(&rule.name),
            word(&rule.kind)?,
            word(&rule.scope)?,
            rule.priority,
            tx.now()
        ],
    )
    .map(|_| ())
}

/// The next version of a hidden rule.
pub fn update_hidden(tx: &mut Tx, id: DiscountId, rule: &Rule) -> Result<i64> {
    let now = tx.now();
    let row = tx.first(
        "update discounts set version = version + 1, name = $3, name_fold = $4, type = $5, scope = $6, updated_at = $7
         where tenant_id = $1 and discount_id = $2 and hidden_since is not null and archived_at is null
         returning version",
        params![id, &rule.name, fold(&rule.name), word(&rule.kind)?, word(&rule.scope)?, now],
    )?;
    row.ok_or(Error::NotFound("discount"))?.get(0)
}

/// The version in the `where` is the guard: of two edits of one version one publishes, the other is stale.
pub fn update(tx: &mut Tx, before: &Discount, version: i64, ask: &EditDiscount) -> Result<()> {
    let now = tx.now();
    let changed = tx.exec(
        "update discounts set version = $4, name = $5, name_fold = $6, type = $7, scope = $8,
           automatic_since = case when cast($9 as bigint) is null then null
             else coalesce(automatic_since, cast($9 as bigint)) end,
           priority = $10,
           paused_at = case when cast($11 as bigint) is null then null
             else coalesce(paused_at, cast($11 as bigint)) end,
           updated_at = $12
         where tenant_id = $1 and discount_id = $2 and version = $3 and archived_at is null",
        params![
            before.id,
            before.version,
            version,
            &ask.name,
            fold(&ask.name),
            word(&ask.kind)?,
            word(&ask.scope)?,
            ask.is_automatic.then_some(now),
            ask.priority,
            (!ask.active).then_some(now),
            now
        ],
    )?;
    if changed == 0 {
        Err(Error::Stale)
    } else {
        Ok(())
    }
}

pub fn insert_version(
    tx: &mut Tx,
    id: DiscountId,
    version: i64,
    rule: &Rule,
    ask: &EditDiscount,
) -> Result<()> {
    tx.queue(
        "insert into discount_versions (tenant_id, discount_id, version, rule, description, label_color, at, terms)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![
            id,
            version,
            json(rule)?,
            &ask.description,
            &ask.label_color,
            tx.now(),
            json(&Terms::of(ask))?
        ],
    )
}

pub fn replace_venues(tx: &mut Tx, id: DiscountId, venues: &[VenueId]) -> Result<()> {
    tx.queue(
        "delete from discount_venues where tenant_id = $1 and discount_id = $2",
        params![id],
    )?;
    let named: Vec<String> = venues.iter().map(ToString::to_string).collect();
    let everywhere = [EVERYWHERE.to_owned()];
    let named = if named.is_empty() {
        &everywhere[..]
    } else {
        &named
    };
    named.iter().try_for_each(|venue| {
        tx.queue(
            "insert into discount_venues (tenant_id, venue_id, discount_id) values ($1, $2, $3)",
            params![venue, id],
        )
    })
}

pub fn archive(tx: &mut Tx, id: DiscountId) -> Result<()> {
    tx.exec(
        "update discounts set archived_at = coalesce(archived_at, $3), updated_at = $3
         where tenant_id = $1 and discount_id = $2",
        params![id, tx.now()],
    )
    .map(|_| ())?;
    replace_audience(tx, id, &[])
}

pub fn find(read: &mut Read, venue: Option<VenueId>, id: DiscountId) -> Result<Option<Discount>> {
    let filter = Filter::default()
        .and("d.discount_id = ?", [id.into()])
        .and_some(AT, venue);
    let (sql, params) = filter.parts();
    let rows = read.query(&format!("{SELECT}{sql}"), params)?;
    Ok(discounts(read, &rows)?.pop())
}

fn filter(venue: Option<VenueId>, ask: &DiscountFilter) -> Result<Filter> {
    let mut filter = Filter::default().and("d.archived_at is null and d.hidden_since is null", []);
    if let Some(search) = ask.search.as_deref().map(fold) {
        let end = prefix_end(&search);
        filter = filter.and(
            "d.name_fold >= ? and d.name_fold < ?",
            [search.into(), end.into()],
        );
    }
    filter = filter.and_some("d.type = ?", ask.kind.as_ref().map(word).transpose()?);
    filter = filter.and_some("d.scope = ?", ask.scope.as_ref().map(word).transpose()?);
    filter = match ask.is_automatic {
        Some(true) => filter.and("d.automatic_since is not null", []),
        Some(false) => filter.and("d.automatic_since is null", []),
        None => filter,
    };
    filter = match ask.active {
        Some(true) => filter.and("d.paused_at is null", []),
        Some(false) => filter.and("d.paused_at is not null", []),
        None => filter,
    };
    Ok(filter.and_some(AT, venue))
}

pub fn list(
    read: &mut Read,
    venue: Option<VenueId>,
    ask: &Listing<DiscountFilter>,
) -> Result<Page<Discount>> {
    let mut page = filter(venue, &ask.filter)?;
    if let Some((name, id)) = ask.paging.after::<(String, String)>()? {
        page = page.and(
            "(d.name_fold, d.discount_id) > (?, ?)",
            [name.into(), id.into()],
        );
    }
    let page = page.then(
        "order by d.name_fold, d.discount_id limit ? offset ?",
        [ask.paging.limit().into(), ask.paging.offset().into()],
    );
    let (sql, params) = page.parts();
    let rows = read.query(&format!("{SELECT}{sql}"), params)?;
    let items = discounts(read, &rows)?;
    let counted = count(read, venue, ask)?;
    Ok(Page::of(&ask.paging, items, counted, |last| {
        (fold(&last.name), last.id)
    }))
}

fn count(
    read: &mut Read,
    venue: Option<VenueId>,
    ask: &Listing<DiscountFilter>,
) -> Result<Option<u64>> {
    if ask.paging.cursor.is_some() {
        return Ok(None);
    }
    let filter = filter(venue, &ask.filter)?;
    let (sql, params) = filter.parts();
    let sql = format!(
        "select count(*) from (select 1 from discounts d where d.tenant_id = $1{sql} limit {}) as counted",
        COUNT_MAX + 1
    );
    let count: i64 = read.one(&sql, params)?.get(0)?;
    Ok(u64::try_from(count).ok())
}

/// The rows as they are shown, with their venues and uses.
fn discounts(read: &mut Read, rows: &[Row]) -> Result<Vec<Discount>> {
    let ids: Vec<DiscountId> = rows.iter().map(|row| row.get(0)).collect::<Result<_>>()?;
    let venues = venues(read, &ids)?;
    let subjects: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let uses = uses::counts(read, &subjects)?;
    let shown = rows.iter().zip(ids.iter().zip(&subjects));
    let shown = shown.map(|(row, (id, subject))| {
        let at = venues.iter().filter(|(discount, _)| discount == id);
        let version = row.get(1)?;
        let parsed = parse((*id, version), row.get(2)?, row.get(5)?)?;
        let stored = Stored {
            id: *id,
            version,
            description: row.get(3)?,
            label_color: row.get(4)?,
            venue_ids: at.map(|(_, venue)| *venue).collect(),
            active: row.get::<Option<Timestamp>>(6)?.is_none(),
            current_uses: uses.get(subject).copied().unwrap_or(0),
            archived_at: row.get(7)?,
            created_at: row.get(8)?,
            updated_at: row.get(9)?,
        };
        Discount::of(stored, &parsed.rule, &parsed.terms)
    });
    shown.collect()
}

fn venues(read: &mut Read, ids: &[DiscountId]) -> Result<Vec<(DiscountId, VenueId)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "select discount_id, venue_id from discount_venues
         where tenant_id = $1 and venue_id <> '*' and discount_id in ({})
         order by discount_id, venue_id",
        places(2, ids.len())
    );
    let ids: Vec<Value> = ids.iter().map(Value::from).collect();
    let rows = read.query(&sql, &ids)?;
    rows.iter()
        .map(|row| Ok((row.get(0)?, row.get(1)?)))
        .collect()
}

/// The currency of each venue that is named and is the tenant's; venues are only read here.
pub fn currencies(read: &mut Read, venues: &[VenueId]) -> Result<Vec<(VenueId, String)>> {
    if venues.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "select venue_id, currency from venues where tenant_id = $1 and venue_id in ({})",
        places(2, venues.len())
    );
    let ids: Vec<Value> = venues.iter().map(Value::from).collect();
    let rows = read.query(&sql, &ids)?;
    rows.iter()
        .map(|row| Ok((row.get(0)?, row.get(1)?)))
        .collect()
}
