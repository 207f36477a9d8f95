//! What a tenant has said about itself before: its profile and its settings are kept in versions.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{TenantProfile, TenantSettings};
use crate::author::Author;
use crate::id::TenantId;

/// Versions kept of each part; the oldest are forgotten beyond this. As many as of a set of intents.
pub const KEPT_TENANT_VERSIONS: u64 = 50;

/// What of a tenant is kept in versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TenantPart {
    /// What the business says about itself.
    Profile,
    /// What it may use and spend.
    Settings,
}

impl TenantPart {
    /// Its name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Settings => "settings",
        }
    }
}

/// A change of one part: who makes it, why, and what it was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Who makes it.
    pub author: Author,
    /// Why, for people; at most 500 characters on one line.
    pub note: String,
    /// The version it was made from: where another is the newest by now, nothing is changed. `None`: whatever is there
    /// is replaced.
    pub based_on: Option<u64>,
}

impl Edit {
    /// A change of somebody who says no more about it.
    pub fn by(author: Author) -> Self {
        Self { author, note: String::new(), based_on: None }
    }
}

/// A version of a profile or of settings, without its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantVersion {
    /// 1, 2, 3, … for each part.
    pub version: u64,
    /// Who made it.
    pub author: Author,
    /// Why.
    pub note: String,
    /// When.
    pub created_at: Timestamp,
}

/// A version with its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versioned<T> {
    /// Which, whose, when.
    #[serde(flatten)]
    pub version: TenantVersion,
    /// What it says.
    pub value: T,
}

/// What came of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutVersion {
    /// The newest version is this one; it is a new one unless it already said so.
    Stored(u64),
    /// Another version than the one it was made from is the newest; nothing was changed.
    Stale,
}

/// A tenant that is to be made. What is left out stays as a tenant without it has it.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTenant {
    /// Its id.
    pub id: TenantId,
    /// The first version of its profile.
    pub profile: Option<TenantProfile>,
    /// The first version of its settings.
    pub settings: Option<TenantSettings>,
}

/// A tenant in a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantEntry {
    /// Its id.
    pub id: TenantId,
    /// What its profile calls it; empty where it says nothing.
    pub business_name: String,
    /// As [`Tenant::created_at`](super::Tenant::created_at).
    pub created_at: Option<Timestamp>,
    /// As [`Tenant::suspended_at`](super::Tenant::suspended_at).
    pub suspended_at: Option<Timestamp>,
}
