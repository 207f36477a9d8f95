//! The departments a message can belong to, for `category` and for the built-in intents.

/// A part of a business.
#[derive(Debug)]
pub(super) struct Department {
    /// Its name in the API.
    pub(super) name: &'static str,
    /// What it does, for the model.
    pub(super) description: &'static str,
}

/// Every department.
pub(super) const DEPARTMENTS: [Department; 7] = [
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
        name: "other",
        description: "everything else: greetings, advertising, what is not this business's matter",
    },
];

/// Their names.
pub(super) fn names() -> [&'static str; DEPARTMENTS.len()] {
    DEPARTMENTS.map(|department| department.name)
}
