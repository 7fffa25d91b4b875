//! What is sold: an order as the engine sees it. Voided lines are left out by the caller.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{
    CategoryId, CustomerId, GroupId, LineId, ModifierGroupId, ModifierId, OrderId, ProductId,
    SegmentId,
};
use crate::money::{Currency, Quantity, Rate};

/// Whether prices contain their tax.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TaxMode {
    Inclusive,
    Exclusive,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    pub id: OrderId,
    pub currency: Currency,
    pub tax_mode: TaxMode,
    pub opened_at: Timestamp,
    pub customer: Option<Customer>,
    pub lines: Vec<Line>,
}

/// Who the order is for, as far as a rule may ask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    pub id: CustomerId,
    pub group_ids: Vec<GroupId>,
    pub segment_ids: Vec<SegmentId>,
    /// Paid or held purchases so far; a code for first purchases asks for 0.
    pub purchases: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    pub id: LineId,
    /// None on a line that a register gave inline; it then goes by its name.
    pub product_id: Option<ProductId>,
    pub name: String,
    pub category_id: Option<CategoryId>,
    pub modifiers: Vec<Modifier>,
    /// Minor units for one whole item, without its modifiers.
    pub unit_price: i64,
    pub quantity: Quantity,
    pub tax_class: Option<String>,
    pub rate: Rate,
    pub ordered_at: Timestamp,
    /// Alcohol where the venue's policy says so: no comp, bundle, free item or points.
    #[serde(default)]
    pub is_regulated: bool,
    /// Money for later: it takes no discount and no tax, and earns nothing.
    #[serde(default)]
    pub is_gift_card: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Modifier {
    pub id: ModifierId,
    pub group_id: Option<ModifierGroupId>,
    /// What it adds to one whole item; negative where it takes something away.
    pub price: i64,
}

impl Line {
    /// A line of one untaxed item, to be changed with struct update.
    pub fn new(
        id: impl Into<LineId>,
        product_id: impl Into<ProductId>,
        unit_price: i64,
        ordered_at: Timestamp,
    ) -> Self {
        let product_id = product_id.into();
        Self {
            id: id.into(),
            name: product_id.as_str().to_owned(),
            product_id: Some(product_id),
            category_id: None,
            modifiers: Vec::new(),
            unit_price,
            quantity: Quantity::ONE,
            tax_class: None,
            rate: Rate::ZERO,
            ordered_at,
            is_regulated: false,
            is_gift_card: false,
        }
    }
}
