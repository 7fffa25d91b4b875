use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Order;
use super::asks::Authorized;
use super::available::{self, Available};
use super::comps::{self, CompReport, CompsAsked};
use super::wishes::{
    self, ApplyAutomatic, Automatic, GiveDiscount, PickDiscount, RedeemPoints, TakePoints, TypeCode,
};
use crate::coupons;
use crate::hall::access::Role;
use crate::hall::call::{Answer, Hall, StaffCall};
use crate::hall::error::{Error, Result};
use crate::hall::http::{Body, Path, Query};
use crate::hall::id::{CustomerId, OrderDiscountId, OrderId, StaffId, VenueId};
use crate::hall::secret::Secret;
use crate::platform::tries;

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new()
        .routes(routes!(show_available))
        .routes(routes!(give))
        .routes(routes!(pick))
        .routes(routes!(type_code))
        .routes(routes!(take_points))
        .routes(routes!(redeem_points))
        .routes(routes!(apply_automatic))
        .routes(routes!(take_off))
        .routes(routes!(report_comps))
}

/// Who stands by.
enum Witness {
    By(Option<Authorized>),
    /// The request was answered before: nobody looks at a PIN again.
    Answered(Answer),
}

/// Who stands by with a PIN, checked before anything is written; or the answer that was given before.
async fn standing_by(
    call: &StaffCall,
    staff: Option<StaffId>,
    pin: Option<Secret>,
) -> Result<Witness> {
    let by = match (staff, pin) {
        (None, None) => None,
        (Some(staff), Some(pin)) => {
            if let Some(answer) = call.answered().await? {
                return Ok(Witness::Answered(answer));
            }
            let (staff, rank) = tries::approve(call, staff, pin, Role::Manager).await?;
            Some(Authorized { staff, rank })
        }
        (Some(_), None) => {
            return Err(Error::field("/pin", "missing", "Let them type their PIN."));
        }
        (None, Some(_)) => {
            let said = "Say whose PIN it is.";
            return Err(Error::field("/authorizedById", "missing", said));
        }
    };
    Ok(Witness::By(by))
}

/// Give a discount that no rule knows
///
/// Of type COMP it makes items free that were made already: they stay on the check at nothing. Where the chain's
/// policy says so, somebody of rank stands by with their own PIN.
#[utoipa::path(post, path = "/api/v1/tpv/venues/{venueId}/orders/{orderId}/discounts/manual", tag = "orders",
    params(("venueId" = VenueId, Path), ("orderId" = OrderId, Path)), request_body = GiveDiscount,
    responses((status = 201, body = Order)))]
async fn give(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, OrderId)>,
    Body(ask): Body<GiveDiscount>,
) -> Result<Answer> {
    let venue = call.venue()?;
    let authorized = match standing_by(&call, ask.authorized_by_id, ask.pin.clone()).await? {
        Witness::Answered(answer) => return Ok(answer),
        Witness::By(authorized) => authorized,
    };
    call.create([call.hot("order", id)], move |tx| {
        wishes::give(tx, &venue, id, &ask, authorized)
    })
    .await
}

/// List what staff may pick, each with what it would save now
///
/// What does not fit says why.
#[utoipa::path(get, path = "/api/v1/tpv/venues/{venueId}/orders/{orderId}/discounts/available", tag = "orders",
    params(("venueId" = VenueId, Path), ("orderId" = OrderId, Path)),
    responses((status = 200, body = Vec<Available>)))]
async fn show_available(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, OrderId)>,
) -> Result<Answer> {
    let venue = call.venue()?;
    call.read(move |read| available::available(read, &venue, id))
        .await
}

/// Give a published discount
///
/// An open one gets its value here. Where it needs approval, somebody of rank stands by with their own PIN.
#[utoipa::path(post, path = "/api/v1/tpv/venues/{venueId}/orders/{orderId}/discounts/predefined", tag = "orders",
    params(("venueId" = VenueId, Path), ("orderId" = OrderId, Path)), request_body = PickDiscount,
    responses((status = 201, body = Order)))]
async fn pick(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, OrderId)>,
    Body(ask): Body<PickDiscount>,
) -> Result<Answer> {
    let venue = call.venue()?;
    let authorized = match standing_by(&call, ask.authorized_by_id, ask.pin.clone()).await? {
        Witness::Answered(answer) => return Ok(answer),
        Witness::By(authorized) => authorized,
    };
    call.create([call.hot("order", id)], move |tx| {
        wishes::pick(tx, &venue, id, &ask, authorized)
    })
    .await
}

