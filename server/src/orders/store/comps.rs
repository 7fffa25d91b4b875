//! What was made and not charged, as its report asks for it.

use jiff::civil::Date;

use super::super::comps::Group;
use crate::hall::error::Result;
use crate::hall::id::VenueId;
use crate::hall::store::Read;
use crate::params;

const COMPS: &str = "select d.comp_on, d.applied_by, d.authorized_by, d.comp_reason, count(*),
       cast(sum(d.amount) as bigint)
     from order_discounts d join orders o on o.tenant_id = d.tenant_id and o.order_id = d.order_id
     where d.tenant_id = $1 and d.venue_id = $2 and d.comp_on >= $3 and d.comp_on <= $4
       and o.status <> 'VOIDED'
     group by d.comp_on, d.applied_by, d.authorized_by, d.comp_reason";

/// What was comped from `from` to `to`, both included; orders that were given up count nothing.
pub fn between(read: &mut Read, venue: VenueId, from: Date, to: Date) -> Result<Vec<Group>> {
    let rows = read.query(COMPS, params![venue, from, to])?;
    let groups = rows.iter().map(|row| {
        Ok(Group {
            on: row.get(0)?,
            by: row.get(1)?,
            approver: row.get(2)?,
            reason: row.get(3)?,
            count: row.get(4)?,
            amount: row.get(5)?,
        })
    });
    groups.collect()
}
