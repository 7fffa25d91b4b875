//! Points: what the program promises, what a purchase earned, and what a customer has.
//!
//! One program per chain, which a venue overrides field by field, with rates per currency. Accrual rules and
//! promotions add to it, and stand whole in the policy of the ledger rows that they decided. One purchase earns
//! once, whoever reports it (`links`). The ledger is append-only and numbered per
//! customer; the balance on the customer is a cache of it, moved in the same transaction. Earned points are
//! lots, each with its own end. What is spent is decided by the engine's wallet; who moves a point adds a row, and
//! the number of rows guards it. Keeps L01, L02, L26 and L27,
//! and for promotions and held points L08, L23 and L25.

mod accrual;
mod adjust;
mod config;
mod earning;
mod expiry;
mod holds;
mod laws;
mod ledger;
mod links;
mod lots;
mod migration;
mod own;
pub mod promotions;
mod redeem;
mod reminders;
mod reverse;
mod routes;
mod rules;
mod sentence;
mod store;
#[cfg(test)]
pub(crate) mod tests;

use crate::hall::room::Room;

pub use accrual::{AccrualRule, EditAccrualRule, create as create_accrual_rule};
pub use adjust::{Opening, bring, bring_points};
pub use config::{Config, configure, effective};
pub use earning::{Basket, Calculation, earn, earned, forecast};
pub use holds::{Redeemable, hold, hold_until, redeemable, release, spendable};
pub use ledger::{
    Balance, Entry, Grant, Lot, NextToExpire, RECENT, balance, grant, history, own_balance,
    refuse_debtor,
};
pub use links::{
    ParkedPurchase, ReportPurchase, ReportState, ReportedPurchase, earn_external, root_of,
};
pub use promotions::{EditPromotion, Promotion, create as create_promotion};
pub use redeem::{Redeem, Spend, redeem, spend};
pub use reverse::{PutBack, TakeBack, TakenBack, earned_of, put_back, take_back};
pub use rules::uses_of_group;

pub const ROOM: Room = Room {
    name: "loyalty",
    routes: routes::routes,
    jobs: &[
        holds::LAPSE,
        expiry::EXPIRE,
        reminders::REMIND,
        migration::MIGRATE,
    ],
    laws: laws::ALL,
};
