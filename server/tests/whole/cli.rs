//! The command line, by running the program that was built.

use serde_json::{Value as Json, json};
use server::hall::access::Role;
use server::hall::identity::Mode;
use server::hall::journal::By;
use server::hall::secret::Entropy;
use server::hall::store::{Db, Place, Scope, Settings, file_admin};
use server::hall::testing::Store;
use server::hall::time::Clock;
use server::platform::chain::{self, Founding};

use crate::ground::Ground;
use crate::program::{Home, Server, run, stdout};

/// A chain in the folder's store, made beside the program, and the token of its owner.
async fn chain_in(home: &Home) -> String {
    std::fs::create_dir_all(home.data()).expect("a folder");
    let entropy = Entropy::system();
    let place = Place::Sqlite { file: home.store() };
    let db = Db::open(Settings::at(place, entropy.clone()))
        .await
        .expect("a store");
    let now = Clock::system().now();
    let tenant = entropy.id(now);
    let made = db.write(Scope::new(tenant, now, By::cli()), Vec::new(), move |tx| {
        let founding = Founding {
            tenant,
            slug: "test".into(),
            name: "Boule".into(),
            mode: Mode::Test,
            language: "en".into(),
            currency: "SEK".into(),
        };
        chain::found(tx, &founding)?;
        Ok(chain::mint_key(tx, "owner", Role::Owner, &[])?.1)
    });
    let token = made
        .await
        .expect("the chain is founded")
        .expose()
        .to_owned();
    db.close().await;
    token
}

fn plant(home: &Home, statements: &[&str]) {
    server::hall::store::file_admin(&home.store(), statements).expect("the breach is planted");
}

