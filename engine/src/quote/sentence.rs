//! Traces as sentences, in the reader's language.

use serde::{Deserialize, Serialize};

use super::trace::TraceCode;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    En,
    Sv,
    Es,
}

/// What a host would say; `money` writes minor units as the reader knows them.
pub fn sentence(code: &TraceCode, language: Language, money: &dyn Fn(i64) -> String) -> String {
    match (code, language) {
        (TraceCode::Applied { saving, .. }, Language::En) => {
            format!("Takes {} off.", money(*saving))
        }
        _ => String::new(),
    }
}
