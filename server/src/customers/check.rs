//! What a profile may hold, in one form: everything wrong is told at once.

use jiff::civil::Date;

use super::profile::{Address, EditCustomer, InvoiceSettings, TaxId};
use super::taxid;
use crate::hall::error::{Error, Field, Result};
use crate::platform::refs;

const NAME_LETTERS_MAX: usize = 100;
const LABEL_LETTERS_MAX: usize = 40;
const EMAIL_BYTES_MAX: usize = 254;
const EMAIL_LOCAL_BYTES_MAX: usize = 64;
const TAGS_MAX: usize = 50;
const TAX_IDS_MAX: usize = 10;
const METADATA_KEYS_MAX: usize = 50;
const METADATA_KEY_LETTERS_MAX: usize = 40;
const METADATA_VALUE_LETTERS_MAX: usize = 500;
const TEXT_LETTERS_MAX: usize = 500;
const NET_DAYS_MAX: u32 = 365;
/// E.164 allows 15 digits; below 8 with the country's code it is a short number of one network.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// What the checks go by.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'g> {
    /// ISO 3166 alpha-2: the region of phone numbers without a country code.
    pub country: &'g str,
    /// Nobody is born after it.
    pub today: Date,
}

/// The command as it is kept: trimmed, empty texts gone, email and phone in their one form.
///
/// # Errors
/// `Invalid` with every field that is wrong.
pub fn checked(ask: &EditCustomer, ground: Ground<'_>) -> Result<EditCustomer> {
    let mut wrong = Vec::new();
    let kept = EditCustomer {
        email: kept(
            ask.email.as_deref(),
            |text| email(text).ok_or("/email"),
            &mut wrong,
        ),
        phone: kept(
            ask.phone.as_deref(),
            |text| phone(text, ground.country).ok_or("/phone"),
            &mut wrong,
        ),
        first_name: line(&ask.first_name, NAME_LETTERS_MAX, "/firstName", &mut wrong),
        last_name: line(&ask.last_name, NAME_LETTERS_MAX, "/lastName", &mut wrong),
        birth_date: ask.birth_date,
        gender: line(&ask.gender, LABEL_LETTERS_MAX, "/gender", &mut wrong),
        language: ask.language.as_deref().map(|text| text.trim().to_owned()),
        color_type: line(&ask.color_type, LABEL_LETTERS_MAX, "/colorType", &mut wrong),
        tags: tags(&ask.tags, &mut wrong),
        customer_group_id: ask.customer_group_id,
        marketing_consent: ask.marketing_consent,
        tax_ids: tax_ids(&ask.tax_ids, &mut wrong),
        billing_address: ask
            .billing_address
            .as_ref()
            .map(|address| billing(address, &mut wrong)),
        invoice_settings: ask
            .invoice_settings
            .as_ref()
            .map(|settings| invoice(settings, &mut wrong)),
        metadata: ask.metadata.clone(),
        external_refs: ask.external_refs.clone(),
        active: ask.active,
    };
    born(kept.birth_date, ground.today, &mut wrong);
    if kept
        .language
        .as_deref()
        .is_some_and(|text| !is_language(text))
    {
        wrong.push(Field::new(
            "/language",
            "invalid",
            "Send a language code like \"sv\" or \"en-GB\".",
        ));
    }
    metadata(&kept, &mut wrong);
    refs::check(&kept.external_refs, "/externalRefs", &mut wrong);
    if wrong.is_empty() {
        Ok(kept)
    } else {
        Err(Error::Invalid(wrong))
    }
}

fn kept(
    text: Option<&str>,
    read: impl FnOnce(&str) -> Result<String, &'static str>,
    wrong: &mut Vec<Field>,
) -> Option<String> {
    let text = text.map(str::trim).filter(|text| !text.is_empty())?;
    read(text)
        .map_err(|pointer| {
            let message = match pointer {
                "/email" => "Send an email address like \"asa@example.com\".",
                _ => "Send a phone number, with its country code where it is from another country.",
            };
            wrong.push(Field::new(pointer, "invalid", message));
        })
        .ok()
}

/// Trimmed and in lower case, or `None` where it can be nobody's.
pub fn email(text: &str) -> Option<String> {
    let email = text.trim().to_lowercase();
    let (local, domain) = email.rsplit_once('@')?;
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.ends_with('.')
            && !part.contains("..")
            && !part.contains(|c: char| {
                c.is_whitespace() || c.is_control() || "@,;:<>()[]\"\\".contains(c)
            })
    };
    let host = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let fits = email.len() <= EMAIL_BYTES_MAX && local.len() <= EMAIL_LOCAL_BYTES_MAX;
    let good = fits && plain(local) && domain.contains('.') && domain.split('.').all(host);
    good.then_some(email)
}

