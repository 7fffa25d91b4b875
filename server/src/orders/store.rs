use std::collections::HashMap;

use engine::discount::Discount as Rule;
use jiff::civil::Date;

use super::borne::Borne;
use super::comps::Group;
use super::recorded::Version;
use super::{Booking, Decided, Line, Payout, RefundKind, Status, Tab};
use crate::hall::error::{Error, Result};
use crate::hall::filter::places;
use crate::hall::id::{CustomerId, OrderId, RefundId, VenueId};
use crate::hall::page::{COUNT_MAX, Page, Paging};
use crate::hall::store::{Across, Read, Row, Tx, Value, json, word};
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

/// Moves a paid order on by what went back; the guard is in the statement, because two tills may refund it at once.
pub fn save_refunded(tx: &mut Tx, tab: &Tab, before: i64, reporting: i64) -> Result<()> {
    let saved = tx.exec(
        "update orders set status = $4, refunded = $5, reporting_refunded = $6, version = $7, updated_at = $8
         where tenant_id = $1 and order_id = $2 and version = $3
           and status in ('PAID', 'PARTIALLY_REFUNDED', 'REFUNDED')",
        params![
            tab.id,
            before,
            word(&tab.status)?,
            tab.refunded,
            reporting,
            tab.version,
            tx.now()
        ],
    )?;
    moved(saved)
}

/// The number is unique: a refund that was reckoned beside another one does not enter.
pub fn insert_refund(tx: &mut Tx, tab: &Tab, booking: &Booking, by: &str) -> Result<()> {
    tx.queue(
        "insert into order_refunds (tenant_id, order_id, seq, refund_id, amount, tax, tip, rounding,
           points_restored, points_reversed, reason, refunded_by, at, ask, refund, payouts, kind)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        params![
            tab.id,
            booking.seq,
            booking.id,
            booking.reckoned.amount,
            booking.reckoned.tax,
            booking.tip,
            booking.rounding,
            booking.reckoned.points_restored,
            booking.points_reversed,
            &booking.reason,
            by,
            booking.at,
            json(&booking.ask)?,
            json(&booking.reckoned)?,
            json(&booking.payouts)?,
            word(&booking.kind)?
        ],
    )
}

/// A refund as it is kept.
pub struct Booked {
    pub id: RefundId,
    pub seq: i64,
    pub kind: RefundKind,
    pub tip: i64,
    pub rounding: i64,
    pub points_reversed: i64,
    pub reason: String,
    pub by: String,
    pub at: jiff::Timestamp,
    pub refund: engine::refund::Refund,
    pub payouts: Vec<Payout>,
}

pub fn refunds(read: &mut Read, id: OrderId) -> Result<Vec<Booked>> {
    let rows = read.query(
        "select refund_id, seq, tip, rounding, points_reversed, reason, refunded_by, at, refund, payouts, kind
         from order_refunds where tenant_id = $1 and order_id = $2 order by seq",
        params![id],
    )?;
    let booked = rows.iter().map(|row| {
        Ok(Booked {
            id: row.get(0)?,
            seq: row.get(1)?,
            tip: row.get(2)?,
            rounding: row.get(3)?,
            points_reversed: row.get(4)?,
            reason: row.get(5)?,
            by: row.get(6)?,
            at: row.get(7)?,
            refund: row.json(8)?,
            payouts: row.json(9)?,
            kind: row.word(10)?,
        })
    });
    booked.collect()
}

/// The last refund of an order, and what of the order counts as spent.
pub struct Last {
    pub seq: i64,
    /// The last of what was sold.
    pub refund: Option<engine::refund::Refund>,
    pub reporting_total: i64,
    pub reporting_refunded: i64,
}

pub fn last_refund(read: &mut Read, id: OrderId) -> Result<Last> {
    let row = read.one(
        "select coalesce(o.reporting_total, 0), o.reporting_refunded, r.seq, r.refund,
           (select coalesce(max(l.seq), 0) from order_refunds l where l.tenant_id = $1 and l.order_id = $2)
         from orders o left join order_refunds r
           on r.tenant_id = o.tenant_id and r.order_id = o.order_id and r.kind = 'SALE'
         where o.tenant_id = $1 and o.order_id = $2 order by r.seq desc limit 1",
        params![id],
    )?;
    let of_sale: Option<i64> = row.get(2)?;
    Ok(Last {
        seq: row.get(4)?,
        refund: of_sale.map(|_| row.json(3)).transpose()?,
        reporting_total: row.get(0)?,
        reporting_refunded: row.get(1)?,
    })
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
        typed: Vec::new(),
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

pub const COMPS: &str = "select d.comp_on, d.applied_by, d.authorized_by, d.comp_reason, count(*),
       cast(sum(d.amount) as bigint)
     from order_discounts d join orders o on o.tenant_id = d.tenant_id and o.order_id = d.order_id
     where d.tenant_id = $1 and d.venue_id = $2 and d.comp_on >= $3 and d.comp_on <= $4
       and o.status <> 'VOIDED'
     group by d.comp_on, d.applied_by, d.authorized_by, d.comp_reason";

/// What was comped from `from` to `to`, both included; orders that were given up count nothing.
pub fn comps(read: &mut Read, venue: VenueId, from: Date, to: Date) -> Result<Vec<Group>> {
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
