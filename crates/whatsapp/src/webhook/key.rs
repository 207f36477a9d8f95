//! Keys by which a repeated delivery is known (specification, section 8.2): the same for every delivery of the same
//! thing, however it is grouped with others.

use pytake_assistant::channel::DeliveryState;
use pytake_assistant::id::NumberId;
use ring::digest;
use serde_json::{Value, json};

use super::Origin;
use crate::hex;

/// The longest key, see [`pytake_assistant::channel::Event::key`].
const MAX_BYTES: usize = 512;

/// Of a customer's message.
pub(super) fn message(number: &NumberId, id: &str) -> String {
    bounded(&format!("m:{number}:"), id, "")
}

/// Of a message that was written outside of this program.
pub(super) fn echo(number: &NumberId, id: &str) -> String {
    bounded(&format!("e:{number}:"), id, "")
}

/// Of a report on a message.
pub(super) fn status(id: &str, state: DeliveryState, at: Option<jiff::Timestamp>) -> String {
    let seconds = at.map(|at| at.as_second().to_string()).unwrap_or_default();
    bounded("s:", id, &format!(":{}:{seconds}", state.as_str()))
}

/// Of anything without an id: its content, with the order of names in objects and the place in the body left out. The
/// account and the time of the notification count: the same may be told of two accounts, or again a week later.
pub(super) fn content(origin: &Origin, part: &str, item: &Value) -> String {
    let number = origin.number.as_ref().map(NumberId::as_str);
    let mut canonical = json!([origin.account, origin.time, origin.field, number, part, item]);
    canonical.sort_all_objects();
    format!("o:{}", hash(canonical.to_string().as_bytes()))
}

/// Of a body that is not JSON.
pub(super) fn body(bytes: &[u8]) -> String {
    format!("b:{}", hash(bytes))
}

fn bounded(before: &str, id: &str, after: &str) -> String {
    if before.len() + id.len() + after.len() <= MAX_BYTES {
        format!("{before}{id}{after}")
    } else {
        format!("{before}sha256-{}{after}", hash(id.as_bytes()))
    }
}

fn hash(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_id_is_hashed_and_still_its_own() {
        let number = NumberId::new("9".repeat(64)).unwrap();
        let (first, second) = ("x".repeat(600), "x".repeat(601));
        assert!(message(&number, &first).len() <= MAX_BYTES);
        assert_ne!(message(&number, &first), message(&number, &second));
        assert_eq!(message(&number, "wamid.A="), format!("m:{number}:wamid.A="));
        let at = jiff::Timestamp::from_second(1_700_000_000).unwrap();
        assert_eq!(status("wamid.A", DeliveryState::Read, Some(at)), "s:wamid.A:read:1700000000");
        assert_eq!(status("wamid.A", DeliveryState::Read, None), "s:wamid.A:read:");
        assert!(status(&first, DeliveryState::Delivered, Some(at)).len() <= MAX_BYTES);
    }

    #[test]
    fn content_is_the_same_in_any_order_of_names() {
        let first = serde_json::from_str(r#"{"a":1,"b":{"c":2,"d":[3,4]}}"#).unwrap();
        let second = serde_json::from_str(r#"{"b":{"d":[3,4],"c":2},"a":1}"#).unwrap();
        let third = serde_json::from_str(r#"{"b":{"d":[4,3],"c":2},"a":1}"#).unwrap();
        let account = json!("1");
        let origin = Origin { account: Some(&account), time: None, field: "f", number: None };
        assert_eq!(content(&origin, "change", &first), content(&origin, "change", &second));
        assert_ne!(content(&origin, "change", &first), content(&origin, "change", &third));
        let elsewhere = Origin { account: None, time: None, field: "f", number: None };
        assert_ne!(content(&origin, "change", &first), content(&elsewhere, "change", &first));
    }
}
