//! What a venue sells, as an order needs it: price, tax class, category and modifiers in two questions.

use super::store;
use crate::hall::error::Result;
use crate::hall::id::{CategoryId, ModifierGroupId, ModifierId, ProductId, TaxClassId, VenueId};
use crate::hall::store::Read;

/// A product as it is sold at one venue now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sold {
    pub product_id: ProductId,
    pub name: String,
    pub category_id: CategoryId,
    /// `ALCOHOL`, where the category is regulated.
    pub regulated: Option<String>,
    pub tax_class_id: TaxClassId,
    /// Minor units of the venue's currency.
    pub price: i64,
    /// The groups that are asked for, in their order.
    pub groups: Vec<SoldGroup>,
    /// Of all its groups, in their order.
    pub modifiers: Vec<SoldModifier>,
}

/// How many modifiers of a group one unit may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoldGroup {
    pub id: ModifierGroupId,
    pub name: String,
    pub choose_min: u32,
    pub choose_max: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoldModifier {
    pub id: ModifierId,
    pub group_id: ModifierGroupId,
    pub name: String,
    /// Minor units of the venue's currency.
    pub price_delta: i64,
}

/// Those of `ids` that are sold at the venue, by id; an archived one, or one without a price there, is absent.
pub fn sold(read: &mut Read, venue: VenueId, ids: &[ProductId]) -> Result<Vec<Sold>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut products = store::sold::products(read, venue, ids)?;
    let choices = store::sold::choices(read, venue, ids)?;
    for (product, group, modifier) in choices {
        let found = products.binary_search_by_key(&product, |sold| sold.product_id);
        let Ok(place) = found else { continue };
        let sold = &mut products[place];
        if sold.groups.last().is_none_or(|last| last.id != group.id) {
            sold.groups.push(group);
        }
        sold.modifiers.extend(modifier);
    }
    Ok(products)
}
