use axum::Extension;
use axum::body::{Body as Bytes, Bytes as Chunk};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{BYTES_MAX, CustomerImport, ImportCustomers, RejectedFile, rejected_part, store};
use crate::hall::call::{Answer, Hall, StaffCall};
use crate::hall::error::{Error, Result};
use crate::hall::http::{BodyLimit, Path, Query, Upload};
use crate::hall::id::{ImportId, VenueId};

pub fn routes() -> OpenApiRouter<Hall> {
    let file = OpenApiRouter::new()
        .routes(routes!(import_customers))
        .layer(Extension(BodyLimit(BYTES_MAX)));
    OpenApiRouter::new()
        .routes(routes!(show_import))
        .routes(routes!(download_rejected))
        .merge(file)
}

/// Import customers from a file
///
/// A CSV with a header, or one customer as JSON per line; at most 100,000 lines and 20 MiB. Answers when the file is
/// here; its lines are taken in the background, and the import says how far they are. Good lines are kept, bad ones
/// can be downloaded with the reason. The same file twice changes nothing. `points` are brought once from each
/// system; consent to marketing is never taken from a file, and a column of gift cards is refused.
#[utoipa::path(post, path = "/api/v1/dashboard/venues/{venueId}/customers/import", tag = "customers",
    params(("venueId" = VenueId, Path), ImportCustomers),
    request_body(content((String = "text/csv"), (String = "application/x-ndjson"))),
    responses((status = 202, body = CustomerImport)))]
async fn import_customers(
    call: StaffCall,
    Query(ask): Query<ImportCustomers>,
    file: Upload,
) -> Result<Answer> {
    super::receive(&call, &ask, file).await
}

/// Show how far an import of customers is
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/customers/import/{importId}", tag = "customers",
    params(("venueId" = VenueId, Path), ("importId" = ImportId, Path)),
    responses((status = 200, body = CustomerImport)))]
async fn show_import(call: StaffCall, Path((_, id)): Path<(VenueId, ImportId)>) -> Result<Answer> {
    let venue = call.venue()?.id;
    call.read(move |read| super::find(read, venue, id)).await
}

/// Download the bad lines of an import as CSV
///
/// As they stood, with the reason behind each: put them right and send the file again. At most the first 10,000, for
/// 30 days.
#[utoipa::path(get, path = "/api/v1/dashboard/venues/{venueId}/customers/import/{importId}/rejected",
    tag = "customers", params(("venueId" = VenueId, Path), ("importId" = ImportId, Path)),
    responses((status = 200, content_type = "text/csv", body = String)))]
async fn download_rejected(
    call: StaffCall,
    Path((_, id)): Path<(VenueId, ImportId)>,
) -> Result<Response> {
    let venue = call.venue()?.id;
    let header = call
        .look(move |read| store::header(read, venue, id))
        .await?;
    let header = header.ok_or(Error::NotFound("list of bad lines"))?;
    let first = RejectedFile::begin(&header)?.end()?;
    // The file is read a part at a time, each when the one before is sent.
    let parts = stream::try_unfold((call, header, 0), move |(call, header, after)| async move {
        let names = header.clone();
        let part = call
            .look(move |read| rejected_part(read, id, &names, after))
            .await?;
        Ok::<_, Error>(part.map(|(text, last)| (Chunk::from(text), (call, header, last))))
    });
    let first = stream::iter([Ok(Chunk::from(first))]);
    let mut response = Bytes::from_stream(stream::StreamExt::chain(first, parts)).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/csv; charset=utf-8"),
    );
    let name = format!("attachment; filename=\"{id}.rejected.csv\"");
    let name = HeaderValue::try_from(name).map_err(Error::bug)?;
    headers.insert(header::CONTENT_DISPOSITION, name);
    Ok(response)
}
