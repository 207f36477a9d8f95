//! A new provider: one implementation of the trait, and one line where providers are built.
//!
//! This one answers with the message in capitals. `cargo run -p pytake --example new_provider`

use async_trait::async_trait;
use pytake::{
    AIError, AIProviderTrait, AIService, ChatRequest, Completion, CompletionRequest, FailureKind,
    FinishReason, ProviderFailure,
};

#[derive(Debug)]
struct ShoutProvider;

#[async_trait]
impl AIProviderTrait for ShoutProvider {
    fn name(&self) -> &'static str {
        "shout"
    }

    fn default_model(&self) -> &'static str {
        "capitals-1"
    }

    async fn chat_completion(&self, request: CompletionRequest) -> Result<Completion, ProviderFailure> {
        let Some(last) = request.evidence.message.split_whitespace().next() else {
            return Err(ProviderFailure::new(FailureKind::BadRequest, "there is nothing to shout"));
        };
        Ok(Completion {
            text: format!("{}!", last.to_uppercase()),
            model: request.model.to_string(),
            finish: FinishReason::Stop,
            usage: None, // the engine counts, and marks the numbers as estimated
            provider_request_id: None,
            confidence: None,
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), AIError> {
    let ai_service = AIService::builder().provider(ShoutProvider).build()?;
    let request = ChatRequest { message: "good morning".into(), user_id: "ana".into(), ..Default::default() };
    println!("{}", ai_service.chat(request).await?.response);
    Ok(())
}
