use axum::http::HeaderValue;
use serde_json::Value as Json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::group_routes;
use super::import;
use super::list::{self, CustomerStats, Filter};
use super::profile::{self, CreateAtTill, Customer, EditCustomer};
use super::search::{self, Find, FoundCustomer};
use crate::app::PROGRESS_OF_CUSTOMER;
use crate::app::RECENT_OF_CUSTOMER;
use crate::hall::call::{Answer, Hall, StaffCall};
use crate::hall::error::Result;
use crate::hall::http::{Body, Path, Query};
use crate::hall::id::{CustomerId, VenueId};
use crate::hall::page::{Listing, Page, Paging};
use crate::platform::refs::ExternalRef;

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new()
        .routes(routes!(list_customers, create_customer))
        .routes(routes!(show_stats))
        .routes(routes!(upsert_customer))
        .routes(routes!(
            show_customer,
            edit_customer,
            change_customer,
            archive_customer
        ))
        .routes(routes!(search_customers))
        .routes(routes!(recent_customers))
        .routes(routes!(create_at_till))
        .merge(import::routes::routes())
        .merge(group_routes::routes())
}

/// List customers
///
/// Those seen at the venue; all of the chain with `scope=chain` or under `venues/all`, for those who may.
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/customers", tag = "customers",
    params(("venueId" = VenueId, Path), Filter, Paging), responses((status = 200, body = Page<Customer>)))]
async fn list_customers(call: StaffCall, ask: Listing<Filter>) -> Result<Answer> {
    list::may_reach(&ask.filter, call.role_in_chain().is_some())?;
    let venue = call.venue_or_chain();
    call.survey(move |read| list::list(read, venue.as_ref(), &ask.filter, &ask.paging))
        .await
}

/// Show the figures of a venue's customers
///
/// Of all the chain's under `venues/all`.
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/customers/stats", tag = "customers",
    params(("venueId" = VenueId, Path)), responses((status = 200, body = CustomerStats)))]
async fn show_stats(call: StaffCall) -> Result<Answer> {
    let (venue, currency) = (call.venue_or_chain(), call.tenant().currency.clone());
    call.survey(move |read| list::stats(read, venue.as_ref(), &currency))
        .await
}

/// Create a customer
///
/// An email or phone that another active customer has is refused with that customer's id.
#[utoipa::path(post, path = "/api/v1/dashboard/venues/{venueId}/customers", tag = "customers",
    params(("venueId" = VenueId, Path)), request_body = EditCustomer,
    responses((status = 201, body = Customer)))]
async fn create_customer(call: StaffCall, Body(ask): Body<EditCustomer>) -> Result<Answer> {
    let venue = call.venue()?;
    let hot = call.hot("customer email", ask.email.as_deref().unwrap_or_default());
    call.create([hot], move |tx| profile::create(tx, &venue, &ask))
        .await
}

/// Create or replace the customer whom another system knows
///
/// With `If-Match` they must be known already.
#[utoipa::path(put, path = "/api/v1/dashboard/venues/{venueId}/customers/by-ref/{system}/{id}",
    tag = "customers",
    params(("venueId" = VenueId, Path), ("system" = String, Path), ("id" = String, Path)),
    request_body = EditCustomer, responses((status = 200, body = Customer)))]
async fn upsert_customer(
    call: StaffCall,
    Path((_, system, id)): Path<(VenueId, String, String)>,
    Body(ask): Body<EditCustomer>,
) -> Result<Answer> {
    let (venue, if_match, rank) = (call.venue()?, call.if_match(), call.role());
    let hot = call.hot("customer ref", &format!("{system} {id}"));
    let named = ExternalRef { system, id };
    call.write([hot], move |tx| {
        profile::upsert(tx, &venue, &named, if_match.as_ref(), rank, &ask)
    })
    .await
}

/// Show a customer with the figures of each venue
///
/// And with the newest of what else there is of them: orders of the venue, of all venues under `venues/all`; and with
/// how far the next tier is.
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/customers/{customerId}",
    tag = "customers", params(("venueId" = VenueId, Path), ("customerId" = CustomerId, Path)),
    responses((status = 200, body = Customer)))]
