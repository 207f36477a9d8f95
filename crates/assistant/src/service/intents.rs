//! A tenant's own intents: reading, changing, correcting, taking back. Every change trains the set anew.

use pytake_understanding::intents::{MAX_EXAMPLES_PER_INTENT, MAX_INTENTS};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Assistant;
use crate::analysis::{built_in_intents, check_intent};
use crate::error::{AIError, FieldProblem};
use crate::id::TenantId;
use crate::intents::{Intent, IntentSet, IntentSetVersion};

/// Most examples of a set: what is trained in about ten seconds on one core, see docs/understanding.md.
const MAX_ALL_EXAMPLES: usize = 5_000;
/// Longest name of a department, in characters.
const MAX_DEPARTMENT_CHARS: usize = 60;

/// What a caller writes of a whole set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntentsDraft {
    /// All of them, 1 to 200.
    pub intents: Vec<Intent>,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

/// What a caller writes of an intent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntentDraft {
    /// As [`Intent::name`].
    pub name: String,
    /// As [`Intent::description`].
    #[serde(default)]
    pub description: String,
    /// As [`Intent::department`].
    #[serde(default)]
    pub department: Option<String>,
    /// As [`Intent::examples`].
    #[serde(default)]
    pub examples: Vec<String>,
    /// As [`Intent::corrections`].
    #[serde(default)]
    pub corrections: Vec<String>,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

impl From<IntentDraft> for Intent {
    fn from(draft: IntentDraft) -> Self {
        let IntentDraft { name, description, department, examples, corrections, tenant_id: _ } = draft;
        Self { name, description, department, examples, corrections }
    }
}

/// A message that was read wrongly.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrectionDraft {
    /// The message, 1 to 500 characters.
    pub text: String,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

/// The intents a tenant's messages are read by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IntentListing {
    /// The intents.
    pub items: Vec<Intent>,
    /// Always null: they fit one page.
    pub next: Option<String>,
    /// `tenant`, or `built_in` where the tenant has none of its own.
    pub source: IntentSource,
    /// Version of the tenant's set; null for the built-in one.
    pub version: Option<u64>,
}

/// Whose intents they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntentSource {
    /// The tenant's own.
    Tenant,
    /// Ours.
    BuiltIn,
}

/// What training found out about a set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IntentReport {
    /// Version of the set.
    pub version: u64,
    /// Confusions, contradictions, intents with too few examples, calibration.
    pub report: Value,
}

const NO_INTENT: AIError = AIError::NotFound { what: "intent" };
const NO_VERSION: AIError = AIError::NotFound { what: "version of the intents" };

impl Assistant {
    /// The intents that the tenant's messages are read by: its own, else the built-in set (without its examples).
    ///
    /// # Errors
    /// Storage.
    pub async fn intents(&self, tenant: &TenantId) -> Result<IntentListing, AIError> {
        let own = self.engine.store.intent_set(tenant).await?.filter(|set| !set.intents.is_empty());
        Ok(match own {
            Some(set) => IntentListing {
                items: set.intents,
                next: None,
                source: IntentSource::Tenant,
                version: Some(set.version),
            },
            None => IntentListing {
                items: built_in_intents(),
                next: None,
                source: IntentSource::BuiltIn,
                version: None,
            },
        })
    }

    /// What the last training found out about the tenant's own intents.
    ///
    /// # Errors
    /// [`AIError::NotFound`] when it has none; storage.
    pub async fn intent_report(&self, tenant: &TenantId) -> Result<IntentReport, AIError> {
        let set = self.engine.store.intent_set(tenant).await?.filter(|set| !set.intents.is_empty());
        let set = set.ok_or(NO_INTENT)?;
        Ok(IntentReport { version: set.version, report: set.report })
    }

    /// The kept versions of the tenant's intents, newest first.
    ///
    /// # Errors
    /// Storage.
    pub async fn intent_versions(&self, tenant: &TenantId) -> Result<Vec<IntentSetVersion>, AIError> {
        Ok(self.engine.store.intent_set_versions(tenant).await?)
    }

