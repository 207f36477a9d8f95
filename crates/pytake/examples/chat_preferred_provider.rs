//! One question, with a preferred provider and silent fallback.
//!
//! `cargo run -p pytake --example chat_preferred_provider -- "Qual o horário de vocês?"`

use pytake::{AIError, AIProvider, AIService, ChatRequest};

#[tokio::main]
async fn main() -> Result<(), AIError> {
    let message = std::env::args().nth(1).unwrap_or_else(|| "Qual o horário de vocês?".to_owned());
    let ai_service = AIService::new();
    let response = ai_service
        .chat(ChatRequest {
            message,
            user_id: "user_123".to_owned(),
            preferred_provider: Some(AIProvider::OpenAI),
            max_tokens: Some(300),
            ..Default::default()
        })
        .await?;
    println!("{} ({} by {})", response.response, response.tokens_used, response.provider);
    Ok(())
}