/// In E.164. A number that its plan does not know yet passes if it is long enough: plans grow faster than
/// their tables here, and the person stands at the till.
pub fn phone(text: &str, country: &str) -> Option<String> {
    let region = country.parse::<phonenumber::country::Id>().ok();
    let number = phonenumber::parse(region, text).ok()?;
    let e164 = number.format().mode(phonenumber::Mode::E164).to_string();
    let digits = e164.strip_prefix('+')?;
    let all_digits = digits.bytes().all(|digit| digit.is_ascii_digit());
    (all_digits && PHONE_DIGITS.contains(&digits.len())).then_some(e164)
}

/// The calling code of a country, like 46.
pub fn country_code(country: &str) -> Option<u16> {
    let database = &*phonenumber::metadata::DATABASE;
    database
        .by_id(country)
        .map(phonenumber::Metadata::country_code)
}

fn line(
    text: &Option<String>,
    most: usize,
    pointer: &str,
    wrong: &mut Vec<Field>,
) -> Option<String> {
    let text = text
        .as_deref()
        .map(str::trim)
        .filter(|text| !text.is_empty())?;
    short(text, most, pointer, wrong);
    if text.contains(char::is_control) {
        wrong.push(Field::new(pointer, "invalid", "Send one line of text."));
    }
    Some(text.to_owned())
}

fn short(text: &str, most: usize, pointer: &str, wrong: &mut Vec<Field>) {
    if text.chars().count() > most {
        wrong.push(Field::new(
            pointer,
            "too_long",
            format!("Send at most {most} characters."),
        ));
    }
}

fn few(count: usize, most: usize, pointer: &str, wrong: &mut Vec<Field>) {
    if count > most {
        wrong.push(Field::new(
            pointer,
            "too_many",
            format!("Send at most {most}."),
        ));
    }
}

fn born(birth: Option<Date>, today: Date, wrong: &mut Vec<Field>) {
    let first = jiff::civil::date(1900, 1, 1);
    // The day has begun somewhere east of UTC already.
    let last = today.tomorrow().unwrap_or(today);
    if birth.is_some_and(|birth| birth < first || birth > last) {
        wrong.push(Field::new(
            "/birthDate",
            "out_of_range",
            "Send a date from 1900-01-01 until today.",
        ));
    }
}

/// Without repeats, whatever their case, in the order sent.
fn tags(sent: &[String], wrong: &mut Vec<Field>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for (place, tag) in sent.iter().enumerate().take(TAGS_MAX + 1) {
        let tag = tag.trim();
        let pointer = format!("/tags/{place}");
        short(tag, LABEL_LETTERS_MAX, &pointer, wrong);
        if tag.is_empty() || tag.contains(char::is_control) {
            wrong.push(Field::new(pointer, "invalid", "Send one line of text."));
        }
        if !kept
            .iter()
            .any(|known| known.to_lowercase() == tag.to_lowercase())
        {
            kept.push(tag.to_owned());
        }
    }
    few(sent.len(), TAGS_MAX, "/tags", wrong);
    kept
}

fn tax_ids(sent: &[TaxId], wrong: &mut Vec<Field>) -> Vec<TaxId> {
    few(sent.len(), TAX_IDS_MAX, "/taxIds", wrong);
    let mut kept: Vec<TaxId> = Vec::new();
    for (place, tax_id) in sent.iter().enumerate().take(TAX_IDS_MAX) {
        let tax_id = TaxId {
            kind: tax_id.kind,
            value: taxid::plain(&tax_id.value),
        };
        if !taxid::fits(tax_id.kind, &tax_id.value) {
            wrong.push(Field::new(
                format!("/taxIds/{place}/value"),
                "invalid",
                format!("Send it as {}.", taxid::example(tax_id.kind)),
            ));
        }
        if !kept.contains(&tax_id) {
            kept.push(tax_id);
        }
    }
    kept
}