    /// Replaces the whole set.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] naming each field; [`AIError::Conflict`] when somebody else changed the set
    /// meanwhile; storage.
    pub async fn put_intents(
        &self,
        tenant: &TenantId,
        intents: Vec<Intent>,
    ) -> Result<IntentListing, AIError> {
        if intents.is_empty() {
            return Err(AIError::invalid(
                "intents",
                "must have 1 to 200 entries; delete the set to use the built-in one",
            ));
        }
        self.change_intents(tenant, format!("all {} intents", intents.len()), "intents", |set| {
            *set = intents;
            Ok(())
        })
        .await
    }

    /// Goes back to the built-in set; the versions of the tenant's own stay.
    ///
    /// # Errors
    /// [`AIError::NotFound`] when it has none; [`AIError::Conflict`]; storage.
    pub async fn delete_intents(&self, tenant: &TenantId) -> Result<(), AIError> {
        self.change_intents(tenant, "no intents".to_owned(), "intents", |set| {
            if set.is_empty() {
                return Err(NO_INTENT);
            }
            set.clear();
            Ok(())
        })
        .await
        .map(drop)
    }

    /// Adds an intent. A tenant without own intents starts its own set with it.
    ///
    /// # Errors
    /// As [`Assistant::put_intents`]; [`AIError::Conflict`] also when the name is taken.
    pub async fn create_intent(&self, tenant: &TenantId, intent: Intent) -> Result<Intent, AIError> {
        let (name, created) = (intent.name.clone(), intent.clone());
        self.change_intents(tenant, format!("new intent {name}"), "", |set| {
            if set.iter().any(|other| other.name == intent.name) {
                return Err(AIError::Conflict(format!("there is already an intent {:?}", intent.name)));
            }
            set.push(intent);
            Ok(())
        })
        .await?;
        Ok(created)
    }

    /// Replaces an intent; its name may change.
    ///
    /// # Errors
    /// As [`Assistant::create_intent`], and [`AIError::NotFound`].
    pub async fn update_intent(
        &self,
        tenant: &TenantId,
        name: &str,
        intent: Intent,
    ) -> Result<Intent, AIError> {
        let updated = intent.clone();
        self.change_intents(tenant, format!("intent {name}"), "", |set| {
            if set.iter().any(|other| other.name == intent.name && other.name != name) {
                return Err(AIError::Conflict(format!("there is already an intent {:?}", intent.name)));
            }
            *find(set, name)? = intent;
            Ok(())
        })
        .await?;
        Ok(updated)
    }

    /// Deletes an intent; with the last one the built-in set counts again.
    ///
    /// # Errors
    /// [`AIError::NotFound`]; [`AIError::Conflict`]; storage.
    pub async fn delete_intent(&self, tenant: &TenantId, name: &str) -> Result<(), AIError> {
        self.change_intents(tenant, format!("without intent {name}"), "", |set| {
            find(set, name)?;
            set.retain(|intent| intent.name != name);
            Ok(())
        })
        .await
        .map(drop)
    }

    /// Assigns a message that was read wrongly to an intent; from every other intent it is taken away.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`]; [`AIError::NotFound`] when the tenant has no such intent of its own;
    /// [`AIError::Conflict`]; storage.
    pub async fn correct_intent(&self, tenant: &TenantId, name: &str, text: &str) -> Result<Intent, AIError> {
        let text = text.trim();
        let listing = self
            .change_intents(tenant, format!("correction of {name}"), "", |set| {
                find(set, name)?;
                for intent in set.iter_mut() {
                    intent.examples.retain(|example| example != text || intent.name == name);
                    intent.corrections.retain(|correction| correction != text);
                }
                find(set, name)?.corrections.push(text.to_owned());
                Ok(())
            })
            .await?;
        listing.items.into_iter().find(|intent| intent.name == name).ok_or(NO_INTENT)
    }

