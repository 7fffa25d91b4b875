use std::collections::HashMap;

use super::{Listed, Order};
use crate::catalogue::products::{EditProduct, Product, ProductFilter, VenuePrice};
use crate::hall::error::{Code, Error, Extra, OnViolation, Result};
use crate::hall::filter::{Filter, places};
use crate::hall::id::{ModifierGroupId, ProductId, VenueId};
use crate::hall::money::Money;
use crate::hall::page::{Listing, Page};
use crate::hall::store::{Read, Row, Tx, Value};
use crate::hall::text::{fold, prefix_end};
use crate::params;

const LISTED: Listed = Listed {
    select: "select product_id, name, category_id, tax_class_id, cost, cost_currency, image_url,
               archived_at, version, created_at, updated_at
             from products where tenant_id = $1",
    count: "select count(*) from (select 1 from products where tenant_id = $1",
    by_name: Order {
        after: "(name_fold, product_id) > (?, ?)",
        sort: "order by name_fold, product_id limit ? offset ?",
    },
    by_update: Order {
        after: "(updated_at, product_id) > (?, ?)",
        sort: "order by updated_at, product_id limit ? offset ?",
    },
};

/// The product without its prices, groups and references.
fn product(row: &Row) -> Result<Product> {
    let cost: Option<i64> = row.get(4)?;
    let currency: Option<String> = row.get(5)?;
    Ok(Product {
        id: row.get(0)?,
        name: row.get(1)?,
        category_id: row.get(2)?,
        tax_class_id: row.get(3)?,
        prices: Vec::new(),
        cost: cost
            .zip(currency)
            .map(|(amount, currency)| Money::of(amount, currency)),
        image_url: row.get(6)?,
        modifier_group_ids: Vec::new(),
        external_refs: Vec::new(),
        active: row.get::<Option<i64>>(7)?.is_none(),
        version: row.get(8)?,
        created_at: row.get(9)?,
        updated_at: row.get(10)?,
    })
}

fn taken(name: &str) -> Error {
    let said = "A live product has this name already; choose another name.";
    Error::Conflict(Code::NameTaken, Extra::saying(said).with("name", name))
}

pub fn insert(tx: &mut Tx, id: ProductId, ask: &EditProduct) -> Result<()> {
    let archived_at = (!ask.active).then(|| tx.now());
    tx.exec(
        "insert into products (tenant_id, product_id, name, name_fold, category_id, tax_class_id,
           cost, cost_currency, image_url, archived_at, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)",
        params![
            id,
            &ask.name,
            fold(&ask.name),
            ask.category_id,
            ask.tax_class_id,
            ask.cost.as_ref().map(|cost| cost.amount),
            ask.cost.as_ref().map(|cost| cost.currency.clone()),
            &ask.image_url,
            archived_at,
            tx.now()
        ],
    )
    .on_unique(|| taken(&ask.name))
    .map(|_| ())
}

