use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use engine::money::Currency;
use serde_json::{Value, json};

use super::{open, say};
use crate::catalogue::menu::read_menu;
use crate::catalogue::{self, MenuRow};
use crate::hall::config::Config;
use crate::hall::error::Error;
use crate::hall::http::shape;
use crate::hall::id::TenantId;
use crate::hall::journal::By;
use crate::hall::secret::{self, Secret};
use crate::hall::store::Scope;
use crate::platform::set_up::{self, Init};

/// Where a password may be given without standing in the list of processes.
const PASSWORD: &str = "REGULARS_OWNER_PASSWORD";

#[derive(Debug, Args)]
pub struct Ask {
    /// JSON as `POST /api/v1/set-up` takes it, without the token (`-` reads it from the input);
    /// in place of all flags below
    #[arg(long, value_name = "FILE", conflicts_with_all = ["name", "owner", "email", "zone", "country", "currency"])]
    from: Option<std::path::PathBuf>,
    /// What the chain and its first venue are called
    #[arg(long, required_unless_present = "from")]
    name: Option<String>,
    /// The owner's name
    #[arg(long, required_unless_present = "from")]
    owner: Option<String>,
    /// What the owner signs in with. The password is REGULARS_OWNER_PASSWORD, else a new one is printed
    #[arg(long, required_unless_present = "from")]
    email: Option<String>,
    /// The venue's time zone, such as Europe/Stockholm
    #[arg(long, required_unless_present = "from")]
    zone: Option<String>,
    /// The venue's country, such as SE
    #[arg(long, required_unless_present = "from")]
    country: Option<String>,
    /// The venue's currency, such as SEK
    #[arg(long, required_unless_present = "from")]
    currency: Option<String>,
    /// What guests are spoken to in: en, sv or es
    #[arg(long, default_value = "en")]
    language: String,
    /// A tax class with its rate in percent; may be given again
    #[arg(long = "tax", value_name = "NAME=PERCENT", value_parser = pair)]
    taxes: Vec<(String, String)>,
    /// Prices do not bear the tax: it is added to them
    #[arg(long)]
    tax_exclusive: bool,
    /// Somebody who works there, with their PIN; may be given again
    #[arg(long = "staff", value_name = "NAME=PIN", value_parser = pair)]
    staff: Vec<(String, String)>,
    /// The venue's menu as CSV: name,category,price,taxClass,regulated
    #[arg(long, value_name = "FILE")]
    menu: Option<std::path::PathBuf>,
    /// A chain to try things out in: no live provider, and a clock that can be moved
    #[arg(long)]
    test: bool,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.trim().into(), value.trim().into()))
}

