use super::twenty;
use crate::both_stores;
use crate::coupons::store::apply::{BY_CODE, RUNNING};
use crate::coupons::store::lists::page_text;
use crate::coupons::{CouponFilter, GenerateCoupons, batches};
use crate::hall::page::{Listing, Paging};
use crate::hall::store::plan;
use crate::hall::testing::TestApp;
use crate::params;

both_stores! {
    async fn a_hundred_thousand_codes_are_found_by_index(app: TestApp) {
        let (rule, ann) = (twenty(&app).await, app.customer("Ann").await);
        app.write(move |tx| {
            let ask: GenerateCoupons =
                serde_json::from_value(serde_json::json!({"discountId": rule, "quantity": 100_000})).expect("a command");
            batches::ask_for(tx, None, &ask)
        }).await;
        crate::jobs::run_due(&app.hall, None).await.unwrap();
        let venue = app.venue;
        let filters = [
            CouponFilter::default(),
            CouponFilter { search: Some("A7".into()), ..CouponFilter::default() },
            CouponFilter { discount_id: Some(rule), ..CouponFilter::default() },
            CouponFilter { customer_id: Some(ann), ..CouponFilter::default() },
            CouponFilter { active: Some(false), ..CouponFilter::default() },
        ];
        for is_known in [false, true] {
            if is_known && app.hall.db.dialect() == crate::hall::store::Dialect::Postgres {
                app.as_role("analyze").await.unwrap();
            }
            let filters = filters.clone();
            app.write(move |tx| {
                let now = tx.now();
                let mut plans = vec![
                    plan(tx, BY_CODE, params!["AAAAAAAAAA", venue])?,
                    plan(tx, RUNNING, params![ann, now, venue])?,
                ];
                for filter in &filters {
                    let (sql, values) = page_text(None, &Listing { paging: Paging::default(), filter: filter.clone() })?;
                    plans.push(plan(tx, &sql, &values)?);
                }
                for plan in plans {
                    let scans = ["SCAN c\n", "SCAN coupons", "Seq Scan on coupons", "SCAN u\n"];
                    assert!(!scans.iter().any(|scan| format!("{plan}\n").contains(scan)), "{plan}");
                }
                Ok(())
            }).await;
        }
        // The last page of a discount's codes costs what the first does.
        let list = format!("/api/v1/chain/coupons?discountId={rule}&pageSize=200");
        let first = app.staff().get(&list).await;
        assert_eq!(first.is(200).int("/totalAtLeast"), 10_000);
        let next = app.staff().get(&format!("{list}&cursor={}", first.text("/nextCursor"))).await;
        assert_eq!(next.is(200).json["items"].as_array().unwrap().len(), 200);
        assert_ne!(first.json["items"][199]["id"], next.json["items"][0]["id"]);
    }
}
