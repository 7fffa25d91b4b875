//! What the demo's venues sell.

use super::DemoProduct;
use crate::catalogue::{self, EditCategory, EditProduct, Regulated, VenuePrice};
use crate::hall::error::Result;
use crate::hall::id::{ProductId, TaxClassId};
use crate::hall::identity::Venue;
use crate::hall::money::Money;
use crate::hall::store::Tx;

/// A product and its price in cents.
type Goods = (&'static str, i64);

/// Category, whether it is alcohol, and its products.
const MENU: &[(&str, bool, &[Goods])] = &[
    (
        "Beer and wine",
        true,
        &[
            ("Pale ale 16 oz", 850),
            ("Lager 16 oz", 750),
            ("Glass of rosé", 1_100),
        ],
    ),
    ("Soft drinks", false, &[("Lemonade", 450), ("Coffee", 375)]),
    (
        "Kitchen",
        false,
        &[
            ("Burger and fries", 1_650),
            ("Charcuterie board", 2_400),
            ("Fries", 600),
        ],
    ),
    (
        "Games",
        false,
        &[("Boule lane, one hour", 4_000), ("Shoes", 300)],
    ),
];

/// Writes the menu; `classes` are the tax classes of food and drink, and of games.
pub fn print(
    tx: &mut Tx,
    venues: &[Venue],
    classes: (TaxClassId, TaxClassId),
) -> Result<(Vec<DemoProduct>, Vec<ProductId>)> {
    let mut products = Vec::new();
    for (name, alcohol, goods) in MENU {
        let ask = EditCategory {
            regulated: alcohol.then_some(Regulated::Alcohol),
            ..EditCategory::named(name)
        };
        let category = catalogue::create_category(tx, &ask)?;
        let class = if *name == "Games" {
            classes.1
        } else {
            classes.0
        };
        for (name, price) in *goods {
            let price = Money::of(*price, super::CURRENCY);
            let prices = venues.iter().map(|venue| VenuePrice {
                venue_id: venue.id,
                price: price.clone(),
            });
            let ask = EditProduct {
                prices: prices.collect(),
                ..EditProduct::plain(name, category.id, class)
            };
            let product = catalogue::create_product(tx, None, &ask)?;
            products.push(DemoProduct {
                id: product.id,
                name: (*name).into(),
                category_id: category.id,
                price,
            });
        }
    }
    let menu = products.iter().map(|product| product.id).collect();
    Ok((products, menu))
}
