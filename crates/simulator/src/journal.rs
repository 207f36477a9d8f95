//! What happened between customers and business, in order, as Meta sees it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::people::{People, Person};
use crate::webhook::{Customer, Item, items};

/// Something to choose, as the customer sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// Goes back when it is chosen.
    pub id: String,
    /// What is read.
    pub title: String,
    /// A second line, in lists only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A message as it is seen on the telephone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// The type on the wire, such as `text`.
    pub kind: String,
    /// What is read; in brackets what is not a text.
    pub text: String,
    /// Buttons or rows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
    /// Whether the choices are rows of a list.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_list: bool,
}

/// How far a message of the business has come, as a report says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// One tick.
    Sent,
    /// Two ticks.
    Delivered,
    /// Two blue ticks.
    Read,
    /// It will not arrive.
    Failed,
}

impl State {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
        }
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Happening {
    /// A customer wrote; recorded when the webhook with it is first posted.
    Received {
        /// Place in [`Journal::people`].
        person: usize,
        /// The business number.
        number: String,
        /// Its id.
        message_id: String,
        /// What the customer's telephone says of the time, in seconds since 1970.
        timestamp: u64,
        /// The message.
        shown: Shown,
        /// Whether people expect an answer to such a message: not to a reaction, a system message, an unknown type.
        wants_answer: bool,
    },
    /// A message was posted again.
    Repeated {
        /// Its id.
        message_id: String,
    },
    /// A person at the business wrote from the phone app.
    Echo {
        /// Place in [`Journal::people`].
        person: usize,
        /// The message.
        shown: Shown,
    },
    /// The server sent a message, and it was accepted.
    Sent {
        /// Place in [`Journal::people`].
        person: usize,
        /// The business number.
        number: String,
        /// The id it was given.
        message_id: String,
        /// `biz_opaque_callback_data`.
        #[serde(skip_serializing_if = "Option::is_none")]
        callback: Option<String>,
        /// The message.
        shown: Shown,
    },
    /// A message of the server was refused.
    Refused {
        /// The error's code.
        code: i64,
    },
    /// A report was made on a message of the server.
    Reported {
        /// Its id.
        message_id: String,
        /// How far it has come.
        state: State,
    },
    /// The server marked a customer's message as read.
    Marked {
        /// Its id.
        message_id: String,
        /// Whether it shows that somebody is typing.
        is_typing: bool,
    },
    /// The server did not answer a webhook with 200.
    NotTaken {
        /// The HTTP status; none: no answer at all.
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
    },
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// When, since the start, in milliseconds of monotonic time.
    pub after_ms: u64,
    /// When, in milliseconds since 1970.
    pub unix_ms: u64,
    /// What.
    #[serde(flatten)]
    pub happening: Happening,
}

/// The sums of a journal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Different messages of customers.
    pub messages: u64,
    /// Messages of customers that were posted once more.
    pub repeated: u64,
    /// Messages of the server that were accepted.
    pub replies: u64,
    /// Of those, the ones whose callback data was accepted before.
    pub duplicates: u64,
    /// Messages of the server that were refused.
    pub refused: u64,
    /// Read marks, with and without typing.
    pub read_marks: u64,
    /// Webhooks that were not answered with 200, each try counted.
    pub not_taken: u64,
}

/// The journal; clones write into the same one.
#[derive(Debug, Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    clock: Clock,
    written: Mutex<Written>,
    length: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Written {
    entries: Vec<Entry>,
    people: People,
    /// Number and id of every message that customers wrote, with who wrote it.
    delivered: HashMap<(String, String), usize>,
}

impl Journal {
    pub(crate) fn new(clock: Clock) -> Self {
        let inner = Inner { clock, written: Mutex::default(), length: watch::Sender::new(0) };
        Self { inner: Arc::new(inner) }
    }

    /// Everything so far.
    pub fn entries(&self) -> Vec<Entry> {
        self.inner.written.lock().entries.clone()
    }

    /// Everything from the `start`th line on.
    pub fn entries_from(&self, start: usize) -> Vec<Entry> {
        self.inner.written.lock().entries.get(start..).unwrap_or_default().to_vec()
    }

    /// How many lines there are.
    pub fn length(&self) -> usize {
        self.inner.written.lock().entries.len()
    }

    /// Everybody who occurs in it.
    pub fn people(&self) -> Vec<Person> {
        self.inner.written.lock().people.list().to_vec()
    }

    /// The sums so far.
    pub fn counts(&self) -> Counts {
        counts(&self.inner.written.lock().entries)
    }

    /// Those whose last message that wants an answer has none after it.
    pub fn unanswered(&self) -> Vec<usize> {
        unanswered(&self.inner.written.lock().entries)
    }

    /// Waits until `is_enough` holds for the entries, at most `longest`; false: it does not hold.
    pub async fn wait_until(&self, longest: Duration, is_enough: impl Fn(&[Entry]) -> bool) -> bool {
        // Subscribed before looking, so that nothing is missed in between.
        let mut length = self.inner.length.subscribe();
        let waiting = async {
            while !is_enough(&self.inner.written.lock().entries) {
                if length.changed().await.is_err() {
                    return;
                }
            }
        };
        // The result is looked at below, whether in time or not.
        let _ = tokio::time::timeout(longest, waiting).await;
        is_enough(&self.inner.written.lock().entries)
    }

