//! Days, times and counts as people say them, in each language that sentences are written in.

use jiff::civil::{Date, DateTime, Time};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    En,
    Sv,
    Es,
}

const MONTHS: [[&str; 3]; 12] = [
    ["January", "januari", "enero"],
    ["February", "februari", "febrero"],
    ["March", "mars", "marzo"],
    ["April", "april", "abril"],
    ["May", "maj", "mayo"],
    ["June", "juni", "junio"],
    ["July", "juli", "julio"],
    ["August", "augusti", "agosto"],
    ["September", "september", "septiembre"],
    ["October", "oktober", "octubre"],
    ["November", "november", "noviembre"],
    ["December", "december", "diciembre"],
];

/// Sunday first.
const WEEKDAYS: [[&str; 3]; 7] = [
    ["Sundays", "söndagar", "domingos"],
    ["Mondays", "måndagar", "lunes"],
    ["Tuesdays", "tisdagar", "martes"],
    ["Wednesdays", "onsdagar", "miércoles"],
    ["Thursdays", "torsdagar", "jueves"],
    ["Fridays", "fredagar", "viernes"],
    ["Saturdays", "lördagar", "sábados"],
];

/// `12 June 2026`.
pub fn day(on: Date, language: Language) -> String {
    let (day, year) = (on.day(), on.year());
    let month = usize::from(on.month().unsigned_abs()) - 1;
    let month = MONTHS[month][language as usize];
    match language {
        Language::En | Language::Sv => format!("{day} {month} {year}"),
        Language::Es => format!("{day} de {month} de {year}"),
    }
}

/// `12 June 2026 at 18:00`.
pub fn moment(at: DateTime, language: Language) -> String {
    let (on, time) = (day(at.date(), language), clock(at.time(), language));
    match language {
        Language::En => format!("{on} at {time}"),
        Language::Sv => format!("{on} kl. {time}"),
        Language::Es => format!("{on} a las {time}"),
    }
}

/// `18:00`; Swedish writes `18.00`.
pub fn clock(time: Time, language: Language) -> String {
    let between = if language == Language::Sv { '.' } else { ':' };
    format!("{:02}{between}{:02}", time.hour(), time.minute())
}

/// `on Fridays and Saturdays`; days are counted from Sunday, 0.
pub fn weekdays(days: impl IntoIterator<Item = u8>, language: Language) -> String {
    let names = days
        .into_iter()
        .filter_map(|day| WEEKDAYS.get(usize::from(day)))
        .map(|names| names[language as usize]);
    let named = list(&names.collect::<Vec<_>>(), language);
    match language {
        Language::En => format!("on {named}"),
        Language::Sv => format!("på {named}"),
        Language::Es => format!("los {named}"),
    }
}

fn list(parts: &[&str], language: Language) -> String {
    let and = match language {
        Language::En => "and",
        Language::Sv => "och",
        Language::Es => "y",
    };
    match parts {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} {and} {last}", first.join(", ")),
    }
}

/// `1 point`, `2 points`, `1.5 points`.
pub fn points(count: &str, language: Language) -> String {
    let (is_one, count) = (count == "1", decimal(count, language));
    match language {
        Language::En if is_one => format!("{count} point"),
        Language::En => format!("{count} points"),
        Language::Sv => format!("{count} poäng"),
        Language::Es if is_one => format!("{count} punto"),
        Language::Es => format!("{count} puntos"),
    }
}

/// A decimal number with the language's own sign: `1.5`, `1,5`.
pub fn decimal(number: &str, language: Language) -> String {
    match language {
        Language::En => number.to_owned(),
        Language::Sv | Language::Es => number.replace('.', ","),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: [Language; 3] = [Language::En, Language::Sv, Language::Es];

    #[test]
    fn a_moment_is_a_day_and_a_time() {
        let at = jiff::civil::date(2026, 7, 13).at(0, 30, 0, 0);
        assert_eq!(
            EVERY.map(|language| moment(at, language)),
            [
                "13 July 2026 at 00:30",
                "13 juli 2026 kl. 00.30",
                "13 de julio de 2026 a las 00:30",
            ]
        );
    }

    #[test]
    fn days_of_the_week_are_listed_as_they_are_said() {
        assert_eq!(
            EVERY.map(|language| weekdays([0, 5, 6], language)),
            [
                "on Sundays, Fridays and Saturdays",
                "på söndagar, fredagar och lördagar",
                "los domingos, viernes y sábados",
            ]
        );
        assert_eq!(weekdays([3], Language::En), "on Wednesdays");
    }

    #[test]
    fn one_point_is_one_point() {
        assert_eq!(
            EVERY.map(|language| points("1", language)),
            ["1 point", "1 poäng", "1 punto"]
        );
        assert_eq!(
            EVERY.map(|language| points("2", language)),
            ["2 points", "2 poäng", "2 puntos"]
        );
    }
}
