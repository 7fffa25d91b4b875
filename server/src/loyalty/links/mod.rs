//! One purchase earns once, whoever reports it.
//!
//! A purchase goes by its root: our order, or `system/externalId` where another system told of it and nothing
//! links the two. What another system reports is known again by (system, external id); where an order of ours
//! bears that reference, the report is the order. Without one, a purchase that looks like one of *another* kind of
//! source (customer, venue, business day, amount) waits until staff link or part the two: `PARKED` → `LINKED`
//! (it is the other one, and earns nothing) or `PARTED` (it is its own, and earns as the rules stand by then).
//! Two till orders, two import rows, two reports of one system never wait for each other.
//!
//! A report counts for tiers and streaks as a sale does, through what `app.rs` registers. One that waits counts as a
//! visit; what it earns and spends is counted when it is parted. Where it is linked its visit is the other's, and
//! what was counted of it twice goes. What was refunded while it waited is taken back of what it is found to have
//! earned, by the room that gives money back (`app.rs`): a refund before the decision comes to what one after it does.
//!
//! The first purchase of each look stands in a row whose key is the look, so that two which come at once meet.

pub mod routes;
mod store;
#[cfg(test)]
mod tests;

use engine::order::{self as priced, Line};
use engine::quote::{Context, Evaluation, Policy, evaluate};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::earning::{self, Basket, Outcome};
use crate::hall::call::Reply;
use crate::hall::error::{Code, Error, Extra, Field, Result};
use crate::hall::id::{CustomerId, OrderId, ParkedId, VenueId};
use crate::hall::identity::{TaxMode, Venue};
use crate::hall::journal::EventType;
use crate::hall::money::{Money, currency};
use crate::hall::page::{Page, Paging};
use crate::hall::room::{Bought, Settled};
use crate::hall::store::{Read, Tx};
use crate::platform::rates;
use crate::platform::refs::{self, ExternalRef};
use crate::{app, customers};

/// The cause of what a report of another system earned, as the ledger names it.
pub const REPORTED: &str = "purchase";
/// Every cause of a purchase that may wait.
const CAUSES: &[&str] = &["order", "import", "booking", "session", REPORTED];

/// A purchase that another system tells of.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReportPurchase {
    /// Small letters, digits, `-` and `_`.
    #[schema(example = "square")]
    pub system: String,
    /// What that system calls the purchase: the same one again earns nothing more.
    #[schema(example = "check-10442")]
    pub external_id: String,
    pub customer_id: CustomerId,
    /// What was paid, without a tip.
    #[schema(example = json!({"amount": 5000, "currency": "EUR"}))]
    pub amount: Money,
    pub at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReportState {
    Earned,
    /// It looks like another purchase and waits for staff.
    Parked,
    /// It is the purchase that `purchaseId` names.
    Linked,
}

/// What became of a reported purchase.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportedPurchase {
    #[schema(example = "square")]
    pub system: String,
    #[schema(example = "check-10442")]
    pub external_id: String,
    /// The root of what is linked: an order of ours, or this report itself.
    #[schema(example = "square/check-10442")]
    pub purchase_id: String,
    pub venue_id: VenueId,
    pub customer_id: CustomerId,
    pub amount: Money,
    pub at: Timestamp,
    pub state: ReportState,
    /// Where staff find it while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parked_id: Option<ParkedId>,
    /// What it earned itself.
    #[schema(example = 50)]
    pub points: i64,
    pub reported_at: Timestamp,
}

impl Reply for ReportedPurchase {}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Decision {
    Linked,
    Parted,
}

/// A purchase that looks like another one, told of by another kind of source.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ParkedPurchase {
    pub id: ParkedId,
    #[schema(example = "square/check-10442")]
    pub purchase_id: String,
    /// The purchase that it looks like.
    #[schema(example = "ord_01kab4bqf8e1ftz0c6hqp2v9xw")]
    pub looks_like: String,
    /// Who told of it: `order`, `import`, or the other system.
    #[schema(example = "square")]
    pub source: String,
    pub customer_id: CustomerId,
    pub venue_id: VenueId,
    #[schema(value_type = String, format = Date, example = "2026-06-12")]
    pub business_day: Date,
    pub amount: Money,
    pub at: Timestamp,
    pub parked_at: Timestamp,
    /// Absent while it waits.
    pub decision: Option<Decision>,
    pub decided_at: Option<Timestamp>,
    /// What it earned when it was parted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 50)]
    pub points: Option<i64>,
}

