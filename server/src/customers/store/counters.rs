use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::customers::counters::{Brief, Contact, Lapsed, Ledgered, Purse};
use crate::hall::error::Result;
use crate::hall::filter::places;
use crate::hall::id::{CustomerId, VenueId};
use crate::hall::store::{Read, Row, Tx, Value};
use crate::params;

/// How many things the visit has left behind now. One that had been undone begins anew.
pub fn join_visit(
    tx: &mut Tx,
    customer: CustomerId,
    venue: VenueId,
    day: Date,
    purchase: &str,
    at: Timestamp,
) -> Result<i64> {
    let row = tx.first(
        "insert into visits (tenant_id, customer_id, business_day, venue_id, at, purchases, opened_by)
         values ($1, $2, $3, $4, $5, 1, $6)
         on conflict (tenant_id, customer_id, business_day, venue_id) do update set
           purchases = visits.purchases + 1,
           at = case when visits.purchases = 0 then excluded.at else visits.at end,
           opened_by = case when visits.purchases = 0 then excluded.opened_by else visits.opened_by end
         returning purchases",
        params![customer, day, venue, at, purchase],
    )?;
    row.map_or(Ok(0), |row| row.get(0))
}

/// What the visit still left behind, and what opened it; `None` where there is no such visit.
pub fn leave_visit(
    tx: &mut Tx,
    customer: CustomerId,
    venue: VenueId,
    day: Date,
) -> Result<Option<(i64, Option<String>)>> {
    let row = tx.first(
        "update visits set purchases = purchases - 1
         where tenant_id = $1 and customer_id = $2 and business_day = $3 and venue_id = $4
           and purchases > 0
         returning purchases, opened_by",
        params![customer, day, venue],
    )?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// First and last are looked up in what remains; who never was there was last seen when they became known.
pub fn subtract_visit(tx: &mut Tx, customer: CustomerId, venue: VenueId) -> Result<()> {
    tx.queue(
        "update customers set total_visits = total_visits - 1,
           first_visit_at = (select min(v.at) from visits v
             where v.tenant_id = $1 and v.customer_id = $2 and v.purchases > 0),
           last_visit_at = (select max(v.at) from visits v
             where v.tenant_id = $1 and v.customer_id = $2 and v.purchases > 0),
           last_seen_at = coalesce((select max(v.at) from visits v
             where v.tenant_id = $1 and v.customer_id = $2 and v.purchases > 0), created_at)
         where tenant_id = $1 and customer_id = $2",
        params![customer],
    )?;
    tx.queue(
        "update customer_venues set total_visits = total_visits - 1,
           first_visit_at = (select min(v.at) from visits v
             where v.tenant_id = $1 and v.customer_id = $3 and v.venue_id = $2 and v.purchases > 0),
           last_visit_at = (select max(v.at) from visits v
             where v.tenant_id = $1 and v.customer_id = $3 and v.venue_id = $2 and v.purchases > 0),
           last_seen_at = coalesce((select max(v.at) from visits v
             where v.tenant_id = $1 and v.customer_id = $3 and v.venue_id = $2 and v.purchases > 0),
             (select c.created_at from customers c where c.tenant_id = $1 and c.customer_id = $3))
         where tenant_id = $1 and venue_id = $2 and customer_id = $3",
        params![venue, customer],
    )
}

/// History may come in any order, so first and last are compared and not set.
pub fn add_visit(tx: &mut Tx, customer: CustomerId, venue: VenueId, at: Timestamp) -> Result<()> {
    tx.queue(
        "update customers set total_visits = total_visits + 1,
           first_visit_at = case when first_visit_at < $3 then first_visit_at else $3 end,
           last_visit_at = case when last_visit_at > $3 then last_visit_at else $3 end,
           last_seen_at = case when last_visit_at > $3 then last_seen_at else $3 end
         where tenant_id = $1 and customer_id = $2",
        params![customer, at],
    )?;
    tx.queue(
        "insert into customer_venues (tenant_id, venue_id, customer_id, total_visits,
           first_visit_at, last_visit_at, last_seen_at)
         values ($1, $2, $3, 1, $4, $4, $4)
         on conflict (tenant_id, venue_id, customer_id) do update set
           total_visits = customer_venues.total_visits + 1,
           first_visit_at = case when customer_venues.first_visit_at < $4
             then customer_venues.first_visit_at else $4 end,
           last_visit_at = case when customer_venues.last_visit_at > $4
             then customer_venues.last_visit_at else $4 end,
           last_seen_at = case when customer_venues.last_visit_at > $4
             then customer_venues.last_seen_at else $4 end",
        params![venue, customer, at],
    )
}

