use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{Global, demo, open, say};
use crate::demo::Demo;
use crate::hall::call::Hall;
use crate::hall::config::Config;
use crate::hall::http::{self, Limits};
use crate::platform::set_up;
use crate::{app, audit, jobs, ops};

/// Requests and jobs at hand have this long to end.
const DRAIN: Duration = Duration::from_secs(10);
/// The exit code after the store failed while writing: whoever restarts us lets SQLite recover.
const STORE_FAILED: u8 = 70;

#[derive(Debug, Args)]
pub struct Ask {
    /// Address and port to serve on [REGULARS_LISTEN; default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// What links, QR codes and cookies use [REGULARS_PUBLIC_URL; default: the address above]
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Make the demo chain first if it is not there; only on this machine's own address
    #[arg(long)]
    demo: bool,
}

impl Ask {
    /// The configuration, and whether the demo is wanted.
    pub fn config(self, common: &Global) -> Result<(Config, bool)> {
        let config = common.load([("listen", self.listen), ("public-url", self.public_url)])?;
        Ok((config, self.demo))
    }
}

pub async fn serve((config, with_demo): (Config, bool)) -> Result<ExitCode> {
    let mut asked = Asked::new()?;
    let listener = TcpListener::bind(config.listen).await;
    let listener = listener.with_context(|| {
        format!(
            "cannot listen on {}; is another server there?",
            config.listen
        )
    })?;
    let here = format!("http://{}", listener.local_addr()?);
    let demo = if with_demo {
        Some(demo(&config).await?)
    } else {
        None
    };
    let public_url = config.public_url.clone().unwrap_or_else(|| here.clone());
    ops::install(config.metrics_open)?;
    let hall = tokio::select! {
        hall = open(&config, &public_url) => hall?,
        // To bring a store up to date may take minutes; what is half done then is undone when it is opened next.
        () = asked.wait() => std::process::exit(0),
    };
    refuse_demo_to_others(&config, &hall).await?;
    greet(&config, &here, &hall).await?;
    if let Some(demo) = &demo {
        demo::tell(demo);
    }
    let limits = Limits {
        drain: DRAIN,
        trusted: config.trusted_proxies.clone(),
        ..Limits::default()
    };
    let router = app::router(hall.clone(), &limits);
    let (end, ending) = watch::channel(false);
    let mut beside = JoinSet::new();
    beside.spawn(audit::seal_always(hall.clone(), ending.clone()));
    beside.spawn(jobs::run_always(hall.clone(), ending));
    http::serve(listener, router, limits, stop(&mut asked, &hall)).await?;
    end.send_replace(true);
    tokio::select! {
        () = ended(&mut beside) => {}
        // What a job had not ended is begun again, here or in another process.
        () = tokio::time::sleep(DRAIN) => tracing::warn!("jobs were cut off"),
        () = asked.wait() => tracing::warn!("jobs were cut off, as asked"),
    }
    beside.shutdown().await;
    let failure = hall.db.health().failure();
    hall.db.close().await;
    Ok(match failure {
        None => ExitCode::SUCCESS,
        Some(why) => {
            say::aside(format!(
                "regulars: the store failed while writing ({why}); start again, so that it recovers"
            ));
            ExitCode::from(STORE_FAILED)
        }
    })
}

/// The demo of this folder.
async fn demo(config: &Config) -> Result<Demo> {
    if !config.listen.ip().is_loopback() {
        bail!(DEMO_STAYS);
    }
    demo::made(config, None, None).await
}

const DEMO_STAYS: &str = "the store holds the demo, whose keys and PINs everybody knows, so it listens on this machine \
    alone: use --listen 127.0.0.1:8080, or --data with another folder for a chain of your own";

/// However the demo came into the store: nobody else may reach it.
async fn refuse_demo_to_others(config: &Config, hall: &Hall) -> Result<()> {
    if config.listen.ip().is_loopback() || !crate::demo::is_there(hall).await? {
        return Ok(());
    }
    hall.db.clone().close().await;
    bail!(DEMO_STAYS)
}

async fn ended(beside: &mut JoinSet<()>) {
    while beside.join_next().await.is_some() {}
}

/// Ready when somebody asks the server to end, or its store takes no more writes.
async fn stop(asked: &mut Asked, hall: &Hall) {
    tokio::select! {
        () = asked.wait() => say::aside("Ending: what is at hand is finished first; ask again to end jobs at once."),
        _ = hall.db.health().failed() => {}
    }
}

/// Ctrl-C, or what service managers send.
struct Asked(Signal, Signal);

impl Asked {
    fn new() -> Result<Asked> {
        Ok(Asked(
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        ))
    }

    /// Until the next signal, also one that came while nobody waited.
    async fn wait(&mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}

async fn greet(config: &Config, here: &str, hall: &Hall) -> Result<()> {
    let store = match &config.database_url {
        None => format!("SQLite in {}", config.sqlite_file().display()),
        Some(_) => "PostgreSQL".into(),
    };
    say::line(format!(
        "Regulars {} is open at {here}/",
        env!("CARGO_PKG_VERSION")
    ));
    if hall.public_url.as_ref() != here {
        say::line(format!("Links use       {}/", hall.public_url));
    }
    say::line(format!("The API is at   {here}/api/docs"));
    say::line(format!("The store is    {store}"));
    if set_up::is_needed(hall).await? {
        let token = set_up::offer(hall).await?;
        say::line("Nobody is set up yet. Open this once, or run `regulars init`:");
        // After the hash: a browser sends it to nobody, so it stands in no log.
        say::line(format!(
            "                {}/set-up#{}",
            hall.public_url,
            token.expose()
        ));
    }
    say::line("End it with Ctrl-C.");
    Ok(())
}
