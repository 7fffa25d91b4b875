//! The rules of the house that a compiler does not hold, each with its reason.

use std::collections::{BTreeMap, BTreeSet};

use server::app;

use super::sources::{Source, files, root, rust};

/// Fails with every place that breaks the rule, and why there is one.
#[track_caller]
fn none(broken: &[String], reason: &str) {
    assert!(broken.is_empty(), "{reason}\n  {}", broken.join("\n  "));
}

fn rooms() -> Vec<&'static str> {
    app::ROOMS.iter().map(|room| room.name).collect()
}

fn shipped() -> Vec<Source> {
    rust("server/src")
        .into_iter()
        .filter(|source| !source.is_test())
        .collect()
}

/// The names that follow `before` in the code, with their lines: `crate::` gives rooms and the hall.
fn named_after(source: &Source, before: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (line, at) in source.shipped().lines().zip(1..) {
        for (place, _) in line.match_indices(before) {
            let rest = &line[place + before.len()..];
            let end = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            found.push((at, rest[..end].to_owned()));
        }
    }
    found
}

/// As [`named_after`] `crate::`, with what a `use crate::{…}` names, over several lines too.
fn named_of_crate(source: &Source) -> Vec<(usize, String)> {
    let mut found = named_after(source, "crate::");
    let code = source.shipped();
    for (place, _) in code.match_indices("crate::{") {
        let line = code[..place].lines().count();
        let (mut depth, mut name) = (0, String::new());
        for letter in code[place + "crate::".len()..].chars() {
            match letter {
                '{' => depth += 1,
                '}' | ',' | ':' if depth == 1 => {
                    if !name.is_empty() {
                        found.push((line, std::mem::take(&mut name)));
                    }
                    if letter == '}' {
                        break;
                    }
                }
                '}' => depth -= 1,
                letter if depth == 1 && (letter.is_alphanumeric() || letter == '_') => {
                    name.push(letter);
                }
                _ => {}
            }
        }
    }
    found
}

#[test]
fn the_engine_has_no_io() {
    let manifest =
        std::fs::read_to_string(root().join("engine/Cargo.toml")).expect("the engine's manifest");
    let manifest: toml::Table = manifest.parse().expect("a manifest");
    let depends: Vec<&String> = manifest["dependencies"]
        .as_table()
        .expect("dependencies")
        .keys()
        .collect();
    assert_eq!(
        depends,
        ["jiff", "serde", "smallvec"],
        "the engine is pure: what it needs comes as arguments, so that replay, tests and the server run the \
         same function; a new dependency needs a reason here"
    );
    let mut broken = Vec::new();
    for source in rust("engine/src").iter().filter(|source| !source.is_test()) {
        for word in [
            "std::fs",
            "std::net",
            "std::env",
            "std::process",
            "std::thread",
            "std::time",
            "Timestamp::now",
            "Zoned::now",
            "TimeZone::get",
            "TimeZone::system",
            "async fn",
            " f32",
            " f64",
            "HashMap",
            "HashSet",
        ] {
            broken.extend(
                source
                    .lines_with(word)
                    .into_iter()
                    .map(|at| format!("{at}: {word}")),
            );
        }
    }
    none(
        &broken,
        "the engine knows no clock, no machine, no floats, and no order that differs between runs",
    );
}

#[test]
fn the_hall_knows_no_room() {
    let (rooms, mut broken) = (rooms(), Vec::new());
    for source in shipped()
        .iter()
        .filter(|source| source.path.starts_with("server/src/hall/"))
    {
        for (line, name) in named_of_crate(source) {
            if rooms.contains(&name.as_str()) || name == "app" || name == "providers" {
                broken.push(format!("{}:{line}: {name}", source.path));
            }
        }
    }
    none(
        &broken,
        "every room stands on the hall: if it stood on one of them, they would stand on each other",
    );
}

