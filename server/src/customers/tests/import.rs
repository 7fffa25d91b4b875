use axum::http::Method;
use serde_json::json;

use crate::both_stores;
use crate::customers::import::job::step;
use crate::hall::error::Error;
use crate::hall::testing::{Said, TestApp};
use crate::jobs;

async fn send(app: &TestApp, query: &str, kind: &str, file: &str) -> Said {
    let path = app.dashboard(&format!("/customers/import{query}"));
    let bytes = Some(file.as_bytes().to_vec());
    app.manager()
        .send_bytes(Method::POST, &path, bytes, &[("content-type", kind)])
        .await
}

async fn shown(app: &TestApp, id: &str) -> Said {
    app.manager()
        .get(&app.dashboard(&format!("/customers/import/{id}")))
        .await
}

/// Sends a file, and shows what became of it.
async fn done(app: &TestApp, query: &str, kind: &str, file: &str) -> Said {
    let sent = send(app, query, kind, file).await;
    sent.is(202);
    assert_eq!(
        (sent.text("/state"), sent.int("/processed")),
        ("WAITING".into(), 0)
    );
    jobs::run_due(&app.hall, None).await.unwrap();
    let said = shown(app, &sent.text("/id")).await;
    assert_eq!(said.text("/state"), "DONE");
    assert_eq!(said.int("/processed"), said.int("/total"));
    said
}

fn counts(said: &Said) -> [i64; 5] {
    said.is(200);
    ["processed", "created", "updated", "unchanged", "failed"]
        .map(|name| said.int(&format!("/{name}")))
}

async fn rejected(app: &TestApp, import: &Said) -> Vec<String> {
    let path = app.dashboard(&format!(
        "/customers/import/{}/rejected",
        import.text("/id")
    ));
    let said = app.manager().get(&path).await;
    said.is(200);
    assert_eq!(said.header("content-type"), Some("text/csv; charset=utf-8"));
    let text = String::from_utf8(said.bytes).unwrap();
    text.lines().map(str::to_owned).collect()
}

const FILE: &str = "id,name,email,phone,tags,marketing consent,shoe\n\
    1,Åsa Lindqvist,asa@example.com,070-174 06 05,VIP;boule,yes,38\n\
    ,Bo Ek,bo@example.com,,,,\n\
    ,,,070-174 06 07,,,\n\
    ,Cia Berg,,,,,\n\
    5,Dan,nobody,12,,,\n\
    ,,,,VIP,,\n\
    7,Eva,ASA@example.com,,,,\n";

fn points_of(listed: &Said) -> Vec<i64> {
    let items = listed.json["items"].as_array().unwrap();
    items
        .iter()
        .filter_map(|one| one["loyaltyPoints"].as_i64())
        .collect()
}