async fn show_customer(
    call: StaffCall,
    Path((_, id)): Path<(String, CustomerId)>,
) -> Result<Answer> {
    let venue = call.venue_or_chain().map(|venue| venue.id);
    let recent = RECENT_OF_CUSTOMER.iter();
    let recent: Vec<_> = recent.filter(|one| call.reaches(one.scope)).collect();
    let progress = PROGRESS_OF_CUSTOMER.iter();
    let progress: Vec<_> = progress.filter(|one| call.reaches(one.scope)).collect();
    call.read(move |read| {
        let customer = profile::show(read, id)?;
        let customer = profile::with_recent(read, customer, venue, &recent)?;
        profile::with_progress(read, customer, &progress)
    })
    .await
}

/// Replace a customer's profile
///
/// `active: false` puts them away, as `DELETE` does, and takes the role that it takes.
#[utoipa::path(put, path = "/api/v1/dashboard/venues/{venueId}/customers/{customerId}",
    tag = "customers", params(("venueId" = VenueId, Path), ("customerId" = CustomerId, Path)),
    request_body = EditCustomer, responses((status = 200, body = Customer)))]
async fn edit_customer(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, CustomerId)>,
    Body(ask): Body<EditCustomer>,
) -> Result<Answer> {
    let (venue, if_match, rank) = (call.venue()?, call.if_match(), call.role());
    let hot = call.hot("customer", id);
    call.write([hot], move |tx| {
        profile::edit(tx, &venue, id, if_match.as_ref(), rank, &ask)
    })
    .await
}

/// Change parts of a customer's profile
///
/// `active: false` puts them away, as `DELETE` does, and takes the role that it takes.
#[utoipa::path(patch, path = "/api/v1/dashboard/venues/{venueId}/customers/{customerId}",
    tag = "customers", params(("venueId" = VenueId, Path), ("customerId" = CustomerId, Path)),
    request_body(content = EditCustomer, content_type = "application/merge-patch+json"),
    responses((status = 200, body = Customer)))]
async fn change_customer(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, CustomerId)>,
    Body(changes): Body<Json>,
) -> Result<Answer> {
    let (venue, if_match, rank) = (call.venue()?, call.if_match(), call.role());
    let hot = call.hot("customer", id);
    call.write([hot], move |tx| {
        profile::change(tx, &venue, id, if_match.as_ref(), rank, &changes)
    })
    .await
}

/// Put a customer away
///
/// What they did stays; their email and phone are free for another. `PUT` or `PATCH` with `active: true`
/// brings them back.
#[utoipa::path(delete, path = "/api/v1/dashboard/venues/{venueId}/customers/{customerId}",
    tag = "customers", params(("venueId" = VenueId, Path), ("customerId" = CustomerId, Path)),
    responses((status = 204)))]
async fn archive_customer(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, CustomerId)>,
) -> Result<Answer> {
    let if_match: Option<HeaderValue> = call.if_match();
    let hot = call.hot("customer", id);
    call.remove([hot], move |tx| profile::archive(tx, id, if_match.as_ref()))
        .await
}

/// Find customers of the whole chain at the till
///
/// At most 20: exact matches, then beginnings, then names with one letter wrong.
#[utoipa::path(get, path = "/api/v1/tpv/venues/{venueId}/customers/search", tag = "customers",
    params(("venueId" = VenueId, Path), Find), responses((status = 200, body = [FoundCustomer])))]
async fn search_customers(call: StaffCall, Query(find): Query<Find>) -> Result<Answer> {
    let venue = call.venue()?;
    call.read(move |read| search::search(read, &venue, &find))
        .await
}

/// List the customers who were seen at the venue last
#[utoipa::path(get, path = "/api/v1/tpv/venues/{venueId}/customers/recent", tag = "customers",
    params(("venueId" = VenueId, Path)), responses((status = 200, body = [FoundCustomer])))]
async fn recent_customers(call: StaffCall) -> Result<Answer> {
    let venue = call.venue()?.id;
    call.read(move |read| search::recent(read, venue)).await
}

/// Create a customer at the till
#[utoipa::path(post, path = "/api/v1/tpv/venues/{venueId}/customers", tag = "customers",
    params(("venueId" = VenueId, Path)), request_body = CreateAtTill,
    responses((status = 201, body = FoundCustomer)))]
async fn create_at_till(call: StaffCall, Body(ask): Body<CreateAtTill>) -> Result<Answer> {
    let venue = call.venue()?;
    let ask = EditCustomer::from(ask);
    let hot = call.hot("customer email", ask.email.as_deref().unwrap_or_default());
    call.create([hot], move |tx| {
        profile::create(tx, &venue, &ask).map(FoundCustomer::from)
    })
    .await
}