impl Reply for ParkedPurchase {}

/// What is kept of a basket while it waits.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Waiting {
    evaluation: Evaluation,
    priced_for: Option<priced::Customer>,
    opens_visit: bool,
    tier_multiplier: Option<engine::money::Multiplier>,
    cause_kind: String,
    counted_from: Timestamp,
    is_quiet: bool,
}

/// Lets a purchase of another system earn; told again, it answers what became of it then.
///
/// # Errors
/// `Conflict(RefTaken)` where the same reference was told with another customer, venue or amount.
pub fn earn_external(tx: &mut Tx, venue: &Venue, ask: &ReportPurchase) -> Result<ReportedPurchase> {
    let customer = checked(tx, venue, ask)?;
    let own = format!("{}/{}", ask.system, ask.external_id);
    let order: Option<OrderId> = refs::find(tx, &ask.system, &ask.external_id)?;
    let mut told = ReportedPurchase {
        system: ask.system.clone(),
        external_id: ask.external_id.clone(),
        purchase_id: order.map_or(own, |order| order.to_string()),
        venue_id: venue.id,
        customer_id: ask.customer_id,
        amount: ask.amount.clone(),
        at: ask.at,
        state: order.map_or(ReportState::Earned, |_| ReportState::Linked),
        parked_id: None,
        points: 0,
        reported_at: tx.now(),
    };
    if !store::claim(tx, &told)? {
        return known(tx, &told);
    }
    if order.is_none() {
        match earn(tx, venue, &told, &customer)? {
            Outcome::Parked(id) => (told.state, told.parked_id) = (ReportState::Parked, Some(id)),
            Outcome::Earned(entries) => {
                told.points = entries.iter().map(|entry| entry.points).sum();
            }
        }
        let own = &told.purchase_id;
        store::mark_told(tx, own, own, told.state, told.points)?;
    }
    tx.audit_new("purchase.report", told.purchase_id.as_str(), &told)?;
    Ok(told)
}

/// What was told under the reference before.
fn known(read: &mut Read, told: &ReportedPurchase) -> Result<ReportedPurchase> {
    let before = store::reported(read, &told.system, &told.external_id)?;
    let before = before.ok_or_else(|| Error::Again("the report came at once".into()))?;
    let is_same = before.customer_id == told.customer_id
        && before.venue_id == told.venue_id
        && before.amount == told.amount;
    if is_same {
        return Ok(before);
    }
    let said = "This purchase was reported before with another customer, venue or amount: send it as it was, \
                or under an id of its own.";
    let extra = Extra::saying(said).with("id", before.purchase_id);
    Err(Error::Conflict(Code::RefTaken, extra))
}

fn earn(
    tx: &mut Tx,
    venue: &Venue,
    told: &ReportedPurchase,
    customer: &priced::Customer,
) -> Result<Outcome> {
    let evaluation = plain(venue, &told.amount, told.at)?;
    let day = venue.business_day(told.at);
    let (customer_id, purchase) = (told.customer_id, &told.purchase_id);
    let opens_visit = customers::record_visit(tx, customer_id, venue.id, day, purchase, told.at)?;
    let basket = Basket {
        customer: told.customer_id,
        venue,
        evaluation: &evaluation,
        priced_for: Some(customer),
        at: told.at,
        opens_visit,
        tier_multiplier: (app::MULTIPLIER_OF)(tx, customer_id)?,
        purchase_id: told.purchase_id.clone(),
        cause_kind: REPORTED,
        counted_from: told.at,
        is_quiet: false,
    };
    let outcome = earning::settle(tx, &basket)?;
    let mut bought = bought(tx, &basket);
    bought.visits = i64::from(opens_visit);
    if let Outcome::Earned(entries) = &outcome {
        bought.points = entries.iter().map(|entry| entry.points).sum();
        bought.spend = spent(tx, &told.amount, day)?;
        store::count_spend(tx, &told.purchase_id, bought.spend)?;
    }
    count(tx, &bought)?;
    Ok(outcome)
}

