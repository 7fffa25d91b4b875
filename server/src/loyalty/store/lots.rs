//! Lots, and which of them a redemption took.

use std::collections::HashMap;

use engine::points::{FromLot, Lot};
use jiff::Timestamp;

use crate::hall::error::{Error, OnViolation as _, Result};
use crate::hall::id::{CustomerId, LotId};
use crate::hall::store::{FromValue, Read, Row, Tx, Value};
use crate::loyalty::reminders;
use crate::params;

/// Lots of one statement, so that its values stay within what both stores bind.
const CHUNK: usize = 500;

/// A lot as it is opened.
pub struct NewLot {
    pub customer: CustomerId,
    /// The row that opens it.
    pub seq: i64,
    pub earned_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub earned: i64,
    pub settled: i64,
    /// Days before its end on which its owner is told next; 0 where nobody is.
    pub reminder_days: i64,
}

pub fn open_lot(tx: &mut Tx, id: LotId, lot: &NewLot) -> Result<()> {
    tx.queue(
        "insert into points_lots (tenant_id, customer_id, lot_id, ledger_seq, earned_at, expires_at, earned, open,
           settled, reminder_days)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        params![
            lot.customer,
            id,
            lot.seq,
            lot.earned_at,
            lot.expires_at,
            lot.earned,
            lot.earned - lot.settled,
            lot.settled,
            lot.reminder_days
        ],
    )
}

/// Points in lots that have not lapsed.
pub fn live(read: &mut Read, customer: CustomerId, at: Timestamp) -> Result<i64> {
    read.one(
        "select coalesce(cast(sum(open) as bigint), 0) from points_lots
         where tenant_id = $1 and customer_id = $2 and open > 0 and (expires_at is null or expires_at > $3)",
        params![customer, at],
    )?
    .get(0)
}

/// The open lots that end soonest, as many as `points` take; of those that have not lapsed at `live_at`, where that
/// is asked.
pub fn soonest(
    read: &mut Read,
    customer: CustomerId,
    points: i64,
    live_at: Option<Timestamp>,
) -> Result<Vec<Lot>> {
    let rows = read.query(
        "select lot_id, expires_at, earned, open, redeemed, expired, reversed, moved, settled, adjusted, owed, unearned
         from (select lot_id, expires_at, earned, open, redeemed, expired, reversed, moved, settled, adjusted, owed,
                 unearned,
                 cast(sum(open) over (order by case when expires_at is null then 1 else 0 end, expires_at, lot_id)
                   as bigint) - open as sooner
               from points_lots
               where tenant_id = $1 and customer_id = $2 and open > 0
                 and (expires_at is null or expires_at > $4)) as l
         where sooner < cast($3 as bigint)
         order by case when expires_at is null then 1 else 0 end, expires_at, lot_id",
        params![customer, points, live_at.map_or(i64::MIN, Timestamp::as_microsecond)],
    )?;
    rows.iter().map(|row| lot(row, 0)).collect()
}

/// The lots that these rows of the ledger opened.
pub fn opened_by(read: &mut Read, customer: CustomerId, seqs: &[i64]) -> Result<Vec<(i64, Lot)>> {
    if seqs.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "select ledger_seq, lot_id, expires_at, earned, open, redeemed, expired, reversed, moved, settled, adjusted,
           owed, unearned
         from points_lots where tenant_id = $1 and customer_id = $2 and ledger_seq in ({})",
        crate::hall::filter::places(3, seqs.len())
    );
    let mut params = params![customer].to_vec();
    params.extend(seqs.iter().map(|seq| Value::from(*seq)));
    let rows = read.query(&sql, &params)?;
    rows.iter()
        .map(|row| Ok((row.get(0)?, lot(row, 1)?)))
        .collect()
}

/// What a redemption took of a lot and has not been given back.
pub struct Use {
    pub seq: i64,
    pub points: i64,
    pub lot: Lot,
}

