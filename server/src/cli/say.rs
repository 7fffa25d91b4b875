//! What a person at the terminal, or a program behind a pipe, is told.
//!
//! Results go to standard output, progress and complaints to standard error. A reader that has gone
//! away (`| head`) is no error of ours.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// One line of the result.
pub fn line(text: impl Display) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Text as it is, for documents.
pub fn text(text: impl Display) {
    let mut out = io::stdout().lock();
    let _ = write!(out, "{text}");
    let _ = out.flush();
}

/// One JSON document, for programs.
pub fn json(value: &impl Serialize) -> Result<()> {
    line(serde_json::to_string_pretty(value)?);
    Ok(())
}

/// One line beside the result.
pub fn aside(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// A table with its columns aligned.
pub fn table<const N: usize>(rows: &[[String; N]]) {
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    for row in rows {
        let cells = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        line(cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

/// How far a long work is: a bar on a terminal, a line now and then in a pipe, nothing for `--json`.
pub struct Progress {
    bar: Option<ProgressBar>,
    plain: bool,
    what: &'static str,
    told: u64,
}

impl Progress {
    /// `total` of 0 is unknown.
    pub fn new(what: &'static str, total: u64, quiet: bool) -> Progress {
        let on_terminal = io::stderr().is_terminal();
        let bar = (on_terminal && !quiet).then(|| {
            let bar = if total == 0 {
                ProgressBar::new_spinner()
            } else {
                ProgressBar::new(total)
            };
            let shape = if total == 0 {
                "{spinner} {msg} {human_pos}"
            } else {
                "{msg} {bar:30} {human_pos}/{human_len} {eta}"
            };
            // The template is a constant; without it the bar only looks different.
            bar.set_style(
                ProgressStyle::with_template(shape)
                    .unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            bar.set_message(what);
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Progress {
            bar,
            plain: !on_terminal && !quiet,
            what,
            told: 0,
        }
    }

    /// `done` in all; in a pipe a line each ten thousand.
    pub fn at(&mut self, done: u64) {
        const LINE_EVERY: u64 = 10_000;
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        }
        if self.plain && done / LINE_EVERY > self.told {
            self.told = done / LINE_EVERY;
            aside(format!("{}: {done}", self.what));
        }
    }

    pub fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
