//! What makes a command no reward: all of it at once, each with its place.

use engine::window::Bound;

use super::{EditReward, RewardKind};
use crate::catalogue::{categories, products};
use crate::discounts::{self, DiscountType, OpenValue};
use crate::hall::error::{Error, Field, Result};
use crate::hall::id::VenueId;
use crate::hall::identity;
use crate::hall::store::Read;
use crate::hall::text::check_line;

const NAME_MAX: usize = 80;
const POINTS_MAX: i64 = 1_000_000_000;
const USES_MAX: u32 = 1_000_000_000;
const VENUES_MAX: usize = 100;
/// Ten years.
const DAYS_MAX: u32 = 3_660;

/// The command with its venues written out, or everything that is wrong with it. What stands as it was `before` may
/// have ended since: such a reward can still be paused.
pub fn checked(
    read: &mut Read,
    venue: Option<VenueId>,
    before: Option<&EditReward>,
    ask: &EditReward,
) -> Result<EditReward> {
    let mut wrong = Vec::new();
    check_line(&ask.name, NAME_MAX, "/name", &mut wrong);
    if !(1..=POINTS_MAX).contains(&ask.points_cost) {
        let message = format!("Send a whole number from 1 to {POINTS_MAX}.");
        wrong.push(Field::new("/pointsCost", "out_of_range", message));
    }
    check_limits(ask, &mut wrong);
    let mut whole = ask.clone();
    whole.name = ask.name.trim().to_owned();
    if whole.venue_ids.is_empty() {
        whole.venue_ids.extend(venue);
    }
    whole.venue_ids.sort();
    whole.venue_ids.dedup();
    let currencies = check_venues(read, venue, &whole.venue_ids, &mut wrong)?;
    check_value(ask, &currencies, &mut wrong);
    let gives = |one: &EditReward| (one.kind, one.product_id, one.discount_id);
    if before.is_none_or(|before| gives(before) != gives(ask)) {
        check_product(read, venue, ask, &mut wrong)?;
        check_discount(read, venue, ask, &mut wrong)?;
    }
    if wrong.is_empty() {
        Ok(whole)
    } else {
        Err(Error::Invalid(wrong))
    }
}

fn check_limits(ask: &EditReward, wrong: &mut Vec<Field>) {
    let limits = &ask.limits;
    for (count, most, pointer) in [
        (limits.max_total_uses, USES_MAX, "/limits/maxTotalUses"),
        (
            limits.max_uses_per_customer,
            USES_MAX,
            "/limits/maxUsesPerCustomer",
        ),
        (limits.voucher_days, DAYS_MAX, "/limits/voucherDays"),
    ] {
        if count.is_some_and(|count| !(1..=most).contains(&count)) {
            let message = format!("Send a whole number from 1 to {most}, or nothing for no limit.");
            wrong.push(Field::new(pointer, "out_of_range", message));
        }
    }
    let is_backwards = match (limits.valid_from, limits.valid_until) {
        (Some(Bound::Day(from)), Some(Bound::Day(until))) => until < from,
        (Some(Bound::Instant(from)), Some(Bound::Instant(until))) => until <= from,
        _ => false,
    };
    if is_backwards {
        let message = "Send a time that is after validFrom.";
        wrong.push(Field::new("/limits/validUntil", "out_of_range", message));
    }
}

/// The currencies of the venues that are named.
fn check_venues(
    read: &mut Read,
    venue: Option<VenueId>,
    named: &[VenueId],
    wrong: &mut Vec<Field>,
) -> Result<Vec<String>> {
    if named.len() > VENUES_MAX {
        let message = format!("Send at most {VENUES_MAX} venues, or none for all.");
        wrong.push(Field::new("/venueIds", "too_many", message));
        return Ok(Vec::new());
    }
    let mut currencies = Vec::new();
    for (place, id) in named.iter().enumerate() {
        let pointer = format!("/venueIds/{place}");
        if venue.is_some_and(|venue| venue != *id) {
            let message = "Leave other venues out here, or make it under /api/v1/chain.";
            wrong.push(Field::new(pointer, "not_allowed", message));
        } else if let Some(found) = identity::venue(read, *id)? {
            currencies.push(found.currency);
        } else {
            let message = "Send the id of a venue of this chain.";
            wrong.push(Field::new(pointer, "unknown", message));
        }
    }
    Ok(currencies)
}

