//! From what staff typed to lines with a price, a rate and a name of their own.

use engine::money::Quantity;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Line, LineModifier};
use crate::catalogue::{self, Sold};
use crate::hall::error::{Code, Error, Extra, Field, Result};
use crate::hall::id::{CategoryId, ModifierId, ProductId, TaxClassId};
use crate::hall::identity::Venue;
use crate::hall::money::{AMOUNT_MAX, Money};
use crate::hall::store::{Read, Tx, from_word, word};
use crate::hall::text::check_line;
use crate::platform::tax;

/// Lines of one order; the engine refuses more.
const LINES_MAX: usize = 500;
const NAME_MAX: usize = 120;

/// A product of ours, or a line that another register names and prices itself.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddItem {
    pub product_id: Option<ProductId>,
    pub inline: Option<InlineItem>,
    /// A decimal with at most three places; a fraction is one unit of that size.
    #[serde(default = "one")]
    #[schema(example = "2")]
    pub quantity: String,
    #[serde(default)]
    pub modifiers: Vec<ModifierId>,
}

impl AddItem {
    /// So many of one of our products.
    pub fn of(product: ProductId, quantity: u64) -> AddItem {
        AddItem {
            product_id: Some(product),
            inline: None,
            quantity: quantity.to_string(),
            modifiers: Vec::new(),
        }
    }
}

fn one() -> String {
    "1".into()
}

/// What a line is, where it is none of our products.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InlineItem {
    #[schema(example = "Dish of the day")]
    pub name: String,
    /// One of the chain's, for discounts of categories and what is regulated; a register with a catalogue of its own
    /// leaves it out.
    pub category_id: Option<CategoryId>,
    pub unit_price: Money,
    /// Also taken as `taxClass`; a line without one bears no tax.
    #[serde(alias = "taxClass")]
    pub tax_class_id: Option<TaxClassId>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeItem {
    /// More than before is refused where the hour makes a difference: what is added now is then an item of its own.
    #[schema(example = "3")]
    pub quantity: Option<String>,
    pub modifiers: Option<Vec<ModifierId>>,
}

/// The lines for `items`, from position `next` on. Every wrong item is named: `list` is where they stand in what was
/// sent, or nothing where the one item is all of it.
pub fn resolve(
    tx: &mut Tx,
    venue: &Venue,
    items: &[AddItem],
    next: i64,
    list: Option<&str>,
) -> Result<Vec<Line>> {
    if usize::try_from(next).unwrap_or(LINES_MAX) + items.len() > LINES_MAX {
        let message = format!("An order has at most {LINES_MAX} lines; open another one.");
        return Err(Error::field(list.unwrap_or_default(), "too_many", message));
    }
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: Vec<ProductId> = items.iter().filter_map(|item| item.product_id).collect();
    let sold = catalogue::sold(tx, venue.id, &wanted)?;
    let today = venue.business_day(tx.now());
    let rates = tax::rates(tx, venue.id, today)?;
    let mut wrong = Vec::new();
    let mut lines = Vec::with_capacity(items.len());
    for (place, item) in items.iter().enumerate() {
        let shop = Shop {
            venue,
            sold: &sold,
            rates: &rates,
            today,
            at: list.map_or_else(String::new, |list| format!("{list}/{place}")),
        };
        match shop.line(tx, item) {
            Ok(mut line) => {
                line.position = next + i64::try_from(place).unwrap_or(0);
                lines.push(line);
            }
            Err(Error::Invalid(fields)) => wrong.extend(fields),
            Err(other) => return Err(other),
        }
    }
    if wrong.is_empty() {
        Ok(lines)
    } else {
        Err(Error::Invalid(wrong))
    }
}

