//! Prompts, their fields, publications, tests and files.

use utoipa::ToSchema;

/// What a caller writes of a prompt.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "vendas", "template": "Você atende a loja {{loja}}. Seja breve.", "variables": ["loja"],
}))]
pub(crate) struct PromptDraft {
    /// Unique within the tenant.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// For people.
    #[schema(max_length = 1000, nullable = false)]
    description: Option<String>,
    /// Text with `{{variable}}` places.
    #[schema(min_length = 1, max_length = 16000)]
    template: String,
    /// Exactly the variables the template uses and has no field for, in any order.
    #[schema(nullable = false, max_items = 100)]
    variables: Option<Vec<String>>,
    /// What the owner fills in, at most 40; when absent as it is, or nothing for a new prompt.
    fields: Option<Vec<PromptField>>,
    /// Why there is this version.
    #[schema(max_length = 500, nullable = false)]
    note: Option<String>,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    tenant_id: Option<String>,
}

/// A field that the owner fills in; the template names it `{{name}}`.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
struct PromptField {
    /// a to z, 0 to 9 and _, not starting with a digit; none of the variables that the server fills.
    #[schema(max_length = 64)]
    name: String,
    /// What a form shows above it.
    #[schema(min_length = 1, max_length = 100)]
    label: String,
    /// What a form explains.
    #[schema(max_length = 500, nullable = false)]
    help: Option<String>,
    /// `text` when absent.
    #[schema(nullable = false)]
    kind: Option<FieldKind>,
    /// What may be chosen, for a choice: 1 to 50.
    #[schema(nullable = false)]
    options: Option<Vec<String>>,
    /// Whether it must not be left empty.
    #[schema(nullable = false)]
    required: Option<bool>,
    /// The longest value, or entry of a list; 200 when absent, and 2,000 for a long text.
    #[schema(minimum = 1, maximum = 4000)]
    max_chars: Option<u32>,
    #[schema(nullable = false)]
    value: Option<FieldValue>,
}

/// What goes into a field.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
enum FieldKind {
    /// One line.
    Text,
    /// Several lines.
    LongText,
    /// Short texts, a line for each in the prompt.
    List,
    /// One of the options.
    Choice,
}

/// A text, or the entries of a list.
#[derive(ToSchema)]
#[serde(untagged)]
pub(crate) enum FieldValue {
    Text(String),
    List(Vec<String>),
}

/// Values for fields; a field that is not named keeps its value.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"values": {"tom": "leve e direto"}}))]
pub(crate) struct FieldValues {
    /// By the field's name.
    values: std::collections::BTreeMap<String, FieldValue>,
    /// Why there is this version.
    #[schema(max_length = 500, nullable = false)]
    note: Option<String>,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    tenant_id: Option<String>,
}

/// A custom prompt in one of its versions.
#[derive(ToSchema)]
pub(crate) struct CustomPrompt {
    id: String,
    name: String,
    description: String,
    template: String,
    /// In order of first use, fields left out.
    variables: Vec<String>,
    fields: Vec<PromptField>,
    /// 1, 2, 3, ….
    #[schema(minimum = 1)]
    version: u32,
    label: PromptLabel,
    /// The version that chats use; null: never published, the newest is used.
    #[schema(required)]
    production_version: Option<u32>,
    /// Who made this version; null: made before that was noted.
    #[schema(required, example = "key:5b1c")]
    author: Option<String>,
    /// Why there is this version.
    note: String,
    /// When the prompt was first made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When this version was made.
    #[schema(format = DateTime)]
    updated_at: String,
}

/// Whether a version is in use.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
enum PromptLabel {
    /// Never published.
    Draft,
    /// What chats use.
    Production,
    /// Was in production before.
    Retired,
}

/// What changed from one version to another.
#[derive(ToSchema)]
pub(crate) struct PromptDiff {
    from: u32,
    to: u32,
    /// The template as a unified diff; empty where it is the same.
    template: String,
    /// Everything else that differs.
    changed: Vec<ChangedField>,
}

/// Something besides the template that differs.
#[derive(ToSchema)]
struct ChangedField {
    /// `name`, `description`, `variables`, or `fields.` with a field's name.
    field: String,
    /// Before; null: there was none.
    from: serde_json::Value,
    /// After; null: there is none.
    to: serde_json::Value,
}

