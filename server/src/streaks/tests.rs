//! A guest comes three days in a row, is paid once, and begins again after a gap.

use futures_util::future::join_all;
use jiff::SignedDuration;
use jiff::civil::Date;
use serde_json::{Value as Json, json};

use super::{Completed, record, store};
use crate::both_stores;
use crate::hall::error::Error;
use crate::hall::id::CustomerId;
use crate::hall::identity;
use crate::hall::journal::By;
use crate::hall::page::Paging;
use crate::hall::store::{Scope, plan};
use crate::hall::testing::{Said, Store, TestApp};
use crate::params;
use crate::platform::sessions::{self, Whose};
use crate::rewards::{self, Grant};

const CHAIN: &str = "/api/v1/chain/loyalty/streaks";

fn three_days() -> Json {
    json!({"name": "Three in a row", "period": "DAY", "length": 3, "bonusPoints": 50})
}

async fn visit(app: &TestApp, guest: CustomerId, day: &str) -> Vec<Completed> {
    let (venue, now, day) = (app.venue, app.now(), day.parse::<Date>().expect("a date"));
    app.write(move |tx| record(tx, guest, venue, day, now))
        .await
}

async fn points(app: &TestApp, guest: CustomerId) -> i64 {
    let path = app.dashboard(&format!("/customers/{guest}/loyalty/balance"));
    app.staff().get(&path).await.is(200).int("/points")
}

async fn progress(app: &TestApp, guest: CustomerId) -> Json {
    let path = app.dashboard(&format!("/customers/{guest}/loyalty/streaks"));
    app.staff().get(&path).await.is(200).json[0].clone()
}

/// Periods of the run as it is kept, whatever day it is.
async fn alive(app: &TestApp, guest: CustomerId) -> i64 {
    let periods = app.write(move |tx| {
        let row = tx.first(
            "select periods from streak_runs where tenant_id = $1 and customer_id = $2",
            params![guest],
        )?;
        row.map(|row| row.get(0)).transpose()
    });
    periods.await.unwrap_or(0)
}

/// The run as it is kept, then the periods that were counted, each once, and the points.
async fn counted(app: &TestApp, guest: CustomerId) -> (String, String, i64) {
    let all = app.write(move |tx| {
        let mut told = Vec::new();
        for sql in [
            "select substr(last_start, 6) || ' ' || periods from streak_runs where tenant_id = $1 and customer_id = $2",
            "select distinct substr(period_start, 6) || ' ' || periods as period from streak_visits
             where tenant_id = $1 and customer_id = $2 order by period",
        ] {
            let rows = tx.query(sql, params![guest])?;
            let lines = rows.iter().map(|row| row.get::<String>(0));
            told.push(lines.collect::<Result<Vec<_>, _>>()?.join(", "));
        }
        Ok(told)
    });
    let told = all.await;
    (told[0].clone(), told[1].clone(), points(app, guest).await)
}

/// A sale of 20.00 to the guest, perhaps with a code.
async fn sale(app: &TestApp, guest: CustomerId, codes: Json) -> Said {
    let ask = json!({
        "customerId": guest, "couponCodes": codes, "payments": [{"method": "CARD"}],
        "items": [{"inline": {"name": "Beer", "unitPrice": {"amount": 2_000, "currency": "EUR"}}}],
    });
    app.staff().post(&app.till("/orders"), ask).await
}

async fn refund(app: &TestApp, sold: &Said) {
    let path = app.till(&format!("/orders/{}/refunds", sold.is(201).text("/id")));
    let back = app
        .manager()
        .post(&path, json!({"reason": "wrong guest"}))
        .await;
    back.is(201);
}

/// The visit of the day is undone.
async fn undo(app: &TestApp, guest: CustomerId, on: Date) {
    let venue = app.venue;
    app.write(move |tx| {
        let venue = identity::venue(tx, venue)?.ok_or(Error::NotFound("venue"))?;
        super::undo(tx, &venue, guest, on, ("test", "x"))
    })
    .await;
}

