//! Reads `messages.txt`: messages with what is named in them marked as `{kind|words|value}`.

/// How the order numbers of the tenant look that the messages are for.
pub(super) const ORDERS: &str = r"\bLX\d{3}/\d{2}\b";

/// A message, where it was written, and what it names.
pub(super) struct Marked {
    /// ISO 3166-1 alpha-2.
    pub(super) country: String,
    /// ISO 639-1.
    pub(super) language: String,
    pub(super) text: String,
    /// Kind, first byte, byte after the last, value.
    pub(super) entities: Vec<(String, usize, usize, String)>,
}

/// All messages of the file.
pub(super) fn messages() -> Vec<Marked> {
    let (mut country, mut language) = ("BR", "pt");
    let mut messages = Vec::new();
    for line in include_str!("messages.txt").lines() {
        if let Some(setting) = line.strip_prefix("@ ") {
            (country, language) = setting.split_once(' ').expect("country and language");
        } else if !line.is_empty() && !line.starts_with("//") {
            let (text, entities) = unmarked(&line.replace("\\n", "\n"));
            messages.push(Marked {
                country: country.to_owned(),
                language: language.to_owned(),
                text,
                entities,
            });
        }
    }
    messages
}

fn unmarked(line: &str) -> (String, Vec<(String, usize, usize, String)>) {
    let mut text = String::new();
    let mut entities = Vec::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let (mark, after) = after.split_once('}').expect("a mark is closed");
        let mut parts = mark.split('|');
        let kind = parts.next().unwrap_or_default();
        let words = parts.next().expect("a mark has words");
        let value = parts.next().unwrap_or(words);
        entities.push((kind.to_owned(), text.len(), text.len() + words.len(), value.to_owned()));
        text.push_str(words);
        rest = after;
    }
    text.push_str(rest);
    (text, entities)
}
