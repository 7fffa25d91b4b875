//! What staff may pick for an order: each with what it would save now, or why it does not fit.

use engine::discount::{Candidate, Type};
use engine::quote::{Verdict, evaluate};
use serde::Serialize;
use utoipa::ToSchema;

use super::candidates::{self, Weighed};
use super::decide::{self, Priced};
use super::find_open;
use super::show::{self, Reason};
use crate::discounts::{self, DiscountPolicy, DiscountType, Live, OpenValue};
use crate::hall::call::Reply;
use crate::hall::error::{Error, Result};
use crate::hall::id::{DiscountId, OrderId};
use crate::hall::identity::Venue;
use crate::hall::money::Money;
use crate::hall::store::{Read, from_word, word};
use crate::hall::text::language_or_english;

/// A published discount that staff may pick.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Available {
    pub discount_id: DiscountId,
    #[schema(example = "Regular's ten percent")]
    pub name: String,
    #[serde(rename = "type")]
    pub kind: DiscountType,
    /// Whether somebody of rank has to stand by, by the discount itself or by the chain's policy for comps.
    pub requires_approval: bool,
    /// Whether the till gives the value, within the bounds below.
    pub is_open: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_value: Option<OpenValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_value: Option<OpenValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_step: Option<OpenValue>,
    /// What it would take off now; absent where it does not fit, and for an open one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saving: Option<Money>,
    /// What the order would come to with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Money>,
    /// Why it does not fit; an open one is weighed at the most that the till may give.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

impl Reply for Available {}

/// Everything that staff may pick, by name. The number of statements is the same for any number of rules.
pub fn available(read: &mut Read, venue: &Venue, id: OrderId) -> Result<Vec<Available>> {
    let tab = find_open(read, venue.id, id)?;
    let Priced {
        decided,
        weighed,
        buyer,
    } = decide::decide(read, venue, &tab)?;
    let policy = discounts::policy(read)?;
    let borne: Vec<DiscountId> = tab.asks.predefined().collect();
    let pickable = discounts::pickable(read, venue.id)?;
    let mut free = pickable;
    free.retain(|live| !borne.contains(&live.discount_id));
    let currency = decide::currency(&tab.currency)?;
    let alone = |live: &Live| candidates::picked_alone(live, currency);
    let mut asked: Vec<Weighed> = free.iter().map(alone).collect();
    candidates::count_uses(read, &tab, buyer.as_ref(), &mut asked)?;
    let language = language_or_english(&venue.language);
    let context = decided.context()?;
    let mut all: Vec<Candidate> = weighed.into_iter().map(|one| one.candidate).collect();
    let mut shown = Vec::with_capacity(free.len());
    for (live, one) in free.iter().zip(asked) {
        let candidate = one.candidate.id.clone();
        all.push(one.candidate);
        let evaluation = evaluate(&decided.order, &all, &context).map_err(Error::bug)?;
        all.pop();
        let mut trace = evaluation.trace.iter();
        let entry = trace.find(|entry| entry.candidate_id == candidate);
        let entry = entry.ok_or_else(|| Error::bug("a candidate was not weighed"))?;
        let mut available = described(live, policy)?;
        if entry.verdict == Verdict::Rejected {
            available.reason = Some(show::reason_of(&tab, &live.rule, entry, language));
        } else if !available.is_open {
            let mut applied = evaluation.discounts.iter();
            let applied = applied.find(|one| one.candidate_id == candidate);
            let saving = applied.map_or(0, |one| one.amount);
            available.saving = Some(Money::of(saving, &tab.currency));
            available.total = Some(Money::of(evaluation.totals.total + tab.tip, &tab.currency));
        }
        shown.push(available);
    }
    Ok(shown)
}

fn described(live: &Live, policy: DiscountPolicy) -> Result<Available> {
    let is_comp = live.rule.kind == Type::Comp;
    Ok(Available {
        discount_id: live.discount_id,
        name: live.rule.name.clone(),
        kind: from_word(&word(&live.rule.kind)?)?,
        requires_approval: live.rule.requires_approval || (is_comp && policy.comp_needs_approval),
        is_open: live.open.is_some(),
        min_value: live.bound(|open| open.min_value),
        max_value: live.bound(|open| open.max_value),
        value_step: live.bound(|open| open.value_step),
        saving: None,
        total: None,
        reason: None,
    })
}
