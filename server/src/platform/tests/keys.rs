//! API keys: rights, limits, and their end.

use jiff::SignedDuration;
use serde_json::json;

use super::annex;
use crate::both_stores;
use crate::hall::access::Role;
use crate::hall::testing::TestApp;

const PATH: &str = "/api/v1/chain/api-keys";

both_stores! {
    async fn a_key_is_told_once_and_revoked_at_once(app: TestApp) {
        let ask = json!({"name": "Till", "role": "MANAGER"});
        let made = app.owner().post_keyed(PATH, "key-1", ask.clone()).await;
        made.is(201);
        let token = made.text("/token");
        assert!(token.starts_with("sk_test_") && token.ends_with(&made.text("/key/hint")));
        assert_eq!(made.header("cache-control"), Some("no-store"));
        let replay = app.owner().post_keyed(PATH, "key-1", ask).await;
        assert_eq!((replay.json.get("token"), &replay.json["key"]), (None, &made.json["key"]));
        let one = format!("{PATH}/{}", made.text("/key/id"));
        let key = app.bearer(&token);
        key.get(&app.dashboard("/devices")).await.is(200);
        let shown = app.owner().get(&one).await;
        assert!(!shown.text("/lastUsedAt").is_empty() && !String::from_utf8_lossy(&shown.bytes).contains(&token));
        app.owner().put(&one, json!({"name": "Bar"})).await.is(200);
        app.staff().get(&one).await.is_problem(403, "forbidden");
        app.owner().delete(&one).await.is(204);
        app.owner().delete(&one).await.is(204);
        key.get("/api/v1/chain").await.is_problem(401, "unauthenticated");
        assert!(!app.owner().get(&one).await.text("/revokedAt").is_empty());
    }

    async fn a_key_is_over_when_it_expires(app: TestApp) {
        let until = (app.now() + SignedDuration::from_hours(1)).to_string();
        let made = app.owner().post(PATH, json!({"name": "Fair", "role": "STAFF", "expiresAt": until})).await;
        let key = app.bearer(&made.text("/token"));
        key.get("/api/v1/chain").await.is(200);
        app.advance(SignedDuration::from_hours(1));
        key.get("/api/v1/chain").await.is_problem(401, "unauthenticated");
    }

    async fn a_key_of_one_venue_is_nobody_in_another(app: TestApp) {
        let annex = annex(&app).await;
        let ask = json!({"name": "Annex", "role": "MANAGER", "venueIds": [annex]});
        let key = app.bearer(&app.owner().post(PATH, ask).await.text("/token"));
        key.get(&format!("/api/v1/dashboard/venues/{annex}/devices")).await.is(200);
        key.get(&app.dashboard("/devices")).await.is_problem(403, "forbidden");
        key.get("/api/v1/chain/staff").await.is_problem(403, "forbidden");
        key.get("/api/v1/chain").await.is(200);
        let me = key.get("/api/v1/staff/me").await;
        assert_eq!(me.json["roles"], json!([{"venueId": annex, "role": "MANAGER"}]));
    }

    async fn a_key_with_scopes_does_what_they_name(app: TestApp) {
        let key = app.key(Role::Owner, &["platform:read"]).await;
        key.get("/api/v1/chain").await.is(200);
        let said = key.post("/api/v1/chain/tax-classes", json!({"name": "Food"})).await;
        said.is_problem(403, "scope_missing");
        assert_eq!(said.text("/scope"), "platform:write");
        // What gives rights is beyond any scope, or a key could make itself a wider one.
        let wide = app.key(Role::Owner, &["platform:read", "platform:write", "staff:read"]).await;
        wide.post(PATH, json!({"name": "Mine", "role": "OWNER"})).await.is_problem(403, "scope_missing");
        wide.get(PATH).await.is(200);
    }

    async fn nobody_makes_a_key_above_their_own_rank(app: TestApp) {
        let manager = app.manager();
        manager.post(PATH, json!({"name": "K", "role": "OWNER"})).await.is_problem(403, "forbidden");
        manager.post(PATH, json!({"name": "K", "role": "MANAGER"})).await.is(201);
        let owners = app.owner().post(PATH, json!({"name": "K", "role": "OWNER"})).await.text("/key/id");
        manager.delete(&format!("{PATH}/{owners}")).await.is_problem(403, "forbidden");
        app.staff().post(PATH, json!({"name": "K", "role": "STAFF"})).await.is_problem(403, "forbidden");
    }

    async fn wrong_keys_are_named_field_by_field(app: TestApp) {
        let other = app.other_tenant().await;
        let elsewhere = other.get("/api/v1/chain/venues").await.text("/items/0/id");
        let past = app.now().to_string();
        for (field, value, pointer) in [
            ("name", json!(" "), "/name"),
            ("role", json!("ROOT"), "/role"),
            ("venueIds", json!([elsewhere]), "/venueIds/0"),
            ("scopes", json!(["platform:read", "world:write"]), "/scopes/1"),
            ("scopes", json!(["platform:read", "platform:read"]), "/scopes/1"),
            ("scopes", json!([""]), "/scopes/0"),
            ("expiresAt", json!(past), "/expiresAt"),
            ("expires_at", json!(past), "/expires_at"),
        ] {
            let mut ask = json!({"name": "K", "role": "STAFF"});
            ask[field] = value;
            let said = app.owner().post(PATH, ask).await;
            said.is_problem(422, "invalid");
            assert_eq!(said.text("/errors/0/pointer"), pointer);
        }
    }
}
