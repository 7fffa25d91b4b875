use serde_json::Value as Json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::catalogue::modifier_groups::{
    self, EditModifierGroup, ModifierGroup, ModifierGroupFilter,
};
use crate::hall::call::{Answer, Hall, StaffCall};
use crate::hall::error::Result;
use crate::hall::http::{Body, Path};
use crate::hall::id::{ModifierGroupId, VenueId};
use crate::hall::page::{Listing, Page, Paging};
use crate::hall::patch::Change;

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new()
        .routes(routes!(list_modifier_groups, create_modifier_group))
        .routes(routes!(
            show_modifier_group,
            replace_modifier_group,
            edit_modifier_group,
            archive_modifier_group
        ))
        .routes(routes!(
            list_chain_modifier_groups,
            create_chain_modifier_group
        ))
        .routes(routes!(
            show_chain_modifier_group,
            replace_chain_modifier_group,
            edit_chain_modifier_group,
            archive_chain_modifier_group
        ))
}

/// List the modifier groups of a venue
///
/// They are the chain's; every venue has the same.
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/modifier-groups", tag = "catalogue",
    params(("venueId" = VenueId, Path), Paging, ModifierGroupFilter),
    responses((status = 200, body = Page<ModifierGroup>)))]
async fn list_modifier_groups(
    call: StaffCall,
    list: Listing<ModifierGroupFilter>,
) -> Result<Answer> {
    call.survey(move |read| modifier_groups::list(read, &list))
        .await
}

/// Create a modifier group at a venue
#[utoipa::path(post, path = "/api/v1/dashboard/venues/{venueId}/modifier-groups", tag = "catalogue",
    params(("venueId" = VenueId, Path)),
    request_body = EditModifierGroup,
    responses((status = 201, body = ModifierGroup)))]
async fn create_modifier_group(
    call: StaffCall,
    Body(ask): Body<EditModifierGroup>,
) -> Result<Answer> {
    call.create([], move |tx| modifier_groups::create(tx, &ask))
        .await
}

/// Show a modifier group of a venue
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/modifier-groups/{modifierGroupId}", tag = "catalogue",
    params(("venueId" = VenueId, Path), ("modifierGroupId" = ModifierGroupId, Path)),
    responses((status = 200, body = ModifierGroup)))]
async fn show_modifier_group(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, ModifierGroupId)>,
) -> Result<Answer> {
    call.read(move |read| modifier_groups::find(read, id)).await
}

/// Replace a modifier group of a venue
#[utoipa::path(put, path = "/api/v1/dashboard/venues/{venueId}/modifier-groups/{modifierGroupId}", tag = "catalogue",
    request_body = EditModifierGroup,
    params(("venueId" = VenueId, Path), ("modifierGroupId" = ModifierGroupId, Path)),
    responses((status = 200, body = ModifierGroup)))]
async fn replace_modifier_group(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, ModifierGroupId)>,
    Body(ask): Body<EditModifierGroup>,
) -> Result<Answer> {
    let (if_match, change) = (call.if_match(), Change::Replace(ask));
    call.write([], move |tx| {
        modifier_groups::edit(tx, id, if_match.as_ref(), &change)
    })
    .await
}

/// Edit some fields of a modifier group of a venue
///
/// An RFC 7396 merge: what is left out stays, `null` clears.
#[utoipa::path(patch, path = "/api/v1/dashboard/venues/{venueId}/modifier-groups/{modifierGroupId}", tag = "catalogue",
    request_body = EditModifierGroup,
    params(("venueId" = VenueId, Path), ("modifierGroupId" = ModifierGroupId, Path)),
    responses((status = 200, body = ModifierGroup)))]
async fn edit_modifier_group(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, ModifierGroupId)>,
    Body(ask): Body<Json>,
) -> Result<Answer> {
    let (if_match, change) = (call.if_match(), Change::Merge(ask));
    call.write([], move |tx| {
        modifier_groups::edit(tx, id, if_match.as_ref(), &change)
    })
    .await
}

