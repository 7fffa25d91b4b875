use jiff::SignedDuration;
use serde_json::Value as Json;

use super::tax_class;
use crate::both_stores;
use crate::catalogue::{EditCategory, EditProduct, create_category, create_product};
use crate::hall::store::plan;
use crate::hall::testing::{Said, TestApp};
use crate::params;

fn names(said: &Said) -> Vec<String> {
    said.is(200);
    let items = said.json["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["name"].as_str().unwrap().to_owned())
        .collect()
}

async fn dishes(app: &TestApp, names: &'static [&'static str]) {
    let class = tax_class(app, "Food").await;
    app.write(move |tx| {
        let food = create_category(tx, &EditCategory::named("Food"))?.id;
        let drink = create_category(tx, &EditCategory::named("Drink"))?.id;
        for (place, name) in names.iter().enumerate() {
            let category = if place % 2 == 0 { food } else { drink };
            create_product(tx, None, &EditProduct::plain(name, category, class))?;
        }
        Ok(())
    })
    .await;
}

both_stores! {
    async fn a_list_is_read_to_its_end(app: TestApp) {
        dishes(&app, &["Åland", "ale", "Bread", "béarnaise", "Cake"]).await;
        let staff = app.staff();
        let all = staff.get("/api/v1/chain/products").await;
        assert_eq!(names(&all), ["Åland", "ale", "béarnaise", "Bread", "Cake"]);
        let (mut seen, mut path) = (Vec::new(), "/api/v1/chain/products?pageSize=2".to_owned());
        loop {
            let page = staff.get(&path).await;
            seen.extend(names(&page));
            let Some(next) = page.json["nextCursor"].as_str() else { break };
            path = format!("/api/v1/chain/products?pageSize=2&cursor={next}");
        }
        assert_eq!(seen, names(&all));
        assert_eq!(names(&staff.get("/api/v1/chain/products?pageSize=2&page=3").await), ["Cake"]);
        for (query, found) in [("search=B", 2), ("search=BEA", 1), ("active=false", 0), ("active=true", 5)] {
            let page = staff.get(&format!("/api/v1/chain/products?{query}")).await;
            assert_eq!(page.int("/total"), found, "{query}");
        }
        let drink = staff.get("/api/v1/chain/categories?search=drink").await.text("/items/0/id");
        let page = staff.get(&format!("/api/v1/chain/products?categoryId={drink}")).await;
        assert_eq!(names(&page), ["ale", "béarnaise"]);
        staff.get("/api/v1/chain/products?categoryId=x").await.is_problem(422, "invalid");
        staff.get("/api/v1/chain/products?colour=red").await.is_problem(422, "invalid");
        staff.get("/api/v1/chain/products?cursor=x").await.is_problem(400, "cursor_invalid");
        assert_eq!(names(&staff.get("/api/v1/dashboard/venues/all/products").await).len(), 5);
    }

    async fn a_program_reads_what_changed_since(app: TestApp) {
        dishes(&app, &["ale", "Bread", "Cake"]).await;
        app.advance(SignedDuration::from_mins(1));
        let since = app.now();
        let all = app.staff().get("/api/v1/chain/products").await;
        for name in ["Cake", "ale"] {
            let items = all.json["items"].as_array().unwrap();
            let id = items.iter().find(|item| item["name"] == name).and_then(|item| item["id"].as_str()).unwrap();
            app.advance(SignedDuration::from_secs(1));
            let body = serde_json::json!({"imageUrl": "https://example.com/x"});
            app.manager().patch(&format!("/api/v1/chain/products/{id}"), body).await.is(200);
        }
        let path = format!("/api/v1/chain/products?updatedSince={since}&pageSize=1");
        let first = app.staff().get(&path).await;
        assert_eq!((names(&first), first.int("/total")), (vec!["Cake".to_owned()], 2));
        let next = format!("{path}&cursor={}", first.text("/nextCursor"));
        let second = app.staff().get(&next).await;
        assert_eq!((names(&second), &second.json["nextCursor"]), (vec!["ale".to_owned()], &Json::Null));
    }

    async fn no_list_walks_the_table(app: TestApp) {
        for sql in [
            "select 1 from products where tenant_id = $1 order by name_fold, product_id limit 51",
            "select 1 from products where tenant_id = $1 and updated_at >= $2 order by updated_at, product_id limit 51",
        ] {
            let plan = app.write(move |tx| {
                let since = if sql.contains("$2") { params![0][..].to_vec() } else { Vec::new() };
                plan(tx, sql, &since)
            }).await;
            assert!(plan.contains("products_by_"), "{plan}");
        }
    }
}
