//! Labelled data: JSON Lines, one example a line.

use std::path::Path;

use pytake_understanding::language::Language;
use serde::Deserialize;

use crate::entity_types::canonical;
use crate::error::EvaluationError;
use crate::task::Task;

/// The label of a text in none of the product's languages.
pub const OTHER_LANGUAGE: &str = "other";

/// Larger files are refused: they would not fit beside the server that may run on the machine.
pub const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// One example.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What was written.
    pub text: String,
    /// What is right.
    pub gold: Gold,
    /// BCP 47 code of the text, where the line says it.
    pub language: Option<String>,
    /// The moment the text was written, ISO 8601, where the line says it: dates such as "tomorrow" depend on it.
    pub written_at: Option<String>,
}

/// What is right.
#[derive(Debug, Clone, PartialEq)]
pub enum Gold {
    /// One label.
    Label(String),
    /// Any number of labels.
    Labels(Vec<String>),
    /// Places in characters, with their type.
    Spans(Vec<GoldSpan>),
}

/// A labelled place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GoldSpan {
    /// First character.
    pub start: usize,
    /// Character behind the last.
    pub end: usize,
    /// The type, in our words where we know it.
    pub kind: String,
}

impl Gold {
    /// The label, where there is one.
    pub fn label(&self) -> Option<&str> {
        match self {
            Self::Label(label) => Some(label),
            Self::Labels(_) | Self::Spans(_) => None,
        }
    }
}

#[derive(Deserialize)]
struct Raw {
    text: Option<String>,
    label: Option<String>,
    labels: Option<Vec<String>>,
    spans: Option<Vec<(usize, usize, String)>>,
    results: Option<Vec<RawResult>>,
    #[serde(alias = "lang")]
    language: Option<String>,
    context: Option<RawContext>,
}

/// An entity of the Recognizers specifications; `End` is the last character, not the one behind it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawResult {
    text: String,
    type_name: Option<String>,
    start: Option<usize>,
    end: Option<usize>,
}

#[derive(Deserialize)]
struct RawContext {
    #[serde(rename = "ReferenceDateTime")]
    reference: Option<String>,
}

/// Reads a file for a task.
///
/// # Errors
/// What is wrong with which line.
pub fn read(path: &Path, task: Task) -> Result<Vec<Line>, EvaluationError> {
    let unreadable = |source| EvaluationError::Unreadable { path: path.to_owned(), source };
    let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
    if bytes > MAX_FILE_BYTES {
        return Err(EvaluationError::TooLarge { path: path.to_owned(), megabytes: bytes / 1_000_000 });
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let mut lines = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |problem: String| EvaluationError::Line { path: path.to_owned(), line: at + 1, problem };
        let raw: Raw = serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
        let mut line = parse(raw, task).map_err(wrong)?;
        line.language = line.language.or_else(|| named_language(path));
        lines.push(line);
    }
    if lines.is_empty() { Err(EvaluationError::Empty { path: path.to_owned() }) } else { Ok(lines) }
}

/// A label of the language task: the code without its region; [`OTHER_LANGUAGE`] for all the product does not know,
/// since it does not tell them apart.
fn language_label(code: &str) -> String {
    Language::from_code(code).map_or_else(|| OTHER_LANGUAGE.to_owned(), |language| language.code().to_owned())
}

/// The language that a file's name states, such as `datetime.pt.dev.jsonl`.
fn named_language(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let is_language = |part: &&str| ["en", "pt", "es"].contains(part);
    name.split('.').find(is_language).map(str::to_owned)
}

/// The first so many lines of each label, and the others.
pub(crate) fn first_of_each(lines: Vec<Line>, most: usize) -> (Vec<Line>, Vec<Line>) {
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    lines.into_iter().partition(|line| {
        let count = counts.entry(line.gold.label().unwrap_or_default().to_owned()).or_default();
        *count += 1;
        *count <= most
    })
}

fn parse(raw: Raw, task: Task) -> Result<Line, String> {
    let text = raw.text.ok_or("it has no \"text\"")?;
    let gold = if task == Task::Entity {
        spans(&text, raw.spans.as_deref(), raw.results.as_deref())?
    } else if let Some(label) = raw.label {
        Gold::Label(if task == Task::Language { language_label(&label) } else { label })
    } else {
        Gold::Labels(raw.labels.ok_or("it has neither \"label\" nor \"labels\"")?)
    };
    let needs_one = !matches!(task, Task::Emotion | Task::Entity | Task::Toxicity);
    if needs_one && gold.label().is_none() {
        return Err(format!("the task {task} needs one \"label\" a line"));
    }
    Ok(Line {
        text,
        gold,
        language: raw.language,
        written_at: raw.context.and_then(|context| context.reference),
    })
}

