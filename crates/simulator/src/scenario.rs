//! Scenario files: what is posted, said, pressed and expected, in order.
//!
//! A file is one JSON object:
//!
//! ```json
//! {
//!   "about": "what is looked at",
//!   "customer": {"name": "Ana", "phone": "5511987654321", "user_id": "BR.1502576394655843"},
//!   "business": {"account": "102290129340398", "number": "106540352242922", "display_number": "551140028922"},
//!   "media": [{"id": "900", "mime_type": "image/jpeg", "base64": "…"}],
//!   "posts": [
//!     {"object": "whatsapp_business_account", "entry": []},
//!     {"say": "oi"},
//!     {"say": ["oi", "cadê meu pedido?"]},
//!     {"wait_for_reply": true},
//!     {"press": "Sim"},
//!     {"pause_ms": 500},
//!     {"expect": {"replies": 1, "says": "pedido"}}
//!   ]
//! }
//! ```
//!
//! Only `posts` (or `steps`, another name for it) is needed. An object with `object` in it is posted as it is; times
//! between such posts are those between their timestamps. Everything else is a step:
//!
//! - `say`: the customer writes a text, or several, 1 s apart;
//! - `press`: the customer presses the button, or chooses the row, that has this title in the newest message with one;
//! - `wait_for_reply`: waits until the customer's last message is answered; a file whose wait is in vain fails;
//! - `pause_ms`: waits;
//! - `expect`: `replies` (exactly so many messages of the business since the start of the file), `replies_at_least`,
//!   `replies_at_most`, `says` (one of them contains this, in any case), `duplicates` (of the same callback data).
//!
//! `known_contact` is information for people. A file that is itself a webhook's body is a scenario of one post.

mod retime;

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use crate::graph::MediaFile;
use crate::webhook::{Business, Customer, businesses};

pub(crate) use retime::{Retimed, rename};

/// 1 s: between two texts of the same `say`, as people type short messages.
pub(crate) const BETWEEN_TEXTS: Duration = Duration::from_secs(1);

/// A scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// What is looked at.
    pub about: String,
    /// Who says and presses.
    pub customer: Customer,
    /// Whom it is said to.
    pub business: Business,
    /// Files that customers send.
    pub media: Vec<ScenarioMedia>,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// A file that a customer sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioMedia {
    /// The media id in the webhook.
    pub id: String,
    /// The file.
    pub file: MediaFile,
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// A webhook.
    Post(Value),
    /// The customer writes a text.
    Say(String),
    /// The customer presses what has this title.
    Press(String),
    /// Waits until the customer's last message is answered.
    WaitForReply,
    /// Waits.
    Pause(Duration),
    /// Looks at what has come.
    Expect(Expectation),
}

/// What must have come since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// Exactly so many messages of the business.
    #[serde(default)]
    pub replies: Option<u64>,
    /// At least so many.
    #[serde(default)]
    pub replies_at_least: Option<u64>,
    /// At most so many.
    #[serde(default)]
    pub replies_at_most: Option<u64>,
    /// One of them contains this, in any case.
    #[serde(default)]
    pub says: Option<String>,
    /// So many repeat the callback data of another.
    #[serde(default)]
    pub duplicates: Option<u64>,
}

/// Why a file is no scenario.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// It cannot be read.
    #[error("{path}: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what it should be.
    #[error("{path}: {why}")]
    Malformed {
        /// The file.
        path: String,
        /// What is wrong.
        why: String,
    },
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    about: String,
    #[serde(default)]
    customer: Option<Customer>,
    #[serde(default)]
    business: Option<Business>,
    #[serde(default)]
    media: Vec<FileMedia>,
    #[serde(alias = "steps")]
    posts: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileMedia {
    id: String,
    mime_type: String,
    #[serde(default)]
    base64: Option<String>,
    /// A path, seen from the scenario file.
    #[serde(default)]
    file: Option<String>,
}

impl Scenario {
    /// One customer, who says this.
    pub fn of_texts(texts: &[&str]) -> Self {
        let steps = texts.iter().map(|text| Step::Say((*text).to_owned())).collect();
        Self {
            about: String::new(),
            customer: Customer::default(),
            business: Business::default(),
            media: Vec::new(),
            steps,
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`ScenarioError`] with the path and what is wrong.
    pub fn read(path: &Path) -> Result<Self, ScenarioError> {
        let name = path.display().to_string();
        let unreadable = |source| ScenarioError::Unreadable { path: name.clone(), source };
        let json = std::fs::read_to_string(path).map_err(unreadable)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        Self::parse(&json, folder).map_err(|why| ScenarioError::Malformed { path: name.clone(), why })
    }

    /// Reads a file's text; paths in it are seen from `folder`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(json: &str, folder: &Path) -> Result<Self, String> {
        let value: Value = serde_json::from_str(json).map_err(|error| error.to_string())?;
        if value.get("object").is_some() {
            return Ok(Self::of_steps(String::new(), None, None, vec![Step::Post(value)]));
        }
        let file: File = serde_json::from_value(value).map_err(|error| error.to_string())?;
        let mut steps = Vec::new();
        for (place, post) in file.posts.into_iter().enumerate() {
            let step = read_step(post).map_err(|why| format!("posts[{place}]: {why}"))?;
            steps.extend(step);
        }
        let mut scenario = Self::of_steps(file.about, file.customer, file.business, steps);
        for media in file.media {
            scenario.media.push(read_media(media, folder)?);
        }
        Ok(scenario)
    }

