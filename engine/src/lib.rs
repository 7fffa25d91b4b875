//! The rules of Regulars as pure functions: no IO, no clock, no floats, no async.
//!
//! What is needed comes as arguments (the order, the rules, the venue's zone and policy), what comes
//! out is a value that is stored as it is. An order is priced like this:
//!
//! ```
//! use engine::discount::{Candidate, Discount, Scope};
//! use engine::money::{Currency, Quantity};
//! use engine::order::{Line, Order, TaxMode};
//! use engine::quote::{Context, Policy, evaluate};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now: jiff::Timestamp = "2026-06-05T16:00:00Z".parse()?;
//! let beer = Line {
//!     quantity: Quantity::whole(2)?,
//!     rate: "25".parse()?,
//!     ..Line::new("itm_1", "prd_beer", 8_900, now)
//! };
//! let order = Order {
//!     id: "ord_1".into(),
//!     currency: Currency::SEK,
//!     tax_mode: TaxMode::Inclusive,
//!     opened_at: now,
//!     customer: None,
//!     lines: vec![beer],
//! };
//! let ten_percent = Discount {
//!     is_automatic: true,
//!     ..Discount::percentage("dis_1", Scope::Order, "10".parse()?)
//! };
//! let context = Context { policy: Policy::default(), zone: jiff::tz::TimeZone::UTC };
//!
//! let priced = evaluate(&order, &[Candidate::automatic(ten_percent)], &context)?;
//! assert_eq!(priced.totals.subtotal, 17_800);
//! assert_eq!(priced.totals.discounts, 1_780);
//! assert_eq!(priced.totals.total, 16_020);
//! assert_eq!(priced.totals.tax, 3_204); // inside the total
//! # Ok(())
//! # }
//! ```
//!
//! A published `Discount` is a rule; a `Candidate` is that rule asking to be applied to one order, with
//! its code, its uses left, or the lines that staff pointed at. `points::earn` reads the evaluation
//! once the order is paid.

pub mod discount;
pub mod id;
pub mod money;
pub mod order;
pub mod points;
pub mod quote;
pub mod refund;
pub mod speech;
pub mod streak;
pub mod tier;
pub mod window;
