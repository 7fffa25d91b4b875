//! Staff: people with a rank in a venue or in the whole chain, a password to sign in and a PIN at the till.
//!
//! Nobody gives, edits or takes away a rank above their own, and the chain always has an owner.

use axum::http::HeaderValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::store::staff as store;
use super::tries::{self, Subject};
use super::{Archived, sessions, venues};
use crate::hall::access::Role;
use crate::hall::call::{Hall, Reply};
use crate::hall::error::{Code, Error, Extra, Field, Result};
use crate::hall::etag;
use crate::hall::id::{StaffId, VenueId};
use crate::hall::identity::{self, Lookup};
use crate::hall::journal::By;
use crate::hall::page::{Page, Paging};
use crate::hall::secret::{self, Secret};
use crate::hall::store::{Read, Scope, Tx};
use crate::hall::text::check_line;

/// One per venue; a chain of more gives its people the whole chain.
const ROLES_MAX: usize = 100;

/// A rank in one venue, or in every one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VenueRole {
    /// `null` is the whole chain.
    pub venue_id: Option<VenueId>,
    pub role: Role,
}

/// A person who works here.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StaffMember {
    pub id: StaffId,
    #[schema(example = "Maja Lind")]
    pub name: String,
    /// What they sign in with; without one they use the till by PIN alone.
    #[schema(example = "maja@boulebar.example")]
    pub email: Option<String>,
    pub roles: Vec<VenueRole>,
    pub password_set: bool,
    pub pin_set: bool,
    pub archived_at: Option<Timestamp>,
    pub created_at: Timestamp,
    #[serde(skip)]
    pub version: i64,
}

impl Reply for StaffMember {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

impl StaffMember {
    pub(super) fn command(&self) -> EditStaff {
        EditStaff {
            name: self.name.clone(),
            email: self.email.clone(),
            roles: self.roles.clone(),
        }
    }

    fn highest(&self) -> Option<Role> {
        self.roles.iter().map(|given| given.role).max()
    }

    fn is_chain_owner(&self) -> bool {
        self.archived_at.is_none() && self.roles.iter().any(is_owner)
    }
}

fn is_owner(given: &VenueRole) -> bool {
    given.venue_id.is_none() && given.role == Role::Owner
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditStaff {
    #[schema(example = "Maja Lind")]
    pub name: String,
    #[serde(default)]
    #[schema(example = "maja@boulebar.example")]
    pub email: Option<String>,
    pub roles: Vec<VenueRole>,
}

impl EditStaff {
    /// With the email folded as it is compared.
    fn folded(&self) -> EditStaff {
        EditStaff {
            name: self.name.trim().to_owned(),
            email: self.email.as_deref().map(fold_email),
            roles: self.roles.clone(),
        }
    }

    fn check(&self, read: &mut Read) -> Result<()> {
        let mut wrong = Vec::new();
        check_line(&self.name, 100, "/name", &mut wrong);
        check_email(self.email.as_deref(), "/email", &mut wrong);
        if self.roles.is_empty() || self.roles.len() > ROLES_MAX {
            let message = format!("Send 1 to {ROLES_MAX} roles.");
            wrong.push(Field::new("/roles", "invalid_length", message));
            return Err(Error::Invalid(wrong));
        }
        for (place, given) in self.roles.iter().enumerate() {
            let same = |other: &VenueRole| other.venue_id == given.venue_id;
            if self.roles[..place].iter().any(same) {
                let message = "Send one role for a venue.";
                wrong.push(Field::new(format!("/roles/{place}"), "repeated", message));
            }
        }
        let named = self.roles.iter().enumerate().filter_map(|(place, given)| {
            let pointer = format!("/roles/{place}/venueId");
            given.venue_id.map(|venue| (pointer, venue))
        });
        venues::check_known(read, named, &mut wrong)?;
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(wrong))
        }
    }
}

pub(super) fn fold_email(email: &str) -> String {
    email.trim().to_lowercase()
}

pub(super) fn check_email(email: Option<&str>, pointer: &str, wrong: &mut Vec<Field>) {
    let fits = |email: &str| {
        let parts = email.rsplit_once('@');
        email.len() <= 254
            && !email.contains(|c: char| c.is_whitespace() || c.is_control())
            && parts.is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
    };
    if email.is_some_and(|email| !fits(email)) {
        let message = "Send an address like \"maja@example.com\".";
        wrong.push(Field::new(pointer, "invalid", message));
    }
}

