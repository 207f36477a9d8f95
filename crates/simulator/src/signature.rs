//! How Meta writes and signs a webhook's body.

use std::fmt::Write;

use ring::hmac;

/// Writes every character outside ASCII as `\uXXXX` with lower-case hexadecimal digits, one per UTF-16 unit: the form
/// that Meta sends and signs. The text must be JSON, in which such characters stand in strings only.
///
/// ```
/// assert_eq!(pytake_simulator::escaped(r#"{"a":"é 😀"}"#), r#"{"a":"\u00e9 \ud83d\ude00"}"#);
/// ```
pub fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() {
            text.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = write!(text, "\\u{unit:04x}");
        }
    }
    text
}

/// The value of `X-Hub-Signature-256` for a body: `sha256=` and the HMAC-SHA256 with the app secret in hexadecimal.
pub fn signature(app_secret: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, app_secret.as_bytes());
    let mut text = String::from("sha256=");
    for byte in hmac::sign(&key, body).as_ref() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Python: `json.dumps(body, separators=(",", ":"))` and `hmac.new(secret, text, "sha256").hexdigest()`.
    #[test]
    fn the_signature_is_the_one_python_computes_over_the_escaped_form() {
        let body =
            serde_json::json!({"object": "whatsapp_business_account", "texto": "Olá, ção 😀 / ok", "n": 1});
        let text = escaped(&body.to_string());
        assert_eq!(
            text,
            r#"{"object":"whatsapp_business_account","texto":"Ol\u00e1, \u00e7\u00e3o \ud83d\ude00 / ok","n":1}"#
        );
        assert_eq!(
            signature("segredo-de-teste", text.as_bytes()),
            "sha256=86107270b81eca4ebaf6bbc54e48dca859445aa05b21b3075ed240adf6864aea"
        );
    }

    #[test]
    fn the_escaped_form_reads_as_the_same_json() {
        let body = serde_json::json!({"a": "é\u{2028}😀\u{FFFD}\"\\\n\u{7f}", "ç": ["日本"]});
        let read: serde_json::Value = serde_json::from_str(&escaped(&body.to_string())).unwrap();
        assert_eq!(read, body);
    }
}
