//! A year of evenings: who came, what they had, how they paid.

use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};

use super::{DemoCustomer, Ground, Stage};
use crate::checkout::{self, Pay, PayMethod, PlaceOrder};
use crate::hall::error::Result;
use crate::hall::id::ProductId;
use crate::hall::identity::Venue;
use crate::hall::secret::Entropy;
use crate::orders::{AddItem, Source};

/// Orders of the year, spread evenly; enough for every list and figure, and made in a few seconds.
const ORDERS: u64 = 600;
/// Orders on their way at once: they share a commit.
const AT_ONCE: usize = 32;

/// Lets the year pass.
pub async fn pass(
    stage: &Stage,
    ground: &Ground,
    customers: &[DemoCustomer],
    menu: Vec<ProductId>,
    as_of: Timestamp,
) -> Result<()> {
    let chance = stage.hall.entropy.clone();
    let mut evenings = Vec::new();
    for place in 0..ORDERS {
        let back = SignedDuration::from_mins(
            i64::try_from((ORDERS - place) * 365 * 24 * 60 / ORDERS).unwrap_or(0),
        );
        let venue = ground.venues[usize::from(chance.below(3) == 0)].clone();
        evenings.push((as_of - back, venue, order(&chance, customers, &menu)));
    }
    for some in evenings.chunks(AT_ONCE) {
        let sales = some
            .iter()
            .map(|(at, venue, ask)| sell(stage, *at, venue.clone(), ask.clone()));
        try_join_all(sales).await?;
    }
    Ok(())
}

async fn sell(stage: &Stage, at: Timestamp, venue: Venue, ask: PlaceOrder) -> Result<()> {
    let place = move |tx: &mut crate::hall::store::Tx| {
        checkout::place(tx, &venue, Source::Till, &ask).map(|_| ())
    };
    stage.write(at, place).await
}

/// One to four things for one of the regulars, who come the more often the earlier they stand in the list.
fn order(chance: &Entropy, customers: &[DemoCustomer], menu: &[ProductId]) -> PlaceOrder {
    let pick = |below: usize| usize::try_from(chance.below(below as u64)).unwrap_or(0);
    let guest = pick(customers.len()).min(pick(customers.len()));
    let walk_in = chance.below(5) == 0;
    let mut items: Vec<AddItem> = Vec::new();
    for _ in 0..=pick(4) {
        let product = menu[pick(menu.len())];
        if items.iter().all(|item| item.product_id != Some(product)) {
            items.push(AddItem::of(product, 1 + chance.below(2)));
        }
    }
    let method = if chance.below(3) == 0 {
        PayMethod::Cash
    } else {
        PayMethod::Card
    };
    PlaceOrder {
        customer_id: if walk_in {
            None
        } else {
            Some(customers[guest].id)
        },
        label: None,
        items,
        coupon_codes: Vec::new(),
        external_refs: Vec::new(),
        payments: vec![Pay {
            method,
            amount: None,
            tip: None,
            external_id: None,
            gift_card_code: None,
        }],
    }
}
