//! A guest saves, redeems, and the till takes the voucher once.

use jiff::SignedDuration;
use jiff::civil::date;
use serde_json::{Value as Json, json};

use super::{
    CHAIN, cancel, five_off, give, guest, newest, points, redeem, reward, sale, signed_in,
};
use crate::both_stores;
use crate::catalogue::{self, EditCategory, EditProduct, Regulated, VenuePrice};
use crate::hall::id::ProductId;
use crate::hall::money::Money;
use crate::hall::testing::TestApp;
use crate::platform::tax::{self, EditTaxClass};
use crate::rewards::{Grant, grant, store};

async fn product(app: &TestApp, name: &'static str, regulated: Option<Regulated>) -> ProductId {
    let venue = app.venue;
    app.write(move |tx| {
        let class = tax::create_class(tx, &EditTaxClass { name: name.into() })?;
        tax::set_rate(tx, venue, class.id, date(2020, 1, 1), 12_000)?;
        let category = EditCategory {
            regulated,
            ..EditCategory::named(name)
        };
        let category = catalogue::create_category(tx, &category)?;
        let ask = EditProduct {
            prices: vec![VenuePrice {
                venue_id: venue,
                price: Money::of(900, "EUR"),
            }],
            ..EditProduct::plain(name, category.id, class.id)
        };
        catalogue::create_product(tx, None, &ask)
    })
    .await
    .id
}

