//! Why each candidate was taken or not, as codes and figures. Sentences are made from them at the edge.

use serde::{Deserialize, Serialize};

use crate::id::{CandidateId, DiscountId, ExperimentId, GroupId, SegmentId};
use crate::window::{Bound, DaysOfWeek, TimeOfDay};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    Applied,
    Rejected,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TraceEntry {
    pub candidate_id: CandidateId,
    pub discount_id: DiscountId,
    pub version: u32,
    pub verdict: Verdict,
    pub reason: TraceCode,
    /// What else shaped it: caps, clamps, units that were left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<TraceCode>,
}

/// A reason with its figures. Amounts are minor units of the order's currency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "code",
    rename_all = "SCREAMING_SNAKE_CASE",
    rename_all_fields = "camelCase"
)]
pub enum TraceCode {
    Applied {
        saving: i64,
        base: i64,
        units: i64,
    },
    /// The rule's cap held the saving down.
    Capped {
        asked: i64,
        cap: i64,
    },
    /// More was asked than there was to take it from.
    Clamped {
        asked: i64,
        given: i64,
    },
    /// Fewer points were enough, or fewer give the same amount.
    PointsTrimmed {
        asked: i64,
        taken: i64,
    },
    /// Units of a class that the venue keeps out of this kind of rule.
    RegulatedItem {
        units: i64,
    },
    Inactive,
    /// A field that the rule needs is missing.
    Incomplete,
    OtherCurrency,
    CustomerRequired,
    NotInGroup {
        group_id: GroupId,
    },
    NotInSegment {
        segment_id: SegmentId,
    },
    NotForThisCustomer,
    FirstPurchaseOnly {
        purchases: u32,
    },
    OtherVariant {
        experiment_id: ExperimentId,
    },
    UsesSpent,
    CustomerUsesSpent,
    ApprovalRequired,
    NotYetValid {
        from: Bound,
    },
    NoLongerValid {
        until: Bound,
    },
    OutsideTimeWindow {
        days_of_week: DaysOfWeek,
        time_from: Option<TimeOfDay>,
        time_until: Option<TimeOfDay>,
    },
    MinPurchaseNotMet {
        short: i64,
    },
    MinQuantityNotMet {
        short: i64,
    },
    NoMatchingItem,
    /// Not one whole set of the bundle is on the order.
    SetIncomplete,
    MinimumPoints {
        minimum: i64,
    },
    NotEnoughPoints {
        available: i64,
    },
    ExcludedBy {
        discount_id: DiscountId,
        its_saving: i64,
        this_saving: i64,
    },
    NoSaving,
}
