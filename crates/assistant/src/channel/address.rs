//! Who writes, and where an answer goes.

use serde::{Deserialize, Serialize};

/// Who wrote, as the channel names them. At least one of the two ids is there on everything that can be answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// Id of the person within the business's portfolio, opaque, sent back byte for byte (WhatsApp: BSUID).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scoped_id: Option<String>,
    /// Telephone in digits without `+`, exactly as the channel gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The name of the profile, as the person chose it: untrusted text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The person's handle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

/// Where a message to a customer goes: the newest address the channel gave, never a rewritten one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Telephone in digits without `+`; goes before the scoped id.
    pub phone: Option<String>,
    /// See [`Sender::scoped_id`].
    pub scoped_id: Option<String>,
}

/// One form for all ways in which the same telephone is written, to compare and never to send to.
///
/// Brazilian mobiles are known with and without the ninth digit (`55 DD [9]XXXXXXXX`), Mexican ones with and without
/// `1` after `52`, Argentine ones with and without `9` after `54`. Anything but digits is left out.
///
/// ```
/// use pytake_assistant::channel::canonical_phone;
/// assert_eq!(canonical_phone("+55 31 8888-7777"), canonical_phone("5531988887777"));
/// assert_ne!(canonical_phone("553133334444"), canonical_phone("5531933334444"), "a landline has no ninth digit");
/// ```
pub fn canonical_phone(phone: &str) -> String {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    let bytes = digits.as_bytes();
    // Brazil: area code of two digits, mobiles began with 6 to 9 when they had eight.
    if digits.starts_with("55") && bytes.len() == 12 && matches!(bytes[4], b'6'..=b'9') {
        return format!("{}9{}", &digits[..4], &digits[4..]);
    }
    if digits.starts_with("521") && bytes.len() == 13 {
        return format!("52{}", &digits[3..]);
    }
    if digits.starts_with("549") && bytes.len() == 13 {
        return format!("54{}", &digits[3..]);
    }
    digits
}
