//! A long text as several messages: cut where a person would, at most three.

/// Characters of a text and of the body of a list: WhatsApp Cloud API, text messages. Counted in UTF-16 units, which is
/// never less than what Meta counts.
const WHOLE: usize = 4_096;

/// Where a text that is too long is cut: leaves room for marks that are closed and opened again.
const CUT: usize = 4_000;

/// One reply is one message if it can be; each one is charged. A model's reply of at most 2,000 tokens has some 8,000
/// characters; what does not fit in three messages ends with `…`.
const MAX_PARTS: usize = 3;

/// Length as WhatsApp may count it.
pub(crate) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Splits a text in at most three parts of at most 4,096 units.
pub(crate) fn split(text: &str) -> Vec<String> {
    split_within(text, CUT)
}

/// Splits a text with something below it that must not be cut off, such as what can be chosen.
pub(crate) fn split_with_tail(text: &str, tail: &str) -> Vec<String> {
    let tail = shortened(tail, CUT / 2);
    let whole = format!("{text}\n\n{tail}");
    if units(&whole) <= WHOLE {
        return vec![whole];
    }
    let mut parts = split_within(text, CUT - units(&tail) - 2);
    let last = parts.pop().unwrap_or_default();
    parts.push(format!("{last}\n\n{tail}"));
    parts
}

/// As [`split`]; the last part has at most `last` units, where there are several.
fn split_within(text: &str, last: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = text.trim().to_owned();
    while !rest.is_empty() {
        // With something below it also the last part is cut shorter.
        let fits = if last == CUT { WHOLE } else { last };
        if units(&rest) <= fits {
            parts.push(rest);
            break;
        }
        if parts.len() == MAX_PARTS - 1 {
            parts.push(shortened(&rest, last));
            break;
        }
        let (part, next) = cut_in_two(&rest, CUT);
        parts.push(part);
        rest = next;
    }
    parts
}

/// The beginning of a text, at the end of a sentence, with `…` behind it.
fn shortened(text: &str, limit: usize) -> String {
    /// Room for `…` and for the marks that are closed.
    const ROOM: usize = 16;
    if units(text) <= limit {
        return text.to_owned();
    }
    let reach = reach(text, limit.saturating_sub(ROOM));
    let end = sentence_end(text, reach).or_else(|| word_end(text, reach)).unwrap_or(reach);
    let (part, _) = joined_marks(text, end);
    // The sign stands within code, where the text goes on.
    match part.strip_suffix("\n```") {
        Some(code) => format!("{code}…\n```"),
        None => format!("{part}…"),
    }
}

/// A part of at most `limit` units, and the rest.
fn cut_in_two(text: &str, limit: usize) -> (String, String) {
    let reach = reach(text, limit);
    let end = best_end(text, reach);
    let (part, opened) = joined_marks(text, end);
    let rest = &text[end..];
    let rest = if opened.starts_with("```") { rest.trim_start_matches('\n') } else { rest.trim_start() };
    if rest.trim().is_empty() {
        return (part, String::new());
    }
    (part, format!("{opened}{rest}"))
}

/// How many bytes of the text have at most `limit` units.
fn reach(text: &str, limit: usize) -> usize {
    let mut count = 0;
    for (at, c) in text.char_indices() {
        count += c.len_utf16();
        if count > limit {
            return at;
        }
    }
    text.len()
}

/// The best place to cut within reach: a paragraph, a line, a sentence, a word. The first three only in the second half,
/// so that no part is a scrap. Addresses and codes hold no white space, so no cut goes through them unless one alone
/// is longer than a message.
fn best_end(text: &str, reach: usize) -> usize {
    let half = reach / 2;
    let within = &text[..reach];
    let paragraph = within.rfind("\n\n").filter(|&at| at >= half);
    let line = || within.rfind('\n').filter(|&at| at >= half);
    let sentence = || sentence_end(text, reach).filter(|&at| at >= half);
    paragraph
        .or_else(line)
        .or_else(sentence)
        .or_else(|| word_end(text, reach))
        .unwrap_or_else(|| glyph_end(text, reach))
}

