//! The one error type, the one list of codes, the one answer (RFC 9457).
//!
//! Variants say what the client can do about it; a [`Code`] says what happened, as one stable word.
//! A code once released never changes its meaning.

use std::panic::Location;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::access::Role;
use super::http::request_id;

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug)]
pub enum Error {
    /// The bytes are not JSON of the documented shape.
    Malformed(String),
    /// The body is over the limit, in bytes.
    TooLarge(u64),
    /// The content type is not the one this route takes.
    WrongType,
    /// A header is missing, wrong, too large or late, or says that the request is not ours.
    Header(Code),
    /// One or more fields are wrong; each says where and why.
    Invalid(Vec<Field>),
    Unauthenticated(Code),
    /// Someone of this rank may; only ever said inside the caller's own tenant.
    Forbidden(Role),
    /// No such thing here. The answer for another tenant's row is byte for byte the same.
    NotFound(&'static str),
    /// The state is not what the caller thought.
    Conflict(Code, Extra),
    /// `If-Match` names an older version.
    Stale,
    /// The route needs `If-Match`.
    NeedsMatch,
    Gone(Code),
    /// A rule said no, with its figures.
    Refused(Code, Extra),
    TooMany(Duration),
    Busy(Duration),
    /// No room on the disk: reads go on, writes wait.
    Full,
    Provider(&'static str, String),
    /// A statement broke a constraint. Mapped where the statement is; unmapped it is a bug.
    Violation(Violation, String),
    /// The store asks for the transaction to be run again. Never leaves the store.
    Again(String),
    Bug(
        Box<dyn std::error::Error + Send + Sync>,
        &'static Location<'static>,
    ),
}

/// What kind of constraint a statement broke; the name is not the same on both stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    Unique,
    ForeignKey,
    Check,
    /// A trigger refused: the row is of those that never change (L26).
    Immutable,
}

/// One wrong field: a JSON pointer into the body (or `?name` for a query parameter).
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq, utoipa::ToSchema)]
pub struct Field {
    #[schema(example = "/items/0/quantity")]
    pub pointer: String,
    #[schema(example = "out_of_range")]
    pub code: String,
    #[schema(example = "Send a whole number from 1 to 999.")]
    pub message: String,
}

impl Field {
    pub fn new(pointer: impl Into<String>, code: &str, message: impl Into<String>) -> Field {
        Field {
            pointer: pointer.into(),
            code: code.into(),
            message: message.into(),
        }
    }
}

/// The figures of a refusal, and a sentence where the code's own is not enough.
#[derive(Debug, Clone, Default)]
pub struct Extra {
    pub detail: Option<String>,
    pub figures: Map<String, Json>,
}

impl Extra {
    pub fn none() -> Extra {
        Extra::default()
    }

    pub fn saying(detail: impl Into<String>) -> Extra {
        Extra {
            detail: Some(detail.into()),
            figures: Map::new(),
        }
    }

    pub fn with(mut self, name: &str, figure: impl Into<Json>) -> Extra {
        self.figures.insert(name.into(), figure.into());
        self
    }
}

macro_rules! codes {
    ($($variant:ident $word:literal $status:literal $title:literal $help:literal;)*) => {
        /// What happened, as one word that programs may test for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($variant),* }

        impl Code {
            pub const ALL: &'static [Code] = &[$(Code::$variant),*];

            pub fn word(self) -> &'static str {
                match self { $(Code::$variant => $word),* }
            }
            pub fn status(self) -> u16 {
                match self { $(Code::$variant => $status),* }
            }
            pub fn title(self) -> &'static str {
                match self { $(Code::$variant => $title),* }
            }
            /// What a person can do about it.
            pub fn help(self) -> &'static str {
                match self { $(Code::$variant => $help),* }
            }
        }
    };
}

