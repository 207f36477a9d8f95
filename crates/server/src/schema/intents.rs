//! What customers write about: a tenant's intents.

use serde_json::Value;
use utoipa::ToSchema;

/// What a caller writes of an intent.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "encomenda_bolo", "description": "wants to order a cake", "department": "vendas",
    "examples": ["quero encomendar um bolo pra sábado", "vcs fazem bolo de aniversário?"],
}))]
pub(crate) struct IntentDraft {
    /// Unique in the set, on one line; not `out_of_scope`.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// What it means; helps both the device and a model.
    #[schema(max_length = 500, nullable = false)]
    description: Option<String>,
    /// Where its messages are sent.
    #[schema(min_length = 1, max_length = 60)]
    department: Option<String>,
    /// Messages that have it, in any language, 1 to 500 characters each. Ten or more make it reliable.
    #[schema(max_items = 500, nullable = false)]
    examples: Option<Vec<String>>,
    /// Messages that were read wrongly and belong to it.
    #[schema(max_items = 500, nullable = false)]
    corrections: Option<Vec<String>>,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    tenant_id: Option<String>,
}

/// What a customer may want.
#[derive(ToSchema)]
#[schema(as = IntentDefinition)]
pub(crate) struct Intent {
    name: String,
    description: String,
    #[schema(required)]
    department: Option<String>,
    examples: Vec<String>,
    /// Messages that were read wrongly and that a person has assigned to it.
    corrections: Vec<String>,
}

/// A whole set of intents; at most 5,000 examples in all.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct IntentsDraft {
    #[schema(min_items = 1, max_items = 200, value_type = Vec<IntentDraft>)]
    intents: Vec<IntentDraft>,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    tenant_id: Option<String>,
}

/// A message that was read wrongly.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CorrectionDraft {
    #[schema(min_length = 1, max_length = 500)]
    text: String,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    tenant_id: Option<String>,
}

/// The intents that messages are read by.
#[derive(ToSchema)]
pub(crate) struct IntentListing {
    items: Vec<Intent>,
    /// Always null: they fit one page.
    #[schema(required)]
    next: Option<String>,
    /// `tenant`, or `built_in` where the tenant has none of its own.
    source: String,
    /// Version of the tenant's set; null for the built-in one.
    #[schema(required)]
    version: Option<u64>,
}

/// What training found out about the tenant's own intents.
#[derive(ToSchema)]
pub(crate) struct IntentReport {
    version: u64,
    /// Confusions, contradictions, intents with too few examples, calibration.
    #[schema(value_type = Object)]
    report: Value,
}

/// A version of the tenant's own intents.
#[derive(ToSchema)]
pub(crate) struct IntentSetVersion {
    version: u64,
    /// What was changed.
    change: String,
    #[schema(format = DateTime)]
    created_at: String,
}
