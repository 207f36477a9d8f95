//! What may be kept of a text a vendor sent: bounded, on one line, keys taken out.

use secrecy::{ExposeSecret, SecretString};

/// 300 characters, the bound that `ProviderFailure::message` promises.
const MAX_CHARS: usize = 300;

/// Beginnings of the keys of the vendors we speak to, and of others that proxies repeat.
const KEY_PREFIXES: [&str; 8] = ["sk-", "sk_", "gsk_", "AIza", "xai-", "key-", "hf_", "eyJ"];

/// Shorter words with such a beginning are words ("key-value"), not keys.
const MIN_KEY_CHARS: usize = 12;

/// Cuts a text to 300 characters, folds white space and control characters, and replaces keys.
pub(crate) fn excerpt(text: &str, own_key: Option<&SecretString>) -> String {
    // No more than this can matter; an HTML page may be large.
    let text = &text[..text.floor_char_boundary(16 * MAX_CHARS)];
    let own_key = own_key.map(ExposeSecret::expose_secret);
    let mut kept = String::new();
    let mut chars = 0;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        let word = redact(word, own_key);
        chars += word.chars().count() + usize::from(!kept.is_empty());
        if !kept.is_empty() {
            kept.push(' ');
        }
        kept.push_str(&word);
        if chars > MAX_CHARS {
            let end = kept.char_indices().nth(MAX_CHARS - 1).map_or(kept.len(), |(end, _)| end);
            kept.truncate(end);
            kept.push('…');
            break;
        }
    }
    kept
}

/// A shorter key is no secret (`x`, `test`), and taking it out would garble every other word.
const SHORTEST_OWN_KEY: usize = 8;

/// Replaces the pieces of a word that are keys, or look like one.
fn redact(word: &str, own_key: Option<&str>) -> String {
    let word = match own_key {
        Some(key) if key.len() >= SHORTEST_OWN_KEY => word.replace(key, "[key]"),
        _ => word.to_owned(),
    };
    if !KEY_PREFIXES.iter().any(|prefix| word.contains(prefix)) {
        return word;
    }
    let may_stand_in_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '*' | '.');
    let mut kept = String::new();
    let mut rest = word.as_str();
    while !rest.is_empty() {
        let end = rest.find(|c: char| !may_stand_in_key(c)).unwrap_or(rest.len());
        let piece = &rest[..end];
        let is_key =
            piece.len() >= MIN_KEY_CHARS && KEY_PREFIXES.iter().any(|prefix| piece.starts_with(prefix));
        kept.push_str(if is_key { "[key]" } else { piece });
        let next = rest[end..].chars().next().map_or(0, char::len_utf8);
        kept.push_str(&rest[end..end + next]);
        rest = &rest[end + next..];
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_key_and_whatever_looks_like_a_key_are_taken_out() {
        let own = SecretString::from("my-own-secret");
        let text =
            "Incorrect API key provided: sk-proj-********wxyz. (my-own-secret) {\"k\":\"gsk_abcdefghijk\"}";
        let kept = excerpt(text, Some(&own));
        assert_eq!(kept, "Incorrect API key provided: [key] ([key]) {\"k\":\"[key]\"}");
    }

    #[test]
    fn ordinary_words_stay() {
        assert_eq!(excerpt("a key-value   store\r\n\tsk-", None), "a key-value store sk-");
    }

    #[test]
    fn three_hundred_characters_are_kept() {
        let kept = excerpt(&"é".repeat(5_000), None);
        assert_eq!(kept.chars().count(), 300);
        assert!(kept.ends_with('…'));
        assert_eq!(excerpt(&"ab ".repeat(200), None).chars().count(), 300);
        assert_eq!(excerpt(&"a".repeat(300), None), "a".repeat(300));
    }
}
