//! The first start: a chain, its owner, its first venue, by a link that works once or by the command line.

use engine::money::Rate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::chain::{self, Chain, Founding};
use super::sessions::{self, Whose};
use super::staff::{self, EditStaff, VenueRole};
use super::tax::{self, EditTaxClass};
use super::venues::{self, CreateVenue, Venue};
use crate::hall::access::Role;
use crate::hall::call::{Answer, Hall, PublicCall, Reply};
use crate::hall::error::{Code, Error, Field, Result};
use crate::hall::id::{StaffId, TenantId};
use crate::hall::identity::{self, Lookup, Mode};
use crate::hall::journal::By;
use crate::hall::secret::{self, Secret};
use crate::hall::store::{Scope, Tx};
use crate::hall::text::check_line;

const TAX_CLASSES_MAX: usize = 20;
const STAFF_MAX: usize = 100;

/// What a chain begins with.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Init {
    pub chain: FirstChain,
    pub owner: FirstOwner,
    pub venue: CreateVenue,
    /// Each with its rate at the venue from today on.
    #[serde(default)]
    pub tax_classes: Vec<FirstTaxClass>,
    /// Who else works there, by PIN.
    #[serde(default)]
    pub staff: Vec<FirstStaff>,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstChain {
    /// For addresses of pages; unique on the server.
    #[schema(example = "boule-bar")]
    pub slug: String,
    #[schema(example = "Boule & Bar")]
    pub name: String,
    #[serde(default = "live")]
    pub mode: Mode,
}

