use std::collections::HashMap;

use jiff::Timestamp;

use super::{Draft, Kept, Kind, Live};
use crate::hall::error::{Error, Result};
use crate::hall::filter::{Filter, places};
use crate::hall::id::{CategoryId, CustomerId, GroupId, ProductId, VenueId};
use crate::hall::page::{COUNT_MAX, Page, Paging};
use crate::hall::store::{Read, Row, Tx, Value, json};
use crate::hall::text::{fold, prefix_end};
use crate::params;

const SELECT: &str =
    "select r.rule_id, r.version, r.name, r.terms, r.customer_group_id, r.points_max,
    r.paused_at, r.archived_at, r.created_at, r.updated_at
  from earning_rules r where r.tenant_id = $1";

/// Live at one venue, or at all.
const AT: &str = "exists (select 1 from earning_rule_venues v where v.tenant_id = r.tenant_id
  and v.rule_id = r.rule_id and v.venue_id in ('*', ?))";

const EVERYWHERE: &str = "*";

pub fn insert(tx: &mut Tx, kind: Kind, id: &str, draft: &Draft) -> Result<()> {
    let now = tx.now();
    tx.exec(
        "insert into earning_rules (tenant_id, rule_id, kind, version, name, name_fold, terms,
           customer_group_id, points_max, paused_at, created_at, updated_at)
         values ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10, $10)",
        params![
            id,
            kind.word(),
            &draft.name,
            fold(&draft.name),
            json(&draft.terms)?,
            draft.customer_group_id,
            draft.points_max,
            (!draft.active).then_some(now),
            now
        ],
    )
    .map(|_| ())
}

/// The version in the `where` is the guard: of two edits of one version the later is stale.
pub fn update(tx: &mut Tx, before: &Kept, draft: &Draft) -> Result<()> {
    let now = tx.now();
    let changed = tx.exec(
        "update earning_rules set version = version + 1, name = $4, name_fold = $5, terms = $6,
           customer_group_id = $7, points_max = $8,
           paused_at = case when cast($9 as bigint) is null then null
             else coalesce(paused_at, cast($9 as bigint)) end,
           updated_at = $10
         where tenant_id = $1 and rule_id = $2 and version = $3 and archived_at is null",
        params![
            &before.id,
            before.version,
            &draft.name,
            fold(&draft.name),
            json(&draft.terms)?,
            draft.customer_group_id,
            draft.points_max,
            (!draft.active).then_some(now),
            now
        ],
    )?;
    if changed == 0 {
        Err(Error::Stale)
    } else {
        Ok(())
    }
}

/// Where it is live, and what it looks at.
pub fn replace_parts(tx: &mut Tx, id: &str, draft: &Draft) -> Result<()> {
    tx.queue(
        "delete from earning_rule_venues where tenant_id = $1 and rule_id = $2",
        params![id],
    )?;
    tx.queue(
        "delete from earning_rule_targets where tenant_id = $1 and rule_id = $2",
        params![id],
    )?;
    let mut venues: Vec<String> = draft.venue_ids.iter().map(ToString::to_string).collect();
    if venues.is_empty() {
        venues.push(EVERYWHERE.to_owned());
    }
    for venue in &venues {
        tx.queue(
            "insert into earning_rule_venues (tenant_id, venue_id, rule_id) values ($1, $2, $3)",
            params![venue, id],
        )?;
    }
    let categories = draft.category_ids.iter().map(|id| (Some(*id), None));
    let items = draft.item_ids.iter().map(|id| (None, Some(*id)));
    for (category, item) in categories.chain(items) {
        let target = category.map_or_else(
            || item.map_or_else(String::new, |id| id.to_string()),
            |id| id.to_string(),
        );
        tx.queue(
            "insert into earning_rule_targets (tenant_id, rule_id, target_id, category_id, product_id)
             values ($1, $2, $3, $4, $5)",
            params![id, target, category, item],
        )?;
    }
    Ok(())
}

pub fn archive(tx: &mut Tx, id: &str) -> Result<()> {
    tx.exec(
        "update earning_rules set archived_at = coalesce(archived_at, $3), updated_at = $3
         where tenant_id = $1 and rule_id = $2",
        params![id, tx.now()],
    )
    .map(|_| ())
}

