use super::{Listed, Order};
use crate::catalogue::categories::{Category, CategoryFilter, EditCategory};
use crate::hall::error::{Code, Error, Extra, OnViolation, Result};
use crate::hall::filter::Filter;
use crate::hall::id::CategoryId;
use crate::hall::page::{Listing, Page};
use crate::hall::store::{Read, Row, Tx, word};
use crate::hall::text::{fold, prefix_end};
use crate::params;

const LISTED: Listed = Listed {
    select:
        "select category_id, name, regulated, position, archived_at, version, created_at, updated_at
             from categories where tenant_id = $1",
    count: "select count(*) from (select 1 from categories where tenant_id = $1",
    by_name: Order {
        after: "(name_fold, category_id) > (?, ?)",
        sort: "order by name_fold, category_id limit ? offset ?",
    },
    by_update: Order {
        after: "(updated_at, category_id) > (?, ?)",
        sort: "order by updated_at, category_id limit ? offset ?",
    },
};

fn category(row: &Row) -> Result<Category> {
    Ok(Category {
        id: row.get(0)?,
        name: row.get(1)?,
        regulated: row
            .get::<Option<String>>(2)?
            .map(|_| row.word(2))
            .transpose()?,
        position: row.get(3)?,
        active: row.get::<Option<i64>>(4)?.is_none(),
        version: row.get(5)?,
        created_at: row.get(6)?,
        updated_at: row.get(7)?,
    })
}

fn taken(name: &str) -> Error {
    let said = "A live category has this name already; choose another name.";
    Error::Conflict(Code::NameTaken, Extra::saying(said).with("name", name))
}

pub fn insert(tx: &mut Tx, id: CategoryId, ask: &EditCategory) -> Result<()> {
    let regulated = ask.regulated.as_ref().map(word).transpose()?;
    let archived_at = (!ask.active).then(|| tx.now());
    tx.exec(
        "insert into categories (tenant_id, category_id, name, name_fold, regulated, position,
           archived_at, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        params![
            id,
            &ask.name,
            fold(&ask.name),
            regulated,
            ask.position,
            archived_at,
            tx.now()
        ],
    )
    .on_unique(|| taken(&ask.name))
    .map(|_| ())
}

/// The version in the `where` is the guard: two edits of one version do not both win.
pub fn update(tx: &mut Tx, before: &Category, ask: &EditCategory) -> Result<()> {
    let regulated = ask.regulated.as_ref().map(word).transpose()?;
    let archived_at = (!ask.active).then(|| tx.now());
    let changed = tx
        .exec(
            "update categories set name = $4, name_fold = $5, regulated = $6, position = $7,
               archived_at = case when cast($8 as bigint) is null then null
                 else coalesce(archived_at, cast($8 as bigint)) end,
               version = version + 1, updated_at = $9
             where tenant_id = $1 and category_id = $2 and version = $3",
            params![
                before.id,
                before.version,
                &ask.name,
                fold(&ask.name),
                regulated,
                ask.position,
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

pub fn find(read: &mut Read, id: CategoryId) -> Result<Option<Category>> {
    let sql = format!("{} and category_id = $2", LISTED.select);
    let row = read.first(&sql, params![id])?;
    row.as_ref().map(category).transpose()
}

/// The live category of this name.
pub fn named(read: &mut Read, name: &str) -> Result<Option<Category>> {
    let sql = format!(
        "{} and name_fold = $2 and archived_at is null",
        LISTED.select
    );
    let row = read.first(&sql, params![fold(name)])?;
    row.as_ref().map(category).transpose()
}

pub fn live_products(read: &mut Read, id: CategoryId) -> Result<i64> {
    read.one(
        "select count(*) from products
         where tenant_id = $1 and category_id = $2 and archived_at is null",
        params![id],
    )?
    .get(0)
}

fn filter(ask: &CategoryFilter) -> Filter {
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

pub fn list(read: &mut Read, ask: &Listing<CategoryFilter>) -> Result<Page<Category>> {
    let by_update = ask.filter.updated_since.is_some();
    let (rows, counted) = LISTED.rows(read, &ask.paging, || filter(&ask.filter), by_update)?;
    let items = rows.iter().map(category).collect::<Result<_>>()?;
    Ok(Page::of(&ask.paging, items, counted, |last: &Category| {
        let name = serde_json::Value::from(fold(&last.name));
        let at = last.updated_at.as_microsecond().into();
        (if by_update { at } else { name }, last.id)
    }))
}
