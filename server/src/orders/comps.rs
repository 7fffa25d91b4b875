//! The comp report: what was given away after it was made, by whom, why and when.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::store;
use crate::hall::call::Reply;
use crate::hall::error::{Error, Result};
use crate::hall::identity::Venue;
use crate::hall::money::Money;
use crate::hall::store::Read;

/// A report over more days is several reports.
const DAYS_MAX: i32 = 366;
/// Fewer comps than these say nothing of a person.
const UNUSUAL_LEAST: i64 = 5;

#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CompsAsked {
    /// The first business day.
    #[param(value_type = String, format = Date, example = "2026-06-01")]
    pub from: Date,
    /// The last business day.
    #[param(value_type = String, format = Date, example = "2026-06-30")]
    pub to: Date,
}

/// Comps of one reason, day or person.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Comped {
    #[schema(example = "waited too long")]
    pub of: String,
    #[schema(example = 3)]
    pub count: i64,
    /// At list price.
    pub amount: Money,
    /// More than twice as many as the others give, and at least five; only of people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_unusual: Option<bool>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CompReport {
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    #[schema(value_type = String, format = Date)]
    pub to: Date,
    pub count: i64,
    pub amount: Money,
    /// Who gave them, most first.
    pub by_staff: Vec<Comped>,
    /// Who stood by, most first.
    pub by_approver: Vec<Comped>,
    pub by_reason: Vec<Comped>,
    /// In the order of the days.
    pub by_day: Vec<Comped>,
}

impl Reply for CompReport {}

/// Comps of one day, person, approver and reason.
pub struct Group {
    pub on: String,
    pub by: String,
    pub approver: Option<String>,
    pub reason: String,
    pub count: i64,
    pub amount: i64,
}

pub fn report(read: &mut Read, venue: &Venue, ask: &CompsAsked) -> Result<CompReport> {
    let days = (ask.to - ask.from).get_days();
    if !(0..DAYS_MAX).contains(&days) {
        let said =
            format!("Send a day that is not before `from`, and at most {DAYS_MAX} days in all.");
        return Err(Error::field("?to", "out_of_range", said));
    }
    let groups = store::comps::between(read, venue.id, ask.from, ask.to)?;
    let mut by_staff = summed(venue, &groups, |group| Some(&group.by));
    mark_unusual(&mut by_staff);
    let mut by_day = summed(venue, &groups, |group| Some(&group.on));
    by_day.sort_by(|a, b| a.of.cmp(&b.of));
    Ok(CompReport {
        from: ask.from,
        to: ask.to,
        count: groups.iter().map(|group| group.count).sum(),
        amount: Money::of(
            groups.iter().map(|group| group.amount).sum(),
            &venue.currency,
        ),
        by_staff,
        by_approver: summed(venue, &groups, |group| group.approver.as_ref()),
        by_reason: summed(venue, &groups, |group| Some(&group.reason)),
        by_day,
    })
}

/// Most money first.
fn summed(venue: &Venue, groups: &[Group], key: impl Fn(&Group) -> Option<&String>) -> Vec<Comped> {
    let mut sums: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for group in groups {
        let Some(key) = key(group) else { continue };
        let sum = sums.entry(key).or_default();
        sum.0 += group.count;
        sum.1 += group.amount;
    }
    let comped = sums.into_iter().map(|(of, (count, amount))| Comped {
        of: of.to_owned(),
        count,
        amount: Money::of(amount, &venue.currency),
        is_unusual: None,
    });
    let mut all: Vec<Comped> = comped.collect();
    all.sort_by(|a, b| b.amount.amount.cmp(&a.amount.amount).then(a.of.cmp(&b.of)));
    all
}

fn mark_unusual(people: &mut [Comped]) {
    let all: i64 = people.iter().map(|one| one.count).sum();
    let others = i64::try_from(people.len()).unwrap_or(i64::MAX) - 1;
    for one in people {
        let rest = all - one.count;
        let is_more = others > 0 && one.count * others > 2 * rest;
        one.is_unusual = Some(one.count >= UNUSUAL_LEAST && is_more);
    }
}