/// Apply the code that the guest has
///
/// Its use is held until the order is paid. Where something else excludes it, the refusal shows what each saves.
#[utoipa::path(post, path = "/api/v1/tpv/venues/{venueId}/orders/{orderId}/discounts/coupon", tag = "orders",
    params(("venueId" = VenueId, Path), ("orderId" = OrderId, Path)), request_body = TypeCode,
    responses((status = 201, body = Order)))]
async fn type_code(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, OrderId)>,
    Body(ask): Body<TypeCode>,
) -> Result<Answer> {
    let venue = call.venue()?;
    let authorized = match standing_by(&call, ask.authorized_by_id, ask.pin.clone()).await? {
        Witness::Answered(answer) => return Ok(answer),
        Witness::By(authorized) => authorized,
    };
    let hot = [
        call.hot("order", id),
        call.hot("coupon", &coupons::compared(&ask.code)),
    ];
    call.create(hot, move |tx| {
        wishes::type_code(tx, &venue, id, &ask.code, authorized)
    })
    .await
}

/// Take the guest's points off
///
/// The last discount of the order. Only the fewest points that cover what is left are taken; they are held until the
/// order is paid.
#[utoipa::path(post, path = "/api/v1/tpv/venues/{venueId}/orders/{orderId}/discounts/points", tag = "orders",
    params(("venueId" = VenueId, Path), ("orderId" = OrderId, Path)), request_body = TakePoints,
    responses((status = 201, body = Order)))]
async fn take_points(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, OrderId)>,
    Body(ask): Body<TakePoints>,
) -> Result<Answer> {
    let venue = call.venue()?;
    call.create([call.hot("order", id)], move |tx| {
        wishes::take_points(tx, &venue, id, ask.points, None)
    })
    .await
}

/// Redeem a customer's points on an order
///
/// The same act as the order's own discount by points.
#[utoipa::path(post, path = "/api/v1/dashboard/venues/{venueId}/customers/{customerId}/loyalty/redeem",
    tag = "orders", params(("venueId" = VenueId, Path), ("customerId" = CustomerId, Path)),
    request_body = RedeemPoints, responses((status = 201, body = Order)))]
async fn redeem_points(
    call: StaffCall,
    Path((_, customer)): Path<(VenueId, CustomerId)>,
    Body(ask): Body<RedeemPoints>,
) -> Result<Answer> {
    let venue = call.venue()?;
    let hot = [
        call.hot("order", ask.order_id),
        call.hot("customer", customer),
    ];
    call.create(hot, move |tx| {
        wishes::take_points(tx, &venue, ask.order_id, ask.points, Some(customer))
    })
    .await
}

/// Weigh the automatic discounts again
///
/// Safe to call again. One that was taken off comes back where it is named.
#[utoipa::path(post, path = "/api/v1/tpv/venues/{venueId}/orders/{orderId}/discounts/automatic", tag = "orders",
    params(("venueId" = VenueId, Path), ("orderId" = OrderId, Path)), request_body = ApplyAutomatic,
    responses((status = 200, body = Automatic)))]
async fn apply_automatic(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, OrderId)>,
    Body(ask): Body<ApplyAutomatic>,
) -> Result<Answer> {
    let venue = call.venue()?;
    call.write([call.hot("order", id)], move |tx| {
        wishes::apply_automatic(tx, &venue, id, &ask)
    })
    .await
}

/// Take a discount off an open order
///
/// One that nobody asked for (an automatic one, what the guest's status gives, a code that goes on) stays off this
/// order until it is asked for by name.
#[utoipa::path(delete, path = "/api/v1/tpv/venues/{venueId}/orders/{orderId}/discounts/{orderDiscountId}",
    tag = "orders",
    params(("venueId" = VenueId, Path), ("orderId" = OrderId, Path), ("orderDiscountId" = OrderDiscountId, Path)),
    responses((status = 200, body = Order)))]
async fn take_off(
    call: StaffCall,
    Path((_, id, discount)): Path<(VenueId, OrderId, OrderDiscountId)>,
) -> Result<Answer> {
    let (venue, if_match) = (call.venue()?, call.if_match());
    call.write([call.hot("order", id)], move |tx| {
        wishes::take_off(tx, &venue, id, if_match.as_ref(), discount)
    })
    .await
}

/// Report comps by person, reason and day
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/comps", tag = "orders",
    params(("venueId" = VenueId, Path), CompsAsked), responses((status = 200, body = CompReport)))]
async fn report_comps(call: StaffCall, Query(ask): Query<CompsAsked>) -> Result<Answer> {
    let venue = call.venue()?;
    call.survey(move |read| comps::report(read, &venue, &ask))
        .await
}
