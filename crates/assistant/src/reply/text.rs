//! Cleaning of what models write: trimmed, without control characters, with raw line breaks forgiven.

/// Passes text on without its surrounding white space and without control characters other than line
/// breaks and tabs, one character at a time.
#[derive(Debug, Default)]
pub(super) struct Cleaner {
    /// White space that is passed on when something follows it.
    held: String,
    given: usize,
}

impl Cleaner {
    /// Takes a character; appends what is certain to belong to the text.
    pub(super) fn push(&mut self, c: char, out: &mut String) {
        if c.is_whitespace() || c.is_control() || c == '\u{feff}' {
            let is_kept = c == '\n' || c == '\t' || !(c.is_control() || c == '\u{feff}');
            if is_kept && self.given > 0 {
                self.held.push(c);
            }
            return;
        }
        self.given += self.held.len() + c.len_utf8();
        out.push_str(&self.held);
        out.push(c);
        self.held.clear();
    }

    /// Bytes passed on so far.
    pub(super) fn given(&self) -> usize {
        self.given
    }
}

/// Cleans a whole text.
pub(super) fn clean(text: &str) -> String {
    let mut cleaner = Cleaner::default();
    let mut result = String::with_capacity(text.len());
    for c in text.chars() {
        cleaner.push(c, &mut result);
    }
    result
}

/// Escapes control characters that stand raw inside JSON strings, as small models write line breaks;
/// `None`: there are none.
pub(super) fn escape_raw_controls(json: &str) -> Option<String> {
    let mut mended = String::with_capacity(json.len() + 16);
    let (mut in_string, mut escaped, mut found) = (false, false, false);
    for c in json.chars() {
        if in_string && c < ' ' {
            found = true;
            mended.push_str(match c {
                '\n' if escaped => "n",
                '\n' => "\\n",
                '\t' if escaped => "t",
                '\t' => "\\t",
                _ => "",
            });
            escaped = escaped && c != '\n' && c != '\t';
            continue;
        }
        in_string ^= c == '"' && !escaped;
        escaped = in_string && c == '\\' && !escaped;
        mended.push(c);
    }
    found.then_some(mended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_line_breaks_and_tabs_survive_of_the_control_characters() {
        assert_eq!(clean(" \r\n a\u{0}\u{1b}b\r\nc\t d \n"), "ab\nc\t d");
    }

    #[test]
    fn only_strings_are_mended() {
        assert_eq!(escape_raw_controls("{\n\"a\": \"b\"\n}"), None);
        assert_eq!(escape_raw_controls("{\n\"a\": \"b\nc\"\n}").as_deref(), Some("{\n\"a\": \"b\\nc\"\n}"));
    }
}
