use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Args;
use serde::Serialize;

use super::{bytes_of, rejected_path, tenant_of};
use crate::app::BRING_POINTS;
use crate::cli::say::{self, Progress};
use crate::cli::{Global, open_existing};
use crate::customers::import::{
    How, ImportCustomers, LINES_AT_ONCE, Lines, Preset, RejectedFile, Tally, read, take,
};
use crate::hall::call::Hall;
use crate::hall::error::Error;
use crate::hall::id::VenueId;
use crate::hall::identity;
use crate::hall::journal::By;
use crate::hall::store::Scope;

/// Lines of one file: what memory holds without a thought.
const LINES_MAX: usize = 1_000_000;
/// Bad lines that a dry run tells.
const TOLD_MAX: usize = 10;

#[derive(Debug, Args)]
pub struct Ask {
    /// A CSV with a header, or one customer as JSON per line (.ndjson, .jsonl); bad lines go to FILE.rejected.csv
    file: PathBuf,
    /// Where they are known from then on
    #[arg(long, value_name = "ID")]
    venue: VenueId,
    /// The system whose export it is: square, zettle, calcom or excel
    #[arg(long, value_parser = preset)]
    preset: Option<Preset>,
    /// What a column is, such as `email=Contact`; once for each column
    #[arg(long, value_name = "FIELD=COLUMN")]
    map: Vec<String>,
    /// What the file's own ids are of, and from where points are brought [default: the preset, or file]
    #[arg(long, value_name = "NAME")]
    system: Option<String>,
    /// Count, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
}

fn preset(word: &str) -> Result<Preset, String> {
    let known: Vec<&str> = Preset::ALL.iter().map(|one| one.word()).collect();
    Preset::of(word).ok_or_else(|| format!("known are {}", known.join(", ")))
}

/// What a run did, for programs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    #[serde(flatten)]
    tally: Tally,
    rejected_file: Option<PathBuf>,
    ignored_columns: Vec<String>,
    dry_run: bool,
}

pub async fn import(common: &Global, ask: Ask) -> Result<ExitCode> {
    let said = ImportCustomers {
        preset: ask.preset,
        system: ask.system.clone(),
        dry_run: ask.dry_run,
        map: ask.map.clone(),
    };
    let (how, columns) = (said.how()?, said.columns()?);
    let ending = ask.file.extension().and_then(|ending| ending.to_str());
    let kind = match ending {
        Some("ndjson" | "jsonl") => "application/x-ndjson",
        _ => "text/csv",
    };
    let file = read(kind, &bytes_of(&ask.file)?, &columns, LINES_MAX)?;
    let hall = open_existing(&common.load([])?).await?;
    let taken = take_all(&hall, &ask, &how, &file).await;
    hall.db.close().await;
    let tally = taken?;
    let rejected_file = keep_rejected(&ask, &file.header, &tally)?;
    tell(&ask, file.ignored, tally, rejected_file)?;
    Ok(ExitCode::SUCCESS)
}

/// Some lines in one transaction: a run that is cut off goes on where it was, since who is here is known again.
async fn take_all(hall: &Hall, ask: &Ask, how: &How, file: &Lines) -> Result<Tally> {
    let (tenant, now) = tenant_of(hall, Some(ask.venue)).await?;
    let id = ask.venue;
    let scope = || Scope::new(tenant, now, By::cli()).patient();
    let venue = hall.db.read(scope(), move |read| {
        identity::venue(read, id)?.ok_or(Error::NotFound("venue"))
    });
    let venue = venue.await?;
    let mut tally = Tally::default();
    let mut progress = Progress::new("lines", file.lines.len() as u64, ask.json);
    for some in file.lines.chunks(LINES_AT_ONCE) {
        let (some, venue, how) = (some.to_vec(), venue.clone(), how.clone());
        let part = hall.db.write(scope(), Vec::new(), move |tx| {
            take(tx, &venue, &how, &some, BRING_POINTS)
        });
        tally.add(part.await?);
        progress.at(tally.processed.unsigned_abs());
    }
    progress.end();
    Ok(tally)
}

/// A dry run writes nothing, not even this.
fn keep_rejected(ask: &Ask, header: &[String], tally: &Tally) -> Result<Option<PathBuf>> {
    if ask.dry_run || tally.rejected.is_empty() {
        return Ok(None);
    }
    let mut file = RejectedFile::begin(header)?;
    for bad in &tally.rejected {
        file.add(&bad.cells, &bad.why)?;
    }
    let path = rejected_path(&ask.file);
    std::fs::write(&path, file.end()?)
        .with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(Some(path))
}

fn tell(
    ask: &Ask,
    ignored_columns: Vec<String>,
    tally: Tally,
    rejected_file: Option<PathBuf>,
) -> Result<()> {
    if ask.json {
        return say::json(&Report {
            tally,
            rejected_file,
            ignored_columns,
            dry_run: ask.dry_run,
        });
    }
    say::line(format!(
        "{} lines: {} created, {} updated, {} unchanged, {} failed.",
        tally.processed, tally.created, tally.updated, tally.unchanged, tally.failed
    ));
    if !ignored_columns.is_empty() {
        say::line(format!(
            "These columns mean nothing here: {}.",
            ignored_columns.join(", ")
        ));
    }
    if let Some(path) = &rejected_file {
        say::line(format!("The bad lines are in {}.", path.display()));
    }
    if ask.dry_run {
        for bad in tally.rejected.iter().take(TOLD_MAX) {
            say::line(format!("Line {}: {}", bad.line, bad.why));
        }
        say::line("Nothing was changed: this was a dry run.");
    }
    Ok(())
}