codes! {
    Malformed "malformed" 400 "The request could not be read" "Send one JSON document of the shape that the API description gives.";
    IdempotencyKeyRequired "idempotency_key_required" 400 "An Idempotency-Key is needed" "Send an Idempotency-Key header: a new random value for each new act, the same one when you retry it.";
    IdempotencyKeyInvalid "idempotency_key_invalid" 400 "The Idempotency-Key is not valid" "Send 1 to 255 visible ASCII characters, for example a UUID.";
    CursorInvalid "cursor_invalid" 400 "The cursor is not valid" "Send the cursor exactly as the last page gave it, with the same filters, or start again without one.";
    Unauthenticated "unauthenticated" 401 "Sign in first" "Send `Authorization: Bearer …` with a valid key or token, or sign in.";
    SignInFailed "sign_in_failed" 401 "The sign-in did not succeed" "Check what you typed and try again; after five wrong tries wait a while.";
    SameOriginRequired "same_origin_required" 403 "The request did not come from our own page" "Send it from the page itself, or use a key instead of the cookie.";
    Forbidden "forbidden" 403 "Your role may not do this" "Ask someone of the role that is named.";
    ScopeMissing "scope_missing" 403 "The key lacks the scope" "Use a key that has the scope named here, or make one in the console.";
    NotFound "not_found" 404 "There is no such thing here" "Check the id and the venue.";
    MethodNotAllowed "method_not_allowed" 405 "The path does not take this method" "Look the operation up in /api/openapi.json.";
    TooSlow "request_timeout" 408 "The request did not come in time" "Send the request line and all headers at once.";
    Conflict "conflict" 409 "Something changed meanwhile" "Read it again and decide anew.";
    RequestInProgress "request_in_progress" 409 "The first request with this key is still running" "Wait for Retry-After and send the same request again.";
    CustomerExists "customer_exists" 409 "Another customer has this email or phone" "Use the customer named in `customerId`, or correct the field.";
    NameTaken "name_taken" 409 "The name is already in use" "Choose another name.";
    RefTaken "ref_taken" 409 "The external reference belongs to another row" "Use the row named in `id`, or correct the reference.";
    EmailTaken "email_taken" 409 "Another person signs in with this email" "Use another email address.";
    OrderNotOpen "order_not_open" 409 "The order is no longer open" "Read the order again; open a new one for further items.";
    OrderNotPaid "order_not_paid" 409 "The order is not paid" "Only what was paid and has not gone back can go back; read the order again.";
    GroupInUse "group_in_use" 409 "The group is a target of live discounts" "Archive or change the discounts named in `discounts` first.";
    StillUsed "still_used" 409 "Something still uses it" "Archive what uses it first.";
    VenueArchived "venue_archived" 409 "The venue is archived" "Restore the venue first; what happened there can still be read.";
    CurrencyFixed "currency_fixed" 409 "The reporting currency can no longer change" "Keep it: amounts were paid and reported in it.";
    AlreadyDone "already_done" 409 "That has been done already" "Read it again; there is nothing left to do.";
    CouponGone "coupon_gone" 409 "What the order held is gone" "Take it off the order and pay what is then due; the figures are in the answer.";
    VoucherUsed "voucher_used" 409 "The voucher is on an order, or used" "Take it off the open order first; one that is used stays used.";
    EventGone "event_gone" 410 "The event is no longer kept" "Read from the beginning of what is kept, without `after`, and load what was missed from the lists.";
    CodeExpired "code_expired" 410 "The code is over" "Ask for a new one.";
    Stale "stale" 412 "Somebody changed it since you read it" "Read it again, merge your change, and send the new ETag in If-Match.";
    TooLarge "too_large" 413 "The body is too large" "Send less at once.";
    WrongType "wrong_type" 415 "The content type is not taken here" "Send `Content-Type: application/json`.";
    Invalid "invalid" 422 "Some fields are not right" "Correct the fields that `errors` names.";
    IdempotencyKeyReused "idempotency_key_reused" 422 "This Idempotency-Key was used for another request" "Use a new key for a new act; send the first body again to get its answer.";
    MethodUnavailable "method_unavailable" 422 "This is not available here" "Choose another way; `detail` says why.";
    CurrencyMismatch "currency_mismatch" 422 "The currency is not the venue's" "Send amounts in the venue's currency.";
    AmountTooHigh "amount_too_high" 422 "The amount is more than what is due" "Pay at most what is due; the figures are in the answer.";
    NothingDue "nothing_due" 422 "There is nothing left to pay" "Read the order again.";
    RefundTooHigh "refund_too_high" 422 "That is more than can still go back" "Refund at most what remains; the figures are in the answer.";
    NothingToRefund "nothing_to_refund" 422 "There is nothing to give back" "Name items or an amount that remain; read the order again.";
    EmptyOrder "empty_order" 422 "The order has no items" "Add an item first, or void the order.";
    OrderHasPayments "order_has_payments" 422 "There is money on the order" "Refund it first (POST …/orders/{orderId}/refunds gives money of an open order back), then do this again.";
    ItemOrderedEarlier "item_ordered_earlier" 422 "What is added now is ordered now" "Add the further ones as an item of their own.";
    DiscountRefused "discount_refused" 422 "The discount does not apply" "Look at `detail` and `reason`: they say what is missing.";
    ApprovalRequired "approval_required" 422 "Somebody of rank has to stand by" "Choose one of GET …/approvers and send authorizedById with their PIN.";
    ProductUnavailable "product_unavailable" 422 "The product is not sold here" "Choose a product that is active and has a price at this venue.";
    MinimumPoints "minimum_points" 422 "Too few points to redeem" "Redeem at least the minimum.";
    PointsShort "points_short" 422 "There are not enough points" "Take at most what `available` says: open orders may hold the others.";
    RewardUnavailable "reward_unavailable" 422 "The reward cannot be had now" "Choose another reward; `reason` and `detail` say why.";
    PointsOwed "points_owed" 422 "The customer owes points" "What they earn next settles it; `debt` says how many they owe.";
    CouponInvalid "coupon_invalid" 422 "The code does not apply" "Check how it is spelt, until when it holds, and what it asks for; `reason` says why where you may know.";
    CustomerRequired "customer_required" 422 "The guest has to be on the order" "Attach the customer first.";
    IdentityMissing "identity_missing" 422 "The customer cannot be told apart" "Give at least one of email, phone, a name or an external reference.";
    PinWrong "pin_wrong" 422 "The PIN is not right" "Try again; after five tries the PIN is locked for a while.";
    PinLocked "pin_locked" 422 "The PIN is locked" "Wait until the time in `until`, or ask a manager.";
    ClockBackwards "clock_backwards" 422 "The clock only moves forward" "Choose a later time.";
    LastOwner "last_owner" 422 "The chain needs an owner" "Make somebody else owner first.";
    ReportingRateMissing "reporting_rate_missing" 422 "There is no rate into the reporting currency" "Set a rate for the currency that `currency` names under PUT /api/v1/chain/reporting-rates, valid from the day in `on` or earlier.";
    TaxRateMissing "tax_rate_missing" 422 "There is no tax rate for the class at this venue" "Set a rate for the class that `taxClassId` names under PUT /api/v1/dashboard/venues/{venueId}/tax-rates, valid from the day in `on` or earlier.";
    NeedsMatch "needs_match" 428 "If-Match is needed" "Send the ETag of the version that you read in If-Match.";
    TooMany "too_many" 429 "Too many requests" "Wait for Retry-After.";
    HeadersTooLarge "headers_too_large" 431 "The headers are too large" "Send fewer and shorter headers, for example fewer cookies.";
    Bug "internal" 500 "Something is wrong on our side" "Try again with the same Idempotency-Key; if it stays, give us the requestId.";
    Provider "provider_unavailable" 502 "A provider did not answer as expected" "Try again later with the same Idempotency-Key; what was recorded is kept.";
    Busy "busy" 503 "The server is busy" "Wait for Retry-After and send the same request again.";
    Full "storage_full" 507 "The disk is full" "Free space on the server; reading still works.";
}

