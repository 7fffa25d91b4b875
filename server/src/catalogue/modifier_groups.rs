//! Modifier groups: what may be added to a product, how many of it, and for how much more or less.

use axum::http::HeaderValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::categories::yes;
use super::{NAME_MAX, store};
use crate::hall::call::Reply;
use crate::hall::error::{Error, Field, Result};
use crate::hall::etag;
use crate::hall::id::{ModifierGroupId, ModifierId};
use crate::hall::money::{AMOUNT_MAX, Money};
use crate::hall::page::{Listing, Page};
use crate::hall::patch::Change;
use crate::hall::store::{Read, Tx};
use crate::hall::text;

/// More choices than this are no question that a till can ask.
const MODIFIERS_MAX: usize = 100;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Modifier {
    pub id: ModifierId,
    #[schema(example = "Oat milk")]
    pub name: String,
    /// What it adds to the price; below zero it takes off.
    pub price_delta: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModifierGroup {
    pub id: ModifierGroupId,
    #[schema(example = "Milk")]
    pub name: String,
    #[schema(example = 0)]
    pub choose_min: u32,
    /// Without one, as many as are wanted.
    #[schema(example = 1)]
    pub choose_max: Option<u32>,
    pub modifiers: Vec<Modifier>,
    pub active: bool,
    #[schema(example = 1)]
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Reply for ModifierGroup {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditModifier {
    /// Of a modifier that stays; left out for a new one.
    pub id: Option<ModifierId>,
    #[schema(example = "Oat milk")]
    pub name: String,
    pub price_delta: Money,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditModifierGroup {
    #[schema(example = "Milk")]
    pub name: String,
    #[serde(default)]
    #[schema(example = 0)]
    pub choose_min: u32,
    #[schema(example = 1)]
    pub choose_max: Option<u32>,
    /// All of them in their order: one that is not named is sold no more.
    #[serde(default)]
    pub modifiers: Vec<EditModifier>,
    #[serde(default = "yes")]
    pub active: bool,
}

impl EditModifierGroup {
    fn of(group: &ModifierGroup) -> EditModifierGroup {
        let modifiers = group.modifiers.iter().map(|modifier| EditModifier {
            id: Some(modifier.id),
            name: modifier.name.clone(),
            price_delta: modifier.price_delta.clone(),
        });
        EditModifierGroup {
            name: group.name.clone(),
            choose_min: group.choose_min,
            choose_max: group.choose_max,
            modifiers: modifiers.collect(),
            active: group.active,
        }
    }

    /// `known`: the modifiers that the group has already.
    fn checked(mut self, known: &[Modifier]) -> Result<EditModifierGroup> {
        let mut wrong = Vec::new();
        text::check_line(&self.name, NAME_MAX, "/name", &mut wrong);
        if self
            .choose_max
            .is_some_and(|most| most == 0 || most < self.choose_min)
        {
            let said = "Send a number that is at least 1 and at least chooseMin.";
            wrong.push(Field::new("/chooseMax", "out_of_range", said));
        }
        if self.modifiers.len() > MODIFIERS_MAX {
            let said = format!("Send at most {MODIFIERS_MAX} modifiers.");
            wrong.push(Field::new("/modifiers", "too_many", said));
        }
        for (place, modifier) in self.modifiers.iter().enumerate() {
            let pointer = format!("/modifiers/{place}");
            check_modifier(modifier, &pointer, &mut wrong);
            let others = &self.modifiers[..place];
            if others
                .iter()
                .any(|other| text::fold(&other.name) == text::fold(&modifier.name))
            {
                let said = "Send each name once.";
                wrong.push(Field::new(format!("{pointer}/name"), "duplicate", said));
            }
            if let Some(id) = modifier.id {
                let is_known = known.iter().any(|known| known.id == id);
                let is_repeated = others.iter().any(|other| other.id == Some(id));
                if !is_known || is_repeated {
                    let said = "Send the id of a modifier of this group once, or none.";
                    wrong.push(Field::new(format!("{pointer}/id"), "not_found", said));
                }
            }
        }
        if !wrong.is_empty() {
            return Err(Error::Invalid(wrong));
        }
        self.name = self.name.trim().to_owned();
        Ok(self)
    }
}

fn check_modifier(modifier: &EditModifier, pointer: &str, wrong: &mut Vec<Field>) {
    text::check_line(&modifier.name, NAME_MAX, &format!("{pointer}/name"), wrong);
    let pointer = format!("{pointer}/priceDelta");
    modifier.price_delta.check(-AMOUNT_MAX, &pointer, wrong);
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ModifierGroupFilter {
    /// The beginning of the name, whatever the case and accents.
    pub search: Option<String>,
    pub active: Option<bool>,
    /// Only what changed at this instant or later, oldest change first.
    pub updated_since: Option<Timestamp>,
}

pub fn create(tx: &mut Tx, ask: &EditModifierGroup) -> Result<ModifierGroup> {
    let ask = ask.clone().checked(&[])?;
    let id = tx.new_id();
    store::modifier_groups::insert(tx, id, &ask)?;
    arrange(tx, id, &ask.modifiers)?;
    let made = find(tx, id)?;
    tx.audit_new("modifierGroup.create", id, &made)?;
    Ok(made)
}

pub fn find(read: &mut Read, id: ModifierGroupId) -> Result<ModifierGroup> {
    let group = store::modifier_groups::find(read, id)?;
    let group = group.ok_or(Error::NotFound("modifier group"))?;
    let mut whole = with_modifiers(read, vec![group])?;
    whole.pop().ok_or(Error::NotFound("modifier group"))
}

pub fn list(read: &mut Read, ask: &Listing<ModifierGroupFilter>) -> Result<Page<ModifierGroup>> {
    let mut page = store::modifier_groups::list(read, ask)?;
    page.items = with_modifiers(read, page.items)?;
    Ok(page)
}

fn with_modifiers(read: &mut Read, mut groups: Vec<ModifierGroup>) -> Result<Vec<ModifierGroup>> {
    let ids: Vec<ModifierGroupId> = groups.iter().map(|group| group.id).collect();
    let mut modifiers = store::modifier_groups::modifiers(read, &ids)?;
    for group in &mut groups {
        group.modifiers = modifiers.remove(&group.id).unwrap_or_default();
    }
    Ok(groups)
}

pub fn edit(
    tx: &mut Tx,
    id: ModifierGroupId,
    if_match: Option<&HeaderValue>,
    change: &Change<EditModifierGroup>,
) -> Result<ModifierGroup> {
    let before = find(tx, id)?;
    etag::honour(if_match, before.version)?;
    let ask = change.onto(&EditModifierGroup::of(&before))?;
    let ask = ask.checked(&before.modifiers)?;
    store::modifier_groups::update(tx, &before, &ask)?;
    for gone in &before.modifiers {
        if !ask.modifiers.iter().any(|kept| kept.id == Some(gone.id)) {
            store::modifier_groups::archive_modifier(tx, gone.id)?;
        }
    }
    arrange(tx, id, &ask.modifiers)?;
    let after = find(tx, id)?;
    tx.audit("modifierGroup.edit", id, Some(&before), Some(&after))?;
    Ok(after)
}

/// Writes the modifiers in the order in which they were sent.
fn arrange(tx: &mut Tx, group: ModifierGroupId, modifiers: &[EditModifier]) -> Result<()> {
    for (place, modifier) in (0..).zip(modifiers) {
        let id = modifier.id.unwrap_or_else(|| tx.new_id());
        store::modifier_groups::put_modifier(tx, group, id, place, modifier)?;
    }
    Ok(())
}

/// Puts the group away with its modifiers; doing it again changes nothing.
pub fn archive(tx: &mut Tx, id: ModifierGroupId, if_match: Option<&HeaderValue>) -> Result<()> {
    let before = find(tx, id)?;
    etag::honour(if_match, before.version)?;
    if !before.active {
        return Ok(());
    }
    let away = EditModifierGroup {
        active: false,
        ..EditModifierGroup::of(&before)
    };
    edit(tx, id, None, &Change::Replace(away)).map(|_| ())
}