pub async fn init(config: Config, ask: Ask) -> Result<ExitCode> {
    let hall = open(&config, "").await?;
    if !set_up::is_needed(&hall).await? {
        bail!("this store has a chain already; further people and venues are added in the console");
    }
    let chosen = std::env::var(PASSWORD).ok().filter(|text| !text.is_empty());
    let made = chosen.is_none() && ask.from.is_none();
    let password = chosen.map_or_else(|| secret::token(&hall.entropy, ""), Secret::new);
    let init: Init = shape(&wanted(&ask, &password)?)?;
    let menu = match &ask.menu {
        Some(file) => menu(file, &init.venue.currency)?,
        None => Vec::new(),
    };
    let prepared = set_up::prepare(&hall, init).await?;
    let now = hall.clock.now();
    let tenant: TenantId = hall.entropy.id(now);
    let scope = Scope::new(tenant, now, By::cli());
    let found = hall.db.write(scope, Vec::new(), move |tx| {
        let founded = set_up::init(tx, &prepared)?;
        let sold = catalogue::import_menu(tx, founded.venue.id, &menu).map_err(by_line)?;
        Ok((founded, sold))
    });
    let (founded, sold) = found.await?;
    hall.db.close().await;
    let shown = made.then(|| password.expose());
    if ask.json {
        say::json(&json!({
            "chain": founded.chain,
            "venue": founded.venue,
            "ownerId": founded.owner,
            "categoriesCreated": sold.categories_created,
            "productsCreated": sold.products_created,
            "password": shown,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    say::line(format!(
        "{} is founded, with its first venue.",
        founded.chain.name
    ));
    if ask.menu.is_some() {
        say::line(format!(
            "Its menu has {} products in {} categories.",
            sold.products_created, sold.categories_created
        ));
    }
    if let Some(password) = shown {
        say::line("The owner signs in with this password; change it after signing in:");
        say::line(password);
    }
    say::line("Start it with: regulars serve");
    Ok(ExitCode::SUCCESS)
}

/// The menu's rows. Nothing is founded if one of them is wrong.
fn menu(file: &Path, currency: &str) -> Result<Vec<MenuRow>> {
    let text = read(file)?;
    // A currency that there is not is told by the command's own check, in place of its menu's.
    let Ok(currency) = currency.parse::<Currency>() else {
        return Ok(Vec::new());
    };
    read_menu(&text, currency).with_context(|| format!("{} is wrong", file.display()))
}

/// Rows are told by their line in the file, whose first is the header.
fn by_line(error: Error) -> Error {
    let Error::Invalid(mut fields) = error else {
        return error;
    };
    for field in &mut fields {
        let place = field.pointer.trim_start_matches('/');
        let (row, rest) = place.split_once('/').unwrap_or((place, ""));
        if let Ok(row) = row.parse::<usize>() {
            field.pointer = format!("/{}/{rest}", row + 2);
        }
    }
    Error::Invalid(fields)
}

/// The command, from the file or put together from the flags.
fn wanted(ask: &Ask, password: &Secret) -> Result<Value> {
    if let Some(file) = &ask.from {
        let text = read(file)?;
        return serde_json::from_str(&text)
            .with_context(|| format!("{} is not JSON", file.display()));
    }
    let name = ask.name.clone().unwrap_or_default();
    let slug = slug(&name);
    let tax = |(name, rate): &(String, String)| json!({"name": name, "rate": rate});
    let person =
        |(name, pin): &(String, String)| json!({"name": name, "pin": pin, "role": "STAFF"});
    Ok(json!({
        "chain": {"slug": slug, "name": name, "mode": if ask.test { "TEST" } else { "LIVE" }},
        "owner": {"name": ask.owner, "email": ask.email, "password": password.expose()},
        "venue": {
            "slug": slug,
            "name": name,
            "zone": ask.zone,
            "country": ask.country,
            "currency": ask.currency,
            "language": ask.language,
            "taxMode": if ask.tax_exclusive { "EXCLUSIVE" } else { "INCLUSIVE" },
            "tillMode": "FULL",
        },
        "taxClasses": ask.taxes.iter().map(tax).collect::<Vec<_>>(),
        "staff": ask.staff.iter().map(person).collect::<Vec<_>>(),
    }))
}

fn read(file: &Path) -> Result<String> {
    if file.as_os_str() != "-" {
        return std::fs::read_to_string(file)
            .with_context(|| format!("{} cannot be read", file.display()));
    }
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .context("the input cannot be read")?;
    Ok(text)
}

/// `Boule & Bar` as an address: `boule-bar`.
fn slug(name: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    use unicode_normalization::char::is_combining_mark;
    let plain: String = name
        .to_lowercase()
        .nfd()
        .filter(|letter| !is_combining_mark(*letter))
        .collect();
    let words = plain.split(|letter: char| !letter.is_ascii_alphanumeric());
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("-")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_becomes_an_address() {
        for (name, slug) in [
            ("Boule & Bar", "boule-bar"),
            ("Åsas Krog", "asas-krog"),
            ("  Ölhallen 2!", "olhallen-2"),
        ] {
            assert_eq!(super::slug(name), slug);
        }
    }
}
