use axum::http::StatusCode;
use jiff::SignedDuration;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::devices::{self, PairDevice, PairedDevice};
use super::super::set_up::{self, SetUp, SetUpDone};
use super::super::sign_in::{self, ChangePassword, Me, SignIn, SignedIn, SwitchStaff};
use super::super::{DEVICE_COOKIE_DAYS, sessions};
use crate::hall::call::{Answer, DEVICE_COOKIE, Hall, PublicCall, StaffCall};
use crate::hall::error::{Code, Error, Result};
use crate::hall::http::Body;
use crate::hall::id::{DeviceId, VenueId};
use crate::hall::identity::Lookup;
use crate::hall::secret::Secret;

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new()
        .routes(routes!(sign_in_staff))
        .routes(routes!(sign_out_staff))
        .routes(routes!(show_me))
        .routes(routes!(change_password))
        .routes(routes!(switch_staff))
        .routes(routes!(pair_device))
        .routes(routes!(set_up_chain))
}

/// Sign in with email and password
///
/// A wrong password, an unknown address and a lock after five tries are told alike. One network address has
/// 20 tries at once and one more each six seconds.
#[utoipa::path(post, path = "/api/v1/staff/sign-in", tag = "platform", request_body = SignIn,
    responses((status = 201, body = SignedIn)))]
async fn sign_in_staff(call: PublicCall, Body(ask): Body<SignIn>) -> Result<Answer> {
    sign_in::sign_in(call, ask).await
}

/// Sign out
#[utoipa::path(post, path = "/api/v1/staff/sign-out", tag = "platform", responses((status = 204)))]
async fn sign_out_staff(call: StaffCall) -> Result<Answer> {
    sign_in::sign_out(call).await
}

/// Show who calls and what they may
#[utoipa::path(get, path = "/api/v1/staff/me", tag = "platform", responses((status = 200, body = Me)))]
async fn show_me(call: StaffCall) -> Result<Answer> {
    let principal = call.identity.principal.clone();
    call.read(move |read| sign_in::me(read, &principal)).await
}

/// Change your own password
///
/// All your sessions end, this one too.
#[utoipa::path(put, path = "/api/v1/staff/me/password", tag = "platform",
    request_body = ChangePassword, responses((status = 204)))]
async fn change_password(call: StaffCall, Body(ask): Body<ChangePassword>) -> Result<Answer> {
    sign_in::change_password(call, ask).await
}

/// Switch by PIN who stands at a paired till
///
/// After five wrong tries the PIN, and the device for everybody's, is locked for a minute, then longer.
#[utoipa::path(post, path = "/api/v1/tpv/venues/{venueId}/switch", tag = "platform",
    params(("venueId" = VenueId, Path)), request_body = SwitchStaff,
    responses((status = 201, body = SignedIn)))]
async fn switch_staff(call: StaffCall, Body(ask): Body<SwitchStaff>) -> Result<Answer> {
    sign_in::switch(call, ask).await
}

/// Pair a device by the code that was made for it
#[utoipa::path(post, path = "/api/v1/devices/pair", tag = "platform", request_body = PairDevice,
    responses((status = 201, body = PairedDevice)))]
async fn pair_device(call: PublicCall, Body(ask): Body<PairDevice>) -> Result<Answer> {
    let hash = devices::hash_of(ask.code.expose());
    let found = call.look_up(Lookup::Pairing, hash).await?;
    let (tenant, id) = found.ok_or(Error::Gone(Code::CodeExpired))?;
    let id: DeviceId = id.parse().map_err(Error::bug)?;
    let call = call.for_tenant(tenant);
    let hall = call.hall().clone();
    let cookie = move |paired: &PairedDevice| {
        let life = SignedDuration::from_hours(24 * DEVICE_COOKIE_DAYS);
        let token = Secret::new(paired.token.clone());
        sessions::cookie(&hall, DEVICE_COOKIE, Some(&token), life)
    };
    call.tell(StatusCode::CREATED, [], cookie, move |tx| {
        devices::pair(tx, id)
    })
    .await
}

/// Found the first chain with the link that the server printed
///
/// Its owner is signed in. The link works once.
#[utoipa::path(post, path = "/api/v1/set-up", tag = "platform", request_body = SetUp,
    responses((status = 201, body = SetUpDone)))]
async fn set_up_chain(call: PublicCall, Body(ask): Body<SetUp>) -> Result<Answer> {
    set_up::set_up(call, ask).await
}