/// Applies a change to one line.
pub fn change(read: &mut Read, venue: &Venue, line: &mut Line, ask: &ChangeItem) -> Result<()> {
    if let Some(text) = &ask.quantity {
        line.quantity_milli = quantity(text, "/quantity")?.scaled();
    }
    if let Some(wanted) = &ask.modifiers {
        let Some(product) = line.product else {
            return Err(Error::field(
                "/modifiers",
                "not_allowed",
                "A line of another register has no modifiers of ours.",
            ));
        };
        let sold = catalogue::sold(read, venue.id, &[product])?;
        let sold = sold.first().ok_or_else(|| unavailable(product))?;
        line.modifiers = modifiers(sold, wanted, "/modifiers")?;
    }
    Ok(())
}

/// What is needed to price one item.
struct Shop<'a> {
    venue: &'a Venue,
    sold: &'a [Sold],
    rates: &'a [tax::ClassRate],
    today: Date,
    /// Where the item stands in what was sent.
    at: String,
}

impl Shop<'_> {
    fn line(&self, tx: &mut Tx, item: &AddItem) -> Result<Line> {
        let quantity = quantity(&item.quantity, &format!("{}/quantity", self.at))?;
        let mut line = match (&item.product_id, &item.inline) {
            (Some(product), None) => self.of_product(*product, &item.modifiers)?,
            (None, Some(inline)) => self.of_inline(tx, inline, &item.modifiers)?,
            _ => {
                let message = "Send either productId or inline.";
                return Err(Error::field(&self.at, "one_of", message));
            }
        };
        line.id = tx.new_id();
        line.quantity_milli = quantity.scaled();
        line.ordered_at = tx.now();
        Ok(line)
    }

    fn of_product(&self, product: ProductId, wanted: &[ModifierId]) -> Result<Line> {
        let sold = self.sold.iter().find(|sold| sold.product_id == product);
        let sold = sold.ok_or_else(|| unavailable(product))?;
        let class = sold.tax_class_id;
        let rate_milli = self.rate(class);
        let rate_milli =
            rate_milli.ok_or_else(|| tax::missing(self.venue.id, class, self.today))?;
        Ok(Line {
            product: Some(product),
            name: sold.name.clone(),
            category: Some(sold.category_id),
            regulated: self.regulated_here(sold.regulated.clone()),
            tax_class: Some(sold.tax_class_id),
            rate_milli,
            unit_price: sold.price,
            modifiers: modifiers(sold, wanted, &format!("{}/modifiers", self.at))?,
            ..Line::blank()
        })
    }

    fn of_inline(&self, tx: &mut Tx, inline: &InlineItem, wanted: &[ModifierId]) -> Result<Line> {
        let mut wrong = Vec::new();
        let pointer = format!("{}/inline/name", self.at);
        check_line(&inline.name, NAME_MAX, &pointer, &mut wrong);
        if inline.unit_price.currency != self.venue.currency {
            let message = format!("This venue sells in {}.", self.venue.currency);
            wrong.push(Field::new(
                format!("{}/inline/unitPrice/currency", self.at),
                "currency_mismatch",
                message,
            ));
        }
        if !(0..=AMOUNT_MAX).contains(&inline.unit_price.amount) {
            let message = format!("Send minor units from 0 to {AMOUNT_MAX}.");
            wrong.push(Field::new(
                format!("{}/inline/unitPrice/amount", self.at),
                "out_of_range",
                message,
            ));
        }
        if !wanted.is_empty() {
            let message = "Only a product of ours has modifiers; add theirs to the unit price.";
            wrong.push(Field::new(
                format!("{}/modifiers", self.at),
                "not_allowed",
                message,
            ));
        }
        if !wrong.is_empty() {
            return Err(Error::Invalid(wrong));
        }
        let category = inline.category_id;
        let regulated = category.map(|id| self.regulated(tx, id)).transpose()?;
        // A line without a class bears no tax.
        let rate_milli = match inline.tax_class_id {
            Some(class) => self.rate(class).ok_or_else(|| self.no_rate())?,
            None => 0,
        };
        Ok(Line {
            name: inline.name.trim().to_owned(),
            category,
            regulated: self.regulated_here(regulated.flatten()),
            tax_class: inline.tax_class_id,
            rate_milli,
            unit_price: inline.unit_price.amount,
            ..Line::blank()
        })
    }

    /// What regulates an item by the policy of this venue.
    fn regulated_here(&self, class: Option<String>) -> Option<String> {
        let policy = &self.venue.regulated;
        class.filter(|class| from_word(class).is_ok_and(|class| policy.contains(&class)))
    }

    /// What regulates the sale of a category, which must be one of the tenant's.
    fn regulated(&self, tx: &mut Tx, id: CategoryId) -> Result<Option<String>> {
        match catalogue::categories::find(tx, id) {
            Ok(category) => category.regulated.as_ref().map(word).transpose(),
            Err(Error::NotFound(_)) => Err(Error::field(
                format!("{}/inline/categoryId", self.at),
                "not_found",
                "Choose a category of this chain, or leave it out.",
            )),
            Err(other) => Err(other),
        }
    }

    /// The rate of the class on this business day.
    fn rate(&self, class: TaxClassId) -> Option<i64> {
        let known = self.rates.iter().find(|rate| rate.class == class);
        known.map(|rate| rate.rate_milli)
    }

    fn no_rate(&self) -> Error {
        let message =
            "The tax class has no rate at this venue today; a manager can set one under tax rates.";
        let pointer = format!("{}/inline/taxClassId", self.at);
        Error::field(pointer, "no_tax_rate", message)
    }
}

