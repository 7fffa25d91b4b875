//! The profile: what is known of a guest, and the verbs that change it.

use std::collections::BTreeMap;

use axum::http::HeaderValue;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;

use super::check::{self, Ground};
use super::groups;
use super::store::{profiles as store, terms as term_rows};
use super::terms::{self, Searched};
use crate::hall::access::Role;
use crate::hall::call::Reply;
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::id::{CustomerId, GroupId, VenueId};
use crate::hall::identity::{self, Venue};
use crate::hall::journal::EventType;
use crate::hall::money::Money;
use crate::hall::room::{ProgressOfCustomer, RecentOfCustomer};
use crate::hall::store::{Read, Tx};
use crate::hall::{etag, patch};
use crate::platform::refs::{self, ExternalRef};
use crate::platform::sessions;

/// How the customer became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Source {
    Staff,
    Payment,
    /// From a file: what is brought in from elsewhere is no news, so it leaves no event.
    Import,
    /// By signing in.
    Guest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaxKind {
    EuVat,
    GbVat,
    ChVat,
    NoVat,
    EsCif,
    MxRfc,
    UsEin,
    SeOrg,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaxId {
    #[serde(rename = "type")]
    pub kind: TaxKind,
    #[schema(example = "SE556677889901")]
    pub value: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Address {
    #[schema(example = "Storgatan 1")]
    pub line1: Option<String>,
    pub line2: Option<String>,
    #[schema(example = "Stockholm")]
    pub city: Option<String>,
    pub region: Option<String>,
    #[schema(example = "111 23")]
    pub postal_code: Option<String>,
    /// ISO 3166 alpha-2.
    #[schema(example = "SE")]
    pub country: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct InvoiceSettings {
    pub footer: Option<String>,
    pub memo: Option<String>,
    /// Days until an invoice is due.
    #[schema(example = 30)]
    pub net_days: Option<u32>,
}

/// A customer as staff write them: at least an email, a phone, a name or an external reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct EditCustomer {
    /// Unique among active customers.
    #[schema(example = "asa@example.com")]
    pub email: Option<String>,
    /// Unique among active customers; without a country code it is one of the venue's country.
    #[schema(example = "070-174 06 05")]
    pub phone: Option<String>,
    #[schema(example = "Åsa")]
    pub first_name: Option<String>,
    #[schema(example = "Lindqvist")]
    pub last_name: Option<String>,
    #[schema(example = "1984-05-17")]
    pub birth_date: Option<Date>,
    pub gender: Option<String>,
    /// The chain's own, unless said.
    #[schema(example = "sv")]
    pub language: Option<String>,
    /// A label from the chain's own list.
    pub color_type: Option<String>,
    /// At most 50.
    #[schema(example = json!(["VIP"]))]
    pub tags: Vec<String>,
    pub customer_group_id: Option<GroupId>,
    pub marketing_consent: bool,
    pub tax_ids: Vec<TaxId>,
    pub billing_address: Option<Address>,
    pub invoice_settings: Option<InvoiceSettings>,
    /// At most 50 keys of 40 characters, values of 500.
    pub metadata: BTreeMap<String, String>,
    pub external_refs: Vec<ExternalRef>,
    pub active: bool,
}

impl Default for EditCustomer {
    fn default() -> EditCustomer {
        EditCustomer {
            email: None,
            phone: None,
            first_name: None,
            last_name: None,
            birth_date: None,
            gender: None,
            language: None,
            color_type: None,
            tags: Vec::new(),
            customer_group_id: None,
            marketing_consent: false,
            tax_ids: Vec::new(),
            billing_address: None,
            invoice_settings: None,
            metadata: BTreeMap::new(),
            external_refs: Vec::new(),
            active: true,
        }
    }
}

/// What a till asks of a new guest.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateAtTill {
    #[serde(default)]
    #[schema(example = "Åsa")]
    pub first_name: Option<String>,
    #[serde(default)]
    #[schema(example = "Lindqvist")]
    pub last_name: Option<String>,
    #[serde(default)]
    #[schema(example = "070-174 06 05")]
    pub phone: Option<String>,
    #[serde(default)]
    #[schema(example = "asa@example.com")]
    pub email: Option<String>,
}

impl From<CreateAtTill> for EditCustomer {
    fn from(ask: CreateAtTill) -> EditCustomer {
        EditCustomer {
            first_name: ask.first_name,
            last_name: ask.last_name,
            phone: ask.phone,
            email: ask.email,
            ..EditCustomer::default()
        }
    }
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    pub id: CustomerId,
    #[schema(example = "asa@example.com")]
    pub email: Option<String>,
    /// E.164.
    #[schema(example = "+46701740605")]
    pub phone: Option<String>,
    #[schema(example = "Åsa")]
    pub first_name: Option<String>,
    #[schema(example = "Lindqvist")]
    pub last_name: Option<String>,
    #[schema(example = "1984-05-17")]
    pub birth_date: Option<Date>,
    pub gender: Option<String>,
    #[schema(example = "sv")]
    pub language: String,
    pub color_type: Option<String>,
    #[schema(example = json!(["VIP"]))]
    pub tags: Vec<String>,
    pub customer_group_id: Option<GroupId>,
    pub marketing_consent: bool,
    pub tax_ids: Vec<TaxId>,
    pub billing_address: Option<Address>,
    pub invoice_settings: Option<InvoiceSettings>,
    pub metadata: BTreeMap<String, String>,
    pub external_refs: Vec<ExternalRef>,
    pub active: bool,
    pub source: Source,
    #[schema(example = 1040)]
    pub loyalty_points: i64,
    #[schema(example = 12)]
    pub total_visits: i64,
    pub first_visit_at: Option<Timestamp>,
    pub last_visit_at: Option<Timestamp>,
    /// The tier's name; `null` is the first of the ladder.
    #[schema(example = "GOLD")]
    pub tier: Option<String>,
    #[schema(example = 11)]
    pub paid_orders: i64,
    /// By orders that were paid here, less refunds, in the chain's reporting currency. What other systems report counts
    /// for points and tiers and is no paid order: nobody here has taken its money or can give it back.
    pub total_spent: Money,
    /// Spent per paid order, rounded half away from zero; nothing before the first.
    pub average_order_value: Option<Money>,
    /// The same figures per venue, where one customer is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub venues: Option<Vec<AtVenue>>,
    /// The newest of what else there is of them, where one customer is shown; a key is shown what its scopes reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    pub recent: Option<BTreeMap<&'static str, Vec<Json>>>,
    /// How far they are, where one customer is shown; a key is shown what its scopes reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    pub progress: Option<BTreeMap<&'static str, Json>>,
    /// The customer that this one was merged into.
    pub merged_into: Option<CustomerId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    #[schema(example = 1)]
    pub version: i64,
}

/// A customer's figures at one venue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AtVenue {
    pub venue_id: VenueId,
    pub total_visits: i64,
    pub first_visit_at: Option<Timestamp>,
    pub last_visit_at: Option<Timestamp>,
    pub paid_orders: i64,
    pub total_spent: Money,
    pub average_order_value: Option<Money>,
}

