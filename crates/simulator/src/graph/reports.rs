//! What follows an accepted message: reports that it was sent, has arrived, was read.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{GraphState, Sent};
use crate::journal::{Happening, State};
use crate::random::Random;
use crate::webhook::{Business, Customer, status, status_value};

/// Which reports follow a message, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reports {
    /// What is reported, in this order.
    pub states: Vec<State>,
    /// How long after the message the first one comes.
    pub first_after: Duration,
    /// How long after one the next one comes.
    pub gap: Duration,
    /// Whether the order is drawn anew for each message.
    pub is_shuffled: bool,
    /// How often each one comes.
    pub times: u32,
}

impl Reports {
    /// Sent, delivered and read, in order, once. The times are short, to test quickly; real ones vary freely.
    pub fn all() -> Self {
        Self {
            states: vec![State::Sent, State::Delivered, State::Read],
            first_after: Duration::from_millis(40),
            gap: Duration::from_millis(40),
            is_shuffled: false,
            times: 1,
        }
    }

    /// None at all.
    pub fn off() -> Self {
        Self { states: Vec::new(), ..Self::all() }
    }

    /// All, in any order, each twice.
    pub fn disorderly() -> Self {
        Self { is_shuffled: true, times: 2, ..Self::all() }
    }

    /// The states in the order in which they are reported.
    fn plan(&self, seed: u64) -> Vec<State> {
        let mut plan = Vec::new();
        for _ in 0..self.times {
            plan.extend(&self.states);
        }
        if self.is_shuffled {
            Random::seeded(seed).shuffle(&mut plan);
        }
        plan
    }
}

/// Starts the reporting on a message.
pub(super) fn follow(state: &Arc<GraphState>, sent: &Sent, failure: Option<i64>) {
    let plan = match failure {
        Some(_) => vec![State::Failed],
        // A reaction is never delivered or read (WhatsApp Cloud API, reaction messages).
        None if sent.shown.kind == "reaction" => {
            state.options.reports.states.iter().copied().filter(|state| *state == State::Sent).collect()
        }
        None => state.options.reports.plan(state.seed ^ sent.at.as_secs() ^ sent.message_id.len() as u64),
    };
    if plan.is_empty() {
        return;
    }
    let shared = Arc::clone(state);
    let sent = sent.clone();
    state.tasks.lock().spawn(async move { report(shared, sent, plan, failure).await });
}

async fn report(state: Arc<GraphState>, sent: Sent, plan: Vec<State>, failure: Option<i64>) {
    let person = state.journal.person(&Customer::of_address(&sent.recipient));
    let customer =
        Customer { name: person.name, phone: person.phone, user_id: person.user_id, username: None };
    let business = state.business(&sent.number);
    let mut wait = state.options.reports.first_after;
    for reached in plan {
        tokio::time::sleep(wait).await;
        wait = state.options.reports.gap;
        let happening = Happening::Reported { message_id: sent.message_id.clone(), state: reached };
        state.journal.write(happening);
        let webhooks = state.webhooks.lock().clone();
        let Some(webhooks) = webhooks else { continue };
        let at = state.options.clock.unix_seconds();
        let body = body_of(&business, &customer, &sent, reached, at, failure);
        webhooks.deliver(&body).await;
    }
}

fn body_of(
    business: &Business,
    customer: &Customer,
    sent: &Sent,
    reached: State,
    at: u64,
    failure: Option<i64>,
) -> Value {
    let mut report = status(customer, &sent.message_id, reached, at, failure);
    if let Some(callback) = &sent.callback {
        report["biz_opaque_callback_data"] = json!(callback);
    }
    // On `sent` and on one of the later two; charged since October 2026 (WhatsApp Cloud API, pricing).
    if matches!(reached, State::Sent | State::Delivered) {
        let category = if sent.shown.kind == "template" { "utility" } else { "service" };
        report["pricing"] =
            json!({ "billable": true, "pricing_model": "PMP", "type": "regular", "category": category });
    }
    status_value(business, customer, &report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disorderly_reports_are_the_same_states_in_another_order() {
        let mut plan = Reports::disorderly().plan(3);
        assert_eq!(plan.len(), 6);
        plan.sort_unstable();
        plan.dedup();
        assert_eq!(plan, Reports::all().states);
    }
}
