//! Products: what one line of an order may be.

use axum::http::HeaderValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::categories::yes;
use super::{NAME_MAX, store};
use crate::hall::call::Reply;
use crate::hall::error::{Code, Error, Extra, Field, Result};
use crate::hall::etag;
use crate::hall::id::{CategoryId, ModifierGroupId, ProductId, TaxClassId, VenueId};
use crate::hall::journal::EventType;
use crate::hall::money::Money;
use crate::hall::page::{Listing, Page};
use crate::hall::patch::Change;
use crate::hall::store::{Read, Tx};
use crate::hall::text;
use crate::platform::refs::{self, ExternalRef};

/// Venues of one chain that one command prices.
const PRICES_MAX: usize = 1_000;
/// Questions that a till asks about one product.
const GROUPS_MAX: usize = 20;
const URL_MAX: usize = 2_000;

/// What a product costs at one venue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VenuePrice {
    pub venue_id: VenueId,
    /// In the venue's currency, with or without tax as the venue's prices are.
    pub price: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Product {
    pub id: ProductId,
    #[schema(example = "Lager 50 cl")]
    pub name: String,
    pub category_id: CategoryId,
    pub tax_class_id: TaxClassId,
    /// Where it is sold, and for what; under a venue's path, only there.
    pub prices: Vec<VenuePrice>,
    /// What one costs the house.
    pub cost: Option<Money>,
    #[schema(example = "https://example.com/lager.jpg")]
    pub image_url: Option<String>,
    /// What may be added, in the order in which the till asks.
    pub modifier_group_ids: Vec<ModifierGroupId>,
    pub external_refs: Vec<ExternalRef>,
    pub active: bool,
    #[schema(example = 1)]
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Reply for Product {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditProduct {
    #[schema(example = "Lager 50 cl")]
    pub name: String,
    pub category_id: CategoryId,
    pub tax_class_id: TaxClassId,
    /// Where it is sold, and for what; under a venue's path that venue alone may be named.
    #[serde(default)]
    pub prices: Vec<VenuePrice>,
    pub cost: Option<Money>,
    #[schema(example = "https://example.com/lager.jpg")]
    pub image_url: Option<String>,
    #[serde(default)]
    pub modifier_group_ids: Vec<ModifierGroupId>,
    #[serde(default)]
    pub external_refs: Vec<ExternalRef>,
    #[serde(default = "yes")]
    pub active: bool,
}

impl EditProduct {
    /// A live product that is sold nowhere yet.
    pub fn plain(name: &str, category_id: CategoryId, tax_class_id: TaxClassId) -> EditProduct {
        EditProduct {
            name: name.into(),
            category_id,
            tax_class_id,
            prices: Vec::new(),
            cost: None,
            image_url: None,
            modifier_group_ids: Vec::new(),
            external_refs: Vec::new(),
            active: true,
        }
    }

    pub(super) fn of(product: &Product) -> EditProduct {
        EditProduct {
            name: product.name.clone(),
            category_id: product.category_id,
            tax_class_id: product.tax_class_id,
            prices: product.prices.clone(),
            cost: product.cost.clone(),
            image_url: product.image_url.clone(),
            modifier_group_ids: product.modifier_group_ids.clone(),
            external_refs: product.external_refs.clone(),
            active: product.active,
        }
    }

    /// What can be seen in the command alone.
    fn shape(&self, venue: Option<VenueId>, wrong: &mut Vec<Field>) {
        text::check_line(&self.name, NAME_MAX, "/name", wrong);
        if let Some(cost) = &self.cost {
            cost.check(0, "/cost", wrong);
        }
        let is_address = |url: &String| {
            let web = url.starts_with("https://") || url.starts_with("http://");
            web && url.len() <= URL_MAX && !url.chars().any(|c| c.is_whitespace() || c.is_control())
        };
        if self.image_url.as_ref().is_some_and(|url| !is_address(url)) {
            let said = format!("Send an https address of at most {URL_MAX} characters.");
            wrong.push(Field::new("/imageUrl", "invalid", said));
        }
        if self.prices.len() > PRICES_MAX {
            let said = format!("Send at most {PRICES_MAX} prices.");
            wrong.push(Field::new("/prices", "too_many", said));
        }
        for (place, price) in self.prices.iter().enumerate() {
            let pointer = format!("/prices/{place}/venueId");
            if venue.is_some_and(|venue| venue != price.venue_id) {
                let said = "Send the price of the venue in the path; others are set under /chain.";
                wrong.push(Field::new(pointer, "not_allowed", said));
            } else if self.prices[..place]
                .iter()
                .any(|other| other.venue_id == price.venue_id)
            {
                wrong.push(Field::new(pointer, "duplicate", "Send each venue once."));
            }
        }
        if self.modifier_group_ids.len() > GROUPS_MAX {
            let said = format!("Send at most {GROUPS_MAX} modifier groups.");
            wrong.push(Field::new("/modifierGroupIds", "too_many", said));
        }
        refs::check(&self.external_refs, "/externalRefs", wrong);
    }

    /// What it names must be there, in this tenant (L23), and live unless the product names it already.
    fn checked(
        mut self,
        read: &mut Read,
        venue: Option<VenueId>,
        before: Option<&Product>,
    ) -> Result<EditProduct> {
        let mut wrong = Vec::new();
        self.shape(venue, &mut wrong);
        // One that comes back is as good as new: what it names may be gone since.
        let comes_back = before.is_some_and(|before| !before.active && self.active);
        if comes_back || before.is_none_or(|before| before.category_id != self.category_id) {
            let found = store::categories::find(read, self.category_id)?;
            if !found.is_some_and(|category| category.active) {
                wrong.push(missing("/categoryId", "a live category"));
            }
        }
        if comes_back || before.is_none_or(|before| before.tax_class_id != self.tax_class_id) {
            let live = store::tax_classes(read)?;
            if !live.iter().any(|(id, _)| *id == self.tax_class_id) {
                wrong.push(missing("/taxClassId", "a live tax class"));
            }
        }
        self.check_groups(read, before, &mut wrong)?;
        self.check_prices(read, &mut wrong)?;
        if !wrong.is_empty() {
            return Err(Error::Invalid(wrong));
        }
        self.name = self.name.trim().to_owned();
        Ok(self)
    }

    fn check_groups(
        &self,
        read: &mut Read,
        before: Option<&Product>,
        wrong: &mut Vec<Field>,
    ) -> Result<()> {
        if before.is_some_and(|before| before.modifier_group_ids == self.modifier_group_ids) {
            return Ok(());
        }
        let live = store::modifier_groups::live(read, &self.modifier_group_ids)?;
        for (place, id) in self.modifier_group_ids.iter().enumerate() {
            if !live.contains(id) || self.modifier_group_ids[..place].contains(id) {
                let pointer = format!("/modifierGroupIds/{place}");
                wrong.push(missing(&pointer, "a live modifier group, once"));
            }
        }
        Ok(())
    }

    fn check_prices(&self, read: &mut Read, wrong: &mut Vec<Field>) -> Result<()> {
        if self.prices.len() > PRICES_MAX {
            return Ok(());
        }
        let venues: Vec<VenueId> = self.prices.iter().map(|price| price.venue_id).collect();
        let currencies = store::currencies(read, &venues)?;
        for (place, price) in self.prices.iter().enumerate() {
            let found = currencies
                .iter()
                .find(|(venue, _)| *venue == price.venue_id);
            match found {
                Some((_, currency)) => {
                    let pointer = format!("/prices/{place}/price");
                    price.price.check_in(currency, 0, &pointer, wrong);
                }
                None => wrong.push(missing(&format!("/prices/{place}/venueId"), "a venue")),
            }
        }
        Ok(())
    }
}

fn missing(pointer: &str, what: &str) -> Field {
    Field::new(
        pointer,
        "not_found",
        format!("Send the id of {what} of yours."),
    )
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProductFilter {
    /// The beginning of the name, whatever the case and accents.
    pub search: Option<String>,
    pub category_id: Option<CategoryId>,
    pub active: Option<bool>,
    /// Only what changed at this instant or later, oldest change first.
    pub updated_since: Option<Timestamp>,
}

pub fn create(tx: &mut Tx, venue: Option<VenueId>, ask: &EditProduct) -> Result<Product> {
    let ask = ask.clone().checked(tx, venue, None)?;
    let id = tx.new_id();
    store::products::insert(tx, id, &ask)?;
    write_parts(tx, venue, id, &ask)?;
    let made = find(tx, venue, id)?;
    tx.audit_new("product.create", id, &made)?;
    tx.emit(EventType::ProductUpdated, venue, &made)?;
    Ok(made)
}

/// Prices, modifier groups and references, each made to be what the command says.
fn write_parts(
    tx: &mut Tx,
    venue: Option<VenueId>,
    id: ProductId,
    ask: &EditProduct,
) -> Result<()> {
    store::products::replace_prices(tx, id, venue, &ask.prices)?;
    store::products::replace_groups(tx, id, &ask.modifier_group_ids)?;
    refs::set(tx, id, &ask.external_refs)
}

pub fn find(read: &mut Read, venue: Option<VenueId>, id: ProductId) -> Result<Product> {
    let product = store::products::find(read, id)?.ok_or(Error::NotFound("product"))?;
    let mut whole = with_parts(read, venue, vec![product])?;
    whole.pop().ok_or(Error::NotFound("product"))
}

pub fn list(
    read: &mut Read,
    venue: Option<VenueId>,
    ask: &Listing<ProductFilter>,
) -> Result<Page<Product>> {
    let mut page = store::products::list(read, ask)?;
    page.items = with_parts(read, venue, page.items)?;
    Ok(page)
}

fn with_parts(
    read: &mut Read,
    venue: Option<VenueId>,
    mut products: Vec<Product>,
) -> Result<Vec<Product>> {
    let ids: Vec<ProductId> = products.iter().map(|product| product.id).collect();
    let mut prices = store::products::prices(read, venue, &ids)?;
    let mut groups = store::products::groups(read, &ids)?;
    let mut named = refs::of_many(read, &ids)?;
    for product in &mut products {
        product.prices = prices.remove(&product.id).unwrap_or_default();
        product.modifier_group_ids = groups.remove(&product.id).unwrap_or_default();
        product.external_refs = named.remove(&product.id.to_string()).unwrap_or_default();
    }
    Ok(products)
}

pub fn edit(
    tx: &mut Tx,
    venue: Option<VenueId>,
    id: ProductId,
    if_match: Option<&HeaderValue>,
    change: &Change<EditProduct>,
) -> Result<Product> {
    let before = find(tx, venue, id)?;
    etag::honour(if_match, before.version)?;
    let ask = change.onto(&EditProduct::of(&before))?;
    let ask = ask.checked(tx, venue, Some(&before))?;
    if let Some(venue) = venue.filter(|_| before.active && !ask.active) {
        refuse_sold_elsewhere(tx, id, venue)?;
    }
    store::products::update(tx, &before, &ask)?;
    write_parts(tx, venue, id, &ask)?;
    let after = find(tx, venue, id)?;
    tx.audit("product.edit", id, Some(&before), Some(&after))?;
    tx.emit(EventType::ProductUpdated, venue, &after)?;
    Ok(after)
}

/// What is off sale is so everywhere: that is for the chain to say.
fn refuse_sold_elsewhere(tx: &mut Tx, id: ProductId, venue: VenueId) -> Result<()> {
    if !store::products::is_sold_elsewhere(tx, id, venue)? {
        return Ok(());
    }
    let said = "This product is sold at other venues too: take its price here away, or archive it under \
        /api/v1/chain/products.";
    Err(Error::Refused(Code::MethodUnavailable, Extra::saying(said)))
}

/// Edits the product that another system calls `named`, or makes it; the reference stays in any case.
pub fn upsert(
    tx: &mut Tx,
    venue: Option<VenueId>,
    named: &ExternalRef,
    if_match: Option<&HeaderValue>,
    ask: &EditProduct,
) -> Result<Product> {
    let mut ask = ask.clone();
    if !ask.external_refs.contains(named) {
        ask.external_refs.push(named.clone());
    }
    match refs::find(tx, &named.system, &named.id)? {
        Some(id) => edit(tx, venue, id, if_match, &Change::Replace(ask)),
        None if if_match.is_some() => Err(Error::Stale),
        None => create(tx, venue, &ask),
    }
}

/// Takes the product off sale everywhere; doing it again changes nothing.
///
/// # Errors
/// `MethodUnavailable` from a venue where the product has a price at another.
pub fn archive(
    tx: &mut Tx,
    venue: Option<VenueId>,
    id: ProductId,
    if_match: Option<&HeaderValue>,
) -> Result<()> {
    let before = find(tx, venue, id)?;
    etag::honour(if_match, before.version)?;
    if !before.active {
        return Ok(());
    }
    let away = EditProduct {
        active: false,
        ..EditProduct::of(&before)
    };
    edit(tx, venue, id, None, &Change::Replace(away)).map(|_| ())
}

pub fn set_price(
    tx: &mut Tx,
    product: ProductId,
    venue: VenueId,
    price: Option<i64>,
) -> Result<()> {
    let before = find(tx, Some(venue), product)?;
    let currencies = store::currencies(tx, &[venue])?;
    let (_, currency) = currencies.first().ok_or(Error::NotFound("venue"))?;
    let prices = price.map(|amount| VenuePrice {
        venue_id: venue,
        price: Money::of(amount, currency.clone()),
    });
    let priced = EditProduct {
        prices: prices.into_iter().collect(),
        ..EditProduct::of(&before)
    };
    edit(tx, Some(venue), product, None, &Change::Replace(priced)).map(|_| ())
}
