//! Groups: who belongs is decided by hand. A customer is in one group at most.
//!
//! `members` counts the active customers of a group (L25) and is moved with each of them.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::HeaderValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;

use super::store::groups as store;
use crate::hall::call::Reply;
use crate::hall::error::{Code, Error, Extra, Field, Result};
use crate::hall::id::{CustomerId, GroupId, VenueId};
use crate::hall::page::{Page, Paging};
use crate::hall::room::UsesOfGroup;
use crate::hall::store::{Read, Tx};
use crate::hall::{etag, identity, patch};

/// Customers that one call assigns or removes.
pub const CUSTOMERS_MAX: usize = 1_000;
/// Customers that one transaction of a deletion lets go.
const EMPTIED_AT_ONCE: i64 = 500;
const NAME_LETTERS_MAX: usize = 100;
const DESCRIPTION_LETTERS_MAX: usize = 500;
const COLOR_LETTERS_MAX: usize = 40;
const VENUES_MAX: usize = 200;
/// Unknown customers that an error names; the rest shows at the next try.
const NAMED_MAX: usize = 100;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditGroup {
    /// Unique in the chain.
    #[schema(example = "Regular boulists")]
    pub name: String,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    #[schema(example = "#2f9e44")]
    pub color: Option<String>,
    /// Where it is seen: under a venue that venue, under the chain these, none being all.
    #[serde(default)]
    pub venue_ids: Option<Vec<VenueId>>,
}

/// A group of customers, put together by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    pub id: GroupId,
    #[schema(example = "Regular boulists")]
    pub name: String,
    pub description: Option<String>,
    #[schema(example = "#2f9e44")]
    pub color: Option<String>,
    /// Empty: every venue.
    pub venue_ids: Vec<VenueId>,
    /// Active customers in it.
    #[schema(example = 42)]
    pub members: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    #[schema(example = 1)]
    pub version: i64,
}

impl Reply for Group {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

/// Who is to be put into a group or taken out of it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Members {
    /// From 1 to 1,000; all of them or none is moved.
    pub customer_ids: Vec<CustomerId>,
}

/// From where a group is looked at: a venue, or `None` for the chain.
pub type From = Option<VenueId>;

pub fn find(read: &mut Read, from: From, id: GroupId) -> Result<Group> {
    let group = store::find(read, id)?.ok_or(Error::NotFound("group"))?;
    let seen =
        from.is_none_or(|venue| group.venue_ids.is_empty() || group.venue_ids.contains(&venue));
    if seen {
        Ok(group)
    } else {
        Err(Error::NotFound("group"))
    }
}

pub fn list(read: &mut Read, from: From, paging: &Paging) -> Result<Page<Group>> {
    let after: Option<(String, String)> = paging.after()?;
    let counted = match after {
        None => Some(store::count(read, from)?),
        Some(_) => None,
    };
    let rows = store::list(read, from, after.as_ref(), paging)?;
    Ok(Page::of(paging, rows, counted, |group: &Group| {
        (group.name.clone(), group.id.to_string())
    }))
}

pub fn create(tx: &mut Tx, from: From, ask: &EditGroup) -> Result<Group> {
    let ask = checked(tx, from, ask)?;
    let id: GroupId = tx.new_id();
    store::insert(tx, id, &ask)?;
    let group = find(tx, None, id)?;
    tx.audit_new("customer_group.create", id, &group)?;
    Ok(group)
}

pub fn edit(
    tx: &mut Tx,
    from: From,
    id: GroupId,
    if_match: Option<&HeaderValue>,
    ask: &EditGroup,
) -> Result<Group> {
    let before = own(tx, from, id)?;
    etag::honour(if_match, before.version)?;
    save(tx, from, &before, ask)
}

pub fn change(
    tx: &mut Tx,
    from: From,
    id: GroupId,
    if_match: Option<&HeaderValue>,
    changes: &Json,
) -> Result<Group> {
    let before = own(tx, from, id)?;
    etag::honour(if_match, before.version)?;
    let current = EditGroup {
        name: before.name.clone(),
        description: before.description.clone(),
        color: before.color.clone(),
        venue_ids: Some(before.venue_ids.clone()),
    };
    let ask = patch::merge(&current, changes)?;
    save(tx, from, &before, &ask)
}

