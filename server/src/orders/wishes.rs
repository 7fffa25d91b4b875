//! Discounts that somebody asks for at the till: made up, picked, or typed; and taking them off again.

use axum::http::HeaderValue;
use engine::discount::{Discount as Rule, LineShare, Scope, Type};
use engine::money::{Percent, Quantity};
use engine::quote::{TraceCode, TraceEntry};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asks::{Authorized, OFF_MAX, What, Wish};
use super::trail::note_by;
use super::{Line, Tab, find_for_edit, find_open, items, reprice, show};
use crate::coupons;
use crate::discounts::{self, OpenValue};
use crate::hall::call::Reply;
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::id::{CustomerId, DiscountId, LineId, OrderDiscountId, OrderId, StaffId};
use crate::hall::identity::Venue;
use crate::hall::money::Money;
use crate::hall::secret::Secret;
use crate::hall::store::Tx;
use crate::hall::text::language_or_english;
use crate::loyalty;

/// What a discount made up at the till takes off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ManualType {
    Percentage,
    FixedAmount,
    /// What was made and is not charged: it stays on the check at nothing.
    Comp,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GiveDiscount {
    #[serde(rename = "type")]
    pub kind: ManualType,
    /// From 0 to 100 with at most two places.
    #[schema(value_type = Option<String>, example = "10")]
    pub percent: Option<Percent>,
    #[schema(example = json!(null))]
    pub amount: Option<Money>,
    /// The items that it is for; the whole order where none is named.
    #[serde(default)]
    #[schema(example = json!([]))]
    pub item_ids: Vec<LineId>,
    /// As `itemIds`, where of an item only some are meant: one beer of three.
    #[serde(default)]
    #[schema(example = json!([]))]
    pub items: Vec<SomeOfItem>,
    #[schema(example = "waited too long")]
    pub reason: String,
    pub authorized_by_id: Option<StaffId>,
    #[schema(value_type = Option<String>, format = Password, example = json!(null))]
    pub pin: Option<Secret>,
}

/// Some units of an item.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SomeOfItem {
    pub item_id: LineId,
    /// All of the item where it is left out.
    #[schema(example = "1")]
    pub quantity: Option<String>,
}

/// Picks a published discount.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PickDiscount {
    pub discount_id: DiscountId,
    /// Of an open discount, within its bounds: percent as a decimal, or an amount.
    pub value: Option<OpenValue>,
    /// Why, where it makes something free and does not say so itself.
    #[schema(example = json!(null))]
    pub reason: Option<String>,
    pub authorized_by_id: Option<StaffId>,
    #[schema(value_type = Option<String>, format = Password, example = json!(null))]
    pub pin: Option<Secret>,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TypeCode {
    #[schema(example = "SAVE20")]
    pub code: String,
    pub authorized_by_id: Option<StaffId>,
    #[schema(value_type = Option<String>, format = Password, example = json!(null))]
    pub pin: Option<Secret>,
}

/// Takes the guest's points off.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TakePoints {
    /// Only the fewest that cover what is left are taken; the answer says how many.
    #[schema(example = 100)]
    pub points: i64,
}

/// The same act, asked for at the guest's profile.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RedeemPoints {
    #[schema(example = 100)]
    pub points: i64,
    pub order_id: OrderId,
}

#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ApplyAutomatic {
    /// What was taken off by hand and is wanted after all: a discount, the guest's tier, or the coupon of a code that
    /// goes on.
    #[schema(example = "dis_01kab4bqf8e1ftz0c6hqp2v9xw")]
    pub discount_id: Option<String>,
}

/// What the automatic discounts come to.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Automatic {
    /// How many the order bears.
    #[schema(example = 1)]
    pub applied: usize,
    pub total_savings: Money,
    pub discounts: Vec<show::Applied>,
    pub order: show::Order,
}

impl Reply for Automatic {
    fn version(&self) -> Option<i64> {
        Some(self.order.version)
    }
}

