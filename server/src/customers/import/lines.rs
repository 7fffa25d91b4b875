//! A file as lines, each an object of the fields that it says.

use serde_json::{Map, Value as Json, json};

use super::{LINES_MAX, Rejected};
use crate::hall::error::{Error, Field, Result};

/// One line of a file.
#[derive(Debug, Clone)]
pub struct Line {
    /// As an editor counts them, from 1.
    pub number: u64,
    /// What it says, by the names of a customer's fields; or why that cannot be told.
    pub said: Result<Map<String, Json>, Vec<Field>>,
    /// As it stood, to be given back.
    cells: Vec<String>,
}

#[derive(Debug, Clone, Default)]
pub struct Lines {
    pub lines: Vec<Line>,
    /// Columns that mean nothing here.
    pub ignored: Vec<String>,
    pub(super) header: Vec<String>,
}

/// Reads a file by its media type: `application/x-ndjson` or `text/csv`. Slow: not for a store thread.
///
/// # Errors
/// `WrongType` for another type, `Malformed` for a file without a header, `Invalid` for one that is too long.
pub fn read(kind: &str, bytes: &[u8]) -> Result<Lines> {
    let text = text(bytes);
    let lines = match kind {
        "text/csv" | "application/csv" | "application/vnd.ms-excel" => csv(&text),
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Ok(ndjson(&text)),
        _ => Err(Error::WrongType),
    }?;
    if lines.lines.len() > LINES_MAX {
        let message = format!("Send at most {LINES_MAX} lines at once.");
        return Err(Error::field("", "too_many", message));
    }
    Ok(lines)
}

/// UTF-8, or else what spreadsheets of Western Europe write.
fn text(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

fn ndjson(text: &str) -> Lines {
    let lines = text
        .lines()
        .zip(1..)
        .filter(|(line, _)| !line.trim().is_empty());
    let lines = lines.take(LINES_MAX + 1).map(|(line, number)| {
        let said = match serde_json::from_str::<Json>(line) {
            Ok(Json::Object(said)) => Ok(said),
            Ok(_) => Err("Send one object per line.".to_owned()),
            Err(error) => Err(format!("Send one object per line: {error}.")),
        };
        Line {
            number,
            said: said.map_err(|why| vec![Field::new("", "malformed", why)]),
            cells: vec![line.to_owned()],
        }
    });
    Lines {
        lines: lines.collect(),
        ignored: Vec::new(),
        header: vec!["line".into()],
    }
}

fn csv(text: &str) -> Result<Lines> {
    let first = text.lines().next().unwrap_or_default();
    let count = |mark: u8| first.bytes().filter(|byte| *byte == mark).count();
    let delimiter = [b',', b';', b'\t']
        .into_iter()
        .max_by_key(|mark| (count(*mark), *mark == b','));
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter.unwrap_or(b','))
        .flexible(true)
        .from_reader(text.as_bytes());
    let header: Vec<String> = match reader.headers() {
        Ok(header) => header.iter().map(str::to_owned).collect(),
        Err(error) => {
            return Err(Error::Malformed(format!(
                "The header cannot be read: {error}."
            )));
        }
    };
    let columns: Vec<Option<Column>> = header.iter().map(|name| Column::named(name)).collect();
    if columns.iter().all(Option::is_none) {
        let why = "The first line names no column that is known, such as email, phone, first name.";
        return Err(Error::Malformed(why.into()));
    }
    let unknown = header
        .iter()
        .zip(&columns)
        .filter(|(_, column)| column.is_none());
    let ignored = unknown.map(|(name, _)| name.clone()).collect();
    let mut lines = Vec::new();
    let mut counted = Counted::default();
    for record in reader.records().take(LINES_MAX + 1) {
        lines.push(match record {
            Ok(record) => Line {
                number: counted.line_at(text, record.position()),
                said: said(&columns, &record),
                cells: record.iter().map(str::to_owned).collect(),
            },
            Err(error) => Line {
                number: counted.line_at(text, error.position()),
                said: Err(vec![Field::new("", "malformed", error.to_string())]),
                cells: Vec::new(),
            },
        });
    }
    Ok(Lines {
        lines,
        ignored,
        header,
    })
}

/// Lines counted so far. The reader's own count stands before what it skips: a second byte of a line's end,
/// and empty lines.
#[derive(Default)]
struct Counted {
    byte: usize,
    ends: u64,
}

