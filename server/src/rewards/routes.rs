use serde::Deserialize;
use serde_json::Value as Json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{EditReward, Offer, Reward, Voucher};
use crate::customers;
use crate::hall::call::{Answer, GuestCall, Hall, StaffCall};
use crate::hall::error::Result;
use crate::hall::http::{Body, Path};
use crate::hall::id::{CustomerId, RewardId, VenueId, VoucherId};
use crate::hall::page::{Listing, Page, Paging};
use crate::hall::patch::Change;
use crate::hall::store::Hot;

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new()
        .routes(routes!(list_rewards, create_reward))
        .routes(routes!(
            show_reward,
            replace_reward,
            edit_reward,
            archive_reward
        ))
        .routes(routes!(list_chain_rewards, create_chain_reward))
        .routes(routes!(
            show_chain_reward,
            replace_chain_reward,
            edit_chain_reward,
            archive_chain_reward
        ))
        .routes(routes!(list_offers))
        .routes(routes!(list_vouchers))
        .routes(routes!(redeem_reward))
        .routes(routes!(cancel_voucher))
        .routes(routes!(list_my_offers))
        .routes(routes!(redeem_my_reward))
        .routes(routes!(list_my_vouchers))
}

#[derive(Debug, Clone, Deserialize)]
struct NoFilter {}

/// List the rewards of a venue
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/loyalty/rewards", tag = "rewards",
    params(("venueId" = VenueId, Path), Paging), responses((status = 200, body = Page<Reward>)))]
async fn list_rewards(call: StaffCall, list: Listing<NoFilter>) -> Result<Answer> {
    let venue = call.venue_or_chain().map(|venue| venue.id);
    call.survey(move |read| super::list(read, venue, &list.paging))
        .await
}

/// Make a reward of a venue
#[utoipa::path(post, path = "/api/v1/dashboard/venues/{venueId}/loyalty/rewards", tag = "rewards",
    params(("venueId" = VenueId, Path)),
    request_body = EditReward, responses((status = 201, body = Reward)))]
async fn create_reward(call: StaffCall, Body(ask): Body<EditReward>) -> Result<Answer> {
    let venue = call.venue()?.id;
    call.create([], move |tx| super::create(tx, Some(venue), &ask))
        .await
}

/// Show a reward of a venue
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/loyalty/rewards/{rewardId}", tag = "rewards",
    params(("venueId" = VenueId, Path), ("rewardId" = RewardId, Path)), responses((status = 200, body = Reward)))]
async fn show_reward(call: StaffCall, Path((_, id)): Path<(VenueId, RewardId)>) -> Result<Answer> {
    let venue = call.venue()?.id;
    call.read(move |read| super::find(read, Some(venue), id))
        .await
}

/// Change a reward of a venue
///
/// Vouchers that are out keep what they give.
#[utoipa::path(put, path = "/api/v1/dashboard/venues/{venueId}/loyalty/rewards/{rewardId}", tag = "rewards",
    params(("venueId" = VenueId, Path), ("rewardId" = RewardId, Path)), request_body = EditReward,
    responses((status = 200, body = Reward)))]
async fn replace_reward(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, RewardId)>,
    Body(ask): Body<EditReward>,
) -> Result<Answer> {
    let venue = call.venue()?.id;
    let (if_match, change) = (call.if_match(), Change::Replace(ask));
    call.write([], move |tx| {
        super::edit(tx, Some(venue), id, if_match.as_ref(), &change)
    })
    .await
}

/// Edit some fields of a reward of a venue
///
/// An RFC 7396 merge: what is left out stays, `null` clears. Vouchers that are out keep what they give.
#[utoipa::path(patch, path = "/api/v1/dashboard/venues/{venueId}/loyalty/rewards/{rewardId}", tag = "rewards",
    params(("venueId" = VenueId, Path), ("rewardId" = RewardId, Path)), request_body = EditReward,
    responses((status = 200, body = Reward)))]
async fn edit_reward(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, RewardId)>,
    Body(ask): Body<Json>,
) -> Result<Answer> {
    let venue = call.venue()?.id;
    let (if_match, change) = (call.if_match(), Change::Merge(ask));
    call.write([], move |tx| {
        super::edit(tx, Some(venue), id, if_match.as_ref(), &change)
    })
    .await
}

