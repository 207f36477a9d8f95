//! Analyses of the embedding program's own: the public seam, and what the engine keeps of each.
//!
//! They go the way of the built-in types: the same plan, one prompt and one call for all types, the same check,
//! repair and booking. What is wrong with one is said when it is registered, not at the first message.

mod shape;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;

use serde_json::{Value, json};

use super::AnalysisType;
use super::fields::{Fields, Objection, confidence};
use super::finding::Finding;
use crate::error::AIError;
use shape::Shape;

/// The longest name, in characters: one line of a log.
const MAX_NAME_CHARS: usize = 40;

/// A type of analysis that the embedding program adds.
///
/// Register it with [`AssistantBuilder::analysis`](crate::AssistantBuilder::analysis); requests name it as
/// [`AnalysisType::Custom`]. Its methods are called on the runtime: no I/O, nothing that takes long.
pub trait CustomAnalysis: Send + Sync + 'static {
    /// The name on the wire and in a model's answer: `[a-z][a-z0-9_]{0,39}`, not that of a built-in type. Read
    /// once.
    fn name(&self) -> &str;

    /// What the model is told about the fields; it stands after the name and a colon. Read once.
    fn instruction(&self) -> String;

    /// The JSON schema of the model's entry: an object, and in it objects, lists, words (`enum`), texts, numbers,
    /// integers and flags. Every object lists all its properties as `required` and has
    /// `"additionalProperties": false`. A property `confidence` is added. Read once.
    fn schema(&self) -> Value;

    /// Reads what a model said: its value fits the schema and holds nothing else, its confidence is the model's own.
    ///
    /// The default takes it as it is. It is called more than once for an answer, and must say the same every time.
    ///
    /// # Errors
    /// What is wrong with it and what would be right, as a sentence for the model, which is asked once more.
    fn read(&self, said: Finding, message: &str) -> Result<Finding, String> {
        let _ = message;
        Ok(said)
    }

    /// What can be found in this message without a model; `None`, also the default, where a model is needed.
    fn on_device(&self, message: &str) -> Option<Finding> {
        let _ = message;
        None
    }
}

/// A registered analysis.
pub(super) struct Custom {
    analysis: Arc<dyn CustomAnalysis>,
    name: Arc<str>,
    pub(super) instruction: String,
    /// With `confidence`.
    pub(super) schema: Value,
    shape: Shape,
}

impl Custom {
    /// # Errors
    /// [`AIError::Configuration`] naming the analysis and what is wrong with it.
    fn check(analysis: Arc<dyn CustomAnalysis>) -> Result<Self, AIError> {
        let name: Arc<str> = analysis.name().into();
        let wrong = |why: &dyn Display| AIError::Configuration(format!("the analysis {name:?}: {why}"));
        if !is_name(&name) {
            return Err(wrong(&"its name must be [a-z][a-z0-9_]{0,39}"));
        }
        if !matches!(AnalysisType::from(&*name), AnalysisType::Custom(_)) {
            return Err(wrong(&"its name is that of a built-in one"));
        }
        let instruction = analysis.instruction().trim().to_owned();
        if instruction.is_empty() {
            return Err(wrong(&"it has no instruction"));
        }
        let mut schema = analysis.schema();
        let shape = Shape::of_entry(&schema).map_err(|why| wrong(&format_args!("its schema: {why}")))?;
        schema["properties"]["confidence"] = confidence();
        if let Some(required) = schema["required"].as_array_mut() {
            required.push(json!("confidence"));
        }
        Ok(Self { analysis, name, instruction, schema, shape })
    }

    /// Reads the model's entry.
    pub(super) fn read(&self, root: &Fields<'_>, message: &str) -> Result<Finding, Objection> {
        let value = self.shape.read(&self.name, root.value(&self.name))?;
        let confidence = root.object(&self.name)?.share("confidence")?;
        self.analysis.read(Finding { value, confidence: Some(confidence) }, message).map(honest)
    }

    /// What it finds alone.
    pub(super) fn on_device(&self, message: &str) -> Option<Finding> {
        self.analysis.on_device(message).map(honest)
    }
}

/// All registered analyses.
#[derive(Default)]
pub(crate) struct CustomAnalyses {
    by_name: BTreeMap<Arc<str>, Arc<Custom>>,
}

