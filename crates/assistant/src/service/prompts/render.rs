//! A preview: the text as a model gets it, where each value came from, what a call would cost.

use pytake_tokenizer::Family;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::utc_day;
use crate::compose::{TOKENS_FOR_REPLY, TOKENS_PER_MESSAGE};
use crate::error::{AIError, FieldProblem};
use crate::id::{PromptId, TenantId};
use crate::instructions;
use crate::money::{PicoUsd, TokenUsage};
use crate::prompts::{self, CustomPrompt, FilledVariable, Known};
use crate::router::Wish;
use crate::service::{Assistant, Engine};
use crate::tenant::ModelChoice;
use crate::tenant_view::TenantView;
use crate::turn::{check_context, check_user};

/// What to preview.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RenderRequest {
    /// One value for each variable of the prompt that the server does not fill.
    pub variables: Map<String, Value>,
    /// Which version; `None`: the newest.
    pub version: Option<u32>,
    /// For which customer; `None`: nobody in particular.
    pub user_id: Option<String>,
    /// The longest answer to estimate, in tokens; `None`: the longest that the server allows.
    pub max_tokens: Option<u32>,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

/// A prompt with its places filled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenderedPrompt {
    /// The text.
    pub text: String,
    /// o200k tokens of it.
    pub tokens: u64,
    /// Which version it is of.
    pub version: u32,
    /// What was filled in, from where, in order of first use.
    pub variables: Vec<FilledVariable>,
    /// What one call would cost at most, at today's prices, for every configured model.
    pub costs: Vec<EstimatedCost>,
}

/// What a call with nothing but this prompt would cost: no message, no facts, no history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EstimatedCost {
    /// The provider's name.
    pub provider: String,
    /// The model's id.
    pub model: String,
    /// Estimated tokens of the prompt with what the server adds to every prompt, as this model counts them.
    pub input_tokens: u64,
    /// The longest answer.
    pub output_tokens: u64,
    /// Millionths of a US dollar, or null where the price is unknown.
    pub cost_micro_usd: Option<i64>,
}

impl Assistant {
    /// Fills a prompt's places, for a preview. `customer_name` is what the channel knows of the customer. Values are bounded
    /// as those of a chat's context.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] naming missing and unknown variables; [`AIError::TokenLimitExceeded`] for
    /// `max_tokens`; [`AIError::NotFound`]; storage.
    pub async fn render_prompt(
        &self,
        tenant: &TenantId,
        id: &PromptId,
        request: RenderRequest,
        customer_name: Option<&str>,
    ) -> Result<RenderedPrompt, AIError> {
        let engine = &*self.engine;
        let most = engine.settings.max_output_tokens;
        let output_tokens = request.max_tokens.unwrap_or(most);
        if output_tokens > most {
            return Err(AIError::TokenLimitExceeded { current: output_tokens.into(), max: most.into() });
        }
        let mut problems = Vec::new();
        check_context(&request.variables, &mut problems);
        for problem in &mut problems {
            problem.field = problem.field.replacen("context", "variables", 1);
        }
        let user = request.user_id.as_deref().map(|user| check_user(user, &mut problems));
        if !problems.is_empty() {
            return Err(AIError::InvalidRequest(problems));
        }
        let prompt = self.prompt_version(tenant, id, request.version).await?;
        let view = engine.tenants.view(&*engine.store, tenant).await?;
        let language = self.language_of(tenant, user.flatten().as_ref()).await?;
        let known = Known { customer_name, ..engine.known(&view, language, None) };
        let unknown = unknown(&prompt, &request.variables);
        let filled = match prompts::fill(&prompt, &request.variables, &known) {
            Ok(filled) if unknown.is_empty() => filled,
            Ok(_) => return Err(AIError::InvalidRequest(unknown)),
            Err(problems) => {
                return Err(AIError::InvalidRequest(problems.into_iter().chain(unknown).collect()));
            }
        };
        Ok(RenderedPrompt {
            tokens: pytake_tokenizer::count(&filled.text) as u64,
            costs: engine.estimates(&view, &filled.text, output_tokens),
            version: prompt.version,
            variables: filled.variables,
            text: filled.text,
        })
    }
}

/// What was sent and has no place.
fn unknown(prompt: &CustomPrompt, sent: &Map<String, Value>) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    for name in sent.keys().filter(|name| !prompt.variables.contains(name)) {
        let is_field = prompt.fields.iter().any(|field| field.name == *name);
        let problem = if is_field {
            "is a field of this prompt, which has its own value"
        } else {
            "is not a variable of this template"
        };
        problems.push(FieldProblem::new(format!("variables.{name}"), problem));
    }
    problems
}

impl Engine {
    /// What one call with a prompt would cost at every model that may be asked for.
    fn estimates(&self, view: &TenantView, text: &str, output_tokens: u32) -> Vec<EstimatedCost> {
        let whole = instructions::with_contract(text);
        let counted = pytake_tokenizer::count(&whole);
        let rules = &view.terms.rules;
        let day = utc_day(self.clock.now());
        let mut costs = Vec::new();
        let wish = Wish { preferred: None, fallback: true, model: None, terms: &view.terms };
        for ModelChoice { provider, model: usual } in self.router.reachable(&wish) {
            let named = rules.models.get(&provider).filter(|models| !models.is_empty());
            let models = named.map_or_else(|| std::slice::from_ref(&usual), Vec::as_slice);
            for model in models {
                let tokens = family(model).estimate(counted) as u64;
                let usage = TokenUsage {
                    input_tokens: tokens + TOKENS_PER_MESSAGE + TOKENS_FOR_REPLY,
                    output_tokens: output_tokens.into(),
                    ..TokenUsage::default()
                };
                let cost = self.price(view, &provider, model, day).and_then(|price| price.cost(&usage));
                costs.push(EstimatedCost {
                    provider: provider.clone(),
                    model: model.clone(),
                    input_tokens: usage.input_tokens,
                    output_tokens: usage.output_tokens,
                    cost_micro_usd: cost.map(PicoUsd::micro_usd),
                });
            }
        }
        costs
    }
}

/// Whose tokens a model counts. Of Claude's, the ones that make more of a text.
fn family(model: &str) -> Family {
    if model.starts_with("gpt-") {
        Family::O200k
    } else if model.starts_with("claude") {
        Family::ClaudeCurrent
    } else {
        Family::Other
    }
}