impl Code {
    /// Whether the very same request may succeed later without a change.
    pub fn retryable(self) -> bool {
        matches!(self.status(), 408 | 429 | 500 | 502 | 503 | 507)
            || self == Code::RequestInProgress
    }
}

/// The body of every refusal.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    #[serde(rename = "type")]
    #[schema(example = "/problems/order_not_open")]
    pub kind: String,
    #[schema(example = "order_not_open")]
    pub code: &'static str,
    #[schema(example = "The order is no longer open")]
    pub title: &'static str,
    #[schema(example = 409)]
    pub status: u16,
    /// A sentence that a person can act on.
    pub detail: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Field>,
    /// Whether the same request may succeed later without a change.
    pub retryable: bool,
    #[schema(example = "req_01kab4bqf8e1ftz0c6hqp2v9xw")]
    pub request_id: String,
    /// The figures of the refusal, by name.
    #[serde(flatten)]
    #[schema(ignore)]
    pub figures: Map<String, Json>,
}

impl Error {
    #[track_caller]
    pub fn bug(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::Bug(source.into(), Location::caller())
    }

    pub fn field(pointer: impl Into<String>, code: &str, message: impl Into<String>) -> Error {
        Error::Invalid(vec![Field::new(pointer, code, message)])
    }

    pub fn code(&self) -> Code {
        match self {
            Error::Malformed(_) => Code::Malformed,
            Error::TooLarge(_) => Code::TooLarge,
            Error::WrongType => Code::WrongType,
            Error::Invalid(_) => Code::Invalid,
            Error::Forbidden(_) => Code::Forbidden,
            Error::NotFound(_) => Code::NotFound,
            Error::Unauthenticated(code)
            | Error::Header(code)
            | Error::Conflict(code, _)
            | Error::Gone(code)
            | Error::Refused(code, _) => *code,
            Error::Stale => Code::Stale,
            Error::NeedsMatch => Code::NeedsMatch,
            Error::TooMany(_) => Code::TooMany,
            Error::Busy(_) | Error::Again(_) => Code::Busy,
            Error::Full => Code::Full,
            Error::Provider(..) => Code::Provider,
            Error::Violation(..) | Error::Bug(..) => Code::Bug,
        }
    }