    /// Makes an earlier version the newest.
    ///
    /// # Errors
    /// [`AIError::NotFound`]; [`AIError::Conflict`]; storage.
    pub async fn restore_intents(&self, tenant: &TenantId, version: u64) -> Result<IntentListing, AIError> {
        let earlier = self.engine.store.intent_set_version(tenant, version).await?.ok_or(NO_VERSION)?;
        self.change_intents(tenant, format!("back to version {version}"), "intents", |set| {
            *set = earlier.intents;
            Ok(())
        })
        .await
    }

    /// Changes the set, checks it, trains it and stores it as the next version.
    ///
    /// `field` is where the caller wrote the set: problems of one intent are named without a place in it.
    async fn change_intents(
        &self,
        tenant: &TenantId,
        change: String,
        field: &str,
        apply: impl FnOnce(&mut Vec<Intent>) -> Result<(), AIError>,
    ) -> Result<IntentListing, AIError> {
        let newest = self.engine.store.intent_set(tenant).await?;
        let (version, before) = newest.map_or((0, Vec::new()), |set| (set.version, set.intents));
        let mut intents = before.clone();
        apply(&mut intents)?;
        check(&intents, &before, field)?;
        let (model, report) = if intents.is_empty() {
            (Vec::new(), Value::Null)
        } else {
            self.engine.intent_models.train(&intents).await?
        };
        let set =
            IntentSet { version: version + 1, change, created_at: self.engine.clock.now(), intents, report };
        if !self.engine.store.put_intent_set(tenant, &set, &model).await? {
            return Err(AIError::Conflict(
                "the intents were changed by somebody else meanwhile; try again".to_owned(),
            ));
        }
        self.intents(tenant).await
    }
}

fn find<'a>(set: &'a mut [Intent], name: &str) -> Result<&'a mut Intent, AIError> {
    set.iter_mut().find(|intent| intent.name == name).ok_or(NO_INTENT)
}

/// Checks what is new in a set; what was accepted once stays accepted.
fn check(intents: &[Intent], before: &[Intent], field: &str) -> Result<(), AIError> {
    let mut problems = Vec::new();
    if intents.len() > MAX_INTENTS {
        problems.push(FieldProblem::new("intents", "a set can have at most 200 intents"));
    }
    let all: usize = intents.iter().map(|intent| intent.texts().count()).sum();
    if all > MAX_ALL_EXAMPLES {
        problems.push(FieldProblem::new(
            "examples",
            "a set can have at most 5000 examples in all, corrections included",
        ));
    }
    for (at, intent) in intents.iter().enumerate().take(MAX_INTENTS) {
        if before.contains(intent) {
            continue;
        }
        let place = if field.is_empty() { String::new() } else { format!("{field}[{at}].") };
        let mut object =
            |field: &str, problem: &str| problems.push(FieldProblem::new(format!("{place}{field}"), problem));
        check_intent(&intent.name, &intent.description, &mut object);
        if intents.iter().take(at).any(|earlier| earlier.name == intent.name) {
            object("name", "must not be the name of an earlier intent");
        }
        let department = intent.department.as_deref().unwrap_or("-");
        if department.trim().is_empty()
            || department.chars().count() > MAX_DEPARTMENT_CHARS
            || department.chars().any(char::is_control)
        {
            object("department", "must have 1 to 60 characters on one line, or be null");
        }
        if intent.texts().count() > MAX_EXAMPLES_PER_INTENT {
            object("examples", "must have at most 500 entries, corrections included");
        }
        for (list, texts) in [("examples", &intent.examples), ("corrections", &intent.corrections)] {
            for (number, text) in texts.iter().enumerate().take(MAX_EXAMPLES_PER_INTENT) {
                if text.trim().is_empty() || text.chars().count() > 500 {
                    object(&format!("{list}[{number}]"), "must have 1 to 500 characters");
                }
            }
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(AIError::InvalidRequest(problems)) }
}
