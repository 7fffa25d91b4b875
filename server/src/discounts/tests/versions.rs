use jiff::SignedDuration;
use serde_json::json;

use super::{afterwork, with};
use crate::both_stores;
use crate::discounts::{EditDiscount, create, live};
use crate::hall::error::{Error, Violation};
use crate::hall::id::VenueId;
use crate::hall::testing::{TestApp, venue};
use crate::params;
use crate::platform::chain;

async fn live_at(app: &TestApp, venue: VenueId) -> Vec<(String, i64, String)> {
    app.write(move |tx| {
        let now = tx.now();
        let found = live(tx, venue, None, now)?.1.into_iter();
        Ok(found
            .map(|live| {
                (
                    live.rule.name.clone(),
                    live.version,
                    live.rule
                        .percent
                        .unwrap_or(engine::money::Percent::HUNDRED)
                        .to_string(),
                )
            })
            .collect())
    })
    .await
}

both_stores! {
    async fn an_edit_is_live_at_once_and_the_kill_switch_too(app: TestApp) {
        let park = app.write(|tx| chain::open_venue(tx, &venue("park", "EUR"))).await;
        let made = app.manager().post("/api/v1/chain/discounts", afterwork()).await;
        let path = format!("/api/v1/chain/discounts/{}", made.text("/id"));
        for place in [app.venue, park] {
            assert_eq!(live_at(&app, place).await, [("Afterwork".to_owned(), 1, "10".to_owned())]);
        }
        app.manager().put(&path, with("percent", json!("20"))).await.is(200);
        assert_eq!(live_at(&app, park).await, [("Afterwork".to_owned(), 2, "20".to_owned())]);
        let mut only_park = with("percent", json!("20"));
        only_park["venueIds"] = json!([park]);
        app.manager().put(&path, only_park).await.is(200);
        assert_eq!((live_at(&app, app.venue).await.len(), live_at(&app, park).await.len()), (0, 1));
        app.manager().put(&path, with("active", json!(false))).await.is(200);
        assert_eq!(live_at(&app, park).await, []);
        app.advance(SignedDuration::from_hours(1));
        app.manager().put(&path, afterwork()).await.is(200);
        assert_eq!(live_at(&app, park).await, [("Afterwork".to_owned(), 5, "10".to_owned())]);
        app.manager().delete(&path).await.is(204);
        assert_eq!(live_at(&app, park).await, []);
    }

    async fn a_published_version_never_changes(app: TestApp) {
        let here = app.venue;
        app.write(move |tx| create(tx, Some(here), &EditDiscount::automatic("Ten", "10".parse().unwrap()))).await;
        for sql in [
            "update discount_versions set rule = '{}' where tenant_id = $1",
            "delete from discount_versions where tenant_id = $1",
        ] {
            let said = app.try_write(move |tx| tx.exec(sql, params![])).await;
            assert!(matches!(said, Err(Error::Violation(Violation::Immutable, _))), "{said:?}");
        }
    }

    async fn a_version_that_is_missing_is_found(app: TestApp) {
        let here = app.venue;
        app.write(move |tx| create(tx, Some(here), &EditDiscount::automatic("Ten", "10".parse().unwrap()))).await;
        app.write(|tx| tx.exec("update discounts set version = 3 where tenant_id = $1", params![])).await;
        app.breaks("L30");
    }
}
