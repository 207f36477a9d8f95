//! `/docs` (Swagger UI, embedded, works offline) and `/api-docs/openapi.json`.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tracing::error;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, serve};

use crate::problem::Problem;
use crate::state::AppState;

const DOCUMENT: &str = "/api-docs/openapi.json";
const INDEX: &str = "index.html";

/// Swagger UI sets styles and loads images from `data:` at run time; scripts come from here alone.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'",
);

pub(super) fn router(document: &OpenApi) -> Router<AppState> {
    let json = document.to_json().expect("a document of strings, maps and numbers is always JSON");
    let json = Bytes::from(json);
    let config = Arc::new(Config::from(DOCUMENT).validator_url("none"));
    Router::new()
        .route(DOCUMENT, get(move || async { ([(header::CONTENT_TYPE, "application/json")], json) }))
        .merge(
            Router::new()
                .route("/docs", get(async |State(config)| file(INDEX, config)))
                .route("/docs/", get(async |State(config)| file(INDEX, config)))
                .route(
                    "/docs/{*file}",
                    get(async |Path(name): Path<String>, State(config)| file(&name, config)),
                )
                .with_state(config),
        )
}

fn file(name: &str, config: Arc<Config<'static>>) -> Result<Response, Problem> {
    let found = serve(name, config).map_err(|cause| {
        error!(error.message = %cause, "could not serve a file of the documentation");
        Problem::internal()
    })?;
    let file = found.ok_or(Problem::not_found("there is no such page in the documentation"))?;
    let bytes = if name == INDEX { rooted(&file.bytes) } else { file.bytes.into_owned() };
    let mut response = Body::from(bytes).into_response();
    let headers = response.headers_mut();
    if let Ok(content_type) = HeaderValue::from_str(&file.content_type) {
        headers.insert(header::CONTENT_TYPE, content_type);
    }
    if file.gzpipped {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    Ok(response)
}

/// The page names its files relatively; with this they are found from `/docs` as well as from `/docs/`.
fn rooted(page: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(page).replacen("<head>", "<head><base href=\"/docs/\">", 1).into_bytes()
}
