//! What must be equal for an answer to be given again. A key is a hash: nobody reads a question out of it.

use sha2::{Digest, Sha256};

use super::question::Asked;
use crate::id::TenantId;

/// What the keys are made of, and by which program: its rules, filters and instructions are part of every answer.
const SCHEME: &str = concat!("answer-cache-1 ", env!("CARGO_PKG_VERSION"));

/// Where a kept answer lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key([u8; 32]);

impl Key {
    #[cfg(test)]
    pub(super) fn of_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// Everything an answer depends on besides its question.
#[derive(Debug, Clone)]
pub(crate) struct Parts<'a> {
    pub(crate) tenant: &'a TenantId,
    /// Of profile, settings, approved answers and intents.
    pub(crate) tenant_version: i64,
    /// Name and version of the prompt, and its text as the model reads it.
    pub(crate) prompt: &'a str,
    pub(crate) system: &'a str,
    /// Who may be asked, and for what: the caller's wish, and the tenant's rules as JSON.
    pub(crate) preferred: Option<&'a str>,
    pub(crate) may_fall_back: bool,
    pub(crate) model: Option<&'a str>,
    pub(crate) rules: &'a str,
    pub(crate) max_output_tokens: u32,
    pub(crate) is_bound_chosen: bool,
    pub(crate) temperature: f32,
    /// The content filter's level; its lists are part of the profile.
    pub(crate) filter: &'a str,
    pub(crate) language: &'a str,
    /// The channel that the model is told of; empty for a caller.
    pub(crate) channel: &'a str,
}

/// A hash of [`Parts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scope([u8; 32]);

impl Scope {
    pub(crate) fn of(parts: &Parts<'_>) -> Self {
        let mut hash = Sha256::new();
        add(&mut hash, SCHEME);
        add(&mut hash, parts.tenant.as_str());
        hash.update(parts.tenant_version.to_le_bytes());
        add(&mut hash, parts.prompt);
        add(&mut hash, parts.system);
        add_optional(&mut hash, parts.preferred);
        add_optional(&mut hash, parts.model);
        add(&mut hash, parts.rules);
        hash.update([u8::from(parts.may_fall_back), u8::from(parts.is_bound_chosen)]);
        hash.update(parts.max_output_tokens.to_le_bytes());
        hash.update(parts.temperature.to_le_bytes());
        add(&mut hash, parts.filter);
        add(&mut hash, parts.language);
        add(&mut hash, parts.channel);
        Self(hash.finalize().into())
    }

    /// The key of an equal question.
    pub(crate) fn exact(&self, asked: &Asked) -> Key {
        self.key("exact", &[&asked.exact])
    }

    /// The key of questions that may ask the same; `None` where only an equal one counts.
    pub(crate) fn similar(&self, asked: &Asked) -> Option<Key> {
        let same = asked.same.as_ref()?;
        Some(self.key("similar", &[&same.wording, &asked.fact]))
    }

    fn key(&self, kind: &str, parts: &[&str]) -> Key {
        let mut hash = Sha256::new();
        hash.update(self.0);
        add(&mut hash, kind);
        for part in parts {
            add(&mut hash, part);
        }
        Key(hash.finalize().into())
    }
}

/// With its length in front, so that no two lists of texts run together.
fn add(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text);
}

fn add_optional(hash: &mut Sha256, text: Option<&str>) {
    hash.update([u8::from(text.is_some())]);
    add(hash, text.unwrap_or_default());
}