/// Gives a discount that no rule knows.
pub fn give(
    tx: &mut Tx,
    venue: &Venue,
    order: OrderId,
    ask: &GiveDiscount,
    authorized: Option<Authorized>,
) -> Result<show::Order> {
    let mut tab = find_open(tx, venue.id, order)?;
    super::check_reason(&ask.reason)?;
    let id: OrderDiscountId = tx.new_id();
    let lines = lines_of(&tab, ask)?;
    let mut rule = made_up(&tab, id, ask)?;
    if ask.kind == ManualType::Comp {
        rule.requires_approval = discounts::policy(tx)?.comp_needs_approval;
    }
    let wish = Wish {
        id,
        added: 0,
        what: What::Manual {
            rule: Box::new(rule),
            lines,
        },
        applied_by: tx.scope().by.actor.clone(),
        reason: Some(ask.reason.trim().to_owned()),
        authorized,
        is_bound: false,
    };
    let action = if ask.kind == ManualType::Comp {
        "order.comp"
    } else {
        "order.discount"
    };
    ask_for(tx, venue, &mut tab, wish, action)
}

/// Gives a published discount that staff picked.
pub fn pick(
    tx: &mut Tx,
    venue: &Venue,
    order: OrderId,
    ask: &PickDiscount,
    authorized: Option<Authorized>,
) -> Result<show::Order> {
    let mut tab = find_open(tx, venue.id, order)?;
    let live = discounts::predefined(tx, venue.id, ask.discount_id)?;
    live.valued(ask.value.as_ref(), super::decide::currency(&tab.currency)?)?;
    let reason = ask.reason.clone().or_else(|| live.comp_reason.clone());
    let is_comp = live.rule.kind == Type::Comp;
    let is_bound = is_comp && discounts::policy(tx)?.comp_needs_approval;
    if is_comp {
        super::check_reason(reason.as_deref().unwrap_or_default())?;
    }
    if is_bound && authorized.is_none() {
        return Err(Error::Refused(
            Code::ApprovalRequired,
            needing_pin(Extra::none()),
        ));
    }
    let wish = Wish {
        id: tx.new_id(),
        added: 0,
        what: What::Predefined {
            discount_id: ask.discount_id,
            name: live.rule.name.clone(),
            given: ask.value.clone(),
        },
        applied_by: tx.scope().by.actor.clone(),
        reason,
        authorized,
        is_bound,
    };
    let action = if is_comp {
        "order.comp"
    } else {
        "order.discount"
    };
    ask_for(tx, venue, &mut tab, wish, action)
}

/// Applies the code that was typed.
pub fn type_code(
    tx: &mut Tx,
    venue: &Venue,
    order: OrderId,
    text: &str,
    authorized: Option<Authorized>,
) -> Result<show::Order> {
    let mut tab = find_open(tx, venue.id, order)?;
    let wish = Wish {
        authorized,
        ..code(tx, venue, &mut tab, text)?
    };
    if let What::Coupon { coupon_id, .. } = &wish.what {
        tab.asks.put_back(&coupon_id.to_string());
    }
    ask_for(tx, venue, &mut tab, wish, "order.coupon")
}

/// Takes the guest's points off, in place of those asked for before. `customer`, where it is named, must be whose order
/// it is.
pub fn take_points(
    tx: &mut Tx,
    venue: &Venue,
    order: OrderId,
    points: i64,
    customer: Option<CustomerId>,
) -> Result<show::Order> {
    let mut tab = find_open(tx, venue.id, order)?;
    if customer.is_some() && tab.customer != customer {
        let said = "Choose an order of this customer, or attach them to it first.";
        return Err(Error::field("/orderId", "not_found", said));
    }
    if points <= 0 {
        let said = "Send more than 0; take the discount off the order to spend none.";
        return Err(Error::field("/points", "out_of_range", said));
    }
    if let Some(customer) = tab.customer {
        loyalty::refuse_debtor(tx, Some(venue.id), customer)?;
    }
    let wish = Wish {
        id: tx.new_id(),
        added: 0,
        what: What::Points { points },
        applied_by: tx.scope().by.actor.clone(),
        reason: None,
        authorized: None,
        is_bound: false,
    };
    ask_for(tx, venue, &mut tab, wish, "order.points")
}

/// The wish of a code.
///
/// # Errors
/// `Refused(CouponInvalid)` where there is no such code; `Conflict(AlreadyDone)` where it goes on for the guest anyway.
pub(super) fn code(tx: &mut Tx, venue: &Venue, tab: &mut Tab, text: &str) -> Result<Wish> {
    let coupon = coupons::typed(tx, venue, text)?;
    let is_running = |id: &String| *id == coupon.id.to_string();
    if tab.asks.ids.keys().any(is_running) {
        let said = "The code goes on for this guest: it is applied without being typed.";
        return Err(Error::Conflict(Code::AlreadyDone, Extra::saying(said)));
    }
    let what = What::Coupon {
        coupon_id: coupon.id,
        code: coupon.code.clone(),
    };
    tab.looked_up.push(coupon);
    Ok(Wish {
        id: tx.new_id(),
        added: 0,
        what,
        applied_by: tx.scope().by.actor.clone(),
        reason: None,
        authorized: None,
        is_bound: false,
    })
}