/// What to preview.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RenderRequest {
    /// One value for each variable of the prompt that the server does not fill.
    #[schema(value_type = Option<Object>, nullable = false, example = json!({"name": "Ana"}))]
    variables: Option<serde_json::Value>,
    /// The newest when absent.
    version: Option<u32>,
    /// For which customer; nobody in particular when absent.
    user_id: Option<String>,
    /// The longest answer to estimate, in tokens; the server's longest when absent.
    max_tokens: Option<u32>,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    tenant_id: Option<String>,
}

/// A prompt with its places filled.
#[derive(ToSchema)]
pub(crate) struct RenderedPrompt {
    text: String,
    /// o200k tokens of it.
    tokens: u64,
    version: u32,
    /// In order of first use.
    variables: Vec<FilledVariable>,
    /// One call with nothing but this prompt, at every configured model.
    costs: Vec<EstimatedCost>,
}

/// A place that was filled.
#[derive(ToSchema)]
struct FilledVariable {
    name: String,
    value: String,
    source: ValueSource,
}

/// Where a value came from.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
enum ValueSource {
    /// The prompt's own field.
    Field,
    /// What was sent.
    Context,
    /// The server: profile, conversation, clock.
    BuiltIn,
    /// Nowhere: left empty.
    Unknown,
}

/// What a call would cost at a model.
#[derive(ToSchema)]
struct EstimatedCost {
    provider: String,
    model: String,
    /// Estimated, as this model counts.
    input_tokens: u64,
    output_tokens: u64,
    /// Millionths of a US dollar at today's price, or null where it is unknown.
    #[schema(required)]
    cost_micro_usd: Option<i64>,
}

/// A variable that the server fills.
#[derive(ToSchema)]
pub(crate) struct VariableListing {
    name: String,
    meaning: String,
    /// What it holds now, or null where that is not known.
    #[schema(required)]
    value: Option<String>,
}

/// What to publish.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PublishRequest {
    /// The newest when absent.
    version: Option<u32>,
    /// Why.
    #[schema(max_length = 500, nullable = false)]
    note: Option<String>,
    /// Without running the test set.
    #[schema(nullable = false)]
    force: Option<bool>,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    tenant_id: Option<String>,
}

/// Why to go back.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RollBackRequest {
    #[schema(max_length = 500, nullable = false)]
    note: Option<String>,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    tenant_id: Option<String>,
}

/// A version that was put into production.
#[derive(ToSchema)]
pub(crate) struct Publication {
    version: u32,
    author: String,
    note: String,
    kind: PublicationKind,
    #[schema(format = DateTime)]
    at: String,
}

/// How a version came into production.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
enum PublicationKind {
    /// Its test set passed, or there was none.
    Published,
    /// Without running the test set.
    Forced,
    /// By going back to it.
    RolledBack,
}

/// Prompts in a file.
#[derive(ToSchema)]
pub(crate) struct PromptFile {
    /// The form of the file: 1.
    version: u32,
    prompts: Vec<FiledPrompt>,
}

/// A prompt in a file.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
struct FiledPrompt {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    #[schema(max_length = 1000, nullable = false)]
    description: Option<String>,
    #[schema(min_length = 1, max_length = 16000)]
    template: String,
    #[schema(nullable = false)]
    variables: Option<Vec<String>>,
    #[schema(nullable = false)]
    fields: Option<Vec<PromptField>>,
    #[schema(nullable = false)]
    tests: Option<Vec<super::prompt_tests::TestCase>>,
}

/// A file to be read.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PromptImport {
    /// The form of the file: 1.
    version: u32,
    /// At most 100.
    #[schema(max_items = 100)]
    prompts: Vec<FiledPrompt>,
    /// Whether to say what would happen, and to change nothing.
    #[schema(nullable = false)]
    dry_run: Option<bool>,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    tenant_id: Option<String>,
}

/// What became of a prompt of the file.
#[derive(ToSchema)]
pub(crate) struct ImportedPrompt {
    /// In the file.
    name: String,
    outcome: ImportOutcome,
    /// The prompt; null where there is none.
    #[schema(required)]
    id: Option<String>,
    /// Its newest version; null where there is none.
    #[schema(required)]
    version: Option<u32>,
    /// What is wrong with it.
    details: Vec<super::FieldProblem>,
}

/// What happens to a prompt of a file.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
enum ImportOutcome {
    /// There was none of this name.
    Created,
    /// It has a new version, a draft, or other tests.
    Updated,
    /// It is as in the file already.
    Unchanged,
    /// It cannot be taken; the others are.
    Refused,
}
