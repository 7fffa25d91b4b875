//! The ledger and its lots: rows are appended, never changed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;

use super::config::effective;
use super::store::lots::{self, NewLot};
use super::{reminders, sentence, store};
use crate::customers::{self, Ledgered};
use crate::hall::call::Reply;
use crate::hall::error::{Code, Error, Extra, OnViolation as _, Result};
use crate::hall::id::{CustomerId, LedgerId, LotId, VenueId};
use crate::hall::journal::EventType;
use crate::hall::page::{Page, Paging};
use crate::hall::room::{RECENT_MAX, RecentOfCustomer};
use crate::hall::store::{Read, Tx};
use crate::hall::text::language_or_english;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EntryKind {
    Earn,
    Redeem,
    Expire,
    Adjust,
    Reverse,
    Merge,
    Opening,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EarnKind {
    Spend,
    Visit,
    Bonus,
}

/// One row of a customer's ledger.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    pub id: LedgerId,
    pub customer_id: CustomerId,
    /// 1, 2, 3 … for each customer.
    #[schema(example = 1)]
    pub seq: i64,
    pub kind: EntryKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earn_kind: Option<EarnKind>,
    /// The number of the row that this one takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1)]
    pub reverses: Option<i64>,
    /// Signed.
    #[schema(example = 50)]
    pub points: i64,
    #[schema(example = 50)]
    pub balance_after: i64,
    pub venue_id: Option<VenueId>,
    /// What caused it: `order`, `import`, …
    #[schema(example = "order")]
    pub cause_kind: String,
    pub cause_id: String,
    /// What earned: the root of what is linked, once of each kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ord_01kab4bqf8e1ftz0c6hqp2v9xw")]
    pub purchase_id: Option<String>,
    /// The rules as they stood, and where each point came from. Of `EXPIRE` nothing: the row that opened a lot says by
    /// what it ends.
    #[schema(value_type = Object)]
    pub policy: Json,
    pub at: Timestamp,
}

impl Reply for Entry {}

/// What a customer has.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Balance {
    pub customer_id: CustomerId,
    /// Open lots less debt.
    #[schema(example = 694)]
    pub points: i64,
    /// What the guest is shown: never below zero where the program says `debtShown: ZERO`.
    #[schema(example = 694)]
    pub points_shown: i64,
    /// Points that were spent before a refund took them back; what comes in pays them first.
    #[schema(example = 0)]
    pub debt: i64,
    /// By open orders.
    #[schema(example = 100)]
    pub held: i64,
    /// What the next order can redeem.
    #[schema(example = 594)]
    pub available: i64,
    /// What ends next, and when; `null` where nothing ends.
    pub next_to_expire: Option<NextToExpire>,
    /// What the debt means, for the customer to read in their language; `null` while there is none.
    #[schema(example = json!(null))]
    pub sentence: Option<String>,
    /// The first thousand.
    pub lots: Vec<Lot>,
}

/// Points that end at the same time.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NextToExpire {
    #[schema(example = 194)]
    pub points: i64,
    pub at: Timestamp,
}

/// Points of one earn that are still open, soonest to end first.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Lot {
    pub id: LotId,
    #[schema(example = 194)]
    pub open: i64,
    pub earned_at: Timestamp,
    /// `null`: it does not end.
    pub expires_at: Option<Timestamp>,
}

impl Reply for Balance {}

pub const RECENT: RecentOfCustomer = RecentOfCustomer {
    name: "loyaltyTransactions",
    scope: "loyalty:read",
    row: Entry::name,
    newest,
};

/// Wherever they came from: points are the chain's.
fn newest(read: &mut Read, customer: CustomerId, _: Option<VenueId>) -> Result<Vec<Json>> {
    let rows = store::newest(read, customer, RECENT_MAX)?;
    let rows = rows.iter().map(serde_json::to_value);
    rows.collect::<serde_json::Result<_>>().map_err(Error::bug)
}

/// Points that come in, with why.
#[derive(Debug, Clone)]
pub struct Credit {
    pub customer: CustomerId,
    pub venue: VenueId,
    pub earn_kind: EarnKind,
    /// More than 0.
    pub points: i64,
    pub cause_kind: &'static str,
    pub cause_id: String,
    pub purchase_id: String,
    pub policy: Json,
    pub at: Timestamp,
    pub expires_at: Option<Timestamp>,
}

/// Why a row of the ledger is written.
#[derive(Debug, Clone)]
pub(super) struct Because {
    pub customer: CustomerId,
    pub venue: Option<VenueId>,
    pub cause_kind: String,
    pub cause_id: String,
    pub policy: Json,
    pub at: Timestamp,
}

