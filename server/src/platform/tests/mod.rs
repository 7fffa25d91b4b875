mod chain;
mod keys;
mod laws;
mod money;
mod people;
mod repeated;
mod sign_in;
mod story;
mod tries;

use axum::http::Method;
use serde_json::{Value as Json, json};

use crate::hall::testing::{Said, TestApp};

const PASSWORD: &str = "four plain words";
const PIN: &str = "2580";

/// Somebody with a rank, an email `{name}@test.example`, the password and the PIN above; their id.
async fn person(app: &TestApp, name: &str, role: &str, venue: Option<&str>) -> String {
    let owner = app.owner();
    let email = format!("{}@test.example", name.to_lowercase());
    let ask = json!({"name": name, "email": email, "roles": [{"venueId": venue, "role": role}]});
    let made = owner.post("/api/v1/chain/staff", ask).await;
    made.is(201);
    let id = made.text("/id");
    let one = format!("/api/v1/chain/staff/{id}");
    owner
        .put(&format!("{one}/password"), json!({"password": PASSWORD}))
        .await
        .is(204);
    owner
        .put(&format!("{one}/pin"), json!({"pin": PIN}))
        .await
        .is(204);
    id
}

/// A second venue of the chain.
async fn annex(app: &TestApp) -> String {
    let ask = json!({"slug": "annex", "name": "Annex", "zone": "Europe/Stockholm", "country": "SE",
        "currency": "SEK", "language": "sv", "taxMode": "INCLUSIVE", "tillMode": "FULL"});
    let made = app.owner().post("/api/v1/chain/venues", ask).await;
    made.is(201);
    made.text("/id")
}

async fn sign_in(app: &TestApp, name: &str, password: &str) -> Said {
    let email = format!("{}@test.example", name.to_lowercase());
    let ask = json!({"email": email, "password": password});
    app.nobody().post("/api/v1/staff/sign-in", ask).await
}

/// A paired till of the first venue: its id and its token.
async fn till(app: &TestApp) -> (String, String) {
    let made = app
        .manager()
        .post(&app.dashboard("/devices"), json!({"name": "Bar"}))
        .await;
    made.is(201);
    let code = made.text("/pairingCode");
    let paired = app
        .nobody()
        .post("/api/v1/devices/pair", json!({"code": code}))
        .await;
    paired.is(201);
    (made.text("/device/id"), paired.text("/token"))
}

/// A request with a cookie, as a browser sends it from our own page or (`None`) from who knows where.
async fn with_cookie(
    app: &TestApp,
    method: Method,
    path: &str,
    cookie: &str,
    proof: Option<(&str, &str)>,
) -> Said {
    let mut headers = vec![("cookie", cookie)];
    headers.extend(proof);
    let body: Option<Json> = (method == Method::POST).then(|| json!({}));
    app.nobody().send(method, path, body, &headers).await
}
