//! HTML in a reply: the few tags models write. What is no such tag is text (`<seu nome>`, `a < b`).

/// What a tag means for a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    /// A new line.
    Break,
    /// A new line with a bullet.
    Item,
    /// A mark that opens or closes.
    Bold {
        /// Whether it opens.
        opens: bool,
    },
    /// A mark that opens or closes.
    Italic {
        /// Whether it opens.
        opens: bool,
    },
    /// A mark that opens or closes.
    Strike {
        /// Whether it opens.
        opens: bool,
    },
    /// A mark, the same at both ends.
    Code,
    /// Nothing to see.
    Nothing,
}

/// Longer than this is no tag of a reply.
const MAX_TAG_BYTES: usize = 300;

/// Browsers take addresses of about 2,000 characters.
const MAX_ADDRESS_BYTES: usize = 4_096;

/// Reads the tag a text begins with; gives its meaning and its length in bytes.
pub(super) fn tag(text: &str) -> Option<(Tag, usize)> {
    let near = &text[..text.floor_char_boundary(MAX_TAG_BYTES)];
    let end = near.find('>')?;
    let inside = near.get(1..end)?;
    if inside.contains(['<', '\n']) {
        return None;
    }
    let (opens, inside) = inside.strip_prefix('/').map_or((true, inside), |rest| (false, rest));
    let name_end = inside.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(inside.len());
    let (name, rest) = inside.split_at(name_end);
    // A name, then nothing, a slash, or attributes.
    let is_plain = rest.trim_matches(['/', ' ']).is_empty();
    let has_attributes = rest.starts_with(' ') && rest.contains('=');
    if !is_plain && !has_attributes {
        return None;
    }
    let meaning = match name.to_ascii_lowercase().as_str() {
        "br" | "p" | "div" | "tr" | "ul" | "ol" | "table" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6"
        | "hr" => Tag::Break,
        "li" if opens => Tag::Item,
        "b" | "strong" => Tag::Bold { opens },
        "i" | "em" => Tag::Italic { opens },
        "s" | "del" | "strike" => Tag::Strike { opens },
        "code" => Tag::Code,
        "li" | "u" | "span" | "font" | "small" | "sup" | "sub" | "mark" | "center" | "tbody" | "thead" => {
            Tag::Nothing
        }
        _ => return None,
    };
    Some((meaning, end + 1))
}

/// `<https://…>` and `<a@b.c>`: the address and the length of all of it in bytes.
pub(super) fn bracketed_address(text: &str) -> Option<(&str, usize)> {
    let near = &text[..text.floor_char_boundary(MAX_ADDRESS_BYTES)];
    let end = near.find('>')?;
    let inside = near.get(1..end)?;
    let is_address = inside.starts_with("https://")
        || inside.starts_with("http://")
        || inside.starts_with("mailto:")
        || (inside.contains('@') && inside.contains('.'));
    let is_one_word = !inside.contains(|c: char| c.is_whitespace() || c.is_control() || c == '<');
    (is_address && is_one_word).then(|| (inside.strip_prefix("mailto:").unwrap_or(inside), end + 1))
}

/// `<a href="target">label</a>`: label, target and the length of all of it in bytes.
pub(super) fn anchor(text: &str) -> Option<(&str, &str, usize)> {
    let head = text.get(..3)?;
    if !head.eq_ignore_ascii_case("<a ") {
        return None;
    }
    let near = &text[..text.floor_char_boundary(MAX_ADDRESS_BYTES)];
    let head_end = near.find('>')?;
    let attribute = near[..head_end].split_once("href=")?.1;
    let quote = attribute.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let target = attribute[1..].split_once(quote)?.0;
    let label_and_rest = &near[head_end + 1..];
    let label_end = label_and_rest.find("</a>").or_else(|| label_and_rest.find("</A>"))?;
    Some((&label_and_rest[..label_end], target, head_end + 1 + label_end + "</a>".len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tags_models_write_have_a_meaning() {
        assert_eq!(tag("<br>x"), Some((Tag::Break, 4)));
        assert_eq!(tag("<BR />x"), Some((Tag::Break, 6)));
        assert_eq!(tag("</strong>"), Some((Tag::Bold { opens: false }, 9)));
        assert_eq!(tag("<span style=\"x\">"), Some((Tag::Nothing, 16)));
    }

    #[test]
    fn what_is_no_tag_is_text() {
        for text in ["<seu nome>", "< b", "<3", "<", "<b c>", "<b\n>", "<a@b.example>", "<https://x>", "<éé>"]
        {
            assert_eq!(tag(text), None, "{text}");
        }
    }

    #[test]
    fn addresses_in_brackets_and_anchors_are_read() {
        assert_eq!(bracketed_address("<https://x.example/a> b"), Some(("https://x.example/a", 21)));
        assert_eq!(bracketed_address("<mailto:a@b.example>"), Some(("a@b.example", 20)));
        assert_eq!(bracketed_address("<seu nome>"), None);
        let anchor_text = "<a class='b' href=\"https://x.example\">loja</a>.";
        assert_eq!(anchor(anchor_text), Some(("loja", "https://x.example", anchor_text.len() - 1)));
        assert_eq!(anchor("<a href=x>y</a>"), None);
        assert_eq!(anchor("<a href=\"x"), None);
    }
}
