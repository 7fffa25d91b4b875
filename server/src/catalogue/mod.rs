//! What is sold: categories, products with a price per venue, and modifiers that change it.
//!
//! The catalogue is the tenant's; a product without a price at a venue is not sold there. Under a venue's
//! path only that venue's price is seen and set; under `/chain` all of them. An archived row stays, because
//! orders name it, but is sold no more.
//!
//! Keeps L23. Absent on purpose: stock, recipes, variants (a size is a modifier), and price lists by hour,
//! which are discounts.

pub mod categories;
pub mod menu;
pub mod modifier_groups;
pub mod products;
mod routes;
mod sold;
mod store;
#[cfg(test)]
mod tests;
mod till;

pub use categories::{Category, EditCategory};
pub use menu::{Imported, MenuRow, import_menu};
pub use modifier_groups::{EditModifier, EditModifierGroup, Modifier, ModifierGroup};
pub use products::{EditProduct, Product, VenuePrice};
pub use sold::{Sold, SoldGroup, SoldModifier, sold};

pub use crate::hall::identity::Regulated;

use crate::hall::error::Result;
use crate::hall::id::{ProductId, VenueId};
use crate::hall::law::{Check, Law};
use crate::hall::room::Room;
use crate::hall::store::Tx;

pub const ROOM: Room = Room {
    name: "catalogue",
    routes: routes::routes,
    jobs: &[],
    laws: LAWS,
};

const LAWS: &[Law] = &[Law {
    number: "L23",
    about: "A reference of another system names a product of the tenant",
    check: Check::Query(
        "select r.tenant_id, 'a reference in ' || r.system || ' names nobody''s ' || r.id
         from external_refs r
         left join products p on p.tenant_id = r.tenant_id and p.product_id = r.id
         where r.kind = 'prd' and p.product_id is null limit $1",
    ),
}];

/// At most this many characters in a name that stands on a button.
const NAME_MAX: usize = 120;

pub fn create_category(tx: &mut Tx, ask: &EditCategory) -> Result<Category> {
    categories::create(tx, ask)
}

/// A new product; `venue` is where it was made, or `None` for the chain.
pub fn create_product(tx: &mut Tx, venue: Option<VenueId>, ask: &EditProduct) -> Result<Product> {
    products::create(tx, venue, ask)
}

/// Sells the product at the venue for `price` minor units of its currency, or with `None` no more.
pub fn set_price(
    tx: &mut Tx,
    product: ProductId,
    venue: VenueId,
    price: Option<i64>,
) -> Result<()> {
    products::set_price(tx, product, venue, price)
}

pub fn create_modifier_group(tx: &mut Tx, ask: &EditModifierGroup) -> Result<ModifierGroup> {
    modifier_groups::create(tx, ask)
}
