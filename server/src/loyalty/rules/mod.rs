//! What accrual rules and promotions share: where they are live, what they look at, their versions.
//!
//! Both are kept whole with each ledger row that they decided, so an edit changes nothing that was earned; the
//! version here is what an editor saw. What is live at a venue is found by the same two questions however many
//! rules there are.

mod store;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::hall::error::{Code, Error, Extra, Field, Result};
use crate::hall::id::{CategoryId, CustomerId, GroupId, ProductId, VenueId};
use crate::hall::money::Money;
use crate::hall::page::{Page, Paging};
use crate::hall::store::{Read, Tx};
use crate::hall::text;

pub use store::Search;
#[cfg(test)]
pub use store::{LIVE, TARGETS};

pub const NAME_MAX: usize = 120;
/// Every one of them is weighed for every purchase.
const LIVE_MAX: i64 = 500;
const VENUES_MAX: usize = 1_000;
const TARGETS_MAX: usize = 500;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    Accrual,
    Promotion,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Kind::Accrual => "ACCRUAL",
            Kind::Promotion => "PROMOTION",
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Kind::Accrual => "accrual rule",
            Kind::Promotion => "promotion",
        }
    }

    fn chain_path(self) -> &'static str {
        match self {
            Kind::Accrual => "/api/v1/chain/loyalty/accrual-rules",
            Kind::Promotion => "/api/v1/chain/loyalty/promotions",
        }
    }
}

/// A rule as it is to be kept. `terms` is what its kind adds.
#[derive(Debug, Clone)]
pub struct Draft {
    pub name: String,
    pub active: bool,
    pub venue_ids: Vec<VenueId>,
    pub category_ids: Vec<CategoryId>,
    pub item_ids: Vec<ProductId>,
    pub customer_group_id: Option<GroupId>,
    pub points_max: Option<i64>,
    pub terms: Json,
}

