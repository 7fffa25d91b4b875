//! History brought in from elsewhere: people with the orders that they paid long ago.
//!
//! Each purchase becomes a paid order that counts and earns like any other, dated as it was. Its lots live from
//! the day of the import, it bears no tax and no discount, and it leaves no event. A purchase is known again by
//! its reference, so the same file twice changes nothing.

use engine::money::Quantity;
use engine::order as priced;
use jiff::Timestamp;
use jiff::civil::Date;

use super::pay::reporting;
use crate::customers::{self, EditCustomer};
use crate::hall::error::{Error, Result};
use crate::hall::id::{CustomerId, OrderId};
use crate::hall::identity::Venue;
use crate::hall::store::Tx;
use crate::loyalty::{self, Basket};
use crate::orders::{self, Decided, Line, Source, Status, Tab};
use crate::payments::{self, Method, PaymentKind, SubjectKind, Taking};
use crate::platform::chain;
use crate::platform::refs::{self, ExternalRef};
use crate::{leaderboards, tiers};

/// Purchases at local noon: the file knows only the day.
const HOUR: i8 = 12;

/// One person of the file, with what they bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Which system named them, as in `externalRefs`.
    pub system: String,
    pub person: String,
    pub purchases: Vec<Purchase>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    pub day: Date,
    /// 1, 2, 3 … among the person's purchases of that day: two that look the same are two.
    pub occurrence: u32,
    pub quantity: u32,
    /// Minor units of the venue's currency for all of them.
    pub amount: i64,
}

/// What a run made of the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    pub customers_created: u64,
    pub orders_created: u64,
    /// Purchases that were here already.
    pub orders_known: u64,
    /// Minor units of the orders created.
    pub amount: i64,
    pub points: i64,
}

impl Tally {
    pub fn add(&mut self, other: Tally) {
        self.customers_created += other.customers_created;
        self.orders_created += other.orders_created;
        self.orders_known += other.orders_known;
        self.amount += other.amount;
        self.points += other.points;
    }
}

/// Brings one person in, in one transaction.
pub fn bring_in(tx: &mut Tx, venue: &Venue, past: &Past) -> Result<Tally> {
    let mut tally = Tally::default();
    let customer = match refs::find::<CustomerId>(tx, &past.system, &past.person)? {
        Some(id) => id,
        None => {
            tally.customers_created = 1;
            nameless(tx, venue, past)?
        }
    };
    for purchase in &past.purchases {
        let reference = format!("{}/{}/{}", past.person, purchase.day, purchase.occurrence);
        if refs::find::<OrderId>(tx, &past.system, &reference)?.is_some() {
            tally.orders_known += 1;
            continue;
        }
        let tab = order(tx, venue, customer, purchase)?;
        tally.points += book(tx, venue, customer, &tab, &reference)?;
        refs::put(
            tx,
            tab.id,
            &ExternalRef {
                system: past.system.clone(),
                id: reference,
            },
        )?;
        tally.orders_created += 1;
        tally.amount += purchase.amount;
    }
    if tally.orders_created > 0 {
        tx.audit_new("history.import", customer, &tally)?;
    }
    Ok(tally)
}

/// Somebody of whom only the reference is known, which is identity enough.
fn nameless(tx: &mut Tx, venue: &Venue, past: &Past) -> Result<CustomerId> {
    let named = ExternalRef {
        system: past.system.clone(),
        id: past.person.clone(),
    };
    let ask = EditCustomer {
        external_refs: vec![named],
        ..EditCustomer::default()
    };
    Ok(customers::create_as(tx, venue, &ask, customers::Source::Import)?.id)
}

