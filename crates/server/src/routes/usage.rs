//! `/api/v1/ai/usage`: what a customer used, and the tenant's sums.

pub(super) mod requests;

use axum::Json;
use axum::extract::State;
use jiff::civil::Date;
use pytake_assistant::conversation::Page;
use pytake_assistant::id::UserId;
use pytake_assistant::ledger::{Operation, UsageKey, UsageQuery, UsageRow};
use pytake_assistant::money::PicoUsd;
use pytake_assistant::service::UserUsageReport;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::whole;
use crate::auth::{Authorized, ReadScope};
use crate::input::{Id, Params};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

/// A customer's usage.
#[utoipa::path(
    get, path = "/api/v1/ai/usage/{user_id}", tag = "usage", operation_id = "readUserUsage",
    params(("user_id" = String, Path, description = "The customer, as the caller names them")),
    responses((status = 200, description = "The usage", body = schema::UserUsageReport)),
)]
pub(super) async fn user(
    caller: Authorized<ReadScope>,
    State(state): State<AppState>,
    Id(user): Id<UserId>,
) -> Result<Json<UserUsageReport>, Problem> {
    Ok(Json(state.assistant.user_usage(&caller.tenant, &user).await?))
}

/// Which usage to sum.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct UsageParams {
    /// First UTC day, `YYYY-MM-DD`; from the beginning when absent.
    #[param(format = Date)]
    from: Option<String>,
    /// Last UTC day, included; until today when absent.
    #[param(format = Date)]
    to: Option<String>,
    /// Any of `day`, `provider`, `model`, `user`, `operation`, `conversation`, separated by commas; one sum in all when absent.
    #[serde(default)]
    #[param(value_type = Option<String>, example = "day,provider")]
    group_by: String,
    /// Only this customer's.
    user_id: Option<String>,
    #[serde(rename = "tenant_id")]
    #[param(ignore)]
    _tenant_id: Option<String>,
}

impl UsageParams {
    fn query(&self) -> Result<UsageQuery, Problem> {
        let user = self.user_id.as_deref().map(UserId::new).transpose();
        let words = self.group_by.split(',').map(str::trim).filter(|word| !word.is_empty());
        Ok(UsageQuery {
            from: day("from", self.from.as_deref())?,
            to: day("to", self.to.as_deref())?,
            user: user.map_err(|why| Problem::invalid("user_id", why.to_string()))?,
            group_by: words.map(usage_key).collect::<Result<_, _>>()?,
        })
    }
}

fn day(field: &str, text: Option<&str>) -> Result<Option<Date>, Problem> {
    let wrong = |text: &str| Problem::invalid(field, format!("{text:?} is not a day such as 2026-11-22"));
    text.map(|text| text.parse().map_err(|_| wrong(text))).transpose()
}

fn usage_key(word: &str) -> Result<UsageKey, Problem> {
    match word {
        "day" => Ok(UsageKey::Day),
        "provider" => Ok(UsageKey::Provider),
        "model" => Ok(UsageKey::Model),
        "user" => Ok(UsageKey::User),
        "operation" => Ok(UsageKey::Operation),
        "conversation" => Ok(UsageKey::Conversation),
        other => Err(Problem::invalid(
            "group_by",
            format!("{other:?} is not one of day, provider, model, user, operation, conversation"),
        )),
    }
}

/// A sum of usage. Keys it was not grouped by are left out.
#[derive(Serialize, ToSchema)]
pub(super) struct UsageSum {
    /// UTC day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date, nullable = false)]
    day: Option<Date>,
    /// Provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    provider: Option<String>,
    /// Model.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    model: Option<String>,
    /// Customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    user: Option<String>,
    /// `chat`, `analyze`, `classify`, `summary`, `transcription`, `prompt_test` or `translation`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    operation: Option<Operation>,
    /// Conversation; absent also for what belongs to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    conversation: Option<String>,
    /// Requests answered.
    requests: u64,
    /// Input and output.
    total_tokens: u64,
    /// Prompt tokens, cached ones included.
    input_tokens: u64,
    /// Answer tokens, reasoning included.
    output_tokens: u64,
    /// Part of the input that was read from a provider's cache.
    cached_tokens: u64,
    /// Sum of the known costs in millionths of a US dollar; null when calls were made and no price is known.
    #[schema(required)]
    cost_micro_usd: Option<i64>,
    /// Calls whose price is unknown; the cost is a lower bound when it is not 0.
    unpriced_calls: u64,
    /// Calls that were billed and gave no answer.
    failed_calls: u64,
    /// Part of the cost that was for those, in millionths of a US dollar.
    failed_cost_micro_usd: i64,
    /// Answers that were kept from before and given again.
    cached_answers: u64,
    /// What those would have cost, where that is known, in millionths of a US dollar.
    saved_micro_usd: i64,
}

impl From<UsageRow> for UsageSum {
    fn from(row: UsageRow) -> Self {
        let cost_micro_usd = row.known_cost().map(PicoUsd::micro_usd);
        Self {
            day: row.day,
            provider: row.provider,
            model: row.model,
            user: row.user,
            operation: row.operation,
            conversation: row.conversation,
            requests: row.requests,
            total_tokens: row.usage.total(),
            input_tokens: row.usage.input_tokens,
            output_tokens: row.usage.output_tokens,
            cached_tokens: row.usage.cached_tokens,
            cost_micro_usd,
            unpriced_calls: row.unpriced_calls,
            failed_calls: row.failed_calls,
            failed_cost_micro_usd: row.failed_cost.micro_usd(),
            cached_answers: row.cached_answers,
            saved_micro_usd: row.saved.micro_usd(),
        }
    }
}

/// Sum the tenant's usage.
#[utoipa::path(
    get, path = "/api/v1/ai/usage", tag = "usage", operation_id = "sumUsage",
    params(UsageParams),
    responses((status = 200, description = "Ordered by the keys", body = schema::Page<UsageSum>)),
)]
pub(super) async fn tenant(
    caller: Authorized<ReadScope>,
    State(state): State<AppState>,
    Params(params): Params<UsageParams>,
) -> Result<Json<Page<UsageSum>>, Problem> {
    let rows = state.assistant.usage(&caller.tenant, params.query()?).await?;
    Ok(whole(rows.into_iter().map(UsageSum::from).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(group_by: &str) -> UsageParams {
        UsageParams { from: None, to: None, group_by: group_by.into(), user_id: None, _tenant_id: None }
    }

    #[test]
    fn groups_are_read_in_any_number() {
        assert_eq!(params("").query().unwrap().group_by, []);
        assert_eq!(params("day, model").query().unwrap().group_by, [UsageKey::Day, UsageKey::Model]);
        assert_eq!(params("day,price").query().unwrap_err().status(), 400);
    }

    #[test]
    fn a_day_that_is_none_is_refused() {
        let with = |from: &str| UsageParams { from: Some(from.into()), ..params("") }.query();
        assert!(with("2026-11-22").unwrap().from.is_some());
        for wrong in ["yesterday", "2026-02-30", "22/11/2026", ""] {
            assert_eq!(with(wrong).unwrap_err().status(), 400, "{wrong}");
        }
    }

    #[test]
    fn an_unknown_price_is_not_shown_as_free() {
        let row = UsageRow { requests: 1, unpriced_calls: 1, ..UsageRow::default() };
        assert_eq!(UsageSum::from(row).cost_micro_usd, None);
        assert_eq!(UsageSum::from(UsageRow::default()).cost_micro_usd, Some(0));
    }
}
