//! Who is calling, where, and what they may: read from tables that `platform` writes.
//!
//! The directory is the one table without a tenant. All look-ups that come before the tenant go
//! through it here, and nowhere else.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::access::Role;
use super::error::{Code, Error, OnViolation, Result};
use super::id::{CustomerId, DeviceId, Id, KeyId, SessionId, StaffId, TenantId, VenueId};
use super::secret::sha256;
use super::store::{Across, Read, Row, Tx, Value};
use crate::params;

/// What is looked up before the tenant is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// SHA-256 of an API key, session token or device token, in hex.
    Token,
    /// A chain's slug, as in `X-Regulars-Tenant`.
    TenantSlug,
    /// The host name of a chain's pages.
    Host,
    /// The email that a member of staff signs in with, folded. It is one person's on the whole server,
    /// since nobody says for which chain they sign in.
    StaffEmail,
    /// SHA-256 of a device's pairing code.
    Pairing,
    /// SHA-256 of the single-use set-up token.
    SetUp,
}

impl Lookup {
    fn word(self) -> &'static str {
        match self {
            Lookup::Token => "token",
            Lookup::TenantSlug => "tenant_slug",
            Lookup::Host => "host",
            Lookup::StaffEmail => "staff_email",
            Lookup::Pairing => "pairing",
            Lookup::SetUp => "set_up",
        }
    }
}

/// How a secret of ≥ 128 random bits is looked up: by its SHA-256, never by itself (L35).
pub fn fingerprint(token: &str) -> String {
    data_encoding::HEXLOWER.encode(&sha256(token.as_bytes()))
}

/// Whose row it is, and which.
pub fn look_up(read: &mut Read, kind: Lookup, what: &str) -> Result<Option<(TenantId, String)>> {
    let sql = "select tenant_id, ref_id from directory where kind = $1 and lookup = $2";
    let rows = read.directory(sql, params![kind.word(), what])?;
    rows.first()
        .map(|row| Ok((row.get(0)?, row.get(1)?)))
        .transpose()
}

/// Makes a row findable before its tenant is known. `taken` is the answer where the name is in use.
pub fn list(tx: &mut Tx, kind: Lookup, what: &str, id: impl Id, taken: Error) -> Result<()> {
    let tenant = tx.tenant()?;
    tx.directory_exec(
        "insert into directory (kind, lookup, tenant_id, ref_id) values ($1, $2, $3, $4)",
        params![kind.word(), what, tenant, id.to_string()],
    )
    .on_unique(|| taken)
    .map(|_| ())
}

pub fn unlist(tx: &mut Tx, kind: Lookup, id: impl Id) -> Result<()> {
    let tenant = tx.tenant()?;
    tx.directory_exec(
        "delete from directory where tenant_id = $1 and ref_id = $2 and kind = $3",
        params![tenant, id.to_string(), kind.word()],
    )
    .map(|_| ())
}

