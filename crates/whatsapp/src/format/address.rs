//! Web addresses in a text: taken as they are, and how a link of Markdown is shown.

/// How far the end of a link is looked for, in bytes: browsers take addresses of about 2,000 characters.
const MAX_LINK_BYTES: usize = 4_096;

/// Length in bytes of the web address that begins here, 0 where none does.
///
/// It reaches to the next white space or quote, without the punctuation and the marks of the sentence around it.
pub(super) fn length(text: &str, before: Option<char>) -> usize {
    if before.is_some_and(char::is_alphanumeric) || !starts_address(text) {
        return 0;
    }
    let is_end = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '`' | '|');
    let mut address = &text[..text.find(is_end).unwrap_or(text.len())];
    while let Some(last) = address.chars().next_back() {
        let belongs_outside = match last {
            // The punctuation of the sentence, and marks: no address ends in a star, and what is cut off here is read
            // again, as a mark or as text.
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '…' | '”' | '’' | '»' | '*' | '~' => true,
            '_' => before == Some('_') || address.ends_with("__"),
            ')' => address.matches(')').count() > address.matches('(').count(),
            ']' => address.matches(']').count() > address.matches('[').count(),
            _ => false,
        };
        if !belongs_outside {
            break;
        }
        let end = address.strip_suffix("__").map_or(address.len() - last.len_utf8(), str::len);
        address = &address[..end];
    }
    address.len()
}

fn starts_address(text: &str) -> bool {
    ["https://", "http://", "www."]
        .iter()
        .any(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
}

/// Whether a line ends in an address: a mark behind it would become part of it.
pub(super) fn ends_line(line: &str) -> bool {
    let last = line.split_whitespace().next_back().unwrap_or_default();
    last.contains("://") || last.contains("www.")
}

/// A link of Markdown.
#[derive(Debug, PartialEq)]
pub(super) struct Link<'t> {
    /// What it is called.
    pub(super) label: &'t str,
    /// Where it goes.
    pub(super) target: &'t str,
    /// Length of all of it in bytes.
    pub(super) length: usize,
}

/// Reads `[label](target)` or `[label](target "title")` at the beginning of a text.
pub(super) fn link(text: &str) -> Option<Link<'_>> {
    let near = &text[..text.floor_char_boundary(MAX_LINK_BYTES)];
    let label_end = closing(near, '[', ']')?;
    let label = near.get(1..label_end)?;
    let inside = near.get(label_end + 1..)?;
    let target_end = closing(inside, '(', ')')?;
    let inside = inside.get(1..target_end)?.trim();
    let (target, title) = match inside.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        Some(parts) => parts,
        None => inside.split_once(char::is_whitespace).unwrap_or((inside, "")),
    };
    let title = title.trim();
    let has_title = title.len() >= 2 && title.starts_with(['"', '\'']) && title.ends_with(['"', '\'']);
    let is_link = is_target(target) && (title.is_empty() || has_title);
    is_link.then_some(Link { label, target, length: label_end + 1 + target_end + 1 })
}

/// The place of the bracket that closes the one a text begins with.
fn closing(text: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth = depth.checked_sub(1)?;
        }
        if depth == 0 {
            return (at > 0).then_some(at);
        }
        if c == '\n' {
            return None;
        }
    }
    None
}

/// A word in round brackets is an address only if it looks like one: people write `[x](ver abaixo)` too.
fn is_target(target: &str) -> bool {
    let is_address =
        target.contains("://") || target.contains('.') || target.contains('@') || target.contains(':');
    let is_place = target.starts_with(['/', '#']) && target.len() > 1;
    !target.contains(|c: char| c.is_whitespace() || c.is_control()) && (is_address || is_place)
}

/// How a link is shown: what it is called and where it goes, or once where both are the same.
pub(super) fn shown(label: &str, target: &str) -> String {
    let target = ["mailto:", "tel:"].iter().find_map(|scheme| target.strip_prefix(scheme)).unwrap_or(target);
    let label = label.trim().trim_end_matches(':').trim_end();
    if label.is_empty() || bare(label) == bare(target) {
        return target.to_owned();
    }
    format!("{label}: {target}")
}

/// An address without what people leave out.
fn bare(address: &str) -> &str {
    let address = address.trim_start_matches("https://").trim_start_matches("http://");
    address.trim_start_matches("www.").trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str, before: Option<char>) -> &str {
        &text[..length(text, before)]
    }

    #[test]
    fn an_address_ends_before_the_sentence_goes_on() {
        assert_eq!(address("https://a.example/x_y_z?b=*c*d.", None), "https://a.example/x_y_z?b=*c*d");
        assert_eq!(address("https://a.example/x) e", None), "https://a.example/x");
        assert_eq!(address("https://pt.example/Pix_(banco), e", None), "https://pt.example/Pix_(banco)");
        assert_eq!(address("https://a.example/x_", None), "https://a.example/x_");
        assert_eq!(address("https://a.example/x_", Some('_')), "https://a.example/x");
        assert_eq!(address("WWW.loja.example**", Some('*')), "WWW.loja.example");
        assert_eq!(address("https://a.example", Some('x')), "");
        assert_eq!(address("httpsé", None), "");
    }

    #[test]
    fn a_link_has_a_label_and_something_like_an_address() {
        let read = link("[a [b]](https://x.example/(y) \"z\") rest").unwrap();
        assert_eq!((read.label, read.target, read.length), ("a [b]", "https://x.example/(y)", 34));
        assert_eq!(link("[mail](<mailto:a@b.example>)").unwrap().target, "mailto:a@b.example");
        for none in
            ["[a]", "[a] (https://x.example)", "[a](ver abaixo)", "[x](y)", "[a](", "[", "[a\n](b.c)", "]"]
        {
            assert_eq!(link(none), None, "{none}");
        }
    }

    #[test]
    fn a_link_is_shown_once_where_label_and_target_are_the_same() {
        assert_eq!(shown("Site:", "https://x.example"), "Site: https://x.example");
        assert_eq!(shown("x.example", "https://www.x.example/"), "https://www.x.example/");
        assert_eq!(shown("a@b.example", "mailto:a@b.example"), "a@b.example");
        assert_eq!(shown("", "tel:+551133334444"), "+551133334444");
    }
}
