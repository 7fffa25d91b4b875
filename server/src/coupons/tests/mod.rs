mod batches;
mod dashboard;
mod plans;
mod redemptions;
mod runs;
mod validate;

use engine::discount::{Discount as Rule, Scope};
use engine::money::Percent;

use super::terms::Terms;
use super::{code, numbers, store};
use crate::discounts;
use crate::hall::id::{CouponId, DiscountId, Id as _, VenueId};
use crate::hall::identity::{self, Venue};
use crate::hall::testing::TestApp;

fn percent_off(percent: &str) -> Rule {
    let percent: Percent = percent.parse().expect("a percent");
    Rule {
        name: "Twenty".into(),
        ..Rule::percentage("new", Scope::Order, percent)
    }
}

/// A rule of twenty percent that is applied only by a code.
async fn twenty(app: &TestApp) -> DiscountId {
    app.write(|tx| discounts::create_hidden(tx, &percent_off("20"), &[]))
        .await
}

/// A code that a person chose.
async fn arrange(app: &TestApp, discount: DiscountId, code: &str, terms: Terms) -> CouponId {
    let code = code.to_owned();
    app.write(move |tx| {
        let batch = store::Batch::of_one(numbers::new_batch(tx), discount, &terms)?;
        store::insert_batch(tx, &batch)?;
        let kept = code::canonical(&code).expect("a code");
        store::insert(tx, &batch, &kept, Some(&code), true)?;
        Ok(batch.first)
    })
    .await
}

async fn at_venue(app: &TestApp) -> Venue {
    let id = app.venue;
    app.write(move |tx| Ok(identity::venue(tx, id)?.expect("the first venue")))
        .await
}

fn any_venue() -> Venue {
    Venue {
        id: VenueId::from_uuid(uuid::Uuid::nil()),
        slug: "x".into(),
        name: "X".into(),
        zone: jiff::tz::TimeZone::UTC,
        country: "SE".into(),
        currency: "EUR".into(),
        language: "en".into(),
        business_day_start: jiff::civil::time(5, 0, 0, 0),
        tax_mode: identity::TaxMode::Inclusive,
        till_mode: identity::TillMode::Full,
        regulated: Vec::new(),
        archived_at: None,
    }
}
