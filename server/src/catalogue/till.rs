//! What the till draws: a button for each product that is sold at the venue.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Modifier, Regulated, Sold, sold, store};
use crate::hall::call::Reply;
use crate::hall::error::{Error, Result};
use crate::hall::id::{CategoryId, ModifierGroupId, ProductId, TaxClassId};
use crate::hall::identity::Venue;
use crate::hall::money::Money;
use crate::hall::page::{Listing, Page};
use crate::hall::store::Read;

/// A product as the till shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Button {
    pub id: ProductId,
    #[schema(example = "Lager 50 cl")]
    pub name: String,
    pub category: ButtonCategory,
    pub tax_class_id: TaxClassId,
    /// At this venue.
    pub price: Money,
    #[schema(example = "https://example.com/lager.jpg")]
    pub image_url: Option<String>,
    /// What is asked when it is tapped, in this order.
    pub modifier_groups: Vec<ButtonGroup>,
}

impl Reply for Button {}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ButtonCategory {
    pub id: CategoryId,
    #[schema(example = "Beer")]
    pub name: String,
    #[schema(example = 10)]
    pub position: i64,
    pub regulated: Option<Regulated>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ButtonGroup {
    pub id: ModifierGroupId,
    #[schema(example = "Size")]
    pub name: String,
    #[schema(example = 1)]
    pub choose_min: u32,
    #[schema(example = 1)]
    pub choose_max: Option<u32>,
    pub modifiers: Vec<Modifier>,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ButtonFilter {
    /// The beginning of the name, whatever the case and accents.
    pub search: Option<String>,
    pub category_id: Option<CategoryId>,
}

/// What a button needs beside what an order does.
#[derive(Debug, Clone)]
pub(super) struct Face {
    pub id: ProductId,
    pub name: String,
    pub image_url: Option<String>,
    pub category: ButtonCategory,
}

/// What the venue sells, by name.
pub fn buttons(
    read: &mut Read,
    venue: &Venue,
    ask: &Listing<ButtonFilter>,
) -> Result<Page<Button>> {
    let faces = store::till::faces(read, venue.id, ask)?;
    let ids: Vec<ProductId> = faces.items.iter().map(|face| face.id).collect();
    let found = sold(read, venue.id, &ids)?.into_iter();
    let mut sold: HashMap<ProductId, Sold> = found.map(|sold| (sold.product_id, sold)).collect();
    faces.try_map(|face| {
        // Read on one snapshot: what the page names is sold.
        let sold = sold.remove(&face.id);
        let sold = sold.ok_or_else(|| Error::bug("a button is not sold"))?;
        Ok(button(venue, face, sold))
    })
}

fn button(venue: &Venue, face: Face, sold: Sold) -> Button {
    let money = |amount| Money::of(amount, venue.currency.clone());
    let groups = sold.groups.into_iter().map(|group| {
        let of_group = sold
            .modifiers
            .iter()
            .filter(|modifier| modifier.group_id == group.id);
        let modifiers = of_group.map(|modifier| Modifier {
            id: modifier.id,
            name: modifier.name.clone(),
            price_delta: money(modifier.price_delta),
        });
        ButtonGroup {
            id: group.id,
            name: group.name,
            choose_min: group.choose_min,
            choose_max: group.choose_max,
            modifiers: modifiers.collect(),
        }
    });
    Button {
        id: face.id,
        name: sold.name,
        category: face.category,
        tax_class_id: sold.tax_class_id,
        price: money(sold.price),
        image_url: face.image_url,
        modifier_groups: groups.collect(),
    }
}
