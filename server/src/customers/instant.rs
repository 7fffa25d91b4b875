//! The instant profile: whoever pays is known from then on.

use super::check;
use super::profile::{self, Customer, EditCustomer, Source};
use super::store::keys::{self, Kind};
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::id::CustomerId;
use crate::hall::identity::Venue;
use crate::hall::store::Tx;
use crate::platform::refs::{self, ExternalRef};

/// By what a payment tells who pays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    pub email: Option<String>,
    pub phone: Option<String>,
    /// The provider's stable digest of a card's number.
    pub fingerprint: Option<String>,
    pub external_ref: Option<ExternalRef>,
}

/// Finds the customer by card, reference, email or phone, in this order, or makes one (`source: PAYMENT`).
/// What is new of the rest is noted with them, unless it is somebody else's. An email or phone that is none
/// is passed over: a payment is not refused for it.
///
/// # Errors
/// `Refused(IdentityMissing)` where nothing usable is told.
pub fn find_or_create_by(tx: &mut Tx, venue: &Venue, by: &Identity) -> Result<Customer> {
    let by = usable(by, venue);
    let holder = match &by.fingerprint {
        Some(card) => keys::find(tx, Kind::Card, card)?,
        None => None,
    };
    let holder = holder.map(|id| profile::find(tx, id)).transpose()?;
    let active_holder = holder.clone().filter(|holder| holder.active);
    let known = match active_holder {
        Some(holder) => Some(holder),
        None => known_by(tx, &by)?,
    };
    let customer = match known {
        Some(known) => enrich(tx, venue, &known, &by)?,
        None => create(tx, venue, &by)?,
    };
    match (&by.fingerprint, holder) {
        (Some(card), None) => keys::take(tx, Kind::Card, card, customer.id)?,
        (Some(card), Some(holder)) if holder.id != customer.id => {
            keys::pass_on(tx, Kind::Card, card, holder.id, customer.id)?;
        }
        _ => {}
    }
    Ok(customer)
}

fn usable(by: &Identity, venue: &Venue) -> Identity {
    let some = |text: &String| !text.trim().is_empty() && text.len() <= 200;
    Identity {
        email: by.email.as_deref().and_then(check::email),
        phone: by
            .phone
            .as_deref()
            .and_then(|phone| check::phone(phone, &venue.country)),
        fingerprint: by.fingerprint.clone().filter(some),
        external_ref: by
            .external_ref
            .clone()
            .filter(|named| some(&named.id) && some(&named.system)),
    }
}

fn known_by(tx: &mut Tx, by: &Identity) -> Result<Option<Customer>> {
    if let Some(named) = &by.external_ref
        && let Some(id) = refs::find(tx, &named.system, &named.id)?
    {
        let customer = profile::find(tx, id)?;
        if customer.active {
            return Ok(Some(customer));
        }
    }
    if let Some(email) = &by.email
        && let Some(customer) = profile::find_by_email(tx, email)?
    {
        return Ok(Some(customer));
    }
    match &by.phone {
        Some(phone) => profile::find_by_phone(tx, phone, ""),
        None => Ok(None),
    }
}

/// Fills what the profile lacks and nobody else has.
fn enrich(tx: &mut Tx, venue: &Venue, known: &Customer, by: &Identity) -> Result<Customer> {
    let mut ask = known.as_command();
    if let (None, Some(email)) = (&ask.email, &by.email)
        && profile::find_by_email(tx, email)?.is_none()
    {
        ask.email = Some(email.clone());
    }
    if let (None, Some(phone)) = (&ask.phone, &by.phone)
        && profile::find_by_phone(tx, phone, "")?.is_none()
    {
        ask.phone = Some(phone.clone());
    }
    if let Some(named) = &by.external_ref
        && refs::find::<CustomerId>(tx, &named.system, &named.id)?.is_none()
    {
        ask.external_refs.push(named.clone());
    }
    profile::save(tx, venue, known, &ask)
}

fn create(tx: &mut Tx, venue: &Venue, by: &Identity) -> Result<Customer> {
    if *by == Identity::default() {
        return Err(Error::Refused(Code::IdentityMissing, Extra::none()));
    }
    let free = match &by.external_ref {
        Some(named) => refs::find::<CustomerId>(tx, &named.system, &named.id)?.is_none(),
        None => false,
    };
    let ask = EditCustomer {
        email: by.email.clone(),
        phone: by.phone.clone(),
        external_refs: by
            .external_ref
            .clone()
            .filter(|_| free)
            .into_iter()
            .collect(),
        ..EditCustomer::default()
    };
    profile::insert(tx, venue, &ask, Source::Payment)
}
