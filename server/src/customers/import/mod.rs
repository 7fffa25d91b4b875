//! Customers from a file: each line is a profile, good lines are kept, bad ones come back with the reason.
//!
//! A line is recognised again by its reference, else its email, else its phone, else by its own text, so
//! the same file twice changes nothing. It only ever adds and replaces what it says; it empties nothing.
//! Absent on purpose: consent to marketing, which a file cannot prove.

mod lines;

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use utoipa::{IntoParams, ToSchema};

pub use lines::{Line, Lines, read};

use super::check;
use super::profile::{self, Customer, EditCustomer, Source};
use super::store::keys::{self, Kind};
use super::store::profiles as store;
use crate::hall::call::{Reply, StaffCall};
use crate::hall::error::{Error, Field, Result};
use crate::hall::http::{facts, shape};
use crate::hall::identity::Venue;
use crate::hall::patch;
use crate::hall::store::Tx;
use crate::platform::refs::{self, ExternalRef};

/// Lines of one file.
pub const LINES_MAX: usize = 50_000;
/// Lines of one transaction: a sale waits for no more than these.
pub const LINES_AT_ONCE: usize = 200;
/// Bytes of one file.
pub const BYTES_MAX: usize = 20 << 20;
/// Before the request's own deadline the rest is left for the next one.
const MARGIN: Duration = Duration::from_secs(3);

#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
pub struct How {
    /// What the file's own ids are of, where it has any.
    #[param(example = "square", default = "file")]
    pub system: String,
    /// Counts what would happen and changes nothing.
    pub dry_run: bool,
    /// Goes on at this line of the same file: `nextLine` of the answer before.
    #[param(minimum = 1)]
    pub from_line: u64,
}

impl Default for How {
    fn default() -> How {
        How {
            system: "file".into(),
            dry_run: false,
            from_line: 1,
        }
    }
}

/// What became of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Import {
    #[schema(example = 120)]
    pub processed: u64,
    #[schema(example = 100)]
    pub created: u64,
    #[schema(example = 15)]
    pub updated: u64,
    /// Already as the line says.
    #[schema(example = 3)]
    pub unchanged: u64,
    #[schema(example = 2)]
    pub failed: u64,
    pub rejected: Vec<Rejected>,
    /// The bad lines as a CSV with the reason behind each, to be put right and sent again.
    pub rejected_file: String,
    /// Columns that mean nothing here.
    pub ignored_columns: Vec<String>,
    /// Send the same file again with this as `fromLine`: the time of one request was over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_line: Option<u64>,
}

impl Reply for Import {}

/// A line that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rejected {
    /// As an editor counts them, from 1.
    #[schema(example = 17)]
    pub line: u64,
    pub errors: Vec<Field>,
}

/// Takes a whole file in, some lines to a transaction.
pub async fn take(call: &StaffCall, venue: &Venue, how: &How, file: Lines) -> Result<Import> {
    let mut all = Import {
        ignored_columns: file.ignored,
        ..Import::default()
    };
    let mut bad = Vec::new();
    let until = facts().map(|facts| facts.deadline.checked_sub(MARGIN).unwrap_or(facts.started));
    let wanted: Vec<Line> = file
        .lines
        .into_iter()
        .filter(|line| line.number >= how.from_line)
        .collect();
    for chunk in wanted.chunks(LINES_AT_ONCE) {
        if all.processed > 0 && until.is_some_and(|until| Instant::now() >= until) {
            all.next_line = chunk.first().map(|line| line.number);
            break;
        }
        let (venue, how, lines) = (venue.clone(), how.clone(), chunk.to_vec());
        let part = call
            .act([], move |tx| rows(tx, &venue, &how, &lines))
            .await?;
        for rejected in &part.rejected {
            bad.extend(
                chunk
                    .iter()
                    .filter(|line| line.number == rejected.line)
                    .cloned(),
            );
        }
        all.add(part);
    }
    all.rejected_file = lines::rejected(&file.header, &bad, &all.rejected)?;
    Ok(all)
}

impl Import {
    /// Adds what became of further lines.
    pub fn add(&mut self, part: Import) {
        self.processed += part.processed;
        self.created += part.created;
        self.updated += part.updated;
        self.unchanged += part.unchanged;
        self.failed += part.failed;
        self.rejected.extend(part.rejected);
    }
}

enum Became {
    Created,
    Updated,
    Unchanged,
}

/// Takes some lines in within the transaction at hand: at most [`LINES_AT_ONCE`] should be sent at once.
pub fn rows(tx: &mut Tx, venue: &Venue, how: &How, lines: &[Line]) -> Result<Import> {
    let mut part = Import::default();
    for line in lines {
        part.processed += 1;
        match row(tx, venue, how, line) {
            Ok(Became::Created) => part.created += 1,
            Ok(Became::Updated) => part.updated += 1,
            Ok(Became::Unchanged) => part.unchanged += 1,
            Err(error) => {
                part.failed += 1;
                let errors = reasons(error)?;
                part.rejected.push(Rejected {
                    line: line.number,
                    errors,
                });
            }
        }
    }
    Ok(part)
}

