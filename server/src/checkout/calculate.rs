//! The points calculator: the same order, the same sum, nothing kept.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::hall::error::{Error, Result};
use crate::hall::id::CustomerId;
use crate::hall::identity::Venue;
use crate::hall::money::Money;
use crate::hall::store::Tx;
use crate::loyalty::{self, Calculation};
use crate::orders::{self, AddItem, InlineItem, OpenOrder, Source};

/// A plain amount, or items as they would be ordered.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CalculatePoints {
    pub amount: Option<Money>,
    pub items: Option<Vec<AddItem>>,
    /// Without one it counts as the first purchase of a new customer.
    pub customer_id: Option<CustomerId>,
}

/// Prices it as an order and explains what that would earn. It is run as a rehearsal: nothing stays.
pub fn calculate(tx: &mut Tx, venue: &Venue, ask: &CalculatePoints) -> Result<Calculation> {
    let items = match (&ask.amount, &ask.items) {
        (Some(amount), None) => vec![plain(amount)],
        (None, Some(items)) => items.clone(),
        _ => return Err(Error::field("", "one_of", "Send either amount or items.")),
    };
    let open = OpenOrder {
        customer_id: ask.customer_id,
        items,
        ..OpenOrder::default()
    };
    let tab = orders::open(tx, venue, Source::Till, &open)?;
    let nobody = tx.new_id();
    let basket = orders::basket(tx, venue, &tab, ask.customer_id.unwrap_or(nobody))?;
    loyalty::forecast(tx, &basket)
}

fn plain(amount: &Money) -> AddItem {
    let inline = InlineItem {
        name: "amount".into(),
        category_id: None,
        unit_price: amount.clone(),
        tax_class_id: None,
    };
    AddItem {
        product_id: None,
        inline: Some(inline),
        quantity: "1".into(),
        modifiers: Vec::new(),
    }
}
