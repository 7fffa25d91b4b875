mod dashboard;
mod races;
mod stories;

use serde_json::{Value as Json, json};

use crate::hall::id::{CustomerId, VenueId};
use crate::hall::testing::{Persona, Said, TestApp};
use crate::loyalty::{self, Grant as Points};
use crate::platform::sessions::{self, Whose};

pub const CHAIN: &str = "/api/v1/chain/loyalty/rewards";

pub fn five_off() -> Json {
    json!({
        "name": "Five off", "pointsCost": 400, "kind": "AMOUNT_OFF",
        "value": {"amount": 500, "currency": "EUR"}, "limits": {"voucherDays": 30},
    })
}

/// A reward of the chain, by its id.
pub async fn reward(app: &TestApp, ask: Json) -> String {
    let made = app.manager().post(CHAIN, ask).await;
    made.is(201).text("/id")
}

/// A guest with so many points.
pub async fn guest(app: &TestApp, points: i64) -> CustomerId {
    let guest = app.customer("Noor").await;
    give(app, guest, points).await;
    guest
}

pub async fn give(app: &TestApp, guest: CustomerId, points: i64) {
    let once = app.hall.entropy.id::<VenueId>(app.now()).to_string();
    app.write(move |tx| {
        let grant = Points {
            customer: guest,
            venue: None,
            points,
            cause_kind: "test",
            cause_id: "test".into(),
            purchase_id: once.clone(),
            policy: json!({}),
        };
        loyalty::grant(tx, &grant)
    })
    .await;
}

pub async fn signed_in(app: &TestApp, guest: CustomerId) -> Persona<'_> {
    let begun = app
        .write(move |tx| sessions::begin(tx, Whose::Customer(guest)))
        .await;
    app.bearer(begun.token.expose())
}

pub async fn points(app: &TestApp, guest: CustomerId) -> i64 {
    let path = app.dashboard(&format!("/customers/{guest}/loyalty/balance"));
    app.staff().get(&path).await.is(200).int("/available")
}

pub async fn redeem(app: &TestApp, guest: CustomerId, reward: &str) -> Said {
    let path = app.till(&format!("/customers/{guest}/rewards/{reward}/redeem"));
    app.staff().post(&path, Json::Null).await
}

pub async fn cancel(app: &TestApp, guest: CustomerId, voucher: &str) -> Said {
    let path = app.till(&format!("/customers/{guest}/vouchers/{voucher}/cancel"));
    app.staff().post(&path, Json::Null).await
}

/// The newest voucher of the guest.
pub async fn newest(app: &TestApp, guest: CustomerId) -> Said {
    let path = app.dashboard(&format!("/customers/{guest}/loyalty/vouchers?pageSize=1"));
    app.staff().get(&path).await
}

pub fn sale(guest: CustomerId, code: &str) -> Json {
    json!({
        "customerId": guest, "couponCodes": [code], "payments": [{"method": "CARD"}],
        "items": [{"inline": {"name": "Beer", "unitPrice": {"amount": 2_000, "currency": "EUR"}}}],
    })
}
