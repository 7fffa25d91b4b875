use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::verbs::earn;
use crate::both_stores;
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::id::CustomerId;
use crate::hall::identity;
use crate::hall::job::JobCall;
use crate::hall::store::plan;
use crate::hall::testing::{TestApp, noon};
use crate::loyalty::reminders::REMIND;
use crate::loyalty::store::reminders;
use crate::loyalty::{Redeem, TakeBack, redeem, take_back};
use crate::params;

/// What guests were told of, the latest first: to whom, how many points, which day, the sentence.
async fn told(app: &TestApp) -> Vec<Json> {
    let path = "/api/v1/chain/messages?template=points_ending";
    let said = app.manager().get(path).await;
    let items = said.is(200).json["items"].as_array().cloned();
    items
        .unwrap_or_default()
        .into_iter()
        .map(|message| message["data"].clone())
        .collect()
}

async fn reachable(app: &TestApp, name: &str, more: Json) -> CustomerId {
    let mut ask = json!({"firstName": name});
    for (field, value) in more.as_object().expect("fields") {
        ask[field] = value.clone();
    }
    let made = app.staff().post(&app.dashboard("/customers"), ask).await;
    made.is(201).text("/id").parse().expect("an id")
}

/// The next morning after so many days.
async fn morning(app: &TestApp, days: i64) {
    app.advance(SignedDuration::from_hours(24 * days));
    crate::jobs::run_due(&app.hall, None)
        .await
        .expect("the jobs run");
}

/// The job once more at the same time.
async fn again(app: &TestApp) {
    let tenant = app
        .write(|tx| identity::tenant(tx)?.ok_or(Error::NotFound("chain")))
        .await;
    let call = JobCall::new(app.hall.clone(), tenant, app.now(), REMIND.name);
    let done = (REMIND.run)(call).await.expect("the job runs");
    assert_eq!(done, "wrote 0 reminders");
}

fn days_from_start(days: i64) -> Timestamp {
    noon() + SignedDuration::from_hours(24 * days)
}

