//! A code as the console shows it.

use engine::window::Bound;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::code;
use super::terms::Duration;
use crate::hall::call::Reply;
use crate::hall::id::{CouponBatchId, CouponId, CustomerId, DiscountId, VenueId};
use crate::hall::money::Money;

/// A code, its terms, and how often it is used.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Coupon)]
pub struct CouponCode {
    pub id: CouponId,
    #[schema(example = 1)]
    pub version: i64,
    /// As it was written; any case and any separators name it too.
    #[schema(example = "SAVE20")]
    pub code: String,
    pub discount_id: DiscountId,
    /// The batch that it was generated with.
    pub batch_id: Option<CouponBatchId>,
    /// Where it was made; absent is the chain. It is good wherever its discount is live.
    pub venue_id: Option<VenueId>,
    #[schema(example = 100)]
    pub max_uses: Option<u32>,
    #[schema(example = 1)]
    pub max_uses_per_customer: Option<u32>,
    /// Uses that are held or final.
    #[schema(example = 0)]
    pub current_uses: i64,
    /// In place of the discount's.
    pub min_purchase_amount: Option<Money>,
    #[schema(value_type = Option<String>, example = "2026-06-01")]
    pub valid_from: Option<Bound>,
    #[schema(value_type = Option<String>, example = "2026-08-31")]
    pub valid_until: Option<Bound>,
    pub customer_id: Option<CustomerId>,
    #[schema(example = false)]
    pub first_purchase_only: bool,
    pub duration: Duration,
    #[schema(example = json!(null))]
    pub duration_months: Option<u32>,
    #[schema(example = true)]
    pub active: bool,
    pub archived_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

impl Reply for CouponCode {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

/// How a code is written: as a person chose it, or what was drawn behind the prefix as that was chosen.
pub fn written(code: &str, shown: Option<String>, prefix: &str) -> String {
    if let Some(shown) = shown {
        return shown;
    }
    let folded = code::prefix(prefix).unwrap_or_default();
    match code.strip_prefix(folded.as_str()) {
        Some(drawn) => format!("{prefix}{drawn}"),
        None => code.to_owned(),
    }
}
