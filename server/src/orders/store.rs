pub mod comps;
pub mod kept;
pub mod lists;
pub mod refunds;

use super::borne::Borne;
use super::{Line, Tab};
use crate::hall::error::{Error, Result};
use crate::hall::filter::places;
use crate::hall::id::{OrderId, VenueId};
use crate::hall::store::{Read, Row, Tx, Value, json, word};
use crate::params;

pub fn insert(tx: &mut Tx, tab: &Tab) -> Result<()> {
    let totals = &tab.decided.evaluation.totals;
    tx.queue(
        "insert into orders (tenant_id, order_id, venue_id, status, customer_id, label, served_by, source,
           currency, tax_mode, opened_at, business_day, subtotal, discounts, tax, total, decided, asks, version,
           created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $20)",
        params![
            tab.id,
            tab.venue,
            word(&tab.status)?,
            tab.customer,
            &tab.label,
            &tab.served_by,
            word(&tab.source)?,
            &tab.currency,
            word(&tab.tax_mode)?,
            tab.opened_at,
            tab.business_day,
            totals.subtotal,
            totals.discounts,
            totals.tax,
            tab.total(),
            json(&tab.decided)?,
            json(&tab.asks)?,
            tab.version,
            tx.now()
        ],
    )?;
    insert_lines(tx, tab.id, &tab.lines)?;
    replace_discounts(tx, tab.id, &[], &discounts(tab)?)
}

pub fn insert_lines(tx: &mut Tx, order: OrderId, lines: &[Line]) -> Result<()> {
    for line in lines {
        tx.queue(
            "insert into order_lines (tenant_id, order_id, line_id, position, product_id, name, category_id,
               regulated, tax_class_id, rate_milli, unit_price, quantity_milli, modifiers, ordered_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            params![
                order,
                line.id,
                line.position,
                line.product,
                &line.name,
                line.category,
                &line.regulated,
                line.tax_class,
                line.rate_milli,
                line.unit_price,
                line.quantity_milli,
                json(&line.modifiers)?,
                line.ordered_at
            ],
        )?;
    }
    Ok(())
}

pub fn save_line(tx: &mut Tx, order: OrderId, line: &Line) -> Result<()> {
    tx.queue(
        "update order_lines set quantity_milli = $4, modifiers = $5, voided_at = $6, void_reason = $7
         where tenant_id = $1 and order_id = $2 and line_id = $3",
        params![
            order,
            line.id,
            line.quantity_milli,
            json(&line.modifiers)?,
            line.voided_at,
            &line.void_reason
        ],
    )
}

/// Saves what was decided over the version that it was decided from; the guard is in the statement, because two tills
/// may hold the same tab. A column that an index holds is written by who changes it alone: named here, each would be
/// taken out of its indexes and put back with every price.
pub fn save_decided(tx: &mut Tx, tab: &Tab, before: i64) -> Result<()> {
    let totals = &tab.decided.evaluation.totals;
    let saved = tx.exec(
        "update orders set subtotal = $4, discounts = $5, tax = $6, total = $7, decided = $8, asks = $9,
           version = $10, updated_at = $11
         where tenant_id = $1 and order_id = $2 and version = $3 and status = 'OPEN'",
        params![
            tab.id,
            before,
            totals.subtotal,
            totals.discounts,
            totals.tax,
            tab.total(),
            json(&tab.decided)?,
            json(&tab.asks)?,
            tab.version,
            tx.now()
        ],
    )?;
    moved(saved)
}

/// Also whose order it is, by whom it is served and how it is called.
pub fn save_headed(tx: &mut Tx, tab: &Tab, before: i64) -> Result<()> {
    save_decided(tx, tab, before)?;
    let saved = tx.exec(
        "update orders set customer_id = $4, label = $5, served_by = $6
         where tenant_id = $1 and order_id = $2 and version = $3 and status = 'OPEN'",
        params![
            tab.id,
            tab.version,
            tab.customer,
            &tab.label,
            &tab.served_by
        ],
    )?;
    moved(saved)
}

/// Ends an open order that nobody pays.
pub fn save_void(tx: &mut Tx, tab: &Tab, before: i64) -> Result<()> {
    let saved = tx.exec(
        "update orders set status = $4, closed_at = $5, void_reason = $6, version = $7, updated_at = $8
         where tenant_id = $1 and order_id = $2 and version = $3 and status = 'OPEN'",
        params![
            tab.id,
            before,
            word(&tab.status)?,
            tab.closed_at,
            &tab.void_reason,
            tab.version,
            tx.now()
        ],
    )?;
    moved(saved)
}

/// Books what was paid; `reporting` is set when that closes the order.
pub fn save_payment(tx: &mut Tx, tab: &Tab, before: i64, reporting: Option<i64>) -> Result<()> {
    let saved = tx.exec(
        "update orders set status = $4, paid = $5, tip = $6, rounding = $7, total = $8, closed_at = $9,
           reporting_total = $10, version = $11, updated_at = $12, paid_on = $13
         where tenant_id = $1 and order_id = $2 and version = $3",
        params![
            tab.id,
            before,
            word(&tab.status)?,
            tab.paid,
            tab.tip,
            tab.rounding,
            tab.total(),
            tab.closed_at,
            reporting,
            tab.version,
            tx.now(),
            tab.paid_on
        ],
    )?;
    moved(saved)
}

