//! The customers: who has which telephone and which business-scoped id, as the webhooks told.

use std::collections::HashMap;

use serde::Serialize;

use crate::webhook::Customer;

/// A customer that a webhook named, or that the server wrote to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Person {
    /// The name of the profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Telephone in digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Business-scoped user id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
}

impl Person {
    /// What to call the person: the name, else the telephone, else the id.
    pub fn label(&self) -> &str {
        [&self.name, &self.phone, &self.user_id].into_iter().flatten().next().map_or("?", String::as_str)
    }
}

/// Everybody seen so far. A person's place in the list never changes.
#[derive(Debug, Default)]
pub(crate) struct People {
    list: Vec<Person>,
    by_phone: HashMap<String, usize>,
    by_user_id: HashMap<String, usize>,
}

impl People {
    pub(crate) fn list(&self) -> &[Person] {
        &self.list
    }

    /// Finds a person by either id, or adds one; what is newly said completes what is known.
    pub(crate) fn meet(&mut self, customer: &Customer) -> usize {
        let by_user_id = customer.user_id.as_ref().and_then(|user_id| self.by_user_id.get(user_id));
        let by_phone = customer.phone.as_ref().and_then(|phone| self.by_phone.get(phone));
        let place = by_user_id.or(by_phone).copied().unwrap_or(self.list.len());
        if place == self.list.len() {
            self.list.push(Person::default());
        }
        if let Some(user_id) = &customer.user_id {
            self.by_user_id.insert(user_id.clone(), place);
        }
        if let Some(phone) = &customer.phone {
            self.by_phone.insert(phone.clone(), place);
        }
        if let Some(person) = self.list.get_mut(place) {
            let complete = |known: &mut Option<String>, said: &Option<String>| {
                if said.is_some() {
                    known.clone_from(said);
                }
            };
            complete(&mut person.name, &customer.name);
            complete(&mut person.phone, &customer.phone);
            complete(&mut person.user_id, &customer.user_id);
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_who_first_shows_a_telephone_and_then_only_the_id_is_one_person() {
        let mut people = People::default();
        let mut customer = Customer::default();
        let first = people.meet(&customer);
        customer.phone = None;
        assert_eq!(people.meet(&customer), first);
        assert_eq!(people.list()[first].phone.as_deref(), Some("5511987654321"));
        assert_ne!(people.meet(&Customer::numbered(1)), first);
    }
}
