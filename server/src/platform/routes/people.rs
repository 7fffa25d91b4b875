use serde_json::Value as Json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::Archived;
use super::super::devices::{self, Device, EditDevice, NewDevice};
use super::super::keys::{self, ApiKey, CreateKey, NewKey, RenameKey};
use super::super::staff::{self, EditStaff, SetPassword, SetPin, StaffMember, TillStaff};
use crate::hall::access::Role;
use crate::hall::call::{Answer, Hall, StaffCall};
use crate::hall::error::{Error, Result};
use crate::hall::http::{Body, Path};
use crate::hall::id::{DeviceId, KeyId, StaffId, VenueId};
use crate::hall::page::{Listing, Page, Paging};
use crate::hall::patch;
use crate::hall::store::Hot;

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new()
        .routes(routes!(list_staff, hire))
        .routes(routes!(show_staff, replace_staff, edit_staff, let_go))
        .routes(routes!(set_password))
        .routes(routes!(set_pin))
        .routes(routes!(list_keys, create_key))
        .routes(routes!(show_key, rename_key, revoke_key))
        .routes(routes!(list_devices, create_device))
        .routes(routes!(show_device, rename_device, revoke_device))
        .routes(routes!(list_till_staff))
        .routes(routes!(list_approvers))
}

/// The rank that whoever calls may give at most.
fn limit(call: &StaffCall) -> Result<Role> {
    call.role().ok_or(Error::Forbidden(Role::Manager))
}

/// Owners come and go one after another, so that two of them cannot both be the last but one.
fn owners(call: &StaffCall) -> Hot {
    call.hot("owners", "")
}

/// List the staff
#[utoipa::path(get, path = "/api/v1/chain/staff", tag = "platform", params(Paging, Archived),
    responses((status = 200, body = Page<StaffMember>)))]
async fn list_staff(call: StaffCall, list: Listing<Archived>) -> Result<Answer> {
    call.survey(move |read| staff::members(read, &list.paging, list.filter))
        .await
}

/// Hire a person
///
/// With a rank in each of some venues, or in the whole chain; at most your own.
#[utoipa::path(post, path = "/api/v1/chain/staff", tag = "platform", request_body = EditStaff,
    responses((status = 201, body = StaffMember)))]
async fn hire(call: StaffCall, Body(ask): Body<EditStaff>) -> Result<Answer> {
    let limit = limit(&call)?;
    call.create([], move |tx| staff::create(tx, &ask, limit))
        .await
}

/// Show a person
#[utoipa::path(get, path = "/api/v1/chain/staff/{staffId}", tag = "platform",
    params(("staffId" = StaffId, Path)), responses((status = 200, body = StaffMember)))]
async fn show_staff(call: StaffCall, Path(id): Path<StaffId>) -> Result<Answer> {
    call.read(move |read| staff::member(read, id)).await
}

/// Replace a person's name, email and roles
#[utoipa::path(put, path = "/api/v1/chain/staff/{staffId}", tag = "platform",
    params(("staffId" = StaffId, Path)), request_body = EditStaff,
    responses((status = 200, body = StaffMember)))]
async fn replace_staff(
    call: StaffCall,
    Path(id): Path<StaffId>,
    Body(ask): Body<EditStaff>,
) -> Result<Answer> {
    let (limit, if_match) = (limit(&call)?, call.if_match());
    call.write([owners(&call)], move |tx| {
        staff::edit(tx, id, &ask, limit, if_match.as_ref())
    })
    .await
}

/// Change a person's name, email or roles
///
/// Send what changes.
#[utoipa::path(patch, path = "/api/v1/chain/staff/{staffId}", tag = "platform",
    params(("staffId" = StaffId, Path)), request_body = EditStaff,
    responses((status = 200, body = StaffMember)))]
async fn edit_staff(
    call: StaffCall,
    Path(id): Path<StaffId>,
    Body(change): Body<Json>,
) -> Result<Answer> {
    let (limit, if_match) = (limit(&call)?, call.if_match());
    call.write([owners(&call)], move |tx| {
        let ask = patch::merge(&staff::member(tx, id)?.command(), &change)?;
        staff::edit(tx, id, &ask, limit, if_match.as_ref())
    })
    .await
}

