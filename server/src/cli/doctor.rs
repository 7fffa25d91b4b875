//! What is configured and from where, and what is missing for production.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;
use serde_json::json;

use super::{Json, say, settings};
use crate::demo;
use crate::hall::config::{Config, Setting};
use crate::hall::secret::Entropy;
use crate::hall::store::{Finding, Grade, examine};
use crate::hall::time::Clock;

/// With less room than this a busy day may fill the disk.
const ROOM_MIN_BYTES: u64 = 1 << 30;
/// A commit waits for the disk; above this a till feels it.
const SYNC_WORST_MAX: Duration = Duration::from_millis(20);
const SYNCS: usize = 50;

pub async fn doctor(config: Config, ask: Json) -> Result<ExitCode> {
    let mut findings = vec![
        public_url(&config),
        folder(&config.data),
        secret(&config.master_secret_file),
    ];
    findings.extend(disk(&config.data));
    let place = settings(&config, &Entropy::system()).place;
    findings.extend(examine(&place, Clock::system().now(), demo::SLUG).await);
    let worst = findings
        .iter()
        .map(|finding| finding.grade)
        .max()
        .unwrap_or(Grade::Ok);
    if ask.json {
        let settings: Vec<_> = config.settings.iter().map(in_json).collect();
        say::json(&json!({"settings": settings, "findings": findings, "worst": worst}))?;
    } else {
        tell(&config, &findings);
    }
    Ok(if worst == Grade::Problem {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn in_json(setting: &Setting) -> impl Serialize {
    json!({"name": setting.name, "value": setting.shown, "from": setting.origin.to_string(), "about": setting.about})
}

fn tell(config: &Config, findings: &[Finding]) {
    say::line("Settings");
    let rows: Vec<[String; 3]> = config
        .settings
        .iter()
        .map(|setting| {
            let shown = setting.shown.clone().unwrap_or_else(|| "(none)".into());
            [
                format!("  {}", setting.name),
                shown,
                setting.origin.to_string(),
            ]
        })
        .collect();
    say::table(&rows);
    say::line("\nFindings");
    let rows: Vec<[String; 3]> = findings
        .iter()
        .map(|finding| {
            [
                format!("  {}", finding.grade.word()),
                finding.about.into(),
                finding.said.clone(),
            ]
        })
        .collect();
    say::table(&rows);
}

fn public_url(config: &Config) -> Finding {
    match &config.public_url {
        Some(url) if url.starts_with("https://") => Finding::ok("public URL", url),
        Some(url) => Finding::problem(
            "public URL",
            format!("{url} is not https: cookies and codes travel in the open"),
        ),
        None => Finding::problem(
            "public URL",
            "none is set: guests' phones need --public-url https://…, and a proxy that holds the certificate",
        ),
    }
}

fn folder(data: &Path) -> Finding {
    match mode(data) {
        None => Finding::warning(
            "data folder",
            format!("{} is not there yet; `serve` makes it", data.display()),
        ),
        Some(mode) if mode & 0o077 != 0 => Finding::problem(
            "data folder",
            format!(
                "others may look into {} (mode {mode:o}): chmod 700",
                data.display()
            ),
        ),
        Some(_) => Finding::ok("data folder", data.display()),
    }
}

fn secret(file: &Path) -> Finding {
    match mode(file) {
        None => Finding::warning(
            "master secret",
            format!(
                "{} is not there yet; `serve` makes it: keep a copy apart from the backups",
                file.display()
            ),
        ),
        Some(mode) if mode & 0o077 != 0 => Finding::problem(
            "master secret",
            format!(
                "others may read {} (mode {mode:o}): chmod 600",
                file.display()
            ),
        ),
        Some(_) => Finding::ok("master secret", file.display()),
    }
}

fn mode(path: &Path) -> Option<u32> {
    let found = std::fs::metadata(path).ok()?;
    Some(std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o777)
}

/// Room on the disk of the data folder, and how long it takes to make a write durable.
fn disk(data: &Path) -> Vec<Finding> {
    // Before the first start the folder's parent stands for it.
    let here = data
        .ancestors()
        .find(|path| path.is_dir())
        .unwrap_or(Path::new("."));
    let mut findings = Vec::new();
    if let Ok(found) = rustix::fs::statvfs(here) {
        let free = found.f_bavail.saturating_mul(found.f_frsize);
        let said = format!("{} MiB free at {}", free >> 20, here.display());
        findings.push(if free < ROOM_MIN_BYTES {
            Finding::problem("disk space", said)
        } else {
            Finding::ok("disk space", said)
        });
    }
    match syncs(here) {
        Ok((p50, worst)) => {
            let said = format!(
                "fdatasync takes {:.1} ms, at worst {:.1} ms",
                millis(p50),
                millis(worst)
            );
            findings.push(if worst > SYNC_WORST_MAX {
                Finding::warning("disk", said)
            } else {
                Finding::ok("disk", said)
            });
        }
        Err(error) => findings.push(Finding::problem(
            "disk",
            format!("{} cannot be written: {error}", here.display()),
        )),
    }
    findings
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn syncs(folder: &Path) -> std::io::Result<(Duration, Duration)> {
    use std::io::Write as _;
    let name = folder.join(format!(".doctor-{}", std::process::id()));
    let mut file = std::fs::File::create_new(&name)?;
    // Unlinked at once: nothing is left behind, however this ends.
    std::fs::remove_file(&name)?;
    let mut took = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        file.write_all(&[0; 4096])?;
        let begun = Instant::now();
        file.sync_data()?;
        took.push(begun.elapsed());
    }
    took.sort_unstable();
    Ok((took[SYNCS / 2], took[SYNCS - 1]))
}
