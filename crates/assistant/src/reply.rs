//! The output contract: what a model answers with, and how its text is read.
//!
//! A turn asks for one JSON object whose first field is `reply`. Models without schemas wrap it in fences,
//! put a sentence in front of it, or ignore it and answer in prose; prose is a reply that asks for no
//! action. What starts as the object and does not end as one is a [`ReplyProblem`], whose text is the
//! objection of the one repair. The action is never read from prose.

mod scan;
mod shape;
mod stream;
mod text;

use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};
use serde_json::error::Category;
use serde_json::{Value, json};

use crate::provider::OutputSchema;
use shape::Shape;
pub use stream::ReplyStream;

/// What the model said, with what it wants done.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// What the customer reads: trimmed, no control characters. Empty only with [`Action::HandOver`], where
    /// the server sends a sentence of its own.
    pub text: String,
    /// What should happen next.
    pub action: Action,
    /// Why, for the operator; at most [`MAX_REASON_CHARS`] characters, often empty.
    pub reason: String,
    /// BCP 47 code the model says it wrote in.
    pub language: Option<String>,
    /// Labels of the facts the model says it used (`f1`, …), see [`crate::compose`].
    pub used_facts: Vec<String>,
    /// What the customer may choose from: at most [`MAX_CHOICES`], different, each short; often none.
    pub choices: Vec<String>,
    /// 0 to 1, the model's own opinion.
    pub confidence: Option<f32>,
    /// False when the model answered in prose.
    pub is_structured: bool,
}

impl Reply {
    /// Takes a text as the reply, cleaned, with nothing else known about it.
    pub fn prose(text: &str) -> Self {
        Self {
            text: text::clean(text),
            action: Action::Continue,
            reason: String::new(),
            language: None,
            used_facts: Vec::new(),
            choices: Vec::new(),
            confidence: None,
            is_structured: false,
        }
    }
}

/// What a reply wants done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Nothing; the conversation goes on.
    #[default]
    Continue,
    /// The customer is asked for something.
    Ask,
    /// A person should take over.
    HandOver,
    /// The matter is settled.
    Close,
}

impl Action {
    /// The name in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Continue => "continue",
            Self::Ask => "ask",
            Self::HandOver => "hand_over",
            Self::Close => "close",
        }
    }

    /// Reads a name as models write it: case and the sign between the words do not matter.
    fn from_name(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().replace(['-', ' '], "_").as_str() {
            "continue" => Some(Self::Continue),
            "ask" => Some(Self::Ask),
            "hand_over" | "handover" => Some(Self::HandOver),
            "close" => Some(Self::Close),
            _ => None,
        }
    }
}

/// Why an answer is not a reply. The text is what the model is told for its one repair.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplyProblem {
    /// Nothing to say.
    #[error("Your answer had no text for the customer. Fill the field \"reply\".")]
    Empty,
    /// The object has no end.
    #[error(
        "Your JSON object ended before its closing brace. Send the whole object, with a shorter \"reply\"."
    )]
    Cut,
    /// Not JSON, although it starts like it.
    #[error(
        "Your answer was not one valid JSON object ({0}). Send only the object, with its strings escaped."
    )]
    NotJson(String),
    /// The reply is missing or not a text.
    #[error("Your JSON object had no text in the field \"reply\". Send the object again with it.")]
    NoReply,
    /// The action is missing or not one of the four.
    #[error("The field \"action\" must be one of continue, ask, hand_over, close; it was {0}.")]
    UnknownAction(String),
}

/// The longest reason kept: the operator's page shows one line of it.
pub const MAX_REASON_CHARS: usize = 300;
/// The most fact labels kept: several times as many as the engine gives facts.
const MAX_USED_FACTS: usize = 32;
/// The most choices: rows of a list (WhatsApp: 10).
pub const MAX_CHOICES: usize = 10;
/// The longest choice, in characters. A channel that shows less of it writes the choices as text.
pub const MAX_CHOICE_CHARS: usize = 72;
/// The longest registered BCP 47 tag in use has 35 characters (RFC 5646, section 4.4.1).
const MAX_LANGUAGE_CHARS: usize = 35;
/// How much of a wrong action is repeated in the objection.
const MAX_QUOTED_CHARS: usize = 40;

