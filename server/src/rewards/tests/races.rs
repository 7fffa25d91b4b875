//! The last one is given once, and no point is spent twice.

use futures_util::future::join_all;
use serde_json::json;

use super::{CHAIN, cancel, five_off, give, guest, points, redeem, reward, sale};
use crate::both_stores;
use crate::hall::testing::TestApp;

both_stores! {
    async fn five_of_a_reward_are_five_whoever_comes(app: TestApp) {
        let mut ask = five_off();
        ask["limits"]["maxTotalUses"] = json!(5);
        let five = reward(&app, ask).await;
        let mut guests = Vec::new();
        for _ in 0..20 {
            guests.push(guest(&app, 400).await);
        }
        let all = join_all(guests.iter().map(|guest| redeem(&app, *guest, &five))).await;
        let given = all.iter().filter(|said| said.status == 201).count();
        for said in all.iter().filter(|said| said.status != 201) {
            assert_eq!(said.is_problem(422, "reward_unavailable").text("/reason"), "SOLD_OUT");
        }
        assert_eq!(given, 5);
        let path = format!("{CHAIN}/{five}");
        assert_eq!(app.staff().get(&path).await.int("/currentUses"), 5);
    }

    async fn points_for_one_reward_are_spent_once(app: TestApp) {
        let (five, noor) = (reward(&app, five_off()).await, guest(&app, 300).await);
        give(&app, noor, 150).await;
        let all = join_all((0..8).map(|_| redeem(&app, noor, &five))).await;
        let given = all.iter().filter(|said| said.status == 201).count();
        for said in all.iter().filter(|said| said.status != 201) {
            assert_eq!(said.is_problem(422, "points_short").int("/missing"), 350);
        }
        assert_eq!((given, points(&app, noor).await), (1, 50));
    }

    async fn a_voucher_is_cancelled_or_sold_and_never_both(app: TestApp) {
        let (five, noor) = (reward(&app, five_off()).await, guest(&app, 400).await);
        let got = redeem(&app, noor, &five).await;
        let (id, code) = (got.is(201).text("/id"), got.text("/code"));
        let (path, sale) = (app.till("/orders"), sale(noor, &code));
        let staff = app.staff();
        let sales = join_all((0..4).map(|_| staff.post(&path, sale.clone())));
        let cancels = join_all((0..4).map(|_| cancel(&app, noor, &id)));
        let (sales, cancels) = tokio::join!(sales, cancels);
        let sold = sales.iter().filter(|said| said.status == 201).count();
        let cancelled = cancels.iter().filter(|said| said.status == 200).count();
        assert_eq!(sold + cancelled, 1);
    }
}