/// A purchase of which nothing has been counted yet.
fn bought(tx: &Tx, basket: &Basket<'_>) -> Bought {
    Bought {
        customer: basket.customer,
        venue: basket.venue.id,
        on: basket.venue.business_day(basket.at),
        today: basket.venue.business_day(tx.now()),
        visits: 0,
        points: 0,
        spend: 0,
        kind: basket.cause_kind,
        id: basket.purchase_id.clone(),
        at: basket.at,
        is_quiet: basket.is_quiet,
    }
}

fn count(tx: &mut Tx, bought: &Bought) -> Result<()> {
    app::ON_BOUGHT.iter().try_for_each(|on| on(tx, bought))
}

/// In the chain's reporting currency, at the rate of the business day.
fn spent(tx: &mut Tx, amount: &Money, on: Date) -> Result<i64> {
    rates::reporting(tx, &amount.currency, on)?.convert(amount.amount)
}

/// Whoever bought it, or everything that is wrong with the report.
fn checked(read: &mut Read, venue: &Venue, ask: &ReportPurchase) -> Result<priced::Customer> {
    let mut wrong = Vec::new();
    let named = ExternalRef {
        system: ask.system.clone(),
        id: ask.external_id.clone(),
    };
    refs::check(std::slice::from_ref(&named), "", &mut wrong);
    for field in &mut wrong {
        let is_system = field.pointer == "/0/system";
        field.pointer = if is_system { "/system" } else { "/externalId" }.to_owned();
    }
    ask.amount
        .check_in(&venue.currency, 0, "/amount", &mut wrong);
    if ask.at > read.now() {
        let said = "Send an instant that is over.";
        wrong.push(Field::new("/at", "out_of_range", said));
    }
    let customer = match customers::find(read, ask.customer_id) {
        Ok(customer) => Some(customer),
        Err(Error::NotFound(_)) => {
            let said = "Choose a customer of this chain.";
            wrong.push(Field::new("/customerId", "not_found", said));
            None
        }
        Err(error) => return Err(error),
    };
    match customer {
        Some(customer) if wrong.is_empty() => Ok(priced::Customer {
            id: customer.id.to_string().into(),
            group_ids: customer
                .customer_group_id
                .iter()
                .map(|id| id.to_string().into())
                .collect(),
            segment_ids: Vec::new(),
            purchases: u32::try_from(customer.paid_orders).unwrap_or(u32::MAX),
        }),
        _ => Err(Error::Invalid(wrong)),
    }
}

/// An amount as the engine sees it: one item, whose tax nobody told of.
fn plain(venue: &Venue, amount: &Money, at: Timestamp) -> Result<Evaluation> {
    let item = Line {
        product_id: None,
        name: "purchase".into(),
        ..Line::new("1", "purchase", amount.amount, at)
    };
    let order = priced::Order {
        id: "".into(),
        currency: currency(&amount.currency)?,
        tax_mode: match venue.tax_mode {
            TaxMode::Inclusive => priced::TaxMode::Inclusive,
            TaxMode::Exclusive => priced::TaxMode::Exclusive,
        },
        opened_at: at,
        customer: None,
        lines: vec![item],
    };
    let policy = Policy {
        business_day_start: venue.day_start(),
        ..Policy::default()
    };
    let context = Context {
        policy,
        zone: venue.zone.clone(),
    };
    evaluate(&order, &[], &context).map_err(|why| {
        let said = format!("The purchase cannot be reckoned with: {why}.");
        Error::field("/amount/amount", "out_of_range", said)
    })
}

