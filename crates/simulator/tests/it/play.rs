//! Scenarios played against a server.

use std::path::Path;
use std::time::Duration;

use pytake_simulator::{
    GraphOptions, PlayOptions, Player, Reports, Scenario, Style, message_ids, transcript,
};
use serde_json::json;

use crate::echo::{only_once, start, start_with};

fn quick() -> PlayOptions {
    PlayOptions {
        pause_max: Duration::from_millis(20),
        wait: Duration::from_millis(800),
        settle: Duration::from_millis(150),
        ..PlayOptions::default()
    }
}

fn scenario(posts: &serde_json::Value) -> Scenario {
    Scenario::parse(&json!({ "about": "x", "posts": posts }).to_string(), Path::new(".")).unwrap()
}

#[tokio::test]
async fn what_is_said_is_answered_and_what_is_expected_has_come() {
    let (graph, webhooks, _echo) = start(GraphOptions::default()).await;
    let player = Player::new(&graph, &webhooks, quick());
    let steps = json!([{"say": ["oi", "botões"]}, {"wait_for_reply": true}, {"press": "sim"},
        {"expect": {"replies": 3, "says": "ECO: sim", "duplicates": 0}}]);
    let report = player.play(&scenario(&steps)).await;
    assert_eq!((report.posts, report.failures.as_slice(), report.not_taken), (3, &[][..], None));
    assert!(report.unanswered.is_empty());
    let lines = transcript(&graph.journal().entries(), &graph.journal().people(), &Style::default());
    let text: Vec<String> = lines.iter().map(|line| line.to_string()[16..].to_owned()).collect();
    assert!(text.iter().any(|line| line.contains("[Sim]") && line.contains("✓✓ read")), "{text:?}");
}

#[tokio::test]
async fn what_is_expected_and_does_not_come_is_said_in_words() {
    let (graph, webhooks, _echo) =
        start(GraphOptions { reports: Reports::off(), ..GraphOptions::default() }).await;
    let player = Player::new(&graph, &webhooks, quick());
    let steps = json!([{"say": "oi"}, {"press": "Não"}, {"expect": {"replies": 2, "says": "tchau"}},
        {"expect": {"replies_at_least": 3, "replies_at_most": 0}}]);
    let report = player.play(&scenario(&steps)).await;
    assert_eq!(
        report.failures,
        [
            "nothing with the title \"Não\" was there to press",
            "1 replies instead of 2",
            "no reply contains \"tchau\"",
            "1 replies instead of at least 3",
            "1 replies instead of at most 0",
        ]
    );
}

#[tokio::test]
async fn recorded_posts_come_in_the_present_under_new_ids_and_equal_times_at_once() {
    let recorded = |id: &str, at: &str| {
        json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": {
            "metadata": {"phone_number_id": "106540352242922"},
            "messages": [{"from": "5511987654321", "id": id, "timestamp": at, "type": "text", "text": {"body": "oi"}}]}}]}]})
    };
    let (graph, webhooks, echo) =
        start(GraphOptions { reports: Reports::off(), ..GraphOptions::default() }).await;
    let now = graph.clock().unix_seconds();
    let posts = json!([
        recorded("wamid.A", "1767225600"),
        recorded("wamid.B", "1767225601"),
        recorded("wamid.B", "1767225601")
    ]);
    let options = PlayOptions { run: "-x".to_owned(), ..quick() };
    let report = Player::new(&graph, &webhooks, options).play(&scenario(&posts)).await;
    assert_eq!(report.posts, 3);
    let posted = echo.posts();
    assert_eq!(message_ids(&posted[0]), ["wamid.A-x"]);
    let time = |place: usize| {
        let message = &posted[place]["entry"][0]["changes"][0]["value"]["messages"][0];
        message["timestamp"].as_str().unwrap().parse::<u64>().unwrap()
    };
    assert_eq!((time(1), time(2)), (time(0) + 1, time(0) + 1));
    assert!(time(2) >= now && time(2) <= graph.clock().unix_seconds());
}

#[tokio::test]
async fn a_server_that_refuses_ends_the_play() {
    let (graph, webhooks, echo) =
        start_with(GraphOptions::default(), |options| options.retry = only_once()).await;
    echo.answer_next_with(&[404]);
    let steps = json!([{"say": "oi"}, {"say": "tem alguém?"}]);
    let report = Player::new(&graph, &webhooks, quick()).play(&scenario(&steps)).await;
    assert_eq!((report.posts, report.not_taken.and_then(|answer| answer.status())), (1, Some(404)));
}

#[tokio::test]
async fn who_is_not_answered_is_named() {
    let (graph, webhooks, _echo) = start(GraphOptions::default()).await;
    let image = json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages",
        "value": {"metadata": {"phone_number_id": "1"}, "contacts": [{"profile": {"name": "Bia"}, "wa_id": "5521988887777"}],
        "messages": [{"from": "5521988887777", "id": "wamid.I", "timestamp": "1", "type": "image", "image": {"id": "9"}}]}}]}]});
    let options = PlayOptions { wait: Duration::from_millis(100), ..quick() };
    let report = Player::new(&graph, &webhooks, options).play(&scenario(&json!([image]))).await;
    assert_eq!(report.unanswered, ["Bia"]);
}
