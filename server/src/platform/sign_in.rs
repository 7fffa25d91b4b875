//! How staff come to a session: by email and password anywhere, by PIN at a paired till.

use std::time::Duration;

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::chain::{self, Chain};
use super::sessions::{self, Begun, Whose};
use super::staff::{self, StaffMember, VenueRole};
use super::tries::{self, Subject};
use crate::hall::access::Role;
use crate::hall::allowance::{self, Allowance};
use crate::hall::call::{Answer, Hall, PublicCall, Reply, STAFF_COOKIE, StaffCall, TenantCall};
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::id::{DeviceId, StaffId, VenueId};
use crate::hall::identity::{Lookup, Principal};
use crate::hall::secret::{self, Secret};
use crate::hall::store::{Hot, Read, Tx};

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    #[schema(example = "maja@boulebar.example")]
    pub email: String,
    pub password: Secret,
}

/// A chain's people share the address of their venue; whoever tries the passwords of many does not get far.
static SIGN_IN: Allowance = Allowance {
    name: "staff-sign-in",
    burst: 20,
    every: Duration::from_secs(6),
};

/// A session that just began.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedIn {
    /// For `Authorization: Bearer …`; a browser has it as a cookie. For ten minutes it is told again to who sends the
    /// same under the same Idempotency-Key.
    #[schema(example = "st_9sW2mJ0a6c3…")]
    pub token: String,
    pub expires_at: Timestamp,
    pub staff: StaffMember,
}

impl Reply for SignedIn {}

/// Signs in with email and password. An address that nobody has takes as long and is told the same.
pub async fn sign_in(call: PublicCall, ask: SignIn) -> Result<Answer> {
    allowance::take(call.hall(), &SIGN_IN)?;
    let email = staff::fold_email(&ask.email);
    let brought = call.cookie(STAFF_COOKIE);
    let found = call.look_up(Lookup::StaffEmail, email).await?;
    let failed = || Error::Unauthenticated(Code::SignInFailed);
    let Some((tenant, id)) = found else {
        secret::verify(ask.password, None).await?;
        return Err(failed());
    };
    let id: StaffId = id.parse().map_err(Error::bug)?;
    let call = call.for_tenant(tenant);
    if !has_password(&call, id, ask.password).await? {
        return Err(failed());
    }
    let begin = move |tx: &mut Tx| {
        if let Some(token) = &brought {
            sessions::end_by_token(tx, token)?;
        }
        let whose = Whose::Staff {
            staff: id,
            device: None,
        };
        let begun = sessions::begin(tx, whose)?;
        tx.audit_new("staff.sign_in", id, &begun.id)?;
        signed_in(tx, &begun, id)
    };
    call.tell(StatusCode::CREATED, [], cookie(call.hall()), begin)
        .await
}

/// The three steps of a try; a locked password is told apart from a wrong one by nothing but patience.
async fn has_password(call: &TenantCall, id: StaffId, password: Secret) -> Result<bool> {
    let subject = [Subject::password_of(id)];
    let hot = Hot::of(call.tenant.id, "tries", subject[0].text());
    let taken = subject.clone();
    let reserved = call
        .act([hot], move |tx| {
            tries::reserve(tx, &taken)?;
            staff::password_hash(tx, id)
        })
        .await;
    let hash = match reserved {
        Ok(hash) => hash,
        Err(Error::Refused(Code::PinLocked, _)) => {
            secret::verify(password, None).await?;
            return Ok(false);
        }
        Err(error) => return Err(error),
    };
    let right = secret::verify(password, hash).await?;
    call.act([hot], move |tx| tries::settle(tx, &subject, right))
        .await?;
    Ok(right)
}

fn signed_in(tx: &mut Tx, begun: &Begun, id: StaffId) -> Result<SignedIn> {
    Ok(SignedIn {
        token: begun.token.expose().to_owned(),
        expires_at: begun.expires_at,
        staff: staff::member(tx, id)?,
    })
}

