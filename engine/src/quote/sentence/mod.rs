//! Traces as sentences, in the reader's language: what a host would say to the guest at the till.

mod en;
mod es;
mod sv;

use jiff::Timestamp;
use jiff::civil::DateTime;

use super::trace::TraceCode;
use crate::id::DiscountId;
use crate::speech;
pub use crate::speech::Language;
use crate::window::{Bound, DaysOfWeek, TimeOfDay};

/// How the reader knows amounts and rules.
#[derive(Clone, Copy)]
pub struct Wording<'a> {
    /// Minor units of the order's currency, written with their currency.
    pub money: &'a dyn Fn(i64) -> String,
    /// A rule by its name.
    pub name: &'a dyn Fn(&DiscountId) -> String,
    /// An instant by the clock of the venue.
    pub local: &'a dyn Fn(Timestamp) -> DateTime,
}

impl Wording<'_> {
    /// `5 June 2026`, or `5 June 2026 at 18:00`.
    fn bound(&self, bound: Bound, language: Language) -> String {
        match bound {
            Bound::Day(on) => speech::day(on, language),
            Bound::Instant(at) => speech::moment((self.local)(at), language),
        }
    }
}

pub fn sentence(code: &TraceCode, language: Language, wording: Wording<'_>) -> String {
    match language {
        Language::En => en::say(code, wording),
        Language::Sv => sv::say(code, wording),
        Language::Es => es::say(code, wording),
    }
}

/// `on Fridays and Saturdays from 22:00 to 02:00`, of what there is of it.
fn hours(
    days: DaysOfWeek,
    from: Option<TimeOfDay>,
    until: Option<TimeOfDay>,
    language: Language,
) -> String {
    let time = |time: TimeOfDay| match language {
        Language::Sv => time.to_string().replace(':', "."),
        Language::En | Language::Es => time.to_string(),
    };
    let times = match (from.map(time), until.map(time)) {
        (None, None) => None,
        (Some(from), None) => Some(match language {
            Language::En => format!("from {from}"),
            Language::Sv => format!("från kl. {from}"),
            Language::Es => format!("a partir de las {from}"),
        }),
        (None, Some(until)) => Some(match language {
            Language::En => format!("until {until}"),
            Language::Sv => format!("fram till kl. {until}"),
            Language::Es => format!("hasta las {until}"),
        }),
        (Some(from), Some(until)) => Some(match language {
            Language::En => format!("from {from} to {until}"),
            Language::Sv => format!("mellan kl. {from} och {until}"),
            Language::Es => format!("de {from} a {until}"),
        }),
    };
    let named: Vec<u8> = days.named().collect();
    let days = (!named.is_empty()).then(|| speech::weekdays(named, language));
    days.into_iter().chain(times).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
