//! How the till finds a customer: by a name, an email, a phone or its last digits, a tag.
//!
//! What is typed is folded as the terms were. Each word is a short range of one table, so the cost does
//! not grow with the chain: ranges are cut at a few hundred rows before anything is joined.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::check;
use super::profile::Customer;
use super::store::terms as store;
use super::terms::{self, TYPO_LETTERS_MIN};
use crate::hall::call::Reply;
use crate::hall::error::{Error, Result};
use crate::hall::id::{CustomerId, GroupId, VenueId};
use crate::hall::identity::Venue;
use crate::hall::store::Read;
use crate::hall::text::prefix_end;

/// What a till's screen shows.
pub const FOUND_MAX: usize = 20;
/// Rows of terms that one look reads: several times what is shown, to rank among.
const POOL: i64 = 200;
/// Of customers who must be asked for more than one word, so many are enough.
const ASKED_FOUND: i64 = 60;
/// With so many found, nobody is offered whose name is only almost so.
const NEAR_BELOW: usize = 5;
/// Digits from which a text is a phone, or the end of one.
const DIGITS_MIN: usize = 3;
const TYPED_LETTERS_MAX: usize = 200;
const WORDS_MAX: usize = 4;

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
pub struct Find {
    /// A name or the beginnings of its words, an email, a phone, or a tag.
    #[param(example = "asa lind")]
    pub q: Option<String>,
    /// A phone, its beginning, or its last digits.
    #[param(example = "0605")]
    pub phone: Option<String>,
    /// An email or its beginning.
    #[param(example = "asa@")]
    pub email: Option<String>,
}

/// A customer as the till shows them in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FoundCustomer {
    pub id: CustomerId,
    #[schema(example = "Åsa")]
    pub first_name: Option<String>,
    #[schema(example = "Lindqvist")]
    pub last_name: Option<String>,
    #[schema(example = "asa@example.com")]
    pub email: Option<String>,
    #[schema(example = "+46701740605")]
    pub phone: Option<String>,
    #[schema(example = json!(["VIP"]))]
    pub tags: Vec<String>,
    pub customer_group_id: Option<GroupId>,
    #[schema(example = 1040)]
    pub loyalty_points: i64,
    #[schema(example = 12)]
    pub total_visits: i64,
    pub last_visit_at: Option<Timestamp>,
    /// The tier's name; `null` is the first of the ladder.
    #[schema(example = "GOLD")]
    pub tier: Option<String>,
}

impl Reply for FoundCustomer {}

impl From<Customer> for FoundCustomer {
    fn from(customer: Customer) -> FoundCustomer {
        FoundCustomer {
            id: customer.id,
            first_name: customer.first_name,
            last_name: customer.last_name,
            email: customer.email,
            phone: customer.phone,
            tags: customer.tags,
            customer_group_id: customer.customer_group_id,
            loyalty_points: customer.loyalty_points,
            total_visits: customer.total_visits,
            last_visit_at: customer.last_visit_at,
            tier: customer.tier,
        }
    }
}

/// Who was seen at the venue last.
pub fn recent(read: &mut Read, venue: VenueId) -> Result<Vec<FoundCustomer>> {
    store::recent(read, venue, FOUND_MAX)
}

/// The best matches in the whole chain, at most 20.
pub fn search(read: &mut Read, venue: &Venue, find: &Find) -> Result<Vec<FoundCustomer>> {
    let given = [
        ("?q", &find.q),
        ("?phone", &find.phone),
        ("?email", &find.email),
    ];
    let mut given = given
        .into_iter()
        .filter_map(|(pointer, text)| text.as_deref().map(|text| (pointer, text.trim())))
        .filter(|(_, text)| !text.is_empty());
    let (Some((pointer, text)), None) = (given.next(), given.next()) else {
        return Err(Error::field(
            "?q",
            "invalid",
            "Send exactly one of q, phone and email.",
        ));
    };
    if text.chars().count() > TYPED_LETTERS_MAX {
        let message = format!("Send at most {TYPED_LETTERS_MAX} characters.");
        return Err(Error::field(pointer, "too_long", message));
    }
    let mut ranked = match pointer {
        "?phone" => by_ranges(read, &phone_ranges(text, &venue.country))?,
        "?email" => by_ranges(read, &[prefix(&text.to_lowercase())])?,
        _ => by_text(read, text, &venue.country)?,
    };
    ranked.truncate(FOUND_MAX);
    Ok(ranked)
}

