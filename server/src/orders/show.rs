//! An order as the API shows it: lines, discounts with their reasons, payments, totals.

use std::collections::HashMap;

use engine::discount::{Origin, Scope};
use engine::quote::{Language, TraceCode, TraceEntry, Verdict, Wording, sentence};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::borne::{Borne, is_comp};
use super::shares::{ItemShare, Shares};
use super::{Buyer, LineModifier, Refund, Source, Status, Tab, points, refunds};
use crate::customers;
use crate::hall::call::Reply;
use crate::hall::error::{Error, Result};
use crate::hall::id::{
    CategoryId, CouponId, CustomerId, DiscountId, LineId, OrderDiscountId, OrderId, ProductId,
    StaffId, TaxClassId, VenueId,
};
use crate::hall::identity::{self, Venue};
use crate::hall::money::Money;
use crate::hall::page::Page;
use crate::hall::store::Read;
use crate::hall::text::language_or_english;
use crate::loyalty::{self, Calculation};
use crate::payments::{self, Payment, PaymentKind};
use crate::platform::refs::{self, ExternalRef};

/// What is bought at the till.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    pub id: OrderId,
    pub venue_id: VenueId,
    pub status: Status,
    pub source: Source,
    pub customer_id: Option<CustomerId>,
    #[schema(example = "table 4")]
    pub label: Option<String>,
    /// What other systems call it.
    pub external_refs: Vec<ExternalRef>,
    /// Who answers for it now, as the audit log names them.
    pub served_by: String,
    pub opened_at: Timestamp,
    #[schema(value_type = String, format = Date, example = "2026-06-12")]
    pub business_day: Date,
    pub closed_at: Option<Timestamp>,
    pub void_reason: Option<String>,
    pub items: Vec<Item>,
    pub discounts: Vec<Applied>,
    /// Discounts that no longer fitted at this change and were let go, with why. Told once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<Reason>,
    /// Each discount that was weighed, and why it was taken or not; none in lists and events.
    pub trace: Vec<Reason>,
    /// Money in, and money that went back, which names its parent; none in lists.
    pub payments: Vec<Payment>,
    /// The first one first; none in lists.
    pub refunds: Vec<Refund>,
    pub totals: Totals,
    /// What the purchase earned, or will earn when it is paid; absent without a customer, and in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points: Option<Calculation>,
    /// What the customer has now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 694)]
    pub points_balance: Option<i64>,
    pub version: i64,
}

/// A list of orders, without their payments and reasons.
pub type Orders = Page<Order>;

impl Reply for Order {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ItemStatus {
    Active,
    Voided,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    pub id: LineId,
    pub status: ItemStatus,
    pub product_id: Option<ProductId>,
    #[schema(example = "Pale ale 40 cl")]
    pub name: String,
    pub category_id: Option<CategoryId>,
    pub tax_class_id: Option<TaxClassId>,
    /// Percent.
    #[schema(example = "25")]
    pub tax_rate: String,
    pub unit_price: Money,
    #[schema(example = "2")]
    pub quantity: String,
    pub modifiers: Vec<LineModifier>,
    pub ordered_at: Timestamp,
    pub void_reason: Option<String>,
    /// Units that were made and are not charged; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(null))]
    pub comped: Option<i64>,
    /// List price of the line with its modifiers.
    pub subtotal: Money,
    pub discounts: Money,
    pub tax: Money,
    /// What the guest pays for it.
    pub total: Money,
}

/// A discount that the order bears.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Applied {
    /// By which it is taken off.
    pub id: OrderDiscountId,
    /// How it came to the order.
    #[schema(value_type = String, example = "AUTOMATIC")]
    pub origin: Origin,
    /// The published rule; absent where it was made up for this order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount_id: Option<DiscountId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coupon_id: Option<CouponId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "SAVE20")]
    pub code: Option<String>,
    #[schema(example = "Happy hour")]
    pub name: String,
    #[schema(value_type = String, example = "ORDER")]
    pub scope: Scope,
    /// What it was taken of.
    pub base: Money,
    pub amount: Money,
    /// What of it falls on which item; none in lists and events.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<ItemShare>,
    /// Points that were taken for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 100)]
    pub points: Option<i64>,
    /// What was made and is not charged. A reward's free item was paid for with points: it is none.
    pub is_comp: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "waited too long")]
    pub comp_reason: Option<String>,
    /// As the audit log names them; `rule` for what nobody asked for.
    #[schema(example = "staff:stf_01kab4bqf8e1ftz0c6hqp2v9xw")]
    pub applied_by_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorized_by_id: Option<StaffId>,
}