#[test]
fn serve_needs_no_configuration_and_ends_when_asked() {
    let home = Home::new();
    let server = Server::start(&home.data());
    assert!(server.greeting[0].starts_with("Regulars "));
    assert_eq!(server.get("/healthz"), (200, "alive".into()));
    let (status, ready) = server.get("/readyz");
    assert_eq!(
        (
            status,
            serde_json::from_str::<Json>(&ready).unwrap()["status"].clone()
        ),
        (200, json!("READY"))
    );
    assert!(
        server
            .get("/metrics")
            .1
            .contains("http_request_duration_seconds")
    );
    assert_eq!(server.get("/api/docs/").0, 200);
    let (status, document) = server.get("/api/openapi.json");
    assert_eq!(
        (
            status,
            serde_json::from_str::<Json>(&document).unwrap()["openapi"].clone()
        ),
        (200, json!("3.1.0"))
    );
    assert_eq!(server.get("/api/v1/nothing").0, 404);
    assert!(home.data().join("master.secret").exists());
    let (status, said) = server.end("TERM");
    assert!(status.success(), "{status} {said}");
    assert!(
        !said.contains("cut off"),
        "asked once, it lets its jobs end: {said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_before_the_end_is_there_after_it() {
    let home = Home::new();
    let token = chain_in(&home).await;
    let server = Server::start(&home.data());
    let (status, begun) = server
        .send_as(
            &token,
            "POST",
            "/api/v1/chain/jobs/jobs.prune/run",
            &json!({}),
        )
        .unwrap();
    assert_eq!(status, 201, "{begun}");
    let (status, said) = server.end("INT");
    assert!(status.success(), "{status} {said}");
    let server = Server::start(&home.data());
    let (_, runs) = server.get_as(&token, "/api/v1/chain/jobs/jobs.prune/runs");
    assert_eq!(runs["items"][0]["id"], begun["id"]);
    // It had begun when it was answered; whether it ended before the server did is the machine's to say.
    let outcome = &runs["items"][0]["outcome"];
    assert!(outcome.is_null() || outcome == "SUCCEEDED", "{runs}");
    drop(server);
    assert!(run(&home.data(), &["audit", "verify"]).status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_names_the_law_that_is_broken() {
    let home = Home::new();
    chain_in(&home).await;
    let whole = run(&home.data(), &["audit", "verify"]);
    assert!(
        whole.status.success() && stdout(&whole).contains("L24    ok"),
        "{}",
        stdout(&whole)
    );
    plant(
        &home,
        &[
            "drop trigger audit_sealed_stays",
            "update audit_entries set actor = 'nobody' where seq = 1",
        ],
    );
    let broken = run(&home.data(), &["audit", "verify"]);
    assert_eq!(broken.status.code(), Some(1));
    assert!(
        stdout(&broken).contains("L24    BROKEN") && stdout(&broken).contains("entry 1 "),
        "{}",
        stdout(&broken)
    );
    assert!(stdout(&broken).contains("Broken: L24."));
    let told = run(&home.data(), &["audit", "verify", "--json"]);
    assert_eq!(told.status.code(), Some(1));
    let verdicts: Json = serde_json::from_slice(&told.stdout).unwrap();
    let broken: Vec<&Json> = verdicts
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["breaches"] != json!([]))
        .collect();
    assert_eq!((broken.len(), &broken[0]["law"]), (1, &json!("L24")));
}

#[test]
fn a_stranger_learns_what_there_is() {
    let home = Home::new();
    let routes = stdout(&run(&home.data(), &["routes"]));
    assert!(
        routes.contains("/api/v1/chain/audit") && routes.contains("MANAGER"),
        "{routes}"
    );
    let routes: Json =
        serde_json::from_slice(&run(&home.data(), &["routes", "--json"]).stdout).unwrap();
    assert!(
        routes
            .as_array()
            .unwrap()
            .iter()
            .any(|route| route["path"] == "/healthz" && route["who"] == "anybody")
    );
    let document: Json = serde_json::from_slice(&run(&home.data(), &["openapi"]).stdout).unwrap();
    assert_eq!(document["info"]["title"], "Regulars");
    assert!(stdout(&run(&home.data(), &["completions", "bash"])).contains("regulars"));
    assert!(stdout(&run(&home.data(), &["--help"])).contains("serve"));
    assert_eq!(run(&home.data(), &["nonsense"]).status.code(), Some(2));
    let wrong = run(&home.data(), &["serve", "--listen", "8080"]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("address and port"));
    let lost = run(&home.data(), &["audit", "verify"]);
    assert_eq!(lost.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&lost.stderr).contains("name its folder with --data"));
    // None of these makes a store.
    assert!(!home.data().exists());
}

#[test]
fn tables_are_brought_up_to_date_once() {
    let home = Home::new();
    let first: Json =
        serde_json::from_slice(&run(&home.data(), &["migrate", "--json"]).stdout).unwrap();
    assert_eq!(
        first["applied"].as_array().unwrap().len() as u64,
        first["known"].as_u64().unwrap()
    );
    let again = stdout(&run(&home.data(), &["migrate"]));
    assert!(again.contains("0 of them new"), "{again}");
}

#[test]
fn doctor_says_what_is_missing_for_production() {
    let home = Home::new();
    drop(Server::start(&home.data()));
    let at_home = run(&home.data(), &["doctor"]);
    assert_eq!(at_home.status.code(), Some(1), "{}", stdout(&at_home));
    assert!(stdout(&at_home).contains("--public-url"));
    let file = home.data().join("regulars.toml");
    std::fs::write(&file, "public-url = \"https://regulars.example\"\n").unwrap();
    let told = run(
        &home.data(),
        &["doctor", "--json", "--config", file.to_str().unwrap()],
    );
    let told: Json = serde_json::from_slice(&told.stdout).unwrap();
    let from = told["settings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "public-url")
        .unwrap();
    assert!(from["from"].as_str().unwrap().starts_with("file "));
    let graded = |about: &str| {
        let findings = told["findings"].as_array().unwrap();
        findings
            .iter()
            .find(|one| one["about"] == about)
            .map(|one| one["grade"].clone())
    };
    for about in [
        "public URL",
        "data folder",
        "master secret",
        "SQLite",
        "tables",
        "clock",
    ] {
        assert_eq!(graded(about), Some(json!("OK")), "{about}: {told}");
    }
}

#[test]
fn doctor_warns_of_a_superuser() {
    let home = Home::new();
    let superuser =
        std::env::var("REGULARS_TEST_POSTGRES_SUPERUSER").expect("run the tests by `make test`");
    let mut command = crate::program::command(&home.data());
    let told = command
        .env("DATABASE_URL", superuser)
        .args(["doctor"])
        .output()
        .unwrap();
    assert_eq!(told.status.code(), Some(1));
    let told = stdout(&told);
    assert!(
        told.contains("is a superuser") && told.contains("(set, not shown)"),
        "{told}"
    );
}

/// The file may not grow any more: SQLite's writes fail with an I/O error, after which nothing it says
/// about later writes can be trusted.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_the_disk_refuses_ends_the_server_and_loses_nothing() {
    let home = Home::new();
    let token = chain_in(&home).await;
    let mut server = Server::start_after(&home.data(), "trap '' XFSZ; ulimit -f 4000");
    let mut kept = Vec::new();
    let refused = loop {
        let name = format!("{:05} {}", kept.len(), "x".repeat(60));
        match server.send_as(
            &token,
            "POST",
            "/api/v1/chain/tax-classes",
            &json!({"name": name}),
        ) {
            Some((201, made)) => kept.push(made["id"].clone()),
            other => break other,
        }
        assert!(kept.len() < 20_000, "the limit is never reached");
    };
    assert!(matches!(refused, Some((503, _)) | None), "{refused:?}");
    let (status, said) = server.wait();
    assert_eq!(status.code(), Some(70), "{said}");
    assert!(!kept.is_empty());
    let server = Server::start(&home.data());
    for id in kept.iter().rev().take(200) {
        let path = format!("/api/v1/chain/tax-classes/{}", id.as_str().unwrap());
        assert_eq!(server.get_as(&token, &path).0, 200, "{path}");
    }
    drop(server);
    assert!(run(&home.data(), &["audit", "verify"]).status.success());
}

/// A folder of four mebibytes, gone when it is dropped.
struct Small(std::path::PathBuf);

impl Small {
    /// `None` where this machine lets nobody mount.
    fn mount(home: &Home) -> Option<Small> {
        let folder = home.data();
        std::fs::create_dir_all(&folder).expect("a folder");
        let mut mount = std::process::Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"])
            .arg(&folder);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then_some(Small(folder))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount")
            .arg("-l")
            .arg(&self.0)
            .status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_so_and_heals_when_there_is_room() {
    let home = Home::new();
    let Some(small) = Small::mount(&home) else {
        println!("SKIPPED: a full disk needs the right to mount a small one");
        return;
    };
    let token = chain_in(&home).await;
    let filler = small.0.join("filler");
    std::fs::write(&filler, vec![1; 1 << 20]).unwrap();
    let server = Server::start(&home.data());
    let mut count = 0;
    let mut make = || {
        count += 1;
        let name = format!("{count:05}");
        let said = server.send_as(
            &token,
            "POST",
            "/api/v1/chain/tax-classes",
            &json!({"name": name}),
        );
        said.expect("the server stays")
    };
    let refused = loop {
        match make() {
            (201, _) => {}
            refused => break refused,
        }
    };
    assert_eq!(
        (refused.0, &refused.1["code"]),
        (507, &json!("storage_full"))
    );
    assert_eq!(server.get_as(&token, "/api/v1/chain/tax-classes").0, 200);
    let (status, ready) = server.get("/readyz");
    assert!(status == 503 && ready.contains("READ_ONLY"), "{ready}");
    std::fs::remove_file(&filler).unwrap();
    let begun = std::time::Instant::now();
    while make().0 != 201 {
        assert!(begun.elapsed().as_secs() < 30, "it does not heal");
    }
    assert_eq!(server.get("/readyz").0, 200);
    let (status, said) = server.end("TERM");
    assert!(status.success(), "{said}");
    assert!(run(&home.data(), &["audit", "verify"]).status.success());
}

#[test]
fn a_chain_is_founded_from_the_command_line() {
    let home = Home::new();
    let words = [
        "init",
        "--json",
        "--name",
        "Boule & Bar",
        "--owner",
        "Maja Lind",
        "--email",
        "maja@boulebar.example",
        "--zone",
        "Europe/Stockholm",
        "--country",
        "SE",
        "--currency",
        "SEK",
        "--tax",
        "Food=12",
        "--staff",
        "Nils Berg=4711",
    ];
    let wrong: Vec<&str> = words
        .iter()
        .map(|word| if *word == "SEK" { "KRONOR" } else { *word })
        .collect();
    let refused = run(&home.data(), &wrong);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("/venue/currency"), "{said}");
    let menu = home.data().with_extension("csv");
    let words: Vec<&str> = words
        .into_iter()
        .chain(["--menu", menu.to_str().unwrap()])
        .collect();
    let head = "name,category,price,taxClass,regulated\nWaffle,Food,7.00,Food,\n";
    // A wrong menu founds nothing, and its line is named.
    for (row, told) in [
        ("Soup,Food,7.001,Food,", "/3/price"),
        ("Soup,Food,7.00,Luxury,", "/3/taxClass"),
    ] {
        std::fs::write(&menu, format!("{head}{row}\n")).unwrap();
        let refused = run(&home.data(), &words);
        assert_eq!(refused.status.code(), Some(1));
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(said.contains(told), "{said}");
    }
    std::fs::write(&menu, format!("{head}Soup,Food,\"6,50\",Food,\n")).unwrap();
    let founded: Json = serde_json::from_slice(&run(&home.data(), &words).stdout).unwrap();
    assert_eq!(founded["productsCreated"], json!(2));
    assert_eq!(
        (
            founded["chain"]["slug"].clone(),
            founded["venue"]["currency"].clone()
        ),
        (json!("boule-bar"), json!("SEK"))
    );
    assert_eq!(run(&home.data(), &words).status.code(), Some(1));
    let server = Server::start(&home.data());
    let sign_in = |password: &Json| {
        let ask = json!({"email": "maja@boulebar.example", "password": password});
        server
            .send("POST", "/api/v1/staff/sign-in", &ask)
            .unwrap()
            .0
    };
    assert_eq!(sign_in(&founded["password"]), 201);
    let reset = run(
        &home.data(),
        &["staff", "reset", "maja@boulebar.example", "--json"],
    );
    let reset: Json = serde_json::from_slice(&reset.stdout).unwrap();
    assert_eq!(
        (sign_in(&founded["password"]), sign_in(&reset["password"])),
        (401, 201)
    );
    assert_eq!(
        run(&home.data(), &["staff", "reset", "nobody@boulebar.example"])
            .status
            .code(),
        Some(1)
    );
    drop(server);
    assert!(run(&home.data(), &["audit", "verify"]).status.success());
}

#[test]
fn the_set_up_link_works_once() {
    let home = Home::new();
    let server = Server::start(&home.data());
    let token = server.set_up_token();
    let ask = json!({
        "token": token,
        "chain": {"slug": "boule", "name": "Boule"},
        "owner": {"name": "Maja", "email": "maja@boule.example", "password": "correct horse battery"},
        "venue": {"slug": "harbour", "name": "Harbour", "zone": "Europe/Stockholm", "country": "SE", "currency": "SEK",
                  "language": "sv", "taxMode": "INCLUSIVE", "tillMode": "FULL"},
    });
    let (status, done) = server.send("POST", "/api/v1/set-up", &ask).unwrap();
    assert_eq!(status, 201, "{done}");
    assert_eq!(
        server
            .get_as(done["token"].as_str().unwrap(), "/api/v1/chain")
            .0,
        200
    );
    assert_eq!(server.send("POST", "/api/v1/set-up", &ask).unwrap().0, 410);
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_come_in_from_a_file() {
    let ground = crate::ground::Ground::new(server::hall::testing::Store::Sqlite).await;
    let (file, venue) = (ground.file("guests.csv"), ground.venue.to_string());
    let name = file.to_str().expect("a path in UTF-8").to_owned();
    let text = "Contact,First Name,Points,Shoe\nasa@example.com,Åsa,120,38\nbo@example.com,Bo,,\nnobody,Cia,,\n";
    std::fs::write(&file, text).expect("a file");
    let ask = |more: &[&str]| {
        let mut words = vec![
            "import",
            "customers",
            &name,
            "--venue",
            &venue,
            "--log",
            "error",
        ];
        words.extend(["--map", "email=Contact"]);
        words.extend(more);
        ground.run(&words)
    };
    let json = |more: &[&str]| -> Json {
        let done = ask(&[&["--json"], more].concat());
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        serde_json::from_slice(&done.stdout).expect(&said)
    };
    let counts = |said: &Json| {
        ["processed", "created", "updated", "unchanged", "failed"]
            .map(|name| said[name].as_i64().expect("a count"))
    };
    let rejected = ground.file("guests.csv.rejected.csv");
    let dry = ask(&["--dry-run"]);
    let told = stdout(&dry);
    assert!(
        told.contains("3 lines: 2 created, 0 updated, 0 unchanged, 1 failed."),
        "{told}"
    );
    assert!(
        told.contains("Line 4: /email") && told.contains("Shoe"),
        "{told}"
    );
    assert!(!rejected.exists(), "a dry run writes nothing");
    let first = json(&[]);
    assert_eq!(counts(&first), [3, 2, 0, 0, 1]);
    assert_eq!(first["ignoredColumns"], json!(["Shoe"]));
    let bad = std::fs::read_to_string(&rejected).expect("the bad lines");
    assert!(
        bad.starts_with("Contact,First Name,Points,Shoe,reason\nnobody,Cia,,,\"/email"),
        "{bad}"
    );
    assert_eq!(counts(&json(&[])), [3, 0, 0, 2, 1]);
    for (words, told) in [
        (&["--preset", "toast"][..], "square, zettle, calcom, excel"),
        (&["--map", "shoe=Shoe"], "the fields are email"),
        (&["--system", "Our till"], "small letters"),
    ] {
        let done = ask(words);
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(!done.status.success() && said.contains(told), "{said}");
    }
    let lines = "{\"email\": \"asa@example.com\", \"phone\": \"+46701740605\"}\n";
    let second = ground.file("guests.ndjson");
    std::fs::write(&second, lines).expect("a file");
    let second = second.to_str().expect("a path in UTF-8").to_owned();
    let done = ground.run(&["import", "customers", &second, "--venue", &venue]);
    assert!(
        stdout(&done).contains("1 lines: 0 created, 1 updated"),
        "{}",
        stdout(&done)
    );
    ground.verify();
    let server = ground.serve();
    let path = format!("/api/v1/dashboard/venues/{venue}/customers?search=asa");
    let (_, listed) = server.get_as(&ground.owner, &path);
    assert_eq!(listed["items"][0]["loyaltyPoints"], json!(120), "{listed}");
    assert!(server.end("TERM").0.success());
}

/// Whatever is logged: what is asked of the store may be seen, and of whom never.
async fn a_log_names_nobody(store: Store) {
    let ground = Ground::new(store).await;
    let mut command = ground.command();
    command.args(["serve", "--listen", "127.0.0.1:0", "--log", "trace"]);
    let server = Server::of(command);
    let path = format!("/api/v1/dashboard/venues/{}/customers", ground.venue);
    let asa = json!({"firstName": "Lindqvistina", "email": "asa.lindqvistina@example.com", "phone": "+46701740605"});
    let made = server.post_keyed(&ground.owner, &path, "one", &asa);
    assert_eq!(made.expect("an answer").0, 201);
    let (status, listed) = server.get_as(&ground.owner, &format!("{path}?search=lindqvistina"));
    assert_eq!((status, &listed["total"]), (200, &json!(1)));
    let (status, said) = server.end("TERM");
    assert!(status.success() && said.contains("insert into customers"));
    let said = said.to_lowercase();
    for personal in ["lindqvistina", "701740605", &ground.owner.to_lowercase()] {
        let line = said.lines().find(|line| line.contains(personal));
        assert_eq!(line, None, "{personal} is logged");
    }
    ground.clear().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_names_nobody_on_sqlite() {
    a_log_names_nobody(Store::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_names_nobody_on_postgres() {
    a_log_names_nobody(Store::Postgres).await;
}

#[test]
fn the_demo_of_one_seed_is_the_same_twice_and_has_rewards() {
    let as_of = Clock::system().now().to_string();
    let made = |home: &Home| {
        let done = run(
            &home.data(),
            &["demo", "--seed", "7", "--as-of", &as_of, "--json"],
        );
        let said: Json = serde_json::from_str(&stdout(&done)).expect("JSON");
        // The store as one file, without what its journal leaves in it.
        let whole = home.data().join("whole.db");
        let vacuum = format!("vacuum into '{}'", whole.display());
        file_admin(&home.store(), &[&vacuum]).expect("a copy");
        (said, std::fs::read(whole).expect("the copy"))
    };
    let (one, other) = (Home::new(), Home::new());
    let (said, bytes) = made(&one);
    let (again, same) = made(&other);
    assert_eq!(said, again);
    assert!(bytes == same, "ids, keys and rows are the same");
    let secret = |home: &Home| std::fs::read(home.data().join("master.secret")).expect("a secret");
    assert!(
        secret(&one) != secret(&other),
        "whoever knows the seed would know the secret"
    );
    let kept: Json =
        serde_json::from_str(&stdout(&run(&one.data(), &["demo", "--json"]))).expect("JSON");
    assert_eq!(kept, said);
    let another = run(&one.data(), &["demo", "--seed", "8"]);
    let told = String::from_utf8_lossy(&another.stderr);
    assert!(
        !another.status.success() && told.contains("holds the demo of --seed 7"),
        "{told}"
    );
    // Its keys are known to everybody: nobody but this machine may reach it.
    let open = run(&one.data(), &["serve", "--listen", "0.0.0.0:0"]);
    let told = String::from_utf8_lossy(&open.stderr);
    assert!(
        !open.status.success()
            && told.contains("the store holds the demo")
            && told.contains("--listen 127.0.0.1"),
        "{told}"
    );
    let doctor = stdout(&run(&one.data(), &["doctor"]));
    assert!(doctor.contains("the store holds the demo"), "{doctor}");
    let server = Server::start(&one.data());
    let guest = said["customerTokens"][0].as_str().expect("a token");
    let (status, mine) = server.get_as(guest, "/api/v1/me/loyalty");
    let offers = mine["rewards"].as_array().expect("rewards");
    let told = offers
        .iter()
        .map(|offer| (offer["name"].as_str(), offer["gives"].as_str()));
    assert_eq!(status, 200);
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            (Some("A coffee on the house"), Some("Coffee for free")),
            (Some("Five dollars off"), Some("5.00 USD off")),
            (Some("Dinner for one"), Some("Burger and fries for free")),
        ]
    );
    assert_eq!(offers[0]["affordable"], json!(true), "{mine}");
    assert!(server.end("TERM").0.success());
}