/// Behind the last sentence within reach.
fn sentence_end(text: &str, reach: usize) -> Option<usize> {
    let mut found = None;
    let mut ends_sentence = false;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        if c.is_whitespace() && (ends_sentence || c == '\n') && at > 0 {
            found = Some(at);
        }
        if at >= reach {
            break;
        }
        ends_sentence = match c {
            // A full stop behind a digit at its word's end is more often a numbered line or an abbreviation.
            '.' => !before.is_ascii_digit(),
            '!' | '?' | '…' => true,
            // What closes behind the full stop.
            '"' | '”' | '’' | '»' | ')' | '*' | '_' | '~' => ends_sentence,
            _ => false,
        };
        before = c;
    }
    found.filter(|&at| at <= reach)
}

/// Behind the last word within reach. Not between two groups of one number, and not behind a currency.
fn word_end(text: &str, reach: usize) -> Option<usize> {
    let mut found = None;
    let mut before = ' ';
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if at > reach {
            break;
        }
        let after = chars.peek().map_or(' ', |&(_, next)| next);
        let is_number = (before.is_ascii_digit() || "$€£".contains(before)) && after.is_ascii_digit();
        if c.is_whitespace() && at > 0 && !before.is_whitespace() && !is_number {
            found = Some(at);
        }
        before = c;
    }
    // A single opened mark is not worth a message of its own.
    found.filter(|&at| text[..at].trim_matches(['`', '*', '_', '~', '\n', ' ']).chars().next().is_some())
}

/// The last place within reach that does not separate a sign from what belongs to it (accents, emoji in groups).
fn glyph_end(text: &str, reach: usize) -> usize {
    /// The longest emoji in use, a family with skin tones, has ten characters.
    const MAX_GLYPH: usize = 16;
    let joins = |c: char| matches!(c, '\u{200d}' | '\u{fe0e}' | '\u{fe0f}' | '\u{300}'..='\u{36f}' | '\u{1f3fb}'..='\u{1f3ff}');
    let mut end = reach;
    for _ in 0..MAX_GLYPH {
        let before = text[..end].chars().next_back();
        let after = text[end..].chars().next();
        let (Some(before), Some(after)) = (before, after) else { break };
        if !joins(after) && before != '\u{200d}' {
            return end;
        }
        end -= before.len_utf8();
    }
    reach
}

/// The text up to `end` with its open marks closed, and what opens them again behind it.
fn joined_marks(text: &str, end: usize) -> (String, String) {
    let part = text[..end].trim_end();
    if part.matches("```").count() % 2 == 1 && text[end..].contains("```") {
        return (format!("{part}\n```"), "```\n".to_owned());
    }
    let line_start = part.rfind('\n').map_or(0, |at| at + 1);
    let line = &text[line_start..];
    let line = &line[..line.find('\n').unwrap_or(line.len())];
    let open = open_marks(line, part.len() - line_start);
    let closing: String = open.iter().rev().collect();
    (format!("{part}{closing}"), open.into_iter().collect())
}

