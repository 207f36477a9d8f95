//! Operators: people who sign in, for which tenant, and what they may do there.
//!
//! Passwords are hashed by the server; the store keeps what it is given.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use jiff::Timestamp;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::TenantId;
use serde::{Deserialize, Serialize};

use crate::keys::Scope;

/// What an operator is to their tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Answers for the business: everything in the tenant.
    Owner,
    /// Works with customers.
    Operator,
    /// Looks on.
    Viewer,
}

impl Role {
    /// Every role, in the order they are shown.
    pub const ALL: [Self; 3] = [Self::Owner, Self::Operator, Self::Viewer];

    /// The name in the database, on the wire and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Operator => "operator",
            Self::Viewer => "viewer",
        }
    }

    /// What it allows.
    pub fn scopes(self) -> &'static [Scope] {
        match self {
            Self::Owner => {
                &[Scope::Chat, Scope::Analyze, Scope::Read, Scope::Prompts, Scope::Operate, Scope::Manage]
            }
            Self::Operator => &[Scope::Chat, Scope::Analyze, Scope::Read, Scope::Operate],
            Self::Viewer => &[Scope::Read],
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is not a role; there are owner, operator, viewer")]
pub struct UnknownRole {
    /// The word.
    pub word: String,
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(word: &str) -> Result<Self, UnknownRole> {
        let role = Self::ALL.into_iter().find(|role| role.as_str() == word);
        role.ok_or_else(|| UnknownRole { word: word.to_owned() })
    }
}

/// An e-mail address by which an operator signs in: trimmed and in lower case, so that each has one form.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

/// A text that is no e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an e-mail address of at most 254 characters, such as ana@example.com")]
pub struct InvalidEmail;

impl Email {
    /// 254 characters: the longest path of RFC 5321, without its brackets.
    const MAX_CHARS: usize = 254;

    /// The address in its one form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        // Before anything is copied: a stranger says how long it is.
        if text.len() > 4 * Self::MAX_CHARS {
            return Err(InvalidEmail);
        }
        let address = text.trim().to_lowercase();
        let is_odd = |character: char| character.is_whitespace() || character.is_control();
        let is_short = address.chars().count() <= Self::MAX_CHARS;
        match address.rsplit_once('@') {
            Some((name, domain)) if !name.is_empty() && !domain.is_empty() && !name.contains('@') => {
                if is_short && !address.contains(is_odd) {
                    Ok(Self(address))
                } else {
                    Err(InvalidEmail)
                }
            }
            _ => Err(InvalidEmail),
        }
    }
}

/// Not for logs.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

/// An operator as stored.
#[derive(Clone, PartialEq, Eq)]
pub struct OperatorRecord {
    /// Their id, unique on the server.
    pub id: String,
    /// Where they belong.
    pub tenant: TenantId,
    /// By which they sign in; unique on the server.
    pub email: Email,
    /// What people call them.
    pub name: String,
    /// What they are to the tenant.
    pub role: Role,
    /// Whether they may do everything, for every tenant.
    pub is_admin: bool,
    /// The hash of the password, in PHC form (argon2id).
    pub password_hash: String,
    /// When they were made.
    pub created_at: Timestamp,
    /// Since when they cannot sign in.
    pub disabled_at: Option<Timestamp>,
}

impl OperatorRecord {
    /// What they may do.
    pub fn scopes(&self) -> Vec<Scope> {
        let mut scopes = self.role.scopes().to_vec();
        if self.is_admin {
            scopes.push(Scope::Admin);
        }
        scopes
    }
}

/// Neither the address nor the hash.
impl fmt::Debug for OperatorRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperatorRecord")
            .field("id", &self.id)
            .field("tenant", &self.tenant)
            .field("role", &self.role)
            .field("is_admin", &self.is_admin)
            .field("created_at", &self.created_at)
            .field("disabled_at", &self.disabled_at)
            .finish_non_exhaustive()
    }
}

/// What can be changed of an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorChange {
    /// What people call them.
    pub name: String,
    /// What they are to the tenant.
    pub role: Role,
    /// Whether they may do everything, for every tenant.
    pub is_admin: bool,
    /// Since when they cannot sign in; who is disabled already keeps the earlier instant.
    pub disabled_at: Option<Timestamp>,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OperatorChanged {
    /// It is done; the operator as they are now. Who was disabled has no session any more.
    Done(OperatorRecord),
    /// The tenant has no such operator.
    Missing,
    /// The tenant would have no owner left who can sign in.
    LastOwner,
    /// Somebody else has changed what the operator may do since they were read.
    Meanwhile,
}

/// Stores operators.
#[async_trait]
pub trait Operators: Send + Sync {
    /// Stores a new operator; creates the tenant if that is new. False when somebody has the address already.
    async fn create_operator(&self, operator: &OperatorRecord) -> Result<bool, StorageError>;

    /// A tenant's operator.
    async fn operator(&self, tenant: &TenantId, id: &str) -> Result<Option<OperatorRecord>, StorageError>;

    /// Who signs in by this address, also who is disabled.
    async fn operator_by_email(&self, email: &Email) -> Result<Option<OperatorRecord>, StorageError>;

    /// A tenant's operators, or everybody's, oldest first.
    async fn operators(&self, tenant: Option<&TenantId>) -> Result<Vec<OperatorRecord>, StorageError>;

    /// Changes an operator, while they may do what they could when they were read: whoever changes them has looked at
    /// that. A tenant that has an owner who can sign in keeps one.
    async fn change_operator(
        &self,
        as_read: &OperatorRecord,
        change: &OperatorChange,
    ) -> Result<OperatorChanged, StorageError>;

    /// Replaces an operator's password and ends their sessions, while they may do what they could, and have the password
    /// they had, when they were read; false otherwise, and when they are not there.
    async fn set_password(&self, as_read: &OperatorRecord, password_hash: &str)
    -> Result<bool, StorageError>;

    /// Whether there is any operator who is not disabled.
    async fn has_operators(&self) -> Result<bool, StorageError>;

    /// Whether there ever was an operator, disabled ones included. Called on every request without a credential: a point
    /// read.
    async fn had_operators(&self) -> Result<bool, StorageError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_allow_what_the_documentation_says() {
        let names = |role: Role| role.scopes().iter().map(|scope| scope.as_str()).collect::<Vec<_>>();
        assert_eq!(names(Role::Viewer), ["read"]);
        assert_eq!(names(Role::Operator), ["chat", "analyze", "read", "operate"]);
        assert_eq!(names(Role::Owner), ["chat", "analyze", "read", "prompts", "operate", "manage"]);
        for role in Role::ALL {
            assert_eq!(role.to_string().parse(), Ok(role));
        }
    }

    #[test]
    fn an_address_has_one_form() {
        let email: Email = "  Ana@Example.COM ".parse().unwrap();
        assert_eq!(email.as_str(), "ana@example.com");
        assert_eq!(format!("{email:?}"), "Email(…)");
        for odd in ["", "ana", "@b", "a@", "a b@c", "a@b@c", "a\n@b", &format!("{}@b", "a".repeat(300))] {
            assert_eq!(odd.parse::<Email>(), Err(InvalidEmail), "{odd:?}");
        }
    }
}