    fn of_steps(
        about: String,
        customer: Option<Customer>,
        business: Option<Business>,
        steps: Vec<Step>,
    ) -> Self {
        let mut scenario = Self {
            about,
            customer: customer.unwrap_or_default(),
            business: Business::default(),
            media: Vec::new(),
            steps,
        };
        // What is said goes to the number that the posts are about, where the file does not say.
        let of_posts = scenario.businesses().into_iter().next();
        scenario.business = business.or(of_posts).unwrap_or_default();
        scenario
    }

    /// Plays it as if it were about this number: a server may know another one than the file.
    #[must_use]
    pub fn for_number(mut self, number: &str) -> Self {
        number.clone_into(&mut self.business.number);
        for step in &mut self.steps {
            if let Step::Post(body) = step {
                rename_number(body, number);
            }
        }
        self
    }

    /// The business numbers that occur in it, each once.
    pub fn businesses(&self) -> Vec<Business> {
        let mut all: Vec<Business> = Vec::new();
        let mut add = |business: Business| {
            if all.iter().all(|known| known.number != business.number) {
                all.push(business);
            }
        };
        for step in &self.steps {
            match step {
                Step::Post(body) => businesses(body).into_iter().for_each(&mut add),
                Step::Say(_) | Step::Press(_) => add(self.business.clone()),
                Step::WaitForReply | Step::Pause(_) | Step::Expect(_) => {}
            }
        }
        all
    }
}

fn rename_number(value: &mut Value, number: &str) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| rename_number(item, number)),
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                if name == "phone_number_id" {
                    *value = number.into();
                } else {
                    rename_number(value, number);
                }
            }
        }
        _ => {}
    }
}

fn read_step(post: Value) -> Result<Vec<Step>, String> {
    if post.get("object").is_some() {
        return Ok(vec![Step::Post(post)]);
    }
    let object = post.as_object().ok_or("is neither a webhook nor a step")?;
    let (Some((name, value)), 1) = (object.iter().next(), object.len()) else {
        return Err("a step has exactly one name: say, press, wait_for_reply, pause_ms or expect".to_owned());
    };
    let step = match name.as_str() {
        "say" => return read_texts(value),
        "press" => Step::Press(value.as_str().ok_or("press needs a title")?.to_owned()),
        "wait_for_reply" => Step::WaitForReply,
        "pause_ms" => Step::Pause(Duration::from_millis(
            value.as_u64().ok_or("pause_ms needs a number of milliseconds")?,
        )),
        "expect" => {
            Step::Expect(Expectation::deserialize(value).map_err(|error| format!("expect: {error}"))?)
        }
        other => return Err(format!("there is no step {other:?}")),
    };
    Ok(vec![step])
}

fn read_texts(value: &Value) -> Result<Vec<Step>, String> {
    let wrong = || "say needs a text or a list of texts".to_owned();
    if let Some(text) = value.as_str() {
        return Ok(vec![Step::Say(text.to_owned())]);
    }
    let mut steps = Vec::new();
    for text in value.as_array().ok_or_else(wrong)? {
        steps.push(Step::Say(text.as_str().ok_or_else(wrong)?.to_owned()));
    }
    Ok(steps)
}

fn read_media(media: FileMedia, folder: &Path) -> Result<ScenarioMedia, String> {
    let bytes = match (&media.base64, &media.file) {
        (Some(text), None) => {
            STANDARD.decode(text).map_err(|error| format!("media {}: {error}", media.id))?
        }
        (None, Some(path)) => std::fs::read(folder.join(path))
            .map_err(|error| format!("media {}: {path}: {error}", media.id))?,
        _ => return Err(format!("media {}: needs base64 or file", media.id)),
    };
    Ok(ScenarioMedia { id: media.id, file: MediaFile::new(&media.mime_type, bytes) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Scenario, String> {
        Scenario::parse(json, Path::new("."))
    }

    #[test]
    fn posts_and_steps_are_read_in_their_order() {
        let scenario = parse(
            r#"{"about": "x", "posts": [{"say": ["a", "b"]}, {"object": "page", "entry": []}, {"press": "Sim"},
                {"wait_for_reply": true}, {"pause_ms": 5}, {"expect": {"replies": 1}}]}"#,
        )
        .unwrap();
        let expected = Expectation { replies: Some(1), ..Expectation::default() };
        assert_eq!(scenario.steps[..2], [Step::Say("a".into()), Step::Say("b".into())]);
        assert_eq!(scenario.steps[3], Step::Press("Sim".into()));
        assert_eq!(scenario.steps[6], Step::Expect(expected));
        assert_eq!(scenario.businesses(), [Business::default()]);
        assert_eq!(scenario.for_number("7").businesses()[0].number, "7");
    }

    #[test]
    fn a_file_that_is_wrong_says_where() {
        for (json, what) in [
            ("{}", "posts"),
            (r#"{"posts": [{"say": "a"}, {"shout": "b"}]}"#, "posts[1]: there is no step \"shout\""),
            (r#"{"posts": [{"say": 3}]}"#, "posts[0]: say needs a text"),
            (r#"{"posts": [{"expect": {"reply": 1}}]}"#, "unknown field `reply`"),
            (r#"{"posts": [{"say": "a", "press": "b"}]}"#, "exactly one name"),
            (r#"{"posts": [], "media": [{"id": "9", "mime_type": "a/b"}]}"#, "media 9: needs base64 or file"),
        ] {
            let why = parse(json).unwrap_err();
            assert!(why.contains(what), "{json}: {why}");
        }
    }

    #[test]
    fn a_recorded_webhook_is_a_scenario() {
        let scenario = parse(r#"{"object": "whatsapp_business_account", "entry": []}"#).unwrap();
        assert!(matches!(scenario.steps.as_slice(), [Step::Post(_)]));
    }
}