/// Forgets all set-up tokens, whoever they were offered to: one is open at a time.
pub fn withdraw_set_up(tx: &mut Tx) -> Result<()> {
    let sql = "delete from directory where kind = $1";
    tx.directory_exec(sql, params![Lookup::SetUp.word()])
        .map(|_| ())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Mode {
    Live,
    Test,
}

/// The chain or merchant that a call is for.
#[derive(Debug, Clone)]
pub struct Tenant {
    pub id: TenantId,
    pub slug: String,
    pub name: String,
    pub mode: Mode,
    pub language: String,
    /// The reporting currency.
    pub currency: String,
    /// How far a test tenant's clock is ahead of the machine's.
    pub clock_offset: SignedDuration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TaxMode {
    /// Prices bear the tax already.
    Inclusive,
    /// The tax is added to them.
    Exclusive,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TillMode {
    /// Takes cash and card itself.
    Full,
    /// A certified register takes the money; sales are closed as `EXTERNAL` with its receipt number.
    Companion,
}

/// What the law may keep out of promotions.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Regulated {
    Alcohol,
}

/// The venue that a call is in, as far as every room needs it.
#[derive(Debug, Clone)]
pub struct Venue {
    pub id: VenueId,
    pub slug: String,
    pub name: String,
    pub zone: TimeZone,
    /// ISO 3166 alpha-2: the default region of phone numbers.
    pub country: String,
    pub currency: String,
    pub language: String,
    pub business_day_start: Time,
    pub tax_mode: TaxMode,
    pub till_mode: TillMode,
    /// What takes no comp, BOGO, combo, free item or points here.
    pub regulated: Vec<Regulated>,
    /// Nothing new happens in an archived venue; what happened there is still read.
    pub archived_at: Option<Timestamp>,
}

impl Venue {
    /// When the business day starts, as the engine's rules read it.
    pub fn day_start(&self) -> engine::window::TimeOfDay {
        let (hour, minute) = (
            self.business_day_start.hour(),
            self.business_day_start.minute(),
        );
        let start = u8::try_from(hour).ok().zip(u8::try_from(minute).ok());
        start
            .and_then(|(hour, minute)| engine::window::TimeOfDay::new(hour, minute).ok())
            .unwrap_or(engine::window::TimeOfDay::FIVE)
    }

    /// The business day that `at` belongs to: at half past midnight it is still yesterday.
    pub fn business_day(&self, at: Timestamp) -> jiff::civil::Date {
        let local = at.to_zoned(self.zone.clone());
        if local.time() < self.business_day_start {
            local.date().yesterday().unwrap_or_else(|_| local.date())
        } else {
            local.date()
        }
    }
}

/// Who is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    Staff {
        session: SessionId,
        staff: StaffId,
        device: Option<DeviceId>,
        /// Where that device stands: a session begun by PIN counts there alone.
        bound_to: Option<VenueId>,
    },
    Key {
        key: KeyId,
        role: Role,
        venues: Vec<VenueId>,
        scopes: Vec<String>,
    },
    Device {
        device: DeviceId,
        venue: VenueId,
    },
    Customer {
        session: SessionId,
        customer: CustomerId,
    },
}

impl Principal {
    /// As the journal spells it.
    pub fn actor(&self) -> String {
        match self {
            Principal::Staff { staff, .. } => format!("staff:{staff}"),
            Principal::Key { key, .. } => format!("key:{key}"),
            Principal::Device { device, .. } => format!("device:{device}"),
            Principal::Customer { customer, .. } => format!("customer:{customer}"),
        }
    }
}

/// The caller under their tenant, with the venue of the path and their rank there.
#[derive(Debug, Clone)]
pub struct Identity {
    pub tenant: Tenant,
    pub principal: Principal,
    pub venue: Option<Venue>,
    /// In the venue of the path, or in the whole chain where the path names none.
    pub role: Option<Role>,
    /// In every venue: what a look at the whole chain from one venue goes by.
    pub role_in_chain: Option<Role>,
    /// The highest rank in any venue: what `Who::AnyStaff` goes by.
    pub role_anywhere: Option<Role>,
}

/// Where the path says that the call is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Site {
    Chain,
    Venue(VenueId),
    /// An id that is none: nobody's venue.
    Nowhere,
}

/// Finds the caller by their token and the venue under the caller's own tenant, in one read.
///
/// # Errors
/// `Unauthenticated` where the token is unknown, expired or revoked; `NotFound` for a venue that is not the tenant's.
pub fn identify(
    read: &mut Read,
    token: &str,
    site: &Site,
    machine_now: Timestamp,
) -> Result<Identity> {
    let unknown = || Error::Unauthenticated(Code::Unauthenticated);
    let (tenant_id, id) = look_up(read, Lookup::Token, &fingerprint(token))?.ok_or_else(unknown)?;
    read.bind(tenant_id)?;
    let tenant = tenant(read)?.ok_or_else(unknown)?;
    let now = machine_now + tenant.clock_offset;
    let principal = principal(read, &id, now)?.ok_or_else(unknown)?;
    let venue = match site {
        Site::Chain => None,
        Site::Venue(id) => Some(venue(read, *id)?.ok_or(Error::NotFound("venue"))?),
        Site::Nowhere => return Err(Error::NotFound("venue")),
    };
    let ranks = ranks(read, &principal, venue.as_ref())?;
    Ok(Identity {
        tenant,
        principal,
        venue,
        role: ranks.here,
        role_in_chain: ranks.in_chain,
        role_anywhere: ranks.anywhere,
    })
}

/// The tenant that the read is bound to.
pub fn tenant(read: &mut Read) -> Result<Option<Tenant>> {
    let row = read.first(
        "select tenant_id, slug, name, mode, language, currency, clock_offset_micros
         from tenants where tenant_id = $1",
        &[],
    )?;
    row.as_ref().map(tenant_of).transpose()
}

