//! Every statement on rewards and their counters. Products and discounts are only read here, for their names.

pub mod vouchers;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::offers::Given;
use super::{EditReward, Reward, RewardLimits};
use crate::discounts::OpenValue;
use crate::hall::error::{Error, Result};
use crate::hall::filter::{Filter, places};
use crate::hall::id::{CustomerId, DiscountId, RewardId, VenueId};
use crate::hall::page::{COUNT_MAX, Page, Paging};
use crate::hall::store::{Read, Row, Tx, Value, json, word};
use crate::hall::text::fold;
use crate::params;

/// What is kept as one text: nothing of it is filtered or guarded.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Terms {
    value: Option<OpenValue>,
    /// Where the rule is one that the reward names.
    discount_id: Option<DiscountId>,
    limits: RewardLimits,
}

impl Terms {
    fn of(ask: &EditReward) -> Terms {
        Terms {
            value: ask.value.clone(),
            discount_id: ask.discount_id,
            limits: ask.limits.clone(),
        }
    }
}

const COLUMNS: &str =
    "r.reward_id, r.name, r.points_cost, r.kind, r.terms, r.discount_id, r.product_id, r.paused_at,
    r.created_at, r.updated_at, r.version, p.name, d.name, coalesce(c.uses, 0)";

const FROM: &str = "from rewards r
    join discounts d on d.tenant_id = r.tenant_id and d.discount_id = r.discount_id
    left join products p on p.tenant_id = r.tenant_id and p.product_id = r.product_id
    left join reward_counts c on c.tenant_id = r.tenant_id and c.reward_id = r.reward_id and c.customer_id = ''";

/// Given at one venue, or at all.
const AT: &str = "exists (select 1 from reward_venues v where v.tenant_id = r.tenant_id
  and v.reward_id = r.reward_id and v.venue_id in ('*', ?))";

/// The place of a reward in `reward_venues` that is every venue.
const EVERYWHERE: &str = "*";

/// The place of a counter that is everybody's.
const ALL: &str = "";

pub fn insert(tx: &mut Tx, id: RewardId, rule: DiscountId, ask: &EditReward) -> Result<()> {
    let now = tx.now();
    tx.queue(
        "insert into rewards (tenant_id, reward_id, name, name_fold, points_cost, kind, terms, discount_id, product_id,
           paused_at, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)",
        params![
            id,
            &ask.name,
            fold(&ask.name),
            ask.points_cost,
            word(&ask.kind)?,
            json(&Terms::of(ask))?,
            rule,
            ask.product_id,
            (!ask.active).then_some(now),
            now
        ],
    )
}

/// The version in the `where` is the guard: of two edits of one version one is kept, the other is stale.
pub fn update(tx: &mut Tx, before: &Reward, rule: DiscountId, ask: &EditReward) -> Result<()> {
    let now = tx.now();
    let changed = tx.exec(
        "update rewards set name = $4, name_fold = $5, points_cost = $6, kind = $7, terms = $8, discount_id = $9,
           product_id = $10, paused_at = case when cast($11 as bigint) is null then null
             else coalesce(paused_at, cast($11 as bigint)) end,
           updated_at = $12, version = version + 1
         where tenant_id = $1 and reward_id = $2 and version = $3 and archived_at is null",
        params![
            before.id,
            before.version,
            &ask.name,
            fold(&ask.name),
            ask.points_cost,
            word(&ask.kind)?,
            json(&Terms::of(ask))?,
            rule,
            ask.product_id,
            (!ask.active).then_some(now),
            now
        ],
    )?;
    if changed == 1 {
        Ok(())
    } else {
        Err(Error::Stale)
    }
}

pub fn replace_venues(tx: &mut Tx, id: RewardId, venues: &[VenueId]) -> Result<()> {
    tx.queue(
        "delete from reward_venues where tenant_id = $1 and reward_id = $2",
        params![id],
    )?;
    let mut named: Vec<String> = venues.iter().map(ToString::to_string).collect();
    if named.is_empty() {
        named.push(EVERYWHERE.into());
    }
    named.iter().try_for_each(|venue| {
        tx.queue(
            "insert into reward_venues (tenant_id, venue_id, reward_id) values ($1, $2, $3)",
            params![venue, id],
        )
    })
}

pub fn archive(tx: &mut Tx, id: RewardId) -> Result<()> {
    tx.queue(
        "update rewards set archived_at = $3, updated_at = $3, version = version + 1
         where tenant_id = $1 and reward_id = $2 and archived_at is null",
        params![id, tx.now()],
    )
}

pub fn count_live(read: &mut Read) -> Result<i64> {
    read.one(
        "select count(*) from rewards where tenant_id = $1 and archived_at is null and paused_at is null",
        &[],
    )?
    .get(0)
}

pub fn find(read: &mut Read, venue: Option<VenueId>, id: RewardId) -> Result<Option<Reward>> {
    let filter = Filter::default()
        .and("r.reward_id = ? and r.archived_at is null", [id.into()])
        .and_some(AT, venue);
    let (sql, params) = filter.parts();
    let sql = format!("select {COLUMNS} {FROM} where r.tenant_id = $1{sql}");
    let rows = read.query(&sql, params)?;
    Ok(rewards(read, &rows)?.pop())
}

