mod chain;
mod people;
mod sign_in;

use utoipa_axum::router::OpenApiRouter;

use crate::hall::call::Hall;

pub fn routes() -> OpenApiRouter<Hall> {
    chain::routes()
        .merge(people::routes())
        .merge(sign_in::routes())
}
