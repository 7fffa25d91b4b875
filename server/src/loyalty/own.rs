//! What moved a guest's points, as it is told to them: in words, and with nothing of the house.

use engine::speech::Language;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::config::{Config, effective};
use super::ledger::{Entry, EntryKind, history};
use super::sentence;
use crate::customers;
use crate::hall::call::Reply;
use crate::hall::error::Result;
use crate::hall::id::{CustomerId, LedgerId, OrderId};
use crate::hall::page::{Page, Paging};
use crate::hall::store::Read;
use crate::hall::text::language_or_english;

/// A row of my points.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnEntry {
    pub id: LedgerId,
    pub kind: EntryKind,
    /// Signed.
    #[schema(example = 50)]
    pub points: i64,
    /// Never below zero where the program says `debtShown: ZERO`.
    #[schema(example = 50)]
    pub balance_after: i64,
    /// What a balance below zero meant, in the guest's language; `null` while it was not.
    #[schema(example = json!(null))]
    pub sentence: Option<String>,
    /// What it was for, in the guest's language.
    #[schema(example = "For a purchase")]
    pub about: String,
    /// The order that it was for, where it is one.
    pub order_id: Option<OrderId>,
    pub at: Timestamp,
}

impl Reply for OwnEntry {}

/// The guest's rows, newest first.
pub fn own_history(
    read: &mut Read,
    customer: CustomerId,
    paging: &Paging,
) -> Result<Page<OwnEntry>> {
    let reader = customers::find(read, customer)?;
    let language = language_or_english(&reader.language);
    let config = effective(read, None)?;
    let page = history(read, customer, paging)?;
    Ok(page.map(|entry| told(&entry, &config, language)))
}

fn told(entry: &Entry, config: &Config, language: Language) -> OwnEntry {
    let balance = entry.balance_after;
    OwnEntry {
        id: entry.id,
        kind: entry.kind,
        points: entry.points,
        balance_after: config.debt_shown.of(balance),
        sentence: (balance < 0).then(|| sentence::debt(-balance, true, language)),
        about: sentence::about(entry, language).to_owned(),
        order_id: order_of(entry),
        at: entry.at,
    }
}

/// A reversal is of the order whose points it moves back.
fn order_of(entry: &Entry) -> Option<OrderId> {
    let reversed = entry.policy["purchaseId"].as_str();
    let named = [Some(&*entry.cause_id), reversed];
    named.into_iter().flatten().find_map(|id| id.parse().ok())
}
