//! Configuration: a flag, else the environment, else a TOML file, else what suits one machine.
//!
//! Each setting remembers where it came from, so that `doctor` can say so. Nothing is needed to start.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use data_encoding::HEXLOWER_PERMISSIVE;

use super::secret::{Entropy, Secret};

/// One setting as people may give it.
struct Key {
    /// As a flag and in the file.
    name: &'static str,
    variable: &'static str,
    default: Option<&'static str>,
    /// Its value is shown to nobody.
    is_secret: bool,
    pub about: &'static str,
}

const fn key(
    name: &'static str,
    variable: &'static str,
    default: Option<&'static str>,
    about: &'static str,
) -> Key {
    Key {
        name,
        variable,
        default,
        is_secret: false,
        about,
    }
}

const KEYS: &[Key] = &[
    key(
        "data",
        "REGULARS_DATA",
        Some("data"),
        "folder of the store and the master secret",
    ),
    key(
        "listen",
        "REGULARS_LISTEN",
        Some("127.0.0.1:8080"),
        "address and port to serve on",
    ),
    key(
        "public-url",
        "REGULARS_PUBLIC_URL",
        None,
        "what links, QR codes and cookies use",
    ),
    Key {
        is_secret: true,
        ..key(
            "database-url",
            "DATABASE_URL",
            None,
            "PostgreSQL in place of SQLite",
        )
    },
    Key {
        is_secret: true,
        ..key(
            "database-read-url",
            "DATABASE_READ_URL",
            None,
            "a replica for lists and reports",
        )
    },
    key(
        "master-secret-file",
        "REGULARS_MASTER_SECRET_FILE",
        None,
        "64 hex digits; by default in the data folder",
    ),
    key(
        "log",
        "RUST_LOG",
        Some("info"),
        "what is logged, as tracing filters are written",
    ),
    key(
        "metrics",
        "REGULARS_METRICS",
        Some("loopback"),
        "who may read /metrics: loopback or open",
    ),
    key(
        "trusted-proxies",
        "REGULARS_TRUSTED_PROXIES",
        Some("127.0.0.1,::1"),
        "whose X-Forwarded-For is believed",
    ),
];

/// The variable that names the file.
const FILE_VARIABLE: &str = "REGULARS_CONFIG";

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Flag,
    Environment(&'static str),
    File(PathBuf),
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag => f.write_str("flag"),
            Origin::Environment(variable) => write!(f, "environment {variable}"),
            Origin::File(path) => write!(f, "file {}", path.display()),
            Origin::Default => f.write_str("default"),
        }
    }
}

/// A setting as it took effect; a secret one shows only that it is set.
#[derive(Debug, Clone)]
pub struct Setting {
    pub name: &'static str,
    pub about: &'static str,
    pub shown: Option<String>,
    pub origin: Origin,
}

#[derive(Debug, Clone)]
pub struct Config {
    pub data: PathBuf,
    pub listen: SocketAddr,
    /// Without a trailing slash.
    pub public_url: Option<String>,
    pub database_url: Option<Secret>,
    pub database_read_url: Option<Secret>,
    pub master_secret_file: PathBuf,
    pub log: String,
    pub metrics_open: bool,
    pub trusted_proxies: Vec<IpAddr>,
    pub settings: Vec<Setting>,
}

/// Where settings are looked for; the environment is a function so that tests bring their own.
pub struct Sources<'a> {
    /// By the names of [`KEYS`].
    pub flags: Vec<(&'static str, String)>,
    pub file: Option<PathBuf>,
    pub environment: &'a dyn Fn(&str) -> Option<String>,
}

struct Found {
    value: Option<String>,
    origin: Origin,
}