both_stores! {
    async fn a_guest_is_told_thirty_and_seven_days_before_and_once_each(app: TestApp) {
        let ann = reachable(&app, "Ann", json!({"email": "ann@test.example", "phone": "+46701234567"})).await;
        app.write(earn(&app, ann, "ord_1", 50, Some(40))).await;
        app.write(earn(&app, ann, "ord_2", 20, Some(40))).await;
        app.write(earn(&app, ann, "ord_3", 5, Some(41))).await;
        app.write(earn(&app, ann, "ord_4", 7, None)).await;
        morning(&app, 9).await;
        assert!(told(&app).await.is_empty(), "there are 31 days left");
        morning(&app, 1).await;
        let first = told(&app).await;
        assert_eq!(first.len(), 1, "two lots of one day are one message: {first:?}");
        assert_eq!(
            json!([first[0]["to"], first[0]["channel"], first[0]["points"], first[0]["endsOn"], first[0]["sentence"]]),
            json!(["ann@test.example", "EMAIL", 70, "2026-07-22", "70 points end on 22 July 2026."])
        );
        again(&app).await;
        assert_eq!(told(&app).await.len(), 1, "and again tells nothing");
        morning(&app, 1).await;
        assert_eq!(told(&app).await[0]["points"], 5);
        morning(&app, 21).await;
        assert_eq!(told(&app).await.len(), 2, "there are 8 days left");
        for (days, count) in [(1, 3), (1, 4), (1, 4), (8, 4)] {
            morning(&app, days).await;
            assert_eq!(told(&app).await.len(), count);
        }
        assert_eq!(told(&app).await[1]["sentence"], "70 points end on 22 July 2026.");
    }

    async fn each_guest_reads_their_own_language_where_they_can_be_reached(app: TestApp) {
        let asa = reachable(&app, "Åsa", json!({"phone": "+46701234567", "language": "sv"})).await;
        let eva = reachable(&app, "Eva", json!({"email": "eva@test.example", "language": "es"})).await;
        let nobody = app.customer("Noor").await;
        let gone = reachable(&app, "Bo", json!({"email": "bo@test.example"})).await;
        for (guest, points) in [(asa, 50), (eva, 1), (nobody, 9), (gone, 9)] {
            app.write(earn(&app, guest, &format!("ord_{guest}"), points, Some(31))).await;
        }
        app.manager().delete(&app.dashboard(&format!("/customers/{gone}"))).await.is(204);
        morning(&app, 2).await;
        let mut said: Vec<Json> = told(&app).await.iter().map(|one| json!([one["channel"], one["sentence"]])).collect();
        said.sort_by_key(ToString::to_string);
        assert_eq!(said, [
            json!(["EMAIL", "1 punto caduca el 13 de julio de 2026."]),
            json!(["SMS", "50 poäng går ut den 13 juli 2026."]),
        ]);
    }

    async fn a_lot_that_lives_for_days_is_told_of_by_what_fits(app: TestApp) {
        let ann = reachable(&app, "Ann", json!({"email": "ann@test.example"})).await;
        app.write(earn(&app, ann, "ord_1", 50, Some(5))).await;
        app.write(earn(&app, ann, "ord_2", 40, Some(20))).await;
        morning(&app, 1).await;
        assert!(told(&app).await.is_empty(), "nobody is told at once of what they have just earned");
        morning(&app, 13).await;
        assert_eq!(told(&app).await[0]["points"], 40);
    }

    async fn what_was_missed_is_told_once_with_the_rest_of_its_day(app: TestApp) {
        let ann = reachable(&app, "Ann", json!({"email": "ann@test.example"})).await;
        app.write(earn(&app, ann, "ord_1", 50, Some(40))).await;
        app.advance(SignedDuration::from_hours(24 * 15));
        app.write(earn(&app, ann, "ord_2", 30, Some(25))).await;
        morning(&app, 19).await;
        let told = told(&app).await;
        assert_eq!((told.len(), &told[0]["points"]), (1, &json!(80)), "{told:?}");
    }

    async fn points_that_come_back_with_another_end_are_told_of_again(app: TestApp) {
        let ann = reachable(&app, "Ann", json!({"email": "ann@test.example"})).await;
        app.manager().put(&app.dashboard("/loyalty/config"), json!({"restoreGraceDays": 10})).await.is(200);
        app.write(earn(&app, ann, "ord_1", 50, Some(8))).await;
        let (venue, at) = (app.venue, app.now());
        let spent = Redeem { customer: ann, venue, purchase: "ord_2".into(), points: 50, policy: json!({}), at };
        app.write(move |tx| redeem(tx, &spent)).await;
        morning(&app, 20).await;
        assert!(told(&app).await.is_empty(), "nothing was open");
        let back = TakeBack {
            customer: ann, venue, purchase: "ord_2".into(), cause_kind: "refund", cause_id: "ref_1".into(), spend: 0, bonus: 0,
            visit: false, restored: 50, at: app.now(),
        };
        app.write(move |tx| take_back(tx, &back)).await;
        morning(&app, 3).await;
        assert_eq!(told(&app).await[0]["endsOn"], json!("2026-07-12"));
    }

    async fn a_reminder_that_is_cut_off_leaves_no_mark(app: TestApp) {
        let ann = reachable(&app, "Ann", json!({"email": "ann@test.example"})).await;
        app.write(earn(&app, ann, "ord_1", 50, Some(31))).await;
        app.advance(SignedDuration::from_hours(24));
        let window = reminders::Window {
            reminder_days: 30, least_days: 30, from: days_from_start(8), until: days_from_start(40), then: 7,
        };
        let cut: Result<()> = app.try_write(move |tx| {
            let told = crate::loyalty::reminders::remind(tx, &[ann], window, &jiff::tz::TimeZone::UTC)?;
            assert_eq!(told, 1);
            Err(Error::Conflict(Code::AlreadyDone, Extra::none()))
        }).await;
        assert!(cut.is_err());
        assert!(told(&app).await.is_empty());
        morning(&app, 1).await;
        assert_eq!(told(&app).await.len(), 1);
    }

    async fn whom_to_remind_is_found_by_index(app: TestApp) {
        let plan = app.write(|tx| {
            let now = tx.now();
            plan(tx, reminders::DUE, params![30, now, now, 10])
        }).await;
        assert!(plan.contains("points_lots_by_reminder"), "{plan}");
    }
}
