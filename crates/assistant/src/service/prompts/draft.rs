//! What a caller writes of a prompt, checked.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{AIError, FieldProblem};
use crate::prompts::{FieldValue, PromptField, check_fields};
use crate::template;

/// Longest template, in characters: about 4,000 tokens.
const MAX_TEMPLATE_CHARS: usize = 16_000;
/// Most variables: those of a request's context (64) and the built-in ones, with some to spare.
const MAX_VARIABLES: usize = 100;
/// Longest note, in characters: a paragraph. A choice.
const MAX_NOTE_CHARS: usize = 500;

/// What a caller writes of a prompt.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromptDraft {
    /// Unique within the tenant, 1 to 100 characters.
    pub name: String,
    /// For people; at most 1,000 characters.
    #[serde(default)]
    pub description: String,
    /// Text with `{{variable}}` places; 1 to 16,000 characters.
    pub template: String,
    /// Exactly the variables the template uses and has no field for, in any order; at most 100.
    #[serde(default)]
    pub variables: Vec<String>,
    /// What the owner fills in; `None`: as it is, or nothing for a new prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Vec<PromptField>>,
    /// Why there is this version, for people; at most 500 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

/// Values for fields of a prompt.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldValues {
    /// By the field's name; a field that is not named keeps its value.
    pub values: BTreeMap<String, FieldValue>,
    /// Why there is this version, for people; at most 500 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

impl PromptDraft {
    /// Checks everything, with these fields, and finds the template's variables.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] naming each field.
    pub(super) fn check(&self, fields: &[PromptField]) -> Result<Vec<String>, AIError> {
        let mut problems = Vec::new();
        let name_chars = self.name.trim().chars().count();
        if name_chars == 0 || name_chars > 100 || self.name.chars().any(char::is_control) {
            problems.push(FieldProblem::new(
                "name",
                "must have 1 to 100 characters, none of them control characters",
            ));
        }
        if self.description.chars().count() > 1_000 {
            problems.push(FieldProblem::new("description", "must have at most 1000 characters"));
        }
        check_note(&self.note, &mut problems);
        check_fields(fields, &mut problems);
        if self.template.trim().is_empty() || self.template.chars().count() > MAX_TEMPLATE_CHARS {
            problems.push(FieldProblem::new("template", "must have 1 to 16000 characters"));
        } else if self.variables.len() > MAX_VARIABLES {
            problems
                .push(FieldProblem::new("variables", format!("must have at most {MAX_VARIABLES} entries")));
        } else {
            check_places(&self.template, &self.variables, fields, &mut problems);
        }
        if !problems.is_empty() {
            return Err(AIError::InvalidRequest(problems));
        }
        let mut used = template::variables_of(&self.template)
            .map_err(|why| AIError::invalid("template", why.to_string()))?;
        used.retain(|name| !fields.iter().any(|field| field.name == *name));
        Ok(used)
    }
}

/// Every place is a declared variable or a field, and every one of those has a place.
fn check_places(
    template: &str,
    variables: &[String],
    fields: &[PromptField],
    problems: &mut Vec<FieldProblem>,
) {
    let mut declared = variables.to_vec();
    declared.extend(fields.iter().map(|field| field.name.clone()));
    for mut problem in template::check(template, &declared) {
        // Fields come after the variables there.
        for place in 0..fields.len() {
            if problem.field == format!("variables[{}]", variables.len() + place) {
                problem.field = format!("fields[{place}].name");
            }
        }
        problems.push(problem);
    }
}

/// A note for people.
pub(super) fn check_note(note: &str, problems: &mut Vec<FieldProblem>) {
    if note.chars().count() > MAX_NOTE_CHARS {
        problems.push(FieldProblem::new("note", format!("must have at most {MAX_NOTE_CHARS} characters")));
    }
}

impl FieldValues {
    /// Puts the values into the fields. Whether they fit is checked with the prompt.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] naming each value for which there is no field.
    pub(super) fn into_fields(self, mut fields: Vec<PromptField>) -> Result<Vec<PromptField>, AIError> {
        let mut problems = Vec::new();
        for (name, value) in self.values {
            match fields.iter_mut().find(|field| field.name == name) {
                Some(field) => field.value = value,
                None => problems
                    .push(FieldProblem::new(format!("values.{name}"), "is not a field of this prompt")),
            }
        }
        if problems.is_empty() { Ok(fields) } else { Err(AIError::InvalidRequest(problems)) }
    }
}

/// Problems of fields as those of the values that were sent for them.
pub(super) fn as_values(error: AIError, fields: &[PromptField]) -> AIError {
    let AIError::InvalidRequest(mut problems) = error else { return error };
    for problem in &mut problems {
        for (place, field) in fields.iter().enumerate() {
            if problem.field == format!("fields[{place}].value") {
                problem.field = format!("values.{}", field.name);
            }
        }
    }
    AIError::InvalidRequest(problems)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn field(name: &str) -> PromptField {
        serde_json::from_value(json!({"name": name, "label": name, "value": "x"})).unwrap()
    }

    fn draft(template: &str, variables: &[&str]) -> PromptDraft {
        PromptDraft {
            name: "p".to_owned(),
            template: template.to_owned(),
            variables: variables.iter().map(|&name| name.to_owned()).collect(),
            ..PromptDraft::default()
        }
    }

    fn problems(checked: Result<Vec<String>, AIError>) -> Vec<String> {
        match checked {
            Err(AIError::InvalidRequest(problems)) => problems.into_iter().map(|p| p.field).collect(),
            other => panic!("expected problems, got {other:?}"),
        }
    }

    #[test]
    fn fields_are_no_variables() {
        let checked = draft("{{tone}} {{today}} {{order}}", &["order", "today"]).check(&[field("tone")]);
        assert_eq!(checked.unwrap(), ["today", "order"]);
    }

    #[test]
    fn what_has_no_place_and_what_is_declared_twice_is_named() {
        let checked = draft("{{a}}", &["a"]).check(&[field("a"), field("b")]);
        assert_eq!(problems(checked), ["fields[1].name", "fields[0].name"]);
        let checked = draft("{{today}}", &[]).check(&[]);
        assert_eq!(problems(checked), ["variables"], "what the server fills is declared too");
    }

    #[test]
    fn more_variables_than_any_request_could_fill_are_not_even_compared() {
        let names: Vec<String> = (0..101).map(|number| format!("v{number}")).collect();
        let template = format!("{{{{{}}}}}", names.join("}}{{"));
        let all: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(problems(draft(&template, &all).check(&[])), ["variables"]);
        assert!(draft("{{v0}}", &["v0"]).check(&[]).is_ok());
    }

    #[test]
    fn a_value_without_a_field_is_named() {
        let values = |name: &str| FieldValues {
            values: [(name.to_owned(), FieldValue::Text("y".to_owned()))].into(),
            ..FieldValues::default()
        };
        let changed = values("a").into_fields(vec![field("a")]).unwrap();
        assert_eq!(changed[0].value.text(), "y");
        let refused = values("b").into_fields(vec![field("a")]).map(|_| Vec::new());
        assert_eq!(problems(refused), ["values.b"]);
    }
}
