use jiff::SignedDuration;
use serde_json::json;

use super::messages::{MessageState, MessagesAsked};
use super::store::listing;
use crate::audit::seal_all;
use crate::both_stores;
use crate::hall::journal::EventType;
use crate::hall::store::{Dialect, plan};
use crate::hall::testing::TestApp;
use crate::jobs::run_due;
use crate::params;

async fn emit(app: &TestApp, count: i64) {
    let venue = app.venue;
    app.write(move |tx| {
        (0..count).try_for_each(|n| tx.emit(EventType::OrderPaid, Some(venue), &json!({"n": n})))
    })
    .await;
}

async fn kill_messages(app: &TestApp) {
    let sql =
        "update outbox set dead_at = $2, due_at = null where tenant_id = $1 and kind = 'MESSAGE'";
    app.write(move |tx| {
        let now = tx.now();
        tx.exec(sql, params![now])
    })
    .await;
}

both_stores! {
    async fn a_reader_of_the_feed_misses_nothing(app: TestApp) {
        emit(&app, 3).await;
        // What has no number yet is not there yet.
        assert_eq!(app.manager().get("/api/v1/events").await.json["items"], json!([]));
        seal_all(&app.hall).await.unwrap();
        let first = app.manager().get("/api/v1/events?limit=2").await;
        let of = |said: &crate::hall::testing::Said| -> Vec<i64> {
            said.json["items"].as_array().unwrap().iter().map(|event| event["seq"].as_i64().unwrap()).collect()
        };
        assert_eq!((of(&first), first.json["hasMore"].clone()), (vec![1, 2], json!(true)));
        let event = &first.json["items"][0];
        assert_eq!((event["type"].clone(), event["apiVersion"].clone()), (json!("order.paid"), json!("v1")));
        assert_eq!((event["venueId"].clone(), event["data"].clone()), (json!(app.venue), json!({"n": 0})));
        let after = first.text("/after");
        let second = app.manager().get(&format!("/api/v1/events?after={after}")).await;
        assert_eq!(of(&second), [3]);
        emit(&app, 1).await;
        seal_all(&app.hall).await.unwrap();
        let third = app.manager().get(&format!("/api/v1/events?after={}", second.text("/after"))).await;
        assert_eq!(of(&third), [4]);
        let none = app.manager().get(&format!("/api/v1/events?after={}", third.text("/after"))).await;
        assert_eq!((of(&none), none.text("/after")), (vec![], third.text("/after")));
        assert_eq!(of(&app.manager().get("/api/v1/events?after=3").await), [4]);
        assert_eq!(of(&app.manager().get("/api/v1/events?type=order.voided").await), Vec::<i64>::new());
        let stranger = app.other_tenant().await;
        assert_eq!(of(&stranger.get("/api/v1/events").await), Vec::<i64>::new());
        stranger.get(&format!("/api/v1/events?after={after}")).await.is_problem(410, "event_gone");
    }

    async fn a_question_that_makes_no_sense_is_refused(app: TestApp) {
        for (query, status, code) in [
            ("limit=0", 422, "invalid"),
            ("limit=501", 422, "invalid"),
            ("after=x", 422, "invalid"),
            ("after=evt_01kab4bqf8e1ftz0c6hqp2v9xw", 410, "event_gone"),
            ("befroe=1", 422, "invalid"),
        ] {
            app.manager().get(&format!("/api/v1/events?{query}")).await.is_problem(status, code);
        }
        app.staff().get("/api/v1/events").await.is_problem(403, "forbidden");
        app.nobody().get("/api/v1/events").await.is_problem(401, "unauthenticated");
        let kinds = app.staff().get("/api/v1/event-types").await;
        assert!(kinds.json.as_array().unwrap().iter().any(|kind| kind["type"] == "order.paid"));
    }

    async fn after_thirty_days_an_event_is_forgotten(app: TestApp) {
        emit(&app, 2).await;
        app.write(|tx| tx.send("sign_in_code", &json!({"to": "a@b.se", "code": "123456"}))).await;
        seal_all(&app.hall).await.unwrap();
        app.advance(SignedDuration::from_hours(20 * 24));
        emit(&app, 1).await;
        seal_all(&app.hall).await.unwrap();
        app.advance(SignedDuration::from_hours(11 * 24));
        run_due(&app.hall, None).await.unwrap();
        let left = app.manager().get("/api/v1/events").await;
        assert_eq!(left.json["items"].as_array().unwrap().len(), 1);
        assert_eq!(left.json["items"][0]["seq"], 3);
        // What is still due is never forgotten.
        let messages = app.manager().get("/api/v1/chain/messages").await;
        assert_eq!(messages.json["items"].as_array().unwrap().len(), 1);
    }

    async fn who_missed_an_event_is_told_and_nobody_else_is(app: TestApp) {
        emit(&app, 4).await;
        seal_all(&app.hall).await.unwrap();
        let feed = app.manager().get("/api/v1/events").await;
        let ids: Vec<String> = (0..4).map(|n| feed.text(&format!("/items/{n}/id"))).collect();
        app.advance(SignedDuration::from_hours(20 * 24));
        emit(&app, 1).await;
        seal_all(&app.hall).await.unwrap();
        app.advance(SignedDuration::from_hours(11 * 24));
        run_due(&app.hall, None).await.unwrap();
        let told = async |after: &str| {
            let said = app.manager().get(&format!("/api/v1/events?after={after}")).await;
            said.json["items"].as_array().map(|items| items.iter().map(|one| one["seq"].as_i64().unwrap()).collect::<Vec<_>>())
        };
        // Events 1 to 4 are over: who had read all of them has missed none.
        assert_eq!(told("4&limit=1").await, Some(vec![5]));
        for after in ["4".to_owned(), ids[3].clone()] {
            assert_eq!(told(&after).await, Some(vec![5]), "{after}");
        }
        for after in ["0", "1", "2", "3", "6", "-1", &ids[0], &ids[2]] {
            app.manager().get(&format!("/api/v1/events?after={after}")).await.is_problem(410, "event_gone");
        }
        let newest = app.manager().get("/api/v1/events").await.text("/after");
        // Nor has anybody when nothing new has come for long.
        app.advance(SignedDuration::from_hours(40 * 24));
        run_due(&app.hall, None).await.unwrap();
        for after in ["5", &newest] {
            assert_eq!(told(after).await, Some(vec![]), "{after}");
        }
        app.manager().get(&format!("/api/v1/events?after={}", ids[3])).await.is_problem(410, "event_gone");
        let all = app.manager().get("/api/v1/events").await;
        assert_eq!((all.is(200).json["items"].clone(), all.json["hasMore"].clone()), (json!([]), json!(false)));
        let left = app.write(|tx| {
            let row = tx.one("select count(*), min(data) from outbox where tenant_id = $1 and seq > 0", &[])?;
            Ok((row.get::<i64>(0)?, row.get::<String>(1)?))
        }).await;
        assert_eq!(left, (1, String::new()), "what an event said is forgotten with it");
        emit(&app, 1).await;
        seal_all(&app.hall).await.unwrap();
        assert_eq!(told(&newest).await, Some(vec![6]));
    }

    async fn the_first_event_of_all_is_forgotten_too(app: TestApp) {
        emit(&app, 1).await;
        seal_all(&app.hall).await.unwrap();
        let first = app.manager().get("/api/v1/events").await.text("/after");
        app.advance(SignedDuration::from_hours(31 * 24));
        run_due(&app.hall, None).await.unwrap();
        assert_eq!(app.manager().get("/api/v1/events").await.is(200).json["items"], json!([]));
        app.manager().get("/api/v1/events?after=0").await.is_problem(410, "event_gone");
        emit(&app, 1).await;
        seal_all(&app.hall).await.unwrap();
        let next = app.manager().get(&format!("/api/v1/events?after={first}")).await;
        assert_eq!(next.int("/items/0/seq"), 2);
    }

    async fn who_asks_for_one_type_goes_on_where_they_looked(app: TestApp) {
        emit(&app, 5_001).await;
        app.advance(SignedDuration::from_millis(1));
        app.write(|tx| tx.emit(EventType::OrderVoided, None, &json!({}))).await;
        seal_all(&app.hall).await.unwrap();
        let voided = async |after: &str| app.manager().get(&format!("/api/v1/events?type=order.voided{after}")).await;
        // One call looks at so many; it is told that there is more, and from where to go on.
        let first = voided("").await;
        assert_eq!((first.json["items"].clone(), first.json["hasMore"].clone()), (json!([]), json!(true)));
        let second = voided(&format!("&after={}", first.text("/after"))).await;
        assert_eq!((second.int("/items/0/seq"), second.json["hasMore"].clone()), (5_002, json!(false)));
        app.advance(SignedDuration::from_millis(1));
        emit(&app, 1).await;
        seal_all(&app.hall).await.unwrap();
        let third = voided(&format!("&after={}", second.text("/after"))).await;
        let newest = app.manager().get("/api/v1/events?after=5002").await;
        assert_eq!((third.json["items"].clone(), third.text("/after")), (json!([]), newest.text("/items/0/id")));
        let paid = app.manager().get("/api/v1/events?type=order.paid&limit=2").await;
        assert_eq!((paid.json["hasMore"].clone(), paid.text("/after")), (json!(true), paid.text("/items/1/id")));
    }

    async fn a_manager_sees_messages_and_sends_a_dead_one_again(app: TestApp) {
        app.write(|tx| tx.send("sign_in_code", &json!({"to": "a@b.se", "code": "123456"}))).await;
        let list = app.manager().get("/api/v1/chain/messages?state=DUE&template=sign_in_code").await;
        let message = list.json["items"][0].clone();
        assert_eq!((message["state"].clone(), message["data"]["code"].clone()), (json!("DUE"), json!("123456")));
        let path = format!("/api/v1/chain/messages/{}", message["id"].as_str().unwrap());
        app.manager().post(&format!("{path}/resend"), json!({})).await.is_problem(409, "already_done");
        kill_messages(&app).await;
        assert_eq!(app.manager().get(&path).await.json["state"], "DEAD");
        let again = app.manager().post(&format!("{path}/resend"), json!({})).await;
        again.is(200);
        assert_eq!((again.json["state"].clone(), again.json["attempts"].clone()), (json!("DUE"), json!(0)));
        app.other_tenant().await.get(&path).await.is_problem(404, "not_found");
        app.staff().get(&path).await.is_problem(403, "forbidden");
    }

    async fn no_list_of_messages_walks_the_events(app: TestApp) {
        for (state, index) in [
            (None, "outbox_messages"),
            (Some(MessageState::Due), "outbox_messages_due"),
            (Some(MessageState::Delivered), "outbox_messages_delivered"),
            (Some(MessageState::Dead), "outbox_messages_dead"),
        ] {
            let sql = listing(&MessagesAsked { state, template: None });
            let plan = app.write(move |tx| plan(tx, &sql, params!["evt_~", None::<String>, 50_i64])).await;
            // On an empty table PostgreSQL finds them all alike.
            let index = if app.hall.db.dialect() == Dialect::Sqlite { index } else { "outbox_messages" };
            assert!(plan.contains(index), "{plan}");
        }
    }

    async fn in_a_live_chain_nobody_reads_a_sign_in_code(app: TestApp) {
        app.write(|tx| {
            tx.exec("update tenants set mode = 'LIVE' where tenant_id = $1", params![])?;
            tx.send("sign_in_code", &json!({"to": "a@b.se", "code": "123456"}))
        })
        .await;
        let list = app.manager().get("/api/v1/chain/messages").await;
        assert_eq!(list.json["items"][0]["data"], json!({"to": "a@b.se", "code": "…"}));
    }

    async fn a_message_in_no_state_breaks_the_law(app: TestApp) {
        app.breaks("L34");
        app.write(|tx| tx.send("sign_in_code", &json!({}))).await;
        app.write(|tx| tx.exec("update outbox set due_at = null where tenant_id = $1", params![])).await;
    }

    async fn a_gap_in_the_feed_breaks_the_law(app: TestApp) {
        app.breaks("L34");
        emit(&app, 3).await;
        seal_all(&app.hall).await.unwrap();
        app.write(|tx| tx.exec("delete from outbox where tenant_id = $1 and seq = 2", params![])).await;
    }

    async fn a_cut_off_feed_breaks_the_law(app: TestApp) {
        app.breaks("L34");
        emit(&app, 3).await;
        seal_all(&app.hall).await.unwrap();
        app.write(|tx| tx.exec("delete from outbox where tenant_id = $1 and seq = 3", params![])).await;
    }
}