/// One word of what is searched: terms within one of the ranges, or one of the terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needle {
    Ranges(Vec<(String, String)>),
    Terms(Vec<String>),
}

/// What a list filters by: each needle must find the customer.
pub fn needles(text: &str, country: &str) -> Vec<Needle> {
    match kind(text) {
        Kind::Email => vec![Needle::Ranges(vec![prefix(&text.to_lowercase())])],
        Kind::Phone => vec![Needle::Ranges(phone_ranges(text, country))],
        Kind::Tag(tag) => vec![Needle::Terms(vec![tag])],
        Kind::Name(words) => {
            let ranges = words.iter().map(|word| Needle::Ranges(vec![prefix(word)]));
            ranges.collect()
        }
    }
}

/// The same with one letter wrong in each longer word, if there is one.
pub fn near_needles(text: Option<&str>) -> Option<Vec<Needle>> {
    let Kind::Name(words) = kind(text?) else {
        return None;
    };
    words.iter().any(|word| is_long(word)).then(|| {
        let near = |word: &String| match is_long(word) {
            true => Needle::Terms(terms::near(word).into_iter().collect()),
            false => Needle::Ranges(vec![prefix(word)]),
        };
        words.iter().map(near).collect()
    })
}

enum Kind {
    Email,
    Phone,
    Tag(String),
    Name(Vec<String>),
}

fn kind(text: &str) -> Kind {
    let text = text.trim();
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let dialled = text
        .chars()
        .all(|c| c.is_ascii_digit() || " +-()./".contains(c));
    if let Some(tag) = text.strip_prefix('#') {
        Kind::Tag(terms::tag(tag))
    } else if text.contains('@') {
        Kind::Email
    } else if dialled && digits >= DIGITS_MIN {
        Kind::Phone
    } else {
        let mut words = terms::words(text);
        words.truncate(WORDS_MAX);
        Kind::Name(words)
    }
}

fn is_long(word: &str) -> bool {
    word.chars().count() >= TYPO_LETTERS_MIN
}

fn prefix(text: &str) -> (String, String) {
    (text.to_owned(), prefix_end(text))
}

/// Its beginning in E.164 where it has one, and the same digits at the end of a number.
fn phone_ranges(text: &str, country: &str) -> Vec<(String, String)> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let bare = digits.trim_start_matches('0');
    if digits.len() < DIGITS_MIN || bare.is_empty() {
        return Vec::new();
    }
    let mut ranges = Vec::new();
    if let Some(whole) = check::phone(text, country) {
        ranges.push(prefix(&whole));
    }
    if text.trim().starts_with('+') || digits.starts_with("00") {
        ranges.push(prefix(&format!("+{bare}")));
    } else {
        if let Some(code) = check::country_code(country) {
            ranges.push(prefix(&format!("+{code}{bare}")));
        }
        // The last digits as they are typed, their zeros too.
        ranges.push(prefix(&terms::behind(&digits)));
        ranges.push(prefix(&terms::behind(bare)));
    }
    ranges.dedup();
    ranges
}

fn by_ranges(read: &mut Read, ranges: &[(String, String)]) -> Result<Vec<FoundCustomer>> {
    let mut best = BTreeMap::new();
    for (low, high) in ranges {
        let hits = store::in_range(read, low, high, POOL)?;
        note(
            &mut best,
            hits.into_iter()
                .map(|(term, id)| (id, i64::from(term != *low))),
        );
    }
    ranked(read, &best)
}

/// Keeps the best rank of each.
fn note(best: &mut BTreeMap<CustomerId, i64>, hits: impl Iterator<Item = (CustomerId, i64)>) {
    for (id, rank) in hits {
        let kept = best.entry(id).or_insert(rank);
        *kept = rank.min(*kept);
    }
}

