use axum::http::Method;
use serde_json::json;

use crate::both_stores;
use crate::hall::testing::{Said, TestApp};

async fn send(app: &TestApp, query: &str, kind: &str, file: &str) -> Said {
    let path = app.dashboard(&format!("/customers/import{query}"));
    let bytes = Some(file.as_bytes().to_vec());
    app.manager()
        .send_bytes(Method::POST, &path, bytes, &[("content-type", kind)])
        .await
}

fn counts(said: &Said) -> [i64; 5] {
    said.is(200);
    ["processed", "created", "updated", "unchanged", "failed"]
        .map(|name| said.int(&format!("/{name}")))
}

const FILE: &str = "id,name,email,phone,tags,marketing consent,shoe\n\
    1,Åsa Lindqvist,asa@example.com,070-174 06 05,VIP;boule,yes,38\n\
    ,Bo Ek,bo@example.com,,,,\n\
    ,,,070-174 06 07,,,\n\
    ,Cia Berg,,,,,\n\
    5,Dan,nobody,12,,,\n\
    ,,,,VIP,,\n\
    7,Eva,ASA@example.com,,,,\n";

both_stores! {
    async fn the_same_file_twice_changes_nothing(app: TestApp) {
        let dry = send(&app, "?dryRun=true", "text/csv", FILE).await;
        assert_eq!(counts(&dry), [7, 5, 0, 0, 2]);
        let none = app.staff().get(&app.dashboard("/customers")).await;
        assert_eq!(none.int("/total"), 0);
        let first = send(&app, "?system=square", "text/csv", FILE).await;
        assert_eq!(counts(&first), [7, 4, 1, 0, 2]);
        assert_eq!(first.json["ignoredColumns"], json!(["shoe"]));
        assert_eq!((first.int("/rejected/0/line"), first.text("/rejected/0/errors/0/pointer")), (6, "/email".into()));
        assert_eq!((first.int("/rejected/1/line"), first.text("/rejected/1/errors/0/code")), (7, "identity_missing".into()));
        let back = first.text("/rejectedFile");
        assert!(back.starts_with("id,name,email,phone,tags,marketing consent,shoe,reason\n5,Dan,nobody,12,,,,"), "{back}");
        let listed = app.staff().get(&app.dashboard("/customers?search=asa")).await;
        assert_eq!(listed.json["items"][0]["marketingConsent"], json!(false));
        assert_eq!(listed.json["items"][0]["firstName"], json!("Eva"));
        assert_eq!(listed.json["items"][0]["externalRefs"], json!([{"system": "square", "id": "1"}, {"system": "square", "id": "7"}]));
        assert_eq!(listed.text("/items/0/source"), "IMPORT");
        let again = send(&app, "?system=square", "text/csv", &FILE.replace("7,Eva,ASA@example.com,,,,\n", "")).await;
        // The first line gives her name back; a third time nothing is left to do.
        assert_eq!(counts(&again), [6, 0, 1, 3, 2]);
        let third = send(&app, "?system=square", "text/csv", &FILE.replace("7,Eva,ASA@example.com,,,,\n", "")).await;
        assert_eq!(counts(&third), [6, 0, 0, 4, 2]);
    }

    async fn one_customer_per_line_as_json(app: TestApp) {
        let file = "{\"firstName\": \"Åsa\", \"email\": \"asa@example.com\", \"metadata\": {\"shoe\": \"38\"}}\n\
            {\"firstName\": \"Bo\", \"nmae\": 1, \"email\": \"bo@example.com\"}\n\n[1]\n\
            {\"email\": \"asa@example.com\", \"phone\": \"0701740605\"}\n";
        let said = send(&app, "", "application/x-ndjson", file).await;
        assert_eq!(counts(&said), [4, 1, 1, 0, 2]);
        assert_eq!((said.text("/rejected/0/errors/0/pointer"), said.int("/rejected/1/line")), ("/nmae".into(), 4));
        let rest = send(&app, "?fromLine=5", "application/x-ndjson", file).await;
        assert_eq!(counts(&rest), [1, 0, 0, 1, 0]);
    }

    async fn a_clash_is_told_and_the_rest_is_kept(app: TestApp) {
        for (email, phone) in [("asa@example.com", "0701740605"), ("bo@example.com", "0701740606")] {
            app.staff().post(&app.dashboard("/customers"), json!({"email": email, "phone": phone})).await.is(201);
        }
        let said = send(&app, "", "text/csv", "email,phone\nasa@example.com,0701740606\ncia@example.com,\n").await;
        assert_eq!(counts(&said), [2, 1, 0, 0, 1]);
        assert_eq!((said.text("/rejected/0/errors/0/code"), said.text("/rejected/0/errors/0/pointer")), ("customer_exists".into(), "/phone".into()));
    }

    async fn what_is_no_file_of_customers_is_refused(app: TestApp) {
        send(&app, "", "application/json", "{}").await.is_problem(415, "wrong_type");
        send(&app, "", "text/csv", "a,b\n1,2\n").await.is_problem(400, "malformed");
        let many = format!("name\n{}", "x\n".repeat(50_001));
        send(&app, "", "text/csv", &many).await.is_problem(422, "invalid");
        let large = "x".repeat((20 << 20) + 1);
        send(&app, "", "text/csv", &large).await.is_problem(413, "too_large");
        let path = app.dashboard("/customers/import");
        app.staff().send_bytes(Method::POST, &path, Some(Vec::new()), &[("content-type", "text/csv")]).await.is_problem(403, "forbidden");
    }
}
