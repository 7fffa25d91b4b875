use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use serde_json::json;

use super::{open_existing, say};
use crate::hall::config::Config;
use crate::platform::staff;

#[derive(Debug, Subcommand)]
pub enum Staff {
    /// Give whoever signs in with this email a new password; it is printed once
    Reset(Reset),
}

#[derive(Debug, Args)]
pub struct Reset {
    email: String,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
}

pub async fn reset(config: Config, ask: Reset) -> Result<ExitCode> {
    let hall = open_existing(&config).await?;
    let password = staff::reset(&hall, &ask.email).await;
    let password = password
        .map_err(anyhow::Error::from)
        .context("no new password was set")?;
    hall.db.close().await;
    if ask.json {
        say::json(&json!({"email": ask.email, "password": password.expose()}))?;
    } else {
        say::line(format!(
            "{} now signs in with this password; change it after signing in:",
            ask.email
        ));
        say::line(password.expose());
    }
    Ok(ExitCode::SUCCESS)
}
