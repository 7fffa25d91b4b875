//! How many statements it takes to price an order does not depend on how many discounts are live.

use serde_json::{Value as Json, json};

use super::{give_points, inline};
use crate::both_stores;
use crate::hall::error::Result;
use crate::hall::id::CustomerId;
use crate::hall::store::Tx;
use crate::hall::testing::TestApp;
use crate::params;

/// So many copies of the discount that is named, live for whom it is for: quicker than publishing each.
fn copies(tx: &mut Tx, count: i64, name: &str) -> Result<()> {
    let numbers = "with recursive numbers (n) as
        (select cast(1 as bigint) union all select n + 1 from numbers where n < $2)";
    for sql in [
        "insert into discounts (tenant_id, discount_id, version, name, name_fold, type, scope, priority, created_at, updated_at)
         select d.tenant_id, d.discount_id || '_' || n, 1, d.name, d.name_fold, d.type, d.scope, 0, d.created_at, d.updated_at
         from numbers cross join discounts d where d.tenant_id = $1 and d.name = $3",
        "insert into discount_versions (tenant_id, discount_id, version, rule, terms, at)
         select v.tenant_id, v.discount_id || '_' || n, v.version, v.rule, v.terms, v.at
         from numbers cross join discounts d join discount_versions v on v.tenant_id = d.tenant_id
           and v.discount_id = d.discount_id where d.tenant_id = $1 and d.name = $3",
        "insert into discount_venues (tenant_id, venue_id, discount_id)
         select v.tenant_id, v.venue_id, v.discount_id || '_' || n
         from numbers cross join discounts d join discount_venues v on v.tenant_id = d.tenant_id
           and v.discount_id = d.discount_id where d.tenant_id = $1 and d.name = $3",
        "insert into discount_audience (tenant_id, audience, discount_id)
         select a.tenant_id, a.audience, a.discount_id || '_' || n
         from numbers cross join discounts d join discount_audience a on a.tenant_id = d.tenant_id
           and a.discount_id = d.discount_id where d.tenant_id = $1 and d.name = $3",
    ] {
        tx.exec(&format!("{numbers} {sql}"), params![count, name])?;
    }
    Ok(())
}

async fn publish(app: &TestApp, ask: Json) -> String {
    let made = app.manager().post(&app.dashboard("/discounts"), ask).await;
    made.is(201).text("/id")
}

/// What each step of one sale asks the store: opened with a code, a discount picked, points taken, one more item.
async fn asked(app: &TestApp, guest: CustomerId, picked: &str) -> Vec<u64> {
    let mut counted = Vec::new();
    let mut last = app.hall.db.statements();
    let mut count = || {
        let now = app.hall.db.statements();
        counted.push(now - last);
        last = now;
    };
    let sale = json!({"customerId": guest, "items": [inline(5_000), inline(700)], "couponCodes": ["TENOFF"]});
    let opened = app.staff().post(&app.till("/orders"), sale).await;
    let tab = app.till(&format!("/orders/{}", opened.is(201).text("/id")));
    count();
    let pick = json!({"discountId": picked});
    app.staff()
        .post(&format!("{tab}/discounts/predefined"), pick)
        .await
        .is(201);
    count();
    let points = json!({"points": 100});
    app.staff()
        .post(&format!("{tab}/discounts/points"), points)
        .await
        .is(201);
    count();
    let more = app.staff().post(&format!("{tab}/items"), inline(300)).await;
    count();
    let origins: Vec<&str> = more.is(201).json["discounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["origin"].as_str().unwrap())
        .collect();
    assert_eq!(
        origins,
        ["TIER", "COUPON", "PREDEFINED", "POINTS"],
        "{}",
        more.json
    );
    counted
}

both_stores! {
    async fn ten_thousand_live_discounts_cost_no_statement_more(app: TestApp) {
        let (ann, bo) = (app.customer("Ann").await, app.customer("Bo").await);
        give_points(&app, ann, 1_000).await;
        let ladder = json!({"windowDays": 30, "graceDays": 0,
            "tiers": [{"name": "REGULAR", "benefits": {"discountPercent": "5"}}]});
        app.manager().put("/api/v1/chain/loyalty/tiers", ladder).await.is(200);
        let coded = publish(&app, json!({"name": "Coded", "type": "PERCENTAGE", "percent": "10", "scope": "ORDER",
            "isStackable": true})).await;
        let coded = json!({"code": "TENOFF", "discountId": coded});
        app.manager().post(&app.dashboard("/coupons"), coded).await.is(201);
        let picked = publish(&app, json!({"name": "Picked", "type": "FIXED_AMOUNT", "scope": "QUANTITY",
            "amount": {"amount": 100, "currency": "EUR"}, "isStackable": true})).await;
        let large = async |n: i32| {
            publish(&app, json!({"name": format!("Large {n}"), "type": "PERCENTAGE", "percent": "10", "scope": "ORDER",
                "isAutomatic": true, "minPurchaseAmount": {"amount": 1_000_000, "currency": "EUR"}})).await
        };
        // One for everybody and one for somebody else: where nobody gets one by name, nobody's are asked for.
        large(0).await;
        publish(&app, json!({"name": "Bo's", "type": "PERCENTAGE", "percent": "10", "scope": "ORDER", "customerIds": [bo]})).await;
        // A first sale warms what is remembered of keys and rules.
        asked(&app, ann, &picked).await;
        let few = asked(&app, ann, &picked).await;
        for n in 1..50 {
            large(n).await;
        }
        app.write(|tx| copies(tx, 9_950, "Bo's")).await;
        asked(&app, ann, &picked).await;
        assert_eq!(asked(&app, ann, &picked).await, few);
    }
}
