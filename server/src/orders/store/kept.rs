//! Orders, lines and refunds of all tenants, as the laws that reckon again see them.

use std::collections::HashMap;

use engine::discount::Discount as Rule;

use super::super::recorded::Version;
use super::super::{Decided, Line};
use super::line;
use crate::hall::error::Result;
use crate::hall::store::{Across, Row};
use crate::params;

/// Tenant and order.
pub type Place = (String, String);

/// An order as the law that recomputes sees it.
pub struct Kept {
    pub place: Place,
    pub currency: String,
    /// Subtotal, discounts and tax; that they sum to the total is L06.
    pub figures: [i64; 3],
    /// `None`: what is stored is not what a decision looks like.
    pub decided: Option<Decided>,
}

/// Orders of all tenants after `after`.
pub fn kept_after(across: &mut Across<'_>, after: &Place, limit: i64) -> Result<Vec<Kept>> {
    let rows = across.query(
        "select tenant_id, order_id, currency, subtotal, discounts, tax, decided from orders
         where tenant_id > $1 or (tenant_id = $1 and order_id > $2)
         order by tenant_id, order_id limit $3",
        params![&after.0, &after.1, limit],
    )?;
    let kept = rows.iter().map(|row| {
        Ok(Kept {
            place: (row.get(0)?, row.get(1)?),
            currency: row.get(2)?,
            figures: [row.get(3)?, row.get(4)?, row.get(5)?],
            decided: row.json(6).ok(),
        })
    });
    kept.collect()
}

/// The lines that count, of the orders after `after` up to `last`; `None` for one that cannot be read.
pub fn lines_between(
    across: &mut Across<'_>,
    after: &Place,
    last: &Place,
) -> Result<HashMap<Place, Vec<Option<Line>>>> {
    let rows = across.query(
        "select order_id, line_id, position, product_id, name, category_id, regulated, tax_class_id, rate_milli,
           unit_price, quantity_milli, modifiers, ordered_at, voided_at, void_reason, tenant_id
         from order_lines
         where (tenant_id > $1 or (tenant_id = $1 and order_id > $2))
           and (tenant_id < $3 or (tenant_id = $3 and order_id <= $4)) and voided_at is null
         order by tenant_id, order_id, position, line_id",
        params![&after.0, &after.1, &last.0, &last.1],
    )?;
    gather(&rows, 15, |row| line(row).ok())
}

/// The versions of published rules that the orders after `after` up to `last` bear; `None` for one that cannot be read.
pub fn versions_between(
    across: &mut Across<'_>,
    after: &Place,
    last: &Place,
) -> Result<HashMap<Place, Vec<Option<Version>>>> {
    let rows = across.query(
        "select d.order_id, d.discount_id, d.discount_version, d.tenant_id from order_discounts d
         where (d.tenant_id > $1 or (d.tenant_id = $1 and d.order_id > $2))
           and (d.tenant_id < $3 or (d.tenant_id = $3 and d.order_id <= $4)) and d.discount_id is not null",
        params![&after.0, &after.1, &last.0, &last.1],
    )?;
    gather(&rows, 3, |row| {
        let version = u32::try_from(row.get::<i64>(2).ok()?).ok()?;
        Some((row.get(1).ok()?, version))
    })
}

/// The rule of a version; `None` where it is not there or cannot be read.
pub fn version(across: &mut Across<'_>, tenant: &str, of: Version) -> Result<Option<Rule>> {
    let rows = across.query(
        "select rule from discount_versions where tenant_id = $1 and discount_id = $2 and version = $3",
        params![tenant, of.0, i64::from(of.1)],
    )?;
    Ok(rows.first().and_then(|row| row.json(0).ok()))
}

/// An order of which something went back.
pub struct RefundedOrder {
    pub place: Place,
    /// `None`: what is stored is not what a decision looks like.
    pub decided: Option<Decided>,
}

/// Orders of all tenants after `after` that have refunds, of what was sold or of money alone.
pub fn refunded_after(
    across: &mut Across<'_>,
    after: &Place,
    limit: i64,
) -> Result<Vec<RefundedOrder>> {
    let rows = across.query(
        "select o.tenant_id, o.order_id, o.decided from order_refunds r
         join orders o on o.tenant_id = r.tenant_id and o.order_id = r.order_id
         where r.seq = 1 and (r.tenant_id > $1 or (r.tenant_id = $1 and r.order_id > $2))
         order by r.tenant_id, r.order_id limit $3",
        params![&after.0, &after.1, limit],
    )?;
    let refunded = rows.iter().map(|row| {
        Ok(RefundedOrder {
            place: (row.get(0)?, row.get(1)?),
            decided: row.json(2).ok(),
        })
    });
    refunded.collect()
}

/// A refund as the law that reckons again sees it.
pub struct KeptRefund {
    pub ask: engine::refund::Ask,
    pub refund: engine::refund::Refund,
    /// Amount, tax and points restored, as the columns say.
    pub figures: [i64; 3],
}

/// The refunds of what was sold, of the orders after `after` up to `last`; `None` for one that cannot be read.
pub fn refunds_between(
    across: &mut Across<'_>,
    after: &Place,
    last: &Place,
) -> Result<HashMap<Place, Vec<Option<KeptRefund>>>> {
    let rows = across.query(
        "select order_id, ask, refund, amount, tax, points_restored, tenant_id from order_refunds
         where (tenant_id > $1 or (tenant_id = $1 and order_id > $2))
           and (tenant_id < $3 or (tenant_id = $3 and order_id <= $4)) and kind = 'SALE'
         order by tenant_id, order_id, seq",
        params![&after.0, &after.1, &last.0, &last.1],
    )?;
    gather(&rows, 6, |row| {
        Some(KeptRefund {
            ask: row.json(1).ok()?,
            refund: row.json(2).ok()?,
            figures: [row.get(3).ok()?, row.get(4).ok()?, row.get(5).ok()?],
        })
    })
}

/// By order, which is the first column; `tenant` is the tenant's.
fn gather<T>(
    rows: &[Row],
    tenant: usize,
    read: impl Fn(&Row) -> Option<T>,
) -> Result<HashMap<Place, Vec<Option<T>>>> {
    let mut gathered: HashMap<Place, Vec<Option<T>>> = HashMap::new();
    for row in rows {
        let place = (row.get(tenant)?, row.get(0)?);
        gathered.entry(place).or_default().push(read(row));
    }
    Ok(gathered)
}
