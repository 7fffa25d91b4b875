//! The demo: one chain with two venues, rewards and a year behind it, made by the same verbs that staff call.
//!
//! The same seed and the same instant give the same bytes on SQLite, ids and keys included.

mod menu;
mod people;
mod rewards;
mod year;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::discounts::{self, EditDiscount};
use crate::hall::access::Role;
use crate::hall::call::Hall;
use crate::hall::error::{Error, Result};
use crate::hall::id::{CategoryId, CustomerId, ProductId, StaffId, TaxClassId, TenantId, VenueId};
use crate::hall::identity::{Mode, TaxMode, TillMode, Venue};
use crate::hall::journal::By;
use crate::hall::money::Money;
use crate::hall::secret::{self, Secret};
use crate::hall::store::{Across, Scope, Tx};
use crate::params;
use crate::platform::chain::{self, CreateVenue, Founding};
use crate::platform::hours::OpeningHours;
use crate::platform::sessions::{self, Whose};
use crate::platform::{staff, tax, venues};

/// Of a test chain whose keys and PINs are known to everybody: one seed gives the same ones everywhere.
pub const SLUG: &str = "demo";
const CURRENCY: &str = "USD";

/// What a script needs to try the demo. Keys and tokens work as `Authorization: Bearer …`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Demo {
    pub tenant_id: TenantId,
    pub venues: Vec<DemoVenue>,
    pub api_keys: DemoKeys,
    pub staff: Vec<DemoStaff>,
    pub products: Vec<DemoProduct>,
    pub customers: Vec<DemoCustomer>,
    pub customer_tokens: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DemoVenue {
    pub id: VenueId,
    pub slug: String,
    pub name: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DemoKeys {
    pub owner: String,
    pub manager: String,
    pub staff: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DemoStaff {
    pub id: StaffId,
    pub name: String,
    pub role: Role,
    pub pin: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DemoProduct {
    pub id: ProductId,
    pub name: String,
    pub category_id: CategoryId,
    pub price: Money,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DemoCustomer {
    pub id: CustomerId,
    pub name: String,
    pub phone: String,
}

/// Makes the demo in an empty store; `hall` brings the seed, `as_of` is when its year ends.
///
/// # Errors
/// `Conflict(NameTaken)` where the store holds a demo already.
pub async fn make(hall: &Hall, as_of: Timestamp) -> Result<Demo> {
    let tenant: TenantId = hall.entropy.id(as_of);
    let began = as_of - SignedDuration::from_hours(24 * 366);
    let stage = Stage {
        hall: hall.clone(),
        tenant,
    };
    let pins: Vec<(&'static people::Employee, String)> = people::STAFF
        .iter()
        .map(|person| {
            Ok((
                person,
                secret::hash_now(&Secret::new(person.pin), &hall.entropy)?,
            ))
        })
        .collect::<Result<_>>()?;
    let ground = stage
        .write(began, move |tx| ground(tx, tenant, &pins))
        .await?;
    let (venues, first) = (ground.venues.clone(), ground.menu.clone());
    let customers = stage
        .write(began, move |tx| people::welcome(tx, &venues[0]))
        .await?;
    year::pass(&stage, &ground, &customers, first, as_of).await?;
    let guests: Vec<CustomerId> = customers
        .iter()
        .take(3)
        .map(|customer| customer.id)
        .collect();
    let customer_tokens = stage.write(as_of, move |tx| {
        guests
            .iter()
            .map(|id| {
                Ok(sessions::begin(tx, Whose::Customer(*id))?
                    .token
                    .expose()
                    .to_owned())
            })
            .collect::<Result<Vec<String>>>()
    });
    Ok(Demo {
        tenant_id: tenant,
        venues: ground.shown,
        api_keys: ground.keys,
        staff: ground.staff,
        products: ground.products,
        customers,
        customer_tokens: customer_tokens.await?,
    })
}

/// Whether the store holds a demo.
pub async fn is_there(hall: &Hall) -> Result<bool> {
    let find = |across: &mut Across<'_>| {
        let sql = "select tenant_id from tenants where slug = $1 and mode = 'TEST'";
        Ok(!across.query(sql, params![SLUG])?.is_empty())
    };
    hall.db.across_tenants(hall.clock.now(), find).await
}

/// Where the demo's verbs run: under its tenant, at an instant of their own.
#[derive(Clone)]
struct Stage {
    hall: Hall,
    tenant: TenantId,
}

impl Stage {
    async fn write<T: Send + 'static>(
        &self,
        at: Timestamp,
        verb: impl Fn(&mut Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let scope = Scope::new(self.tenant, at, By::job("demo")).patient();
        self.hall.db.write(scope, Vec::new(), verb).await
    }
}

/// Everything that stands before the first guest comes.
#[derive(Debug, Clone)]
struct Ground {
    venues: Vec<Venue>,
    shown: Vec<DemoVenue>,
    keys: DemoKeys,
    staff: Vec<DemoStaff>,
    products: Vec<DemoProduct>,
    menu: Vec<ProductId>,
}

fn ground(
    tx: &mut Tx,
    tenant: TenantId,
    pins: &[(&'static people::Employee, String)],
) -> Result<Ground> {
    let founding = Founding {
        tenant,
        slug: SLUG.into(),
        name: "Boule & Bar".into(),
        mode: Mode::Test,
        language: "en".into(),
        currency: CURRENCY.into(),
    };
    chain::found(tx, &founding)?;
    let mut venues = Vec::new();
    for (slug, name) in [
        ("harbour", "Boule & Bar Harbour"),
        ("old-town", "Boule & Bar Old Town"),
    ] {
        let id = chain::open_venue(tx, &opening(slug, name))?;
        venues.push(
            crate::hall::identity::venue(tx, id)?.ok_or_else(|| Error::bug("a venue was lost"))?,
        );
    }
    let classes = taxes(tx, &venues)?;
    let (products, menu) = menu::print(tx, &venues, classes)?;
    rewards::offer(tx, &products)?;
    let staff = hire(tx, pins)?;
    discount(tx, "Season opening", "10", 0, None)?;
    discount(tx, "Big table", "15", 10, Some(20_000))?;
    let key = |tx: &mut Tx, role: Role| {
        chain::mint_key(tx, role.word(), role, &[]).map(|(_, token)| token.expose().to_owned())
    };
    let keys = DemoKeys {
        owner: key(tx, Role::Owner)?,
        manager: key(tx, Role::Manager)?,
        staff: key(tx, Role::Staff)?,
    };
    let shown = venues
        .iter()
        .map(|venue| DemoVenue {
            id: venue.id,
            slug: venue.slug.clone(),
            name: venue.name.clone(),
        })
        .collect();
    Ok(Ground {
        venues,
        shown,
        keys,
        staff,
        products,
        menu,
    })
}

fn opening(slug: &str, name: &str) -> CreateVenue {
    CreateVenue {
        slug: slug.into(),
        name: name.into(),
        zone: "America/New_York".into(),
        country: "US".into(),
        currency: CURRENCY.into(),
        language: "en".into(),
        business_day_start: "05:00".into(),
        opening_hours: OpeningHours::default(),
        tax_mode: TaxMode::Exclusive,
        till_mode: TillMode::Full,
        regulated: venues::alcohol(),
    }
}

/// Prepared food and drink at 8.875 %, games at 4.5 %.
fn taxes(tx: &mut Tx, venues: &[Venue]) -> Result<(TaxClassId, TaxClassId)> {
    let mut class = |name: &str, rate_milli: i64| {
        let class = tax::create_class(tx, &tax::EditTaxClass { name: name.into() })?;
        for venue in venues {
            tax::set_rate(
                tx,
                venue.id,
                class.id,
                Date::constant(1997, 1, 1),
                rate_milli,
            )?;
        }
        Ok::<TaxClassId, Error>(class.id)
    };
    Ok((class("food and drink", 8_875)?, class("games", 4_500)?))
}

fn hire(tx: &mut Tx, pins: &[(&'static people::Employee, String)]) -> Result<Vec<DemoStaff>> {
    pins.iter()
        .map(|(person, hash)| {
            let id = chain::hire(tx, person.name, person.role, None)?;
            staff::set_pin(tx, id, hash, Role::Owner)?;
            Ok(DemoStaff {
                id,
                name: person.name.into(),
                role: person.role,
                pin: person.pin.into(),
            })
        })
        .collect()
}

fn discount(
    tx: &mut Tx,
    name: &str,
    percent: &str,
    priority: i32,
    least: Option<i64>,
) -> Result<()> {
    let ask = EditDiscount {
        priority,
        min_purchase_amount: least.map(|amount| Money::of(amount, CURRENCY)),
        ..EditDiscount::automatic(name, percent.parse().map_err(Error::bug)?)
    };
    discounts::create(tx, None, &ask).map(|_| ())
}