/// Puts the purchase aside where another kind of source told of one that looks the same.
pub(super) fn park_if_alike(tx: &mut Tx, basket: &Basket<'_>) -> Result<Option<ParkedId>> {
    let amount = basket.evaluation.totals.total;
    if amount <= 0 {
        return Ok(None);
    }
    let id: ParkedId = tx.new_id();
    let mut parked = ParkedPurchase {
        id,
        purchase_id: basket.purchase_id.clone(),
        looks_like: String::new(),
        source: source_of(basket).to_owned(),
        customer_id: basket.customer,
        venue_id: basket.venue.id,
        business_day: basket.venue.business_day(basket.at),
        amount: Money::of(amount, &basket.venue.currency),
        at: basket.at,
        parked_at: tx.now(),
        decision: None,
        decided_at: None,
        points: None,
    };
    let (source, first) = store::look(tx, &parked)?;
    if source == parked.source || first == parked.purchase_id {
        return Ok(None);
    }
    parked.looks_like = first;
    let waiting = Waiting {
        evaluation: basket.evaluation.clone(),
        priced_for: basket.priced_for.cloned(),
        opens_visit: basket.opens_visit,
        tier_multiplier: basket.tier_multiplier,
        cause_kind: basket.cause_kind.to_owned(),
        counted_from: basket.counted_from,
        is_quiet: basket.is_quiet,
    };
    store::park(tx, &parked, &waiting)?;
    if !basket.is_quiet {
        tx.audit_new("purchase.park", id, &parked)?;
        tx.emit(EventType::PurchaseParked, Some(basket.venue.id), &parked)?;
    }
    Ok(Some(id))
}

/// Who told of it: the till and history are one each, each other system is its own.
fn source_of<'a>(basket: &'a Basket<'_>) -> &'a str {
    match basket.purchase_id.split_once('/') {
        Some((system, _)) if basket.cause_kind == REPORTED => system,
        _ => basket.cause_kind,
    }
}

/// Purchases of the venue that wait, the longest waiting first.
pub fn parked(read: &mut Read, venue: VenueId, paging: &Paging) -> Result<Page<ParkedPurchase>> {
    store::list_parked(read, venue, paging)
}

/// The two are one purchase: what waited earns nothing.
pub fn link(tx: &mut Tx, venue: &Venue, id: ParkedId) -> Result<ParkedPurchase> {
    let before = store::find_parked(tx, venue.id, id)?.ok_or(Error::NotFound("parked purchase"))?;
    decide(tx, &before, Decision::Linked)?;
    let (own, root) = (&before.purchase_id, &before.looks_like);
    store::mark_told(tx, own, root, ReportState::Linked, 0)?;
    let waiting: Waiting = store::waiting(tx, id)?;
    let undone = count_once(tx, venue, &before, &waiting)?;
    let settled = settled(&before, root, ("link", waiting.is_quiet), undone);
    (app::ON_SETTLED)(tx, venue, &settled)?;
    decided(tx, venue, &before, None)
}

