//! Finds the text of the field `reply` in a JSON object that arrives in pieces.
//!
//! A scanner, not a validator: the finished object is read by `serde_json`, which has the last word.

/// The longest key worth remembering: one more than `reply` has letters.
const KEY_BYTES: usize = 6;

/// Follows the structure of an object, character by character.
#[derive(Debug, Default)]
pub(super) struct FieldScanner {
    depth: usize,
    string: Option<(Meaning, Unescape)>,
    /// The key last read at the top level.
    key: String,
    after_colon: bool,
    is_finished: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Key,
    Reply,
    Other,
}

impl FieldScanner {
    /// Takes a character of the object; gives one of the reply back when it completes one.
    pub(super) fn push(&mut self, c: char) -> Option<char> {
        if self.is_finished {
            return None;
        }
        let Some((meaning, unescape)) = &mut self.string else {
            self.structure(c);
            return None;
        };
        let meaning = *meaning;
        match unescape.push(c) {
            Unescaped::Char(c) if meaning == Meaning::Reply => return Some(c),
            Unescaped::Char(c) if meaning == Meaning::Key && self.key.len() < KEY_BYTES => self.key.push(c),
            Unescaped::End => self.string = None,
            Unescaped::Char(_) | Unescaped::Nothing => {}
        }
        None
    }

    fn structure(&mut self, c: char) {
        let is_top = self.depth == 1;
        match c {
            '"' => {
                let meaning = match (is_top, self.after_colon) {
                    (true, false) => Meaning::Key,
                    (true, true) if self.key == "reply" => Meaning::Reply,
                    _ => Meaning::Other,
                };
                if meaning == Meaning::Key {
                    self.key.clear();
                }
                self.string = Some((meaning, Unescape::default()));
            }
            '{' | '[' => self.depth += 1,
            '}' | ']' => {
                self.depth = self.depth.saturating_sub(1);
                self.is_finished = self.depth == 0;
            }
            ':' if is_top => self.after_colon = true,
            ',' if is_top => self.after_colon = false,
            _ => {}
        }
    }
}

/// Reads the inside of a JSON string, escapes and surrogate pairs included.
#[derive(Debug, Default)]
struct Unescape {
    state: EscapeState,
    /// A high surrogate that waits for its low one.
    high: Option<u32>,
}

#[derive(Debug, Default, Clone, Copy)]
enum EscapeState {
    #[default]
    Plain,
    Backslash,
    Hex {
        digits: u8,
        value: u32,
    },
}

enum Unescaped {
    Char(char),
    Nothing,
    End,
}

impl Unescape {
    fn push(&mut self, c: char) -> Unescaped {
        if c < ' ' && c != '\n' && c != '\t' {
            return Unescaped::Nothing;
        }
        match self.state {
            EscapeState::Plain => match c {
                '"' => Unescaped::End,
                '\\' => self.enter(EscapeState::Backslash),
                c => Unescaped::Char(c),
            },
            EscapeState::Backslash => {
                self.state = EscapeState::Plain;
                match c {
                    'u' => self.enter(EscapeState::Hex { digits: 0, value: 0 }),
                    // Raw ones after a backslash: mended in the same way when the object is read.
                    'n' | '\n' => Unescaped::Char('\n'),
                    't' | '\t' => Unescaped::Char('\t'),
                    'r' => Unescaped::Char('\r'),
                    'b' => Unescaped::Char('\u{8}'),
                    'f' => Unescaped::Char('\u{c}'),
                    c => Unescaped::Char(c),
                }
            }
            EscapeState::Hex { digits, value } => {
                let value = value * 16 + c.to_digit(16).unwrap_or(0);
                if digits < 3 {
                    return self.enter(EscapeState::Hex { digits: digits + 1, value });
                }
                self.state = EscapeState::Plain;
                self.code_unit(value)
            }
        }
    }

    fn enter(&mut self, state: EscapeState) -> Unescaped {
        self.state = state;
        Unescaped::Nothing
    }

    /// A UTF-16 code unit; half a pair alone gives nothing, and the object is refused when it is read.
    fn code_unit(&mut self, unit: u32) -> Unescaped {
        let code = match (self.high.take(), unit) {
            (_, 0xD800..=0xDBFF) => {
                self.high = Some(unit);
                return Unescaped::Nothing;
            }
            (Some(high), 0xDC00..=0xDFFF) => 0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00),
            (_, unit) => unit,
        };
        char::from_u32(code).map_or(Unescaped::Nothing, Unescaped::Char)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply_in(json: &str) -> String {
        let mut scanner = FieldScanner::default();
        json.chars().filter_map(|c| scanner.push(c)).collect()
    }

    #[test]
    fn only_the_top_level_reply_is_taken() {
        for (json, reply) in [
            (r#"{"reply":"a","action":"b"}"#, "a"),
            (r#"{"more":{"reply":"no"},"list":["reply","x"],"reply" : "yes"} {"reply":"late"}"#, "yes"),
            (r#"{"x":"reply","y":"no"}"#, ""),
            (r#"{"replying":"no","reply_":"no"}"#, ""),
            (r#"{"reply":{"reply":"no"}}"#, ""),
        ] {
            assert_eq!(reply_in(json), reply, "{json}");
        }
    }

    #[test]
    fn escapes_are_read() {
        assert_eq!(reply_in(r#"{"reply":"\"a\\\/\n\t\u00e9\ud83d\ude00"}"#), "\"a\\/\n\té😀");
        assert_eq!(reply_in(r#"{"\u0072eply":"a}\"{"}"#), "a}\"{");
    }
}