/// Of all redemptions of a purchase; the lot that lives longest first, as it was taken last.
pub fn uses(read: &mut Read, customer: CustomerId, purchase: &str) -> Result<Vec<Use>> {
    let rows = read.query(
        "select u.ledger_seq, u.points - u.restored, l.lot_id, l.expires_at, l.earned, l.open, l.redeemed, l.expired,
           l.reversed, l.moved, l.settled, l.adjusted, l.owed, l.unearned
         from points_ledger r
         join points_uses u on u.tenant_id = r.tenant_id and u.customer_id = r.customer_id and u.ledger_seq = r.seq
         join points_lots l on l.tenant_id = u.tenant_id and l.customer_id = u.customer_id and l.lot_id = u.lot_id
         where r.tenant_id = $1 and r.cause_id = $3 and r.customer_id = $2 and r.kind = 'REDEEM'
           and u.restored < u.points
         order by u.ledger_seq desc, case when l.expires_at is null then 0 else 1 end, l.expires_at desc,
           l.lot_id desc",
        params![customer, purchase],
    )?;
    rows.iter()
        .map(|row| {
            Ok(Use {
                seq: row.get(0)?,
                points: row.get(1)?,
                lot: lot(row, 2)?,
            })
        })
        .collect()
}

fn lot(row: &Row, from: usize) -> Result<Lot> {
    Ok(Lot {
        id: row.get::<String>(from)?.into(),
        expires_at: row.get(from + 1)?,
        earned: row.get(from + 2)?,
        open: row.get(from + 3)?,
        redeemed: row.get(from + 4)?,
        expired: row.get(from + 5)?,
        reversed: row.get(from + 6)?,
        moved: row.get(from + 7)?,
        settled: row.get(from + 8)?,
        adjusted: row.get(from + 9)?,
        owed: row.get(from + 10)?,
        unearned: row.get(from + 11)?,
    })
}

/// Writes what became of lots that were (`.0`) and are to be (`.1`).
///
/// # Errors
/// `Again` where one of them is not as it was.
pub fn change(tx: &mut Tx, customer: CustomerId, lots: &[(&Lot, &Lot)]) -> Result<()> {
    const COLUMNS: usize = 14;
    let now = tx.now();
    for chunk in lots.chunks(CHUNK) {
        let mut params = params![customer].to_vec();
        for (was, is) in chunk {
            params.extend_from_slice(params![
                &*is.id,
                was.open,
                was.redeemed,
                is.open,
                is.redeemed,
                is.reversed,
                is.settled,
                is.adjusted,
                is.owed,
                is.expires_at,
                was.expires_at,
                reminders::first(is.expires_at, now),
                is.unearned,
                was.unearned
            ]);
        }
        // Without a type, the first row of the values would be text on PostgreSQL.
        let rows = rows(chunk.len(), COLUMNS, 1);
        let sql = format!(
            "update points_lots set open = v.column4, redeemed = v.column5, reversed = v.column6,
               settled = v.column7, adjusted = v.column8, owed = v.column9, expires_at = v.column10,
               unearned = v.column13,
               reminder_days = case when coalesce(v.column10, -1) = coalesce(v.column11, -1)
                 then points_lots.reminder_days else v.column12 end
             from (values {rows}) as v
             where points_lots.tenant_id = $1 and points_lots.customer_id = $2 and points_lots.lot_id = v.column1
               and points_lots.open = v.column2 and points_lots.redeemed = v.column3
               and points_lots.unearned = v.column14
               and coalesce(points_lots.expires_at, -1) = coalesce(v.column11, -1)"
        );
        if usize::try_from(tx.exec(&sql, &params)?).ok() != Some(chunk.len()) {
            return Err(Error::Again("a lot moved meanwhile".into()));
        }
    }
    Ok(())
}

/// `($3, cast($4 as bigint), …), …`: rows of values, of which the first `texts` columns are text. $1 is the tenant
/// and $2 whose rows they are.
fn rows(count: usize, columns: usize, texts: usize) -> String {
    let row = |row: usize| {
        let column = |column: usize| {
            let place = 3 + row * columns + column;
            if column < texts {
                format!("cast(${place} as text)")
            } else {
                format!("cast(${place} as bigint)")
            }
        };
        let all: Vec<String> = (0..columns).map(column).collect();
        format!("({})", all.join(", "))
    };
    (0..count).map(row).collect::<Vec<_>>().join(", ")
}

