//! Prompts as files: from one tenant, or server, to another.

use serde::{Deserialize, Serialize};

use super::{NO_PROMPT, PromptDraft};
use crate::author::Author;
use crate::error::{AIError, FieldProblem};
use crate::id::{PromptId, TenantId};
use crate::prompts::{self, CustomPrompt, PromptField, TestCase, TestSet, check_cases};
use crate::service::Assistant;

/// The form of the file that this program writes and reads.
const FORM: u32 = 1;
/// Most prompts in a file that is read: each is a write of its own. A choice.
const MAX_PROMPTS: usize = 100;

/// Prompts in a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromptFile {
    /// The form of the file: 1.
    pub version: u32,
    /// By name.
    pub prompts: Vec<FiledPrompt>,
}

/// A prompt in a file: the version in force, with its test set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FiledPrompt {
    /// 1 to 100 characters.
    pub name: String,
    /// For people.
    #[serde(default)]
    pub description: String,
    /// Text with `{{variable}}` places.
    pub template: String,
    /// Exactly the variables the template uses and has no field for.
    #[serde(default)]
    pub variables: Vec<String>,
    /// What the owner fills in, with its values.
    #[serde(default)]
    pub fields: Vec<PromptField>,
    /// The test set.
    #[serde(default)]
    pub tests: Vec<TestCase>,
}

/// A file to be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromptImport {
    /// The form of the file: 1.
    pub version: u32,
    /// At most 100.
    pub prompts: Vec<FiledPrompt>,
    /// Whether to say what would happen, and to change nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

/// What became of a prompt of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImportedPrompt {
    /// Its name in the file.
    pub name: String,
    /// What happened, or would happen.
    pub outcome: ImportOutcome,
    /// The prompt; null where there is none.
    pub id: Option<PromptId>,
    /// Its newest version then; null where there is none.
    pub version: Option<u32>,
    /// What is wrong with it.
    pub details: Vec<FieldProblem>,
}

/// What happens to a prompt of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportOutcome {
    /// There was none of this name.
    Created,
    /// It has a new version, a draft, or other tests.
    Updated,
    /// It is as in the file already.
    Unchanged,
    /// It cannot be taken; the others are.
    Refused,
}

impl Assistant {
    /// Prompts as a file: one, or all; each in the version in force.
    ///
    /// # Errors
    /// [`AIError::NotFound`] for the one; storage.
    pub async fn export_prompts(
        &self,
        tenant: &TenantId,
        only: Option<&PromptId>,
    ) -> Result<PromptFile, AIError> {
        let store = &self.engine.store;
        let ids: Vec<PromptId> = match only {
            Some(id) => vec![id.clone()],
            None => store.prompts(tenant).await?.into_iter().map(|prompt| prompt.id).collect(),
        };
        let mut prompts = Vec::new();
        for id in &ids {
            let Some(prompt) = prompts::in_force(&**store, tenant, id).await? else {
                if only.is_some() {
                    return Err(NO_PROMPT);
                }
                // Deleted while the others were read.
                continue;
            };
            let tests = store.test_set(tenant, id).await?.map(|set| set.cases).unwrap_or_default();
            prompts.push(FiledPrompt {
                name: prompt.name,
                description: prompt.description,
                template: prompt.template,
                variables: prompt.variables,
                fields: prompt.fields,
                tests,
            });
        }
        Ok(PromptFile { version: FORM, prompts })
    }

