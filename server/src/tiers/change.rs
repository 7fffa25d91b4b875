use engine::tier::Figures;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::hall::call::Reply;
use crate::hall::id::{CustomerId, TierId};

/// A tier as it was named then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TierRef {
    pub id: TierId,
    #[schema(example = "GOLD")]
    pub name: String,
    /// From 0.
    #[schema(example = 3)]
    pub rank: usize,
}

/// A customer's rise or fall, with the rule and the figures that made it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    pub customer_id: CustomerId,
    /// 1, 2, 3 … for each customer.
    #[schema(example = 1)]
    pub seq: i64,
    pub from: TierRef,
    pub to: TierRef,
    /// Of the rules that were in force.
    #[schema(example = 1)]
    pub ladder_version: i64,
    pub reckoning: Reckoning,
    /// What caused it: `order`, `refund`, `ladder`, `job`, …
    #[schema(example = "order")]
    pub cause_kind: String,
    pub cause_id: String,
    pub at: Timestamp,
}

impl Reply for Change {}

/// The figures of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reckoning {
    /// The first day that counted.
    #[schema(value_type = String, example = "2025-06-13")]
    pub from: Date,
    #[schema(value_type = String, example = "2026-06-12")]
    pub until: Date,
    #[schema(value_type = Object, example = json!({"visits": 30, "points": 2_910, "spend": 291_000}))]
    pub figures: Figures,
    /// What the figures give, where the pace allows less.
    pub earned: TierRef,
    /// Whether the days before the grace period gave it.
    pub by_grace: bool,
}