fn tenant_of(row: &Row) -> Result<Tenant> {
    Ok(Tenant {
        id: row.get(0)?,
        slug: row.get(1)?,
        name: row.get(2)?,
        mode: row.word(3)?,
        language: row.get(4)?,
        currency: row.get(5)?,
        clock_offset: SignedDuration::from_micros(row.get(6)?),
    })
}

const VENUE: &str =
    "select venue_id, slug, name, zone, country, currency, language, business_day_start,
    tax_mode, till_mode, archived_at, regulated from venues where tenant_id = $1";

pub fn venue(read: &mut Read, id: VenueId) -> Result<Option<Venue>> {
    let sql = format!("{VENUE} and venue_id = $2");
    read.first(&sql, params![id])?
        .map(|row| venue_of(&row))
        .transpose()
}

pub fn venue_by_slug(read: &mut Read, slug: &str) -> Result<Option<Venue>> {
    let sql = format!("{VENUE} and slug = $2 and archived_at is null");
    read.first(&sql, params![slug])?
        .map(|row| venue_of(&row))
        .transpose()
}

fn venue_of(row: &Row) -> Result<Venue> {
    let zone: String = row.get(3)?;
    Ok(Venue {
        id: row.get(0)?,
        slug: row.get(1)?,
        name: row.get(2)?,
        zone: TimeZone::get(&zone).map_err(Error::bug)?,
        country: row.get(4)?,
        currency: row.get(5)?,
        language: row.get(6)?,
        business_day_start: row.get::<String>(7)?.parse().map_err(Error::bug)?,
        tax_mode: row.word(8)?,
        till_mode: row.word(9)?,
        archived_at: row.get(10)?,
        regulated: row.json(11)?,
    })
}

/// The prefix of the id says which table holds it. An ended, expired or revoked one is nobody.
fn principal(read: &mut Read, id: &str, now: Timestamp) -> Result<Option<Principal>> {
    match id.split('_').next() {
        Some("ses") => session(read, id, now),
        Some("key") => key(read, id, now),
        Some("dev") => device(read, id),
        _ => Ok(None),
    }
}

fn session(read: &mut Read, id: &str, now: Timestamp) -> Result<Option<Principal>> {
    let row = read.first(
        "select s.session_id, s.staff_id, s.customer_id, s.device_id, d.venue_id
         from sessions s
         left join staff p on p.tenant_id = s.tenant_id and p.staff_id = s.staff_id
         left join customers c on c.tenant_id = s.tenant_id and c.customer_id = s.customer_id
         left join devices d on d.tenant_id = s.tenant_id and d.device_id = s.device_id
         where s.tenant_id = $1 and s.session_id = $2 and s.ended_at is null and s.expires_at > $3
           and p.archived_at is null and c.archived_at is null and d.revoked_at is null
           and (s.customer_id is null or c.customer_id is not null)",
        params![id, now],
    )?;
    let Some(row) = row else { return Ok(None) };
    let session = row.get(0)?;
    let staff: Option<StaffId> = row.get(1)?;
    let customer: Option<CustomerId> = row.get(2)?;
    Ok(match (staff, customer) {
        (Some(staff), _) => Some(Principal::Staff {
            session,
            staff,
            device: row.get(3)?,
            bound_to: row.get(4)?,
        }),
        (None, Some(customer)) => Some(Principal::Customer { session, customer }),
        (None, None) => None,
    })
}

fn key(read: &mut Read, id: &str, now: Timestamp) -> Result<Option<Principal>> {
    let row = read.first(
        "select key_id, role, venues, scopes from api_keys
         where tenant_id = $1 and key_id = $2 and revoked_at is null
           and (expires_at is null or expires_at > $3)",
        params![id, now],
    )?;
    row.map(|row| {
        Ok(Principal::Key {
            key: row.get(0)?,
            role: row.word(1)?,
            venues: row.json(2)?,
            scopes: row.json(3)?,
        })
    })
    .transpose()
}

fn device(read: &mut Read, id: &str) -> Result<Option<Principal>> {
    let row = read.first(
        "select device_id, venue_id from devices
         where tenant_id = $1 and device_id = $2 and paired_at is not null and revoked_at is null",
        params![id],
    )?;
    row.map(|row| {
        Ok(Principal::Device {
            device: row.get(0)?,
            venue: row.get(1)?,
        })
    })
    .transpose()
}

