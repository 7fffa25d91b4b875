use jiff::Timestamp;

use crate::customers::import::{CustomerImport, How, ImportState, Line, Rejected, Tally};
use crate::hall::error::{Error, Result};
use crate::hall::id::{ImportId, VenueId};
use crate::hall::store::{Read, Row, Tx, json};
use crate::params;

/// A file that is being received.
#[derive(Debug)]
pub struct File<'a> {
    pub id: ImportId,
    pub venue: VenueId,
    pub how: &'a How,
    pub header: &'a [String],
    pub ignored: &'a [String],
    pub total: i64,
    pub chunks: i64,
}

/// `false` where so many files of the chain are not done.
pub fn insert(tx: &mut Tx, file: &File<'_>, waiting_max: i64) -> Result<bool> {
    let now = tx.now();
    let inserted = tx.exec(
        "insert into customer_imports (tenant_id, import_id, venue_id, how, header, ignored_columns, total, chunks,
           created_at)
         select cast($1 as text), cast($2 as text), cast($3 as text), cast($4 as text), cast($5 as text),
           cast($6 as text), cast($7 as bigint), cast($8 as bigint), cast($9 as bigint)
         where (select count(*) from customer_imports where tenant_id = $1 and done_at is null)
           < cast($10 as bigint)",
        params![
            file.id,
            file.venue,
            json(file.how)?,
            json(&file.header)?,
            json(&file.ignored)?,
            file.total,
            file.chunks,
            now,
            waiting_max
        ],
    )?;
    Ok(inserted == 1)
}

pub fn insert_chunk(tx: &mut Tx, id: ImportId, chunk: i64, size: i64, lines: &str) -> Result<()> {
    tx.queue(
        "insert into customer_import_chunks (tenant_id, import_id, chunk, size, lines) values ($1, $2, $3, $4, $5)",
        params![id, chunk, size, lines],
    )
}

/// `false` where chunks are missing. A file without lines is done with it.
pub fn mark_received(tx: &mut Tx, id: ImportId) -> Result<bool> {
    let now = tx.now();
    let marked = tx.exec(
        "update customer_imports set received_at = $3,
           done_at = case when chunks = 0 then cast($3 as bigint) end
         where tenant_id = $1 and import_id = $2 and received_at is null
           and chunks = (select count(*) from customer_import_chunks where tenant_id = $1 and import_id = $2)",
        params![id, now],
    )?;
    Ok(marked == 1)
}

const SELECT: &str =
    "select import_id, how, total, created, updated, unchanged, failed, ignored_columns,
    created_at, done_at, taken
  from customer_imports
  where tenant_id = $1 and import_id = $2 and received_at is not null
    and venue_id = coalesce(cast($3 as text), venue_id)";

pub fn find(
    read: &mut Read,
    venue: Option<VenueId>,
    id: ImportId,
) -> Result<Option<CustomerImport>> {
    let row = read.first(SELECT, params![id, venue])?;
    row.as_ref().map(import).transpose()
}

fn import(row: &Row) -> Result<CustomerImport> {
    let how: How = row.json(1)?;
    let (created, updated, unchanged, failed): (i64, i64, i64, i64) =
        (row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?);
    let (done_at, taken): (Option<Timestamp>, i64) = (row.get(9)?, row.get(10)?);
    Ok(CustomerImport {
        id: row.get(0)?,
        state: match (done_at, taken) {
            (Some(_), _) => ImportState::Done,
            (None, 0) => ImportState::Waiting,
            (None, _) => ImportState::Running,
        },
        dry_run: how.dry_run,
        system: how.system,
        total: row.get(2)?,
        processed: created + updated + unchanged + failed,
        created,
        updated,
        unchanged,
        failed,
        ignored_columns: row.json(7)?,
        created_at: row.get(8)?,
        done_at,
    })
}

/// A file whose chunks are not all taken.
#[derive(Debug)]
pub struct Wanted {
    pub id: ImportId,
    pub venue: VenueId,
    pub how: How,
    pub total: i64,
    pub taken: i64,
    pub processed: i64,
    pub failed: i64,
}

/// The oldest file that waits.
pub fn wanted(read: &mut Read) -> Result<Option<Wanted>> {
    let row = read.first(
        "select import_id, venue_id, how, total, taken, created + updated + unchanged + failed, failed
         from customer_imports
         where tenant_id = $1 and done_at is null and received_at is not null order by import_id limit 1",
        params![],
    )?;
    let wanted = row.map(|row| {
        Ok(Wanted {
            id: row.get(0)?,
            venue: row.get(1)?,
            how: row.json(2)?,
            total: row.get(3)?,
            taken: row.get(4)?,
            processed: row.get(5)?,
            failed: row.get(6)?,
        })
    });
    wanted.transpose()
}

