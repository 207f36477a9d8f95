//! Signing in.
//!
//! A wrong address and a wrong password get the same answer after the same work. Every try counts as failed before the
//! password is looked at, for the account and for where it comes from, so that many at once cannot slip through. Who is
//! sent away because too many are signing in has tried nothing.

use std::time::Duration;

use axum::http::StatusCode;
use pytake_assistant::Author;
use pytake_store::{CountedFor, Email, OperatorRecord, SESSION_LONGEST, SessionRecord};
use secrecy::{ExposeSecret, SecretString};

use super::{password, random};
use crate::audit::Witness;
use crate::auth::secret::{hash_secret, session_secret};
use crate::metrics;
use crate::problem::Problem;
use crate::serve::{Peer, public_place};
use crate::state::AppState;

/// As much of what the browser calls itself is kept.
const MAX_USER_AGENT_CHARS: usize = 200;

/// Somebody at the door.
pub(crate) struct Visitor {
    pub(crate) email: String,
    pub(crate) password: SecretString,
    pub(crate) peer: Option<Peer>,
    pub(crate) user_agent: String,
}

/// A session that begins.
pub(crate) struct SignedIn {
    pub(crate) session: SessionRecord,
    pub(crate) operator: OperatorRecord,
    /// What the cookie carries.
    pub(crate) secret: SecretString,
}

/// Begins a session, or refuses.
pub(crate) async fn sign_in(
    state: &AppState,
    visitor: Visitor,
    witness: Option<&Witness>,
) -> Result<SignedIn, Problem> {
    let email = visitor.email.parse::<Email>().ok();
    // What is no address counts as one nobody has.
    let account = account(email.as_ref().map_or("", Email::as_str));
    let places = places(visitor.peer);
    let turn = password::queue()?;
    take_try(state, &account, &places).await?;
    let found = match &email {
        Some(email) => state.store.operator_by_email(email).await?,
        None => None,
    };
    let kept = found.as_ref().map(|operator| operator.password_hash.clone());
    let is_right = password::is_right(turn, visitor.password, kept).await?;
    let operator = match found {
        Some(operator) if is_right && operator.disabled_at.is_none() => operator,
        concerned => return Err(refuse(concerned.as_ref(), witness)),
    };
    // The password may have been replaced while it was looked at.
    let Some((session, secret)) = begin(state, &operator, &visitor.user_agent).await? else {
        return Err(refuse(Some(&operator), witness));
    };
    state.store.try_succeeded(&account, &places).await?;
    metrics::signed_in("ok");
    if let Some(witness) = witness {
        witness.saw(&operator.tenant, &Author::operator(&operator.id));
        witness.name("session_id", &session.id);
    }
    Ok(SignedIn { session, operator, secret })
}

/// Whether this is the operator's password; counted like a try to sign in.
pub(super) async fn is_password_right(
    state: &AppState,
    operator: &OperatorRecord,
    peer: Option<Peer>,
    password: SecretString,
) -> Result<bool, Problem> {
    let (account, places) = (account(operator.email.as_str()), places(peer));
    let turn = password::queue()?;
    take_try(state, &account, &places).await?;
    let is_right = password::is_right(turn, password, Some(operator.password_hash.clone())).await?;
    if is_right {
        state.store.try_succeeded(&account, &places).await?;
    }
    Ok(is_right)
}

async fn begin(
    state: &AppState,
    operator: &OperatorRecord,
    user_agent: &str,
) -> Result<Option<(SessionRecord, SecretString)>, Problem> {
    let secret = session_secret(random()?);
    let now = state.clock.now();
    let session = SessionRecord {
        id: state.ids.next(),
        tenant: operator.tenant.clone(),
        operator: operator.id.clone(),
        secret_hash: hash_secret(secret.expose_secret()),
        user_agent: user_agent.chars().take(MAX_USER_AGENT_CHARS).collect(),
        created_at: now,
        last_seen_at: now,
        expires_at: now.checked_add(SESSION_LONGEST).unwrap_or(now),
    };
    let is_begun = state.store.create_session(&session, operator).await?;
    Ok(is_begun.then_some((session, secret)))
}

/// The same for everybody. Where the account exists, its tenant reads of it in the audit log; where it does not, nobody
/// is concerned, and a stranger does not fill anybody's log.
fn refuse(concerned: Option<&OperatorRecord>, witness: Option<&Witness>) -> Problem {
    metrics::signed_in("refused");
    if let (Some(operator), Some(witness)) = (concerned, witness) {
        witness.saw_refused(&operator.tenant, &Author::stranger());
        witness.name("operator_id", &operator.id);
    }
    Problem::unauthorized("The e-mail address or the password is wrong")
}

async fn take_try(state: &AppState, account: &CountedFor, places: &[CountedFor]) -> Result<(), Problem> {
    let mut counted_for = vec![*account];
    counted_for.extend(places);
    match state.store.take_try(&counted_for, state.clock.now()).await? {
        None => Ok(()),
        Some(wait) => {
            metrics::signed_in("throttled");
            Err(throttled(wait))
        }
    }
}

fn throttled(wait: Duration) -> Problem {
    let message = "Too many tries to sign in failed; wait before the next one";
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded", message)
        .retry_after(wait)
        .with("scope", "login")
}

fn account(email: &str) -> CountedFor {
    hash_secret(&format!("account {email}"))
}

/// Where the try comes from. Not an address of this machine or of a private network: that is a proxy's or a container's,
/// and through it everybody would wait for everybody.
fn places(peer: Option<Peer>) -> Vec<CountedFor> {
    let place = peer.and_then(|Peer(address)| public_place(address));
    place.map(|place| hash_secret(&format!("address {place}"))).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_public_addresses() {
        let place = |text: &str| public_place(text.parse().unwrap());
        for near in [
            "127.0.0.1",
            "::1",
            "10.1.2.3",
            "192.168.0.9",
            "172.17.0.1",
            "fd00::1",
            "fe80::1",
            "::ffff:10.0.0.1",
        ] {
            assert_eq!(place(near), None, "{near}");
        }
        assert_eq!(place("203.0.113.7").as_deref(), Some("203.0.113.7"));
        assert_eq!(place("2001:db8:1:2:3::4"), place("2001:db8:1:2:ffff::"));
        assert_ne!(place("2001:db8:1:2::1"), place("2001:db8:1:3::1"));
    }
}