/// The active ones: exact matches first, then prefixes, then typos; who was here last before the others.
fn ranked(read: &mut Read, best: &BTreeMap<CustomerId, i64>) -> Result<Vec<FoundCustomer>> {
    let ids: Vec<CustomerId> = best.keys().copied().collect();
    let mut found = store::found(read, &ids)?;
    found.sort_by_key(|(customer, seen)| {
        let rank = best.get(&customer.id).copied().unwrap_or(i64::MAX);
        (rank, std::cmp::Reverse(*seen), customer.id)
    });
    Ok(found.into_iter().map(|(customer, _)| customer).collect())
}

fn by_text(read: &mut Read, text: &str, country: &str) -> Result<Vec<FoundCustomer>> {
    match kind(text) {
        Kind::Email => by_ranges(read, &[prefix(&text.to_lowercase())]),
        Kind::Phone => by_ranges(read, &phone_ranges(text, country)),
        Kind::Tag(tag) => by_ranges(read, &[(tag.clone(), terms::just_after(&tag))]),
        Kind::Name(words) => by_name(read, &words, text),
    }
}

fn by_name(read: &mut Read, words: &[String], text: &str) -> Result<Vec<FoundCustomer>> {
    let mut best = BTreeMap::new();
    let phrase = words.join(" ");
    if phrase.is_empty() {
        return Ok(Vec::new());
    }
    let hits = store::in_range(read, &phrase, &prefix_end(&phrase), POOL)?;
    note(
        &mut best,
        hits.into_iter()
            .map(|(term, id)| (id, i64::from(term != phrase))),
    );
    if words.len() > 1 && best.len() < FOUND_MAX {
        let all = words.iter().map(|word| prefix(word)).collect();
        note(
            &mut best,
            each(read, all, None)?.into_iter().map(|id| (id, 1)),
        );
    }
    if best.len() < FOUND_MAX {
        let tag = terms::tag(text);
        let hits = store::in_range(read, &tag, &terms::just_after(&tag), POOL)?;
        note(&mut best, hits.into_iter().map(|(_, id)| (id, 1)));
    }
    let mut found = ranked(read, &best)?;
    if found.len() < NEAR_BELOW {
        let near: BTreeMap<CustomerId, i64> = near(read, words)?
            .into_iter()
            .filter(|id| !best.contains_key(id))
            .map(|id| (id, 2))
            .collect();
        let mut near = ranked(read, &near)?;
        near.retain(|customer| is_meant(customer, words));
        found.append(&mut near);
    }
    Ok(found)
}

/// Those whom every word finds: the longest word is looked up, the others are asked of whom it finds.
fn each(
    read: &mut Read,
    mut ranges: Vec<(String, String)>,
    near: Option<&BTreeSet<String>>,
) -> Result<Vec<CustomerId>> {
    if near.is_none() {
        ranges.sort_by_key(|(low, _)| std::cmp::Reverse(low.len()));
    }
    store::all_of(read, near, &ranges, ASKED_FOUND)
}

/// Those whom the words find with one letter wrong in one of them.
fn near(read: &mut Read, words: &[String]) -> Result<BTreeSet<CustomerId>> {
    let mut known = Vec::new();
    for word in words {
        let (low, high) = prefix(word);
        known.push(!store::in_range(read, &low, &high, 1)?.is_empty());
    }
    let mut found = BTreeSet::new();
    for (place, word) in words.iter().enumerate() {
        let others = (0..words.len()).filter(|other| *other != place);
        // A word that nobody has is the wrong one: the others are not tried in its place.
        if !is_long(word) || !others.clone().all(|other| known[other]) {
            continue;
        }
        let ranges = others.map(|other| prefix(&words[other])).collect();
        found.extend(each(read, ranges, Some(&terms::near(word)))?);
    }
    Ok(found)
}

/// Two words that lose a letter each may meet though they are far apart: such are left out.
fn is_meant(customer: &FoundCustomer, words: &[String]) -> bool {
    let mut name = terms::words(customer.first_name.as_deref().unwrap_or_default());
    name.extend(terms::words(
        customer.last_name.as_deref().unwrap_or_default(),
    ));
    let local = customer
        .email
        .as_deref()
        .and_then(|email| email.split_once('@'));
    name.extend(terms::words(local.map_or("", |(local, _)| local)));
    words.iter().all(|word| {
        name.iter()
            .any(|part| part.starts_with(word) || terms::is_near(word, part))
    })
}