#[test]
fn providers_know_neither_store_nor_room() {
    let (rooms, mut broken) = (rooms(), Vec::new());
    for source in shipped()
        .iter()
        .filter(|source| source.path.starts_with("server/src/providers/"))
    {
        for (line, name) in named_of_crate(source) {
            if rooms.contains(&name.as_str()) {
                broken.push(format!("{}:{line}: {name}", source.path));
            }
        }
        broken.extend(source.lines_with("hall::store"));
    }
    none(
        &broken,
        "a provider is spoken to with no transaction open, so it cannot hold one",
    );
}

#[test]
fn only_the_store_names_a_driver_and_only_providers_speak_http() {
    let mut broken = Vec::new();
    for source in shipped() {
        if !source.path.starts_with("server/src/hall/store/") {
            for driver in ["rusqlite", "tokio_postgres", "postgres::Client"] {
                broken.extend(source.lines_with(driver));
            }
        }
        if !source.path.starts_with("server/src/providers/") {
            for client in ["reqwest", "ureq", "hyper::client", "hyper_util::client"] {
                broken.extend(source.lines_with(client));
            }
        }
    }
    none(
        &broken,
        "two stores have one face, and what goes out to the world has a stand-in: each has its one place",
    );
}

/// The lists of `app.rs` that rooms walk.
const REGISTRIES: &[&str] = &[
    "BRING_POINTS",
    "MULTIPLIER_OF",
    "ON_BOUGHT",
    "ON_SETTLED",
    "PROGRESS_OF_CUSTOMER",
    "RECENT_OF_CUSTOMER",
    "USES_OF_GROUP",
];

/// What each room registered with `app.rs` is asked there, which is no call of a later room.
fn asks_only_registry(source: &Source) -> bool {
    let asked: Vec<_> = named_after(source, "app::")
        .into_iter()
        .map(|(_, name)| name)
        .collect();
    !asked.is_empty() && asked.iter().all(|name| REGISTRIES.contains(&name.as_str()))
}

#[test]
fn no_room_calls_a_later_one() {
    let (rooms, mut broken) = (rooms(), Vec::new());
    for source in shipped() {
        let Some(own) = source
            .room()
            .and_then(|room| rooms.iter().position(|name| *name == room))
        else {
            continue;
        };
        for (line, name) in named_of_crate(&source) {
            let later = rooms
                .iter()
                .position(|room| *room == name)
                .is_some_and(|other| other > own);
            let asks_registry = name == "app" && asks_only_registry(&source);
            if later || (name == "app" && !asks_registry) {
                broken.push(format!(
                    "{}:{line}: {} calls {name}",
                    source.path, rooms[own]
                ));
            }
        }
    }
    none(
        &broken,
        "rooms stand in the order of app.rs, so that there is no cycle: what must go the other way is registered \
         with the room, or is an event that a job turns into a call",
    );
}

#[test]
fn nobody_reaches_into_the_store_of_a_room() {
    let (rooms, mut broken) = (rooms(), Vec::new());
    for source in shipped() {
        for room in rooms.iter().filter(|room| source.room() != Some(room)) {
            broken.extend(source.lines_with(&format!("{room}::store")));
        }
    }
    none(
        &broken,
        "a room's verbs hold its laws; its statements alone do not",
    );
}

/// The first words of a statement, in small letters.
fn statement(text: &str) -> Option<String> {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let begins = [
        "select ",
        "insert into ",
        "update ",
        "delete from ",
        "with ",
    ];
    begins
        .iter()
        .any(|word| flat.starts_with(word))
        .then_some(flat)
}

/// What looks like a statement and is prose: a statement has a table, and sets, values or conditions.
fn is_sql(flat: &str) -> bool {
    (flat.starts_with("select ") && flat.contains(" from "))
        || (flat.starts_with("insert into ") && flat.contains(" ("))
        || (flat.starts_with("update ") && flat.contains(" set "))
        || flat.starts_with("delete from ")
        || (flat.starts_with("with ") && flat.contains(" as ("))
}

