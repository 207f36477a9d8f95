//! The routes: one file per resource, each with its handlers, wire types and documentation.

mod analyze;
mod answers;
mod audit;
mod batch;
mod budget;
mod chat;
mod classify;
mod conversations;
mod customers;
mod docs;
mod events;
mod health;
mod intents;
mod keys;
mod metrics;
mod moderate;
mod operators;
mod playground;
mod processors;
mod profile;
mod prompts;
mod provider_keys;
mod providers;
mod sessions;
mod settings;
mod tenants;
mod transcribe;
mod translate;
mod usage;
mod whatsapp;

use axum::http::{Method, StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::{Json, Router};
use pytake_assistant::conversation::Page;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use events::Watchers;

use crate::edge::edge;
use crate::openapi;
use crate::problem::Problem;
use crate::state::AppState;

/// Everything the server answers.
pub fn router(state: AppState) -> Router {
    crate::metrics::describe();
    let (api, document) = documented();
    api.merge(docs::router(&document))
        .merge(playground::router())
        .fallback(unknown_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(state.clone(), edge))
        .with_state(state)
}

/// The routes of the OpenAPI document, and the document: a route cannot be in one and not in the other.
pub(crate) fn documented() -> (Router<AppState>, OpenApi) {
    let (router, mut document) = OpenApiRouter::with_openapi(openapi::base())
        .routes(routes!(chat::chat))
        .routes(routes!(analyze::analyze))
        .routes(routes!(classify::classify))
        .routes(routes!(moderate::moderate))
        .routes(routes!(transcribe::transcribe))
        .merge(prompts::routes())
        .routes(routes!(usage::tenant))
        .routes(routes!(usage::requests::list))
        .routes(routes!(usage::user))
        .routes(routes!(conversations::list))
        .routes(routes!(conversations::read, conversations::delete))
        .routes(routes!(conversations::hand_over))
        .routes(routes!(conversations::pause))
        .routes(routes!(conversations::close))
        .routes(routes!(conversations::write))
        .routes(routes!(events::follow))
        .routes(routes!(answers::list, answers::create))
        .routes(routes!(answers::replace, answers::delete))
        .routes(routes!(intents::list, intents::create, intents::replace_all, intents::delete_all))
        .routes(routes!(intents::replace, intents::delete))
        .routes(routes!(intents::correct))
        .routes(routes!(intents::report))
        .routes(routes!(intents::versions))
        .routes(routes!(intents::restore))
        .routes(routes!(profile::read, profile::replace))
        .routes(routes!(profile::versions))
        .routes(routes!(profile::version))
        .routes(routes!(profile::restore))
        .routes(routes!(providers::list))
        .routes(routes!(whatsapp::numbers::list))
        .routes(routes!(whatsapp::numbers::put, whatsapp::numbers::delete))
        .routes(routes!(whatsapp::numbers::stop))
        .routes(routes!(whatsapp::numbers::resume))
        .routes(routes!(whatsapp::numbers::check))
        .routes(routes!(whatsapp::outbox::delivery))
        .routes(routes!(whatsapp::outbox::list))
        .routes(routes!(whatsapp::outbox::resend))
        .routes(routes!(whatsapp::conversations::read))
        .routes(routes!(whatsapp::conversations::send_template))
        .routes(routes!(whatsapp::verify, whatsapp::receive))
        .merge(tenants::routes())
        .merge(settings::routes())
        .merge(provider_keys::routes())
        .merge(keys::routes())
        .merge(operators::routes())
        .merge(sessions::routes())
        .merge(audit::routes())
        .merge(customers::routes())
        .merge(processors::routes())
        .merge(batch::routes())
        .merge(translate::routes())
        .merge(budget::routes())
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(metrics::metrics))
        .split_for_parts();
    openapi::finish(&mut document);
    (router, document)
}

async fn unknown_route(uri: Uri) -> Problem {
    Problem::not_found(format!("there is no {}; the routes are listed under /docs", uri.path()))
}

async fn wrong_method(method: Method, uri: Uri) -> Problem {
    let message = format!("{method} is not possible at {}; see the Allow header", uri.path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
}

/// A listing that always fits one page.
fn whole<T>(items: Vec<T>) -> Json<Page<T>> {
    Json(Page { items, next: None })
}
