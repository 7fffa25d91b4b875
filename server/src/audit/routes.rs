use jiff::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AuditEntry;
use super::store::{self, Filter};
use crate::hall::access::Role;
use crate::hall::call::{Answer, Hall, StaffCall};
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::page::{Listing, Page, Paging};

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new()
        .routes(routes!(list_of_chain))
        .routes(routes!(list_of_venue))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// The id of what was changed.
    #[param(example = "cus_01kab4bqf8e1ftz0c6hqp2v9xw")]
    entity: Option<String>,
    /// Who changed it, with its kind.
    #[param(example = "staff:stf_01kab4bqf8e1ftz0c6hqp2v9xw")]
    actor: Option<String>,
    #[param(example = "customer.edit")]
    action: Option<String>,
    /// From this instant on.
    from: Option<Timestamp>,
    /// Before this instant.
    to: Option<Timestamp>,
}

/// List the audit trail of the chain, the latest first
#[utoipa::path(get, path = "/api/v1/chain/audit", tag = "audit", params(Wanted, Paging),
    responses((status = 200, body = Page<AuditEntry>)))]
async fn list_of_chain(call: StaffCall, ask: Listing<Wanted>) -> Result<Answer> {
    list(&call, ask).await
}

/// List the audit trail from a venue's dashboard, the latest first
///
/// Customers, staff and gift cards belong to the chain, so the trail is the chain's, for its managers: who manages this
/// venue alone is refused.
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/audit", tag = "audit",
    params(("venueId" = String, Path, description = "A venue, or `all`."), Wanted, Paging),
    responses((status = 200, body = Page<AuditEntry>)))]
async fn list_of_venue(call: StaffCall, ask: Listing<Wanted>) -> Result<Answer> {
    if call.role_in_chain() < Some(Role::Manager) {
        let said =
            "The trail is the whole chain's; ask someone who is a manager in all its venues.";
        let extra = Extra::saying(said).with("role", Role::Manager.word());
        return Err(Error::Refused(Code::Forbidden, extra));
    }
    list(&call, ask).await
}

async fn list(call: &StaffCall, ask: Listing<Wanted>) -> Result<Answer> {
    let Listing { paging, filter } = ask;
    let filter = Filter {
        entity: filter.entity,
        actor: filter.actor,
        action: filter.action,
        from: filter.from,
        until: filter.to,
    };
    call.survey(move |read| {
        let entries = store::list(read, &filter, paging.after()?, paging.limit())?;
        Ok(Page::of(&paging, entries, None, |entry| {
            entry.id.to_string()
        }))
    })
    .await
}
