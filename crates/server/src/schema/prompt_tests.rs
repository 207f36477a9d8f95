//! Test sets of prompts.

use utoipa::ToSchema;

/// A test set to be stored.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "cases": [{"input": "Quanto custa o frete?", "must_contain": ["R$"], "language": "pt", "hand_over_expected": false}],
}))]
pub(crate) struct TestSetDraft {
    /// Replaces all there are.
    #[schema(max_items = 50)]
    cases: Vec<TestCase>,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    tenant_id: Option<String>,
}

/// The test set of a prompt.
#[derive(ToSchema)]
pub(crate) struct TestSet {
    cases: Vec<TestCase>,
    /// When the cases last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

/// One customer's message, and what has to come of it.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TestCase {
    /// What the customer writes.
    #[schema(min_length = 1, max_length = 4096)]
    input: String,
    /// Facts about the customer and variables: strings, numbers, true, false.
    #[schema(value_type = Option<Object>, nullable = false)]
    context: Option<serde_json::Value>,
    /// Texts the answer must contain, in any case, of 1 to 200 characters.
    #[schema(max_items = 10, nullable = false)]
    must_contain: Option<Vec<String>>,
    /// Texts it must not contain, in any case, of 1 to 200 characters.
    #[schema(max_items = 10, nullable = false)]
    must_not_contain: Option<Vec<String>>,
    /// `pt`, `es` or `en`; any when absent.
    language: Option<String>,
    /// Whether a person has to take over; either when absent.
    hand_over_expected: Option<bool>,
}

/// What to test.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestRunRequest {
    /// The newest when absent.
    version: Option<u32>,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    tenant_id: Option<String>,
}

/// How a version did, beside the one in production.
#[derive(ToSchema)]
pub(crate) struct TestReport {
    run: TestRun,
    /// The last run of the version in production; null: there is none, or it is this version.
    #[schema(required)]
    production: Option<TestedBefore>,
    /// What a run of this version costs more, in millionths of a US dollar; null where a cost is unknown or the cases
    /// have changed since.
    #[schema(required)]
    cost_difference_micro_usd: Option<i64>,
}

/// How a version did.
#[derive(ToSchema)]
pub(crate) struct TestRun {
    version: u32,
    #[schema(format = DateTime)]
    ran_at: String,
    /// Who ran it.
    author: String,
    /// Which cases ran: runs of different ones do not compare.
    #[schema(format = DateTime)]
    cases_updated_at: String,
    passed: u32,
    failed: u32,
    /// Input and output tokens of all billed calls.
    tokens_used: u64,
    /// Millionths of a US dollar, or null where the cost of a case is not known.
    #[schema(required)]
    cost_micro_usd: Option<i64>,
    cases: Vec<CaseResult>,
}

/// How a case went.
#[derive(ToSchema)]
struct CaseResult {
    input: String,
    passed: bool,
    /// What is not as it must be; empty when it passed.
    reasons: Vec<String>,
    /// Empty when there was none.
    response: String,
    /// Empty when nobody answered.
    provider: String,
    model: String,
    /// Of the answer; null where it cannot be told.
    #[schema(required)]
    language: Option<String>,
    handed_over: bool,
    tokens_used: u64,
    /// Millionths of a US dollar, or null where it is not known.
    #[schema(required)]
    cost_micro_usd: Option<i64>,
}

/// The last run of another version, without its cases.
#[derive(ToSchema)]
struct TestedBefore {
    version: u32,
    #[schema(format = DateTime)]
    ran_at: String,
    /// Whether it ran the same cases.
    is_same_cases: bool,
    passed: u32,
    failed: u32,
    tokens_used: u64,
    #[schema(required)]
    cost_micro_usd: Option<i64>,
}