fn billing(address: &Address, wrong: &mut Vec<Field>) -> Address {
    let mut part = |text: &Option<String>, name: &str| {
        line(
            text,
            TEXT_LETTERS_MAX,
            &format!("/billingAddress/{name}"),
            wrong,
        )
    };
    let kept = Address {
        line1: part(&address.line1, "line1"),
        line2: part(&address.line2, "line2"),
        city: part(&address.city, "city"),
        region: part(&address.region, "region"),
        postal_code: part(&address.postal_code, "postalCode"),
        country: part(&address.country, "country"),
    };
    let is_code = |code: &String| code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase());
    if kept.country.as_ref().is_some_and(|code| !is_code(code)) {
        wrong.push(Field::new(
            "/billingAddress/country",
            "invalid",
            "Send a country code of ISO 3166, like \"SE\".",
        ));
    }
    kept
}

fn invoice(settings: &InvoiceSettings, wrong: &mut Vec<Field>) -> InvoiceSettings {
    let pointers = ["/invoiceSettings/footer", "/invoiceSettings/memo"];
    for (text, pointer) in [&settings.footer, &settings.memo].into_iter().zip(pointers) {
        short(
            text.as_deref().unwrap_or_default(),
            TEXT_LETTERS_MAX,
            pointer,
            wrong,
        );
    }
    if settings.net_days.is_some_and(|days| days > NET_DAYS_MAX) {
        wrong.push(Field::new(
            "/invoiceSettings/netDays",
            "out_of_range",
            format!("Send a whole number from 0 to {NET_DAYS_MAX}."),
        ));
    }
    settings.clone()
}

fn metadata(ask: &EditCustomer, wrong: &mut Vec<Field>) {
    few(ask.metadata.len(), METADATA_KEYS_MAX, "/metadata", wrong);
    for (key, value) in ask.metadata.iter().take(METADATA_KEYS_MAX) {
        let shown: String = key.chars().take(METADATA_KEY_LETTERS_MAX).collect();
        let pointer = format!("/metadata/{}", shown.replace('~', "~0").replace('/', "~1"));
        if key.is_empty() {
            wrong.push(Field::new(&*pointer, "invalid", "Give the key a name."));
        }
        short(key, METADATA_KEY_LETTERS_MAX, &pointer, wrong);
        short(value, METADATA_VALUE_LETTERS_MAX, &pointer, wrong);
    }
}

/// The form of BCP 47; which languages exist is not asked.
fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let primary = parts.next().unwrap_or_default();
    let is_primary =
        (2..=3).contains(&primary.len()) && primary.bytes().all(|b| b.is_ascii_lowercase());
    let is_part = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    text.len() <= 35 && is_primary && parts.all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_has_one_form() {
        for (sent, kept) in [
            (" Asa@Example.COM ", Some("asa@example.com")),
            ("o'brien+x@a-b.co.uk", Some("o'brien+x@a-b.co.uk")),
            ("åsa@exämple.se", Some("åsa@exämple.se")),
            ("asa", None),
            ("asa@localhost", None),
            ("@example.com", None),
            ("a@b@example.com", None),
            ("a b@example.com", None),
            ("a..b@example.com", None),
            ("a@example..com", None),
            ("a@-example.com", None),
            ("a@example.com\n", Some("a@example.com")),
            ("a\u{7}@example.com", None),
        ] {
            assert_eq!(email(sent).as_deref(), kept, "{sent}");
        }
        assert_eq!(email(&format!("{}@example.com", "a".repeat(65))), None);
    }

    #[test]
    fn a_phone_is_read_in_the_country_of_the_venue() {
        for (sent, country, kept) in [
            ("070-174 06 05", "SE", Some("+46701740605")),
            ("+46 (0)70-174 06 05", "SE", Some("+46701740605")),
            ("0046701740605", "SE", Some("+46701740605")),
            ("612 345 678", "ES", Some("+34612345678")),
            ("+34612345678", "SE", Some("+34612345678")),
            ("55 1234 5678", "MX", Some("+525512345678")),
            ("(212) 555-0123", "US", Some("+12125550123")),
            ("12", "SE", None),
            ("not a phone", "SE", None),
            ("+999999999999999999", "SE", None),
        ] {
            assert_eq!(phone(sent, country).as_deref(), kept, "{sent}");
        }
    }

    #[test]
    fn a_language_has_the_form_of_a_code() {
        for (text, good) in [
            ("sv", true),
            ("en-GB", true),
            ("zh-Hant-TW", true),
            ("gsw", true),
            ("SV", false),
            ("s", false),
            ("swedish", false),
            ("en-", false),
            ("", false),
        ] {
            assert_eq!(is_language(text), good, "{text}");
        }
    }
}
