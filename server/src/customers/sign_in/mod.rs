//! How a guest signs in: by a code of six digits, sent to the email or phone that the chain knows them by.
//!
//! An address that nobody has is answered alike and sent nothing; a guest becomes known by what they do, not
//! by signing in. A code lives ten minutes and is replaced by the next. Six digits have too few bits for a
//! plain hash, so what is stored (L35) is HKDF-SHA256 of address and code under the server's master secret:
//! who has the store alone learns nothing. Tries are counted by address over all its codes, so that asking
//! for another code gives no further guesses; nor does an idempotency key that somebody else used.
//!
//! A sign-out has nobody to be repeated by: whoever sends it again is told 401, whatever the key says.

mod store;
#[cfg(test)]
mod tests;

use std::time::Duration;

use axum::http::StatusCode;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{check, find_by_email, find_by_phone};
use crate::hall::allowance::{self, Allowance};
use crate::hall::call::{
    Answer, CODE_COOKIE, GUEST_COOKIE, GuestCall, Hall, PublicCall, Reply, TenantCall,
};
use crate::hall::error::{Code, Error, Result};
use crate::hall::http::Body;
use crate::hall::id::CustomerId;
use crate::hall::identity;
use crate::hall::secret::{self, Secret};
use crate::hall::store::{Hot, Read, Tx};
use crate::platform::sessions::{self, Whose};
use crate::platform::tries::{self, Subject};
use crate::platform::venues;

const CODE_MINUTES: i64 = 10;
/// Nobody's inbox is filled by asking again and again.
const BETWEEN_CODES_SECONDS: i64 = 60;

/// All guests of a full house may share the address of its network, and each asks twice.
static SIGN_IN: Allowance = Allowance {
    name: "guest-sign-in",
    burst: 60,
    every: Duration::from_secs(2),
};

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new()
        .routes(routes!(ask_code))
        .routes(routes!(confirm_code))
        .routes(routes!(sign_out))
}

/// Where to send a code: one of the two.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskCode {
    #[serde(default)]
    #[schema(example = "asa@example.com")]
    pub email: Option<String>,
    #[serde(default)]
    #[schema(example = "+46701234567")]
    pub phone: Option<String>,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmCode {
    #[serde(default)]
    #[schema(example = "asa@example.com")]
    pub email: Option<String>,
    /// Neither of the two in the browser that asked for the code: its cookie says it.
    #[serde(default)]
    #[schema(example = "+46701234567")]
    pub phone: Option<String>,
    #[schema(value_type = String, example = "493817")]
    pub code: Secret,
}

/// What is told whether or not anybody has the address.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CodeAsked {
    #[schema(example = 600)]
    pub expires_in_seconds: i64,
    /// As the cookie says it, which the code alone is then confirmed by.
    #[serde(skip)]
    cookie: Option<Secret>,
}

impl Reply for CodeAsked {}

/// A guest's session that just began.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GuestSignedIn {
    /// For `Authorization: Bearer …`; a browser has it as a cookie. For ten minutes it is told again to who sends the
    /// same under the same Idempotency-Key.
    #[schema(example = "st_9sW2mJ0a6c3…")]
    pub token: String,
    pub expires_at: Timestamp,
    pub customer_id: CustomerId,
}

impl Reply for GuestSignedIn {}

/// What fills the message.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CodeMessage<'a> {
    to: &'a str,
    channel: &'static str,
    code: &'a str,
    language: &'a str,
    chain: &'a str,
    expires_at: Timestamp,
}

/// An email or a phone as the guest typed it.
#[derive(Debug, Clone)]
enum Address {
    Email(String),
    Phone(String),
}

impl Address {
    fn of(email: Option<String>, phone: Option<String>) -> Result<Address> {
        match (email, phone) {
            (Some(email), None) => Ok(Address::Email(email)),
            (None, Some(phone)) => Ok(Address::Phone(phone)),
            _ => Err(Error::field("", "invalid", "Send either email or phone.")),
        }
    }

    /// To whom this browser asked for a code to be sent.
    fn asked_before(call: &PublicCall) -> Result<Address> {
        let cookie = call.own_cookie(CODE_COOKIE)?.unwrap_or_default();
        let text = BASE64URL_NOPAD.decode(cookie.as_bytes()).ok();
        let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
        let address = text.filter(|text| !text.is_empty()).map(|text| {
            if text.contains('@') {
                Address::Email(text)
            } else {
                Address::Phone(text)
            }
        });
        address.ok_or_else(|| {
            let said = "Send the email or phone that the code was sent to.";
            Error::field("", "invalid", said)
        })
    }

