//! Who used which code, where and for how much.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{code, store};
use crate::discounts::uses::{self, RedemptionFilter};
use crate::hall::call::Reply;
use crate::hall::error::Result;
use crate::hall::id::{CouponId, CustomerId, VenueId};
use crate::hall::money::Money;
use crate::hall::page::{Listing, Page};
use crate::hall::store::Read;

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// From this instant on.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub to: Option<Timestamp>,
    /// As it is typed.
    pub code: Option<String>,
    pub customer_id: Option<CustomerId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum UseState {
    /// On an order that is not paid.
    Held,
    Final,
}

/// One use of a code.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CouponRedemption {
    #[schema(value_type = CouponId)]
    pub coupon_id: String,
    #[schema(example = "SAVE20")]
    pub code: String,
    #[schema(example = "ord_01kab4bqf8e1ftz0c6hqp2v9xw")]
    pub order_id: String,
    pub venue_id: VenueId,
    pub customer_id: Option<CustomerId>,
    pub state: UseState,
    /// When the order took it.
    pub at: Timestamp,
    /// What it took off; `null` while it is held, since the order may still change.
    #[schema(example = json!({"amount": 1000, "currency": "EUR"}))]
    pub saving: Option<Money>,
}

impl Reply for CouponRedemption {}

/// Uses that are held or final, the newest first: at a venue, or in the chain.
pub fn redemptions(
    read: &mut Read,
    venue: Option<VenueId>,
    ask: &Listing<Wanted>,
) -> Result<Page<CouponRedemption>> {
    let mut filter = RedemptionFilter {
        subject: None,
        customer: ask.filter.customer_id,
        venue,
        from: ask.filter.from,
        until: ask.filter.to,
    };
    if let Some(text) = &ask.filter.code {
        let found =
            code::canonical(text).map_or(Ok(None), |code| store::lists::id_of(read, &code))?;
        let Some(id) = found else {
            return Ok(Page::of(
                &ask.paging,
                Vec::new(),
                Some(0),
                |_: &CouponRedemption| (),
            ));
        };
        filter.subject = Some(id.to_string());
    }
    let page = uses::redemptions(read, &filter, &ask.paging)?;
    let mut ids: Vec<String> = page.items.iter().map(|used| used.subject.clone()).collect();
    ids.sort_unstable();
    ids.dedup();
    let codes = store::lists::codes_of(read, &ids)?;
    Ok(page.map(|used| CouponRedemption {
        code: codes.get(&used.subject).cloned().unwrap_or_default(),
        coupon_id: used.subject,
        order_id: used.purchase,
        venue_id: used.venue,
        customer_id: used.customer,
        state: if used.is_final {
            UseState::Final
        } else {
            UseState::Held
        },
        at: used.at,
        saving: used.is_final.then(|| Money::of(used.saving, used.currency)),
    }))
}