/// Each kind has the value that it gives, and no other.
fn check_value(ask: &EditReward, currencies: &[String], wrong: &mut Vec<Field>) {
    let mut say = |pointer: &str, code: &str, message: &str| {
        wrong.push(Field::new(pointer, code, message));
    };
    match (ask.kind, &ask.value) {
        (RewardKind::FreeItem, Some(_)) => {
            say(
                "/value",
                "not_allowed",
                "A free item has no value: leave it out.",
            );
        }
        (RewardKind::AmountOff, Some(OpenValue::Percent(_))) => {
            say("/value", "wrong_type", "Send an amount with its currency.");
        }
        (RewardKind::PercentOff, Some(OpenValue::Amount(_))) => {
            let message = "Send a percentage as a decimal string, like \"12.5\".";
            say("/value", "wrong_type", message);
        }
        (RewardKind::AmountOff | RewardKind::PercentOff, None) => {
            say("/value", "missing", "Send what it takes off.");
        }
        (RewardKind::Voucher, value) if value.is_some() == ask.discount_id.is_some() => {
            say(
                "/value",
                "one_of",
                "Send value or discountId, and not both.",
            );
        }
        _ => {}
    }
    if ask.kind != RewardKind::Voucher && ask.discount_id.is_some() {
        say(
            "/discountId",
            "not_allowed",
            "Only a VOUCHER is for a discount.",
        );
    }
    match &ask.value {
        Some(OpenValue::Percent(percent)) if percent.scaled() == 0 => {
            say("/value", "out_of_range", "Send more than 0.");
        }
        Some(OpenValue::Amount(money)) => {
            money.check(1, "/value", wrong);
            if let Some(other) = currencies.iter().find(|one| **one != money.currency) {
                let message = format!("Send an amount in {other}, which a venue of it has.");
                wrong.push(Field::new("/value/currency", "currency_mismatch", message));
            }
        }
        _ => {}
    }
}

fn check_product(
    read: &mut Read,
    venue: Option<VenueId>,
    ask: &EditReward,
    wrong: &mut Vec<Field>,
) -> Result<()> {
    let Some(id) = ask.product_id else {
        if ask.kind == RewardKind::FreeItem {
            let message = "Send the product that is free.";
            wrong.push(Field::new("/productId", "missing", message));
        }
        return Ok(());
    };
    if ask.kind == RewardKind::Voucher {
        let message = "A VOUCHER is for the whole order, or what its discount says.";
        wrong.push(Field::new("/productId", "not_allowed", message));
    }
    let product = match products::find(read, venue, id) {
        Ok(product) if product.active => product,
        Ok(_) | Err(Error::NotFound(_)) => {
            let message = "Send the id of a product that is sold here.";
            wrong.push(Field::new("/productId", "not_found", message));
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let category = categories::find(read, product.category_id)?;
    if ask.kind == RewardKind::FreeItem && category.regulated.is_some() {
        let message = "Regulated goods are never free: choose another product.";
        wrong.push(Field::new("/productId", "not_allowed", message));
    }
    Ok(())
}

/// A code takes what is published as it is: nobody stands by to approve it or to say how much.
fn check_discount(
    read: &mut Read,
    venue: Option<VenueId>,
    ask: &EditReward,
    wrong: &mut Vec<Field>,
) -> Result<()> {
    let Some(id) = ask.discount_id else {
        return Ok(());
    };
    let (code, message) = match discounts::find(read, venue, id) {
        Ok(found) if found.archived_at.is_some() => {
            ("not_found", "Send the id of a discount that is live here.")
        }
        Err(Error::NotFound(_)) => ("not_found", "Send the id of a discount that is live here."),
        Err(error) => return Err(error),
        Ok(found) if found.is_open || found.requires_approval => (
            "not_allowed",
            "Choose a discount that has its own value and needs nobody's approval.",
        ),
        Ok(found) if found.kind == DiscountType::Comp => {
            ("not_allowed", "A comp is no reward: make a FREE_ITEM.")
        }
        Ok(_) => return Ok(()),
    };
    wrong.push(Field::new("/discountId", code, message));
    Ok(())
}