fn unavailable(product: ProductId) -> Error {
    let extra = Extra::none().with("productId", product.to_string());
    Error::Refused(Code::ProductUnavailable, extra)
}

pub(super) fn quantity(text: &str, pointer: &str) -> Result<Quantity> {
    text.parse().map_err(|why| {
        Error::field(
            pointer,
            "invalid",
            format!("Send a quantity such as \"1\" or \"1.5\": {why}."),
        )
    })
}

/// The chosen modifiers, within what each of the product's groups allows.
fn modifiers(sold: &Sold, wanted: &[ModifierId], pointer: &str) -> Result<Vec<LineModifier>> {
    let mut chosen = Vec::with_capacity(wanted.len());
    for (place, id) in wanted.iter().enumerate() {
        let known = sold.modifiers.iter().find(|modifier| modifier.id == *id);
        let again = wanted[..place].contains(id);
        let Some(known) = known.filter(|_| !again) else {
            let message = format!("Choose each modifier of {} at most once.", sold.name);
            return Err(Error::field(
                format!("{pointer}/{place}"),
                "not_found",
                message,
            ));
        };
        chosen.push(LineModifier {
            id: known.id.to_string(),
            group_id: Some(known.group_id.to_string()),
            name: known.name.clone(),
            price_delta: known.price_delta,
        });
    }
    for group in &sold.groups {
        let of_group = wanted.iter().filter(|id| {
            sold.modifiers
                .iter()
                .any(|modifier| modifier.id == **id && modifier.group_id == group.id)
        });
        let count = i64::try_from(of_group.count()).unwrap_or(i64::MAX);
        if count < i64::from(group.choose_min)
            || group.choose_max.is_some_and(|max| count > i64::from(max))
        {
            let most = group
                .choose_max
                .map_or_else(|| "any number".to_owned(), |max| format!("at most {max}"));
            let message = format!(
                "Choose at least {} and {most} of {}.",
                group.choose_min, group.name
            );
            return Err(Error::field(pointer, "out_of_range", message));
        }
    }
    if sold.price
        + chosen
            .iter()
            .map(|modifier| modifier.price_delta)
            .sum::<i64>()
        < 0
    {
        return Err(Error::field(
            pointer,
            "out_of_range",
            "Together they would take more off than the item costs.",
        ));
    }
    Ok(chosen)
}
