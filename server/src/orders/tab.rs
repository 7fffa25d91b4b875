//! An order as it is kept in hand while something is done to it.

use engine::id::CandidateId;
use engine::quote::TraceEntry;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asks::Asks;
use super::decide::Decided;
use crate::coupons::Coupon;
use crate::hall::id::{
    CategoryId, CustomerId, Id, LineId, OrderId, ProductId, TaxClassId, VenueId,
};
use crate::hall::identity::TaxMode;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    Open,
    Paid,
    Voided,
    PartiallyRefunded,
    Refunded,
}

/// Where an order came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Source {
    Till,
    Api,
    Import,
}

/// An order as it is stored: its row, its lines, and what was decided over them.
#[derive(Debug, Clone)]
pub struct Tab {
    pub id: OrderId,
    pub venue: VenueId,
    pub status: Status,
    pub customer: Option<CustomerId>,
    pub label: Option<String>,
    pub served_by: String,
    pub source: Source,
    pub currency: String,
    pub tax_mode: TaxMode,
    pub opened_at: Timestamp,
    pub business_day: Date,
    pub closed_at: Option<Timestamp>,
    /// The business day that it was paid on, by the venue's hours of then; its customer's visit is of that day.
    pub paid_on: Option<Date>,
    pub void_reason: Option<String>,
    /// Sum of tips, which the total contains.
    pub tip: i64,
    /// Sum of payments and their tips, less what of them went back while it was open.
    pub paid: i64,
    pub rounding: i64,
    /// Of what was paid, what has gone back: in coins, with tips.
    pub refunded: i64,
    pub version: i64,
    pub lines: Vec<Line>,
    pub decided: Decided,
    pub asks: Asks,
    /// Whether other systems have names for it: they are looked up where there are any.
    pub is_named: bool,
    /// What no longer fitted at this change and was let go: told once, stored nowhere.
    pub removed: Vec<TraceEntry>,
    /// Codes that were looked up in this transaction: pricing does not ask for them again.
    pub looked_up: Vec<Coupon>,
}

#[derive(Debug, Clone)]
pub struct Line {
    pub id: LineId,
    pub position: i64,
    pub product: Option<ProductId>,
    pub name: String,
    pub category: Option<CategoryId>,
    /// What kept it out of promotions when it was ordered, by the venue's policy of then.
    pub regulated: Option<String>,
    pub tax_class: Option<TaxClassId>,
    pub rate_milli: i64,
    pub unit_price: i64,
    pub quantity_milli: i64,
    pub modifiers: Vec<LineModifier>,
    pub ordered_at: Timestamp,
    pub voided_at: Option<Timestamp>,
    pub void_reason: Option<String>,
}

/// What was added to an item, as it stood when it was ordered.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LineModifier {
    pub id: String,
    pub group_id: Option<String>,
    #[schema(example = "large")]
    pub name: String,
    /// Minor units that it adds to one item.
    #[schema(example = 1500)]
    pub price_delta: i64,
}

impl Line {
    /// One item of nothing, to be changed with struct update.
    pub fn blank() -> Line {
        Line {
            id: Id::from_uuid(uuid::Uuid::nil()),
            position: 0,
            product: None,
            name: String::new(),
            category: None,
            regulated: None,
            tax_class: None,
            rate_milli: 0,
            unit_price: 0,
            quantity_milli: 1_000,
            modifiers: Vec::new(),
            ordered_at: Timestamp::UNIX_EPOCH,
            voided_at: None,
            void_reason: None,
        }
    }
}

impl Tab {
    /// What the guest owes in all, with the tips given so far. Minor units.
    pub fn total(&self) -> i64 {
        self.decided.evaluation.totals.total + self.tip
    }

    /// Whether the discount behind a candidate is one that was published, and not made up for this order.
    pub fn is_published(&self, candidate: &CandidateId) -> bool {
        let mut candidates = self.decided.candidates.iter();
        candidates.any(|one| one.id == *candidate && one.version().is_some())
    }

    /// What is exactly left to pay.
    pub fn due(&self) -> i64 {
        match self.status {
            Status::Open => self.total() + self.rounding - self.paid,
            _ => 0,
        }
    }
}