pub fn brief(read: &mut Read, customer: CustomerId) -> Result<Option<Brief>> {
    let row = read.first(
        "select group_id, paid_orders, loyalty_points, archived_at, merged_into from customers
         where tenant_id = $1 and customer_id = $2",
        params![customer],
    )?;
    let brief = row.map(|row| {
        Ok(Brief {
            group_id: row.get(0)?,
            paid_orders: row.get(1)?,
            loyalty_points: row.get(2)?,
            is_archived: row.get::<Option<Timestamp>>(3)?.is_some(),
            merged_into: row.get(4)?,
        })
    });
    brief.transpose()
}

pub fn add_paid_order(
    tx: &mut Tx,
    customer: CustomerId,
    venue: VenueId,
    amount: i64,
    at: Timestamp,
) -> Result<()> {
    tx.queue(
        "update customers set paid_orders = paid_orders + 1, total_spent = total_spent + $3
         where tenant_id = $1 and customer_id = $2",
        params![customer, amount],
    )?;
    tx.queue(
        "insert into customer_venues
           (tenant_id, venue_id, customer_id, last_seen_at, paid_orders, total_spent)
         values ($1, $2, $3, $4, 1, $5)
         on conflict (tenant_id, venue_id, customer_id) do update set
           paid_orders = customer_venues.paid_orders + 1,
           total_spent = customer_venues.total_spent + $5",
        params![venue, customer, at, amount],
    )
}

pub fn subtract_paid(
    tx: &mut Tx,
    customer: CustomerId,
    venue: VenueId,
    amount: i64,
    orders: i64,
) -> Result<()> {
    tx.queue(
        "update customers set paid_orders = paid_orders - $4, total_spent = total_spent - $3
         where tenant_id = $1 and customer_id = $2",
        params![customer, amount, orders],
    )?;
    tx.queue(
        "update customer_venues set paid_orders = paid_orders - $5, total_spent = total_spent - $4
         where tenant_id = $1 and venue_id = $2 and customer_id = $3",
        params![venue, customer, amount, orders],
    )
}

pub fn wear_tier(tx: &mut Tx, customer: CustomerId, name: Option<&str>) -> Result<()> {
    tx.queue(
        "update customers set tier = $3
         where tenant_id = $1 and customer_id = $2 and coalesce(tier, '') <> coalesce($3, '')",
        params![customer, name],
    )
}

pub fn purse(read: &mut Read, customer: CustomerId) -> Result<Option<Purse>> {
    let row = read.first(
        "select loyalty_points, points_debt, points_held, ledger_rows, points_end_at from customers
         where tenant_id = $1 and customer_id = $2",
        params![customer],
    )?;
    row.as_ref().map(as_purse).transpose()
}

fn as_purse(row: &Row) -> Result<Purse> {
    Ok(Purse {
        balance: row.get(0)?,
        debt: row.get(1)?,
        held: row.get(2)?,
        ledger_rows: row.get(3)?,
        ends_at: row.get(4)?,
    })
}

/// Customers of one statement, so that its values stay within what both stores bind.
const CHUNK: usize = 500;

pub fn purses(read: &mut Read, customers: &[CustomerId]) -> Result<HashMap<CustomerId, Purse>> {
    let mut all = HashMap::with_capacity(customers.len());
    for chunk in customers.chunks(CHUNK) {
        let sql = format!(
            "select loyalty_points, points_debt, points_held, ledger_rows, points_end_at, customer_id from customers
             where tenant_id = $1 and customer_id in ({})",
            places(2, chunk.len())
        );
        let params: Vec<Value> = chunk.iter().map(Value::from).collect();
        for row in read.query(&sql, &params)? {
            all.insert(row.get(5)?, as_purse(&row)?);
        }
    }
    Ok(all)
}

pub fn contacts(read: &mut Read, customers: &[CustomerId]) -> Result<HashMap<CustomerId, Contact>> {
    let mut all = HashMap::with_capacity(customers.len());
    for chunk in customers.chunks(CHUNK) {
        let sql = format!(
            "select email, phone, language, customer_id from customers
             where tenant_id = $1 and archived_at is null and customer_id in ({})",
            places(2, chunk.len())
        );
        let params: Vec<Value> = chunk.iter().map(Value::from).collect();
        for row in read.query(&sql, &params)? {
            let contact = Contact {
                email: row.get(0)?,
                phone: row.get(1)?,
                language: row.get(2)?,
            };
            all.insert(row.get(3)?, contact);
        }
    }
    Ok(all)
}

/// Values that one `update … from (values …)` joins. Given more than about a hundred, SQLite walks the whole table and
/// looks each row up among the values.
const JOINED: usize = 50;

pub const POINTS_DUE: &str = "select customer_id from customers
     where tenant_id = $1 and points_end_at is not null and points_end_at <= $2
     order by points_end_at limit $3";

