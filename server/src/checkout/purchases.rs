//! Purchases in a file: columns of fixed places or of a CSV, each said by what it is.
//!
//! The CDNOW history (cohort id, sample id, yyyymmdd, quantity, dollars) is one layout of fixed places.

use std::collections::BTreeMap;
use std::ops::Range;

use engine::money::Currency;
use jiff::civil::Date;

use super::history::{Past, Purchase};
use crate::customers::import::{Counted, UNCLOSED, ends_quoted};
use crate::hall::money::AMOUNT_MAX;

const QUANTITY_MAX: u32 = 10_000;
/// With the day and the number behind it, it fits into a reference.
const PERSON_LETTERS_MAX: usize = 100;

/// Where a field stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// From this letter up to but not including that one, from 0.
    Letters(Range<usize>),
    /// The column of a CSV by its name.
    Column(String),
}

/// How the rows of a file are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Whether the file is a CSV with a header; else each line has its fields at fixed places.
    pub is_csv: bool,
    pub customer: Place,
    pub date: Place,
    pub amount: Place,
    /// One of each where there is none.
    pub quantity: Option<Place>,
    /// As `strptime` has it.
    pub date_pattern: String,
    /// How references of this history are called.
    pub system: String,
    /// What the history is in; the venue's where nothing is said.
    pub currency: Option<String>,
}

impl Layout {
    pub fn cdnow() -> Layout {
        Layout {
            is_csv: false,
            customer: Place::Letters(1..6),
            date: Place::Letters(12..20),
            amount: Place::Letters(24..31),
            quantity: Some(Place::Letters(21..23)),
            date_pattern: "%Y%m%d".into(),
            system: "cdnow".into(),
            currency: Some("USD".into()),
        }
    }
}

/// A row that is no purchase, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// From 1.
    pub line: u64,
    pub text: String,
    pub reason: String,
}

/// People in the order of their ids, each with their purchases, and what could not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Purchases {
    pub people: Vec<Past>,
    pub rejected: Vec<Rejected>,
}

/// Reads the whole file. Exact repeats are real purchases: the third column of their key counts them.
///
/// # Errors
/// In words, where a CSV lacks a column that the layout names.
pub fn read(text: &str, layout: &Layout, currency: Currency) -> Result<Purchases, String> {
    let mut found = Found {
        layout,
        currency,
        people: BTreeMap::new(),
        rejected: Vec::new(),
    };
    if layout.is_csv {
        found.csv(text)?;
    } else {
        found.fixed(text);
    }
    let past = |(person, purchases): (String, Vec<Purchase>)| Past {
        system: layout.system.clone(),
        person,
        purchases,
    };
    Ok(Purchases {
        people: found.people.into_iter().map(past).collect(),
        rejected: found.rejected,
    })
}

struct Found<'l> {
    layout: &'l Layout,
    currency: Currency,
    people: BTreeMap<String, Vec<Purchase>>,
    rejected: Vec<Rejected>,
}

