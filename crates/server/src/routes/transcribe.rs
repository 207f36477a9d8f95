//! `POST /api/v1/ai/transcribe`: what is said in a recording.

use axum::Json;
use axum::extract::State;
use pytake_assistant::TranscribeResponse;
use pytake_assistant::channel::Attachment;
use pytake_assistant::error::FieldProblem;
use pytake_assistant::id::UserId;
use pytake_understanding::language::Language;

use crate::auth::{Authorized, ChatScope};
use crate::input::{Fields, Upload};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

/// The short fields of the form.
#[derive(Debug, Default)]
pub(super) struct TranscribeFields {
    user_id: Option<String>,
    language: Option<String>,
    tenant_id: Option<String>,
}

impl Fields for TranscribeFields {
    const NAMES: &'static [&'static str] = &["user_id", "language", "tenant_id"];

    fn take(&mut self, name: &str, value: String) {
        match name {
            "user_id" => self.user_id = Some(value),
            "language" => self.language = Some(value),
            _ => self.tenant_id = Some(value),
        }
    }
}

impl TranscribeFields {
    /// Checks every field and reports all problems at once.
    fn check(&self) -> Result<(UserId, Option<Language>), Problem> {
        let mut problems = Vec::new();
        let user = match self.user_id.as_deref() {
            None => Err("is missing".to_owned()),
            Some(user) if user.trim().is_empty() => Err("must not be empty".to_owned()),
            Some(user) => UserId::new(user).map_err(|why| why.to_string()),
        };
        let user = user.map_err(|problem| problems.push(FieldProblem::new("user_id", problem))).ok();
        let given = self.language.as_deref().filter(|tag| !tag.trim().is_empty());
        let language = given.and_then(Language::from_code);
        if given.is_some() && language.is_none() {
            problems.push(FieldProblem::new("language", "must be pt, es or en, or absent"));
        }
        match user {
            Some(user) if problems.is_empty() => Ok((user, language)),
            _ => Err(Problem::invalid_fields(&problems)),
        }
    }
}

/// Write down a recording.
///
/// A voice note in ogg, mp3, m4a, mp4, webm, wav, flac, aac, amr or 3gp, of at most 25 MiB. What the file is, its bytes say. It
/// goes to the provider in `AI_TRANSCRIPTION_PROVIDER` and is not kept. Not every provider takes aac, amr and 3gp.
#[utoipa::path(
    post, path = "/api/v1/ai/transcribe", tag = "chat", operation_id = "transcribe",
    request_body(content = inline(schema::TranscribeForm), content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "What was said", body = schema::TranscribeResponse),
        (status = 422, description = "`no_speech`: nothing is said in it", body = schema::Error),
    ),
)]
pub(super) async fn transcribe(
    caller: Authorized<ChatScope>,
    State(state): State<AppState>,
    upload: Upload<TranscribeFields>,
) -> Result<Json<TranscribeResponse>, Problem> {
    let (user, language) = upload.fields.check()?;
    let tenant = caller.tenant_for(upload.fields.tenant_id.clone())?;
    let audio = Attachment { mime_type: String::new(), bytes: upload.file.clone() };
    Ok(Json(state.assistant.transcribe(&tenant, &user, audio, language).await?))
}