    /// As the code is kept under; none where it cannot be an address.
    fn folded(&self, read: &mut Read) -> Result<Option<String>> {
        Ok(match self {
            Address::Email(email) => check::email(email),
            Address::Phone(phone) => check::phone(phone, &venues::home_country(read)?),
        })
    }

    fn customer(&self, read: &mut Read) -> Result<Option<super::Customer>> {
        match self {
            Address::Email(email) => find_by_email(read, email),
            Address::Phone(phone) => {
                let country = venues::home_country(read)?;
                find_by_phone(read, phone, &country)
            }
        }
    }

    fn channel(&self) -> &'static str {
        match self {
            Address::Email(_) => "EMAIL",
            Address::Phone(_) => "SMS",
        }
    }
}

/// Codes of one address are counted together, and asked for one after another.
fn subject(address: &str) -> Subject {
    Subject::code_to(address)
}

fn hash_of(hall: &Hall, tx: &Tx, address: &str, code: &str) -> Result<[u8; 32]> {
    let purpose = format!("sign-in code {code} to {address}");
    let tenant = tx.tenant()?.to_string();
    Ok(secret::derive(hall.master.as_slice(), &tenant, &purpose))
}

/// Ask for a code to sign in with
///
/// The answer is the same whether or not anybody has the address. The chain is that of the page: its host
/// name, or its slug in `X-Regulars-Tenant`.
#[utoipa::path(post, path = "/api/v1/me/sign-in", tag = "customers", request_body = AskCode,
    responses((status = 202, body = CodeAsked)))]
async fn ask_code(call: PublicCall, Body(ask): Body<AskCode>) -> Result<Answer> {
    allowance::take(call.hall(), &SIGN_IN)?;
    // Asked again within a minute it sends no other code, so no answer is kept: a row for each address that is invented
    // would fill the disk.
    call.check_key()?;
    let address = Address::of(ask.email, ask.phone)?;
    let call = for_page(call).await?;
    let hall = call.hall().clone();
    let ask = move |tx: &mut Tx| {
        send_code(tx, &hall, &address)?;
        let to = address.folded(tx)?;
        let cookie = to.map(|to| Secret::new(BASE64URL_NOPAD.encode(to.as_bytes())));
        let expires_in_seconds = CODE_MINUTES * 60;
        Ok(CodeAsked {
            expires_in_seconds,
            cookie,
        })
    };
    let asked = call.act([], ask).await?;
    let life = asked.cookie.as_ref().map_or(0, |_| CODE_MINUTES);
    let life = SignedDuration::from_mins(life);
    let cookie = sessions::cookie(call.hall(), CODE_COOKIE, asked.cookie.as_ref(), life);
    Ok(Answer::of(StatusCode::ACCEPTED, &asked)?.with_header("set-cookie", cookie))
}

async fn for_page(call: PublicCall) -> Result<TenantCall> {
    let tenant = call.tenant_of_page().await?;
    Ok(call.for_tenant(tenant))
}

fn send_code(tx: &mut Tx, hall: &Hall, address: &Address) -> Result<()> {
    let (Some(to), Some(customer)) = (address.folded(tx)?, address.customer(tx)?) else {
        return Ok(());
    };
    store::delete_over(tx)?;
    let expires_at = tx.now() + SignedDuration::from_mins(CODE_MINUTES);
    let sent_before = tx.now() - SignedDuration::from_secs(BETWEEN_CODES_SECONDS);
    let replaceable = sent_before + SignedDuration::from_mins(CODE_MINUTES);
    let code = secret::digits(tx.entropy(), 6);
    let hash = hash_of(hall, tx, &to, code.expose())?;
    if !store::put(tx, &to, hash, expires_at, replaceable)? {
        return Ok(());
    }
    let chain = identity::tenant(tx)?.ok_or(Error::NotFound("chain"))?;
    let message = CodeMessage {
        to: &to,
        channel: address.channel(),
        code: code.expose(),
        language: &customer.language,
        chain: &chain.name,
        expires_at,
    };
    tx.send("sign_in_code", &message)?;
    tx.audit_new("customer.ask_code", customer.id, &())
}

/// Sign in with the code
///
/// The browser that asked for it sends the code alone. A wrong code, one that is over and an unknown address are told
/// alike. After five wrong tries an address is locked for a minute, then longer.
#[utoipa::path(post, path = "/api/v1/me/sign-in/confirm", tag = "customers", request_body = ConfirmCode,
    responses((status = 201, body = GuestSignedIn)))]