fn live() -> Mode {
    Mode::Live
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstOwner {
    #[schema(example = "Maja Lind")]
    pub name: String,
    #[schema(example = "maja@boulebar.example")]
    pub email: String,
    pub password: Secret,
    #[serde(default)]
    pub pin: Option<Secret>,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstTaxClass {
    #[schema(example = "Food")]
    pub name: String,
    /// In percent.
    #[schema(value_type = String, example = "12")]
    pub rate: Rate,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstStaff {
    #[schema(example = "Nils Berg")]
    pub name: String,
    pub role: Role,
    pub pin: Secret,
}

/// An [`Init`] that is checked, its secrets hashed.
#[derive(Debug, Clone)]
pub struct Prepared {
    init: Init,
    password: String,
    pin: Option<String>,
    pins: Vec<String>,
}

/// What was founded.
#[derive(Debug, Clone)]
pub struct Founded {
    pub chain: Chain,
    pub venue: Venue,
    pub owner: StaffId,
}

/// Checks every field, then hashes: slow, so it comes before the transaction.
pub async fn prepare(hall: &Hall, init: Init) -> Result<Prepared> {
    init.check()?;
    let hash = async |chosen: &Secret| secret::hash(chosen.clone(), hall.entropy.clone()).await;
    let password = hash(&init.owner.password).await?;
    let pin = match &init.owner.pin {
        Some(pin) => Some(hash(pin).await?),
        None => None,
    };
    let mut pins = Vec::new();
    for person in &init.staff {
        pins.push(hash(&person.pin).await?);
    }
    Ok(Prepared {
        init,
        password,
        pin,
        pins,
    })
}

impl Init {
    fn founding(&self, tenant: TenantId) -> Founding {
        Founding {
            tenant,
            slug: self.chain.slug.clone(),
            name: self.chain.name.clone(),
            mode: self.chain.mode,
            language: self.venue.language.clone(),
            currency: self.venue.currency.clone(),
        }
    }

    fn check(&self) -> Result<()> {
        let mut wrong = Vec::new();
        super::venues::check_slug(&self.chain.slug, "/chain/slug", &mut wrong);
        check_line(&self.chain.name, 100, "/chain/name", &mut wrong);
        check_line(&self.owner.name, 100, "/owner/name", &mut wrong);
        staff::check_email(Some(&self.owner.email), "/owner/email", &mut wrong);
        staff::check_password(&self.owner.password, "/owner/password", &mut wrong);
        if let Some(pin) = &self.owner.pin {
            staff::check_pin(pin, "/owner/pin", &mut wrong);
        }
        self.venue.check("/venue", &mut wrong);
        if self.tax_classes.len() > TAX_CLASSES_MAX || self.staff.len() > STAFF_MAX {
            let message =
                format!("Send at most {TAX_CLASSES_MAX} tax classes and {STAFF_MAX} people.");
            wrong.push(Field::new("", "too_many", message));
            return Err(Error::Invalid(wrong));
        }
        for (place, class) in self.tax_classes.iter().enumerate() {
            let pointer = format!("/taxClasses/{place}/name");
            check_line(&class.name, 80, &pointer, &mut wrong);
        }
        for (place, person) in self.staff.iter().enumerate() {
            check_line(
                &person.name,
                100,
                &format!("/staff/{place}/name"),
                &mut wrong,
            );
            staff::check_pin(&person.pin, &format!("/staff/{place}/pin"), &mut wrong);
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(wrong))
        }
    }
}

/// Founds it all in one transaction, which must be bound to a new tenant's id. A set-up link that was
/// offered before is void from then on.
pub fn init(tx: &mut Tx, prepared: &Prepared) -> Result<Founded> {
    let init = &prepared.init;
    identity::withdraw_set_up(tx)?;
    chain::found(tx, &init.founding(tx.tenant()?))?;
    let venue = venues::create(tx, &init.venue)?;
    let owner = EditStaff {
        name: init.owner.name.clone(),
        email: Some(init.owner.email.clone()),
        roles: vec![VenueRole {
            venue_id: None,
            role: Role::Owner,
        }],
    };
    let owner = staff::create(tx, &owner, Role::Owner)?.id;
    staff::set_password(tx, owner, &prepared.password, Role::Owner)?;
    if let Some(pin) = &prepared.pin {
        staff::set_pin(tx, owner, pin, Role::Owner)?;
    }
    for (person, pin) in init.staff.iter().zip(&prepared.pins) {
        let id = staff::hire(tx, &person.name, person.role, None)?;
        staff::set_pin(tx, id, pin, Role::Owner)?;
    }
    first_rates(tx, init, &venue)?;
    Ok(Founded {
        chain: chain::chain(tx)?,
        venue,
        owner,
    })
}

fn first_rates(tx: &mut Tx, init: &Init, venue: &Venue) -> Result<()> {
    let here = identity::venue(tx, venue.id)?.ok_or(Error::NotFound("venue"))?;
    let today = here.business_day(tx.now());
    for first in &init.tax_classes {
        let name = first.name.clone();
        let class = tax::create_class(tx, &EditTaxClass { name })?;
        tax::set_rate(tx, venue.id, class.id, today, first.rate.scaled())?;
    }
    Ok(())
}

/// Whether nobody has been set up yet.
pub async fn is_needed(hall: &Hall) -> Result<bool> {
    let now = hall.clock.now();
    let find = |across: &mut crate::hall::store::Across<'_>| {
        let rows = across.query("select tenant_id from tenants limit 1", &[])?;
        Ok(rows.is_empty())
    };
    hall.db.across_tenants(now, find).await
}

/// A token that founds the first chain, once; one that was offered before is void.
pub async fn offer(hall: &Hall) -> Result<Secret> {
    let now = hall.clock.now();
    let tenant: TenantId = hall.entropy.id(now);
    let token = secret::token(&hall.entropy, "setup_");
    let hash = identity::fingerprint(token.expose());
    let offer = move |tx: &mut Tx| {
        identity::withdraw_set_up(tx)?;
        let twice = Error::bug("a set-up token was made twice");
        identity::list(tx, Lookup::SetUp, &hash, tenant, twice)
    };
    let scope = Scope::new(tenant, now, By::cli());
    hall.db.write(scope, Vec::new(), offer).await?;
    Ok(token)
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetUp {
    /// From the link that the server printed when it first started.
    pub token: Secret,
    pub chain: FirstChain,
    pub owner: FirstOwner,
    pub venue: CreateVenue,
    #[serde(default)]
    pub tax_classes: Vec<FirstTaxClass>,
    #[serde(default)]
    pub staff: Vec<FirstStaff>,
}

/// The new chain, and its owner's session.
#[derive(Clone, Serialize, ToSchema)]
pub struct SetUpDone {
    pub chain: Chain,
    pub venue: Venue,
    /// For `Authorization: Bearer …`; a browser has it as a cookie. For ten minutes it is told again to who sends the
    /// same under the same Idempotency-Key.
    #[schema(example = "st_9sW2mJ0a6c3…")]
    pub token: String,
}

impl Reply for SetUpDone {}

/// Founds the first chain by the printed link, and signs its owner in.
pub async fn set_up(call: PublicCall, ask: SetUp) -> Result<Answer> {
    let hash = identity::fingerprint(ask.token.expose());
    let Some(tenant) = call.promised(Lookup::SetUp, hash).await? else {
        return done_before(call, &ask.owner.email).await;
    };
    let init = Init {
        chain: ask.chain,
        owner: ask.owner,
        venue: ask.venue,
        tax_classes: ask.tax_classes,
        staff: ask.staff,
    };
    let prepared = prepare(call.hall(), init).await?;
    let found = move |tx: &mut Tx| {
        let founded = self::init(tx, &prepared)?;
        let staff = founded.owner;
        let begun = sessions::begin(
            tx,
            Whose::Staff {
                staff,
                device: None,
            },
        )?;
        Ok(SetUpDone {
            chain: founded.chain,
            venue: founded.venue,
            token: begun.token.expose().to_owned(),
        })
    };
    let hall = call.hall().clone();
    let cookie = move |said: &SetUpDone| sessions::staff_cookie(&hall, &said.token);
    call.found(tenant, cookie, found).await
}

/// The link is over. Who used it and lost the answer is told it again: the chain is the one of the owner's email.
///
/// # Errors
/// `Gone` for everybody else.
async fn done_before(call: PublicCall, email: &str) -> Result<Answer> {
    let over = || Error::Gone(Code::CodeExpired);
    let email = staff::fold_email(email);
    let found = call.look_up(Lookup::StaffEmail, email).await?;
    let (tenant, _) = found.ok_or_else(over)?;
    let answered = call.for_tenant(tenant).answered().await?;
    answered.ok_or_else(over)
}