fn cookie(hall: &Hall) -> impl Fn(&SignedIn) -> String + Send + use<> {
    let hall = hall.clone();
    move |said| sessions::staff_cookie(&hall, &said.token)
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SwitchStaff {
    pub staff_id: StaffId,
    #[schema(value_type = String, format = Password, example = "2580")]
    pub pin: Secret,
}

/// Changes who stands at a paired till. The session counts at that till's venue alone, and whoever
/// stood there before is signed out.
pub async fn switch(mut call: StaffCall, ask: SwitchStaff) -> Result<Answer> {
    let venue = call.venue()?.id;
    let device = device_of(&call)?;
    // The switch ends the session of who sent it: sent again, it comes with what the device itself is known by.
    let till = format!("device:{device}");
    call.keyed_as(till.clone());
    let id = ask.staff_id;
    tries::check_pin(&call, id, ask.pin).await?;
    let begin = move |tx: &mut Tx| {
        if staff::role_at(tx, id, venue)?.is_none() {
            return Err(Error::Refused(Code::PinWrong, Extra::none()));
        }
        // All of them: also one of whom the till never heard, because the answer was lost.
        sessions::end_all_at_device(tx, device)?;
        let device = Some(device);
        let begun = sessions::begin(tx, Whose::Staff { staff: id, device })?;
        tx.audit_new("staff.switch", id, &(begun.id, device))?;
        if tx.scope().by.actor != till {
            tx.audit_by(&till, "device.switch", id, &begun.id)?;
        }
        signed_in(tx, &begun, id)
    };
    call.tell(StatusCode::CREATED, [], cookie(call.hall()), begin)
        .await
}

fn device_of(call: &StaffCall) -> Result<DeviceId> {
    call.device().ok_or_else(|| {
        let detail =
            "Switching by PIN needs a paired device; pair this one, or sign in with a password.";
        Error::Refused(Code::MethodUnavailable, Extra::saying(detail))
    })
}

/// Ends the session; a key or a device has none to end. Who sends it again is nobody any more, whatever the key says.
pub async fn sign_out(call: StaffCall) -> Result<Answer> {
    let principal = call.identity.principal.clone();
    let end = move |tx: &mut Tx| {
        if let Principal::Staff { session, staff, .. } = principal {
            sessions::end(tx, session)?;
            tx.audit_new("staff.sign_out", staff, &session)?;
        }
        Ok(())
    };
    let hall = call.hall().clone();
    let gone = move |(): &()| sessions::cookie(&hall, STAFF_COOKIE, None, SignedDuration::ZERO);
    call.tell(StatusCode::NO_CONTENT, [], gone, end).await
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    pub current: Secret,
    pub password: Secret,
}

/// Changes one's own password; all one's sessions end, this one too.
pub async fn change_password(call: StaffCall, ask: ChangePassword) -> Result<Answer> {
    let mut wrong = Vec::new();
    staff::check_password(&ask.password, "/password", &mut wrong);
    if !wrong.is_empty() {
        return Err(Error::Invalid(wrong));
    }
    let id = call.staff().ok_or(Error::NotFound("password"))?;
    let subject = [Subject::password_of(id)];
    let hot = call.hot("tries", subject[0].text());
    let (taken, if_match) = (subject.clone(), call.if_match());
    let seen = if_match.clone();
    let reserve = move |tx: &mut Tx| {
        staff::honour(tx, id, seen.as_ref())?;
        tries::reserve(tx, &taken)?;
        staff::password_hash(tx, id)
    };
    let hash = call.act([hot], reserve).await?;
    let right = secret::verify(ask.current, hash).await?;
    call.act([hot], move |tx| tries::settle(tx, &subject, right))
        .await?;
    if !right {
        return Err(Error::field(
            "/current",
            "wrong",
            "Send the password that you have now.",
        ));
    }
    let hash = secret::hash(ask.password, call.hall().entropy.clone()).await?;
    let owner = Role::Owner;
    let set = move |tx: &mut Tx| {
        // Somebody may have set another one since it was looked at.
        staff::honour(tx, id, if_match.as_ref())?;
        staff::set_password(tx, id, &hash, owner)
    };
    call.remove([hot], set).await
}

/// Who calls, and what they may.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// As the journal spells it.
    #[schema(example = "staff:stf_01kab4bqf8e1ftz0c6hqp2v9xw")]
    pub actor: String,
    pub chain: Chain,
    /// The person, where one is signed in.
    pub staff: Option<StaffMember>,
    /// The device that the call comes from.
    pub device_id: Option<DeviceId>,
    /// What counts for this call: a session at a till has the rank of its venue alone.
    pub roles: Vec<VenueRole>,
}

impl Reply for Me {}

pub fn me(read: &mut Read, principal: &Principal) -> Result<Me> {
    let (mut person, mut device_id) = (None, None);
    let roles = match principal {
        Principal::Staff {
            staff,
            device,
            bound_to,
            ..
        } => {
            let member = staff::member(read, *staff)?;
            device_id = *device;
            let roles = match *bound_to {
                None => member.roles.clone(),
                Some(venue) => {
                    let role = staff::role_at(read, *staff, venue)?;
                    role.map(|role| at(venue, role)).into_iter().collect()
                }
            };
            person = Some(member);
            roles
        }
        Principal::Key { role, venues, .. } if venues.is_empty() => vec![VenueRole {
            venue_id: None,
            role: *role,
        }],
        Principal::Key { role, venues, .. } => {
            venues.iter().map(|venue| at(*venue, *role)).collect()
        }
        Principal::Device { device, venue } => {
            device_id = Some(*device);
            vec![at(*venue, Role::Staff)]
        }
        Principal::Customer { .. } => Vec::new(),
    };
    Ok(Me {
        actor: principal.actor(),
        chain: chain::chain(read)?,
        staff: person,
        device_id,
        roles,
    })
}

fn at(venue: VenueId, role: Role) -> VenueRole {
    VenueRole {
        venue_id: Some(venue),
        role,
    }
}
