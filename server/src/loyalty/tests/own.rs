use serde_json::{Value as Json, json};

use super::verbs::redemption;
use crate::both_stores;
use crate::hall::id::CustomerId;
use crate::hall::testing::{Said, TestApp};
use crate::loyalty::redeem;
use crate::platform::sessions::{self, Whose};

const MINE: &str = "/api/v1/me/loyalty/transactions";

/// Points, balance and what it was for, the newest first.
fn rows(said: &Said) -> Vec<Json> {
    let items = said.is(200).json["items"].as_array().cloned();
    let row = |one: &Json| json!([one["points"], one["balanceAfter"], one["about"]]);
    items.unwrap_or_default().iter().map(row).collect()
}

both_stores! {
    async fn a_guest_reads_what_moved_their_points_and_nothing_of_the_house(app: TestApp) {
        let asa = json!({"firstName": "Åsa", "language": "es"});
        let made = app.staff().post(&app.dashboard("/customers"), asa).await;
        let guest: CustomerId = made.is(201).text("/id").parse().expect("an id");
        let item = json!({"inline": {"name": "x", "unitPrice": {"amount": 5_000, "currency": "EUR"}}});
        let ask = json!({"customerId": guest, "items": [item], "payments": [{"method": "CARD"}]});
        let order = app.staff().post(&app.till("/orders"), ask).await.is(201).text("/id");
        let by_hand = app.dashboard(&format!("/customers/{guest}/loyalty/adjust"));
        app.manager().post(&by_hand, json!({"points": 10, "reason": "was loud"})).await.is(201);
        let spent = redemption(&app, guest, "ord_2", 60, app.now());
        app.write(move |tx| redeem(tx, &spent)).await;
        let refund = app.till(&format!("/orders/{order}/refunds"));
        app.manager().post(&refund, json!({"reason": "was cold"})).await.is(201);
        let begun = app.write(move |tx| sessions::begin(tx, Whose::Customer(guest))).await;
        let me = app.bearer(begun.token.expose());
        let seen = me.get(MINE).await;
        assert_eq!(rows(&seen), [
            json!([-50, -50, "Retirados con un reembolso"]), json!([-60, 0, "Usados en una compra"]),
            json!([10, 60, "Añadidos para ti"]), json!([50, 50, "Por una compra"]),
        ]);
        assert_eq!((seen.text("/items/0/orderId"), seen.text("/items/3/orderId")), (order.clone(), order));
        assert!(seen.text("/items/0/sentence").starts_with("50 puntos se gastaron antes"), "{}", seen.json);
        assert_eq!((&seen.json["items"][1]["sentence"], &seen.json["items"][2]["orderId"]), (&Json::Null, &Json::Null));
        let row = seen.json["items"][2].as_object().expect("a row");
        let told: Vec<&str> = row.keys().map(String::as_str).collect();
        assert_eq!(told, ["about", "at", "balanceAfter", "id", "kind", "orderId", "points", "sentence"]);
        for hidden in ["loud", "cold", "stf_", "policy"] {
            assert!(!seen.json.to_string().contains(hidden), "{hidden}");
        }
        app.manager().put("/api/v1/chain/loyalty/config", json!({"debtShown": "ZERO"})).await.is(200);
        let seen = me.get(MINE).await;
        assert_eq!(seen.int("/items/0/balanceAfter"), 0);
        assert!(seen.text("/items/0/sentence").starts_with("50 puntos"), "a sentence goes with it");
    }

    async fn each_row_says_by_what_it_was_decided(app: TestApp) {
        let config = json!({"pointsExpireDays": 90, "minPointsRedeem": 10, "restoreGraceDays": 5});
        app.manager().put("/api/v1/chain/loyalty/config", config).await.is(200);
        let guest = app.customer("Noor").await;
        let by_hand = app.dashboard(&format!("/customers/{guest}/loyalty/adjust"));
        app.manager().post(&by_hand, json!({"points": 100, "reason": "a gift"})).await.is(201);
        let item = json!({"inline": {"name": "x", "unitPrice": {"amount": 5_000, "currency": "EUR"}}});
        let opened = app.staff().post(&app.till("/orders"), json!({"customerId": guest, "items": [item]})).await;
        let order = opened.is(201).text("/id");
        let points = app.till(&format!("/orders/{order}/discounts/points"));
        app.staff().post(&points, json!({"points": 100})).await.is(201);
        app.staff().post(&app.till(&format!("/orders/{order}/payments")), json!({"method": "CARD"})).await.is(201);
        let refund = app.till(&format!("/orders/{order}/refunds"));
        app.manager().post(&refund, json!({"reason": "cold"})).await.is(201);
        let all = app.staff().get(&app.dashboard(&format!("/customers/{guest}/loyalty/transactions"))).await;
        let items = all.is(200).json["items"].as_array().expect("rows").clone();
        let policy = |kind: &str, gives: bool| {
            let is = |one: &&Json| one["kind"] == kind && (one["points"].as_i64() > Some(0)) == gives;
            items.iter().find(is).expect(kind)["policy"].clone()
        };
        assert_eq!(policy("ADJUST", true), json!({"reason": "a gift", "pointsExpireDays": 90}));
        let asked = policy("REDEEM", false)["asked"].clone();
        assert_eq!((&asked["value"], &asked["pointsMin"]), (&json!("0.01"), &json!(10)));
        assert_eq!(policy("REVERSE", true), json!({"purchaseId": order, "restoreGraceDays": 5}));
        assert_eq!(policy("REVERSE", false), json!({"purchaseId": order}));
        let earned = items.iter().find(|one| one["kind"] == "EARN").expect("a row");
        assert_eq!(earned["purchaseId"], order);
    }
}
