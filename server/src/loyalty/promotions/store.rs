use super::Gain;
use crate::hall::error::Result;
use crate::hall::filter::places;
use crate::hall::id::CustomerId;
use crate::hall::store::{Read, Tx, Value};
use crate::params;

/// How many counters moved: the cap is in the `where`, because two tills may serve one customer. Of a new
/// counter the table's own check holds it.
pub fn add(tx: &mut Tx, customer: CustomerId, gains: &[Gain]) -> Result<u64> {
    let mut params: Vec<Value> = Vec::with_capacity(gains.len() * 4);
    let mut rows = Vec::with_capacity(gains.len());
    for (row, gain) in gains.iter().enumerate() {
        rows.push(format!("($1, {})", places(2 + row * 4, 4)));
        params.extend([
            gain.rule_id.as_str().into(),
            customer.into(),
            gain.points.into(),
            gain.points_max.into(),
        ]);
    }
    let rows = rows.join(", ");
    let sql = format!(
        "insert into promotion_counts (tenant_id, rule_id, customer_id, points, points_max) values {rows}
         on conflict (tenant_id, rule_id, customer_id) do update
           set points = promotion_counts.points + excluded.points, points_max = excluded.points_max
           where excluded.points_max is null or promotion_counts.points + excluded.points <= excluded.points_max"
    );
    tx.exec(&sql, &params)
}

pub fn insert_gains(
    tx: &mut Tx,
    customer: CustomerId,
    purchase: &str,
    gains: &[Gain],
) -> Result<()> {
    let now = tx.now();
    let mut params: Vec<Value> = Vec::with_capacity(gains.len() * 5);
    let mut rows = Vec::with_capacity(gains.len());
    for (row, gain) in gains.iter().enumerate() {
        rows.push(format!("($1, {})", places(2 + row * 5, 5)));
        params.extend([
            purchase.into(),
            gain.rule_id.as_str().into(),
            customer.into(),
            gain.points.into(),
            now.into(),
        ]);
    }
    let rows = rows.join(", ");
    let sql = format!(
        "insert into promotion_gains (tenant_id, purchase_id, rule_id, customer_id, given, at) values {rows}"
    );
    tx.queue(&sql, &params)
}

/// What a purchase got of a promotion, and what of it has gone back.
pub struct Given {
    pub rule_id: String,
    pub customer: CustomerId,
    pub given: i64,
    pub returned: i64,
}

pub fn gains(read: &mut Read, purchase: &str) -> Result<Vec<Given>> {
    let rows = read.query(
        "select rule_id, customer_id, given, returned from promotion_gains
         where tenant_id = $1 and purchase_id = $2 order by rule_id",
        params![purchase],
    )?;
    let gains = rows.iter().map(|row| {
        Ok(Given {
            rule_id: row.get(0)?,
            customer: row.get(1)?,
            given: row.get(2)?,
            returned: row.get(3)?,
        })
    });
    gains.collect()
}

/// Points that the purchase earned by its amount and as a bonus, and those of them that were reversed.
pub fn reversed(read: &mut Read, customer: CustomerId, purchase: &str) -> Result<(i64, i64)> {
    let row = read.one(
        "select cast(coalesce(sum(e.points), 0) as bigint), cast(coalesce(sum(r.points), 0) as bigint)
         from points_ledger e
         left join (select tenant_id, customer_id, reverses, -sum(points) as points from points_ledger
             where tenant_id = $1 and customer_id = $2 and reverses is not null
             group by tenant_id, customer_id, reverses) r
           on r.tenant_id = e.tenant_id and r.customer_id = e.customer_id and r.reverses = e.seq
         where e.tenant_id = $1 and e.purchase_id = $3 and e.kind = 'EARN' and e.customer_id = $2
           and e.earn_kind in ('SPEND', 'BONUS')",
        params![customer, purchase],
    )?;
    Ok((row.get(0)?, row.get(1)?))
}

pub fn mark_returned(tx: &mut Tx, purchase: &str, gain: &Given, returned: i64) -> Result<bool> {
    let marked = tx.exec(
        "update promotion_gains set returned = $5
         where tenant_id = $1 and purchase_id = $2 and rule_id = $3 and returned = $4",
        params![purchase, &gain.rule_id, gain.returned, returned],
    )?;
    Ok(marked == 1)
}

pub fn subtract(tx: &mut Tx, gain: &Given, points: i64) -> Result<()> {
    tx.queue(
        "update promotion_counts set points = points - $4
         where tenant_id = $1 and rule_id = $2 and customer_id = $3",
        params![&gain.rule_id, gain.customer, points],
    )
}
