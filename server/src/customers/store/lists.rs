use jiff::Timestamp;

use super::profiles::{COLUMNS, customer};
use crate::customers::list::{Asked, Key, Sort, Spender};
use crate::customers::profile::Customer;
use crate::customers::search::Needle;
use crate::hall::error::{Error, Result};
use crate::hall::id::{CustomerId, VenueId};
use crate::hall::money::Money;
use crate::hall::page::{COUNT_MAX, Paging};
use crate::hall::store::{Read, Row, Value};
use crate::params;

/// Customers that figures are summed over: about a tenth of a second.
pub const SUMMED_MAX: i64 = 100_000;
const TOP_SPENDERS: i64 = 5;

pub fn sorts_by_text(sort: Sort) -> bool {
    matches!(
        sort,
        Sort::Name | Sort::NameDown | Sort::Created | Sort::CreatedDown
    )
}

/// A statement that grows: fixed pieces, and values that are bound.
struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    /// The place of one more value; `$1` is the tenant.
    fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len() + 1)
    }
}

/// The column that a list is sorted by, the id that breaks ties, and whether it goes down.
fn order(asked: &Asked) -> (&'static str, &'static str, bool) {
    let here = asked.venue.is_some();
    match asked.sort {
        Sort::Name => ("c.sort_name", "c.customer_id", false),
        Sort::NameDown => ("c.sort_name", "c.customer_id", true),
        // Ids are in the order of their making.
        Sort::Created => ("c.customer_id", "c.customer_id", false),
        Sort::CreatedDown => ("c.customer_id", "c.customer_id", true),
        Sort::Updated => ("c.updated_at", "c.customer_id", false),
        Sort::UpdatedDown => ("c.updated_at", "c.customer_id", true),
        Sort::Seen if here => ("v.last_seen_at", "v.customer_id", false),
        Sort::SeenDown if here => ("v.last_seen_at", "v.customer_id", true),
        Sort::Spent if here => ("v.total_spent", "v.customer_id", false),
        Sort::SpentDown if here => ("v.total_spent", "v.customer_id", true),
        Sort::Seen => ("c.last_seen_at", "c.customer_id", false),
        Sort::SeenDown => ("c.last_seen_at", "c.customer_id", true),
        Sort::Spent => ("c.total_spent", "c.customer_id", false),
        Sort::SpentDown => ("c.total_spent", "c.customer_id", true),
    }
}

/// `from … where …` of all that is asked for.
fn found(asked: &Asked) -> Sql {
    let mut sql = Sql {
        text: String::new(),
        values: Vec::new(),
    };
    sql.text = match asked.venue {
        None => "from customers c where c.tenant_id = $1".into(),
        Some(venue) => {
            let venue = sql.bind(venue);
            let by_venue = order(asked).0.starts_with("v.");
            if by_venue {
                format!(
                    "from customer_venues v join customers c
                       on c.tenant_id = v.tenant_id and c.customer_id = v.customer_id
                     where v.tenant_id = $1 and v.venue_id = {venue}"
                )
            } else {
                format!(
                    "from customers c where c.tenant_id = $1 and exists (
                       select 1 from customer_venues v where v.tenant_id = $1
                         and v.venue_id = {venue} and v.customer_id = c.customer_id)"
                )
            }
        }
    };
    sql.text += if asked.active {
        " and c.archived_at is null"
    } else {
        " and c.archived_at is not null"
    };
    if let Some(group) = asked.group {
        let group = sql.bind(group);
        sql.text += &format!(" and c.group_id = {group}");
    }
    if let Some(since) = asked.updated_since {
        let since = sql.bind(since);
        sql.text += &format!(" and c.updated_at >= {since}");
    }
    for tag in &asked.tags {
        let tag = sql.bind(tag);
        sql.text += &format!(
            " and c.customer_id in (select customer_id from customer_terms
               where tenant_id = $1 and term = {tag})"
        );
    }
    for needle in &asked.needles {
        let parts = matching(&mut sql, needle);
        sql.text += &format!(" and c.customer_id in ({parts})");
    }
    sql
}

/// The customers whom one word of the search finds.
fn matching(sql: &mut Sql, needle: &Needle) -> String {
    const TERMS: &str = "select customer_id from customer_terms where tenant_id = $1 and";
    match needle {
        Needle::Ranges(ranges) => {
            let parts: Vec<String> = ranges
                .iter()
                .map(|(low, high)| {
                    let (low, high) = (sql.bind(low), sql.bind(high));
                    format!("{TERMS} term >= {low} and term < {high}")
                })
                .collect();
            parts.join(" union all ")
        }
        Needle::Terms(terms) => {
            let places: Vec<String> = terms.iter().map(|term| sql.bind(term)).collect();
            format!("{TERMS} term in ({})", places.join(", "))
        }
    }
}

pub fn count(read: &mut Read, asked: &Asked) -> Result<u64> {
    let mut sql = found(asked);
    let limit = sql.bind(i64::try_from(COUNT_MAX + 1).unwrap_or(i64::MAX));
    let text = format!(
        "select count(*) from (select 1 {} limit {limit}) counted",
        sql.text
    );
    let counted: i64 = read.one(&text, &sql.values)?.get(0)?;
    u64::try_from(counted).map_err(Error::bug)
}

pub fn list(
    read: &mut Read,
    asked: &Asked,
    after: Option<&(Key, CustomerId)>,
    paging: &Paging,
) -> Result<Vec<(Customer, Key)>> {
    let (text, values) = listing(asked, after, paging.limit(), paging.offset());
    let rows = read.query(&text, &values)?;
    rows.iter()
        .map(|row| Ok((customer(row)?, key(row)?)))
        .collect()
}

