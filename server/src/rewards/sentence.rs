//! What a reward gives and what is missing, in words that a guest understands.

use engine::quote::Language;
use engine::speech;

use super::vouchers::Gives;
use crate::customers::Customer;
use crate::discounts::OpenValue;
use crate::hall::error::{Error, Result};
use crate::hall::identity;
use crate::hall::store::Read;
use crate::hall::text::{language, language_or_english};

/// The guest's own language, else the chain's.
pub fn language_of(read: &mut Read, guest: &Customer) -> Result<Language> {
    if let Some(own) = language(&guest.language) {
        return Ok(own);
    }
    let tenant = identity::tenant(read)?.ok_or(Error::NotFound("chain"))?;
    Ok(language_or_english(&tenant.language))
}

/// What it takes off, or what is free.
pub fn gives(what: &Gives, language: Language) -> String {
    let value = match &what.value {
        Some(OpenValue::Percent(percent)) => {
            format!("{} %", speech::decimal(&percent.to_string(), language))
        }
        Some(OpenValue::Amount(money)) => money.said(language),
        None => {
            let name = what.of.as_deref().unwrap_or(&what.name);
            if what.product_id.is_none() {
                return name.to_owned();
            }
            return match language {
                Language::En => format!("{name} for free"),
                Language::Sv => format!("{name} utan kostnad"),
                Language::Es => format!("{name} gratis"),
            };
        }
    };
    match (language, &what.of) {
        (Language::En, None) => format!("{value} off"),
        (Language::En, Some(name)) => format!("{value} off {name}"),
        (Language::Sv, None) => format!("{value} rabatt"),
        (Language::Sv, Some(name)) => format!("{value} rabatt på {name}"),
        (Language::Es, None) => format!("{value} de descuento"),
        (Language::Es, Some(name)) => format!("{value} de descuento en {name}"),
    }
}

/// Whether the guest can have it, and what is missing.
pub fn offer(has_left: bool, missing: i64, cost: i64, language: Language) -> String {
    let points = |count: i64| speech::points(&count.to_string(), language);
    let (short, cost) = (points(missing), points(cost));
    match (has_left, missing, language) {
        (false, _, Language::En) => "There is none left for you.".into(),
        (false, _, Language::Sv) => "Det finns ingen kvar för dig.".into(),
        (false, _, Language::Es) => "No queda ninguno para ti.".into(),
        (true, 0, Language::En) => format!("You can have it for {cost}."),
        (true, 0, Language::Sv) => format!("Du kan få den för {cost}."),
        (true, 0, Language::Es) => format!("Puedes tenerlo por {cost}."),
        (true, 1, Language::En) => format!("{short} is missing."),
        (true, _, Language::En) => format!("{short} are missing."),
        (true, _, Language::Sv) => format!("{short} fattas."),
        (true, 1, Language::Es) => format!("Falta {short}."),
        (true, _, Language::Es) => format!("Faltan {short}."),
    }
}

#[cfg(test)]
mod tests {
    use super::super::RewardKind;
    use super::*;
    use crate::hall::money::Money;

    #[test]
    fn what_it_gives_is_told_in_three_languages() {
        let (en, sv, es) = (Language::En, Language::Sv, Language::Es);
        let five = Some(OpenValue::Amount(Money::of(500, "EUR")));
        let tenth = Some(OpenValue::Percent("10".parse().expect("a percent")));
        let product = "prd_01kab4bqf8e1ftz0c6hqp2v9xw".parse().ok();
        for (value, of, product_id, language, said) in [
            (&five, None, None, en, "5.00 EUR off"),
            (&five, None, None, sv, "5,00 € rabatt"),
            (&five, None, None, es, "5,00 € de descuento"),
            (&tenth, Some("Soup"), product, en, "10 % off Soup"),
            (&tenth, Some("Soppa"), product, sv, "10 % rabatt på Soppa"),
            (
                &tenth,
                Some("Sopa"),
                product,
                es,
                "10 % de descuento en Sopa",
            ),
            (&None, Some("Soup"), product, en, "Soup for free"),
            (&None, Some("Soppa"), product, sv, "Soppa utan kostnad"),
            (&None, Some("Sopa"), product, es, "Sopa gratis"),
            (&None, Some("Afterwork"), None, es, "Afterwork"),
        ] {
            let what = Gives {
                name: "Reward".into(),
                kind: RewardKind::Voucher,
                value: value.clone(),
                product_id,
                of: of.map(str::to_owned),
            };
            assert_eq!(gives(&what, language), said);
        }
    }

    #[test]
    fn what_is_missing_is_told_in_three_languages() {
        let (en, sv, es) = (Language::En, Language::Sv, Language::Es);
        for (has_left, missing, language, said) in [
            (true, 0, en, "You can have it for 400 points."),
            (true, 0, sv, "Du kan få den för 400 poäng."),
            (true, 0, es, "Puedes tenerlo por 400 puntos."),
            (true, 1, en, "1 point is missing."),
            (true, 70, en, "70 points are missing."),
            (true, 70, sv, "70 poäng fattas."),
            (true, 1, es, "Falta 1 punto."),
            (true, 70, es, "Faltan 70 puntos."),
            (false, 0, en, "There is none left for you."),
            (false, 0, sv, "Det finns ingen kvar för dig."),
            (false, 9, es, "No queda ninguno para ti."),
        ] {
            assert_eq!(offer(has_left, missing, 400, language), said);
        }
    }
}