/// Figures of the whole server, which are nobody's rows.
const ACROSS: &[(&str, &str)] = &[(
    "server/src/jobs/store.rs",
    "select coalesce(max(cast($1 as bigint) - j.next_at), 0)",
)];

#[test]
fn every_statement_is_bound_to_its_tenant() {
    let mut broken = Vec::new();
    for source in shipped() {
        // The directory is the one table that is read before the tenant is known.
        let is_directory = source.path == "server/src/hall/identity.rs";
        if source.path.starts_with("server/src/hall/store/") {
            continue;
        }
        for (line, text) in source.shipped_strings() {
            let Some(flat) = statement(text).filter(|flat| is_sql(flat)) else {
                continue;
            };
            let first = flat
                .trim_start_matches("select ")
                .trim_start_matches("distinct ");
            let first = first.split([',', ' ']).next().unwrap_or_default();
            // A read across tenants (a law, the scheduler) says first whose the row is.
            let across =
                flat.starts_with("select ") && first.rsplit('.').next() == Some("tenant_id");
            let inserts = flat
                .split_once('(')
                .is_some_and(|(_, columns)| columns.trim_start().starts_with("tenant_id"))
                && flat.starts_with("insert into ");
            let directory = is_directory && flat.contains("directory");
            // A wrapper whose inside is another statement, which is looked at where it stands.
            let wraps = flat.contains("from ({") || flat.contains("from (select 1 {");
            let exempt = wraps
                || ACROSS
                    .iter()
                    .any(|(path, begins)| source.path == *path && flat.starts_with(begins));
            if !(flat.contains("tenant_id = $1") || inserts || across || directory || exempt) {
                broken.push(format!(
                    "{}:{line}: {}",
                    source.path,
                    &flat[..flat.len().min(90)]
                ));
            }
        }
    }
    none(
        &broken,
        "$1 is the tenant, bound by the transaction itself: a statement without `tenant_id = $1` (or `tenant_id` \
         first in an insert) would see every chain of the server",
    );
}

/// Written by the hall with each call (the journal, and when a key or device was last seen); what the journal
/// wrote is sealed and forgotten by `audit`, and delivered by `outbox`.
const OF_TWO: &[(&str, &[&str])] = &[
    ("audit_entries", &["hall", "audit"]),
    ("outbox", &["hall", "outbox", "audit"]),
    ("idempotency", &["hall", "audit"]),
    ("api_keys", &["hall", "platform"]),
    ("devices", &["hall", "platform"]),
];

#[test]
fn a_table_is_written_by_one_room() {
    let mut writers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in shipped() {
        let hall = source.path.starts_with("server/src/hall/") && !source.path.contains("/store/");
        let Some(writer) = source.room().or(hall.then_some("hall")) else {
            continue;
        };
        for (_, text) in source.shipped_strings() {
            let Some(flat) = statement(text).filter(|flat| is_sql(flat)) else {
                continue;
            };
            for verb in ["insert into ", "update ", "delete from "] {
                let Some(rest) = flat.strip_prefix(verb) else {
                    continue;
                };
                let table = rest.split([' ', '(']).next().unwrap_or_default();
                writers
                    .entry(table.to_owned())
                    .or_default()
                    .insert(writer.to_owned());
            }
        }
    }
    let mut broken = Vec::new();
    for (table, writers) in &writers {
        let two = OF_TWO
            .iter()
            .find(|(named, _)| named == table)
            .map(|(_, rooms)| *rooms);
        let is_known = two.is_some_and(|rooms| {
            writers
                .iter()
                .all(|writer| rooms.contains(&writer.as_str()))
        });
        if writers.len() > 1 && !is_known {
            broken.push(format!("{table}: {writers:?}"));
        }
    }
    none(
        &broken,
        "a room's tables are written by that room alone: others call its verbs, which hold its laws",
    );
    assert!(
        writers.len() > 10,
        "the statements were not found: {writers:?}"
    );
}