/// Let a person go
///
/// Their sessions end at once; what they did stays.
#[utoipa::path(delete, path = "/api/v1/chain/staff/{staffId}", tag = "platform",
    params(("staffId" = StaffId, Path)), responses((status = 204)))]
async fn let_go(call: StaffCall, Path(id): Path<StaffId>) -> Result<Answer> {
    let limit = limit(&call)?;
    let if_match = call.if_match();
    call.remove([owners(&call)], move |tx| {
        staff::honour(tx, id, if_match.as_ref())?;
        staff::archive(tx, id, limit)
    })
    .await
}

/// Set a person's password
///
/// Their sessions end at once, and failed tries are forgotten.
#[utoipa::path(put, path = "/api/v1/chain/staff/{staffId}/password", tag = "platform",
    params(("staffId" = StaffId, Path)), request_body = SetPassword, responses((status = 204)))]
async fn set_password(
    call: StaffCall,
    Path(id): Path<StaffId>,
    Body(ask): Body<SetPassword>,
) -> Result<Answer> {
    let limit = limit(&call)?;
    let hash = ask.hashed(call.hall()).await?;
    let if_match = call.if_match();
    call.remove([], move |tx| {
        staff::honour(tx, id, if_match.as_ref())?;
        staff::set_password(tx, id, &hash, limit)
    })
    .await
}

/// Set a person's PIN
///
/// Failed tries are forgotten.
#[utoipa::path(put, path = "/api/v1/chain/staff/{staffId}/pin", tag = "platform",
    params(("staffId" = StaffId, Path)), request_body = SetPin, responses((status = 204)))]
async fn set_pin(
    call: StaffCall,
    Path(id): Path<StaffId>,
    Body(ask): Body<SetPin>,
) -> Result<Answer> {
    let limit = limit(&call)?;
    let hash = ask.hashed(call.hall()).await?;
    let if_match = call.if_match();
    call.remove([], move |tx| {
        staff::honour(tx, id, if_match.as_ref())?;
        staff::set_pin(tx, id, &hash, limit)
    })
    .await
}

/// List the API keys
#[utoipa::path(get, path = "/api/v1/chain/api-keys", tag = "platform", params(Paging, Archived),
    responses((status = 200, body = Page<ApiKey>)))]
async fn list_keys(call: StaffCall, list: Listing<Archived>) -> Result<Answer> {
    call.survey(move |read| keys::keys(read, &list.paging, list.filter))
        .await
}

/// Make an API key
///
/// Its text is told this once.
#[utoipa::path(post, path = "/api/v1/chain/api-keys", tag = "platform", request_body = CreateKey,
    responses((status = 201, body = NewKey)))]
async fn create_key(call: StaffCall, Body(ask): Body<CreateKey>) -> Result<Answer> {
    let limit = limit(&call)?;
    call.create([], move |tx| keys::create(tx, &ask, limit))
        .await
}

/// Show an API key
#[utoipa::path(get, path = "/api/v1/chain/api-keys/{keyId}", tag = "platform",
    params(("keyId" = KeyId, Path)), responses((status = 200, body = ApiKey)))]
async fn show_key(call: StaffCall, Path(id): Path<KeyId>) -> Result<Answer> {
    call.read(move |read| keys::key(read, id)).await
}

/// Rename an API key
///
/// Its rights never change: make another in its place.
#[utoipa::path(put, path = "/api/v1/chain/api-keys/{keyId}", tag = "platform",
    params(("keyId" = KeyId, Path)), request_body = RenameKey,
    responses((status = 200, body = ApiKey)))]
async fn rename_key(
    call: StaffCall,
    Path(id): Path<KeyId>,
    Body(ask): Body<RenameKey>,
) -> Result<Answer> {
    let if_match = call.if_match();
    call.write([], move |tx| keys::rename(tx, id, &ask, if_match.as_ref()))
        .await
}