impl Because {
    pub fn row(&self, tx: &Tx, kind: EntryKind, points: i64, moved: Ledgered) -> Entry {
        Entry {
            id: tx.new_id(),
            customer_id: self.customer,
            seq: moved.seq,
            kind,
            earn_kind: None,
            reverses: None,
            points,
            balance_after: moved.balance,
            venue_id: self.venue,
            cause_kind: self.cause_kind.clone(),
            cause_id: self.cause_id.clone(),
            purchase_id: None,
            policy: self.policy.clone(),
            at: self.at,
        }
    }
}

/// Appends a row; the balance has moved.
pub(super) fn note(
    tx: &mut Tx,
    because: &Because,
    kind: EntryKind,
    points: i64,
    moved: Ledgered,
) -> Result<Entry> {
    let entry = because.row(tx, kind, points, moved);
    store::append(tx, &entry)?;
    Ok(entry)
}

/// As [`note`], where the row may be there already.
pub(super) fn note_once(
    tx: &mut Tx,
    because: &Because,
    kind: EntryKind,
    points: i64,
    moved: Ledgered,
) -> Result<Entry> {
    let entry = because.row(tx, kind, points, moved);
    store::append_once(tx, &entry)?;
    Ok(entry)
}

/// Appends a row that takes back row `reverses` of the same customer.
///
/// # Errors
/// `Conflict(AlreadyDone)` where the same cause has reversed that row already (L27).
pub(super) fn reversal(
    tx: &mut Tx,
    because: &Because,
    reverses: i64,
    points: i64,
    moved: Ledgered,
) -> Result<Entry> {
    let mut entry = because.row(tx, EntryKind::Reverse, points, moved);
    entry.reverses = Some(reverses);
    store::append_once(tx, &entry)
        .on_unique(|| Error::Conflict(Code::AlreadyDone, Extra::none()))?;
    Ok(entry)
}

/// Adds points, and the lot in which they live; debt is paid first, from what is added.
pub(super) fn open_lot(
    tx: &mut Tx,
    customer: CustomerId,
    points: i64,
    earned_at: Timestamp,
    expires_at: Option<Timestamp>,
    append: impl FnOnce(&mut Tx, Ledgered) -> Result<Entry>,
) -> Result<Entry> {
    let moved = customers::add_points(tx, customer, points, expires_at)?;
    let entry = append(tx, moved)?;
    // L02: what the balance was below zero was debt.
    let debt = (points - moved.balance).max(0);
    let lot = NewLot {
        customer,
        seq: moved.seq,
        earned_at,
        expires_at,
        earned: points,
        settled: debt.min(points),
        reminder_days: reminders::first(expires_at, tx.now()),
    };
    lots::open_lot(tx, tx.new_id(), &lot)?;
    Ok(entry)
}

/// Appends an `EARN` row and its lot, and moves the balance with them. Debt is paid first.
///
/// # Errors
/// `Violation(Unique)` where the purchase has earned this kind already (L27).
pub fn credit(tx: &mut Tx, credit: &Credit) -> Result<Entry> {
    let because = Because {
        customer: credit.customer,
        venue: Some(credit.venue),
        cause_kind: credit.cause_kind.into(),
        cause_id: credit.cause_id.clone(),
        policy: credit.policy.clone(),
        at: credit.at,
    };
    let earned = (credit.earn_kind, &*credit.purchase_id);
    earn(tx, &because, earned, credit.points, credit.expires_at)
}

fn earn(
    tx: &mut Tx,
    because: &Because,
    (earn_kind, purchase_id): (EarnKind, &str),
    points: i64,
    expires_at: Option<Timestamp>,
) -> Result<Entry> {
    open_lot(
        tx,
        because.customer,
        points,
        because.at,
        expires_at,
        |tx, moved| {
            let mut entry = because.row(tx, EntryKind::Earn, points, moved);
            entry.earn_kind = Some(earn_kind);
            entry.purchase_id = Some(purchase_id.to_owned());
            store::append(tx, &entry)?;
            Ok(entry)
        },
    )
}

/// As [`credit`], and tells the world.
pub fn credit_aloud(tx: &mut Tx, ask: &Credit) -> Result<Entry> {
    let entry = credit(tx, ask)?;
    tell_earned(tx, &entry)?;
    Ok(entry)
}

