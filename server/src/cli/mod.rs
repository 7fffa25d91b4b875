//! The command line: one file per command. A new command is a variant of [`Command`] and an arm of [`run`].

mod audit;
mod demo;
mod describe;
mod doctor;
mod import;
mod init;
mod migrate;
pub mod say;
mod serve;
mod staff;

use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::{Args, CommandFactory as _, Parser, Subcommand};

use crate::app;
use crate::hall::allowance::Taken;
use crate::hall::call::Hall;
use crate::hall::config::{self, Config, Sources};
use crate::hall::secret::Entropy;
use crate::hall::store::{Db, Place, Settings};
use crate::hall::time::Clock;

/// Regulars turns visitors into regulars: the guest side of venues and chains, in one binary.
#[derive(Debug, Parser)]
#[command(name = "regulars", version, about, max_term_width = 100)]
struct Line {
    #[command(flatten)]
    common: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes. Each is also a variable and a line of the file; the flag goes first.
#[derive(Debug, Clone, Default, Args)]
pub struct Global {
    /// Folder of the store and the master secret [REGULARS_DATA; default: data]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<String>,
    /// TOML file with settings [REGULARS_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What is logged, such as `debug` or `info,server::jobs=debug` [RUST_LOG; default: info]
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve guests, staff and programs until Ctrl-C
    Serve(serve::Ask),
    /// Make a chain to try things on: two venues, a menu, staff, guests and a year behind them
    Demo(demo::Ask),
    /// Bring data in from elsewhere
    #[command(subcommand)]
    Import(import::Import),
    /// Found the chain without a browser: its owner, its first venue, its taxes, its people
    Init(init::Ask),
    /// Help people who cannot sign in
    #[command(subcommand)]
    Staff(staff::Staff),
    /// Bring the store's tables up to date
    Migrate(Json),
    /// Check the audit trail and the laws
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Say what is configured, and what is missing for production
    Doctor(Json),
    /// List every route and who may call it
    Routes(Json),
    /// Print the OpenAPI document of the HTTP API
    Openapi,
    /// Print the completions of a shell
    Completions { shell: clap_complete::Shell },
}

#[derive(Debug, Clone, Copy, Args)]
pub struct Json {
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
}

/// The whole program: what it returns is the exit code.
pub fn main() -> ExitCode {
    let line = Line::parse();
    match run(line) {
        Ok(code) => code,
        Err(error) => {
            say::aside(format!("regulars: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(line: Line) -> Result<ExitCode> {
    let common = line.common;
    match line.command {
        Command::Serve(ask) => wait(serve::serve(ask.config(&common)?)),
        Command::Demo(ask) => wait(demo::demo(&common, ask)),
        Command::Import(ask) => wait(import::import(&common, ask)),
        Command::Init(ask) => wait(init::init(common.load([])?, ask)),
        Command::Staff(staff::Staff::Reset(ask)) => wait(staff::reset(common.load([])?, ask)),
        Command::Migrate(ask) => wait(migrate::migrate(common.load([])?, ask)),
        Command::Audit(audit::Audit::Verify(ask)) => wait(audit::verify(common.load([])?, ask)),
        Command::Doctor(ask) => wait(doctor::doctor(common.load([])?, ask)),
        Command::Routes(ask) => describe::routes(ask),
        Command::Openapi => describe::openapi(),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Line::command(), "regulars", &mut script);
            say::text(String::from_utf8_lossy(&script));
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn wait<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(work)
}

impl Global {
    /// The configuration, with the flags of one command on top of those that all take.
    pub fn load<const N: usize>(
        &self,
        more: [(&'static str, Option<String>); N],
    ) -> Result<Config> {
        let own = [("data", self.data.clone()), ("log", self.log.clone())];
        let flags = own
            .into_iter()
            .chain(more)
            .filter_map(|(name, value)| Some((name, value?)));
        let config = Config::load(&Sources {
            flags: flags.collect(),
            file: self.config.clone(),
            environment: &|name| std::env::var(name).ok(),
        })?;
        log_to_stderr(&config.log)?;
        Ok(config)
    }
}

/// Lines for people on a terminal, JSON otherwise.
fn log_to_stderr(filter: &str) -> Result<()> {
    use std::io::IsTerminal as _;
    let filter = tracing_subscriber::EnvFilter::try_new(filter)
        .with_context(|| format!("log: `{filter}` is not a filter"))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let installed = if std::io::stderr().is_terminal() {
        log.with_target(false).try_init()
    } else {
        log.json().flatten_event(true).try_init()
    };
    installed.map_err(|error| anyhow::anyhow!("the log cannot be set up: {error}"))
}

/// Where the configuration puts the store.
pub fn settings(config: &Config, entropy: &Entropy) -> Settings {
    let place = match &config.database_url {
        Some(url) => Place::Postgres {
            url: url.expose().to_owned(),
            read_url: config
                .database_read_url
                .as_ref()
                .map(|url| url.expose().to_owned()),
        },
        None => Place::Sqlite {
            file: config.sqlite_file(),
        },
    };
    Settings::at(place, entropy.clone())
}

/// Opens the store as every command does: the folder and the secret are made, the tables brought up to date.
pub async fn open(config: &Config, public_url: &str) -> Result<Hall> {
    open_with(config, public_url, Clock::system(), Entropy::system()).await
}

/// As [`open`], for a command about what a store holds: a mistyped folder is not made into one.
pub async fn open_existing(config: &Config) -> Result<Hall> {
    if config.database_url.is_none() && !config.sqlite_file().exists() {
        anyhow::bail!(
            "there is no store in {}: name its folder with --data, or make one with `regulars init`",
            config.data.display()
        );
    }
    open(config, "").await
}

/// As [`open`], with a clock and randomness of the command's own.
pub async fn open_with(
    config: &Config,
    public_url: &str,
    clock: Clock,
    entropy: Entropy,
) -> Result<Hall> {
    config::make_folder(&config.data)?;
    // Never of a seed, which others may know: the demo's folder may serve a real store later.
    let master = config::master_secret(&config.master_secret_file, &Entropy::system())?;
    let opened = Db::open(settings(config, &entropy)).await;
    let db = opened
        .map_err(|error| anyhow::anyhow!("{error}"))
        .context("the store cannot be opened")?;
    Ok(Hall {
        db,
        clock,
        entropy,
        master: Arc::new(master),
        public_url: public_url.into(),
        taken: Taken::default(),
        rooms: app::ROOMS,
    })
}
