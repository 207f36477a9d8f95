//! Who somebody is, from the ids on an item and the contacts beside it.

use std::collections::HashMap;

use pytake_assistant::channel::{Sender, canonical_phone};
use serde_json::Value;

use super::fields;

/// The longest telephone number: E.164 allows 15 digits; some room for ids that only look like one.
const MAX_PHONE_DIGITS: usize = 20;

/// Where an item names a person.
pub(super) struct Names {
    /// The telephone.
    phone: &'static str,
    /// The BSUID.
    scoped_id: &'static str,
}

/// Who wrote a message.
pub(super) const FROM: Names = Names { phone: "from", scoped_id: "from_user_id" };
/// Whom an echo was written to.
pub(super) const TO: Names = Names { phone: "to", scoped_id: "to_user_id" };
/// Whom anything else is about; also how contacts name themselves.
pub(super) const WHOM: Names = Names { phone: "wa_id", scoped_id: "user_id" };

/// The contacts beside items, found by their ids.
pub(super) struct Contacts {
    people: Vec<Sender>,
    by_scoped_id: HashMap<String, usize>,
    by_phone: HashMap<String, usize>,
    /// Those without a BSUID only.
    by_phone_alone: HashMap<String, usize>,
}

impl Contacts {
    /// Reads the contacts of a value. Of two with the same id the first counts.
    pub(super) fn of(value: &Value) -> Self {
        let mut contacts = Self {
            people: Vec::new(),
            by_scoped_id: HashMap::new(),
            by_phone: HashMap::new(),
            by_phone_alone: HashMap::new(),
        };
        for (index, contact) in fields::list(value, "contacts").iter().enumerate() {
            let mut person = ids(contact, &WHOM);
            let profile = contact.get("profile").unwrap_or(&Value::Null);
            person.name = fields::text(profile, "name");
            person.username = fields::text(profile, "username");
            if let Some(phone) = &person.phone {
                let phone = canonical_phone(phone);
                if person.scoped_id.is_none() {
                    contacts.by_phone_alone.entry(phone.clone()).or_insert(index);
                }
                contacts.by_phone.entry(phone).or_insert(index);
            }
            if let Some(id) = &person.scoped_id {
                contacts.by_scoped_id.entry(id.clone()).or_insert(index);
            }
            contacts.people.push(person);
        }
        contacts
    }

    /// Reads who an item names, completed by their contact.
    ///
    /// The contact is the one with the same BSUID or, where one side has none, the same telephone in any of its forms.
    /// If nobody's can be compared and there is only one contact, it is theirs: that is how a message shows a person of
    /// whom it has only the other id. A contact whose ids contradict is another person's (there are bodies whose only
    /// contact is not the sender), and a wrong name or id would merge two customers; so it is left out. What the
    /// item itself says goes before the contact.
    pub(super) fn complete(&self, item: &Value, names: &Names) -> Sender {
        let sender = ids(item, names);
        let Some(known) = self.contact_of(&sender) else {
            return sender;
        };
        Sender {
            phone: sender.phone.or_else(|| known.phone.clone()),
            scoped_id: sender.scoped_id.or_else(|| known.scoped_id.clone()),
            name: known.name.clone(),
            username: known.username.clone(),
        }
    }

    fn contact_of(&self, sender: &Sender) -> Option<&Sender> {
        let phone = sender.phone.as_deref().map(canonical_phone);
        let found = match (&sender.scoped_id, &phone) {
            (Some(id), None) => self.by_scoped_id.get(id),
            (Some(id), Some(phone)) => self.by_scoped_id.get(id).or_else(|| self.by_phone_alone.get(phone)),
            (None, Some(phone)) => self.by_phone.get(phone),
            (None, None) => None,
        };
        match (found, &*self.people) {
            (Some(index), people) => people.get(*index),
            (None, [only]) => {
                let shares_scoped_id = sender.scoped_id.is_some() && only.scoped_id.is_some();
                let shares_phone = phone.is_some() && only.phone.is_some();
                (!shares_scoped_id && !shares_phone).then_some(only)
            }
            (None, _) => None,
        }
    }
}