fn settled(
    before: &ParkedPurchase,
    root: &str,
    (cause_kind, is_quiet): (&'static str, bool),
    undone: Option<String>,
) -> Settled {
    Settled {
        customer: before.customer_id,
        purchase: before.purchase_id.clone(),
        root: root.to_owned(),
        undone,
        on: before.business_day,
        cause_kind,
        cause_id: before.id.to_string(),
        is_quiet,
    }
}

/// One purchase leaves its visit behind once. The till has counted what was spent: where the other was a report, and
/// counted it too, that goes. Answers what had opened the visit, where with that it is none.
fn count_once(
    tx: &mut Tx,
    venue: &Venue,
    linked: &ParkedPurchase,
    waiting: &Waiting,
) -> Result<Option<String>> {
    let (customer, on) = (linked.customer_id, linked.business_day);
    let undone = customers::undo_visit(tx, customer, venue.id, on)?;
    let is_counted_twice = waiting.cause_kind != REPORTED && linked.looks_like.contains('/');
    let bought = Bought {
        customer,
        venue: venue.id,
        on,
        today: venue.business_day(tx.now()),
        visits: -i64::from(undone.is_some()),
        points: 0,
        spend: match is_counted_twice {
            true => -match store::counted_spend(tx, &linked.looks_like)? {
                Some(counted) => counted,
                None => spent(tx, &linked.amount, on)?,
            },
            false => 0,
        },
        kind: REPORTED,
        id: linked.purchase_id.clone(),
        at: linked.at,
        is_quiet: waiting.is_quiet,
    };
    if is_counted_twice {
        store::count_spend(tx, &linked.looks_like, 0)?;
    }
    count(tx, &bought)?;
    Ok(undone)
}

/// The two are two purchases: what waited earns, as the rules stand now.
pub fn part(tx: &mut Tx, venue: &Venue, id: ParkedId) -> Result<ParkedPurchase> {
    let before = store::find_parked(tx, venue.id, id)?.ok_or(Error::NotFound("parked purchase"))?;
    decide(tx, &before, Decision::Parted)?;
    let waiting: Waiting = store::waiting(tx, id)?;
    let cause_kind = CAUSES.iter().find(|cause| **cause == waiting.cause_kind);
    let basket = Basket {
        customer: before.customer_id,
        venue,
        evaluation: &waiting.evaluation,
        priced_for: waiting.priced_for.as_ref(),
        at: before.at,
        opens_visit: waiting.opens_visit,
        tier_multiplier: waiting.tier_multiplier,
        purchase_id: before.purchase_id.clone(),
        cause_kind: cause_kind.ok_or_else(|| Error::bug("a cause that nobody wrote"))?,
        counted_from: waiting.counted_from,
        is_quiet: waiting.is_quiet,
    };
    let entries = earning::earn_parted(tx, &basket)?;
    let points = entries.iter().map(|entry| entry.points).sum();
    let mut bought = bought(tx, &basket);
    // The day that its visit was counted on, whatever hours the venue has now.
    bought.on = before.business_day;
    bought.points = points;
    if basket.cause_kind == REPORTED {
        bought.spend = spent(tx, &before.amount, before.business_day)?;
        store::count_spend(tx, &before.purchase_id, bought.spend)?;
    }
    count(tx, &bought)?;
    let own = &before.purchase_id;
    store::mark_told(tx, own, own, ReportState::Earned, points)?;
    let settled = settled(&before, own, ("part", basket.is_quiet), None);
    (app::ON_SETTLED)(tx, venue, &settled)?;
    decided(tx, venue, &before, Some(points))
}

fn decide(tx: &mut Tx, before: &ParkedPurchase, decision: Decision) -> Result<()> {
    if store::decide(tx, before.id, decision)? {
        return Ok(());
    }
    let said = "The purchase waits no longer: somebody has linked or parted it.";
    Err(Error::Conflict(Code::AlreadyDone, Extra::saying(said)))
}

fn decided(
    tx: &mut Tx,
    venue: &Venue,
    before: &ParkedPurchase,
    points: Option<i64>,
) -> Result<ParkedPurchase> {
    let found = store::find_parked(tx, venue.id, before.id)?;
    let mut after = found.ok_or(Error::NotFound("parked purchase"))?;
    after.points = points;
    let action = match after.decision {
        Some(Decision::Parted) => "purchase.part",
        _ => "purchase.link",
    };
    tx.audit(action, before.id, Some(before), Some(&after))?;
    Ok(after)
}

/// The purchase by which points were earned: another one, where staff have linked the two.
pub fn root_of(read: &mut Read, purchase: &str) -> Result<String> {
    Ok(store::linked_to(read, purchase)?.unwrap_or_else(|| purchase.to_owned()))
}

/// Whose purchase waits, so that the call that decides declares the customer.
pub fn customer_of(read: &mut Read, venue: VenueId, id: ParkedId) -> Result<CustomerId> {
    let parked = store::find_parked(read, venue, id)?;
    parked
        .map(|parked| parked.customer_id)
        .ok_or(Error::NotFound("parked purchase"))
}
