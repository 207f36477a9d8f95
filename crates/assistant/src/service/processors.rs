//! Who processes what of a tenant's customers: the record of processors, from what the server knows and nothing else.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Assistant, Engine};
use crate::error::AIError;
use crate::id::TenantId;
use crate::ledger::{Operation, UsageKey, UsageQuery, UsageRow};
use crate::provider::{Destination, ProviderPlace};
use crate::router::{Access, KeyOwner, Terms};

/// Who answers with a sentence of the server's own, in the books.
const ASSISTANT: &str = "assistant";

/// What somebody does with the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Processing {
    /// Writes replies and summaries, analyses messages.
    Replies,
    /// Says whether a doubtful message is one that must not be answered.
    Moderation,
    /// Writes recordings down.
    Transcription,
    /// Brings and sends the messages.
    Messaging,
}

/// What goes there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shared {
    /// Texts of customers and of the business.
    Messages,
    /// Pictures that customers send.
    Pictures,
    /// Recordings of customers.
    Voice,
    /// A stable name for a customer that says nothing of them by itself.
    Pseudonym,
    /// Telephone numbers of customers.
    PhoneNumbers,
}

/// Somebody outside of this process, and what goes there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Processor {
    /// The name in requests and usage.
    pub name: String,
    /// What it does.
    pub processing: Processing,
    /// The host that is called; `None`: not known.
    pub host: Option<String>,
    /// Whose key the calls bring.
    pub key: KeyOwner,
    /// False where nothing goes there now: the tenant's rules exclude it, it has no key that can be used, or it is no
    /// longer configured.
    pub is_asked: bool,
    /// What goes there when it is asked.
    pub data: Vec<Shared>,
    /// Fields against storing and training that go with every call, as the vendor reads them.
    pub privacy_fields: Map<String, Value>,
    /// The vendor refused those fields for some model, which is asked without them.
    pub is_privacy_refused: bool,
    /// Whether the tenant's settings have personal data in texts replaced before they go there.
    pub masks_personal_data: bool,
    /// First UTC day with a booked call of this tenant; `None`: none, or not counted.
    pub first_used: Option<Date>,
    /// Last UTC day with one.
    pub last_used: Option<Date>,
    /// Booked calls that were answered; `None`: not counted.
    pub answered_calls: Option<u64>,
}

/// Booked calls of one provider.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Booked {
    first: Option<Date>,
    last: Option<Date>,
    answered: u64,
}

impl Assistant {
    /// Everybody outside of this process whom a tenant's data goes to, or has gone to, at model vendors.
    ///
    /// # Errors
    /// [`AIError::NotFound`] where there is no such tenant; storage.
    pub async fn processors(&self, tenant: &TenantId) -> Result<Vec<Processor>, AIError> {
        let engine = &self.engine;
        let view = engine.tenants.view(engine.store.as_ref(), tenant).await?;
        let group_by = vec![UsageKey::Provider, UsageKey::Operation, UsageKey::Day];
        let rows = engine.store.usage(tenant, UsageQuery { group_by, ..UsageQuery::default() }).await?;
        let mut booked = booked(&rows);
        let masks = view.tenant.settings.privacy.masks_personal_data;
        let mut processors = Vec::new();
        for reached in engine.router.reached(&view.terms) {
            let mut data = vec![Shared::Messages];
            let has_pseudonym = reached.destination.sends_pseudonym && !masks;
            data.extend(has_pseudonym.then_some(Shared::Pseudonym));
            let processor = Processor {
                data,
                masks_personal_data: masks,
                is_asked: reached.is_asked,
                ..of(reached.name, Processing::Replies, reached.destination, reached.key)
            };
            processors.push(processor.counted(&mut booked));
        }
        processors.extend(beside(engine, &view.terms, masks).map(|processor| processor.counted(&mut booked)));
        for (name, processing) in booked.keys() {
            if !is_on_device(engine, name) {
                processors.push(no_longer(name, *processing).with(booked[&(name.clone(), *processing)]));
            }
        }
        Ok(processors)
    }

    /// Whether there is a provider of this name that works with a tenant's own key.
    ///
    /// # Errors
    /// [`AIError::NotFound`] where there is none.
    pub fn check_takes_own_keys(&self, provider: &str) -> Result<(), AIError> {
        if self.engine.router.takes_own_keys(provider) {
            Ok(())
        } else {
            Err(AIError::NotFound { what: "provider that takes keys of tenants" })
        }
    }
}

