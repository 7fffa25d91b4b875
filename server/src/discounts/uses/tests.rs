use jiff::SignedDuration;

use super::store::counts_text;
use super::{Limits, Purchase, Spent, Used, finish, held, hold, pin, release, release_all, used};
use crate::both_stores;
use crate::hall::error::Result;
use crate::hall::id::CustomerId;
use crate::hall::store::{Dialect, Tx, Value, plan};
use crate::hall::testing::TestApp;
use crate::params;

const CODE: &str = "cpn_01kab4bqf8e1ftz0c6hqp2v9xw";

fn limits(total: Option<u32>, customer: Option<u32>) -> Limits {
    Limits {
        subject: CODE.into(),
        total_max: total,
        customer_max: customer,
        first_purchase_only: false,
        is_counted: true,
    }
}

fn purchase(app: &TestApp, id: &str, customer: Option<CustomerId>) -> Purchase {
    Purchase {
        id: id.into(),
        venue: app.venue,
        customer,
        currency: "EUR".into(),
    }
}

fn look(tx: &mut Tx, purchase: &str, customer: Option<CustomerId>) -> Result<Used> {
    let all = used(tx, &[CODE.to_owned()], purchase, customer)?;
    Ok(all.get(CODE).copied().unwrap_or_default())
}

both_stores! {
    async fn the_last_use_is_given_once_and_comes_back(app: TestApp) {
        let (one, two) = (purchase(&app, "ord_1", None), purchase(&app, "ord_2", None));
        app.write(move |tx| {
            let once = limits(Some(1), None);
            assert_eq!(hold(tx, &one, &once)?, Ok(()));
            assert_eq!(hold(tx, &one, &once)?, Ok(()), "it has it already");
            assert_eq!(hold(tx, &two, &once)?, Err(Spent::InAll));
            let seen = look(tx, "ord_1", None)?;
            assert_eq!((seen.total, seen.is_held), (0, true), "its own hold counts as left");
            assert_eq!(look(tx, "ord_2", None)?.total, 1);
            release(tx, "ord_1", CODE)?;
            release(tx, "ord_1", CODE)?;
            assert_eq!(hold(tx, &two, &once)?, Ok(()));
            finish(tx, &two, CODE, 500)?;
            assert_eq!(hold(tx, &one, &once)?, Err(Spent::InAll), "a final use is used");
            release_all(tx, "ord_2")?;
            assert_eq!(hold(tx, &one, &once)?, Ok(()));
            Ok(())
        }).await;
    }

    async fn each_customer_has_their_own_limit(app: TestApp) {
        let (ann, bo) = (app.customer("Ann").await, app.customer("Bo").await);
        let ask = |id: &str, who| purchase(&app, id, Some(who));
        let (one, two, three) = (ask("ord_1", ann), ask("ord_2", ann), ask("ord_3", bo));
        app.write(move |tx| {
            let each = limits(Some(5), Some(1));
            assert_eq!(hold(tx, &one, &each)?, Ok(()));
            assert_eq!(hold(tx, &two, &each)?, Err(Spent::ByCustomer));
            assert_eq!(hold(tx, &three, &each)?, Ok(()));
            let seen = look(tx, "ord_2", Some(ann))?;
            assert_eq!((seen.total, seen.by_customer), (2, 1));
            Ok(())
        }).await;
    }

    async fn a_customer_buys_for_the_first_time_once(app: TestApp) {
        let ann = app.customer("Ann").await;
        let (one, two) = (purchase(&app, "ord_1", Some(ann)), purchase(&app, "ord_2", Some(ann)));
        app.write(move |tx| {
            let first = Limits { first_purchase_only: true, ..limits(None, None) };
            let other = Limits { subject: "cpn_other".into(), ..first.clone() };
            assert_eq!(hold(tx, &one, &first)?, Ok(()));
            assert_eq!(hold(tx, &two, &other)?, Err(Spent::FirstPurchase));
            release(tx, "ord_1", CODE)?;
            assert_eq!(hold(tx, &two, &other)?, Ok(()));
            Ok(())
        }).await;
    }

    async fn a_hold_lapses_unless_money_is_on_it(app: TestApp) {
        let (one, two) = (purchase(&app, "ord_1", None), purchase(&app, "ord_2", None));
        app.write(move |tx| {
            let many = limits(Some(9), None);
            hold(tx, &one, &many)?.expect("there are nine");
            hold(tx, &two, &many)?.expect("there are eight");
            pin(tx, "ord_2")
        }).await;
        app.advance(SignedDuration::from_hours(5));
        crate::jobs::run_due(&app.hall, None).await.unwrap();
        app.write(|tx| {
            assert_eq!((held(tx, "ord_1")?.len(), held(tx, "ord_2")?.len()), (0, 1));
            assert_eq!(look(tx, "ord_1", None)?.total, 1);
            Ok(())
        }).await;
    }

    async fn a_count_is_found_among_those_of_all_customers(app: TestApp) {
        app.write(|tx| tx.exec(
            "insert into use_counts (tenant_id, subject_id, customer_id, uses)
             with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < 20000)
             select $1, 'cpn_0', 'cus_' || i, 1 from n",
            &[],
        )).await;
        if app.hall.db.dialect() == Dialect::Postgres {
            app.as_role("analyze").await.unwrap();
        }
        for subjects in [1, 2, 5] {
            let plan = app.write(move |tx| {
                let subjects = (0..subjects).map(|nth| Value::from(format!("cpn_{nth}")));
                let params: Vec<Value> = std::iter::once(Value::from("cus_1")).chain(subjects.clone()).collect();
                plan(tx, &counts_text(subjects.len()), &params)
            }).await;
            let key = ["tenant_id", "subject_id", "customer_id"];
            let is_whole = |line: &str| key.iter().all(|column| line.contains(column));
            let looks = ["SEARCH c ", "Index Cond"];
            let found = plan.lines().any(|line| looks.iter().any(|look| line.contains(look)) && is_whole(line));
            assert!(found, "{subjects} subjects: {plan}");
        }
        // They count what is not there.
        app.write(|tx| tx.exec("delete from use_counts where tenant_id = $1", &[])).await;
    }

    async fn holds_that_are_over_are_found_by_index(app: TestApp) {
        let plan = app.write(|tx| {
            let now = tx.now();
            plan(tx, crate::discounts::uses::store::LAPSED, params![now, 10])
        }).await;
        assert!(!plan.contains("SCAN uses") && !plan.contains("Seq Scan"), "{plan}");
    }
}
