//! Asking whether a code would apply, without using it.
//!
//! Staff are told why not. An anonymous caller gets one refusal, whatever is wrong: the same status and words, and
//! the same work. A code that does not exist is weighed like one that does: the same statements run, on ids that
//! nobody has, and the engine prices the same order. Nobody sleeps to hide a difference, there is none to hide.

use engine::discount::{Candidate, Discount as Rule, Scope};
use engine::money::Percent;
use engine::order as priced;
use engine::quote::{Context, Language, Policy, TraceCode, Verdict, Wording, evaluate, sentence};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::apply::{self, Coupon};
use crate::customers::{self, Customer};
use crate::discounts::uses::{self, Limits, Used};
use crate::hall::call::Reply;
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::id::{CouponId, CustomerId, DiscountId, Id as _};
use crate::hall::identity::{TaxMode, Venue};
use crate::hall::money::{Money, currency};
use crate::hall::store::Read;
use crate::hall::text::language_or_english;

/// A code that a guest shows.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ValidateCoupon {
    #[schema(example = "SAVE20")]
    pub code: String,
    /// What the order comes to. Without it, whether the code is good is told, and not what it saves.
    #[schema(example = json!({"amount": 5000, "currency": "EUR"}))]
    pub order_total: Option<Money>,
    #[schema(example = json!(null))]
    pub customer_id: Option<CustomerId>,
}

/// As [`ValidateCoupon`], by somebody who is not signed in.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TryCoupon {
    #[schema(example = "SAVE20")]
    pub code: String,
    #[schema(example = json!({"amount": 5000, "currency": "EUR"}))]
    pub order_total: Option<Money>,
}

/// A code that applies.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValidCoupon {
    /// Always true: a code that does not apply is refused.
    #[schema(example = true)]
    pub valid: bool,
    #[schema(example = "SAVE20")]
    pub code: String,
    pub coupon_id: CouponId,
    pub discount: CouponDiscount,
    /// What it takes off `orderTotal`; absent without one, or where it depends on what is ordered.
    #[schema(example = json!({"amount": 1000, "currency": "EUR"}))]
    pub saving: Option<Money>,
    /// Why there is no saving yet.
    #[schema(example = json!(null))]
    pub depends_on: Option<String>,
    /// Uses that are left of the code; absent where it has no limit.
    #[schema(example = 99)]
    pub uses_left: Option<u32>,
    #[schema(example = false)]
    pub needs_customer: bool,
}

impl Reply for ValidCoupon {}

/// The discount behind a code.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CouponDiscount {
    pub id: DiscountId,
    #[schema(example = 1)]
    pub version: i64,
    #[schema(example = "Twenty percent off")]
    pub name: String,
}

/// What somebody who is not signed in learns of a code that applies.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GoodCoupon {
    /// Always true: a code that does not apply is refused.
    #[schema(example = true)]
    pub valid: bool,
    #[schema(example = "SAVE20")]
    pub code: String,
    /// The name of its discount.
    #[schema(example = "Twenty percent off")]
    pub name: String,
    #[schema(example = json!({"amount": 1000, "currency": "EUR"}))]
    pub saving: Option<Money>,
    /// Whether to say who you are before it is used.
    #[schema(example = false)]
    pub needs_customer: bool,
}

impl Reply for GoodCoupon {}

/// For staff.
///
/// # Errors
/// `Refused` with the reason as a code with its figures, and a sentence in the venue's language.
pub fn validate(read: &mut Read, venue: &Venue, ask: &ValidateCoupon) -> Result<ValidCoupon> {
    check_total(ask.order_total.as_ref(), venue)?;
    let customer = ask.customer_id.map(|id| known(read, id)).transpose()?;
    let weighed = weigh(
        read,
        venue,
        &ask.code,
        ask.order_total.as_ref(),
        customer.as_ref(),
    )?;
    let coupon = weighed.coupon.ok_or_else(|| apply::unknown(venue))?;
    if coupon.needs_customer && customer.is_none() {
        return Err(Error::Refused(Code::CustomerRequired, Extra::none()));
    }
    let (saving, depends_on) = match weighed.outcome {
        Ok(saving) => (Some(saving), None),
        Err(reason) if depends_on_items(&reason) => (None, Some(say(&reason, venue, &coupon.rule))),
        Err(reason) => return Err(why_not(&reason, venue, &coupon.rule)?),
    };
    Ok(ValidCoupon {
        valid: true,
        coupon_id: coupon.id,
        discount: CouponDiscount {
            id: coupon.discount_id,
            version: coupon.version,
            name: coupon.rule.name.clone(),
        },
        saving: saving
            .filter(|_| ask.order_total.is_some())
            .map(|amount| Money::of(amount, &venue.currency)),
        depends_on,
        uses_left: weighed.uses_left,
        needs_customer: coupon.needs_customer,
        code: coupon.code,
    })
}

