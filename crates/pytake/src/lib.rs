//! PyTake AI Assistant as a library: the engine of the server, without the server.
//!
//! ```no_run
//! use pytake::{AIService, ChatRequest};
//!
//! # async fn example() -> Result<(), pytake::AIError> {
//! let ai_service = AIService::new(); // from the environment
//! let response = ai_service
//!     .chat(ChatRequest {
//!         message: "Oi, qual o horário de vocês?".into(),
//!         user_id: "ana".into(),
//!         ..Default::default()
//!     })
//!     .await?;
//! println!("{}", response.response);
//! # Ok(())
//! # }
//! ```
//!
//! [`AIService`] wires what the crates below it may not know of each other: configuration, vendors, storage.

mod ai_service;
pub mod config;
mod demo;
mod wiring;

pub use ai_service::{AIService, AIServiceBuilder};
pub use pytake_assistant::analysis::{AnalysisEngine, CustomAnalysis, Finding, IntentOption};
pub use pytake_assistant::channel::Attachment;
pub use pytake_assistant::conversation::ConversationMessage;
pub use pytake_assistant::provider::{
    Completion, CompletionRequest, CompletionStream, FailureKind, FinishReason, ProviderFailure, StreamEvent,
};
pub use pytake_assistant::service::{PromptDraft, RenderedPrompt, UserUsageReport};
pub use pytake_assistant::{
    AIError, AIProvider, AIProviderTrait, AnalysisType, AnalyzeRequest, AnalyzeResponse, ChatEvent,
    ChatRequest, ChatResponse, ChatStream, ClassifyRequest, ClassifyResponse, ErrorKind, ModerateRequest,
    ModerateResponse, ModerationOpinion, Moderator, Settings, TranscribeResponse, Transcriber, Transcript,
    TranslateRequest, TranslateResponse,
};
pub use wiring::{Wired, WiringError, moderator, open_store, providers, transcriber, wire};
#[cfg(feature = "server")]
pub use wiring::{adopt_number, batches, channel};