/// The marks that are open at a place in a line and closed behind it.
fn open_marks(line: &str, place: usize) -> Vec<char> {
    let mut open: Vec<(char, usize)> = Vec::new();
    let mut crossing = Vec::new();
    let mut before = ' ';
    let mut chars = line.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let after = chars.peek().map_or(' ', |&(_, next)| next);
        if matches!(c, '*' | '_' | '~' | '`') {
            let begun = open.iter().rposition(|&(mark, _)| mark == c);
            if let Some(depth) = begun.filter(|_| !before.is_whitespace() && !after.is_alphanumeric()) {
                let start = open[depth].1;
                open.truncate(depth);
                if start < place && at >= place {
                    crossing.push((start, c));
                }
            } else if begun.is_none() && !before.is_alphanumeric() && !after.is_whitespace() {
                open.push((c, at));
            }
        }
        before = c;
    }
    crossing.sort_unstable();
    crossing.into_iter().map(|(_, mark)| mark).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_one_message() {
        for text in ["a".repeat(4_096), "😀".repeat(2_048)] {
            assert_eq!(split(&text), [text]);
        }
        assert_eq!(split("😀".repeat(2_049).as_str()).len(), 2, "an emoji counts twice");
        assert_eq!(split("  "), Vec::<String>::new());
    }

    #[test]
    fn a_text_is_cut_at_the_best_place() {
        let filler = "palavra ".repeat(430);
        let filler = filler.trim();
        let cases = [
            (format!("{filler}\n\nfim de linha\nUma frase. Outra {filler}"), filler.to_owned()),
            (format!("{filler}\nUma frase. Outra {filler}"), filler.to_owned()),
            (format!("{filler} x. Outra {filler}"), format!("{filler} x.")),
        ];
        for (text, first) in cases {
            assert_eq!(split(&text)[0], first);
        }
    }

    #[test]
    fn an_address_is_never_cut() {
        let address = format!("https://loja.example/{}", "x_y".repeat(300));
        let text = format!("{} {address} fim", "a".repeat(3_500));
        let parts = split(&text);
        assert_eq!(parts[1], format!("{address} fim"));
    }

    #[test]
    fn a_price_and_a_telephone_stay_together() {
        let text = format!("{} R$ 10,00 agora {}", "a".repeat(3_996), "b".repeat(200));
        assert!(split(&text)[1].starts_with("R$ 10,00 agora"));
        let text = format!("{} 99999 8888 agora {}", "a".repeat(3_993), "b".repeat(200));
        assert!(split(&text)[1].starts_with("99999 8888 agora"));
    }

    #[test]
    fn marks_are_closed_and_opened_again() {
        let text = format!("Leia: *{}* e fim", "negrito ".repeat(600).trim());
        let parts = split(&text);
        assert!(parts[0].ends_with("negrito*") && parts[1].starts_with("*negrito"), "{}", parts[1]);
        let text = format!("Código:\n```\n{}\n```\nfim", "  linha\n".repeat(700).trim_end());
        let parts = split(&text);
        assert!(parts[0].ends_with("  linha\n```") && parts[1].starts_with("```\n  linha"), "{}", parts[1]);
        assert!(parts[1].ends_with("```\nfim"));
    }

    #[test]
    fn a_lone_star_is_not_closed() {
        let text = format!("*Consulte {} fim", "condições ".repeat(500));
        assert!(split(&text)[0].ends_with("condições"));
    }

    #[test]
    fn the_third_part_ends_at_a_sentence() {
        let text = "Uma frase inteira. ".repeat(1_000);
        let parts = split(&text);
        assert_eq!(parts.len(), 3);
        assert!(parts[2].ends_with("inteira.…"));
    }

    #[test]
    fn one_endless_word_is_cut_between_signs() {
        let text = "👨\u{200d}👩\u{200d}👧".repeat(1_200);
        let parts = split(&text);
        assert_eq!(parts.len(), 3);
        assert!(parts[1].starts_with('👨'));
    }

    #[test]
    fn what_stands_below_is_never_cut_off() {
        let tail = "1. Sim\n2. Não";
        assert_eq!(split_with_tail("Confirma?", tail), ["Confirma?\n\n1. Sim\n2. Não"]);
        for words in [500, 700, 1_000, 5_000] {
            let parts = split_with_tail(&"palavra ".repeat(words), tail);
            assert!(parts.len() <= 3 && parts.last().unwrap().ends_with("\n\n1. Sim\n2. Não"), "{words}");
            assert!(parts.iter().all(|part| units(part) <= WHOLE), "{words}");
        }
        let endless = split_with_tail("a", &"x".repeat(100_000));
        assert!(endless.len() == 1 && units(&endless[0]) <= WHOLE);
    }

    proptest::proptest! {
        #[test]
        fn parts_hold_the_text_in_its_order(text in "([a-zç.!? \n*_~`😀é0-9]{0,400}\\PC{0,40}){0,40}") {
            let parts = split(&text);
            proptest::prop_assert!(parts.len() <= 3);
            proptest::prop_assert!(parts.iter().all(|part| units(part) <= WHOLE));
            let kept = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
            let joined = kept(&parts.concat());
            if units(&text) <= 3 * WHOLE - 1_000 && parts.len() < 3 {
                proptest::prop_assert_eq!(joined, kept(&text));
            } else {
                proptest::prop_assert!(kept(&text).starts_with(&joined));
            }
        }
    }
}
