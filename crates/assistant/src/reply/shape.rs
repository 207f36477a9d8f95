//! Is an answer the contract's object or prose? Decided on its beginning, the same for whole and growing texts.

/// The longest sentence a model may put in front of the object. While a prose answer is shorter, a stream
/// gives nothing out. "Here is the answer as a JSON object in the format you asked for:" has 64 bytes.
const MAX_PREAMBLE: usize = 96;
const FENCE: &str = "```";
pub(super) const THINK: &str = "<think>";
pub(super) const THINK_END: &str = "</think>";

/// What an answer looks like so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// More text is needed; at the end of the answer this is prose.
    Undecided,
    /// The whole answer is the reply.
    Prose,
    /// The contract's object, or an attempt at it, starts at this byte.
    Object { at: usize },
}

/// Where an answer starts behind the thoughts some servers leave in it; `None`: the thoughts have no end.
pub(super) fn after_thinking(answer: &str) -> Option<usize> {
    let start = answer.len() - trim_start(answer).len();
    if !answer[start..].starts_with(THINK) {
        return Some(0);
    }
    answer.find(THINK_END).map(|at| at + THINK_END.len())
}

/// Decides, once and for all, what a text that may still grow is.
pub(super) fn shape(text: &str) -> Shape {
    let rest = trim_start(text);
    let start = text.len() - rest.len();
    if rest.starts_with('{') {
        return Shape::Object { at: start };
    }
    if let Some(fenced) = rest.strip_prefix(FENCE) {
        let inside = fenced.trim_start_matches(|c: char| c.is_ascii_alphanumeric()).trim_start();
        return match inside.chars().next() {
            Some('{') => Shape::Object { at: text.len() - inside.len() },
            Some(_) => Shape::Prose,
            None => Shape::Undecided,
        };
    }
    let preamble = &rest[..rest.floor_char_boundary(MAX_PREAMBLE)];
    for (at, _) in preamble.match_indices('{') {
        match rest[at + 1..].trim_start().chars().next() {
            Some('"') => return Shape::Object { at: start + at },
            Some(_) => {}
            None => return Shape::Undecided,
        }
    }
    if rest.len() >= MAX_PREAMBLE { Shape::Prose } else { Shape::Undecided }
}

/// True for a fence that was opened and holds nothing yet.
pub(super) fn is_open_fence(text: &str) -> bool {
    trim_start(text).starts_with(FENCE)
}

pub(super) fn trim_start(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_short_beginning_decides_nothing() {
        for text in ["", " ", "Bom dia", "```", "```json", "Aqui: {", "Aqui: { "] {
            assert_eq!(shape(text), Shape::Undecided, "{text}");
        }
    }

    #[test]
    fn a_brace_in_prose_is_not_the_object() {
        assert_eq!(shape(&format!("Olá {{nome}}! {}", "bla ".repeat(30))), Shape::Prose);
        assert_eq!(shape("Aqui: { \"reply\""), Shape::Object { at: 6 });
        let late = format!("{}{{\"reply\":\"a\"}}", "x".repeat(MAX_PREAMBLE));
        assert_eq!(shape(&late), Shape::Prose);
    }

    proptest! {
        #[test]
        fn a_decision_never_changes_when_the_text_grows(text in "[ `{}\"a-cé\n:]{0,140}") {
            let mut decided = Shape::Undecided;
            for (at, c) in text.char_indices() {
                let now = shape(&text[..at + c.len_utf8()]);
                prop_assert!(decided == Shape::Undecided || now == decided);
                decided = now;
            }
        }
    }
}