fn spans(
    text: &str,
    spans: Option<&[(usize, usize, String)]>,
    results: Option<&[RawResult]>,
) -> Result<Gold, String> {
    let characters = text.chars().count();
    let mut found = Vec::new();
    for (start, end, kind) in spans.unwrap_or_default() {
        if start > end || *end > characters {
            return Err(format!("the span [{start}, {end}] is not in the text of {characters} characters"));
        }
        found.push(GoldSpan { start: *start, end: *end, kind: canonical(kind) });
    }
    for result in results.unwrap_or_default() {
        // One that says nothing of its type is a note of the specification.
        let Some(kind) = result.type_name.as_deref() else { continue };
        let (start, end) = match (result.start, result.end) {
            (Some(start), Some(end)) if end < characters => (start, end + 1),
            // Older specifications leave the place out; the first occurrence is meant.
            _ => {
                place_of(&result.text, text).ok_or_else(|| format!("{:?} is not in the text", result.text))?
            }
        };
        found.push(GoldSpan { start, end, kind: canonical(kind) });
    }
    if spans.is_none() && results.is_none() {
        return Err("it has neither \"spans\" nor \"results\"".to_owned());
    }
    found.sort();
    Ok(Gold::Spans(found))
}

/// The first place of a part in characters, whatever its case.
fn place_of(part: &str, text: &str) -> Option<(usize, usize)> {
    let lower =
        |text: &str| text.chars().map(|c| c.to_lowercase().next().unwrap_or(c)).collect::<Vec<char>>();
    let (part, text) = (lower(part), lower(text));
    let start = text.windows(part.len().max(1)).position(|window| window == part)?;
    Some((start, start + part.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str, task: Task) -> Result<Line, String> {
        parse(serde_json::from_str(line).unwrap(), task)
    }

    #[test]
    fn a_line_has_one_label_or_many() {
        let one = parsed(r#"{"text": "oi", "label": "greeting", "lang": "pt"}"#, Task::Intent).unwrap();
        assert_eq!((one.gold.label(), one.language.as_deref()), (Some("greeting"), Some("pt")));
        let many = parsed(r#"{"text": "oi", "labels": ["joy"]}"#, Task::Emotion).unwrap();
        assert_eq!(many.gold, Gold::Labels(vec!["joy".to_owned()]));
    }

    #[test]
    fn a_files_name_may_state_the_language() {
        assert_eq!(named_language(Path::new("a/datetime.pt.dev.jsonl")).as_deref(), Some("pt"));
        assert_eq!(named_language(Path::new("es.val/part.jsonl")), None);
    }

    #[test]
    fn what_a_line_lacks_is_named() {
        assert_eq!(parsed(r#"{"label": "x"}"#, Task::Intent).unwrap_err(), "it has no \"text\"");
        assert!(parsed(r#"{"text": "oi"}"#, Task::Intent).unwrap_err().contains("neither"));
        assert!(
            parsed(r#"{"text": "oi", "labels": ["a"]}"#, Task::Spam).unwrap_err().contains("one \"label\"")
        );
        assert!(
            parsed(r#"{"text": "oi", "spans": [[0, 3, "date"]]}"#, Task::Entity)
                .unwrap_err()
                .contains("[0, 3]")
        );
    }

    #[test]
    fn places_are_characters_also_where_the_specification_leaves_them_out() {
        let spans = r#"{"text": "é amanhã", "spans": [[2, 8, "date"]]}"#;
        let results =
            r#"{"text": "é Amanhã", "results": [{"Text": "amanhã", "TypeName": "datetimeV2.date"}]}"#;
        let ends = r#"{"text": "é amanhã", "results": [{"Text": "amanhã", "Start": 2, "End": 7, "TypeName": "datetimeV2.date"}]}"#;
        let gold = Gold::Spans(vec![GoldSpan { start: 2, end: 8, kind: "date".to_owned() }]);
        for line in [spans, results, ends] {
            assert_eq!(parsed(line, Task::Entity).unwrap().gold, gold, "{line}");
        }
    }
}