/// Keeps which lots the redemption of row `seq` took.
pub fn keep_uses(tx: &mut Tx, customer: CustomerId, seq: i64, taken: &[FromLot]) -> Result<()> {
    for chunk in taken.chunks(CHUNK) {
        let mut params = params![customer, seq].to_vec();
        let mut rows = Vec::with_capacity(chunk.len());
        for part in chunk {
            let place = params.len() + 2;
            rows.push(format!("($1, $2, $3, ${place}, ${})", place + 1));
            params.extend_from_slice(params![&*part.lot_id, part.points]);
        }
        let sql = format!(
            "insert into points_uses (tenant_id, customer_id, ledger_seq, lot_id, points) values {}",
            rows.join(", ")
        );
        tx.queue(&sql, &params)?;
    }
    Ok(())
}

/// Notes that points of these uses (row, lot, points) went back.
///
/// # Errors
/// `Again` where another refund gave them back meanwhile.
pub fn restore_uses(tx: &mut Tx, customer: CustomerId, back: &[(i64, FromLot)]) -> Result<()> {
    for chunk in back.chunks(CHUNK) {
        let mut params = params![customer].to_vec();
        for (seq, part) in chunk {
            params.extend_from_slice(params![&*part.lot_id, *seq, part.points]);
        }
        let rows = rows(chunk.len(), 3, 1);
        let sql = format!(
            "update points_uses set restored = restored + v.column3 from (values {rows}) as v
             where points_uses.tenant_id = $1 and points_uses.customer_id = $2 and points_uses.ledger_seq = v.column2
               and points_uses.lot_id = v.column1 and points_uses.restored + v.column3 <= points_uses.points"
        );
        let changed = tx
            .exec(&sql, &params)
            .on_check(|| Error::Again("redeemed points went back meanwhile".into()))?;
        if usize::try_from(changed).ok() != Some(chunk.len()) {
            return Err(Error::Again("redeemed points went back meanwhile".into()));
        }
    }
    Ok(())
}

/// Points of each customer that have lapsed and are still open; who has none is left out.
pub fn lapsed_of(
    read: &mut Read,
    customers: &[CustomerId],
    now: Timestamp,
) -> Result<HashMap<CustomerId, i64>> {
    of_each(
        read,
        "select customer_id, cast(sum(open) as bigint) from points_lots
         where tenant_id = $1 and open > 0 and expires_at is not null and expires_at <= $2",
        customers,
        now,
    )
}

/// When the first lot of each customer ends that is open and has not lapsed; whose last forever is left out.
pub fn next_ends(
    read: &mut Read,
    customers: &[CustomerId],
    now: Timestamp,
) -> Result<HashMap<CustomerId, Timestamp>> {
    of_each(
        read,
        "select customer_id, min(expires_at) from points_lots
         where tenant_id = $1 and open > 0 and expires_at is not null and expires_at > $2",
        customers,
        now,
    )
}

fn of_each<T: FromValue>(
    read: &mut Read,
    select: &str,
    customers: &[CustomerId],
    now: Timestamp,
) -> Result<HashMap<CustomerId, T>> {
    let mut all = HashMap::with_capacity(customers.len());
    for chunk in customers.chunks(CHUNK) {
        let places = crate::hall::filter::places(3, chunk.len());
        let sql = format!("{select} and customer_id in ({places}) group by customer_id");
        for row in read.query(&sql, &whose(chunk, now))? {
            all.insert(row.get(0)?, row.get(1)?);
        }
    }
    Ok(all)
}

/// Closes what has lapsed of the customers.
pub fn expire(tx: &mut Tx, customers: &[CustomerId], now: Timestamp) -> Result<()> {
    for chunk in customers.chunks(CHUNK) {
        let sql = format!(
            "update points_lots set expired = expired + open, open = 0
             where tenant_id = $1 and open > 0 and expires_at is not null and expires_at <= $2
               and customer_id in ({})",
            crate::hall::filter::places(3, chunk.len())
        );
        tx.queue(&sql, &whose(chunk, now))?;
    }
    Ok(())
}

fn whose(customers: &[CustomerId], now: Timestamp) -> Vec<Value> {
    let mut params = params![now].to_vec();
    params.extend(customers.iter().map(Value::from));
    params
}