/// The version in the `where` is the guard: two edits of one version do not both win.
pub fn update(tx: &mut Tx, before: &Product, ask: &EditProduct) -> Result<()> {
    let archived_at = (!ask.active).then(|| tx.now());
    let changed = tx
        .exec(
            "update products set name = $4, name_fold = $5, category_id = $6, tax_class_id = $7,
               cost = $8, cost_currency = $9, image_url = $10,
               archived_at = case when cast($11 as bigint) is null then null
                 else coalesce(archived_at, cast($11 as bigint)) end,
               version = version + 1, updated_at = $12
             where tenant_id = $1 and product_id = $2 and version = $3",
            params![
                before.id,
                before.version,
                &ask.name,
                fold(&ask.name),
                ask.category_id,
                ask.tax_class_id,
                ask.cost.as_ref().map(|cost| cost.amount),
                ask.cost.as_ref().map(|cost| cost.currency.clone()),
                &ask.image_url,
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

/// Under a venue only its own price is replaced.
pub fn replace_prices(
    tx: &mut Tx,
    id: ProductId,
    venue: Option<VenueId>,
    prices: &[VenuePrice],
) -> Result<()> {
    tx.queue(
        "delete from product_prices where tenant_id = $1 and product_id = $2
           and (cast($3 as text) is null or venue_id = $3)",
        params![id, venue],
    )?;
    for price in prices {
        tx.queue(
            "insert into product_prices (tenant_id, product_id, venue_id, price)
             values ($1, $2, $3, $4)",
            params![id, price.venue_id, price.price.amount],
        )?;
    }
    Ok(())
}

pub fn replace_groups(tx: &mut Tx, id: ProductId, groups: &[ModifierGroupId]) -> Result<()> {
    tx.queue(
        "delete from product_modifier_groups where tenant_id = $1 and product_id = $2",
        params![id],
    )?;
    for (place, group) in (0_i64..).zip(groups) {
        tx.queue(
            "insert into product_modifier_groups (tenant_id, product_id, modifier_group_id, position)
             values ($1, $2, $3, $4)",
            params![id, group, place],
        )?;
    }
    Ok(())
}

pub fn find(read: &mut Read, id: ProductId) -> Result<Option<Product>> {
    let sql = format!("{} and product_id = $2", LISTED.select);
    let row = read.first(&sql, params![id])?;
    row.as_ref().map(product).transpose()
}

/// The live product of this name.
pub fn named(read: &mut Read, name: &str) -> Result<Option<ProductId>> {
    let sql = "select product_id from products
               where tenant_id = $1 and name_fold = $2 and archived_at is null";
    let row = read.first(sql, params![fold(name)])?;
    row.map(|row| row.get(0)).transpose()
}

fn texts(ids: &[ProductId]) -> Vec<Value> {
    ids.iter().map(Value::from).collect()
}

/// Whether the product has a price at a venue that is not this one.
pub fn is_sold_elsewhere(read: &mut Read, id: ProductId, venue: VenueId) -> Result<bool> {
    let row = read.first(
        "select 1 from product_prices p join venues v on v.tenant_id = p.tenant_id and v.venue_id = p.venue_id
         where p.tenant_id = $1 and p.product_id = $2 and p.venue_id <> $3 and v.archived_at is null limit 1",
        params![id, venue],
    )?;
    Ok(row.is_some())
}

/// The prices of several products: at all venues, or at one.
pub fn prices(
    read: &mut Read,
    venue: Option<VenueId>,
    ids: &[ProductId],
) -> Result<HashMap<ProductId, Vec<VenuePrice>>> {
    let mut found: HashMap<ProductId, Vec<VenuePrice>> = HashMap::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let sql = format!(
        "select p.product_id, p.venue_id, p.price, v.currency from product_prices p
         join venues v on v.tenant_id = p.tenant_id and v.venue_id = p.venue_id
         where p.tenant_id = $1 and (cast($2 as text) is null or p.venue_id = $2)
           and p.product_id in ({})
         order by p.product_id, p.venue_id",
        places(3, ids.len())
    );
    let mut params = vec![venue.into()];
    params.extend(texts(ids));
    for row in read.query(&sql, &params)? {
        let price = VenuePrice {
            venue_id: row.get(1)?,
            price: Money::of(row.get(2)?, row.get::<String>(3)?),
        };
        found.entry(row.get(0)?).or_default().push(price);
    }
    Ok(found)
}

pub fn groups(
    read: &mut Read,
    ids: &[ProductId],
) -> Result<HashMap<ProductId, Vec<ModifierGroupId>>> {
    let mut found: HashMap<ProductId, Vec<ModifierGroupId>> = HashMap::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let sql = format!(
        "select product_id, modifier_group_id from product_modifier_groups
         where tenant_id = $1 and product_id in ({})
         order by product_id, position, modifier_group_id",
        places(2, ids.len())
    );
    for row in read.query(&sql, &texts(ids))? {
        found.entry(row.get(0)?).or_default().push(row.get(1)?);
    }
    Ok(found)
}

fn filter(ask: &ProductFilter) -> Filter {
    let mut filter = Filter::default();
    if let Some(search) = ask.search.as_deref().map(fold) {
        let end = prefix_end(&search);
        filter = filter.and(
            "name_fold >= ? and name_fold < ?",
            [search.into(), end.into()],
        );
    }
    filter = filter.and_some("category_id = ?", ask.category_id);
    filter = filter.and_some("updated_at >= ?", ask.updated_since);
    match ask.active {
        Some(true) => filter.and("archived_at is null", []),
        Some(false) => filter.and("archived_at is not null", []),
        None => filter,
    }
}

pub fn list(read: &mut Read, ask: &Listing<ProductFilter>) -> Result<Page<Product>> {
    let by_update = ask.filter.updated_since.is_some();
    let (rows, counted) = LISTED.rows(read, &ask.paging, || filter(&ask.filter), by_update)?;
    let items = rows.iter().map(product).collect::<Result<_>>()?;
    Ok(Page::of(&ask.paging, items, counted, |last: &Product| {
        let name = serde_json::Value::from(fold(&last.name));
        let at = last.updated_at.as_microsecond().into();
        (if by_update { at } else { name }, last.id)
    }))
}