/// Why a discount was taken or not.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    pub discount_id: String,
    pub version: u32,
    #[schema(example = "Happy hour")]
    pub name: String,
    #[schema(value_type = String, example = "APPLIED")]
    pub verdict: Verdict,
    /// Codes with their figures, for programs. Amounts are minor units.
    #[schema(value_type = Vec<Object>)]
    pub codes: Vec<TraceCode>,
    /// The same for people, in the venue's language.
    #[schema(example = "Takes off 1.20 EUR.")]
    pub sentence: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Items at list price.
    pub subtotal: Money,
    pub discounts: Money,
    /// Inside the total where prices bear their tax, else added to it.
    pub tax: Money,
    pub tip: Money,
    pub total: Money,
    /// Payments with their tips, less what went back while the order was open.
    pub paid: Money,
    /// What of that has gone back since it was paid, with tips.
    pub refunded: Money,
    /// What is exactly left to pay.
    pub due: Money,
    /// What is left to pay in coins.
    pub due_in_cash: Money,
    /// Cash asked less what was exactly due, so far.
    pub rounding: Money,
    pub tax_by_rate: Vec<RateTotal>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RateTotal {
    /// Percent.
    #[schema(example = "25")]
    pub rate: String,
    pub amount: Money,
    pub taxable: Money,
    pub tax: Money,
}

/// The order with its payments, refunds and points.
pub fn order(read: &mut Read, tab: &Tab) -> Result<Order> {
    let venue = identity::venue(read, tab.venue)?.ok_or(Error::NotFound("venue"))?;
    order_at(read, &venue, tab)
}

/// As [`order`], at the venue that it is of.
pub fn order_at(read: &mut Read, venue: &Venue, tab: &Tab) -> Result<Order> {
    order_for(read, venue, tab, None)
}

/// As [`order_at`], where it is known already of an open order whose it is.
pub fn order_for(
    read: &mut Read,
    venue: &Venue,
    tab: &Tab,
    buyer: Option<&Buyer>,
) -> Result<Order> {
    let payments = payments::of(read, &tab.id.to_string())?;
    let has_refunds = matches!(tab.status, Status::PartiallyRefunded | Status::Refunded)
        || payments
            .iter()
            .any(|payment| payment.kind == PaymentKind::Refund);
    let mut order = assembled(tab, payments)?;
    if tab.is_named {
        order.external_refs = refs::of(read, tab.id)?;
    }
    let evaluation = &tab.decided.evaluation;
    let language = language_or_english(&venue.language);
    let told = |entries: &[TraceEntry]| -> Vec<Reason> {
        let reasons = entries.iter().map(|entry| reason(tab, entry, language));
        reasons.collect()
    };
    order.removed = told(&tab.removed);
    order.trace = told(&evaluation.trace);
    let shares = Shares::of(evaluation);
    // They are shown in the order in which they were taken.
    for (shown, applied) in order.discounts.iter_mut().zip(&evaluation.discounts) {
        shown.shares = shares.by_item(applied)?;
    }
    if has_refunds {
        order.refunds = refunds::refunds(read, tab)?;
    }
    let Some(customer) = tab.customer else {
        return Ok(order);
    };
    order.points = match tab.status {
        Status::Open => {
            let basket = match buyer {
                Some(buyer) => points::basket_of(read, venue, tab, buyer)?,
                None => points::basket(read, venue, tab, customer)?,
            };
            Some(loyalty::forecast(read, &basket)?)
        }
        Status::Voided => None,
        _ => loyalty::earned(read, &tab.id.to_string(), venue)?,
    };
    order.points_balance = match buyer {
        Some(buyer) => Some(buyer.points),
        None => customers::brief(read, customer)?.map(|brief| brief.loyalty_points),
    };
    Ok(order)
}

/// What other systems call orders, by the order's id.
pub type Names = HashMap<String, Vec<ExternalRef>>;

pub fn names(read: &mut Read, tabs: &[Tab]) -> Result<Names> {
    let named = tabs.iter().filter(|tab| tab.is_named);
    let named: Vec<OrderId> = named.map(|tab| tab.id).collect();
    refs::of_many(read, &named)
}

/// The order as lists have it: without payments and reasons.
pub fn listed(tab: &Tab, names: &mut Names) -> Result<Order> {
    let mut order = assembled(tab, Vec::new())?;
    order.external_refs = names.remove(&tab.id.to_string()).unwrap_or_default();
    Ok(order)
}

/// The order as it stands in `tab`, with these payments and without its reasons and names.
fn assembled(tab: &Tab, payments: Vec<Payment>) -> Result<Order> {
    let shares = Shares::of(&tab.decided.evaluation);
    Ok(Order {
        id: tab.id,
        venue_id: tab.venue,
        status: tab.status,
        source: tab.source,
        customer_id: tab.customer,
        label: tab.label.clone(),
        external_refs: Vec::new(),
        served_by: tab.served_by.clone(),
        opened_at: tab.opened_at,
        business_day: tab.business_day,
        closed_at: tab.closed_at,
        void_reason: tab.void_reason.clone(),
        items: tab
            .lines
            .iter()
            .map(|line| item(tab, line, &shares))
            .collect(),
        discounts: tab
            .borne()?
            .iter()
            .map(|borne| applied(tab, borne))
            .collect(),
        removed: Vec::new(),
        trace: Vec::new(),
        payments,
        refunds: Vec::new(),
        totals: totals(tab)?,
        points: None,
        points_balance: None,
        version: tab.version,
    })
}

