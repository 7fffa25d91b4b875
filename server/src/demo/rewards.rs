//! What the demo's guests may have for their points.

use super::{CURRENCY, DemoProduct};
use crate::discounts::OpenValue;
use crate::hall::error::{Error, Result};
use crate::hall::money::Money;
use crate::hall::store::Tx;
use crate::rewards::{self, EditReward, RewardKind, RewardLimits};

/// A regular has a coffee after some ten evenings' worth of points, and dinner after most of a year.
pub fn offer(tx: &mut Tx, products: &[DemoProduct]) -> Result<()> {
    let product = |name: &str| {
        let found = products.iter().find(|one| one.name == name);
        found
            .map(|one| one.id)
            .ok_or_else(|| Error::bug(format!("the demo's menu has no {name}")))
    };
    let five = OpenValue::Amount(Money::of(500, CURRENCY));
    let coffee = plain("A coffee on the house", 350, RewardKind::FreeItem);
    let off = plain("Five dollars off", 500, RewardKind::AmountOff);
    let dinner = plain("Dinner for one", 900, RewardKind::FreeItem);
    for ask in [
        EditReward {
            product_id: Some(product("Coffee")?),
            ..coffee
        },
        EditReward {
            value: Some(five),
            ..off
        },
        EditReward {
            product_id: Some(product("Burger and fries")?),
            limits: RewardLimits {
                max_uses_per_customer: Some(2),
                ..dinner.limits
            },
            ..dinner
        },
    ] {
        rewards::create(tx, None, &ask)?;
    }
    Ok(())
}

/// At both venues, whose vouchers are good for a season.
fn plain(name: &str, points_cost: i64, kind: RewardKind) -> EditReward {
    EditReward {
        name: name.into(),
        points_cost,
        kind,
        value: None,
        product_id: None,
        discount_id: None,
        limits: RewardLimits {
            voucher_days: Some(90),
            ..RewardLimits::default()
        },
        venue_ids: Vec::new(),
        active: true,
    }
}
