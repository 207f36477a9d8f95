//! Whether a webhook was signed with the app secret: `X-Hub-Signature-256`, over the bytes received, before they are
//! read (Meta, webhooks: validate payloads).

use ring::hmac;
use secrecy::{ExposeSecret, SecretString};

use crate::hex;

/// The name of the header.
pub const HEADER: &str = "X-Hub-Signature-256";
/// What stands before the hexadecimal digits.
const SCHEME: &str = "sha256=";
/// Length of a SHA-256 code.
const BYTES: usize = 32;

/// Tells whether the header is the signature of the body, in constant time.
///
/// A header that is missing or malformed is no signature, and nothing is signed with an empty secret. Meta signs the
/// form in which everything but ASCII is written as `\uXXXX`. These are normally the bytes sent; where something on the
/// way has written characters instead, that form is tried too.
pub fn is_signed(body: &[u8], header: Option<&str>, secret: &SecretString) -> bool {
    let Some(given) = header.and_then(|value| value.strip_prefix(SCHEME)).and_then(hex::decode::<BYTES>)
    else {
        return false;
    };
    if secret.expose_secret().is_empty() {
        return false;
    }
    let key = key(secret);
    hmac::verify(&key, body, &given).is_ok() || is_signed_escaped(body, &given, &key)
}

/// Signs a body as Meta does: the value of the header.
pub fn sign(body: &[u8], secret: &SecretString) -> String {
    format!("{SCHEME}{}", hex::encode(hmac::sign(&key(secret), body).as_ref()))
}

fn key(secret: &SecretString) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes())
}

/// The signature over the body with each UTF-16 unit that is not ASCII as `\uXXXX`, in lower-case digits.
fn is_signed_escaped(body: &[u8], given: &[u8; BYTES], key: &hmac::Key) -> bool {
    if body.is_ascii() {
        return false;
    }
    let Ok(mut rest) = std::str::from_utf8(body) else {
        return false;
    };
    let mut code = hmac::Context::with_key(key);
    while let Some(start) = rest.find(|character: char| !character.is_ascii()) {
        let (plain, others) = rest.split_at(start);
        code.update(plain.as_bytes());
        let end = others.find(|character: char| character.is_ascii()).unwrap_or(others.len());
        let (escaped, after) = others.split_at(end);
        for unit in escaped.encode_utf16() {
            code.update(format!("\\u{unit:04x}").as_bytes());
        }
        rest = after;
    }
    code.update(rest.as_bytes());
    // Comparing the codes of the two codes takes the same time wherever they differ.
    hmac::verify(key, given, hmac::sign(key, code.sign().as_ref()).as_ref()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python: `hmac.new(b"app-secret", body, "sha256").hexdigest()`.
    const PLAIN: (&str, &str) =
        (r#"{"text":"oi"}"#, "sha256=a925269606d4e89548592c0dc8059e15d97cbf3d3da06cc250273dbc71cc4f47");
    /// The same over the first text with everything but ASCII escaped, which is the second.
    const ESCAPED: (&str, &str, &str) = (
        r#"{"text":"ação 👍 €"}"#,
        r#"{"text":"a\u00e7\u00e3o \ud83d\udc4d \u20ac"}"#,
        "sha256=4b93e101612f57dfed85fde535110a924ff97b0bd138a44b8b0ca952905492a7",
    );

    fn secret() -> SecretString {
        SecretString::from("app-secret")
    }

    #[test]
    fn a_signature_is_the_one_another_program_computes() {
        assert_eq!(sign(PLAIN.0.as_bytes(), &secret()), PLAIN.1);
        assert!(is_signed(PLAIN.0.as_bytes(), Some(PLAIN.1), &secret()));
    }

    #[test]
    fn digits_of_either_case_are_read() {
        let header = PLAIN.1.to_uppercase().replace("SHA256=", "sha256=");
        assert!(is_signed(PLAIN.0.as_bytes(), Some(&header), &secret()));
    }

    #[test]
    fn a_body_in_characters_is_checked_in_its_escaped_form() {
        assert!(is_signed(ESCAPED.1.as_bytes(), Some(ESCAPED.2), &secret()));
        assert!(is_signed(ESCAPED.0.as_bytes(), Some(ESCAPED.2), &secret()));
        let changed = ESCAPED.0.replace('ã', "ä");
        assert!(!is_signed(changed.as_bytes(), Some(ESCAPED.2), &secret()));
    }

    #[test]
    fn the_raw_bytes_are_checked_first() {
        let header = sign(ESCAPED.0.as_bytes(), &secret());
        assert!(is_signed(ESCAPED.0.as_bytes(), Some(&header), &secret()));
        assert!(!is_signed(ESCAPED.1.as_bytes(), Some(&header), &secret()), "and never the other way round");
    }

    #[test]
    fn a_malformed_header_is_no_signature() {
        let body = PLAIN.0.as_bytes();
        let digits = PLAIN.1.strip_prefix(SCHEME).unwrap();
        for header in [
            "",
            "sha256=",
            digits,
            &format!("sha1={digits}"),
            &format!("SHA256={digits}"),
            &format!("sha256={digits}00"),
            &format!("sha256={}", &digits[2..]),
            &format!("sha256= {digits}"),
            &format!("sha256={}g", &digits[1..]),
            &format!("sha256={}é", &digits[2..]),
        ] {
            assert!(!is_signed(body, Some(header), &secret()), "{header}");
        }
        assert!(!is_signed(body, None, &secret()));
    }

    #[test]
    fn another_body_or_secret_is_not_signed() {
        assert!(!is_signed(b"{}", Some(PLAIN.1), &secret()));
        assert!(!is_signed(PLAIN.0.as_bytes(), Some(PLAIN.1), &SecretString::from("app-secret2")));
        assert!(!is_signed(&[0xff, 0xfe], Some(PLAIN.1), &secret()), "invalid UTF-8 has no escaped form");
    }

    #[test]
    fn nothing_is_signed_with_an_empty_secret() {
        let empty = SecretString::from("");
        assert!(!is_signed(b"{}", Some(&sign(b"{}", &empty)), &empty));
    }
}
