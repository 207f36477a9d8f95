//! What a channel left of somebody, found by looking at everything that is kept of it for some days: events, webhook
//! bodies, reports.
//!
//! A body may tell of many customers. It is deleted whole: everything that waits has its message in a row of its own, and
//! nothing ever reads a body but a person who inspects it.

use std::collections::{BTreeSet, HashSet};

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use pytake_assistant::channel::canonical_phone;
use pytake_store::Subject;
use rusqlite::{Connection, Result, params};

use super::subject::PHONE_DIGITS;

/// Rows looked at in one read: a reader that holds its snapshot for long keeps the log from being emptied.
pub(super) const LOOKED_AT: i64 = 1_000;

/// What is looked for.
pub(super) struct Needles {
    conversations: HashSet<String>,
    /// The channel's ids of messages to and from the customer.
    messages: HashSet<String>,
    phones: HashSet<String>,
    scoped_ids: Vec<String>,
    /// The tenant's numbers, and those of the other tenants.
    numbers: [Vec<String>; 2],
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Traces {
    pub(super) items: Vec<i64>,
    pub(super) bodies: BTreeSet<i64>,
    /// Number and message of each.
    pub(super) deliveries: Vec<(String, String)>,
}

impl Needles {
    /// Collects the channel's ids of everything that was said in the conversations.
    pub(super) fn of(connection: &Connection, subject: &Subject) -> Result<Self> {
        // Ranges of outbox_by_conversation, inbox_items_by_conversation and the key of messages.
        const SENT: &str = "
            SELECT message_id, failed_message_id
            FROM outbox
            WHERE tenant_id = ?1
              AND conversation_id = ?2";
        const RECEIVED: &str = "
            SELECT message_id, target_id
            FROM inbox_items
            WHERE tenant_id = ?1
              AND conversation_id = ?2";
        const SAID: &str = "
            SELECT json_extract(channel, '$.message_id'), json_extract(channel, '$.quotes')
            FROM messages
            WHERE tenant_id = ?1
              AND conversation_id = ?2
              AND channel IS NOT NULL";
        const NUMBERS: &str = "
            SELECT number_id
            FROM numbers
            WHERE (tenant_id = ?1) = ?2";
        let numbers = |own: bool| -> Result<Vec<String>> {
            let key = params![subject.tenant.as_str(), own];
            connection.prepare_cached(NUMBERS)?.query_map(key, |row| row.get(0))?.collect()
        };
        let mut messages = HashSet::new();
        for conversation in &subject.conversations {
            for sql in [SENT, RECEIVED, SAID] {
                let mut statement = connection.prepare_cached(sql)?;
                let mut rows = statement.query([subject.tenant.as_str(), conversation.as_str()])?;
                while let Some(row) = rows.next()? {
                    let ids: [Option<String>; 2] = [row.get(0)?, row.get(1)?];
                    messages.extend(ids.into_iter().flatten());
                }
            }
        }
        Ok(Self {
            conversations: subject.conversations.iter().map(ToString::to_string).collect(),
            messages,
            phones: subject.phones.iter().cloned().collect(),
            scoped_ids: subject.scoped_ids.clone(),
            numbers: [numbers(true)?, numbers(false)?],
        })
    }

    /// Whether a body tells of other tenants' numbers alone: whoever was erased as one business's customer may be another's.
    fn is_of_other_tenants(&self, body: &str) -> bool {
        let [own, others] = &self.numbers;
        let names = |numbers: &[String]| numbers.iter().any(|number| body.contains(number.as_str()));
        names(others) && !names(own)
    }

    /// Whether there is nothing that a channel could have told of.
    pub(super) fn is_of_no_channel(&self) -> bool {
        self.messages.is_empty() && self.phones.is_empty() && self.scoped_ids.is_empty()
    }

    fn is_theirs(&self, message_id: &str) -> bool {
        self.messages.contains(message_id) || self.is_in_id(message_id)
    }

    /// WhatsApp's ids of messages hold the customer's telephone, in base64 after `wamid.`.
    fn is_in_id(&self, message_id: &str) -> bool {
        const LENIENT: GeneralPurpose = GeneralPurpose::new(
            &STANDARD,
            GeneralPurposeConfig::new()
                .with_decode_padding_mode(DecodePaddingMode::Indifferent)
                .with_decode_allow_trailing_bits(true),
        );
        let Some(encoded) = message_id.strip_prefix("wamid.") else { return false };
        LENIENT.decode(encoded).is_ok_and(|bytes| self.names_them(&String::from_utf8_lossy(&bytes)))
    }

