//! Laws of signatures; the values that another program computed are beside the code.

use std::fmt::Write;

use proptest::prelude::*;
use pytake_whatsapp::signature::{is_signed, sign};
use secrecy::SecretString;

/// As Meta writes a body before signing it.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        if character.is_ascii() {
            escaped.push(character);
            continue;
        }
        let mut units = [0; 2];
        for unit in character.encode_utf16(&mut units) {
            write!(escaped, "\\u{unit:04x}").unwrap();
        }
    }
    escaped
}

proptest! {
    #[test]
    fn what_is_signed_is_accepted_and_nothing_else(
        body in prop::collection::vec(any::<u8>(), 0..256),
        secret in "\\PC{1,40}",
        at in any::<prop::sample::Index>(),
        flip in 1..=255_u8,
    ) {
        let secret = SecretString::from(secret);
        let header = sign(&body, &secret);
        prop_assert!(is_signed(&body, Some(&header), &secret));
        let mut changed = body;
        changed.push(0);
        let at = at.index(changed.len());
        changed[at] ^= flip;
        prop_assert!(!is_signed(&changed, Some(&header), &secret));
    }

    #[test]
    fn the_escaped_form_is_accepted_in_characters(text in "\\PC{0,60}") {
        let secret = SecretString::from("app-secret");
        let header = sign(escaped(&text).as_bytes(), &secret);
        prop_assert!(is_signed(text.as_bytes(), Some(&header), &secret));
    }

    #[test]
    fn any_header_is_looked_at(body in any::<Vec<u8>>(), header in any::<String>()) {
        let secret = SecretString::from("app-secret");
        let prefixed = format!("sha256={header}");
        prop_assert!(!is_signed(&body, Some(&header), &secret));
        prop_assert!(!is_signed(&body, Some(&prefixed), &secret));
    }
}
