//! What the columns of a file mean: by their names, by the system whose export it is, or as somebody says.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::hall::error::{Error, Field, Result};

/// A system whose export names its columns in its own way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// The customer directory.
    Square,
    /// The customer list.
    Zettle,
    /// Bookings: whoever attends is the customer.
    Calcom,
    /// A spreadsheet in English, Swedish or Spanish.
    Excel,
}

impl Preset {
    pub const ALL: &'static [Preset] = &[
        Preset::Square,
        Preset::Zettle,
        Preset::Calcom,
        Preset::Excel,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Preset::Square => "square",
            Preset::Zettle => "zettle",
            Preset::Calcom => "calcom",
            Preset::Excel => "excel",
        }
    }

    pub fn of(word: &str) -> Option<Preset> {
        Preset::ALL.iter().copied().find(|one| one.word() == word)
    }

    /// What ids of the file are of.
    pub fn system(self) -> &'static str {
        match self {
            Preset::Excel => super::SYSTEM,
            other => other.word(),
        }
    }

    /// In which order a date with slashes is written, where that can be told.
    pub(super) fn has_month_first(self) -> bool {
        self == Preset::Square
    }

    fn columns(self) -> &'static [(&'static str, Column)] {
        match self {
            Preset::Square => SQUARE,
            Preset::Zettle => ZETTLE,
            Preset::Calcom => CALCOM,
            Preset::Excel => EXCEL,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    /// A text under this name.
    Text(&'static str),
    /// Both names in one cell, the last word being the last name.
    WholeName,
    /// `Åsa Lindqvist (asa@example.com)`.
    NameAndEmail,
    Birth,
    Tags,
    /// A part of the billing address.
    Address(&'static str),
    /// The customer's id in the system that the file is of.
    Id,
    /// The balance that the customer brings.
    Points,
    /// Known, and not taken from a file.
    Consent,
    /// Means nothing here, whatever its name says elsewhere.
    Nothing,
}

/// Names in small letters and digits alone, as [`plain`] leaves them.
const GENERAL: &[(&str, Column)] = &[
    ("email", Column::Text("email")),
    ("emailaddress", Column::Text("email")),
    ("mail", Column::Text("email")),
    ("epost", Column::Text("email")),
    ("phone", Column::Text("phone")),
    ("phonenumber", Column::Text("phone")),
    ("mobile", Column::Text("phone")),
    ("mobilephone", Column::Text("phone")),
    ("telephone", Column::Text("phone")),
    ("telefon", Column::Text("phone")),
    ("firstname", Column::Text("firstName")),
    ("givenname", Column::Text("firstName")),
    ("lastname", Column::Text("lastName")),
    ("surname", Column::Text("lastName")),
    ("familyname", Column::Text("lastName")),
    ("name", Column::WholeName),
    ("fullname", Column::WholeName),
    ("customername", Column::WholeName),
    ("birthdate", Column::Birth),
    ("birthday", Column::Birth),
    ("dateofbirth", Column::Birth),
    ("gender", Column::Text("gender")),
    ("language", Column::Text("language")),
    ("locale", Column::Text("language")),
    ("colortype", Column::Text("colorType")),
    ("tags", Column::Tags),
    ("labels", Column::Tags),
    ("id", Column::Id),
    ("externalref", Column::Id),
    ("externalid", Column::Id),
    ("customerid", Column::Id),
    ("referenceid", Column::Id),
    ("points", Column::Points),
    ("loyaltypoints", Column::Points),
    ("pointsbalance", Column::Points),
    ("pointbalance", Column::Points),
    ("rewardpoints", Column::Points),
    ("marketingconsent", Column::Consent),
    ("consent", Column::Consent),
    ("emailsubscriptionstatus", Column::Consent),
];

/// The merchant's own reference stands beside the id of the directory, which is the one that stays.
const SQUARE: &[(&str, Column)] = &[
    ("squarecustomerid", Column::Id),
    ("referenceid", Column::Nothing),
    ("groups", Column::Tags),
    ("streetaddress1", Column::Address("line1")),
    ("streetaddress2", Column::Address("line2")),
    ("city", Column::Address("city")),
    ("state", Column::Address("region")),
    ("postalcode", Column::Address("postalCode")),
];

const ZETTLE: &[(&str, Column)] = &[
    ("customeruuid", Column::Id),
    ("uuid", Column::Id),
    ("customeremail", Column::Text("email")),
    ("customerphone", Column::Text("phone")),
    ("customerphonenumber", Column::Text("phone")),
    ("address", Column::Address("line1")),
    ("street", Column::Address("line1")),
    ("zipcode", Column::Address("postalCode")),
    ("postcode", Column::Address("postalCode")),
    ("city", Column::Address("city")),
    ("marketingpermission", Column::Consent),
];

/// Its ids are of bookings, its emails without `attendee` are of hosts.
const CALCOM: &[(&str, Column)] = &[
    ("id", Column::Nothing),
    ("uid", Column::Nothing),
    ("email", Column::Nothing),
    ("attendee", Column::NameAndEmail),
    ("attendee1", Column::NameAndEmail),
    ("attendeename", Column::WholeName),
    ("attendeeemail", Column::Text("email")),
    ("attendeephone", Column::Text("phone")),
    ("attendeephonenumber", Column::Text("phone")),
    ("smsremindernumber", Column::Text("phone")),
    ("attendeelanguage", Column::Text("language")),
    ("attendeelocale", Column::Text("language")),
];

const EXCEL: &[(&str, Column)] = &[
    ("epostadress", Column::Text("email")),
    ("mejl", Column::Text("email")),
    ("telefonnummer", Column::Text("phone")),
    ("mobil", Column::Text("phone")),
    ("mobilnummer", Column::Text("phone")),
    ("förnamn", Column::Text("firstName")),
    ("efternamn", Column::Text("lastName")),
    ("namn", Column::WholeName),
    ("födelsedatum", Column::Birth),
    ("födelsedag", Column::Birth),
    ("kön", Column::Text("gender")),
    ("språk", Column::Text("language")),
    ("taggar", Column::Tags),
    ("kundnummer", Column::Id),
    ("poäng", Column::Points),
    ("correo", Column::Text("email")),
    ("correoelectrónico", Column::Text("email")),
    ("teléfono", Column::Text("phone")),
    ("móvil", Column::Text("phone")),
    ("nombre", Column::Text("firstName")),
    ("apellido", Column::Text("lastName")),
    ("apellidos", Column::Text("lastName")),
    ("nombrecompleto", Column::WholeName),
    ("fechadenacimiento", Column::Birth),
    ("género", Column::Text("gender")),
    ("idioma", Column::Text("language")),
    ("etiquetas", Column::Tags),
    ("puntos", Column::Points),
    ("customernumber", Column::Id),
];

/// What a column may be said to be.
const FIELDS: &[(&str, Column)] = &[
    ("email", Column::Text("email")),
    ("phone", Column::Text("phone")),
    ("firstName", Column::Text("firstName")),
    ("lastName", Column::Text("lastName")),
    ("name", Column::WholeName),
    ("birthDate", Column::Birth),
    ("gender", Column::Text("gender")),
    ("language", Column::Text("language")),
    ("colorType", Column::Text("colorType")),
    ("tags", Column::Tags),
    ("id", Column::Id),
    ("points", Column::Points),
];

/// Fields that `map` may name; more pairs than these repeat one.
const PAIRS_MAX: usize = FIELDS.len();

/// How the columns of one file are read.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    pub(super) preset: Option<Preset>,
    /// By the name of the column as it stands.
    said: Vec<(String, Column)>,
}

impl Columns {
    /// `map` is of pairs `field=column`.
    ///
    /// # Errors
    /// `Invalid` at `?map` for a pair that is none, or a field that is none or is there twice.
    pub fn new(preset: Option<Preset>, map: &[String]) -> Result<Columns> {
        let mut said: Vec<(String, Column)> = Vec::new();
        if map.len() > PAIRS_MAX {
            let message = format!("Send at most {PAIRS_MAX} pairs.");
            return Err(Error::field("?map", "too_many", message));
        }
        for pair in map {
            let named = pair.split_once('=').and_then(|(field, name)| {
                let column = FIELDS.iter().find(|(known, _)| *known == field.trim())?.1;
                let name = name.trim();
                (!name.is_empty()).then(|| (name.to_owned(), column))
            });
            let Some((name, column)) = named else {
                let fields: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
                let fields = fields.join(", ");
                let message = format!("Send `field=column`; the fields are {fields}.");
                return Err(Error::field("?map", "invalid", message));
            };
            let is_there = said
                .iter()
                .any(|(other, kind)| *other == name || *kind == column);
            if is_there {
                let message = format!("Send each field and each column once, not `{pair}` again.");
                return Err(Error::field("?map", "repeated", message));
            }
            said.push((name, column));
        }
        Ok(Columns { preset, said })
    }

    /// What each column of the header means, where it means something.
    ///
    /// # Errors
    /// `Invalid` for a column of gift cards, or one that `map` names and the file lacks.
    pub(super) fn of(&self, header: &[String]) -> Result<Vec<Option<Column>>> {
        let mut wrong: Vec<Field> = header
            .iter()
            .filter_map(|name| refuse_gift_card(name))
            .collect();
        for (name, _) in &self.said {
            if !header.iter().any(|column| column.trim() == name) {
                let message = format!("The file has no column `{name}`.");
                wrong.push(Field::new("?map", "unknown_column", message));
            }
        }
        if !wrong.is_empty() {
            return Err(Error::Invalid(wrong));
        }
        Ok(header.iter().map(|name| self.column(name)).collect())
    }

    fn column(&self, name: &str) -> Option<Column> {
        let said = self.said.iter().find(|(said, _)| said == name.trim());
        if let Some((_, column)) = said {
            return Some(*column);
        }
        let plain = plain(name);
        let own = self.preset.map(Preset::columns).unwrap_or_default();
        let all = own.iter().chain(GENERAL);
        let known = all
            .filter(|(known, _)| *known == plain)
            .map(|(_, column)| *column)
            .next()?;
        // What the file's own names say less well than `map` does is left aside.
        let is_said = self.said.iter().any(|(_, column)| *column == known);
        (known != Column::Nothing && !is_said).then_some(known)
    }
}

fn plain(name: &str) -> String {
    let letters: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
    letters.to_lowercase()
}

/// Gift cards are money of the guest: a code that was left out without a word would be lost.
pub(super) fn refuse_gift_card(name: &str) -> Option<Field> {
    let plain = plain(name);
    let words = [
        "giftcard",
        "presentkort",
        "tarjetaregalo",
        "tarjetaderegalo",
    ];
    let is_one = plain == "gan" || words.iter().any(|word| plain.contains(word));
    is_one.then(|| {
        let name: String = name.chars().take(80).collect();
        let message =
            format!("Take `{name}` out of the file: gift cards are not brought in with customers.");
        Field::new(format!("/{name}"), "gift_card", message)
    })
}
