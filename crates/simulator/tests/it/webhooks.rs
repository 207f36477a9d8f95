//! Posting: signatures, retries, and the reports that follow a reply.

use std::time::Duration;

use pytake_simulator::{
    BodyForm, Business, Customer, GraphOptions, On, Reaction, Reports, Signing, State, WebhookOptions,
    Webhooks, Written, join, post,
};
use serde_json::Value;

use crate::echo::{Echo, only_once, start, start_with};

const LONG: Duration = Duration::from_secs(10);

fn text(id: &str, body: &str) -> Value {
    post(&Business::default(), &Customer::default(), &[Written::text(id, 1_767_225_600, body)])
}

/// Waits for reports: they are posted after the reply was accepted.
async fn reports(echo: &Echo, count: usize) -> Vec<(String, String)> {
    for _ in 0..200 {
        if echo.reports().len() >= count {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    echo.reports()
}

#[tokio::test]
async fn a_text_is_answered_marked_as_read_and_reported_on() {
    let (graph, webhooks, echo) = start(GraphOptions::default()).await;
    let delivery = webhooks.deliver(&text("wamid.1", "olá 😀")).await;
    assert!(delivery.answer.is_taken() && delivery.tries == 1);
    assert!(graph.wait_for_sent(1, LONG).await);
    let sent = &graph.sent()[0];
    assert_eq!((sent.shown.text.as_str(), sent.recipient.as_str()), ("eco: olá 😀", "5511987654321"));
    let reports = reports(&echo, 3).await;
    let states: Vec<&str> = reports.iter().map(|(state, _)| state.as_str()).collect();
    assert_eq!(states, ["sent", "delivered", "read"]);
    assert!(reports.iter().all(|(_, callback)| callback == "wamid.1"));
    let report = &echo.posts()[1]["entry"][0]["changes"][0]["value"];
    assert_eq!(report["statuses"][0]["id"], sent.message_id.as_str());
    assert_eq!(report["statuses"][0]["pricing"]["category"], "service");
    assert_eq!(report["statuses"][0]["recipient_user_id"], "BR.1502576394655843");
    assert_eq!(report["contacts"][0]["wa_id"], "5511987654321");
    let counts = graph.journal().counts();
    assert_eq!((counts.messages, counts.replies, counts.read_marks, counts.duplicates), (1, 1, 1, 0));
}

#[tokio::test]
async fn what_is_not_answered_with_200_is_posted_again() {
    let (graph, webhooks, echo) = start(GraphOptions::default()).await;
    echo.answer_next_with(&[503, 500, 202]);
    let delivery = webhooks.deliver(&text("wamid.1", "oi")).await;
    assert_eq!((delivery.tries, delivery.answer.status()), (4, Some(200)));
    let counts = webhooks.counts();
    assert_eq!((counts.by_status[&503], counts.by_status[&202], counts.taken_us.len()), (1, 1, 1));
    assert_eq!(graph.journal().counts().repeated, 0, "a retry is no new delivery");
}

#[tokio::test]
async fn the_same_message_three_times_is_one_message_and_two_repetitions() {
    let (graph, webhooks, _echo) = start(GraphOptions::default()).await;
    webhooks.deliver_times(&text("wamid.1", "oi"), 2).await;
    webhooks.deliver_at_once(&[text("wamid.1", "oi"), text("wamid.2", "oi")]).await;
    assert!(graph.wait_for_sent(2, LONG).await);
    let counts = graph.journal().counts();
    assert_eq!((counts.messages, counts.repeated), (2, 2));
}

#[tokio::test]
async fn a_batch_brings_all_its_messages() {
    let (graph, webhooks, echo) =
        start(GraphOptions { reports: Reports::off(), ..GraphOptions::default() }).await;
    webhooks.deliver(&join(&[text("wamid.1", "a"), text("wamid.2", "b")])).await;
    assert!(graph.wait_for_sent(2, LONG).await);
    assert_eq!(echo.posts().len(), 1);
}

#[tokio::test]
async fn a_wrong_or_missing_signature_is_refused_by_a_server_that_looks() {
    for signing in [Signing::Wrong, Signing::Missing] {
        let (graph, webhooks, echo) = start_with(GraphOptions::default(), |options| {
            options.signing = signing;
            options.retry = only_once();
        })
        .await;
        assert_eq!(webhooks.deliver(&text("wamid.1", "é")).await.answer.status(), Some(401));
        assert!(echo.posts().is_empty());
        assert_eq!(graph.journal().counts().not_taken, 1);
    }
}

#[tokio::test]
async fn a_body_in_utf_8_carries_the_signature_of_its_escaped_form() {
    // The echo server compares over the bytes as they come, so this must fail there and the two others must not.
    for (form, status) in
        [(BodyForm::Escaped, 200), (BodyForm::Utf8, 200), (BodyForm::Utf8SignedEscaped, 401)]
    {
        let (_graph, webhooks, _echo) = start_with(GraphOptions::default(), |options| {
            options.form = form;
            options.retry = only_once();
        })
        .await;
        assert_eq!(webhooks.post(&text("wamid.1", "é")).await.status(), Some(status), "{form:?}");
    }
}

#[tokio::test]
async fn reports_come_twice_and_in_any_order_where_that_is_asked_for() {
    let (_graph, webhooks, echo) =
        start(GraphOptions { reports: Reports::disorderly(), ..GraphOptions::default() }).await;
    webhooks.deliver(&text("wamid.1", "oi")).await;
    let mut reports = reports(&echo, 6).await;
    reports.sort();
    let states: Vec<&str> = reports.iter().map(|(state, _)| state.as_str()).collect();
    assert_eq!(states, ["delivered", "delivered", "read", "read", "sent", "sent"]);
}

#[tokio::test]
async fn a_message_can_be_taken_and_fail_later() {
    let (graph, webhooks, echo) = start(GraphOptions::default()).await;
    graph.react(On::Send, Reaction::AcceptThenFail(131_026));
    webhooks.deliver(&text("wamid.1", "oi")).await;
    assert_eq!(reports(&echo, 1).await[0].0, "failed");
    let report = &echo.posts()[1]["entry"][0]["changes"][0]["value"];
    assert_eq!(report["statuses"][0]["errors"][0]["code"], 131_026);
    assert!(report["contacts"].is_null(), "no contact comes with a failure");
    let entries = graph.journal().entries();
    let reached = |entry: &pytake_simulator::Entry| {
        matches!(entry.happening, pytake_simulator::Happening::Reported { state: State::Failed, .. })
    };
    assert!(entries.iter().any(reached));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_to_be_unreachable() {
    let (graph, _, _) = start(GraphOptions::default()).await;
    // Port 9 (discard) is not in use on a machine of today.
    let mut options = WebhookOptions::new("http://127.0.0.1:9", "s");
    options.retry = only_once();
    let webhooks = Webhooks::new(options, &graph).unwrap();
    assert_eq!(webhooks.post(&text("wamid.1", "oi")).await.status(), None);
    assert_eq!(webhooks.counts().unreachable, 1);
    for address in ["https://127.0.0.1", "127.0.0.1:8080", "ftp://x", "http://"] {
        assert!(Webhooks::new(WebhookOptions::new(address, "s"), &graph).is_err(), "{address}");
    }
}
