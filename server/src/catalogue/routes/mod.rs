//! Each resource under a venue's dashboard and, in the same shape, under the chain.

mod categories;
mod modifier_groups;
mod products;
mod till;

use utoipa_axum::router::OpenApiRouter;

use crate::hall::call::Hall;

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new()
        .merge(categories::routes())
        .merge(modifier_groups::routes())
        .merge(products::routes())
        .merge(till::routes())
}
