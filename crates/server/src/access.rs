//! Makes, changes and ends what `auth` believes: keys, operators and their passwords, sessions.
//!
//! Nobody gives, or takes over, what they do not have themselves: every function that could says so first.

pub(crate) mod keys;
pub(crate) mod operators;
pub(crate) mod password;
pub(crate) mod sessions;
pub(crate) mod sign_in;

use axum::http::StatusCode;
use tracing::error;

use crate::auth::secret;
use crate::problem::Problem;

/// Names people give to keys, and those of operators.
const MAX_NAME_CHARS: usize = 100;

fn check_name(name: &str) -> Result<(), Problem> {
    if name.chars().count() > MAX_NAME_CHARS {
        return Err(Problem::invalid("name", format!("must have at most {MAX_NAME_CHARS} characters")));
    }
    if name.contains(char::is_control) {
        return Err(Problem::invalid("name", "must not contain control characters"));
    }
    Ok(())
}

fn conflict(message: &'static str) -> Problem {
    Problem::new(StatusCode::CONFLICT, "conflict", message)
}

fn random() -> Result<[u8; 32], Problem> {
    secret::random_secret().map_err(|failure| {
        error!(error.message = %failure, "the system has no randomness");
        Problem::unavailable()
    })
}