pub fn points_due(read: &mut Read, at: Timestamp, limit: i64) -> Result<Vec<CustomerId>> {
    let rows = read.query(POINTS_DUE, params![at, limit])?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Whether each of them had as many ledger rows as was said.
pub fn expire_points(tx: &mut Tx, lapsed: &[Lapsed]) -> Result<bool> {
    for chunk in lapsed.chunks(JOINED) {
        let (mut rows, mut params) = (Vec::with_capacity(chunk.len()), Vec::new());
        for one in chunk {
            let at = params.len() + 2;
            rows.push(format!(
                "(cast(${at} as text), cast(${} as bigint), cast(${} as bigint), cast(${} as bigint))",
                at + 1,
                at + 2,
                at + 3
            ));
            params.extend_from_slice(params![one.customer, one.seen, one.points, one.next]);
        }
        let sql = format!(
            "update customers set loyalty_points = loyalty_points - v.column3,
               ledger_rows = ledger_rows + case when v.column3 > 0 then 1 else 0 end, points_end_at = v.column4
             from (values {}) as v
             where customers.tenant_id = $1 and customers.customer_id = v.column1
               and customers.ledger_rows = v.column2
               and customers.loyalty_points + customers.points_debt >= v.column3",
            rows.join(", ")
        );
        if usize::try_from(tx.exec(&sql, &params)?).ok() != Some(chunk.len()) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// No open lot of the customer ends before `at`, or before it did.
pub fn end_points_by(tx: &mut Tx, customer: CustomerId, at: Timestamp) -> Result<()> {
    tx.queue(
        "update customers set points_end_at = $3
         where tenant_id = $1 and customer_id = $2 and (points_end_at is null or points_end_at > $3)",
        params![customer, at],
    )
}

/// The ledger row, and when what was open ends. Debt is what the balance is below zero, whoever comes first (L02).
pub fn add_points(
    tx: &mut Tx,
    customer: CustomerId,
    points: i64,
) -> Result<Option<(Ledgered, Option<Timestamp>)>> {
    let row = tx.first(
        "update customers set loyalty_points = loyalty_points + $3, ledger_rows = ledger_rows + 1,
           points_debt = case when points_debt > $3 then points_debt - $3 else 0 end
         where tenant_id = $1 and customer_id = $2
         returning ledger_rows, loyalty_points, points_end_at",
        params![customer, points],
    )?;
    row.map(|row| {
        let moved = Ledgered {
            seq: row.get(0)?,
            balance: row.get(1)?,
        };
        Ok((moved, row.get(2)?))
    })
    .transpose()
}

/// As [`add_points`]; `None` where the ledger has other than `seen` rows, or the open lots (balance + debt) or the
/// debt would fall below zero.
pub fn move_points(
    tx: &mut Tx,
    customer: CustomerId,
    seen: i64,
    points: i64,
    debt: i64,
) -> Result<Option<(i64, i64)>> {
    let row = tx.first(
        "update customers set loyalty_points = loyalty_points + $4,
           points_debt = points_debt + $5, ledger_rows = ledger_rows + 1
         where tenant_id = $1 and customer_id = $2 and ledger_rows = $3 and points_debt + $5 >= 0
           and loyalty_points + $4 + points_debt + $5 >= 0
         returning ledger_rows, loyalty_points",
        params![customer, seen, points, debt],
    )?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// What a purchase holds itself it may take although, since points ended meanwhile, others hold more than there is.
pub fn spend_points(
    tx: &mut Tx,
    customer: CustomerId,
    seen: i64,
    live: i64,
    points: i64,
    own: i64,
) -> Result<Option<(i64, i64)>> {
    let row = tx.first(
        "update customers set loyalty_points = loyalty_points - $5,
           points_held = points_held - $6, ledger_rows = ledger_rows + 1
         where tenant_id = $1 and customer_id = $2 and ledger_rows = $3 and points_held >= $6
           and $5 <= loyalty_points + points_debt
           and ($5 <= $6 or points_held - $6 + $5 <= $4)
         returning ledger_rows, loyalty_points",
        params![customer, seen, live, points, own],
    )?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

pub fn hold_points(
    tx: &mut Tx,
    customer: CustomerId,
    seen: i64,
    live: i64,
    more: i64,
) -> Result<bool> {
    let held = tx.exec(
        "update customers set points_held = points_held + $5
         where tenant_id = $1 and customer_id = $2 and ledger_rows = $3 and points_held + $5 <= $4",
        params![customer, seen, live, more],
    )?;
    Ok(held == 1)
}

pub fn release_points(tx: &mut Tx, customer: CustomerId, points: i64) -> Result<()> {
    tx.queue(
        "update customers set points_held = points_held - $3 where tenant_id = $1 and customer_id = $2",
        params![customer, points],
    )
}

pub fn has_visited(
    read: &mut Read,
    customer: CustomerId,
    venue: VenueId,
    business_day: Date,
) -> Result<bool> {
    let row = read.first(
        "select at from visits
         where tenant_id = $1 and customer_id = $2 and business_day = $3 and venue_id = $4
           and purchases > 0",
        params![customer, business_day, venue],
    )?;
    Ok(row.is_some())
}
