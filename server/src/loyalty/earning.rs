//! What a purchase earns, and the same sum made in advance so that each point can be explained.
//!
//! The program, the accrual rules and the promotions that are live at the venue are found by three questions,
//! however many there are; those that gave points are kept whole in the policy of the ledger rows.

use engine::money::Multiplier;
use engine::points::{Earned, Part, Purchase};
use engine::quote::{Evaluation, Language};
use engine::window::Moment;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::config::{Config, effective};
use super::ledger::{Credit, EarnKind, Entry, credit, credit_aloud};
use super::promotions::{self, Gain};
use super::rules::{self, Live};
use super::{accrual, links, sentence, store};
use crate::hall::call::Reply;
use crate::hall::error::{Error, Result};
use crate::hall::id::{CustomerId, ParkedId};
use crate::hall::identity::Venue;
use crate::hall::money::Money;
use crate::hall::store::{Read, Tx};
use crate::hall::text::language_or_english;

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
    /// What the customer's tier multiplies points by.
    pub tier_multiplier: Option<Multiplier>,
    /// The root of what is linked: one purchase earns once (L27).
    pub purchase_id: String,
    pub cause_kind: &'static str,
    /// From when the points' life is counted; history counts from its import.
    pub counted_from: Timestamp,
    /// History leaves no event.
    pub is_quiet: bool,
}

/// What became of a purchase.
#[derive(Debug)]
pub enum Outcome {
    Earned(Vec<Entry>),
    /// It looks like one that another kind of source told of, and waits for staff.
    Parked(ParkedId),
}

/// Writes what the purchase earns into the ledger; nothing while the program is not active, or while the
/// purchase waits for staff to say whether it has earned already.
pub fn earn(tx: &mut Tx, basket: &Basket<'_>) -> Result<Vec<Entry>> {
    match settle(tx, basket)? {
        Outcome::Earned(entries) => Ok(entries),
        Outcome::Parked(_) => Ok(Vec::new()),
    }
}

/// As [`earn`], and says whether the purchase waits.
pub(super) fn settle(tx: &mut Tx, basket: &Basket<'_>) -> Result<Outcome> {
    let reckoned = reckon(tx, basket)?;
    if !reckoned.config.active {
        return Ok(Outcome::Earned(Vec::new()));
    }
    if let Some(parked) = links::park_if_alike(tx, basket)? {
        return Ok(Outcome::Parked(parked));
    }
    book(tx, basket, &reckoned).map(Outcome::Earned)
}

/// As [`earn`], for a purchase of which staff have said that it is one of its own.
pub(super) fn earn_parted(tx: &mut Tx, basket: &Basket<'_>) -> Result<Vec<Entry>> {
    let reckoned = reckon(tx, basket)?;
    if reckoned.config.active {
        book(tx, basket, &reckoned)
    } else {
        Ok(Vec::new())
    }
}

fn book(tx: &mut Tx, basket: &Basket<'_>, reckoned: &Decided) -> Result<Vec<Entry>> {
    let earned = &reckoned.earned;
    let policy = json!(reckoned);
    let lasts = reckoned
        .config
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
    if !entries.is_empty() {
        promotions::hold(tx, basket.customer, &basket.purchase_id, &reckoned.gains())?;
    }
    Ok(entries)
}

/// What a purchase has earned, explained as it was decided then.
pub fn earned(read: &mut Read, purchase_id: &str, venue: &Venue) -> Result<Option<Calculation>> {
    let Some(policy) = store::policy_of(read, purchase_id)? else {
        return Ok(None);
    };
    let decided: Decided = serde_json::from_value(policy).map_err(Error::bug)?;
    Ok(Some(Calculation::of(&decided, venue)))
}

/// What decided, kept with each row of the ledger that a purchase earned.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Decided {
    config: Config,
    earned: Earned,
    /// The rules and promotions that gave points, as they stood.
    #[serde(default)]
    rules: Vec<Live>,
    #[serde(default)]
    tier_multiplier: Option<Multiplier>,
}

