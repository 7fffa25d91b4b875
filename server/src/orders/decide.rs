//! Asking the engine: what is on the order, which rules wish to be applied, and what came of it.

use engine::discount::{Candidate, Discount as Rule};
use engine::money::{Currency, Quantity, Rate};
use engine::order as priced;
use engine::quote::{Context, Evaluation, Policy, Refused, evaluate};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::candidates::{self, Weighed};
use super::kept::Kept;
use super::recorded::{Recorded, Version};
use super::{Buyer, Line, Tab, buyer};
use crate::discounts::{DiscountPolicy, uses};
use crate::hall::error::{Error, Result};
use crate::hall::identity::{TaxMode, Venue};
use crate::hall::store::Read;

/// What was decided and all that it was decided by, as it is stored with the order (L30).
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Kept")]
pub struct Decided {
    pub order: priced::Order,
    pub candidates: Vec<Recorded>,
    pub policy: Policy,
    /// IANA name.
    pub zone: String,
    pub evaluation: Evaluation,
}

impl Decided {
    /// An order without lines.
    pub fn of_nothing(venue: &Venue) -> Result<Decided> {
        let order = priced::Order {
            id: "".into(),
            currency: currency(&venue.currency)?,
            tax_mode: tax_mode(venue.tax_mode),
            opened_at: jiff::Timestamp::UNIX_EPOCH,
            customer: None,
            lines: Vec::new(),
        };
        Decided::by(order, Vec::new(), Policy::default(), venue.zone.clone())
    }

    pub fn by(
        order: priced::Order,
        candidates: Vec<Candidate>,
        policy: Policy,
        zone: TimeZone,
    ) -> Result<Decided> {
        let name = zone.iana_name().unwrap_or("UTC").to_owned();
        let evaluation =
            evaluate(&order, &candidates, &Context { policy, zone }).map_err(refused)?;
        Ok(Decided {
            order,
            candidates: candidates.into_iter().map(Recorded::of).collect(),
            policy,
            zone: name,
            evaluation,
        })
    }

    /// An instant by the venue's clock.
    pub fn local(&self, at: Timestamp) -> DateTime {
        let zone = TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC);
        zone.to_datetime(at)
    }

    /// What it was decided in, beside the order and its candidates.
    pub fn context(&self) -> Result<Context> {
        Ok(Context {
            policy: self.policy,
            zone: TimeZone::get(&self.zone).map_err(Error::bug)?,
        })
    }

    /// The same evaluation made again from what is stored and the versions that it names. None where one is gone.
    pub fn again(&self, rule: impl Fn(Version) -> Option<Rule>) -> Result<Option<Evaluation>> {
        let candidates: Option<Vec<_>> =
            self.candidates.iter().map(|one| one.again(&rule)).collect();
        let again =
            candidates.map(|all| evaluate(&self.order, &all, &self.context()?).map_err(refused));
        again.transpose()
    }
}

/// What came of pricing an order.
pub struct Priced {
    pub decided: Decided,
    /// Each rule that was weighed, with what it would use up.
    pub weighed: Vec<Weighed>,
    pub buyer: Option<Buyer>,
}

/// Prices the tab as it stands in memory.
pub fn decide(read: &mut Read, venue: &Venue, tab: &Tab) -> Result<Priced> {
    let mut buyer = tab
        .customer
        .map(|id| buyer::of(read, tab, id))
        .transpose()?;
    let (policy, weighed) = candidates::gather(read, venue, tab, buyer.as_ref())?;
    if let Some(buyer) = &mut buyer
        && weighed.iter().any(Weighed::is_for_a_first_purchase)
        && uses::has_first_purchase(read, buyer.id, &tab.id.to_string())?
    {
        // A purchase that is held elsewhere is one.
        buyer.purchases += 1;
    }
    let order = priced(tab, buyer.as_ref())?;
    let candidates = weighed.iter().map(|one| one.candidate.clone()).collect();
    let policy = by(venue, &policy);
    let decided = Decided::by(order, candidates, policy, venue.zone.clone())?;
    Ok(Priced {
        decided,
        weighed,
        buyer,
    })
}

/// The order as the engine sees it; lines that were voided are none.
pub fn priced(tab: &Tab, buyer: Option<&Buyer>) -> Result<priced::Order> {
    let lines = tab.lines.iter().filter(|line| line.voided_at.is_none());
    Ok(priced::Order {
        id: tab.id.to_string().into(),
        currency: currency(&tab.currency)?,
        tax_mode: tax_mode(tab.tax_mode),
        opened_at: tab.opened_at,
        customer: buyer.map(|buyer| priced::Customer {
            id: buyer.id.to_string().into(),
            group_ids: buyer
                .group_id
                .iter()
                .map(|id| id.to_string().into())
                .collect(),
            segment_ids: Vec::new(),
            purchases: u32::try_from(buyer.purchases).unwrap_or(u32::MAX),
        }),
        lines: lines.map(line).collect::<Result<_>>()?,
    })
}

/// A line as the engine sees it.
pub fn line(line: &Line) -> Result<priced::Line> {
    Ok(priced::Line {
        id: line.id.to_string().into(),
        product_id: line.product.map(|id| id.to_string().into()),
        name: line.name.clone(),
        category_id: line.category.map(|id| id.to_string().into()),
        modifiers: line
            .modifiers
            .iter()
            .map(|modifier| priced::Modifier {
                id: modifier.id.as_str().into(),
                group_id: modifier.group_id.as_deref().map(Into::into),
                price: modifier.price_delta,
            })
            .collect(),
        unit_price: line.unit_price,
        quantity: Quantity::from_scaled(line.quantity_milli).map_err(Error::bug)?,
        tax_class: line.tax_class.map(|id| id.to_string()),
        rate: Rate::from_scaled(line.rate_milli).map_err(Error::bug)?,
        ordered_at: line.ordered_at,
        is_regulated: line.regulated.is_some(),
        is_gift_card: false,
    })
}

fn by(venue: &Venue, chain: &DiscountPolicy) -> Policy {
    Policy {
        business_day_start: venue.day_start(),
        one_per_line: chain.one_per_line,
        choose_best: chain.choose_best,
    }
}

pub fn currency(code: &str) -> Result<Currency> {
    code.parse().map_err(Error::bug)
}

pub fn tax_mode(mode: TaxMode) -> priced::TaxMode {
    match mode {
        TaxMode::Inclusive => priced::TaxMode::Inclusive,
        TaxMode::Exclusive => priced::TaxMode::Exclusive,
    }
}

/// What the engine will not reckon with is too much of something that was sent.
fn refused(why: Refused) -> Error {
    Error::field(
        "/items",
        "out_of_range",
        format!("The order cannot be priced: {why}."),
    )
}