/// One line in a savepoint, so that a bad one undoes only itself.
fn row(tx: &mut Tx, venue: &Venue, how: &How, line: &Line) -> Result<Became> {
    let said = line
        .said
        .as_ref()
        .map_err(|wrong| Error::Invalid(wrong.clone()))?;
    let mut became = None;
    let done = tx.savepoint(|tx| {
        became = Some(one(tx, venue, how, said)?);
        // A dry run counts what happens and then lets it not have happened.
        if how.dry_run {
            Err(Error::Stale)
        } else {
            Ok(())
        }
    });
    match (done, became) {
        (Ok(()) | Err(Error::Stale), Some(became)) => Ok(became),
        (Err(error), _) => Err(error),
        (Ok(()), None) => Err(Error::bug("a line became nothing")),
    }
}

fn one(tx: &mut Tx, venue: &Venue, how: &How, said: &Map<String, Json>) -> Result<Became> {
    let mut said = said.clone();
    // Without proof there is no consent, whatever the file says.
    said.remove("marketingConsent");
    if let Some(id) = said.remove("id").filter(|id| !id.is_null()) {
        let named = json!({ "system": how.system, "id": id });
        let refs = said.entry("externalRefs").or_insert_with(|| json!([]));
        if let Json::Array(refs) = refs {
            refs.push(named);
        }
    }
    let ask: EditCustomer = shape(&Json::Object(said.clone()))?;
    let own_text = own_text(&ask, venue, &said)?;
    let Some(before) = known(tx, venue, &ask, own_text.as_deref())? else {
        let created = profile::create_as(tx, venue, &ask, Source::Import)?;
        if let Some(text) = own_text {
            keys::take(tx, Kind::FileLine, &text, created.id)?;
        }
        return Ok(Became::Created);
    };
    let ask = onto(&before, said, &ask)?;
    let after = profile::save(tx, venue, &before, &ask)?;
    store::see(tx, after.id, venue.id)?;
    Ok(if after.version == before.version {
        Became::Unchanged
    } else {
        Became::Updated
    })
}

/// What the line says, over what is known; lists are joined.
fn onto(
    before: &Customer,
    mut said: Map<String, Json>,
    ask: &EditCustomer,
) -> Result<EditCustomer> {
    for list in ["tags", "externalRefs", "taxIds"] {
        said.remove(list);
    }
    said.retain(|_, value| !value.is_null());
    let mut joined = patch::merge(&before.as_command(), &Json::Object(said))?;
    join(&mut joined.tags, &ask.tags);
    join(&mut joined.tax_ids, &ask.tax_ids);
    join(&mut joined.external_refs, &ask.external_refs);
    Ok(joined)
}

fn join<T: Clone + PartialEq>(kept: &mut Vec<T>, more: &[T]) {
    for item in more {
        if !kept.contains(item) {
            kept.push(item.clone());
        }
    }
}

/// The customer whom the line is about.
fn known(
    tx: &mut Tx,
    venue: &Venue,
    ask: &EditCustomer,
    own_text: Option<&str>,
) -> Result<Option<Customer>> {
    for ExternalRef { system, id } in &ask.external_refs {
        if let Some(id) = refs::find(tx, system, id)? {
            return profile::find(tx, id).map(Some);
        }
    }
    if let Some(email) = &ask.email
        && let Some(customer) = profile::find_by_email(tx, email)?
    {
        return Ok(Some(customer));
    }
    if let Some(phone) = &ask.phone
        && let Some(customer) = profile::find_by_phone(tx, phone, &venue.country)?
    {
        return Ok(Some(customer));
    }
    let id = own_text.map_or(Ok(None), |text| keys::find(tx, Kind::FileLine, text))?;
    id.map(|id| profile::find(tx, id)).transpose()
}

/// The digest of a line that has nothing else to be recognised by.
fn own_text(ask: &EditCustomer, venue: &Venue, said: &Map<String, Json>) -> Result<Option<String>> {
    let email = ask.email.as_deref().and_then(check::email);
    let phone = ask
        .phone
        .as_deref()
        .and_then(|phone| check::phone(phone, &venue.country));
    if email.is_some() || phone.is_some() || !ask.external_refs.is_empty() {
        return Ok(None);
    }
    let text = serde_json::to_vec(said).map_err(Error::bug)?;
    let digest = crate::hall::secret::sha256(&text);
    Ok(Some(data_encoding::HEXLOWER.encode(&digest)))
}

/// Why a line was refused; what is wrong with us and not with it ends the whole import.
fn reasons(error: Error) -> Result<Vec<Field>> {
    match error {
        Error::Invalid(wrong) => Ok(wrong),
        Error::Conflict(..) | Error::Refused(..) => {
            let problem = error.problem("");
            let field = problem.figures.get("field").and_then(Json::as_str);
            let pointer = field.map_or_else(String::new, |field| format!("/{field}"));
            let other = problem
                .figures
                .get("customerId")
                .or(problem.figures.get("id"));
            let other = other
                .and_then(Json::as_str)
                .map_or_else(String::new, |id| format!(" ({id})"));
            let message = format!("{}{other}", problem.detail);
            Ok(vec![Field::new(pointer, problem.code, message)])
        }
        other => Err(other),
    }
}
