//! What those who run the server look at: whether it lives, whether it is ready, its figures, and the
//! API's own description. It belongs to no room, because it asks them all.

use std::fmt::Write as _;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::Context as _;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use jiff::{SignedDuration, Timestamp, Unit};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::hall::call::Hall;
use crate::hall::error::{Code, Error, Result};
use crate::hall::http::{Path, facts};
use crate::hall::store::{Dialect, applied_migrations, known_migrations};
use crate::{jobs, openapi};

/// Whoever asks for readiness is told before their own patience ends.
const PROBE: Duration = Duration::from_secs(2);
/// Raw samples are folded into buckets this often, also when nobody reads them.
const UPKEEP: Duration = Duration::from_secs(5);
/// Seconds: from a read that was cached to a call at its deadline.
const SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
/// Transactions that shared one commit.
const GROUPS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];

struct Meters {
    handle: PrometheusHandle,
    /// Shown to anybody who reaches the server, not only to this machine.
    open: bool,
}

static METERS: OnceLock<Meters> = OnceLock::new();

/// Begins to measure; before the first request, and once in a process.
///
/// # Errors
/// Somebody else measures already.
pub fn install(open: bool) -> anyhow::Result<()> {
    let buckets = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_size".into()), GROUPS)?;
    let handle = buckets
        .install_recorder()
        .context("the figures cannot be collected")?;
    let meters = METERS.get_or_init(|| Meters { handle, open });
    tokio::spawn(async {
        loop {
            tokio::time::sleep(UPKEEP).await;
            meters.handle.run_upkeep();
        }
    });
    Ok(())
}

pub fn routes() -> OpenApiRouter<Hall> {
    OpenApiRouter::new()
        .routes(routes!(healthz))
        .routes(routes!(readyz))
        .routes(routes!(show_metrics))
        .routes(routes!(show_openapi))
        .routes(routes!(list_problems))
        .routes(routes!(show_problem))
}

/// Where somebody lands who opens the server's address.
const HOME: &str = include_str!("pages/home.html");
/// Where the link leads that the server prints when it first starts; the token stays behind the `#`.
const SET_UP: &str = include_str!("pages/set_up.html");

/// The pages: what this is, the first chain, and the API, to be read and tried.
pub fn docs() -> Router<Hall> {
    let pages = Router::new()
        .route("/", get(|| async { Html(HOME) }))
        .route("/set-up", get(|| async { Html(SET_UP) }));
    let config = Config::from("/api/openapi.json".to_owned())
        .display_operation_id(true)
        .default_models_expand_depth(0)
        .filter(true);
    pages.merge(SwaggerUi::new("/api/docs").config(config))
}

/// Say that the process lives
#[utoipa::path(get, path = "/healthz", tag = "operations",
    responses((status = 200, body = String, content_type = "text/plain", example = json!("alive"))))]
async fn healthz() -> &'static str {
    "alive"
}

#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Readiness {
    Ready,
    /// The disk is full: reads are answered, writes get 507.
    ReadOnly,
    /// What `part` names does not do what it is for.
    Failed,
}

#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Part {
    /// It cannot be reached, takes no writes, or failed while writing and waits for a restart.
    Store,
    /// Another program has made its tables older or newer than this one needs.
    Migrations,
    /// They stand still.
    Jobs,
}

/// So late no job is that somebody runs; what a server finds undone when it starts has as long from then on.
const LAG_MAX: SignedDuration = SignedDuration::from_hours(1);

/// Since when this server runs.
#[derive(Debug, Clone, Copy)]
pub struct Since(pub Timestamp);

/// Whether the server should be sent requests.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Ready {
    status: Readiness,
    #[schema(example = "SQLITE")]
    store: &'static str,
    /// Migrations that are applied to the store.
    #[schema(example = 25)]
    migrations: Option<usize>,
    /// By how much the latest job is late.
    #[schema(example = 0)]
    job_lag_seconds: Option<i64>,
    /// What is not ready.
    #[schema(example = "STORE")]
    part: Option<Part>,
    /// Why it is not ready.
    #[schema(example = "the disk is full")]
    reason: Option<String>,
}

/// What was found out about the store in time.
struct Probed {
    migrations: usize,
    lag: SignedDuration,
}

async fn probe(hall: &Hall) -> Result<Probed> {
    let now = hall.clock.now();
    Ok(Probed {
        migrations: hall.db.across_tenants(now, applied_migrations).await?,
        lag: jobs::lag(hall).await?,
    })
}

/// What is not ready, and why.
fn not_ready(hall: &Hall, probed: &Probed, since: Since) -> Option<(Readiness, Part, String)> {
    let known = known_migrations();
    let late = probed.lag.min(hall.clock.now().duration_since(since.0));
    if probed.migrations != known {
        let why = format!(
            "{} migrations are applied, this program has {known}",
            probed.migrations
        );
        return Some((Readiness::Failed, Part::Migrations, why));
    }
    if hall.db.health().is_full() {
        return Some((Readiness::ReadOnly, Part::Store, "the disk is full".into()));
    }
    let why = || {
        format!(
            "a job is due for {:#}",
            probed.lag.round(Unit::Second).unwrap_or(LAG_MAX)
        )
    };
    (late > LAG_MAX).then(|| (Readiness::Failed, Part::Jobs, why()))
}

