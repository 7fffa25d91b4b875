//! A menu from a spreadsheet: name, category, price, taxClass, regulated; run again, it changes what differs.

use std::collections::HashMap;

use serde::Deserialize;

use super::Regulated;
use super::categories::{self, EditCategory};
use super::products::{self, EditProduct, VenuePrice};
use super::store;
use crate::hall::error::{Error, Field, Result};
use crate::hall::id::{CategoryId, TaxClassId, VenueId};
use crate::hall::money::{AMOUNT_MAX, Money};
use crate::hall::store::Tx;
use crate::hall::text::fold;

/// A menu, not a warehouse: one transaction takes it whole.
const ROWS_MAX: usize = 5_000;
/// Wrong rows that one answer names.
const WRONG_MAX: usize = 20;

/// One line of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MenuRow {
    pub name: String,
    pub category: String,
    /// Minor units of the venue's currency.
    pub price: i64,
    /// The name of a tax class of the tenant.
    pub tax_class: String,
    pub regulated: Option<Regulated>,
}

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    pub categories_created: usize,
    pub products_created: usize,
    pub products_updated: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Line {
    name: String,
    category: String,
    price: String,
    tax_class: String,
    #[serde(default)]
    regulated: String,
}

/// Reads the file; a price is written in major units of `currency`, with a point or a comma.
///
/// # Errors
/// `Invalid` with the pointer `/line/column` of each row that cannot be read.
pub fn read_menu(text: &str, currency: engine::money::Currency) -> Result<Vec<MenuRow>> {
    let mut file = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    // The header is line 1.
    for (line, read) in (2..).zip(file.deserialize::<Line>()) {
        match read {
            Ok(read) => match row(&read, line, currency.digits(), &mut wrong) {
                Some(row) => rows.push(row),
                None => continue,
            },
            Err(error) => wrong.push(Field::new(
                format!("/{line}"),
                "malformed",
                error.to_string(),
            )),
        }
        if wrong.len() >= WRONG_MAX {
            break;
        }
    }
    if rows.len() > ROWS_MAX {
        let said = format!("A menu has at most {ROWS_MAX} rows; import it in parts.");
        wrong.push(Field::new("", "too_many", said));
    }
    if wrong.is_empty() {
        Ok(rows)
    } else {
        Err(Error::Invalid(wrong))
    }
}

fn row(line: &Line, place: usize, digits: u8, wrong: &mut Vec<Field>) -> Option<MenuRow> {
    let price = minor(&line.price, digits);
    if price.is_none() {
        let said =
            format!("Write a price like 89.00, with at most {digits} digits after the point.");
        wrong.push(Field::new(format!("/{place}/price"), "invalid", said));
    }
    let regulated = match line.regulated.to_uppercase().as_str() {
        "" => Some(None),
        "ALCOHOL" => Some(Some(Regulated::Alcohol)),
        _ => {
            let said = "Write ALCOHOL, or leave it empty.";
            wrong.push(Field::new(format!("/{place}/regulated"), "invalid", said));
            None
        }
    };
    Some(MenuRow {
        name: line.name.clone(),
        category: line.category.clone(),
        price: price?,
        tax_class: line.tax_class.clone(),
        regulated: regulated?,
    })
}

/// `89`, `89.5` and `89,50` as minor units.
fn minor(text: &str, digits: u8) -> Option<i64> {
    let text = text.replace(',', ".");
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let digits = usize::from(digits);
    if whole.is_empty() || !is_number(whole) || !is_number(part) || part.len() > digits {
        return None;
    }
    let amount = format!("{whole}{part:0<digits$}").parse().ok()?;
    (amount <= AMOUNT_MAX).then_some(amount)
}