/// The statement of [`list`], also for the tests that read its plan.
pub fn listing(
    asked: &Asked,
    after: Option<&(Key, CustomerId)>,
    limit: i64,
    offset: i64,
) -> (String, Vec<Value>) {
    let (column, id, down) = order(asked);
    let mut sql = found(asked);
    let (sign, direction) = if down { ("<", " desc") } else { (">", "") };
    if let Some((key, after)) = after {
        let (key, after) = (sql.bind(key.clone()), sql.bind(after));
        sql.text += &format!(" and ({column}, {id}) {sign} ({key}, {after})");
    }
    let (limit, offset) = (sql.bind(limit), sql.bind(offset));
    let rest = &sql.text;
    // The tenant's one row is asked for by itself: a join could lead the planner off the index.
    let columns = COLUMNS.replace(
        "t.currency",
        "(select currency from tenants where tenant_id = $1)",
    );
    let text = format!(
        "select {columns}, {column} {rest} order by {column}{direction}, {id}{direction}
         limit {limit} offset {offset}"
    );
    (text, sql.values)
}

/// The sort key, which stands after the columns of the customer.
fn key(row: &Row) -> Result<Key> {
    match row.values().last() {
        Some(Value::Int(n)) => Ok(Key::Int(*n)),
        Some(Value::Text(text)) => Ok(Key::Text(text.clone())),
        _ => Err(Error::bug("a list is sorted by a number or a text")),
    }
}

impl From<Key> for Value {
    fn from(key: Key) -> Value {
        match key {
            Key::Int(n) => Value::Int(n),
            Key::Text(text) => Value::Text(text),
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Sums {
    pub customers: i64,
    pub active: i64,
    pub new: i64,
    pub came: i64,
    pub came_again: i64,
    pub spent: i64,
    pub paid: i64,
}

/// Over the customers seen last, at most [`SUMMED_MAX`].
pub fn sums(
    read: &mut Read,
    venue: Option<VenueId>,
    active_since: Timestamp,
    month: Timestamp,
) -> Result<Sums> {
    let seen = match venue {
        None => {
            "select last_visit_at, total_visits, total_spent, paid_orders, created_at from customers
             where tenant_id = $1 and archived_at is null and cast($5 as text) is null
             order by last_seen_at desc limit $4"
        }
        Some(_) => {
            "select v.last_visit_at, v.total_visits, v.total_spent, v.paid_orders, c.created_at
             from customer_venues v join customers c
               on c.tenant_id = v.tenant_id and c.customer_id = v.customer_id
             where v.tenant_id = $1 and v.venue_id = $5 and c.archived_at is null
             order by v.last_seen_at desc limit $4"
        }
    };
    let one = |when: &str| {
        format!("cast(coalesce(sum(case when {when} then 1 else 0 end), 0) as bigint)")
    };
    let sql = format!(
        "select count(*), {}, {}, {}, {}, cast(coalesce(sum(total_spent), 0) as bigint), {}
         from ({seen}) seen",
        one("last_visit_at >= $2"),
        one("created_at >= $3"),
        one("total_visits >= 1"),
        one("total_visits >= 2"),
        one("paid_orders >= 1"),
    );
    let row = read.one(&sql, params![active_since, month, SUMMED_MAX, venue])?;
    Ok(Sums {
        customers: row.get(0)?,
        active: row.get(1)?,
        new: row.get(2)?,
        came: row.get(3)?,
        came_again: row.get(4)?,
        spent: row.get(5)?,
        paid: row.get(6)?,
    })
}

/// How many active customers have the term, counted to [`SUMMED_MAX`].
pub fn tagged(read: &mut Read, venue: Option<VenueId>, term: &str) -> Result<i64> {
    let at_venue = match venue {
        None => "cast($4 as text) is null",
        Some(_) => {
            "exists (select 1 from customer_venues v where v.tenant_id = $1 and v.venue_id = $4
               and v.customer_id = c.customer_id)"
        }
    };
    let sql = format!(
        "select count(*) from (
           select 1 from customer_terms w join customers c
             on c.tenant_id = w.tenant_id and c.customer_id = w.customer_id
           where w.tenant_id = $1 and w.term = $2 and c.archived_at is null and {at_venue}
           limit $3) counted"
    );
    read.one(&sql, params![term, SUMMED_MAX, venue])?.get(0)
}

pub fn top_spenders(
    read: &mut Read,
    venue: Option<VenueId>,
    currency: &str,
) -> Result<Vec<Spender>> {
    let sql = match venue {
        None => {
            "select customer_id, first_name, last_name, total_visits, total_spent from customers
             where tenant_id = $1 and archived_at is null and total_spent > 0
               and cast($3 as text) is null
             order by total_spent desc, customer_id desc limit $2"
        }
        Some(_) => {
            "select v.customer_id, c.first_name, c.last_name, v.total_visits, v.total_spent
             from customer_venues v join customers c
               on c.tenant_id = v.tenant_id and c.customer_id = v.customer_id
             where v.tenant_id = $1 and v.venue_id = $3 and c.archived_at is null
               and v.total_spent > 0
             order by v.total_spent desc, v.customer_id desc limit $2"
        }
    };
    let rows = read.query(sql, params![TOP_SPENDERS, venue])?;
    rows.iter()
        .map(|row| {
            Ok(Spender {
                id: row.get(0)?,
                first_name: row.get(1)?,
                last_name: row.get(2)?,
                total_visits: row.get(3)?,
                total_spent: Money::of(row.get(4)?, currency),
            })
        })
        .collect()
}
