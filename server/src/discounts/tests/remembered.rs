//! What is remembered of live rules is what the store says: in tests each hit is held against it as well.

use serde_json::json;

use super::afterwork;
use crate::both_stores;
use crate::discounts::{EditDiscount, create, live};
use crate::hall::error::{Error, Result};
use crate::hall::journal::By;
use crate::hall::store::Scope;
use crate::hall::testing::TestApp;

fn automatic(name: &str) -> EditDiscount {
    EditDiscount::automatic(name, "10".parse().expect("a percentage"))
}

/// The names of what everybody gets, and whether a comp needs approval.
async fn given(app: &TestApp) -> (Vec<String>, bool) {
    let here = app.venue;
    app.write(move |tx| {
        let now = tx.now();
        let (policy, live) = live(tx, here, None, now)?;
        let names = live.iter().map(|live| live.rule.name.clone());
        Ok((names.collect(), policy.comp_needs_approval))
    })
    .await
}

both_stores! {
    async fn a_change_is_seen_at_once_and_one_that_is_undone_never(app: TestApp) {
        let mut rule = afterwork();
        assert_eq!(given(&app).await.0, [""; 0]);
        let made = app.manager().post(&app.dashboard("/discounts"), rule.clone()).await;
        let path = app.dashboard(&format!("/discounts/{}", made.is(201).text("/id")));
        let name = made.text("/name");
        assert_eq!(given(&app).await.0, [name.as_str()]);
        for active in [false, true] {
            rule["active"] = json!(active);
            app.manager().put(&path, rule.clone()).await.is(200);
            assert_eq!(given(&app).await.0.len(), usize::from(active));
        }
        let here = app.venue;
        let undone: Result<()> = app.try_write(move |tx| {
            create(tx, Some(here), &automatic("Undone"))?;
            let now = tx.now();
            assert_eq!(live(tx, here, None, now)?.1.len(), 2);
            Err(Error::Stale)
        }).await;
        assert!(undone.is_err());
        assert_eq!(given(&app).await.0, [name.as_str()]);
        let (_, before) = given(&app).await;
        let policy = json!({"onePerLine": false, "chooseBest": false, "compNeedsApproval": !before});
        app.manager().put("/api/v1/chain/discount-policy", policy).await.is(200);
        assert_eq!(given(&app).await.1, !before);
        app.manager().delete(&path).await.is(204);
        assert_eq!(given(&app).await.0, [""; 0]);
    }

    async fn what_another_process_publishes_is_seen_at_once(app: TestApp) {
        let (here, other) = (app.venue, app.beside().await);
        for count in 1..=3 {
            let scope = Scope::new(app.tenant, app.now(), By::cli());
            let name = format!("Number {count}");
            let made = other.write(scope, Vec::new(), move |tx| create(tx, Some(here), &automatic(&name)).map(|_| ()));
            made.await.expect("it is published");
            assert_eq!(given(&app).await.0.len(), count);
        }
        other.close().await;
    }

    async fn what_is_changed_at_the_tables_is_remembered_by_nobody(app: TestApp) {
        app.manager().post(&app.dashboard("/discounts"), afterwork()).await.is(201);
        assert_eq!(given(&app).await.0.len(), 1);
        app.write(|tx| tx.exec("update discounts set paused_at = 1 where tenant_id = $1", &[])).await;
        assert_eq!(given(&app).await.0.len(), 0);
        app.write(|tx| tx.exec("delete from discount_audience where tenant_id = $1", &[])).await;
        app.write(|tx| tx.exec("update discounts set paused_at = null where tenant_id = $1", &[])).await;
        assert_eq!(given(&app).await.0.len(), 0);
    }
}
