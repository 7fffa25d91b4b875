//! Many at once through the API, also at the weaker isolation: the guards hold by themselves.

use futures_util::future::join_all;
use serde_json::{Value as Json, json};

use crate::hall::store::Settings;
use crate::hall::testing::{Said, Store, TestApp};

fn inline(price: i64) -> Json {
    json!({"inline": {"name": "Beer", "unitPrice": {"amount": price, "currency": "EUR"}}})
}

/// A code of twenty percent.
async fn coupon(app: &TestApp, code: &str, limit: &str, most: usize) -> String {
    let rule = json!({"name": code, "type": "PERCENTAGE", "percent": "20", "scope": "ORDER"});
    let rule = app.manager().post(&app.dashboard("/discounts"), rule).await;
    let mut ask = json!({"code": code, "discountId": rule.is(201).text("/id")});
    ask[limit] = json!(most);
    let made = app.manager().post(&app.dashboard("/coupons"), ask).await;
    app.dashboard(&format!("/coupons/{}", made.is(201).text("/id")))
}

/// Asks again where it is told to: all who want the same row at once may come late.
async fn patiently(app: &TestApp, path: &str, ask: &Json) -> Said {
    const TRIES_MAX: usize = 20;
    for _ in 0..TRIES_MAX {
        let said = app.staff().post(path, ask.clone()).await;
        if said.status.as_u16() != 503 {
            return said;
        }
    }
    panic!("{path} is still busy");
}

async fn sell(app: &TestApp, code: &str, guest: Option<&str>) -> Said {
    let ask = json!({"customerId": guest, "items": [inline(1_000)], "couponCodes": [code], "payments": [{"method": "CARD"}]});
    patiently(app, &app.till("/orders"), &ask).await
}

/// How many got it; the others were told this reason.
fn applied(answers: &[Said], reason: &str) -> usize {
    let (got, refused): (Vec<_>, Vec<_>) =
        answers.iter().partition(|said| said.status.as_u16() == 201);
    for said in &got {
        assert_eq!(said.int("/totals/total/amount"), 800);
    }
    for said in refused {
        assert_eq!(
            said.is_problem(422, "discount_refused")
                .text("/reason/code"),
            reason
        );
    }
    got.len()
}

async fn race(app: &TestApp) {
    let ten = coupon(app, "TEN", "maxUses", 10).await;
    let answers = join_all((0..60).map(|_| sell(app, "TEN", None))).await;
    assert_eq!(applied(&answers, "USES_SPENT"), 10);
    assert_eq!(app.staff().get(&ten).await.is(200).int("/currentUses"), 10);

    let each = coupon(app, "EACH", "maxUsesPerCustomer", 1).await;
    let guests = join_all((0..5).map(|_| app.customer("Ann"))).await;
    let guests: Vec<String> = guests.iter().map(ToString::to_string).collect();
    let tries = guests
        .iter()
        .map(|guest| join_all((0..6).map(|_| sell(app, "EACH", Some(guest)))));
    for answers in join_all(tries).await {
        assert_eq!(applied(&answers, "CUSTOMER_USES_SPENT"), 1);
    }
    assert_eq!(app.staff().get(&each).await.is(200).int("/currentUses"), 5);

    join_all(guests.iter().map(|guest| points(app, guest))).await;
}

/// Two tills take a guest's 100 points for two orders at once, then both are paid.
async fn points(app: &TestApp, guest: &str) {
    let of = |rest: &str| app.dashboard(&format!("/customers/{guest}/loyalty/{rest}"));
    let had = app.staff().get(&of("balance")).await.is(200).int("/points");
    let gift = json!({"points": 100 - had, "reason": "welcome"});
    app.manager().post(&of("adjust"), gift).await.is(201);
    let tab = json!({"customerId": guest, "items": [inline(5_000)]});
    let orders = app.till("/orders");
    let tabs = join_all((0..2).map(|_| patiently(app, &orders, &tab))).await;
    let tabs: Vec<String> = tabs
        .iter()
        .map(|tab| app.till(&format!("/orders/{}", tab.is(201).text("/id"))))
        .collect();
    let all = json!({"points": 100});
    let take = tabs
        .iter()
        .map(async |tab| patiently(app, &format!("{tab}/discounts/points"), &all).await);
    let taken = join_all(take).await;
    let (got, refused): (Vec<_>, Vec<_>) =
        taken.iter().partition(|said| said.status.as_u16() == 201);
    assert_eq!((got.len(), refused.len()), (1, 1));
    refused[0].is_problem(422, "points_short");
    let card = json!({"method": "CARD"});
    let pay = tabs
        .iter()
        .map(async |tab| patiently(app, &format!("{tab}/payments"), &card).await);
    for paid in join_all(pay).await {
        paid.is(201);
    }
    let balance = app.staff().get(&of("balance")).await;
    // Both orders earned, one of them on 49.00.
    assert_eq!(
        (
            balance.is(200).int("/points"),
            balance.int("/held"),
            balance.int("/debt")
        ),
        (99, 0, 0)
    );
}

#[tokio::test]
async fn what_there_is_once_is_given_once_on_sqlite() {
    race(&TestApp::new(Store::Sqlite).await).await;
}

#[tokio::test]
async fn what_there_is_once_is_given_once_on_postgres() {
    race(&TestApp::new(Store::Postgres).await).await;
}

#[tokio::test]
async fn what_there_is_once_is_given_once_at_read_committed() {
    let weaker = |settings| Settings {
        read_committed: true,
        writers: 16,
        ..settings
    };
    race(&TestApp::with(Store::Postgres, weaker).await).await;
}
