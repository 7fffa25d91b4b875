use super::*;
use crate::both_stores;
use crate::hall::testing::TestApp;

both_stores! {
    async fn a_discount_is_live_until_it_is_not(app: TestApp) {
        let here = app.venue;
        let made = app.write(move |tx| create(tx, Some(here), &EditDiscount::automatic("Afterwork", "10".parse().unwrap()))).await;
        let found = app.write(move |tx| { let now = tx.now(); live(tx, here, now) }).await;
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].discount_id, found[0].version), (made.id, 1));
        assert!(found[0].rule.flaws().is_empty());
    }
}
