//! Categories: what products are grouped and targeted by, and whether the law has a word in their sale.

use axum::http::HeaderValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{NAME_MAX, Regulated, store};
use crate::hall::call::Reply;
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::etag;
use crate::hall::id::CategoryId;
use crate::hall::page::{Listing, Page};
use crate::hall::patch::Change;
use crate::hall::store::{Read, Tx};
use crate::hall::text;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Category {
    pub id: CategoryId,
    #[schema(example = "Beer")]
    pub name: String,
    /// What regulates its sale, if anything does.
    pub regulated: Option<Regulated>,
    /// Its place on the till, lowest first.
    #[schema(example = 10)]
    pub position: i64,
    pub active: bool,
    #[schema(example = 1)]
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Reply for Category {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditCategory {
    #[schema(example = "Beer")]
    pub name: String,
    pub regulated: Option<Regulated>,
    #[serde(default)]
    #[schema(example = 10)]
    pub position: i64,
    #[serde(default = "yes")]
    pub active: bool,
}

pub(super) fn yes() -> bool {
    true
}

impl EditCategory {
    pub fn named(name: &str) -> EditCategory {
        EditCategory {
            name: name.into(),
            regulated: None,
            position: 0,
            active: true,
        }
    }

    fn of(category: &Category) -> EditCategory {
        EditCategory {
            name: category.name.clone(),
            regulated: category.regulated,
            position: category.position,
            active: category.active,
        }
    }

    fn checked(mut self) -> Result<EditCategory> {
        let mut wrong = Vec::new();
        text::check_line(&self.name, NAME_MAX, "/name", &mut wrong);
        if !(0..=1_000_000).contains(&self.position) {
            wrong.push(crate::hall::error::Field::new(
                "/position",
                "out_of_range",
                "Send a whole number from 0 to 1000000.",
            ));
        }
        if !wrong.is_empty() {
            return Err(Error::Invalid(wrong));
        }
        self.name = self.name.trim().to_owned();
        Ok(self)
    }
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CategoryFilter {
    /// The beginning of the name, whatever the case and accents.
    pub search: Option<String>,
    pub active: Option<bool>,
    /// Only what changed at this instant or later, oldest change first.
    pub updated_since: Option<Timestamp>,
}

pub fn create(tx: &mut Tx, ask: &EditCategory) -> Result<Category> {
    let ask = ask.clone().checked()?;
    let id = tx.new_id();
    store::categories::insert(tx, id, &ask)?;
    let made = find(tx, id)?;
    tx.audit_new("category.create", id, &made)?;
    Ok(made)
}

pub fn find(read: &mut Read, id: CategoryId) -> Result<Category> {
    store::categories::find(read, id)?.ok_or(Error::NotFound("category"))
}

pub fn list(read: &mut Read, ask: &Listing<CategoryFilter>) -> Result<Page<Category>> {
    store::categories::list(read, ask)
}

pub fn edit(
    tx: &mut Tx,
    id: CategoryId,
    if_match: Option<&HeaderValue>,
    change: &Change<EditCategory>,
) -> Result<Category> {
    let before = find(tx, id)?;
    etag::honour(if_match, before.version)?;
    let ask = change.onto(&EditCategory::of(&before))?.checked()?;
    if !ask.active && before.active {
        refuse_used(tx, id)?;
    }
    store::categories::update(tx, &before, &ask)?;
    let after = find(tx, id)?;
    tx.audit("category.edit", id, Some(&before), Some(&after))?;
    Ok(after)
}

/// Puts the category away; doing it again changes nothing.
pub fn archive(tx: &mut Tx, id: CategoryId, if_match: Option<&HeaderValue>) -> Result<()> {
    let before = find(tx, id)?;
    etag::honour(if_match, before.version)?;
    if !before.active {
        return Ok(());
    }
    let away = EditCategory {
        active: false,
        ..EditCategory::of(&before)
    };
    edit(tx, id, None, &Change::Replace(away)).map(|_| ())
}

fn refuse_used(tx: &mut Tx, id: CategoryId) -> Result<()> {
    let products = store::categories::live_products(tx, id)?;
    if products > 0 {
        let said = "Products are still in the category: move or archive them first.";
        return Err(Error::Conflict(
            Code::StillUsed,
            Extra::saying(said).with("products", products),
        ));
    }
    Ok(())
}
