//! `GET /`: a page to talk to the assistant and to see why it said what it said. One file, no build step.

use axum::Router;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::state::AppState;

const PAGE: &str = include_str!("playground.html");

pub(super) fn router() -> Router<AppState> {
    let policy = policy();
    let page = async move || ([(header::CONTENT_SECURITY_POLICY, policy)], Html(PAGE)).into_response();
    Router::new().route("/", get(page))
}

/// Only the page's own script and style run, known by their hashes; it talks to this server alone.
fn policy() -> String {
    let hash = |tag: &str| STANDARD.encode(Sha256::digest(inside(tag)));
    format!(
        "default-src 'none'; connect-src 'self'; script-src 'sha256-{}'; style-src 'sha256-{}'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash("script"),
        hash("style"),
    )
}

fn inside(tag: &str) -> &'static str {
    let after = PAGE.split_once(&format!("<{tag}>")).map_or("", |(_, after)| after);
    after.split_once(&format!("</{tag}>")).map_or("", |(inside, _)| inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_loads_nothing_from_elsewhere() {
        assert!(!inside("script").is_empty() && !inside("style").is_empty());
        for loader in ["http://", "https://", "//cdn", "@import", " onclick=", " style="] {
            assert!(!PAGE.contains(loader), "{loader}");
        }
    }
}
