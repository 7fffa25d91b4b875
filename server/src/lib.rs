//! Regulars: the guest side of venues and chains. `hall` is what every room stands on; `app` lists the rooms.

pub mod app;
pub mod hall;
pub mod platform;