    /// Takes prompts from a file: new ones are made, those of a name that is there get a new version. Nothing is
    /// published. A prompt that cannot be taken does not keep the others out.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] for the file as a whole; storage.
    pub async fn import_prompts(
        &self,
        tenant: &TenantId,
        import: PromptImport,
        author: &Author,
    ) -> Result<Vec<ImportedPrompt>, AIError> {
        if import.version != FORM {
            return Err(AIError::invalid("version", format!("must be {FORM}, the form this server reads")));
        }
        if import.prompts.len() > MAX_PROMPTS {
            return Err(AIError::invalid("prompts", format!("must have at most {MAX_PROMPTS} entries")));
        }
        let mut results = Vec::new();
        for filed in import.prompts {
            let name = filed.name.clone();
            let taken = self.import_prompt(tenant, filed, author, import.dry_run).await;
            results.push(match taken {
                Ok((outcome, prompt)) => ImportedPrompt {
                    name,
                    outcome,
                    id: prompt.as_ref().map(|prompt| prompt.id.clone()),
                    version: prompt.as_ref().map(|prompt| prompt.version),
                    details: Vec::new(),
                },
                Err(AIError::InvalidRequest(details)) => refused(name, details),
                Err(AIError::Conflict(why)) => refused(name, vec![FieldProblem::new("name", why)]),
                Err(error) => return Err(error),
            });
        }
        Ok(results)
    }

    async fn import_prompt(
        &self,
        tenant: &TenantId,
        filed: FiledPrompt,
        author: &Author,
        is_dry_run: bool,
    ) -> Result<(ImportOutcome, Option<CustomPrompt>), AIError> {
        let mut problems = Vec::new();
        check_cases(&filed.tests, &mut problems);
        for problem in &mut problems {
            problem.field = problem.field.replacen("cases", "tests", 1);
        }
        let draft = PromptDraft {
            name: filed.name.trim().to_owned(),
            description: filed.description.clone(),
            template: filed.template.clone(),
            variables: filed.variables.clone(),
            fields: Some(filed.fields.clone()),
            note: "imported".to_owned(),
            tenant_id: None,
        };
        match self.checked(&draft, &filed.fields) {
            Err(AIError::InvalidRequest(found)) => problems.extend(found),
            Err(error) => return Err(error),
            Ok(_) => {}
        }
        if !problems.is_empty() {
            return Err(AIError::InvalidRequest(problems));
        }
        let store = &self.engine.store;
        let there = store.prompt_named(tenant, &draft.name).await?;
        let Some(there) = there else {
            if is_dry_run {
                return Ok((ImportOutcome::Created, None));
            }
            let made = self.create_prompt(tenant, draft, author).await?;
            self.import_tests(tenant, &made.id, filed.tests).await?;
            return Ok((ImportOutcome::Created, Some(made)));
        };
        let tests = store.test_set(tenant, &there.id).await?.map(|set| set.cases).unwrap_or_default();
        let (has_same_text, has_same_tests) = (is_same(&there, &filed), tests == filed.tests);
        if has_same_text && has_same_tests {
            return Ok((ImportOutcome::Unchanged, Some(there)));
        }
        if is_dry_run {
            return Ok((ImportOutcome::Updated, Some(there)));
        }
        let id = there.id.clone();
        let now = if has_same_text {
            there
        } else {
            let next = self.next_version(there, draft, author)?;
            self.put(tenant, next).await?
        };
        if !has_same_tests {
            self.import_tests(tenant, &id, filed.tests).await?;
        }
        Ok((ImportOutcome::Updated, Some(now)))
    }

    async fn import_tests(
        &self,
        tenant: &TenantId,
        id: &PromptId,
        cases: Vec<TestCase>,
    ) -> Result<(), AIError> {
        let set = TestSet { cases, updated_at: self.engine.clock.now() };
        // False: deleted meanwhile, and the tests with it.
        self.engine.store.put_test_set(tenant, id, &set).await?;
        Ok(())
    }
}

fn refused(name: String, details: Vec<FieldProblem>) -> ImportedPrompt {
    ImportedPrompt { name, outcome: ImportOutcome::Refused, id: None, version: None, details }
}

/// Whether a prompt says what the file says; the order in which variables are declared says nothing.
fn is_same(there: &CustomPrompt, filed: &FiledPrompt) -> bool {
    there.description == filed.description && there.template == filed.template && there.fields == filed.fields
}
