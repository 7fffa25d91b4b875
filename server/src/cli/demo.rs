use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Global, open_with, say};
use crate::demo::{self, Demo};
use crate::hall::call::Hall;
use crate::hall::config::Config;
use crate::hall::secret::Entropy;
use crate::hall::time::Clock;

#[derive(Debug, Args)]
pub struct Ask {
    /// The same seed and instant give the same demo, ids and keys included [default: 1]
    #[arg(long)]
    seed: Option<u64>,
    /// When the demo's year ends, such as 2026-06-12T10:00:00Z [default: now]
    #[arg(long, value_name = "INSTANT")]
    as_of: Option<Timestamp>,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
}

/// What the demo's people sign in with stands beside its store: it is a test chain and listens on loopback.
const FILE: &str = "demo.json";
const SEED: u64 = 1;

/// The demo with what it was made from: it is not made anew from anything else.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    seed: u64,
    as_of: Timestamp,
    #[serde(flatten)]
    demo: Demo,
}

pub async fn demo(common: &Global, ask: Ask) -> Result<ExitCode> {
    let config = common.load([])?;
    let made = made(&config, ask.seed, ask.as_of).await?;
    if ask.json {
        say::json(&made)?;
    } else {
        tell(&made);
    }
    Ok(ExitCode::SUCCESS)
}

/// The demo of this data folder, made if it is not there yet.
///
/// # Errors
/// The folder holds the demo of another seed or instant, or half of one.
pub async fn made(config: &Config, seed: Option<u64>, as_of: Option<Timestamp>) -> Result<Demo> {
    let path = config.data.join(FILE);
    if let Ok(text) = std::fs::read_to_string(&path) {
        let kept: Kept = serde_json::from_str(&text)
            .with_context(|| {
                let (file, data) = (path.display(), config.data.display());
                format!("{file} cannot be read: where an older program made it, delete {data} and begin again")
            })?;
        if seed.is_some_and(|seed| seed != kept.seed) || as_of.is_some_and(|at| at != kept.as_of) {
            bail!(
                "{} holds the demo of --seed {} --as-of {}: leave these options out, or choose another --data",
                config.data.display(),
                kept.seed,
                kept.as_of
            );
        }
        return Ok(kept.demo);
    }
    let seed = seed.unwrap_or(SEED);
    let as_of = as_of.unwrap_or_else(|| Clock::system().now());
    let hall: Hall = open_with(config, "", Clock::fixed(as_of), Entropy::seeded(seed)).await?;
    let made = demo::make(&hall, as_of).await;
    hall.db.close().await;
    let demo = match made {
        Ok(demo) => demo,
        Err(error) => bail!(
            "the demo cannot be made: {error}. Where an earlier try was cut off, half of it is there: delete the store \
             and begin again"
        ),
    };
    let kept = Kept { seed, as_of, demo };
    let text = serde_json::to_string_pretty(&kept)?;
    crate::hall::config::write_private(&path, text.as_bytes())?;
    Ok(kept.demo)
}

/// For a person who wants to try it.
pub fn tell(demo: &Demo) {
    say::line("The demo chain:");
    for venue in &demo.venues {
        say::line(format!("  venue     {}  {}", venue.id, venue.name));
    }
    for person in &demo.staff {
        say::line(format!(
            "  {:8}  {}  PIN {}",
            person.role.word().to_lowercase(),
            person.name,
            person.pin
        ));
    }
    say::line(format!("  owner's key    {}", demo.api_keys.owner));
    say::line(format!("  manager's key  {}", demo.api_keys.manager));
    say::line(format!("  staff's key    {}", demo.api_keys.staff));
}