/// For anybody.
///
/// # Errors
/// One refusal, whatever is wrong with the code.
pub fn try_out(read: &mut Read, venue: &Venue, ask: &TryCoupon) -> Result<GoodCoupon> {
    check_total(ask.order_total.as_ref(), venue)?;
    let weighed = weigh(read, venue, &ask.code, ask.order_total.as_ref(), None)?;
    let is_good = match &weighed.outcome {
        Ok(_) => true,
        Err(reason) => depends_on_items(reason),
    };
    let coupon = weighed
        .coupon
        .filter(|coupon| is_good && coupon.terms.customer_id.is_none())
        .ok_or_else(|| one_refusal(venue))?;
    let saving = weighed.outcome.ok().filter(|_| ask.order_total.is_some());
    Ok(GoodCoupon {
        valid: true,
        name: coupon.rule.name.clone(),
        saving: saving.map(|amount| Money::of(amount, &venue.currency)),
        needs_customer: coupon.needs_customer,
        code: coupon.code,
    })
}

fn one_refusal(venue: &Venue) -> Error {
    let said = match language_or_english(&venue.language) {
        Language::En => {
            "This code cannot be used here: it may be misspelt, over, used up, or ask for a larger order."
        }
        Language::Sv => {
            "Koden går inte att använda här: den kan vara felstavad, utgången, förbrukad eller kräva ett större köp."
        }
        Language::Es => {
            "Este código no se puede usar aquí: puede estar mal escrito, caducado o agotado, o pedir una compra mayor."
        }
    };
    Error::Refused(Code::CouponInvalid, Extra::saying(said))
}

fn check_total(total: Option<&Money>, venue: &Venue) -> Result<()> {
    let mut wrong = Vec::new();
    if let Some(total) = total {
        total.check_in(&venue.currency, 0, "/orderTotal", &mut wrong);
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(wrong))
    }
}

fn known(read: &mut Read, id: CustomerId) -> Result<Customer> {
    customers::find(read, id).map_err(|error| match error {
        Error::NotFound(_) => {
            let said = "Choose a customer of this chain, or leave it out.";
            Error::field("/customerId", "not_found", said)
        }
        other => other,
    })
}

/// What the engine says of a code on an order of one line.
struct Weighed {
    /// `None` where there is none: something else was weighed in its place.
    coupon: Option<Coupon>,
    outcome: std::result::Result<i64, TraceCode>,
    uses_left: Option<u32>,
}

/// Three statements and one evaluation, whether the code exists or not; one more for a customer.
fn weigh(
    read: &mut Read,
    venue: &Venue,
    text: &str,
    total: Option<&Money>,
    customer: Option<&Customer>,
) -> Result<Weighed> {
    let found = apply::find(read, venue, text)?;
    let is_known = found.is_some();
    let coupon = found.map_or_else(nobodys, Ok)?;
    let (code_limits, rule_limits) = (coupon.limits(), coupon.rule_limits());
    let subjects = [code_limits.subject.clone(), rule_limits.subject.clone()];
    let used = uses::used(read, &subjects, "", customer.map(|customer| customer.id))?;
    let purchases = customer
        .map(|customer| purchases(read, customer))
        .transpose()?;
    let left = |limits: &Limits| {
        let used: Used = used.get(&limits.subject).copied().unwrap_or_default();
        (
            Used::left(used.total, limits.total_max),
            Used::left(used.by_customer, limits.customer_max).filter(|_| customer.is_some()),
        )
    };
    let (uses_left, customer_uses_left) = left(&code_limits);
    let mut candidate = coupon.candidate("cpn");
    candidate.is_authorized = true;
    (candidate.uses_left, candidate.customer_uses_left) = left(&rule_limits);
    if let Some(terms) = &mut candidate.coupon {
        (terms.uses_left, terms.customer_uses_left) = (uses_left, customer_uses_left);
        // Without a customer it cannot be asked whether they bought before.
        terms.first_purchase_only &= customer.is_some();
    }
    let order = order_of(
        venue,
        total,
        &candidate,
        customer.zip(purchases),
        read.now(),
    )?;
    Ok(Weighed {
        outcome: outcome(&order, candidate, venue)?,
        coupon: is_known.then_some(coupon),
        uses_left,
    })
}