/// The vendors that are asked outside of the router.
fn beside(engine: &Engine, terms: &Terms, masks: bool) -> impl Iterator<Item = Processor> {
    let mut processors = Vec::new();
    if let Some(second) = &engine.second_opinion {
        let (destination, access) = second.reached(terms);
        let name = second.name().to_owned();
        let moderator = asked_beside(name, Processing::Moderation, destination, access, terms);
        processors.push(Processor { masks_personal_data: masks, ..moderator });
    }
    if let Some(stenographer) = &engine.stenographer {
        let (destination, access) = stenographer.reached(terms);
        let name = stenographer.name().to_owned();
        processors.push(asked_beside(name, Processing::Transcription, destination, access, terms));
    }
    processors.into_iter()
}

fn asked_beside(
    name: String,
    processing: Processing,
    destination: Destination,
    access: Access<'_>,
    terms: &Terms,
) -> Processor {
    let key = KeyOwner::of(terms.own_keys.contains_key(&name), &destination);
    let data = if processing == Processing::Transcription { Shared::Voice } else { Shared::Messages };
    Processor {
        data: vec![data],
        is_asked: !matches!(access, Access::Denied),
        ..of(name, processing, destination, key)
    }
}

fn of(name: String, processing: Processing, destination: Destination, key: KeyOwner) -> Processor {
    Processor {
        name,
        processing,
        host: destination.host,
        key,
        is_asked: false,
        data: Vec::new(),
        privacy_fields: destination.privacy_fields,
        is_privacy_refused: destination.is_privacy_refused,
        masks_personal_data: false,
        first_used: None,
        last_used: None,
        answered_calls: None,
    }
}

/// One that the books know and the configuration does not.
fn no_longer(name: &str, processing: Processing) -> Processor {
    let data = if processing == Processing::Transcription { Shared::Voice } else { Shared::Messages };
    Processor {
        data: vec![data],
        ..of(name.to_owned(), processing, Destination::default(), KeyOwner::Nobody)
    }
}

fn is_on_device(engine: &Engine, name: &str) -> bool {
    let is_local =
        |status: &crate::router::ProviderStatus| status.name == name && status.place == ProviderPlace::Local;
    [super::analysis::ON_DEVICE, ASSISTANT].contains(&name) || engine.router.status().iter().any(is_local)
}

impl Processor {
    /// With what the books say, which is taken out of them. Second opinions are in no book.
    fn counted(self, booked: &mut BTreeMap<(String, Processing), Booked>) -> Self {
        if self.processing == Processing::Moderation {
            return self;
        }
        let of_it = booked.remove(&(self.name.clone(), self.processing)).unwrap_or_default();
        self.with(of_it)
    }

    fn with(self, booked: Booked) -> Self {
        Self {
            first_used: booked.first,
            last_used: booked.last,
            answered_calls: Some(booked.answered),
            ..self
        }
    }
}

fn booked(rows: &[UsageRow]) -> BTreeMap<(String, Processing), Booked> {
    let mut booked: BTreeMap<(String, Processing), Booked> = BTreeMap::new();
    for row in rows {
        let (Some(provider), Some(operation), Some(day)) = (&row.provider, row.operation, row.day) else {
            continue;
        };
        let processing = match operation {
            Operation::Transcription => Processing::Transcription,
            Operation::Chat
            | Operation::Analyze
            | Operation::Classify
            | Operation::Summary
            | Operation::PromptTest
            | Operation::Translation => Processing::Replies,
        };
        let sum = booked.entry((provider.clone(), processing)).or_default();
        sum.first = Some(sum.first.map_or(day, |first| first.min(day)));
        sum.last = Some(sum.last.map_or(day, |last| last.max(day)));
        sum.answered = sum.answered.saturating_add(row.requests);
    }
    booked
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn calls_are_summed_by_provider_and_by_what_it_did() {
        let row = |provider: &str, operation, day, requests| UsageRow {
            provider: Some(provider.to_owned()),
            operation: Some(operation),
            day: Some(day),
            requests,
            ..UsageRow::default()
        };
        let (first, last) = (date(2026, 11, 1), date(2026, 11, 22));
        let sums = booked(&[
            row("openai", Operation::Chat, last, 3),
            row("openai", Operation::Analyze, first, 4),
            row("openai", Operation::Transcription, last, 5),
        ]);
        let key = |processing| ("openai".to_owned(), processing);
        let replies = Booked { first: Some(first), last: Some(last), answered: 7 };
        assert_eq!(sums[&key(Processing::Replies)], replies);
        let voice = Booked { first: Some(last), last: Some(last), answered: 5 };
        assert_eq!(sums[&key(Processing::Transcription)], voice);
    }
}