pub fn count_live(read: &mut Read) -> Result<i64> {
    read.one(
        "select count(*) from earning_rules
         where tenant_id = $1 and paused_at is null and archived_at is null",
        params![],
    )?
    .get(0)
}

pub fn find(read: &mut Read, kind: Kind, venue: Option<VenueId>, id: &str) -> Result<Option<Kept>> {
    let filter = Filter::default()
        .and("r.rule_id = ?", [id.into()])
        .and("r.kind = ?", [kind.word().into()])
        .and_some(AT, venue);
    let (sql, params) = filter.parts();
    let rows = read.query(&format!("{SELECT}{sql}"), params)?;
    Ok(kept(read, &rows)?.pop())
}

/// Which rules a list shows.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// The beginning of the name.
    pub name: Option<String>,
    pub active: Option<bool>,
}

fn filter(kind: Kind, venue: Option<VenueId>, search: &Search) -> Filter {
    let mut filter = Filter::default()
        .and("r.kind = ?", [kind.word().into()])
        .and("r.archived_at is null", []);
    if let Some(name) = search.name.as_deref().map(fold) {
        let end = prefix_end(&name);
        filter = filter.and(
            "r.name_fold >= ? and r.name_fold < ?",
            [name.into(), end.into()],
        );
    }
    filter = match search.active {
        Some(true) => filter.and("r.paused_at is null", []),
        Some(false) => filter.and("r.paused_at is not null", []),
        None => filter,
    };
    filter.and_some(AT, venue)
}

pub fn list(
    read: &mut Read,
    kind: Kind,
    venue: Option<VenueId>,
    search: &Search,
    paging: &Paging,
) -> Result<Page<Kept>> {
    let counted = if paging.cursor.is_some() {
        None
    } else {
        count(read, kind, venue, search)?
    };
    let mut page = filter(kind, venue, search);
    if let Some((name, id)) = paging.after::<(String, String)>()? {
        page = page.and(
            "(r.name_fold, r.rule_id) > (?, ?)",
            [name.into(), id.into()],
        );
    }
    let page = page.then(
        "order by r.name_fold, r.rule_id limit ? offset ?",
        [paging.limit().into(), paging.offset().into()],
    );
    let (sql, params) = page.parts();
    let rows = read.query(&format!("{SELECT}{sql}"), params)?;
    let items = kept(read, &rows)?;
    Ok(Page::of(paging, items, counted, |last| {
        (fold(&last.name), last.id.clone())
    }))
}

fn count(
    read: &mut Read,
    kind: Kind,
    venue: Option<VenueId>,
    search: &Search,
) -> Result<Option<u64>> {
    let filter = filter(kind, venue, search);
    let (sql, params) = filter.parts();
    let sql = format!(
        "select count(*) from (select 1 from earning_rules r where r.tenant_id = $1{sql} limit {}) as counted",
        COUNT_MAX + 1
    );
    let count: i64 = read.one(&sql, params)?.get(0)?;
    Ok(u64::try_from(count).ok())
}

/// The rows with their venues and targets.
fn kept(read: &mut Read, rows: &[Row]) -> Result<Vec<Kept>> {
    let ids: Vec<String> = rows.iter().map(|row| row.get(0)).collect::<Result<_>>()?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let named: Vec<Value> = ids.iter().map(Value::from).collect();
    let within = places(2, ids.len());
    let sql = format!(
        "select rule_id, venue_id from earning_rule_venues
         where tenant_id = $1 and venue_id <> '*' and rule_id in ({within}) order by rule_id, venue_id"
    );
    let mut venues: HashMap<String, Vec<VenueId>> = HashMap::new();
    for row in read.query(&sql, &named)? {
        venues.entry(row.get(0)?).or_default().push(row.get(1)?);
    }
    let sql = format!(
        "select rule_id, category_id, product_id from earning_rule_targets
         where tenant_id = $1 and rule_id in ({within}) order by rule_id, target_id"
    );
    let mut categories: HashMap<String, Vec<CategoryId>> = HashMap::new();
    let mut items: HashMap<String, Vec<ProductId>> = HashMap::new();
    for row in read.query(&sql, &named)? {
        let id: String = row.get(0)?;
        if let Some(category) = row.get::<Option<CategoryId>>(1)? {
            categories.entry(id.clone()).or_default().push(category);
        }
        if let Some(item) = row.get::<Option<ProductId>>(2)? {
            items.entry(id).or_default().push(item);
        }
    }
    let shown = rows.iter().zip(ids).map(|(row, id)| {
        Ok(Kept {
            version: row.get(1)?,
            name: row.get(2)?,
            terms: row.json(3)?,
            customer_group_id: row.get(4)?,
            points_max: row.get(5)?,
            active: row.get::<Option<Timestamp>>(6)?.is_none(),
            archived_at: row.get(7)?,
            created_at: row.get(8)?,
            updated_at: row.get(9)?,
            venue_ids: venues.remove(&id).unwrap_or_default(),
            category_ids: categories.remove(&id).unwrap_or_default(),
            item_ids: items.remove(&id).unwrap_or_default(),
            id,
        })
    });
    shown.collect()
}

