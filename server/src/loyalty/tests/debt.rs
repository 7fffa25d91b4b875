use serde_json::json;

use super::verbs::{earn, redemption, refund};
use crate::both_stores;
use crate::hall::error::{Code, Error};
use crate::hall::id::CustomerId;
use crate::hall::testing::{Persona, TestApp};
use crate::loyalty::{Spend, redeem, spend, take_back};
use crate::platform::sessions::{self, Whose};

/// Åsa has spent 70 points whose purchase was refunded then.
async fn debtor(app: &TestApp) -> CustomerId {
    let ask = json!({"firstName": "Åsa", "language": "sv"});
    let made = app.staff().post(&app.dashboard("/customers"), ask).await;
    let asa: CustomerId = made.is(201).text("/id").parse().expect("an id");
    app.write(earn(app, asa, "ord_1", 70, None)).await;
    let spent = redemption(app, asa, "ord_2", 70, app.now());
    app.write(move |tx| redeem(tx, &spent)).await;
    let back = refund(app, asa, "ord_1", 70, 0);
    app.write(move |tx| take_back(tx, &back)).await;
    asa
}

async fn herself(app: &TestApp, guest: CustomerId) -> Persona<'_> {
    let begun = app
        .write(move |tx| sessions::begin(tx, Whose::Customer(guest)))
        .await;
    app.bearer(begun.token.expose())
}

const OWED: &str =
    "70 poäng användes innan köpet återbetalades: de nästa 70 poäng som du tjänar reglerar dem.";
const REFUSED: &str = "Till dess kan inga poäng lösas in.";

both_stores! {
    async fn a_debt_is_shown_with_a_sentence_as_the_program_says(app: TestApp) {
        let asa = debtor(&app).await;
        let guest = herself(&app, asa).await;
        let path = app.dashboard(&format!("/customers/{asa}/loyalty/balance"));
        let mine = guest.get("/api/v1/me/loyalty").await;
        assert_eq!((mine.is(200).int("/points"), mine.int("/pointsShown"), mine.int("/debt")), (-70, -70, 70));
        assert_eq!(mine.text("/sentence"), format!("{OWED} {REFUSED}"));
        let chain = json!({"debtShown": "ZERO", "redeemWithDebt": true});
        app.manager().put("/api/v1/chain/loyalty/config", chain).await.is(200);
        let mine = guest.get("/api/v1/me/loyalty").await;
        assert_eq!((mine.is(200).int("/points"), mine.int("/pointsShown"), mine.text("/sentence")), (0, 0, OWED.into()));
        let seen = app.staff().get(&path).await;
        assert_eq!((seen.is(200).int("/points"), seen.int("/pointsShown")), (-70, 0), "staff see both");
        let venue = json!({"debtShown": "NEGATIVE"});
        app.manager().put(&app.dashboard("/loyalty/config"), venue).await.is(200);
        assert_eq!(app.staff().get(&path).await.int("/pointsShown"), -70, "the venue overrides the chain");
        app.write(earn(&app, asa, "ord_3", 80, None)).await;
        let mine = guest.get("/api/v1/me/loyalty").await;
        assert_eq!((mine.int("/points"), mine.json["sentence"].clone()), (10, json!(null)));
        app.manager().put("/api/v1/chain/loyalty/config", json!({"debtShown": "NEVER"})).await.is_problem(422, "invalid");
    }

    async fn who_owes_points_redeems_none_and_is_told_why(app: TestApp) {
        let asa = debtor(&app).await;
        let item = json!({"inline": {"name": "x", "unitPrice": {"amount": 5_000, "currency": "EUR"}}});
        let opened = app.staff().post(&app.till("/orders"), json!({"customerId": asa, "items": [item]})).await;
        let order = opened.is(201).text("/id");
        let points = app.till(&format!("/orders/{order}/discounts/points"));
        let refused = app.staff().post(&points, json!({"points": 100})).await;
        assert_eq!(refused.is_problem(422, "points_owed").int("/debt"), 70);
        assert_eq!(refused.text("/detail"), format!("{OWED} {REFUSED}"));
        let redeem = app.dashboard(&format!("/customers/{asa}/loyalty/redeem"));
        app.staff().post(&redeem, json!({"points": 100, "orderId": order})).await.is_problem(422, "points_owed");
        let venue = app.venue;
        let reward = Spend {
            customer: asa, venue: Some(venue), points: 10, cause_kind: "reward", cause_id: "rwd_1".into(), policy: json!({}),
        };
        let again = reward.clone();
        let refused = app.try_write(move |tx| spend(tx, &reward)).await;
        assert!(matches!(refused, Err(Error::Refused(Code::PointsOwed, _))), "{refused:?}");
        app.manager().put(&app.dashboard("/loyalty/config"), json!({"redeemWithDebt": true})).await.is(200);
        app.staff().post(&points, json!({"points": 100})).await.is_problem(422, "points_short");
        let refused = app.try_write(move |tx| spend(tx, &again)).await;
        assert!(matches!(refused, Err(Error::Refused(Code::PointsShort, _))), "{refused:?}");
        app.write(earn(&app, asa, "ord_3", 190, None)).await;
        app.manager().put(&app.dashboard("/loyalty/config"), json!({})).await.is(200);
        app.staff().post(&points, json!({"points": 100})).await.is(201);
    }
}
