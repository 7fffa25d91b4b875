use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::chain::{self, Chain};
use crate::hall::call::{Answer, Hall, StaffCall};
use crate::hall::error::Result;

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new().routes(routes!(show_chain))
}

/// Show the chain
#[utoipa::path(get, path = "/api/v1/chain", tag = "platform", responses((status = 200, body = Chain)))]
async fn show_chain(call: StaffCall) -> Result<Answer> {
    call.read(chain::chain).await
}