/// The purchase as a closed order, priced by no rule.
fn order(tx: &mut Tx, venue: &Venue, customer: CustomerId, purchase: &Purchase) -> Result<Tab> {
    let at = noon(venue, purchase.day)?;
    let lines = lines(tx, purchase, at)?;
    // Dated as it was, like all else of it: lists go by the ids, newest first.
    let id = tx.new_id_of(at);
    let order = priced::Order {
        id: format!("{id}").into(),
        currency: crate::hall::money::currency(&venue.currency)?,
        tax_mode: orders::tax_mode(venue.tax_mode),
        opened_at: at,
        customer: None,
        lines: lines
            .iter()
            .map(orders::priced_line)
            .collect::<Result<_>>()?,
    };
    let policy = engine::quote::Policy {
        business_day_start: venue.day_start(),
        ..Default::default()
    };
    let decided = Decided::by(order, Vec::new(), policy, venue.zone.clone())?;
    Ok(Tab {
        id,
        venue: venue.id,
        status: Status::Paid,
        customer: Some(customer),
        label: None,
        served_by: tx.scope().by.actor.clone(),
        source: Source::Import,
        currency: venue.currency.clone(),
        tax_mode: venue.tax_mode,
        opened_at: at,
        business_day: purchase.day,
        closed_at: Some(at),
        paid_on: Some(purchase.day),
        void_reason: None,
        tip: 0,
        paid: purchase.amount,
        rounding: 0,
        refunded: 0,
        version: 1,
        lines,
        decided,
        asks: orders::Asks::default(),
        is_named: true,
        removed: Vec::new(),
        looked_up: Vec::new(),
    })
}

fn noon(venue: &Venue, day: Date) -> Result<Timestamp> {
    let local = day
        .at(HOUR, 0, 0, 0)
        .to_zoned(venue.zone.clone())
        .map_err(Error::bug)?;
    Ok(local.timestamp())
}

/// `quantity` units whose prices sum to the amount: so many at the floor, the others a minor unit dearer.
fn lines(tx: &mut Tx, purchase: &Purchase, at: Timestamp) -> Result<Vec<Line>> {
    let units = i64::from(purchase.quantity.max(1));
    let (floor, dearer) = (purchase.amount / units, purchase.amount % units);
    let mut lines = Vec::new();
    for (count, unit_price) in [(dearer, floor + 1), (units - dearer, floor)] {
        let Ok(whole) = u32::try_from(count) else {
            continue;
        };
        if whole == 0 {
            continue;
        }
        lines.push(Line {
            id: tx.new_id(),
            position: lines.len() as i64,
            name: "item".into(),
            unit_price,
            quantity_milli: Quantity::whole(whole).map_err(Error::bug)?.scaled(),
            ordered_at: at,
            ..Line::blank()
        });
    }
    Ok(lines)
}

/// Payment, visit, counters and points of a past order; answers the points.
fn book(
    tx: &mut Tx,
    venue: &Venue,
    customer: CustomerId,
    tab: &Tab,
    reference: &str,
) -> Result<i64> {
    let at = tab.closed_at.unwrap_or(tab.opened_at);
    let spent = reporting(tx, &tab.currency, tab.paid, tab.business_day)?;
    orders::import(tx, tab, spent)?;
    let taking = Taking {
        subject: (SubjectKind::Order, tab.id.to_string()),
        venue: venue.id,
        kind: PaymentKind::Order,
        method: Method::External,
        amount: tab.paid,
        tip: 0,
        rounding: 0,
        currency: tab.currency.clone(),
        reporting_amount: spent,
        external_id: Some(reference.to_owned()),
        at,
    };
    payments::record(tx, &taking)?;
    chain::fix_currency(tx)?;
    let purchase = tab.id.to_string();
    let opens_visit =
        customers::record_visit(tx, customer, venue.id, tab.business_day, &purchase, at)?;
    customers::record_paid_order(tx, customer, venue.id, spent, at)?;
    let basket = Basket {
        customer,
        venue,
        evaluation: &tab.decided.evaluation,
        priced_for: None,
        at,
        opens_visit,
        tier_multiplier: None,
        purchase_id: tab.id.to_string(),
        cause_kind: "import",
        counted_from: tx.now(),
        is_quiet: true,
    };
    let earned = loyalty::earn(tx, &basket)?;
    let points = earned.iter().map(|entry| entry.points).sum();
    let today = venue.business_day(tx.now());
    let cause = tiers::Cause {
        customer,
        venue: venue.id,
        on: tab.business_day,
        today,
        visits: i64::from(opens_visit),
        points,
        spend: spent,
        kind: "import",
        id: tab.id.to_string(),
        is_quiet: true,
    };
    tiers::refresh(tx, &cause)?;
    leaderboards::count(tx, customer, venue.id, tab.business_day, points)?;
    Ok(points)
}