both_stores! {
    async fn the_same_file_twice_changes_nothing(app: TestApp) {
        let dry = done(&app, "?dryRun=true", "text/csv", FILE).await;
        assert_eq!((counts(&dry), &dry.json["dryRun"]), ([7, 4, 1, 0, 2], &json!(true)));
        assert_eq!(rejected(&app, &dry).await.len(), 3);
        let none = app.staff().get(&app.dashboard("/customers")).await;
        assert_eq!(none.int("/total"), 0);
        let first = done(&app, "?system=square", "text/csv", FILE).await;
        assert_eq!(counts(&first), [7, 4, 1, 0, 2]);
        assert_eq!(first.json["ignoredColumns"], json!(["shoe"]));
        let back = rejected(&app, &first).await;
        assert_eq!(back.len(), 3, "{back:?}");
        assert_eq!(back[0], "id,name,email,phone,tags,marketing consent,shoe,reason");
        assert!(back[1].starts_with("5,Dan,nobody,12,,,,") && back[1].contains("/email Send an email"), "{back:?}");
        assert!(back[2].starts_with(",,,,VIP,,,") && back[2].contains("at least one of email"), "{back:?}");
        let listed = app.staff().get(&app.dashboard("/customers?search=asa")).await;
        assert_eq!(listed.json["items"][0]["marketingConsent"], json!(false));
        assert_eq!(listed.json["items"][0]["firstName"], json!("Eva"));
        assert_eq!(listed.json["items"][0]["externalRefs"], json!([{"system": "square", "id": "1"}, {"system": "square", "id": "7"}]));
        assert_eq!(listed.text("/items/0/source"), "IMPORT");
        let without = FILE.replace("7,Eva,ASA@example.com,,,,\n", "");
        let again = done(&app, "?system=square", "text/csv", &without).await;
        // The first line gives her name back; a third time nothing is left to do.
        assert_eq!(counts(&again), [6, 0, 1, 3, 2]);
        let third = done(&app, "?system=square", "text/csv", &without).await;
        assert_eq!(counts(&third), [6, 0, 0, 4, 2]);
    }

    async fn one_customer_per_line_as_json(app: TestApp) {
        let group = "grp_01kab4bqf8e1ftz0c6hqp2v9xw";
        let file = format!("{{\"firstName\": \"Åsa\", \"email\": \"asa@example.com\", \"metadata\": {{\"shoe\": \"38\"}}}}\n\
            {{\"firstName\": \"Bo\", \"nmae\": 1, \"email\": \"bo@example.com\"}}\n\n[1]\n\
            {{\"email\": \"asa@example.com\", \"phone\": \"0701740605\", \"marketingConsent\": true}}\n\
            {{\"email\": \"cia@example.com\", \"customerGroupId\": \"{group}\"}}\n");
        let said = done(&app, "", "application/x-ndjson", &file).await;
        assert_eq!(counts(&said), [5, 1, 1, 0, 3]);
        let back = rejected(&app, &said).await;
        assert!(back[1].contains("/nmae") && back[2].starts_with("[1],"), "{back:?}");
        let asa = app.staff().get(&app.dashboard("/customers?search=asa")).await;
        assert_eq!((asa.text("/items/0/phone"), &asa.json["items"][0]["marketingConsent"]), ("+46701740605".into(), &json!(false)));
    }

    async fn a_clash_is_told_and_the_rest_is_kept(app: TestApp) {
        for (email, phone) in [("asa@example.com", "0701740605"), ("bo@example.com", "0701740606")] {
            app.staff().post(&app.dashboard("/customers"), json!({"email": email, "phone": phone})).await.is(201);
        }
        let said = done(&app, "", "text/csv", "email,phone\nasa@example.com,0701740606\ncia@example.com,\n").await;
        assert_eq!(counts(&said), [2, 1, 0, 0, 1]);
        let back = rejected(&app, &said).await;
        assert!(back[1].contains("/phone Another customer has this phone") && back[1].contains("(cus_"), "{back:?}");
    }

    async fn a_control_character_costs_its_own_line_and_no_other(app: TestApp) {
        let csv = "id,name,email\n1,Åsa,asa@example.com\n2\u{0},Bo,bo@example.com\n3\u{7}x,Cia,cia@example.com\n\
            4,D\u{0}n,\n,,eva\u{0}@example.com\n6,Fia,fia@example.com\n";
        let said = done(&app, "", "text/csv", csv).await;
        assert_eq!(counts(&said), [6, 2, 0, 0, 4]);
        let back = rejected(&app, &said).await;
        assert!(back[1].contains("/externalRefs/0/id") && back[1].contains("none of them a control character"), "{back:?}");
        let ndjson = "{\"id\": \"7\\u0000\", \"firstName\": \"Gun\"}\n{\"id\": \"8\\u001f\", \"firstName\": \"Hal\"}\n\
            {\"externalRefs\": [{\"system\": \"a\\u0000\", \"id\": \"1\"}]}\n{\"n\\u0000\": 1}\n{\"n\\u0007\": 1}\n\
            {\"metadata\": {\"a\": \"\\u0000\"}, \"firstName\": \"Jan\"}\n{\"id\": \"9\", \"firstName\": \"Ida\"}\n";
        let said = done(&app, "", "application/x-ndjson", ndjson).await;
        assert_eq!(counts(&said), [7, 1, 0, 0, 6]);
        assert_eq!(rejected(&app, &said).await.len(), 7);
        // Nor is one in a path.
        let path = app.dashboard("/customers/by-ref/till/a%00b");
        app.staff().put(&path, json!({"firstName": "Kim"})).await.is_problem(404, "not_found");
        let path = app.dashboard("/customers/by-ref/till/a%07b");
        let said = app.staff().put(&path, json!({"firstName": "Kim"})).await;
        assert_eq!(said.is_problem(422, "invalid").text("/errors/0/pointer"), "/externalRefs/0/id");
    }

    async fn a_line_that_breaks_us_is_refused_like_a_bad_one(app: TestApp) {
        let is_sqlite = app.hall.db.dialect() == crate::hall::store::Dialect::Sqlite;
        let broken: &[&str] = if is_sqlite {
            &["create trigger broken before insert on customers when new.first_name = 'Bo'
               begin select raise(abort, 'broken'); end"]
        } else {
            &["create function broken() returns trigger language plpgsql as $$ begin raise exception 'broken'; end $$",
              "create trigger broken before insert on customers for each row
               when (new.first_name = 'Bo') execute function broken()"]
        };
        app.as_owner(broken).await;
        let said = done(&app, "", "text/csv", "name,email\nÅsa,asa@example.com\nBo,bo@example.com\nCia,\n").await;
        assert_eq!(counts(&said), [3, 2, 0, 0, 1]);
        let back = rejected(&app, &said).await;
        assert!(back[1].starts_with("Bo,bo@example.com,") && back[1].contains("wrong on our side"), "{back:?}");
    }

    async fn what_a_part_queued_or_panicked_at_undoes_that_part_alone(app: TestApp) {
        let held = app.write(|tx| {
            let clash = tx.apart(|tx| {
                for _ in 0..2 {
                    let twice = "insert into tax_classes (tenant_id, tax_class_id, name, created_at) values ($1, 'tax_x', 'x', 1)";
                    tx.queue(twice, &[])?;
                }
                Ok(())
            });
            let panicked = tx.apart(|tx| tx.apart(|_| -> Result<(), Error> { panic!("as planned") }));
            let sound = tx.apart(|tx| tx.one("select count(*) from tax_classes where tenant_id = $1", &[])?.get::<i64>(0));
            Ok((clash.is_err(), panicked.is_err(), sound?))
        }).await;
        assert_eq!(held, (true, true, 0));
    }

    async fn what_is_no_file_of_customers_is_refused(app: TestApp) {
        send(&app, "", "application/json", "{}").await.is_problem(415, "wrong_type");
        send(&app, "", "text/csv", "a,b\n1,2\n").await.is_problem(400, "malformed");
        let many = format!("name\n{}", "x\n".repeat(100_001));
        send(&app, "", "text/csv", &many).await.is_problem(422, "invalid");
        let large = "x".repeat((20 << 20) + 1);
        send(&app, "", "text/csv", &large).await.is_problem(413, "too_large");
        for (query, file, pointer) in [
            ("", "email,Gift card number\na@example.com,X\n", "/Gift card number"),
            ("?map=email%3DContact", "Mail\na@example.com\n", "?map"),
            ("?map=shoe%3DMail", "Mail\na@example.com\n", "?map"),
            ("?preset=toast", "Mail\na@example.com\n", "?preset"),
            ("?system=Our%20till", "Mail\na@example.com\n", "?system"),
        ] {
            let said = send(&app, query, "text/csv", file).await;
            assert_eq!(said.is_problem(422, "invalid").text("/errors/0/pointer"), pointer);
        }
        let path = app.dashboard("/customers/import");
        app.staff().send_bytes(Method::POST, &path, Some(Vec::new()), &[("content-type", "text/csv")]).await.is_problem(403, "forbidden");
        // Nothing of all that is left behind, and a header alone is a file of nobody.
        let empty = send(&app, "", "text/csv", "email\n").await;
        assert_eq!((empty.is(202).text("/state"), empty.int("/total")), ("DONE".into(), 0));
    }

    async fn an_import_is_seen_where_it_was_sent(app: TestApp) {
        let import = done(&app, "", "text/csv", "email\nasa@example.com\n").await.text("/id");
        let (own, list) = (app.dashboard(&format!("/customers/import/{import}")), format!("/customers/import/{import}/rejected"));
        let list = app.dashboard(&list);
        let other = app.other_tenant().await;
        for path in [&own, &list] {
            other.get(path).await.is_problem(404, "not_found");
            app.staff().get(path).await.is_problem(403, "forbidden");
        }
        let elsewhere = crate::hall::testing::venue("annex", "EUR");
        let annex = app.write(move |tx| crate::platform::chain::open_venue(tx, &elsewhere)).await;
        for path in [&own, &list] {
            let there = path.replace(&app.venue.to_string(), &annex.to_string());
            app.manager().get(&there).await.is_problem(404, "not_found");
        }
    }

    async fn a_file_that_was_cut_off_goes_on(app: TestApp) {
        let mut file = String::from("email,points\n");
        for n in 0..450 {
            file.push_str(&format!("guest{n}@example.com,10\n"));
        }
        file.push_str("nobody,\n");
        let sent = send(&app, "", "text/csv", &file).await;
        let id = sent.is(202).text("/id");
        // One process commits a chunk and dies in the next.
        app.write(|tx| step(tx).map(|step| assert!(step.is_some()))).await;
        let lost = app.try_write(|tx| step(tx).and_then(|_| Err::<(), Error>(Error::Stale))).await;
        assert!(lost.is_err());
        let half = shown(&app, &id).await;
        assert_eq!((counts(&half), half.text("/state")), ([200, 200, 0, 0, 0], "RUNNING".into()));
        jobs::run_due(&app.hall, None).await.unwrap();
        let whole = shown(&app, &id).await;
        assert_eq!((counts(&whole), whole.text("/state")), ([451, 450, 0, 0, 1], "DONE".into()));
        let listed = app.staff().get(&app.dashboard("/customers?pageSize=100")).await;
        assert_eq!((listed.int("/total"), points_of(&listed)), (450, vec![10; 100]));
        let again = done(&app, "", "text/csv", &file).await;
        assert_eq!(counts(&again), [451, 0, 0, 450, 1]);
    }

    async fn a_chunk_is_counted_by_one_of_two_jobs(app: TestApp) {
        let id = send(&app, "", "text/csv", "email\nasa@example.com\n").await.is(202).text("/id");
        app.write(|tx| {
            let wanted = crate::customers::store::imports::wanted(tx)?.unwrap();
            assert!(step(tx)?.is_some());
            let tally = crate::customers::import::Tally { created: 1, ..Default::default() };
            assert!(!crate::customers::store::imports::advance(tx, &wanted, &tally)?, "another job counted it");
            assert!(step(tx)?.is_none());
            Ok(())
        }).await;
        assert_eq!(counts(&shown(&app, &id).await), [1, 1, 0, 0, 0]);
    }

    async fn a_balance_is_brought_once_from_each_system(app: TestApp) {
        let file = "Reference,E-mail,Points\n1,asa@example.com,120\n2,bo@example.com,0\n3,cia@example.com,\n\
            4,dan@example.com,-5\n5,eva@example.com,many\n";
        let query = "?map=id%3DReference&system=till";
        let dry = done(&app, &format!("{query}&dryRun=true"), "text/csv", file).await;
        assert_eq!(counts(&dry), [5, 3, 0, 0, 2]);
        let first = done(&app, query, "text/csv", file).await;
        assert_eq!(counts(&first), [5, 3, 0, 0, 2]);
        let back = rejected(&app, &first).await;
        assert!(back[1..].iter().all(|line| line.contains("/points Send a whole number of points")), "{back:?}");
        let asa = app.staff().get(&app.dashboard("/customers?search=asa")).await;
        let ledger = app.dashboard(&format!("/customers/{}/loyalty/transactions", asa.text("/items/0/id")));
        let rows = app.staff().get(&ledger).await;
        assert_eq!(rows.is(200).json["items"].as_array().unwrap().len(), 1);
        assert_eq!((rows.text("/items/0/kind"), rows.int("/items/0/points"), rows.text("/items/0/causeId")),
            ("OPENING".into(), 120, "till".into()));
        let again = done(&app, query, "text/csv", file).await;
        assert_eq!(counts(&again), [5, 0, 0, 3, 2]);
        // Another balance from there is no news that a file can bring; one from elsewhere is.
        let other = done(&app, "?system=till", "text/csv", "email,points\nasa@example.com,130\n").await;
        assert_eq!(counts(&other), [1, 0, 0, 0, 1]);
        let back = rejected(&app, &other).await;
        assert!(back[1].contains("120 points were brought from till before"), "{back:?}");
        let club = done(&app, "?system=club", "text/csv", "email,points\nasa@example.com,30\n").await;
        assert_eq!(counts(&club), [1, 0, 1, 0, 0]);
        let asa = app.staff().get(&app.dashboard("/customers?search=asa")).await;
        assert_eq!(asa.int("/items/0/loyaltyPoints"), 150);
    }

    async fn an_export_is_read_by_its_preset(app: TestApp) {
        let square = "First Name,Email Address,Street Address 1,Birthday,Square Customer ID,Memo\n\
            Åsa,asa@example.com,Storgatan 1,05/06/1984,JDKY,likes boule\n";
        let said = done(&app, "?preset=square", "text/csv", square).await;
        assert_eq!((counts(&said), &said.json["ignoredColumns"]), ([1, 1, 0, 0, 0], &json!(["Memo"])));
        let asa = app.staff().get(&app.dashboard("/customers?search=asa")).await.json["items"][0].clone();
        assert_eq!((&asa["birthDate"], &asa["externalRefs"]), (&json!("1984-05-06"), &json!([{"system": "square", "id": "JDKY"}])));
        assert_eq!(asa["billingAddress"]["line1"], "Storgatan 1");
    }

    async fn sent_again_with_its_key_it_is_the_same_import(app: TestApp) {
        let (path, key) = (app.dashboard("/customers/import"), [("content-type", "text/csv"), ("idempotency-key", "once")]);
        let post = async |path: &str, file: &str| {
            let bytes = Some(file.as_bytes().to_vec());
            app.manager().send_bytes(Method::POST, path, bytes, &key).await
        };
        let one = post(&path, "email\nasa@example.com\n").await;
        let two = post(&path, "email\nasa@example.com\n").await;
        assert_eq!((one.is(202).text("/id"), two.is(202).header("idempotency-replayed")), (two.text("/id"), Some("true")));
        post(&path, "email\nbo@example.com\n").await.is_problem(422, "idempotency_key_reused");
        post(&format!("{path}?dryRun=true"), "email\nasa@example.com\n").await.is_problem(422, "idempotency_key_reused");
    }

    async fn too_many_files_wait(app: TestApp) {
        for _ in 0..20 {
            send(&app, "", "text/csv", "email\nasa@example.com\n").await.is(202);
        }
        let refused = send(&app, "", "text/csv", "email\nbo@example.com\n").await;
        refused.is_problem(429, "too_many");
        assert_eq!(refused.header("retry-after"), Some("60"));
        jobs::run_due(&app.hall, None).await.unwrap();
        send(&app, "", "text/csv", "email\nbo@example.com\n").await.is(202);
    }

    async fn what_is_old_is_forgotten(app: TestApp) {
        let import = done(&app, "", "text/csv", "email\nnobody\n").await;
        assert_eq!(rejected(&app, &import).await.len(), 2);
        let venue = app.venue;
        app.write(move |tx| {
            let how = crate::customers::import::ImportCustomers::default().how()?;
            let file = crate::customers::store::imports::File {
                id: tx.new_id(), venue, how: &how, header: &[], ignored: &[], total: 1, chunks: 1,
            };
            crate::customers::store::imports::insert(tx, &file, 20)
        }).await;
        app.advance(jiff::SignedDuration::from_hours(24 * 31));
        jobs::run_due(&app.hall, None).await.unwrap();
        let path = app.dashboard(&format!("/customers/import/{}/rejected", import.text("/id")));
        app.manager().get(&path).await.is_problem(404, "not_found");
        assert_eq!(counts(&shown(&app, &import.text("/id")).await), [1, 0, 0, 0, 1]);
        let left = app.write(|tx| {
            let row = tx.one("select count(*) from customer_imports where tenant_id = $1", &[])?;
            row.get::<i64>(0)
        }).await;
        assert_eq!(left, 1, "who went away while sending left nothing");
    }
}