#[derive(Default)]
struct Ranks {
    /// At the venue, or in the chain where there is none.
    here: Option<Role>,
    in_chain: Option<Role>,
    anywhere: Option<Role>,
}

fn ranks(read: &mut Read, principal: &Principal, venue: Option<&Venue>) -> Result<Ranks> {
    match principal {
        Principal::Customer { .. } => Ok(Ranks::default()),
        Principal::Device { venue: own, .. } => {
            // A device acts with the least rank, and only where it stands.
            let here = venue.is_some_and(|venue| venue.id == *own);
            Ok(Ranks {
                here: here.then_some(Role::Staff),
                in_chain: None,
                anywhere: Some(Role::Staff),
            })
        }
        Principal::Key { role, venues, .. } => {
            let covers = venues.is_empty() || venue.is_some_and(|venue| venues.contains(&venue.id));
            Ok(Ranks {
                here: covers.then_some(*role),
                in_chain: venues.is_empty().then_some(*role),
                anywhere: Some(*role),
            })
        }
        Principal::Staff {
            staff, bound_to, ..
        } => {
            let all = roles_of(read, *staff)?;
            let at = |venue: Option<VenueId>| {
                let here = |named: &Option<VenueId>| named.is_none() || *named == venue;
                let ranks = all.iter().filter(|(named, _)| here(named));
                ranks.map(|(_, role)| *role).max()
            };
            let asked = venue.map(|venue| venue.id);
            Ok(match bound_to {
                // Four digits open what is done at that till, and nothing else.
                Some(bound) => Ranks {
                    here: at(asked).filter(|_| asked == Some(*bound)),
                    in_chain: None,
                    anywhere: at(Some(*bound)),
                },
                None => Ranks {
                    here: at(asked),
                    in_chain: at(None),
                    anywhere: all.iter().map(|(_, role)| *role).max(),
                },
            })
        }
    }
}

/// The chain that has this venue; without one, the first chains of the store.
pub fn tenants_with(across: &mut Across<'_>, venue: Option<VenueId>) -> Result<Vec<Tenant>> {
    let named = venue.map_or(Value::Null, Value::from);
    let rows = across.query(
        "select t.tenant_id, t.slug, t.name, t.mode, t.language, t.currency, t.clock_offset_micros
         from tenants t
         where cast($1 as text) is null
           or exists (select 1 from venues v where v.tenant_id = t.tenant_id and v.venue_id = $1)
         order by t.tenant_id limit 2",
        &[named],
    )?;
    rows.iter().map(tenant_of).collect()
}

/// Whether the person works at the venue, or in the whole chain.
pub fn works_at(read: &mut Read, staff: StaffId, venue: VenueId) -> Result<bool> {
    let row = read.first(
        "select r.role from staff_roles r
         join staff s on s.tenant_id = r.tenant_id and s.staff_id = r.staff_id
         where r.tenant_id = $1 and r.staff_id = $2 and r.venue_id in ($3, '*') and s.archived_at is null limit 1",
        params![staff, venue],
    )?;
    Ok(row.is_some())
}

/// The ranks of a person: at a venue, or (`None`) at every one.
pub fn roles_of(read: &mut Read, staff: StaffId) -> Result<Vec<(Option<VenueId>, Role)>> {
    let sql = "select venue_id, role from staff_roles where tenant_id = $1 and staff_id = $2
         order by venue_id";
    let rows = read.query(sql, params![staff])?;
    rows.iter()
        .map(|row| {
            let named: String = row.get(0)?;
            let venue = (named != "*").then(|| named.parse()).transpose();
            Ok((venue.map_err(Error::bug)?, row.word(1)?))
        })
        .collect()
}

/// As [`touch_key`], for a paired device.
pub fn touch_device(tx: &mut Tx, device: DeviceId) -> Result<()> {
    let now = tx.now();
    tx.queue(
        "update devices set last_seen_at = $3 where tenant_id = $1 and device_id = $2",
        params![device, now],
    )
}

/// Notes that a key was used, at most once in ten minutes, so that a busy key does not write at each call.
pub fn touch_key(tx: &mut Tx, key: KeyId) -> Result<()> {
    let now = tx.now();
    let before = Value::from(now - SignedDuration::from_mins(10));
    tx.exec(
        "update api_keys set last_used_at = $3
         where tenant_id = $1 and key_id = $2 and (last_used_at is null or last_used_at < $4)",
        &[key.into(), now.into(), before],
    )
    .map(|_| ())
}
