//! The HTTP edge: routes, authentication, the error object, OpenAPI.
//!
//! A request comes in through [`serve`], gets its id and span in `edge`, proves who it is in `auth`, is read
//! in `input`, and is handed to the assistant by one handler of `routes`. Nothing here decides about a turn. `access`
//! makes and ends what `auth` believes; `audit` says what was done.

mod access;
mod audit;
mod auth;
mod batch;
mod cors;
mod edge;
mod input;
mod limits;
mod metrics;
mod openapi;
mod problem;
mod request_id;
mod retention;
mod routes;
mod schema;
mod serve;
mod state;

pub use access::password::{check_password, hash_password};
pub use auth::AuthMode;
pub use auth::secret::{hash_secret, new_secret, random_secret, shown_prefix};
pub use batch::Batches;
pub use cors::CorsOrigins;
pub use metrics::{recorder, upkeep};
pub use openapi::openapi;
pub use problem::Problem;
pub use retention::{Retention, RetentionStore, describe_retention};
pub use routes::router;
pub use serve::{Peer, ServeOptions, serve};
pub use state::{AppState, Parts, ServerStore};
