use std::collections::HashMap;

use jiff::Timestamp;

use crate::coupons::show::{CouponCode, written};
use crate::coupons::terms::Terms;
use crate::coupons::{CouponFilter, PersonalCode, code};
use crate::discounts::uses;
use crate::hall::error::Result;
use crate::hall::filter::{Filter, places};
use crate::hall::id::{CouponId, VenueId};
use crate::hall::page::{COUNT_MAX, Listing, Page};
use crate::hall::store::{Read, Row, Value};
use crate::hall::text::prefix_end;
use crate::params;

const COLUMNS: &str = "c.coupon_id, c.version, c.code, c.shown, b.prefix, b.discount_id,
    case when b.code_length is null then null else b.batch_id end, b.venue_id, b.terms, b.customer_id,
    c.paused_at, c.archived_at, b.created_at, b.batch_id";

const BY_CODE: &str = "from coupons c
  join coupon_batches b on b.tenant_id = c.tenant_id and b.batch_id = c.batch_id
  where c.tenant_id = $1";

/// The codes of one discount or customer: batch by batch, each a range of the key. The batch of a code is compared
/// by its bounds, because equality invites a scan of all codes to be hashed; a code that left its batch is not
/// counted with it.
const BY_BATCH: &str = "from coupon_batches b
  join coupons c on c.tenant_id = b.tenant_id
    and c.coupon_id >= b.first_coupon_id and c.coupon_id <= b.last_coupon_id
    and c.batch_id >= b.batch_id and c.batch_id <= b.batch_id
  where b.tenant_id = $1";

/// As [`BY_BATCH`], from behind a code of the first batch on.
const BY_BATCH_AFTER: &str = "from coupon_batches b
  join coupons c on c.tenant_id = b.tenant_id
    and c.coupon_id >= case when b.batch_id = $2 then $3 else b.first_coupon_id end
    and c.coupon_id <= b.last_coupon_id and c.coupon_id <> $3
    and c.batch_id >= b.batch_id and c.batch_id <= b.batch_id
  where b.tenant_id = $1 and b.batch_id >= $2";

/// The discount is live at one venue.
const AT: &str = "exists (select 1 from discount_venues v where v.tenant_id = b.tenant_id
  and v.discount_id = b.discount_id and v.venue_id in ('*', ?))";

pub fn find(read: &mut Read, venue: Option<VenueId>, id: CouponId) -> Result<Option<CouponCode>> {
    let filter = Filter::default()
        .and("c.coupon_id = ?", [id.into()])
        .and_some(AT, venue);
    let (sql, params) = filter.parts();
    let rows = read.query(&format!("select {COLUMNS} {BY_CODE}{sql}"), params)?;
    Ok(coupons(read, &rows)?.pop())
}

/// A list is read by code, or by batch where the question is whose codes they are.
fn is_by_batch(ask: &CouponFilter) -> bool {
    ask.search.is_none() && (ask.discount_id.is_some() || ask.customer_id.is_some())
}

fn conditions(filter: Filter, venue: Option<VenueId>, ask: &CouponFilter) -> Filter {
    let mut filter = filter
        .and("c.archived_at is null", [])
        .and_some("b.discount_id = ?", ask.discount_id)
        .and_some("b.customer_id = ?", ask.customer_id);
    if let Some(search) = &ask.search {
        // What cannot begin a code finds none.
        let begin = code::prefix(search).unwrap_or_else(|| "?".into());
        let end = prefix_end(&begin);
        filter = filter.and("c.code >= ? and c.code < ?", [begin.into(), end.into()]);
    }
    filter = match ask.active {
        Some(true) => filter.and("c.paused_at is null", []),
        Some(false) => filter.and("c.paused_at is not null", []),
        None => filter,
    };
    filter.and_some(AT, venue)
}

/// The statement of one page and its values.
pub fn page_text(
    venue: Option<VenueId>,
    ask: &Listing<CouponFilter>,
) -> Result<(String, Vec<Value>)> {
    let bounds: [Value; 2] = [ask.paging.limit().into(), ask.paging.offset().into()];
    if !is_by_batch(&ask.filter) {
        let mut filter = conditions(Filter::default(), venue, &ask.filter);
        if let Some(code) = ask.paging.after::<String>()? {
            filter = filter.and("c.code > ?", [code.into()]);
        }
        let filter = filter.then("order by c.code limit ? offset ?", bounds);
        let (sql, params) = filter.parts();
        return Ok((format!("select {COLUMNS} {BY_CODE}{sql}"), params.to_vec()));
    }
    let after = ask.paging.after::<(String, String)>()?;
    let (from, mut filter) = match after {
        Some((batch, coupon)) => (
            BY_BATCH_AFTER,
            Filter::default().bound([batch.into(), coupon.into()]),
        ),
        None => (BY_BATCH, Filter::default()),
    };
    filter = conditions(filter, venue, &ask.filter);
    let filter = filter.then("order by b.batch_id, c.coupon_id limit ? offset ?", bounds);
    let (sql, params) = filter.parts();
    Ok((format!("select {COLUMNS} {from}{sql}"), params.to_vec()))
}