impl Reply for Customer {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

impl Customer {
    /// The command that would make the customer as it is.
    pub fn as_command(&self) -> EditCustomer {
        EditCustomer {
            email: self.email.clone(),
            phone: self.phone.clone(),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            birth_date: self.birth_date,
            gender: self.gender.clone(),
            language: Some(self.language.clone()),
            color_type: self.color_type.clone(),
            tags: self.tags.clone(),
            customer_group_id: self.customer_group_id,
            marketing_consent: self.marketing_consent,
            tax_ids: self.tax_ids.clone(),
            billing_address: self.billing_address.clone(),
            invoice_settings: self.invoice_settings.clone(),
            metadata: self.metadata.clone(),
            external_refs: self.external_refs.clone(),
            active: self.active,
        }
    }

    fn searched(&self) -> Searched<'_> {
        Searched {
            first_name: self.first_name.as_deref(),
            last_name: self.last_name.as_deref(),
            email: self.email.as_deref(),
            phone: self.phone.as_deref(),
            tags: &self.tags,
        }
    }
}

/// Spent per order, rounded half away from zero.
pub fn average(total: i64, orders: i64, currency: &str) -> Option<Money> {
    let twice = total.checked_mul(2)?;
    let half = if total < 0 { -orders } else { orders };
    (orders > 0).then(|| Money::of((twice + half) / (2 * orders), currency))
}

pub fn find(read: &mut Read, id: CustomerId) -> Result<Customer> {
    let mut customer = store::find(read, id)?.ok_or(Error::NotFound("customer"))?;
    customer.external_refs = refs::of(read, id)?;
    Ok(customer)
}

/// The customer with the figures of each venue.
pub fn show(read: &mut Read, id: CustomerId) -> Result<Customer> {
    let mut customer = find(read, id)?;
    customer.venues = Some(store::at_venues(read, id, &customer.total_spent.currency)?);
    Ok(customer)
}

/// With the newest rows of other rooms; those of venues are of `venue`, or of all.
pub fn with_recent(
    read: &mut Read,
    mut customer: Customer,
    venue: Option<VenueId>,
    shown: &[&RecentOfCustomer],
) -> Result<Customer> {
    let mut recent = BTreeMap::new();
    for of_room in shown {
        let newest = (of_room.newest)(read, customer.id, venue)?;
        recent.insert(of_room.name, newest);
    }
    customer.recent = Some(recent);
    Ok(customer)
}

