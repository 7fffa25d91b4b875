//! Tax, reporting rates, and what other systems call our rows.

use serde_json::json;

use crate::both_stores;
use crate::hall::error::{Code, Error};
use crate::hall::id::{CustomerId, TaxClassId};
use crate::hall::testing::TestApp;
use crate::platform::refs::{self, ExternalRef};
use crate::platform::{rates, tax};

fn day(text: &str) -> jiff::civil::Date {
    text.parse().expect("a date")
}

both_stores! {
    async fn a_venue_taxes_food_at_the_rate_of_the_day(app: TestApp) {
        let made = app.owner().post("/api/v1/chain/tax-classes", json!({"name": "Food"})).await;
        made.is(201);
        let food = made.text("/id");
        let path = app.dashboard("/tax-rates");
        let rates = json!({"rates": [
            {"taxClassId": food, "rate": "12", "validFrom": "2020-01-01"},
            {"taxClassId": food, "rate": "6", "validFrom": "2026-04-01"},
        ]});
        let put = app.manager().put(&path, rates.clone()).await;
        put.is(200);
        assert_eq!(put.json["rates"], rates["rates"]);
        let (venue, class): (_, TaxClassId) = (app.venue, food.parse().expect("an id"));
        for (on, milli) in [("2026-03-31", 12_000), ("2026-04-01", 6_000), ("2030-01-01", 6_000)] {
            let rate = app.write(move |tx| tax::rate(tx, venue, class, day(on))).await;
            assert_eq!(rate, milli, "{on}");
            let all = app.write(move |tx| tax::rates(tx, venue, day(on))).await;
            assert_eq!((all.len(), all[0].name.as_str(), all[0].rate_milli), (1, "Food", milli));
        }
        let early = app.try_write(move |tx| tax::rate(tx, venue, class, day("2019-12-31"))).await;
        assert!(matches!(early, Err(Error::Refused(Code::TaxRateMissing, _))));
        assert!(app.write(move |tx| tax::rates(tx, venue, day("2019-12-31"))).await.is_empty());
        app.staff().put(&path, rates).await.is_problem(403, "forbidden");
    }

    async fn a_tax_class_is_named_once_renamed_and_put_away(app: TestApp) {
        let owner = app.owner();
        let path = "/api/v1/chain/tax-classes";
        let food = owner.post(path, json!({"name": " Food "})).await;
        assert_eq!(food.text("/name"), "Food");
        owner.post(path, json!({"name": "Food"})).await.is_problem(409, "name_taken");
        owner.post(path, json!({"name": " "})).await.is_problem(422, "invalid");
        let one = format!("{path}/{}", food.text("/id"));
        let tag = food.header("etag").expect("an ETag").to_owned();
        owner.put(&one, json!({"name": "Meals"})).await.is(200);
        let stale = owner.send(axum::http::Method::PUT, &one, Some(json!({"name": "X"})), &[("if-match", &tag)]).await;
        stale.is_problem(412, "stale");
        assert_eq!(owner.get(path).await.int("/total"), 1);
        owner.delete(&one).await.is(204);
        owner.delete(&one).await.is(204);
        assert_eq!(owner.get(path).await.int("/total"), 0);
        assert_eq!(owner.get(&one).await.text("/name"), "Meals");
        let other = app.other_tenant().await;
        other.get(&one).await.is_problem(404, "not_found");
        other.put(&one, json!({"name": "Mine"})).await.is_problem(404, "not_found");
        other.delete(&one).await.is_problem(404, "not_found");
    }

    async fn wrong_tax_rates_are_named_by_their_place(app: TestApp) {
        let class = app.owner().post("/api/v1/chain/tax-classes", json!({"name": "Beer"})).await.text("/id");
        let rate = |class: &str, rate: &str| json!({"taxClassId": class, "rate": rate, "validFrom": "2026-01-01"});
        for (rates, pointer) in [
            (json!([rate(&class, "25"), rate(&class, "12")]), "/rates/1"),
            (json!([rate("tax_01kab4bqf8e1ftz0c6hqp2v9xw", "25")]), "/rates/0/taxClassId"),
            (json!([rate(&class, "100.001")]), "/rates/0/rate"),
            (json!([rate(&class, "1.2345")]), "/rates/0/rate"),
        ] {
            let said = app.owner().put(&app.dashboard("/tax-rates"), json!({"rates": rates})).await;
            said.is_problem(422, "invalid");
            assert_eq!(said.text("/errors/0/pointer"), pointer);
        }
        let other = app.other_tenant().await;
        other.get(&app.dashboard("/tax-rates")).await.is_problem(404, "not_found");
    }

    async fn spend_in_kronor_is_reported_in_euros(app: TestApp) {
        let path = "/api/v1/chain/reporting-rates";
        let rates = json!({"rates": [
            {"currency": "SEK", "rate": "0.09", "validFrom": "2026-01-01"},
            {"currency": "SEK", "rate": "0.0912", "validFrom": "2026-06-01"},
        ]});
        let put = app.owner().put(path, rates.clone()).await;
        put.is(200);
        assert_eq!(put.json["rates"], rates["rates"]);
        assert_eq!(put.text("/currency"), "EUR");
        let reported = async |currency: &'static str, on: &'static str| {
            app.try_write(move |tx| rates::reporting(tx, currency, day(on))?.convert(71_100)).await
        };
        assert_eq!(reported("SEK", "2026-05-31").await.ok(), Some(6_399));
        assert_eq!(reported("SEK", "2026-06-01").await.ok(), Some(6_484));
        assert_eq!(reported("EUR", "1999-01-01").await.ok(), Some(71_100));
        for (currency, on) in [("SEK", "2025-12-31"), ("NOK", "2026-06-01")] {
            let missing = reported(currency, on).await;
            assert!(matches!(missing, Err(Error::Refused(Code::ReportingRateMissing, _))));
        }
        for (rate, pointer) in [
            (json!({"currency": "kr", "rate": "1", "validFrom": "2026-01-01"}), "/rates/0/currency"),
            (json!({"currency": "SEK", "rate": "0", "validFrom": "2026-01-01"}), "/rates/0/rate"),
            (json!({"currency": "SEK", "rate": "1", "validFrom": "2026-13-01"}), "/rates/0/validFrom"),
        ] {
            let said = app.owner().put(path, json!({"rates": [rate]})).await;
            said.is_problem(422, "invalid");
            assert_eq!(said.text("/errors/0/pointer"), pointer);
        }
        app.staff().put(path, rates).await.is_problem(403, "forbidden");
    }

    async fn a_rate_that_is_set_already_changes_nothing(app: TestApp) {
        let put = async |rate: &'static str| {
            app.write(move |tx| {
                rates::put_from(tx, "SEK", day("2026-01-01"), rate)?;
                let entries = "select count(*) from audit_entries where tenant_id = $1 and action = 'reporting_rates.replace'";
                let version = rates::rates(tx)?.version;
                Ok((version, tx.one(entries, &[])?.get::<i64>(0)?))
            }).await
        };
        let (version, entries) = put("0.09").await;
        assert_eq!(put("0.09").await, (version, entries));
        assert_eq!(put("0.0900").await, (version, entries), "the same rate, written otherwise");
        assert_eq!(put("0.0912").await, (version + 1, entries + 1));
        let known = app.owner().get("/api/v1/chain/reporting-rates").await;
        assert_eq!(known.is(200).json["rates"], json!([{"currency": "SEK", "rate": "0.0912", "validFrom": "2026-01-01"}]));
    }

    async fn an_external_reference_means_one_row_of_a_kind(app: TestApp) {
        let (ann, bo): (CustomerId, CustomerId) = app.write(|tx| Ok((tx.new_id(), tx.new_id()))).await;
        let named = |id: &str| ExternalRef { system: "square".into(), id: id.into() };
        app.write(move |tx| refs::set(tx, ann, &[named("a1"), named("a2")])).await;
        app.write(move |tx| refs::put(tx, ann, &named("a1"))).await;
        assert_eq!(app.write(move |tx| refs::of(tx, ann)).await, [named("a1"), named("a2")]);
        assert_eq!(app.write(move |tx| refs::find::<CustomerId>(tx, "square", "a2")).await, Some(ann));
        match app.try_write(move |tx| refs::put(tx, bo, &named("a1"))).await {
            Err(Error::Conflict(Code::RefTaken, extra)) => assert_eq!(extra.figures["id"], ann.to_string()),
            other => panic!("{other:?}"),
        }
        let tax: TaxClassId = app.write(|tx| Ok(tx.new_id())).await;
        app.write(move |tx| refs::put(tx, tax, &named("a1"))).await;
        app.write(move |tx| refs::set(tx, ann, &[named("a2"), named("a3")])).await;
        assert_eq!(app.write(|tx| refs::find::<CustomerId>(tx, "square", "a1")).await, None);
        app.write(move |tx| refs::move_to(tx, ann, bo)).await;
        let both = app.write(move |tx| refs::of_many(tx, &[ann, bo])).await;
        assert_eq!(both.get(&bo.to_string()), Some(&vec![named("a2"), named("a3")]));
        assert_eq!(both.len(), 1);
        app.write(move |tx| refs::remove(tx, bo)).await;
        assert!(app.write(move |tx| refs::of(tx, bo)).await.is_empty());
        let mut wrong = Vec::new();
        refs::check(&[named("x"), named("x"), ExternalRef { system: "Up".into(), id: " ".into() }], "/externalRefs", &mut wrong);
        let pointers: Vec<_> = wrong.iter().map(|field| field.pointer.as_str()).collect();
        assert_eq!(pointers, ["/externalRefs/1", "/externalRefs/2/system", "/externalRefs/2/id"]);
        for bad in ["", " ", "a\0", "a\nb", "\u{7f}", &"x".repeat(201)] {
            let mut wrong = Vec::new();
            refs::check(&[named(bad)], "/externalRefs", &mut wrong);
            assert_eq!(wrong.len(), 1, "{bad:?}");
            let bad = bad.to_owned();
            assert_eq!(app.write(move |tx| refs::find::<CustomerId>(tx, "square", &bad)).await, None);
        }
    }
}