/// Say whether the server should be sent requests
///
/// 503 with the part and a reason while the store cannot be reached or takes no writes, its tables are not those of
/// this program, or jobs stand still.
#[utoipa::path(get, path = "/readyz", tag = "operations",
    responses((status = 200, body = Ready), (status = 503, body = Ready)))]
async fn readyz(State(hall): State<Hall>, Extension(since): Extension<Since>) -> Response {
    let failed = |why: String| Some((Readiness::Failed, Part::Store, why));
    let probed = tokio::time::timeout(PROBE, probe(&hall)).await;
    let wrong = match (hall.db.health().failure(), &probed) {
        (Some(why), _) => failed(why),
        (None, Err(_)) => failed("the store does not answer".into()),
        (None, Ok(Err(error))) => failed(format!(
            "the store does not answer: {}",
            error.code().word()
        )),
        (None, Ok(Ok(probed))) => not_ready(&hall, probed, since),
    };
    let probed = probed.ok().and_then(std::result::Result::ok);
    let status = wrong.as_ref().map_or(Readiness::Ready, |wrong| wrong.0);
    let ready = Ready {
        status,
        part: wrong.as_ref().map(|wrong| wrong.1),
        store: match hall.db.dialect() {
            Dialect::Sqlite => "SQLITE",
            Dialect::Postgres => "POSTGRES",
        },
        migrations: probed.as_ref().map(|probed| probed.migrations),
        job_lag_seconds: probed.map(|probed| probed.lag.as_secs()),
        reason: wrong.map(|wrong| wrong.2),
    };
    let code = if matches!(status, Readiness::Ready) {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (code, axum::Json(ready)).into_response()
}

/// Show the server's figures, for Prometheus
///
/// Only to this machine, unless it is configured to be open.
#[utoipa::path(get, path = "/metrics", tag = "operations",
    responses((status = 200, body = String, content_type = "text/plain",
        example = json!("regulars_job_lag_seconds 0"))))]
async fn show_metrics(State(hall): State<Hall>) -> Result<Response> {
    let meters = METERS.get().ok_or(Error::NotFound("page"))?;
    let peer = facts().and_then(|facts| facts.peer);
    if !meters.open && peer.is_some_and(|peer| !peer.is_loopback()) {
        return Err(Error::NotFound("page"));
    }
    let (writes, reads) = hall.db.queued();
    metrics::gauge!("regulars_store_queue_depth", "queue" => "writes").set(writes as f64);
    metrics::gauge!("regulars_store_queue_depth", "queue" => "reads").set(reads as f64);
    if let Ok(Ok(lag)) = tokio::time::timeout(PROBE, jobs::lag(&hall)).await {
        metrics::gauge!("regulars_job_lag_seconds").set(lag.as_secs_f64());
    }
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    Ok((kind, meters.handle.render()).into_response())
}

/// Describe the API, in OpenAPI 3.1
#[utoipa::path(get, path = "/api/openapi.json", tag = "operations", responses((status = 200, body = Object)))]
async fn show_openapi() -> Response {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = TEXT.get_or_init(|| openapi::document().to_string());
    ([(header::CONTENT_TYPE, "application/json")], text.as_str()).into_response()
}

/// What a refusal means and what can be done about it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Meaning {
    #[serde(rename = "type")]
    #[schema(example = "/problems/order_not_open")]
    kind: String,
    #[schema(example = "order_not_open")]
    code: &'static str,
    #[schema(example = 409)]
    status: u16,
    #[schema(example = "The order is no longer open")]
    title: &'static str,
    #[schema(example = "Read the order again; open a new one for further items.")]
    help: &'static str,
    retryable: bool,
}

fn meaning(code: Code) -> Meaning {
    Meaning {
        kind: format!("/problems/{}", code.word()),
        code: code.word(),
        status: code.status(),
        title: code.title(),
        help: code.help(),
        retryable: code.retryable(),
    }
}

/// List every refusal that the API can give
#[utoipa::path(get, path = "/problems", tag = "operations", responses((status = 200, body = Vec<Meaning>)))]
async fn list_problems(headers: HeaderMap) -> Response {
    if !wants_page(&headers) {
        return axum::Json(
            Code::ALL
                .iter()
                .map(|code| meaning(*code))
                .collect::<Vec<_>>(),
        )
        .into_response();
    }
    let mut rows = String::from("<h1>Problems</h1><ul>");
    for code in Code::ALL {
        // Writing to a text cannot fail.
        let _ = write!(
            rows,
            "<li><a href=\"/problems/{0}\"><code>{0}</code></a> {1}: {2}",
            code.word(),
            code.status(),
            escaped(code.title())
        );
    }
    page("Problems", &(rows + "</ul>")).into_response()
}