pub fn chunk(read: &mut Read, id: ImportId, chunk: i64) -> Result<Vec<Line>> {
    let row = read.first(
        "select lines from customer_import_chunks where tenant_id = $1 and import_id = $2 and chunk = $3",
        params![id, chunk],
    )?;
    row.ok_or_else(|| Error::Again("another job took the chunk".into()))?
        .json(0)
}

/// A chunk is taken and gone. Its number in the `where` is the guard: of two jobs that took it, one counts.
pub fn advance(tx: &mut Tx, file: &Wanted, tally: &Tally) -> Result<bool> {
    let now = tx.now();
    let advanced = tx.exec(
        "update customer_imports set taken = taken + 1, created = created + $4, updated = updated + $5,
           unchanged = unchanged + $6, failed = failed + $7,
           done_at = case when taken + 1 = chunks then cast($8 as bigint) end
         where tenant_id = $1 and import_id = $2 and taken = $3",
        params![
            file.id,
            file.taken,
            tally.created,
            tally.updated,
            tally.unchanged,
            tally.failed,
            now
        ],
    )?;
    tx.queue(
        "delete from customer_import_chunks where tenant_id = $1 and import_id = $2 and chunk = $3",
        params![file.id, file.taken],
    )?;
    Ok(advanced == 1)
}

pub fn reject(tx: &mut Tx, id: ImportId, rejected: &Rejected) -> Result<()> {
    let line = i64::try_from(rejected.line).map_err(Error::bug)?;
    tx.queue(
        "insert into customer_import_rejects (tenant_id, import_id, line, cells, why) values ($1, $2, $3, $4, $5)",
        params![id, line, json(&rejected.cells)?, &rejected.why],
    )
}

/// The columns of a file whose bad lines are kept.
pub fn header(read: &mut Read, venue: VenueId, id: ImportId) -> Result<Option<Vec<String>>> {
    let row = read.first(
        "select header from customer_imports
         where tenant_id = $1 and import_id = $2 and venue_id = $3 and received_at is not null
           and forgotten_at is null",
        params![id, venue],
    )?;
    row.map(|row| row.json(0)).transpose()
}

/// A bad line: its number, what stood there, and why it was not taken.
type Bad = (i64, Vec<String>, String);

pub fn rejected(read: &mut Read, id: ImportId, after: i64, limit: i64) -> Result<Vec<Bad>> {
    let rows = read.query(
        "select line, cells, why from customer_import_rejects
         where tenant_id = $1 and import_id = $2 and line > $3 order by line limit $4",
        params![id, after, limit],
    )?;
    let bad = rows
        .iter()
        .map(|row| Ok((row.get(0)?, row.json(1)?, row.get(2)?)));
    bad.collect()
}

/// Forgets the bad lines of one file that was done by then; `false` where there is none.
pub fn forget_rejected(tx: &mut Tx, by: Timestamp) -> Result<bool> {
    let now = tx.now();
    let row = tx.first(
        "select import_id from customer_imports
         where tenant_id = $1 and done_at <= $2 and forgotten_at is null order by done_at limit 1",
        params![by],
    )?;
    let Some(row) = row else { return Ok(false) };
    let id: ImportId = row.get(0)?;
    tx.exec(
        "update customer_imports set forgotten_at = $3 where tenant_id = $1 and import_id = $2",
        params![id, now],
    )?;
    tx.exec(
        "delete from customer_import_rejects where tenant_id = $1 and import_id = $2",
        params![id],
    )?;
    Ok(true)
}

/// Forgets one file that had begun by then and is not here whole; `false` where there is none.
pub fn forget_unsent(tx: &mut Tx, by: Timestamp) -> Result<bool> {
    let row = tx.first(
        "select import_id from customer_imports
         where tenant_id = $1 and done_at is null and received_at is null and created_at <= $2
         order by import_id limit 1",
        params![by],
    )?;
    let Some(row) = row else { return Ok(false) };
    let id: ImportId = row.get(0)?;
    tx.exec(
        "delete from customer_import_chunks where tenant_id = $1 and import_id = $2",
        params![id],
    )?;
    tx.exec(
        "delete from customer_imports where tenant_id = $1 and import_id = $2",
        params![id],
    )?;
    Ok(true)
}
