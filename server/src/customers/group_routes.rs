//! The same resource twice: under a venue, whose groups they are, and under the chain.

use serde::Deserialize;
use serde_json::Value as Json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::groups::{self, EditGroup, From, Group, Members};
use crate::app::USES_OF_GROUP;
use crate::hall::call::{Answer, Hall, StaffCall};
use crate::hall::error::{Error, Result};
use crate::hall::http::{Body, Path};
use crate::hall::id::{GroupId, VenueId};
use crate::hall::page::{Listing, Page, Paging};

/// A group is emptied in so many steps at most: five million customers.
const STEPS_MAX: usize = 10_000;

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new()
        .routes(routes!(list_groups, create_group))
        .routes(routes!(show_group, edit_group, change_group, delete_group))
        .routes(routes!(assign_customers))
        .routes(routes!(remove_customers))
        .routes(routes!(list_groups_of_chain, create_group_of_chain))
        .routes(routes!(
            show_group_of_chain,
            edit_group_of_chain,
            change_group_of_chain,
            delete_group_of_chain
        ))
        .routes(routes!(assign_customers_of_chain))
        .routes(routes!(remove_customers_of_chain))
}

/// What both paths have.
#[derive(Debug, Clone, Copy, Deserialize)]
struct At {
    #[serde(rename = "groupId")]
    group: GroupId,
}

fn from(call: &StaffCall) -> From {
    call.venue_or_chain().map(|venue| venue.id)
}

async fn list(call: StaffCall, paging: Paging) -> Result<Answer> {
    let from = from(&call);
    call.survey(move |read| groups::list(read, from, &paging))
        .await
}

async fn create(call: StaffCall, ask: EditGroup) -> Result<Answer> {
    let from = from(&call);
    call.create([], move |tx| groups::create(tx, from, &ask))
        .await
}

async fn show(call: StaffCall, id: GroupId) -> Result<Answer> {
    let from = from(&call);
    call.read(move |read| groups::find(read, from, id)).await
}

async fn edit(call: StaffCall, id: GroupId, ask: EditGroup) -> Result<Answer> {
    let (from, if_match) = (from(&call), call.if_match());
    let hot = call.hot("customer group", id);
    call.write([hot], move |tx| {
        groups::edit(tx, from, id, if_match.as_ref(), &ask)
    })
    .await
}

async fn change(call: StaffCall, id: GroupId, changes: Json) -> Result<Answer> {
    let (from, if_match) = (from(&call), call.if_match());
    let hot = call.hot("customer group", id);
    call.write([hot], move |tx| {
        groups::change(tx, from, id, if_match.as_ref(), &changes)
    })
    .await
}

async fn assign(call: StaffCall, id: GroupId, ask: Members) -> Result<Answer> {
    let from = from(&call);
    let hot = call.hot("customer group", id);
    call.write([hot], move |tx| groups::assign(tx, from, id, &ask))
        .await
}

async fn remove(call: StaffCall, id: GroupId, ask: Members) -> Result<Answer> {
    let from = from(&call);
    let hot = call.hot("customer group", id);
    call.write([hot], move |tx| groups::remove(tx, from, id, &ask))
        .await
}

/// Refused before anybody is let go, and once more in the step that deletes.
async fn delete(call: StaffCall, id: GroupId) -> Result<Answer> {
    let (from, if_match) = (from(&call), call.if_match());
    call.look(move |read| groups::may_delete(read, from, id, if_match.as_ref(), USES_OF_GROUP))
        .await?;
    let hot = call.hot("customer group", id);
    for _ in 0..STEPS_MAX {
        if call
            .act([hot], move |tx| groups::empty_some(tx, id))
            .await?
            == 0
        {
            return call
                .remove([hot], move |tx| groups::delete(tx, from, id, USES_OF_GROUP))
                .await;
        }
    }
    Err(Error::Busy(std::time::Duration::from_secs(1)))
}

/// List customer groups
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/customer-groups", tag = "customers",
    params(("venueId" = VenueId, Path), Paging),
    responses((status = 200, body = Page<Group>)))]
async fn list_groups(call: StaffCall, ask: Listing<()>) -> Result<Answer> {
    list(call, ask.paging).await
}

/// Create a customer group
#[utoipa::path(post, path = "/api/v1/dashboard/venues/{venueId}/customer-groups", tag = "customers",
    params(("venueId" = VenueId, Path)),
    request_body = EditGroup,
    responses((status = 201, body = Group)))]
async fn create_group(call: StaffCall, Body(ask): Body<EditGroup>) -> Result<Answer> {
    create(call, ask).await
}

/// Show a customer group
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/customer-groups/{groupId}", tag = "customers",
    params(("venueId" = VenueId, Path), ("groupId" = GroupId, Path)),
    responses((status = 200, body = Group)))]
async fn show_group(call: StaffCall, Path(at): Path<At>) -> Result<Answer> {
    show(call, at.group).await
}

/// Replace a customer group
#[utoipa::path(put, path = "/api/v1/dashboard/venues/{venueId}/customer-groups/{groupId}", tag = "customers",
    params(("venueId" = VenueId, Path), ("groupId" = GroupId, Path)),
    request_body = EditGroup,
    responses((status = 200, body = Group)))]
async fn edit_group(
    call: StaffCall,
    Path(at): Path<At>,
    Body(ask): Body<EditGroup>,
) -> Result<Answer> {
    edit(call, at.group, ask).await
}