fn tell_earned(tx: &mut Tx, entry: &Entry) -> Result<()> {
    tx.audit_new("points.earn", entry.id, entry)?;
    tx.emit(EventType::PointsEarned, entry.venue_id, entry)
}

/// Points that come of no purchase: a streak's bonus.
#[derive(Debug, Clone)]
pub struct Grant {
    pub customer: CustomerId,
    /// Whose program says how long they live; the chain's where it is none.
    pub venue: Option<VenueId>,
    /// More than 0.
    pub points: i64,
    pub cause_kind: &'static str,
    pub cause_id: String,
    /// What it is granted for, once (L27).
    pub purchase_id: String,
    pub policy: Json,
}

/// Gives bonus points: an `EARN` row of the kind `BONUS`, with a lot as long as the program says.
///
/// # Errors
/// `Violation(Unique)` where it has been granted already (L27).
pub fn grant(tx: &mut Tx, ask: &Grant) -> Result<Entry> {
    let now = tx.now();
    let because = Because {
        customer: ask.customer,
        venue: ask.venue,
        cause_kind: ask.cause_kind.into(),
        cause_id: ask.cause_id.clone(),
        policy: ask.policy.clone(),
        at: now,
    };
    let ends = effective(tx, ask.venue)?.ends(now);
    let earned = (EarnKind::Bonus, &*ask.purchase_id);
    let entry = earn(tx, &because, earned, ask.points, ends)?;
    tell_earned(tx, &entry)?;
    Ok(entry)
}

/// What a customer has, as the program of the venue shows it, or the chain's.
pub fn balance(read: &mut Read, venue: Option<VenueId>, customer: CustomerId) -> Result<Balance> {
    let purse = customers::purse(read, customer)?;
    let now = read.now();
    let lots = store::open_lots(read, customer)?;
    let live = if lots.len() < store::SHOWN_MAX {
        let live = lots
            .iter()
            .filter(|lot| lot.expires_at.is_none_or(|ends| ends > now));
        live.map(|lot| lot.open).sum()
    } else {
        lots::live(read, customer, now)?
    };
    let mut balance = Balance {
        customer_id: customer,
        points: purse.balance,
        points_shown: purse.balance,
        debt: purse.debt,
        held: purse.held,
        available: (live - purse.held).max(0),
        next_to_expire: next_to_expire(&lots, now),
        sentence: None,
        lots,
    };
    if purse.debt > 0 {
        let config = effective(read, venue)?;
        balance.points_shown = config.debt_shown.of(purse.balance);
        let said = debt_sentence(read, customer, purse.debt, config.redeem_with_debt)?;
        balance.sentence = Some(said);
    }
    Ok(balance)
}

/// What moved a customer's points, newest first.
pub fn history(read: &mut Read, customer: CustomerId, paging: &Paging) -> Result<Page<Entry>> {
    store::entries(read, customer, paging)
}

/// As [`balance`], as the guest sees it: nothing is below zero where the program says so.
pub fn own_balance(read: &mut Read, customer: CustomerId) -> Result<Balance> {
    let balance = balance(read, None, customer)?;
    Ok(Balance {
        points: balance.points_shown,
        ..balance
    })
}

fn debt_sentence(read: &mut Read, customer: CustomerId, debt: i64, may: bool) -> Result<String> {
    let reader = customers::find(read, customer)?;
    let language = language_or_english(&reader.language);
    Ok(sentence::debt(debt, may, language))
}

/// Refuses to spend points of a customer who owes some, where the program says so.
///
/// # Errors
/// `Refused(PointsOwed)` with the debt.
pub fn refuse_debtor(read: &mut Read, venue: Option<VenueId>, customer: CustomerId) -> Result<()> {
    let debt = customers::purse(read, customer)?.debt;
    if debt == 0 || effective(read, venue)?.redeem_with_debt {
        return Ok(());
    }
    let extra = Extra::saying(debt_sentence(read, customer, debt, false)?).with("debt", debt);
    Err(Error::Refused(Code::PointsOwed, extra))
}

/// Of lots in the order of their ends; one that has lapsed and waits for the job does not end next.
fn next_to_expire(lots: &[Lot], now: Timestamp) -> Option<NextToExpire> {
    let mut ending = lots
        .iter()
        .filter_map(|lot| Some((lot.open, lot.expires_at?)));
    let (_, at) = ending.clone().find(|(_, at)| *at > now)?;
    let points = ending
        .by_ref()
        .filter(|(_, ends)| *ends == at)
        .map(|(open, _)| open)
        .sum();
    Some(NextToExpire { points, at })
}
