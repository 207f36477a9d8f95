//! OpenAI's moderation endpoint, as a second opinion for the content filter.
//!
//! It knows thirteen categories, the filter others: [`ours`] is the table between them. The endpoint is OpenAI's alone; a
//! gateway that lacks it answers 404, which is reported as a model that does not exist.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use pytake_assistant::provider::{Destination, FailureKind, ProviderFailure};
use pytake_assistant::{ModerationOpinion, Moderator};
use pytake_understanding::filter::Category;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::OpenAIConfig;
use crate::error::ConfigError;
use crate::exchange::unreadable;
use crate::failure::{VendorError, in_place_of_an_answer};
use crate::http::{Endpoint, KeyHeader, host, retry_after};
use crate::lenient::Text;

/// The model of OpenAI's own examples: the newest, and free of charge.
pub const OPENAI_MODERATION_MODEL: &str = "omni-moderation-latest";

/// OpenAI's moderation.
pub struct OpenAIModerator {
    endpoint: Endpoint,
}

impl OpenAIModerator {
    /// Prepares the client with the key and the base URL of OpenAI's configuration; connects to nothing yet.
    ///
    /// # Errors
    /// A base URL or key that cannot be used, or certificates that cannot be read.
    pub fn new(config: &OpenAIConfig) -> Result<Self, ConfigError> {
        let key = (KeyHeader::Bearer, Some(&config.api_key));
        Ok(Self { endpoint: Endpoint::new("openai", &config.base_url, "moderations", key, &[])? })
    }
}

impl fmt::Debug for OpenAIModerator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAIModerator").field("url", &self.endpoint.url().as_str()).finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Question<'a> {
    model: &'a str,
    input: &'a str,
}

#[async_trait]
impl Moderator for OpenAIModerator {
    fn name(&self) -> &'static str {
        "openai"
    }

    fn model(&self) -> &'static str {
        OPENAI_MODERATION_MODEL
    }

    fn takes_own_keys(&self) -> bool {
        true
    }

    fn destination(&self) -> Destination {
        Destination {
            host: host(self.endpoint.url()),
            has_key: self.endpoint.has_key(),
            ..Destination::default()
        }
    }

    async fn moderate(&self, text: &str) -> Result<ModerationOpinion, ProviderFailure> {
        ask(&self.endpoint, text).await
    }

    async fn moderate_with_key(
        &self,
        text: &str,
        key: &SecretString,
    ) -> Result<ModerationOpinion, ProviderFailure> {
        ask(&self.endpoint.with_key(key)?, text).await
    }
}

