use axum::http::Method;
use serde_json::{Value as Json, json};

use super::{CHAIN, five_off, guest, redeem, reward, sale, signed_in};
use crate::both_stores;
use crate::hall::journal::By;
use crate::hall::page::Paging;
use crate::hall::store::{Scope, plan};
use crate::hall::testing::{Store, TestApp};
use crate::params;
use crate::rewards::store;

both_stores! {
    async fn a_reward_is_made_changed_and_ended(app: TestApp) {
        let made = app.manager().post(&app.dashboard("/loyalty/rewards"), five_off()).await;
        assert_eq!(made.is(201).json["venueIds"], json!([app.venue]));
        let path = app.dashboard(&format!("/loyalty/rewards/{}", made.text("/id")));
        let noor = guest(&app, 800).await;
        let before = redeem(&app, noor, &made.text("/id")).await.is(201).text("/code");
        let less = json!({"name": "Three off", "value": {"amount": 300}, "limits": {"maxTotalUses": 9}});
        let edited = app.manager().patch(&path, less).await;
        assert_eq!((edited.is(200).int("/version"), edited.int("/value/amount"), edited.int("/limits/voucherDays")), (2, 300, 30));
        let after = redeem(&app, noor, &made.text("/id")).await.is(201).text("/code");
        for (code, total) in [(before, 1_500), (after, 1_700)] {
            let sold = app.staff().post(&app.till("/orders"), sale(noor, &code)).await;
            assert_eq!(sold.is(201).int("/totals/total/amount"), total);
        }
        let stale = [("if-match", "\"v1\"")];
        app.manager().send(Method::PUT, &path, Some(five_off()), &stale).await.is_problem(412, "stale");
        app.manager().put(&path, five_off()).await.is(200);
        app.manager().patch(&path, json!({"active": false})).await.is(200);
        let paused = redeem(&app, noor, &made.text("/id")).await;
        assert_eq!(paused.is_problem(422, "reward_unavailable").text("/reason"), "PAUSED");
        app.staff().delete(&path).await.is_problem(403, "forbidden");
        app.manager().delete(&path).await.is(204);
        app.manager().get(&path).await.is_problem(404, "not_found");
        assert_eq!(app.staff().get(&app.dashboard("/loyalty/rewards")).await.is(200).int("/total"), 0);
    }

    async fn the_chain_s_reward_is_not_a_venue_s_to_change(app: TestApp) {
        let id = reward(&app, five_off()).await;
        let path = app.dashboard(&format!("/loyalty/rewards/{id}"));
        app.staff().get(&path).await.is(200);
        app.manager().put(&path, five_off()).await.is_problem(422, "method_unavailable");
        reward(&app, json!({"name": "Apple", "pointsCost": 5, "kind": "PERCENT_OFF", "value": "5"})).await;
        let first = app.staff().get(&format!("{CHAIN}?pageSize=1")).await;
        assert_eq!((first.is(200).text("/items/0/name"), first.int("/total")), ("Apple".into(), 2));
        let rest = app.staff().get(&format!("{CHAIN}?pageSize=1&cursor={}", first.text("/nextCursor"))).await;
        assert_eq!(rest.is(200).text("/items/0/name"), "Five off");
    }

    async fn a_voucher_may_stand_on_a_discount(app: TestApp) {
        let ask = json!({"name": "Happy", "type": "PERCENTAGE", "percent": "25", "scope": "ORDER",
            "minPurchaseAmount": {"amount": 1_000, "currency": "EUR"}});
        let discount = app.manager().post("/api/v1/chain/discounts", ask).await.is(201).text("/id");
        let ask = json!({"name": "A quarter", "pointsCost": 10, "kind": "VOUCHER", "discountId": discount});
        let (quarter, noor) = (reward(&app, ask).await, guest(&app, 10).await);
        let got = redeem(&app, noor, &quarter).await;
        assert_eq!(got.is(201).text("/gives"), "Happy");
        let sold = app.staff().post(&app.till("/orders"), sale(noor, &got.text("/code"))).await;
        assert_eq!(sold.is(201).int("/totals/total/amount"), 1_500);
    }

    async fn what_is_no_reward_is_told_why(app: TestApp) {
        let money = |currency: &str| json!({"amount": 500, "currency": currency});
        for (field, value, pointer, code) in [
            ("name", json!(""), "/name", "invalid_length"),
            ("pointsCost", json!(0), "/pointsCost", "out_of_range"),
            ("kind", json!("CASH"), "/kind", "invalid"),
            ("kind", json!("FREE_ITEM"), "/value", "not_allowed"),
            ("value", json!("5"), "/value", "wrong_type"),
            ("value", Json::Null, "/value", "missing"),
            ("value", money("SEK"), "/value/currency", "currency_mismatch"),
            ("value", json!({"amount": 0, "currency": "EUR"}), "/value/amount", "out_of_range"),
            ("discountId", json!("dis_7fffffffffffffffffffffffff"), "/discountId", "not_allowed"),
            ("productId", json!("prd_7fffffffffffffffffffffffff"), "/productId", "not_found"),
            ("limits", json!({"maxTotalUses": 0}), "/limits/maxTotalUses", "out_of_range"),
            ("limits", json!({"voucherDays": 9_999}), "/limits/voucherDays", "out_of_range"),
            ("limits", json!({"validFrom": "2026-07-02", "validUntil": "2026-07-01"}), "/limits/validUntil", "out_of_range"),
            ("limits", json!({"uses": 1}), "/limits/uses", "unknown_field"),
            ("venueIds", json!(["ven_7fffffffffffffffffffffffff"]), "/venueIds/0", "not_allowed"),
            ("price", json!(1), "/price", "unknown_field"),
        ] {
            let mut wrong = five_off();
            wrong[field] = value;
            let said = app.manager().post(&app.dashboard("/loyalty/rewards"), wrong).await;
            said.is_problem(422, "invalid");
            assert_eq!((said.text("/errors/0/pointer").as_str(), said.text("/errors/0/code").as_str()), (pointer, code));
        }
    }

    async fn another_chain_sees_no_reward_of_ours(app: TestApp) {
        let (five, noor) = (reward(&app, five_off()).await, guest(&app, 400).await);
        let got = redeem(&app, noor, &five).await;
        let path = format!("{CHAIN}/{five}");
        let other = app.other_tenant().await;
        other.get(&path).await.is_problem(404, "not_found");
        other.put(&path, five_off()).await.is_problem(404, "not_found");
        other.patch(&path, json!({"name": "Mine"})).await.is_problem(404, "not_found");
        other.delete(&path).await.is_problem(404, "not_found");
        assert_eq!(other.get(CHAIN).await.int("/total"), 0);
        let theirs = format!("/api/v1/dashboard/venues/all/customers/{noor}/loyalty");
        other.get(&format!("{theirs}/vouchers")).await.is_problem(404, "not_found");
        other.get(&format!("{theirs}/rewards")).await.is_problem(404, "not_found");
        for act in [format!("rewards/{five}/redeem"), format!("vouchers/{}/cancel", got.is(201).text("/id"))] {
            let path = app.till(&format!("/customers/{noor}/{act}"));
            other.post(&path, Json::Null).await.is_problem(404, "not_found");
        }
        let stranger = signed_in(&app, app.customer("Bo").await).await;
        assert_eq!(stranger.get("/api/v1/me/loyalty/vouchers").await.is(200).int("/total"), 0);
        let none = format!("/api/v1/me/loyalty/rewards/{}/redeem", "rwd_7fffffffffffffffffffffffff");
        stranger.post(&none, Json::Null).await.is_problem(404, "not_found");
    }
}

#[tokio::test]
async fn nothing_reads_a_whole_table() {
    let app = TestApp::new(Store::Sqlite).await;
    let guest = app.customer("Noor").await;
    let listing = |venue| store::listing(venue, &Paging::default()).expect("a statement");
    for (sql, values) in [
        (store::live_text(), params![guest].to_vec()),
        (
            store::vouchers::PAGE.to_owned(),
            params![guest, "vci", 50, 0].to_vec(),
        ),
        (
            store::vouchers::READY.to_owned(),
            params![guest, app.now(), 50].to_vec(),
        ),
        listing(None),
        listing(Some(app.venue)),
    ] {
        let asked = sql.clone();
        let scope = Scope::new(app.tenant, app.now(), By::cli());
        let told = app
            .hall
            .db
            .read(scope, move |read| plan(read, &sql, &values))
            .await
            .expect("a plan");
        assert!(
            !told.lines().any(|line| line.starts_with("SCAN")),
            "{asked}\n{told}"
        );
    }
}
