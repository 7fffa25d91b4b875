//! The CDNOW purchase history: cohort id, person, yyyymmdd, quantity, dollars, in columns parted by blanks.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::history::{Past, Purchase};

/// How references of this history are called.
pub const SYSTEM: &str = "cdnow";
/// What the history is in.
pub const CURRENCY: &str = "USD";

/// A row that is no purchase, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// From 1.
    pub line: usize,
    pub text: String,
    pub reason: &'static str,
}

/// People in the order of their ids, each with their purchases, and what could not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cdnow {
    pub people: Vec<Past>,
    pub rejected: Vec<Rejected>,
}

/// Reads the whole file. Exact repeats are real purchases: the third column of their key counts them.
pub fn read(text: &str) -> Cdnow {
    let mut people: BTreeMap<&str, Vec<Purchase>> = BTreeMap::new();
    let mut rejected = Vec::new();
    for (place, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        match purchase(line) {
            Ok((person, mut purchase)) => {
                let purchases = people.entry(person).or_default();
                let same_day = purchases
                    .iter()
                    .filter(|other| other.day == purchase.day)
                    .count();
                purchase.occurrence = u32::try_from(same_day + 1).unwrap_or(u32::MAX);
                purchases.push(purchase);
            }
            Err(reason) => rejected.push(Rejected {
                line: place + 1,
                text: line.to_owned(),
                reason,
            }),
        }
    }
    let past = |(person, purchases): (&str, Vec<Purchase>)| Past {
        system: SYSTEM.into(),
        person: person.into(),
        purchases,
    };
    Cdnow {
        people: people.into_iter().map(past).collect(),
        rejected,
    }
}

/// The person (cohort and sample id) and what they bought.
fn purchase(line: &str) -> Result<(&str, Purchase), &'static str> {
    let columns: Vec<&str> = line.split_whitespace().collect();
    let [cohort, _, day, quantity, dollars] = columns.as_slice() else {
        return Err("five columns are expected: cohort id, person, yyyymmdd, quantity, dollars");
    };
    if cohort.len() > 20 || !cohort.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("the person's id is not a number");
    }
    let quantity: u32 = quantity
        .parse()
        .map_err(|_| "the quantity is not a whole number")?;
    if !(1..=10_000).contains(&quantity) {
        return Err("the quantity is not from 1 to 10000");
    }
    let purchase = Purchase {
        day: date(day)?,
        occurrence: 1,
        quantity,
        amount: cents(dollars)?,
    };
    Ok((cohort, purchase))
}

fn date(text: &str) -> Result<Date, &'static str> {
    Date::strptime("%Y%m%d", text).map_err(|_| "the date is not one as yyyymmdd")
}

/// `29.33` as 2933, exactly.
fn cents(text: &str) -> Result<i64, &'static str> {
    const WRONG: &str = "the amount is not dollars and cents such as 29.33";
    let (whole, rest) = text.split_once('.').ok_or(WRONG)?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if rest.len() != 2 || !digits(rest) || !digits(whole) || whole.len() > 9 {
        return Err(WRONG);
    }
    let (whole, rest): (i64, i64) = (
        whole.parse().map_err(|_| WRONG)?,
        rest.parse().map_err(|_| WRONG)?,
    );
    Ok(whole * 100 + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_reads_whole() {
        let read = read(include_str!("../../tests/data/cdnow_sample.txt"));
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
                    1 1 19970101 0 3.00\n1 1 19970101 2 3\n1 1 19970101 2 -3.00\n1 1 19970101\n";
        let read = read(text);
        assert_eq!(read.people.len(), 1);
        let lines: Vec<usize> = read.rejected.iter().map(|row| row.line).collect();
        assert_eq!(lines, [3, 4, 5, 6, 7, 8]);
        assert!(read.rejected[0].reason.contains("date"));
    }
}
