//! Codes as the pricing of an order needs them.

use std::sync::Arc;

use engine::discount::{Candidate, Coupon as Terms, Discount as Rule, Origin};
use engine::quote::Language;
use jiff::Timestamp;

use super::terms::Duration;
use super::{code, store};
use crate::discounts::uses::Limits;
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::id::{CouponId, CustomerId, DiscountId};
use crate::hall::identity::Venue;
use crate::hall::store::Read;
use crate::hall::text::language_or_english;

/// A code and the rule that it stands for, at one venue.
#[derive(Debug, Clone, PartialEq)]
pub struct Coupon {
    pub id: CouponId,
    /// As people write it.
    pub code: String,
    pub discount_id: DiscountId,
    pub version: i64,
    /// The live version; inactive where the code is paused or its discount is archived, so that the trace says so.
    pub rule: Arc<Rule>,
    /// What the code adds to the rule. The uses that are left are not in it: whoever prices knows the purchase.
    pub terms: Terms,
    pub max_uses: Option<u32>,
    pub max_uses_per_customer: Option<u32>,
    /// As `max_uses`, of the rule whatever the code.
    pub rule_max_uses: Option<u32>,
    pub rule_max_uses_per_customer: Option<u32>,
    /// What the rule says where it is a comp.
    pub comp_reason: Option<String>,
    pub needs_customer: bool,
    pub first_purchase_only: bool,
    pub duration: Duration,
    /// The reward whose voucher it is.
    pub reward_id: Option<String>,
}

impl Coupon {
    /// The uses of the code itself, which are always counted.
    pub fn limits(&self) -> Limits {
        Limits {
            subject: self.id.to_string(),
            total_max: self.max_uses,
            customer_max: self.max_uses_per_customer,
            first_purchase_only: self.first_purchase_only,
            is_counted: true,
        }
    }

    /// The uses of the rule behind it, by whatever code or none.
    pub fn rule_limits(&self) -> Limits {
        Limits::of_rule(
            self.discount_id.to_string(),
            self.rule_max_uses,
            self.rule_max_uses_per_customer,
        )
    }

    /// A reward's voucher is taken last, as the reward would be.
    pub fn origin(&self) -> Origin {
        if self.reward_id.is_some() {
            Origin::Reward
        } else {
            Origin::Coupon
        }
    }

    /// What it asks of an order, under this id.
    pub fn candidate(&self, id: &str) -> Candidate {
        Candidate {
            origin: self.origin(),
            ..Candidate::coupon(id, Arc::clone(&self.rule), self.terms.clone())
        }
    }
}

/// The code that was typed, live or not: the engine says why it does not apply.
///
/// # Errors
/// `Refused` where no such code exists whose discount is given at this venue.
pub fn typed(read: &mut Read, venue: &Venue, text: &str) -> Result<Coupon> {
    find(read, venue, text)?.ok_or_else(|| unknown(venue))
}

/// The form in which codes are compared: one code is one, however it is written.
pub fn compared(text: &str) -> String {
    // No code is empty.
    code::canonical(text).unwrap_or_default()
}

/// As [`typed`]; one statement, whether the text can be a code or not.
pub(super) fn find(read: &mut Read, venue: &Venue, text: &str) -> Result<Option<Coupon>> {
    store::apply::by_code(read, venue.id, &compared(text))
}

/// The codes that an order bears already, as they stand now, in one statement.
pub fn standing(read: &mut Read, venue: &Venue, ids: &[CouponId]) -> Result<Vec<Coupon>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    store::apply::by_ids(read, venue.id, ids)
}

/// The codes that go on for the customer: they are applied without being typed, and use nothing up.
pub fn running(
    read: &mut Read,
    venue: &Venue,
    customer: CustomerId,
    now: Timestamp,
) -> Result<Vec<Coupon>> {
    store::apply::running(read, venue.id, customer, now)
}

pub(super) fn unknown(venue: &Venue) -> Error {
    let said = match language_or_english(&venue.language) {
        Language::En => "There is no such code here: check how it is spelt.",
        Language::Sv => "Det finns ingen sådan kod här: kontrollera hur den stavas.",
        Language::Es => "Aquí no hay ningún código así: comprueba cómo se escribe.",
    };
    Error::Refused(
        Code::CouponInvalid,
        Extra::saying(said).with("reason", serde_json::json!({"code": "UNKNOWN_CODE"})),
    )
}
