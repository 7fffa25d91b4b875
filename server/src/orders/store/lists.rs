//! Lists of orders: a venue's, and the newest of a customer.

use super::super::{Status, Tab};
use super::{TAB, lines, tab};
use crate::hall::error::Result;
use crate::hall::id::{CustomerId, OrderId, VenueId};
use crate::hall::page::{COUNT_MAX, Page, Paging};
use crate::hall::store::{Read, Value, word};
use crate::params;

/// Orders of one customer, in the order of the key. The ids are found by the index of customers alone: asked for
/// whole rows in this order, SQLite would walk the orders of everybody.
const OF_CUSTOMER: &str =
    " and order_id in (select i.order_id from orders i where i.tenant_id = $1 and i.customer_id = ";

/// Which orders a list shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub status: Option<Status>,
    pub customer: Option<CustomerId>,
    pub updated_since: Option<jiff::Timestamp>,
}

/// Newest first; by update where `updated_since` is asked for, oldest first.
pub fn list(
    read: &mut Read,
    venue: VenueId,
    filter: &Filter,
    paging: &Paging,
) -> Result<Page<Tab>> {
    let counted = if paging.cursor.is_some() {
        None
    } else {
        let (wanted, params) = wanted(venue, filter)?;
        let sql = format!(
            "select count(*) from (select 1 from orders where tenant_id = $1{wanted} limit {}) counted",
            COUNT_MAX + 1
        );
        Some(u64::try_from(read.one(&sql, &params)?.get::<i64>(0)?).unwrap_or(0))
    };
    let (sql, params) = listed(venue, filter, paging)?;
    let rows = read.query(&sql, &params)?;
    let tabs = rows
        .iter()
        .map(|row| Ok((tab(row)?, row.get::<i64>(22)?)))
        .collect::<Result<Vec<_>>>()?;
    let mut page =
        Page::of(paging, tabs, counted, |(tab, at)| (*at, tab.id.to_string())).map(|(tab, _)| tab);
    add_lines(read, &mut page.items)?;
    Ok(page)
}

/// Conditions on orders, and what they are bound to.
fn wanted(venue: VenueId, filter: &Filter) -> Result<(String, Vec<Value>)> {
    let mut wanted = String::from(" and venue_id = $2");
    let mut params: Vec<Value> = vec![venue.into()];
    let mut bind = |text: &str, value: Value| {
        params.push(value);
        wanted.push_str(&text.replace('?', &format!("${}", params.len() + 1)));
    };
    if let Some(status) = filter.status {
        bind(" and status = ?", word(&status)?.into());
    }
    if let Some(customer) = filter.customer {
        bind(&format!("{OF_CUSTOMER}?)"), customer.into());
    }
    if let Some(since) = filter.updated_since {
        bind(" and updated_at >= ?", since.into());
    }
    Ok((wanted, params))
}

/// The statement of [`list`], and what it is bound to.
pub fn listed(venue: VenueId, filter: &Filter, paging: &Paging) -> Result<(String, Vec<Value>)> {
    let (wanted, mut params) = wanted(venue, filter)?;
    let mut bind = |value: Value| {
        params.push(value);
        format!("${}", params.len() + 1)
    };
    let by_update = filter.updated_since.is_some();
    let mut after = String::new();
    if by_update {
        if let Some((at, id)) = paging.after::<(i64, String)>()? {
            let (at, id) = (bind(at.into()), bind(id.into()));
            after = format!(" and (updated_at > {at} or (updated_at = {at} and order_id > {id}))");
        }
    } else if let Some((_, id)) = paging.after::<(i64, String)>()? {
        after = format!(" and order_id < {}", bind(id.into()));
    }
    let order = if by_update {
        "updated_at, order_id"
    } else {
        "order_id desc"
    };
    let (limit, offset) = (bind(paging.limit().into()), bind(paging.offset().into()));
    let sql = format!("{TAB}{wanted}{after} order by {order} limit {limit} offset {offset}");
    let sql = sql.replacen("refunded\n", "refunded, updated_at\n", 1);
    Ok((sql, params))
}

fn add_lines(read: &mut Read, tabs: &mut [Tab]) -> Result<()> {
    let ids: Vec<OrderId> = tabs.iter().map(|tab| tab.id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    for (order, line) in lines(read, &ids)? {
        if let Some(tab) = tabs.iter_mut().find(|tab| tab.id == order) {
            tab.lines.push(line);
        }
    }
    Ok(())
}

/// The statement of [`newest_of`], and what it is bound to.
pub fn newest(customer: CustomerId, venue: Option<VenueId>, limit: i64) -> (String, Vec<Value>) {
    let mut params = params![customer, limit].to_vec();
    let at = venue.map_or("", |venue| {
        params.push(venue.into());
        " and venue_id = $4"
    });
    let sql = format!("{TAB}{OF_CUSTOMER}$2){at} order by order_id desc limit $3");
    (sql, params)
}

/// The newest orders of a customer, at one venue or at all.
pub fn newest_of(
    read: &mut Read,
    customer: CustomerId,
    venue: Option<VenueId>,
    limit: i64,
) -> Result<Vec<Tab>> {
    let (sql, params) = newest(customer, venue, limit);
    let rows = read.query(&sql, &params)?;
    let mut tabs = rows.iter().map(tab).collect::<Result<Vec<Tab>>>()?;
    add_lines(read, &mut tabs)?;
    Ok(tabs)
}