pub fn list(
    read: &mut Read,
    venue: Option<VenueId>,
    ask: &Listing<CouponFilter>,
) -> Result<Page<CouponCode>> {
    let (sql, values) = page_text(venue, ask)?;
    let rows = read.query(&sql, &values)?;
    let keys: Vec<(String, String)> = rows
        .iter()
        .map(|row| Ok((row.get(2)?, row.get(13)?)))
        .collect::<Result<_>>()?;
    let items = coupons(read, &rows)?;
    let counted = count(read, venue, ask)?;
    let items: Vec<_> = items.into_iter().zip(keys).collect();
    let page = if is_by_batch(&ask.filter) {
        Page::of(&ask.paging, items, counted, |(shown, (_, batch))| {
            (batch.clone(), shown.id.to_string())
        })
    } else {
        Page::of(&ask.paging, items, counted, |(_, (code, _))| code.clone())
    };
    Ok(page.map(|(shown, _)| shown))
}

fn count(
    read: &mut Read,
    venue: Option<VenueId>,
    ask: &Listing<CouponFilter>,
) -> Result<Option<u64>> {
    if ask.paging.cursor.is_some() {
        return Ok(None);
    }
    let from = if is_by_batch(&ask.filter) {
        BY_BATCH
    } else {
        BY_CODE
    };
    let filter = conditions(Filter::default(), venue, &ask.filter);
    let (sql, params) = filter.parts();
    let sql = format!(
        "select count(*) from (select 1 {from}{sql} limit {}) as counted",
        COUNT_MAX + 1
    );
    let count: i64 = read.one(&sql, params)?.get(0)?;
    Ok(u64::try_from(count).ok())
}

/// The rows as they are shown, with what is used of each.
fn coupons(read: &mut Read, rows: &[Row]) -> Result<Vec<CouponCode>> {
    let subjects: Vec<String> = rows.iter().map(|row| row.get(0)).collect::<Result<_>>()?;
    let used = uses::used(read, &subjects, "", None)?;
    let shown = rows.iter().zip(&subjects).map(|(row, subject)| {
        let uses = used.get(subject).map_or(0, |used| used.total);
        coupon(row, uses)
    });
    shown.collect()
}

fn coupon(row: &Row, current_uses: i64) -> Result<CouponCode> {
    let terms: Terms = row.json(8)?;
    Ok(CouponCode {
        id: row.get(0)?,
        version: row.get(1)?,
        code: written(&row.get::<String>(2)?, row.get(3)?, &row.get::<String>(4)?),
        discount_id: row.get(5)?,
        batch_id: row.get(6)?,
        venue_id: row.get(7)?,
        max_uses: terms.max_uses,
        max_uses_per_customer: terms.max_uses_per_customer,
        current_uses,
        min_purchase_amount: terms.min_purchase_amount,
        valid_from: terms.valid_from,
        valid_until: terms.valid_until,
        customer_id: row.get(9)?,
        first_purchase_only: terms.first_purchase_only,
        duration: terms.duration,
        duration_months: terms.duration_months,
        active: row.get::<Option<Timestamp>>(10)?.is_none(),
        archived_at: row.get(11)?,
        created_at: row.get(12)?,
    })
}

/// The code of each id, as it is written.
pub fn codes_of(read: &mut Read, ids: &[String]) -> Result<HashMap<String, String>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = format!(
        "select c.coupon_id, c.code, c.shown, b.prefix from coupons c
         join coupon_batches b on b.tenant_id = c.tenant_id and b.batch_id = c.batch_id
         where c.tenant_id = $1 and c.coupon_id in ({})",
        places(2, ids.len())
    );
    let values: Vec<Value> = ids.iter().map(Value::from).collect();
    let rows = read.query(&sql, &values)?;
    let codes = rows.iter().map(|row| {
        let code = written(&row.get::<String>(1)?, row.get(2)?, &row.get::<String>(3)?);
        Ok((row.get(0)?, code))
    });
    codes.collect()
}

/// Codes as they are written, and whether they are deleted.
pub fn personal(read: &mut Read, ids: &[CouponId]) -> Result<HashMap<CouponId, PersonalCode>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = format!(
        "select c.coupon_id, c.code, c.shown, b.prefix, c.archived_at from coupons c
         join coupon_batches b on b.tenant_id = c.tenant_id and b.batch_id = c.batch_id
         where c.tenant_id = $1 and c.coupon_id in ({})",
        places(2, ids.len())
    );
    let values: Vec<Value> = ids.iter().map(Value::from).collect();
    let rows = read.query(&sql, &values)?;
    let codes = rows.iter().map(|row| {
        let code = PersonalCode {
            code: written(&row.get::<String>(1)?, row.get(2)?, &row.get::<String>(3)?),
            is_deleted: row.get::<Option<Timestamp>>(4)?.is_some(),
            used: None,
        };
        Ok((row.get(0)?, code))
    });
    codes.collect()
}

/// The code that is live, else the one that was deleted last.
pub fn id_of(read: &mut Read, code: &str) -> Result<Option<CouponId>> {
    let row = read.first(
        "select coupon_id from coupons where tenant_id = $1 and code = $2
         order by case when archived_at is null then 0 else 1 end, archived_at desc limit 1",
        params![code],
    )?;
    row.map(|row| row.get(0)).transpose()
}
