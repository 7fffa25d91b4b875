//! The chain itself, and how it comes to be: tenant, first venue, owner.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::store;
use crate::hall::access::Role;
use crate::hall::call::Reply;
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::id::{KeyId, StaffId, TenantId, VenueId};
use crate::hall::identity::{self, Lookup, Mode, TaxMode, TillMode};
use crate::hall::secret::{self, Secret};
use crate::hall::store::{Read, Tx};

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

/// Makes the chain; the transaction must be bound to `founding.tenant`.
pub fn found(tx: &mut Tx, founding: &Founding) -> Result<()> {
    store::insert_tenant(tx, founding)?;
    let taken = Error::Conflict(
        Code::NameTaken,
        Extra::none().with("slug", founding.slug.clone()),
    );
    identity::list(
        tx,
        Lookup::TenantSlug,
        &founding.slug,
        founding.tenant,
        taken,
    )?;
    tx.audit_new("chain.found", founding.tenant, &founding.slug)
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateVenue {
    #[schema(example = "harbour")]
    pub slug: String,
    #[schema(example = "Boule & Bar Harbour")]
    pub name: String,
    /// IANA name.
    #[schema(example = "Europe/Stockholm")]
    pub zone: String,
    /// ISO 3166 alpha-2.
    #[schema(example = "SE")]
    pub country: String,
    /// ISO 4217.
    #[schema(example = "SEK")]
    pub currency: String,
    #[schema(example = "sv")]
    pub language: String,
    #[serde(default = "five")]
    #[schema(example = "05:00")]
    pub business_day_start: String,
    pub tax_mode: TaxMode,
    pub till_mode: TillMode,
}

fn five() -> String {
    "05:00".into()
}

pub fn open_venue(tx: &mut Tx, ask: &CreateVenue) -> Result<VenueId> {
    let id: VenueId = tx.new_id();
    store::insert_venue(tx, id, ask)?;
    tx.audit_new("venue.open", id, ask)?;
    Ok(id)
}

/// A person and their rank: at one venue, or everywhere.
pub fn hire(tx: &mut Tx, name: &str, role: Role, venue: Option<VenueId>) -> Result<StaffId> {
    let id: StaffId = tx.new_id();
    store::insert_staff(tx, id, name)?;
    store::insert_role(tx, id, venue, role)?;
    tx.audit_new("staff.hire", id, &name)?;
    Ok(id)
}

/// A new key, whose text is told this once.
pub fn mint_key(tx: &mut Tx, name: &str, role: Role, scopes: &[String]) -> Result<(KeyId, Secret)> {
    let id: KeyId = tx.new_id();
    let test = identity::tenant(tx)?.is_some_and(|tenant| tenant.mode == Mode::Test);
    let token = secret::token(tx.entropy(), if test { "sk_test_" } else { "sk_" });
    store::insert_key(tx, id, name, &hint(&token), role, scopes)?;
    identity::list(
        tx,
        Lookup::Token,
        &identity::fingerprint(token.expose()),
        id,
        Error::bug("a token was made twice"),
    )?;
    tx.audit_new("key.mint", id, &name)?;
    Ok((id, token))
}

/// The last four letters, by which a person tells keys apart.
fn hint(token: &Secret) -> String {
    let text = token.expose();
    text[text.len().saturating_sub(4)..].to_owned()
}

/// The chain as its own people see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Chain {
    pub id: TenantId,
    pub slug: String,
    pub name: String,
    pub mode: Mode,
    pub language: String,
    pub currency: String,
    #[serde(skip)]
    pub version: i64,
}

impl Reply for Chain {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

pub fn chain(read: &mut Read) -> Result<Chain> {
    let tenant = identity::tenant(read)?.ok_or(Error::NotFound("chain"))?;
    Ok(Chain {
        id: tenant.id,
        slug: tenant.slug,
        name: tenant.name,
        mode: tenant.mode,
        language: tenant.language,
        currency: tenant.currency,
        version: store::version(read)?,
    })
}

/// Gives the chain its next version, unless somebody was quicker.
pub(super) fn touch(tx: &mut Tx, version: i64) -> Result<()> {
    store::touch(tx, version)
}