both_stores! {
    async fn a_guest_redeems_and_the_till_takes_the_voucher_once(app: TestApp) {
        let (five, noor) = (reward(&app, five_off()).await, guest(&app, 450).await);
        let mine = signed_in(&app, noor).await;
        let offers = mine.get("/api/v1/me/loyalty/rewards").await;
        assert_eq!(offers.is(200).json[0]["sentence"], "You can have it for 400 points.");
        let path = format!("/api/v1/me/loyalty/rewards/{five}/redeem");
        let got = mine.post_keyed(&path, "once", Json::Null).await;
        assert_eq!((got.is(201).text("/gives"), got.text("/status"), got.text("/expiresAt")),
            ("5.00 EUR off".into(), "READY".into(), "2026-07-12T10:00:00Z".into()));
        let again = mine.post_keyed(&path, "once", Json::Null).await;
        assert_eq!((again.is(201).text("/id"), points(&app, noor).await), (got.text("/id"), 50));
        let short = mine.post(&path, Json::Null).await;
        assert_eq!(short.is_problem(422, "points_short").int("/missing"), 350);
        let rows = app.staff().get(&app.dashboard(&format!("/customers/{noor}/loyalty/transactions"))).await;
        assert_eq!((rows.text("/items/0/kind"), rows.text("/items/0/causeKind"), rows.text("/items/0/causeId"),
            rows.text("/items/0/policy/reward/id")),
            ("REDEEM".into(), "reward".into(), got.text("/id"), five.clone()));
        let code = got.text("/code");
        let sold = app.staff().post(&app.till("/orders"), sale(noor, &code)).await;
        assert_eq!((sold.is(201).int("/totals/total/amount"), sold.text("/discounts/0/origin")), (1_500, "REWARD".into()));
        app.staff().post(&app.till("/orders"), sale(noor, &code)).await.is_problem(422, "discount_refused");
        let list = mine.get("/api/v1/me/loyalty/vouchers").await;
        assert_eq!((list.is(200).int("/total"), list.text("/items/0/status"), list.text("/items/0/orderId")),
            (1, "USED".into(), sold.text("/id")));
        assert_eq!(list.json["items"][0]["used"], json!(true));
    }

    async fn a_free_item_asks_nobody_and_is_no_comp(app: TestApp) {
        let soup = product(&app, "Soup", None).await;
        let ask = json!({"name": "Soup on us", "pointsCost": 100, "kind": "FREE_ITEM", "productId": soup});
        let (free, noor) = (reward(&app, ask).await, guest(&app, 100).await);
        let got = redeem(&app, noor, &free).await;
        assert_eq!((got.is(201).text("/gives"), &got.json["expiresAt"]), ("Soup for free".into(), &Json::Null));
        let two = json!({"customerId": noor, "couponCodes": [got.text("/code")], "payments": [{"method": "CARD"}],
            "items": [{"productId": soup, "quantity": "2"}]});
        let sold = app.staff().post(&app.till("/orders"), two).await;
        assert_eq!(sold.is(201).int("/totals/total/amount"), 900, "one of the two is free");
        assert_eq!(json!([sold.json["discounts"][0]["compReason"], sold.json["discounts"][0]["isComp"]]), json!([null, false]));
        let comps = app.manager().get(&app.dashboard("/comps?from=2026-06-01&to=2026-06-30")).await;
        assert_eq!(comps.is(200).int("/count"), 0);
        app.manager().delete(&format!("/api/v1/chain/products/{soup}")).await.is(204);
        let path = format!("{CHAIN}/{free}");
        app.manager().patch(&path, json!({"active": false})).await.is(200);
        let wine = product(&app, "Wine", Some(Regulated::Alcohol)).await;
        let wine = json!({"name": "Wine on us", "pointsCost": 100, "kind": "FREE_ITEM", "productId": wine});
        let refused = app.manager().post(CHAIN, wine).await;
        refused.is_problem(422, "invalid");
        assert_eq!((refused.text("/errors/0/pointer"), refused.text("/errors/0/code")), ("/productId".into(), "not_allowed".into()));
    }

    async fn a_voucher_comes_back_with_the_money_and_ends_by_its_time(app: TestApp) {
        let (five, noor) = (reward(&app, five_off()).await, guest(&app, 800).await);
        let code = redeem(&app, noor, &five).await.is(201).text("/code");
        let sold = app.staff().post(&app.till("/orders"), sale(noor, &code)).await;
        let path = app.till(&format!("/orders/{}/refunds", sold.is(201).text("/id")));
        app.manager().post(&path, json!({"reason": "wrong table"})).await.is(201);
        assert_eq!(newest(&app, noor).await.text("/items/0/status"), "READY");
        app.advance(SignedDuration::from_hours(24 * 30));
        assert_eq!(newest(&app, noor).await.text("/items/0/status"), "EXPIRED");
        let late = app.staff().post(&app.till("/orders"), sale(noor, &code)).await;
        assert_eq!(late.is_problem(422, "discount_refused").text("/reason/code"), "NO_LONGER_VALID");
    }

    async fn an_unused_voucher_is_cancelled_once_and_the_points_go_back(app: TestApp) {
        let mut ask = five_off();
        ask["limits"]["maxUsesPerCustomer"] = json!(1);
        let (five, noor) = (reward(&app, ask).await, guest(&app, 400).await);
        give(&app, noor, 100).await;
        let got = redeem(&app, noor, &five).await;
        let id = got.is(201).text("/id");
        assert_eq!(points(&app, noor).await, 100);
        let gone = cancel(&app, noor, &id).await;
        assert_eq!((gone.is(200).text("/status"), points(&app, noor).await), ("CANCELLED".into(), 500));
        cancel(&app, noor, &id).await.is_problem(409, "already_done");
        app.staff().post(&app.till("/orders"), sale(noor, &got.text("/code"))).await.is_problem(422, "coupon_invalid");
        let again = redeem(&app, noor, &five).await;
        let code = again.is(201).text("/code");
        let refused = redeem(&app, noor, &five).await;
        assert_eq!(refused.is_problem(422, "reward_unavailable").text("/reason"), "SPENT_BY_CUSTOMER");
        app.staff().post(&app.till("/orders"), sale(noor, &code)).await.is(201);
        cancel(&app, noor, &again.text("/id")).await.is_problem(409, "voucher_used");
        let used = app.manager().get("/api/v1/chain/coupons/redemptions").await;
        assert_eq!(used.is(200).json["items"].as_array().map(Vec::len), Some(1), "a cancelled voucher was used by nobody");
    }

    async fn an_open_order_keeps_its_voucher(app: TestApp) {
        let (five, noor) = (reward(&app, five_off()).await, guest(&app, 400).await);
        let got = redeem(&app, noor, &five).await;
        let mut tab = sale(noor, &got.is(201).text("/code"));
        tab["payments"] = json!([]);
        let opened = app.staff().post(&app.till("/orders"), tab).await;
        let path = app.till(&format!("/orders/{}", opened.is(201).text("/id")));
        assert_eq!(newest(&app, noor).await.text("/items/0/status"), "HELD");
        cancel(&app, noor, &got.text("/id")).await.is_problem(409, "voucher_used");
        app.advance(SignedDuration::from_hours(5));
        crate::jobs::run_due(&app.hall, None).await.unwrap();
        cancel(&app, noor, &got.text("/id")).await.is(200);
        let gone = app.staff().post(&format!("{path}/payments"), json!({"method": "CARD"})).await;
        assert_eq!(gone.is_problem(409, "coupon_gone").int("/totalWithout/amount"), 2_000);
    }

    async fn two_vouchers_of_one_discount_are_one_use_of_it(app: TestApp) {
        let five = json!({"name": "Five off", "type": "FIXED_AMOUNT", "amount": {"amount": 500, "currency": "EUR"},
            "scope": "ORDER", "maxTotalUses": 10});
        let five = app.manager().post("/api/v1/chain/discounts", five).await.is(201).text("/id");
        let given = json!({"name": "Five", "pointsCost": 10, "kind": "VOUCHER", "discountId": five});
        let (given, noor) = (reward(&app, given).await, guest(&app, 20).await);
        let mut codes = Vec::new();
        for _ in 0..2 {
            codes.push(redeem(&app, noor, &given).await.is(201).text("/code"));
        }
        let mut both = sale(noor, "");
        both["couponCodes"] = json!(codes);
        let sold = app.staff().post(&app.till("/orders"), both).await;
        assert_eq!((sold.is(201).text("/status"), sold.int("/totals/total/amount")), ("PAID".into(), 1_000));
        let shown = app.manager().get(&format!("/api/v1/chain/discounts/{five}")).await;
        assert_eq!(shown.is(200).int("/currentUses"), 1);
    }

    async fn a_vouchers_code_stays_its_guests(app: TestApp) {
        let (five, noor) = (reward(&app, five_off()).await, guest(&app, 400).await);
        redeem(&app, noor, &five).await.is(201);
        let coupon = app.write(move |tx| {
            tx.one("select coupon_id from vouchers where tenant_id = $1", &[])?.get::<String>(0)
        });
        let path = format!("/api/v1/chain/coupons/{}", coupon.await);
        for change in [json!({"customerId": null}), json!({"maxUses": 2})] {
            app.manager().patch(&path, change).await.is_problem(422, "invalid");
        }
        app.manager().patch(&path, json!({"active": false})).await.is(200);
    }

    async fn used_vouchers_hide_none_that_can_be_used(app: TestApp) {
        let (five, noor) = (reward(&app, five_off()).await, guest(&app, 800).await);
        let used = redeem(&app, noor, &five).await.is(201).text("/code");
        app.staff().post(&app.till("/orders"), sale(noor, &used)).await.is(201);
        let ready = redeem(&app, noor, &five).await.is(201).text("/code");
        let found = app.write(move |tx| {
            let now = tx.now();
            store::vouchers::ready(tx, noor, now, 1)
        });
        assert_eq!(found.await.len(), 1);
        let mine = signed_in(&app, noor).await.get("/api/v1/me/loyalty").await;
        assert_eq!((mine.is(200).text("/vouchers/0/code"), mine.json["vouchers"].as_array().map(Vec::len)), (ready, Some(1)));
    }

    async fn a_rule_grants_once_for_each_cause(app: TestApp) {
        let (five, noor) = (reward(&app, five_off()).await, guest(&app, 10).await);
        let id = five.parse().expect("an id");
        let granted = |cause: &'static str| {
            app.write(move |tx| {
                let ask = Grant { customer: noor, reward: id, cause_kind: "test", cause_id: cause.into() };
                grant(tx, &ask)
            })
        };
        assert!(granted("first").await.is_some());
        assert!(granted("first").await.is_none());
        assert!(granted("second").await.is_some());
        assert_eq!(points(&app, noor).await, 10);
        let all = newest(&app, noor).await;
        assert_eq!((all.is(200).int("/total"), all.int("/items/0/points"), all.text("/items/0/causeKind")),
            (2, 0, "test".into()));
        app.manager().delete(&format!("{CHAIN}/{five}")).await.is(204);
        assert!(granted("third").await.is_none(), "an archived reward is given to nobody");
    }

    async fn a_guest_is_told_in_their_language_what_is_missing(app: TestApp) {
        reward(&app, five_off()).await;
        reward(&app, json!({"name": "Tio", "pointsCost": 90, "kind": "PERCENT_OFF", "value": "10",
            "limits": {"maxTotalUses": 1}})).await;
        reward(&app, json!({"name": "Later", "pointsCost": 1, "kind": "VOUCHER", "value": "5",
            "limits": {"validFrom": "2026-07-01"}})).await;
        let noor = guest(&app, 100).await;
        let path = app.dashboard(&format!("/customers/{noor}"));
        app.staff().patch(&path, json!({"language": "sv"})).await.is(200);
        let mine = signed_in(&app, noor).await;
        let told = mine.get("/api/v1/me/loyalty/rewards").await;
        let all = told.is(200).json.as_array().map(|all| {
            all.iter().map(|one| (one["gives"].clone(), one["affordable"].clone(), one["sentence"].clone())).collect::<Vec<_>>()
        });
        assert_eq!(all, Some(vec![
            (json!("10 % rabatt"), json!(true), json!("Du kan få den för 90 poäng.")),
            (json!("5,00 € rabatt"), json!(false), json!("300 poäng fattas.")),
        ]));
        let taken = told.json[0]["rewardId"].as_str().unwrap_or_default().to_owned();
        redeem(&app, noor, &taken).await.is(201);
        let after = mine.get("/api/v1/me/loyalty/rewards").await;
        assert_eq!((after.json[0]["left"].clone(), after.json[0]["sentence"].clone()),
            (json!(0), json!("Det finns ingen kvar för dig.")));
    }
}