    /// A refusal by a rule or by the state: final for its idempotency key, so it is stored.
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Error::Conflict(..) | Error::Refused(..) | Error::Gone(_)
        )
    }

    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Error::TooMany(after) | Error::Busy(after) => Some(*after),
            Error::Again(_) => Some(Duration::from_secs(1)),
            Error::Full => Some(Duration::from_secs(30)),
            Error::Conflict(Code::RequestInProgress, _) => Some(Duration::from_secs(1)),
            _ => None,
        }
    }

    pub fn problem(&self, request_id: &str) -> Problem {
        let code = self.code();
        let (detail, errors, figures) = self.said();
        Problem {
            kind: format!("/problems/{}", code.word()),
            code: code.word(),
            title: code.title(),
            status: code.status(),
            detail: detail.unwrap_or_else(|| code.help().into()),
            errors,
            retryable: code.retryable(),
            request_id: request_id.into(),
            figures,
        }
    }

    /// What this very error says beyond its code: a sentence, fields, figures.
    fn said(&self) -> (Option<String>, Vec<Field>, Map<String, Json>) {
        let mut figures = Map::new();
        let detail = match self {
            Error::Malformed(why) => Some(why.clone()),
            Error::TooLarge(limit) => {
                figures.insert("limitBytes".into(), (*limit).into());
                Some(format!(
                    "The body may have at most {limit} bytes; send less at once."
                ))
            }
            Error::Invalid(fields) => return (None, fields.clone(), figures),
            Error::Forbidden(role) => {
                figures.insert("role".into(), role.word().into());
                Some(format!(
                    "This needs the role {}; ask someone who has it.",
                    role.word()
                ))
            }
            Error::NotFound(what) => Some(format!(
                "There is no such {what} here; check the id and the venue."
            )),
            Error::Conflict(_, extra) | Error::Refused(_, extra) => {
                return (extra.detail.clone(), Vec::new(), extra.figures.clone());
            }
            Error::Provider(name, _) => {
                figures.insert("provider".into(), (*name).into());
                None
            }
            _ => None,
        };
        (detail, Vec::new(), figures)
    }

    /// Written once, where the answer is made; a client is never told more than the request id.
    fn log(&self) {
        match self {
            Error::Bug(source, at) => {
                tracing::error!(error = %source, at = %at, "a bug was answered with 500");
            }
            Error::Violation(kind, what) => {
                tracing::error!(
                    ?kind,
                    what,
                    "a broken constraint was not mapped to an answer"
                );
            }
            Error::Provider(name, why) => tracing::warn!(provider = name, why, "provider failed"),
            _ => {}
        }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Bug(source, at) => write!(f, "{source} (at {at})"),
            Error::Violation(kind, what) => write!(f, "{kind:?} violation: {what}"),
            Error::Again(why) => write!(f, "the store asks to run it again: {why}"),
            Error::Provider(name, why) => write!(f, "{name}: {why}"),
            other => {
                let problem = other.problem("");
                write!(f, "{} ({})", problem.detail, problem.code)?;
                for field in &problem.errors {
                    write!(f, "; {}: {}", field.pointer, field.message)?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for Error {}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        self.log();
        let problem = self.problem(&request_id());
        let status =
            StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(after) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, after.as_secs().max(1).into());
        }
        response
    }
}

/// Turns a broken constraint into an answer, at the statement that may break it.
pub trait OnViolation<T> {
    fn on_unique(self, answer: impl FnOnce() -> Error) -> Result<T>;
    fn on_missing_parent(self, answer: impl FnOnce() -> Error) -> Result<T>;
    fn on_check(self, answer: impl FnOnce() -> Error) -> Result<T>;
}

impl<T> OnViolation<T> for Result<T> {
    fn on_unique(self, answer: impl FnOnce() -> Error) -> Result<T> {
        on(self, Violation::Unique, answer)
    }

    fn on_missing_parent(self, answer: impl FnOnce() -> Error) -> Result<T> {
        on(self, Violation::ForeignKey, answer)
    }

    fn on_check(self, answer: impl FnOnce() -> Error) -> Result<T> {
        on(self, Violation::Check, answer)
    }
}

fn on<T>(result: Result<T>, kind: Violation, answer: impl FnOnce() -> Error) -> Result<T> {
    match result {
        Err(Error::Violation(broken, _)) if broken == kind => Err(answer()),
        other => other,
    }
}
