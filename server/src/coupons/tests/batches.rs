use std::collections::HashSet;

use serde_json::{Value as Json, json};

use super::twenty;
use crate::both_stores;
use crate::coupons::batches::{self, GENERATE};
use crate::hall::id::DiscountId;
use crate::hall::identity;
use crate::hall::job::JobCall;
use crate::hall::testing::TestApp;
use crate::jobs;

const BULK: &str = "/api/v1/chain/coupons/bulk-generate";

async fn ask(app: &TestApp, discount: DiscountId, quantity: i64, prefix: &str) -> String {
    let body =
        json!({"discountId": discount, "quantity": quantity, "prefix": prefix, "maxUses": 1});
    let said = app.manager().post(BULK, body).await;
    said.is(202);
    assert_eq!(
        (
            said.int("/made"),
            said.int("/quantity"),
            said.json["doneAt"].clone()
        ),
        (0, quantity, Json::Null)
    );
    said.text("/id")
}

async fn file(app: &TestApp, batch: &str) -> Vec<String> {
    let said = app
        .manager()
        .get(&format!("{BULK}/{batch}/codes.csv"))
        .await;
    said.is(200);
    assert_eq!(said.header("content-type"), Some("text/csv; charset=utf-8"));
    let name = format!("attachment; filename=\"{batch}.csv\"");
    assert_eq!(said.header("content-disposition"), Some(name.as_str()));
    let text = String::from_utf8(said.bytes).unwrap();
    let mut lines = text.split_terminator("\r\n").map(str::to_owned);
    assert_eq!(lines.next().as_deref(), Some("code"));
    lines.collect()
}

