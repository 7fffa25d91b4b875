//! The command that makes or changes one code.

use engine::window::Bound;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::code;
use super::show::CouponCode;
use super::terms::{Duration, Terms, check_customer, check_discount};
use crate::hall::error::{Error, Field, Result};
use crate::hall::id::{CustomerId, DiscountId};
use crate::hall::identity::Venue;
use crate::hall::money::Money;
use crate::hall::store::Read;

/// What is left out, the discount decides: `minPurchaseAmount`, `validFrom` and `validUntil` replace its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditCoupon {
    /// 3 to 40 letters and digits. Case, spaces, hyphens and look-alikes make no difference.
    #[schema(example = "SAVE20")]
    pub code: String,
    pub discount_id: DiscountId,
    #[schema(example = 100)]
    pub max_uses: Option<u32>,
    #[schema(example = json!(null))]
    pub max_uses_per_customer: Option<u32>,
    #[schema(example = json!(null))]
    pub min_purchase_amount: Option<Money>,
    #[schema(value_type = Option<String>, example = "2026-06-01")]
    pub valid_from: Option<Bound>,
    /// A day is included; an instant is not.
    #[schema(value_type = Option<String>, example = "2026-08-31")]
    pub valid_until: Option<Bound>,
    /// Only this customer may use it.
    #[schema(example = json!(null))]
    pub customer_id: Option<CustomerId>,
    #[serde(default)]
    #[schema(example = false)]
    pub first_purchase_only: bool,
    #[serde(default)]
    pub duration: Duration,
    /// Of a `REPEATING` code.
    #[schema(example = json!(null))]
    pub duration_months: Option<u32>,
    #[serde(default = "yes")]
    #[schema(example = true)]
    pub active: bool,
}

fn yes() -> bool {
    true
}

impl EditCoupon {
    pub(super) fn of(coupon: &CouponCode) -> EditCoupon {
        EditCoupon {
            code: coupon.code.clone(),
            discount_id: coupon.discount_id,
            max_uses: coupon.max_uses,
            max_uses_per_customer: coupon.max_uses_per_customer,
            min_purchase_amount: coupon.min_purchase_amount.clone(),
            valid_from: coupon.valid_from,
            valid_until: coupon.valid_until,
            customer_id: coupon.customer_id,
            first_purchase_only: coupon.first_purchase_only,
            duration: coupon.duration,
            duration_months: coupon.duration_months,
            active: coupon.active,
        }
    }

    pub(super) fn terms(&self) -> Terms {
        Terms {
            max_uses: self.max_uses,
            max_uses_per_customer: self.max_uses_per_customer,
            min_purchase_amount: self.min_purchase_amount.clone(),
            valid_from: self.valid_from,
            valid_until: self.valid_until,
            first_purchase_only: self.first_purchase_only,
            duration: self.duration,
            duration_months: self.duration_months,
            reward_id: None,
        }
    }

    /// The code as it is kept, or everything that is wrong with the command.
    pub(super) fn checked(&self, read: &mut Read, venue: Option<&Venue>) -> Result<String> {
        let mut wrong = Vec::new();
        let kept = code::canonical(&self.code);
        if kept.is_none() {
            let said = "Send 3 to 40 letters and digits; spaces, hyphens and points may stand between them.";
            wrong.push(Field::new("/code", "invalid", said));
        }
        check_discount(read, venue, self.discount_id, &mut wrong)?;
        check_customer(read, self.customer_id, &mut wrong)?;
        self.terms().check(venue, &mut wrong);
        kept.filter(|_| wrong.is_empty())
            .ok_or(Error::Invalid(wrong))
    }

    /// Everything that is wrong with the command as a change of `before`, of which so much is used.
    pub(super) fn check_change(
        &self,
        read: &mut Read,
        venue: Option<&Venue>,
        before: &EditCoupon,
        (used, by_one): (i64, i64),
        is_voucher: bool,
    ) -> Result<()> {
        let mut wrong = Vec::new();
        if is_voucher && (self.terms() != before.terms() || self.customer_id != before.customer_id)
        {
            let said = "The code is a guest's voucher: it can be paused, or cancelled where the guest's vouchers are.";
            wrong.push(Field::new("", "not_allowed", said));
        }
        let fixed = [
            (self.code != before.code, "/code"),
            (self.discount_id != before.discount_id, "/discountId"),
        ];
        for (_, pointer) in fixed.iter().filter(|(is_other, _)| *is_other) {
            let said = "It cannot change: delete this code and make another.";
            wrong.push(Field::new(*pointer, "not_allowed", said));
        }
        let limits = [
            (self.max_uses, used, "/maxUses"),
            (self.max_uses_per_customer, by_one, "/maxUsesPerCustomer"),
        ];
        for (max, used, pointer) in limits {
            if max.is_some_and(|max| i64::from(max) < used) {
                let said =
                    format!("It is used {used} times: send that or more, or pause the code.");
                wrong.push(Field::new(pointer, "out_of_range", said));
            }
        }
        if self.customer_id != before.customer_id {
            check_customer(read, self.customer_id, &mut wrong)?;
        }
        self.terms().check(venue, &mut wrong);
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(wrong))
        }
    }
}
