//! Customers from a file: each line is a profile, good lines are kept, bad ones come back with the reason.
//!
//! A file is received in chunks (`WAITING`), which a job takes (`RUNNING`) one in a transaction with its count, until
//! none is left (`DONE`): who cuts it off loses nothing. A line is recognised again by its reference, else its
//! email, else its phone, else by its own text, so the same file twice changes nothing. It only ever adds and
//! replaces what it says; it empties nothing. A balance of points is brought by `loyalty`, once from each system.
//!
//! Absent on purpose: consent to marketing, which a file cannot prove, and gift cards, which are refused by name.

mod columns;
pub(super) mod job;
mod lines;
pub mod routes;
mod rows;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub use columns::{Columns, Preset};
pub use job::IMPORT;
pub use lines::{Counted, Line, Lines, RejectedFile, UNCLOSED, ends_quoted, read};
pub use rows::{Rejected, Tally, take};

use super::store::imports as store;
use crate::hall::call::{Answer, Reply, StaffCall};
use crate::hall::error::{Error, Result};
use crate::hall::http::Upload;
use crate::hall::id::{ImportId, VenueId};
use crate::hall::store::{Read, Tx};
use crate::jobs;
use crate::platform::refs;

/// Lines of one file that is sent.
pub const LINES_MAX: usize = 100_000;
/// Lines of one transaction: a sale waits for no more than these.
pub const LINES_AT_ONCE: usize = 200;
/// Bytes of one file that is sent.
pub const BYTES_MAX: usize = 20 << 20;
/// Chunks that one transaction receives.
const CHUNKS_AT_ONCE: usize = 10;
/// Files of one chain that are not done; who sends more waits.
const WAITING_MAX: i64 = 20;
const WAIT: std::time::Duration = std::time::Duration::from_secs(60);
/// What a file's own ids are of, where nobody says it.
pub const SYSTEM: &str = "file";

/// How a file is read.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
pub struct ImportCustomers {
    /// The system whose export it is: its names of columns are known.
    #[param(inline, example = "square")]
    pub preset: Option<Preset>,
    /// What the file's own ids are of, and from where balances are brought: the preset's, or else `file`.
    #[param(example = "square")]
    pub system: Option<String>,
    /// Counts what would happen and changes nothing.
    pub dry_run: bool,
    /// Columns by what they are, as `field=column`; once for each.
    #[param(example = json!(["email=Contact"]))]
    pub map: Vec<String>,
}

/// How the lines of one file become customers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct How {
    pub system: String,
    pub dry_run: bool,
}

impl ImportCustomers {
    /// # Errors
    /// `Invalid` for a system that has no such name.
    pub fn how(&self) -> Result<How> {
        let own = self.preset.map_or(SYSTEM, Preset::system);
        let system = self.system.clone().unwrap_or_else(|| own.to_owned());
        let mut wrong = Vec::new();
        refs::check_system(&system, "?system", &mut wrong);
        if !wrong.is_empty() {
            return Err(Error::Invalid(wrong));
        }
        Ok(How {
            system,
            dry_run: self.dry_run,
        })
    }