/// The contract as a schema in its strict form: closed, all required, `reply` first so that it can be
/// streamed. No value constraints: Anthropic's structured outputs refuse them.
pub fn reply_schema() -> Arc<OutputSchema> {
    static SCHEMA: LazyLock<Arc<OutputSchema>> =
        LazyLock::new(|| Arc::new(OutputSchema { name: "reply", schema: schema() }));
    Arc::clone(&SCHEMA)
}

/// o200k tokens of [`reply_schema`].
pub(crate) fn schema_tokens() -> u64 {
    static TOKENS: LazyLock<u64> =
        LazyLock::new(|| pytake_tokenizer::count(&reply_schema().schema.to_string()) as u64);
    *TOKENS
}

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "reply": { "type": "string", "description": "What the customer reads." },
            "action": { "type": "string", "enum": ["continue", "ask", "hand_over", "close"] },
            "reason": { "type": "string", "description": "Why this action, in a few words." },
            "language": { "type": "string", "description": "BCP 47 code of the reply." },
            "used_facts": { "type": "array", "items": { "type": "string" } },
            "choices": { "type": "array", "items": { "type": "string" } },
            "confidence": { "type": "number", "description": "0 to 1." }
        },
        "required": ["reply", "action", "reason", "language", "used_facts", "choices", "confidence"],
        "additionalProperties": false
    })
}

/// Reads a whole answer.
///
/// # Errors
/// The answer is empty, or starts as the contract's object and is cut, invalid or without its action.
pub fn parse(answer: &str) -> Result<Reply, ReplyProblem> {
    let start = shape::after_thinking(answer).ok_or(ReplyProblem::Cut)?;
    let answer = &answer[start..];
    match shape::shape(answer) {
        Shape::Object { at } => parse_object(&answer[at..]),
        Shape::Undecided if shape::is_open_fence(answer) => Err(ReplyProblem::Cut),
        Shape::Prose | Shape::Undecided => prose(answer),
    }
}

fn prose(answer: &str) -> Result<Reply, ReplyProblem> {
    let reply = Reply::prose(answer);
    if reply.text.is_empty() { Err(ReplyProblem::Empty) } else { Ok(reply) }
}

/// The object as it may come. Only `reply` and `action` decide anything; the others are dropped where they
/// have a wrong type, because asking again for them would cost more than they are worth.
#[derive(Deserialize)]
struct RawReply {
    #[serde(default)]
    reply: Value,
    #[serde(default)]
    action: Value,
    #[serde(default)]
    reason: Value,
    #[serde(default)]
    language: Value,
    #[serde(default)]
    used_facts: Value,
    #[serde(default)]
    choices: Value,
    #[serde(default)]
    confidence: Value,
}

/// Reads the object a text starts with; what follows it does not matter.
fn parse_object(text: &str) -> Result<Reply, ReplyProblem> {
    let raw = read_raw(text).or_else(|problem| match text::escape_raw_controls(text) {
        Some(mended) => read_raw(&mended),
        None => Err(problem),
    });
    let raw = raw.map_err(|problem| match problem.classify() {
        Category::Eof => ReplyProblem::Cut,
        Category::Io | Category::Syntax | Category::Data => ReplyProblem::NotJson(problem.to_string()),
    })?;
    let text = text::clean(raw.reply.as_str().ok_or(ReplyProblem::NoReply)?);
    let action = match raw.action.as_str() {
        Some(name) => Action::from_name(name),
        None => None,
    };
    let action = action.ok_or_else(|| ReplyProblem::UnknownAction(quoted(&raw.action)))?;
    if text.is_empty() && action != Action::HandOver {
        return Err(ReplyProblem::Empty);
    }
    let reason = text::clean(raw.reason.as_str().unwrap_or_default());
    Ok(Reply {
        text,
        action,
        reason: reason.chars().take(MAX_REASON_CHARS).collect(),
        language: raw.language.as_str().filter(|code| is_language_code(code)).map(str::to_owned),
        used_facts: strings(raw.used_facts),
        choices: choices(raw.choices),
        confidence: score(&raw.confidence),
        is_structured: true,
    })
}