pub const LIVE: &str = "select r.kind, r.rule_id, r.version, r.name, r.customer_group_id, r.points_max,
       coalesce(c.points, 0), r.terms
     from earning_rule_venues v
     join earning_rules r on r.tenant_id = v.tenant_id and r.rule_id = v.rule_id
     left join promotion_counts c on c.tenant_id = r.tenant_id and c.rule_id = r.rule_id and c.customer_id = $3
     where v.tenant_id = $1 and v.venue_id in ('*', $2) and r.paused_at is null and r.archived_at is null
     order by r.rule_id";

pub const TARGETS: &str = "select t.rule_id, t.category_id, t.product_id
     from earning_rule_venues v
     join earning_rules r on r.tenant_id = v.tenant_id and r.rule_id = v.rule_id
     join earning_rule_targets t on t.tenant_id = r.tenant_id and t.rule_id = r.rule_id
     where v.tenant_id = $1 and v.venue_id in ('*', $2) and r.paused_at is null and r.archived_at is null
     order by t.rule_id, t.target_id";

pub fn live(read: &mut Read, venue: VenueId, customer: CustomerId) -> Result<Vec<Live>> {
    let rows = read.query(LIVE, params![venue, customer])?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut categories: HashMap<String, Vec<String>> = HashMap::new();
    let mut items: HashMap<String, Vec<String>> = HashMap::new();
    for row in read.query(TARGETS, params![venue])? {
        let id: String = row.get(0)?;
        if let Some(category) = row.get::<Option<String>>(1)? {
            categories.entry(id.clone()).or_default().push(category);
        }
        if let Some(item) = row.get::<Option<String>>(2)? {
            items.entry(id).or_default().push(item);
        }
    }
    let live = rows.iter().map(|row| {
        let id: String = row.get(1)?;
        Ok(Live {
            kind: row.word(0)?,
            version: row.get(2)?,
            name: row.get(3)?,
            customer_group_id: row.get(4)?,
            points_max: row.get(5)?,
            given: row.get(6)?,
            terms: row.json(7)?,
            category_ids: categories.remove(&id).unwrap_or_default(),
            item_ids: items.remove(&id).unwrap_or_default(),
            id,
        })
    });
    live.collect()
}

pub fn uses_of_group(read: &mut Read, group: GroupId) -> Result<Vec<String>> {
    let rows = read.query(
        "select name from earning_rules
         where tenant_id = $1 and customer_group_id = $2 and archived_at is null
         order by name_fold, rule_id limit 100",
        params![group],
    )?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Things of other rooms that a rule may name; they are only read here.
#[derive(Debug, Clone, Copy)]
pub enum Known {
    Categories,
    Products,
    Groups,
}

/// Those of `ids` that are the tenant's.
pub fn known(read: &mut Read, what: Known, ids: &[String]) -> Result<Vec<String>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let within = places(2, ids.len());
    let sql = match what {
        Known::Categories => format!(
            "select category_id from categories where tenant_id = $1 and category_id in ({within})"
        ),
        Known::Products => format!(
            "select product_id from products where tenant_id = $1 and product_id in ({within})"
        ),
        Known::Groups => format!(
            "select group_id from customer_groups where tenant_id = $1 and group_id in ({within})"
        ),
    };
    let ids: Vec<Value> = ids.iter().map(Value::from).collect();
    let rows = read.query(&sql, &ids)?;
    rows.iter().map(|row| row.get(0)).collect()
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