/// A rule as it is kept.
#[derive(Debug, Clone)]
pub struct Kept {
    pub id: String,
    pub version: i64,
    pub name: String,
    pub active: bool,
    pub venue_ids: Vec<VenueId>,
    pub category_ids: Vec<CategoryId>,
    pub item_ids: Vec<ProductId>,
    pub customer_group_id: Option<GroupId>,
    pub points_max: Option<i64>,
    pub terms: Json,
    pub archived_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A rule that is live at a venue, and what it has given the customer who asks.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Live {
    pub kind: Kind,
    pub id: String,
    pub version: i64,
    pub name: String,
    pub category_ids: Vec<String>,
    pub item_ids: Vec<String>,
    pub customer_group_id: Option<String>,
    pub points_max: Option<i64>,
    pub given: i64,
    pub terms: Json,
}

pub fn create(tx: &mut Tx, kind: Kind, id: &str, draft: &Draft) -> Result<Kept> {
    refuse_crowd(tx, draft)?;
    store::insert(tx, kind, id, draft)?;
    store::replace_parts(tx, id, draft)?;
    find(tx, kind, None, id)
}

/// The rule, if it is live at the venue, or was until it was archived.
pub fn find(read: &mut Read, kind: Kind, venue: Option<VenueId>, id: &str) -> Result<Kept> {
    store::find(read, kind, venue, id)?.ok_or(Error::NotFound(kind.noun()))
}

/// Those that are not archived, by name.
pub fn list(
    read: &mut Read,
    kind: Kind,
    venue: Option<VenueId>,
    search: &Search,
    paging: &Paging,
) -> Result<Page<Kept>> {
    store::list(read, kind, venue, search, paging)
}

/// Puts `draft` in place of what `before` says.
pub fn edit(tx: &mut Tx, kind: Kind, before: &Kept, draft: &Draft) -> Result<Kept> {
    if before.archived_at.is_some() {
        let said = format!("The {} is archived: make a new one.", kind.noun());
        return Err(Error::Conflict(Code::AlreadyDone, Extra::saying(said)));
    }
    if !before.active {
        refuse_crowd(tx, draft)?;
    }
    store::update(tx, before, draft)?;
    store::replace_parts(tx, &before.id, draft)?;
    find(tx, kind, None, &before.id)
}

/// Ends it at once, everywhere; whether it was not ended already.
pub fn archive(tx: &mut Tx, before: &Kept) -> Result<bool> {
    if before.archived_at.is_some() {
        return Ok(false);
    }
    store::archive(tx, &before.id)?;
    Ok(true)
}

/// For a change: what is live at other venues too is not this venue's to change.
pub fn own(read: &mut Read, kind: Kind, venue: Option<VenueId>, id: &str) -> Result<Kept> {
    let found = find(read, kind, venue, id)?;
    match venue {
        Some(venue) if found.venue_ids != [venue] => {
            let said = format!(
                "The {} is live at other venues too: change it under {}.",
                kind.noun(),
                kind.chain_path()
            );
            Err(Error::Refused(Code::MethodUnavailable, Extra::saying(said)))
        }
        _ => Ok(found),
    }
}

/// What is live at the venue, by id, with what each promotion has given the customer.
pub fn live(read: &mut Read, venue: VenueId, customer: CustomerId) -> Result<Vec<Live>> {
    store::live(read, venue, customer)
}

/// The live promotions that target the group, by name.
pub fn uses_of_group(read: &mut Read, group: GroupId) -> Result<Vec<String>> {
    store::uses_of_group(read, group)
}

fn refuse_crowd(tx: &mut Tx, draft: &Draft) -> Result<()> {
    if draft.active && store::count_live(tx)? >= LIVE_MAX {
        let said = format!(
            "The chain has {LIVE_MAX} live accrual rules and promotions: archive or pause one first."
        );
        return Err(Error::Refused(Code::MethodUnavailable, Extra::saying(said)));
    }
    Ok(())
}

/// Where a list of targets stands in the body.
#[derive(Debug, Clone, Copy)]
pub struct Pointers {
    pub categories: &'static str,
    pub items: &'static str,
}

/// Notes what is not right with name, venues and targets, and writes the venue of the path out.
pub fn check(
    read: &mut Read,
    venue: Option<VenueId>,
    draft: &mut Draft,
    amount: Option<(&Money, &str)>,
    at: Pointers,
    wrong: &mut Vec<Field>,
) -> Result<()> {
    text::check_line(&draft.name, NAME_MAX, "/name", wrong);
    draft.name = draft.name.trim().to_owned();
    if draft.venue_ids.is_empty() {
        draft.venue_ids.extend(venue);
    }
    check_venues(read, venue, draft, amount, wrong)?;
    let categories: Vec<String> = draft.category_ids.iter().map(ToString::to_string).collect();
    let items: Vec<String> = draft.item_ids.iter().map(ToString::to_string).collect();
    for (named, known, pointer) in [
        (&categories, store::Known::Categories, at.categories),
        (&items, store::Known::Products, at.items),
    ] {
        if named.len() > TARGETS_MAX {
            let said = format!("Send at most {TARGETS_MAX} of them.");
            wrong.push(Field::new(pointer, "too_many", said));
            continue;
        }
        let known = store::known(read, known, named)?;
        for (place, id) in named.iter().enumerate() {
            let pointer = format!("{pointer}/{place}");
            if named[..place].contains(id) {
                wrong.push(Field::new(pointer, "duplicate", "Send each of them once."));
            } else if !known.contains(id) {
                let said = "Send the id of one of yours.";
                wrong.push(Field::new(pointer, "not_found", said));
            }
        }
    }
    if let Some(group) = draft.customer_group_id {
        let named = [group.to_string()];
        if store::known(read, store::Known::Groups, &named)?.is_empty() {
            let said = "Send the id of a customer group of yours.";
            wrong.push(Field::new("/customerGroupId", "not_found", said));
        }
    }
    Ok(())
}

fn check_venues(
    read: &mut Read,
    venue: Option<VenueId>,
    draft: &Draft,
    amount: Option<(&Money, &str)>,
    wrong: &mut Vec<Field>,
) -> Result<()> {
    if draft.venue_ids.len() > VENUES_MAX {
        let said = format!("Send at most {VENUES_MAX} venues, or none for all.");
        wrong.push(Field::new("/venueIds", "too_many", said));
        return Ok(());
    }
    let currencies = store::currencies(read, &draft.venue_ids)?;
    for (place, id) in draft.venue_ids.iter().enumerate() {
        let pointer = format!("/venueIds/{place}");
        if venue.is_some_and(|venue| venue != *id) {
            let said = "Send the venue of the path, or none; others are named under /chain.";
            wrong.push(Field::new(pointer, "not_allowed", said));
        } else if draft.venue_ids[..place].contains(id) {
            wrong.push(Field::new(pointer, "duplicate", "Send each venue once."));
        } else if !currencies.iter().any(|(known, _)| known == id) {
            let said = "Send the id of a venue of yours.";
            wrong.push(Field::new(pointer, "not_found", said));
        }
    }
    let Some((amount, pointer)) = amount else {
        return Ok(());
    };
    amount.check(0, pointer, wrong);
    if let Some((_, currency)) = currencies.iter().find(|(_, c)| *c != amount.currency) {
        let said = format!("Send an amount in {currency}, which a venue of it has.");
        wrong.push(Field::new(
            format!("{pointer}/currency"),
            "currency_mismatch",
            said,
        ));
    }
    Ok(())
}
