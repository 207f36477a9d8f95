//! What a business's messages are read by: its intents and departments, its own or the built-in ones.

use pytake_understanding::built_in::{self, DEPARTMENTS, OTHER_DEPARTMENT, OUT_OF_SCOPE};

use crate::intents::Intent;

/// An intent or a department, as a model is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Topic {
    pub(crate) name: String,
    /// May be empty.
    pub(crate) description: String,
}

/// All of them.
#[derive(Debug, Clone)]
pub(crate) struct Topics {
    pub(crate) intents: Vec<Topic>,
    pub(crate) departments: Vec<Topic>,
    /// The department of each intent, in their order.
    department_of: Vec<Option<String>>,
}

impl Topics {
    /// The tenant's own, or the built-in ones where it has none.
    pub(crate) fn of(own: &[Intent]) -> Self {
        if own.is_empty() { Self::built_in() } else { Self::own(own) }
    }

    fn built_in() -> Self {
        let topic =
            |name: &str, description: &str| Topic { name: name.into(), description: description.into() };
        let intents = built_in::intents();
        Self {
            intents: intents.iter().map(|intent| topic(&intent.name, &intent.description)).collect(),
            departments: DEPARTMENTS.iter().map(|one| topic(one.name, one.description)).collect(),
            department_of: intents.iter().map(|intent| intent.department.clone()).collect(),
        }
    }

    /// A department of the tenant's is described by the intents that are sent there.
    fn own(own: &[Intent]) -> Self {
        let mut departments: Vec<Topic> = Vec::new();
        for intent in own {
            let Some(name) = intent.department.as_deref().filter(|name| *name != OTHER_DEPARTMENT) else {
                continue;
            };
            match departments.iter_mut().find(|department| department.name == name) {
                Some(department) => {
                    department.description.push_str(", ");
                    department.description.push_str(&intent.name);
                }
                None => departments.push(Topic { name: name.to_owned(), description: intent.name.clone() }),
            }
        }
        departments
            .push(Topic { name: OTHER_DEPARTMENT.to_owned(), description: "everything else".to_owned() });
        let topic =
            |intent: &Intent| Topic { name: intent.name.clone(), description: intent.description.clone() };
        Self {
            intents: own.iter().map(topic).collect(),
            departments,
            department_of: own.iter().map(|intent| intent.department.clone()).collect(),
        }
    }

    /// The intents' names, and that of none of them.
    pub(crate) fn intent_names(&self) -> Vec<&str> {
        self.intents.iter().map(|intent| intent.name.as_str()).chain([OUT_OF_SCOPE]).collect()
    }

    pub(crate) fn department_names(&self) -> Vec<&str> {
        self.departments.iter().map(|department| department.name.as_str()).collect()
    }

    /// Where an intent is sent.
    pub(crate) fn department_of(&self, intent: &str) -> Option<&str> {
        let at = self.intents.iter().position(|one| one.name == intent)?;
        self.department_of.get(at)?.as_deref()
    }
}

/// The built-in intents, as a tenant's would be listed; their examples are not part of the program.
pub(crate) fn built_in_intents() -> Vec<Intent> {
    let intent = |intent: &built_in::BuiltInIntent| Intent {
        name: intent.name.clone(),
        description: intent.description.clone(),
        department: intent.department.clone(),
        ..Intent::default()
    };
    built_in::intents().iter().map(intent).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_intent_goes_to_its_department_and_a_greeting_to_none() {
        let topics = Topics::of(&[]);
        assert_eq!(topics.department_of("refund"), Some("billing"));
        assert_eq!(topics.department_of("greeting"), None);
        assert_eq!(topics.department_of(OUT_OF_SCOPE), None);
    }

    #[test]
    fn a_tenants_departments_are_those_its_intents_go_to() {
        let intent = |name: &str, department: Option<&str>| Intent {
            name: name.to_owned(),
            department: department.map(str::to_owned),
            ..Intent::default()
        };
        let own = [intent("bolo", Some("cozinha")), intent("torta", Some("cozinha")), intent("oi", None)];
        let topics = Topics::of(&own);
        assert_eq!(topics.department_names(), ["cozinha", "other"]);
        assert_eq!(topics.departments[0].description, "bolo, torta");
        assert_eq!(topics.department_of("torta"), Some("cozinha"));
        assert_eq!(topics.intent_names(), ["bolo", "torta", "oi", "out_of_scope"]);
    }
}
