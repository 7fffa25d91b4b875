//! Where points came from, in words that a guest understands.

use engine::points::{Part, PartKind};
use engine::speech::{self, Language};
use jiff::civil::Date;

use super::ledger::{EarnKind, Entry, EntryKind};
use crate::hall::money::Money;

/// Who gave the points, as far as the sentence names it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Source<'a> {
    pub name: Option<&'a str>,
    /// The cap of a promotion that has given a customer all it may.
    pub reached: Option<i64>,
}

pub fn of(part: &Part, source: Source<'_>, currency: &str, language: Language) -> String {
    let base = Money::of(part.base, currency).said(language);
    let points = speech::points(&part.points, language);
    let more = speech::decimal(&part.points, language);
    let said = match (part.kind, part.rate, part.multiplier) {
        (PartKind::Visit, ..) => match language {
            Language::En => format!("{points} for the visit."),
            Language::Sv => format!("{points} för besöket."),
            Language::Es => format!("{points} por la visita."),
        },
        (PartKind::Spend, Some(rate), _) => {
            let rate = speech::points(&rate.to_string(), language);
            match language {
                Language::En => format!("{base} at {rate} for each {currency}: {points}."),
                Language::Sv => format!("{base} med {rate} per {currency}: {points}."),
                Language::Es => format!("{base} a {rate} por {currency}: {points}."),
            }
        }
        (_, Some(rate), _) => {
            let rate = speech::points(&rate.to_string(), language);
            match language {
                Language::En => format!("{rate} for each item: {more} more."),
                Language::Sv => format!("{rate} per vara: {more} till."),
                Language::Es => format!("{rate} por artículo: {more} más."),
            }
        }
        (_, None, Some(times)) => {
            let times = speech::decimal(&times.to_string(), language);
            match language {
                Language::En => format!("{times} times the points on {base}: {more} more."),
                Language::Sv => format!("{times} gånger poängen på {base}: {more} till."),
                Language::Es => format!("{times} veces los puntos de {base}: {more} más."),
            }
        }
        (_, None, None) => match language {
            Language::En => format!("{points} on top."),
            Language::Sv => format!("{points} extra."),
            Language::Es => format!("{points} de regalo."),
        },
    };
    let tier = match language {
        Language::En => "Tier",
        Language::Sv => "Nivå",
        Language::Es => "Nivel",
    };
    let name = source
        .name
        .or((part.kind == PartKind::Tier).then_some(tier));
    let said = match name {
        Some(name) => format!("{name}: {said}"),
        None => said,
    };
    match source.reached {
        Some(cap) => format!("{said} {}", at_most(cap, language)),
        None => said,
    }
}

fn at_most(cap: i64, language: Language) -> String {
    let points = speech::points(&cap.to_string(), language);
    match language {
        Language::En => format!("It gives a customer at most {points}."),
        Language::Sv => format!("Den ger en kund högst {points}."),
        Language::Es => format!("Da como máximo {points} por cliente."),
    }
}

/// What is given, where the parts have fractions.
pub fn whole(points: i64, language: Language) -> String {
    match language {
        Language::En => format!("Only whole points are given: {points}."),
        Language::Sv => format!("Bara hela poäng ges: {points}."),
        Language::Es => format!("Solo se dan puntos enteros: {points}."),
    }
}

/// Points that end on a day, to their owner.
pub fn ending(points: i64, on: Date, language: Language) -> String {
    let (said, day) = (
        speech::points(&points.to_string(), language),
        speech::day(on, language),
    );
    match language {
        Language::En if points == 1 => format!("{said} ends on {day}."),
        Language::En => format!("{said} end on {day}."),
        Language::Sv => format!("{said} går ut den {day}."),
        Language::Es if points == 1 => format!("{said} caduca el {day}."),
        Language::Es => format!("{said} caducan el {day}."),
    }
}

