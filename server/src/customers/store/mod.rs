//! All SQL of this room's tables, by noun.

pub mod counters;
pub mod groups;
pub mod imports;
pub mod keys;
pub mod lists;
pub mod profiles;
pub mod terms;
