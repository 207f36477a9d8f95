//! Signatures: no panic; what is signed is accepted, in characters too, and nothing else is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pytake_whatsapp::signature::{is_signed, sign};
use secrecy::SecretString;

fuzz_target!(|input: (&[u8], &str, &str)| {
    let (body, header, secret) = input;
    let secret = SecretString::from(format!("s{secret}"));
    let signature = sign(body, &secret);
    assert!(is_signed(body, Some(&signature), &secret));
    let mut longer = body.to_vec();
    longer.push(b' ');
    assert!(!is_signed(&longer, Some(&signature), &secret));
    if !header.eq_ignore_ascii_case(&signature) {
        is_signed(body, Some(header), &secret);
    }
    let Ok(text) = std::str::from_utf8(body) else { return };
    let mut escaped = String::new();
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => escaped.push(char::from(byte)),
            _ => escaped.push_str(&format!("\\u{unit:04x}")),
        }
    }
    assert!(is_signed(body, Some(&sign(escaped.as_bytes(), &secret)), &secret));
});
