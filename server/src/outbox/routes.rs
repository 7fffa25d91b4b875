use utoipa_axum::router::OpenApiRouter;

use crate::hall::call::Hall;

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new()
}