/// Makes the categories and products that are not there, and gives those that are this category, tax class
/// and price at the venue.
///
/// # Errors
/// `Invalid` with the pointer `/row/…` for a tax class that there is not, or a name that cannot be.
pub fn import_menu(tx: &mut Tx, venue: VenueId, rows: &[MenuRow]) -> Result<Imported> {
    let currencies = store::currencies(tx, &[venue])?;
    let (_, currency) = currencies
        .into_iter()
        .next()
        .ok_or(Error::NotFound("venue"))?;
    let tax_classes = tax_classes(tx, rows)?;
    let mut done = Imported {
        categories_created: 0,
        products_created: 0,
        products_updated: 0,
    };
    let mut categories = HashMap::new();
    for (place, row) in rows.iter().enumerate() {
        let at = |error| in_row(place, error);
        let category = category(tx, row, &mut categories, &mut done).map_err(at)?;
        let price = VenuePrice {
            venue_id: venue,
            price: Money::of(row.price, currency.clone()),
        };
        let tax_class = tax_classes[&fold(&row.tax_class)];
        sell(tx, venue, row, (category, tax_class, price), &mut done).map_err(at)?;
    }
    Ok(done)
}

fn in_row(place: usize, error: Error) -> Error {
    match error {
        Error::Invalid(mut fields) => {
            for field in &mut fields {
                field.pointer = format!("/{place}{}", field.pointer);
            }
            Error::Invalid(fields)
        }
        other => other,
    }
}

fn tax_classes(tx: &mut Tx, rows: &[MenuRow]) -> Result<HashMap<String, TaxClassId>> {
    let known = store::tax_classes(tx)?;
    let known: HashMap<String, TaxClassId> = known
        .into_iter()
        .map(|(id, name)| (fold(&name), id))
        .collect();
    let unknown = rows
        .iter()
        .enumerate()
        .filter(|(_, row)| !known.contains_key(&fold(&row.tax_class)));
    let wrong: Vec<Field> = unknown
        .take(WRONG_MAX)
        .map(|(place, row)| {
            let said = format!("There is no tax class {:?}; make it first.", row.tax_class);
            Field::new(format!("/{place}/taxClass"), "not_found", said)
        })
        .collect();
    if wrong.is_empty() {
        Ok(known)
    } else {
        Err(Error::Invalid(wrong))
    }
}

fn category(
    tx: &mut Tx,
    row: &MenuRow,
    seen: &mut HashMap<String, CategoryId>,
    done: &mut Imported,
) -> Result<CategoryId> {
    let key = fold(&row.category);
    if let Some(id) = seen.get(&key) {
        return Ok(*id);
    }
    let id = match store::categories::named(tx, &row.category)? {
        Some(found) => found.id,
        None => {
            let ask = EditCategory {
                regulated: row.regulated,
                // In the order of the file, with room between for what comes later.
                position: i64::try_from(seen.len() + 1).unwrap_or(i64::MAX) * 10,
                ..EditCategory::named(&row.category)
            };
            done.categories_created += 1;
            categories::create(tx, &ask)?.id
        }
    };
    seen.insert(key, id);
    Ok(id)
}

fn sell(
    tx: &mut Tx,
    venue: VenueId,
    row: &MenuRow,
    (category_id, tax_class_id, price): (CategoryId, TaxClassId, VenuePrice),
    done: &mut Imported,
) -> Result<()> {
    let Some(id) = store::products::named(tx, &row.name)? else {
        let ask = EditProduct {
            prices: vec![price],
            ..EditProduct::plain(&row.name, category_id, tax_class_id)
        };
        done.products_created += 1;
        return products::create(tx, Some(venue), &ask).map(|_| ());
    };
    let before = products::find(tx, Some(venue), id)?;
    let ask = EditProduct {
        category_id,
        tax_class_id,
        prices: vec![price],
        ..EditProduct::of(&before)
    };
    if (before.category_id, before.tax_class_id) == (category_id, tax_class_id)
        && before.prices == ask.prices
    {
        return Ok(());
    }
    done.products_updated += 1;
    let change = crate::hall::patch::Change::Replace(ask);
    products::edit(tx, Some(venue), id, None, &change).map(|_| ())
}