/// Say what a refusal means and what can be done about it
#[utoipa::path(get, path = "/problems/{code}", tag = "operations",
    params(("code" = String, Path, example = "order_not_open")), responses((status = 200, body = Meaning)))]
async fn show_problem(headers: HeaderMap, Path(word): Path<String>) -> Result<Response> {
    let mut codes = Code::ALL.iter();
    let code = codes
        .find(|code| code.word() == word)
        .ok_or(Error::NotFound("problem"))?;
    if !wants_page(&headers) {
        return Ok(axum::Json(meaning(*code)).into_response());
    }
    let again = if code.retryable() {
        "The same request may succeed later."
    } else {
        "The same request will be refused again."
    };
    let body = format!(
        "<h1>{}</h1><p>{}</p><p>{again}</p><p>Status {}, code <code>{}</code>. \
         <a href=\"/problems\">All problems</a></p>",
        escaped(code.title()),
        escaped(code.help()),
        code.status(),
        code.word()
    );
    Ok(page(code.title(), &body).into_response())
}

fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    accept.is_some_and(|kinds| kinds.contains("text/html"))
}

fn page(title: &str, body: &str) -> Html<String> {
    Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>{}</title>\
         <style>body{{font:1rem/1.5 system-ui;max-width:42rem;margin:2rem auto;padding:0 1rem}}</style>{body}</html>",
        escaped(title)
    ))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::json;

    use super::Dialect;
    use crate::both_stores;
    use crate::hall::testing::TestApp;

    both_stores! {
        async fn whoever_runs_the_server_learns_how_it_is(app: TestApp) {
            app.nobody().get("/healthz").await.is(200);
            let ready = app.nobody().get("/readyz").await;
            ready.is(200);
            assert_eq!((ready.json["status"].clone(), ready.json["jobLagSeconds"].clone()), (json!("READY"), json!(0)));
            app.nobody().get("/api/openapi.json").await.is(200);
            app.nobody().get("/api/docs/").await.is(200);
        }

        async fn a_store_of_another_program_is_not_ready(app: TestApp) {
            let is_sqlite = app.hall.db.dialect() == Dialect::Sqlite;
            let (newer, older) = if is_sqlite {
                ("pragma user_version = 9999", "pragma user_version = 3")
            } else {
                ("insert into migrations (name) values ('9999_newer')", "delete from migrations where place > 3")
            };
            for sql in [newer, older] {
                app.as_owner(&[sql]).await;
                let said = app.nobody().get("/readyz").await;
                assert_eq!((said.is(503).text("/status"), said.text("/part")), ("FAILED".into(), "MIGRATIONS".into()));
                assert!(said.text("/reason").contains("migrations are applied"), "{}", said.json);
            }
        }

        async fn whose_jobs_stand_still_is_not_ready(app: TestApp) {
            crate::jobs::run_due(&app.hall, None).await.unwrap();
            app.advance(jiff::SignedDuration::from_mins(59));
            app.nobody().get("/readyz").await.is(200);
            app.advance(jiff::SignedDuration::from_mins(10));
            let said = app.nobody().get("/readyz").await;
            assert_eq!((said.is(503).text("/status"), said.text("/part")), ("FAILED".into(), "JOBS".into()));
            crate::jobs::run_due(&app.hall, None).await.unwrap();
            assert_eq!(app.nobody().get("/readyz").await.is(200).json["part"], serde_json::Value::Null);
        }

        async fn a_test_chain_whose_clock_jumped_says_nothing_of_the_server(app: TestApp) {
            app.advance(jiff::SignedDuration::from_hours(3));
            crate::jobs::run_due(&app.hall, None).await.unwrap();
            app.write(|tx| tx.exec("update tenants set clock_offset_micros = 864000000000 where tenant_id = $1", &[])).await;
            app.nobody().get("/readyz").await.is(200);
        }

        async fn who_opens_the_address_is_told_where_to_go(app: TestApp) {
            let home = app.nobody().get("/").await;
            home.is(200);
            let text = String::from_utf8_lossy(&home.bytes).into_owned();
            for link in ["/api/docs/", "/api/openapi.json", "/problems", "/readyz"] {
                assert!(text.contains(&format!("href=\"{link}\"")), "{link}");
                app.nobody().get(link).await.is(200);
            }
            app.nobody().get("/set-up").await.is(200);
        }

        async fn each_refusal_has_its_page(app: TestApp) {
            let all = app.nobody().get("/problems").await;
            for problem in all.json.as_array().unwrap() {
                let one = app.nobody().get(problem["type"].as_str().unwrap()).await;
                assert_eq!(&one.json, problem);
            }
            let html = [("accept", "text/html")];
            let page = app.nobody().send(Method::GET, "/problems/busy", None, &html).await;
            page.is(200);
            let text = String::from_utf8_lossy(&page.bytes).into_owned();
            assert!(text.contains("<h1>The server is busy</h1>"), "{text}");
            app.nobody().get("/problems/nothing").await.is_problem(404, "not_found");
        }
    }
}
