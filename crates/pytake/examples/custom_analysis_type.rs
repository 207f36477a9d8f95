//! An analysis of your own: one implementation of the trait, and one line where the service is built.
//!
//! This one says how likely a customer is to leave. `cargo run -p pytake --example custom_analysis_type`
//!
//! To add a built-in type instead, which every user of the server gets: one variant of `AnalysisType` and one file
//! in `crates/assistant/src/analysis/`; `analyzer.rs` there says how.

use async_trait::async_trait;
use pytake::{
    AIError, AIProviderTrait, AIService, AnalysisType, AnalyzeRequest, Completion, CompletionRequest,
    CustomAnalysis, Finding, FinishReason, ProviderFailure,
};
use serde_json::{Value, json};

struct ChurnRisk;

impl CustomAnalysis for ChurnRisk {
    fn name(&self) -> &'static str {
        "churn_risk"
    }

    fn instruction(&self) -> String {
        "\"level\": low, medium or high, how likely the customer is to leave; high only if they say so or compare \
         with a competitor. \"reason\": why, in a few English words."
            .to_owned()
    }

    fn schema(&self) -> Value {
        json!({
            "type": "object",
            "properties": {
                "level": {"type": "string", "enum": ["low", "medium", "high"]},
                "reason": {"type": "string"},
            },
            "required": ["level", "reason"],
            "additionalProperties": false,
        })
    }

    // The answer fits the schema already; what a schema cannot say is checked here. A model that is objected to is
    // asked once more, with the objection.
    fn read(&self, said: Finding, _message: &str) -> Result<Finding, String> {
        if said.value["reason"] == "" {
            Err("The \"reason\" must not be empty.".to_owned())
        } else {
            Ok(said)
        }
    }

    // Whoever says it outright needs no model.
    fn on_device(&self, message: &str) -> Option<Finding> {
        let says_so = ["cancelar", "cancel my"].iter().any(|words| message.to_lowercase().contains(words));
        let value = json!({"level": "high", "reason": "asks to cancel"});
        says_so.then(|| Finding { value, confidence: None })
    }
}

/// In the place of a model, so that the example needs no key.
#[derive(Debug)]
struct StandIn;

#[async_trait]
impl AIProviderTrait for StandIn {
    fn name(&self) -> &'static str {
        "stand-in"
    }

    fn default_model(&self) -> &'static str {
        "stand-in-1"
    }

    async fn chat_completion(&self, request: CompletionRequest) -> Result<Completion, ProviderFailure> {
        let entry = json!({"level": "medium", "reason": "compares prices", "confidence": 0.6});
        Ok(Completion {
            text: json!({"churn_risk": entry}).to_string(),
            model: request.model.to_string(),
            finish: FinishReason::Stop,
            usage: None,
            provider_request_id: None,
            confidence: None,
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), AIError> {
    let ai_service = AIService::builder().provider(StandIn).analysis(ChurnRisk).build()?;
    for message in ["Quero cancelar minha assinatura", "A loja ao lado vende mais barato"] {
        let churn_risk = AnalysisType::from("churn_risk");
        let request = AnalyzeRequest {
            message: message.to_owned(),
            user_id: "ana".to_owned(),
            analysis_type: vec![churn_risk.clone()],
            ..Default::default()
        };
        let found = ai_service.analyze(request).await?;
        println!("{message}: {} (by {})", found.analysis[&churn_risk], found.provider);
    }
    Ok(())
}