/// Change parts of a customer group
#[utoipa::path(patch, path = "/api/v1/dashboard/venues/{venueId}/customer-groups/{groupId}", tag = "customers",
    params(("venueId" = VenueId, Path), ("groupId" = GroupId, Path)),
    request_body(content = EditGroup, content_type = "application/merge-patch+json"),
    responses((status = 200, body = Group)))]
async fn change_group(
    call: StaffCall,
    Path(at): Path<At>,
    Body(changes): Body<Json>,
) -> Result<Answer> {
    change(call, at.group, changes).await
}

/// Delete a customer group
///
/// Its customers stay, in no group. Refused with their names while live discounts target it.
#[utoipa::path(delete, path = "/api/v1/dashboard/venues/{venueId}/customer-groups/{groupId}", tag = "customers",
    params(("venueId" = VenueId, Path), ("groupId" = GroupId, Path)),
    responses((status = 204)))]
async fn delete_group(call: StaffCall, Path(at): Path<At>) -> Result<Answer> {
    delete(call, at.group).await
}

/// Put customers into a group
///
/// All of them or none; whoever was in another group leaves it.
#[utoipa::path(post, path = "/api/v1/dashboard/venues/{venueId}/customer-groups/{groupId}/assign", tag = "customers",
    params(("venueId" = VenueId, Path), ("groupId" = GroupId, Path)),
    request_body = Members,
    responses((status = 200, body = Group)))]
async fn assign_customers(
    call: StaffCall,
    Path(at): Path<At>,
    Body(ask): Body<Members>,
) -> Result<Answer> {
    assign(call, at.group, ask).await
}

/// Take customers out of a group
///
/// All of them or none; whoever is not in it is left alone.
#[utoipa::path(post, path = "/api/v1/dashboard/venues/{venueId}/customer-groups/{groupId}/remove", tag = "customers",
    params(("venueId" = VenueId, Path), ("groupId" = GroupId, Path)),
    request_body = Members,
    responses((status = 200, body = Group)))]
async fn remove_customers(
    call: StaffCall,
    Path(at): Path<At>,
    Body(ask): Body<Members>,
) -> Result<Answer> {
    remove(call, at.group, ask).await
}

/// List customer groups of the chain
#[utoipa::path(get, path = "/api/v1/chain/customer-groups", tag = "customers",
    params(Paging),
    responses((status = 200, body = Page<Group>)))]
async fn list_groups_of_chain(call: StaffCall, ask: Listing<()>) -> Result<Answer> {
    list(call, ask.paging).await
}

/// Create a customer group of the chain
#[utoipa::path(post, path = "/api/v1/chain/customer-groups", tag = "customers",
    request_body = EditGroup,
    responses((status = 201, body = Group)))]
async fn create_group_of_chain(call: StaffCall, Body(ask): Body<EditGroup>) -> Result<Answer> {
    create(call, ask).await
}

/// Show a customer group of the chain
#[utoipa::path(get, path = "/api/v1/chain/customer-groups/{groupId}", tag = "customers",
    params(("groupId" = GroupId, Path)),
    responses((status = 200, body = Group)))]
async fn show_group_of_chain(call: StaffCall, Path(at): Path<At>) -> Result<Answer> {
    show(call, at.group).await
}

/// Replace a customer group of the chain
#[utoipa::path(put, path = "/api/v1/chain/customer-groups/{groupId}", tag = "customers",
    params(("groupId" = GroupId, Path)),
    request_body = EditGroup,
    responses((status = 200, body = Group)))]
async fn edit_group_of_chain(
    call: StaffCall,
    Path(at): Path<At>,
    Body(ask): Body<EditGroup>,
) -> Result<Answer> {
    edit(call, at.group, ask).await
}

/// Change parts of a customer group of the chain
#[utoipa::path(patch, path = "/api/v1/chain/customer-groups/{groupId}", tag = "customers",
    params(("groupId" = GroupId, Path)),
    request_body(content = EditGroup, content_type = "application/merge-patch+json"),
    responses((status = 200, body = Group)))]
async fn change_group_of_chain(
    call: StaffCall,
    Path(at): Path<At>,
    Body(changes): Body<Json>,
) -> Result<Answer> {
    change(call, at.group, changes).await
}

/// Delete a customer group of the chain
///
/// Its customers stay, in no group. Refused with their names while live discounts target it.
#[utoipa::path(delete, path = "/api/v1/chain/customer-groups/{groupId}", tag = "customers",
    params(("groupId" = GroupId, Path)),
    responses((status = 204)))]
async fn delete_group_of_chain(call: StaffCall, Path(at): Path<At>) -> Result<Answer> {
    delete(call, at.group).await
}

/// Put customers into a group of the chain
///
/// All of them or none; whoever was in another group leaves it.
#[utoipa::path(post, path = "/api/v1/chain/customer-groups/{groupId}/assign", tag = "customers",
    params(("groupId" = GroupId, Path)),
    request_body = Members,
    responses((status = 200, body = Group)))]
async fn assign_customers_of_chain(
    call: StaffCall,
    Path(at): Path<At>,
    Body(ask): Body<Members>,
) -> Result<Answer> {
    assign(call, at.group, ask).await
}

/// Take customers out of a group of the chain
///
/// All of them or none; whoever is not in it is left alone.
#[utoipa::path(post, path = "/api/v1/chain/customer-groups/{groupId}/remove", tag = "customers",
    params(("groupId" = GroupId, Path)),
    request_body = Members,
    responses((status = 200, body = Group)))]
async fn remove_customers_of_chain(
    call: StaffCall,
    Path(at): Path<At>,
    Body(ask): Body<Members>,
) -> Result<Answer> {
    remove(call, at.group, ask).await
}
