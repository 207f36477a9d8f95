//! Making and changing operators, and their passwords.

use pytake_assistant::id::TenantId;
use pytake_store::{Email, OperatorChange, OperatorChanged, OperatorRecord, Role, Scope};
use secrecy::SecretString;

use super::{check_name, conflict, password, random, sign_in};
use crate::auth::Authorized;
use crate::problem::Problem;
use crate::serve::Peer;
use crate::state::AppState;

/// Operators a tenant may have: more than a small business employs, few enough to be listed whole.
const MAX_OPERATORS: usize = 200;

/// Who a new operator is to be.
pub(crate) struct OperatorWish {
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) is_admin: bool,
    pub(crate) password: SecretString,
}

/// How an operator is to be changed.
pub(crate) struct ChangeWish {
    pub(crate) name: String,
    pub(crate) role: Role,
    /// `None`: as it is.
    pub(crate) is_admin: Option<bool>,
    /// `None`: as it is.
    pub(crate) is_disabled: Option<bool>,
}

/// Makes an operator.
pub(crate) async fn create<S>(
    state: &AppState,
    caller: &Authorized<S>,
    wish: OperatorWish,
) -> Result<OperatorRecord, Problem> {
    check_name(&wish.name)?;
    let email: Email = wish
        .email
        .parse()
        .map_err(|why: pytake_store::InvalidEmail| Problem::invalid("email", why.to_string()))?;
    check_password(&wish.password, &email)?;
    may_answer_for(caller, wish.role, wish.is_admin)?;
    if state.store.operators(Some(&caller.tenant)).await?.len() >= MAX_OPERATORS {
        return Err(conflict("The tenant has 200 operators, as many as it may have"));
    }
    let operator = OperatorRecord {
        id: state.ids.next(),
        tenant: caller.tenant.clone(),
        email,
        name: wish.name,
        role: wish.role,
        is_admin: wish.is_admin,
        password_hash: hash(wish.password).await?,
        created_at: state.clock.now(),
        disabled_at: None,
    };
    if !state.store.create_operator(&operator).await? {
        return Err(conflict("Somebody signs in with this e-mail address already"));
    }
    caller.made("operator_id", &operator.id);
    Ok(operator)
}

/// Changes name and role of an operator, and whether they may sign in.
pub(crate) async fn change<S>(
    state: &AppState,
    caller: &Authorized<S>,
    id: &str,
    wish: ChangeWish,
) -> Result<OperatorRecord, Problem> {
    check_name(&wish.name)?;
    let before = find(state, &caller.tenant, id).await?;
    let is_admin = wish.is_admin.unwrap_or(before.is_admin);
    may_answer_for(caller, before.role, before.is_admin)?;
    may_answer_for(caller, wish.role, is_admin)?;
    let change = OperatorChange {
        name: wish.name,
        role: wish.role,
        is_admin,
        disabled_at: match wish.is_disabled {
            Some(is_disabled) => is_disabled.then(|| state.clock.now()),
            None => before.disabled_at,
        },
    };
    match state.store.change_operator(&before, &change).await? {
        OperatorChanged::Done(operator) => Ok(operator),
        OperatorChanged::Missing => Err(missing()),
        OperatorChanged::Meanwhile => Err(meanwhile()),
        OperatorChanged::LastOwner => {
            Err(conflict("This is the last owner who can sign in; make somebody else an owner first"))
        }
    }
}

/// Gives somebody else a new password and ends their sessions.
pub(crate) async fn set_password<S>(
    state: &AppState,
    caller: &Authorized<S>,
    id: &str,
    password: SecretString,
) -> Result<(), Problem> {
    let operator = find(state, &caller.tenant, id).await?;
    if caller.session().is_some_and(|(_, own)| own.id == operator.id) {
        return Err(conflict("Your own password is changed with POST /api/v1/session/password"));
    }
    // Who knows the password can be this operator.
    may_answer_for(caller, operator.role, operator.is_admin)?;
    check_password(&password, &operator.email)?;
    store_password(state, &operator, password).await
}

/// Changes the caller's own password, which ends all their sessions.
pub(crate) async fn change_own_password<S>(
    state: &AppState,
    caller: &Authorized<S>,
    peer: Option<Peer>,
    current: SecretString,
    password: SecretString,
) -> Result<(), Problem> {
    let (_, operator) =
        caller.session().ok_or_else(|| conflict("Only somebody who signed in has a password"))?;
    check_password(&password, &operator.email)?;
    if !sign_in::is_password_right(state, operator, peer, current).await? {
        caller.audit_refusal();
        return Err(Problem::invalid("current_password", "is not your password"));
    }
    store_password(state, operator, password).await
}

async fn store_password(
    state: &AppState,
    operator: &OperatorRecord,
    password: SecretString,
) -> Result<(), Problem> {
    let hash = hash(password).await?;
    // Hashing takes its time. Whoever was made an admin meanwhile, or got a password from an owner because somebody else
    // knew the old one, keeps what they have now.
    if state.store.set_password(operator, &hash).await? { Ok(()) } else { Err(meanwhile()) }
}

/// Whether the caller has everything such an operator has.
fn may_answer_for<S>(caller: &Authorized<S>, role: Role, is_admin: bool) -> Result<(), Problem> {
    caller.must_have(role.scopes())?;
    if is_admin { caller.must_have(&[Scope::Admin]) } else { Ok(()) }
}

fn check_password(password: &SecretString, email: &Email) -> Result<(), Problem> {
    password::check_password(password, email).map_err(|why| Problem::invalid("password", why))
}

async fn hash(password: SecretString) -> Result<String, Problem> {
    let random = random()?;
    let mut salt = [0; password::SALT_BYTES];
    salt.copy_from_slice(&random[..password::SALT_BYTES]);
    password::hash(password, salt).await
}

async fn find(state: &AppState, tenant: &TenantId, id: &str) -> Result<OperatorRecord, Problem> {
    state.store.operator(tenant, id).await?.ok_or_else(missing)
}

fn meanwhile() -> Problem {
    conflict("Somebody else has just changed this operator; look again")
}

fn missing() -> Problem {
    Problem::not_found("there is no such operator")
}