both_stores! {
    async fn a_batch_is_made_in_the_background(app: TestApp) {
        let rule = twenty(&app).await;
        let batch = ask(&app, rule, 2_500, "Oslo-").await;
        assert!(file(&app, &batch).await.is_empty());
        jobs::run_due(&app.hall, None).await.unwrap();
        let said = app.manager().get(&format!("{BULK}/{batch}")).await;
        assert_eq!((said.is(200).int("/made"), said.json["doneAt"].is_string()), (2_500, true));
        let codes = file(&app, &batch).await;
        let distinct: HashSet<&String> = codes.iter().collect();
        assert_eq!((codes.len(), distinct.len()), (2_500, 2_500));
        assert!(codes.iter().all(|code| code.len() == 15 && code.starts_with("Oslo-")));

        // Each is a coupon like another: typed in any case, shown, changed and deleted by itself.
        let typed = json!({"code": codes[7].to_lowercase().replace('-', " ")});
        let valid = app.staff().post(&app.till("/coupons/validate"), typed.clone()).await;
        assert_eq!((valid.is(200).text("/code"), valid.int("/usesLeft")), (codes[7].clone(), 1));
        let path = format!("/api/v1/chain/coupons/{}", valid.text("/couponId"));
        let shown = app.manager().get(&path).await;
        assert_eq!((shown.text("/code"), shown.text("/batchId")), (codes[7].clone(), batch.clone()));
        let edited = app.manager().patch(&path, json!({"maxUses": 5})).await;
        assert_eq!((edited.is(200).int("/maxUses"), edited.text("/code")), (5, codes[7].clone()));
        let edited = app.manager().patch(&path, json!({"maxUses": 6})).await;
        assert_eq!((edited.is(200).int("/maxUses"), edited.int("/version")), (6, 3));
        let valid = app.staff().post(&app.till("/coupons/validate"), json!({"code": codes[8]})).await;
        assert_eq!(valid.is(200).int("/usesLeft"), 1, "its neighbours keep their terms");
        app.manager().delete(&path).await.is(204);
        app.staff().post(&app.till("/coupons/validate"), typed).await.is_problem(422, "coupon_invalid");
        assert_eq!(file(&app, &batch).await.len(), 2_499);
        let list = app.staff().get(&format!("/api/v1/chain/coupons?discountId={rule}")).await;
        assert_eq!(list.is(200).int("/total"), 2_499);
        let search = app.staff().get(&format!("/api/v1/chain/coupons?search={}", codes[9].to_lowercase())).await;
        assert_eq!(search.is(200).int("/total"), 1);
    }

    async fn a_batch_that_was_cut_off_goes_on(app: TestApp) {
        let rule = twenty(&app).await;
        let batch = ask(&app, rule, 12_000, "").await;
        // The job is dropped in the middle, as when its process dies.
        let tenant = app.write(|tx| Ok(identity::tenant(tx)?.unwrap())).await;
        let call = JobCall::new(app.hall.clone(), tenant, app.now(), GENERATE.name);
        let mut running = (GENERATE.run)(call.clone());
        while call.progress_so_far().is_empty() {
            let turn = std::time::Duration::from_millis(1);
            assert!(tokio::time::timeout(turn, &mut running).await.is_err(), "it is not done at once");
        }
        drop(running);
        let made = app.manager().get(&format!("{BULK}/{batch}")).await.int("/made");
        assert!((5_000..12_000).contains(&made), "{made}");
        assert!(call.progress_so_far().ends_with(&format!("of 12000 codes of {batch}")));
        jobs::run_due(&app.hall, None).await.unwrap();
        let codes: HashSet<String> = file(&app, &batch).await.into_iter().collect();
        assert_eq!(codes.len(), 12_000);
        assert_eq!(app.manager().get(&format!("{BULK}/{batch}")).await.int("/made"), 12_000);
    }

    async fn a_code_that_exists_is_drawn_again(app: TestApp) {
        let rule = twenty(&app).await;
        let batch = ask(&app, rule, 10, "").await;
        let id = batch.parse().unwrap();
        app.write(move |tx| {
            // What another batch has drawn before.
            let taken = ["AAAAAAAAAA".to_owned(), "BBBBBBBBBB".to_owned()];
            assert_eq!(crate::coupons::store::insert_made(tx, id, 0, &taken)?, 2);
            assert_eq!(crate::coupons::store::insert_made(tx, id, 2, &["BBBBBBBBBB".to_owned(), "CCCCCCCCCC".to_owned()])?, 1);
            let wanted = crate::coupons::store::batches::wanted(tx)?.unwrap();
            assert!(crate::coupons::store::batches::advance(tx, &wanted, 4, 3)?);
            assert!(!crate::coupons::store::batches::advance(tx, &wanted, 4, 3)?, "another job counted them");
            Ok(())
        }).await;
        jobs::run_due(&app.hall, None).await.unwrap();
        assert_eq!(file(&app, &batch).await.len(), 10);
    }

    async fn an_unreasonable_batch_is_refused(app: TestApp) {
        let rule = twenty(&app).await;
        for (field, value, pointer) in [
            ("quantity", json!(0), "/quantity"), ("quantity", json!(1_000_001), "/quantity"),
            ("codeLength", json!(5), "/codeLength"), ("codeLength", json!(25), "/codeLength"),
            // A billion codes of six characters, a million times a thousand.
            ("codeLength", json!(6), "/codeLength"),
            ("prefix", json!("=1+1"), "/prefix"), ("prefix", json!("-X"), "/prefix"), ("prefix", json!("X".repeat(13)), "/prefix"),
            ("maxUses", json!(0), "/maxUses"), ("discountId", json!("dis_01kab4bqf8e1ftz0c6hqp2v9xw"), "/discountId"),
        ] {
            let mut body = json!({"discountId": rule, "quantity": 2_000});
            body[field] = value;
            let said = app.manager().post(BULK, body).await;
            assert_eq!(said.is_problem(422, "invalid").text("/errors/0/pointer"), pointer);
        }
        app.manager().post(BULK, json!({"discountId": rule, "quantity": 1_000, "codeLength": 6})).await.is(202);
        app.staff().post(BULK, json!({"discountId": rule, "quantity": 1})).await.is_problem(403, "forbidden");
        // Sent again with its key it is the same batch.
        let body = json!({"discountId": rule, "quantity": 2});
        let one = app.manager().post_keyed(BULK, "once", body.clone()).await;
        let two = app.manager().post_keyed(BULK, "once", body).await;
        assert_eq!((one.is(202).text("/id"), two.is(202).header("idempotency-replayed")), (two.text("/id"), Some("true")));
    }

    async fn a_step_is_one_statement_for_five_hundred_codes(app: TestApp) {
        let rule = twenty(&app).await;
        ask(&app, rule, 5_000, "").await;
        let before = app.hall.db.statements();
        app.write(|tx| batches::step(tx).map(|step| assert!(step.is_some()))).await;
        let ran = app.hall.db.statements() - before;
        assert!(ran <= 10 + 6, "{ran} statements for 5,000 codes");
    }
}