/// A PIN is 4 to 8 digits; a password 10 to 128 characters of any kind.
pub(super) fn check_pin(pin: &Secret, pointer: &str, wrong: &mut Vec<Field>) {
    let pin = pin.expose();
    if !(4..=8).contains(&pin.len()) || !pin.bytes().all(|b| b.is_ascii_digit()) {
        wrong.push(Field::new(pointer, "invalid", "Send 4 to 8 digits."));
    }
}

pub(super) fn check_password(password: &Secret, pointer: &str, wrong: &mut Vec<Field>) {
    if !(10..=128).contains(&password.expose().chars().count()) {
        wrong.push(Field::new(pointer, "invalid", "Send 10 to 128 characters."));
    }
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPassword {
    /// 10 to 128 characters.
    pub password: Secret,
}

impl SetPassword {
    pub async fn hashed(self, hall: &Hall) -> Result<String> {
        let mut wrong = Vec::new();
        check_password(&self.password, "/password", &mut wrong);
        if wrong.is_empty() {
            secret::hash(self.password, hall.entropy.clone()).await
        } else {
            Err(Error::Invalid(wrong))
        }
    }
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPin {
    /// 4 to 8 digits.
    #[schema(value_type = String, format = Password, example = "2580")]
    pub pin: Secret,
}

impl SetPin {
    pub async fn hashed(self, hall: &Hall) -> Result<String> {
        let mut wrong = Vec::new();
        check_pin(&self.pin, "/pin", &mut wrong);
        if wrong.is_empty() {
            secret::hash(self.pin, hall.entropy.clone()).await
        } else {
            Err(Error::Invalid(wrong))
        }
    }
}

/// Whoever acts has at least the rank that they give, edit or take away.
fn within(limit: Role, rank: Option<Role>) -> Result<()> {
    match rank {
        Some(rank) if rank > limit => Err(Error::Forbidden(rank)),
        _ => Ok(()),
    }
}

/// `limit` is the rank of whoever hires.
pub fn create(tx: &mut Tx, ask: &EditStaff, limit: Role) -> Result<StaffMember> {
    let ask = ask.folded();
    ask.check(tx)?;
    within(limit, ask.roles.iter().map(|given| given.role).max())?;
    let id: StaffId = tx.new_id();
    store::insert(tx, id, &ask)?;
    store::insert_roles(tx, id, &ask.roles)?;
    list_email(tx, id, ask.email.as_deref())?;
    let made = member(tx, id)?;
    tx.audit_new("staff.hire", id, &made)?;
    Ok(made)
}

fn list_email(tx: &mut Tx, id: StaffId, email: Option<&str>) -> Result<()> {
    let Some(email) = email else { return Ok(()) };
    let taken = Error::Conflict(Code::EmailTaken, Extra::none());
    identity::list(tx, Lookup::StaffEmail, email, id, taken)
}

/// A person and their rank: at one venue, or everywhere.
pub fn hire(tx: &mut Tx, name: &str, role: Role, venue: Option<VenueId>) -> Result<StaffId> {
    let ask = EditStaff {
        name: name.into(),
        email: None,
        roles: vec![VenueRole {
            venue_id: venue,
            role,
        }],
    };
    create(tx, &ask, Role::Owner).map(|member| member.id)
}

pub fn edit(
    tx: &mut Tx,
    id: StaffId,
    ask: &EditStaff,
    limit: Role,
    if_match: Option<&HeaderValue>,
) -> Result<StaffMember> {
    let before = member(tx, id)?;
    etag::honour(if_match, before.version)?;
    let ask = ask.folded();
    ask.check(tx)?;
    within(limit, before.highest())?;
    within(limit, ask.roles.iter().map(|given| given.role).max())?;
    if before.is_chain_owner() && !ask.roles.iter().any(is_owner) {
        keep_an_owner(tx, id)?;
    }
    store::update(tx, id, &ask, before.version)?;
    store::delete_roles(tx, id)?;
    store::insert_roles(tx, id, &ask.roles)?;
    if ask.email != before.email && before.archived_at.is_none() {
        identity::unlist(tx, Lookup::StaffEmail, id)?;
        list_email(tx, id, ask.email.as_deref())?;
    }
    let after = member(tx, id)?;
    tx.audit("staff.edit", id, Some(&before), Some(&after))?;
    Ok(after)
}

/// Lets an act pass that was decided on by this version of the person.
pub fn honour(read: &mut Read, id: StaffId, if_match: Option<&HeaderValue>) -> Result<()> {
    etag::honour(if_match, member(read, id)?.version)
}

fn keep_an_owner(tx: &mut Tx, leaving: StaffId) -> Result<()> {
    if store::has_other_owner(tx, leaving)? {
        Ok(())
    } else {
        Err(Error::Refused(Code::LastOwner, Extra::none()))
    }
}

/// Lets a person go: their sessions end with this very write (L35).
pub fn archive(tx: &mut Tx, id: StaffId, limit: Role) -> Result<()> {
    let before = member(tx, id)?;
    within(limit, before.highest())?;
    if before.archived_at.is_some() {
        return Ok(());
    }
    if before.is_chain_owner() {
        keep_an_owner(tx, id)?;
    }
    store::mark_archived(tx, id)?;
    identity::unlist(tx, Lookup::StaffEmail, id)?;
    sessions::end_all_of_staff(tx, id)?;
    tx.audit("staff.archive", id, Some(&before), None::<&()>)
}

/// A new password ends the sessions that the old one opened. `hash` is argon2id's, made off the store.
pub fn set_password(tx: &mut Tx, id: StaffId, hash: &str, limit: Role) -> Result<()> {
    within(limit, member(tx, id)?.highest())?;
    store::set_password(tx, id, hash)?;
    tries::forget(tx, &Subject::password_of(id))?;
    sessions::end_all_of_staff(tx, id)?;
    tx.audit_new("staff.set_password", id, &())
}

/// A new PIN ends the sessions at tills, which the old one opened. `hash` is argon2id's, made off the store.
pub fn set_pin(tx: &mut Tx, id: StaffId, hash: &str, limit: Role) -> Result<()> {
    within(limit, member(tx, id)?.highest())?;
    store::set_pin(tx, id, hash)?;
    tries::forget(tx, &Subject::pin_of(id))?;
    sessions::end_all_at_tills(tx, id)?;
    tx.audit_new("staff.set_pin", id, &())
}

/// Recovers access from the machine itself: a new password for whoever signs in with `email`.
///
/// # Errors
/// `NotFound` where nobody does.
pub async fn reset(hall: &Hall, email: &str) -> Result<Secret> {
    let email = fold_email(email);
    let scope = Scope::of_nobody(hall.clock.now());
    let find = move |read: &mut Read| identity::look_up(read, Lookup::StaffEmail, &email);
    let found = hall.db.read(scope, find).await?;
    let (tenant, id) = found.ok_or(Error::NotFound("person with this email"))?;
    let id: StaffId = id.parse().map_err(Error::bug)?;
    let password = secret::token(&hall.entropy, "");
    let hash = secret::hash(password.clone(), hall.entropy.clone()).await?;
    let scope = Scope::new(tenant, hall.clock.now(), By::cli());
    let set = move |tx: &mut Tx| set_password(tx, id, &hash, Role::Owner);
    hall.db.write(scope, Vec::new(), set).await?;
    Ok(password)
}

pub fn member(read: &mut Read, id: StaffId) -> Result<StaffMember> {
    store::find(read, id)?.ok_or(Error::NotFound("person"))
}

pub fn members(read: &mut Read, paging: &Paging, filter: Archived) -> Result<Page<StaffMember>> {
    store::list(read, paging, filter)
}

/// The rank of a person who still works here, in one venue.
pub fn role_at(read: &mut Read, id: StaffId, venue: VenueId) -> Result<Option<Role>> {
    store::role_at(read, id, venue)
}

pub(super) fn pin_hash(read: &mut Read, id: StaffId) -> Result<Option<String>> {
    store::pin_hash(read, id)
}

pub(super) fn password_hash(read: &mut Read, id: StaffId) -> Result<Option<String>> {
    store::password_hash(read, id)
}

/// Somebody who may switch to a till of the venue by PIN.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TillStaff {
    pub id: StaffId,
    #[schema(example = "Maja Lind")]
    pub name: String,
}

impl Reply for TillStaff {}

/// Everybody who has a rank in the venue and a PIN.
pub fn at_till(read: &mut Read, venue: VenueId) -> Result<Vec<TillStaff>> {
    store::at_till(read, venue, Role::Staff)
}

/// Everybody who may stand by with their PIN where a discount asks for somebody of rank.
pub fn approvers(read: &mut Read, venue: VenueId) -> Result<Vec<TillStaff>> {
    store::at_till(read, venue, Role::Manager)
}