/// The version was another one: somebody moved the tab between the look and the write. Run again, the
/// transaction sees it.
fn moved(saved: u64) -> Result<()> {
    if saved == 1 {
        Ok(())
    } else {
        Err(Error::Again("another till moved the order".into()))
    }
}

/// What the order bears, as rows of `order_discounts`.
pub fn discounts(tab: &Tab) -> Result<Vec<Vec<Value>>> {
    let row = |borne: &Borne<'_>| {
        let rank = borne.authorized.map(|one| word(&one.rank)).transpose()?;
        Ok(params![
            tab.id,
            borne.id,
            word(&borne.origin)?,
            borne.discount.map(|(id, _)| id),
            borne.discount.map(|(_, version)| i64::from(version)),
            borne.coupon,
            borne.amount,
            borne.given,
            borne.comp_reason,
            tab.venue,
            borne.comp_reason.map(|_| tab.business_day),
            if borne.is_bound { "APPROVAL" } else { "FREE" },
            borne.applied_by,
            borne.authorized.map(|one| one.staff),
            rank
        ]
        .to_vec())
    };
    tab.borne()?.iter().map(row).collect()
}

/// Makes `is` of the rows that `was`.
pub fn replace_discounts(
    tx: &mut Tx,
    order: OrderId,
    was: &[Vec<Value>],
    is: &[Vec<Value>],
) -> Result<()> {
    let gone = was.iter().filter(|row| !is.contains(row));
    let gone: Vec<Value> = gone.map(|row| row[1].clone()).collect();
    if !gone.is_empty() {
        let sql = format!(
            "delete from order_discounts where tenant_id = $1 and order_id = $2 and order_discount_id in ({})",
            places(3, gone.len())
        );
        let whose = std::iter::once(Value::from(order));
        tx.queue(&sql, &whose.chain(gone).collect::<Vec<_>>())?;
    }
    for row in is.iter().filter(|row| !was.contains(row)) {
        tx.queue(
            "insert into order_discounts (tenant_id, order_id, order_discount_id, origin, discount_id,
               discount_version, coupon_id, amount, given, comp_reason, venue_id, comp_on, bound, applied_by,
               authorized_by, authorized_rank)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
            row,
        )?;
    }
    Ok(())
}

const TAB: &str =
    "select order_id, venue_id, status, customer_id, label, served_by, source, currency, tax_mode,
    opened_at, business_day, closed_at, void_reason, tip, paid, rounding, version, decided, asks, paid_on,
    (select count(*) from external_refs e
     where e.tenant_id = $1 and e.id = orders.order_id and e.kind = 'ord'), refunded
    from orders where tenant_id = $1";

pub fn find(read: &mut Read, venue: VenueId, id: OrderId) -> Result<Option<Tab>> {
    let sql = format!("{TAB} and order_id = $2 and venue_id = $3");
    let Some(row) = read.first(&sql, params![id, venue])? else {
        return Ok(None);
    };
    let mut tab = tab(&row)?;
    tab.lines = lines(read, &[id])?
        .into_iter()
        .map(|(_, line)| line)
        .collect();
    Ok(Some(tab))
}

fn tab(row: &Row) -> Result<Tab> {
    Ok(Tab {
        id: row.get(0)?,
        venue: row.get(1)?,
        status: row.word(2)?,
        customer: row.get(3)?,
        label: row.get(4)?,
        served_by: row.get(5)?,
        source: row.word(6)?,
        currency: row.get(7)?,
        tax_mode: row.word(8)?,
        opened_at: row.get(9)?,
        business_day: row.get(10)?,
        closed_at: row.get(11)?,
        void_reason: row.get(12)?,
        tip: row.get(13)?,
        paid: row.get(14)?,
        rounding: row.get(15)?,
        version: row.get(16)?,
        decided: row.json(17)?,
        asks: row.json(18)?,
        removed: Vec::new(),
        looked_up: Vec::new(),
        paid_on: row.get(19)?,
        is_named: row.get::<i64>(20)? > 0,
        refunded: row.get(21)?,
        lines: Vec::new(),
    })
}

fn lines(read: &mut Read, orders: &[OrderId]) -> Result<Vec<(OrderId, Line)>> {
    let sql = format!(
        "select order_id, line_id, position, product_id, name, category_id, regulated, tax_class_id, rate_milli,
           unit_price, quantity_milli, modifiers, ordered_at, voided_at, void_reason
         from order_lines where tenant_id = $1 and order_id in ({}) order by order_id, position, line_id",
        places(2, orders.len())
    );
    let orders: Vec<Value> = orders.iter().map(Value::from).collect();
    read.query(&sql, &orders)?
        .iter()
        .map(|row| Ok((row.get(0)?, line(row)?)))
        .collect()
}

fn line(row: &Row) -> Result<Line> {
    Ok(Line {
        id: row.get(1)?,
        position: row.get(2)?,
        product: row.get(3)?,
        name: row.get(4)?,
        category: row.get(5)?,
        regulated: row.get(6)?,
        tax_class: row.get(7)?,
        rate_milli: row.get(8)?,
        unit_price: row.get(9)?,
        quantity_milli: row.get(10)?,
        modifiers: row.json(11)?,
        ordered_at: row.get(12)?,
        voided_at: row.get(13)?,
        void_reason: row.get(14)?,
    })
}
