use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::{bytes_of, rejected_path, tenant_of};
use crate::checkout::purchases::{self, Layout, Place, Purchases, Rejected};
use crate::checkout::{Tally, bring_in};
use crate::cli::say::{self, Progress};
use crate::cli::{Global, open_existing};
use crate::hall::call::Hall;
use crate::hall::error::Error;
use crate::hall::id::{TenantId, VenueId};
use crate::hall::identity::{self, TaxMode, TillMode, Venue};
use crate::hall::journal::By;
use crate::hall::money::{self, Money};
use crate::hall::store::Scope;
use crate::platform::chain::{self, CreateVenue};
use crate::platform::hours::OpeningHours;
use crate::platform::{rates, refs, venues};

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
    /// Where that venue is
    #[arg(long, default_value = "America/New_York", requires = "create_venue")]
    zone: String,
    /// In which country that venue is
    #[arg(long, default_value = "US", requires = "create_venue")]
    country: String,
    /// What each column is: for csv `customer=COL,date=COL,amount=COL,quantity=COL` by the names of the header, for
    /// fixed `customer=1-8,…` by the letters of a line, from 1; without a quantity it is one
    #[arg(long, value_name = "FIELD=COLUMN", value_delimiter = ',')]
    map: Vec<String>,
    /// How a date is written, as strptime has it [default: %Y-%m-%d]
    #[arg(long, value_name = "PATTERN")]
    date_format: Option<String>,
    /// What the file is in [default: what the venue sells in]
    #[arg(long, value_name = "CODE")]
    currency: Option<String>,
    /// What the file's customers are ids of [default: file]
    #[arg(long, value_name = "NAME")]
    system: Option<String>,
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Cohort id, person, yyyymmdd, quantity, dollars, at fixed places
    Cdnow,
    /// Comma, semicolon or tab between columns that the first line names
    Csv,
    /// Each column at its place in the line
    Fixed,
}

impl Ask {
    fn layout(&self) -> Result<Layout> {
        if self.format == Format::Cdnow {
            let is_told = !self.map.is_empty()
                || self.date_format.is_some()
                || self.currency.is_some()
                || self.system.is_some();
            if is_told {
                bail!("cdnow says itself what its columns are: take --format fixed to say it");
            }
            return Ok(Layout::cdnow());
        }
        for pair in &self.map {
            let field = pair.split_once('=').map(|(field, _)| field.trim());
            if !field.is_some_and(|field| FIELDS.contains(&field)) {
                bail!("--map takes {}, not `{pair}`", FIELDS.join("=…, ") + "=…");
            }
        }
        if let Some(system) = &self.system {
            let mut wrong = Vec::new();
            refs::check_system(system, "--system", &mut wrong);
            if !wrong.is_empty() {
                return Err(Error::Invalid(wrong).into());
            }
        }
        let needed = |field: &str| {
            let place = self.place(field)?;
            place.with_context(|| format!("--map does not say which column is {field}"))
        };
        Ok(Layout {
            is_csv: self.format == Format::Csv,
            customer: needed("customer")?,
            date: needed("date")?,
            amount: needed("amount")?,
            quantity: self.place("quantity")?,
            date_pattern: self.date_format.clone().unwrap_or("%Y-%m-%d".into()),
            system: self.system.clone().unwrap_or("file".into()),
            currency: self.currency.clone(),
        })
    }

    fn place(&self, field: &str) -> Result<Option<Place>> {
        let said = self.map.iter().filter_map(|pair| pair.split_once('='));
        let mut said = said.filter(|(name, _)| name.trim() == field);
        let Some((_, column)) = said.next() else {
            return Ok(None);
        };
        if said.next().is_some() {
            bail!("--map says twice which column is {field}");
        }
        if self.format == Format::Csv {
            return Ok(Some(Place::Column(column.trim().into())));
        }
        let ends = column.split_once('-');
        let ends = ends.and_then(|(from, to)| {
            let from: usize = from.trim().parse().ok()?;
            let to: usize = to.trim().parse().ok()?;
            (1..=to).contains(&from).then_some((from - 1)..to)
        });
        match ends.filter(|letters| letters.end <= LETTERS_MAX) {
            Some(letters) => Ok(Some(Place::Letters(letters))),
            None => bail!("{field} stands from one letter to another, as in `{field}=1-8`"),
        }
    }
}

const FIELDS: [&str; 4] = ["customer", "date", "amount", "quantity"];
/// Of one line with fixed places.
const LETTERS_MAX: usize = 10_000;

/// What a run did, for programs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    /// Where they were sold; none where a dry run did not open the venue.
    venue_id: Option<VenueId>,
    processed: u64,
    customers: u64,
    rejected: usize,
    rejected_file: Option<PathBuf>,
    rate: String,
    dry_run: bool,
    #[serde(flatten)]
    tally: Tally,
}

pub async fn import(common: &Global, ask: Ask) -> Result<ExitCode> {
    let layout = ask.layout()?;
    let text = String::from_utf8(bytes_of(&ask.file)?)
        .with_context(|| format!("{} is not text in UTF-8", ask.file.display()))?;
    let hall = open_existing(&common.load([])?).await?;
    let brought = bring(&hall, &ask, &layout, &text).await;
    hall.db.close().await;
    tell(&ask, &brought?)?;
    Ok(ExitCode::SUCCESS)
}

/// What came in, and what the file said.
struct Brought {
    venue: Option<Venue>,
    read: Purchases,
    currency: String,
    rejected_file: Option<PathBuf>,
    tally: Tally,
}