async fn vouchers(app: &TestApp, guest: CustomerId) -> Vec<String> {
    let path = app.dashboard(&format!("/customers/{guest}/loyalty/vouchers"));
    let all = app.staff().get(&path).await;
    let items = all.is(200).json["items"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let status = |one: &Json| one["status"].as_str().unwrap_or_default().to_owned();
    items.iter().map(status).collect()
}

async fn five_off(app: &TestApp) -> String {
    let ask = json!({"name": "Five off", "pointsCost": 400, "kind": "AMOUNT_OFF",
        "value": {"amount": 500, "currency": "EUR"}});
    let made = app
        .manager()
        .post("/api/v1/chain/loyalty/rewards", ask)
        .await;
    made.is(201).text("/id")
}

both_stores! {
    async fn a_refund_takes_the_bonus_back_and_the_period_may_be_completed_again(app: TestApp) {
        let two = json!({"name": "Two", "period": "DAY", "length": 2, "bonusPoints": 50});
        app.manager().post(CHAIN, two).await.is(201);
        let guest = app.customer("Noor").await;
        sale(&app, guest, json!([])).await.is(201);
        app.advance(SignedDuration::from_hours(24));
        let wrong = sale(&app, guest, json!([])).await;
        assert_eq!(points(&app, guest).await, 90);
        let second = sale(&app, guest, json!([])).await;
        refund(&app, &wrong).await;
        assert_eq!(points(&app, guest).await, 90, "the visit has another purchase");
        refund(&app, &second).await;
        assert_eq!((points(&app, guest).await, progress(&app, guest).await["have"].clone()), (20, json!(1)));
        let right = sale(&app, guest, json!([])).await;
        assert_eq!(points(&app, guest).await, 90);
        refund(&app, &right).await;
        assert_eq!(points(&app, guest).await, 20);
        app.advance(SignedDuration::from_hours(24));
        sale(&app, guest, json!([])).await.is(201);
        assert_eq!(points(&app, guest).await, 40, "a day is missing: the run begins anew");
    }

    async fn refunds_one_after_the_other_leave_the_run_of_the_visits_that_remain(app: TestApp) {
        app.manager().post(CHAIN, three_days()).await.is(201);
        // Which days of four are refunded, in that order; what is left towards the next bonus, and the points.
        for (order, have, left) in [
            (&[3][..], 3, 110), (&[3, 2], 2, 40), (&[3, 2, 1], 1, 20), (&[3, 2, 1, 0], 0, 0),
            (&[2, 3], 2, 40), (&[1, 2, 3], 1, 20), (&[1], 2, 60), (&[0], 3, 110), (&[0, 3], 2, 40), (&[1, 3], 1, 40),
            (&[2], 1, 60), (&[2, 1], 1, 40),
        ] {
            let guest = app.customer("Noor").await;
            let mut sales = Vec::new();
            for day in 0..4 {
                sales.push(sale(&app, guest, json!([])).await);
                app.advance(SignedDuration::from_hours(if day < 3 { 24 } else { 0 }));
            }
            assert_eq!((points(&app, guest).await, &progress(&app, guest).await["have"]), (130, &json!(1)));
            for day in order {
                refund(&app, &sales[*day]).await;
            }
            let alive = alive(&app, guest).await;
            assert_eq!((alive, points(&app, guest).await), (have, left), "{order:?}");
        }
    }

    async fn a_refund_leaves_the_run_that_was_there_before_the_sale(app: TestApp) {
        let guest = app.customer("Noor").await;
        for _ in 0..2 {
            sale(&app, guest, json!([])).await.is(201);
            app.advance(SignedDuration::from_hours(24));
        }
        app.manager().post(CHAIN, three_days()).await.is(201);
        for _ in 0..2 {
            let sold = sale(&app, guest, json!([])).await;
            assert_eq!((alive(&app, guest).await, points(&app, guest).await), (1, 60), "it counts from its first day");
            refund(&app, &sold).await;
            assert_eq!((alive(&app, guest).await, points(&app, guest).await), (0, 40));
        }
    }

    async fn a_refund_after_an_edit_keeps_the_periods_that_were_counted(app: TestApp) {
        let weeks = json!({"name": "Three", "period": "WEEK", "length": 3, "bonusPoints": 50});
        let mut months = weeks.clone();
        months["period"] = json!("MONTH");
        let made = app.manager().post(CHAIN, weeks.clone()).await;
        let path = format!("{CHAIN}/{}", made.is(201).text("/id"));
        let weeks_of_june = &["06-08", "06-15", "06-22"][..];
        // As the streak was, visits, as it is then, visits, the day that is undone; the run, its periods and the points.
        for (was, before, is, after, undone, run, periods, points) in [
            (&weeks, &["07-08"][..], &months, &["08-03"][..], "08-03", "07-06 1", "07-06 1", 0),
            (&weeks, weeks_of_june, &months, &[], "06-08", "06-22 1", "06-15 1, 06-22 1", 0),
            (&weeks, weeks_of_june, &months, &["06-30"], "06-30", "06-22 3", "06-08 1, 06-15 2, 06-22 3", 50),
            (&weeks, weeks_of_june, &months, &["06-30"], "06-22", "06-22 3", "06-08 1, 06-15 2, 06-22 3", 50),
            (&weeks, weeks_of_june, &months, &["07-07"], "07-07", "06-22 3", "06-08 1, 06-15 2, 06-22 3", 50),
            (&weeks, &["06-15", "06-22"], &months, &["07-07"], "06-22", "07-01 2", "06-15 1, 07-01 2", 0),
            (&months, &["06-10", "07-01"], &weeks, &["07-03"], "07-03", "07-01 2", "06-01 1, 07-01 2", 0),
            (&months, &["06-10", "07-01"], &weeks, &["07-07"], "07-07", "07-01 2", "06-01 1, 07-01 2", 0),
            (&months, &["06-10", "07-10"], &weeks, &["07-21"], "07-21", "07-01 2", "06-01 1, 07-01 2", 0),
        ] {
            let guest = app.customer("Noor").await;
            for (streak, days) in [(was, before), (is, after)] {
                app.manager().put(&path, streak.clone()).await.is(200);
                for day in days {
                    visit(&app, guest, &format!("2026-{day}")).await;
                }
            }
            undo(&app, guest, format!("2026-{undone}").parse().expect("a date")).await;
            let left = (run.to_owned(), periods.to_owned(), points);
            assert_eq!(counted(&app, guest).await, left, "{before:?} {after:?} {undone}");
        }
    }

    async fn a_refund_counts_no_visit_of_a_pause(app: TestApp) {
        let made = app.manager().post(CHAIN, three_days()).await;
        let path = format!("{CHAIN}/{}", made.is(201).text("/id"));
        let guest = app.customer("Noor").await;
        for active in [true, false, true] {
            let mut streak = three_days();
            streak["active"] = json!(active);
            app.manager().put(&path, streak).await.is(200);
            let sold = sale(&app, guest, json!([])).await;
            if active {
                assert_eq!(alive(&app, guest).await, 1);
            } else {
                refund(&app, &sold).await;
                assert_eq!(alive(&app, guest).await, 1, "it was never counted");
                sale(&app, guest, json!([])).await.is(201);
            }
            app.advance(SignedDuration::from_hours(24));
        }
        let sold = sale(&app, guest, json!([])).await;
        assert_eq!(alive(&app, guest).await, 2);
        refund(&app, &sold).await;
        assert_eq!(alive(&app, guest).await, 1);
    }

    async fn a_visit_that_is_told_of_late_keeps_only_a_period_that_counts(app: TestApp) {
        let two = json!({"name": "Two", "period": "WEEK", "length": 2, "bonusPoints": 50});
        app.manager().post(CHAIN, two).await.is(201);
        let guest = app.customer("Noor").await;
        let sold = sale(&app, guest, json!([])).await;
        for (late, counts) in [("2026-06-07", false), ("2026-06-10", true)] {
            visit(&app, guest, late).await;
            assert_eq!((alive(&app, guest).await, points(&app, guest).await), (1, 20), "{late}");
            if counts {
                refund(&app, &sold).await;
                assert_eq!(alive(&app, guest).await, 1, "the week has another visit");
                undo(&app, guest, late.parse().expect("a date")).await;
            } else {
                undo(&app, guest, late.parse().expect("a date")).await;
                assert_eq!(alive(&app, guest).await, 1, "what never counted takes nothing away");
            }
        }
        assert_eq!(alive(&app, guest).await, 0);
    }

    async fn a_run_that_was_cut_short_earns_its_bonus_when_it_is_full_again(app: TestApp) {
        app.manager().post(CHAIN, three_days()).await.is(201);
        let guest = app.customer("Noor").await;
        let mut sales = Vec::new();
        for _ in 0..3 {
            sales.push(sale(&app, guest, json!([])).await);
            app.advance(SignedDuration::from_hours(24));
        }
        assert_eq!(points(&app, guest).await, 110);
        refund(&app, &sales[1]).await;
        assert_eq!(points(&app, guest).await, 40, "two of three days are no streak");
        sale(&app, guest, json!([])).await.is(201);
        assert_eq!(points(&app, guest).await, 60);
        app.advance(SignedDuration::from_hours(24));
        sale(&app, guest, json!([])).await.is(201);
        assert_eq!((points(&app, guest).await, &progress(&app, guest).await["have"]), (130, &json!(3)));
    }

    async fn a_refund_takes_a_voucher_back_that_nobody_has_used(app: TestApp) {
        let reward = five_off(&app).await;
        let two = json!({"name": "Two", "period": "DAY", "length": 2, "rewardId": reward});
        let made = app.manager().post(CHAIN, two).await;
        assert_eq!((&made.is(201).json["bonusPoints"], made.text("/rewardId")), (&Json::Null, reward));
        let guest = app.customer("Noor").await;
        sale(&app, guest, json!([])).await.is(201);
        app.advance(SignedDuration::from_hours(24));
        let wrong = sale(&app, guest, json!([])).await;
        assert_eq!(vouchers(&app, guest).await, ["READY"]);
        refund(&app, &wrong).await;
        assert_eq!(vouchers(&app, guest).await, ["CANCELLED"]);
        let right = sale(&app, guest, json!([])).await;
        assert_eq!(vouchers(&app, guest).await, ["READY", "CANCELLED"]);
        let path = app.dashboard(&format!("/customers/{guest}/loyalty/vouchers"));
        let code = app.staff().get(&path).await.text("/items/0/code");
        app.advance(SignedDuration::from_hours(24));
        let later = sale(&app, guest, json!([code])).await;
        assert_eq!(later.is(201).int("/totals/total/amount"), 1_500);
        refund(&app, &right).await;
        assert_eq!(vouchers(&app, guest).await, ["USED", "CANCELLED"], "what is used stays");
    }

    async fn a_guest_sees_all_of_it_on_one_page(app: TestApp) {
        let reward = five_off(&app).await;
        app.manager().post(CHAIN, three_days()).await.is(201);
        let guest = app.customer("Noor").await;
        sale(&app, guest, json!([])).await.is(201);
        let id = reward.parse().expect("an id");
        app.write(move |tx| {
            let ask = Grant { customer: guest, reward: id, cause_kind: "test", cause_id: "x".into() };
            rewards::grant(tx, &ask)
        }).await;
        let begun = app.write(move |tx| sessions::begin(tx, Whose::Customer(guest))).await;
        let mine = app.bearer(begun.token.expose()).get("/api/v1/me/loyalty").await;
        assert_eq!((mine.is(200).int("/points"), mine.text("/tier/tier/name"), mine.int("/streaks/0/have"),
            mine.int("/rewards/0/missing"), mine.text("/vouchers/0/status")),
            (20, "REGULAR".into(), 1, 380, "READY".into()));
    }

    async fn coming_back_is_paid_once_for_each_full_length(app: TestApp) {
        let made = app.manager().post(&app.dashboard("/loyalty/streaks"), three_days()).await;
        assert_eq!(made.is(201).json["venueIds"], json!([app.venue]));
        let guest = app.customer("Noor").await;
        for (day, paid) in [
            ("2026-06-10", 0), ("2026-06-11", 0), ("2026-06-11", 0), ("2026-06-12", 50), ("2026-06-12", 50),
            ("2026-06-10", 50), ("2026-06-13", 50), ("2026-06-14", 50), ("2026-06-15", 100),
            ("2026-06-17", 100), ("2026-06-18", 100), ("2026-06-19", 150),
        ] {
            visit(&app, guest, day).await;
            assert_eq!(points(&app, guest).await, paid, "{day}");
        }
        let rows = app.staff().get(&app.dashboard(&format!("/customers/{guest}/loyalty/transactions"))).await;
        assert_eq!((rows.is(200).int("/total"), rows.text("/items/0/earnKind"), rows.text("/items/0/causeId")),
            (3, "BONUS".into(), made.text("/id")));
    }

    async fn a_guest_is_told_how_far_it_is(app: TestApp) {
        app.manager().post(CHAIN, three_days()).await.is(201);
        let guest = app.customer("Noor").await;
        let none = progress(&app, guest).await;
        assert_eq!(json!([none["have"], none["need"], none["keepUntil"], none["counted"]]), json!([0, 3, null, false]));
        visit(&app, guest, "2026-06-11").await;
        visit(&app, guest, "2026-06-12").await;
        let two = progress(&app, guest).await;
        assert_eq!(json!([two["have"], two["keepUntil"], two["counted"]]), json!([2, "2026-06-13", true]));
        let begun = app.write(move |tx| sessions::begin(tx, Whose::Customer(guest))).await;
        let mine = app.bearer(begun.token.expose()).get("/api/v1/me/loyalty/streaks").await;
        assert_eq!(mine.is(200).int("/0/have"), 2);
    }

    async fn many_tills_pay_one_bonus(app: TestApp) {
        app.manager().post(CHAIN, json!({"name": "Two", "period": "WEEK", "length": 2, "bonusPoints": 7})).await.is(201);
        app.manager().post(CHAIN, three_days()).await.is(201);
        let guest = app.customer("Noor").await;
        visit(&app, guest, "2026-06-07").await;
        let all = join_all((0..8).map(|_| visit(&app, guest, "2026-06-08"))).await;
        assert_eq!(all.iter().flatten().count(), 1);
        assert_eq!(points(&app, guest).await, 7);
    }

    async fn a_streak_is_made_changed_and_ended(app: TestApp) {
        let made = app.manager().post(CHAIN, three_days()).await;
        let path = format!("{CHAIN}/{}", made.is(201).text("/id"));
        let at_venue = app.dashboard(&format!("/loyalty/streaks/{}", made.text("/id")));
        app.staff().get(&at_venue).await.is(200);
        app.manager().put(&at_venue, three_days()).await.is_problem(422, "method_unavailable");
        let mut paused = three_days();
        paused["active"] = json!(false);
        assert_eq!(app.manager().put(&path, paused).await.is(200).int("/version"), 2);
        let stale = [("if-match", "\"v1\"")];
        app.manager().send(axum::http::Method::PUT, &path, Some(three_days()), &stale).await.is_problem(412, "stale");
        let guest = app.customer("Noor").await;
        for day in ["2026-06-10", "2026-06-11", "2026-06-12"] {
            assert!(visit(&app, guest, day).await.is_empty());
        }
        assert_eq!(app.staff().get(CHAIN).await.is(200).int("/total"), 1);
        app.staff().delete(&path).await.is_problem(403, "forbidden");
        app.manager().delete(&path).await.is(204);
        app.manager().get(&path).await.is_problem(404, "not_found");
        assert_eq!(app.staff().get(CHAIN).await.is(200).int("/total"), 0);
    }

    async fn what_is_no_streak_is_told_why(app: TestApp) {
        for (field, value, pointer, code) in [
            ("name", json!(""), "/name", "invalid_length"),
            ("period", json!("YEAR"), "/period", "invalid"),
            ("length", json!(1), "/length", "out_of_range"),
            ("bonusPoints", json!(0), "/bonusPoints", "out_of_range"),
            ("bonusPoints", Json::Null, "/bonusPoints", "one_of"),
            ("rewardId", json!("rwd_7fffffffffffffffffffffffff"), "/bonusPoints", "one_of"),
            ("graceDays", json!(61), "/graceDays", "out_of_range"),
            ("venueIds", json!(["ven_7fffffffffffffffffffffffff"]), "/venueIds/0", "unknown"),
            ("bonus", json!(1), "/bonus", "unknown_field"),
        ] {
            let mut wrong = three_days();
            wrong[field] = value;
            let said = app.manager().post(CHAIN, wrong).await;
            said.is_problem(422, "invalid");
            assert_eq!((said.text("/errors/0/pointer").as_str(), said.text("/errors/0/code").as_str()), (pointer, code));
        }
    }

    async fn another_chain_sees_no_streak_of_ours(app: TestApp) {
        let made = app.manager().post(CHAIN, three_days()).await;
        let path = format!("{CHAIN}/{}", made.is(201).text("/id"));
        let guest = app.customer("Noor").await;
        let other = app.other_tenant().await;
        other.get(&path).await.is_problem(404, "not_found");
        other.put(&path, three_days()).await.is_problem(404, "not_found");
        other.delete(&path).await.is_problem(404, "not_found");
        let theirs = format!("/api/v1/dashboard/venues/all/customers/{guest}/loyalty/streaks");
        other.get(&theirs).await.is_problem(404, "not_found");
        assert_eq!(other.get(CHAIN).await.int("/total"), 0);
    }

    async fn a_visit_costs_the_same_whatever_the_streaks(app: TestApp) {
        let guest = app.customer("Noor").await;
        let mut counted = Vec::new();
        for day in ["2026-06-10", "2026-06-12"] {
            for _ in 0..3 {
                app.manager().post(CHAIN, three_days()).await.is(201);
            }
            let before = app.hall.db.statements();
            visit(&app, guest, day).await;
            counted.push(app.hall.db.statements() - before);
        }
        assert_eq!(counted, [3, 3]);
    }
}

#[tokio::test]
async fn nothing_reads_a_whole_table() {
    let app = TestApp::new(Store::Sqlite).await;
    let guest = app.customer("Noor").await;
    let listing = |venue| store::listing(venue, &Paging::default()).expect("a statement");
    for (sql, values) in [
        (store::LIVE.to_owned(), params![app.venue, guest].to_vec()),
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
