use std::sync::Arc;

use engine::discount::{Coupon as CodeTerms, Discount as Rule};
use engine::window::Bound;
use jiff::Timestamp;

use crate::coupons::apply::Coupon;
use crate::coupons::show::written;
use crate::coupons::terms::{Duration, Terms};
use crate::discounts::parse;
use crate::hall::error::Result;
use crate::hall::filter::places;
use crate::hall::id::{CouponId, CustomerId, VenueId};
use crate::hall::money::Money;
use crate::hall::store::{Read, Row, Value};
use crate::params;

pub const BY_CODE: &str =
    "select c.coupon_id, c.code, c.shown, b.prefix, b.terms, b.customer_id, d.discount_id,
    d.version, r.rule, c.paused_at, d.archived_at, r.terms
  from coupons c
  join coupon_batches b on b.tenant_id = c.tenant_id and b.batch_id = c.batch_id
  join discounts d on d.tenant_id = b.tenant_id and d.discount_id = b.discount_id
  join discount_versions r on r.tenant_id = d.tenant_id and r.discount_id = d.discount_id
    and r.version = d.version
  where c.tenant_id = $1 and c.code = $2 and c.archived_at is null
    and exists (select 1 from discount_venues v where v.tenant_id = d.tenant_id
      and v.discount_id = d.discount_id and v.venue_id in ('*', $3))";

/// A code that was paused or deleted since goes on for those who opened it; an archived discount ends for all.
pub const RUNNING: &str =
    "select c.coupon_id, c.code, c.shown, b.prefix, b.terms, b.customer_id, d.discount_id,
    d.version, r.rule, null, d.archived_at, r.terms, u.until_at
  from coupon_runs u
  join coupons c on c.tenant_id = u.tenant_id and c.coupon_id = u.coupon_id
  join coupon_batches b on b.tenant_id = c.tenant_id and b.batch_id = c.batch_id
  join discounts d on d.tenant_id = b.tenant_id and d.discount_id = b.discount_id
  join discount_versions r on r.tenant_id = d.tenant_id and r.discount_id = d.discount_id
    and r.version = d.version
  where u.tenant_id = $1 and u.customer_id = $2 and u.closed_at is null
    and (u.until_at is null or u.until_at > $3) and d.archived_at is null
    and exists (select 1 from discount_venues v where v.tenant_id = d.tenant_id
      and v.discount_id = d.discount_id and v.venue_id in ('*', $4))
  order by u.opened_at, u.coupon_id";

pub fn by_code(read: &mut Read, venue: VenueId, code: &str) -> Result<Option<Coupon>> {
    let row = read.first(BY_CODE, params![code, venue])?;
    row.as_ref().map(coupon).transpose()
}

/// The codes of these ids whose discounts are given at the venue.
pub fn by_ids(read: &mut Read, venue: VenueId, ids: &[CouponId]) -> Result<Vec<Coupon>> {
    let wanted = format!("c.coupon_id in ({})", places(3, ids.len()));
    let sql = BY_CODE
        .replace("v.venue_id in ('*', $3)", "v.venue_id in ('*', $2)")
        .replace("c.code = $2 and c.archived_at is null", &wanted);
    let mut params: Vec<Value> = vec![venue.into()];
    params.extend(ids.iter().map(Value::from));
    read.query(&sql, &params)?.iter().map(coupon).collect()
}

pub fn running(
    read: &mut Read,
    venue: VenueId,
    customer: CustomerId,
    now: Timestamp,
) -> Result<Vec<Coupon>> {
    let rows = read.query(RUNNING, params![customer, now, venue])?;
    let running = rows.iter().map(|row| {
        let until: Option<Timestamp> = row.get(12)?;
        Ok(opened(coupon(row)?, until))
    });
    running.collect()
}

/// Only the first use counts: from then on nothing is used up, and where the code has an end of its own in place of
/// the rule's, that was for typing it.
fn opened(coupon: Coupon, until: Option<Timestamp>) -> Coupon {
    let until = Bound::Instant(until.unwrap_or(Timestamp::MAX));
    Coupon {
        max_uses: None,
        max_uses_per_customer: None,
        first_purchase_only: false,
        terms: CodeTerms {
            first_purchase_only: false,
            valid_until: coupon.terms.valid_until.map(|_| until),
            ..coupon.terms
        },
        ..coupon
    }
}

fn coupon(row: &Row) -> Result<Coupon> {
    let id: CouponId = row.get(0)?;
    let terms: Terms = row.json(4)?;
    let customer: Option<CustomerId> = row.get(5)?;
    let (discount_id, version) = (row.get(6)?, row.get(7)?);
    let published = parse((discount_id, version), row.get(8)?, row.get(11)?)?;
    let is_over =
        row.get::<Option<Timestamp>>(9)?.is_some() || row.get::<Option<Timestamp>>(10)?.is_some();
    let rule = if is_over {
        Arc::new(Rule {
            is_active: false,
            ..Rule::clone(&published.rule)
        })
    } else {
        published.rule
    };
    let code = written(&row.get::<String>(1)?, row.get(2)?, &row.get::<String>(3)?);
    let least = terms.min_purchase_amount.as_ref().map(Money::known);
    Ok(Coupon {
        id,
        discount_id,
        version,
        rule,
        terms: CodeTerms {
            code: code.clone(),
            min_purchase_amount: least.transpose()?,
            valid_from: terms.valid_from,
            valid_until: terms.valid_until,
            customer_id: customer.map(|id| id.to_string().into()),
            first_purchase_only: terms.first_purchase_only,
            uses_left: None,
            customer_uses_left: None,
        },
        code,
        max_uses: terms.max_uses,
        max_uses_per_customer: terms.max_uses_per_customer,
        rule_max_uses: published.terms.max_total_uses,
        rule_max_uses_per_customer: published.terms.max_uses_per_customer,
        comp_reason: published.terms.comp_reason.clone(),
        needs_customer: customer.is_some()
            || terms.need_customer()
            || published.terms.max_uses_per_customer.is_some(),
        first_purchase_only: terms.first_purchase_only,
        duration: terms.duration,
        reward_id: terms.reward_id,
    })
}

impl Coupon {
    /// Whether a paid use opens it for the customer.
    pub fn goes_on(&self) -> bool {
        self.duration != Duration::Once
    }
}