#[test]
fn no_room_asks_which_store_it_is() {
    let mut broken = Vec::new();
    for source in shipped().iter().filter(|source| source.room().is_some()) {
        for word in ["Dialect", ".dialect()", "cfg(feature = \"postgres\")"] {
            broken.extend(source.lines_with(word));
        }
    }
    none(
        &broken,
        "one text means the same on both stores; what truly differs is in hall/store/dialect.rs",
    );
}

#[test]
fn bodies_queries_and_paths_come_by_our_own_extractors() {
    let mut broken = Vec::new();
    for source in shipped().iter().filter(|source| source.room().is_some()) {
        for word in [
            "axum::Json",
            "extract::Json",
            "extract::Query",
            "extract::Path",
            "axum::Form",
            "extract::Form",
        ] {
            broken.extend(source.lines_with(word));
        }
    }
    none(
        &broken,
        "axum's own extractors answer in plain text and let repeated and unknown fields through",
    );
}

/// Words that say nothing about what a type is.
const EMPTY_WORDS: &[&str] = &[
    "Service", "Manager", "Helper", "Helpers", "Util", "Utils", "Common", "Impl", "Data", "Info",
    "Dto", "Misc", "Model", "Handler", "Wrapper",
];

fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for letter in name.chars() {
        match words.last_mut() {
            Some(word) if !letter.is_uppercase() => word.push(letter),
            _ => words.push(letter.to_string()),
        }
    }
    words
}

#[test]
fn names_say_what_a_thing_is() {
    let mut broken = Vec::new();
    for source in rust("server/src").iter().chain(&rust("engine/src")) {
        // The associated types of foreign traits have the names that those gave them.
        for kind in ["struct ", "enum ", "trait ", "pub type "] {
            for (line, name) in named_after(source, kind) {
                if words(&name)
                    .iter()
                    .any(|word| EMPTY_WORDS.contains(&word.as_str()))
                {
                    broken.push(format!("{}:{line}: {name}", source.path));
                }
            }
        }
        let file = source.path.rsplit('/').next().unwrap_or_default();
        if [
            "util.rs",
            "utils.rs",
            "helpers.rs",
            "common.rs",
            "misc.rs",
            "service.rs",
            "dto.rs",
        ]
        .contains(&file)
        {
            broken.push(source.path.clone());
        }
    }
    none(
        &broken,
        "requests are commands, answers are nouns, a room splits by noun: these words name neither",
    );
}

#[test]
fn nothing_is_left_lying_about() {
    let markers = [
        "TO\u{44}O",
        "FIX\u{4d}E",
        "XX\u{58}",
        "HA\u{43}K",
        "WI\u{50}:",
    ];
    let mut broken = Vec::new();
    for folder in ["server", "engine"] {
        for source in rust(folder) {
            for (line, text) in &source.comments {
                if markers.iter().any(|marker| text.contains(marker)) {
                    broken.push(format!("{}:{line}: {text}", source.path));
                }
            }
        }
    }
    let torn = ["<<<<<<\u{3c} ", ">>>>>>\u{3e} "];
    let of_machines = ["/ro\u{6f}t/", "/ho\u{6d}e/", "/wor\u{6b}/", "/Us\u{65}rs/"];
    for ending in [".rs", ".md", ".toml", ".sql", ".sh", ".json", ".yml"] {
        for (path, text) in files("", ending) {
            for (line, at) in text.lines().zip(1..) {
                let is_torn = torn.iter().any(|mark| line.starts_with(mark));
                if is_torn || of_machines.iter().any(|place| line.contains(place)) {
                    broken.push(format!("{path}:{at}: {}", &line[..line.len().min(100)]));
                }
            }
        }
    }
    none(
        &broken,
        "what is not done is not there, a merge is whole, and no file knows whose machine it was written on",
    );
}

