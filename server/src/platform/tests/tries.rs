//! Five tries, whoever hurries; then a lock that grows.

use jiff::SignedDuration;
use serde_json::json;

use super::{PASSWORD, PIN, person, sign_in, till};
use crate::both_stores;
use crate::hall::error::{Code, Error};
use crate::hall::store::Tx;
use crate::hall::testing::TestApp;
use crate::platform::tries::{self, LOCK_MINUTES, Subject, TRIES_MAX};

both_stores! {
    async fn five_wrong_pins_lock_for_a_minute_then_longer(app: TestApp) {
        let ann = person(&app, "Ann", "STAFF", None).await;
        let bo = person(&app, "Bo", "STAFF", None).await;
        let (_, token) = till(&app).await;
        let device = app.bearer(&token);
        let path = app.till("/switch");
        let wrong = json!({"staffId": ann, "pin": "0000"});
        let right = json!({"staffId": ann, "pin": PIN});
        for _ in 0..TRIES_MAX {
            device.post(&path, wrong.clone()).await.is_problem(422, "pin_wrong");
        }
        for minutes in LOCK_MINUTES {
            let locked = device.post(&path, right.clone()).await;
            locked.is_problem(422, "pin_locked");
            let until = app.now() + SignedDuration::from_mins(minutes);
            assert_eq!(locked.text("/until"), until.to_string());
            // The device is locked too: another person's PIN is not tried there either.
            device.post(&path, json!({"staffId": bo, "pin": PIN})).await.is_problem(422, "pin_locked");
            app.advance(SignedDuration::from_mins(minutes));
            device.post(&path, wrong.clone()).await.is_problem(422, "pin_wrong");
        }
        app.advance(SignedDuration::from_hours(1));
        device.post(&path, right.clone()).await.is(201);
        // A success forgets the failures before it.
        for _ in 0..TRIES_MAX - 1 {
            device.post(&path, wrong.clone()).await.is_problem(422, "pin_wrong");
        }
        device.post(&path, right).await.is(201);
    }

    async fn a_new_pin_forgets_the_failures(app: TestApp) {
        let ann = person(&app, "Ann", "STAFF", None).await;
        let (_, first) = till(&app).await;
        let path = app.till("/switch");
        for _ in 0..TRIES_MAX {
            app.bearer(&first).post(&path, json!({"staffId": ann, "pin": "0000"})).await.is_problem(422, "pin_wrong");
        }
        let (_, second) = till(&app).await;
        let ask = json!({"staffId": ann, "pin": "1470"});
        app.bearer(&second).post(&path, ask.clone()).await.is_problem(422, "pin_locked");
        app.manager().put(&format!("/api/v1/chain/staff/{ann}/pin"), json!({"pin": "1470"})).await.is(204);
        app.bearer(&second).post(&path, ask).await.is(201);
    }

    async fn a_locked_password_is_told_like_a_wrong_one(app: TestApp) {
        person(&app, "Ann", "STAFF", None).await;
        for _ in 0..TRIES_MAX {
            sign_in(&app, "ann", "wrong words here").await.is_problem(401, "sign_in_failed");
        }
        sign_in(&app, "ann", PASSWORD).await.is_problem(401, "sign_in_failed");
        app.advance(SignedDuration::from_mins(1));
        sign_in(&app, "ann", PASSWORD).await.is(201);
    }

    async fn many_guesses_at_once_are_five(app: TestApp) {
        let ann = person(&app, "Ann", "STAFF", None).await;
        let mut tills = Vec::new();
        for _ in 0..4 {
            tills.push(till(&app).await.1);
        }
        let path = app.till("/switch");
        let guess = async |n: usize| {
            let ask = json!({"staffId": ann, "pin": format!("{n:04}")});
            app.bearer(&tills[n % tills.len()]).post(&path, ask).await.text("/code")
        };
        let said = futures_util::future::join_all((0..200).map(guess)).await;
        let checked = said.iter().filter(|code| *code == "pin_wrong").count();
        assert!((1..=5).contains(&checked), "{checked} guesses were checked");
        assert!(said.iter().all(|code| code == "pin_wrong" || code == "pin_locked"), "{said:?}");
    }

    async fn what_was_reserved_and_never_settled_was_a_failure(app: TestApp) {
        let subject = || [Subject::at(crate::hall::id::Id::from_uuid(uuid::Uuid::nil()))];
        let reserve = move |tx: &mut Tx| tries::reserve(tx, &subject());
        for _ in 0..TRIES_MAX {
            app.write(reserve).await;
        }
        let refused = app.try_write(reserve).await;
        assert!(matches!(refused, Err(Error::Refused(Code::PinLocked, _))));
        app.advance(SignedDuration::from_secs(61));
        app.write(reserve).await;
        assert!(app.try_write(reserve).await.is_err());
        app.write(move |tx| tries::settle(tx, &subject(), false)).await;
        assert!(app.try_write(reserve).await.is_err());
        app.advance(SignedDuration::from_mins(5));
        app.write(reserve).await;
        app.write(move |tx| tries::settle(tx, &subject(), true)).await;
        for _ in 0..TRIES_MAX {
            app.write(reserve).await;
        }
    }
}