/// Points that were spent before their purchase went back, to whoever owes them; `may` says whether the program lets
/// them redeem meanwhile.
pub fn debt(points: i64, may: bool, language: Language) -> String {
    let said = speech::points(&points.to_string(), language);
    let is_one = points == 1;
    let owed = match language {
        Language::En if is_one => {
            format!(
                "{said} was spent before its purchase was refunded: the next one that you earn settles it."
            )
        }
        Language::En => format!(
            "{said} were spent before their purchase was refunded: the next {said} that you earn settle it."
        ),
        Language::Sv if is_one => {
            format!(
                "{said} användes innan köpet återbetalades: nästa poäng som du tjänar reglerar den."
            )
        }
        Language::Sv => format!(
            "{said} användes innan köpet återbetalades: de nästa {said} som du tjänar reglerar dem."
        ),
        Language::Es if is_one => format!(
            "{said} se gastó antes de que se reembolsara su compra: el próximo que ganes lo salda."
        ),
        Language::Es => format!(
            "{said} se gastaron antes de que se reembolsara su compra: los próximos {said} que ganes lo saldan."
        ),
    };
    if may {
        return owed;
    }
    match language {
        Language::En => format!("{owed} Until then no points can be redeemed."),
        Language::Sv => format!("{owed} Till dess kan inga poäng lösas in."),
        Language::Es => format!("{owed} Hasta entonces no se pueden canjear puntos."),
    }
}