impl Config {
    /// # Errors
    /// A file that cannot be read or names an unknown setting, or a value that does not fit.
    pub fn load(sources: &Sources<'_>) -> Result<Config> {
        let named = sources.file.clone();
        let path = named.or_else(|| (sources.environment)(FILE_VARIABLE).map(PathBuf::from));
        let file = path
            .as_deref()
            .map_or_else(|| Ok(toml::Table::new()), read_file)?;
        let found: Vec<Found> = KEYS
            .iter()
            .map(|key| find(key, sources, &file, path.as_deref()))
            .collect::<Result<_>>()?;
        let value = |name: &str| {
            let place = KEYS.iter().position(|key| key.name == name);
            place.and_then(|place| found[place].value.clone())
        };
        let data = PathBuf::from(value("data").unwrap_or_default());
        let secret_file = value("master-secret-file").map(PathBuf::from);
        Ok(Config {
            listen: listen(&value("listen").unwrap_or_default())?,
            public_url: value("public-url")
                .map(|url| public_url(&url))
                .transpose()?,
            database_url: value("database-url").map(Secret::new),
            database_read_url: value("database-read-url").map(Secret::new),
            master_secret_file: secret_file.unwrap_or_else(|| data.join("master.secret")),
            data,
            log: value("log").unwrap_or_default(),
            metrics_open: metrics_open(&value("metrics").unwrap_or_default())?,
            trusted_proxies: proxies(&value("trusted-proxies").unwrap_or_default())?,
            settings: KEYS
                .iter()
                .zip(&found)
                .map(|(key, found)| shown(key, found))
                .collect(),
        })
    }

    pub fn sqlite_file(&self) -> PathBuf {
        self.data.join("regulars.db")
    }
}

fn find(
    key: &Key,
    sources: &Sources<'_>,
    file: &toml::Table,
    path: Option<&Path>,
) -> Result<Found> {
    let flag = sources.flags.iter().find(|(name, _)| *name == key.name);
    if let Some((_, value)) = flag {
        return Ok(Found {
            value: Some(value.clone()),
            origin: Origin::Flag,
        });
    }
    let said = (sources.environment)(key.variable).filter(|value| !value.is_empty());
    if said.is_some() {
        return Ok(Found {
            value: said,
            origin: Origin::Environment(key.variable),
        });
    }
    if let (Some(value), Some(path)) = (file.get(key.name), path) {
        let value = value
            .as_str()
            .with_context(|| format!("{}: {} must be a text", path.display(), key.name))?;
        return Ok(Found {
            value: Some(value.into()),
            origin: Origin::File(path.into()),
        });
    }
    Ok(Found {
        value: key.default.map(Into::into),
        origin: Origin::Default,
    })
}

fn shown(key: &Key, found: &Found) -> Setting {
    let shown = match &found.value {
        Some(_) if key.is_secret => Some("(set, not shown)".to_owned()),
        other => other.clone(),
    };
    Setting {
        name: key.name,
        about: key.about,
        shown,
        origin: found.origin.clone(),
    }
}

fn read_file(path: &Path) -> Result<toml::Table> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("the file {} cannot be read", path.display()))?;
    let table: toml::Table = text
        .parse()
        .with_context(|| format!("{} is not TOML", path.display()))?;
    if let Some(name) = table
        .keys()
        .find(|name| KEYS.iter().all(|key| key.name != name.as_str()))
    {
        let known: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
        bail!(
            "{}: there is no setting `{name}`; there are {}",
            path.display(),
            known.join(", ")
        );
    }
    Ok(table)
}

fn listen(text: &str) -> Result<SocketAddr> {
    text.parse().with_context(|| {
        format!("listen: `{text}` is not an address and port such as 127.0.0.1:8080")
    })
}

fn public_url(text: &str) -> Result<String> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    match rest {
        Some(host) if !host.is_empty() => Ok(text.trim_end_matches('/').to_owned()),
        _ => bail!("public-url: `{text}` must begin with https:// (or http:// to try things out)"),
    }
}

fn metrics_open(text: &str) -> Result<bool> {
    match text {
        "loopback" => Ok(false),
        "open" => Ok(true),
        other => bail!("metrics: `{other}` must be loopback or open"),
    }
}

fn proxies(text: &str) -> Result<Vec<IpAddr>> {
    let named = text
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty());
    named
        .map(|word| {
            word.parse()
                .with_context(|| format!("trusted-proxies: `{word}` is not an IP address"))
        })
        .collect()
}