    /// Waits until nothing new was written for `quiet`, at most `longest`.
    pub async fn wait_for_quiet(&self, quiet: Duration, longest: Duration) {
        let mut length = self.inner.length.subscribe();
        let waiting = async { while let Ok(Ok(())) = tokio::time::timeout(quiet, length.changed()).await {} };
        // Either way the caller goes on.
        let _ = tokio::time::timeout(longest, waiting).await;
    }

    pub(crate) fn write(&self, happening: Happening) {
        self.write_with(|_| happening);
    }

    pub(crate) fn write_with(&self, happening: impl FnOnce(&mut People) -> Happening) {
        let after_ms = u64::try_from(self.inner.clock.elapsed().as_millis()).unwrap_or(u64::MAX);
        let unix_ms = self.inner.clock.unix_ms();
        let mut written = self.inner.written.lock();
        let happening = happening(&mut written.people);
        written.entries.push(Entry { after_ms, unix_ms, happening });
        let length = written.entries.len();
        drop(written);
        self.inner.length.send_replace(length);
    }

    /// Writes down what a webhook brings, before it is posted.
    pub(crate) fn note_post(&self, body: &Value) {
        for item in items(body) {
            match item {
                Item::Message { number, message_id, timestamp, customer, shown, wants_answer } => {
                    let is_new = self.deliver(&number, &message_id, &customer);
                    if !is_new {
                        self.write(Happening::Repeated { message_id });
                        continue;
                    }
                    self.write_with(|people| Happening::Received {
                        person: people.meet(&customer),
                        number,
                        message_id,
                        timestamp,
                        shown,
                        wants_answer,
                    });
                }
                Item::Echo { customer, shown } => {
                    self.write_with(|people| Happening::Echo { person: people.meet(&customer), shown });
                }
            }
        }
    }

    /// True the first time that a message is delivered.
    fn deliver(&self, number: &str, message_id: &str, customer: &Customer) -> bool {
        let mut written = self.inner.written.lock();
        let person = written.people.meet(customer);
        written.delivered.insert((number.to_owned(), message_id.to_owned()), person).is_none()
    }

    /// Whether a customer wrote this message to the number.
    pub(crate) fn was_delivered(&self, number: &str, message_id: &str) -> bool {
        let key = (number.to_owned(), message_id.to_owned());
        self.inner.written.lock().delivered.contains_key(&key)
    }

    /// What is known of the person with this telephone or id, whom it adds where there is none such.
    pub(crate) fn person(&self, customer: &Customer) -> Person {
        let mut written = self.inner.written.lock();
        let place = written.people.meet(customer);
        written.people.list().get(place).cloned().unwrap_or_default()
    }
}

pub(crate) fn counts(entries: &[Entry]) -> Counts {
    let mut counts = Counts::default();
    let mut callbacks = HashSet::new();
    for entry in entries {
        match &entry.happening {
            Happening::Received { .. } => counts.messages += 1,
            Happening::Repeated { .. } => counts.repeated += 1,
            Happening::Sent { callback, .. } => {
                counts.replies += 1;
                let is_again = callback.as_ref().is_some_and(|callback| !callbacks.insert(callback));
                counts.duplicates += u64::from(is_again);
            }
            Happening::Refused { .. } => counts.refused += 1,
            Happening::Marked { .. } => counts.read_marks += 1,
            Happening::NotTaken { .. } => counts.not_taken += 1,
            Happening::Echo { .. } | Happening::Reported { .. } => {}
        }
    }
    counts
}

pub(crate) fn unanswered(entries: &[Entry]) -> Vec<usize> {
    let mut waiting: Vec<usize> = Vec::new();
    for entry in entries {
        match &entry.happening {
            Happening::Received { person, wants_answer: true, .. } if !waiting.contains(person) => {
                waiting.push(*person);
            }
            Happening::Sent { person, .. } => waiting.retain(|other| other != person),
            _ => {}
        }
    }
    waiting
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::{Business, Written, post};

    fn journal_with(customers: &[(u32, &str)]) -> Journal {
        let journal = Journal::new(Clock::with_calendar(|| 1_000));
        for (customer, id) in customers {
            let written = [Written::text(*id, 1, "oi")];
            journal.note_post(&post(&Business::default(), &Customer::numbered(*customer), &written));
        }
        journal
    }

    fn answer(journal: &Journal, customer: u32, callback: &str) {
        journal.write_with(|people| Happening::Sent {
            person: people.meet(&Customer::numbered(customer)),
            number: "1".to_owned(),
            message_id: "wamid.X".to_owned(),
            callback: Some(callback.to_owned()),
            shown: Shown::default(),
        });
    }

    #[test]
    fn who_wrote_after_the_last_answer_waits() {
        let journal = journal_with(&[(1, "wamid.A"), (2, "wamid.B")]);
        assert_eq!(journal.unanswered(), [0, 1]);
        answer(&journal, 1, "a");
        assert_eq!(journal.unanswered(), [1]);
    }

    #[test]
    fn a_message_posted_again_is_not_a_new_one_and_a_callback_again_is_a_duplicate() {
        let journal = journal_with(&[(1, "wamid.A"), (1, "wamid.A")]);
        answer(&journal, 1, "a");
        answer(&journal, 1, "a");
        let counts = journal.counts();
        assert_eq!((counts.messages, counts.repeated, counts.replies, counts.duplicates), (1, 1, 2, 1));
        assert!(journal.was_delivered(&Business::default().number, "wamid.A"));
        assert!(!journal.was_delivered("another", "wamid.A"));
    }
}
