//! The scenarios composed by others, played as they are, each with the outcome it describes.

use std::path::PathBuf;
use std::time::Duration;

use pytake_simulator::{GraphOptions, Reports, Scenario};
use serde_json::json;

use super::{QUIET, app_with, conversations, said, texts};

fn scenarios() -> Option<PathBuf> {
    let folder =
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/whatsapp/scenarios"));
    if folder.is_dir() {
        return Some(folder);
    }
    println!("SKIPPED: recorded WhatsApp scenarios; ../shared is not here");
    None
}

/// Each with how many replies it gets, in all.
const SCENARIOS: [(&str, usize); 9] = [
    ("batch_two_entries_messages_and_statuses", 2),
    ("brazil_eight_digit_mobile", 1),
    ("burst_five_texts_ptbr", 1),
    ("human_takes_over_from_phone_app", 1),
    ("inbound_out_of_order", 1),
    ("same_message_delivered_three_times", 1),
    ("same_person_phone_then_username_only", 2),
    ("statuses_out_of_order_and_repeated", 0),
    ("unknown_field_and_type", 0),
];

#[tokio::test]
async fn every_recorded_scenario_gets_the_replies_it_describes() {
    let Some(folder) = scenarios() else { return };
    let files = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(files, SCENARIOS.len(), "a scenario is not in the table");
    // Side by side, because each of them waits for most of its time.
    let played = SCENARIOS.map(|(name, replies)| tokio::spawn(play(folder.clone(), name, replies)));
    for scenario in played {
        scenario.await.unwrap();
    }
}

async fn play(folder: PathBuf, name: &'static str, replies: usize) {
    let app = app_with(GraphOptions { reports: Reports::all(), ..GraphOptions::default() }).await;
    let scenario = Scenario::read(&folder.join(format!("{name}.json"))).unwrap();
    // A scenario whose texts are one burst is played faster than the quiet time, the others slower.
    let is_burst = ["burst_five_texts_ptbr", "inbound_out_of_order"].contains(&name);
    let pause = if is_burst { QUIET / 6 } else { QUIET * 5 };
    let failures = app.play(&scenario, pause).await;
    app.wait_for_quiet().await;
    assert!(failures.is_empty(), "{name}: {failures:?}");
    let sent = app.graph.sent();
    assert_eq!(sent.len(), replies, "{name}: {:?}", texts(&sent));
    assert_eq!(app.webhooks.counts().by_status.keys().copied().collect::<Vec<_>>(), [200], "{name}");
    check(name, &app).await;
}

/// What a scenario says besides the number of replies.
async fn check(name: &str, app: &pytake_testkit::MetaApp) {
    let known = conversations(app).await;
    match name {
        "inbound_out_of_order" => assert_eq!(
            said(&known[0], "user"),
            ["quero saber do meu pedido", "o número é 4471", "comprado dia 5"]
        ),
        "burst_five_texts_ptbr" => assert_eq!(said(&known[0], "user").len(), 5),
        "human_takes_over_from_phone_app" => assert_eq!(known[0]["state"], "human"),
        "same_person_phone_then_username_only" => assert_eq!(known.len(), 1),
        "statuses_out_of_order_and_repeated" => {
            let path = "/api/v1/whatsapp/numbers/106540352242922/messages/wamid.OUT77";
            assert_eq!(app.app.get(path).await.json(), json!({"state": "read"}));
        }
        _ => {}
    }
    // Reports may still be on their way: nothing more is sent after them.
    let before = app.graph.sent().len();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(app.graph.sent().len(), before);
}
