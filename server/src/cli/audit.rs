use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Subcommand;

use super::{Json, open_existing, say};
use crate::audit::Verdict;
use crate::hall::config::Config;

#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Walk the chain of the audit trail and ask every law; exit code 1 names the first that is broken
    Verify(Json),
}

/// Breaches that are told of one law; all are in the JSON.
const TOLD_MAX: usize = 5;

pub async fn verify(config: Config, ask: Json) -> Result<ExitCode> {
    let hall = open_existing(&config).await?;
    let told = |verdict: &Verdict| {
        if !ask.json {
            tell(verdict);
        }
    };
    let verdicts = crate::audit::verify(&hall, told).await;
    let verdicts = verdicts
        .map_err(anyhow::Error::from)
        .context("the laws cannot be asked")?;
    hall.db.close().await;
    if ask.json {
        say::json(&verdicts)?;
    }
    let broken: Vec<&str> = verdicts
        .iter()
        .filter(|verdict| !verdict.breaches.is_empty())
        .map(|verdict| verdict.law)
        .collect();
    if broken.is_empty() {
        if !ask.json {
            say::line(format!("All {} hold.", verdicts.len()));
        }
        return Ok(ExitCode::SUCCESS);
    }
    if !ask.json {
        say::line(format!("Broken: {}.", broken.join(", ")));
    }
    Ok(ExitCode::FAILURE)
}

fn tell(verdict: &Verdict) {
    let state = if verdict.breaches.is_empty() {
        "ok"
    } else {
        "BROKEN"
    };
    say::line(format!("{:5}  {state:6}  {}", verdict.law, verdict.about));
    for breach in verdict.breaches.iter().take(TOLD_MAX) {
        say::line(format!("               {} {}", breach.tenant, breach.what));
    }
    let more = verdict.breaches.len().saturating_sub(TOLD_MAX);
    if more > 0 {
        say::line(format!("               and {more} more"));
    }
}