/// What staff pointed at, each item once.
fn lines_of(tab: &Tab, ask: &GiveDiscount) -> Result<Vec<LineShare>> {
    let whole = ask.item_ids.iter().enumerate();
    let whole = whole.map(|(place, id)| (*id, None, format!("/itemIds/{place}")));
    let some = ask.items.iter().enumerate();
    let some = some.map(|(place, one)| {
        let pointer = format!("/items/{place}");
        (one.item_id, one.quantity.as_deref(), pointer)
    });
    let mut lines: Vec<LineShare> = Vec::with_capacity(ask.item_ids.len() + ask.items.len());
    for (id, quantity, pointer) in whole.chain(some) {
        let mut live = tab.lines.iter().filter(|line| line.voided_at.is_none());
        let line_id = id.to_string().into();
        let (Some(line), false) = (
            live.find(|line| line.id == id),
            lines.iter().any(|share| share.line_id == line_id),
        ) else {
            let said = "Send ids of items that stand on the order, each once.";
            return Err(Error::field(pointer, "not_found", said));
        };
        let quantity = quantity.map(|text| share_of(line, text, &format!("{pointer}/quantity")));
        lines.push(LineShare {
            line_id,
            quantity: quantity.transpose()?,
        });
    }
    Ok(lines)
}

/// Some units of a line: whole ones, at most all; a line that was weighed is one unit.
fn share_of(line: &Line, text: &str, pointer: &str) -> Result<Quantity> {
    let asked = items::quantity(text, pointer)?;
    let all = Quantity::from_scaled(line.quantity_milli).map_err(Error::bug)?;
    let is_whole = asked.scaled() % Quantity::SCALE == 0 && asked.scaled() <= all.scaled();
    if asked == all || (all.unit_size() == Quantity::SCALE && is_whole) {
        return Ok(asked);
    }
    let said = "Send a whole number of the item's units, at most all of them; of a weighed item send all or nothing.";
    Err(Error::field(pointer, "out_of_range", said))
}

/// The rule as it is asked for, named by its reason.
fn made_up(tab: &Tab, id: OrderDiscountId, ask: &GiveDiscount) -> Result<Rule> {
    let scope = if ask.item_ids.is_empty() && ask.items.is_empty() {
        Scope::Order
    } else {
        Scope::Item
    };
    let kind = match ask.kind {
        ManualType::Percentage => Type::Percentage,
        ManualType::FixedAmount => Type::FixedAmount,
        ManualType::Comp => Type::Comp,
    };
    let mut wrong = Vec::new();
    let mut check = |is_wrong: bool, pointer: &str, code: &str, said: &str| {
        if is_wrong {
            wrong.push(crate::hall::error::Field::new(pointer, code, said));
        }
    };
    let is_percentage = kind == Type::Percentage;
    let is_fixed = kind == Type::FixedAmount;
    check(
        is_percentage && ask.percent.is_none(),
        "/percent",
        "missing",
        "Say how many percent.",
    );
    check(
        !is_percentage && ask.percent.is_some(),
        "/percent",
        "not_allowed",
        "Only a PERCENTAGE has percent.",
    );
    check(
        is_fixed && ask.amount.is_none(),
        "/amount",
        "missing",
        "Say how much.",
    );
    check(
        !is_fixed && ask.amount.is_some(),
        "/amount",
        "not_allowed",
        "Only a FIXED_AMOUNT has an amount.",
    );
    if let Some(amount) = &ask.amount {
        amount.check_in(&tab.currency, 1, "/amount", &mut wrong);
    }
    if !wrong.is_empty() {
        return Err(Error::Invalid(wrong));
    }
    Ok(Rule {
        name: ask.reason.trim().to_owned(),
        percent: ask.percent,
        amount: ask.amount.as_ref().map(Money::known).transpose()?,
        fixed_per: is_fixed.then_some(engine::discount::FixedPer::Order),
        is_stackable: true,
        ..Rule::new(id.to_string(), kind, scope)
    })
}