/// Archive a reward of a venue
///
/// Nobody gets it any more; its vouchers stay good.
#[utoipa::path(delete, path = "/api/v1/dashboard/venues/{venueId}/loyalty/rewards/{rewardId}", tag = "rewards",
    params(("venueId" = VenueId, Path), ("rewardId" = RewardId, Path)), responses((status = 204)))]
async fn archive_reward(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, RewardId)>,
) -> Result<Answer> {
    let venue = call.venue()?.id;
    let if_match = call.if_match();
    call.remove([], move |tx| {
        super::archive(tx, Some(venue), id, if_match.as_ref())
    })
    .await
}

/// List the rewards of the chain
#[utoipa::path(get, path = "/api/v1/chain/loyalty/rewards", tag = "rewards",
    params(Paging), responses((status = 200, body = Page<Reward>)))]
async fn list_chain_rewards(call: StaffCall, list: Listing<NoFilter>) -> Result<Answer> {
    call.survey(move |read| super::list(read, None, &list.paging))
        .await
}

/// Make a reward of the chain
#[utoipa::path(post, path = "/api/v1/chain/loyalty/rewards", tag = "rewards",
    request_body = EditReward, responses((status = 201, body = Reward)))]
async fn create_chain_reward(call: StaffCall, Body(ask): Body<EditReward>) -> Result<Answer> {
    call.create([], move |tx| super::create(tx, None, &ask))
        .await
}

/// Show a reward of the chain
#[utoipa::path(get, path = "/api/v1/chain/loyalty/rewards/{rewardId}", tag = "rewards",
    params(("rewardId" = RewardId, Path)), responses((status = 200, body = Reward)))]
async fn show_chain_reward(call: StaffCall, Path(id): Path<RewardId>) -> Result<Answer> {
    call.read(move |read| super::find(read, None, id)).await
}

/// Change a reward of the chain
///
/// Vouchers that are out keep what they give.
#[utoipa::path(put, path = "/api/v1/chain/loyalty/rewards/{rewardId}", tag = "rewards",
    params(("rewardId" = RewardId, Path)), request_body = EditReward,
    responses((status = 200, body = Reward)))]
async fn replace_chain_reward(
    call: StaffCall,
    Path(id): Path<RewardId>,
    Body(ask): Body<EditReward>,
) -> Result<Answer> {
    let (if_match, change) = (call.if_match(), Change::Replace(ask));
    call.write([], move |tx| {
        super::edit(tx, None, id, if_match.as_ref(), &change)
    })
    .await
}

/// Edit some fields of a reward of the chain
///
/// An RFC 7396 merge: what is left out stays, `null` clears. Vouchers that are out keep what they give.
#[utoipa::path(patch, path = "/api/v1/chain/loyalty/rewards/{rewardId}", tag = "rewards",
    params(("rewardId" = RewardId, Path)), request_body = EditReward,
    responses((status = 200, body = Reward)))]
async fn edit_chain_reward(
    call: StaffCall,
    Path(id): Path<RewardId>,
    Body(ask): Body<Json>,
) -> Result<Answer> {
    let (if_match, change) = (call.if_match(), Change::Merge(ask));
    call.write([], move |tx| {
        super::edit(tx, None, id, if_match.as_ref(), &change)
    })
    .await
}

/// Archive a reward of the chain
///
/// Nobody gets it any more; its vouchers stay good.
#[utoipa::path(delete, path = "/api/v1/chain/loyalty/rewards/{rewardId}", tag = "rewards",
    params(("rewardId" = RewardId, Path)), responses((status = 204)))]
async fn archive_chain_reward(call: StaffCall, Path(id): Path<RewardId>) -> Result<Answer> {
    let if_match = call.if_match();
    call.remove([], move |tx| {
        super::archive(tx, None, id, if_match.as_ref())
    })
    .await
}

/// List what a customer may have for points
///
/// Each with whether it can be had now, and what is missing.
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/customers/{customerId}/loyalty/rewards", tag = "rewards",
    params(("venueId" = VenueId, Path), ("customerId" = CustomerId, Path)),
    responses((status = 200, body = Vec<Offer>)))]
