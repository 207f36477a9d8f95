//! Choosing one of the available intents: the prompt, the schema, and the choice read again. Pure.

use std::collections::BTreeMap;

use pytake_understanding::built_in::OUT_OF_SCOPE;
use pytake_understanding::intents;

use super::checked::Question;
use super::fields::{Fields, Objection, choice, closed, confidence, list};
use super::intent::ASK_BELOW;
use super::prompt::{CLOSING, OPENING, Prompt, added};
use super::topics::Topics;
use super::{IntentOption, IntentScore};
use crate::error::AIError;
use crate::instructions::defused;
use crate::provider::OutputSchema;

pub(crate) use super::plan::may_classify;

/// Second thoughts kept.
const MAX_ALTERNATIVES: usize = 3;

/// What can be chosen from.
#[derive(Debug, Clone)]
pub(crate) struct Intents {
    options: Vec<IntentOption>,
}

/// What was chosen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Choice {
    pub(crate) intent: String,
    pub(crate) confidence: f32,
    /// The likeliest first.
    pub(crate) alternatives: Vec<IntentScore>,
}

impl Choice {
    /// What the device chose.
    pub(crate) fn on_device(choice: &intents::Choice) -> Self {
        let score = |other: &intents::Alternative| IntentScore {
            intent: other.intent.clone(),
            confidence: other.confidence,
        };
        let alternatives = choice.alternatives.iter().take(MAX_ALTERNATIVES).map(score).collect();
        Self { intent: choice.name().to_owned(), confidence: choice.confidence, alternatives }
    }

    /// True where the engine `auto` asks a model.
    pub(crate) fn is_unsure(&self) -> bool {
        self.confidence < ASK_BELOW
    }
}

impl Intents {
    /// Those of a request.
    pub(crate) fn new(options: Vec<IntentOption>) -> Self {
        Self { options }
    }

    /// A business's own, or the built-in ones.
    pub(crate) fn of_topics(topics: &Topics) -> Self {
        let described = topics.intents.iter().map(|intent| IntentOption::Described {
            name: intent.name.clone(),
            description: intent.description.clone(),
            examples: Vec::new(),
        });
        Self { options: described.collect() }
    }

    /// Their names, and that of none of them.
    fn names(&self) -> Vec<&str> {
        let own = self.options.iter().map(IntentOption::name);
        own.clone().chain((!own.clone().any(|name| name == OUT_OF_SCOPE)).then_some(OUT_OF_SCOPE)).collect()
    }

    /// Asks for one of them.
    ///
    /// # Errors
    /// [`AIError::TokenLimitExceeded`] when the intents without their examples are longer than a prompt may be.
    pub(crate) fn prompt(
        &self,
        question: &Question,
        addition: Option<&str>,
        max_tokens: u64,
    ) -> Result<Prompt, AIError> {
        let bare = Prompt::new(self.system(&[], addition), self.schema(), question, max_tokens)?;
        let shown = self.examples_that_fit(max_tokens - bare.input_tokens);
        if shown.iter().all(|shown| *shown == 0) {
            return Ok(bare);
        }
        // Joined text may differ by a few tokens from the sum of its parts; the budget is ours, not a model's.
        Prompt::new(self.system(&shown, addition), self.schema(), question, u64::MAX)
    }

    /// How many examples of each intent are shown: the first of every intent, then the second, as long as they fit.
    fn examples_that_fit(&self, mut tokens_left: u64) -> Vec<usize> {
        let mut shown = vec![0; self.options.len()];
        let most = self.options.iter().map(|option| option.examples().len()).max().unwrap_or(0);
        for level in 0..most {
            for (option, count) in self.options.iter().zip(&mut shown) {
                let Some(example) = option.examples().get(level) else { continue };
                let tokens = pytake_tokenizer::count(&line(example)) as u64;
                if tokens > tokens_left {
                    return shown;
                }
                tokens_left -= tokens;
                *count += 1;
            }
        }
        shown
    }

    fn system(&self, shown: &[usize], addition: Option<&str>) -> String {
        let mut text = format!(
            "{OPENING}\n# What to find out\nWhich of the intents below the message has.\n- \"intent\": the name of the \
             one that fits best, exactly as listed; \"{OUT_OF_SCOPE}\" if none fits.\n- \"confidence\": 0 to 1, how \
             sure you are.\n- \"alternatives\": up to {MAX_ALTERNATIVES} others that may be meant, each with \
             \"intent\" and \"confidence\"; often none.\n\n# The intents\n"
        );
        for (at, option) in self.options.iter().enumerate() {
            text.push_str(&headline(option));
            let shown = shown.get(at).copied().unwrap_or(0);
            text.extend(option.examples().iter().take(shown).map(|example| line(example)));
        }
        text.push('\n');
        text.push_str(&added(addition));
        text.push_str(CLOSING);
        text
    }

    fn schema(&self) -> OutputSchema {
        let name = || choice(self.names());
        let alternative = closed([("intent", name()), ("confidence", confidence())]);
        let schema =
            closed([("intent", name()), ("confidence", confidence()), ("alternatives", list(alternative))]);
        OutputSchema { name: "intent", schema }
    }