impl Decided {
    fn rule(&self, part: &Part) -> Option<&Live> {
        let id = part.rule_id.as_ref()?;
        self.rules.iter().find(|rule| rule.id == id.as_str())
    }

    fn gains(&self) -> Vec<Gain> {
        Gain::of(&self.earned, |id| {
            let rule = self.rules.iter().find(|rule| rule.id == id);
            rule.and_then(|rule| rule.points_max)
        })
    }
}

/// What the purchase would earn, explained.
pub fn forecast(read: &mut Read, basket: &Basket<'_>) -> Result<Calculation> {
    let decided = reckon(read, basket)?;
    Ok(Calculation::of(&decided, basket.venue))
}

fn reckon(read: &mut Read, basket: &Basket<'_>) -> Result<Decided> {
    let config = effective(read, Some(basket.venue.id))?;
    let live = rules::live(read, basket.venue.id, basket.customer)?;
    let mut program = config.program();
    program.tier_multiplier = basket.tier_multiplier;
    for rule in &live {
        match rule.kind {
            rules::Kind::Accrual => program.rules.push(accrual::weighed(rule)?),
            rules::Kind::Promotion => program.promotions.push(promotions::weighed(rule)?),
        }
    }
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
    let earned = engine::points::earn(&purchase, &program).map_err(Error::bug)?;
    let gave = |rule: &Live| {
        let mut ids = earned.parts.iter().filter_map(|part| part.rule_id.as_ref());
        ids.any(|id| id.as_str() == rule.id)
    };
    let rules = live.into_iter().filter(gave).collect();
    Ok(Decided {
        config,
        earned,
        rules,
        tier_multiplier: basket.tier_multiplier,
    })
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
    /// In the venue's language; absent where the parts have no fractions.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Only whole points are given: 43.")]
    pub rounding: Option<String>,
}

impl Reply for Calculation {}

/// Where points came from, before the one rounding down at the end.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Explained {
    #[schema(example = "SPEND")]
    pub kind: String,
    /// The accrual rule or promotion that gave them; absent where the program itself or the tier did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "prm_01kab4bqf8e1ftz0c6hqp2v9xw")]
    pub rule_id: Option<String>,
    /// An exact decimal.
    #[schema(example = "50")]
    pub points: String,
    /// In the venue's language.
    #[schema(example = "50.00 EUR at 1 point for each EUR: 50 points.")]
    pub sentence: String,
}

impl Calculation {
    fn of(decided: &Decided, venue: &Venue) -> Calculation {
        let earned = &decided.earned;
        let sum = earned.spend_points + earned.visit_points + earned.bonus_points;
        let active = decided.config.active;
        let language = language_or_english(&venue.language);
        let gains = decided.gains();
        let parts = earned.parts.iter();
        let has_fractions = parts.clone().any(|part| part.points.contains('.'));
        Calculation {
            points: if active { sum } else { 0 },
            rounding: (active && has_fractions).then(|| sentence::whole(sum, language)),
            base: Money::of(earned.base, &venue.currency),
            active,
            parts: parts
                .map(|part| explained(part, decided, &gains, &venue.currency, language))
                .collect(),
        }
    }
}

fn explained(
    part: &Part,
    decided: &Decided,
    gains: &[Gain],
    currency: &str,
    language: Language,
) -> Explained {
    let kind = serde_json::to_value(part.kind).unwrap_or_default();
    let rule = decided.rule(part);
    let gained = rule.and_then(|rule| gains.iter().find(|gain| gain.rule_id == rule.id));
    let reached = rule.zip(gained).and_then(|(rule, gain)| {
        let cap = rule.points_max?;
        (rule.given + gain.points >= cap).then_some(cap)
    });
    let source = sentence::Source {
        name: rule.map(|rule| rule.name.as_str()),
        reached,
    };
    Explained {
        kind: kind.as_str().unwrap_or_default().to_owned(),
        rule_id: rule.map(|rule| rule.id.clone()),
        points: part.points.clone(),
        sentence: sentence::of(part, source, currency, language),
    }
}
