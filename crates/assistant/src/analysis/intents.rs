//! The built-in intents: what customers of shops and services write about, for tenants without their own.

/// What a message has that none of the available intents fits.
pub(super) const OUT_OF_SCOPE: &str = "out_of_scope";

/// An intent of ours.
#[derive(Debug)]
pub(super) struct BuiltIn {
    /// Its name in the API.
    pub(super) name: &'static str,
    /// What it means, for the model.
    pub(super) description: &'static str,
    /// Which department it is sent to; nobody needs to receive a greeting.
    pub(super) department: Option<&'static str>,
}

const fn intent(name: &'static str, department: &'static str, description: &'static str) -> BuiltIn {
    BuiltIn { name, description, department: Some(department) }
}

/// Every one of them.
pub(super) const BUILT_IN: [BuiltIn; 24] = [
    intent("product_question", "sales", "asks what a product or service is, does or fits"),
    intent("price_stock", "sales", "asks what something costs or whether it is available"),
    intent("discount", "sales", "asks for or about a discount, coupon or offer"),
    intent("place_order", "sales", "wants to buy or book something now"),
    intent("payment_methods", "sales", "asks how one can pay, instalments included"),
    intent(
        "delivery_options",
        "logistics",
        "asks whether, how fast or for how much something is delivered, before ordering",
    ),
    intent("order_status", "logistics", "asks where an order is or when it comes, tracking included"),
    intent("change_order", "logistics", "wants to change an order that is under way: address, date, items"),
    intent("cancel_order", "returns", "wants to cancel an order or a booking"),
    intent("return_exchange", "returns", "wants to send something back or exchange it"),
    intent("damaged", "returns", "got something broken, wrong or incomplete"),
    intent("warranty", "returns", "asks about or claims a warranty or a repair"),
    intent("refund", "billing", "wants money back, or asks when it comes"),
    intent("invoice", "billing", "wants an invoice, a receipt or a payment slip"),
    intent("payment_problem", "billing", "a payment failed, was charged twice or is not recognised"),
    intent("subscription", "billing", "wants to start, change or end a subscription or plan"),
    intent("technical_problem", "technical", "a product, app or website does not work"),
    intent(
        "account_access",
        "support",
        "cannot log in, lost a password, wants account data changed or deleted",
    ),
    intent("opening_hours", "support", "asks when or where the business is open, its address included"),
    intent("appointment", "support", "wants to make, move or ask about an appointment"),
    intent("complaint", "support", "complains about service or treatment, without a more exact intent"),
    intent("human_agent", "support", "wants to speak with a person"),
    BuiltIn { name: "greeting", description: "only greets", department: None },
    BuiltIn { name: "thanks_bye", description: "only thanks, praises or says goodbye", department: None },
];

/// The department of a built-in intent.
pub(super) fn department_of(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|intent| intent.name == name)?.department
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::departments;

    #[test]
    fn names_are_unique_and_departments_exist() {
        for (at, intent) in BUILT_IN.iter().enumerate() {
            assert!(BUILT_IN[at + 1..].iter().all(|other| other.name != intent.name), "{}", intent.name);
            assert!(
                intent.department.is_none_or(|name| departments::names().contains(&name)),
                "{}",
                intent.name
            );
        }
    }

    #[test]
    fn an_intent_goes_to_its_department_and_a_greeting_to_none() {
        assert_eq!(department_of("refund"), Some("billing"));
        assert_eq!(department_of("greeting"), None);
        assert_eq!(department_of(OUT_OF_SCOPE), None);
    }
}
