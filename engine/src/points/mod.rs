//! Loyalty points: what a purchase earns, what points take off, and what a refund takes back.

mod earn;
mod gain;
mod lots;
mod program;
pub mod redeem;
mod reverse;
mod sheet;

pub use earn::{Earned, Part, PartKind, Purchase, earn};
pub use lots::{FromLot, Lot, NotRedeemable, Wallet};
pub use program::{AccrualRule, AccrualType, EarnBasis, Program, Promotion};
pub use reverse::{proportion, taken_back};

use std::fmt;

/// The points do not fit a ledger row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyPoints;

impl fmt::Display for TooManyPoints {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("more points than a ledger can hold")
    }
}

impl std::error::Error for TooManyPoints {}
