use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{BeginMigration, LotMigration, MigrateLots, MigrationPreview};
use crate::hall::call::{Answer, Hall, StaffCall};
use crate::hall::error::Result;
use crate::hall::http::{Body, Path};
use crate::hall::id::MigrationId;

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new()
        .routes(routes!(preview_migration))
        .routes(routes!(begin_migration))
        .routes(routes!(show_migration))
}

/// Preview what a change of the program would do to open points
///
/// A change touches new points only; this is what bringing it to those that are open already would mean.
#[utoipa::path(post, path = "/api/v1/chain/loyalty/config/migration/preview", tag = "loyalty",
    request_body = MigrateLots, responses((status = 200, body = MigrationPreview)))]
async fn preview_migration(call: StaffCall, Body(ask): Body<MigrateLots>) -> Result<Answer> {
    call.read(move |read| super::preview(read, &ask)).await
}

/// Give open points the end that the program says now
///
/// It has to be previewed first. A job carries it out; ask for the migration to see how far it is.
#[utoipa::path(post, path = "/api/v1/chain/loyalty/config/migration", tag = "loyalty",
    request_body = BeginMigration, responses((status = 201, body = LotMigration)))]
async fn begin_migration(call: StaffCall, Body(ask): Body<BeginMigration>) -> Result<Answer> {
    call.create([], move |tx| super::begin(tx, &ask)).await
}

/// Show a migration and how far it is
#[utoipa::path(get, path = "/api/v1/chain/loyalty/config/migration/{migrationId}", tag = "loyalty",
    params(("migrationId" = MigrationId, Path)), responses((status = 200, body = LotMigration)))]
async fn show_migration(call: StaffCall, Path(id): Path<MigrationId>) -> Result<Answer> {
    call.read(move |read| super::find(read, id)).await
}