/// With how far they are in other rooms.
pub fn with_progress(
    read: &mut Read,
    mut customer: Customer,
    shown: &[&ProgressOfCustomer],
) -> Result<Customer> {
    let mut progress = BTreeMap::new();
    for of_room in shown {
        let told = (of_room.progress)(read, customer.id, &customer.language)?;
        progress.insert(of_room.name, told);
    }
    customer.progress = Some(progress);
    Ok(customer)
}

/// The active customer of this email, however it is written.
pub fn find_by_email(read: &mut Read, email: &str) -> Result<Option<Customer>> {
    let email = check::email(email);
    let id = email.map_or(Ok(None), |email| store::active_by_email(read, &email))?;
    id.map(|id| find(read, id)).transpose()
}

/// The active customer of this phone; `country` is its region where it has no country code.
pub fn find_by_phone(read: &mut Read, phone: &str, country: &str) -> Result<Option<Customer>> {
    let phone = check::phone(phone, country);
    let id = phone.map_or(Ok(None), |phone| store::active_by_phone(read, &phone))?;
    id.map(|id| find(read, id)).transpose()
}

/// Makes a customer known, as staff do it.
pub fn create(tx: &mut Tx, venue: &Venue, ask: &EditCustomer) -> Result<Customer> {
    create_as(tx, venue, ask, Source::Staff)
}

/// Makes a customer known, who is from then on seen at `venue`.
///
/// # Errors
/// `Conflict(CustomerExists)` names the active customer who has the email or the phone.
pub fn create_as(
    tx: &mut Tx,
    venue: &Venue,
    ask: &EditCustomer,
    source: Source,
) -> Result<Customer> {
    let ask = check::checked(ask, ground(tx, venue))?;
    identified(&ask)?;
    insert(tx, venue, &ask, source)
}

/// Of a command that was checked before.
pub(super) fn insert(
    tx: &mut Tx,
    venue: &Venue,
    ask: &EditCustomer,
    source: Source,
) -> Result<Customer> {
    let id: CustomerId = tx.new_id();
    let language = language(tx, ask)?;
    if !store::insert(tx, id, ask, &language, source)? {
        refuse_clash(tx, None, ask)?;
        return Err(Error::Again(
            "the email or phone was taken meanwhile".into(),
        ));
    }
    store::see(tx, id, venue.id)?;
    refs::set(tx, id, &ask.external_refs)?;
    groups::moved(tx, None, ask.customer_group_id.filter(|_| ask.active))?;
    let customer = find(tx, id)?;
    term_rows::change(tx, id, &[], &terms::of(customer.searched()))?;
    tx.audit_new("customer.create", id, &customer)?;
    if source != Source::Import {
        tx.emit(EventType::CustomerCreated, Some(venue.id), &customer)?;
    }
    Ok(customer)
}

/// Replaces the profile, on the word of somebody of this rank.
///
/// # Errors
/// As [`may_put_away`].
pub fn edit(
    tx: &mut Tx,
    venue: &Venue,
    id: CustomerId,
    if_match: Option<&HeaderValue>,
    rank: Option<Role>,
    ask: &EditCustomer,
) -> Result<Customer> {
    let before = find(tx, id)?;
    etag::honour(if_match, before.version)?;
    may_put_away(&before, ask, rank)?;
    save(tx, venue, &before, ask)
}

/// As [`edit`], of what the merge patch names.
pub fn change(
    tx: &mut Tx,
    venue: &Venue,
    id: CustomerId,
    if_match: Option<&HeaderValue>,
    rank: Option<Role>,
    changes: &Json,
) -> Result<Customer> {
    let before = find(tx, id)?;
    etag::honour(if_match, before.version)?;
    let ask = patch::merge(&before.as_command(), changes)?;
    may_put_away(&before, &ask, rank)?;
    save(tx, venue, &before, &ask)
}

/// Makes or replaces the customer whom another system knows by this name; their other names stay.
///
/// # Errors
/// As [`edit`]; `Stale` where a version is named of whom nobody knows.
pub fn upsert(
    tx: &mut Tx,
    venue: &Venue,
    named: &ExternalRef,
    if_match: Option<&HeaderValue>,
    rank: Option<Role>,
    ask: &EditCustomer,
) -> Result<Customer> {
    let mut ask = ask.clone();
    let before = match refs::find(tx, &named.system, &named.id)? {
        Some(id) => Some(find(tx, id)?),
        None => None,
    };
    let known = before.iter().flat_map(|before| &before.external_refs);
    for named in known.chain([named]) {
        if !ask.external_refs.contains(named) {
            ask.external_refs.push(named.clone());
        }
    }
    match before {
        None if if_match.is_some() => Err(Error::Stale),
        None => create(tx, venue, &ask),
        Some(before) => {
            etag::honour(if_match, before.version)?;
            may_put_away(&before, &ask, rank)?;
            save(tx, venue, &before, &ask)
        }
    }
}

