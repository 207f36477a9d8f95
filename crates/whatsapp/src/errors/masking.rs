//! What may be kept of a text that Meta wrote: one line, bounded, without telephones, ids of people and tokens.

/// The bound of `SendFailure::message`.
const MAX_CHARS: usize = 300;

/// The shortest telephone has seven digits without its area code; Meta's error codes have six.
const MIN_NUMBER_DIGITS: usize = 7;

/// Shorter words with letters and digits are words ("v26.0", "text/plain;utf8"), not tokens or message ids.
const MIN_TOKEN_CHARS: usize = 20;

/// Folds white space and control characters, masks numbers and tokens, and cuts to 300 characters.
pub(crate) fn masked(text: &str) -> String {
    // No more than this can matter; a page may be large.
    let text = &text[..text.floor_char_boundary(16 * MAX_CHARS)];
    let mut line = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let mut kept = without_numbers(&without_tokens(&line));
    if let Some((end, _)) = kept.char_indices().nth(MAX_CHARS) {
        let end = kept[..end].char_indices().next_back().map_or(0, |(last, _)| last);
        kept.truncate(end);
        kept.push('…');
    }
    kept
}

/// Replaces long words of letters and digits (tokens, message ids), and ids of people (`BR.1502576394655843`).
fn without_tokens(line: &str) -> String {
    let mut kept = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c: char| !stands_in_token(c)).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        kept.push_str(if is_token(piece) || is_scoped_id(piece) { "[id]" } else { piece });
        let between = if piece.is_empty() { first.len_utf8() } else { 0 };
        kept.push_str(&after[..between]);
        rest = &after[between..];
    }
    kept
}

fn stands_in_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '=' | '|')
}

fn is_token(piece: &str) -> bool {
    piece.len() >= MIN_TOKEN_CHARS
        && piece.bytes().any(|byte| byte.is_ascii_digit())
        && piece.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Two capitals, a dot, letters and digits: how Meta names a person within a portfolio.
fn is_scoped_id(piece: &str) -> bool {
    let Some((country, id)) = piece.split_once('.') else { return false };
    country.len() == 2
        && country.bytes().all(|byte| byte.is_ascii_uppercase())
        && id.len() >= MIN_NUMBER_DIGITS
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
}

/// Replaces runs of at least seven digits, also where they are written in groups (`+55 31 99999-8888`).
fn without_numbers(line: &str) -> String {
    let mut kept = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, number) = rest.split_at(start);
        let (length, digits) = number_at(number);
        let before = if digits < MIN_NUMBER_DIGITS { before } else { before.trim_end_matches('+') };
        kept.push_str(before);
        kept.push_str(if digits < MIN_NUMBER_DIGITS { &number[..length] } else { "[number]" });
        rest = &number[length..];
    }
    kept.push_str(rest);
    kept
}

/// Length in bytes, up to the last digit, and count of digits of the number that begins here.
fn number_at(text: &str) -> (usize, usize) {
    let mut length = 0;
    let mut digits = 0;
    let mut separators = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'0'..=b'9' => {
                digits += 1;
                separators = 0;
                length = at + 1;
            }
            // At most two in a row, as in `(31) 9`.
            b' ' | b'-' | b'.' | b'(' | b')' if separators < 2 => separators += 1,
            _ => break,
        }
    }
    (length, digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telephones_are_masked_however_they_are_written() {
        for phone in
            ["5531999998888", "+5531999998888", "+55 31 99999-8888", "+55 (31) 99999-8888", "3333-4444"]
        {
            assert_eq!(masked(&format!("to {phone} failed")), "to [number] failed", "{phone}");
        }
    }

    #[test]
    fn codes_sizes_and_versions_stay() {
        let text = "(#131047) at most 4096 characters, v26.0, 24 hours";
        assert_eq!(masked(text), text);
    }

    #[test]
    fn tokens_message_ids_and_ids_of_people_are_masked() {
        let text = "token EAAGm0PX4ZCpsBAKZCZA12 for BR.1502576394655843, BR.ENT.a1b2c3d4 and wamid.HBgLMTY1MDM4Nzk0MzkVAg=";
        assert_eq!(masked(text), "token [id] for [id], [id] and [id]");
    }

    #[test]
    fn long_words_without_digits_are_words() {
        let text = "whatsapp_business_messaging is missing";
        assert_eq!(masked(text), text);
    }

    #[test]
    fn one_line_of_three_hundred_characters_is_kept() {
        assert_eq!(masked(" a\r\n\tb\0c "), "a b c");
        let long = masked(&"é ".repeat(5_000));
        assert_eq!(long.chars().count(), 300);
        assert!(long.ends_with('…'));
        assert_eq!(masked(&"é".repeat(300)), "é".repeat(300));
    }

    proptest::proptest! {
        #[test]
        fn nothing_that_looks_like_a_telephone_is_left(text in ".{0,400}", phone in "[1-9][0-9]{9,14}") {
            let kept = masked(&format!("{text} {phone}"));
            let longest = kept.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
            proptest::prop_assert!(longest < MIN_NUMBER_DIGITS, "{}", kept);
        }
    }
}