    /// Whether a text holds one of the addresses.
    pub(super) fn names_them(&self, text: &str) -> bool {
        if self.scoped_ids.iter().any(|id| text.contains(id.as_str())) {
            return true;
        }
        if self.phones.is_empty() {
            return false;
        }
        text.split(|c: char| !c.is_ascii_digit())
            .filter(|digits| PHONE_DIGITS.contains(&digits.len()))
            .any(|digits| self.phones.contains(&canonical_phone(digits)))
    }
}

/// Looks at some events, from after an id; the id to go on after, `None` at the end.
pub(super) fn look_at_items(
    connection: &Connection,
    subject: &Subject,
    needles: &Needles,
    after: i64,
    traces: &mut Traces,
) -> Result<Option<i64>> {
    // The key of the table, from its middle. An event of a number that is nobody's has no tenant.
    const ITEMS: &str = "
        SELECT item_id, body_id, tenant_id, conversation_id, message_id, target_id
        FROM inbox_items
        WHERE item_id > ?1
        ORDER BY item_id
        LIMIT ?2";
    let mut statement = connection.prepare_cached(ITEMS)?;
    let mut rows = statement.query(params![after, LOOKED_AT])?;
    let mut last = None;
    while let Some(row) = rows.next()? {
        let item: i64 = row.get(0)?;
        last = Some(item);
        let text = |column| row.get_ref(column).map(|value| value.as_str().unwrap_or_default().to_owned());
        let tenant = text(2)?;
        if !tenant.is_empty() && tenant != subject.tenant.as_str() {
            continue;
        }
        // What stands in another conversation is of whoever has that one. Once the erasure has begun this may be the same
        // person, who has written anew and waits for an answer.
        let is_found = match text(3)?.as_str() {
            "" => needles.is_theirs(&text(4)?) || needles.is_theirs(&text(5)?),
            conversation => needles.conversations.contains(conversation),
        };
        if is_found {
            traces.items.push(item);
            traces.bodies.insert(row.get(1)?);
        }
    }
    Ok(last)
}

/// Looks at some webhook bodies, from after an id; the id to go on after, `None` at the end.
///
/// Bodies have no tenant. One that tells of another tenant's numbers alone is not this one's to erase.
pub(super) fn look_at_bodies(
    connection: &Connection,
    needles: &Needles,
    after: i64,
    traces: &mut Traces,
) -> Result<Option<i64>> {
    const BODIES: &str = "
        SELECT body_id, body
        FROM webhook_bodies
        WHERE body_id > ?1
        ORDER BY body_id
        LIMIT ?2";
    let mut statement = connection.prepare_cached(BODIES)?;
    let mut rows = statement.query(params![after, LOOKED_AT])?;
    let mut last = None;
    while let Some(row) = rows.next()? {
        let body: i64 = row.get(0)?;
        last = Some(body);
        let text = String::from_utf8_lossy(row.get_ref(1)?.as_blob()?);
        if needles.names_them(&text) && !needles.is_of_other_tenants(&text) {
            traces.bodies.insert(body);
        }
    }
    Ok(last)
}

/// Looks at every report on a message that the outbox did not know.
pub(super) fn look_at_deliveries(
    connection: &Connection,
    subject: &Subject,
    needles: &Needles,
    traces: &mut Traces,
) -> Result<()> {
    // The tenant's range of the key: only messages of others than the outbox are there.
    const DELIVERIES: &str = "
        SELECT number_id, message_id
        FROM deliveries
        WHERE tenant_id = ?1";
    let mut statement = connection.prepare_cached(DELIVERIES)?;
    let mut rows = statement.query([subject.tenant.as_str()])?;
    while let Some(row) = rows.next()? {
        let key: (String, String) = (row.get(0)?, row.get(1)?);
        if needles.is_theirs(&key.1) {
            traces.deliveries.push(key);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needles() -> Needles {
        Needles {
            conversations: HashSet::new(),
            messages: HashSet::from(["wamid.X".to_owned()]),
            phones: HashSet::from(["5531988887777".to_owned()]),
            scoped_ids: vec!["BR.777".to_owned()],
            numbers: [vec!["1055".to_owned()], vec!["2066".to_owned()]],
        }
    }

    #[test]
    fn a_body_of_other_tenants_alone_is_theirs() {
        let body = |numbers: &str| format!(r#"{{"phone_number_id":{numbers},"from":"5531988887777"}}"#);
        let needles = needles();
        assert!(needles.is_of_other_tenants(&body("2066")));
        assert!(
            !needles.is_of_other_tenants(&body("1055")) && !needles.is_of_other_tenants(&body("2066,1055"))
        );
        assert!(!needles.is_of_other_tenants(&body("3077")), "nobody's");
    }

    #[test]
    fn a_telephone_is_found_in_either_form_and_not_inside_another_number() {
        let needles = needles();
        assert!(needles.names_them(r#"{"wa_id":"553188887777"}"#), "without the ninth digit");
        assert!(needles.names_them(r#"{"from":"5531988887777"}"#));
        assert!(needles.names_them(r#"{"from_user_id":"BR.777"}"#));
        assert!(!needles.names_them(r#"{"timestamp":"15531988887777"}"#));
        assert!(!needles.names_them("é 55 31 9"));
    }

    #[test]
    fn an_id_that_holds_the_telephone_is_theirs() {
        let id = |text: &str| {
            format!("wamid.{}", GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new()).encode(text))
        };
        assert!(needles().is_theirs(&id("\u{1d}\u{2}\r5531988887777\u{15}\u{2}")));
        assert!(!needles().is_theirs(&id("\u{1d}\u{2}\r5531977776666\u{15}\u{2}")));
        assert!(needles().is_theirs("wamid.X") && !needles().is_theirs("wamid.Y"));
    }
}
