use jiff::SignedDuration;

use crate::both_stores;
use crate::customers::*;
use crate::hall::error::{Error, Result};
use crate::hall::id::CustomerId;
use crate::hall::identity;
use crate::hall::store::plan;
use crate::hall::testing::TestApp;
use crate::params;

use super::{undone, visited};

async fn asa(app: &TestApp) -> CustomerId {
    let venue = app.venue;
    app.write(move |tx| {
        let venue = identity::venue(tx, venue)?.expect("the venue is there");
        let ask = EditCustomer {
            first_name: Some("Åsa".into()),
            last_name: Some("Lindqvist".into()),
            email: Some("Asa@Example.com".into()),
            ..EditCustomer::default()
        };
        Ok(create(tx, &venue, &ask)?.id)
    })
    .await
}

/// How the store finds whose points end.
async fn points_due_plan(app: &TestApp) -> String {
    app.write(|tx| {
        let now = tx.now();
        plan(tx, store::counters::POINTS_DUE, params![now, 10])
    })
    .await
}

both_stores! {
    async fn one_day_at_one_venue_is_one_visit(app: TestApp) {
        let (id, venue, now) = (asa(&app).await, app.venue, app.now());
        let day = jiff::civil::date(2026, 6, 12);
        let before = (day.yesterday().expect("a day"), now - jiff::SignedDuration::from_hours(24));
        app.write(move |tx| {
            assert!(visited(tx, id, venue, day, "ord_1", now)?);
            assert!(!visited(tx, id, venue, day, "ord_2", now)?);
            assert!(visited(tx, id, venue, before.0, "ord_0", before.1)?);
            Ok(())
        }).await;
        undone(&app, move |tx| {
            record_paid_order(tx, id, venue, 71_100, now)?;
            record_paid_order(tx, id, venue, 101, now)?;
            let shown = show(tx, id)?;
            assert_eq!((shown.total_visits, shown.paid_orders, shown.total_spent.amount), (2, 2, 71_201));
            assert_eq!(shown.average_order_value.as_ref().map(|money| money.amount), Some(35_601));
            assert_eq!((shown.last_visit_at, shown.first_visit_at), (Some(now), Some(before.1)));
            let there = &shown.venues.as_ref().expect("venues are shown")[0];
            assert_eq!((there.total_visits, there.total_spent.amount), (2, 71_201));
            Ok(())
        }).await;
    }

    async fn a_visit_of_which_nothing_is_left_counts_no_longer(app: TestApp) {
        let (id, venue, now) = (asa(&app).await, app.venue, app.now());
        let (day, before) = (jiff::civil::date(2026, 6, 12), now - jiff::SignedDuration::from_hours(24));
        app.write(move |tx| {
            record_visit(tx, id, venue, day.yesterday().expect("a day"), "ord_0", before)?;
            record_visit(tx, id, venue, day, "ord_1", now)?;
            record_visit(tx, id, venue, day, "ord_2", now)?;
            assert_eq!(undo_visit(tx, id, venue, day)?, None, "something is left");
            assert_eq!(show(tx, id)?.total_visits, 2);
            assert_eq!(undo_visit(tx, id, venue, day)?.as_deref(), Some("ord_1"));
            assert_eq!(undo_visit(tx, id, venue, day)?, None, "it is undone already");
            let shown = show(tx, id)?;
            assert_eq!((shown.total_visits, shown.last_visit_at), (1, Some(before)));
            assert_eq!(shown.venues.as_ref().expect("venues are shown")[0].last_visit_at, Some(before));
            assert!(!has_visited(tx, id, venue, day)?);
            assert!(record_visit(tx, id, venue, day, "ord_3", now)?, "a visit again");
            assert_eq!(undo_visit(tx, id, venue, day)?.as_deref(), Some("ord_3"));
            undo_visit(tx, id, venue, day.yesterday().expect("a day"))?;
            let shown = show(tx, id)?;
            assert_eq!((shown.total_visits, shown.first_visit_at, shown.last_visit_at), (0, None, None));
            Ok(())
        }).await;
    }

    async fn points_are_numbered_and_never_overdrawn(app: TestApp) {
        let id = asa(&app).await;
        undone(&app, move |tx| {
            assert_eq!(add_points(tx, id, 1_040, None)?, Ledgered { seq: 1, balance: 1_040 });
            assert_eq!(move_points(tx, id, 1, -940, 0)?, Ledgered { seq: 2, balance: 100 });
            let late = |moved: Result<Ledgered>| assert!(matches!(moved, Err(Error::Again(_))), "{moved:?}");
            late(move_points(tx, id, 1, -1, 0));
            late(move_points(tx, id, 2, -101, 0));
            assert_eq!(move_points(tx, id, 2, -150, 50)?, Ledgered { seq: 3, balance: -50 });
            assert_eq!(add_points(tx, id, 20, None)?, Ledgered { seq: 4, balance: -30 });
            assert_eq!(purse(tx, id)?, Purse { balance: -30, debt: 30, held: 0, ledger_rows: 4, ends_at: None });
            assert_eq!(add_points(tx, id, 130, None)?, Ledgered { seq: 5, balance: 100 });
            assert_eq!(purse(tx, id)?.debt, 0);
            hold_points(tx, id, 5, 90, 60)?;
            late(hold_points(tx, id, 5, 90, 31).map(|()| Ledgered { seq: 0, balance: 0 }));
            late(hold_points(tx, id, 4, 90, 1).map(|()| Ledgered { seq: 0, balance: 0 }));
            late(spend_points(tx, id, 5, 90, 31, 0));
            assert_eq!(spend_points(tx, id, 5, 90, 30, 0)?, Ledgered { seq: 6, balance: 70 });
            assert_eq!(spend_points(tx, id, 6, 60, 60, 60)?, Ledgered { seq: 7, balance: 10 });
            hold_points(tx, id, 7, 10, 10)?;
            release_points(tx, id, 4)?;
            assert_eq!(purse(tx, id)?.held, 6);
            Ok(())
        }).await;
    }

    async fn who_has_points_that_end_is_found_by_the_first_end(app: TestApp) {
        let id = asa(&app).await;
        let (first, second) = (app.now(), app.now() + SignedDuration::from_hours(1));
        let due = points_due_plan(&app).await;
        assert!(!due.contains("SCAN") && !due.contains("TEMP B-TREE") && !due.contains("Seq Scan"), "{due}");
        undone(&app, move |tx| {
            add_points(tx, id, 10, None)?;
            assert_eq!(purse(tx, id)?.ends_at, None);
            for ends_at in [second, first, second] {
                add_points(tx, id, 10, Some(ends_at))?;
            }
            end_points_by(tx, id, second)?;
            assert_eq!(purse(tx, id)?.ends_at, Some(first));
            assert_eq!((points_due(tx, first, 9)?, points_due(tx, first - SignedDuration::from_secs(1), 9)?), (vec![id], vec![]));
            let lapsed = Lapsed { customer: id, seen: 4, points: 10, next: Some(second) };
            assert!(matches!(expire_points(tx, &[Lapsed { seen: 3, ..lapsed }]), Err(Error::Again(_))));
            expire_points(tx, &[lapsed])?;
            expire_points(tx, &[Lapsed { seen: 5, points: 0, next: None, ..lapsed }])?;
            let left = Purse { balance: 30, debt: 0, held: 0, ledger_rows: 5, ends_at: None };
            assert_eq!((purse(tx, id)?, points_due(tx, second, 9)?), (left, vec![]));
            Ok(())
        }).await;
    }

    async fn who_pays_is_known_from_then_on(app: TestApp) {
        let (asa, venue) = (asa(&app).await, app.venue);
        app.write(move |tx| {
            let venue = identity::venue(tx, venue)?.expect("the venue is there");
            let by = |email: Option<&str>, phone: Option<&str>, print: Option<&str>| Identity {
                email: email.map(str::to_owned),
                phone: phone.map(str::to_owned),
                fingerprint: print.map(str::to_owned),
                external_ref: None,
            };
            let card = find_or_create_by(tx, &venue, &by(None, None, Some("visa-1")))?;
            assert_eq!((card.source, card.version), (Source::Payment, 1));
            let again = find_or_create_by(tx, &venue, &by(Some("no email"), None, Some("visa-1")))?;
            assert_eq!(again, card);
            let told = find_or_create_by(tx, &venue, &by(Some("bo@example.com"), Some("070-174 06 05"), Some("visa-1")))?;
            assert_eq!((told.id, told.email.as_deref(), told.phone.as_deref()), (card.id, Some("bo@example.com"), Some("+46701740605")));
            let found = find_or_create_by(tx, &venue, &by(Some("ASA@example.com"), None, Some("visa-2")))?;
            assert_eq!(found.id, asa);
            assert_eq!(find_or_create_by(tx, &venue, &by(None, None, Some("visa-2")))?.id, asa);
            archive(tx, asa, None)?;
            let new = find_or_create_by(tx, &venue, &by(None, None, Some("visa-2")))?;
            assert!(new.id != asa && new.active);
            assert_eq!(find_or_create_by(tx, &venue, &by(None, None, Some("visa-2")))?.id, new.id);
            assert!(find_or_create_by(tx, &venue, &by(None, Some("12"), None)).is_err());
            Ok(())
        }).await;
    }
}