fn read_raw(text: &str) -> Result<RawReply, serde_json::Error> {
    RawReply::deserialize(&mut serde_json::Deserializer::from_str(text))
}

fn quoted(value: &Value) -> String {
    match value {
        Value::Null => "missing".to_owned(),
        other => other.to_string().chars().take(MAX_QUOTED_CHARS).collect(),
    }
}

fn is_language_code(code: &str) -> bool {
    let is_tag = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (2..=MAX_LANGUAGE_CHARS).contains(&code.len()) && code.chars().all(is_tag)
}

fn strings(value: Value) -> Vec<String> {
    let Value::Array(items) = value else { return Vec::new() };
    let texts = items.into_iter().filter_map(|item| match item {
        Value::String(text) => Some(text),
        _ => None,
    });
    texts.take(MAX_USED_FACTS).collect()
}

/// All choices or none: a list that lacks some would leave the customer without them.
fn choices(value: Value) -> Vec<String> {
    let Value::Array(items) = value else { return Vec::new() };
    let mut choices: Vec<String> = Vec::new();
    for item in items {
        let Value::String(text) = item else { return Vec::new() };
        let line = text::clean(&text).split_whitespace().collect::<Vec<_>>().join(" ");
        if line.is_empty() || choices.contains(&line) {
            continue;
        }
        if line.chars().count() > MAX_CHOICE_CHARS || choices.len() == MAX_CHOICES {
            return Vec::new();
        }
        choices.push(line);
    }
    choices
}

