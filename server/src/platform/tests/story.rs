//! From the printed link to a guest's first order: set-up, a till, a person at it, and their last day.

use serde_json::json;

use super::PIN;
use crate::both_stores;
use crate::hall::testing::TestApp;
use crate::platform::set_up;

both_stores! {
    async fn an_owner_sets_up_a_chain_and_its_till_is_used(app: TestApp) {
        let token = set_up::offer(&app.hall).await.expect("a link is offered");
        let ask = json!({
            "token": token.expose(),
            "chain": {"slug": "boule", "name": "Boule & Bar"},
            "owner": {"name": "Maja Lind", "email": "Maja@Boule.example", "password": "four plain words"},
            "venue": {"slug": "quay", "name": "Quay", "zone": "Europe/Stockholm", "country": "SE", "currency": "SEK",
                "language": "sv", "taxMode": "INCLUSIVE", "tillMode": "FULL",
                "openingHours": {"weekly": [{"day": "FRI", "opens": "16:00", "closes": "01:00"}]}},
            "taxClasses": [{"name": "Food", "rate": "6"}, {"name": "Beer", "rate": "25"}],
            "staff": [{"name": "Nils", "role": "STAFF", "pin": PIN}],
        });
        let done = app.nobody().post("/api/v1/set-up", ask.clone()).await;
        done.is(201);
        assert_eq!((done.text("/chain/mode"), done.text("/chain/currency")), ("LIVE".into(), "SEK".into()));
        app.nobody().post("/api/v1/set-up", ask).await.is_problem(410, "code_expired");
        let owner = app.bearer(&done.text("/token"));
        let venue = done.text("/venue/id");
        let rates = owner.get(&format!("/api/v1/dashboard/venues/{venue}/tax-rates")).await;
        assert_eq!((rates.text("/rates/0/validFrom"), rates.text("/rates/1/rate")), ("2026-06-12".into(), "25".into()));

        let again = app.nobody().post("/api/v1/staff/sign-in",
            json!({"email": " maja@boule.EXAMPLE", "password": "four plain words"})).await;
        again.is(201);
        let owner = app.bearer(&again.text("/token"));
        assert_eq!(owner.get("/api/v1/staff/me").await.text("/staff/name"), "Maja Lind");

        let devices = format!("/api/v1/dashboard/venues/{venue}/devices");
        let code = owner.post(&devices, json!({"name": "Bar"})).await.text("/pairingCode");
        let paired = app.nobody().post("/api/v1/devices/pair", json!({"code": code})).await;
        let till = app.bearer(&paired.text("/token"));
        let people = till.get(&format!("/api/v1/tpv/venues/{venue}/staff")).await;
        assert_eq!((people.text("/0/name"), people.json.as_array().map(Vec::len)), ("Nils".into(), Some(1)));
        let nils = people.text("/0/id");
        let switch = format!("/api/v1/tpv/venues/{venue}/switch");
        let at_till = till.post(&switch, json!({"staffId": nils, "pin": PIN})).await;
        at_till.is(201);
        let at_till = app.bearer(&at_till.text("/token"));
        let me = at_till.get("/api/v1/staff/me").await;
        assert_eq!((me.text("/actor"), me.text("/roles/0/role")), (format!("staff:{nils}"), "STAFF".into()));

        owner.delete(&format!("/api/v1/chain/staff/{nils}")).await.is(204);
        at_till.get("/api/v1/staff/me").await.is_problem(401, "unauthenticated");
        till.post(&switch, json!({"staffId": nils, "pin": PIN})).await.is_problem(422, "pin_wrong");
    }

    async fn only_the_last_offered_link_works(app: TestApp) {
        let first = set_up::offer(&app.hall).await.expect("a link is offered");
        set_up::offer(&app.hall).await.expect("another link is offered");
        let ask = json!({
            "token": first.expose(),
            "chain": {"slug": "x", "name": "X"},
            "owner": {"name": "X", "email": "x@x.example", "password": "four plain words"},
            "venue": {"slug": "x", "name": "X", "zone": "Europe/Madrid", "country": "ES", "currency": "EUR",
                "language": "es", "taxMode": "INCLUSIVE", "tillMode": "COMPANION"},
        });
        app.nobody().post("/api/v1/set-up", ask).await.is_problem(410, "code_expired");
        assert!(!set_up::is_needed(&app.hall).await.expect("it can be asked"));
    }

    async fn a_set_up_names_every_wrong_field(app: TestApp) {
        let token = set_up::offer(&app.hall).await.expect("a link is offered");
        let ask = json!({
            "token": token.expose(),
            "chain": {"slug": "Boule Bar", "name": ""},
            "owner": {"name": "M", "email": "maja", "password": "short", "pin": "12a4"},
            "venue": {"slug": "quay", "name": "Quay", "zone": "Mars/Olympus", "country": "XX", "currency": "kr",
                "language": "Swedish", "taxMode": "INCLUSIVE", "tillMode": "FULL", "businessDayStart": "13:00"},
            "staff": [{"name": "N", "role": "STAFF", "pin": "123"}],
        });
        let said = app.nobody().post("/api/v1/set-up", ask.clone()).await;
        said.is_problem(422, "invalid");
        let errors = said.json["errors"].as_array().expect("errors").iter();
        let pointers: Vec<_> = errors.map(|error| error["pointer"].as_str().unwrap_or_default()).collect();
        assert_eq!(pointers, ["/chain/slug", "/chain/name", "/owner/email", "/owner/password", "/owner/pin",
            "/venue/zone", "/venue/country", "/venue/businessDayStart", "/venue/language", "/venue/currency", "/staff/0/pin"]);
    }
}
