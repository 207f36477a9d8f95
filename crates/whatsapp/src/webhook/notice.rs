//! What Meta tells about accounts, numbers and templates, as a line for the operator.

use pytake_assistant::channel::EventKind;
use serde_json::Value;

use super::{Event, Origin, fields};

/// Digits of a business number by which its owner knows which one is meant.
const LAST_DIGITS: usize = 4;

/// What is told of a value, in this order, where it is a name or a number. Nothing of it is about a customer.
const TOLD: [&str; 18] = [
    "event",
    "type",
    "decision",
    "status",
    "message_template_name",
    "message_template_language",
    "reason",
    "previous_quality_score",
    "new_quality_score",
    "previous_category",
    "new_category",
    "old_limit",
    "current_limit",
    "max_daily_conversation_per_phone",
    "max_daily_conversations_per_business",
    "max_phone_numbers_per_business",
    "max_phone_numbers_per_waba",
    "configuration_name",
];
/// What is told of objects and lists within the value.
const TOLD_WITHIN: [(&str, &[&str]); 5] = [
    ("ban_info", &["waba_ban_state"]),
    ("violation_info", &["violation_type"]),
    ("restriction_info", &["restriction_type"]),
    ("alert_info", &["alert_type", "alert_severity", "alert_status"]),
    ("control_passed", &["previous_owner_app_role", "previous_owner_role", "new_owner_role"]),
];

/// Reads a change of a field that concerns the operator; `None` for other fields.
pub(super) fn read(origin: &Origin, value: &Value) -> Option<Event> {
    if !is_notice(origin.field) {
        return None;
    }
    let notice = EventKind::Notice {
        field: origin.field.to_owned(),
        text: text(origin, value),
        is_alarm: is_alarm(origin.field, value),
    };
    Some(origin.event("value", value, notice))
}

fn is_notice(field: &str) -> bool {
    const FAMILIES: [&str; 6] =
        ["account_", "business_", "message_template_", "payment_", "phone_number_", "template_"];
    matches!(field, "messaging_handovers" | "security")
        || FAMILIES.iter().any(|family| field.starts_with(family))
}

/// True for what restricts sending, or may soon.
fn is_alarm(field: &str, value: &Value) -> bool {
    let event = fields::str(value, "event").unwrap_or_default();
    match field {
        // Somebody asks for the PIN, or for the removal of two-step verification.
        "security" => true,
        "account_update" => is_account_alarm(event, value),
        "account_review_update" => {
            fields::str(value, "decision").is_some_and(|decision| decision != "APPROVED")
        }
        "account_alerts" => {
            let info = value.get("alert_info").unwrap_or(value);
            matches!(fields::str(info, "alert_severity"), Some("CRITICAL" | "WARNING"))
        }
        "phone_number_quality_update" => matches!(event, "FLAGGED" | "DOWNGRADE"),
        "message_template_status_update" => matches!(event, "DISABLED" | "FLAGGED" | "PAUSED"),
        _ => field.starts_with("payment_"),
    }
}

/// Restrictions, violations and the end of the account, and events after which this program may have no access to it.
fn is_account_alarm(event: &str, value: &Value) -> bool {
    let ban = value.get("ban_info").and_then(|info| fields::str(info, "waba_ban_state"));
    match event {
        "ACCOUNT_DELETED" | "ACCOUNT_OFFBOARDED" | "PARTNER_REMOVED" | "PARTNER_APP_UNINSTALLED" => true,
        "DISABLED_UPDATE" => ban != Some("REINSTATE"),
        _ => ["BAN", "DISABLE", "RESTRICT", "VIOLATION"].iter().any(|word| event.contains(word)),
    }
}

fn text(origin: &Origin, value: &Value) -> String {
    let mut parts = Vec::new();
    for key in TOLD {
        tell(value, key, &mut parts);
    }
    for (within, keys) in TOLD_WITHIN {
        let Some(inner) = value.get(within) else {
            continue;
        };
        let items = inner.as_array().map_or_else(|| std::slice::from_ref(inner), Vec::as_slice);
        // A list says the same few things; what is beyond these is in the body.
        for item in items.iter().take(10) {
            for key in keys {
                tell(item, key, &mut parts);
            }
        }
    }
    if let Some(digits) = last_digits(value) {
        parts.push(format!("number ending {digits}"));
    }
    if let Some(account) = origin.account_id() {
        parts.push(format!("account {account}"));
    }
    parts.join(", ")
}

fn tell(value: &Value, key: &str, parts: &mut Vec<String>) {
    let told = match value.get(key) {
        Some(Value::Number(number)) => number.as_i64().map(|number| number.to_string()),
        _ => fields::name(value, key).map(str::to_owned),
    };
    parts.extend(told.map(|told| format!("{key} {told}")));
}

/// The end of the business's own number, where the value shows it.
fn last_digits(value: &Value) -> Option<String> {
    let number =
        fields::text(value, "display_phone_number").or_else(|| fields::text(value, "phone_number"))?;
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    let start = digits.len().checked_sub(LAST_DIGITS)?;
    digits.get(start..).map(|last| last.iter().collect())
}
