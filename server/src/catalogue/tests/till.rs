use serde_json::json;

use super::{beer, tax_class};
use crate::both_stores;
use crate::catalogue::{
    EditCategory, EditProduct, create_category, create_product, set_price, sold,
};
use crate::hall::id::ProductId;
use crate::hall::testing::{TestApp, venue};
use crate::platform::chain;

both_stores! {
    async fn a_beer_is_sold_where_it_has_a_price(app: TestApp) {
        let (beer, group) = beer(&app).await;
        let (here, id) = (app.venue, beer.id);
        let there = app.write(|tx| chain::open_venue(tx, &venue("park", "SEK"))).await;
        let found = app.write(move |tx| sold(tx, here, &[id])).await;
        assert_eq!(found.len(), 1);
        let lager = &found[0];
        assert_eq!((lager.product_id, lager.price, lager.regulated.as_deref()), (id, 890, Some("ALCOHOL")));
        assert_eq!((lager.groups[0].id, lager.groups[0].choose_min, lager.groups[0].choose_max), (group.id, 1, Some(1)));
        // The large one has a price in kronor: it is for the other venue; what costs nothing is for all.
        let deltas: Vec<_> = lager.modifiers.iter().map(|m| (m.name.as_str(), m.price_delta)).collect();
        assert_eq!(deltas, [("Small", -200), ("Usual", 0)]);
        assert_eq!(app.write(move |tx| sold(tx, there, &[id])).await, []);
        app.write(move |tx| set_price(tx, id, there, Some(9_900))).await;
        let found = app.write(move |tx| sold(tx, there, &[id])).await;
        assert_eq!((found[0].price, found[0].modifiers.len()), (9_900, 2));
        app.write(move |tx| set_price(tx, id, here, None)).await;
        assert_eq!(app.write(move |tx| sold(tx, here, &[id])).await, []);
    }

    async fn a_basket_of_a_hundred_costs_as_many_questions_as_one(app: TestApp) {
        let class = tax_class(&app, "Food").await;
        let here = app.venue;
        let ids: Vec<ProductId> = app.write(move |tx| {
            let category = create_category(tx, &EditCategory::named("Food"))?.id;
            let ids: Result<Vec<_>, _> = (0..100)
                .map(|n| {
                    let ask = EditProduct::plain(&format!("Dish {n}"), category, class);
                    create_product(tx, None, &ask).map(|product| product.id)
                })
                .collect();
            let ids = ids?;
            ids.iter().try_for_each(|id| set_price(tx, *id, here, Some(1_000)))?;
            Ok(ids)
        }).await;
        let count = async |ids: Vec<ProductId>| {
            let before = app.hall.db.statements();
            let found = app.write(move |tx| sold(tx, here, &ids)).await;
            (found.len(), app.hall.db.statements() - before)
        };
        let (one, few) = count(vec![ids[0]]).await;
        let (all, many) = count(ids).await;
        assert_eq!((one, all, few), (1, 100, many));
    }
}

both_stores! {
    async fn the_till_draws_what_is_sold_here(app: TestApp) {
        let (beer, group) = beer(&app).await;
        let (tax_class, category) = (beer.tax_class_id, beer.category_id);
        app.write(move |tx| create_product(tx, None, &EditProduct::plain("Stout", category, tax_class))).await;
        let page = app.staff().get(&app.till("/products")).await;
        page.is(200);
        assert_eq!((page.int("/total"), page.text("/items/0/id")), (1, beer.id.to_string()));
        assert_eq!(page.json["items"][0]["price"], json!({"amount": 890, "currency": "EUR"}));
        assert_eq!(page.text("/items/0/category/regulated"), "ALCOHOL");
        assert_eq!(page.text("/items/0/modifierGroups/0/id"), group.id.to_string());
        assert_eq!(
            page.json.pointer("/items/0/modifierGroups/0/modifiers/1/priceDelta"),
            Some(&json!({"amount": 0, "currency": "EUR"})),
        );
        for (search, found) in [("L%C3%81", 1), ("lager%205", 0), ("ager", 0), ("", 1)] {
            let page = app.staff().get(&app.till(&format!("/products?search={search}"))).await;
            assert_eq!(page.int("/total"), found, "{search}");
        }
        app.other_tenant().await.get(&app.till("/products")).await.is_problem(404, "not_found");
    }
}