/// Paid purchases, and one that another order holds as the first.
fn purchases(read: &mut Read, customer: &Customer) -> Result<u32> {
    let held = u32::from(uses::has_first_purchase(read, customer.id, "")?);
    Ok(u32::try_from(customer.paid_orders)
        .unwrap_or(u32::MAX)
        .max(held))
}

/// What is weighed in place of a code that does not exist: a rule and ids that nobody has.
fn nobodys() -> Result<Coupon> {
    let nobody = uuid::Uuid::nil();
    let id = DiscountId::from_uuid(nobody);
    let percent = Percent::from_scaled(1_000).map_err(Error::bug)?;
    Ok(Coupon {
        id: CouponId::from_uuid(nobody),
        code: String::new(),
        discount_id: id,
        version: 1,
        rule: Rule::percentage(id.to_string(), Scope::Order, percent).into(),
        terms: engine::discount::Coupon::default(),
        max_uses: None,
        max_uses_per_customer: None,
        rule_max_uses: None,
        rule_max_uses_per_customer: None,
        comp_reason: None,
        needs_customer: false,
        first_purchase_only: false,
        duration: super::Duration::Once,
        reward_id: None,
    })
}

/// An order of one line; without a total, of so much as the code asks for.
fn order_of(
    venue: &Venue,
    total: Option<&Money>,
    candidate: &Candidate,
    customer: Option<(&Customer, u32)>,
    now: Timestamp,
) -> Result<priced::Order> {
    /// So much that a rule has something to take off.
    const SOMETHING: i64 = 10_000;
    let of_code = candidate
        .coupon
        .as_ref()
        .and_then(|terms| terms.min_purchase_amount);
    let least = of_code.or(candidate.discount.min_purchase_amount);
    let nominal = least.map_or(SOMETHING, |least| least.amount.max(SOMETHING));
    let price = total.map_or(nominal, |total| total.amount);
    Ok(priced::Order {
        id: "asked".into(),
        currency: currency(&venue.currency)?,
        tax_mode: match venue.tax_mode {
            TaxMode::Inclusive => priced::TaxMode::Inclusive,
            TaxMode::Exclusive => priced::TaxMode::Exclusive,
        },
        opened_at: now,
        customer: customer.map(|(customer, purchases)| priced::Customer {
            id: customer.id.to_string().into(),
            group_ids: customer
                .customer_group_id
                .iter()
                .map(|id| id.to_string().into())
                .collect(),
            segment_ids: Vec::new(),
            purchases,
        }),
        lines: vec![priced::Line::new("line", "order", price, now)],
    })
}

fn outcome(
    order: &priced::Order,
    candidate: Candidate,
    venue: &Venue,
) -> Result<std::result::Result<i64, TraceCode>> {
    let policy = Policy {
        business_day_start: venue.day_start(),
        ..Policy::default()
    };
    let context = Context {
        policy,
        zone: venue.zone.clone(),
    };
    let evaluation = evaluate(order, &[candidate], &context).map_err(|why| {
        Error::field(
            "/orderTotal",
            "out_of_range",
            format!("The order cannot be priced: {why}."),
        )
    })?;
    let entry = evaluation.trace.into_iter().next();
    let entry = entry.ok_or_else(|| Error::bug("a candidate has a trace"))?;
    Ok(match entry.verdict {
        Verdict::Applied => Ok(evaluation.totals.discounts),
        Verdict::Rejected => Err(entry.reason),
    })
}

/// Whether only what is ordered decides: one line of an amount is no order that a rule for items could reach.
fn depends_on_items(reason: &TraceCode) -> bool {
    matches!(
        reason,
        TraceCode::NoMatchingItem
            | TraceCode::SetIncomplete
            | TraceCode::MinQuantityNotMet { .. }
            | TraceCode::NoSaving
    )
}

fn say(reason: &TraceCode, venue: &Venue, rule: &Rule) -> String {
    let language = language_or_english(&venue.language);
    let money = |amount: i64| Money::of(amount, &venue.currency).said(language);
    let local = |at: Timestamp| venue.zone.to_datetime(at);
    let name = |_: &engine::id::DiscountId| rule.name.clone();
    let wording = Wording {
        money: &money,
        name: &name,
        local: &local,
    };
    sentence(reason, language, wording)
}

/// The reason with its figures; amounts are minor units of the venue's currency.
fn why_not(reason: &TraceCode, venue: &Venue, rule: &Rule) -> Result<Error> {
    let figures = serde_json::to_value(reason).map_err(Error::bug)?;
    let extra = Extra::saying(say(reason, venue, rule))
        .with("valid", false)
        .with("reason", figures)
        .with("currency", venue.currency.as_str());
    Ok(Error::Refused(Code::CouponInvalid, extra))
}