/// Archive a modifier group of a venue
///
/// Products that have it no longer ask for it.
#[utoipa::path(delete, path = "/api/v1/dashboard/venues/{venueId}/modifier-groups/{modifierGroupId}", tag = "catalogue",
    params(("venueId" = VenueId, Path), ("modifierGroupId" = ModifierGroupId, Path)),
    responses((status = 204)))]
async fn archive_modifier_group(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, ModifierGroupId)>,
) -> Result<Answer> {
    let if_match = call.if_match();
    call.remove([], move |tx| {
        modifier_groups::archive(tx, id, if_match.as_ref())
    })
    .await
}

/// List the modifier groups of the chain
#[utoipa::path(get, path = "/api/v1/chain/modifier-groups", tag = "catalogue",
    params(Paging, ModifierGroupFilter), responses((status = 200, body = Page<ModifierGroup>)))]
async fn list_chain_modifier_groups(
    call: StaffCall,
    list: Listing<ModifierGroupFilter>,
) -> Result<Answer> {
    call.survey(move |read| modifier_groups::list(read, &list))
        .await
}

/// Create a modifier group in the chain
#[utoipa::path(post, path = "/api/v1/chain/modifier-groups", tag = "catalogue",
    request_body = EditModifierGroup,
    responses((status = 201, body = ModifierGroup)))]
async fn create_chain_modifier_group(
    call: StaffCall,
    Body(ask): Body<EditModifierGroup>,
) -> Result<Answer> {
    call.create([], move |tx| modifier_groups::create(tx, &ask))
        .await
}

/// Show a modifier group of the chain
#[utoipa::path(get, path = "/api/v1/chain/modifier-groups/{modifierGroupId}", tag = "catalogue",
    params(("modifierGroupId" = ModifierGroupId, Path)), responses((status = 200, body = ModifierGroup)))]
async fn show_chain_modifier_group(
    call: StaffCall,
    Path(id): Path<ModifierGroupId>,
) -> Result<Answer> {
    call.read(move |read| modifier_groups::find(read, id)).await
}

/// Replace a modifier group of the chain
#[utoipa::path(put, path = "/api/v1/chain/modifier-groups/{modifierGroupId}", tag = "catalogue",
    request_body = EditModifierGroup,
    params(("modifierGroupId" = ModifierGroupId, Path)), responses((status = 200, body = ModifierGroup)))]
async fn replace_chain_modifier_group(
    call: StaffCall,
    Path(id): Path<ModifierGroupId>,
    Body(ask): Body<EditModifierGroup>,
) -> Result<Answer> {
    let (if_match, change) = (call.if_match(), Change::Replace(ask));
    call.write([], move |tx| {
        modifier_groups::edit(tx, id, if_match.as_ref(), &change)
    })
    .await
}

/// Edit some fields of a modifier group of the chain
///
/// An RFC 7396 merge: what is left out stays, `null` clears.
#[utoipa::path(patch, path = "/api/v1/chain/modifier-groups/{modifierGroupId}", tag = "catalogue",
    request_body = EditModifierGroup,
    params(("modifierGroupId" = ModifierGroupId, Path)), responses((status = 200, body = ModifierGroup)))]
async fn edit_chain_modifier_group(
    call: StaffCall,
    Path(id): Path<ModifierGroupId>,
    Body(ask): Body<Json>,
) -> Result<Answer> {
    let (if_match, change) = (call.if_match(), Change::Merge(ask));
    call.write([], move |tx| {
        modifier_groups::edit(tx, id, if_match.as_ref(), &change)
    })
    .await
}

/// Archive a modifier group of the chain
///
/// Products that have it no longer ask for it.
#[utoipa::path(delete, path = "/api/v1/chain/modifier-groups/{modifierGroupId}", tag = "catalogue",
    params(("modifierGroupId" = ModifierGroupId, Path)), responses((status = 204)))]
async fn archive_chain_modifier_group(
    call: StaffCall,
    Path(id): Path<ModifierGroupId>,
) -> Result<Answer> {
    let if_match = call.if_match();
    call.remove([], move |tx| {
        modifier_groups::archive(tx, id, if_match.as_ref())
    })
    .await
}
