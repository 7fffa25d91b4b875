//! What a code asks for and grants beside its discount.

use engine::window::Bound;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::customers;
use crate::discounts::{self, Discount};
use crate::hall::error::{Error, Field, Result};
use crate::hall::id::{CustomerId, DiscountId};
use crate::hall::identity::Venue;
use crate::hall::money::Money;
use crate::hall::store::Read;

const USES_MAX: u32 = 1_000_000_000;
/// Ten years of months.
const MONTHS_MAX: u32 = 120;

/// For how long a code goes on after its first paid use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Duration {
    /// The order that it is typed on.
    #[default]
    Once,
    /// So many calendar months, in which it is applied untyped.
    Repeating,
    Forever,
}

/// The terms of a code as they are kept: one text per batch.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Terms {
    pub max_uses: Option<u32>,
    pub max_uses_per_customer: Option<u32>,
    pub min_purchase_amount: Option<Money>,
    pub valid_from: Option<Bound>,
    pub valid_until: Option<Bound>,
    pub first_purchase_only: bool,
    pub duration: Duration,
    pub duration_months: Option<u32>,
    /// The reward whose voucher it is.
    pub reward_id: Option<String>,
}

impl Terms {
    /// Whether it can be used only by a customer who is known.
    pub fn need_customer(&self) -> bool {
        self.max_uses_per_customer.is_some()
            || self.first_purchase_only
            || self.duration != Duration::Once
    }

    /// Notes in `wrong` what does not fit.
    pub fn check(&self, venue: Option<&Venue>, wrong: &mut Vec<Field>) {
        let uses = [
            (self.max_uses, "/maxUses"),
            (self.max_uses_per_customer, "/maxUsesPerCustomer"),
        ];
        for (uses, pointer) in uses {
            if uses.is_some_and(|uses| !(1..=USES_MAX).contains(&uses)) {
                let said =
                    format!("Send a whole number from 1 to {USES_MAX}, or nothing for no limit.");
                wrong.push(Field::new(pointer, "out_of_range", said));
            }
        }
        if let Some(amount) = &self.min_purchase_amount {
            match venue {
                Some(venue) => amount.check_in(&venue.currency, 0, "/minPurchaseAmount", wrong),
                None => amount.check(0, "/minPurchaseAmount", wrong),
            }
        }
        self.check_dates(wrong);
        self.check_duration(wrong);
    }

    fn check_dates(&self, wrong: &mut Vec<Field>) {
        let is_backwards = match (self.valid_from, self.valid_until) {
            (Some(Bound::Day(from)), Some(Bound::Day(until))) => until < from,
            (Some(Bound::Instant(from)), Some(Bound::Instant(until))) => until <= from,
            _ => false,
        };
        if is_backwards {
            let said = "Send a time that is after validFrom.";
            wrong.push(Field::new("/validUntil", "out_of_range", said));
        }
    }

    fn check_duration(&self, wrong: &mut Vec<Field>) {
        let (code, said) = match (self.duration, self.duration_months) {
            (Duration::Repeating, None) => ("missing", "Send for how many months it repeats."),
            (Duration::Repeating, Some(months)) if !(1..=MONTHS_MAX).contains(&months) => {
                ("out_of_range", "Send a whole number from 1 to 120.")
            }
            (Duration::Once | Duration::Forever, Some(_)) => {
                ("not_allowed", "Only a REPEATING code has months.")
            }
            _ => return,
        };
        wrong.push(Field::new("/durationMonths", code, said));
    }

    /// Until when a use at `at` opens the code for its customer; the outer `None` where it opens nothing.
    ///
    /// A month after 31 January is the last of February: the day is held within its month.
    pub fn runs_until(&self, at: Timestamp, venue: &Venue) -> Result<Option<Option<Timestamp>>> {
        match (self.duration, self.duration_months) {
            (Duration::Once, _) => Ok(None),
            (Duration::Forever, _) => Ok(Some(None)),
            (Duration::Repeating, months) => {
                let months = jiff::Span::new()
                    .try_months(months.unwrap_or(1))
                    .map_err(Error::bug)?;
                let until = at.to_zoned(venue.zone.clone()).checked_add(months);
                Ok(Some(Some(until.map_err(Error::bug)?.timestamp())))
            }
        }
    }
}

/// The discount that a code stands for: one of the chain that can be given here, and is not over.
pub fn check_discount(
    read: &mut Read,
    venue: Option<&Venue>,
    id: DiscountId,
    wrong: &mut Vec<Field>,
) -> Result<Option<Discount>> {
    let found = match discounts::find(read, venue.map(|venue| venue.id), id) {
        Ok(discount) if discount.archived_at.is_none() => Some(discount),
        Ok(_) | Err(Error::NotFound(_)) => None,
        Err(error) => return Err(error),
    };
    if found.is_none() {
        let said = "Send the id of a discount that is live here.";
        wrong.push(Field::new("/discountId", "not_found", said));
    }
    Ok(found)
}

pub fn check_customer(
    read: &mut Read,
    id: Option<CustomerId>,
    wrong: &mut Vec<Field>,
) -> Result<()> {
    let Some(id) = id else { return Ok(()) };
    match customers::find(read, id) {
        Ok(customer) if customer.active => Ok(()),
        Ok(_) | Err(Error::NotFound(_)) => {
            let said = "Choose a customer of this chain, or leave it out.";
            wrong.push(Field::new("/customerId", "not_found", said));
            Ok(())
        }
        Err(error) => Err(error),
    }
}
