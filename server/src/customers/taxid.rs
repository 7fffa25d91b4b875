//! Numbers by which tax offices know a business: checked for form alone, since only the office knows the rest.

use super::profile::TaxKind;

/// Without what people put between the digits, in capitals.
pub fn plain(value: &str) -> String {
    value
        .chars()
        .filter(|letter| !letter.is_whitespace() && !matches!(letter, '-' | '.' | '/'))
        .flat_map(char::to_uppercase)
        .collect()
}

/// `9` is a digit, `A` a capital, `X` either; other letters stand for themselves after `\`.
const EU: &[(&str, &[&str])] = &[
    ("AT", &["\\U99999999"]),
    ("BE", &["9999999999"]),
    ("BG", &["999999999", "9999999999"]),
    ("CY", &["99999999A"]),
    ("CZ", &["99999999", "999999999", "9999999999"]),
    ("DE", &["999999999"]),
    ("DK", &["99999999"]),
    ("EE", &["999999999"]),
    ("EL", &["999999999"]),
    ("ES", &["X9999999X"]),
    ("FI", &["99999999"]),
    ("FR", &["XX999999999"]),
    ("HR", &["99999999999"]),
    ("HU", &["99999999"]),
    ("IE", &["9X99999A", "9999999A", "9999999AA"]),
    ("IT", &["99999999999"]),
    ("LT", &["999999999", "999999999999"]),
    ("LU", &["99999999"]),
    ("LV", &["99999999999"]),
    ("MT", &["99999999"]),
    ("NL", &["999999999\\B99"]),
    ("PL", &["9999999999"]),
    ("PT", &["999999999"]),
    (
        "RO",
        &[
            "99",
            "999",
            "9999",
            "99999",
            "999999",
            "9999999",
            "99999999",
            "999999999",
            "9999999999",
        ],
    ),
    ("SE", &["999999999999"]),
    ("SI", &["99999999"]),
    ("SK", &["9999999999"]),
    ("XI", &["999999999", "999999999999"]),
];

pub fn fits(kind: TaxKind, value: &str) -> bool {
    let any = |forms: &[&str]| forms.iter().any(|form| has_form(value, form));
    match kind {
        TaxKind::EuVat => EU.iter().any(|(country, forms)| {
            let number = value.strip_prefix(country);
            number.is_some_and(|number| forms.iter().any(|form| has_form(number, form)))
        }),
        TaxKind::GbVat => any(&["\\G\\B999999999", "\\G\\B999999999999"]),
        TaxKind::ChVat => any(&["\\C\\H\\E999999999\\M\\W\\S\\T", "\\C\\H\\E999999999"]),
        TaxKind::NoVat => any(&["999999999\\M\\V\\A", "999999999"]),
        TaxKind::EsCif => any(&["X9999999X"]),
        TaxKind::MxRfc => {
            // `Ñ` and `&` occur in the letters of a company's name.
            let plain = value.replace(['Ñ', '&'], "N");
            ["AAA999999XXX", "AAAA999999XXX"]
                .iter()
                .any(|form| has_form(&plain, form))
        }
        TaxKind::UsEin => any(&["999999999"]),
        TaxKind::SeOrg => any(&["9999999999"]),
    }
}

pub fn example(kind: TaxKind) -> &'static str {
    match kind {
        TaxKind::EuVat => "SE556677889901, with the country in front",
        TaxKind::GbVat => "GB123456789",
        TaxKind::ChVat => "CHE-123.456.789 MWST",
        TaxKind::NoVat => "123456789MVA",
        TaxKind::EsCif => "B12345678",
        TaxKind::MxRfc => "ABC010203AB9",
        TaxKind::UsEin => "12-3456789",
        TaxKind::SeOrg => "556677-8899",
    }
}

fn has_form(value: &str, form: &str) -> bool {
    let mut letters = value.chars();
    let mut form = form.chars();
    while let Some(wanted) = form.next() {
        let Some(letter) = letters.next() else {
            return false;
        };
        let good = match wanted {
            '9' => letter.is_ascii_digit(),
            'A' => letter.is_ascii_uppercase(),
            'X' => letter.is_ascii_digit() || letter.is_ascii_uppercase(),
            _ => form.next() == Some(letter),
        };
        if !good {
            return false;
        }
    }
    letters.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_office_has_its_form() {
        for (kind, sent, good) in [
            (TaxKind::EuVat, "SE 556677-8899 01", true),
            (TaxKind::EuVat, "se556677889901", true),
            (TaxKind::EuVat, "SE5566778899", false),
            (TaxKind::EuVat, "ATU12345678", true),
            (TaxKind::EuVat, "NL123456789B01", true),
            (TaxKind::EuVat, "NL12345678901", false),
            (TaxKind::EuVat, "556677889901", false),
            (TaxKind::EuVat, "", false),
            (TaxKind::MxRfc, "ABC010203AB9", true),
            (TaxKind::MxRfc, "Ñ&CD010203AB9", true),
            (TaxKind::MxRfc, "AB010203AB9", false),
            (TaxKind::ChVat, "CHE-123.456.789 MWST", true),
            (TaxKind::GbVat, "GB123456789", true),
            (TaxKind::NoVat, "123 456 789 MVA", true),
            (TaxKind::EsCif, "B12345678", true),
            (TaxKind::UsEin, "12-3456789", true),
            (TaxKind::UsEin, "12-345678", false),
            (TaxKind::SeOrg, "556677-8899", true),
        ] {
            assert_eq!(fits(kind, &plain(sent)), good, "{sent}");
        }
    }
}
