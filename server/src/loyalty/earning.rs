//! What a purchase earns, and the same sum made in advance so that each point can be explained.

use engine::points::{Earned, Part, Purchase};
use engine::quote::Evaluation;
use engine::window::Moment;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::config::{Config, effective};
use super::ledger::{Credit, EarnKind, Entry, credit, credit_aloud};
use super::store;
use crate::hall::call::Reply;
use crate::hall::error::{Error, Result};
use crate::hall::id::CustomerId;
use crate::hall::identity::Venue;
use crate::hall::money::Money;
use crate::hall::store::{Read, Tx};

/// A purchase that may earn.
#[derive(Debug, Clone)]
pub struct Basket<'a> {
    pub customer: CustomerId,
    pub venue: &'a Venue,
    pub evaluation: &'a Evaluation,
    pub priced_for: Option<&'a engine::order::Customer>,
    pub at: Timestamp,
    /// Whether it is the first of its visit.
    pub opens_visit: bool,
    /// The root of what is linked: one purchase earns once (L27).
    pub purchase_id: String,
    pub cause_kind: &'static str,
    /// From when the points' life is counted; history counts from its import.
    pub counted_from: Timestamp,
    /// History leaves no event.
    pub is_quiet: bool,
}

/// Writes what the purchase earns into the ledger; nothing while the program is not active.
pub fn earn(tx: &mut Tx, basket: &Basket<'_>) -> Result<Vec<Entry>> {
    let config = effective(tx, Some(basket.venue.id))?;
    if !config.active {
        return Ok(Vec::new());
    }
    let earned = reckon(&config, basket)?;
    let policy = json!({ "config": &config, "earned": &earned });
    let lasts = config
        .points_expire_days
        .map(|days| SignedDuration::from_hours(24 * i64::from(days)));
    let kinds = [
        (EarnKind::Spend, earned.spend_points),
        (EarnKind::Visit, earned.visit_points),
        (EarnKind::Bonus, earned.bonus_points),
    ];
    let mut entries = Vec::new();
    for (earn_kind, points) in kinds {
        if points <= 0 {
            continue;
        }
        let ask = Credit {
            customer: basket.customer,
            venue: basket.venue.id,
            earn_kind,
            points,
            cause_kind: basket.cause_kind,
            cause_id: basket.purchase_id.clone(),
            purchase_id: basket.purchase_id.clone(),
            policy: policy.clone(),
            at: basket.at,
            expires_at: lasts.map(|lasts| basket.counted_from + lasts),
        };
        entries.push(if basket.is_quiet {
            credit(tx, &ask)
        } else {
            credit_aloud(tx, &ask)
        }?);
    }
    Ok(entries)
}

/// What a purchase has earned, explained as it was decided then.
pub fn earned(read: &mut Read, purchase_id: &str, currency: &str) -> Result<Option<Calculation>> {
    let Some(policy) = store::policy_of(read, purchase_id)? else {
        return Ok(None);
    };
    let decided: Decided = serde_json::from_value(policy).map_err(Error::bug)?;
    Ok(Some(Calculation::of(
        &decided.config,
        &decided.earned,
        currency,
    )))
}

/// What is kept with each row of the ledger that a purchase earned.
#[derive(Deserialize)]
struct Decided {
    config: Config,
    earned: Earned,
}

/// What the purchase would earn, explained.
pub fn forecast(read: &mut Read, basket: &Basket<'_>) -> Result<Calculation> {
    let config = effective(read, Some(basket.venue.id))?;
    let earned = reckon(&config, basket)?;
    Ok(Calculation::of(&config, &earned, &basket.venue.currency))
}

fn reckon(config: &Config, basket: &Basket<'_>) -> Result<Earned> {
    let nobody = engine::order::Customer {
        id: basket.customer.to_string().into(),
        group_ids: Vec::new(),
        segment_ids: Vec::new(),
        purchases: 0,
    };
    let purchase = Purchase {
        evaluation: basket.evaluation,
        customer: basket.priced_for.unwrap_or(&nobody),
        moment: Moment::new(basket.at, &basket.venue.zone, basket.venue.day_start()),
        opens_visit: basket.opens_visit,
    };
    engine::points::earn(&purchase, &config.program()).map_err(Error::bug)
}

/// Points that a purchase earns, each explained.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Calculation {
    #[schema(example = 50)]
    pub points: i64,
    /// What earned: after discounts, and without the tax where the program says so.
    pub base: Money,
    pub active: bool,
    pub parts: Vec<Explained>,
}

impl Reply for Calculation {}

/// Where points came from, before the one rounding down at the end.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Explained {
    #[schema(example = "SPEND")]
    pub kind: String,
    /// An exact decimal.
    #[schema(example = "50")]
    pub points: String,
    #[schema(example = "50.00 EUR at 1 point for each EUR: 50 points.")]
    pub sentence: String,
}

impl Calculation {
    fn of(config: &Config, earned: &Earned, currency: &str) -> Calculation {
        let sum = earned.spend_points + earned.visit_points + earned.bonus_points;
        Calculation {
            points: if config.active { sum } else { 0 },
            base: Money::of(earned.base, currency),
            active: config.active,
            parts: earned
                .parts
                .iter()
                .map(|part| explained(part, currency))
                .collect(),
        }
    }
}

fn explained(part: &Part, currency: &str) -> Explained {
    let kind = serde_json::to_value(part.kind).unwrap_or_default();
    let base = Money::of(part.base, currency).plain();
    let sentence = match (part.rate, part.multiplier) {
        (Some(rate), None) => format!(
            "{base} at {rate} points for each {currency}: {} points.",
            part.points
        ),
        (_, Some(multiplier)) => format!(
            "{multiplier} times the points on {base}: {} more.",
            part.points
        ),
        (None, None) => format!("{} points for the visit.", part.points),
    };
    Explained {
        kind: kind.as_str().unwrap_or_default().to_owned(),
        points: part.points.clone(),
        sentence,
    }
}