impl Found<'_> {
    fn fixed(&mut self, text: &str) {
        for (line, number) in text.lines().zip(1..) {
            if line.trim().is_empty() {
                continue;
            }
            let letters: Vec<char> = line.chars().collect();
            let field = |place: &Place| match place {
                Place::Letters(range) => letters.get(range.start..range.end.min(letters.len())),
                Place::Column(_) => None,
            };
            self.row(number, line, |place| {
                field(place).map(|part| part.iter().collect())
            });
        }
    }

    fn csv(&mut self, text: &str) -> Result<(), String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let first = text.lines().next().unwrap_or_default();
        let count = |mark: u8| first.bytes().filter(|byte| *byte == mark).count();
        let marks = [b',', b';', b'\t'];
        let mark = marks
            .into_iter()
            .max_by_key(|mark| (count(*mark), *mark == b','))
            .unwrap_or(b',');
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(mark)
            .flexible(true)
            .from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| error.to_string())?.clone();
        let place_of = |name: &str| header.iter().position(|column| column.trim() == name);
        for place in self.layout.places() {
            if let Place::Column(name) = place
                && place_of(name).is_none()
            {
                return Err(format!("there is no column `{name}`"));
            }
        }
        let mut counted = Counted::default();
        let is_unclosed = ends_quoted(text, mark);
        let mut records = reader.records().peekable();
        while let Some(record) = records.next() {
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    let line = counted.line_at(text, error.position());
                    self.reject(line, "", error.to_string());
                    continue;
                }
            };
            let line = counted.line_at(text, record.position());
            if is_unclosed && records.peek().is_none() {
                self.reject(line, "", UNCLOSED.to_owned());
                continue;
            }
            let text = record.iter().collect::<Vec<_>>().join(",");
            self.row(line, &text, |place| match place {
                Place::Column(name) => record.get(place_of(name)?).map(str::to_owned),
                Place::Letters(_) => None,
            });
        }
        Ok(())
    }

    fn row(&mut self, line: u64, text: &str, field: impl Fn(&Place) -> Option<String>) {
        match self.purchase(field) {
            Ok((person, mut purchase)) => {
                let purchases = self.people.entry(person).or_default();
                let same_day = purchases
                    .iter()
                    .filter(|other| other.day == purchase.day)
                    .count();
                purchase.occurrence = u32::try_from(same_day + 1).unwrap_or(u32::MAX);
                purchases.push(purchase);
            }
            Err(reason) => self.reject(line, text, reason),
        }
    }

    fn reject(&mut self, line: u64, text: &str, reason: String) {
        self.rejected.push(Rejected {
            line,
            text: text.to_owned(),
            reason,
        });
    }

    /// The person and what they bought.
    fn purchase(
        &self,
        field: impl Fn(&Place) -> Option<String>,
    ) -> Result<(String, Purchase), String> {
        let layout = self.layout;
        let told = |place: &Place, what: &str| {
            let text = field(place).map(|text| text.trim().to_owned());
            let text = text.filter(|text| !text.is_empty());
            text.ok_or_else(|| format!("there is no {what}"))
        };
        let person = told(&layout.customer, "customer")?;
        let fits = person.chars().count() <= PERSON_LETTERS_MAX
            && person
                .chars()
                .all(|c| !c.is_control() && !c.is_whitespace());
        if !fits {
            return Err(format!(
                "the customer is not an id of up to {PERSON_LETTERS_MAX} letters and digits"
            ));
        }
        let day = told(&layout.date, "date")?;
        let pattern = &layout.date_pattern;
        let day = Date::strptime(pattern, &day)
            .map_err(|_| format!("the date is not one as {pattern}"))?;
        let amount = told(&layout.amount, "amount")?;
        let amount = minor_units(&amount, self.currency)?;
        let quantity = match &layout.quantity {
            Some(place) => told(place, "quantity")?,
            None => "1".to_owned(),
        };
        let quantity: u32 = quantity
            .parse()
            .map_err(|_| "the quantity is not a whole number")?;
        if !(1..=QUANTITY_MAX).contains(&quantity) {
            return Err(format!("the quantity is not from 1 to {QUANTITY_MAX}"));
        }
        let purchase = Purchase {
            day,
            occurrence: 1,
            quantity,
            amount,
        };
        Ok((person, purchase))
    }
}

impl Layout {
    fn places(&self) -> impl Iterator<Item = &Place> {
        let all = [&self.customer, &self.date, &self.amount];
        all.into_iter().chain(&self.quantity)
    }
}

