//! How far a guest is on the ladder, in figures and in a sentence.

use engine::tier::{Metric, Said, Way, sentence};
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::ladder::{Benefits, Tier};
use super::{change::TierRef, store};
use crate::customers;
use crate::hall::call::Reply;
use crate::hall::error::{Error, Result};
use crate::hall::id::CustomerId;
use crate::hall::identity;
use crate::hall::money::Money;
use crate::hall::room::ProgressOfCustomer;
use crate::hall::store::Read;
use crate::hall::text::{language, language_or_english};

/// Where a guest stands, and what is missing to the next tier.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    pub tier: TierRef,
    pub benefits: Benefits,
    /// `null` at the top.
    pub next: Option<TierRef>,
    pub next_benefits: Option<Benefits>,
    /// By which count the next tier is nearest: `VISITS`, `POINTS` or `SPEND`.
    #[schema(example = "VISITS")]
    pub metric: Option<String>,
    #[schema(example = 28)]
    pub have: Option<i64>,
    #[schema(example = 30)]
    pub need: Option<i64>,
    /// Of `need`, from 0 to 1, with two places.
    #[schema(example = "0.93")]
    pub fraction: Option<String>,
    /// The last day of this tier if nothing more happens; `null`: it does not end.
    #[schema(value_type = Option<String>, example = "2027-06-12")]
    pub keep_until: Option<Date>,
    #[schema(example = "2 visits from GOLD and its 10 %.")]
    pub sentence: String,
}

impl Reply for Progress {}

pub const PROGRESS: ProgressOfCustomer = ProgressOfCustomer {
    name: "tier",
    scope: "loyalty:read",
    shape: Progress::name,
    progress: |read, customer, language| {
        let told = progress_in(read, customer, language)?;
        serde_json::to_value(told).map_err(Error::bug)
    },
};

/// Where the guest stands now, told in the guest's own language.
pub fn progress(read: &mut Read, customer: CustomerId) -> Result<Progress> {
    let guest = customers::find(read, customer)?;
    progress_in(read, customer, &guest.language)
}

/// Told in that language, or the chain's where nobody here speaks it.
fn progress_in(read: &mut Read, customer: CustomerId, spoken: &str) -> Result<Progress> {
    let tenant = identity::tenant(read)?.ok_or(Error::NotFound("chain"))?;
    let language = language(spoken).unwrap_or_else(|| language_or_english(&tenant.language));
    let look = store::look(read, customer)?;
    let today = super::today(read)?;
    let rules = look.ladder.rules();
    let days = store::days(read, customer, rules.first_day(today), today)?;
    let earned = rules.earned(&days, today);
    let rank = look.rank();
    let next = look.ladder.tiers.get(rank + 1);
    let way = rules
        .thresholds
        .get(rank + 1)
        .and_then(|next| next.nearest(earned.figures));
    let kept_until = rules.kept_until(&days, rank);
    let tier = look.ladder.tier(rank)?;
    let gives = next.and_then(|next| next.benefits.short());
    let money = |amount: i64| Money::of(amount, &tenant.currency).said(language);
    let said = Said {
        tier: &tier.name,
        next: next
            .zip(way)
            .map(|(next, way)| (next.name.as_str(), way, gives.as_deref())),
        ends_on: kept_until.filter(|_| earned.by_grace),
        money: &money,
    };
    Ok(Progress {
        tier: named(tier, rank),
        benefits: tier.benefits.clone(),
        next: next.map(|next| named(next, rank + 1)),
        next_benefits: next.map(|next| next.benefits.clone()),
        metric: way.map(|way| metric(way.metric).to_owned()),
        have: way.map(|way| way.have),
        need: way.map(|way| way.need),
        fraction: way.map(fraction),
        keep_until: kept_until,
        sentence: sentence(said, language),
    })
}

fn named(tier: &Tier, rank: usize) -> TierRef {
    TierRef {
        id: tier.id,
        name: tier.name.clone(),
        rank,
    }
}

fn metric(metric: Metric) -> &'static str {
    match metric {
        Metric::Visits => "VISITS",
        Metric::Points => "POINTS",
        Metric::Spend => "SPEND",
    }
}

fn fraction(way: Way) -> String {
    let hundredths = way.hundredths();
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