fn item(tab: &Tab, line: &super::Line, shares: &Shares<'_>) -> Item {
    let money = |amount: i64| Money::of(amount, &tab.currency);
    let id = line.id.to_string();
    let outcome = tab
        .decided
        .evaluation
        .lines
        .iter()
        .find(|outcome| outcome.line_id.as_str() == id);
    let of = |part: fn(&engine::quote::LineOutcome) -> i64| money(outcome.map_or(0, part));
    Item {
        id: line.id,
        status: if line.voided_at.is_some() {
            ItemStatus::Voided
        } else {
            ItemStatus::Active
        },
        product_id: line.product,
        name: line.name.clone(),
        category_id: line.category,
        tax_class_id: line.tax_class,
        tax_rate: decimal(line.rate_milli),
        unit_price: money(line.unit_price),
        quantity: decimal(line.quantity_milli),
        modifiers: line.modifiers.clone(),
        ordered_at: line.ordered_at,
        void_reason: line.void_reason.clone(),
        comped: shares.comped(&id),
        subtotal: of(|outcome| outcome.subtotal),
        discounts: of(|outcome| outcome.discounts),
        tax: of(|outcome| outcome.tax),
        total: of(|outcome| outcome.total),
    }
}

/// Thousandths as a decimal without trailing zeros.
pub(super) fn decimal(milli: i64) -> String {
    let (whole, rest) = (milli / 1_000, milli % 1_000);
    if rest == 0 {
        return whole.to_string();
    }
    format!("{whole}.{}", format!("{rest:03}").trim_end_matches('0'))
}

pub fn totals(tab: &Tab) -> Result<Totals> {
    let money = |amount: i64| Money::of(amount, &tab.currency);
    let evaluation = &tab.decided.evaluation;
    let cash = engine::money::cash_rounding(tab.due(), evaluation.currency).map_err(Error::bug)?;
    Ok(Totals {
        subtotal: money(evaluation.totals.subtotal),
        discounts: money(evaluation.totals.discounts),
        tax: money(evaluation.totals.tax),
        tip: money(tab.tip),
        total: money(tab.total()),
        paid: money(tab.paid),
        refunded: money(tab.refunded),
        due: money(tab.due()),
        due_in_cash: money(cash.asked),
        rounding: money(tab.rounding),
        tax_by_rate: evaluation
            .totals
            .tax_by_rate
            .iter()
            .map(|total| RateTotal {
                rate: total.rate.to_string(),
                amount: money(total.amount),
                taxable: money(total.taxable),
                tax: money(total.tax),
            })
            .collect(),
    })
}

fn applied(tab: &Tab, borne: &Borne<'_>) -> Applied {
    let money = |amount: i64| Money::of(amount, &tab.currency);
    Applied {
        id: borne.id,
        origin: borne.origin,
        discount_id: borne.discount.map(|(id, _)| id),
        version: borne.discount.map(|(_, version)| version),
        coupon_id: borne.coupon,
        code: borne.applied.code.clone(),
        name: name_of(tab, &borne.applied.discount_id),
        scope: borne.applied.scope,
        base: money(borne.applied.base),
        amount: money(borne.amount),
        shares: Vec::new(),
        points: borne.applied.points,
        is_comp: is_comp(borne.applied),
        comp_reason: borne.comp_reason.map(str::to_owned),
        applied_by_id: borne.applied_by.to_owned(),
        authorized_by_id: borne.authorized.map(|one| one.staff),
    }
}

/// An entry of the trace, also as a sentence.
pub fn reason(tab: &Tab, entry: &TraceEntry, language: Language) -> Reason {
    told(tab, name_of(tab, &entry.discount_id), entry, language)
}

/// As [`reason`], of a rule that the order does not bear.
pub fn reason_of(
    tab: &Tab,
    rule: &engine::discount::Discount,
    entry: &TraceEntry,
    language: Language,
) -> Reason {
    told(tab, rule.name.clone(), entry, language)
}

fn told(tab: &Tab, named: String, entry: &TraceEntry, language: Language) -> Reason {
    let money = |amount: i64| Money::of(amount, &tab.currency).said(language);
    let local = |at: Timestamp| tab.decided.local(at);
    let name = |id: &engine::id::DiscountId| name_of(tab, id);
    let wording = Wording {
        money: &money,
        name: &name,
        local: &local,
    };
    let say = |code: &TraceCode| sentence(code, language, wording);
    let all = std::iter::once(&entry.reason).chain(&entry.notes);
    Reason {
        discount_id: entry.discount_id.to_string(),
        version: entry.version,
        name: named,
        verdict: entry.verdict,
        codes: all.clone().cloned().collect(),
        sentence: all.map(say).collect::<Vec<_>>().join(" "),
    }
}

fn name_of(tab: &Tab, id: &engine::id::DiscountId) -> String {
    let mut candidates = tab.decided.candidates.iter();
    let found = candidates.find(|one| one.is_of(id));
    found.map(|one| one.name().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn thousandths_read_as_people_write_them() {
        for (milli, text) in [
            (1_000, "1"),
            (1_500, "1.5"),
            (8_875, "8.875"),
            (25_000, "25"),
            (50, "0.05"),
        ] {
            assert_eq!(decimal(milli), text);
        }
    }
}