/// `29.33` as 2933, exactly; a comma may stand for the point.
fn minor_units(text: &str, currency: Currency) -> Result<i64, String> {
    let places = usize::from(currency.digits());
    let wrong = || {
        let unit = if places == 0 { "1250" } else { "29.33" };
        format!(
            "the amount is not one of {} such as {unit}",
            currency.code()
        )
    };
    let (whole, rest) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let has_point = whole.len() < text.len();
    let good = !whole.is_empty()
        && is_number(whole)
        && is_number(rest)
        && rest.len() <= places
        && (!has_point || !rest.is_empty());
    if !good {
        return Err(wrong());
    }
    let digits = format!("{whole}{rest:0<places$}");
    let amount: i64 = digits.parse().map_err(|_| wrong())?;
    (amount <= AMOUNT_MAX).then_some(amount).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cdnow(text: &str) -> Purchases {
        read(text, &Layout::cdnow(), "USD".parse().unwrap()).unwrap()
    }

    #[test]
    fn the_sample_reads_whole() {
        let read = cdnow(include_str!("../../tests/data/cdnow_sample.txt"));
        let purchases: Vec<&Purchase> = read
            .people
            .iter()
            .flat_map(|past| &past.purchases)
            .collect();
        assert_eq!(
            (read.people.len(), purchases.len(), read.rejected.len()),
            (2_357, 6_919, 0)
        );
        assert_eq!(
            purchases
                .iter()
                .map(|purchase| purchase.amount)
                .sum::<i64>(),
            24_409_194
        );
        let again = purchases
            .iter()
            .filter(|purchase| purchase.occurrence > 1)
            .count();
        assert!(
            again >= 21,
            "{again} purchases are not the first of their day"
        );
    }

    #[test]
    fn a_row_that_is_none_is_kept_with_its_reason() {
        let text = " 00004 0001 19970101  2   29.33\n\n 00004 0001 19971301  2   29.33\nx 1 19970101 2 3.00\n\
                    1 1 19970101 0 3.00\n1 1 19970101 2 3\n1 1 19970101 2 -3.00\n1 1 19970101\n\
                    \u{20}00004 0001 19970101  0   29.33\n 00004 0001 19970101  2  -29.33\n 00004 0001 19970101  2\n";
        let read = cdnow(text);
        assert_eq!(read.people.len(), 1);
        let lines: Vec<u64> = read.rejected.iter().map(|row| row.line).collect();
        assert_eq!(lines, [3, 4, 5, 6, 7, 8, 9, 10, 11]);
        for (row, word) in [
            (0, "date"),
            (6, "quantity"),
            (7, "amount"),
            (8, "no amount"),
        ] {
            let reason = &read.rejected[row].reason;
            assert!(reason.contains(word), "{reason}");
        }
    }

    #[test]
    fn columns_of_a_csv_are_found_by_their_names() {
        let column = |name: &str| Place::Column(name.into());
        let layout = Layout {
            is_csv: true,
            customer: column("Who"),
            date: column("When"),
            amount: column("Paid"),
            quantity: None,
            date_pattern: "%d/%m/%Y".into(),
            system: "till".into(),
            currency: None,
        };
        let yen: Currency = "JPY".parse().unwrap();
        let file = "When;Who;Paid\n17/05/2024;a-1;1250\n17/05/2024;a-1;1250\n17/05/2024;a 1;1\n18/05/2024;b;12,5\n";
        let found = read(file, &layout, yen).unwrap();
        let bought = &found.people[0].purchases;
        assert_eq!((found.people.len(), bought.len()), (1, 2));
        assert_eq!(
            (bought[1].amount, bought[1].occurrence, bought[1].quantity),
            (1_250, 2, 1)
        );
        let lines: Vec<u64> = found.rejected.iter().map(|row| row.line).collect();
        assert_eq!(lines, [4, 5]);
        let cut = "When;Who;Paid\n17/05/2024;a;1250\n18/05/2024;b;\"9\n19/05/2024;c;8\n";
        let found = read(cut, &layout, yen).unwrap();
        assert_eq!((found.people.len(), found.rejected[0].line), (1, 3));
        assert!(found.rejected[0].reason.contains("never closed"));
        let lacking = read("When;Who\n", &layout, yen);
        assert_eq!(lacking, Err("there is no column `Paid`".into()));
    }

    #[test]
    fn amounts_have_the_digits_of_their_currency() {
        for (text, currency, amount) in [
            ("29.33", "USD", Some(2_933)),
            ("29,3", "USD", Some(2_930)),
            ("29", "USD", Some(2_900)),
            ("29.", "USD", None),
            ("29.333", "USD", None),
            (".5", "USD", None),
            ("-1.00", "USD", None),
            ("1,250.00", "USD", None),
            ("1250", "JPY", Some(1_250)),
            ("1.5", "JPY", None),
            ("1.5", "KWD", Some(1_500)),
            ("99999999999999999999", "USD", None),
            ("99999999999.00", "USD", None),
        ] {
            let read = minor_units(text, currency.parse().unwrap());
            assert_eq!(read.ok(), amount, "{text} {currency}");
        }
    }
}