/// The statement of a list, also for the test that reads its plan.
pub fn listing(venue: Option<VenueId>, paging: &Paging) -> Result<(String, Vec<Value>)> {
    let mut filter = Filter::default()
        .and("r.archived_at is null", [])
        .and_some(AT, venue);
    if let Some((name, id)) = paging.after::<(String, String)>()? {
        filter = filter.and(
            "(r.name_fold, r.reward_id) > (?, ?)",
            [name.into(), id.into()],
        );
    }
    let filter = filter.then(
        "order by r.name_fold, r.reward_id limit ? offset ?",
        [paging.limit().into(), paging.offset().into()],
    );
    let (sql, params) = filter.parts();
    let sql = format!("select {COLUMNS} {FROM} where r.tenant_id = $1{sql}");
    Ok((sql, params.to_vec()))
}

pub fn list(read: &mut Read, venue: Option<VenueId>, paging: &Paging) -> Result<Page<Reward>> {
    let (sql, params) = listing(venue, paging)?;
    let rows = read.query(&sql, &params)?;
    let items = rewards(read, &rows)?;
    let counted = match paging.cursor {
        Some(_) => None,
        None => Some(count_all(read, venue)?),
    };
    Ok(Page::of(paging, items, counted, |last| {
        (fold(&last.name), last.id)
    }))
}

fn count_all(read: &mut Read, venue: Option<VenueId>) -> Result<u64> {
    let filter = Filter::default()
        .and("r.archived_at is null", [])
        .and_some(AT, venue);
    let (sql, params) = filter.parts();
    let sql = format!(
        "select count(*) from (select 1 from rewards r where r.tenant_id = $1{sql} limit {}) as counted",
        COUNT_MAX + 1
    );
    let count: i64 = read.one(&sql, params)?.get(0)?;
    u64::try_from(count).map_err(Error::bug)
}

/// What is on offer in the chain, the cheapest first.
pub fn live_text() -> String {
    format!(
        "select {COLUMNS}, coalesce(g.uses, 0) {FROM}
         left join reward_counts g on g.tenant_id = r.tenant_id and g.reward_id = r.reward_id and g.customer_id = $2
         where r.tenant_id = $1 and r.archived_at is null and r.paused_at is null
         order by r.points_cost, r.name_fold, r.reward_id"
    )
}

pub fn live(read: &mut Read, customer: CustomerId) -> Result<Vec<(Reward, Given)>> {
    let rows = read.query(&live_text(), params![customer])?;
    let given = rows.iter().map(|row| {
        Ok(Given {
            total: row.get(13)?,
            to_guest: row.get(14)?,
        })
    });
    let given: Vec<Given> = given.collect::<Result<_>>()?;
    let all = rewards(read, &rows)?;
    Ok(all.into_iter().zip(given).collect())
}

/// The rows as they are shown, with their venues.
fn rewards(read: &mut Read, rows: &[Row]) -> Result<Vec<Reward>> {
    let ids: Vec<RewardId> = rows.iter().map(|row| row.get(0)).collect::<Result<_>>()?;
    let venues = venues(read, &ids)?;
    let shown = rows.iter().zip(ids).map(|(row, id)| {
        let at = venues.iter().filter(|(reward, _)| *reward == id);
        reward(row, at.map(|(_, venue)| *venue).collect())
    });
    shown.collect()
}

fn reward(row: &Row, venue_ids: Vec<VenueId>) -> Result<Reward> {
    let terms: Terms = row.json(4)?;
    let of_discount: String = row.get(12)?;
    let of_product: Option<String> = row.get(11)?;
    Ok(Reward {
        id: row.get(0)?,
        name: row.get(1)?,
        points_cost: row.get(2)?,
        kind: row.word(3)?,
        value: terms.value,
        product_id: row.get(6)?,
        discount_id: terms.discount_id,
        limits: terms.limits,
        venue_ids,
        active: row.get::<Option<Timestamp>>(7)?.is_none(),
        current_uses: row.get(13)?,
        created_at: row.get(8)?,
        updated_at: row.get(9)?,
        version: row.get(10)?,
        rule_id: row.get(5)?,
        of: of_product.or_else(|| terms.discount_id.map(|_| of_discount)),
    })
}

fn venues(read: &mut Read, ids: &[RewardId]) -> Result<Vec<(RewardId, VenueId)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "select reward_id, venue_id from reward_venues
         where tenant_id = $1 and venue_id <> '*' and reward_id in ({})
         order by reward_id, venue_id",
        places(2, ids.len())
    );
    let ids: Vec<Value> = ids.iter().map(Value::from).collect();
    let rows = read.query(&sql, &ids)?;
    rows.iter()
        .map(|row| Ok((row.get(0)?, row.get(1)?)))
        .collect()
}

fn counter(customer: Option<CustomerId>) -> String {
    customer.map_or_else(|| ALL.to_owned(), |id| id.to_string())
}

/// Counts one redemption more, unless that would be over `max`: the guard stands in the statement, because many
/// guests may want the last one.
pub fn count(
    tx: &mut Tx,
    id: RewardId,
    customer: Option<CustomerId>,
    max: Option<u32>,
) -> Result<bool> {
    let counted = tx.exec(
        "insert into reward_counts (tenant_id, reward_id, customer_id, uses, uses_max) values ($1, $2, $3, 1, $4)
         on conflict (tenant_id, reward_id, customer_id) do update
           set uses = reward_counts.uses + 1, uses_max = excluded.uses_max
           where excluded.uses_max is null or reward_counts.uses < excluded.uses_max",
        params![id, counter(customer), max.map(i64::from)],
    )?;
    Ok(counted == 1)
}

/// Counts one less: a redemption does not stand any more.
pub fn uncount(tx: &mut Tx, id: RewardId, customer: Option<CustomerId>) -> Result<()> {
    tx.queue(
        "update reward_counts set uses = uses - 1
         where tenant_id = $1 and reward_id = $2 and customer_id = $3",
        params![id, counter(customer)],
    )
}
