//! Lists the files of `migrations/` in order, so that adding one touches nothing else.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut files: Vec<_> = fs::read_dir(&folder)
        .expect("the folder migrations is beside the crates")
        .map(|entry| entry.expect("a readable entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "sql"))
        .collect();
    files.sort();
    let mut list = String::from("const MIGRATIONS: &[Migration] = &[\n");
    for file in &files {
        let name = file
            .file_stem()
            .expect("a file has a name")
            .to_string_lossy();
        writeln!(
            list,
            "    Migration {{ name: {name:?}, text: include_str!({file:?}) }},"
        )
        .expect("writing to a string");
    }
    list.push_str("];\n");
    let out = Path::new(&env::var("OUT_DIR").expect("cargo sets OUT_DIR")).join("migrations.rs");
    fs::write(out, list).expect("the build folder takes files");
}
