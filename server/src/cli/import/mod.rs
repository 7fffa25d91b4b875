//! `regulars import`: what each takes, and what they have in common.

mod customers;
mod transactions;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Subcommand;
use jiff::Timestamp;

use super::Global;
use crate::hall::call::Hall;
use crate::hall::id::{TenantId, VenueId};
use crate::hall::identity;

#[derive(Debug, Subcommand)]
pub enum Import {
    /// Bring in customers, with the points that they have elsewhere
    Customers(customers::Ask),
    /// Bring in paid orders of the past, with the people who paid them
    Transactions(transactions::Ask),
}

pub async fn import(common: &Global, import: Import) -> Result<ExitCode> {
    match import {
        Import::Customers(ask) => customers::import(common, ask).await,
        Import::Transactions(ask) => transactions::import(common, ask).await,
    }
}

fn bytes_of(file: &Path) -> Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))
}

/// Beside the file, so that bad rows can be mended and brought in later.
fn rejected_path(file: &Path) -> PathBuf {
    let mut path = file.to_owned().into_os_string();
    path.push(".rejected.csv");
    PathBuf::from(path)
}

/// The tenant whose venue it is, or the only one, with the instant on its clock.
async fn tenant_of(hall: &Hall, venue: Option<VenueId>) -> Result<(TenantId, Timestamp)> {
    let machine_now = hall.clock.now();
    let tenants = hall
        .db
        .across_tenants(machine_now, move |across| {
            identity::tenants_with(across, venue)
        })
        .await?;
    match tenants.as_slice() {
        [tenant] => Ok((tenant.id, machine_now + tenant.clock_offset)),
        [] if venue.is_some() => bail!("there is no such venue in this store"),
        [] => bail!("the store holds no chain yet: run `regulars init` or `regulars demo` first"),
        _ => bail!("the store holds several chains: name a venue of the right one with --venue"),
    }
}