async fn list_offers(call: StaffCall, Path((_, id)): Path<(String, CustomerId)>) -> Result<Answer> {
    call.read(move |read| super::offers(read, id)).await
}

/// List a customer's vouchers, the newest first
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/customers/{customerId}/loyalty/vouchers",
    tag = "rewards", params(("venueId" = VenueId, Path), ("customerId" = CustomerId, Path), Paging),
    responses((status = 200, body = Page<Voucher>)))]
async fn list_vouchers(
    call: StaffCall,
    Path((_, id)): Path<(String, CustomerId)>,
    listing: Listing<NoFilter>,
) -> Result<Answer> {
    call.read(move |read| {
        customers::find(read, id)?;
        super::vouchers(read, id, &listing.paging)
    })
    .await
}

/// Redeem a reward for a customer
///
/// Its points are spent, the ones that end soonest first, and the voucher is good at once.
#[utoipa::path(post, path = "/api/v1/tpv/venues/{venueId}/customers/{customerId}/rewards/{rewardId}/redeem",
    tag = "rewards",
    params(("venueId" = VenueId, Path), ("customerId" = CustomerId, Path), ("rewardId" = RewardId, Path)),
    responses((status = 201, body = Voucher)))]
async fn redeem_reward(
    call: StaffCall,
    Path((_, customer, id)): Path<(VenueId, CustomerId, RewardId)>,
) -> Result<Answer> {
    let venue = call.venue()?;
    let hot = [call.hot("customer", customer), call.hot("reward", id)];
    call.create(hot, move |tx| super::redeem(tx, Some(&venue), customer, id))
        .await
}

/// Cancel a customer's unused voucher
///
/// The points that it cost go back to their lots. One that an open order has is taken off there first.
#[utoipa::path(post, path = "/api/v1/tpv/venues/{venueId}/customers/{customerId}/vouchers/{voucherId}/cancel",
    tag = "rewards",
    params(("venueId" = VenueId, Path), ("customerId" = CustomerId, Path), ("voucherId" = VoucherId, Path)),
    responses((status = 200, body = Voucher)))]
async fn cancel_voucher(
    call: StaffCall,
    Path((_, customer, id)): Path<(VenueId, CustomerId, VoucherId)>,
) -> Result<Answer> {
    let venue = call.venue()?;
    call.write([call.hot("customer", customer)], move |tx| {
        super::cancel(tx, &venue, customer, id)
    })
    .await
}

/// List what I may have for points
///
/// Each with whether I can have it now, and what is missing.
#[utoipa::path(get, path = "/api/v1/me/loyalty/rewards", tag = "rewards",
    responses((status = 200, body = Vec<Offer>)))]
async fn list_my_offers(call: GuestCall) -> Result<Answer> {
    let customer = call.customer;
    call.read(move |read| super::offers(read, customer)).await
}

/// Redeem a reward
///
/// Its points are spent, the ones that end soonest first, and the voucher is good at once.
#[utoipa::path(post, path = "/api/v1/me/loyalty/rewards/{rewardId}/redeem", tag = "rewards",
    params(("rewardId" = RewardId, Path)), responses((status = 201, body = Voucher)))]
async fn redeem_my_reward(call: GuestCall, Path(id): Path<RewardId>) -> Result<Answer> {
    let (customer, tenant) = (call.customer, call.tenant.id);
    let hot = [
        Hot::of(tenant, "customer", &customer.to_string()),
        Hot::of(tenant, "reward", &id.to_string()),
    ];
    call.create(hot, move |tx| super::redeem(tx, None, customer, id))
        .await
}

/// List my vouchers, the newest first
#[utoipa::path(get, path = "/api/v1/me/loyalty/vouchers", tag = "rewards", params(Paging),
    responses((status = 200, body = Page<Voucher>)))]
async fn list_my_vouchers(call: GuestCall, listing: Listing<NoFilter>) -> Result<Answer> {
    let customer = call.customer;
    call.read(move |read| super::vouchers(read, customer, &listing.paging))
        .await
}
