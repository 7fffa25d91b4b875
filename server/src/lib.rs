//! Regulars: the guest side of venues and chains. `hall` is what every room stands on; `app` lists the rooms.

pub mod app;
pub mod audit;
pub mod catalogue;
pub mod checkout;
pub mod cli;
pub mod coupons;
pub mod customers;
pub mod demo;
pub mod discounts;
pub mod hall;
pub mod jobs;
pub mod leaderboards;
pub mod loyalty;
pub mod openapi;
pub mod ops;
pub mod orders;
pub mod outbox;
pub mod payments;
pub mod platform;
pub mod rewards;
pub mod streaks;
pub mod tiers;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
