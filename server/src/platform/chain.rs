//! The chain itself: its name, its reporting currency, its host, and a test chain's clock.

use axum::http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::store::chain as store;
use super::venues::{check_language, check_slug};
use crate::hall::call::Reply;
use crate::hall::error::{Code, Error, Extra, Field, Result};
use crate::hall::id::TenantId;
use crate::hall::identity::{self, Lookup, Mode};
use crate::hall::money::unknown_currency;
use crate::hall::store::{Read, Tx};
use crate::hall::text::check_line;
use crate::hall::{etag, patch};

pub use super::keys::mint_key;
pub use super::staff::hire;
pub use super::venues::{CreateVenue, open as open_venue};

/// A test clock is moved through years, not through ages.
const CLOCK_MAX: i64 = 4_102_444_800;

/// What a new chain begins with.
#[derive(Debug, Clone)]
pub struct Founding {
    pub tenant: TenantId,
    pub slug: String,
    pub name: String,
    pub mode: Mode,
    pub language: String,
    /// The reporting currency.
    pub currency: String,
}

impl Founding {
    /// Notes in `wrong` every field that is not right.
    pub fn check(&self, pointer: &str, wrong: &mut Vec<Field>) {
        check_slug(&self.slug, &format!("{pointer}/slug"), wrong);
        let named = EditChain {
            name: self.name.clone(),
            language: self.language.clone(),
            currency: self.currency.clone(),
            host: None,
        };
        named.check(pointer, wrong);
    }
}

/// Makes the chain; the transaction must be bound to `founding.tenant`.
pub fn found(tx: &mut Tx, founding: &Founding) -> Result<()> {
    store::insert(tx, founding)?;
    let extra = Extra::none().with("slug", founding.slug.clone());
    let taken = Error::Conflict(Code::NameTaken, extra);
    identity::list(
        tx,
        Lookup::TenantSlug,
        &founding.slug,
        founding.tenant,
        taken,
    )?;
    let chain = chain(tx)?;
    tx.audit_new("chain.found", chain.id, &chain)
}

/// The chain as its own people see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Chain {
    pub id: TenantId,
    #[schema(example = "boule-bar")]
    pub slug: String,
    #[schema(example = "Boule & Bar")]
    pub name: String,
    pub mode: Mode,
    #[schema(example = "sv")]
    pub language: String,
    /// The reporting currency.
    #[schema(example = "SEK")]
    pub currency: String,
    /// The host name of the guests' pages, where one is set up.
    #[schema(example = "guests.boulebar.example")]
    pub host: Option<String>,
    #[serde(skip)]
    pub version: i64,
}

impl Reply for Chain {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditChain {
    #[schema(example = "Boule & Bar")]
    pub name: String,
    #[schema(example = "sv")]
    pub language: String,
    /// The reporting currency; it stays once something was paid.
    #[schema(example = "SEK")]
    pub currency: String,
    #[schema(example = "guests.boulebar.example")]
    pub host: Option<String>,
}

impl EditChain {
    fn check(&self, pointer: &str, wrong: &mut Vec<Field>) {
        check_line(&self.name, 100, &format!("{pointer}/name"), wrong);
        check_language(&self.language, &format!("{pointer}/language"), wrong);
        if self.currency.parse::<engine::money::Currency>().is_err() {
            wrong.push(unknown_currency(&format!("{pointer}/currency")));
        }
        if self.host.as_deref().is_some_and(|host| !is_host(host)) {
            let message = "Send a host name in small letters, like \"guests.example.com\".";
            wrong.push(Field::new(format!("{pointer}/host"), "invalid", message));
        }
    }
}

fn is_host(host: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let part = |part: &str| (1..=63).contains(&part.len()) && part.bytes().all(fits);
    host.len() <= 253 && host.contains('.') && host.split('.').all(part)
}

pub fn chain(read: &mut Read) -> Result<Chain> {
    store::find(read)?.ok_or(Error::NotFound("chain"))
}

/// Changes what `change` names.
pub fn edit(
    tx: &mut Tx,
    change: &serde_json::Value,
    if_match: Option<&HeaderValue>,
) -> Result<Chain> {
    let before = chain(tx)?;
    etag::honour(if_match, before.version)?;
    let current = EditChain {
        name: before.name.clone(),
        language: before.language.clone(),
        currency: before.currency.clone(),
        host: before.host.clone(),
    };
    let ask = patch::merge(&current, change)?;
    let mut wrong = Vec::new();
    ask.check("", &mut wrong);
    if !wrong.is_empty() {
        return Err(Error::Invalid(wrong));
    }
    store::update(tx, &ask, before.version)?;
    if ask.host != before.host {
        list_host(tx, before.id, ask.host.as_deref())?;
    }
    let after = chain(tx)?;
    tx.audit("chain.edit", after.id, Some(&before), Some(&after))?;
    Ok(after)
}

fn list_host(tx: &mut Tx, id: TenantId, host: Option<&str>) -> Result<()> {
    identity::unlist(tx, Lookup::Host, id)?;
    let Some(host) = host else { return Ok(()) };
    let taken = Error::Conflict(Code::NameTaken, Extra::none().with("host", host));
    identity::list(tx, Lookup::Host, host, id, taken)
}

/// From the first payment on, the reporting currency stays. Whoever records a payment says so.
pub fn fix_currency(tx: &mut Tx) -> Result<()> {
    store::fix_currency(tx)
}

/// Gives the chain its next version, unless somebody was quicker.
pub(super) fn touch(tx: &mut Tx, version: i64) -> Result<()> {
    store::touch(tx, version)
}

/// Moves a test chain's clock forward to `to`.
///
/// # Errors
/// `NotFound` for a live chain, `ClockBackwards` for a time that is past.
pub fn advance_clock(tx: &mut Tx, to: Timestamp) -> Result<()> {
    let tenant = identity::tenant(tx)?.ok_or(Error::NotFound("chain"))?;
    if tenant.mode != Mode::Test {
        return Err(Error::NotFound("page"));
    }
    let now = tx.now();
    if to.as_second() > CLOCK_MAX {
        let message = "Send a time before the year 2100.";
        return Err(Error::field("/to", "out_of_range", message));
    }
    let ahead = tenant.clock_offset + to.duration_since(now);
    let micros = i64::try_from(ahead.as_micros()).map_err(Error::bug)?;
    if to < now || !store::move_clock(tx, micros)? {
        let extra = Extra::none().with("now", now.to_string());
        return Err(Error::Refused(Code::ClockBackwards, extra));
    }
    let moved: SignedDuration = to.duration_since(now);
    tx.audit_new("clock.advance", tenant.id, &moved.as_secs())
}
