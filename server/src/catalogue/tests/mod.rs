mod dashboard;
mod lists;
mod menu;
mod till;

use super::*;
use crate::hall::id::TaxClassId;
use crate::hall::money::Money;
use crate::hall::testing::TestApp;
use crate::platform::tax::{self, EditTaxClass};

/// A tax class, as every product needs one.
async fn tax_class(app: &TestApp, name: &'static str) -> TaxClassId {
    let ask = EditTaxClass { name: name.into() };
    app.write(move |tx| tax::create_class(tx, &ask).map(|class| class.id))
        .await
}

/// A beer at 8.90, in a regulated category, with one question about its size.
async fn beer(app: &TestApp) -> (Product, ModifierGroup) {
    let tax_class = tax_class(app, "Alcohol").await;
    let venue = app.venue;
    app.write(move |tx| {
        let beer = EditCategory {
            regulated: Some(Regulated::Alcohol),
            ..EditCategory::named("Beer")
        };
        let category = create_category(tx, &beer)?;
        let size = |name: &str, delta, currency: &str| EditModifier {
            id: None,
            name: name.into(),
            price_delta: Money::of(delta, currency),
        };
        let group = EditModifierGroup {
            name: "Size".into(),
            choose_min: 1,
            choose_max: Some(1),
            modifiers: vec![
                size("Small", -200, "EUR"),
                size("Usual", 0, "SEK"),
                size("Stor", 2_000, "SEK"),
            ],
            active: true,
        };
        let group = create_modifier_group(tx, &group)?;
        let ask = EditProduct {
            prices: vec![VenuePrice {
                venue_id: venue,
                price: Money::of(890, "EUR"),
            }],
            modifier_group_ids: vec![group.id],
            ..EditProduct::plain("Lager", category.id, tax_class)
        };
        Ok((create_product(tx, Some(venue), &ask)?, group))
    })
    .await
}