async fn confirm_code(call: PublicCall, Body(ask): Body<ConfirmCode>) -> Result<Answer> {
    allowance::take(call.hall(), &SIGN_IN)?;
    let address = match (ask.email, ask.phone) {
        (None, None) => Address::asked_before(&call)?,
        (email, phone) => Address::of(email, phone)?,
    };
    let brought = call.cookie(GUEST_COOKIE);
    let mut call = for_page(call).await?;
    let typed = address.clone();
    let folded = call.look(move |read| typed.folded(read)).await?;
    let to = folded.ok_or_else(failed)?;
    // The code alone may be anybody's: a key is told its answer again to who confirms the same address.
    let master = call.hall().master.as_slice();
    let whose = secret::derive(
        master,
        &call.tenant.id.to_string(),
        &format!("code for {to}"),
    );
    call.keyed_about(HEXLOWER.encode(&whose[..16]));
    let subjects = [subject(&to)];
    let hot = Hot::of(call.tenant.id, "tries", subjects[0].text());
    if !takes_a_try(&call, hot, &address).await? {
        return Err(failed());
    }
    let (hall, site) = (call.hall().clone(), call.hall().clone());
    let confirm = move |tx: &mut Tx| {
        let customer = confirmed(tx, &hall, &to, &address, &ask.code)?;
        if let Some(token) = &brought {
            sessions::end_by_token(tx, token)?;
        }
        let begun = sessions::begin(tx, Whose::Customer(customer))?;
        tx.audit_new("customer.sign_in", customer, &begun.id)?;
        Ok(GuestSignedIn {
            token: begun.token.expose().to_owned(),
            expires_at: begun.expires_at,
            customer_id: customer,
        })
    };
    let cookie = move |said: &GuestSignedIn| guest_cookie(&site, said);
    let answer = call.tell(StatusCode::CREATED, [hot], cookie, confirm).await;
    let right = match &answer {
        Ok(_) => true,
        // Also a key that was used with another code: who has the key has no further guesses by it.
        Err(Error::Unauthenticated(_) | Error::Refused(..)) => false,
        // Whether it was right nobody knows; the try counts.
        Err(_) => return answer,
    };
    let settled = call.act([hot], move |tx| tries::settle(tx, &subjects, right));
    match (answer, settled.await) {
        (Err(_), Err(error)) => Err(error),
        (answer, _) => answer,
    }
}

fn failed() -> Error {
    Error::Unauthenticated(Code::SignInFailed)
}

/// Takes a try at an address that is somebody's, and `false` where none is left. A row for each address that is
/// invented would fill the disk.
async fn takes_a_try(call: &TenantCall, hot: Hot, address: &Address) -> Result<bool> {
    let address = address.clone();
    let taken = call.act([hot], move |tx| {
        let (Some(to), Some(_)) = (address.folded(tx)?, address.customer(tx)?) else {
            return Ok(false);
        };
        tries::reserve(tx, &[subject(&to)])?;
        Ok(true)
    });
    match taken.await {
        Err(Error::Refused(Code::PinLocked, _)) => Ok(false),
        taken => taken,
    }
}

/// Who it is that typed the right code, which is gone with it.
fn confirmed(
    tx: &mut Tx,
    hall: &Hall,
    to: &str,
    address: &Address,
    code: &Secret,
) -> Result<CustomerId> {
    let (Some(hash), Some(customer)) = (store::find(tx, to)?, address.customer(tx)?) else {
        return Err(failed());
    };
    if !bool::from(hash_of(hall, tx, to, code.expose())?.ct_eq(&hash)) {
        return Err(failed());
    }
    store::delete(tx, to)?;
    Ok(customer.id)
}

fn guest_cookie(hall: &Hall, said: &GuestSignedIn) -> String {
    let life = SignedDuration::from_hours(24 * sessions::CUSTOMER_DAYS_MAX);
    let token = Secret::new(said.token.clone());
    sessions::cookie(hall, GUEST_COOKIE, Some(&token), life)
}

/// Sign out
#[utoipa::path(post, path = "/api/v1/me/sign-out", tag = "customers", responses((status = 204)))]
async fn sign_out(call: GuestCall) -> Result<Answer> {
    let (session, customer) = (call.session, call.customer);
    let end = move |tx: &mut Tx| {
        sessions::end(tx, session)?;
        tx.audit_new("customer.sign_out", customer, &session)
    };
    let hall = call.hall().clone();
    let gone = move |(): &()| sessions::cookie(&hall, GUEST_COOKIE, None, SignedDuration::ZERO);
    call.tell(StatusCode::NO_CONTENT, [], gone, end).await
}