/// Takes the wish in and prices the order; what the rules refuse is refused, and nothing is kept of it. Who stood by
/// has an entry of their own.
pub(super) fn ask_for(
    tx: &mut Tx,
    venue: &Venue,
    tab: &mut Tab,
    wish: Wish,
    action: &str,
) -> Result<show::Order> {
    let (id, authorized) = (wish.id.to_string(), wish.authorized);
    tab.asks.add(wish)?;
    let mut order = reprice(tx, venue, tab, action)?;
    let mut removed = tab.removed.iter();
    if let Some(entry) = removed.find(|entry| *entry.candidate_id == *id) {
        return Err(refused(venue, tab, entry));
    }
    if let Some(by) = authorized {
        note_by(
            tx,
            &format!("staff:{}", by.staff),
            "order.approve",
            &mut order,
        )?;
    }
    Ok(order)
}

/// Says by which fields somebody of rank stands by.
fn needing_pin(extra: Extra) -> Extra {
    extra.with("needs", ["authorizedById", "pin"])
}

/// Why the rules said no, with its figures and as a host would say it.
pub(super) fn refused(venue: &Venue, tab: &Tab, entry: &TraceEntry) -> Error {
    let reason = show::reason(tab, entry, language_or_english(&venue.language));
    let code = match entry.reason {
        TraceCode::CustomerRequired => Code::CustomerRequired,
        TraceCode::ApprovalRequired => Code::ApprovalRequired,
        TraceCode::MinimumPoints { .. } => Code::MinimumPoints,
        TraceCode::NotEnoughPoints { .. } => Code::PointsShort,
        _ => Code::DiscountRefused,
    };
    let said = match serde_json::to_value(&entry.reason) {
        Ok(said) => said,
        Err(error) => return Error::bug(error),
    };
    let mut extra = Extra::saying(reason.sentence).with("reason", said);
    if entry.reason == TraceCode::ApprovalRequired {
        extra = needing_pin(extra);
    }
    if let TraceCode::ExcludedBy { discount_id, .. } = &entry.reason {
        let mut by = tab.decided.evaluation.discounts.iter();
        let by = by.find(|one| one.discount_id == *discount_id);
        let id = by.and_then(|one| tab.asks.ids.get(one.candidate_id.as_str()));
        if let Some(id) = id {
            extra = extra.with("excludedById", id.to_string());
        }
    }
    Error::Refused(code, extra)
}

/// Takes a discount off an open order. One that nobody asked for stays off until somebody asks for it by name.
pub fn take_off(
    tx: &mut Tx,
    venue: &Venue,
    order: OrderId,
    if_match: Option<&HeaderValue>,
    id: OrderDiscountId,
) -> Result<show::Order> {
    let mut tab = find_for_edit(tx, venue.id, order, if_match)?;
    let mut ids = tab.asks.ids.iter();
    let (candidate, _) = ids
        .find(|(_, borne)| **borne == id)
        .ok_or(Error::NotFound("discount of the order"))?;
    let candidate = candidate.clone();
    if tab.asks.find(&candidate).is_none() && tab.asks.off.len() >= OFF_MAX {
        let detail = format!("At most {OFF_MAX} discounts stay off an order; put one back first.");
        return Err(Error::Refused(Code::DiscountRefused, Extra::saying(detail)));
    }
    tab.asks.take_off(&candidate);
    reprice(tx, venue, &mut tab, "order.take_off")
}

/// Weighs the automatic discounts again, with one that was taken off where it is named.
pub fn apply_automatic(
    tx: &mut Tx,
    venue: &Venue,
    order: OrderId,
    ask: &ApplyAutomatic,
) -> Result<Automatic> {
    let mut tab = find_open(tx, venue.id, order)?;
    if let Some(wanted) = &ask.discount_id {
        let mut known = tab.decided.candidates.iter();
        if !tab.asks.is_off(wanted) && !known.any(|one| one.id.as_str() == wanted) {
            return Err(Error::NotFound("discount among those taken off"));
        }
        tab.asks.put_back(wanted);
    }
    let order = reprice(tx, venue, &mut tab, "order.apply_automatic")?;
    let is_automatic = |one: &&show::Applied| one.origin == engine::discount::Origin::Automatic;
    let discounts: Vec<show::Applied> = order
        .discounts
        .iter()
        .filter(is_automatic)
        .cloned()
        .collect();
    let saved = discounts.iter().map(|one| one.amount.amount).sum();
    Ok(Automatic {
        applied: discounts.len(),
        total_savings: Money::of(saved, &tab.currency),
        discounts,
        order,
    })
}
