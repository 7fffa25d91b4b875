use std::collections::BTreeSet;

use crate::customers::search::FoundCustomer;
use crate::hall::error::Result;
use crate::hall::id::{CustomerId, VenueId};
use crate::hall::store::{Read, Row, Tx, Value};
use crate::params;

/// Terms written by one statement; one text serves all, so a shorter rest repeats its last.
const CHUNK: usize = 16;

/// Writes what is new and removes what is no more.
pub fn change(
    tx: &mut Tx,
    id: CustomerId,
    before: &[String],
    after: &BTreeSet<String>,
) -> Result<()> {
    let gone: Vec<&String> = before
        .iter()
        .filter(|term| !after.contains(*term))
        .collect();
    let new: Vec<&String> = after.iter().filter(|term| !before.contains(term)).collect();
    let places = |from: usize, join: &str, shape: &dyn Fn(usize) -> String| {
        let all: Vec<String> = (from..from + CHUNK).map(shape).collect();
        all.join(join)
    };
    for chunk in gone.chunks(CHUNK) {
        let list = places(3, ", ", &|place| format!("${place}"));
        let sql = format!(
            "delete from customer_terms where tenant_id = $1 and customer_id = $2 and term in ({list})"
        );
        tx.queue(&sql, &padded(id, chunk))?;
    }
    for chunk in new.chunks(CHUNK) {
        let rows = places(3, ", ", &|place| format!("($1, $2, ${place})"));
        let sql = format!(
            "insert into customer_terms (tenant_id, customer_id, term) values {rows}
             on conflict (tenant_id, term, customer_id) do nothing"
        );
        tx.queue(&sql, &padded(id, chunk))?;
    }
    Ok(())
}

fn padded(id: CustomerId, chunk: &[&String]) -> Vec<Value> {
    let mut values = vec![Value::from(id)];
    let last = chunk.len().saturating_sub(1);
    values.extend((0..CHUNK).map(|place| Value::from(chunk[place.min(last)])));
    values
}

/// A term and whose it is.
pub type Hit = (String, CustomerId);

/// Terms from `$2` up to but not including `$3`, in order.
pub const RANGE: &str = "select term, customer_id from customer_terms
     where tenant_id = $1 and term >= $2 and term < $3 order by term, customer_id limit $4";

pub fn in_range(read: &mut Read, low: &str, high: &str, limit: i64) -> Result<Vec<Hit>> {
    let rows = read.query(RANGE, params![low, high, limit])?;
    rows.iter()
        .map(|row| Ok((row.get(0)?, row.get(1)?)))
        .collect()
}

/// Rows of the first word that are asked for the others.
const ASKED_MAX: i64 = 3_000;
/// Terms near one word: twice its letters and two more, for a word of 30.
const NEAR_MAX: usize = 64;

/// Those whom each range finds (some more than once: `distinct` would lure SQLite into reading the chain's
/// whole index in the order of customers), and one of `near` where it is given: that one, or else the first range, is
/// looked up, and the rest asked of at most [`ASKED_MAX`] rows that it finds.
pub fn all_of(
    read: &mut Read,
    near: Option<&BTreeSet<String>>,
    ranges: &[(String, String)],
    limit: i64,
) -> Result<Vec<CustomerId>> {
    let (sql, values) = asking_all(near, ranges, limit);
    let rows = read.query(&sql, &values)?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// The statement of [`all_of`], also for the tests that read its plan.
pub fn asking_all(
    near: Option<&BTreeSet<String>>,
    ranges: &[(String, String)],
    limit: i64,
) -> (String, Vec<Value>) {
    let alone = ranges.len() + usize::from(near.is_some()) < 2;
    let asked_max = if alone { limit } else { ASKED_MAX };
    let mut values = params![limit, asked_max].to_vec();
    let mut bind = |value: &str| {
        values.push(Value::from(value));
        format!("${}", values.len() + 1)
    };
    let mut rest = ranges.iter();
    let first = if let Some(near) = near {
        let all: Vec<&String> = near.iter().collect();
        let places: Vec<String> = (0..NEAR_MAX)
            .filter_map(|place| all.get(place.min(all.len().saturating_sub(1))))
            .map(|term| bind(term))
            .collect();
        format!("term in ({})", places.join(", "))
    } else {
        let (low, high) = rest.next().cloned().unwrap_or_default();
        format!("term >= {} and term < {}", bind(&low), bind(&high))
    };
    let others: Vec<String> = rest
        .map(|(low, high)| {
            format!(
                "exists (select 1 from customer_terms o where o.tenant_id = $1
                   and o.customer_id = d.customer_id and o.term >= {} and o.term < {})",
                bind(low),
                bind(high)
            )
        })
        .collect();
    let asked = if others.is_empty() { "" } else { "where" };
    let sql = format!(
        "select d.customer_id from (select customer_id from customer_terms
           where tenant_id = $1 and {first} limit $3) d {asked} {} limit $2",
        others.join(" and ")
    );
    (sql, values)
}

const FOUND: &str =
    "c.customer_id, c.first_name, c.last_name, c.email, c.phone, c.tags, c.group_id,
    c.loyalty_points, c.total_visits, c.last_visit_at, c.last_seen_at, c.tier";

fn found_customer(row: &Row) -> Result<FoundCustomer> {
    Ok(FoundCustomer {
        id: row.get(0)?,
        first_name: row.get(1)?,
        last_name: row.get(2)?,
        email: row.get(3)?,
        phone: row.get(4)?,
        tags: row.json(5)?,
        customer_group_id: row.get(6)?,
        loyalty_points: row.get(7)?,
        total_visits: row.get(8)?,
        last_visit_at: row.get(9)?,
        tier: row.get(11)?,
    })
}

/// Ids in one list of a statement; one text serves all, so a shorter rest repeats its last.
const FOUND_AT_ONCE: usize = 50;

/// The active ones of these, with when they were seen last.
pub fn found(read: &mut Read, ids: &[CustomerId]) -> Result<Vec<(FoundCustomer, i64)>> {
    let places: Vec<String> = (2..2 + FOUND_AT_ONCE)
        .map(|place| format!("${place}"))
        .collect();
    let sql = format!(
        "select {FOUND} from customers c
         where c.tenant_id = $1 and c.archived_at is null and c.customer_id in ({})",
        places.join(", ")
    );
    let mut found = Vec::new();
    for chunk in ids.chunks(FOUND_AT_ONCE) {
        let padded: Vec<Value> = (0..FOUND_AT_ONCE)
            .map(|place| Value::from(chunk[place.min(chunk.len() - 1)]))
            .collect();
        for row in read.query(&sql, &padded)? {
            found.push((found_customer(&row)?, row.get(10)?));
        }
    }
    Ok(found)
}

pub fn recent(read: &mut Read, venue: VenueId, limit: usize) -> Result<Vec<FoundCustomer>> {
    let sql = format!(
        "select {FOUND} from customer_venues v join customers c
           on c.tenant_id = v.tenant_id and c.customer_id = v.customer_id
         where v.tenant_id = $1 and v.venue_id = $2 and c.archived_at is null
         order by v.last_seen_at desc, v.customer_id desc limit $3"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = read.query(&sql, params![venue, limit])?;
    rows.iter().map(found_customer).collect()
}
