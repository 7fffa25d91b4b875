//! Traces as sentences, in the reader's language: what a host would say to the guest at the till.

mod en;
mod es;
mod sv;

use serde::{Deserialize, Serialize};

use super::trace::TraceCode;
use crate::id::DiscountId;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    En,
    Sv,
    Es,
}

/// How the reader knows amounts and rules.
#[derive(Clone, Copy)]
pub struct Wording<'a> {
    /// Minor units of the order's currency, written with their currency.
    pub money: &'a dyn Fn(i64) -> String,
    /// A rule by its name.
    pub name: &'a dyn Fn(&DiscountId) -> String,
}

pub fn sentence(code: &TraceCode, language: Language, wording: Wording<'_>) -> String {
    match language {
        Language::En => en::say(code, wording),
        Language::Sv => sv::say(code, wording),
        Language::Es => es::say(code, wording),
    }
}

/// "Fri, Sat 22:00–02:00" from days by their short names, Sunday first.
fn hours(code: &TraceCode, days: [&str; 7]) -> String {
    let TraceCode::OutsideTimeWindow {
        days_of_week,
        time_from,
        time_until,
    } = code
    else {
        return String::new();
    };
    let named: Vec<&str> = days_of_week
        .named()
        .filter_map(|day| days.get(usize::from(day)).copied())
        .collect();
    let times = match (time_from, time_until) {
        (None, None) => String::new(),
        (from, until) => {
            let text = |time: &Option<crate::window::TimeOfDay>| {
                time.map_or(String::new(), |time| time.to_string())
            };
            format!("{}–{}", text(from), text(until))
        }
    };
    [named.join(", "), times]
        .iter()
        .filter(|part| !part.is_empty())
        .cloned()
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(code: &TraceCode, language: Language) -> String {
        let money = |amount: i64| format!("{}.{:02} kr", amount / 100, amount % 100);
        let name = |_: &DiscountId| "Happy hour".to_owned();
        sentence(
            code,
            language,
            Wording {
                money: &money,
                name: &name,
            },
        )
    }

    #[test]
    fn a_refusal_says_what_is_missing() {
        let short = TraceCode::MinPurchaseNotMet { short: 1_250 };
        assert_eq!(
            say(&short, Language::En),
            "Spend 12.50 kr more and this one applies."
        );
        assert_eq!(
            say(&short, Language::Sv),
            "Handla för 12.50 kr till, så gäller rabatten."
        );
        assert_eq!(
            say(&short, Language::Es),
            "Con 12.50 kr más de compra se aplica."
        );
        let excluded = TraceCode::ExcludedBy {
            discount_id: "dis_1".into(),
            its_saving: 2_000,
            this_saving: 1_500,
        };
        assert_eq!(
            say(&excluded, Language::En),
            "It does not combine with Happy hour, which already takes off 20.00 kr; this one would take off 15.00 kr."
        );
    }

    #[test]
    fn hours_are_written_as_on_the_door() {
        let shut = TraceCode::OutsideTimeWindow {
            days_of_week: crate::window::DaysOfWeek::new(&[5, 6]).expect("in range"),
            time_from: "22:00".parse().ok(),
            time_until: "02:00".parse().ok(),
        };
        assert_eq!(
            say(&shut, Language::En),
            "It only applies Fri, Sat 22:00–02:00."
        );
        assert_eq!(
            say(&shut, Language::Sv),
            "Rabatten gäller bara fre, lör 22:00–02:00."
        );
        assert_eq!(
            say(&shut, Language::Es),
            "Solo se aplica vie, sáb 22:00–02:00."
        );
    }

    #[test]
    fn every_code_has_words_in_every_language() {
        let codes = r#"[
            {"code":"APPLIED","saving":100,"base":1000,"units":2},
            {"code":"CAPPED","asked":500,"cap":400},
            {"code":"CLAMPED","asked":500,"given":400},
            {"code":"POINTS_TRIMMED","asked":500,"taken":400},
            {"code":"REGULATED_ITEM","units":1},
            {"code":"INACTIVE"}, {"code":"INCOMPLETE"}, {"code":"OTHER_CURRENCY"},
            {"code":"CUSTOMER_REQUIRED"}, {"code":"NOT_IN_GROUP","groupId":"grp_1"},
            {"code":"NOT_IN_SEGMENT","segmentId":"seg_1"}, {"code":"NOT_FOR_THIS_CUSTOMER"},
            {"code":"FIRST_PURCHASE_ONLY","purchases":3},
            {"code":"OTHER_VARIANT","experimentId":"exp_1"},
            {"code":"USES_SPENT"}, {"code":"CUSTOMER_USES_SPENT"}, {"code":"APPROVAL_REQUIRED"},
            {"code":"NOT_YET_VALID","from":"2026-06-05"},
            {"code":"NO_LONGER_VALID","until":"2026-06-05T18:00:00Z"},
            {"code":"OUTSIDE_TIME_WINDOW","daysOfWeek":[],"timeFrom":"17:00","timeUntil":null},
            {"code":"MIN_PURCHASE_NOT_MET","short":100}, {"code":"MIN_QUANTITY_NOT_MET","short":1},
            {"code":"NO_MATCHING_ITEM"}, {"code":"SET_INCOMPLETE"},
            {"code":"MINIMUM_POINTS","minimum":100}, {"code":"NOT_ENOUGH_POINTS","available":10},
            {"code":"EXCLUDED_BY","discountId":"dis_1","itsSaving":1,"thisSaving":2},
            {"code":"NO_SAVING"}
        ]"#;
        let codes: Vec<TraceCode> = serde_json::from_str(codes).expect("every code reads");
        for code in &codes {
            for language in [Language::En, Language::Sv, Language::Es] {
                let words = say(code, language);
                assert!(
                    words.ends_with('.') && words.len() > 10,
                    "{code:?} {language:?}: {words}"
                );
                assert!(!words.contains("  ") && !words.contains('_'), "{words}");
            }
        }
    }
}
