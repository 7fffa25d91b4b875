use axum::http::Method;
use serde_json::{Value as Json, json};

use super::{afterwork, with};
use crate::both_stores;
use crate::discounts::uses::{self, Limits, Purchase, Spent};
use crate::discounts::{live, policy};
use crate::hall::testing::{Said, TestApp};
use crate::params;

fn variant(name: &str, share: &str) -> Json {
    let mut body = with("experimentId", json!("summer"));
    body["variant"] = json!(name);
    body["allocationPercent"] = json!(share);
    body
}

async fn post(app: &TestApp, body: Json) -> Said {
    app.manager().post(&app.dashboard("/discounts"), body).await
}

both_stores! {
    async fn variants_share_nobody_and_keep_theirs(app: TestApp) {
        let a = post(&app, variant("A", "30")).await;
        a.is(201);
        post(&app, variant("B", "50.5")).await.is(201);
        // Another discount of the variant, an edit, and a life after the first is archived: the same range.
        let path = app.dashboard(&format!("/discounts/{}", a.text("/id")));
        app.manager().put(&path, variant("A", "30")).await.is(200);
        app.manager().delete(&path).await.is(204);
        post(&app, variant("A", "30")).await.is(201);
        let here = app.venue;
        let ranges = app.write(move |tx| {
            let now = tx.now();
            let mut ranges: Vec<_> = live(tx, here, None, now)?.1.iter().map(|live| {
                let one = live.rule.experiment.as_ref().unwrap();
                (one.variant.clone(), one.from_percent.to_string(), one.until_percent.to_string())
            }).collect();
            ranges.sort();
            Ok(ranges)
        }).await;
        let range = |variant: &str, from: &str, until: &str| (variant.to_owned(), from.to_owned(), until.to_owned());
        assert_eq!(ranges, [range("A", "0", "30"), range("B", "30", "80.5")]);
        for (name, share, code) in [("A", "31", "not_allowed"), ("C", "19.51", "out_of_range")] {
            let said = post(&app, variant(name, share)).await;
            said.is_problem(422, "invalid");
            assert_eq!((said.text("/errors/0/pointer").as_str(), said.text("/errors/0/code").as_str()), ("/allocationPercent", code));
        }
        post(&app, variant("C", "19.5")).await.is(201);
        let mut other = variant("A", "100");
        other["experimentId"] = json!("winter");
        post(&app, other).await.is(201);
    }

    async fn two_variants_of_one_place_are_found(app: TestApp) {
        post(&app, variant("A", "30")).await.is(201);
        post(&app, variant("B", "30")).await.is(201);
        app.write(|tx| tx.exec("update experiment_variants set from_bp = 2999 where tenant_id = $1 and variant = 'B'", params![])).await;
        app.breaks("L30");
    }

    async fn the_chain_says_how_discounts_are_combined(app: TestApp) {
        let path = "/api/v1/chain/discount-policy";
        let first = app.staff().get(path).await;
        first.is(200);
        assert_eq!(first.json, json!({"onePerLine": false, "chooseBest": false, "compNeedsApproval": true, "version": 0}));
        let ask = json!({"onePerLine": true, "chooseBest": true, "compNeedsApproval": false});
        app.staff().put(path, ask.clone()).await.is_problem(403, "forbidden");
        let put = app.manager().put(path, ask.clone()).await;
        assert_eq!((put.is(200).header("etag"), put.int("/version")), (Some("\"v1\""), 1));
        let set = app.write(|tx| policy(tx)).await;
        assert!(set.one_per_line && set.choose_best && !set.comp_needs_approval);
        let stale = [("if-match", "\"v0\"")];
        app.manager().send(Method::PUT, path, Some(ask), &stale).await.is_problem(412, "stale");
        let put = app.manager().put(path, json!({"onePerLine": true})).await;
        assert_eq!((put.int("/version"), &put.json["compNeedsApproval"], &put.json["chooseBest"]), (2, &json!(true), &json!(false)));
        app.manager().put(path, json!({"perLine": true})).await.is_problem(422, "invalid");
        let other = app.other_tenant().await;
        assert_eq!(other.get(path).await.int("/version"), 0);
    }

    async fn a_limit_that_comes_later_counts_what_was_used(app: TestApp) {
        let made = post(&app, afterwork()).await;
        let (id, here) = (made.text("/id"), app.venue);
        let purchase = move |order: &str| Purchase { id: order.into(), venue: here, customer: None, currency: "EUR".into() };
        let subject = id.clone();
        app.write(move |tx| {
            uses::note(tx, &purchase("ord_1"), &subject, 100)?;
            uses::note(tx, &purchase("ord_2"), &subject, 100)
        }).await;
        let path = app.dashboard(&format!("/discounts/{id}"));
        assert_eq!(app.staff().get(&path).await.int("/currentUses"), 2);
        let limited = app.manager().put(&path, with("maxTotalUses", json!(3))).await;
        assert_eq!(limited.is(200).int("/currentUses"), 2);
        let subject = id.clone();
        let held = app.write(move |tx| {
            let limits = Limits::of_rule(subject.clone(), Some(3), None);
            Ok([uses::hold(tx, &purchase("ord_3"), &limits)?, uses::hold(tx, &purchase("ord_4"), &limits)?])
        }).await;
        assert_eq!(held, [Ok(()), Err(Spent::InAll)]);
        // Without the limit it goes on being counted, so that the next one binds too.
        app.manager().put(&path, afterwork()).await.is(200);
        let subject = id.clone();
        app.write(move |tx| uses::note(tx, &purchase("ord_5"), &subject, 100)).await;
        assert_eq!(app.staff().get(&path).await.int("/currentUses"), 4);
        app.manager().put(&path, with("maxTotalUses", json!(4))).await.is(200);
        let held = app.write(move |tx| {
            uses::hold(tx, &purchase("ord_6"), &Limits::of_rule(id.clone(), Some(4), None))
        }).await;
        assert_eq!(held, Err(Spent::InAll));
    }

    async fn a_list_asks_as_much_for_one_as_for_many(app: TestApp) {
        let count = async || {
            let before = app.hall.db.statements();
            app.staff().get(&app.dashboard("/discounts")).await.is(200);
            app.hall.db.statements() - before
        };
        post(&app, afterwork()).await.is(201);
        // The first call of a person also notes that they were here.
        count().await;
        let one = count().await;
        for _ in 0..10 {
            post(&app, with("maxTotalUses", json!(3))).await.is(201);
            post(&app, afterwork()).await.is(201);
        }
        assert_eq!(one, count().await);
    }
}