fn score(value: &Value) -> Option<f32> {
    let score = value.as_f64().filter(|score| (0.0..=1.0).contains(score))?;
    #[expect(clippy::cast_possible_truncation, reason = "between 0 and 1; an opinion has no 53 bits")]
    Some(score as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"{"reply":"Custa R$ 50.\nQuer?","action":"ask","reason":"price","language":"pt-BR","used_facts":["f1"],"confidence":0.9}"#;

    fn whole() -> Reply {
        Reply {
            text: "Custa R$ 50.\nQuer?".to_owned(),
            action: Action::Ask,
            reason: "price".to_owned(),
            language: Some("pt-BR".to_owned()),
            used_facts: vec!["f1".to_owned()],
            choices: Vec::new(),
            confidence: Some(0.9),
            is_structured: true,
        }
    }

    #[test]
    fn the_object_is_read_however_it_is_wrapped() {
        let wrapped = [
            WHOLE.to_owned(),
            format!("  \u{feff}\n{WHOLE}\n"),
            format!("```json\n{WHOLE}\n```"),
            format!("```\n{WHOLE}\n```\nEspero ter ajudado!"),
            format!("Aqui está a resposta:\n\n{WHOLE}"),
            format!("Sure! Here is the JSON:\n```json\n{WHOLE}\n```"),
            format!("<think>The price is in f1 {{\"reply\":\"no\"}}.</think>\n{WHOLE}"),
        ];
        for answer in wrapped {
            assert_eq!(parse(&answer), Ok(whole()), "{answer}");
        }
    }

    #[test]
    fn prose_is_a_reply_without_an_action() {
        for (answer, text) in [
            ("Bom dia! Abrimos às 9h.", "Bom dia! Abrimos às 9h."),
            ("\n Olá {nome}, tudo bem? \r\n", "Olá {nome}, tudo bem?"),
            ("action: hand_over", "action: hand_over"),
            ("```\nPIX 123\n```", "```\nPIX 123\n```"),
            ("[\"a\"]", "[\"a\"]"),
            ("<think>hm</think> Olá!", "Olá!"),
        ] {
            let reply = parse(answer).expect("prose is a reply");
            assert_eq!(reply.text, text);
            assert_eq!((reply.action, reply.is_structured), (Action::Continue, false));
        }
    }

    #[test]
    fn what_starts_as_the_object_and_is_wrong_is_a_problem() {
        for (answer, problem) in [
            ("", ReplyProblem::Empty),
            (" \n", ReplyProblem::Empty),
            (r#"{"reply":"Custa"#, ReplyProblem::Cut),
            (r#"{"reply":"Custa","action":"continue""#, ReplyProblem::Cut),
            ("```json", ReplyProblem::Cut),
            ("```json\n{", ReplyProblem::Cut),
            ("<think>without an end", ReplyProblem::Cut),
            (r#"{"reply":" ","action":"continue"}"#, ReplyProblem::Empty),
            (r#"{"reply":7,"action":"continue"}"#, ReplyProblem::NoReply),
            (r#"{"action":"continue"}"#, ReplyProblem::NoReply),
            (r#"{"reply":"a"}"#, ReplyProblem::UnknownAction("missing".to_owned())),
            (r#"{"reply":"a","action":"refund"}"#, ReplyProblem::UnknownAction("\"refund\"".to_owned())),
        ] {
            assert_eq!(parse(answer), Err(problem), "{answer}");
        }
        assert!(matches!(parse("{nome}, tudo bem?"), Err(ReplyProblem::NotJson(_))));
        assert!(matches!(
            parse(r#"{"reply":"a","reply":"b","action":"ask"}"#),
            Err(ReplyProblem::NotJson(_))
        ));
    }

    #[test]
    fn what_decides_nothing_is_dropped_when_it_is_wrong() {
        let answer = r#"{"reply":"a","action":"Hand-Over","reason":null,"language":"Português do Brasil","used_facts":"f1","confidence":85,"more":{"reply":"b"}}"#;
        let reply = parse(answer).expect("only optional fields are wrong");
        assert_eq!((reply.text.as_str(), reply.action), ("a", Action::HandOver));
        assert_eq!((reply.language, reply.confidence, reply.used_facts.len()), (None, None, 0));
    }

    #[test]
    fn choices_are_all_there_or_none() {
        let read = |choices: Value| {
            parse(&json!({"reply": "Qual?", "action": "ask", "choices": choices}).to_string())
                .unwrap()
                .choices
        };
        assert_eq!(read(json!([" P ", "M\nédio", "P", ""])), ["P", "M édio"]);
        assert_eq!(read(json!(["P", 7])), Vec::<String>::new());
        assert_eq!(read(json!("P")), Vec::<String>::new());
        assert_eq!(read(json!(["P", "x".repeat(MAX_CHOICE_CHARS + 1)])), Vec::<String>::new());
        let many = |count: usize| json!((0..count).map(|number| number.to_string()).collect::<Vec<_>>());
        assert_eq!(read(many(MAX_CHOICES)).len(), MAX_CHOICES);
        assert!(read(many(MAX_CHOICES + 1)).is_empty());
    }

    #[test]
    fn raw_line_breaks_inside_strings_are_forgiven() {
        let reply =
            parse("{\"reply\":\"uma\nduas \\\"três\\\"\",\n\"action\":\"continue\"}").expect("mended");
        assert_eq!(reply.text, "uma\nduas \"três\"");
    }

    #[test]
    fn a_hand_over_needs_no_text() {
        let reply = parse(r#"{"reply":"","action":"hand_over"}"#).expect("the server has the sentence");
        assert_eq!((reply.text.as_str(), reply.action), ("", Action::HandOver));
    }

    #[test]
    fn the_schema_is_strict_and_begins_with_the_reply() {
        let schema = reply_schema();
        let properties = schema.schema["properties"].as_object().expect("an object");
        let names: Vec<&str> = properties.keys().map(String::as_str).collect();
        assert_eq!(names[0], "reply");
        assert_eq!(json!(names), schema.schema["required"]);
        assert_eq!(schema.schema["additionalProperties"], false);
    }
}