/// Makes the data folder, which nobody but its owner may look into.
pub fn make_folder(folder: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .with_context(|| format!("the folder {} cannot be made", folder.display()))
}

/// The master secret: from its file, which is made at first need and which nobody but its owner may read.
pub fn master_secret(file: &Path, entropy: &Entropy) -> Result<[u8; 32]> {
    if file.exists() {
        return read_secret(file);
    }
    let secret = entropy.bytes::<32>();
    let line = HEXLOWER_PERMISSIVE.encode(&secret) + "\n";
    match write_private(file, line.as_bytes()) {
        // Another process was quicker: its secret is the one.
        Err(_) if file.exists() => read_secret(file),
        written => written.map(|()| secret),
    }
}

/// Writes a new file that nobody but its owner may read.
pub fn write_private(file: &Path, bytes: &[u8]) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut made = options
        .open(file)
        .with_context(|| format!("{} cannot be made", file.display()))?;
    std::io::Write::write_all(&mut made, bytes)
        .and_then(|()| made.sync_all())
        .with_context(|| format!("{} cannot be written", file.display()))
}

fn read_secret(file: &Path) -> Result<[u8; 32]> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("the master secret {} cannot be read", file.display()))?;
    let bytes = HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).ok();
    bytes
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
        .with_context(|| format!("the master secret {} is not 64 hex digits", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(
        flags: &[(&'static str, &str)],
        environment: &[(&str, &str)],
        file: Option<&str>,
    ) -> Result<Config> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("regulars.toml");
        if let Some(text) = file {
            std::fs::write(&path, text).unwrap();
        }
        let look = |name: &str| {
            let found = environment.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Config::load(&Sources {
            flags: flags
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned()))
                .collect(),
            file: file.map(|_| path.clone()),
            environment: &look,
        })
    }

    #[test]
    fn a_flag_goes_before_the_environment_and_that_before_the_file() {
        let file = Some("listen = \"0.0.0.0:1\"\n");
        let variable = [("REGULARS_LISTEN", "0.0.0.0:2")];
        for (flags, variables, file, port) in [
            (&[("listen", "0.0.0.0:3")][..], &variable[..], file, 3),
            (&[], &variable, file, 2),
            (&[], &[], file, 1),
            (&[], &[], None, 8080),
        ] {
            assert_eq!(load(flags, variables, file).unwrap().listen.port(), port);
        }
        let config = load(&[], &variable, None).unwrap();
        let setting = config
            .settings
            .iter()
            .find(|setting| setting.name == "listen")
            .unwrap();
        assert_eq!(setting.origin, Origin::Environment("REGULARS_LISTEN"));
    }

    #[test]
    fn a_wrong_setting_says_what_is_wrong() {
        for (flags, file, said) in [
            (&[("listen", "8080")][..], None, "address and port"),
            (&[("public-url", "regulars.example")], None, "https://"),
            (&[("metrics", "yes")], None, "loopback or open"),
            (&[], Some("lissen = \"x\""), "no setting `lissen`"),
            (&[], Some("listen = 1"), "must be a text"),
            (&[], Some("listen"), "is not TOML"),
        ] {
            let error = format!("{:#}", load(flags, &[], file).unwrap_err());
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn a_secret_is_never_shown() {
        let config = load(&[], &[("DATABASE_URL", "postgres://u:hunter2@h/d")], None).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn the_master_secret_is_made_once_and_is_its_owners() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("a/b");
        make_folder(&data).unwrap();
        let file = data.join("master.secret");
        let first = master_secret(&file, &Entropy::system()).unwrap();
        assert_eq!(master_secret(&file, &Entropy::system()).unwrap(), first);
        let mode = |path: &Path| {
            std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).unwrap().permissions())
        };
        assert_eq!((mode(&data) & 0o777, mode(&file) & 0o777), (0o700, 0o600));
        std::fs::write(&file, "short").unwrap();
        assert!(master_secret(&file, &Entropy::system()).is_err());
    }
}
