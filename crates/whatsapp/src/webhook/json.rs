//! A body to JSON, also where a text in it was cut through the middle of a character.

use serde_json::Value;

use super::NotJson;

/// Reads a body.
///
/// Half of a character (a lone surrogate as `\uXXXX`, or bytes that are no UTF-8) would make one customer's text cost
/// all others theirs, so it is replaced by U+FFFD. Names that stand twice: the last counts. A number that no `f64` can
/// hold, or more than 128 levels, is no JSON to us (both are limits of `serde_json`).
pub(super) fn parse(body: &[u8]) -> Result<Value, NotJson> {
    match serde_json::from_slice(body) {
        Ok(value) => Ok(value),
        Err(_) => serde_json::from_str(&repaired(body)).map_err(|_| NotJson),
    }
}

/// The body with every half of a character replaced. A backslash stands only in strings, so escapes can be found
/// without reading the JSON around them.
fn repaired(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let mut whole = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some((before, escape)) = split_at_backslash(rest) {
        whole.push_str(before);
        let taken = match unit(escape) {
            Some(0xd800..=0xdbff) if matches!(escape.get(6..).and_then(unit), Some(0xdc00..=0xdfff)) => 12,
            Some(0xd800..=0xdfff) => {
                whole.push_str("\\ufffd");
                rest = escape.get(6..).unwrap_or_default();
                continue;
            }
            Some(_) => 6,
            // The backslash and what it escapes.
            None => 1 + escape.chars().nth(1).map_or(0, char::len_utf8),
        };
        let (kept, after) = escape.split_at_checked(taken).unwrap_or((escape, ""));
        whole.push_str(kept);
        rest = after;
    }
    whole.push_str(rest);
    whole
}

fn split_at_backslash(text: &str) -> Option<(&str, &str)> {
    text.find('\\').and_then(|at| text.split_at_checked(at))
}

/// The UTF-16 unit of a `\uXXXX` at the beginning.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(body: &[u8]) -> String {
        parse(body).expect("JSON").as_str().expect("a string").to_owned()
    }

    #[test]
    fn halves_of_characters_are_replaced() {
        assert_eq!(text(br#""a\ud83d""#), "a\u{fffd}");
        assert_eq!(text(br#""\udc4d\ud83d\ud83d\udc4d\u00e7""#), "\u{fffd}\u{fffd}👍ç");
        assert_eq!(text(b"\"a\xff\""), "a\u{fffd}");
        assert_eq!(text(br#""\ud83dx\\ud83d""#), "\u{fffd}x\\ud83d", "an escaped backslash begins no escape");
        assert_eq!(text(br#""\ud83d\n""#), "\u{fffd}\n");
    }

    #[test]
    fn what_is_no_json_stays_none() {
        for body in
            [&b""[..], b"{", b"\"\\ud83d", b"\"\\u12", b"\"\\ud8zz\"", b"\"\\", b"\\", b"1e999", b"\xff"]
        {
            assert!(parse(body).is_err(), "{body:?}");
        }
        assert!(parse("[".repeat(100_000).as_bytes()).is_err());
    }
}
