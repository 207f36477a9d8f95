//! The assistant: what a turn does with a message, and the engine other programs embed.
//!
//! No SQL, no HTTP server, no vendor: storage and providers are traits that others implement.
//! Read `turn.rs` first; whoever reads only that function knows the product.

pub mod analysis;
pub mod answers;
pub mod author;
pub mod budget;
pub mod channel;
pub mod chat;
pub mod clock;
pub mod compose;
pub mod conversation;
pub mod error;
pub mod events;
pub mod id;
pub mod instructions;
pub mod intents;
pub mod ledger;
pub mod moderation;
pub mod money;
pub mod phrases;
pub mod pictures;
pub mod prompts;
pub mod provider;
pub mod reply;
pub mod router;
pub mod service;
pub mod settings;
pub mod spans;
pub mod template;
pub mod tenant;
pub mod trail;
pub mod transcription;
pub mod translation;
pub mod vet;

mod answer_cache;
mod guard;
mod intent_models;
mod lanes;
mod limits;
mod masking;
mod summary;
mod tenant_view;
mod turn;

pub use analysis::{
    AnalysisEngine, AnalysisType, AnalyzeRequest, AnalyzeResponse, ClassifyRequest, ClassifyResponse,
    CustomAnalysis,
};
pub use author::Author;
pub use chat::{AIProvider, ChatEvent, ChatRequest, ChatResponse, ChatStream};
pub use clock::Clock;
pub use conversation::{ConversationMessage, Conversations};
pub use error::{AIError, ErrorKind};
pub use id::IdSource;
pub use ledger::Ledger;
pub use limits::{NoPlace, Pass, Standing, Turnstile};
pub use moderation::{ModerateRequest, ModerateResponse, ModerationOpinion, Moderator};
pub use provider::AIProviderTrait;
pub use service::{Assistant, AssistantBuilder};
pub use settings::Settings;
pub use transcription::{TranscribeResponse, Transcriber, Transcript};
pub use translation::{TranslateRequest, TranslateResponse};

/// Everything a turn keeps, in one object: what a database adapter implements.
pub trait Storage:
    conversation::Conversations
    + ledger::Ledger
    + prompts::Prompts
    + answers::Answers
    + intents::IntentSets
    + tenant::Tenants
{
}

impl<T> Storage for T where
    T: conversation::Conversations
        + ledger::Ledger
        + prompts::Prompts
        + answers::Answers
        + intents::IntentSets
        + tenant::Tenants
{
}