/// Who may not archive a customer may not do it by an edit either.
///
/// # Errors
/// `Forbidden` for less than a manager where the edit makes an active customer inactive.
fn may_put_away(before: &Customer, ask: &EditCustomer, rank: Option<Role>) -> Result<()> {
    if before.active && !ask.active && rank < Some(Role::Manager) {
        return Err(Error::Forbidden(Role::Manager));
    }
    Ok(())
}

/// Saves what differs; a command that says what is there already changes nothing.
pub(super) fn save(
    tx: &mut Tx,
    venue: &Venue,
    before: &Customer,
    ask: &EditCustomer,
) -> Result<Customer> {
    let mut ask = check::checked(ask, ground(tx, venue))?;
    // Whoever is known by a card alone stays so; nobody else loses the last thing that tells them apart.
    if is_identified(&before.as_command()) {
        identified(&ask)?;
    }
    ask.language = Some(language(tx, &ask)?);
    ask.external_refs.sort();
    if ask == before.as_command() {
        return Ok(before.clone());
    }
    let id = before.id;
    refuse_clash(tx, Some(before), &ask)?;
    store::update(tx, before, &ask)?;
    if ask.external_refs != before.external_refs {
        refs::set(tx, id, &ask.external_refs)?;
    }
    groups::moved(
        tx,
        before.customer_group_id.filter(|_| before.active),
        ask.customer_group_id.filter(|_| ask.active),
    )?;
    let after = find(tx, id)?;
    let old: Vec<String> = terms::of(before.searched()).into_iter().collect();
    term_rows::change(tx, id, &old, &terms::of(after.searched()))?;
    tx.audit("customer.edit", id, Some(before), Some(&after))?;
    if before.active && !after.active {
        sessions::end_all_of_customer(tx, id)?;
        emit_archived(tx, id)?;
    } else {
        tx.emit(EventType::CustomerUpdated, None, &after)?;
    }
    Ok(after)
}

/// Puts the customer away; what they did stays, and their email and phone are free for another.
pub fn archive(tx: &mut Tx, id: CustomerId, if_match: Option<&HeaderValue>) -> Result<()> {
    let before = find(tx, id)?;
    etag::honour(if_match, before.version)?;
    if !before.active {
        return Ok(());
    }
    store::archive(tx, &before)?;
    sessions::end_all_of_customer(tx, id)?;
    groups::moved(tx, before.customer_group_id, None)?;
    tx.audit("customer.archive", id, Some(&before), None::<&()>)?;
    emit_archived(tx, id)
}

fn emit_archived(tx: &mut Tx, id: CustomerId) -> Result<()> {
    tx.emit(
        EventType::CustomerArchived,
        None,
        &serde_json::json!({ "id": id }),
    )
}

fn ground<'v>(tx: &Tx, venue: &'v Venue) -> Ground<'v> {
    Ground {
        country: &venue.country,
        today: tx.now().to_zoned(venue.zone.clone()).date(),
    }
}

fn is_identified(ask: &EditCustomer) -> bool {
    ask.email.is_some()
        || ask.phone.is_some()
        || ask.first_name.is_some()
        || ask.last_name.is_some()
        || !ask.external_refs.is_empty()
}

fn identified(ask: &EditCustomer) -> Result<()> {
    if is_identified(ask) {
        Ok(())
    } else {
        Err(Error::Refused(Code::IdentityMissing, Extra::none()))
    }
}

fn language(tx: &mut Tx, ask: &EditCustomer) -> Result<String> {
    if let Some(language) = &ask.language {
        return Ok(language.clone());
    }
    let tenant = identity::tenant(tx)?.ok_or(Error::NotFound("chain"))?;
    Ok(tenant.language)
}

/// L22 is a constraint; this names the other customer, so that the till can offer them.
fn refuse_clash(tx: &mut Tx, before: Option<&Customer>, ask: &EditCustomer) -> Result<()> {
    if !ask.active {
        return Ok(());
    }
    let own = before.map(|before| before.id);
    if let Some(email) = &ask.email
        && let Some(other) = store::active_by_email(tx, email)?.filter(|id| Some(*id) != own)
    {
        return Err(exists(other, "email"));
    }
    if let Some(phone) = &ask.phone
        && let Some(other) = store::active_by_phone(tx, phone)?.filter(|id| Some(*id) != own)
    {
        return Err(exists(other, "phone"));
    }
    Ok(())
}

fn exists(other: CustomerId, field: &str) -> Error {
    let said = format!("Another customer has this {field}; use them, or correct the {field}.");
    let extra = Extra::saying(said)
        .with("customerId", other.to_string())
        .with("field", field);
    Error::Conflict(Code::CustomerExists, extra)
}
