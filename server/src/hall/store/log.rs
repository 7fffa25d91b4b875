//! Moves SQLite's log into the file beside the writer, so that a commit seldom waits for it.
//!
//! Who moves the log never catches up with a writer that goes on, and the log starts anew only when all of it has been
//! moved. So a thread of its own moves the bulk, and the writer the short rest of a log that has grown long. What
//! fails is left to the next try: until it is moved, the log holds everything.

use std::os::raw::c_int;
use std::path::Path;
use std::thread::JoinHandle;

use crossbeam_channel::bounded;
use rusqlite::Connection;
use rusqlite::hooks::Wal;

use super::sqlite::{classify, thread};
use crate::hall::error::Result;

/// So many pages more in the log wake the mover.
const STEP: c_int = 1_000;
/// At so many the writer moves what is left.
const LONG: c_int = 4_000;

/// Starts the thread; it ends when the writer's connection is closed.
pub(super) fn move_beside(writer: &mut Connection, file: &Path) -> Result<JoinHandle<()>> {
    let mover = Connection::open(file).map_err(classify)?;
    mover
        .execute_batch("pragma synchronous = full; pragma wal_autocheckpoint = 0;")
        .map_err(classify)?;
    let (wake, woken) = bounded(1);
    let mut moved = 0;
    let hook = move |log: &mut Wal, pages: c_int| {
        if pages < moved {
            moved = 0;
        }
        if pages >= LONG {
            let _ = log.checkpoint();
        } else if pages >= moved + STEP {
            moved = pages;
            // Full: it is awake already.
            let _ = wake.try_send(());
        }
        Ok(())
    };
    writer.wal_hook(Some(hook)).map_err(classify)?;
    thread("store-mover", move || {
        while woken.recv().is_ok() {
            let _ = mover.execute_batch("pragma wal_checkpoint(passive)");
        }
    })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    const PAGE: u64 = 4_096;

    fn pages(path: &Path) -> u64 {
        std::fs::metadata(path).unwrap().len() / PAGE
    }

    /// A row of so many pages, in a commit of its own.
    fn write(writer: &Connection, pages: u64) {
        let bytes = vec![7_u8; usize::try_from(pages * PAGE).unwrap()];
        writer
            .execute("insert into rows values (?1)", [bytes])
            .unwrap();
    }

    #[test]
    fn the_bulk_is_moved_beside_the_writer_and_the_rest_by_it() {
        let folder = tempfile::tempdir().unwrap();
        let (file, log) = (
            folder.path().join("some.db"),
            folder.path().join("some.db-wal"),
        );
        let mut writer = super::super::sqlite::open(&file).unwrap();
        let mover = move_beside(&mut writer, &file).unwrap();
        writer.execute_batch("create table rows (data)").unwrap();

        let step = u64::from(STEP.unsigned_abs());
        write(&writer, step);
        let until = Instant::now() + Duration::from_secs(20);
        while pages(&file) < step {
            assert!(Instant::now() < until, "nobody moved it");
            std::thread::yield_now();
        }

        let long = u64::from(LONG.unsigned_abs());
        for _ in 0..5 * long / 100 {
            write(&writer, 100);
        }
        assert!(pages(&log) < 3 * long, "the log was begun anew");
        assert!(pages(&file) > 3 * long, "what was in it is in the file");

        drop(writer);
        mover.join().unwrap();
    }
}