#[test]
fn nothing_is_printed_but_by_the_command_line() {
    let mut broken = Vec::new();
    for source in shipped().iter().chain(&rust("engine/src")) {
        if !source.path.starts_with("server/src/cli/") {
            for word in ["println!", "eprintln!", "print!(", "dbg!("] {
                broken.extend(source.lines_with(word));
            }
        }
    }
    none(
        &broken,
        "a server speaks by its log, which has levels and holds no personal data",
    );
}

/// Longer than the formatter's 100, for what it does not break: strings and SQL. Tests are tables of cases.
const LINE_MAX: usize = 120;
/// Tables whose rows are sentences stand one row a line.
const TABLES: &[&str] = &[
    "server/src/hall/error.rs",
    "server/src/hall/access.rs",
    "server/src/hall/journal.rs",
];

#[test]
fn lines_can_be_read() {
    let mut broken = Vec::new();
    let mut all: Vec<(String, String)> = files("migrations", ".sql");
    let engine = rust("engine/src")
        .into_iter()
        .filter(|source| !source.is_test());
    for source in shipped().into_iter().chain(engine) {
        let lines = source.shipped().lines().count();
        let text: Vec<&str> = source.text.lines().take(lines).collect();
        all.push((source.path.clone(), text.join("\n")));
    }
    for (path, text) in all
        .iter()
        .filter(|(path, _)| !TABLES.contains(&path.as_str()))
    {
        for (line, at) in text.lines().zip(1..) {
            let letters = line.chars().count();
            if letters > LINE_MAX {
                broken.push(format!("{path}:{at} has {letters} letters"));
            }
        }
    }
    let reason =
        format!("two files stand side by side on a screen: at most {LINE_MAX} letters in a line");
    none(&broken, &reason);
}

#[test]
fn migrations_are_numbered_and_each_table_begins_with_its_tenant() {
    let (migrations, mut broken) = (files("migrations", ".sql"), Vec::new());
    for ((path, text), number) in migrations.iter().zip(1..) {
        let name = path
            .trim_start_matches("migrations/")
            .trim_end_matches(".sql");
        let rest = name.strip_prefix(&format!("{number:04}_"));
        let is_named =
            rest.is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        if !is_named {
            broken.push(format!("{path}: {number:04}_noun.sql was expected"));
        }
        for table in text
            .split("\ncreate table ")
            .skip(usize::from(!text.starts_with("create table ")))
        {
            let table = table.trim_start_matches("create table ");
            let body = &table[..table.find("\n);").unwrap_or(table.len())];
            let name = body.split([' ', '(']).next().unwrap_or_default();
            if name != "directory" && !body.contains("primary key (tenant_id") {
                broken.push(format!(
                    "{path}: the key of {name} does not begin with tenant_id"
                ));
            }
            let columns = body.lines().skip(1).filter(|line| !line.starts_with("   "));
            for column in columns.map(str::trim) {
                let kind = column
                    .split_whitespace()
                    .nth(1)
                    .unwrap_or_default()
                    .trim_end_matches(',');
                let is_rule = [
                    "primary",
                    "foreign",
                    "unique",
                    "check",
                    "references",
                    "exclude",
                    ")",
                ]
                .iter()
                .any(|word| column.starts_with(word));
                if !is_rule
                    && !column.starts_with("--")
                    && !["bigint", "text", "bytea"].contains(&kind)
                {
                    broken.push(format!("{path}: {name} has `{column}`"));
                }
            }
        }
    }
    none(
        &broken,
        "migrations run in order on both stores from one text of three types; a table's rows of one tenant lie \
         together, so that a sharded PostgreSQL can place them",
    );
    assert!(migrations.len() >= 7);
}

#[test]
fn every_room_has_tests() {
    let mut broken = Vec::new();
    for room in rooms() {
        let folder = root().join("server/src").join(room);
        if !folder.join("tests.rs").exists() && !folder.join("tests").is_dir() {
            broken.push(room.to_owned());
        }
    }
    none(
        &broken,
        "a room tells its story in its tests, through the API and on both stores",
    );
}
