//! How far the next tier is, as a host would say it to the guest.

use jiff::civil::Date;

use super::{Metric, Way};
use crate::speech::{self, Language};

/// What there is to say of a guest's standing.
#[derive(Clone, Copy)]
pub struct Said<'a> {
    pub tier: &'a str,
    /// The next tier, the way to it, and in short what it gives (`10 %`).
    pub next: Option<(&'a str, Way, Option<&'a str>)>,
    /// The last day of a tier that is held by grace alone.
    pub ends_on: Option<Date>,
    /// Minor units of the reporting currency, written with it.
    pub money: &'a dyn Fn(i64) -> String,
}

pub fn sentence(said: Said<'_>, language: Language) -> String {
    let way = match said.next {
        None => top(said.tier, language),
        Some((next, way, _)) if way.short() == 0 => waits(next, language),
        Some((next, way, gives)) => {
            let short = short(way, said.money, language);
            from(&short, next, gives, language)
        }
    };
    match said.ends_on {
        Some(on) => format!("{way} {}", ends(said.tier, on, language)),
        None => way,
    }
}

fn short(way: Way, money: &dyn Fn(i64) -> String, language: Language) -> String {
    let count = way.short();
    let noun = |one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    match (way.metric, language) {
        (Metric::Spend, _) => money(count),
        (Metric::Visits, Language::En) => noun("visit", "visits"),
        (Metric::Visits, Language::Sv) => noun("besök", "besök"),
        (Metric::Visits, Language::Es) => noun("visita", "visitas"),
        (Metric::Points, Language::En) => noun("point", "points"),
        (Metric::Points, Language::Sv) => noun("poäng", "poäng"),
        (Metric::Points, Language::Es) => noun("punto", "puntos"),
    }
}

fn from(short: &str, next: &str, gives: Option<&str>, language: Language) -> String {
    match (language, gives) {
        (Language::En, Some(gives)) => format!("{short} from {next} and its {gives}."),
        (Language::En, None) => format!("{short} from {next}."),
        (Language::Sv, Some(gives)) => format!("{short} kvar till {next} och {gives}."),
        (Language::Sv, None) => format!("{short} kvar till {next}."),
        (Language::Es, Some(gives)) => format!("A {short} de {next} y su {gives}."),
        (Language::Es, None) => format!("A {short} de {next}."),
    }
}

/// The figures are there, and the pace of the ladder is not.
fn waits(next: &str, language: Language) -> String {
    match language {
        Language::En => format!("{next} is earned and comes in its time."),
        Language::Sv => format!("{next} är intjänad och kommer i sinom tid."),
        Language::Es => format!("{next} está ganado y llegará a su tiempo."),
    }
}

fn top(tier: &str, language: Language) -> String {
    match language {
        Language::En => format!("{tier} is the highest there is."),
        Language::Sv => format!("{tier} är den högsta som finns."),
        Language::Es => format!("{tier} es lo más alto que hay."),
    }
}

fn ends(tier: &str, on: Date, language: Language) -> String {
    let on = speech::day(on, language);
    match language {
        Language::En => format!("{tier} is kept until {on}."),
        Language::Sv => format!("{tier} gäller till och med den {on}."),
        Language::Es => format!("{tier} se mantiene hasta el {on}."),
    }
}
