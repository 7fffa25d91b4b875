use std::process::ExitCode;

use anyhow::{Context as _, Result};
use serde_json::json;

use super::{Json, say, settings};
use crate::hall::config::{self, Config};
use crate::hall::secret::Entropy;
use crate::hall::store::{Db, known_migrations};

pub async fn migrate(config: Config, ask: Json) -> Result<ExitCode> {
    config::make_folder(&config.data)?;
    let applied = Db::migrate(settings(&config, &Entropy::system())).await;
    let applied = applied
        .map_err(anyhow::Error::from)
        .context("the tables cannot be brought up to date")?;
    if ask.json {
        say::json(&json!({"applied": applied, "known": known_migrations()}))?;
        return Ok(ExitCode::SUCCESS);
    }
    for name in &applied {
        say::line(format!("applied {name}"));
    }
    say::line(format!(
        "The store is up to date: {} migrations, {} of them new.",
        known_migrations(),
        applied.len()
    ));
    Ok(ExitCode::SUCCESS)
}
