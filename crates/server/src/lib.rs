//! The HTTP edge: routes, authentication, the error object, OpenAPI.
//!
//! A request comes in through [`serve`], gets its id and span in `edge`, proves who it is in `auth`, is read
//! in `input`, and is handed to the assistant by one handler of `routes`. Nothing here decides about a turn.

mod auth;
mod edge;
mod input;
mod metrics;
mod openapi;
mod problem;
mod request_id;
mod routes;
mod schema;
mod serve;
mod state;

pub use auth::AuthMode;
pub use auth::secret::{hash_secret, new_secret, shown_prefix};
pub use metrics::{recorder, upkeep};
pub use openapi::openapi;
pub use problem::Problem;
pub use routes::router;
pub use serve::{ServeOptions, serve};
pub use state::{AppState, Parts, ServerStore};
