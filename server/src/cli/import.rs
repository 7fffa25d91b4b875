use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::say::{self, Progress};
use super::{Global, open};
use crate::checkout::cdnow::{self, Cdnow, Rejected};
use crate::checkout::{Tally, bring_in};
use crate::hall::call::Hall;
use crate::hall::id::{TenantId, VenueId};
use crate::hall::identity::{self, TaxMode, TillMode, Venue};
use crate::hall::journal::By;
use crate::hall::money::Money;
use crate::hall::store::Scope;
use crate::platform::chain::{self, CreateVenue};
use crate::platform::hours::OpeningHours;
use crate::platform::rates;

#[derive(Debug, Subcommand)]
pub enum Import {
    /// Bring in paid orders of the past, with the people who paid them
    Transactions(Ask),
}

#[derive(Debug, Args)]
pub struct Ask {
    /// The file to bring in; rows that cannot be read go to FILE.rejected.csv
    file: PathBuf,
    #[arg(long, value_enum)]
    format: Format,
    /// The venue where it was bought; it must sell in the file's currency
    #[arg(
        long,
        value_name = "ID",
        required_unless_present = "create_venue",
        conflicts_with = "create_venue"
    )]
    venue: Option<VenueId>,
    /// Open a venue of this name that fits the file
    #[arg(long, value_name = "NAME")]
    create_venue: Option<String>,
    /// Units of the reporting currency for one of the file's
    #[arg(long, default_value = "1")]
    rate: String,
    /// Count, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Cohort id, person, yyyymmdd, quantity, dollars
    Cdnow,
}

/// What a run did, for programs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    processed: u64,
    customers: u64,
    rejected: usize,
    rejected_file: Option<PathBuf>,
    rate: String,
    dry_run: bool,
    #[serde(flatten)]
    tally: Tally,
}

pub async fn import(common: &Global, import: Import) -> Result<ExitCode> {
    let Import::Transactions(ask) = import;
    let text = std::fs::read(&ask.file)
        .with_context(|| format!("{} cannot be read", ask.file.display()))?;
    let text = String::from_utf8(text)
        .with_context(|| format!("{} is not text in UTF-8", ask.file.display()))?;
    let Format::Cdnow = ask.format;
    let read = cdnow::read(&text);
    if read.people.is_empty() {
        bail!("{} holds no purchase of this format", ask.file.display());
    }
    let rejected_file = keep_rejected(&ask, &read.rejected)?;
    let hall = open(&common.load([])?, "").await?;
    let brought = bring(&hall, &ask, &read).await;
    hall.db.close().await;
    tell(&ask, &read, brought?, rejected_file)?;
    Ok(ExitCode::SUCCESS)
}

async fn bring(hall: &Hall, ask: &Ask, read: &Cdnow) -> Result<Tally> {
    let (tenant, now) = tenant_of(hall, ask).await?;
    let venue = venue_of(hall, ask, tenant, now).await?;
    if venue.currency != cdnow::CURRENCY {
        bail!(
            "the file is in {}, {} sells in {}: name a venue that sells in {} or --create-venue NAME",
            cdnow::CURRENCY,
            venue.name,
            venue.currency,
            cdnow::CURRENCY
        );
    }
    if ask.dry_run {
        return Ok(Tally::default());
    }
    let from = read
        .people
        .iter()
        .flat_map(|past| &past.purchases)
        .map(|purchase| purchase.day)
        .min();
    let (rate, from) = (ask.rate.clone(), from.unwrap_or(Date::constant(1997, 1, 1)));
    let scope = || Scope::new(tenant, now, By::cli()).patient();
    hall.db
        .write(scope(), Vec::new(), move |tx| {
            rates::put_from(tx, cdnow::CURRENCY, from, &rate)
        })
        .await?;
    let mut tally = Tally::default();
    let mut progress = Progress::new("people", read.people.len() as u64, ask.json);
    let mut done = 0;
    for some in read.people.chunks(PEOPLE_AT_ONCE) {
        let (some, venue) = (some.to_vec(), venue.clone());
        done += some.len() as u64;
        // A person whole or not at all, some people in one transaction: a run that is cut off goes on
        // where it was, since what is here already is known again.
        let run = hall.db.write(scope(), Vec::new(), move |tx| {
            let mut tally = Tally::default();
            for past in &some {
                tally.add(bring_in(tx, &venue, past)?);
            }
            Ok(tally)
        });
        tally.add(run.await?);
        progress.at(done);
    }
    progress.end();
    Ok(tally)
}

