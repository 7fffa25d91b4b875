//! Whether a rule fits this order at all, before anything is reckoned. Cheap tests come first: of a
//! hundred live rules, most end here.

use super::facts::Facts;
use super::trace::TraceCode;
use crate::discount::{Candidate, Coupon, Discount, Experiment};
use crate::money::Percent;
use crate::window::Shut;

/// `purchase` is the list price of what a minimum counts.
pub(crate) fn check(
    candidate: &Candidate,
    facts: &Facts<'_>,
    purchase: i64,
) -> Result<(), TraceCode> {
    let discount = &candidate.discount;
    if !discount.is_active {
        return Err(TraceCode::Inactive);
    }
    if discount
        .amounts()
        .any(|money| money.currency != facts.order.currency)
    {
        return Err(TraceCode::OtherCurrency);
    }
    if discount.names_customers() {
        check_named(discount, facts)?;
    }
    if let Some(experiment) = &discount.experiment {
        check_variant(experiment, facts)?;
    }
    check_uses(candidate.uses_left, candidate.customer_uses_left, facts)?;
    if let Some(coupon) = &candidate.coupon {
        check_coupon(coupon, facts)?;
    }
    if discount.requires_approval && !candidate.is_authorized {
        return Err(TraceCode::ApprovalRequired);
    }
    if discount.scope.is_order_level() {
        candidate
            .window()
            .test(&facts.opened)
            .map_err(|shut| shut_code(candidate, shut))?;
    }
    if let Some(minimum) = candidate.min_purchase_amount()
        && purchase < minimum.amount
    {
        return Err(TraceCode::MinPurchaseNotMet {
            short: minimum.amount.saturating_sub(purchase),
        });
    }
    Ok(())
}

pub(crate) fn shut_code(candidate: &Candidate, shut: Shut) -> TraceCode {
    match shut {
        Shut::NotYet(from) => TraceCode::NotYetValid { from },
        Shut::Over(until) => TraceCode::NoLongerValid { until },
        Shut::OutsideHours => TraceCode::OutsideTimeWindow {
            days_of_week: candidate.discount.days_of_week,
            time_from: candidate.discount.time_from,
            time_until: candidate.discount.time_until,
        },
    }
}

fn check_named(discount: &Discount, facts: &Facts<'_>) -> Result<(), TraceCode> {
    let customer = facts
        .order
        .customer
        .as_ref()
        .ok_or(TraceCode::CustomerRequired)?;
    if let Some(group_id) = &discount.customer_group_id
        && !customer.group_ids.contains(group_id)
    {
        return Err(TraceCode::NotInGroup {
            group_id: group_id.clone(),
        });
    }
    if let Some(segment_id) = &discount.segment_id
        && !customer.segment_ids.contains(segment_id)
    {
        return Err(TraceCode::NotInSegment {
            segment_id: segment_id.clone(),
        });
    }
    if discount.customer_ids.is_empty() || discount.customer_ids.contains(&customer.id) {
        Ok(())
    } else {
        Err(TraceCode::NotForThisCustomer)
    }
}

fn check_uses(
    left: Option<u32>,
    customer_left: Option<u32>,
    facts: &Facts<'_>,
) -> Result<(), TraceCode> {
    if left == Some(0) {
        return Err(TraceCode::UsesSpent);
    }
    match customer_left {
        Some(_) if facts.order.customer.is_none() => Err(TraceCode::CustomerRequired),
        Some(0) => Err(TraceCode::CustomerUsesSpent),
        _ => Ok(()),
    }
}

fn check_coupon(coupon: &Coupon, facts: &Facts<'_>) -> Result<(), TraceCode> {
    check_uses(coupon.uses_left, coupon.customer_uses_left, facts)?;
    if coupon
        .min_purchase_amount
        .is_some_and(|money| money.currency != facts.order.currency)
    {
        return Err(TraceCode::OtherCurrency);
    }
    if coupon.customer_id.is_none() && !coupon.first_purchase_only {
        return Ok(());
    }
    let customer = facts
        .order
        .customer
        .as_ref()
        .ok_or(TraceCode::CustomerRequired)?;
    if coupon
        .customer_id
        .as_ref()
        .is_some_and(|id| *id != customer.id)
    {
        return Err(TraceCode::NotForThisCustomer);
    }
    if coupon.first_purchase_only && customer.purchases > 0 {
        return Err(TraceCode::FirstPurchaseOnly {
            purchases: customer.purchases,
        });
    }
    Ok(())
}

/// A customer keeps the variant for the experiment's life; an anonymous order is its own subject.
fn check_variant(experiment: &Experiment, facts: &Facts<'_>) -> Result<(), TraceCode> {
    let order = facts.order;
    let subject = order
        .customer
        .as_ref()
        .map_or(order.id.as_str(), |customer| customer.id.as_str());
    let bucket = i64::from(bucket(&experiment.experiment_id, subject));
    if (experiment.from_percent.scaled()..experiment.until_percent.scaled()).contains(&bucket) {
        return Ok(());
    }
    Err(TraceCode::OtherVariant {
        experiment_id: experiment.experiment_id.clone(),
    })
}

/// One of 10,000 buckets. FNV-1a with a final mix: small, and the same on every machine for ever.
pub fn bucket(experiment_id: &str, subject: &str) -> u16 {
    let bytes = experiment_id.bytes().chain([0]).chain(subject.bytes());
    let mut hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^= hash >> 29;
    u16::try_from(hash % Percent::HUNDRED.scaled().unsigned_abs()).unwrap_or(0)
}