fn save(tx: &mut Tx, from: From, before: &Group, ask: &EditGroup) -> Result<Group> {
    let ask = checked(tx, from, ask)?;
    store::update(tx, before, &ask)?;
    let after = find(tx, None, before.id)?;
    tx.audit("customer_group.edit", before.id, Some(before), Some(&after))?;
    Ok(after)
}

/// A group that may be changed from here: the chain's own are changed by the chain.
fn own(read: &mut Read, from: From, id: GroupId) -> Result<Group> {
    let group = find(read, from, id)?;
    match from {
        Some(venue) if group.venue_ids != [venue] => {
            let said = "This group is seen at other venues too; change it under /api/v1/chain/customer-groups.";
            Err(Error::Refused(Code::MethodUnavailable, Extra::saying(said)))
        }
        _ => Ok(group),
    }
}

fn checked(read: &mut Read, from: From, ask: &EditGroup) -> Result<EditGroup> {
    let mut wrong = Vec::new();
    let trimmed = |text: &Option<String>| {
        let text = text.as_deref().map(str::trim);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let kept = EditGroup {
        name: ask.name.trim().to_owned(),
        description: trimmed(&ask.description),
        color: trimmed(&ask.color),
        venue_ids: Some(venues(read, from, ask.venue_ids.as_deref(), &mut wrong)?),
    };
    if kept.name.is_empty() {
        wrong.push(Field::new("/name", "missing", "Give the group a name."));
    }
    for (text, most, pointer) in [
        (Some(&kept.name), NAME_LETTERS_MAX, "/name"),
        (
            kept.description.as_ref(),
            DESCRIPTION_LETTERS_MAX,
            "/description",
        ),
        (kept.color.as_ref(), COLOR_LETTERS_MAX, "/color"),
    ] {
        if text.is_some_and(|text| text.chars().count() > most) {
            let message = format!("Send at most {most} characters.");
            wrong.push(Field::new(pointer, "too_long", message));
        }
    }
    if wrong.is_empty() {
        Ok(kept)
    } else {
        Err(Error::Invalid(wrong))
    }
}

fn venues(
    read: &mut Read,
    from: From,
    sent: Option<&[VenueId]>,
    wrong: &mut Vec<Field>,
) -> Result<Vec<VenueId>> {
    if let Some(venue) = from {
        if sent.is_some_and(|sent| sent != [venue]) {
            let message = "Under a venue a group is that venue's; use /api/v1/chain/customer-groups for more.";
            wrong.push(Field::new("/venueIds", "invalid", message));
        }
        return Ok(vec![venue]);
    }
    let sent: BTreeSet<VenueId> = sent.unwrap_or_default().iter().copied().collect();
    if sent.len() > VENUES_MAX {
        let message = format!("Send at most {VENUES_MAX}, or none for every venue.");
        wrong.push(Field::new("/venueIds", "too_many", message));
        return Ok(Vec::new());
    }
    for (place, venue) in sent.iter().enumerate() {
        if identity::venue(read, *venue)?.is_none() {
            let pointer = format!("/venueIds/{place}");
            wrong.push(Field::new(
                pointer,
                "unknown",
                format!("There is no venue {venue}."),
            ));
        }
    }
    Ok(sent.into_iter().collect())
}

/// Puts all of them into the group, out of whichever they were in.
///
/// # Errors
/// `Invalid` names the customers that are unknown or archived; then nobody is moved.
pub fn assign(tx: &mut Tx, from: From, id: GroupId, ask: &Members) -> Result<Group> {
    let group = find(tx, from, id)?;
    let known = known(tx, ask)?;
    let mut by_group: BTreeMap<Option<GroupId>, Vec<CustomerId>> = BTreeMap::new();
    for (customer, current) in known {
        if current != Some(id) {
            by_group.entry(current).or_default().push(customer);
        }
    }
    for (current, customers) in by_group {
        store::put(tx, &customers, current, Some(id))?;
        add(tx, current, -customers_of(&customers))?;
        add(tx, Some(id), customers_of(&customers))?;
    }
    tx.audit("customer_group.assign", id, Some(&group), Some(ask))?;
    find(tx, from, id)
}

/// Takes those out of the group who are in it.
///
/// # Errors
/// As [`assign`].
pub fn remove(tx: &mut Tx, from: From, id: GroupId, ask: &Members) -> Result<Group> {
    let group = find(tx, from, id)?;
    let members: Vec<CustomerId> = known(tx, ask)?
        .into_iter()
        .filter(|(_, current)| *current == Some(id))
        .map(|(customer, _)| customer)
        .collect();
    store::put(tx, &members, Some(id), None)?;
    add(tx, Some(id), -customers_of(&members))?;
    tx.audit("customer_group.remove", id, Some(&group), Some(ask))?;
    find(tx, from, id)
}

fn customers_of(customers: &[CustomerId]) -> i64 {
    i64::try_from(customers.len()).unwrap_or(i64::MAX)
}

/// The named customers with their groups; each once.
fn known(tx: &mut Tx, ask: &Members) -> Result<BTreeMap<CustomerId, Option<GroupId>>> {
    if ask.customer_ids.is_empty() || ask.customer_ids.len() > CUSTOMERS_MAX {
        let message = format!("Send from 1 to {CUSTOMERS_MAX} ids.");
        return Err(Error::field("/customerIds", "out_of_range", message));
    }
    let known = store::groups_of(tx, &ask.customer_ids)?;
    let unknown: Vec<Field> = ask
        .customer_ids
        .iter()
        .enumerate()
        .filter(|(_, customer)| !known.contains_key(customer))
        .take(NAMED_MAX)
        .map(|(place, customer)| {
            let pointer = format!("/customerIds/{place}");
            Field::new(
                pointer,
                "unknown",
                format!("There is no active customer {customer}."),
            )
        })
        .collect();
    if unknown.is_empty() {
        Ok(known)
    } else {
        Err(Error::Invalid(unknown))
    }
}

/// An active customer went from one group to another.
pub(super) fn moved(tx: &mut Tx, before: Option<GroupId>, after: Option<GroupId>) -> Result<()> {
    if before == after {
        return Ok(());
    }
    add(tx, before, -1)?;
    add(tx, after, 1)
}

fn add(tx: &mut Tx, group: Option<GroupId>, members: i64) -> Result<()> {
    match group {
        Some(group) if members != 0 => store::add_members(tx, group, members),
        _ => Ok(()),
    }
}

/// Whether the group may go.
///
/// # Errors
/// `Conflict(GroupInUse)` with the names of the discounts that target it.
pub fn may_delete(
    read: &mut Read,
    from: From,
    id: GroupId,
    if_match: Option<&HeaderValue>,
    used_by: &[UsesOfGroup],
) -> Result<Group> {
    let group = own(read, from, id)?;
    etag::honour(if_match, group.version)?;
    let mut uses = Vec::new();
    for of_room in used_by {
        uses.extend(of_room(read, id)?);
    }
    if uses.is_empty() {
        return Ok(group);
    }
    let said = format!(
        "Archive or change what targets the group first: {}.",
        uses.join(", ")
    );
    let extra = Extra::saying(said).with("discounts", uses);
    Err(Error::Conflict(Code::GroupInUse, extra))
}

/// Lets go of some of the group's customers, and says of how many: a large group is emptied by several
/// transactions, so that no sale waits for it.
pub fn empty_some(tx: &mut Tx, id: GroupId) -> Result<usize> {
    let (all, active) = store::let_go(tx, id, EMPTIED_AT_ONCE)?;
    add(tx, Some(id), -active)?;
    if all > 0 {
        tx.audit("customer_group.empty", id, None::<&()>, None::<&()>)?;
    }
    Ok(all)
}

/// Deletes the group, which nobody is in any more.
pub fn delete(tx: &mut Tx, from: From, id: GroupId, used_by: &[UsesOfGroup]) -> Result<()> {
    let group = may_delete(tx, from, id, None, used_by)?;
    store::delete(tx, id)?;
    tx.audit("customer_group.delete", id, Some(&group), None::<&()>)
}
