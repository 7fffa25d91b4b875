use std::collections::BTreeSet;

use crate::hall::error::Result;
use crate::hall::id::CustomerId;
use crate::hall::store::{Tx, Value};

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
