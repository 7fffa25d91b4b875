use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::catalogue::till::{self, Button, ButtonFilter};
use crate::hall::call::{Answer, Hall, StaffCall};
use crate::hall::error::Result;
use crate::hall::id::VenueId;
use crate::hall::page::{Listing, Page, Paging};

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new().routes(routes!(list_buttons))
}

/// List what the till sells
///
/// Only what has a price here, with that price, its category and all that may be added to it.
#[utoipa::path(get, path = "/api/v1/tpv/venues/{venueId}/products", tag = "catalogue",
    params(("venueId" = VenueId, Path), Paging, ButtonFilter),
    responses((status = 200, body = Page<Button>)))]
async fn list_buttons(call: StaffCall, list: Listing<ButtonFilter>) -> Result<Answer> {
    let venue = call.venue()?;
    call.read(move |read| till::buttons(read, &venue, &list))
        .await
}