/// Revoke an API key
#[utoipa::path(delete, path = "/api/v1/chain/api-keys/{keyId}", tag = "platform",
    params(("keyId" = KeyId, Path)), responses((status = 204)))]
async fn revoke_key(call: StaffCall, Path(id): Path<KeyId>) -> Result<Answer> {
    let limit = limit(&call)?;
    let if_match = call.if_match();
    call.remove([], move |tx| keys::revoke(tx, id, limit, if_match.as_ref()))
        .await
}

/// List the devices of a venue
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/devices", tag = "platform",
    params(("venueId" = VenueId, Path), Paging, Archived),
    responses((status = 200, body = Page<Device>)))]
async fn list_devices(call: StaffCall, list: Listing<Archived>) -> Result<Answer> {
    let venue = call.venue()?.id;
    call.survey(move |read| devices::devices(read, venue, &list.paging, list.filter))
        .await
}

/// Add a device
///
/// Type its pairing code at the device within a quarter of an hour; the code is told this once.
#[utoipa::path(post, path = "/api/v1/dashboard/venues/{venueId}/devices", tag = "platform",
    params(("venueId" = VenueId, Path)), request_body = EditDevice,
    responses((status = 201, body = NewDevice)))]
async fn create_device(call: StaffCall, Body(ask): Body<EditDevice>) -> Result<Answer> {
    let venue = call.venue()?.id;
    call.create([], move |tx| devices::create(tx, venue, &ask))
        .await
}

/// Show a device
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/devices/{deviceId}", tag = "platform",
    params(("venueId" = VenueId, Path), ("deviceId" = DeviceId, Path)),
    responses((status = 200, body = Device)))]
async fn show_device(
    call: StaffCall,
    Path((venue, id)): Path<(VenueId, DeviceId)>,
) -> Result<Answer> {
    call.read(move |read| devices::device(read, venue, id))
        .await
}

/// Rename a device
#[utoipa::path(put, path = "/api/v1/dashboard/venues/{venueId}/devices/{deviceId}", tag = "platform",
    params(("venueId" = VenueId, Path), ("deviceId" = DeviceId, Path)), request_body = EditDevice,
    responses((status = 200, body = Device)))]
async fn rename_device(
    call: StaffCall,
    Path((venue, id)): Path<(VenueId, DeviceId)>,
    Body(ask): Body<EditDevice>,
) -> Result<Answer> {
    let if_match = call.if_match();
    call.write([], move |tx| {
        devices::edit(tx, venue, id, &ask, if_match.as_ref())
    })
    .await
}

/// Revoke a device
///
/// It and whoever is signed in at it may do nothing more.
#[utoipa::path(delete, path = "/api/v1/dashboard/venues/{venueId}/devices/{deviceId}", tag = "platform",
    params(("venueId" = VenueId, Path), ("deviceId" = DeviceId, Path)), responses((status = 204)))]
async fn revoke_device(
    call: StaffCall,
    Path((venue, id)): Path<(VenueId, DeviceId)>,
) -> Result<Answer> {
    let if_match = call.if_match();
    call.remove([], move |tx| {
        devices::revoke(tx, venue, id, if_match.as_ref())
    })
    .await
}

/// List who may switch to this venue's tills by PIN
#[utoipa::path(get, path = "/api/v1/tpv/venues/{venueId}/staff", tag = "platform",
    params(("venueId" = VenueId, Path)), responses((status = 200, body = Vec<TillStaff>)))]
async fn list_till_staff(call: StaffCall) -> Result<Answer> {
    let venue = call.venue()?.id;
    call.read(move |read| staff::at_till(read, venue)).await
}

/// List who may approve a discount or a comp at this venue, with their own PIN
#[utoipa::path(get, path = "/api/v1/tpv/venues/{venueId}/approvers", tag = "platform",
    params(("venueId" = VenueId, Path)), responses((status = 200, body = Vec<TillStaff>)))]
async fn list_approvers(call: StaffCall) -> Result<Answer> {
    let venue = call.venue()?.id;
    call.read(move |read| staff::approvers(read, venue)).await
}