impl CustomAnalyses {
    /// Adds one.
    ///
    /// # Errors
    /// [`AIError::Configuration`] when its name is not one or taken, or its schema not strict.
    pub(crate) fn add(&mut self, analysis: Arc<dyn CustomAnalysis>) -> Result<(), AIError> {
        let custom = Custom::check(analysis)?;
        if self.by_name.contains_key(&custom.name) {
            return Err(AIError::Configuration(format!("two analyses are named {:?}", custom.name)));
        }
        self.by_name.insert(Arc::clone(&custom.name), Arc::new(custom));
        Ok(())
    }

    pub(super) fn find(&self, name: &str) -> Option<Arc<Custom>> {
        self.by_name.get(name).map(Arc::clone)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(AsRef::as_ref)
    }
}

fn is_name(name: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    name.len() <= MAX_NAME_CHARS
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(is_allowed)
}

/// A confidence outside 0 to 1 says nothing.
fn honest(mut finding: Finding) -> Finding {
    finding.confidence = finding.confidence.filter(|sure| (0.0..=1.0).contains(sure));
    finding
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// How probable it is that the customer leaves. Whoever writes "cancel" needs no model.
    pub(in crate::analysis) struct Churn(pub(in crate::analysis) &'static str);

    impl CustomAnalysis for Churn {
        fn name(&self) -> &str {
            self.0
        }

        fn instruction(&self) -> String {
            "\"level\": low or high.".to_owned()
        }

        fn schema(&self) -> Value {
            json!({
                "type": "object",
                "properties": {"level": {"type": "string", "enum": ["low", "high"]}},
                "required": ["level"],
                "additionalProperties": false,
            })
        }

        fn read(&self, said: Finding, message: &str) -> Result<Finding, String> {
            match said.value["level"].as_str() {
                Some("high") if message == "Obrigada!" => Err("Thanks are no risk.".to_owned()),
                _ => Ok(said),
            }
        }

        fn on_device(&self, message: &str) -> Option<Finding> {
            message
                .contains("cancel")
                .then(|| Finding { value: json!({"level": "high"}), confidence: Some(7.0) })
        }
    }

    pub(in crate::analysis) fn churn() -> CustomAnalyses {
        let mut customs = CustomAnalyses::default();
        customs.add(Arc::new(Churn("churn_risk"))).unwrap();
        customs
    }

    fn refusal(name: &'static str) -> String {
        churn().add(Arc::new(Churn(name))).unwrap_err().to_string()
    }

    fn read(answer: &str, message: &str) -> Result<Finding, Objection> {
        let object = Fields::parse(answer)?;
        churn().find("churn_risk").unwrap().read(&Fields::root(&object), message)
    }

    #[test]
    fn a_name_that_is_none_built_in_or_taken_is_refused() {
        for name in ["", "Churn", "1st", "churn-risk", "risco_é", &"x".repeat(41)] {
            assert!(!is_name(name), "{name}");
        }
        assert!(is_name("c") && is_name(&"x".repeat(40)));
        assert!(refusal("churn risk").contains("its name must be"));
        assert!(refusal("sentiment").contains("built-in"));
        assert!(refusal("churn_risk").contains("two analyses are named \"churn_risk\""));
    }

    #[test]
    fn confidence_is_asked_for_besides_what_the_schema_has() {
        let schema = &churn().find("churn_risk").unwrap().schema;
        assert_eq!(schema["required"], json!(["level", "confidence"]));
        assert_eq!(schema["properties"]["confidence"]["type"], "number");
    }

    #[test]
    fn the_schema_is_held_before_the_analysis_reads_and_may_object() {
        let said =
            |level: &str| format!(r#"{{"churn_risk": {{"level": "{level}", "confidence": 0.5, "x": 1}}}}"#);
        let found = Finding { value: json!({"level": "high"}), confidence: Some(0.5) };
        assert_eq!(read(&said("HIGH"), "Oi").unwrap(), found);
        assert_eq!(read(&said("high"), "Obrigada!").unwrap_err(), "Thanks are no risk.");
        let objection = read(&said("extreme"), "Oi").unwrap_err();
        assert_eq!(objection, r#"The field "churn_risk.level" must be one of low, high; it was "extreme"."#);
        let objection = read(r#"{"churn_risk": {"level": "low"}}"#, "Oi").unwrap_err();
        assert!(objection.contains("\"churn_risk.confidence\" must be a number from 0 to 1"), "{objection}");
    }

    #[test]
    fn a_confidence_that_is_none_is_null() {
        let found = churn().find("churn_risk").unwrap().on_device("quero cancelar").unwrap();
        assert_eq!(found, Finding { value: json!({"level": "high"}), confidence: None });
    }
}
