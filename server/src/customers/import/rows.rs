//! Lines as customers: each is found again or made, and a bad one undoes only itself.

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::How;
use super::lines::Line;
use crate::customers::check;
use crate::customers::profile::{self, Customer, EditCustomer, Source};
use crate::customers::store::keys::{self, Kind};
use crate::customers::store::profiles as store;
use crate::hall::error::{Error, Field, Result};
use crate::hall::http::shape;
use crate::hall::id::CustomerId;
use crate::hall::identity::Venue;
use crate::hall::patch;
use crate::hall::room::{BringPoints, BroughtPoints};
use crate::hall::store::Tx;
use crate::platform::refs::{self, ExternalRef};

/// What became of some lines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    pub processed: i64,
    pub created: i64,
    pub updated: i64,
    /// Already as the line says.
    pub unchanged: i64,
    pub failed: i64,
    #[serde(skip)]
    pub rejected: Vec<Rejected>,
}

/// A line that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// As an editor counts them, from 1.
    pub line: u64,
    pub cells: Vec<String>,
    pub why: String,
}

impl Tally {
    /// Adds what became of further lines.
    pub fn add(&mut self, part: Tally) {
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

/// Takes some lines in within the transaction at hand: at most [`super::LINES_AT_ONCE`]. A dry run counts what
/// happens and then lets it not have happened.
pub fn take(
    tx: &mut Tx,
    venue: &Venue,
    how: &How,
    lines: &[Line],
    bring: BringPoints,
) -> Result<Tally> {
    if !how.dry_run {
        return all(tx, venue, how, lines, bring);
    }
    let mut tally = None;
    let undone = tx.savepoint(|tx| {
        tally = Some(all(tx, venue, how, lines, bring)?);
        // Any error undoes the savepoint; this one is seen by nobody.
        Err::<(), Error>(Error::Stale)
    });
    match (tally, undone) {
        (_, Err(Error::Again(why))) => Err(Error::Again(why)),
        (Some(tally), _) => Ok(tally),
        (None, Err(error)) => Err(error),
        (None, Ok(())) => Err(Error::bug("lines became nothing")),
    }
}

fn all(tx: &mut Tx, venue: &Venue, how: &How, lines: &[Line], bring: BringPoints) -> Result<Tally> {
    let mut tally = Tally::default();
    for line in lines {
        tally.processed += 1;
        let became = match &line.said {
            Ok(said) => tx.apart(|tx| one(tx, venue, how, said, bring)),
            Err(wrong) => Err(Error::Invalid(wrong.clone())),
        };
        match became {
            Ok(Became::Created) => tally.created += 1,
            Ok(Became::Updated) => tally.updated += 1,
            Ok(Became::Unchanged) => tally.unchanged += 1,
            Err(error) => {
                tally.failed += 1;
                tally.rejected.push(Rejected {
                    line: line.number,
                    cells: line.cells.clone(),
                    why: reasons(line.number, error)?,
                });
            }
        }
    }
    Ok(tally)
}

fn one(
    tx: &mut Tx,
    venue: &Venue,
    how: &How,
    said: &Map<String, Json>,
    bring: BringPoints,
) -> Result<Became> {
    let mut said = said.clone();
    // Without proof there is no consent, whatever the file says.
    said.remove("marketingConsent");
    let points = points(said.remove("points").as_ref())?;
    let (customer, became) = profile_of(tx, venue, how, said)?;
    let Some(points) = points else {
        return Ok(became);
    };
    let brought = BroughtPoints {
        customer,
        venue: venue.id,
        points,
        system: how.system.clone(),
    };
    Ok(match (bring(tx, &brought)?, became) {
        (true, Became::Unchanged) => Became::Updated,
        (_, became) => became,
    })
}

/// More than anybody has; a slip of the finger is refused.
const POINTS_MAX: i64 = 10_000_000;

/// The balance that a line brings; nothing where it brings none.
fn points(said: Option<&Json>) -> Result<Option<i64>> {
    let points = match said {
        None | Some(Json::Null) => return Ok(None),
        Some(Json::String(text)) => text.trim().parse().ok(),
        Some(other) => other.as_i64(),
    };
    let good = points.filter(|points| (0..=POINTS_MAX).contains(points));
    let good = good.ok_or_else(|| {
        let message = format!("Send a whole number of points from 0 to {POINTS_MAX}.");
        Error::field("/points", "out_of_range", message)
    })?;
    Ok((good > 0).then_some(good))
}

fn profile_of(
    tx: &mut Tx,
    venue: &Venue,
    how: &How,
    mut said: Map<String, Json>,
) -> Result<(CustomerId, Became)> {
    if let Some(id) = said.remove("id").filter(|id| !id.is_null()) {
        let named = json!({ "system": how.system, "id": id });
        let refs = said.entry("externalRefs").or_insert_with(|| json!([]));
        if let Json::Array(refs) = refs {
            refs.push(named);
        }
    }
    let ask: EditCustomer = shape(&Json::Object(said.clone()))?;
    let mut wrong = Vec::new();
    refs::check(&ask.external_refs, "/externalRefs", &mut wrong);
    if !wrong.is_empty() {
        return Err(Error::Invalid(wrong));
    }
    let own_text = own_text(&ask, venue, &said)?;
    let Some(before) = known(tx, venue, &ask, own_text.as_deref())? else {
        let created = profile::create_as(tx, venue, &ask, Source::Import)?;
        if let Some(text) = own_text {
            keys::take(tx, Kind::FileLine, &text, created.id)?;
        }
        return Ok((created.id, Became::Created));
    };
    let ask = onto(&before, said, &ask)?;
    let after = profile::save(tx, venue, &before, &ask)?;
    store::see(tx, after.id, venue.id)?;
    let became = if after.version == before.version {
        Became::Unchanged
    } else {
        Became::Updated
    };
    Ok((after.id, became))
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

const BROKEN: &str = "Something is wrong on our side with this line: the log of the server says more; put the customer \
    in by hand.";

/// Why a line was refused, in words. A line that breaks us is refused like a bad one, else no line behind it would ever
/// be taken; a store that is busy, full or gone is no fault of the line, and ends the whole step.
fn reasons(line: u64, error: Error) -> Result<String> {
    let fields = match error {
        Error::Invalid(wrong) => wrong,
        Error::Conflict(..) | Error::Refused(..) | Error::NotFound(..) => {
            let problem = error.problem("");
            let figure = |name: &str| problem.figures.get(name).and_then(Json::as_str);
            let pointer = figure("field").map_or_else(String::new, |field| format!("/{field}"));
            let other = figure("customerId").or_else(|| figure("id"));
            let other = other.map_or_else(String::new, |id| format!(" ({id})"));
            vec![Field::new(
                pointer,
                problem.code,
                format!("{}{other}", problem.detail),
            )]
        }
        Error::Bug(..) | Error::Violation(..) => {
            tracing::error!(%error, line, "a line of an import was refused by a bug");
            vec![Field::new("", "internal", BROKEN)]
        }
        other => return Err(other),
    };
    let told = fields.iter().map(|field| {
        let told = format!("{} {}", field.pointer, field.message);
        told.trim().to_owned()
    });
    let told = told.collect::<Vec<String>>().join(" ");
    // A name that the line made up is repeated here, with whatever characters it has.
    Ok(told.replace(char::is_control, " "))
}
