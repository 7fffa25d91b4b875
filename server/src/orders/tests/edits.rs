//! What of an order is edited, from which version, and for whom.

use axum::http::Method;
use serde_json::{Value as Json, json};

use super::{inline, open};
use crate::both_stores;
use crate::hall::access::Role;
use crate::hall::error::Result;
use crate::hall::id::CustomerId;
use crate::hall::page::Paging;
use crate::hall::secret::sha256;
use crate::hall::store::plan;
use crate::hall::testing::{Said, Store, TestApp};
use crate::orders::store::lists::{Filter, listed};
use crate::params;

/// Puts the customer away.
async fn archived(app: &TestApp, customer: CustomerId) {
    let gone = app
        .manager()
        .delete(&app.dashboard(&format!("/customers/{customer}")))
        .await;
    gone.is(204);
}

both_stores! {
    async fn an_edit_of_what_somebody_changed_meanwhile_is_refused(app: TestApp) {
        let (guest, maja) = (app.customer("Ann").await, app.colleague("Maja", Role::Staff, "2580").await);
        let opened = open(&app, json!([inline(800), inline(500)])).await;
        let path = app.till(&format!("/orders/{}", opened.text("/id")));
        let give = json!({"type": "PERCENTAGE", "percent": "10", "reason": "regular"});
        let given = app.staff().post(&format!("{path}/discounts/manual"), give).await;
        let stale = opened.header("etag").expect("an ETag").to_owned();
        assert_ne!(given.is(201).header("etag"), Some(&*stale));
        let item = opened.text("/items/0/id");
        let edits = [
            (Method::PATCH, path.clone(), Some(json!({"label": "table 7"}))),
            (Method::PATCH, format!("{path}/items/{item}"), Some(json!({"quantity": "2"}))),
            (Method::PUT, format!("{path}/customer"), Some(json!({"customerId": guest}))),
            (Method::PUT, format!("{path}/served-by"), Some(json!({"staffId": maja}))),
            (Method::DELETE, format!("{path}/discounts/{}", given.text("/discounts/0/id")), None),
        ];
        let send = async |edit: &(Method, String, Option<Json>), tag: &str| {
            let (method, path, body) = edit.clone();
            app.staff().send(method, &path, body, &[("if-match", tag)]).await
        };
        for edit in &edits {
            send(edit, &stale).await.is_problem(412, "stale");
        }
        let untouched = app.staff().get(&path).await;
        assert_eq!((untouched.is(200).text("/label"), untouched.int("/version")), ("table 4".into(), given.int("/version")));
        let mut tag = untouched.header("etag").expect("an ETag").to_owned();
        for edit in &edits {
            tag = send(edit, &tag).await.is(200).header("etag").expect("an ETag").to_owned();
        }
        let all = app.staff().get(&path).await;
        assert_eq!((all.text("/label"), all.text("/items/0/quantity")), ("table 7".into(), "2".into()));
        assert_eq!((all.text("/customerId"), all.text("/servedBy")), (guest.to_string(), format!("staff:{maja}")));
        assert_eq!(all.json["discounts"], json!([]));
    }

    async fn the_audit_bears_the_digest_of_what_was_told(app: TestApp) {
        let opened = open(&app, json!([inline(800)])).await;
        let path = app.till(&format!("/orders/{}", opened.text("/id")));
        let give = json!({"type": "PERCENTAGE", "percent": "10", "reason": "regular"});
        app.staff().post(&format!("{path}/discounts/manual"), give).await.is(201);
        app.staff().patch(&path, json!({"label": "table 7"})).await.is(200);
        app.staff().post(&format!("{path}/void"), json!({"reason": "gone"})).await.is(200);
        let (noted, told) = app.write(|tx| {
            let noted = "select after_sha from audit_entries where tenant_id = $1 and action like 'order.%' order by audit_id";
            let told = "select data from outbox where tenant_id = $1 and type like 'order.%' order by event_id";
            let noted = tx.query(noted, &[])?.iter().map(|row| row.get(0)).collect::<Result<Vec<Vec<u8>>>>()?;
            let told = tx.query(told, &[])?.iter().map(|row| row.get(0)).collect::<Result<Vec<String>>>()?;
            Ok((noted, told))
        }).await;
        assert_eq!(noted.len(), 4);
        assert_eq!(noted, told.iter().map(|data| sha256(data.as_bytes()).to_vec()).collect::<Vec<_>>());
    }

    async fn what_an_edit_leaves_out_stays(app: TestApp) {
        let guest = app.customer("Ann").await;
        let opened = open(&app, json!([inline(800)])).await;
        let path = app.till(&format!("/orders/{}", opened.text("/id")));
        let same = app.staff().patch(&path, json!({})).await;
        assert_eq!((same.is(200).text("/label"), same.int("/version")), ("table 4".into(), 1));
        let trimmed = app.staff().patch(&path, json!({"label": "  table 7 "})).await;
        assert_eq!(trimmed.is(200).text("/label"), "table 7");
        for wrong in [json!("table\n7"), json!(" "), json!("x".repeat(61)), json!(7)] {
            let refused = app.staff().patch(&path, json!({"label": wrong})).await;
            assert_eq!(refused.is_problem(422, "invalid").text("/errors/0/pointer"), "/label");
            let refused = app.staff().post(&app.till("/orders"), json!({"label": wrong})).await;
            assert_eq!(refused.is_problem(422, "invalid").text("/errors/0/pointer"), "/label");
        }
        app.staff().patch(&path, json!({"lable": "x"})).await.is_problem(422, "invalid");
        let none = app.staff().patch(&path, json!({"label": null})).await;
        assert_eq!(none.is(200).json["label"], json!(null));

        let customer = format!("{path}/customer");
        app.staff().put(&customer, json!({"customerId": guest})).await.is(200);
        let unsaid = app.staff().put(&customer, json!({})).await;
        assert_eq!(unsaid.is_problem(422, "invalid").text("/errors/0/pointer"), "/customerId");
        let nobody = app.staff().put(&customer, json!({"customerId": null})).await;
        assert_eq!(nobody.is(200).json["customerId"], json!(null));
    }

    async fn who_was_put_away_gets_no_new_order_and_finishes_the_open_one(app: TestApp) {
        let (ann, bo) = (app.customer("Ann").await, app.customer("Bo").await);
        let theirs = open(&app, json!([inline(800)])).await;
        let path = app.till(&format!("/orders/{}", theirs.text("/id")));
        app.staff().put(&format!("{path}/customer"), json!({"customerId": ann})).await.is(200);
        archived(&app, ann).await;

        let refused = |said: &Said| {
            said.is_problem(422, "invalid");
            assert_eq!((said.text("/errors/0/pointer"), said.text("/errors/0/code")), ("/customerId".into(), "archived".into()));
        };
        let ask = json!({"customerId": ann, "items": [inline(900)], "payments": [{"method": "CARD"}]});
        refused(&app.staff().post(&app.till("/orders"), ask.clone()).await);
        refused(&app.staff().post(&app.till("/orders/preview"), ask).await);
        let other = open(&app, json!([inline(500)])).await;
        let other = app.till(&format!("/orders/{}", other.text("/id")));
        refused(&app.staff().put(&format!("{other}/customer"), json!({"customerId": ann})).await);

        app.staff().post(&format!("{path}/items"), inline(200)).await.is(201);
        app.staff().put(&format!("{path}/customer"), json!({"customerId": ann})).await.is(200);
        let paid = app.staff().post(&format!("{path}/payments"), json!({"method": "CARD"})).await;
        assert_eq!((paid.is(201).text("/order/status"), paid.int("/order/pointsBalance")), ("PAID".into(), 10));

        archived(&app, bo).await;
        let merged = "update customers set merged_into = $3 where tenant_id = $1 and customer_id = $2";
        app.write(move |tx| tx.exec(merged, params![bo, ann])).await;
        let said = app.staff().put(&format!("{other}/customer"), json!({"customerId": bo})).await;
        assert_eq!(said.is_problem(422, "invalid").text("/errors/0/code"), "merged");
        assert!(said.text("/errors/0/message").contains(&ann.to_string()), "{}", said.json);
    }

    async fn a_void_moves_what_the_order_holds_and_needs_a_key(app: TestApp) {
        let opened = open(&app, json!([inline(800)])).await;
        let path = app.till(&format!("/orders/{}/void", opened.text("/id")));
        let ask = json!({"reason": "guests left"});
        let without = app.staff().send(Method::POST, &path, Some(ask.clone()), &[]).await;
        without.is_problem(400, "idempotency_key_required");
        let first = app.staff().post_keyed(&path, "v1", ask.clone()).await;
        assert_eq!(first.is(200).bytes, app.staff().post_keyed(&path, "v1", ask).await.is(200).bytes);
    }

    async fn an_item_of_another_register_has_a_name_of_one_line(app: TestApp) {
        let class = app.owner().post("/api/v1/chain/tax-classes", json!({"name": "Food"})).await.is(201).text("/id");
        let rate = json!({"rates": [{"taxClassId": class, "rate": "25", "validFrom": "2020-01-01"}]});
        app.owner().put(&app.dashboard("/tax-rates"), rate).await.is(200);
        let named = |name: &str| json!({"inline": {"name": name, "unitPrice": {"amount": 500, "currency": "EUR"}, "taxClass": class}});
        for wrong in ["Soup\nof the day", "Soup\u{7}", " ", &"x".repeat(121)] {
            let refused = app.staff().post(&app.till("/orders"), json!({"items": [named(wrong)]})).await;
            assert_eq!(refused.is_problem(422, "invalid").text("/errors/0/pointer"), "/items/0/inline/name");
        }
        let sold = open(&app, json!([named(" Soup ")])).await;
        assert_eq!((sold.text("/items/0/name"), sold.text("/items/0/taxClassId")), ("Soup".into(), class));
        assert_eq!(sold.int("/totals/tax/amount"), 100, "the promised name of the field is taken as well");
    }
}

#[tokio::test]
async fn a_venues_orders_are_found_by_index() {
    let app = TestApp::new(Store::Sqlite).await;
    let since = Filter {
        updated_since: Some(app.now()),
        ..Filter::default()
    };
    let open = Filter {
        status: Some(crate::orders::Status::Open),
        ..Filter::default()
    };
    for (filter, index) in [
        (Filter::default(), "orders_by_venue"),
        (open, "orders_by_status"),
        (since, "orders_by_update"),
    ] {
        let (sql, values) = listed(app.venue, &filter, &Paging::default()).expect("a statement");
        let told = app.write(move |tx| plan(tx, &sql, &values)).await;
        assert!(
            told.contains(index) && !told.contains("TEMP B-TREE"),
            "{index}\n{told}"
        );
    }
}
