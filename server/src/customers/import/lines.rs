//! A file as lines, each an object of the fields that it says.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::columns::{Column, Columns, Preset, refuse_gift_card};
use crate::hall::error::{Code, Error, Extra, Field, Result};
use crate::hall::http::strict;

/// One line of a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Line {
    /// As an editor counts them, from 1.
    pub number: u64,
    /// What it says, by the names of a customer's fields; or why that cannot be told.
    pub said: Result<Map<String, Json>, Vec<Field>>,
    /// As it stood, to be given back.
    pub cells: Vec<String>,
}

#[derive(Debug, Clone, Default)]
pub struct Lines {
    pub lines: Vec<Line>,
    /// Columns that mean nothing here.
    pub ignored: Vec<String>,
    pub header: Vec<String>,
}

/// Reads a file of at most `lines_max` lines by its media type: `application/x-ndjson` or `text/csv`. Slow: not
/// for a store thread.
///
/// # Errors
/// `Refused(WrongType)` for another type, `Malformed` for a file without a header, `Invalid` for one that is too
/// long or has a column of gift cards.
pub fn read(kind: &str, bytes: &[u8], columns: &Columns, lines_max: usize) -> Result<Lines> {
    let text = text(bytes);
    let lines = match kind {
        "text/csv" | "application/csv" | "application/vnd.ms-excel" => {
            csv(&text, columns, lines_max)
        }
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => {
            Ok(ndjson(&text, lines_max))
        }
        _ => Err(Error::Refused(
            Code::WrongType,
            Extra::saying("Send the file as `Content-Type: text/csv` or `application/x-ndjson`."),
        )),
    }?;
    if lines.lines.len() > lines_max {
        let message = format!("Send at most {lines_max} lines at once: part the file.");
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

fn ndjson(text: &str, lines_max: usize) -> Lines {
    let lines = text
        .lines()
        .zip(1..)
        .filter(|(line, _)| !line.trim().is_empty());
    let lines = lines.take(lines_max + 1).map(|(line, number)| Line {
        number,
        said: object(line),
        cells: vec![line.to_owned()],
    });
    Lines {
        lines: lines.collect(),
        ignored: Vec::new(),
        header: vec!["line".into()],
    }
}

fn object(line: &str) -> Result<Map<String, Json>, Vec<Field>> {
    let why = match strict(line.as_bytes()) {
        Ok(Json::Object(said)) => {
            let cards = said.keys().filter_map(|name| refuse_gift_card(name));
            let cards: Vec<Field> = cards.collect();
            return if cards.is_empty() {
                Ok(said)
            } else {
                Err(cards)
            };
        }
        Ok(_) => "Send one object per line.".to_owned(),
        Err(error) => format!("Send one object per line: {error}."),
    };
    Err(vec![Field::new("", "malformed", why)])
}

fn csv(text: &str, how: &Columns, lines_max: usize) -> Result<Lines> {
    let first = text.lines().next().unwrap_or_default();
    let count = |mark: u8| first.bytes().filter(|byte| *byte == mark).count();
    let delimiter = [b',', b';', b'\t']
        .into_iter()
        .max_by_key(|mark| (count(*mark), *mark == b','))
        .unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
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
    let columns = how.of(&header)?;
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
    for record in reader.records().take(lines_max + 1) {
        lines.push(match record {
            Ok(record) => Line {
                number: counted.line_at(text, record.position()),
                said: said(&columns, &record, how.preset),
                cells: record.iter().map(str::to_owned).collect(),
            },
            Err(error) => Line {
                number: counted.line_at(text, error.position()),
                said: Err(vec![Field::new("", "malformed", error.to_string())]),
                cells: Vec::new(),
            },
        });
    }
    if let Some(last) = lines.last_mut().filter(|_| ends_quoted(text, delimiter)) {
        last.said = Err(vec![Field::new("", "malformed", UNCLOSED)]);
    }
    Ok(Lines {
        lines,
        ignored,
        header,
    })
}

/// Why the last record of a file that ends within quotes is refused: the reader takes it for one that was closed.
pub const UNCLOSED: &str = "A quote is opened here and never closed, so that all lines after it were taken for one \
    cell and none was brought in: close it and bring the file in again.";

/// Whether a file ends within quotes. They count where a cell begins; two of them within a cell are one letter.
pub fn ends_quoted(text: &str, delimiter: u8) -> bool {
    let (mut opens, mut quoted) = (true, false);
    for byte in text.bytes() {
        let is_quote = byte == b'"' && (quoted || opens);
        quoted ^= is_quote;
        opens = !quoted && (is_quote || byte == delimiter || matches!(byte, b'\r' | b'\n'));
    }
    quoted
}

/// Lines counted so far. The reader's own count stands before what it skips: a second byte of a line's end,
/// and empty lines.
#[derive(Debug, Default)]
pub struct Counted {
    byte: usize,
    ends: u64,
}

impl Counted {
    /// The line, from 1, on which what stands there begins.
    pub fn line_at(&mut self, text: &str, position: Option<&csv::Position>) -> u64 {
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

fn said(
    columns: &[Option<Column>],
    record: &csv::StringRecord,
    preset: Option<Preset>,
) -> Result<Map<String, Json>, Vec<Field>> {
    if record.len() > columns.len() {
        let message = format!(
            "The line has {} cells, the header {}.",
            record.len(),
            columns.len()
        );
        return Err(vec![Field::new("", "malformed", message)]);
    }
    let (mut said, mut address) = (Map::new(), Map::new());
    let mut whole_name = None;
    for (column, cell) in columns.iter().zip(record) {
        let cell = cell.trim();
        if cell.is_empty() {
            continue;
        }
        // Of two columns of one field the first that says something is taken.
        let mut say = |name: &str, value: Json| {
            said.entry(name).or_insert(value);
        };
        match column {
            Some(Column::Text(name)) => say(name, cell.into()),
            Some(Column::WholeName) => whole_name = whole_name.or(Some(cell)),
            Some(Column::NameAndEmail) => {
                let (name, email) = parted(cell);
                whole_name = whole_name.or(name);
                if let Some(email) = email {
                    say("email", email.into());
                }
            }
            Some(Column::Birth) => say("birthDate", date(cell, preset)?.to_string().into()),
            Some(Column::Tags) => {
                let tags = cell.split([';', '|', ',']).map(str::trim);
                let tags: Vec<&str> = tags.filter(|tag| !tag.is_empty()).collect();
                say("tags", json!(tags));
            }
            Some(Column::Address(part)) => {
                address.insert((*part).into(), cell.into());
            }
            Some(Column::Id) => say("id", cell.into()),
            Some(Column::Points) => say("points", cell.into()),
            Some(Column::Consent | Column::Nothing) | None => {}
        }
    }
    let is_named = said.contains_key("firstName") || said.contains_key("lastName");
    if let Some(name) = whole_name.filter(|_| !is_named) {
        let (first, last) = name.rsplit_once(' ').unwrap_or((name, ""));
        said.insert("firstName".into(), first.trim().into());
        said.insert("lastName".into(), last.into());
    }
    if !address.is_empty() {
        said.insert("billingAddress".into(), Json::Object(address));
    }
    Ok(said)
}

/// `Åsa Lindqvist (asa@example.com)` in its two parts.
fn parted(cell: &str) -> (Option<&str>, Option<&str>) {
    let end = cell.trim_end_matches([')', '>']);
    match end.rsplit_once(['(', '<']) {
        Some((name, email)) => (
            Some(name.trim()).filter(|name| !name.is_empty()),
            Some(email.trim()),
        ),
        None if cell.contains('@') => (None, Some(cell)),
        None => (Some(cell), None),
    }
}

/// A date as people write it; one that may be read in two ways is refused.
fn date(cell: &str, preset: Option<Preset>) -> Result<Date, Vec<Field>> {
    let day = cell.split(['T', ' ']).next().unwrap_or_default();
    let parts: Vec<&str> = day.split(['-', '/', '.']).collect();
    let number = |place: usize| parts.get(place)?.parse::<i16>().ok();
    let found = match (number(0), number(1), number(2)) {
        (Some(year), Some(month), Some(day)) if parts[0].len() == 4 => Some((year, month, day)),
        (Some(first), Some(second), Some(year)) if parts[2].len() == 4 => {
            let month_first = preset.is_some_and(Preset::has_month_first);
            // Points are written where the day goes first.
            let day_first = first > 12 || day.contains('.');
            match (day_first, month_first || second > 12 || first == second) {
                (true, _) => Some((year, second, first)),
                (false, true) => Some((year, first, second)),
                (false, false) => None,
            }
        }
        _ => None,
    };
    let date = found.and_then(|(year, month, day)| {
        Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    });
    let message = "Write the date as year, month and day, like 1984-05-17.";
    date.filter(|_| parts.len() == 3)
        .ok_or_else(|| vec![Field::new("/birthDate", "invalid", message)])
}

/// Bad lines as a CSV, each with the reason behind it, to be put right and sent again.
#[derive(Debug)]
pub struct RejectedFile {
    columns: usize,
    writer: csv::Writer<Vec<u8>>,
}

impl RejectedFile {
    pub fn begin(header: &[String]) -> Result<RejectedFile> {
        let mut file = RejectedFile::going_on(header);
        let names = header.iter().map(String::as_str).chain(["reason"]);
        file.writer.write_record(names).map_err(Error::bug)?;
        Ok(file)
    }

    /// Without the header, which an earlier part has.
    pub fn going_on(header: &[String]) -> RejectedFile {
        let writer = csv::WriterBuilder::new()
            .flexible(true)
            .from_writer(Vec::new());
        RejectedFile {
            columns: header.len(),
            writer,
        }
    }

    pub fn add(&mut self, cells: &[String], why: &str) -> Result<()> {
        let mut row: Vec<String> = cells.iter().map(|cell| inert(cell)).collect();
        row.resize(self.columns.max(row.len()), String::new());
        row.push(why.to_owned());
        self.writer.write_record(&row).map_err(Error::bug)
    }

    pub fn end(self) -> Result<Vec<u8>> {
        let bytes = self.writer.into_inner();
        bytes.map_err(|error| Error::bug(error.to_string()))
    }
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
        read("text/csv", text, &Columns::default(), 100).unwrap()
    }

    fn refused(kind: &str, text: &[u8]) -> Error {
        read(kind, text, &Columns::default(), 100).unwrap_err()
    }

    fn only(preset: Preset, text: &str) -> Json {
        let columns = Columns::new(Some(preset), &[]).unwrap();
        let read = read("text/csv", text.as_bytes(), &columns, 100).unwrap();
        Json::Object(read.lines[0].said.clone().unwrap())
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
        let nd = super::read(
            "application/x-ndjson",
            b"{\"email\": 1}\n\n[]\n{",
            &Columns::default(),
            100,
        )
        .unwrap();
        let numbers: Vec<u64> = nd.lines.iter().map(|line| line.number).collect();
        assert_eq!(numbers, [1, 3, 4]);
        assert!(nd.lines[0].said.is_ok() && nd.lines[1].said.is_err() && nd.lines[2].said.is_err());
        assert!(matches!(
            refused("text/csv", b"a,b\n1,2\n"),
            Error::Malformed(_)
        ));
        let other = refused("application/json", b"{}").problem("req_1");
        assert_eq!(other.status, 415);
        assert!(other.detail.contains("text/csv"), "{}", other.detail);
    }

    #[test]
    fn a_quote_that_is_never_closed_is_told_and_names_nobody() {
        for (file, last, why) in [
            ("name,phone\nAda,1\n\"Bo,2\nCia,3\n", 3, "quote"),
            ("name,phone\n\"Bo \"\"B\"\" Ek\",1\nCia,\"2", 3, "quote"),
        ] {
            let read = of(file.as_bytes());
            let lost = read.lines.last().unwrap();
            let told = &lost.said.as_ref().unwrap_err()[0].message;
            assert_eq!((read.lines.len(), lost.number), (2, last));
            assert!(read.lines[0].said.is_ok() && told.contains(why), "{told}");
        }
        let inch = of(b"name,phone\nBo 12\" Ek,1\n\"Cia \"\"C\"\" Dal\",2");
        assert!(inch.lines.iter().all(|line| line.said.is_ok()));
    }

    #[test]
    fn each_export_is_read_by_its_own_names() {
        let square = "Reference ID,First Name,Last Name,Email Address,Phone Number,Street Address 1,City,State,\
            Postal Code,Birthday,Square Customer ID,Email Subscription Status\n\
            77,Åsa,Lindqvist,asa@example.com,+46701740605,Storgatan 1,Solna,AB,111 23,05/17/1984,JDKY,subscribed\n";
        let zettle = "Customer UUID,Name,E-mail,Customer phone,Zip code\nu-1,Åsa Lindqvist,asa@example.com,0701740605,111 23\n";
        let calcom = "uid,email,Attendee 1,Attendee phone\nb-1,host@example.com,Åsa Lindqvist (asa@example.com),0701740605\n";
        let excel = "Kundnummer;Förnamn;Efternamn;E-post;Mobil;Födelsedatum;Poäng\n9;Åsa;Lindqvist;asa@example.com;0701740605;17.05.1984;120\n";
        let person =
            json!({"firstName": "Åsa", "lastName": "Lindqvist", "email": "asa@example.com"});
        for (preset, file, more) in [
            (
                Preset::Square,
                square,
                json!({"id": "JDKY", "phone": "+46701740605", "birthDate": "1984-05-17",
                "billingAddress": {"line1": "Storgatan 1", "city": "Solna", "region": "AB", "postalCode": "111 23"}}),
            ),
            (
                Preset::Zettle,
                zettle,
                json!({"id": "u-1", "phone": "0701740605", "billingAddress": {"postalCode": "111 23"}}),
            ),
            (Preset::Calcom, calcom, json!({"phone": "0701740605"})),
            (
                Preset::Excel,
                excel,
                json!({"id": "9", "phone": "0701740605", "birthDate": "1984-05-17", "points": "120"}),
            ),
        ] {
            let mut wanted = person.as_object().unwrap().clone();
            wanted.extend(more.as_object().unwrap().clone());
            assert_eq!(only(preset, file), Json::Object(wanted), "{preset:?}");
        }
    }

    #[test]
    fn a_date_that_reads_in_two_ways_is_refused() {
        for (cell, preset, wanted) in [
            ("1984-05-17", None, Some("1984-05-17")),
            ("1984/05/17 00:00", None, Some("1984-05-17")),
            ("17.5.1984", None, Some("1984-05-17")),
            ("17/05/1984", None, Some("1984-05-17")),
            ("05/17/1984", None, Some("1984-05-17")),
            ("05/06/1984", None, None),
            ("05/06/1984", Some(Preset::Square), Some("1984-05-06")),
            ("05/05/1984", None, Some("1984-05-05")),
            ("30.2.1984", None, None),
            ("05/17", Some(Preset::Square), None),
            ("1984-05-17-1", None, None),
            ("last May", None, None),
        ] {
            let read = date(cell, preset).ok().map(|date| date.to_string());
            assert_eq!(read.as_deref(), wanted, "{cell}");
        }
    }

    #[test]
    fn a_map_says_what_a_column_is() {
        let map = ["email=Contact".to_owned(), "name=Who".to_owned()];
        let columns = Columns::new(None, &map).unwrap();
        let file = b"Who,Contact,E-mail\nBo Ek,bo@example.com,office@example.com\n";
        let found = read("text/csv", file, &columns, 100).unwrap();
        assert_eq!(
            Json::Object(found.lines[0].said.clone().unwrap()),
            json!({"firstName": "Bo", "lastName": "Ek", "email": "bo@example.com"})
        );
        assert_eq!(found.ignored, ["E-mail"]);
        for wrong in [
            &["email"][..],
            &["e-mail=Contact"],
            &["email="],
            &["email=A", "email=B"],
            &["email=A", "phone=A"],
        ] {
            let map: Vec<String> = wrong.iter().map(|pair| (*pair).to_owned()).collect();
            assert!(Columns::new(None, &map).is_err(), "{wrong:?}");
        }
        let lacking = Columns::new(None, &["email=Nowhere".to_owned()]).unwrap();
        assert!(matches!(
            read("text/csv", file, &lacking, 100),
            Err(Error::Invalid(wrong)) if wrong[0].message.contains("`Nowhere`")
        ));
    }

    #[test]
    fn gift_cards_are_refused_by_name() {
        let file = b"email,Gift Card Code\nasa@example.com,\n";
        assert!(matches!(
            refused("text/csv", file),
            Error::Invalid(wrong) if wrong[0].message.contains("`Gift Card Code`")
        ));
        let line = b"{\"email\": \"asa@example.com\", \"giftCardCode\": \"X\"}";
        let read = read("application/x-ndjson", line, &Columns::default(), 100).unwrap();
        assert_eq!(
            read.lines[0].said.as_ref().unwrap_err()[0].code,
            "gift_card"
        );
    }

    #[test]
    fn a_rejected_cell_is_no_formula() {
        assert_eq!(inert("=cmd()"), "'=cmd()");
        assert_eq!(inert("+46 70-174 06 05"), "+46 70-174 06 05");
    }
}