impl Counted {
    fn line_at(&mut self, text: &str, position: Option<&csv::Position>) -> u64 {
        let bytes = text.as_bytes();
        let byte = position.map_or(0, csv::Position::byte);
        let mut until = usize::try_from(byte).unwrap_or(usize::MAX).min(bytes.len());
        while matches!(bytes.get(until), Some(b'\r' | b'\n')) {
            until += 1;
        }
        let passed = bytes.get(self.byte..until).unwrap_or_default();
        self.ends += passed.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.byte = until.max(self.byte);
        self.ends + 1
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    /// A text under this name.
    Text(&'static str),
    /// Both names in one cell, the last word being the last name.
    WholeName,
    Tags,
    /// The customer's id in the system that the file is of.
    Id,
    /// Known, and not taken from a file.
    Consent,
}

impl Column {
    fn named(name: &str) -> Option<Column> {
        let plain: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
        Some(match plain.to_lowercase().as_str() {
            "email" | "emailaddress" | "mail" | "epost" => Column::Text("email"),
            "phone" | "phonenumber" | "mobile" | "mobilephone" | "telephone" | "telefon" => {
                Column::Text("phone")
            }
            "firstname" | "givenname" => Column::Text("firstName"),
            "lastname" | "surname" | "familyname" => Column::Text("lastName"),
            "name" | "fullname" | "customername" => Column::WholeName,
            "birthdate" | "birthday" | "dateofbirth" => Column::Text("birthDate"),
            "gender" => Column::Text("gender"),
            "language" | "locale" => Column::Text("language"),
            "colortype" => Column::Text("colorType"),
            "tags" | "labels" => Column::Tags,
            "id" | "externalref" | "externalid" | "customerid" | "referenceid" => Column::Id,
            "marketingconsent" | "consent" | "emailsubscriptionstatus" => Column::Consent,
            _ => return None,
        })
    }
}

fn said(
    columns: &[Option<Column>],
    record: &csv::StringRecord,
) -> Result<Map<String, Json>, Vec<Field>> {
    if record.len() > columns.len() {
        let message = format!(
            "The line has {} cells, the header {}.",
            record.len(),
            columns.len()
        );
        return Err(vec![Field::new("", "malformed", message)]);
    }
    let mut said = Map::new();
    for (column, cell) in columns.iter().zip(record) {
        let cell = cell.trim();
        if cell.is_empty() {
            continue;
        }
        match column {
            Some(Column::Text(name)) => {
                said.insert((*name).into(), cell.into());
            }
            Some(Column::WholeName) => {
                let (first, last) = cell.rsplit_once(' ').unwrap_or((cell, ""));
                said.insert("firstName".into(), first.trim().into());
                said.insert("lastName".into(), last.into());
            }
            Some(Column::Tags) => {
                let tags = cell.split([';', '|', ',']).map(str::trim);
                let tags: Vec<&str> = tags.filter(|tag| !tag.is_empty()).collect();
                said.insert("tags".into(), json!(tags));
            }
            Some(Column::Id) => {
                said.insert("id".into(), cell.into());
            }
            Some(Column::Consent) | None => {}
        }
    }
    Ok(said)
}

/// The bad lines under their header, with the reason behind each; empty where there are none.
pub(super) fn rejected(header: &[String], bad: &[Line], why: &[Rejected]) -> Result<String> {
    if bad.is_empty() {
        return Ok(String::new());
    }
    let mut writer = csv::WriterBuilder::new()
        .flexible(true)
        .from_writer(Vec::new());
    let names = header.iter().map(String::as_str).chain(["reason"]);
    writer.write_record(names).map_err(Error::bug)?;
    for line in bad {
        let found = why.iter().find(|rejected| rejected.line == line.number);
        let told = found.map_or_else(String::new, |rejected| {
            let errors = rejected.errors.iter();
            let parts: Vec<String> = errors
                .map(|field| {
                    format!("{} {}", field.pointer, field.message)
                        .trim()
                        .to_owned()
                })
                .collect();
            parts.join(" ")
        });
        let mut cells: Vec<String> = line.cells.iter().map(|cell| inert(cell)).collect();
        cells.resize(header.len().max(cells.len()), String::new());
        cells.push(told);
        writer.write_record(&cells).map_err(Error::bug)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| Error::bug(error.to_string()))?;
    String::from_utf8(bytes).map_err(Error::bug)
}

/// A cell that a spreadsheet would take for a formula is put in quotes of its own; a phone's `+` is none.
fn inert(cell: &str) -> String {
    let is_number = cell
        .chars()
        .skip(1)
        .all(|c| c.is_ascii_digit() || " -()./".contains(c));
    if cell.starts_with(['=', '@', '+', '-', '\t']) && !is_number {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &[u8]) -> Lines {
        read("text/csv", text).unwrap()
    }

    #[test]
    fn a_spreadsheet_is_read_as_it_was_exported() {
        for file in [
            "E-mail,First Name,Tags,Shoe size\nasa@example.com,Åsa,\"VIP;regular\",38\n".as_bytes(),
            "\u{feff}email;first_name;labels;Shoe size\r\nasa@example.com;Åsa;VIP|regular;38\r\n"
                .as_bytes(),
            b"email\tfirstName\ttags\tShoe size\nasa@example.com\t\xc5sa\tVIP|regular\t38\n",
        ] {
            let read = of(file);
            assert_eq!(read.ignored, ["Shoe size"]);
            assert_eq!(read.lines[0].number, 2);
            assert_eq!(
                Json::Object(read.lines[0].said.clone().unwrap()),
                json!({"email": "asa@example.com", "firstName": "Åsa", "tags": ["VIP", "regular"]})
            );
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_by_its_line() {
        let read = of(b"name,phone\nBo Ek,1\n\nx,y,z\n");
        assert_eq!(
            Json::Object(read.lines[0].said.clone().unwrap()),
            json!({"firstName": "Bo", "lastName": "Ek", "phone": "1"})
        );
        assert_eq!(read.lines[1].number, 4);
        assert!(read.lines[1].said.is_err());
        let nd = super::read("application/x-ndjson", b"{\"email\": 1}\n\n[]\n{").unwrap();
        let numbers: Vec<u64> = nd.lines.iter().map(|line| line.number).collect();
        assert_eq!(numbers, [1, 3, 4]);
        assert!(nd.lines[0].said.is_ok() && nd.lines[1].said.is_err() && nd.lines[2].said.is_err());
        assert!(matches!(
            super::read("text/csv", b"a,b\n1,2\n"),
            Err(Error::Malformed(_))
        ));
        assert!(matches!(
            super::read("application/json", b"{}"),
            Err(Error::WrongType)
        ));
    }

    #[test]
    fn a_rejected_cell_is_no_formula() {
        assert_eq!(inert("=cmd()"), "'=cmd()");
        assert_eq!(inert("+46 70-174 06 05"), "+46 70-174 06 05");
    }
}
