//! The built-in intents and departments: what customers of shops and services write about, for tenants without
//! their own.
//!
//! Names and descriptions are in `data/intents.json`; the examples they are trained from are in
//! `crates/train/data/intents`.

use std::sync::LazyLock;

use serde::Deserialize;

/// What a message has that none of the available intents fits.
pub const OUT_OF_SCOPE: &str = "out_of_scope";

/// An intent of ours.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuiltInIntent {
    /// Its name in the API.
    pub name: String,
    /// What it means, for a model and for an operator.
    pub description: String,
    /// Which department it is sent to; nobody needs to receive a greeting.
    pub department: Option<String>,
}

/// Every built-in intent.
pub fn intents() -> &'static [BuiltInIntent] {
    static INTENTS: LazyLock<Vec<BuiltInIntent>> = LazyLock::new(|| {
        serde_json::from_str(include_str!("../data/intents.json"))
            .expect("the file is part of the build and read by the test below")
    });
    &INTENTS
}

/// A part of a business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Department {
    /// Its name in the API.
    pub name: &'static str,
    /// What it does, for a model.
    pub description: &'static str,
}

/// The department of what belongs to no other.
pub const OTHER_DEPARTMENT: &str = "other";

/// Every department.
pub const DEPARTMENTS: [Department; 7] = [
    Department { name: "sales", description: "products, prices, stock, offers, new orders, how to pay" },
    Department {
        name: "support",
        description: "accounts, using what was bought, opening hours, appointments, complaints, wanting a person",
    },
    Department { name: "technical", description: "faults of a product, an app or a website" },
    Department { name: "billing", description: "invoices, charges, failed payments, refunds" },
    Department { name: "logistics", description: "delivery, tracking, changed addresses" },
    Department {
        name: "returns",
        description: "cancelling, sending back, exchanging, damaged goods, warranty",
    },
    Department {
        name: OTHER_DEPARTMENT,
        description: "everything else: greetings, advertising, what is not this business's matter",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_departments_exist() {
        let intents = intents();
        assert!(intents.len() >= 40);
        for (at, intent) in intents.iter().enumerate() {
            assert!(intents[at + 1..].iter().all(|other| other.name != intent.name), "{}", intent.name);
            assert!(intent.name != OUT_OF_SCOPE && !intent.description.is_empty());
            let department = intent.department.as_deref();
            let is_known = |name: &str| DEPARTMENTS.iter().any(|department| department.name == name);
            assert!(department.is_none_or(is_known), "{}", intent.name);
        }
    }
}
