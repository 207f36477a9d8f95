//! One item of `statuses`: a report on a message of the business.

use pytake_assistant::channel::{DeliveryState, Event, EventKind, SendFailure, StatusUpdate};
use serde_json::Value;

use super::{Origin, errors, fields, key};

/// Reads a report. States this program does not know, and reports on payments and calls, are kept.
pub(super) fn read(origin: &Origin, item: &Value) -> Event {
    let (Some(number), Some(message_id), Some(state)) =
        (&origin.number, fields::text(item, "id"), state(item))
    else {
        return origin.other("statuses", item);
    };
    let at = fields::time(item, "timestamp");
    let pricing = item.get("pricing").unwrap_or(&Value::Null);
    let key = key::status(&message_id, state, at);
    let update = StatusUpdate {
        number: number.clone(),
        message_id,
        state,
        at,
        callback: fields::text(item, "biz_opaque_callback_data"),
        category: fields::name(pricing, "category").map(str::to_owned),
        is_billable: fields::optional_flag(pricing, "billable"),
        failure: (state == DeliveryState::Failed).then(|| failure(item)),
    };
    origin.keyed(key, EventKind::Status(Box::new(update)))
}

fn state(item: &Value) -> Option<DeliveryState> {
    if fields::str(item, "type").is_some_and(|kind| kind != "message") {
        return None;
    }
    let word = fields::str(item, "status")?;
    DeliveryState::ALL.into_iter().find(|state| state.as_str() == word)
}

fn failure(item: &Value) -> SendFailure {
    let error = fields::list(item, "errors").first().unwrap_or(&Value::Null);
    crate::errors::failure(errors::code(error), None, errors::line(error))
}
