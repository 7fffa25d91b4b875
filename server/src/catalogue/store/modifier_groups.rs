use std::collections::HashMap;

use super::{Listed, Order};
use crate::catalogue::modifier_groups::{
    EditModifier, EditModifierGroup, Modifier, ModifierGroup, ModifierGroupFilter,
};
use crate::hall::error::{Code, Error, Extra, OnViolation, Result};
use crate::hall::filter::{Filter, places};
use crate::hall::id::{ModifierGroupId, ModifierId};
use crate::hall::money::Money;
use crate::hall::page::{Listing, Page};
use crate::hall::store::{Read, Row, Tx, Value};
use crate::hall::text::{fold, prefix_end};
use crate::params;

const LISTED: Listed = Listed {
    select:
        "select modifier_group_id, name, choose_min, choose_max, archived_at, version, created_at,
               updated_at
             from modifier_groups where tenant_id = $1",
    count: "select count(*) from (select 1 from modifier_groups where tenant_id = $1",
    by_name: Order {
        after: "(name_fold, modifier_group_id) > (?, ?)",
        sort: "order by name_fold, modifier_group_id limit ? offset ?",
    },
    by_update: Order {
        after: "(updated_at, modifier_group_id) > (?, ?)",
        sort: "order by updated_at, modifier_group_id limit ? offset ?",
    },
};

/// The group without its modifiers.
fn group(row: &Row) -> Result<ModifierGroup> {
    Ok(ModifierGroup {
        id: row.get(0)?,
        name: row.get(1)?,
        choose_min: row.get(2)?,
        choose_max: row.get(3)?,
        modifiers: Vec::new(),
        active: row.get::<Option<i64>>(4)?.is_none(),
        version: row.get(5)?,
        created_at: row.get(6)?,
        updated_at: row.get(7)?,
    })
}

fn taken(name: &str) -> Error {
    let said = "A live modifier group has this name already; choose another name.";
    Error::Conflict(Code::NameTaken, Extra::saying(said).with("name", name))
}

pub fn insert(tx: &mut Tx, id: ModifierGroupId, ask: &EditModifierGroup) -> Result<()> {
    let archived_at = (!ask.active).then(|| tx.now());
    tx.exec(
        "insert into modifier_groups (tenant_id, modifier_group_id, name, name_fold, choose_min,
           choose_max, archived_at, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        params![
            id,
            &ask.name,
            fold(&ask.name),
            ask.choose_min,
            ask.choose_max,
            archived_at,
            tx.now()
        ],
    )
    .on_unique(|| taken(&ask.name))
    .map(|_| ())
}

/// The version in the `where` is the guard: two edits of one version do not both win.
pub fn update(tx: &mut Tx, before: &ModifierGroup, ask: &EditModifierGroup) -> Result<()> {
    let archived_at = (!ask.active).then(|| tx.now());
    let changed = tx
        .exec(
            "update modifier_groups set name = $4, name_fold = $5, choose_min = $6, choose_max = $7,
               archived_at = case when cast($8 as bigint) is null then null
                 else coalesce(archived_at, cast($8 as bigint)) end,
               version = version + 1, updated_at = $9
             where tenant_id = $1 and modifier_group_id = $2 and version = $3",
            params![
                before.id,
                before.version,
                &ask.name,
                fold(&ask.name),
                ask.choose_min,
                ask.choose_max,
                archived_at,
                tx.now()
            ],
        )
        .on_unique(|| taken(&ask.name))?;
    if changed == 0 {
        Err(Error::Stale)
    } else {
        Ok(())
    }
}

pub fn put_modifier(
    tx: &mut Tx,
    group: ModifierGroupId,
    id: ModifierId,
    position: i64,
    ask: &EditModifier,
) -> Result<()> {
    tx.queue(
        "insert into modifiers (tenant_id, modifier_id, modifier_group_id, name, price_delta, currency,
           position)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (tenant_id, modifier_id) do update set name = excluded.name,
           price_delta = excluded.price_delta, currency = excluded.currency,
           position = excluded.position",
        params![
            id,
            group,
            ask.name.trim(),
            ask.price_delta.amount,
            &ask.price_delta.currency,
            position
        ],
    )
}

pub fn archive_modifier(tx: &mut Tx, id: ModifierId) -> Result<()> {
    tx.queue(
        "update modifiers set archived_at = coalesce(archived_at, $3)
         where tenant_id = $1 and modifier_id = $2",
        params![id, tx.now()],
    )
}

pub fn find(read: &mut Read, id: ModifierGroupId) -> Result<Option<ModifierGroup>> {
    let sql = format!("{} and modifier_group_id = $2", LISTED.select);
    let row = read.first(&sql, params![id])?;
    row.as_ref().map(group).transpose()
}

/// Which of these are live groups of the tenant.
pub fn live(read: &mut Read, ids: &[ModifierGroupId]) -> Result<Vec<ModifierGroupId>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "select modifier_group_id from modifier_groups
         where tenant_id = $1 and archived_at is null and modifier_group_id in ({})",
        places(2, ids.len())
    );
    let ids: Vec<Value> = ids.iter().map(Value::from).collect();
    let rows = read.query(&sql, &ids)?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// The live modifiers of several groups, in their order.
pub fn modifiers(
    read: &mut Read,
    groups: &[ModifierGroupId],
) -> Result<HashMap<ModifierGroupId, Vec<Modifier>>> {
    let mut found: HashMap<ModifierGroupId, Vec<Modifier>> = HashMap::new();
    if groups.is_empty() {
        return Ok(found);
    }
    let sql = format!(
        "select modifier_group_id, modifier_id, name, price_delta, currency from modifiers
         where tenant_id = $1 and archived_at is null and modifier_group_id in ({})
         order by modifier_group_id, position, modifier_id",
        places(2, groups.len())
    );
    let ids: Vec<Value> = groups.iter().map(Value::from).collect();
    for row in read.query(&sql, &ids)? {
        let modifier = Modifier {
            id: row.get(1)?,
            name: row.get(2)?,
            price_delta: Money::of(row.get(3)?, row.get::<String>(4)?),
        };
        found.entry(row.get(0)?).or_default().push(modifier);
    }
    Ok(found)
}

fn filter(ask: &ModifierGroupFilter) -> Filter {
    let mut filter = Filter::default();
    if let Some(search) = ask.search.as_deref().map(fold) {
        let end = prefix_end(&search);
        filter = filter.and(
            "name_fold >= ? and name_fold < ?",
            [search.into(), end.into()],
        );
    }
    filter = filter.and_some("updated_at >= ?", ask.updated_since);
    match ask.active {
        Some(true) => filter.and("archived_at is null", []),
        Some(false) => filter.and("archived_at is not null", []),
        None => filter,
    }
}

pub fn list(read: &mut Read, ask: &Listing<ModifierGroupFilter>) -> Result<Page<ModifierGroup>> {
    let by_update = ask.filter.updated_since.is_some();
    let (rows, counted) = LISTED.rows(read, &ask.paging, || filter(&ask.filter), by_update)?;
    let items = rows.iter().map(group).collect::<Result<_>>()?;
    Ok(Page::of(
        &ask.paging,
        items,
        counted,
        |last: &ModifierGroup| {
            let name = serde_json::Value::from(fold(&last.name));
            let at = last.updated_at.as_microsecond().into();
            (if by_update { at } else { name }, last.id)
        },
    ))
}