async fn bring(hall: &Hall, ask: &Ask, layout: &Layout, text: &str) -> Result<Brought> {
    let (tenant, now) = tenant_of(hall, ask.venue).await?;
    let known = known_venue(hall, ask, tenant, now).await?;
    let sold_in = known.as_ref().map(|venue| venue.currency.clone());
    let Some(currency) = layout.currency.clone().or(sold_in) else {
        bail!("the venue is not there yet: say with --currency what the file is in");
    };
    let read = purchases::read(text, layout, money::currency(&currency)?);
    let read = read.map_err(|why| anyhow::anyhow!("{}: {why}", ask.file.display()))?;
    if read.people.is_empty() {
        bail!("{} holds no purchase of this format", ask.file.display());
    }
    if let Some(venue) = &known
        && venue.currency != currency
    {
        bail!(
            "the file is in {currency}, {} sells in {}: name a venue that sells in {currency} or --create-venue NAME",
            venue.name,
            venue.currency
        );
    }
    if known.is_none() {
        let mut wrong = Vec::new();
        opening(ask, &currency).check("", &mut wrong);
        if !wrong.is_empty() {
            return Err(Error::Invalid(wrong).into());
        }
    }
    let mut brought = Brought {
        venue: known,
        read,
        currency,
        rejected_file: None,
        tally: Tally::default(),
    };
    if ask.dry_run {
        return Ok(brought);
    }
    brought.rejected_file = keep_rejected(ask, &brought.read.rejected)?;
    let venue = match brought.venue.take() {
        Some(venue) => venue,
        None => open_venue(hall, ask, &brought.currency, tenant, now).await?,
    };
    brought.venue = Some(venue.clone());
    brought.tally = bring_all(hall, ask, &brought, &venue, (tenant, now)).await?;
    Ok(brought)
}

async fn bring_all(
    hall: &Hall,
    ask: &Ask,
    Brought { read, currency, .. }: &Brought,
    venue: &Venue,
    (tenant, now): (TenantId, Timestamp),
) -> Result<Tally> {
    let from = read
        .people
        .iter()
        .flat_map(|past| &past.purchases)
        .map(|purchase| purchase.day)
        .min();
    let (rate, from) = (ask.rate.clone(), from.unwrap_or(Date::constant(1997, 1, 1)));
    let paid_in = currency.clone();
    let scope = || Scope::new(tenant, now, By::cli()).patient();
    hall.db
        .write(scope(), Vec::new(), move |tx| {
            rates::put_from(tx, &paid_in, from, &rate)
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

/// The venue that is named, or that has been opened by this name before.
async fn known_venue(
    hall: &Hall,
    ask: &Ask,
    tenant: TenantId,
    now: Timestamp,
) -> Result<Option<Venue>> {
    let (id, name) = (ask.venue, ask.create_venue.clone());
    let scope = Scope::new(tenant, now, By::cli());
    let venue = hall.db.read(scope, move |read| match (id, &name) {
        (Some(id), _) => identity::venue(read, id),
        (None, Some(name)) => identity::venue_by_slug(read, &slug(name)),
        (None, None) => Ok(None),
    });
    Ok(venue.await?)
}

async fn open_venue(
    hall: &Hall,
    ask: &Ask,
    currency: &str,
    tenant: TenantId,
    now: Timestamp,
) -> Result<Venue> {
    let opening = opening(ask, currency);
    let scope = Scope::new(tenant, now, By::cli());
    let venue = hall.db.write(scope, Vec::new(), move |tx| {
        let id = chain::open_venue(tx, &opening)?;
        identity::venue(tx, id)?.ok_or(Error::NotFound("venue"))
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

fn opening(ask: &Ask, currency: &str) -> CreateVenue {
    let name = ask.create_venue.clone().unwrap_or_default();
    CreateVenue {
        slug: slug(&name),
        name,
        zone: ask.zone.clone(),
        country: ask.country.clone(),
        currency: currency.into(),
        language: "en".into(),
        business_day_start: "05:00".into(),
        opening_hours: OpeningHours::default(),
        tax_mode: TaxMode::Exclusive,
        till_mode: TillMode::Full,
        regulated: venues::alcohol(),
    }
}

/// Writes the rows that could not be read beside the file, so that they can be mended and brought in later.
fn keep_rejected(ask: &Ask, rejected: &[Rejected]) -> Result<Option<PathBuf>> {
    if rejected.is_empty() {
        return Ok(None);
    }
    let path = rejected_path(&ask.file);
    let mut file = csv::Writer::from_path(&path)
        .with_context(|| format!("{} cannot be written", path.display()))?;
    file.write_record(["line", "text", "reason"])?;
    for row in rejected {
        file.write_record([&row.line.to_string(), &row.text, &row.reason])?;
    }
    file.flush()?;
    Ok(Some(path))
}

fn tell(ask: &Ask, brought: &Brought) -> Result<()> {
    let (read, tally) = (&brought.read, brought.tally);
    let processed = read
        .people
        .iter()
        .map(|past| past.purchases.len() as u64)
        .sum();
    let report = Report {
        venue_id: brought.venue.as_ref().map(|venue| venue.id),
        processed,
        customers: read.people.len() as u64,
        rejected: read.rejected.len(),
        rejected_file: brought.rejected_file.clone(),
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
    if report.rejected > 0 {
        let place = report.rejected_file.as_ref();
        let place = place.map_or_else(String::new, |path| format!("; see {}", path.display()));
        say::line(format!(
            "{} rows could not be read{place}.",
            report.rejected
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
        Money::of(tally.amount, &*brought.currency).plain(),
        tally.points
    ));
    if let Some(venue) = &brought.venue {
        say::line(format!("They were sold at {} ({}).", venue.name, venue.id));
    }
    if tally.orders_known > 0 {
        say::line(format!(
            "{} orders were here already and stay as they are.",
            tally.orders_known
        ));
    }
    say::line(format!("The reporting rate is {}.", ask.rate));
    Ok(())
}