/// People in one transaction: a sale at the till waits no longer than for these.
const PEOPLE_AT_ONCE: usize = 10;

/// The tenant whose venue it is, or the only one, with the instant on its clock.
async fn tenant_of(hall: &Hall, ask: &Ask) -> Result<(TenantId, Timestamp)> {
    let (venue, machine_now) = (ask.venue, hall.clock.now());
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

async fn venue_of(hall: &Hall, ask: &Ask, tenant: TenantId, now: Timestamp) -> Result<Venue> {
    let (id, name) = (ask.venue, ask.create_venue.clone());
    let venue = hall
        .db
        .write(Scope::new(tenant, now, By::cli()), Vec::new(), move |tx| {
            let id = match (id, &name) {
                (Some(id), _) => id,
                (None, Some(name)) => match identity::venue_by_slug(tx, &slug(name))? {
                    Some(venue) => venue.id,
                    None => chain::open_venue(tx, &opening(name))?,
                },
                (None, None) => return Err(crate::hall::error::Error::NotFound("venue")),
            };
            identity::venue(tx, id)?.ok_or(crate::hall::error::Error::NotFound("venue"))
        });
    Ok(venue.await?)
}

fn slug(name: &str) -> String {
    let letters = name.chars().map(|letter| {
        if letter.is_ascii_alphanumeric() {
            letter.to_ascii_lowercase()
        } else {
            '-'
        }
    });
    letters.collect::<String>().trim_matches('-').to_owned()
}

fn opening(name: &str) -> CreateVenue {
    CreateVenue {
        slug: slug(name),
        name: name.into(),
        zone: "America/New_York".into(),
        country: "US".into(),
        currency: cdnow::CURRENCY.into(),
        language: "en".into(),
        business_day_start: "05:00".into(),
        opening_hours: OpeningHours::default(),
        tax_mode: TaxMode::Exclusive,
        till_mode: TillMode::Full,
    }
}

/// Writes the rows that could not be read beside the file, so that they can be mended and brought in later.
fn keep_rejected(ask: &Ask, rejected: &[Rejected]) -> Result<Option<PathBuf>> {
    if rejected.is_empty() {
        return Ok(None);
    }
    let mut path = ask.file.clone().into_os_string();
    path.push(".rejected.csv");
    let path = PathBuf::from(path);
    let mut file = csv::Writer::from_path(&path)
        .with_context(|| format!("{} cannot be written", path.display()))?;
    file.write_record(["line", "text", "reason"])?;
    for row in rejected {
        file.write_record([&row.line.to_string(), &row.text, row.reason])?;
    }
    file.flush()?;
    Ok(Some(path))
}

fn tell(ask: &Ask, read: &Cdnow, tally: Tally, rejected_file: Option<PathBuf>) -> Result<()> {
    let processed = read
        .people
        .iter()
        .map(|past| past.purchases.len() as u64)
        .sum();
    let report = Report {
        processed,
        customers: read.people.len() as u64,
        rejected: read.rejected.len(),
        rejected_file,
        rate: ask.rate.clone(),
        dry_run: ask.dry_run,
        tally,
    };
    if ask.json {
        return say::json(&report);
    }
    say::line(format!(
        "Read {} purchases of {} people.",
        report.processed, report.customers
    ));
    if let Some(path) = &report.rejected_file {
        say::line(format!(
            "{} rows could not be read; see {}.",
            report.rejected,
            path.display()
        ));
    }
    if ask.dry_run {
        say::line("Nothing was changed: this was a dry run.");
        return Ok(());
    }
    say::line(format!(
        "Brought in {} customers and {} paid orders of {}, which earned {} points.",
        tally.customers_created,
        tally.orders_created,
        Money::of(tally.amount, cdnow::CURRENCY).plain(),
        tally.points
    ));
    if tally.orders_known > 0 {
        say::line(format!(
            "{} orders were here already and stay as they are.",
            tally.orders_known
        ));
    }
    say::line(format!("The reporting rate is {}.", ask.rate));
    Ok(())
}