/// What moved points, to their owner.
pub fn about(entry: &Entry, language: Language) -> &'static str {
    let [english, swedish, spanish] = match (entry.kind, entry.earn_kind, &*entry.cause_kind) {
        (EntryKind::Earn, _, "streak") => ["For a streak", "För en svit", "Por una racha"],
        (EntryKind::Earn, Some(EarnKind::Visit), _) => {
            ["For a visit", "För ett besök", "Por una visita"]
        }
        (EntryKind::Earn, Some(EarnKind::Bonus), _) => [
            "A bonus on a purchase",
            "Bonus på ett köp",
            "De regalo con una compra",
        ],
        (EntryKind::Earn, ..) => ["For a purchase", "För ett köp", "Por una compra"],
        (EntryKind::Redeem, _, "reward") => [
            "Spent on a reward",
            "Använda till en belöning",
            "Canjeados por una recompensa",
        ],
        (EntryKind::Redeem, ..) => [
            "Spent on a purchase",
            "Använda på ett köp",
            "Usados en una compra",
        ],
        (EntryKind::Expire, ..) => ["Ended unused", "Gick ut oanvända", "Caducados sin usar"],
        (EntryKind::Adjust, ..) if entry.points > 0 => {
            ["Added for you", "Tillagda åt dig", "Añadidos para ti"]
        }
        (EntryKind::Adjust, ..) => ["Corrected", "Rättade", "Corregidos"],
        (EntryKind::Reverse, ..) if entry.points > 0 => {
            ["Given back", "Återlämnade", "Restituidos"]
        }
        (EntryKind::Reverse, _, "refund") => [
            "Taken back with a refund",
            "Återtagna med en återbetalning",
            "Retirados con un reembolso",
        ],
        (EntryKind::Reverse, ..) => ["Corrected", "Rättade", "Corregidos"],
        (EntryKind::Merge, ..) => [
            "From another account of yours",
            "Från ett annat av dina konton",
            "De otra cuenta tuya",
        ],
        (EntryKind::Opening, ..) => [
            "Brought from before",
            "Med från tidigare",
            "Traídos de antes",
        ],
    };
    match language {
        Language::En => english,
        Language::Sv => swedish,
        Language::Es => spanish,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(kind: PartKind, rate: Option<&str>, multiplier: Option<&str>, points: &str) -> Part {
        Part {
            kind,
            rule_id: None,
            base: 5_000,
            rate: rate.map(|rate| rate.parse().unwrap()),
            multiplier: multiplier.map(|by| by.parse().unwrap()),
            points: points.into(),
        }
    }

    #[test]
    fn an_end_is_told_by_its_day() {
        let day: Date = "2026-07-02".parse().unwrap();
        for (points, language, said) in [
            (50, Language::En, "50 points end on 2 July 2026."),
            (1, Language::En, "1 point ends on 2 July 2026."),
            (50, Language::Sv, "50 poäng går ut den 2 juli 2026."),
            (50, Language::Es, "50 puntos caducan el 2 de julio de 2026."),
            (1, Language::Es, "1 punto caduca el 2 de julio de 2026."),
        ] {
            assert_eq!(ending(points, day, language), said);
        }
    }

    #[test]
    fn a_debt_is_told_in_three_languages() {
        for (points, may, language, said) in [
            (
                70,
                true,
                Language::En,
                "70 points were spent before their purchase was refunded: the next 70 points that you earn settle it.",
            ),
            (
                1,
                false,
                Language::En,
                "1 point was spent before its purchase was refunded: the next one that you earn settles it. \
                 Until then no points can be redeemed.",
            ),
            (
                70,
                false,
                Language::Sv,
                "70 poäng användes innan köpet återbetalades: de nästa 70 poäng som du tjänar reglerar dem. \
                 Till dess kan inga poäng lösas in.",
            ),
            (
                70,
                true,
                Language::Es,
                "70 puntos se gastaron antes de que se reembolsara su compra: los próximos 70 puntos que ganes lo saldan.",
            ),
            (
                1,
                false,
                Language::Es,
                "1 punto se gastó antes de que se reembolsara su compra: el próximo que ganes lo salda. \
                 Hasta entonces no se pueden canjear puntos.",
            ),
        ] {
            assert_eq!(debt(points, may, language), said);
        }
    }

    #[test]
    fn each_part_is_told_in_three_languages() {
        let double = Source {
            name: Some("Double"),
            reached: None,
        };
        let capped = Source {
            name: Some("Double"),
            reached: Some(60),
        };
        let nobody = Source::default();
        let (en, sv, es) = (Language::En, Language::Sv, Language::Es);
        let spend = part(PartKind::Spend, Some("1"), None, "50");
        let visit = part(PartKind::Visit, Some("3"), None, "3");
        let times = part(PartKind::Promotion, None, Some("2"), "50");
        let item = part(PartKind::Item, Some("5"), None, "10");
        let bonus = part(PartKind::Bonus, None, None, "1");
        let tier = part(PartKind::Tier, None, Some("1.5"), "25");
        for (part, source, language, said) in [
            (
                &spend,
                nobody,
                en,
                "50.00 EUR at 1 point for each EUR: 50 points.",
            ),
            (
                &spend,
                double,
                sv,
                "Double: 50,00 € med 1 poäng per EUR: 50 poäng.",
            ),
            (&spend, nobody, es, "50,00 € a 1 punto por EUR: 50 puntos."),
            (&visit, nobody, en, "3 points for the visit."),
            (&visit, nobody, sv, "3 poäng för besöket."),
            (&visit, nobody, es, "3 puntos por la visita."),
            (
                &times,
                double,
                en,
                "Double: 2 times the points on 50.00 EUR: 50 more.",
            ),
            (
                &times,
                capped,
                en,
                "Double: 2 times the points on 50.00 EUR: 50 more. It gives a customer at most 60 points.",
            ),
            (
                &times,
                double,
                sv,
                "Double: 2 gånger poängen på 50,00 €: 50 till.",
            ),
            (
                &times,
                double,
                es,
                "Double: 2 veces los puntos de 50,00 €: 50 más.",
            ),
            (
                &item,
                double,
                en,
                "Double: 5 points for each item: 10 more.",
            ),
            (&item, double, sv, "Double: 5 poäng per vara: 10 till."),
            (&item, double, es, "Double: 5 puntos por artículo: 10 más."),
            (&bonus, double, en, "Double: 1 point on top."),
            (
                &bonus,
                capped,
                sv,
                "Double: 1 poäng extra. Den ger en kund högst 60 poäng.",
            ),
            (
                &bonus,
                capped,
                es,
                "Double: 1 punto de regalo. Da como máximo 60 puntos por cliente.",
            ),
            (
                &tier,
                nobody,
                en,
                "Tier: 1.5 times the points on 50.00 EUR: 25 more.",
            ),
            (
                &tier,
                nobody,
                sv,
                "Nivå: 1,5 gånger poängen på 50,00 €: 25 till.",
            ),
            (
                &tier,
                nobody,
                es,
                "Nivel: 1,5 veces los puntos de 50,00 €: 25 más.",
            ),
        ] {
            assert_eq!(of(part, source, "EUR", language), said);
        }
    }
}
