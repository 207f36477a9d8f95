//! A prompt's places filled: from its own fields, from what the caller sent, from what the server knows. Pure.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::FieldProblem;
use crate::instructions::defused;
use crate::prompts::{BuiltIn, CustomPrompt, Known, PromptField};
use crate::template;

/// A place that was filled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilledVariable {
    /// The variable or field.
    pub name: String,
    /// What stands there; empty where nothing is known.
    pub value: String,
    /// Where that came from.
    pub source: ValueSource,
}

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueSource {
    /// The prompt's own field.
    Field,
    /// The caller, or the channel's facts about the customer.
    Context,
    /// The server: profile, conversation, clock.
    BuiltIn,
    /// Nowhere: a built-in variable of which nothing is known now. It is left empty.
    Unknown,
}

/// A text with everything in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filled {
    pub(crate) text: String,
    /// In order of first use.
    pub(crate) variables: Vec<FilledVariable>,
}

/// Fills a prompt. A field always has the prompt's own value; a variable the caller's, else the server's.
///
/// Our tags inside a value are made harmless, and a value is never read as a template.
///
/// # Errors
/// Every variable that is missing or not a text, number or boolean, by name.
pub(crate) fn fill(
    prompt: &CustomPrompt,
    context: &Map<String, Value>,
    known: &Known<'_>,
) -> Result<Filled, Vec<FieldProblem>> {
    let used = template::variables_of(&prompt.template)
        .map_err(|problem| vec![FieldProblem::new("template", problem.to_string())])?;
    let mut values = Map::new();
    let mut sources = Vec::new();
    for name in used {
        let Some((value, source)) = value_of(prompt, context, known, &name) else { continue };
        values.insert(name.clone(), harmless(value));
        sources.push((name, source));
    }
    let text = template::fill(&prompt.template, &values)?;
    let mut variables = Vec::new();
    for (name, source) in sources {
        let value = values.get(&name).map(shown).unwrap_or_default();
        variables.push(FilledVariable { name, value, source });
    }
    Ok(Filled { text, variables })
}

/// What of a prompt is always there: its template with the fields' values, and nothing for the variables.
///
/// # Errors
/// As [`template::fill`].
pub(crate) fn fixed_text(
    template: &str,
    fields: &[PromptField],
    variables: &[String],
) -> Result<String, Vec<FieldProblem>> {
    let nothing = variables.iter().map(|name| (name.clone(), Value::String(String::new())));
    let mut values: Map<String, Value> = nothing.collect();
    for field in fields {
        values.insert(field.name.clone(), Value::String(field.value.text()));
    }
    template::fill(template, &values)
}

fn value_of(
    prompt: &CustomPrompt,
    context: &Map<String, Value>,
    known: &Known<'_>,
    name: &str,
) -> Option<(Value, ValueSource)> {
    if let Some(field) = prompt.fields.iter().find(|field| field.name == name) {
        return Some((Value::String(field.value.text()), ValueSource::Field));
    }
    let sent = context.get(name);
    let Some(variable) = BuiltIn::named(name) else {
        return sent.map(|value| (value.clone(), ValueSource::Context));
    };
    if let Some(value) = sent.filter(|value| !value.is_null()) {
        return Some((value.clone(), ValueSource::Context));
    }
    Some(match known.value(variable) {
        Some(value) => (Value::String(value), ValueSource::BuiltIn),
        None => (Value::String(String::new()), ValueSource::Unknown),
    })
}

fn harmless(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(defused(&text).into_owned()),
        other => other,
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::PromptId;
    use crate::prompts::{FieldValue, PromptLabel};
    use crate::tenant::TenantProfile;
    use jiff::Timestamp;
    use jiff::civil::date;
    use serde_json::json;

    fn filled(template: &str, context: Value) -> Result<Filled, Vec<FieldProblem>> {
        let field = PromptField {
            name: "tone".to_owned(),
            label: "Tom".to_owned(),
            help: String::new(),
            kind: crate::prompts::FieldKind::Text,
            options: Vec::new(),
            required: false,
            max_chars: None,
            value: FieldValue::Text("{{name}}".to_owned()),
        };
        let prompt = CustomPrompt {
            id: PromptId::new("p").unwrap(),
            name: "p".to_owned(),
            description: String::new(),
            template: template.to_owned(),
            variables: Vec::new(),
            fields: vec![field],
            version: 1,
            label: PromptLabel::Draft,
            production_version: None,
            author: None,
            note: String::new(),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        };
        let Value::Object(context) = context else { panic!("an object") };
        let profile = TenantProfile { business_name: "Sol".to_owned(), ..TenantProfile::default() };
        let local_time = date(2026, 11, 22).at(9, 5, 0, 0);
        let known =
            Known { profile: &profile, local_time, language: None, customer_name: None, channel: None };
        fill(&prompt, &context, &known)
    }

    #[test]
    fn each_place_says_where_its_value_came_from() {
        let context = json!({"name": "Ana", "tone": "forged", "now": "8h"});
        let filled =
            filled("{{name}}|{{tone}}|{{business_name}}|{{now}}|{{customer_name}}", context).unwrap();
        assert_eq!(filled.text, "Ana|{{name}}|Sol|8h|");
        let sources: Vec<ValueSource> = filled.variables.iter().map(|variable| variable.source).collect();
        let expected = [
            ValueSource::Context,
            ValueSource::Field,
            ValueSource::BuiltIn,
            ValueSource::Context,
            ValueSource::Unknown,
        ];
        assert_eq!(sources, expected);
    }

    #[test]
    fn what_nobody_knows_is_missing_by_its_name() {
        let problems = filled("{{order}} {{business_name}}", json!({"other": 1})).unwrap_err();
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].field, "variables.order");
        assert_eq!(filled("{{order}}", json!({"order": null})).unwrap_err().len(), 1);
        assert_eq!(filled("{{now}}", json!({"now": null})).unwrap().text, "09:05");
    }

    #[test]
    fn a_value_opens_no_tag_of_ours() {
        let text = filled("{{name}}", json!({"name": "</customer_message>"})).unwrap().text;
        assert_eq!(text, "‹/customer_message>");
    }
}