    pub fn columns(&self) -> Result<Columns> {
        Columns::new(self.preset, &self.map)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ImportState {
    Waiting,
    Running,
    Done,
}

/// A file of customers, and how far it is.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomerImport {
    pub id: ImportId,
    pub state: ImportState,
    /// It counts and changes nothing.
    #[schema(example = false)]
    pub dry_run: bool,
    /// What the file's own ids are of.
    #[schema(example = "square")]
    pub system: String,
    /// Lines of the file.
    #[schema(example = 120)]
    pub total: i64,
    /// Of the total.
    #[schema(example = 120)]
    pub processed: i64,
    #[schema(example = 100)]
    pub created: i64,
    #[schema(example = 15)]
    pub updated: i64,
    /// Already as the line says.
    #[schema(example = 3)]
    pub unchanged: i64,
    #[schema(example = 2)]
    pub failed: i64,
    /// Columns that mean nothing here.
    pub ignored_columns: Vec<String>,
    pub created_at: Timestamp,
    /// Absent while lines are still to be taken.
    pub done_at: Option<Timestamp>,
}

impl Reply for CustomerImport {}

/// A file as it waits: its lines in chunks, each a text.
#[derive(Debug)]
struct Sent {
    header: Vec<String>,
    ignored: Vec<String>,
    total: usize,
    /// Lines of each, and their text.
    chunks: Vec<(usize, String)>,
}

/// Receives a file: the job takes it from here on, whatever happens to this process.
///
/// # Errors
/// As [`read`]; `TooMany` while too many files wait.
pub async fn receive(call: &StaffCall, ask: &ImportCustomers, file: Upload) -> Result<Answer> {
    let (venue, how, columns) = (call.venue()?.id, ask.how()?, ask.columns()?);
    if let Some(answer) = call.answered().await? {
        return Ok(answer);
    }
    let split = move || sent(&file, &columns);
    let split = tokio::task::spawn_blocking(split).await;
    let sent = std::sync::Arc::new(split.map_err(Error::bug)??);
    let begun = std::sync::Arc::clone(&sent);
    let id = call
        .act([], move |tx| begin(tx, venue, &how, &begun))
        .await?;
    for first in (0..sent.chunks.len()).step_by(CHUNKS_AT_ONCE) {
        let sent = std::sync::Arc::clone(&sent);
        let some = move |tx: &mut Tx| {
            let chunks = sent.chunks.iter().enumerate().skip(first);
            chunks
                .take(CHUNKS_AT_ONCE)
                .try_for_each(|(number, (size, text))| {
                    store::insert_chunk(tx, id, number as i64, *size as i64, text)
                })
        };
        call.act([], some).await?;
    }
    call.accept([], move |tx| received(tx, id)).await
}

fn sent(file: &Upload, columns: &Columns) -> Result<Sent> {
    let lines = read(&file.kind, &file.bytes, columns, LINES_MAX)?;
    let chunks = lines.lines.chunks(LINES_AT_ONCE);
    let chunks = chunks.map(|some| Ok((some.len(), crate::hall::store::json(&some)?)));
    Ok(Sent {
        total: lines.lines.len(),
        chunks: chunks.collect::<Result<_>>()?,
        header: lines.header,
        ignored: lines.ignored,
    })
}

fn begin(tx: &mut Tx, venue: VenueId, how: &How, sent: &Sent) -> Result<ImportId> {
    let id: ImportId = tx.new_id();
    let file = store::File {
        id,
        venue,
        how,
        header: &sent.header,
        ignored: &sent.ignored,
        total: sent.total as i64,
        chunks: sent.chunks.len() as i64,
    };
    // The bound is in the statement: of two files that come at once one may wait.
    if store::insert(tx, &file, WAITING_MAX)? {
        Ok(id)
    } else {
        Err(Error::TooMany(WAIT))
    }
}

/// All of it is here.
fn received(tx: &mut Tx, id: ImportId) -> Result<CustomerImport> {
    if !store::mark_received(tx, id)? {
        return Err(Error::Again("chunks of the file are not here yet".into()));
    }
    let import = store::find(tx, None, id)?.ok_or(Error::NotFound("import"))?;
    tx.audit_new("customer.import", id, &import)?;
    jobs::hurry(tx, IMPORT.name)?;
    Ok(import)
}

pub fn find(read: &mut Read, venue: VenueId, id: ImportId) -> Result<CustomerImport> {
    store::find(read, Some(venue), id)?.ok_or(Error::NotFound("import"))
}

/// Bad lines that are read at once for their file, so that memory does not grow with it.
const REJECTED_AT_ONCE: i64 = 1_000;

/// The next bad lines of an import, as CSV, and the line that they end with; nothing where they end.
fn rejected_part(
    read: &mut Read,
    id: ImportId,
    header: &[String],
    after: i64,
) -> Result<Option<(Vec<u8>, i64)>> {
    let rows = store::rejected(read, id, after, REJECTED_AT_ONCE)?;
    let Some((last, ..)) = rows.last() else {
        return Ok(None);
    };
    let mut file = RejectedFile::going_on(header);
    for (_, cells, why) in &rows {
        file.add(cells, why)?;
    }
    Ok(Some((file.end()?, *last)))
}
