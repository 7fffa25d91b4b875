//! Who is on the leaderboards, and as whom.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::board::{Period, Span};
use super::store;
use crate::hall::call::Reply;
use crate::hall::error::{Code, Error, Extra, OnViolation as _, Result};
use crate::hall::id::{CustomerId, VenueId};
use crate::hall::store::Tx;
use crate::hall::text::fold;
use crate::tiers;

const ALIAS_LETTERS_MIN: usize = 2;
const ALIAS_LETTERS_MAX: usize = 24;
/// More digits in a row read as somebody's number.
const DIGITS_MAX: usize = 5;

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinLeaderboards {
    /// 2 to 24 characters, nobody else's in the chain, and no email or phone number.
    #[schema(example = "Pils Pelle")]
    pub alias: String,
}

/// A guest who is on the leaderboards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    #[schema(example = "Pils Pelle")]
    pub alias: String,
    pub since: Timestamp,
}

impl Reply for Member {}

/// Puts the guest on every leaderboard of the chain with what they have earned so far, or changes their alias.
///
/// # Errors
/// `Conflict(NameTaken)` where another guest goes by the alias.
pub fn join(tx: &mut Tx, customer: CustomerId, ask: &JoinLeaderboards) -> Result<Member> {
    let alias = checked(&ask.alias)?;
    let before = store::member(tx, customer)?;
    let after = Member {
        since: before.as_ref().map_or(tx.now(), |before| before.since),
        alias,
    };
    store::put_member(tx, customer, &after, &fold(&after.alias)).on_unique(|| {
        let said = "Another guest goes by this alias; choose another.";
        Error::Conflict(Code::NameTaken, Extra::saying(said))
    })?;
    if before.is_none() {
        bring(tx, customer)?;
    }
    tx.audit("leaderboards.join", customer, before.as_ref(), Some(&after))?;
    Ok(after)
}

/// Takes the guest off every leaderboard, at once.
pub fn leave(tx: &mut Tx, customer: CustomerId) -> Result<()> {
    let Some(before) = store::member(tx, customer)? else {
        return Ok(());
    };
    store::remove(tx, customer)?;
    tx.audit("leaderboards.leave", customer, Some(&before), None::<&()>)
}

/// The totals of all that the guest has earned.
fn bring(tx: &mut Tx, customer: CustomerId) -> Result<()> {
    let mut totals: HashMap<(VenueId, Span), i64> = HashMap::new();
    for (venue, day, points) in tiers::points_by_day(tx, customer)? {
        for span in Period::EACH.map(|one| one.around(day)) {
            *totals.entry((venue, span)).or_default() += points;
        }
    }
    let totals: Vec<(VenueId, Span, i64)> = totals
        .into_iter()
        .map(|((venue, span), points)| (venue, span, points))
        .collect();
    store::insert(tx, customer, &totals)
}

fn checked(alias: &str) -> Result<String> {
    let alias = alias.split_whitespace().collect::<Vec<_>>().join(" ");
    let letters = alias.chars().count();
    let wrong = |code: &str, said: String| Err(Error::field("/alias", code, said));
    if !(ALIAS_LETTERS_MIN..=ALIAS_LETTERS_MAX).contains(&letters) {
        let said = format!("Send {ALIAS_LETTERS_MIN} to {ALIAS_LETTERS_MAX} characters.");
        return wrong("invalid_length", said);
    }
    if alias.chars().any(char::is_control) || fold(&alias).is_empty() {
        return wrong("invalid", "Send letters that people can read.".into());
    }
    if alias.contains(['@', '＠']) || has_number(&alias) {
        let said = "Leave email addresses and phone numbers out: everybody reads it.";
        return wrong("not_allowed", said.into());
    }
    Ok(alias)
}

/// Whether digits stand together as in a phone number, whatever is written between them.
fn has_number(alias: &str) -> bool {
    let mut run = 0;
    for letter in alias.chars() {
        if letter.is_numeric() {
            run += 1;
        } else if letter.is_alphabetic() {
            run = 0;
        }
        if run > DIGITS_MAX {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn an_alias_gives_no_address_away() {
        for (alias, kept) in [
            ("  Pils   Pelle ", Some("Pils Pelle")),
            ("Åsa 84", Some("Åsa 84")),
            ("Bo", Some("Bo")),
            ("4 of 12 in 345", Some("4 of 12 in 345")),
            ("x", None),
            ("a name that nobody can read", None),
            ("me@example.com", None),
            ("070-174 06 05", None),
            ("call 0 7 0 1 7 4", None),
            ("a\u{7}b", None),
            ("\u{301}\u{301}", None),
        ] {
            assert_eq!(checked(alias).ok().as_deref(), kept, "{alias:?}");
        }
    }
}
