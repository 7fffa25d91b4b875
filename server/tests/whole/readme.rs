//! The evening that the README tells, run as it stands there.

use std::process::Command;

use server::hall::testing::Store;

use crate::ground::Ground;
use crate::program::{Home, PROGRAM, Server, command};

const README: &str = include_str!("../../../README.md");

#[test]
fn the_evening_goes_as_it_is_told() {
    let home = Home::new();
    let mut serving = command(&home.data());
    serving.args([
        "serve",
        "--demo",
        "--listen",
        "127.0.0.1:0",
        "--log",
        "error",
    ]);
    let server = Server::of(serving);
    let told = README
        .split("```sh\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    // Only the address and the folder are another one's here.
    let script = told
        .expect("the README has a script")
        .replace("127.0.0.1:8080", &server.address)
        .replace(
            "data/demo.json",
            home.data()
                .join("demo.json")
                .to_str()
                .expect("a path in UTF-8"),
        )
        .replace(
            "/tmp/paid.json",
            home.data()
                .join("paid.json")
                .to_str()
                .expect("a path in UTF-8"),
        );
    let ran = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .output()
        .expect("bash runs");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    for line in [
        "it would come to 349.87 kr",
        "Season opening: ",
        "Big table: ",
        "paid 350 kr, of it 13 öre are rounding",
        "349.87 SEK at 1 point for each SEK: 349.87 points.",
        "payments on the order: 1",
    ] {
        assert!(said.contains(line), "`{line}` is missing in:\n{said}");
    }
    assert!(server.end("TERM").0.success());
}

#[tokio::test]
async fn every_command_explains_itself() {
    let ground = Ground::new(Store::Sqlite).await;
    let help = ground.run(&["--help"]);
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    for word in [
        "serve",
        "demo",
        "import",
        "migrate",
        "audit",
        "doctor",
        "routes",
        "openapi",
        "completions",
    ] {
        assert!(help.contains(word), "{PROGRAM} --help does not name {word}");
        let one = ground.run(&[word, "--help"]);
        assert!(
            one.status.success() && one.stdout.len() > 80,
            "{word} --help says too little"
        );
    }
}
