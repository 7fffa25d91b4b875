//! What may be applied to an order, as its pricing needs it: so many questions, whatever the number of rules.
//!
//! To whom a rule goes stands in `discount_audience`, so that ten thousand personal discounts cost anybody else one
//! question. What everybody gets is remembered until somebody publishes (`hall/store/memo.rs`). Windows, minima and
//! hours are left to the engine: a tab that was opened at five keeps its happy hour at seven.

use std::cmp::Reverse;
use std::sync::Arc;

use engine::discount::{Discount as Rule, Open};
use engine::money::{Currency, Percent};
use jiff::Timestamp;

use super::{DiscountPolicy, EditDiscount, OpenValue, find, store};
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::id::{CustomerId, DiscountId, GroupId, VenueId};
use crate::hall::money::Money;
use crate::hall::store::Read;

/// A published rule that is live at a venue now, with what binds it beside the rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    pub discount_id: DiscountId,
    pub version: i64,
    pub rule: Arc<Rule>,
    pub max_total_uses: Option<u32>,
    pub max_uses_per_customer: Option<u32>,
    /// The bounds of a value that the till gives; [`Live::valued`] puts it into the rule.
    pub open: Option<Open>,
    /// In which those bounds are, where they are amounts.
    pub value_currency: Option<Currency>,
    pub comp_reason: Option<String>,
}

/// The rules that are applied without asking: to everybody, and to this customer, by group or by name, by id; and the
/// policy that they are applied by.
pub fn live(
    read: &mut Read,
    venue: VenueId,
    customer: Option<(CustomerId, Option<GroupId>)>,
    now: Timestamp,
) -> Result<(DiscountPolicy, Vec<Live>)> {
    let generation = store::generation(read)?;
    let find = |read: &mut Read| store::everybodys(read, venue);
    let all = read.remembered(&venue.to_string(), &generation, find)?;
    let more = match customer {
        Some((id, group)) if all.others_get_more => {
            let audience = [Some(Audience::Customer(id)), group.map(Audience::Group)];
            store::given_to(read, venue, audience)?
        }
        _ => Vec::new(),
    };
    let known = all.rules.iter().chain(&more);
    let known = known.filter(|(since, _)| *since <= now);
    let mut live: Vec<Live> = known.map(|(_, live)| live.clone()).collect();
    // At `READ COMMITTED` a rule that goes from everybody to one meanwhile may be found twice: then its newest version
    // holds.
    live.sort_unstable_by_key(|one| (one.discount_id, Reverse(one.version)));
    live.dedup_by_key(|one| one.discount_id);
    Ok((all.policy, live))
}

/// What staff may pick at a venue, by name: the first five hundred.
pub fn pickable(read: &mut Read, venue: VenueId) -> Result<Vec<Live>> {
    store::pickable(read, venue)
}

/// A rule that staff pick at a venue.
///
/// # Errors
/// `NotFound` where there is none; `Refused` where it is not for picking now.
pub fn predefined(read: &mut Read, venue: VenueId, id: DiscountId) -> Result<Live> {
    if let Some(live) = store::predefined(read, venue, id)? {
        return Ok(live);
    }
    let found = find(read, Some(venue), id)?;
    let said = if found.archived_at.is_some() || !found.active {
        "The discount has ended or is paused: choose another one."
    } else {
        "The discount is applied without asking to whom it is for: nobody picks it."
    };
    Err(Error::Refused(Code::MethodUnavailable, Extra::saying(said)))
}

/// Those of `ids` that are live at the venue, whomever they go to: what staff picked before.
pub fn published(read: &mut Read, venue: VenueId, ids: &[DiscountId]) -> Result<Vec<Live>> {
    store::published(read, venue, ids)
}

impl Live {
    /// A bound of the value that the till gives, as the till writes it.
    pub fn bound(&self, of: impl Fn(&Open) -> Option<i64>) -> Option<OpenValue> {
        let scaled = of(self.open.as_ref()?)?;
        match self.value_currency {
            Some(currency) => Some(OpenValue::Amount(Money::of(scaled, currency.code()))),
            None => Percent::from_scaled(scaled).ok().map(OpenValue::Percent),
        }
    }
}

/// To whom a discount goes while it is live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    Everybody,
    Group(GroupId),
    Customer(CustomerId),
    /// Whoever staff pick it for.
    Staff,
}

impl Audience {
    pub(super) fn of(ask: &EditDiscount) -> Vec<Audience> {
        if !ask.active {
            return Vec::new();
        }
        if let Some(group) = ask.customer_group_id {
            return vec![Audience::Group(group)];
        }
        if !ask.customer_ids.is_empty() {
            let named = ask.customer_ids.iter().copied();
            return named.map(Audience::Customer).collect();
        }
        vec![if ask.is_automatic {
            Audience::Everybody
        } else {
            Audience::Staff
        }]
    }

    /// How many live discounts it may have: each is weighed for every order of theirs, and the engine weighs a
    /// thousand.
    pub(super) fn discounts_max(self) -> Option<i64> {
        match self {
            Audience::Everybody => Some(super::AUTOMATIC_MAX),
            Audience::Group(_) | Audience::Customer(_) => Some(super::NAMED_MAX),
            Audience::Staff => None,
        }
    }

    /// Groups and customers lie between everybody and staff: `everybodys` asks whether any has a rule.
    pub(super) fn word(self) -> String {
        match self {
            Audience::Everybody => "*".into(),
            Audience::Group(group) => group.to_string(),
            Audience::Customer(customer) => customer.to_string(),
            Audience::Staff => "staff".into(),
        }
    }
}

/// The names of live discounts that target the group, so that it is not deleted under them.
pub fn uses_of_group(read: &mut Read, group: GroupId) -> Result<Vec<String>> {
    store::names_for(read, Audience::Group(group))
}
