//! Listing and ending sessions.

use pytake_store::{Scope, SessionRecord};

use crate::auth::Authorized;
use crate::problem::Problem;
use crate::state::AppState;

/// The sessions a caller may see, without those that are over.
pub(crate) async fn list<S>(state: &AppState, caller: &Authorized<S>) -> Result<Vec<SessionRecord>, Problem> {
    let mut found = state.store.sessions(&caller.tenant, only_of(caller)?).await?;
    let now = state.clock.now();
    found.retain(|session| session.is_valid(now));
    Ok(found)
}

/// Ends a session the caller may see.
pub(crate) async fn end<S>(state: &AppState, caller: &Authorized<S>, id: &str) -> Result<(), Problem> {
    let is_ended = state.store.end_session(&caller.tenant, only_of(caller)?, id).await?;
    if is_ended { Ok(()) } else { Err(Problem::not_found("there is no such session")) }
}

/// Ends the session the caller came with, if any.
pub(crate) async fn end_own<S>(state: &AppState, caller: &Authorized<S>) -> Result<(), Problem> {
    if let Some((session, _)) = caller.session() {
        state.store.end_session(&session.tenant, None, &session.id).await?;
    }
    Ok(())
}

/// Whose sessions a caller may see: who manages the tenant, everybody's (`None`); an operator, their own.
fn only_of<S>(caller: &Authorized<S>) -> Result<Option<&str>, Problem> {
    match (caller.must_have(&[Scope::Manage]), caller.session()) {
        (Ok(()), _) => Ok(None),
        (Err(_), Some((_, operator))) => Ok(Some(&operator.id)),
        (Err(refusal), None) => Err(refusal),
    }
}