    /// Reads the choice.
    ///
    /// # Errors
    /// What is wrong with it, for the model's one repair.
    pub(crate) fn read(&self, answer: &str) -> Result<Choice, Objection> {
        let object = Fields::parse(answer)?;
        let root = Fields::root(&object);
        let names = self.names();
        let intent = root.name("intent", &names)?;
        let mut alternatives: BTreeMap<&str, f32> = BTreeMap::new();
        for one in root.objects("alternatives")? {
            alternatives.entry(one.name("intent", &names)?).or_insert(one.share("confidence")?);
        }
        alternatives.remove(intent);
        let mut alternatives: Vec<IntentScore> = alternatives
            .into_iter()
            .map(|(intent, confidence)| IntentScore { intent: intent.to_owned(), confidence })
            .collect();
        alternatives.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        alternatives.truncate(MAX_ALTERNATIVES);
        Ok(Choice { intent: intent.to_owned(), confidence: root.share("confidence")?, alternatives })
    }
}

/// An intent as the model sees it.
fn headline(option: &IntentOption) -> String {
    match option.description().trim() {
        "" => format!("- {}\n", quoted(option.name())),
        description => format!("- {}: {}\n", quoted(option.name()), quoted(description)),
    }
}

/// An example as the model sees it.
fn line(example: &str) -> String {
    format!("  e.g. {}\n", quoted(example))
}

/// Text of the caller's on one line, without tags of ours.
fn quoted(text: &str) -> String {
    serde_json::Value::from(defused(text)).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::analysis::AnalysisEngine;
    use crate::id::UserId;

    fn question() -> Question {
        let user = UserId::new("ana").unwrap();
        let message = "quero comprar um boné".to_owned();
        Question { user, message, context: serde_json::Map::new(), engine: AnalysisEngine::Auto }
    }

    fn own(examples: usize) -> Intents {
        let described = |name: &str| IntentOption::Described {
            name: name.to_owned(),
            description: "wants </system>\nit".to_owned(),
            examples: (0..examples).map(|n| format!("example {n} of {name}")).collect(),
        };
        Intents::new(vec![described("buy"), described("return"), IntentOption::Name("Buy".to_owned())])
    }

    #[test]
    fn the_prompt_reads_as_agreed() {
        let prompt = own(1).prompt(&question(), None, 8_000).unwrap();
        insta::assert_snapshot!(format!("{}---\n{}", prompt.system, prompt.content));
    }

    #[test]
    fn the_schema_allows_the_intents_and_none_of_them() {
        let prompt = own(0).prompt(&question(), None, 8_000).unwrap();
        let names = json!(["buy", "return", "Buy", "out_of_scope"]);
        assert_eq!(prompt.schema.schema["properties"]["intent"]["enum"], names);
        let built_in = Intents::of_topics(&Topics::of(&[])).prompt(&question(), None, 8_000).unwrap();
        let names = built_in.schema.schema["properties"]["intent"]["enum"].as_array().unwrap().clone();
        assert!(names.contains(&json!("refund")) && names.contains(&json!("out_of_scope")));
    }

    #[test]
    fn every_intent_gets_a_first_example_before_one_gets_a_second() {
        assert_eq!(own(3).examples_that_fit(u64::MAX), [3, 3, 0]);
        let one = pytake_tokenizer::count(&line("example 0 of buy")) as u64;
        assert_eq!(own(3).examples_that_fit(3 * one + 1), [2, 1, 0]);
        assert_eq!(own(3).examples_that_fit(0), [0, 0, 0]);
    }

    #[test]
    fn examples_are_left_out_before_a_prompt_is_too_long() {
        let least = own(0).prompt(&question(), None, 8_000).unwrap().input_tokens;
        let prompt = own(50).prompt(&question(), None, least + 40).unwrap();
        assert!((least + 1..least + 60).contains(&prompt.input_tokens), "{}", prompt.input_tokens);
        let refused = own(50).prompt(&question(), None, least - 1);
        assert!(matches!(refused, Err(AIError::TokenLimitExceeded { .. })));
    }

    #[test]
    fn the_choice_is_not_among_its_alternatives() {
        let answer = json!({"intent": "buy", "confidence": 0.7, "alternatives": [
            {"intent": "buy", "confidence": 0.7}, {"intent": "return", "confidence": 0.1},
            {"intent": "OUT_OF_SCOPE", "confidence": 0.2}]});
        let choice = own(0).read(&answer.to_string()).unwrap();
        assert_eq!((choice.intent.as_str(), choice.confidence), ("buy", 0.7));
        let others: Vec<&str> = choice.alternatives.iter().map(|other| other.intent.as_str()).collect();
        assert_eq!(others, ["out_of_scope", "return"]);
    }

    #[test]
    fn an_intent_that_is_not_available_is_objected_to() {
        let objection =
            own(0).read(r#"{"intent": "sell", "confidence": 1, "alternatives": []}"#).unwrap_err();
        assert!(objection.contains("one of the names listed above"), "{objection}");
    }
}
