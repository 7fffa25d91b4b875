use jiff::{SignedDuration, Timestamp};

use super::{arrange, at_venue, twenty};
use crate::both_stores;
use crate::coupons::terms::Terms;
use crate::coupons::{Duration, Personal, first_paid, issue_personal, running, typed, undone};
use crate::discounts::uses::{self, Purchase};
use crate::hall::error::{Code, Error};
use crate::hall::testing::TestApp;

fn repeating(months: u32) -> Terms {
    Terms {
        duration: Duration::Repeating,
        duration_months: Some(months),
        max_uses: Some(1),
        ..Terms::default()
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

#[test]
fn a_month_ends_with_its_last_day() {
    let venue = |zone: &str| crate::hall::identity::Venue {
        zone: jiff::tz::TimeZone::get(zone).expect("a zone"),
        ..super::any_venue()
    };
    for (months, zone, from, until) in [
        (
            1,
            "Europe/Stockholm",
            "2026-01-31T12:00:00Z",
            "2026-02-28T12:00:00Z",
        ),
        (
            1,
            "Europe/Stockholm",
            "2028-01-31T12:00:00Z",
            "2028-02-29T12:00:00Z",
        ),
        (
            3,
            "Europe/Stockholm",
            "2026-01-31T12:00:00Z",
            "2026-04-30T11:00:00Z",
        ),
        (
            12,
            "Europe/Stockholm",
            "2028-02-29T12:00:00Z",
            "2029-02-28T12:00:00Z",
        ),
        // It is already the first of February there.
        (
            1,
            "Asia/Tokyo",
            "2026-01-31T20:00:00Z",
            "2026-02-28T20:00:00Z",
        ),
        (
            1,
            "Asia/Tokyo",
            "2026-01-31T10:00:00Z",
            "2026-02-28T10:00:00Z",
        ),
    ] {
        let found = repeating(months)
            .runs_until(at(from), &venue(zone))
            .expect("it is reckoned");
        assert_eq!(
            found,
            Some(Some(at(until))),
            "{months} from {from} in {zone}"
        );
    }
    let forever = Terms {
        duration: Duration::Forever,
        ..Terms::default()
    };
    assert_eq!(
        forever
            .runs_until(at("2026-01-31T12:00:00Z"), &venue("UTC"))
            .expect("it is"),
        Some(None)
    );
    assert_eq!(
        Terms::default()
            .runs_until(at("2026-01-31T12:00:00Z"), &venue("UTC"))
            .expect("it is"),
        None
    );
}

both_stores! {
    async fn a_code_that_repeats_is_open_for_its_months(app: TestApp) {
        let (rule, ann) = (twenty(&app).await, app.customer("Ann").await);
        let code = arrange(&app, rule, "MONTHLY", repeating(2)).await;
        let venue = at_venue(&app).await;
        app.write(move |tx| {
            let now = tx.now();
            let coupon = typed(tx, &venue, "month-ly")?;
            assert_eq!((coupon.id, coupon.code.as_str(), coupon.needs_customer), (code, "MONTHLY", true));
            assert!(running(tx, &venue, ann, now)?.is_empty());
            let purchase = Purchase { id: "ord_1".into(), venue: venue.id, customer: Some(ann), currency: "EUR".into() };
            uses::hold(tx, &purchase, &coupon.limits())?.expect("it is the first");
            uses::finish(tx, &purchase, &coupon.id.to_string(), 500)?;
            first_paid(tx, &venue, code, ann, "ord_1", now)?;
            // Another payment meanwhile changes nothing.
            first_paid(tx, &venue, code, ann, "ord_2", now + SignedDuration::from_hours(1))?;
            let open = running(tx, &venue, ann, now)?;
            assert_eq!(open.len(), 1);
            assert_eq!((open[0].id, open[0].max_uses, open[0].terms.uses_left), (code, None, None));
            let (last, over) = (at("2026-08-12T09:59:59Z"), at("2026-08-12T10:00:00Z"));
            assert_eq!(running(tx, &venue, ann, last)?.len(), 1);
            assert!(running(tx, &venue, ann, over)?.is_empty());
            undone(tx, "ord_2")?;
            assert_eq!(running(tx, &venue, ann, now)?.len(), 1, "it did not open it");
            undone(tx, "ord_1")?;
            assert!(running(tx, &venue, ann, now)?.is_empty());
            // The use is there again too, and a new one opens it anew.
            uses::release_all(tx, "ord_1")?;
            uses::hold(tx, &purchase, &coupon.limits())?.expect("it came back");
            uses::finish(tx, &purchase, &coupon.id.to_string(), 500)?;
            first_paid(tx, &venue, code, ann, "ord_1", now)?;
            assert_eq!(running(tx, &venue, ann, now)?.len(), 1);
            Ok(())
        }).await;
    }

    async fn a_voucher_is_one_persons_and_good_once(app: TestApp) {
        let (rule, ann) = (twenty(&app).await, app.customer("Ann").await);
        let venue = at_venue(&app).await;
        app.write(move |tx| {
            let now = tx.now();
            let ask = Personal {
                discount: rule,
                customer: ann,
                expires_at: Some(now + SignedDuration::from_hours(48)),
                reward: Some("rwd_1".into()),
            };
            let (one, two) = (issue_personal(tx, &ask)?, issue_personal(tx, &ask)?);
            assert!(one.code != two.code && one.code.len() == 12);
            let coupon = typed(tx, &venue, &one.code.to_lowercase())?;
            assert_eq!((coupon.id, coupon.discount_id, coupon.max_uses, coupon.needs_customer), (one.id, rule, Some(1), true));
            assert_eq!(coupon.origin(), engine::discount::Origin::Reward);
            assert_eq!(coupon.terms.customer_id.as_ref().map(|id| id.as_str().to_owned()), Some(ann.to_string()));
            assert!(coupon.rule.is_active && coupon.terms.valid_until.is_some());
            let none = typed(tx, &venue, "NONE");
            assert!(matches!(none, Err(Error::Refused(Code::CouponInvalid, _))));
            Ok(())
        }).await;
    }
}