async fn ask(endpoint: &Endpoint, text: &str) -> Result<ModerationOpinion, ProviderFailure> {
    let question = Question { model: OPENAI_MODERATION_MODEL, input: text };
    let body = serde_json::to_vec(&question)
        .map_err(|error| ProviderFailure::new(FailureKind::BadRequest, error.to_string()))?;
    let response = endpoint.post(body).await?;
    let status = response.status().as_u16();
    if !(200..300).contains(&status) {
        let wait = retry_after(response.headers());
        let error = VendorError::from_body(&endpoint.read_error(response).await);
        return Err(error.failure(status, endpoint.excerpt(&error.message), wait));
    }
    let body = endpoint.read(response).await?;
    read(&body).map_err(|failure| ProviderFailure {
        message: endpoint.excerpt(&failure.message),
        status: failure.status.or(Some(status)),
        ..failure
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    model: Text,
    results: Option<Vec<Verdict>>,
    error: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Verdict {
    flagged: Option<bool>,
    categories: Option<Map<String, Value>>,
    category_scores: Option<Map<String, Value>>,
}

/// Reads an answer. One without a verdict about every text, which here is one text, is none.
fn read(body: &[u8]) -> Result<ModerationOpinion, ProviderFailure> {
    let answer: Answer = serde_json::from_slice(body).map_err(|error| unreadable(body, &error))?;
    if let Some(error) = answer.error.filter(|error| !error.is_null()) {
        return Err(in_place_of_an_answer(&error));
    }
    let malformed = |what| ProviderFailure::new(FailureKind::Malformed, what);
    let verdict = answer.results.and_then(|results| results.into_iter().next());
    let verdict = verdict.ok_or_else(|| malformed("the answer has no result"))?;
    let flagged =
        verdict.flagged.ok_or_else(|| malformed("the result does not say whether it is flagged"))?;
    let categories = verdict.categories.ok_or_else(|| malformed("the result has no categories"))?;
    let mut found = Vec::new();
    for (name, is_flagged) in &categories {
        // Null: the category does not apply to this kind of input.
        if is_flagged.as_bool() == Some(true) {
            found.extend(ours(name).iter().filter(|category| !found.contains(*category)).collect::<Vec<_>>());
        }
    }
    let mut scores: BTreeMap<Category, f32> = BTreeMap::new();
    for (name, score) in &verdict.category_scores.unwrap_or_default() {
        let Some(score) = score.as_f64() else { continue };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a figure from 0 to 1, of which six digits are plenty"
        )]
        let score = score.clamp(0.0, 1.0) as f32;
        for category in ours(name) {
            let most = scores.entry(*category).or_insert(score);
            *most = most.max(score);
        }
    }
    Ok(ModerationOpinion { flagged, categories: found, scores, model: answer.model.into_string() })
}

/// The filter's words for a category of OpenAI's.
///
/// What threatens is violence besides. `illicit` does not say which crime: `fraud` is the nearest, being against the law
/// without violence. A category that OpenAI adds later has no word here.
fn ours(category: &str) -> &'static [Category] {
    match category {
        "hate" => &[Category::Hate],
        "hate/threatening" => &[Category::Hate, Category::Violence],
        "harassment" => &[Category::Harassment],
        "harassment/threatening" => &[Category::Harassment, Category::Violence],
        "illicit" => &[Category::Fraud],
        "illicit/violent" => &[Category::Weapons],
        "self-harm" | "self-harm/intent" | "self-harm/instructions" => &[Category::SelfHarm],
        "sexual" => &[Category::Sexual],
        "sexual/minors" => &[Category::Minors],
        "violence" | "violence/graphic" => &[Category::Violence],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn opinion(result: &Value) -> Result<ModerationOpinion, ProviderFailure> {
        read(
            json!({"id": "m", "model": "omni-moderation-2024-09-26", "results": [result]})
                .to_string()
                .as_bytes(),
        )
    }

    #[test]
    fn the_surest_of_several_vendor_categories_is_ours() {
        let read = opinion(&json!({
            "flagged": true,
            "categories": {"harassment": true, "harassment/threatening": true, "violence": false, "illicit": null},
            "category_scores": {"harassment": 0.5, "harassment/threatening": 0.9, "violence": 0.2, "illicit": 0.01},
        }))
        .unwrap();
        assert_eq!(read.categories, [Category::Harassment, Category::Violence]);
        let expected = [(Category::Violence, 0.9), (Category::Harassment, 0.9), (Category::Fraud, 0.01)];
        assert_eq!(read.scores, BTreeMap::from(expected));
        assert_eq!((read.flagged, read.model.as_str()), (true, "omni-moderation-2024-09-26"));
    }

    #[test]
    fn a_category_nobody_knows_yet_is_left_out_and_the_flag_stays() {
        let read = opinion(&json!({"flagged": true, "categories": {"gossip": true}, "category_scores": {}}))
            .unwrap();
        assert_eq!((read.flagged, read.categories), (true, vec![]));
    }

    #[test]
    fn an_answer_without_a_verdict_is_none() {
        let kind = |body: &str| read(body.as_bytes()).unwrap_err().kind;
        assert_eq!(kind(r#"{"results": []}"#), FailureKind::Malformed);
        assert_eq!(kind(r#"{"choices": []}"#), FailureKind::Malformed);
        assert_eq!(kind(r#"{"results": [{"flagged": false}]}"#), FailureKind::Malformed);
        assert_eq!(kind(r#"{"results": [{"categories": {}}]}"#), FailureKind::Malformed);
        assert_eq!(kind("<html></html>"), FailureKind::Malformed);
        assert_eq!(kind(""), FailureKind::Incomplete);
        let error =
            r#"{"error": {"message": "m", "type": "insufficient_quota", "code": "insufficient_quota"}}"#;
        assert_eq!(kind(error), FailureKind::Billing);
    }
}
