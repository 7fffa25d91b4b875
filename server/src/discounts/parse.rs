//! Rules that were parsed before: a code brings its rule to every order, and reading a hundred of them as JSON would be
//! most of the work. A version never changes, but one that was rolled back may come again with another text, so
//! the text is compared; that costs next to nothing.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use engine::discount::Discount as Rule;

use super::open::Terms;
use crate::hall::error::{Error, Result};
use crate::hall::id::DiscountId;

/// About 20 MB of rules of a usual size; when it is full it begins anew.
const PARSED_MAX: usize = 4_096;

type Key = (DiscountId, i64);

#[derive(Clone)]
pub struct Parsed {
    pub rule: Arc<Rule>,
    pub terms: Arc<Terms>,
    text: Arc<(String, Option<String>)>,
}

static PARSED: LazyLock<Mutex<HashMap<Key, Parsed>>> = LazyLock::new(Mutex::default);

/// The version of these texts.
pub fn parse(key: Key, rule: String, terms: Option<String>) -> Result<Parsed> {
    let text = (rule, terms);
    let known = PARSED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = known.get(&key).filter(|found| *found.text == text) {
        return Ok(found.clone());
    }
    drop(known);
    let parsed = Parsed {
        rule: Arc::new(serde_json::from_str(&text.0).map_err(Error::bug)?),
        terms: Arc::new(match &text.1 {
            Some(terms) => serde_json::from_str(terms).map_err(Error::bug)?,
            None => Terms::default(),
        }),
        text: Arc::new(text),
    };
    let mut known = PARSED.lock().unwrap_or_else(PoisonError::into_inner);
    if known.len() >= PARSED_MAX {
        known.clear();
    }
    known.insert(key, parsed.clone());
    Ok(parsed)
}