/// The ids an item has, without looking at contacts.
pub(super) fn ids(item: &Value, names: &Names) -> Sender {
    Sender {
        phone: phone(item, names.phone),
        scoped_id: fields::text(item, names.scoped_id),
        ..Sender::default()
    }
}

/// A telephone: digits, where there is a `+` without it. Placeholders and anything else that nobody can be called by
/// are none.
pub(super) fn phone(of: &Value, key: &str) -> Option<String> {
    let text = fields::text_or_number(of, key)?;
    let digits = text.strip_prefix('+').unwrap_or(&text);
    let is_phone =
        (1..=MAX_PHONE_DIGITS).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
    is_phone.then(|| digits.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn person(scoped_id: Option<&str>, phone: Option<&str>, name: Option<&str>) -> Sender {
        Sender {
            scoped_id: scoped_id.map(str::to_owned),
            phone: phone.map(str::to_owned),
            name: name.map(str::to_owned),
            username: None,
        }
    }

    fn sender(item: &Value, contacts: &Value) -> Sender {
        Contacts::of(&json!({ "contacts": contacts })).complete(item, &FROM)
    }

    #[test]
    fn a_person_is_found_among_the_contacts() {
        let contacts = json!([
            { "profile": { "name": "Bia" }, "wa_id": "5531999990000", "user_id": "BR.2" },
            { "profile": { "name": "Ana" }, "wa_id": "553188887777", "user_id": "BR.1" },
            { "profile": { "name": "Caio" }, "wa_id": "551140028922" },
        ]);
        let both = person(Some("BR.1"), Some("5531988887777"), Some("Ana"));
        assert_eq!(sender(&json!({ "from": "5531988887777" }), &contacts), both, "in the other form");
        let known = person(Some("BR.1"), Some("553188887777"), Some("Ana"));
        assert_eq!(sender(&json!({ "from_user_id": "BR.1" }), &contacts), known);
        let caio = person(Some("BR.3"), Some("551140028922"), Some("Caio"));
        assert_eq!(sender(&json!({ "from_user_id": "BR.3", "from": "551140028922" }), &contacts), caio);
        let stranger = person(None, Some("551155555555"), None);
        assert_eq!(sender(&json!({ "from": "551155555555" }), &contacts), stranger);
        assert_eq!(sender(&json!({}), &contacts), Sender::default());
    }

    #[test]
    fn the_only_contact_is_the_sender_unless_it_contradicts() {
        let contacts = json!([{ "profile": { "name": "Ana" }, "wa_id": "5511911112222" }]);
        let completed = person(Some("BR.1"), Some("5511911112222"), Some("Ana"));
        assert_eq!(sender(&json!({ "from_user_id": "BR.1" }), &contacts), completed);
        let other = person(None, Some("409552778964973"), None);
        assert_eq!(sender(&json!({ "from": "409552778964973" }), &contacts), other);
        let item = json!({ "from": "5511911112222", "from_user_id": "BR.1" });
        let contacts = json!([{ "profile": { "name": "Ana" }, "wa_id": "5511911112222", "user_id": "BR.9" }]);
        let passed_on = person(Some("BR.1"), Some("5511911112222"), None);
        assert_eq!(sender(&item, &contacts), passed_on, "the number of somebody else before");
    }

    #[test]
    fn a_telephone_is_digits() {
        let item = json!({ "a": "+5511987654321", "b": 5_511_987_654_321_u64, "c": "PHONE_NUMBER", "d": "1".repeat(21), "e": -5, "f": "+" });
        assert_eq!(phone(&item, "a").as_deref(), Some("5511987654321"));
        assert_eq!(phone(&item, "b").as_deref(), Some("5511987654321"));
        for key in ["c", "d", "e", "f", "g"] {
            assert_eq!(phone(&item, key), None, "{key}");
        }
    }
}
